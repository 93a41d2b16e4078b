"""Long lists of cases, of which the normal run takes a part."""

from collections.abc import Sequence

import pytest
from _pytest.mark import ParameterSet


def some_of(cases: Sequence[object], every: int) -> list[ParameterSet]:
    """The cases, of which only every n-th is in the normal run; the others are exhaustive."""
    return [
        pytest.param(
            *(case if isinstance(case, tuple) else (case,)),
            marks=[pytest.mark.exhaustive] if at % every else [],
        )
        for at, case in enumerate(cases)
    ]

"""Errors are for visitors or for operators, never for both."""

import inspect

import pytest

from recsys import errors
from recsys.errors import OperatorError, RecsysError, VisitorError

BASES = {RecsysError, VisitorError, OperatorError}
RAISED = [each for _, each in inspect.getmembers(errors, inspect.isclass) if each not in BASES]


@pytest.mark.parametrize("error", RAISED, ids=lambda error: error.__name__)
def test_every_error_has_one_kind_of_reader(error):
    assert issubclass(error, VisitorError) != issubclass(error, OperatorError)
    assert issubclass(error, RecsysError)

"""Nobody is found in the sample's release, nor in the small one's."""

from collections.abc import Callable
from pathlib import Path

import pytest
from privacy_attack import find_people

pytestmark = pytest.mark.attack


def test_nobody_is_found_in_the_releases(
    release_folder: Path,
    sample_folder: Path,
    small_built: Path,
    small_folder: Path,
    tally: Callable[[str], None],
) -> None:
    for release, catalog in (
        (release_folder, sample_folder),
        (small_built / "release", small_folder),
    ):
        assert find_people(release, catalog) == []
        tally("releases searched for people")

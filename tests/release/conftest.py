"""Fixtures for tests of releases."""

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def release_copy(small_built: Path, tmp_path: Path) -> Path:
    """A small release of the test's own, without the workspace of its build."""
    return Path(shutil.copytree(small_built / "release", tmp_path / "copy" / "release"))

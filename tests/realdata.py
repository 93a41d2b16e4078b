"""The real H&M data, for the tests marked ``hm``. It is only ever read where it lies."""

import os
from functools import cache
from pathlib import Path

import pytest

from recsys.catalog.articles import Catalog, read_catalog

DEFAULT = Path(__file__).parents[1] / "../shared/data/hm"


def hm_folder() -> Path:
    """Return the folder of the real data; skip the test where it is absent."""
    folder = Path(os.environ.get("HM_DATA", DEFAULT))
    if not (folder / "articles.csv").is_file():
        pytest.skip(f"no H&M data in {folder}; set HM_DATA to its folder")
    return folder


@cache
def read_hm(folder: Path) -> Catalog:
    """Return the real catalogue, read once a session."""
    return read_catalog(folder)


@pytest.fixture(scope="session")
def hm_catalog() -> Catalog:
    """The real catalogue."""
    return read_hm(hm_folder())

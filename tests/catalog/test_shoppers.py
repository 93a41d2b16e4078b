"""A release's example shoppers are read as they were written, their visits in order."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from tiny_catalogs import int32

from recsys.catalog.shoppers import Shopper
from recsys.errors import ReleaseError
from recsys.release.tables import SHOPPER_COLUMNS, read_shoppers, write_shoppers

IDS = pd.Series([f"01{row:08d}" for row in range(1000)])


def shopper(number, *visits):
    return Shopper(f"shopper-{number:04d}", tuple(int32(articles) for articles in visits))


def visits(shopper):
    return [articles.tolist() for articles in shopper.visits]


@pytest.fixture
def kept(tmp_path):
    """A few shoppers and the file they were written to."""
    shoppers = [
        shopper(1, [5, 999], [5]),
        shopper(2, [0], [1], [0, 0]),
        shopper(3, [77]),
    ]
    write_shoppers(tmp_path / "shoppers.parquet", shoppers, IDS)
    return shoppers, tmp_path / "shoppers.parquet"


def test_shoppers_are_read_as_they_were_written(kept):
    shoppers, path = kept
    found = read_shoppers(path, len(shoppers), IDS)
    assert list(found) == [shopper.alias for shopper in shoppers]
    for shopper in shoppers:
        assert found[shopper.alias].alias == shopper.alias
        assert visits(found[shopper.alias]) == visits(shopper)
        assert found[shopper.alias].history.dtype == np.int32


def test_ten_visits_and_more_stay_in_order(tmp_path):
    write_shoppers(tmp_path / "file", [shopper(1, *([row] for row in range(25)))], IDS)
    assert read_shoppers(tmp_path / "file", 1, IDS)["shopper-0001"].history.tolist() == [*range(25)]


def test_a_file_holds_aliases_visits_and_articles_and_nothing_else(kept):
    shoppers, path = kept
    table = pq.read_table(path)
    assert tuple(table.column_names) == SHOPPER_COLUMNS == ("alias", "visit", "article_id")
    assert len(table) == sum(len(shopper.history) for shopper in shoppers)
    assert set(table.column("article_id").to_pylist()) == set(IDS[[0, 1, 5, 77, 999]])
    # Visits are numbered; their dates are left out.
    assert set(table.column("visit").to_pylist()) == {1, 2, 3}


def test_shoppers_are_found_again_in_a_catalogue_with_other_rows(kept):
    shoppers, path = kept
    longer = pd.concat([pd.Series(["0000000001"]), IDS], ignore_index=True)
    found = read_shoppers(path, len(shoppers), longer)
    for shopper in shoppers:
        assert found[shopper.alias].history.tolist() == (shopper.history + 1).tolist()


def test_an_article_that_is_not_in_the_catalogue_is_refused(kept):
    shoppers, path = kept
    with pytest.raises(ReleaseError, match="an article that the catalogue does not have"):
        read_shoppers(path, len(shoppers), IDS[:999])


@pytest.mark.parametrize("column", SHOPPER_COLUMNS)
def test_a_file_without_one_of_the_columns_is_refused(kept, column):
    shoppers, path = kept
    pd.read_parquet(path).drop(columns=column).to_parquet(path)
    with pytest.raises(ReleaseError, match=column):
        read_shoppers(path, len(shoppers), IDS)


def test_nobody_is_read_where_nobody_was_written(tmp_path):
    write_shoppers(tmp_path / "shoppers.parquet", [], IDS)
    assert read_shoppers(tmp_path / "shoppers.parquet", 0, IDS) == {}
    assert tuple(pq.read_schema(tmp_path / "shoppers.parquet").names) == SHOPPER_COLUMNS

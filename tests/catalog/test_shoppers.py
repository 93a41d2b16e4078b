"""A release's shoppers are test shoppers, have an alias, and keep their visits in order."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from recsys.catalog.purchases import Purchases
from recsys.catalog.shoppers import LONGEST, Shopper, draw_shoppers
from recsys.catalog.split import TEST, TRAINING, VALIDATION
from recsys.release.tables import SHOPPER_COLUMNS, read_shoppers, write_shoppers

IDS = pd.Series([f"01{row:08d}" for row in range(1000)])


def int32(values):
    return np.asarray(values, np.int32)


def bought(histories, buckets=None):
    """Purchases of shoppers who each have a list of (day, article)."""
    rows = [
        (shopper, article, day)
        for shopper, history in enumerate(histories)
        for day, article in sorted(history, key=lambda purchase: purchase[0])
    ]
    shopper, article, day = (int32(column) for column in zip(*rows, strict=True))
    buckets = np.array(buckets or [0] * len(histories), np.uint8)
    return Purchases(shopper, article, day, np.ones(len(rows), np.float32), buckets, 0)


def visits(shopper):
    return [articles.tolist() for articles in shopper.visits]


def own_article(count):
    """Shoppers who each bought the article of their number twice, a day apart."""
    return [[(1, number), (2, number)] for number in range(count)]


def drawn(purchases, count=1000):
    return [int(shopper.history[0]) for shopper in draw_shoppers(purchases, count)]


# Drawing


def test_only_test_shoppers_are_drawn():
    buckets = [number % 100 for number in range(400)]
    found = drawn(bought(own_article(400), buckets))
    assert sorted(found) == [number for number in range(400) if buckets[number] in TEST]


@pytest.mark.parametrize("part", [TRAINING, VALIDATION])
def test_without_test_shoppers_none_are_drawn(part):
    assert draw_shoppers(bought(own_article(5), [part.first] * 5), 9) == []


def test_at_most_the_given_number_is_drawn_and_all_if_there_are_fewer():
    shop = bought(own_article(50))
    assert len(draw_shoppers(shop, 20)) == 20
    assert len(draw_shoppers(shop, 51)) == 50
    assert draw_shoppers(shop, 0) == []


def test_those_with_several_visits_come_before_all_others():
    once = [[(5, number), (5, 900)] for number in range(60)]
    twice = [[(5, number), (6, 900)] for number in range(60, 90)]
    found = drawn(bought([*once, *twice]), 40)
    assert set(found[:30]) == set(range(60, 90))
    assert set(found[30:]) < set(range(60))


def test_they_are_drawn_from_all_over_and_always_the_same():
    shop = bought(own_article(500))
    found = drawn(shop, 100)
    assert len(set(found)) == 100
    assert found != sorted(found)
    assert min(found) < 50
    assert max(found) > 450
    assert found == drawn(shop, 100)


def test_aliases_are_unique_and_unrelated_to_the_shopper():
    purchases = bought(own_article(300))
    shoppers = draw_shoppers(purchases, 300)
    assert [shopper.alias for shopper in shoppers[:2]] == ["shopper-0001", "shopper-0002"]
    assert len({shopper.alias for shopper in shoppers}) == 300
    numbers = [int(shopper.alias.removeprefix("shopper-")) for shopper in shoppers]
    assert np.corrcoef(numbers, drawn(purchases))[0, 1] == pytest.approx(0, abs=0.2)


def test_a_visit_is_a_day_and_visits_are_in_the_order_of_time():
    history = [(30, 4), (10, 9), (30, 2), (20, 9), (10, 1)]
    (shopper,) = draw_shoppers(bought([history]), 1)
    assert visits(shopper) == [[9, 1], [9], [4, 2]]
    assert shopper.history.tolist() == [9, 1, 9, 4, 2]


def test_a_shopper_has_nothing_of_another():
    histories = [[(day, 10 * number + day) for day in range(4)] for number in range(30)]
    for shopper in draw_shoppers(bought(histories), 30):
        assert len(shopper.visits) == 4
        assert np.diff(shopper.history).tolist() == [1, 1, 1]


def test_of_a_long_history_the_latest_is_kept():
    history = [(number // 30, number) for number in range(LONGEST + 50)]
    (shopper,) = draw_shoppers(bought([history]), 1)
    assert shopper.history.tolist() == list(range(50, LONGEST + 50))
    assert visits(shopper)[0] == list(range(50, 60))
    assert visits(shopper)[1] == list(range(60, 90))


# Keeping


@pytest.fixture
def kept(tmp_path):
    """A few shoppers and the file they were written to."""
    histories = [
        [(18000, 5), (18000, 999), (18007, 5)],
        [(18001, 0), (18002, 1), (18003, 0), (18003, 0)],
        [(18005, 77)],
    ]
    shoppers = draw_shoppers(bought(histories), 9)
    write_shoppers(tmp_path / "shoppers.parquet", shoppers, IDS)
    return shoppers, tmp_path / "shoppers.parquet"


def test_shoppers_are_read_as_they_were_written(kept):
    shoppers, path = kept
    found = read_shoppers(path, IDS)
    assert list(found) == [shopper.alias for shopper in shoppers]
    for shopper in shoppers:
        assert found[shopper.alias].alias == shopper.alias
        assert visits(found[shopper.alias]) == visits(shopper)
        assert found[shopper.alias].history.dtype == np.int32


def test_ten_visits_and_more_stay_in_order(tmp_path):
    shopper = Shopper("shopper-0001", tuple(int32([row]) for row in range(25)))
    write_shoppers(tmp_path / "file", [shopper], IDS)
    assert read_shoppers(tmp_path / "file", IDS)["shopper-0001"].history.tolist() == list(range(25))


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
    found = read_shoppers(path, longer)
    for shopper in shoppers:
        assert found[shopper.alias].history.tolist() == (shopper.history + 1).tolist()


def test_an_article_that_is_not_in_the_catalogue_is_refused(kept):
    _, path = kept
    with pytest.raises(KeyError):
        read_shoppers(path, IDS[:999])


@pytest.mark.parametrize("column", SHOPPER_COLUMNS)
def test_a_file_without_one_of_the_columns_is_refused(kept, column):
    _, path = kept
    pd.read_parquet(path).drop(columns=column).to_parquet(path)
    with pytest.raises(KeyError):
        read_shoppers(path, IDS)


def test_nobody_is_read_where_nobody_was_written(tmp_path):
    write_shoppers(tmp_path / "shoppers.parquet", [], IDS)
    assert read_shoppers(tmp_path / "shoppers.parquet", IDS) == {}
    assert tuple(pq.read_schema(tmp_path / "shoppers.parquet").names) == SHOPPER_COLUMNS

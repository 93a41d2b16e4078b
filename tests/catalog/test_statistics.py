"""Weeks, seasons and counts of values are as worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from building import read_table

from recsys.catalog.purchases import Purchases
from recsys.catalog.schema import DEPARTMENT
from recsys.catalog.statistics import SEASONS, counted, seasons_of, weekly
from recsys.errors import ReleaseError
from recsys.release.tables import read_overview, write_overview


def purchases(*bought, shopper=None):
    """What was bought on which days, as pairs of an article's row and dates.

    Every purchase is another shopper's unless ``shopper`` gives their numbers.
    """
    article = [row for row, *dates in bought for _ in dates]
    days = np.array([date for _, *dates in bought for date in dates], "datetime64[D]")
    return Purchases(
        shopper=np.array(range(len(days)) if shopper is None else shopper, np.int32),
        article=np.array(article, np.int32),
        day=days.astype(np.int32),
        price=np.ones(len(days), np.float32),
        bucket=np.zeros(len(days), np.uint8),
        unknown=0,
    )


def on(date, times):
    return [date] * times


def seasons(articles, *bought):
    return seasons_of(purchases(*bought), articles, 1)


@pytest.fixture
def written(tmp_path):
    def write(**columns):
        path = tmp_path / "overview.parquet"
        pd.DataFrame(columns).to_parquet(path, index=False)
        return path

    return write


def test_purchases_are_counted_by_week_from_monday_to_sunday_and_by_group():
    articles = pd.DataFrame({DEPARTMENT: ["Sport", "Menswear", "Sport"]})
    bought = purchases(
        (0, "2020-02-24", "2020-03-01", "2020-03-02"),
        (1, "2020-02-23", "2020-03-01"),
        (2, "2020-02-29"),
    )
    assert weekly(bought, articles, 1).to_numpy().tolist() == [
        ["2020-02-17", "Menswear", 1],
        ["2020-02-24", "Menswear", 1],
        ["2020-02-24", "Sport", 3],
        ["2020-03-02", "Sport", 1],
    ]


def test_a_week_of_too_few_shoppers_is_left_out_and_others_are_rounded_down():
    articles = pd.DataFrame({DEPARTMENT: ["Sport", "Menswear"]})
    days = on("2020-02-24", 7), on("2020-03-02", 9), on("2020-02-25", 4)
    shop = purchases(
        (0, *days[0], *days[1]), (1, *days[2]), shopper=[*range(7), *[1] * 9, *range(4)]
    )
    assert weekly(shop, articles, 5).to_numpy().tolist() == [["2020-02-24", "Sport", 5]]


def test_a_week_may_begin_in_the_year_before_and_before_1970():
    articles = pd.DataFrame({DEPARTMENT: ["Sport"]})
    bought = purchases((0, "2021-01-01", "1969-12-31"))
    assert list(weekly(bought, articles, 1)["week"]) == ["1969-12-29", "2020-12-28"]


def test_nearly_every_purchase_of_the_sample_is_in_its_overview(sample_folder, release):
    bought = len(read_table(sample_folder / "transactions_train.csv"))
    assert 0.9 * bought < release.overview["purchases"].sum() < bought


@pytest.mark.parametrize("month", range(1, 13))
def test_winter_begins_in_december_and_each_season_has_three_months(month):
    expected = SEASONS[month % 12 // 3]
    first = f"2019-{month:02}-01"
    last = str(np.datetime64(f"2019-{month:02}") + 1 - np.timedelta64(1, "D"))
    assert seasons(1, (0, *on(first, 5))) == seasons(1, (0, *on(last, 5))) == [expected]


def test_an_article_that_too_few_shoppers_bought_in_a_season_has_none():
    days = ((0, *on("2020-07-01", 4)), (1, *on("2020-07-01", 9)), (2, *on("2020-07-01", 5)))
    apart = purchases(*days, (3, *on("2020-07-01", 4), *on("2020-01-01", 4)))
    assert seasons_of(apart, 4, 5) == ["", "Summer", "Summer", ""]
    # The second article's nine purchases are of two shoppers.
    few = purchases(*days, shopper=[*range(4), *([1, 2] * 5)[:9], *range(5)])
    assert seasons_of(few, 3, 5) == ["", "", "Summer"]


def test_a_season_with_few_buyers_of_an_article_does_not_count():
    """In winter 4 of the 9 shoppers bought the first article, in summer 5 of 95."""
    shop = purchases(
        (0, *on("2020-01-01", 4), *on("2020-07-01", 5)),
        (1, *on("2020-01-01", 5), *on("2020-07-01", 90)),
    )
    assert seasons_of(shop, 2, 1) == ["Winter", "Summer"]
    assert seasons_of(shop, 2, 5) == ["Summer", "Winter"]


def test_purchases_of_several_years_count_together():
    dates = ("2018-10-01", "2019-10-01", "2020-10-01", "2019-09-30", "2018-11-30")
    assert seasons(1, (0, *dates)) == ["Autumn"]


def test_a_season_in_which_all_sells_well_does_not_take_an_article():
    """Of 100 sold in summer 6 are of the first article; of 10 sold in winter, 4."""
    bought = (
        (0, *on("2020-07-01", 6), *on("2020-01-01", 4)),
        (1, *on("2020-07-01", 94), *on("2020-01-01", 6)),
    )
    assert seasons(2, *bought) == ["Winter", "Summer"]


def test_where_nothing_was_sold_there_are_no_seasons_and_no_weeks():
    assert seasons(2) == ["", ""]
    assert weekly(purchases(), pd.DataFrame({DEPARTMENT: ["Sport"]}), 1).empty


def test_what_was_written_is_read(tmp_path):
    articles = pd.DataFrame({DEPARTMENT: ["Sport", "Menswear"]})
    for bought in (purchases((0, "2020-01-01"), (1, "2020-01-01", "2020-05-05")), purchases()):
        overview = weekly(bought, articles, 1)
        write_overview(tmp_path / "overview.parquet", overview)
        read = read_overview(tmp_path / "overview.parquet", ["Sport", "Menswear"])
        assert list(read.columns) == list(overview.columns)
        assert read.to_numpy().tolist() == overview.to_numpy().tolist()


@pytest.mark.parametrize(
    ("week", "number", "complaint"),
    [
        ("2020-01-07", 1, "not a Monday"),
        ("2020-01-06", 0, "purchases that are not from 1"),
        ("2020-01-06", -3, "purchases that are not from 1"),
        ("someday", 1, "not a Monday"),
        (None, 1, "week"),
    ],
)
def test_a_damaged_overview_is_refused(written, week, number, complaint):
    path = written(
        week=["2020-01-06", week], **{DEPARTMENT: ["Sport", "Sport"]}, purchases=[1, number]
    )
    with pytest.raises(ReleaseError, match=complaint):
        read_overview(path, ["Sport"])


@pytest.mark.parametrize("missing", ["week", DEPARTMENT, "purchases"])
def test_an_overview_without_a_column_is_refused(written, missing):
    columns = {"week": ["2020-01-06"], DEPARTMENT: ["Sport"], "purchases": [1]}
    columns.pop(missing)
    with pytest.raises(ReleaseError, match=missing):
        read_overview(written(**columns), ["Sport"])


def test_values_are_counted_the_most_frequent_first_and_else_by_name():
    table = pd.DataFrame({"colour": ["red", "black", "blue", "black", "red", "white"]})
    assert counted(table, "colour") == [("black", 2), ("red", 2), ("blue", 1), ("white", 1)]

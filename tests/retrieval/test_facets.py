"""Only articles with the chosen values pass, and a count is what choosing the value would leave."""

import numpy as np
import pandas as pd
import pytest

from recsys.catalog.schema import COLOUR, DEPARTMENT, PATTERN, PRODUCT_TYPE
from recsys.errors import QueryError
from recsys.retrieval.facets import FACETS, Facets, Filters, price_range

ARTICLES = 300


@pytest.fixture(scope="module")
def table():
    random = np.random.default_rng(5)
    values = {DEPARTMENT: "ABC", PRODUCT_TYPE: "DEFGH", COLOUR: "IJKLMN", PATTERN: "OP"}
    return pd.DataFrame(
        {name: random.choice(list(each), ARTICLES) for name, each in values.items()}
    )


@pytest.fixture(scope="module")
def with_photo():
    return np.random.default_rng(6).random(ARTICLES) < 0.5


@pytest.fixture(scope="module")
def prices():
    """In cents from 0 to 2, every tenth article never sold."""
    prices = np.random.default_rng(9).integers(0, 200, ARTICLES).astype(np.float32) / 100
    prices[::10] = np.nan
    return prices


@pytest.fixture(scope="module")
def facets(table, with_photo, prices):
    return Facets(table, with_photo, prices)


def draw(random, table):
    """A random set of filters."""
    columns = random.permutation(FACETS)[: random.integers(0, 4)]
    chosen = {
        column: list(random.permutation(table[column].unique())[: random.integers(0, 3)])
        for column in columns
    }
    return Filters(chosen, bool(random.random() < 0.3))


def passing_by_hand(table, with_photo, filters):
    """Article by article, as one would check a list on paper."""
    return [
        all(not values or row[column] in values for column, values in filters.chosen.items())
        and (bool(photo) or not filters.with_photo)
        for row, photo in zip(table.to_dict("records"), with_photo, strict=True)
    ]


def test_exactly_the_articles_with_all_that_is_chosen_pass(facets, table, with_photo):
    random = np.random.default_rng(7)
    for filters in (draw(random, table) for _ in range(100)):
        expected = passing_by_hand(table, with_photo, filters)
        assert facets.passing(filters).tolist() == expected


def test_a_count_is_how_many_pass_once_that_value_is_chosen(facets, table, with_photo):
    random = np.random.default_rng(8)
    for filters in (draw(random, table) for _ in range(20)):
        for facet in facets.counts(filters, {}):
            for choice in facet.choices:
                chosen = {**filters.chosen, facet.column: [choice.value]}
                alone = Filters(chosen, filters.with_photo)
                assert choice.count == sum(passing_by_hand(table, with_photo, alone))


def test_the_most_frequent_value_comes_first_and_none_that_no_article_has(facets):
    filters = Filters({PRODUCT_TYPE: ["D"]})
    for facet in facets.counts(filters, {}):
        counts = [choice.count for choice in facet.choices]
        assert counts == sorted(counts, reverse=True)
        assert 0 not in counts


def test_what_is_chosen_can_be_taken_back_though_nothing_has_it(facets):
    nothing = Filters({PRODUCT_TYPE: ["D"]}, cheapest=900)
    kinds = {facet.column: facet for facet in facets.counts(nothing, {})}
    assert [(choice.value, choice.count) for choice in kinds[PRODUCT_TYPE].choices] == [("D", 0)]
    assert kinds[COLOUR].choices == ()


def test_what_words_name_narrows_all_columns_but_its_own(facets, table):
    dresses = (table[PRODUCT_TYPE] == "D").sum()
    for facet in facets.counts(Filters(), {PRODUCT_TYPE: ["D"]}):
        own = facet.column == PRODUCT_TYPE
        assert sum(choice.count for choice in facet.choices) == (ARTICLES if own else dresses)


def test_columns_with_one_value_narrow_nothing_and_are_left_out(table, with_photo, prices):
    alike = table.assign(**{DEPARTMENT: "A", PATTERN: ["", *["P"] * (ARTICLES - 1)]})
    assert Facets(alike, with_photo, prices).columns == (PRODUCT_TYPE, COLOUR)


@pytest.mark.parametrize(
    ("chosen", "complaint"),
    [
        ({"price": ["1"]}, "not by 'price'"),
        ({PRODUCT_TYPE: ["Spaceship"]}, "No article has 'Spaceship'"),
        ({PRODUCT_TYPE: "D"}, "a list of values"),
        ([PRODUCT_TYPE], "by column"),
    ],
)
def test_what_does_not_exist_cannot_be_chosen(facets, chosen, complaint):
    with pytest.raises(QueryError, match=complaint):
        facets.check(Filters(chosen))


def test_prices_at_both_ends_of_a_range_pass_and_what_was_never_sold_does_not(facets, prices):
    low, high = 0.05, 1.25
    passing = facets.passing(Filters(cheapest=low, dearest=high))
    inside = [round(float(price), 2) for price in prices[passing]]
    assert {low, high} <= set(inside)
    assert all(low <= price <= high for price in inside)
    outside = [round(float(price), 2) for price in prices[~passing] if not np.isnan(price)]
    assert not any(low <= price <= high for price in outside)
    assert not passing[::10].any()


@pytest.mark.parametrize("filters", [Filters(cheapest=0), Filters(dearest=2)])
def test_either_end_alone_asks_for_a_price(facets, filters):
    assert facets.passing(filters).sum() == ARTICLES * 9 // 10
    assert facets.passing(Filters()).all()


def test_counts_keep_to_the_range_of_prices(facets):
    filters = Filters({PRODUCT_TYPE: ["D"]}, cheapest=0.5, dearest=1.5)
    left = facets.passing(Filters(cheapest=0.5, dearest=1.5)).sum()
    kinds = facets.counts(filters, {})[FACETS.index(PRODUCT_TYPE)]
    assert sum(choice.count for choice in kinds.choices) == left


@pytest.mark.parametrize(
    ("low", "high", "complaint"),
    [
        (2, 1.5, "at least 2 and at most 1.5"),
        ("1", None, "a number, not '1'"),
        (None, True, "a number, not True"),
        (float("nan"), None, "a number, not nan"),
        (None, float("inf"), "a number, not inf"),
    ],
)
def test_a_range_that_is_none_is_refused(facets, low, high, complaint):
    with pytest.raises(QueryError, match=complaint):
        facets.check(Filters(cheapest=low, dearest=high))


def test_a_range_is_given_as_a_list_of_two_either_of_which_may_be_any():
    assert price_range(None) == (None, None)
    assert price_range([1, None]) == (1, None)
    for wrong in ([], [1], [1, 2, 3], 5, "12", {"low": 1}):
        with pytest.raises(QueryError, match="a list of two"):
            price_range(wrong)

"""What is chosen is what is found, and every count is what a choice would leave."""

import numpy as np
import pandas as pd
import pytest

from recsys.errors import QueryError
from recsys.facets import FACETS, GROUP, Facets, Wanted
from recsys.filters import COLOUR, KIND, PATTERN

ARTICLES = 300


@pytest.fixture(scope="module")
def table():
    random = np.random.default_rng(5)
    values = {GROUP: "ABC", KIND: "DEFGH", COLOUR: "IJKLMN", PATTERN: "OP"}
    return pd.DataFrame(
        {name: random.choice(list(each), ARTICLES) for name, each in values.items()}
    )


@pytest.fixture(scope="module")
def with_photo():
    return np.random.default_rng(6).random(ARTICLES) < 0.5


@pytest.fixture(scope="module")
def facets(table, with_photo):
    return Facets(table, with_photo)


def draw(random, table):
    """A random set of filters."""
    columns = random.permutation(FACETS)[: random.integers(0, 4)]
    chosen = {
        column: list(random.permutation(table[column].unique())[: random.integers(0, 3)])
        for column in columns
    }
    return Wanted(chosen, bool(random.random() < 0.3))


def passing_by_hand(table, with_photo, wanted):
    """Article by article, as one would check a list on paper."""
    return [
        all(not values or row[column] in values for column, values in wanted.chosen.items())
        and (bool(photo) or not wanted.with_photo)
        for (_, row), photo in zip(table.iterrows(), with_photo, strict=True)
    ]


def test_exactly_the_articles_with_all_that_is_chosen_pass(facets, table, with_photo):
    random = np.random.default_rng(7)
    for wanted in (draw(random, table) for _ in range(100)):
        expected = passing_by_hand(table, with_photo, wanted)
        assert facets.passing(wanted).tolist() == expected


def test_a_count_is_how_many_pass_once_that_value_is_chosen(facets, table, with_photo):
    random = np.random.default_rng(8)
    everything = np.ones(ARTICLES, bool)
    for wanted in (draw(random, table) for _ in range(20)):
        for facet in facets.counts(wanted, everything):
            for choice in facet.choices:
                alone = Wanted({**wanted.chosen, facet.column: [choice.value]}, wanted.with_photo)
                assert choice.count == sum(passing_by_hand(table, with_photo, alone))


def test_the_most_frequent_value_comes_first_and_none_that_no_article_has(facets):
    wanted = Wanted({KIND: ["D"]})
    for facet in facets.counts(wanted, np.ones(ARTICLES, bool)):
        counts = [choice.count for choice in facet.choices]
        assert counts == sorted(counts, reverse=True)
        assert 0 not in counts


def test_what_is_chosen_can_be_taken_back_though_nothing_has_it(facets):
    nothing = np.zeros(ARTICLES, bool)
    kinds = {facet.column: facet for facet in facets.counts(Wanted({KIND: ["D"]}), nothing)}
    assert [(choice.value, choice.count) for choice in kinds[KIND].choices] == [("D", 0)]
    assert kinds[COLOUR].choices == ()


def test_counts_stay_among_what_else_is_asked_for(facets, table):
    dresses = (table[KIND] == "D").to_numpy()
    for facet in facets.counts(Wanted(), dresses):
        assert sum(choice.count for choice in facet.choices) == dresses.sum()


@pytest.mark.parametrize(
    ("chosen", "complaint"),
    [
        ({"price": ["1"]}, "not from 'price'"),
        ({KIND: ["Spaceship"]}, "No article has 'Spaceship'"),
        ({KIND: "D"}, "a list of values"),
        ([KIND], "by column"),
    ],
)
def test_what_does_not_exist_cannot_be_chosen(facets, chosen, complaint):
    with pytest.raises(QueryError, match=complaint):
        facets.check(chosen)

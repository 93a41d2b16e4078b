"""Example shoppers are drawn from a release's figures alone."""

import numpy as np
import pytest
from tiny_catalogs import bought

from recsys.catalog.statistics import SEASON, SEASONS
from recsys.models.purchase_counts import count_purchases
from recsys.pipeline.example_shoppers import FEWEST_TO_WALK, draw_shoppers

COMMUNITIES, MEMBERS = 4, 8
ARTICLES = COMMUNITIES * MEMBERS + 3
NO_SEASONS = [""] * ARTICLES


@pytest.fixture(scope="module")
def sales():
    """Shoppers of four communities; the last three articles have no partners."""
    random = np.random.default_rng(3)
    rows = [
        (shopper, shopper % COMMUNITIES * MEMBERS + article, 1)
        for shopper in range(200)
        for article in random.permutation(MEMBERS)[:4]
    ]
    return count_purchases(bought(*rows), ARTICLES, 5)


def visits(shoppers):
    return [[visit.tolist() for visit in shopper.visits] for shopper in shoppers]


def test_as_many_are_drawn_as_asked_for_each_with_several_visits(sales):
    shoppers = draw_shoppers(sales, NO_SEASONS, 40)
    assert [each.alias for each in shoppers[:2]] == ["shopper-0001", "shopper-0002"]
    assert len({each.alias for each in shoppers}) == len(shoppers) == 40
    assert all(len(each.visits) > 1 and all(map(len, each.visits)) for each in shoppers)
    assert all(each.history.dtype == np.int32 for each in shoppers)
    assert draw_shoppers(sales, NO_SEASONS, 0) == []


def test_equal_figures_give_equal_shoppers_who_differ_from_each_other(sales):
    found = visits(draw_shoppers(sales, NO_SEASONS, 40))
    assert found == visits(draw_shoppers(sales, NO_SEASONS, 40))
    assert len({str(each) for each in found}) == 40


def test_those_of_a_release_can_be_drawn_from_its_files(release):
    figures = release.retrieval.sales, release.articles[SEASON].tolist()
    again = draw_shoppers(*figures, release.manifest.shoppers)
    assert len(again) == 100
    assert visits(again) == visits(release.shoppers.values())


def test_they_buy_what_is_bought_together(sales):
    """At first most stay in a community: by chance one in four would. (It has eight articles.)"""
    steps = np.concatenate(
        [np.diff(each.history[:4] // MEMBERS) for each in draw_shoppers(sales, NO_SEASONS, 100)]
    )
    assert (steps == 0).mean() > 0.7


def test_articles_without_partners_are_never_bought(sales):
    histories = [each.history for each in draw_shoppers(sales, NO_SEASONS, 100)]
    assert set(np.concatenate(histories)) == set(range(COMMUNITIES * MEMBERS))


def test_most_articles_of_a_visit_are_of_one_season(sales):
    seasons = [SEASONS[row % 2 * 2] for row in range(ARTICLES)]
    together = [
        np.ptp(visit % 2) == 0
        for each in draw_shoppers(sales, seasons, 200)
        for visit in each.visits
        if len(visit) > 1
    ]
    free = [
        np.ptp(visit % 2) == 0
        for each in draw_shoppers(sales, NO_SEASONS, 200)
        for visit in each.visits
        if len(visit) > 1
    ]
    assert np.mean(together) > np.mean(free) + 0.05


def test_with_too_few_pairs_there_are_none():
    few = FEWEST_TO_WALK - 1
    rows = [(shopper, article, 1) for shopper in range(5) for article in range(few)]
    assert draw_shoppers(count_purchases(bought(*rows), few, 5), [""] * few, 9) == []


@pytest.mark.exhaustive
def test_where_everything_has_been_bought_something_is_bought_again():
    rows = [(shopper, article, 1) for shopper in range(5) for article in range(FEWEST_TO_WALK)]
    sales = count_purchases(bought(*rows), FEWEST_TO_WALK, 5)
    longest = max(
        draw_shoppers(sales, [""] * FEWEST_TO_WALK, 3000), key=lambda each: len(each.history)
    )
    assert len(longest.history) > FEWEST_TO_WALK

"""Shared buyers and popularity are those worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest
from tiny_catalogs import bought, int32

from recsys.models import purchase_counts as module
from recsys.models.purchase_counts import count_purchases


def strengths(sales):
    """Return {(article, partner): strength}."""
    articles = np.repeat(np.arange(len(sales.starts) - 1), np.diff(sales.starts))
    pairs = zip(articles.tolist(), sales.partners.tolist(), strict=True)
    return dict(zip(pairs, sales.strengths.tolist(), strict=True))


def large_shop():
    random = np.random.default_rng(5)
    rows = zip(random.integers(0, 60, 500), random.integers(0, 40, 500), [1] * 500, strict=True)
    return bought(*rows)


TINY = bought((0, 0, 1), (0, 1, 1), (1, 0, 2), (1, 1, 3), (1, 2, 1), (2, 0, 1), (3, 3, 20))
"""Article 0 has three buyers, 1 has two, 2 and 3 have one each, 4 has none."""

ARTICLES = 5


@pytest.fixture(scope="module")
def tiny():
    return count_purchases(TINY, ARTICLES, 1)


# Partners


def test_strengths_are_those_of_the_formula(tiny):
    expected = {
        (0, 1): (2 / 12**0.5) ** 0.5,
        (0, 2): (1 / 8**0.5) ** 0.5,
        (1, 2): (1 / 6**0.5) ** 0.5,
    }
    mirrored = {(other, one): strength for (one, other), strength in expected.items()}
    assert strengths(tiny) == pytest.approx(expected | mirrored)


def test_partners_share_buyers_and_stand_in_rising_order(tiny):
    partners = [tiny.partners_of(article).tolist() for article in range(ARTICLES)]
    assert partners == [[1, 2], [0, 2], [0, 1], [], []]


def test_partners_are_mutual_and_never_the_article_itself():
    found = strengths(count_purchases(large_shop(), 40, 1))
    assert len(found) > 500
    assert all(one != other for one, other in found)
    assert all(found[other, one] == strength for (one, other), strength in found.items())
    assert 0 < min(found.values()) < max(found.values()) < 1


def test_only_the_strongest_partners_are_kept(monkeypatch, tiny):
    monkeypatch.setattr(module, "PARTNERS", 1)
    kept = strengths(count_purchases(TINY, ARTICLES, 1))
    assert kept == {pair: strengths(tiny)[pair] for pair in [(0, 1), (1, 0), (2, 1)]}


def test_of_equally_strong_partners_the_first_are_kept(monkeypatch):
    monkeypatch.setattr(module, "PARTNERS", 2)
    sales = count_purchases(bought(*((0, article, 1) for article in range(4))), 4, 1)
    assert [sales.partners_of(row).tolist() for row in range(4)] == [[1, 2], [0, 2], [0, 1], [0, 1]]


def test_buying_twice_counts_once(tiny):
    again = bought(*[(0, 0, 1), (0, 0, 1), (0, 0, 2), (0, 1, 1)], *[(1, 0, 2), (1, 1, 3)])
    once = bought((0, 0, 1), (0, 1, 1), (1, 0, 2), (1, 1, 3))
    assert strengths(count_purchases(again, 2, 1)) == strengths(count_purchases(once, 2, 1))
    assert count_purchases(again, 2, 1).popularity.tolist() == [1, 1]


@pytest.mark.parametrize("block", [1, 7, 39, 40])
def test_counting_in_small_blocks_changes_nothing(monkeypatch, block):
    whole = count_purchases(large_shop(), 40, 1)
    monkeypatch.setattr(module, "ARTICLE_BLOCK", block)
    for name, column in vars(count_purchases(large_shop(), 40, 1)).items():
        np.testing.assert_array_equal(column, getattr(whole, name))


# Shared buyers


def test_it_is_known_how_many_buyers_two_articles_share(tiny):
    pairs = {(0, 1): 2, (0, 2): 1, (1, 2): 1, (0, 3): 0, (2, 3): 0, (3, 4): 0, (0, 0): 0}
    for (one, other), shared in pairs.items():
        assert tiny.shared_with(one, other) == tiny.shared_with(other, one) == shared


def test_shared_buyers_are_those_of_the_purchases():
    purchases = large_shop()
    sales = count_purchases(purchases, 40, 1)
    owners = [set(purchases.shopper[purchases.article == article]) for article in range(40)]
    for one in range(40):
        for other in set(range(40)) - {one}:
            assert sales.shared_with(one, other) == len(owners[one] & owners[other])


def test_shared_buyers_are_known_where_only_one_of_two_is_a_partner(monkeypatch):
    monkeypatch.setattr(module, "PARTNERS", 1)
    sales = count_purchases(TINY, ARTICLES, 1)
    assert 2 not in sales.partners_of(1)
    assert 1 not in sales.partners_of(0)[1:]
    assert sales.shared_with(0, 1) == sales.shared_with(1, 0) == 2
    assert sales.shared_with(1, 2) == sales.shared_with(2, 1) == 1


def test_scores_depend_on_all_arrays_but_the_shared_buyers(tiny):
    changed = replace(tiny, shared=tiny.shared + 1)
    for own, other in zip(tiny.scoring, changed.scoring, strict=True):
        assert own is other


# What sells


def test_popularity_is_the_logarithm_of_buyers_beside_the_best_seller(tiny):
    two, one = np.log(3) / np.log(4), np.log(2) / np.log(4)
    assert tiny.popularity.tolist() == pytest.approx([1, two, one, one, 0])


def test_recency_counts_the_last_seven_days_only():
    sales = count_purchases(bought((0, 0, 1), (0, 1, 13), (0, 2, 14), (0, 3, 20), (1, 3, 20)), 5, 1)
    assert sales.recency.tolist() == pytest.approx([0, 0, np.log(2) / np.log(3), 1, 0])
    assert sales.best_sellers[:2].tolist() == [3, 2]


def test_where_little_was_bought_lately_best_sellers_are_what_sold_best_before():
    rows = [(0, 3, 100), (0, 1, 1), (1, 1, 1), (0, 0, 1)]
    assert count_purchases(bought(*rows), 5, 1).best_sellers.tolist() == [3, 1, 0]


def test_best_sellers_are_the_first_hundred_of_many():
    rows = [(shopper, article, 1) for article in range(150) for shopper in range(article + 1)]
    assert count_purchases(bought(*rows), 150, 1).best_sellers.tolist() == list(range(149, 49, -1))


# Privacy


def shop_of(*buyers):
    """Each group of shoppers buys the articles beside it: (number, article, ...)."""
    groups = np.repeat(np.arange(len(buyers)), [number for number, *_ in buyers])
    rows = [(who, article, 1) for who, at in enumerate(groups) for article in buyers[at][1:]]
    return bought(*rows)


def test_pairs_of_fewer_buyers_are_no_pairs():
    sales = count_purchases(shop_of((4, 0, 1), (5, 2, 3)), 4, 5)
    assert [sales.partners_of(row).tolist() for row in range(4)] == [[], [], [3], [2]]
    assert sales.popularity.tolist() == sales.recency.tolist() == [0, 0, 1, 1]


def test_numbers_are_rounded_down_before_anything_is_computed():
    """Shops that differ by less than five buyers anywhere have the same counts."""
    one = count_purchases(shop_of((10, 0, 1), (5, 0), (25, 2)), 3, 5)
    other = count_purchases(shop_of((14, 0, 1), (1, 0), (27, 2), (2, 0, 2)), 3, 5)
    for name, column in vars(one).items():
        np.testing.assert_array_equal(column, getattr(other, name))
    assert one.shared.tolist() == [10, 10]
    assert strengths(one)[0, 1] == pytest.approx((10 / (16 * 11) ** 0.5) ** 0.5)


def test_partners_are_chosen_by_the_rounded_numbers(monkeypatch):
    """Article 2 shares more buyers with 0 than 1 does, but not five more."""
    monkeypatch.setattr(module, "PARTNERS", 1)
    sales = count_purchases(shop_of((5, 0, 1), (9, 0, 2)), 3, 5)
    assert sales.partners_of(0).tolist() == [1]


# Queries


def test_the_strength_with_a_basket_is_the_mean_over_its_articles(tiny):
    pair = strengths(tiny)
    alone = [0, pair[0, 1], pair[0, 2], 0, 0]
    assert tiny.bought_with(int32([0])).tolist() == pytest.approx(alone)
    both = [pair[1, 0] / 2, pair[0, 1] / 2, (pair[0, 2] + pair[1, 2]) / 2, 0, 0]
    assert tiny.bought_with(int32([0, 1])).tolist() == pytest.approx(both)


def test_baskets_without_shared_buyers_score_zero(tiny):
    for basket in ([3], [4], []):
        assert tiny.bought_with(int32(basket)).tolist() == [0] * ARTICLES


def test_a_catalogue_without_purchases_has_no_partners_and_no_best_seller():
    sales = count_purchases(bought(), 3, 1)
    assert sales.fits(3)
    assert strengths(sales) == {}
    assert sales.popularity.tolist() == sales.recency.tolist() == [0, 0, 0]
    assert sales.bought_with(int32([1])).tolist() == [0, 0, 0]


# Checking


def test_counts_fit_their_own_catalogue_only(tiny):
    assert tiny.fits(ARTICLES)
    assert not tiny.fits(ARTICLES - 1)
    assert not tiny.fits(ARTICLES + 1)


@pytest.mark.parametrize(
    ("name", "damaged"),
    [
        ("starts", [0, 2, 4, 6, 6]),
        ("starts", [1, 2, 4, 6, 6, 6]),
        ("starts", [0, 2, 4, 6, 6, 5]),
        ("starts", [0, 4, 2, 6, 6, 6]),
        ("starts", []),
        ("partners", [2, 1, 0, 2, 0, 1]),
        ("partners", [1, 2, 0, 2, 1, 1]),
        ("partners", [1, 2, 0, 2, 0]),
        ("strengths", [0.5] * 5),
        ("shared", [1] * 5),
        ("popularity", [0.5] * 4),
        ("recency", [0.5] * 6),
    ],
)
def test_damaged_counts_fit_no_catalogue(tiny, name, damaged):
    column = np.array(damaged, getattr(tiny, name).dtype)
    assert not replace(tiny, **{name: column}).fits(ARTICLES)

"""Each baseline ranks as its name says, and never what is owned."""

import numpy as np
import pytest
from tiny_catalogs import bought, int32

from recsys.catalog.questions import Question
from recsys.evaluation.baselines import (
    at_random,
    by_score,
    count_rankers,
    factorisations,
    repurchase,
    tf_idf,
)

COUNTING = (
    "random",
    "popularity",
    "popularity, 7 days",
    "repurchase",
    "co-purchase counts",
    "item-kNN",
)
COMMUNITIES, MEMBERS = 3, 6


def question(*basket, owned=()):
    return Question(int32(basket), int32(owned), int32([]))


def ranked(ranker, *basket, owned=(), k=12):
    return ranker(question(*basket, owned=owned), k).tolist()


@pytest.fixture(scope="module")
def shop():
    """Everyone buys the best-seller 5; who buys 0 mostly buys 1, which nobody else does."""
    everyone = [(shopper, 5, 1) for shopper in range(10)]
    few = [(0, 0, 2), (1, 0, 2), (2, 0, 2), (0, 1, 3), (1, 1, 20), (2, 2, 14), (6, 2, 13)]
    return count_rankers(bought(*everyone, *few), 7)


# By a score


def test_the_best_scores_are_ranked_first():
    assert ranked(by_score(lambda _: [0.1, 0.9, 0.5, 0.7])) == [1, 3, 2, 0]
    assert ranked(by_score(lambda _: [0.1, 0.9, 0.5, 0.7]), k=2) == [1, 3]


def test_ties_are_broken_by_row():
    assert ranked(by_score(lambda _: [1, 3, 1, 3, 1]), k=3) == [1, 3, 0]


def test_what_scores_nothing_is_not_ranked():
    assert ranked(by_score(lambda _: [0, 2, 0, -1, 1])) == [1, 4]
    assert ranked(by_score(lambda _: [0, 0])) == []


def test_scores_are_left_as_they_were():
    scores = np.array([3, 2, 1])
    assert ranked(by_score(lambda _: scores), owned=[0]) == [1, 2]
    assert scores.tolist() == [3, 2, 1]


def test_a_ranking_is_of_article_numbers_of_32_bits():
    assert by_score(lambda _: [1, 2])(question(0), 12).dtype == np.int32


@pytest.mark.parametrize("name", COUNTING)
def test_what_is_owned_is_never_ranked(shop, name):
    free = ranked(shop[name], 0)
    assert len(free) > 1
    assert free[0] not in ranked(shop[name], 0, owned=free[:1])
    assert set(ranked(shop[name], 0, owned=free[:-1])) == set(free[-1:])
    assert ranked(shop[name], 0, owned=range(7)) == []


def test_every_counting_baseline_is_tested_here(shop):
    assert tuple(shop) == COUNTING


# By counts


def test_a_random_ranking_is_always_the_same_for_a_question_and_differs_between_questions():
    ranker = at_random(50)
    assert ranked(ranker, 3) == ranked(at_random(50), 3)
    assert ranked(ranker, 3) != ranked(ranker, 4)
    assert ranked(ranker, 3, 4) != ranked(ranker, 4, 3)


def test_chance_shows_all_articles_alike():
    lists = [ranked(at_random(24), row) for row in range(24)]
    shown = np.bincount(np.concatenate(lists), minlength=24)
    assert shown.sum() == 24 * 12
    assert shown.min() > 3
    assert shown.max() < 21


def test_popularity_ranks_by_purchases_whoever_asks(shop):
    assert ranked(shop["popularity"], 0) == ranked(shop["popularity"], 6) == [5, 0, 1, 2]


def test_popularity_of_7_days_ignores_what_sold_before(shop):
    assert ranked(shop["popularity, 7 days"], 0) == [1, 2]


def test_what_was_bought_before_comes_first_the_latest_before_all():
    ranker = repurchase(np.array([9, 1, 0, 4, 5]))
    assert ranked(ranker, 1, 2) == [2, 1, 0, 4, 3]
    assert ranked(ranker, 2, 1) == [1, 2, 0, 4, 3]
    assert ranked(ranker, 1, 2, 1) == [1, 2, 0, 4, 3]
    assert ranked(ranker, 1, 2, owned=[1, 2]) == [0, 4, 3]


def test_co_purchases_rank_by_the_number_of_shared_buyers(shop):
    # 5 shares three buyers with 0, 1 shares two and 2 shares one.
    assert ranked(shop["co-purchase counts"], 0, owned=[0]) == [5, 1, 2]


def test_co_purchases_add_up_over_a_basket():
    # 2 shares one buyer with 0 and two with 1; 3 shares two with 0.
    pairs = [(0, 2), (1, 2), (1, 2), (0, 3), (0, 3)]
    rows = [(shopper, article, 1) for shopper, pair in enumerate(pairs) for article in pair]
    ranker = count_rankers(bought(*rows), 4)["co-purchase counts"]
    assert ranked(ranker, 0, owned=[0, 1]) == [3, 2]
    assert ranked(ranker, 0, 1, owned=[0, 1]) == [2, 3]


def test_what_shares_no_buyers_follows_by_its_sales():
    pairs = [(0, 0, 1), (0, 1, 1), (1, 2, 1), (2, 3, 1), (3, 3, 1), (4, 3, 1)]
    assert ranked(count_rankers(bought(*pairs), 5)["co-purchase counts"], 0, owned=[0]) == [1, 3, 2]


def test_buying_one_article_often_shares_no_more_buyers():
    often = [(0, 0, 1), *[(0, 1, day) for day in range(5)], (1, 0, 1), (1, 2, 1), (2, 0, 1)]
    rankers = count_rankers(bought(*often, (2, 2, 1)), 3)
    assert ranked(rankers["co-purchase counts"], 0, owned=[0]) == [2, 1]


def test_nearest_neighbours_prefer_the_exclusive_pair_to_the_best_seller(shop):
    # Cosines: 1 has 2 / √(3 · 2), 5 has 3 / √(3 · 10), 2 has 1 / √(3 · 2).
    assert ranked(shop["item-kNN"], 0, owned=[0]) == [1, 5, 2]


def test_nearest_neighbours_of_what_never_sold_are_none(shop):
    assert ranked(shop["item-kNN"], 6) == []


# By words and factors


def test_the_same_words_find_each_other():
    ranker = tf_idf(["red cotton dress", "blue jeans", "red cotton skirt", "Red cotton dress!"])
    assert ranked(ranker, 0, owned=[0]) == [3, 2]
    assert ranked(ranker, 1, owned=[1]) == []


def test_rare_words_count_for_more():
    common = ["red shirt", "red socks", "red cap"]
    ranker = tf_idf(["red poncho", "red tie", "blue poncho", *common])
    assert ranked(ranker, 0, owned=[0])[0] == 2


def planted_shop():
    """60 shoppers who each buy four articles of one of three communities."""
    random = np.random.default_rng(6)
    own = [(shopper, shopper % COMMUNITIES * MEMBERS) for shopper in range(60)]
    return bought(
        *(
            (shopper, first + member, 1)
            for shopper, first in own
            for member in random.permutation(MEMBERS)[:4]
        )
    )


def factorised():
    return factorisations(planted_shop(), COMMUNITIES * MEMBERS, dim=4)


@pytest.mark.parametrize("name", ["ALS, 4 dimensions", "BPR, 4 dimensions"])
def test_factors_put_the_same_community_first(name):
    pytest.importorskip("implicit")
    ranker = factorised()[name]
    found = [ranked(ranker, row, owned=[row], k=5) for row in range(COMMUNITIES * MEMBERS)]
    own = np.arange(COMMUNITIES * MEMBERS)[:, None] // MEMBERS
    # By chance it would be 5 of 17.
    assert (np.array(found) // MEMBERS == own).mean() > 0.8


def test_factors_are_the_same_twice_and_rank_all_that_is_not_owned():
    pytest.importorskip("implicit")
    first, second = factorised(), factorised()
    assert len(first) == 2
    for name, ranker in first.items():
        assert ranked(ranker, 0, 7, k=30) == ranked(second[name], 0, 7, k=30)
        assert len(ranked(ranker, 0, 7, owned=[0, 7], k=30)) == COMMUNITIES * MEMBERS - 2

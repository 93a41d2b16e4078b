"""Figures are what their definitions say, and intervals are as wide as they should be."""

import numpy as np
import pytest

from recsys.evaluation.metrics import METRICS, Estimate, bootstrap, coverage, measure, novelty


def int32(values):
    return np.array(values, np.int32)


def measured(found, relevant):
    """Return the metrics of one list by their names."""
    return dict(zip(METRICS, measure(int32(found), int32(relevant)).tolist(), strict=True))


def bernoulli(queries, columns, chance, seed=0):
    return (np.random.default_rng(seed).random((queries, columns)) < chance).astype(np.float64)


def width(estimate):
    return estimate.high - estimate.low


# One list


def test_a_list_with_every_answer_first_scores_one():
    assert measured([4, 2, 8, 5], [2, 4, 8]) == dict.fromkeys(METRICS, 1.0)


@pytest.mark.parametrize("found", [[], [5, 6, 7], list(range(10, 200))])
def test_a_list_without_answers_scores_zero(found):
    assert measured(found, [1, 2]) == dict.fromkeys(METRICS, 0.0)


@pytest.mark.parametrize(
    ("found", "relevant", "expected"),
    [
        ([1, 9, 2], [1, 2, 3], (1 + 2 / 3) / 3),
        ([9, 1], [1], 1 / 2),
        ([9, 8, 1, 2], [1, 2], (1 / 3 + 2 / 4) / 2),
        ([1], [1, 2, 3, 4], 1 / 4),
        # More answers than places: all places right is all that there can be.
        (range(12), range(20), 1.0),
        ([0, 99, *range(1, 11)], range(20), (1 + sum(n / (n + 1) for n in range(2, 12))) / 12),
        ([*range(50, 61), 1], [1], 1 / 12),
        ([*range(50, 62), 1], [1], 0.0),
    ],
)
def test_map_is_what_ml_metrics_apk_gives(found, relevant, expected):
    assert measured(found, relevant)["map_12"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("found", "relevant", "expected"),
    [
        # Places 1, 2, 3 and 12 gain 1, 1 / log₂ 3, 1 / 2 and 1 / log₂ 13.
        ([9, 1], [1], 0.63093),
        ([1, 9, 2], [1, 2, 3], 1.5 / 2.13093),
        ([1], [1, 2, 3], 1 / 2.13093),
        ([*range(50, 61), 1], [1], 0.27024),
        ([*range(50, 62), 1], [1], 0.0),
        (range(12), range(20), 1.0),
    ],
)
def test_ndcg_discounts_by_the_logarithm_of_the_place(found, relevant, expected):
    assert measured(found, relevant)["ndcg_12"] == pytest.approx(expected, abs=1e-5)


def test_recall_counts_answers_among_the_first_12_or_100():
    found = list(range(100, 300))
    scores = measured(found, [100, 111, 112, 199, 200])
    assert (scores["recall_12"], scores["recall_100"]) == (2 / 5, 4 / 5)


def test_recall_divides_by_all_answers_even_where_more_than_12():
    assert measured(range(12), range(20))["recall_12"] == 12 / 20


@pytest.mark.parametrize(("place", "hit"), [(0, 1.0), (11, 1.0), (12, 0.0)])
def test_one_answer_among_the_first_12_is_a_hit(place, hit):
    found = list(range(50, 100))
    found[place] = 1
    assert measured(found, [1, 2, 3])["hit_rate_12"] == hit


def test_the_order_beyond_the_first_12_does_not_matter():
    first, later = [1, *range(20, 40)], [1, *range(20, 31), *range(39, 30, -1)]
    assert measured(first, [1, 39]) == measured(later, [1, 39])
    assert measured(later, [1, 39])["recall_100"] == 1


# Intervals


def test_an_interval_contains_the_mean_of_its_column():
    column = bernoulli(300, 2, 0.3)
    estimates = bootstrap(column)
    assert [each.mean for each in estimates] == column.mean(axis=0).round(5).tolist()
    assert all(each.low < each.mean < each.high for each in estimates)


def test_an_interval_is_as_wide_as_the_standard_error_says():
    column = bernoulli(400, 1, 0.5, seed=2)
    error = column.std() / 20
    assert width(bootstrap(column)[0]) == pytest.approx(2 * 1.96 * error, rel=0.1)


def test_the_interval_of_a_skewed_column_stays_within_its_values():
    column = np.zeros((50, 1))
    column[0] = 1
    [estimate] = bootstrap(column)
    assert (estimate.low, estimate.mean) == (0, 0.02)
    assert 0.02 < estimate.high < 0.1


def test_more_queries_give_a_narrower_interval():
    [few], [many] = (bootstrap(bernoulli(queries, 1, 0.3)) for queries in (50, 2000))
    assert width(many) < width(few) / 3


def test_the_same_queries_give_the_same_interval():
    assert bootstrap(bernoulli(100, 5, 0.4)) == bootstrap(bernoulli(100, 5, 0.4))


@pytest.mark.parametrize("queries", [1, 7, 100])
def test_a_constant_column_has_an_interval_without_width(queries):
    assert bootstrap(np.full((queries, 1), 0.3)) == [Estimate(0.3, 0.3, 0.3)]


def test_about_95_percent_of_intervals_contain_the_true_mean():
    estimates = bootstrap(bernoulli(200, 200, 0.3, seed=1))
    right = sum(each.low <= 0.3 <= each.high for each in estimates)
    assert 0.88 <= right / 200 <= 0.99


def test_no_queries_give_zeros():
    assert bootstrap(np.empty((0, 5))) == [Estimate(0.0, 0.0, 0.0)] * 5


@pytest.mark.parametrize(
    ("low", "high", "clear"),
    [(0.0, 0.1, True), (0.5, 0.6, True), (0.0, 0.2, False), (0.25, 0.3, False), (0.1, 0.9, False)],
)
def test_intervals_are_clear_of_each_other_unless_they_touch(low, high, clear):
    one, other = Estimate(0.3, 0.2, 0.4), Estimate((low + high) / 2, low, high)
    assert one.clear_of(other) == other.clear_of(one) == clear


# What is shown


def test_coverage_is_the_share_of_articles_that_any_list_shows():
    assert coverage([int32([1, 2]), int32([2, 3])], articles=10) == 0.3
    assert coverage([int32(range(40))], articles=48) == 0.25
    assert coverage([int32([])], articles=10) == coverage([], articles=10) == 0


def test_novelty_is_the_mean_surprise_in_bits():
    # Counted once more, they are bought 8, 4, 2, 1 and 1 times of 16.
    purchases = np.array([7, 3, 1, 0, 0])
    assert novelty([int32([0])], purchases) == 1
    assert novelty([int32([3])], purchases) == 4
    assert novelty([int32([0, 1]), int32([2, 3, 4])], purchases) == (1 + 2 + 3 + 4 + 4) / 5


def test_novelty_only_counts_what_is_shown():
    purchases = np.array([1000] * 12 + [0] * 12)
    assert novelty([int32(range(24))], purchases) == novelty([int32(range(12))], purchases)
    assert novelty([int32([])], purchases) == novelty([], purchases) == 0

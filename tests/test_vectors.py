"""Unit vectors, and each distinct one kept once."""

import numpy as np
import pytest

from recsys.vectors import (
    NO_VECTOR,
    ArticleVectors,
    distinct,
    fingerprint,
    spread_evenly,
    unit,
)


def random_units(count, dim, seed=0):
    return unit(np.random.default_rng(seed).normal(size=(count, dim)))


def int32(*values):
    return np.array(values, np.int32)


def test_rows_are_scaled_to_length_one_and_keep_their_direction():
    np.testing.assert_allclose(unit([[3, 4], [0, -2]]), [[0.6, 0.8], [0, -1]], atol=1e-7)
    assert unit([[3, 4]]).dtype == np.float32


def test_a_single_vector_is_scaled_too():
    np.testing.assert_allclose(unit([3, 4]), [0.6, 0.8], atol=1e-7)


def test_a_row_of_zeros_stays_zero():
    assert unit([[0.0, 0.0], [0.0, 5.0]]).tolist() == [[0, 0], [0, 1]]


@pytest.mark.parametrize("scale", [1e-15, 1e-6, 1e6, 1e15])
def test_lengths_are_one_whatever_the_scale(scale):
    rows = np.random.default_rng(1).normal(size=(20, 8)) * scale
    np.testing.assert_allclose(np.linalg.norm(unit(rows), axis=1), 1, atol=1e-5)


def test_equal_vectors_share_an_entry_in_the_order_they_first_appear():
    a, b, c = random_units(3, 4)
    kept = distinct(np.stack([b, a, b, c, a]), int32(0, 1, 2, 3, 4), articles=5)
    np.testing.assert_array_equal(kept.vectors, [b, a, c])
    assert kept.entry.tolist() == [0, 1, 0, 2, 1]
    assert kept.articles == 5


def test_vectors_that_differ_in_one_last_bit_stay_apart():
    a = random_units(1, 4)[0]
    b = a.copy()
    b[0] = np.nextafter(b[0], np.float32(1))
    assert len(distinct(np.stack([a, b]), int32(0, 1), 2).vectors) == 2


def test_minus_zero_is_zero():
    kept = distinct(np.array([[1, 0.0], [1, -0.0]], np.float32), int32(0, 1), articles=2)
    assert kept.entry.tolist() == [0, 0]


def test_articles_without_a_vector_are_marked_and_not_counted():
    kept = distinct(random_units(2, 4), int32(3, 1), articles=5)
    assert kept.entry.tolist() == [NO_VECTOR, 1, NO_VECTOR, 0, NO_VECTOR]
    assert kept.articles == 2
    np.testing.assert_array_equal(kept.vectors[kept.entry[3]], random_units(2, 4)[0])


def test_no_vectors_at_all_are_possible():
    kept = distinct(np.empty((0, 1), np.float32), int32(), articles=3)
    assert kept.entry.tolist() == [NO_VECTOR] * 3
    assert (kept.articles, kept.mean_score()) == (0, 0.0)
    assert len(kept.fingerprint()) == 64


def test_the_mean_score_is_the_mean_over_all_pairs_of_articles():
    vectors = random_units(4, 6) + 0.3
    entry = int32(0, 1, 1, NO_VECTOR, 2, 0, 3, 0, NO_VECTOR)
    known = vectors[entry[entry != NO_VECTOR]]
    expected = (known @ known.T).mean()
    assert ArticleVectors(vectors, entry).mean_score() == pytest.approx(expected, abs=1e-6)


def test_equal_arrays_have_equal_fingerprints():
    assert fingerprint(np.arange(6)) == fingerprint(np.arange(12)[:6])
    assert fingerprint(np.arange(6).reshape(2, 3).T) == fingerprint(
        np.ascontiguousarray(np.arange(6).reshape(2, 3).T)
    )


@pytest.mark.parametrize(
    "other",
    [
        np.array([0, 1, 2, 3, 4, 6]),
        np.arange(6).astype(np.int32),
        np.arange(6).view(np.float64),
        np.arange(6).reshape(2, 3),
        np.arange(7),
    ],
    ids=["content", "int32", "same bytes as float64", "shape", "length"],
)
def test_other_content_type_or_shape_gives_another_fingerprint(other):
    assert fingerprint(np.arange(6)) != fingerprint(other)


def test_where_one_array_ends_and_the_next_begins_matters():
    assert fingerprint(np.arange(3), np.arange(3, 6)) != fingerprint(np.arange(2), np.arange(2, 6))


def test_the_fingerprint_of_vectors_covers_both_arrays():
    vectors, entry = random_units(2, 3), int32(0, 1, 1)
    same = ArticleVectors(vectors.copy(), entry.copy()).fingerprint()
    assert ArticleVectors(vectors, entry).fingerprint() == same
    assert ArticleVectors(vectors, int32(0, 1, 0)).fingerprint() != same
    assert ArticleVectors(vectors[::-1], entry).fingerprint() != same


@pytest.mark.parametrize("count", [2, 3, 7, 100])
def test_positions_are_spread_evenly_from_the_first_to_the_last(count):
    positions = spread_evenly(count, of=100)
    assert len(positions) == count
    assert positions[[0, -1]].tolist() == [0, 99]
    assert np.ptp(np.diff(positions)) <= 1


@pytest.mark.parametrize("of", [0, 1, 5])
def test_of_few_positions_all_are_kept(of):
    assert spread_evenly(9, of=of).tolist() == list(range(of))

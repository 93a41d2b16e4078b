"""Whitening evens out the variance of directions, and amplifies none without variance."""

import numpy as np
import pytest

from recsys.models.whitening import fit_whitening
from recsys.vectors import unit

SPREAD = np.array([3, 2, 1.5, 1])


def normal(count, dim, seed=0):
    return np.random.default_rng(seed).normal(size=(count, dim))


def turned(vectors):
    """Vectors turned by a fixed rotation, so that no axis is a coordinate, and moved by 5."""
    dim = vectors.shape[1]
    rotation, _ = np.linalg.qr(normal(dim, dim, seed=1))
    return (vectors @ rotation + 5).astype(np.float32)


@pytest.fixture(scope="module")
def crowd():
    """3,000 vectors around (5, 5, 5, 5) with standard deviations `SPREAD` along hidden axes."""
    return turned(normal(3000, 4) * SPREAD)


@pytest.mark.parametrize("power", [0, 0.5, 1])
def test_what_comes_out_are_unit_vectors(crowd, power):
    whitened = fit_whitening(crowd, power, out=3)(crowd[:50])
    assert whitened.shape == (50, 3)
    assert whitened.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(whitened, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("out", [2, 4])
def test_full_whitening_leaves_the_kept_axes_alike_and_unrelated(crowd, out):
    fitted = fit_whitening(crowd, 1, out)
    covariance = np.cov(((crowd - fitted.mean) @ fitted.matrix).T)
    np.testing.assert_allclose(covariance, np.eye(out), atol=0.05)


def test_full_whitening_spreads_vectors_evenly_in_all_directions(crowd):
    whitened = fit_whitening(crowd, 1, out=4)(crowd)
    np.testing.assert_allclose(whitened.T @ whitened / len(crowd), np.eye(4) / 4, atol=0.02)


def test_no_power_on_all_axes_keeps_the_cosines_of_centred_vectors(crowd):
    whitened = fit_whitening(crowd, 0, out=4)(crowd)[:40]
    centred = unit(crowd - crowd.mean(axis=0))[:40]
    np.testing.assert_allclose(whitened @ whitened.T, centred @ centred.T, atol=1e-4)


def test_half_the_power_leaves_the_root_of_each_deviation(crowd):
    fitted = fit_whitening(crowd, 0.5, out=4)
    deviation = ((crowd - fitted.mean) @ fitted.matrix).std(axis=0)
    np.testing.assert_allclose(deviation, np.sqrt(SPREAD), rtol=0.05)


def test_the_more_power_the_less_the_dominant_direction_counts(crowd):
    shares = [
        np.square(fit_whitening(crowd, power, out=4)(crowd)[:, 0]).mean()
        for power in (0, 0.25, 0.5, 0.75, 1)
    ]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0.4
    assert shares[-1] < 0.3


def test_the_axes_of_the_largest_variance_are_kept(crowd):
    kept = fit_whitening(crowd, 0, out=2)
    deviation = ((crowd - kept.mean) @ kept.matrix).std(axis=0)
    np.testing.assert_allclose(deviation, [3, 2], rtol=0.05)


def test_new_vectors_are_mapped_as_those_it_was_fitted_to(crowd):
    fitted = fit_whitening(crowd, 1, out=4)
    np.testing.assert_allclose(fitted(crowd[7:8]), fitted(crowd)[7:8], atol=1e-6)


@pytest.mark.parametrize("power", [0.5, 1])
def test_directions_without_variance_are_not_blown_up(power):
    flat = turned(np.pad(normal(500, 3), [(0, 0), (0, 5)]))
    fitted = fit_whitening(flat, power, out=8)
    whitened = fitted(flat)
    assert np.isfinite(whitened).all()
    assert np.abs(whitened[:, 3:]).max() < 1e-3
    noise = (1e-3 * normal(500, 8, seed=3)).astype(np.float32)
    assert (fitted(flat + noise) * whitened).sum(axis=1).min() > 0.98


def test_fewer_vectors_than_dimensions_are_whitened_too():
    few = normal(5, 20).astype(np.float32)
    whitened = fit_whitening(few, 1, out=20)(few)
    assert np.isfinite(whitened).all()
    # Five vectors around their mean are four directions, all alike: the corners of a simplex.
    np.testing.assert_allclose(whitened @ whitened.T, 1.25 * np.eye(5) - 0.25, atol=0.05)

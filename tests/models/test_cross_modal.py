"""Vectors of other models are estimated from a photo, and how well is measured."""

import numpy as np
import pytest

from recsys.models.cross_modal import (
    ALPHAS,
    FEWEST_PHOTOS,
    MEAN,
    RIDGE,
    AttributeEstimator,
    Bridge,
    BridgeExamples,
    compare_methods,
    fit_attribute_estimator,
    fit_bridge,
    fit_bridges,
)
from recsys.models.features import Vocabulary
from recsys.vectors import unit

PHOTOS, DIM, OUT = 400, 12, 8
RANDOM = np.random.default_rng(1)
LOOKS = unit(RANDOM.normal(size=(PHOTOS, DIM)))
TURN = RANDOM.normal(size=(DIM, OUT)).astype(np.float32)
VOCABULARY = Vocabulary(
    {"kind": ["a", "b", "c"], "colour": ["d", "e", "f", "g", "h"]}, np.ones(OUT, np.float32)
)


def examples(vectors, photos=LOOKS):
    rows = np.arange(len(photos), dtype=np.int32)
    return BridgeExamples(photos, vectors.astype(np.float32), rows // 2, rows % 8 > 1, rows)


def nearest(vectors):
    return lambda vector: np.argsort(-(vectors @ vector), kind="stable")[:12].astype(np.int32)


LINEAR = examples(unit(LOOKS @ TURN))


def islands():
    """Photos in 21 heaps around a circle, whose vectors have nothing to do with where."""
    heap = np.arange(PHOTOS) // 2 % 21
    angle = 2 * np.pi * heap / 21 + 0.02 * RANDOM.normal(size=PHOTOS)
    photos = unit(np.stack([np.cos(angle), np.sin(angle)], axis=1))
    return examples(unit(RANDOM.normal(size=(21, 64))[heap]), photos)


def test_a_linear_relation_is_recovered():
    exact = examples(LOOKS @ TURN + 3)
    bridge, alpha = fit_bridge(exact)
    assert alpha == min(ALPHAS)
    assert bridge.matrix.shape == (DIM + 1, OUT)
    assert bridge.matrix.dtype == np.float32
    validation = ~exact.training
    assert np.abs(bridge(LOOKS[validation]) - exact.vectors[validation]).max() < 0.15


def test_noise_is_regularised_more():
    _, clean = fit_bridge(LINEAR)
    _, noisy = fit_bridge(examples(RANDOM.normal(size=(PHOTOS, OUT))))
    assert noisy > clean


@pytest.mark.parametrize(("each", "better"), [(LINEAR, RIDGE), (islands(), MEAN)])
def test_the_better_method_is_chosen(each, better):
    bridge, alpha = fit_bridge(each)
    crossing = compare_methods(bridge, alpha, each, nearest(each.vectors))
    assert crossing.method == better
    assert {RIDGE: crossing.ridge, MEAN: crossing.neighbours}[better] > 0.5
    assert 0 <= min(crossing.ridge, crossing.neighbours) < max(crossing.ridge, crossing.neighbours)
    assert crossing.photos == (~each.training).sum()


def test_a_perfect_estimate_finds_nearly_all_that_the_true_vector_finds():
    exact = examples(LOOKS)
    crossing = compare_methods(Bridge(np.eye(DIM + 1, DIM)), 1.0, exact, nearest(LOOKS))
    assert crossing.ridge == pytest.approx(1)


def test_with_too_few_photos_there_are_no_bridges():
    few = examples(LOOKS[: FEWEST_PHOTOS + 2] @ TURN, LOOKS[: FEWEST_PHOTOS + 2])
    assert few.training.sum() < FEWEST_PHOTOS
    bridges = fit_bridges({"text": few}, {"text": nearest(few.vectors)}, VOCABULARY)
    assert bridges.links == bridges.crossings == {}


def one_hot(kind, colour):
    return np.concatenate([np.eye(3)[kind], np.eye(5)[colour]], axis=1)


def shown(noise):
    """Photos that show a kind clearly and a colour less so."""
    kind, colour = RANDOM.integers(0, 3, PHOTOS), RANDOM.integers(0, 5, PHOTOS)
    seen = one_hot(kind, colour) + noise * RANDOM.normal(size=(PHOTOS, OUT)) * ([0.1] * 3 + [1] * 5)
    return examples(one_hot(kind, colour), seen.astype(np.float32))


def test_probabilities_of_attributes_are_calibrated():
    each = shown(noise=0.6)
    bridges = fit_bridges({"features": each}, {"features": nearest(each.vectors)}, VOCABULARY)
    reader = fit_attribute_estimator(bridges.links["features"], each, VOCABULARY)
    estimates = bridges.links["features"](each.photos[~each.training])
    chances = np.array([reader.chances(estimate) for estimate in estimates])
    assert np.abs(chances[:, :3].sum(axis=1) - 1).max() < 1e-4
    assert np.abs(chances[:, 3:].sum(axis=1) - 1).max() < 1e-4
    own = each.vectors[~each.training]
    for columns in (slice(0, 3), slice(3, 8)):
        right = chances[:, columns].argmax(axis=1) == own[:, columns].argmax(axis=1)
        assert chances[:, columns].max(axis=1).mean() == pytest.approx(right.mean(), abs=0.12)


def test_shares_of_neighbours_are_probabilities_already():
    reader = AttributeEstimator(VOCABULARY, {})
    mean = np.array([0.6, 0.2, 0, 0.1, 0.1, 0, 0, 0], np.float32)
    assert reader.chances(mean).tolist() == pytest.approx([0.75, 0.25, 0, 0.5, 0.5, 0, 0, 0])

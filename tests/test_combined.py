"""The combined score is a weighted mean of cosines, whichever models could answer."""

import numpy as np
import pytest

from recsys.models import SINGLE
from recsys.models.combined import WEIGHTS, fuse
from recsys.vectors import unit

NAMES = tuple(WEIGHTS)
TYPICAL = {"text": 0.3, "image": 0.4, "features": 0.2, "two_tower": 0.0}


def random_cosines(count=40, seed=0):
    random = np.random.default_rng(seed)
    return {name: random.uniform(-1, 1, count).astype(np.float32) for name in NAMES}


def test_every_model_with_vectors_of_its_own_has_a_weight():
    assert set(WEIGHTS) == {model.name for model in SINGLE}
    assert min(WEIGHTS.values()) > 0


def test_an_example_is_as_worked_out_by_hand():
    cosines = {
        "text": np.array([0.8, 0.2], np.float32),
        "image": np.array([np.nan, 0.6], np.float32),
    }
    fused = fuse(cosines, {"text": 0.1, "image": 0.4}, {"text": 3, "image": 1, "features": 7})
    assert fused.contributions["text"].tolist() == pytest.approx([0.6, 0.15])
    assert fused.contributions["image"].tolist() == pytest.approx([0.1, 0.15])
    assert fused.scores.tolist() == pytest.approx([0.7, 0.3])


def test_contributions_sum_to_the_score():
    fused = fuse(random_cosines(), TYPICAL, WEIGHTS)
    np.testing.assert_allclose(sum(fused.contributions.values()), fused.scores, atol=6e-6)
    assert set(fused.contributions) == set(NAMES)
    assert fused.scores.dtype == np.float32


@pytest.mark.parametrize("answered", [NAMES[:1], NAMES[1:3], NAMES])
def test_weights_are_shared_out_among_the_models_that_answered(answered):
    cosines = {name: np.array([0.5], np.float32) for name in answered}
    assert fuse(cosines, TYPICAL, WEIGHTS).scores.tolist() == pytest.approx([0.5])


def test_only_the_proportions_of_the_weights_matter():
    cosines = random_cosines()
    tenfold = {name: 10 * weight for name, weight in WEIGHTS.items()}
    np.testing.assert_allclose(
        fuse(cosines, TYPICAL, tenfold).scores, fuse(cosines, TYPICAL, WEIGHTS).scores, atol=2e-5
    )


def test_a_model_that_knows_nothing_of_a_candidate_counts_as_typical():
    known = {name: np.array([0.5], np.float32) for name in NAMES}
    missing = known | {"image": np.array([np.nan], np.float32)}
    typical = known | {"image": np.array([TYPICAL["image"]], np.float32)}
    assert fuse(missing, TYPICAL, WEIGHTS).scores == fuse(typical, TYPICAL, WEIGHTS).scores


def test_a_missing_photo_hurts_less_than_an_unlike_one_and_helps_less_than_a_like_one():
    images = np.array([0.9, np.nan, 0.1], np.float32)
    cosines = {name: np.full(3, 0.5, np.float32) for name in NAMES} | {"image": images}
    alike, missing, unlike = fuse(cosines, TYPICAL, WEIGHTS).scores
    assert alike > missing > unlike


def test_the_score_is_the_cosine_of_the_scaled_vectors_laid_end_to_end():
    random = np.random.default_rng(6)
    dims = dict(zip(NAMES, (38, 128, 64, 6), strict=True))
    vectors = {name: unit(random.normal(size=(20, dim))) for name, dim in dims.items()}
    cosines = {name: rows[1:] @ rows[0] for name, rows in vectors.items()}
    total = sum(WEIGHTS.values())
    joined = np.concatenate(
        [np.sqrt(WEIGHTS[name] / total) * vectors[name] for name in NAMES], axis=1
    )
    np.testing.assert_allclose(np.linalg.norm(joined, axis=1), 1, atol=1e-6)
    scores = fuse(cosines, TYPICAL, WEIGHTS).scores
    np.testing.assert_allclose(scores, joined[1:] @ joined[0], atol=1e-5)


def test_no_candidates_have_no_scores():
    cosines = {name: np.empty(0, np.float32) for name in NAMES}
    assert fuse(cosines, TYPICAL, WEIGHTS).scores.shape == (0,)


def test_the_cosines_handed_in_are_left_as_they_were():
    cosines = random_cosines()
    cosines["image"][3] = np.nan
    before = {name: values.copy() for name, values in cosines.items()}
    fuse(cosines, TYPICAL, WEIGHTS)
    for name in NAMES:
        np.testing.assert_array_equal(cosines[name], before[name])

"""The combined model: late fusion, a weighted mean of the other models' cosines.

With weights that sum to 1, Σ wₘ·cosₘ is itself a cosine: that of the vectors √wₘ·vₘ laid end to
end. Laying unscaled vectors end to end instead lets the widest model drown the others.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from recsys.vectors import DECIMALS, Float32

WEIGHTS = {"text": 0.2, "image": 0.1, "features": 0.1, "two_tower": 0.6}
"""What each model's cosine weighs; only their proportions matter."""


@dataclass(frozen=True)
class Fused:
    """Combined scores of some candidates.

    Attributes:
        scores: float32 [candidates], the sum of the contributions.
        contributions: float32 [candidates] a model, its share of the score.
    """

    scores: Float32
    contributions: dict[str, Float32]


def fuse(
    cosines: Mapping[str, Float32], typical: Mapping[str, float], weights: Mapping[str, float]
) -> Fused:
    """Return Σ wₘ·cosₘ / Σ wₘ over the models that ``cosines`` holds.

    Args:
        cosines: float32 [candidates] a model that could read the query; NaN where a candidate has
            no vector. A candidate that a model knows nothing of gets its typical cosine, so that
            a missing photo neither helps nor hurts.
        typical: each model's mean cosine between two random articles.
        weights: each model's weight.
    """
    total = sum(weights[model] for model in cosines)
    contributions = {
        model: np.nan_to_num(values, nan=typical[model]) * np.float32(weights[model] / total)
        for model, values in cosines.items()
    }
    scores = np.sum(list(contributions.values()), axis=0, dtype=np.float32)
    return Fused(np.round(scores, DECIMALS), contributions)

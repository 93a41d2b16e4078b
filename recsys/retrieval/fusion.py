"""The combined model: late fusion, a weighted mean of what each part says of a candidate.

The parts are the single models' cosines and three counts of what is bought (see
`recsys.models.purchase_counts`), all within [-1, 1]. How much each weighs
depends on what is asked about: of an article that nobody bought, counts and the two-tower model
know little. Laying unscaled vectors end to end instead lets the widest model drown the others.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from recsys.models.registry import COUNTS, SINGLE
from recsys.retrieval.index import ranking
from recsys.vectors import DECIMALS, Float32, Int32

CO_PURCHASE, POPULARITY, RECENCY = COUNTS
PARTS = (*(model.name for model in SINGLE), CO_PURCHASE, POPULARITY, RECENCY)
"""What the combined score is made of."""


@dataclass(frozen=True)
class Weights:
    """What each part weighs, for one kind of query. Only proportions matter.

    Attributes:
        unknown: by part, where nobody bought what is asked about.
        known: by part, where it is the best-seller.
    """

    unknown: dict[str, float]
    known: dict[str, float]

    def at(self, known: float) -> dict[str, float]:
        """Return the weights for a query whose popularity is ``known``, in [0, 1]."""
        return {
            part: (1 - known) * self.unknown[part] + known * weight
            for part, weight in self.known.items()
        }


PRIOR = 5.0
"""How many queries' worth of trust `learn` puts in the weights that it starts from."""

_LIKELY = dict(zip(PARTS, (1.5, 0.5, 1.0, 9.0, 3.5, 0.3, 0.3), strict=True))
LIKELY = Weights(_LIKELY, _LIKELY)
"""Where learning starts, and ends where there is nothing to learn from: what H&M's baskets gave."""

_PHOTO = {"text": 1.0, "image": 6.0, "features": 1.0, "two_tower": 1.0}
LIKELY_OF_PHOTOS = Weights(*[dict.fromkeys(PARTS, 0.0) | _PHOTO] * 2)
"""The same for photos, which have no buyers."""

_SAID = {"text": 1.0, "image": 1.0, "features": 0.5}
SAID = Weights(_SAID, _SAID)
"""For words. Nobody has judged what words should find, so these are set by hand."""


@dataclass(frozen=True)
class Example:
    """A query to learn weights from.

    Attributes:
        known: its popularity, in [0, 1].
        parts: float32 [candidates, `PARTS`].
        relevant: bool [candidates], the right answers.
    """

    known: float
    parts: Float32
    relevant: np.ndarray


@dataclass(frozen=True)
class Fused:
    """Candidates from the best.

    Attributes:
        rows: int32 [n].
        scores: float32 [n], the sums of the contributions.
        contributions: float32 [n] a part, its share of the score.
    """

    rows: Int32
    scores: Float32
    contributions: dict[str, Float32]


def fuse(
    rows: Int32,
    parts: Mapping[str, Float32],
    weights: Mapping[str, float],
    k: int,
    products: Int32 | None = None,
) -> Fused:
    """Return the ``k`` best of ``rows`` by Σ wₚ·xₚ / Σ wₚ; ties are broken by row.

    Args:
        rows: int32 [candidates].
        parts: what each part that could read the query says, float32 [candidates].
        weights: by part; one that is missing weighs nothing.
        k: how many to return.
        products: int32 [articles]; of those with equal ones only the best is returned.
    """
    used = {part: weights.get(part, 0.0) for part in parts}
    total = sum(used.values()) or 1.0
    contributions = {
        part: values * np.float32(used[part] / total) for part, values in parts.items()
    }
    scores = np.sum(list(contributions.values()), axis=0, dtype=np.float32)
    scores = np.round(scores, DECIMALS)
    best = ranking(rows, scores, products)[:k]
    kept = {part: values[best] for part, values in contributions.items() if used[part]}
    return Fused(rows[best], scores[best], kept)


def learn(
    examples: Sequence[Example], parts: Sequence[str] = PARTS, likely: Weights = LIKELY
) -> Weights:
    """Return the weights that make the right answers most likely, none below 0.

    A candidate's chance to be bought is taken as the softmax of Σ wₚ·xₚ over the candidates, and
    the likelihood of what was bought is maximised (McFadden, 1974, conditional logit), held near
    ``likely`` where examples are few.

    Args:
        examples: queries with their candidates.
        parts: those that may weigh anything; the others weigh 0.
        likely: where to start; what weighs 0 there weighs 0 for good.
    """
    from scipy.optimize import minimize

    start = np.tile([likely.known[part] for part in PARTS], 2)
    allowed = np.tile([part in parts for part in PARTS], 2) & (start > 0)
    useful = [example for example in examples if example.relevant.any()]
    if not useful:
        return _weights(start * allowed)
    found = minimize(
        _loss(useful, start * allowed),
        start * allowed,
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, None if free else 0) for free in allowed],
    )
    return _weights(found.x)


def _loss(
    examples: Sequence[Example], start: np.ndarray
) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
    """Return the function of the weights that learning minimises, with its gradient."""
    sizes = [len(example.relevant) for example in examples]
    first = np.append(0, np.cumsum(sizes)[:-1])
    query = np.repeat(np.arange(len(examples)), sizes)
    known = np.repeat(np.array([example.known for example in examples], np.float32), sizes)
    parts = np.concatenate([example.parts for example in examples])
    values = np.concatenate([parts * (1 - known)[:, None], parts * known[:, None]], axis=1)
    relevant = np.concatenate([example.relevant for example in examples]).astype(np.float32)
    relevant /= np.add.reduceat(relevant, first)[query]
    spread = np.square(values.std(axis=0)) * (PRIOR / len(examples))

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        scores = (values @ weights.astype(np.float32)).astype(np.float64)
        scores -= np.maximum.reduceat(scores, first)[query]
        chances = np.exp(scores)
        totals = np.add.reduceat(chances, first)
        likely = np.log(totals).sum() - relevant @ scores
        slope = values.T @ (chances / totals[query] - relevant).astype(np.float32)
        away = weights - start
        return (
            float(likely / len(examples) + spread @ np.square(away)),
            slope.astype(np.float64) / len(examples) + 2 * spread * away,
        )

    return loss


def _weights(learned: np.ndarray) -> Weights:
    rounded = [round(float(weight), 4) for weight in learned]
    unknown, known = rounded[: len(PARTS)], rounded[len(PARTS) :]
    return Weights(dict(zip(PARTS, unknown, strict=True)), dict(zip(PARTS, known, strict=True)))

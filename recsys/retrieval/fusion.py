"""The combined model: late fusion, a weighted mean of several scores of each candidate.

The parts of a combined score are the single models' cosines and three purchase counts (see
`recsys.models.purchase_counts`), all within [-1, 1]. The weights depend on the popularity of the
query's articles: counts and the two-tower model have little information on articles that nobody
bought. Concatenating vectors instead would let the model with the largest variance dominate.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.models.registry import COUNTS, SINGLE
from recsys.retrieval.index import ranking
from recsys.vectors import DECIMALS, Float32, Float64, Int32

CO_PURCHASE, POPULARITY, RECENCY = COUNTS
PARTS = (*(model.name for model in SINGLE), CO_PURCHASE, POPULARITY, RECENCY)
"""The parts of the combined score."""


@dataclass(frozen=True)
class Weights:
    """The weight of each part, for one kind of query. Only proportions matter.

    Attributes:
        unknown: by part, for a query about articles that nobody bought.
        known: by part, for a query about the best-seller.
    """

    unknown: dict[str, float]
    known: dict[str, float]

    def at(self, known: float) -> dict[str, float]:
        """Return the weights for a query of popularity ``known``, in [0, 1]: a linear mix."""
        return {
            part: (1 - known) * self.unknown[part] + known * weight
            for part, weight in self.known.items()
        }


PRIOR_STRENGTH = 5.0
"""Of the prior in `fit_weights`: it counts as much as this many queries."""

_BASKET = dict(zip(PARTS, (1.5, 0.5, 1.0, 9.0, 3.5, 0.3, 0.3), strict=True))
BASKET_PRIOR = Weights(_BASKET, _BASKET)
"""Prior weights for articles and baskets: those fitted to H&M's baskets."""

_PHOTO = {"text": 1.0, "image": 6.0, "features": 1.0, "two_tower": 1.0}
PHOTO_PRIOR = Weights(*[dict.fromkeys(PARTS, 0.0) | _PHOTO] * 2)
"""Prior weights for photos, which have no buyers."""

_WORDS = {"text": 1.0, "image": 1.0, "features": 0.5}
WORD_WEIGHTS = Weights(_WORDS, _WORDS)
"""For words. There are no relevance judgements for words, so these are set by hand."""


@dataclass(frozen=True)
class Example:
    """A query to fit weights to.

    Attributes:
        known: its popularity, in [0, 1].
        parts: float32 [candidates, `PARTS`].
        relevant: bool [candidates].
    """

    known: float
    parts: Float32
    relevant: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Fused:
    """Candidates in falling order of combined score.

    Attributes:
        rows: int32 [n].
        scores: float32 [n], the sums of the contributions.
        contributions: by part, float32 [n], its share of the score.
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
        parts: by part, its scores, float32 [candidates]; parts that cannot score are left out.
        weights: by part; a missing one is 0.
        k: number of articles to return.
        products: int32 [articles], each article's product, of which only the best is returned.
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


def fit_weights(
    examples: Sequence[Example], parts: Sequence[str] = PARTS, prior: Weights = BASKET_PRIOR
) -> Weights:
    """Return the weights, none below 0, that maximise the likelihood of the relevant articles.

    A candidate's probability to be bought is the softmax of Σ wₚ·xₚ over the candidates (McFadden,
    1974, conditional logit). A quadratic penalty keeps the weights near ``prior`` where examples
    are few.

    Args:
        examples: queries with their candidates.
        parts: those that may have a weight; the others get 0.
        prior: weights to start from; those that are 0 stay 0.
    """
    from scipy.optimize import minimize

    start = np.tile([prior.known[part] for part in PARTS], 2)
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
    examples: Sequence[Example], start: Float64
) -> Callable[[Float64], tuple[float, Float64]]:
    """Return the function that `fit_weights` minimises: loss and gradient of the weights.

    The weights are float64 [2 × `PARTS`], first for unknown, then for known queries.
    """
    sizes = [len(example.relevant) for example in examples]
    first = np.append(0, np.cumsum(sizes)[:-1])
    query = np.repeat(np.arange(len(examples)), sizes)
    known = np.repeat(np.array([example.known for example in examples], np.float32), sizes)
    parts = np.concatenate([example.parts for example in examples])
    values = np.concatenate([parts * (1 - known)[:, None], parts * known[:, None]], axis=1)
    relevant = np.concatenate([example.relevant for example in examples]).astype(np.float32)
    relevant /= np.add.reduceat(relevant, first)[query]
    spread = np.square(values.std(axis=0)) * (PRIOR_STRENGTH / len(examples))

    def loss(weights: Float64) -> tuple[float, Float64]:
        scores = (values @ weights.astype(np.float32)).astype(np.float64)
        scores -= np.maximum.reduceat(scores, first)[query]
        chances = np.exp(scores)
        totals = np.add.reduceat(chances, first)
        unlikely = np.log(totals).sum() - relevant @ scores
        slope = values.T @ (chances / totals[query] - relevant).astype(np.float32)
        away = weights - start
        return (
            float(unlikely / len(examples) + spread @ np.square(away)),
            slope.astype(np.float64) / len(examples) + 2 * spread * away,
        )

    return loss


def _weights(fitted: Float64) -> Weights:
    """Return weights from float64 [2 × `PARTS`], rounded so that the manifest stays readable."""
    rounded = [round(float(weight), 4) for weight in fitted]
    unknown, known = rounded[: len(PARTS)], rounded[len(PARTS) :]
    return Weights(dict(zip(PARTS, unknown, strict=True)), dict(zip(PARTS, known, strict=True)))

"""How good ranked lists are, and how sure one can be of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.vectors import Int32

Float64 = npt.NDArray[np.float64]

SHORT, LONG = 12, 100
RESAMPLES = 1000
BOOTSTRAP_SEED = 12
METRICS = ("recall_12", "recall_100", "map_12", "ndcg_12", "hit_rate_12")
"""What `measure` returns, in its order."""


@dataclass(frozen=True)
class Estimate:
    """A mean over queries, and the 95 % interval that a bootstrap gives it."""

    mean: float
    low: float
    high: float

    def clear_of(self, other: "Estimate") -> bool:
        """Whether the two intervals do not touch."""
        return self.low > other.high or other.low > self.high


def measure(found: Int32, relevant: Int32) -> Float64:
    """Return the `METRICS` of one ranked list, each in [0, 1]: float64 [5].

    Args:
        found: int32 [n], distinct articles from the best; beyond `LONG` they do not count.
        relevant: int32 [m], the right answers, at least one.
    """
    right = np.isin(found[:LONG], relevant)
    top = right[:SHORT]
    return np.array(
        [
            top.sum() / len(relevant),
            right.sum() / len(relevant),
            average_precision(top, len(relevant)),
            ndcg(top, len(relevant)),
            float(top.any()),
        ]
    )


def average_precision(right: npt.NDArray[np.bool_], relevant: int) -> float:
    """Return AP@k as ``ml_metrics.apk`` defines it, for a list of k that is ``right`` or not.

    It is the precision at each right place, added up and divided by min(relevant, k); k is
    `SHORT`, also where fewer were found.
    """
    precision = np.cumsum(right) / np.arange(1, len(right) + 1)
    return float(precision[right].sum() / min(relevant, SHORT))


def ndcg(right: npt.NDArray[np.bool_], relevant: int) -> float:
    """Return NDCG@k with gains of 0 or 1 (Järvelin and Kekäläinen, 2002)."""
    discounts = 1 / np.log2(np.arange(2, SHORT + 2))
    return float(discounts[: len(right)][right].sum() / discounts[: min(relevant, SHORT)].sum())


def bootstrap(measured: Float64) -> list[Estimate]:
    """Return the mean of each column and its 95 % percentile-bootstrap interval (Efron, 1979).

    Args:
        measured: float64 [queries, metrics].
    """
    queries = len(measured)
    if not queries:
        return [Estimate(0.0, 0.0, 0.0)] * measured.shape[1]
    random = np.random.default_rng(BOOTSTRAP_SEED)
    drawn = random.multinomial(queries, np.full(queries, 1 / queries), RESAMPLES)
    means = drawn @ measured / queries
    low, high = np.quantile(means, (0.025, 0.975), axis=0)
    columns = zip(measured.mean(axis=0), low, high, strict=True)
    return [Estimate(*(round(float(value), 5) for value in column)) for column in columns]


def coverage(lists: Sequence[Int32], articles: int) -> float:
    """Return the share of the catalogue that any list has among its first `SHORT`."""
    shown = {row for found in lists for row in found[:SHORT].tolist()}
    return round(len(shown) / articles, 5)


def novelty(lists: Sequence[Int32], purchases: npt.NDArray[np.int64]) -> float:
    """Return how surprising the first `SHORT` are: the mean of −log₂ p (Zhou et al., 2010).

    p is an article's share of all purchases, each article counted once more than it was bought.

    Args:
        lists: ranked lists.
        purchases: int64 [articles], how often each was bought.
    """
    shown = np.concatenate([np.empty(0, np.int32), *(found[:SHORT] for found in lists)])
    bits = -np.log2((purchases + 1) / (purchases + 1).sum())
    return round(float(bits[shown].mean()), 5) if len(shown) else 0.0

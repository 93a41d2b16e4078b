"""Metrics of ranked lists, with bootstrap intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.vectors import Float64, Int32

SHORT_LIST, LONG_LIST = 12, 100
"""Ranks of the metrics: 12 as in H&M's Kaggle competition and on a page, 100 as candidates."""

RESAMPLES = 1000
"""Bootstrap samples, as usual for percentile intervals (Efron and Tibshirani, 1993)."""

BOOTSTRAP_SEED = 12
"""Any fixed number: equal results get equal intervals."""

METRICS = ("recall_12", "recall_100", "map_12", "ndcg_12", "hit_rate_12")
"""What `measure` returns, in its order."""


@dataclass(frozen=True)
class Estimate:
    """A mean over queries and its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float

    def clear_of(self, other: "Estimate") -> bool:
        """Whether the two intervals are disjoint."""
        return self.low > other.high or other.low > self.high


def measure(found: Int32, relevant: Int32) -> Float64:
    """Return the `METRICS` of one ranked list, each in [0, 1]: float64 [5].

    Args:
        found: int32 [n], distinct articles, best first; those beyond `LONG_LIST` do not count.
        relevant: int32 [m], at least one.
    """
    hits = np.isin(found[:LONG_LIST], relevant)
    top = hits[:SHORT_LIST]
    return np.array(
        [
            top.sum() / len(relevant),
            hits.sum() / len(relevant),
            average_precision(top, len(relevant)),
            ndcg(top, len(relevant)),
            float(top.any()),
        ]
    )


def average_precision(hits: npt.NDArray[np.bool_], relevant: int) -> float:
    """Return AP@`SHORT_LIST` as ``ml_metrics.apk`` defines it.

    It is the sum of the precision at each hit over min(relevant, `SHORT_LIST`).

    Args:
        hits: bool, whether each article found is relevant; at most `SHORT_LIST`.
        relevant: number of relevant articles.
    """
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(precision[hits].sum() / min(relevant, SHORT_LIST))


def ndcg(hits: npt.NDArray[np.bool_], relevant: int) -> float:
    """Return NDCG@`SHORT_LIST` with gains of 0 or 1 (Järvelin and Kekäläinen, 2002).

    Args: as `average_precision`.
    """
    discounts = 1 / np.log2(np.arange(2, SHORT_LIST + 2))
    return float(discounts[: len(hits)][hits].sum() / discounts[: min(relevant, SHORT_LIST)].sum())


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
    """Return the share of the catalogue that is among the first `SHORT_LIST` of any list."""
    shown = {row for found in lists for row in found[:SHORT_LIST].tolist()}
    return round(len(shown) / articles, 5)


def novelty(lists: Sequence[Int32], purchases: npt.NDArray[np.int64]) -> float:
    """Return the mean of −log₂ p over the first `SHORT_LIST`, in bits (Zhou et al., 2010).

    p is an article's share of all purchases, with add-one smoothing.

    Args:
        lists: ranked lists.
        purchases: int64 [articles], of each article.
    """
    shown = np.concatenate([np.empty(0, np.int32), *(found[:SHORT_LIST] for found in lists)])
    bits = -np.log2((purchases + 1) / (purchases + 1).sum())
    return round(float(bits[shown].mean()), 5) if len(shown) else 0.0

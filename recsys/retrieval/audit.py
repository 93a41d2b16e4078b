"""Audit of an index: its recall compared with exact search, query by query."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from recsys.errors import AuditError
from recsys.retrieval.index import MARGIN, TIE, ArticleIndex, kth_highest
from recsys.vectors import DECIMALS, Float32, Int32

EXPANSIONS = (128, 512, 2048)
"""Search expansions to try, in usearch's terms; the first that meets `BELOW_90_AIM` is used."""

AUDIT_AT = 12
"""Neighbours compared, as many as a page of matches shows."""

MEAN_BAR, WORST_BAR = 0.995, 0.5
"""Lowest mean recall, and lowest recall of any query, of an index that may be released."""

BELOW_90_AIM = 0.001
"""Share of queries with a recall below .9 that is small enough to stop searching further."""

AUDIT_BLOCK = 512
"""Queries compared at once: bounds the memory of all their exact scores."""

AUDIT_SETTINGS = (AUDIT_AT, MEAN_BAR, WORST_BAR, BELOW_90_AIM, EXPANSIONS, MARGIN, DECIMALS)
"""What an audit's result depends on besides vectors, graph and queries: part of its cache key."""


@dataclass(frozen=True)
class Audit:
    """Recall of an index, with exact search over the same vectors as the truth.

    Recall is tie-aware: of `AUDIT_AT` neighbours found, the share that scores no less than the
    true last one. The query's own entry does not count.

    Attributes:
        queries: number of queries compared.
        mean: the mean recall.
        worst: the lowest recall of any query.
        below_90: the share of queries with a recall below .9.
        expansion_search: usearch's search expansion that gives this recall.
    """

    queries: int
    mean: float
    worst: float
    below_90: float
    expansion_search: int

    @property
    def passes(self) -> bool:
        """Whether the index is good enough to be released."""
        return self.mean >= MEAN_BAR and self.worst >= WORST_BAR

    def check(self, model: str) -> None:
        """Raise `AuditError` if the index is not good enough to be released."""
        if not self.passes:
            raise AuditError(
                f"The {model} index finds {self.mean:.4f} of the true neighbours on average and "
                f"{self.worst:.2f} at worst; a release needs {MEAN_BAR} and {WORST_BAR}. "
                "Raise expansion_add in recsys/retrieval/index.py or EXPANSIONS in "
                "recsys/retrieval/audit.py."
            )


def audit(index: ArticleIndex, queries: Float32, own: Int32, name: str) -> Audit:
    """Return the recall of ``index`` at the first of `EXPANSIONS` that meets `BELOW_90_AIM`.

    The two-tower model needs the larger ones: its queries come from another tower than the vectors
    that the graph links, so they are further from their neighbours.

    Args:
        index: an index with a graph, which keeps the chosen expansion.
        queries: unit vectors, float32 [n, dim].
        own: int32 [n], each query's own entry, which is not among its neighbours.
        name: for the progress bar.
    """
    for expansion in EXPANSIONS:
        index.graph.expansion_search = expansion
        recall = _recalls(index, queries, own, f"{name} audit at {expansion}")
        found = Audit(
            queries=len(queries),
            mean=float(recall.mean()),
            worst=float(recall.min()),
            below_90=float((recall < 0.9).mean()),
            expansion_search=expansion,
        )
        if found.passes and found.below_90 <= BELOW_90_AIM:
            break
    return found


def _recalls(
    index: ArticleIndex, queries: Float32, own: Int32, title: str
) -> npt.NDArray[np.float64]:
    """Return the recall of every query, float64 [n]; [1.0] if there are none."""
    recalls = [np.ones(0 if len(queries) else 1)]
    with tqdm(total=len(queries), desc=title, unit="query") as bar:
        for start in range(0, len(queries), AUDIT_BLOCK):
            block = slice(start, start + AUDIT_BLOCK)
            recalls.append(_recall(index, queries[block], own[block]))
            bar.update(len(recalls[-1]))
    return np.concatenate(recalls)


def _recall(index: ArticleIndex, queries: Float32, own: Int32) -> npt.NDArray[np.float64]:
    """Return the tie-aware recall@`AUDIT_AT` of each query, float64 [n]."""
    k = min(AUDIT_AT, len(index.vectors) - 1)
    if k < 1:
        return np.ones(len(queries))
    entries, found = index.candidates(queries, k + 1 + MARGIN)
    found = -np.sort(-np.where(entries == own[:, None], -np.inf, found), axis=1)[:, :k]
    exact = queries @ index.vectors.T
    exact[np.arange(len(own)), own] = -np.inf
    recall = np.ones(len(queries))
    # Counting what scores higher than the last one found is far cheaper than partitioning.
    missed = np.flatnonzero((exact > found[:, -1:] + TIE).sum(axis=1) > 0)
    true_last = kth_highest(exact[missed], k)[:, None]
    recall[missed] = (found[missed] >= true_last - TIE).mean(axis=1)
    return recall

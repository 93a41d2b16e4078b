"""Compare an index with exact search, query by query."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from recsys.errors import AuditError
from recsys.retrieval.index import MARGIN, TIE, ArticleIndex
from recsys.vectors import DECIMALS, Float32, Int32

EXPANSIONS = (128, 512, 2048)
"""How far a search may look: the audit settles for the first that serves nearly all well."""

AUDIT_AT = 12
MEAN_BAR, WORST_BAR, BELOW_90_AIM = 0.995, 0.5, 0.001
AUDIT_BLOCK = 512
AUDIT_SETTINGS = (AUDIT_AT, MEAN_BAR, WORST_BAR, BELOW_90_AIM, EXPANSIONS, MARGIN, DECIMALS)
"""All that an audit's result depends on, beside the vectors, the graph and the queries."""


@dataclass(frozen=True)
class Audit:
    """How an index compares with exact search over the same vectors, query by query.

    Recall is tie-aware: of `AUDIT_AT` neighbours found, the share that scores no less than the
    true last one. The query's own entry does not count.

    Attributes:
        queries: how many queries were compared.
        mean: the mean recall.
        worst: the lowest recall of any query.
        below_90: the share of queries with a recall below .9.
        expansion_search: how far the index has to look for that, as usearch counts it.
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
                "Raise expansion_add or EXPANSIONS in recsys/index.py."
            )


def audit(index: ArticleIndex, queries: Float32, own: Int32, name: str) -> Audit:
    """Compare ``index`` with exact search, looking further until nearly no query is served badly.

    The two-tower model needs that: its queries come from another tower than the vectors that the
    graph links, so a search starts further from its goal.

    Args:
        index: the index to examine, with a graph; it is left with the expansion that was chosen.
        queries: unit vectors, float32 [n, dim].
        own: int32 [n], the entry that each query belongs to, which is not among its neighbours.
        name: what the progress bar says.
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
    """Return the recall of every query; of none, that of one that is served well."""
    recalls = [np.ones(0 if len(queries) else 1)]
    with tqdm(total=len(queries), desc=title, unit="query") as bar:
        for start in range(0, len(queries), AUDIT_BLOCK):
            block = slice(start, start + AUDIT_BLOCK)
            recalls.append(_recall(index, queries[block], own[block]))
            bar.update(len(recalls[-1]))
    return np.concatenate(recalls)


def _recall(index: ArticleIndex, queries: Float32, own: Int32) -> npt.NDArray[np.float64]:
    """Return the tie-aware recall@`AUDIT_AT` of each query."""
    k = min(AUDIT_AT, len(index.vectors) - 1)
    if k < 1:
        return np.ones(len(queries))
    entries, found = index.candidates(queries, k + 1 + MARGIN)
    found = -np.sort(-np.where(entries == own[:, None], -np.inf, found), axis=1)[:, :k]
    exact = queries @ index.vectors.T
    exact[np.arange(len(own)), own] = -np.inf
    recall = np.ones(len(queries))
    # Counting what beats the last one found is far cheaper than finding the true last one.
    missed = np.flatnonzero((exact > found[:, -1:] + TIE).sum(axis=1) > 0)
    true_last = -np.partition(-exact[missed], k - 1, axis=1)[:, k - 1 : k]
    recall[missed] = (found[missed] >= true_last - TIE).mean(axis=1)
    return recall

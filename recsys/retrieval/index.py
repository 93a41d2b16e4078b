"""Nearest neighbours over unit vectors, by exact search or a usearch graph.

The score of a neighbour is the dot product of two unit vectors: the cosine similarity, which is
1 − the cosine distance. Scores are computed from the float32 vectors, whatever found the
neighbour, and rounded to `DECIMALS`; ties are broken by article row, and rows are in the order of
article ids.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from tqdm import tqdm
from usearch.index import Index as Graph

from recsys.retrieval.graph_file import CONNECTIVITY, check_graph, check_size
from recsys.vectors import DECIMALS, NO_VECTOR, ArticleVectors, Float32, Int32, Positions

TIE = 10.0**-DECIMALS
"""Scores closer than this may be equal after rounding."""

EXACT_BELOW = 4096
"""Up to this many distinct vectors, exact search takes a millisecond and no graph is used."""

COPIED = 0.2
"""Above this share of the vectors, all are scored: copying out the few costs more than the rest."""

GRAPH_SETTINGS = {"dtype": "f16", "connectivity": CONNECTIVITY, "expansion_add": 1024}
"""Of a usearch graph. One-hot vectors have many near ties: with the usual expansion_add of 128 to
256, the graph misses all neighbours of some queries."""

GRAPH_BLOCK = 1024
"""Vectors added between two steps of the progress bar."""

MARGIN = 32
"""Entries fetched beyond k: the graph ranks by float16, so those around rank k may be swapped."""


Scalar = TypeVar("Scalar", bound=np.number)


@dataclass(frozen=True)
class Neighbours:
    """Articles in falling order of score.

    Attributes:
        rows: int32 [n], rows in the catalogue.
        scores: float32 [n], cosine similarities in [-1, 1].
    """

    rows: Int32
    scores: Float32


class ArticleIndex:
    """The searchable vectors of one model. Safe to share between threads.

    Args:
        articles: their vectors.
        graph: a usearch index whose keys are the rows of ``articles.vectors``; without one,
            every search is exact.
    """

    def __init__(self, articles: ArticleVectors, graph: Graph | None = None) -> None:
        self.vectors, self.entry = articles.vectors, articles.entry
        self.graph: Any = graph
        known = np.flatnonzero(self.entry != NO_VECTOR).astype(np.int32)
        # Articles sorted by entry, then row; those of entry e start at starts[e].
        self._members = known[np.argsort(self.entry[known], kind="stable")]
        self._starts = np.searchsorted(
            self.entry[self._members], np.arange(len(self.vectors) + 1), side="left"
        )

    def search(
        self,
        query: Float32,
        k: int,
        exclude: Sequence[int] = (),
        among: Int32 | None = None,
        products: Int32 | None = None,
    ) -> Neighbours:
        """Return the ``k`` nearest articles to a unit vector [dim].

        Args:
            query: float32 [dim].
            k: number of articles to return, if there are that many.
            exclude: rows never to return.
            among: int32, the only rows to return; the search is exact then.
            products: int32 [articles], each article's product; only the nearest article of each is
                returned, and the search is exact then.
        """
        if among is not None or products is not None:
            allowed = np.arange(len(self.entry)) if among is None else among
            rows = np.setdiff1d(allowed, exclude).astype(np.int32)
            return self._best_of(rows, query, k, products)
        if self.graph is None:
            return self.search_exactly(query, k, exclude)
        entries, scores = self.candidates(query[None], k + len(exclude) + MARGIN)
        return self._ranked(entries[0], scores[0], k, exclude)

    def search_exactly(self, query: Float32, k: int, exclude: Sequence[int] = ()) -> Neighbours:
        """Return the true result of `search`, by comparing the query with every vector."""
        entries_needed = min(k + len(exclude), len(self.vectors))
        if entries_needed == 0:
            return Neighbours(np.empty(0, np.int32), np.empty(0, np.float32))
        scores = self.vectors @ query
        entries = np.flatnonzero(scores >= kth_highest(scores, entries_needed) - TIE)
        return self._ranked(entries, scores[entries], k, exclude)

    def _best_of(self, rows: Int32, query: Float32, k: int, products: Int32 | None) -> Neighbours:
        """Return the ``k`` nearest of ``rows``."""
        scores = self.scores(query, rows)
        known = ~np.isnan(scores)
        rows, scores = rows[known], scores[known]
        if products is None and len(rows) > k:
            near = scores >= kth_highest(scores, k)
            rows, scores = rows[near], scores[near]
        order = ranking(rows, scores, products)[:k]
        return Neighbours(rows[order], scores[order])

    def scores(self, query: Float32, rows: Int32) -> Float32:
        """Return the score of each of ``rows``, float32; NaN for articles without a vector."""
        entry = self.entry[rows]
        if not len(self.vectors):
            scores = np.zeros(len(rows), np.float32)
        elif len(rows) > len(self.vectors) * COPIED:
            scores = (self.vectors @ query)[entry]
        else:
            scores = self.vectors[entry] @ query
        return np.where(entry == NO_VECTOR, np.nan, _rounded(scores)).astype(np.float32)

    def candidates(self, queries: Float32, count: int) -> tuple[npt.NDArray[np.int64], Float32]:
        """Return ``count`` entries [queries, count] from the graph, each with its exact score.

        Where the graph finds fewer, the entry is `NO_VECTOR` and the score is -inf.
        """
        if self.graph is None:
            raise ValueError("this index has no graph; use search_exactly")
        count = min(count, len(self.vectors))
        found = self.graph.search(queries, count)
        keys = np.atleast_2d(found.keys).astype(np.int64)
        # For one query usearch returns only what it found; for several it pads.
        counts = np.asarray(getattr(found, "counts", [keys.shape[1]]))
        beyond = np.arange(count) >= counts[:, None]
        entries = np.full((len(queries), count), NO_VECTOR, np.int64)
        entries[:, : keys.shape[1]] = keys
        entries[beyond] = NO_VECTOR
        scores = np.einsum("qcd,qd->qc", self.vectors[entries], queries)
        return entries, np.where(beyond, -np.inf, scores).astype(np.float32)

    def _ranked(
        self, entries: npt.NDArray[np.int64], scores: Float32, k: int, exclude: Sequence[int]
    ) -> Neighbours:
        """Return the ``k`` best articles of entries, without those to exclude."""
        real = entries != NO_VECTOR
        entries, scores = entries[real], scores[real]
        groups = [self._members[self._starts[e] : self._starts[e + 1]] for e in entries]
        rows = np.concatenate([*groups, np.empty(0, np.int32)])
        each = _rounded(np.repeat(scores, [len(group) for group in groups]))
        keep = ~np.isin(rows, np.asarray(exclude, np.int32))
        rows, each = rows[keep], each[keep]
        order = ranking(rows, each)[:k]
        return Neighbours(rows[order], each[order])


def kth_highest(scores: npt.NDArray[Scalar], k: int) -> npt.NDArray[Scalar]:
    """Return the ``k``-th highest of scores, [..., n], along the last axis: [...]."""
    return np.asarray(np.partition(scores, -k, axis=-1)[..., -k])


def ranking(
    rows: npt.NDArray[np.integer],
    scores: npt.NDArray[np.floating],
    products: Int32 | None = None,
) -> Positions:
    """Return positions in falling order of score, ties by row; of each product only the first.

    Args:
        rows: int [n].
        scores: float [n].
        products: int32 [articles], each article's product; ``None`` to keep all.
    """
    order = np.lexsort((rows, -scores))
    if products is None:
        return order
    _, first = np.unique(products[rows[order]], return_index=True)
    return np.asarray(order[np.sort(first)])


def build_graph(vectors: Float32, name: str) -> Graph:
    """Return a usearch index over unit ``vectors``, float32 [n, dim]; equal vectors, equal bytes.

    One thread adds the vectors in order: with several threads every build would differ.
    """
    graph = Graph(ndim=vectors.shape[1], metric="ip", **GRAPH_SETTINGS)
    with tqdm(total=len(vectors), desc=f"{name} index", unit="vector") as bar:
        for start in range(0, len(vectors), GRAPH_BLOCK):
            block = vectors[start : start + GRAPH_BLOCK]
            graph.add(np.arange(start, start + len(block)), block, threads=1)
            bar.update(len(block))
    return graph


def read_graph(path: Path, vectors: Float32) -> bytes:
    """Return the usearch file at ``path`` after checking that searching it is safe.

    Args:
        path: of the file.
        vectors: that it must index, float32 [n, dim].

    Raises:
        OSError: it cannot be read.
        ValueError: it is damaged, or indexes other vectors.
    """
    check_size(path.stat().st_size, vectors)
    content = path.read_bytes()
    check_graph(content, vectors)
    return content


def open_graph(content: bytes, expansion_search: int) -> Graph:
    """Return the usearch index in a file that `read_graph` returned, in memory.

    The file does not contain the search expansion, so it is an argument. It is loaded rather than
    viewed: a file that is cut short under a view ends the process.
    """
    graph = Graph.restore(content)
    graph.expansion_search = expansion_search
    return graph


def _rounded(scores: npt.NDArray[np.floating]) -> Float32:
    """Return scores rounded to `DECIMALS`, so that float errors break no ties, within [-1, 1]."""
    return np.clip(np.round(scores, DECIMALS), -1, 1).astype(np.float32)

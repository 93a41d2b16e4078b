"""Unit vectors of a catalogue's articles, each distinct one kept once, and helpers for arrays."""

import hashlib
import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Int32 = npt.NDArray[np.int32]
Positions = npt.NDArray[np.intp]

NO_VECTOR = -1
"""Marks an article without a vector; real entries count from 0."""

DECIMALS = 5
"""Scores are rounded to this many, so that float32 rounding errors (about 1e-7) break no ties."""


@dataclass(frozen=True)
class ArticleVectors:
    """The vectors of one model's articles.

    Attributes:
        vectors: float32 [entries, dim], distinct rows of unit length.
        entry: int32 [articles], each article's row in ``vectors``, `NO_VECTOR` where it has none.
    """

    vectors: Float32
    entry: Int32

    @property
    def articles(self) -> int:
        """Number of articles that have a vector."""
        return int((self.entry != NO_VECTOR).sum())

    def fingerprint(self) -> str:
        """Return a SHA-256 of both arrays: equal for equal vectors."""
        return fingerprint(self.vectors, self.entry)

    def mean_score(self) -> float:
        """Return the mean cosine of two articles drawn at random (with replacement).

        The mean of all pairwise dot products is the squared length of the mean vector.
        """
        known = self.entry[self.entry != NO_VECTOR]
        weights = np.bincount(known, minlength=len(self.vectors)) / max(len(known), 1)
        return float(np.square(weights @ self.vectors).sum())


def unit(vectors: npt.ArrayLike) -> Float32:
    """Return the rows of ``vectors`` scaled to length 1 as float32; a row of zeros stays zero."""
    rows = np.asarray(vectors, np.float32)
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, np.finfo(np.float32).tiny), np.float32)


def distinct(vectors: Float32, rows: Int32, articles: int) -> ArticleVectors:
    """Return the distinct vectors in the order of first appearance, and each article's entry.

    Articles often share a vector (the same text, the same attributes), and a graph index over
    exact duplicates misses all neighbours of some queries: a node's links lead to its own copies.

    Args:
        vectors: float32 [len(rows), dim].
        rows: int32 [len(vectors)], the article that each vector belongs to.
        articles: number of articles in the catalogue.
    """
    first: dict[bytes, int] = {}
    keep: list[int] = []
    entry = np.full(articles, NO_VECTOR, np.int32)
    for position, row in enumerate(rows):
        # Adding zero turns -0.0 into 0.0: equal numbers get equal bytes.
        key = (vectors[position] + np.float32(0)).tobytes()
        if first.setdefault(key, len(keep)) == len(keep):
            keep.append(position)
        entry[row] = first[key]
    return ArticleVectors(np.ascontiguousarray(vectors[keep], np.float32), entry)


def fingerprint(*arrays: npt.NDArray[np.generic]) -> str:
    """Return a SHA-256 over the types, shapes and contents of ``arrays``."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def key_of(*parts: object) -> str:
    """Return a cache key of ``parts`` (anything JSON can write): 24 hex digits of their SHA-256."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]


def spread_evenly(count: int, of: int) -> Positions:
    """Return up to ``count`` of the positions 0 to ``of`` - 1, spread evenly, first and last too.

    >>> spread_evenly(3, of=10).tolist()
    [0, 4, 9]
    """
    return np.linspace(0, of - 1, min(count, of)).astype(np.intp)

"""Unit vectors of a catalogue's articles, each distinct one kept once."""

import hashlib
import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Int32 = npt.NDArray[np.int32]

NO_VECTOR = -1
DECIMALS = 5
"""Scores are rounded to this many, so that rounding errors do not break ties."""


@dataclass(frozen=True)
class ArticleVectors:
    """The vectors of one model.

    Attributes:
        vectors: float32 [entries, dim], distinct rows of unit length.
        entry: int32 [articles], each article's row in ``vectors``, `NO_VECTOR` where it has none.
    """

    vectors: Float32
    entry: Int32

    @property
    def articles(self) -> int:
        """How many articles have a vector."""
        return int((self.entry != NO_VECTOR).sum())

    def fingerprint(self) -> str:
        """Return a SHA-256 of both arrays: equal for equal vectors."""
        return fingerprint(self.vectors, self.entry)

    def mean_score(self) -> float:
        """Return the average cosine between two articles drawn at random (with replacement).

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
    """Keep each distinct vector once, in the order of first appearance.

    Articles often share a vector (the same text, the same attributes), and a graph index over
    exact duplicates loses whole queries: a node's links all lead to its own copies.

    Args:
        vectors: float32 [len(rows), dim].
        rows: int32, the article that each vector belongs to.
        articles: how many articles the catalogue has.
    """
    first: dict[bytes, int] = {}
    keep: list[int] = []
    entry = np.full(articles, NO_VECTOR, np.int32)
    for position, row in enumerate(rows):
        # Adding zero makes -0.0 and 0.0 one.
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
    """Return a short name for ``parts`` (anything JSON can write): other parts, other name."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]

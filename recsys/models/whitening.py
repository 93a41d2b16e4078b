"""Whitening: make directions that all articles share count less than those that tell them apart."""

from dataclasses import dataclass

import numpy as np

from recsys.vectors import Float32, unit

RIDGE = 0.01
"""Of the mean variance, added to each: directions without variance must not be blown up."""


@dataclass(frozen=True)
class Whitening:
    """A linear map, fitted to a catalogue's vectors.

    Attributes:
        mean: float32 [dim], subtracted first.
        matrix: float32 [dim, out], multiplied by then.
    """

    mean: Float32
    matrix: Float32

    def __call__(self, vectors: Float32) -> Float32:
        """Return float32 [n, out], unit vectors of ``vectors``, float32 [n, dim]."""
        return unit((vectors - self.mean) @ self.matrix)


def no_whitening(dim: int) -> Whitening:
    """Return the map that changes nothing, for what is too little to fit one to."""
    return Whitening(np.zeros(dim, np.float32), np.eye(dim, dtype=np.float32))


def fit_whitening(vectors: Float32, power: float, out: int) -> Whitening:
    """Return the map that divides each principal axis by its standard deviation to a power.

    A power of 0 only centres, one of 1 whitens fully (Su et al., 2021, "Whitening Sentence
    Representations").

    Args:
        vectors: float32 [n, dim], at least two.
        power: how far to go.
        out: how many axes to keep, those of the largest variance.
    """
    mean = vectors.mean(axis=0)
    variance, axes = np.linalg.eigh(np.atleast_2d(np.cov(vectors.T.astype(np.float64))))
    variance, axes = variance[::-1][:out], axes[:, ::-1][:, :out]
    tiny = np.finfo(np.float32).tiny
    scale = np.maximum(variance + RIDGE * variance.mean(), tiny) ** (-power / 2)
    return Whitening(mean.astype(np.float32), (axes * scale).astype(np.float32))

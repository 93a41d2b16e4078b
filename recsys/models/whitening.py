"""Whitening: scale down the directions in which all articles vary most."""

from dataclasses import dataclass

import numpy as np

from recsys.vectors import Float32, unit

VARIANCE_FLOOR = 0.01
"""Share of the mean variance added to each, so that directions of no variance are not amplified."""


@dataclass(frozen=True)
class Whitening:
    """An affine map followed by scaling to unit length, fitted to a catalogue's vectors.

    Attributes:
        mean: float32 [dim], subtracted first.
        matrix: float32 [dim, out], applied next.
    """

    mean: Float32
    matrix: Float32

    def __call__(self, vectors: Float32) -> Float32:
        """Return the whitened unit vectors, float32 [n, out], of ``vectors``, float32 [n, dim]."""
        return unit((vectors - self.mean) @ self.matrix)


def no_whitening(dim: int) -> Whitening:
    """Return the identity, for catalogues with too few vectors to fit a whitening."""
    return Whitening(np.zeros(dim, np.float32), np.eye(dim, dtype=np.float32))


def fit_whitening(vectors: Float32, power: float, out: int) -> Whitening:
    """Return the whitening that divides each principal axis by its standard deviation ** ``power``.

    A power of 0 only centres, one of 1 whitens fully (Su et al., 2021, "Whitening Sentence
    Representations").

    Args:
        vectors: float32 [n, dim], at least two.
        power: of the standard deviation, in [0, 1].
        out: number of axes to keep, those of the largest variance.
    """
    mean = vectors.mean(axis=0)
    variance, axes = np.linalg.eigh(np.atleast_2d(np.cov(vectors.T.astype(np.float64))))
    variance, axes = variance[::-1][:out], axes[:, ::-1][:, :out]
    tiny = np.finfo(np.float32).tiny
    scale = np.maximum(variance + VARIANCE_FLOOR * variance.mean(), tiny) ** (-power / 2)
    return Whitening(mean.astype(np.float32), (axes * scale).astype(np.float32))

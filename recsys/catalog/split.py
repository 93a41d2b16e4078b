"""Training, validation and test split of shoppers and products, by a hash of their ids.

A hash needs no list to be kept: a shopper is in the same part in every build and on every machine,
and test shoppers stay test shoppers when a catalogue grows.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BUCKETS = 100
"""Parts are whole buckets, so each is a whole per cent of the ids."""

UInt8 = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Part:
    """A part of the split: the buckets from ``first`` up to, but without, ``end``."""

    first: int
    end: int

    def __contains__(self, bucket: int) -> bool:
        return self.first <= bucket < self.end

    def of(self, buckets: UInt8) -> npt.NDArray[np.bool_]:
        """Return which of ``buckets`` are in this part, bool of the same shape."""
        return (buckets >= self.first) & (buckets < self.end)


TEST = Part(0, 20)
"""20 %, on which all published figures are measured; never used for training or weights."""

VALIDATION = Part(20, 30)
"""10 %, for early stopping and to learn the weights of the combined model."""

TRAINING = Part(30, BUCKETS)
"""70 %, on which the models are trained."""


def buckets_of(texts: Iterable[str]) -> UInt8:
    """Return the bucket of each id, uint8."""
    return np.fromiter(map(bucket_of, texts), np.uint8)


def bucket_of(text: str) -> int:
    """Return the bucket of a shopper's or product's id, in [0, `BUCKETS`).

    >>> bucket_of("0108775"), bucket_of("0108775") in TRAINING
    (97, True)
    """
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % BUCKETS

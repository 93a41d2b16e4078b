"""Who is trained on and who is asked: shoppers and products are split by a hash of their ids.

A hash needs no list to be kept: the same shopper falls in the same part in every build and on every
machine, and what is measured on held-out shoppers stays held out when a catalogue grows.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BUCKETS = 100
UInt8 = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Part:
    """The buckets from ``first`` to before ``end``."""

    first: int
    end: int

    def __contains__(self, bucket: int) -> bool:
        return self.first <= bucket < self.end

    def of(self, buckets: UInt8) -> npt.NDArray[np.bool_]:
        """Return which of many buckets belong to this part."""
        return (buckets >= self.first) & (buckets < self.end)


TEST = Part(0, 20)
"""Nothing of these reaches training or weights: all published figures are measured on them."""

VALIDATION = Part(20, 30)
"""Kept back from training, to stop it in time and to learn the weights of the combined model."""

TRAINING = Part(30, BUCKETS)


def buckets_of(texts: Iterable[str]) -> UInt8:
    """Return the bucket of each of some ids, uint8."""
    return np.fromiter(map(bucket_of, texts), np.uint8)


def bucket_of(text: str) -> int:
    """Return the bucket of a shopper's or product's id, from 0 to 99.

    >>> bucket_of("0108775"), bucket_of("0108775") in TRAINING
    (97, True)
    """
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % BUCKETS

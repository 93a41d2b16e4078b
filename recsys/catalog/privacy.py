"""What a release may say about purchases: figures of several shoppers, in coarse numbers."""

import numpy as np
import numpy.typing as npt

from recsys.vectors import Int32

FEWEST_SHOPPERS = 5
"""Shoppers that every figure of a release counts at least, by default.

A usual threshold for published tables; docs/evaluation.md has what others would cost.
"""

FEWEST_WHEN_PUBLIC = 3
"""Fewer than this must stay private: of a cell of two, each shopper learns about the other."""

Integers = npt.NDArray[np.int64]


def coarse(counts: npt.NDArray[np.integer], fewest: int) -> Integers:
    """Return counts rounded down to multiples of ``fewest``, int64: 0 where fewer are counted.

    >>> coarse(np.array([4, 5, 14]), 5).tolist()
    [0, 5, 10]
    """
    return np.asarray(counts, np.int64) // fewest * fewest


def shoppers_per(cells: npt.NDArray[np.integer], shopper: Int32, number: int) -> Integers:
    """Return how many different shoppers bought something in each cell, int64 [number].

    Args:
        cells: int [purchases], the cell of each purchase, in [0, number).
        shopper: int32 [purchases].
        number: of cells.
    """
    shoppers = int(shopper.max(initial=0)) + 1
    once = np.unique(cells.astype(np.int64) * shoppers + shopper)
    return np.bincount(once // shoppers, minlength=number).astype(np.int64)

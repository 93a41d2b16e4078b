"""What a release may say about purchases: figures of several shoppers, in coarse numbers."""

import numpy as np
import numpy.typing as npt

from recsys.catalog.purchases import Purchases

FEWEST_SHOPPERS = 5
"""Shoppers that every figure of a release counts at least, by default.

Five is the smallest cell that statistics offices often release (Hundepool et al., 2012,
"Statistical Disclosure Control").
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


def shoppers_per(cells: npt.NDArray[np.integer], purchases: Purchases, number: int) -> Integers:
    """Return how many different shoppers bought something in each cell, int64 [number].

    Args:
        cells: int [purchases], the cell of each purchase, in [0, number).
        purchases: those to count.
        number: of cells.
    """
    once = np.unique(cells.astype(np.int64) * purchases.shoppers + purchases.shopper)
    return np.bincount(once // max(purchases.shoppers, 1), minlength=number).astype(np.int64)

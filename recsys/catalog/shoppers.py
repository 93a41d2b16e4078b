"""A few test shoppers whose purchases a release contains, so that the page can show them.

The models never saw test shoppers in training. An alias replaces the customer's id; ages, postcodes
and dates are left out.
"""

from dataclasses import dataclass

import numpy as np

from recsys.catalog.purchases import Purchases, shopper_spans
from recsys.catalog.split import TEST
from recsys.vectors import Int32

LONGEST = 200
"""Purchases kept per shopper, the latest: one who buys in bulk must not fill the file."""

SHOPPER_SEED = 1
"""Any fixed number: every build draws the same shoppers."""


@dataclass(frozen=True)
class Shopper:
    """A shopper in a release.

    Attributes:
        alias: stands for the customer's id.
        visits: the articles of each day with purchases, int32, oldest first.
    """

    alias: str
    visits: tuple[Int32, ...]

    @property
    def history(self) -> Int32:
        """All articles bought, int32, oldest first."""
        return np.concatenate(self.visits)


def draw_shoppers(purchases: Purchases, count: int) -> list[Shopper]:
    """Return up to ``count`` test shoppers, those with several visits first."""
    bought = purchases.of(TEST)
    starts, ends = shopper_spans(bought.shopper)
    several = bought.day[starts] != bought.day[ends - 1]
    order = np.random.default_rng(SHOPPER_SEED).permutation(len(starts))
    chosen = order[np.argsort(~several[order], kind="stable")][:count]
    return [
        Shopper(f"shopper-{number:04d}", _visits(bought, starts[place], ends[place]))
        for number, place in enumerate(chosen, start=1)
    ]


def _visits(purchases: Purchases, start: int, end: int) -> tuple[Int32, ...]:
    start = max(start, end - LONGEST)
    return split_visits(purchases.article[start:end], purchases.day[start:end])


def split_visits(articles: Int32, visits: Int32) -> tuple[Int32, ...]:
    """Return the articles of each visit, split where ``visits`` changes.

    Args:
        articles: int32 [n].
        visits: int32 [n], the day or number of each article's visit, in rising order.
    """
    return tuple(np.split(articles, np.flatnonzero(np.diff(visits)) + 1))

"""A few shoppers to ask for: what they bought, in order, and nothing else of them.

They are drawn from those held out, so that what the models say of them is no recollection. An alias
takes the place of the customer's id; ages, postcodes and dates stay behind.
"""

from dataclasses import dataclass

import numpy as np

from recsys.catalog.purchases import Purchases
from recsys.catalog.split import TEST
from recsys.vectors import Int32

LONGEST = 200
"""The most purchases that are kept of a shopper, the latest."""

SHOPPER_SEED = 1


@dataclass(frozen=True)
class Shopper:
    """Somebody who bought things.

    Attributes:
        alias: a name made up for them.
        visits: the articles of each day they bought something, int32, from the first day on.
    """

    alias: str
    visits: tuple[Int32, ...]

    @property
    def history(self) -> Int32:
        """All that they bought, int32, in the order of time."""
        return np.concatenate(self.visits)


def draw_shoppers(purchases: Purchases, count: int) -> list[Shopper]:
    """Return up to ``count`` held-out shoppers, those with several visits before all others."""
    held_out = purchases.of(TEST)
    starts = np.flatnonzero(np.diff(held_out.shopper, prepend=-1))
    ends = np.append(starts[1:], len(held_out))[: len(starts)]
    several = held_out.day[starts] != held_out.day[ends - 1] if len(starts) else starts > 0
    order = np.random.default_rng(SHOPPER_SEED).permutation(len(starts))
    chosen = order[np.argsort(~several[order], kind="stable")][:count]
    return [
        Shopper(f"shopper-{number:04d}", _visits(held_out, starts[place], ends[place]))
        for number, place in enumerate(chosen, start=1)
    ]


def _visits(purchases: Purchases, start: int, end: int) -> tuple[Int32, ...]:
    start = max(start, end - LONGEST)
    return split_visits(purchases.article[start:end], purchases.day[start:end])


def split_visits(articles: Int32, visits: Int32) -> tuple[Int32, ...]:
    """Split articles where the visit changes."""
    return tuple(np.split(articles, np.flatnonzero(np.diff(visits)) + 1))

"""The example shoppers of a release."""

from dataclasses import dataclass

import numpy as np

from recsys.vectors import Int32


@dataclass(frozen=True)
class Shopper:
    """An example shopper: no person, but drawn from a release's figures.

    Attributes:
        alias: its name.
        visits: the articles of each visit, int32, oldest first.
    """

    alias: str
    visits: tuple[Int32, ...]

    @property
    def history(self) -> Int32:
        """All articles bought, int32, oldest first."""
        return np.concatenate(self.visits)


def split_visits(articles: Int32, visits: Int32) -> tuple[Int32, ...]:
    """Return the articles of each visit, split where ``visits`` changes.

    Args:
        articles: int32 [n].
        visits: int32 [n], the number of each article's visit, in rising order.
    """
    return tuple(np.split(articles, np.flatnonzero(np.diff(visits)) + 1))

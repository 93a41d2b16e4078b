"""Example shoppers for the page, drawn from a release's own figures. None of them is a person.

Each is a random walk over the published co-purchases, popularity and seasons. All of these are in
the release anyway, so the example shoppers tell nothing more about anybody.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from recsys.catalog.shoppers import Shopper
from recsys.catalog.statistics import SEASONS
from recsys.models.purchase_counts import PurchaseCounts
from recsys.vectors import Float32, Float64, Int32

FEWEST_TO_WALK = 12
"""Articles with partners: with fewer, all example shoppers would buy the same few articles."""

SHOPPER_SEED = 1
"""Any fixed number: equal figures give equal shoppers."""

FEWEST_VISITS, MORE_VISITS, VISITS_SPREAD, MORE_ARTICLES = 2, 4.0, 1.1, 1.0
"""Visits of everybody; median and spread of the log-normal number of further ones, since a few
people buy much more than others; mean number of a visit's articles after the first.
"""

REMEMBERED = 8
"""Latest articles that the next one is drawn for: as many as a query has."""

REPEAT, NEW_START = 0.08, 0.15
"""Chance that an article is bought again, and that a visit starts from a popular article."""

OUT_OF_SEASON = 0.25
"""Weight of articles of another season than the visit's; 1 for all others."""


def draw_shoppers(sales: PurchaseCounts, seasons: Sequence[str], count: int) -> list[Shopper]:
    """Return ``count`` example shoppers; none where too few articles have partners.

    Args:
        sales: the counts that are published.
        seasons: of each article, as published; empty for none.
        count: number of shoppers.
    """
    if (np.diff(sales.starts) > 0).sum() < FEWEST_TO_WALK:
        return []
    rng = np.random.default_rng(SHOPPER_SEED)
    walk = _Walk(sales, np.array(seasons, str), rng)
    return [Shopper(f"shopper-{number:04d}", walk.visits()) for number in range(1, count + 1)]


class _Walk:
    """Draws the visits of one shopper after the other."""

    def __init__(
        self, sales: PurchaseCounts, seasons: npt.NDArray[np.str_], rng: np.random.Generator
    ) -> None:
        self._sales, self._rng = sales, rng
        # A row for each season: how much an article is wanted then.
        fitting = [(seasons == season) | (seasons == "") for season in SEASONS]
        self._wanted = np.where(fitting, 1.0, OUT_OF_SEASON)
        self._popularity = sales.popularity * (np.diff(sales.starts) > 0)

    def visits(self) -> tuple[Int32, ...]:
        """Return the articles of each visit of a new shopper; the seasons go by."""
        season = int(self._rng.integers(len(SEASONS)))
        history: list[int] = []
        visits = []
        more = self._rng.lognormal(np.log(MORE_VISITS), VISITS_SPREAD)
        for _ in range(FEWEST_VISITS + int(more)):
            before = len(history)
            for place in range(1 + self._rng.poisson(MORE_ARTICLES)):
                history.append(self._article(history, season, first=place == 0))
            visits.append(np.array(history[before:], np.int32))
            season = (season + int(self._rng.integers(3))) % len(SEASONS)
        return tuple(visits)

    def _article(self, history: list[int], season: int, first: bool) -> int:
        """Return the next article: one bought before, a popular one or a partner of the latest."""
        if history and self._rng.random() < REPEAT:
            return int(self._rng.choice(history))
        latest = np.array(history[-REMEMBERED:], np.int32)
        partners = self._weights(self._sales.bought_with(latest), history, season)
        if not partners.any() or (first and self._rng.random() < NEW_START):
            partners = self._weights(self._popularity, history, season)
        # Where everything has been bought, something is bought again.
        chances = partners if partners.any() else self._popularity.astype(np.float64)
        return int(self._rng.choice(len(chances), p=chances / chances.sum()))

    def _weights(self, scores: Float32, history: list[int], season: int) -> Float64:
        weights: Float64 = scores.astype(np.float64) * self._wanted[season]
        weights[history] = 0
        return weights

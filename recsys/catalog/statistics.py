"""Statistics of a catalogue: purchases by week, season of each article, counts of values."""

import numpy as np
import pandas as pd

from recsys.catalog.privacy import coarse, shoppers_per
from recsys.catalog.purchases import Purchases
from recsys.catalog.schema import DEPARTMENT

STATISTICS_COLUMNS = ("week", DEPARTMENT, "purchases")

SEASON = "season"
"""The column of a release's article table."""

SEASONS = ("Winter", "Spring", "Summer", "Autumn")
"""Meteorological seasons of the northern hemisphere: three whole months each, from December."""


def weekly(purchases: Purchases, articles: pd.DataFrame, fewest: int) -> pd.DataFrame:
    """Return the number of purchases by week and department, sorted by both.

    Columns: ``week``, the ISO date of its Monday; ``index_group_name``; ``purchases``, int64,
    rounded down to a multiple of ``fewest``. Weeks in which fewer different shoppers bought
    something in a department have no row. No total of all purchases is published, so nothing can be
    subtracted from one.
    """
    # Day 0, 1970-01-01, was a Thursday.
    monday = (purchases.day - (purchases.day + 3) % 7).astype("datetime64[D]")
    group = articles[DEPARTMENT].to_numpy(str)[purchases.article]
    bought = pd.DataFrame(
        {"week": monday.astype(str), DEPARTMENT: group, "shopper": purchases.shopper}
    )
    cells = bought.groupby(["week", DEPARTMENT])["shopper"].agg(["size", "nunique"]).reset_index()
    table = cells[cells["nunique"] >= fewest].reset_index(drop=True)
    table["purchases"] = coarse(table["size"].to_numpy(), fewest)
    return table[list(STATISTICS_COLUMNS)]


def seasons_of(purchases: Purchases, articles: int, fewest: int) -> list[str]:
    """Return the season of each article, one of `SEASONS`; empty for none.

    That is the season in which the article's share of all buyers is highest, so that a season in
    which everything sells well does not win every article.

    Args:
        purchases: of the whole catalogue.
        articles: number of articles in it.
        fewest: an article's buyers in a season are rounded down to a multiple of it.
    """
    month = purchases.day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
    # Month 0 is January, which is in the season that begins in December.
    season = (month + 1) % 12 // 3
    cells = purchases.article.astype(np.int64) * len(SEASONS) + season
    buyers = shoppers_per(cells, purchases.shopper, articles * len(SEASONS))
    buyers = coarse(buyers, fewest).reshape(articles, len(SEASONS))
    best = (buyers / np.maximum(buyers.sum(axis=0), 1)).argmax(axis=1)
    known = buyers.max(axis=1) > 0
    return [SEASONS[at] if some else "" for at, some in zip(best, known, strict=True)]


def counted(articles: pd.DataFrame, column: str) -> list[tuple[str, int]]:
    """Return the values of a column with their number of articles, the most frequent first."""
    counts = (
        articles[column].value_counts().sort_index().sort_values(ascending=False, kind="stable")
    )
    return [(str(value), int(count)) for value, count in counts.items()]

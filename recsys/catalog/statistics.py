"""Statistics of a catalogue: purchases by week, season of each article, counts of values."""

import numpy as np
import pandas as pd

from recsys.catalog.purchases import Purchases
from recsys.catalog.schema import DEPARTMENT

STATISTICS_COLUMNS = ("week", DEPARTMENT, "purchases")

SEASON = "season"
"""The column of a release's article table."""

SEASONS = ("Winter", "Spring", "Summer", "Autumn")
"""Meteorological seasons of the northern hemisphere: three whole months each, from December."""

FEWEST_PURCHASES = 5
"""An article bought less often has no season: the share of its few purchases would be chance."""


def weekly(purchases: Purchases, articles: pd.DataFrame) -> pd.DataFrame:
    """Return the number of purchases by week and department, sorted by both.

    Columns: ``week``, the ISO date of its Monday; ``index_group_name``; ``purchases``, int64. Weeks
    without a purchase in a department have no row.
    """
    # Day 0, 1970-01-01, was a Thursday.
    monday = (purchases.day - (purchases.day + 3) % 7).astype("datetime64[D]")
    group = articles[DEPARTMENT].to_numpy(str)[purchases.article]
    bought = pd.DataFrame({"week": monday.astype(str), DEPARTMENT: group})
    return bought.groupby(["week", DEPARTMENT]).size().rename("purchases").reset_index()


def seasons_of(purchases: Purchases, articles: int) -> list[str]:
    """Return the season of each article, one of `SEASONS`; empty for none.

    That is the season in which the article's share of all purchases is highest, so that a season in
    which everything sells well does not win every article.

    Args:
        purchases: of the whole catalogue.
        articles: number of articles in it.
    """
    month = purchases.day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
    # Month 0 is January, which is in the season that begins in December.
    season = (month + 1) % 12 // 3
    cells = purchases.article.astype(np.int64) * len(SEASONS) + season
    bought = np.bincount(cells, minlength=articles * len(SEASONS)).reshape(articles, -1)
    best = (bought / np.maximum(bought.sum(axis=0), 1)).argmax(axis=1)
    enough = bought.sum(axis=1) >= FEWEST_PURCHASES
    return [SEASONS[at] if known else "" for at, known in zip(best, enough, strict=True)]


def counted(articles: pd.DataFrame, column: str) -> list[tuple[str, int]]:
    """Return the values of a column with their number of articles, the most frequent first."""
    counts = (
        articles[column].value_counts().sort_index().sort_values(ascending=False, kind="stable")
    )
    return [(str(value), int(count)) for value, count in counts.items()]

"""A few shoppers to ask for: what they bought, in order, and nothing else of them.

They are drawn from those held out, so that what the models say of them is no recollection. An alias
takes the place of the customer's id; ages, postcodes and dates stay behind.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from recsys.catalog import Purchases
from recsys.split import TEST
from recsys.vectors import Int32

SHOPPERS = "shoppers.parquet"
COLUMNS = ("alias", "visit", "article_id")
LONGEST = 200
"""The most purchases that are kept of a shopper, the latest."""

SEED = 1


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
    order = np.random.default_rng(SEED).permutation(len(starts))
    chosen = order[np.argsort(~several[order], kind="stable")][:count]
    return [
        Shopper(f"shopper-{number:04d}", _visits(held_out, starts[place], ends[place]))
        for number, place in enumerate(chosen, start=1)
    ]


def write_shoppers(path: Path, shoppers: list[Shopper], article_ids: pd.Series) -> None:
    """Write the shoppers' purchases, a row each."""
    rows = [
        (shopper.alias, visit, article_ids.iat[article])
        for shopper in shoppers
        for visit, articles in enumerate(shopper.visits, start=1)
        for article in articles
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table.astype({"alias": str, "visit": np.int32, "article_id": str}).to_parquet(path, index=False)


def read_shoppers(path: Path, article_ids: pd.Series) -> dict[str, Shopper]:
    """Return the shoppers that `write_shoppers` wrote, by alias.

    Raises:
        KeyError: a column is missing, or an article is not in the catalogue.
    """
    table = pd.read_parquet(path)
    row_of = pd.Series(np.arange(len(article_ids), dtype=np.int32), index=article_ids.to_numpy())
    table["row"] = row_of.loc[table["article_id"]].to_numpy()
    return {
        str(alias): Shopper(
            str(alias),
            _split(bought["row"].to_numpy(np.int32), bought["visit"].to_numpy()),
        )
        for alias, bought in table.groupby("alias", sort=False)
    }


def _visits(purchases: Purchases, start: int, end: int) -> tuple[Int32, ...]:
    start = max(start, end - LONGEST)
    return _split(purchases.article[start:end], purchases.day[start:end])


def _split(articles: Int32, visits: Int32) -> tuple[Int32, ...]:
    """Split articles where the visit changes."""
    return tuple(np.split(articles, np.flatnonzero(np.diff(visits)) + 1))

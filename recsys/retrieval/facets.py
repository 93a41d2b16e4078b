"""Faceted search: which articles pass a visitor's filters, and how many have each value."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsys.catalog.schema import COLOUR, DEPARTMENT, PATTERN, PRODUCT_TYPE
from recsys.errors import QueryError
from recsys.vectors import Float32

FACETS = (DEPARTMENT, PRODUCT_TYPE, COLOUR, PATTERN)
"""The columns to filter by: department, product type, colour and pattern."""

Chosen = Mapping[str, Sequence[str]]
"""Values by column."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Filters:
    """What a visitor narrows the matches down to.

    Attributes:
        chosen: values by column; a match has one of those of each column.
        with_photo: whether to show only articles with a photo.
        cheapest: the lowest price, in the catalogue's own unit; ``None`` for any.
        dearest: the highest price; ``None`` for any.
    """

    chosen: Chosen = field(default_factory=dict)
    with_photo: bool = False
    cheapest: float | None = None
    dearest: float | None = None


@dataclass(frozen=True)
class Choice:
    """A value to filter by, and the number of articles that would pass."""

    value: str
    count: int


@dataclass(frozen=True)
class Facet:
    """A column and its values, the most frequent first; those that no article has are left out."""

    column: str
    choices: tuple[Choice, ...]


class Facets:
    """Filters the articles of a release. Safe to share between threads.

    Attributes:
        columns: those of `FACETS` that narrow anything down: articles have several values in them.

    Args:
        articles: the catalogue's table.
        with_photo: bool [articles].
        prices: float32 [articles], NaN for none.
    """

    def __init__(self, articles: pd.DataFrame, with_photo: Mask, prices: Float32) -> None:
        self._with_photo, self._prices = with_photo, prices
        columns = {column: pd.Categorical(articles[column]) for column in FACETS}
        self._codes = {column: np.asarray(each.codes) for column, each in columns.items()}
        self._values = {column: list(each.categories) for column, each in columns.items()}
        self.columns = tuple(
            column for column, values in self._values.items() if len(set(values) - {""}) > 1
        )

    def check(self, filters: Filters) -> None:
        """Raise `QueryError` for a column, value or price range that does not exist."""
        _check_prices(filters.cheapest, filters.dearest)
        chosen = filters.chosen
        if not isinstance(chosen, Mapping):
            raise QueryError("Give filters as lists of values by column.")
        for column, values in chosen.items():
            if column not in FACETS:
                raise QueryError(f"Filter by {', '.join(FACETS)}, not by {column!r:.60}.")
            if not isinstance(values, list | tuple):
                raise QueryError(f"Give a list of values of {column}.")
            for value in values:
                if value not in self._values[column]:
                    raise QueryError(f"No article has {value!r:.60} as its {column}.")

    def passing(self, filters: Filters) -> Mask:
        """Return which articles pass, bool [articles]."""
        passing = self._with_photo | (not filters.with_photo)
        for column, values in filters.chosen.items():
            if values:
                codes = [self._values[column].index(value) for value in values]
                passing &= np.isin(self._codes[column], codes)
        # Comparisons with NaN are false, so articles without a price do not pass.
        if filters.cheapest is not None:
            passing &= self._prices >= filters.cheapest
        if filters.dearest is not None:
            passing &= self._prices <= filters.dearest
        return passing

    def counts(self, filters: Filters, named: Chosen) -> tuple[Facet, ...]:
        """Return the values of each of `columns` with their numbers of articles.

        What narrows a column itself is ignored in its counts, so that visitors can change it.

        Args:
            filters: the filters so far.
            named: the values that words name, which articles must have as well.
        """
        return tuple(self._facet(column, filters, named) for column in self.columns)

    def _facet(self, column: str, filters: Filters, named: Chosen) -> Facet:
        others = dataclasses.replace(filters, chosen=_without(column, filters.chosen))
        passing = self.passing(others) & self.passing(Filters(_without(column, named)))
        values = self._values[column]
        codes = self._codes[column][passing]
        counts = np.bincount(codes[codes >= 0], minlength=len(values))
        order = np.argsort(-counts, kind="stable")
        chosen = {*filters.chosen.get(column, ()), *named.get(column, ())}
        return Facet(
            column,
            tuple(
                Choice(values[at], int(counts[at]))
                for at in order
                if values[at] and (counts[at] or values[at] in chosen)
            ),
        )


def _without(column: str, chosen: Chosen) -> Chosen:
    return {name: values for name, values in chosen.items() if name != column}


def price_range(price: object) -> tuple[float | None, float | None]:
    """Return the lowest and the highest price from a list of the two; ``None`` is any.

    Raises:
        QueryError: it is not such a list.
    """
    if price is None:
        return None, None
    if not isinstance(price, list | tuple) or len(price) != 2:
        raise QueryError("A price range is a list of two: the lowest and the highest.")
    return price[0], price[1]


def _check_prices(cheapest: float | None, dearest: float | None) -> None:
    for price in (cheapest, dearest):
        if price is None:
            continue
        number = isinstance(price, int | float) and not isinstance(price, bool)
        if not number or not math.isfinite(price):
            raise QueryError(f"A price is a number, not {price!r:.60}.")
    if cheapest is not None and dearest is not None and cheapest > dearest:
        raise QueryError(f"Nothing costs at least {cheapest:g} and at most {dearest:g}.")

"""Faceted search: which articles pass what a visitor has chosen, and how many there are of each."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsys.catalog.schema import COLOUR, GROUP, KIND, PATTERN
from recsys.errors import QueryError
from recsys.vectors import Float32

FACETS = (GROUP, KIND, COLOUR, PATTERN)
"""The columns that visitors choose from."""

Chosen = Mapping[str, Sequence[str]]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Filters:
    """What answers must be.

    Attributes:
        chosen: values by column; an article has one of each column's.
        with_photo: only articles with a photo.
        cheapest: the lowest price, in the catalogue's own unit; ``None`` for any.
        dearest: the highest; ``None`` for any.
    """

    chosen: Chosen = field(default_factory=dict)
    with_photo: bool = False
    cheapest: float | None = None
    dearest: float | None = None


@dataclass(frozen=True)
class Choice:
    """A value that can be chosen, and how many articles would then pass."""

    value: str
    count: int


@dataclass(frozen=True)
class Facet:
    """A column, its values that at least one article has, and the most frequent of them first."""

    column: str
    choices: tuple[Choice, ...]


class Facets:
    """Filters the articles of a release. Safe to share between threads.

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

    def check(self, filters: Filters) -> None:
        """Raise `QueryError` unless all that is chosen exists, and so does the range of prices."""
        _check_prices(filters.cheapest, filters.dearest)
        chosen = filters.chosen
        if not isinstance(chosen, Mapping):
            raise QueryError("What is chosen is a list of values by column.")
        for column, values in chosen.items():
            if column not in FACETS:
                raise QueryError(f"Choose from {', '.join(FACETS)}, not from {column!r:.60}.")
            if not isinstance(values, list | tuple):
                raise QueryError(f"Choose a list of values of {column}.")
            for value in values:
                if value not in self._values[column]:
                    raise QueryError(f"No article has {value!r:.60} as its {column}.")

    def passing(self, filters: Filters) -> Mask:
        """Return which articles are asked for, bool [articles]."""
        passing = self._with_photo | (not filters.with_photo)
        for column, values in filters.chosen.items():
            if values:
                codes = [self._values[column].index(value) for value in values]
                passing &= np.isin(self._codes[column], codes)
        # No comparison holds of NaN, so what has no price fails.
        if filters.cheapest is not None:
            passing &= self._prices >= filters.cheapest
        if filters.dearest is not None:
            passing &= self._prices <= filters.dearest
        return passing

    def counts(self, filters: Filters, among: Mask) -> tuple[Facet, ...]:
        """Return what can be chosen: of each column, as if nothing were chosen of it yet.

        Args:
            filters: what is chosen so far.
            among: bool [articles], those that pass whatever else is asked for.
        """
        return tuple(self._facet(column, filters, among) for column in FACETS)

    def _facet(self, column: str, filters: Filters, among: Mask) -> Facet:
        others = {name: values for name, values in filters.chosen.items() if name != column}
        passing = among & self.passing(dataclasses.replace(filters, chosen=others))
        values = self._values[column]
        counts = np.bincount(self._codes[column][passing], minlength=len(values))
        order = np.argsort(-counts, kind="stable")
        kept = set(filters.chosen.get(column, ()))
        return Facet(
            column,
            tuple(
                Choice(values[at], int(counts[at]))
                for at in order
                if counts[at] or values[at] in kept
            ),
        )


def price_range(price: object) -> tuple[float | None, float | None]:
    """Return the lowest and the highest price of a list of the two; ``None`` is any.

    Raises:
        QueryError: it is no such list.
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

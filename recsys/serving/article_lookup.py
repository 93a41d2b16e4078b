"""Look up the articles of a release: by id, by row, at random, as examples."""

import math
import random
from functools import cached_property

import numpy as np

from recsys.catalog.schema import ARTICLE_COLUMNS, DESCRIPTIVE_COLUMNS, normalize_article_id
from recsys.errors import QueryError
from recsys.release.reader import Release
from recsys.serving.request import shortened
from recsys.serving.results import Article
from recsys.vectors import spread_evenly

PRICE_DECIMALS = 6
"""H&M's prices are scaled to a few hundredths; their sixth decimal is the last with a meaning."""


class Articles:
    """Looks up the articles of a release. Safe to share between threads."""

    def __init__(self, release: Release) -> None:
        self.release = release
        # Plain lists: reading one cell of a DataFrame takes a hundred times as long.
        self._text = {column: release.articles[column].tolist() for column in ARTICLE_COLUMNS}
        self._row = {id_: row for row, id_ in enumerate(self._text["article_id"])}

    def __len__(self) -> int:
        return len(self._row)

    @cached_property
    def photo_count(self) -> int:
        """Number of articles with a photo."""
        return int(self.release.with_photo.sum())

    @cached_property
    def prices(self) -> tuple[float, float]:
        """The lowest and the highest price; both NaN where nothing was ever sold."""
        known = self.release.prices[~np.isnan(self.release.prices)]
        return (float(known.min()), float(known.max())) if len(known) else (math.nan, math.nan)

    def row(self, text: str) -> int:
        """Return the row of an article, given its id with or without leading zeros and spaces.

        Raises:
            QueryError: ``text`` is not an article id, or the catalogue has no such article.
        """
        text = str(text)  # API clients may send a number
        try:
            article_id = normalize_article_id(text)
        except ValueError as error:
            raise QueryError(f"{shortened(text)} is not an article id: {error}.") from error
        if article_id not in self._row:
            raise QueryError(f"There is no article {article_id} in this catalogue.")
        return self._row[article_id]

    def at(self, row: int) -> Article:
        """Return the article in a row."""
        price = float(self.release.prices[row])
        return Article(
            article_id=self._text["article_id"][row],
            name=self._text["prod_name"][row],
            description=self._text["detail_desc"][row],
            attributes={column: self._text[column][row] for column in DESCRIPTIVE_COLUMNS},
            has_photo=bool(self.release.with_photo[row]),
            price=None if math.isnan(price) else round(price, PRICE_DECIMALS),
            currency=self.release.manifest.currency,
        )

    def random(self, rng: random.Random) -> Article:
        """Return a random article, one with a photo if there are any."""
        rows = np.flatnonzero(self.release.with_photo)
        return self.at(int(rng.choice(rows if len(rows) else range(len(self)))))

    def examples(self, count: int) -> list[Article]:
        """Return up to ``count`` articles with photos, evenly spread over the catalogue."""
        rows = np.flatnonzero(self.release.with_photo)
        places = spread_evenly(count, len(rows))
        return [self.at(int(row)) for row in rows[places]]

"""Figures and maps of a whole catalogue, for the page that shows them."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from recsys.catalog.schema import COLOUR, DEPARTMENT, PRODUCT_TYPE
from recsys.catalog.statistics import SEASON, counted
from recsys.release.reader import Release
from recsys.vectors import Float32


@dataclass(frozen=True)
class CatalogSummary:
    """Figures and maps of a whole catalogue.

    Attributes:
        articles: number of articles.
        products: number of products; colours of one product are articles of their own.
        photos: number of articles with a photo.
        purchases: number of purchases in ``weekly``; there are somewhat more.
        fewest_shoppers: different shoppers that every figure about purchases counts at least.
        counts: by column (department, product type, colour, season), its values and how many
            articles have each, the most frequent first. An article without a season counts as "".
        weekly: purchases by week and department, as `recsys.catalog.statistics.weekly` returns it.
        ids: of the articles on the maps; empty where there are no maps.
        names: of those articles.
        departments: of those articles.
        places: float32 [len(ids), 2] by single model: where those articles stand on its map, x
            from the left and y from the top, in [0, 1].
    """

    articles: int
    products: int
    photos: int
    purchases: int
    fewest_shoppers: int
    counts: Mapping[str, list[tuple[str, int]]]
    weekly: pd.DataFrame
    ids: list[str]
    names: list[str]
    departments: list[str]
    places: Mapping[str, Float32]


def summarize(release: Release) -> CatalogSummary:
    """Return the figures and maps of a release's catalogue."""
    articles, mapped = release.articles, release.articles.iloc[release.maps.articles]
    return CatalogSummary(
        articles=len(articles),
        products=int(articles["product_code"].nunique()),
        photos=int(release.with_photo.sum()),
        purchases=int(release.overview["purchases"].sum()),
        fewest_shoppers=release.manifest.fewest_shoppers,
        counts={
            column: counted(articles, column)
            for column in (DEPARTMENT, PRODUCT_TYPE, COLOUR, SEASON)
        },
        weekly=release.overview,
        ids=mapped["article_id"].tolist(),
        names=mapped["prod_name"].tolist(),
        departments=mapped[DEPARTMENT].tolist(),
        places=release.maps.places,
    )

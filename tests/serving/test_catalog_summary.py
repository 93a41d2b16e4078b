"""Figures of the catalogue against the tables that they are counted from."""

import pandas as pd

from recsys.catalog.schema import COLOUR, DEPARTMENT, PRODUCT_TYPE
from recsys.catalog.statistics import SEASON
from recsys.models.registry import SINGLE
from recsys.release.reader import Release
from recsys.serving.catalog_summary import summarize
from recsys.serving.recommender import Recommender


def test_every_article_is_counted_once_in_each_column(release: Release) -> None:
    summary = summarize(release)
    assert summary.counts.keys() == {DEPARTMENT, PRODUCT_TYPE, COLOUR, SEASON}
    for column, counts in summary.counts.items():
        assert dict(counts) == release.articles[column].value_counts().to_dict()
        numbers = [count for _, count in counts]
        assert numbers == sorted(numbers, reverse=True)


def test_totals_are_those_of_the_release(release: Release, recommender: Recommender) -> None:
    summary = recommender.catalog_summary
    assert summary is recommender.catalog_summary
    assert summary.articles == recommender.article_count == len(release.articles)
    assert summary.photos == recommender.photo_count == release.with_photo.sum()
    assert summary.products == len(set(release.articles["product_code"]))
    assert summary.purchases == summary.weekly["purchases"].sum() > 0


def test_maps_place_the_articles_of_the_release(release: Release) -> None:
    summary = summarize(release)
    table = release.articles.set_index("article_id").loc[summary.ids]
    assert summary.names == table["prod_name"].tolist()
    assert summary.departments == table[DEPARTMENT].tolist()
    assert summary.places.keys() == {model.name for model in SINGLE}
    assert all(each.shape == (len(summary.ids), 2) for each in summary.places.values())
    assert isinstance(summary.weekly, pd.DataFrame)

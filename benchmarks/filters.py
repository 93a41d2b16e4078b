"""Whether filtered answers are those of exact search: ``python -m benchmarks.filters RELEASE``.

Draws 500 random sets of filters over a release and fails at the first gallery that differs from an
exact search over all articles that pass.
"""

import argparse
from pathlib import Path

import numpy as np
from tqdm import trange

from recsys.models.registry import COMBINED, FEATURES, TEXT
from recsys.release.reader import Release, open_release
from recsys.retrieval.facets import FACETS, Filters
from recsys.serving.recommender import Recommender
from recsys.serving.request import DEFAULT_MATCHES, SearchRequest
from recsys.serving.results import Gallery
from recsys.vectors import NO_VECTOR

SETS = 500
TOLERANCE = 2e-4
"""Scores are rounded, and the two ways of computing them add up in another order."""


def main() -> None:
    """Print that all answers are right, or fail."""
    parser = argparse.ArgumentParser(description="Compare filtered answers with exact search.")
    parser.add_argument("release", type=Path)
    check(Recommender(open_release(parser.parse_args().release)), SETS)
    print(f"{SETS} random sets of filters: every gallery is what exact search finds")


def check(recommender: Recommender, count: int) -> None:
    """Search with random filters.

    Raises:
        AssertionError: a gallery has an article that does not pass, too few, or not the best.
    """
    release, random = recommender.release, np.random.default_rng(12)
    ids = release.articles["article_id"].to_numpy()
    for _ in trange(count, desc="filters"):
        filters, row = draw_filters(release, random), int(random.integers(len(ids)))
        search = SearchRequest(article=str(ids[row]), filters=filters)
        others = np.setdiff1d(np.flatnonzero(passing(release, filters)), [row])
        for gallery in recommender.search(search).galleries:
            check_gallery(release, gallery, row, others)


def draw_filters(release: Release, random: np.random.Generator) -> Filters:
    """Return random filters, of values that articles have; some leave hundreds, some no article."""
    columns = random.permutation(FACETS)[: random.integers(1, 4)]
    chosen = {
        column: random.permutation(release.articles[column].unique())[: random.integers(1, 4)]
        for column in columns
    }
    low, high = (
        float(price) for price in np.nanquantile(release.prices, np.sort(random.random(2)))
    )
    cheapest, dearest, with_photo = random.random(3) < (0.3, 0.3, 0.5)
    return Filters(
        {column: list(values) for column, values in chosen.items()},
        bool(with_photo),
        low if cheapest else None,
        high if dearest else None,
    )


def passing(release: Release, filters: Filters) -> np.ndarray:
    """Return which articles pass, bool [articles], looked up one column after the other."""
    allowed = release.with_photo | (not filters.with_photo)
    for column, values in filters.chosen.items():
        allowed = allowed & release.articles[column].isin(values).to_numpy()
    prices = release.prices.astype(float)
    if filters.cheapest is not None:
        allowed = allowed & (prices >= filters.cheapest)
    if filters.dearest is not None:
        allowed = allowed & (prices <= filters.dearest)
    return np.asarray(allowed)


def check_gallery(release: Release, gallery: Gallery, row: int, others: np.ndarray) -> None:
    """Compare a gallery for the article ``row`` with exact search over ``others``, their rows.

    Raises:
        AssertionError: they differ.
    """
    ids = release.articles["article_id"].to_numpy()
    found = {match.article.article_id for match in gallery.matches}
    assert found <= set(ids[others]), f"{gallery.model.name}: an article does not pass"
    if gallery.model in (COMBINED, TEXT, FEATURES):
        assert len(found) == min(DEFAULT_MATCHES, len(others)), f"{gallery.model.name}: too few"
    if gallery.model is not COMBINED and gallery.matches:
        scores = [match.score for match in gallery.matches]
        expected = best_scores(release, gallery.model.name, row, others)
        assert len(scores) == len(expected), f"{gallery.model.name}: too few"
        assert np.allclose(scores, expected, rtol=0, atol=TOLERANCE), gallery.model.name


def best_scores(release: Release, model: str, row: int, others: np.ndarray) -> np.ndarray:
    """Return the best scores of a model for the article ``row``, with every vector compared."""
    retrieval = release.retrieval
    index, query = retrieval.indexes[model], retrieval.of_article(row).vectors[model]
    entries = index.entry[others]
    scores = index.vectors[entries[entries != NO_VECTOR]] @ query
    return np.sort(scores)[::-1][:DEFAULT_MATCHES]


if __name__ == "__main__":
    main()

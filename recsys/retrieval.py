"""Which articles each model finds for a query: rows and scores, nothing of names or pictures."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from recsys.index import Index, Neighbours
from recsys.models import IMAGE, TWO_TOWER
from recsys.models.combined import CO_PURCHASE, POPULARITY, RECENCY, Fused, Weights, fuse
from recsys.models.two_tower import basket_query
from recsys.sales import Sales
from recsys.vectors import NO_VECTOR, Float32, Int32, unit

ARTICLE, BASKET, PHOTO = "article", "basket", "photo"
KINDS = (ARTICLE, BASKET, PHOTO)
"""What can be asked about; each has its own weights."""

CANDIDATES = 200
"""How many of each model's nearest articles the combined model chooses from."""

NOBODY = np.empty(0, np.int32)


@dataclass(frozen=True)
class Query:
    """What is asked.

    Attributes:
        kind: one of `KINDS`.
        vectors: a unit vector for each model that can read what is asked about.
        basket: int32, the articles that are asked about, if any.
        exclude: int32, articles that are no answer.
    """

    kind: str
    vectors: dict[str, Float32]
    basket: Int32 = field(default_factory=lambda: NOBODY)
    exclude: Int32 = field(default_factory=lambda: NOBODY)


@dataclass(frozen=True)
class Retrieval:
    """All that answers are found with.

    Attributes:
        indexes: the searchable articles of each single model.
        typical: each model's mean cosine between two random articles.
        basket_rows: float32 [articles, dim], what each article adds to a two-tower basket.
        sales: what was bought.
        weights: of the combined model, by kind of query.
    """

    indexes: Mapping[str, Index]
    typical: Mapping[str, float]
    basket_rows: Float32
    sales: Sales
    weights: Mapping[str, Weights]

    def of_article(self, row: int) -> Query:
        """Return the query for what is like an article."""
        return self._of(ARTICLE, np.array([row], np.int32), np.array([row], np.int32))

    def of_basket(self, basket: Int32, exclude: Int32) -> Query:
        """Return the query for what goes with a basket, int32, one article or more."""
        return self._of(BASKET, basket, exclude)

    def of_photo(self, vector: Float32) -> Query:
        """Return the query for what looks like a photo, given as the image model's vector."""
        return Query(PHOTO, {IMAGE.name: vector})

    def nearest(self, model: str, query: Query, k: int) -> Neighbours:
        """Return the ``k`` nearest articles in one model's eyes; none if it cannot read a query."""
        if model not in query.vectors:
            return Neighbours(NOBODY, np.empty(0, np.float32))
        return self.indexes[model].search(query.vectors[model], k, query.exclude.tolist())

    def nearby(self, query: Query) -> dict[str, Neighbours]:
        """Return the `CANDIDATES` nearest articles in the eyes of each model that can read it."""
        return {model: self.nearest(model, query, CANDIDATES) for model in query.vectors}

    def combined(self, query: Query, nearby: Mapping[str, Neighbours], k: int) -> Fused:
        """Return the ``k`` best articles by all that is known.

        Args:
            query: what is asked.
            nearby: what `nearby` returned for it.
            k: how many to return.
        """
        rows = self.candidates(query, nearby)
        weights = self.weights[query.kind].at(self.known(query))
        return fuse(rows, self.parts(query, rows), weights, k)

    def candidates(self, query: Query, nearby: Mapping[str, Neighbours]) -> Int32:
        """Return the articles that the combined model looks at, int32 in rising order."""
        found = [near.rows for near in nearby.values()]
        if len(query.basket):
            found += [self.sales.partners_of(article) for article in query.basket]
            found.append(self.sales.best_sellers)
        return np.setdiff1d(np.concatenate(found), query.exclude).astype(np.int32)

    def parts(self, query: Query, rows: Int32) -> dict[str, Float32]:
        """Return what each part says of some articles, float32 [rows].

        A candidate that a model knows nothing of gets its typical cosine, so that a missing photo
        neither helps nor hurts.
        """
        parts = {
            model: np.nan_to_num(self.indexes[model].scores(vector, rows), nan=self.typical[model])
            for model, vector in query.vectors.items()
        }
        if len(query.basket):
            parts[CO_PURCHASE] = self.sales.bought_with(query.basket)[rows]
            parts[POPULARITY] = self.sales.popularity[rows]
            parts[RECENCY] = self.sales.recency[rows]
        return parts

    def known(self, query: Query) -> float:
        """Return how well what is asked about is known from its sales, in [0, 1]."""
        popularity = self.sales.popularity[query.basket]
        return float(popularity.mean()) if len(popularity) else 0.0

    def _of(self, kind: str, basket: Int32, exclude: Int32) -> Query:
        vectors = {TWO_TOWER.name: basket_query(self.basket_rows[basket])}
        for model, index in self.indexes.items():
            entries = index.entry[basket]
            entries = entries[entries != NO_VECTOR]
            if model != TWO_TOWER.name and len(entries):
                vectors[model] = unit(index.vectors[entries].mean(axis=0))
        return Query(kind, vectors, basket, exclude)

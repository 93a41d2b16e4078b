"""Retrieval: the rows and scores of the articles that each model finds for a query."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from recsys.models.cross_modal import NEIGHBOURS, RIDGE, Bridges
from recsys.models.purchase_counts import PurchaseCounts
from recsys.models.registry import FEATURES, IMAGE, TWO_TOWER
from recsys.models.two_tower import basket_query
from recsys.retrieval.attributes import NamedAttribute
from recsys.retrieval.fusion import CO_PURCHASE, POPULARITY, RECENCY, Fused, Weights, fuse
from recsys.retrieval.index import ArticleIndex, Neighbours
from recsys.vectors import NO_VECTOR, Float32, Int32, fingerprint, key_of, unit

ARTICLE, BASKET, PHOTO, WORDS = "article", "basket", "photo", "words"
QUERY_KINDS = (ARTICLE, BASKET, PHOTO, WORDS)
"""The kinds of queries; each has its own weights in the combined model."""

CANDIDATES = 200
"""Nearest articles of each model among which the combined model ranks: several pages of matches."""

SMOOTHING = np.float32(1e-3)
"""Added to every value's probability: any estimate from a photo can be wrong."""

NO_ARTICLES = np.empty(0, np.int32)
"""No articles."""


@dataclass(frozen=True)
class Query:
    """A query of any kind, as vectors.

    Attributes:
        kind: one of `QUERY_KINDS`.
        vectors: a unit vector for each model that can encode the query.
        basket: int32, the query's articles, if any.
        exclude: int32, articles never to return.
        among: int32 in rising order, the only articles to return; ``None`` for all.
        products: int32 [articles], each article's product, of which only the best match is
            returned; ``None`` to return all.
        weights: by part of the combined model; ``None`` for the fitted ones.
    """

    kind: str
    vectors: dict[str, Float32]
    basket: Int32 = field(default_factory=lambda: NO_ARTICLES)
    exclude: Int32 = field(default_factory=lambda: NO_ARTICLES)
    among: Int32 | None = None
    products: Int32 | None = None
    weights: Mapping[str, float] | None = None


@dataclass(frozen=True)
class Retrieval:
    """Indexes, weights and counts used to answer a query.

    Attributes:
        indexes: by single model.
        typical: by model, the mean cosine between two random articles.
        basket_rows: float32 [articles, dim], the rows that `basket_query` averages.
        sales: purchase counts.
        weights: of the combined model, by kind of query.
        bridges: estimators of the other models' vectors from a photo's.
    """

    indexes: Mapping[str, ArticleIndex]
    typical: Mapping[str, float]
    basket_rows: Float32
    sales: PurchaseCounts
    weights: Mapping[str, Weights]
    bridges: Bridges

    def key(self) -> str:
        """Return the cache key of everything except the weights."""
        found = [each for index in self.indexes.values() for each in (index.vectors, index.entry)]
        links = [link.matrix for link in self.bridges.links.values()]
        arrays = (*found, self.basket_rows, *self.sales.scoring, *links)
        methods = {model: each.method for model, each in self.bridges.crossings.items()}
        return key_of(fingerprint(*arrays), methods, dict(self.bridges.estimator.temperature))

    def of_article(self, row: int) -> Query:
        """Return the query for matches to an article."""
        return self._of(ARTICLE, np.array([row], np.int32), np.array([row], np.int32))

    def of_basket(self, basket: Int32, exclude: Int32) -> Query:
        """Return the query for matches to a basket, int32, of one article or more."""
        return self._of(BASKET, basket, exclude)

    def of_photo(self, vector: Float32, corrected: Mapping[str, str] | None = None) -> Query:
        """Return the query for matches to a photo; vectors of the other models are estimated.

        Args:
            vector: the image model's, float32 [dim].
            corrected: attributes corrected by the visitor, a value by column.
        """
        vectors = {IMAGE.name: vector}
        for model in self.bridges.links:
            vectors[model] = unit(self._estimated(model, vector))
        if FEATURES.name in vectors:
            chances = self.chances(vector, corrected or {})
            vectors[FEATURES.name] = self.bridges.estimator.vocabulary.vector(chances)
        return Query(PHOTO, vectors)

    def chances(self, photo: Float32, corrected: Mapping[str, str]) -> Float32:
        """Return the probability of each attribute of a photo, float32 [dimensions].

        Args:
            photo: the image model's vector, float32 [dim].
            corrected: as in `of_photo`.
        """
        chances = self.bridges.estimator.chances(self._estimated(FEATURES.name, photo))
        for column, value in corrected.items():
            chances = self._conditioned(chances, column, [value])
        return chances

    def with_words(
        self,
        query: Query,
        words: Mapping[str, Float32],
        weight: float,
        named: Iterable[NamedAttribute],
    ) -> Query:
        """Return a query with words added: each model's vector is interpolated with the words'.

        Args:
            query: to add the words to; one of kind `WORDS` without vectors for words alone.
            words: the words' unit vectors in the models that can encode them.
            weight: of the words' vectors, in [0, 1].
            named: the attributes that the words name.
        """
        vectors = dict(query.vectors)
        for model, of_words in words.items():
            own = vectors.get(model)
            vectors[model] = (
                of_words if own is None else unit((1 - weight) * own + weight * of_words)
            )
        features = self._with_attributes(vectors.get(FEATURES.name), named)
        if features.any():
            vectors[FEATURES.name] = features
        return dataclasses.replace(query, vectors=vectors)

    def _with_attributes(self, own: Float32 | None, named: Iterable[NamedAttribute]) -> Float32:
        """Return a features vector, ``None`` for none, changed to have the named attributes."""
        vocabulary = self.bridges.estimator.vocabulary
        chances = np.zeros(len(vocabulary.weights), np.float32)
        if own is not None:
            chances = vocabulary.shares(own)
        for each in named:
            chances = self._conditioned(chances, each.column, each.values)
        return vocabulary.vector(chances)

    def nearest(self, model: str, query: Query, k: int) -> Neighbours:
        """Return one model's ``k`` nearest articles; none if it cannot encode the query."""
        if model not in query.vectors:
            return Neighbours(NO_ARTICLES, np.empty(0, np.float32))
        vector, exclude = query.vectors[model], query.exclude.tolist()
        return self.indexes[model].search(vector, k, exclude, query.among, query.products)

    def nearby(self, query: Query) -> dict[str, Neighbours]:
        """Return the `CANDIDATES` nearest articles of each model that can encode the query."""
        return {model: self.nearest(model, query, CANDIDATES) for model in query.vectors}

    def combined(self, query: Query, nearby: Mapping[str, Neighbours], k: int) -> Fused:
        """Return the ``k`` best articles by the combined score.

        Args:
            query: any query.
            nearby: what `nearby` returned for it.
            k: number of articles to return.
        """
        rows = self.candidates(query, nearby)
        weights = query.weights or self.weights[query.kind].at(self.known(query))
        return fuse(rows, self.parts(query, rows), weights, k, query.products)

    def candidates(self, query: Query, nearby: Mapping[str, Neighbours]) -> Int32:
        """Return the articles that the combined model ranks, int32 in rising order."""
        found = [near.rows for near in nearby.values()]
        if len(query.basket):
            found += [self.sales.partners_of(article) for article in query.basket]
            found.append(self.sales.best_sellers)
        rows = np.setdiff1d(np.concatenate([NO_ARTICLES, *found]), query.exclude)
        return (rows if query.among is None else np.intersect1d(rows, query.among)).astype(np.int32)

    def parts(self, query: Query, rows: Int32) -> dict[str, Float32]:
        """Return the score of each row by part, float32 [rows].

        An article without a vector gets the model's typical cosine, so that a missing photo neither
        helps nor hurts.
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
        """Return the mean popularity of the query's articles, in [0, 1]."""
        popularity = self.sales.popularity[query.basket]
        return float(popularity.mean()) if len(popularity) else 0.0

    def own(self, model: str, rows: Int32) -> Float32:
        """Return query vectors of articles, float32 [rows, dim]; all must have a vector."""
        if model == TWO_TOWER.name:
            return unit(self.basket_rows[rows])
        index = self.indexes[model]
        return np.asarray(index.vectors[index.entry[rows]])

    def _estimated(self, model: str, photo: Float32) -> Float32:
        """Return a model's estimated vector of a photo, float32 [dim], not of unit length."""
        if self.bridges.crossings[model].method == RIDGE:
            return self.bridges.links[model](photo)
        near = self.indexes[IMAGE.name].search(photo, NEIGHBOURS)
        return np.asarray(self.own(model, near.rows).mean(axis=0))

    def _conditioned(self, chances: Float32, column: str, values: Sequence[str]) -> Float32:
        """Return all probabilities, given that ``column`` has one of ``values``.

        Probabilities of other columns' values are multiplied by their frequency among the distinct
        combinations of attributes with ``values``: a hat is no garment for the full body, whatever
        the photo showed. Columns without probabilities stay without.
        """
        vocabulary, index = self.bridges.estimator.vocabulary, self.indexes[FEATURES.name]
        at = vocabulary.spans[column]
        given = vocabulary.share(values, column)
        having = index.vectors[index.vectors[:, at][:, given > 0].any(axis=1)] > 0
        known = np.array([chances[span].any() for span in vocabulary.spans.values()])
        sizes = [span.stop - span.start for span in vocabulary.spans.values()]
        likely = (
            (chances + SMOOTHING) * having.mean(axis=0, dtype=np.float32) * np.repeat(known, sizes)
        )
        likely[at] = given
        return vocabulary.shares(likely * vocabulary.weights)

    def _of(self, kind: str, basket: Int32, exclude: Int32) -> Query:
        """Return the query of articles: the mean of their vectors in each model."""
        vectors = {TWO_TOWER.name: basket_query(self.basket_rows[basket])}
        for model, index in self.indexes.items():
            entries = index.entry[basket]
            entries = entries[entries != NO_VECTOR]
            if model != TWO_TOWER.name and len(entries):
                vectors[model] = unit(index.vectors[entries].mean(axis=0))
        return Query(kind, vectors, basket, exclude)

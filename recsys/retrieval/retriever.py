"""Which articles each model finds for a query: rows and scores, nothing of names or pictures."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from recsys.models.cross_modal import NEIGHBOURS, RIDGE, Bridges
from recsys.models.purchase_counts import Sales
from recsys.models.registry import FEATURES, IMAGE, TWO_TOWER
from recsys.models.two_tower import basket_query
from recsys.retrieval.attributes import NamedAttribute
from recsys.retrieval.fusion import CO_PURCHASE, POPULARITY, RECENCY, Fused, Weights, fuse
from recsys.retrieval.index import ArticleIndex, Neighbours
from recsys.vectors import NO_VECTOR, Float32, Int32, fingerprint, key_of, unit

ARTICLE, BASKET, PHOTO, WORDS = "article", "basket", "photo", "words"
KINDS = (ARTICLE, BASKET, PHOTO, WORDS)
"""What can be asked about; each has its own weights."""

CANDIDATES = 200
"""How many of each model's nearest articles the combined model chooses from."""

DOUBT = np.float32(1e-3)
"""A chance that is left to every value: a photo can be misread altogether."""

NOBODY = np.empty(0, np.int32)


@dataclass(frozen=True)
class Query:
    """What is asked.

    Attributes:
        kind: one of `KINDS`.
        vectors: a unit vector for each model that can read what is asked about.
        basket: int32, the articles that are asked about, if any.
        exclude: int32, articles that are no answer.
        among: int32 in rising order, the only articles that may be answers; ``None`` for all.
        products: int32 [articles], each article's product, of which only the best is an answer;
            ``None`` for no such rule.
        weights: by part of the combined model; ``None`` for those that were learned.
    """

    kind: str
    vectors: dict[str, Float32]
    basket: Int32 = field(default_factory=lambda: NOBODY)
    exclude: Int32 = field(default_factory=lambda: NOBODY)
    among: Int32 | None = None
    products: Int32 | None = None
    weights: Mapping[str, float] | None = None


@dataclass(frozen=True)
class Retrieval:
    """All that answers are found with.

    Attributes:
        indexes: the searchable articles of each single model.
        typical: each model's mean cosine between two random articles.
        basket_rows: float32 [articles, dim], what each article adds to a two-tower basket.
        sales: what was bought.
        weights: of the combined model, by kind of query.
        bridges: what guesses the other models' vectors from a photo's.
    """

    indexes: Mapping[str, ArticleIndex]
    typical: Mapping[str, float]
    basket_rows: Float32
    sales: Sales
    weights: Mapping[str, Weights]
    bridges: Bridges

    def key(self) -> str:
        """Return a short name for all that finds answers, the weights aside."""
        found = [each for index in self.indexes.values() for each in (index.vectors, index.entry)]
        links = [link.matrix for link in self.bridges.links.values()]
        arrays = (*found, self.basket_rows, *self.sales.scoring, *links)
        methods = {model: each.method for model, each in self.bridges.crossings.items()}
        return key_of(fingerprint(*arrays), methods, dict(self.bridges.reader.temperature))

    def of_article(self, row: int) -> Query:
        """Return the query for what is like an article."""
        return self._of(ARTICLE, np.array([row], np.int32), np.array([row], np.int32))

    def of_basket(self, basket: Int32, exclude: Int32) -> Query:
        """Return the query for what goes with a basket, int32, one article or more."""
        return self._of(BASKET, basket, exclude)

    def of_photo(self, vector: Float32, corrected: Mapping[str, str] | None = None) -> Query:
        """Return the query for what is like a photo; models that read no photos get a guess.

        Args:
            vector: the image model's, float32 [dim].
            corrected: what the photo shows in truth, a value by column.
        """
        vectors = {IMAGE.name: vector}
        for model in self.bridges.links:
            vectors[model] = unit(self._guessed(model, vector))
        if FEATURES.name in vectors:
            chances = self.chances(vector, corrected or {})
            vectors[FEATURES.name] = self.bridges.reader.vocabulary.vector(chances)
        return Query(PHOTO, vectors)

    def chances(self, photo: Float32, corrected: Mapping[str, str]) -> Float32:
        """Return the chance of each value of each attribute, float32 [dimensions]."""
        reader = self.bridges.reader
        chances = reader.chances(self._guessed(FEATURES.name, photo))
        for column, value in corrected.items():
            chances = self._given(chances, column, [value])
        return chances

    def with_words(
        self,
        query: Query,
        words: Mapping[str, Float32],
        weight: float,
        named: Iterable[NamedAttribute],
    ) -> Query:
        """Return a query with words added: each model's vector is moved towards them.

        Args:
            query: what the words are added to; one of `WORDS` without vectors for words alone.
            words: the words' unit vectors in the models that can read them.
            weight: how much of a vector is the words', in [0, 1].
            named: the attributes that the words name.
        """
        vectors = dict(query.vectors)
        for model, said in words.items():
            own = vectors.get(model)
            vectors[model] = said if own is None else unit((1 - weight) * own + weight * said)
        vocabulary, own = self.bridges.reader.vocabulary, vectors.get(FEATURES.name)
        chances = np.zeros(len(vocabulary.weights), np.float32)
        if own is not None:
            chances = vocabulary.shares(own)
        for each in named:
            chances = self._given(chances, each.column, each.values)
        if chances.any():
            vectors[FEATURES.name] = vocabulary.vector(chances)
        return dataclasses.replace(query, vectors=vectors)

    def nearest(self, model: str, query: Query, k: int) -> Neighbours:
        """Return the ``k`` nearest articles in one model's eyes; none if it cannot read a query."""
        if model not in query.vectors:
            return Neighbours(NOBODY, np.empty(0, np.float32))
        vector, exclude = query.vectors[model], query.exclude.tolist()
        return self.indexes[model].search(vector, k, exclude, query.among, query.products)

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
        weights = query.weights or self.weights[query.kind].at(self.known(query))
        return fuse(rows, self.parts(query, rows), weights, k, query.products)

    def candidates(self, query: Query, nearby: Mapping[str, Neighbours]) -> Int32:
        """Return the articles that the combined model looks at, int32 in rising order."""
        found = [near.rows for near in nearby.values()]
        if len(query.basket):
            found += [self.sales.partners_of(article) for article in query.basket]
            found.append(self.sales.best_sellers)
        rows = np.setdiff1d(np.concatenate([NOBODY, *found]), query.exclude)
        return (rows if query.among is None else np.intersect1d(rows, query.among)).astype(np.int32)

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

    def own(self, model: str, rows: Int32) -> Float32:
        """Return what articles ask a model with, float32 [rows, dim]; all must have a vector."""
        if model == TWO_TOWER.name:
            return unit(self.basket_rows[rows])
        index = self.indexes[model]
        return np.asarray(index.vectors[index.entry[rows]])

    def _guessed(self, model: str, photo: Float32) -> Float32:
        """Return where a model would put what a photo shows, float32 [dim], of any length."""
        if self.bridges.crossings[model].method == RIDGE:
            return self.bridges.links[model](photo)
        near = self.indexes[IMAGE.name].search(photo, NEIGHBOURS)
        return np.asarray(self.own(model, near.rows).mean(axis=0))

    def _given(self, chances: Float32, column: str, values: Sequence[str]) -> Float32:
        """Return the chances of all attributes, given that one is one of some values.

        What is known of the others is weighed by its share of the distinct rows of attributes with
        those values: a hat is no garment for the full body, whatever the photo showed. Where
        nothing is known of a column, nothing is said of it.
        """
        vocabulary, index = self.bridges.reader.vocabulary, self.indexes[FEATURES.name]
        at = vocabulary.spans[column]
        meant = vocabulary.share(values, column)
        having = index.vectors[index.vectors[:, at][:, meant > 0].any(axis=1)] > 0
        known = np.array([chances[span].any() for span in vocabulary.spans.values()])
        sizes = [span.stop - span.start for span in vocabulary.spans.values()]
        likely = (chances + DOUBT) * having.mean(axis=0, dtype=np.float32) * np.repeat(known, sizes)
        likely[at] = meant
        return vocabulary.shares(likely * vocabulary.weights)

    def _of(self, kind: str, basket: Int32, exclude: Int32) -> Query:
        vectors = {TWO_TOWER.name: basket_query(self.basket_rows[basket])}
        for model, index in self.indexes.items():
            entries = index.entry[basket]
            entries = entries[entries != NO_VECTOR]
            if model != TWO_TOWER.name and len(entries):
                vectors[model] = unit(index.vectors[entries].mean(axis=0))
        return Query(kind, vectors, basket, exclude)

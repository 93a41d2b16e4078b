"""Answer queries from one release: ranked matches of each model. No web pages here."""

import dataclasses
import logging
import random
from collections.abc import Mapping, Sequence
from functools import cached_property
from types import MappingProxyType

import numpy as np

from recsys.catalog.photos import decode_photo
from recsys.catalog.questions import BASKET_SIZE
from recsys.errors import QueryError
from recsys.evaluation.report import Evaluation
from recsys.models.registry import COUNTS, FEATURES, IMAGE
from recsys.release.reader import Release
from recsys.retrieval.attributes import NAMED
from recsys.retrieval.facets import Facets, Filters
from recsys.retrieval.retriever import NO_ARTICLES, Query
from recsys.serving import telemetry
from recsys.serving.article_lookup import Articles
from recsys.serving.catalog_summary import CatalogSummary, summarize
from recsys.serving.encoders import Encoders
from recsys.serving.examples import Examples, find_examples
from recsys.serving.galleries import Galleries, basket_notes, buy_again, search_notes
from recsys.serving.request import (
    DEFAULT_MATCHES,
    MOST_MATCHES,
    SearchRequest,
    check_basket,
    check_count,
    normalized_words,
)
from recsys.serving.resolution import RequestResolver, ResolvedRequest, values_named
from recsys.serving.results import (
    Answer,
    Article,
    BasketAnswer,
    Explanation,
    FacetedAnswer,
    PhotoAttribute,
    PossibleValue,
)
from recsys.serving.shopper_lookup import unknown_shopper
from recsys.vectors import NO_VECTOR, Float32, Int32

logger = logging.getLogger(__name__)

PHOTO_VALUES = 4
"""Likeliest values shown of each attribute of a photo."""


class Recommender:
    """Answers queries from one release. Safe to share between threads.

    Args:
        release: an opened release.
        encoders: of the release; by default new ones, loaded when first needed.

    Attributes:
        articles: looks articles up.
    """

    def __init__(self, release: Release, encoders: Encoders | None = None) -> None:
        self.release, self.retrieval = release, release.retrieval
        self.encoders = encoders or Encoders.of(release)
        self.articles = Articles(release)
        self._galleries = Galleries(release.retrieval, self.articles)
        self._resolver = RequestResolver(release, self.articles, self.encoders)

    # The catalogue

    @property
    def release_version(self) -> str:
        """The version of the release: the start of its checksum."""
        return self.release.manifest.version

    @property
    def evaluation(self) -> Evaluation:
        """How well each model did on test shoppers, as the release's manifest records it."""
        return self.release.manifest.evaluation

    @property
    def example_phrases(self) -> tuple[str, ...]:
        """Example word queries; they are answered without an encoder."""
        return tuple(self.release.phrases)

    @property
    def article_count(self) -> int:
        """Number of articles."""
        return len(self.articles)

    @property
    def photo_count(self) -> int:
        """Number of articles with a photo."""
        return self.articles.photo_count

    @property
    def prices(self) -> tuple[float, float]:
        """The lowest and the highest price; both NaN where nothing was ever sold."""
        return self.articles.prices

    @cached_property
    def catalog_summary(self) -> CatalogSummary:
        """Figures and maps of the whole catalogue."""
        return summarize(self.release)

    @cached_property
    def examples(self) -> Examples:
        """Examples of every kind of search."""
        return find_examples(self.release, self.articles, self._pictured)

    @property
    def facets(self) -> Facets:
        """Filters the articles."""
        return self._resolver.facets

    @property
    def has_colours(self) -> bool:
        """Whether any product comes in several articles, its colours."""
        return int(self._resolver.products.max()) + 1 < self.article_count

    @property
    def currency(self) -> str:
        """ISO 4217 code of the catalogue's prices; empty where they have none."""
        return self.release.manifest.currency

    def shoppers(self) -> list[str]:
        """Return the aliases of the release's shoppers."""
        return list(self.release.shoppers)

    def row(self, text: str) -> int:
        """Return the row of an article, given its id with or without leading zeros and spaces.

        Raises:
            QueryError: ``text`` is not an article id, or the catalogue has no such article.
        """
        return self.articles.row(text)

    def article(self, text: str) -> Article:
        """Return an article by its id.

        Raises:
            QueryError: as `row`.
        """
        return self.articles.at(self.row(text))

    def random_article(self, rng: random.Random) -> Article:
        """Return a random article, one with a photo if there are any."""
        return self.articles.random(rng)

    def example_articles(self, count: int) -> list[Article]:
        """Return up to ``count`` articles with photos, evenly spread over the catalogue."""
        return self.articles.examples(count)

    # Photos

    def photo(self, text: str) -> bytes | None:
        """Return the JPEG of an article's photo, ``None`` where it has none.

        Raises:
            QueryError: as `row`.
        """
        return self.release.photo(self.row(text))

    def photo_vector(self, text: str) -> Float32:
        """Return the image model's vector, float32 [dim], of an article's photo.

        Raises:
            QueryError: as `row`, or the article has no photo.
        """
        row, index = self.row(text), self.release.indexes[IMAGE.name]
        if index.entry[row] == NO_VECTOR:
            raise QueryError(f"Article {self.articles.at(row).article_id} has no photo.")
        return np.asarray(index.vectors[index.entry[row]])

    def encode_photo(self, data: bytes) -> Float32:
        """Return the image model's vector, float32 [dim], of a picture file, given as its bytes.

        Raises:
            PhotoError: ``data`` is not a picture that can be read.
            QueryError: the image encoder cannot be used; the log says why.
        """
        with telemetry.query("upload", self.release_version, 0):
            picture = decode_photo(data)
            return self.encoders.encode_photo(picture)

    # Searches

    def check_corrections(self, corrected: Mapping[str, str]) -> None:
        """Raise `QueryError` unless a photo can show these attributes."""
        self._resolver.check_corrections(corrected)

    def ready(self, request: SearchRequest) -> bool:
        """Whether a search can be answered without loading an encoder first."""
        words = normalized_words(request.words)
        return not words or words in self.release.phrases or self.encoders.ready

    def search(self, request: SearchRequest, k: int = DEFAULT_MATCHES) -> Answer:
        """Return the ``k`` best articles by each model.

        Raises:
            QueryError: the request or ``k`` is not valid, or an encoder cannot be used; the
                message is for visitors.
        """
        with telemetry.query(request.kind, self.release_version, k, request.words):
            check_count(k)
            return self._answer(request, self._resolver.resolve(request), k)

    def search_with_facets(
        self, request: SearchRequest, k: int = DEFAULT_MATCHES, most: int = MOST_MATCHES
    ) -> FacetedAnswer:
        """Return the answer to a search with the filters and weights to refine it by.

        Args:
            request: the search.
            k: number of matches of each model.
            most: the largest ``k`` that is allowed, up to `CANDIDATES`.

        Raises:
            QueryError: as `search`.
        """
        with telemetry.query(request.kind, self.release_version, k, request.words):
            check_count(k, most)
            resolved = self._resolver.resolve(request)
            return FacetedAnswer(
                self._answer(request, resolved, k),
                self.facets.counts(request.filters, values_named(resolved.named)),
                self._weights(resolved.query),
                self.possible(request),
            )

    def possible(self, request: SearchRequest) -> int:
        """Return how many articles can be matches of a search, without an encoder.

        Raises:
            QueryError: the request is not valid.
        """
        return self._resolver.possible(request)

    def explain(self, request: SearchRequest, text: str) -> Explanation:
        """Return how each model scores one article for a search, however low it ranks.

        Raises:
            QueryError: as `search` and `row`.
        """
        row, resolved = self.row(text), self._resolver.resolve(request)
        only = np.array([row], np.int32)
        query = dataclasses.replace(resolved.query, among=only, exclude=NO_ARTICLES, products=None)
        galleries = self._galleries.find(query, 1, {})
        sales = self.retrieval.sales
        return Explanation(
            self.articles.at(row),
            {each.model.name: each.matches[0] for each in galleries if each.matches},
            0 if resolved.row is None else sales.shared_with(resolved.row, row),
        )

    def similar_to_article(self, text: str, k: int = DEFAULT_MATCHES) -> Answer:
        """Return the ``k`` articles most similar to an article by each model.

        Raises:
            QueryError: as `search`.
        """
        return self.search(SearchRequest(article=str(text)), k)

    def similar_to_photo(
        self,
        data: bytes,
        k: int = DEFAULT_MATCHES,
        corrected: Mapping[str, str] = MappingProxyType({}),
    ) -> Answer:
        """Return the ``k`` articles most similar to a picture file by each model.

        Args:
            data: the bytes of the file.
            k: number of matches of each model.
            corrected: attributes of the photo that the visitor corrected, a value by column.

        Raises:
            PhotoError: as `encode_photo`.
            QueryError: as `search`.
        """
        check_count(k)
        self.check_corrections(corrected)
        return self.search(SearchRequest(photo=self.encode_photo(data), corrected=corrected), k)

    # Baskets and shoppers

    def for_basket(
        self, texts: Sequence[str], k: int = DEFAULT_MATCHES, most: int = MOST_MATCHES
    ) -> BasketAnswer:
        """Return ``k`` articles by each model that go with a basket, given as article ids.

        ``most`` is as in `search_with_facets`.

        Raises:
            QueryError: as `row`, the basket is empty or too large, or ``k`` is out of range.
        """
        with telemetry.query("basket", self.release_version, k):
            check_count(k, most)
            check_basket(texts)
            rows = np.array([self.row(text) for text in texts], np.int32)
            return self._basket_answer("", rows, rows, k)

    def for_shopper(
        self, alias: str, k: int = DEFAULT_MATCHES, most: int = MOST_MATCHES
    ) -> BasketAnswer:
        """Return ``k`` articles by each model for a shopper of the release, none of which they own.

        ``most`` is as in `search_with_facets`.

        Raises:
            QueryError: the release has no such shopper, or ``k`` is out of range.
        """
        with telemetry.query("shopper", self.release_version, k):
            check_count(k, most)
            alias = str(alias).strip()
            if alias not in self.release.shoppers:
                raise unknown_shopper(alias)
            purchases = self.release.shoppers[alias].history
            return self._basket_answer(alias, purchases, purchases[-BASKET_SIZE:], k)

    def _basket_answer(self, alias: str, owned: Int32, basket: Int32, k: int) -> BasketAnswer:
        query = self.retrieval.of_basket(basket, np.unique(owned))
        latest_first = list(dict.fromkeys(owned[::-1].tolist()))
        return BasketAnswer(
            self.release_version,
            alias,
            tuple(self.articles.at(row) for row in latest_first[:MOST_MATCHES]),
            self._galleries.find(query, k, basket_notes(query)),
            buy_again(self.articles, owned, k) if alias else (),
        )

    # Answers

    def _pictured(self, words: str) -> Article | None:
        """Return the best match with a photo; ``None`` where there is none."""
        request = SearchRequest(words=words, filters=Filters(with_photo=True))
        combined = self._galleries.find(self._resolver.resolve(request).query, 1, {})[0]
        return combined.matches[0].article if combined.matches else None

    def _answer(self, request: SearchRequest, resolved: ResolvedRequest, k: int) -> Answer:
        return Answer(
            self.release_version,
            None if resolved.row is None else self.articles.at(resolved.row),
            self._galleries.find(resolved.query, k, search_notes(request, resolved.query)),
            resolved.words,
            resolved.named,
            self._photo_attributes(request),
        )

    def _weights(self, query: Query) -> Mapping[str, float]:
        """Return the weights of the parts that can score for a query, as in its answer."""
        learned = self.retrieval.weights[query.kind].at(self.retrieval.known(query))
        weights = query.weights or learned
        counted = COUNTS if len(query.basket) else ()
        return {
            part: weights.get(part, 0.0)
            for part in learned
            if part in query.vectors or part in counted
        }

    def _photo_attributes(self, request: SearchRequest) -> tuple[PhotoAttribute, ...]:
        """Return the estimated attributes of a request's photo; none where it has no photo."""
        if request.photo is None or FEATURES.name not in self.retrieval.bridges.links:
            return ()
        chances = self.retrieval.chances(request.photo, {})
        vocabulary = self.retrieval.bridges.estimator.vocabulary
        return tuple(
            _photo_attribute(
                column,
                vocabulary.values[column],
                chances[vocabulary.spans[column]],
                request.corrected.get(column),
            )
            for column in NAMED
        )


def _photo_attribute(
    column: str, values: Sequence[str], chances: Float32, corrected: str | None
) -> PhotoAttribute:
    """Return the likeliest values of an attribute, with a corrected one before all others."""
    best = np.argsort(-chances, kind="stable")[:PHOTO_VALUES]
    likeliest = [PossibleValue(values[at], float(chances[at])) for at in best]
    if corrected is not None:
        others = (each for each in likeliest if each.value != corrected)
        likeliest = [PossibleValue(corrected, 1.0), *others]
    return PhotoAttribute(column, tuple(likeliest))

"""Turn a request into the query for the models: checks, look-ups, filters."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from recsys.errors import QueryError
from recsys.release.reader import Release
from recsys.retrieval.attributes import NAMED, AttributeVocabulary, NamedAttribute
from recsys.retrieval.facets import Facets, Filters, Mask
from recsys.retrieval.retriever import WORDS, Query
from recsys.serving.article_lookup import Articles
from recsys.serving.encoders import Encoders
from recsys.serving.request import SearchRequest, check_weights, checked_words, shortened
from recsys.vectors import Float32, Int32


@dataclass(frozen=True)
class ResolvedRequest:
    """A checked request, and everything that it refers to.

    Attributes:
        row: of the article that it searches by; ``None`` for none.
        words: normalized.
        named: the attributes that the words name.
        query: for the models, limited to the articles that pass the filters.
    """

    row: int | None
    words: str
    named: tuple[NamedAttribute, ...]
    query: Query


class RequestResolver:
    """Resolves requests in one release. Safe to share between threads."""

    def __init__(self, release: Release, articles: Articles, encoders: Encoders) -> None:
        self.release, self.articles, self.encoders = release, articles, encoders
        self.retrieval = release.retrieval

    @cached_property
    def facets(self) -> Facets:
        """Filters the articles."""
        return Facets(self.release.articles, self.release.with_photo, self.release.prices)

    @cached_property
    def attributes(self) -> AttributeVocabulary:
        """Finds the attributes that words name."""
        return AttributeVocabulary(self.retrieval.bridges.estimator.vocabulary)

    @cached_property
    def products(self) -> Int32:
        """The product of each article, int32 [articles]."""
        return pd.factorize(self.release.articles["product_code"])[0].astype(np.int32)

    def check_corrections(self, corrected: Mapping[str, str]) -> None:
        """Raise `QueryError` unless a photo can show these attributes."""
        if not isinstance(corrected, Mapping):
            raise QueryError("What is corrected is a value by column.")
        values = self.retrieval.bridges.estimator.vocabulary.values
        for column, value in corrected.items():
            if column not in NAMED or value not in values[column]:
                raise QueryError(
                    f"There is no {shortened(value)} among the values of {column!r:.60}."
                )

    def resolve(self, request: SearchRequest) -> ResolvedRequest:
        """Check a request, look up what it refers to, and make its query.

        Raises:
            QueryError: the request is not valid, or an encoder cannot be used.
        """
        words = checked_words(request)
        self.check_corrections(request.corrected)
        self.facets.check(request.filters)
        check_weights(request.weights)
        row = None if request.article is None else self.articles.row(request.article)
        named = self._named(words, request)
        query = self._query(request, row)
        if words:
            vectors, weight = self._word_vectors(words), float(request.weight)
            query = self.retrieval.with_words(query, vectors, weight, named)
        query = self._limited(query, request, row, self._passing(request, named))
        return ResolvedRequest(row, words, tuple(named), query)

    def possible(self, request: SearchRequest) -> int:
        """Return how many articles can be matches, without an encoder.

        Raises:
            QueryError: the request is not valid.
        """
        words = checked_words(request)
        self.facets.check(request.filters)
        passing = self._passing(request, self._named(words, request))
        if request.article is not None:
            passing[self._own(request, self.articles.row(request.article))] = False
        return int(passing.sum())

    def _named(self, words: str, request: SearchRequest) -> list[NamedAttribute]:
        named = self.attributes.named(words)
        return [each for each in named if each.column not in request.ignored]

    def _passing(self, request: SearchRequest, named: Sequence[NamedAttribute]) -> Mask:
        """Return which articles pass the filters and have the named attributes, bool [articles]."""
        having = self.facets.passing(Filters(values_named(named)))
        return having & self.facets.passing(request.filters)

    def _own(self, request: SearchRequest, row: int) -> Int32:
        """Return the rows of a request's article, int32, which are never a match."""
        if not request.one_a_product:
            return np.array([row], np.int32)
        return np.flatnonzero(self.products == self.products[row]).astype(np.int32)

    def _query(self, request: SearchRequest, row: int | None) -> Query:
        """Return the query of an article or a photo; without vectors where there is neither."""
        if row is not None:
            return self.retrieval.of_article(row)
        if request.photo is not None:
            return self.retrieval.of_photo(request.photo, request.corrected)
        return Query(WORDS, {})

    def _word_vectors(self, words: str) -> Mapping[str, Float32]:
        """Return the vectors of words by model. Those of example phrases are in the release."""
        return self.release.phrases.get(words) or self.encoders.encode_words(words)

    def _limited(
        self, query: Query, request: SearchRequest, row: int | None, passing: Mask
    ) -> Query:
        """Return a query with a request's weights, and limits on what may be a match.

        Args:
            query: without limits.
            request: has the weights, and whether one article of each product is enough.
            row: of the article that the request searches by; ``None`` for none.
            passing: bool [articles], those that pass the filters and have the named attributes.
        """
        return dataclasses.replace(
            query,
            among=None if passing.all() else np.flatnonzero(passing).astype(np.int32),
            products=self.products if request.one_a_product else None,
            exclude=query.exclude if row is None else self._own(request, row),
            weights=dict(request.weights) or None,
        )


def values_named(named: Iterable[NamedAttribute]) -> dict[str, list[str]]:
    """Return the values that words name, by column. An article needs one of each column."""
    values: dict[str, list[str]] = {}
    for each in named:
        values.setdefault(each.column, []).extend(each.values)
    return values

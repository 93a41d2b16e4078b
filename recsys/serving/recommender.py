"""A query in, ranked matches per model out. Nothing here knows of web pages."""

import dataclasses
import math
import random
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from types import MappingProxyType

import numpy as np
import pandas as pd

from recsys.catalog.photos import decode_photo
from recsys.catalog.questions import BASKET_SIZE
from recsys.catalog.schema import ARTICLE_COLUMNS, DESCRIPTIVE_COLUMNS, normalize_article_id
from recsys.errors import QueryError
from recsys.models.registry import ALL, COMBINED, FEATURES, IMAGE, TEXT
from recsys.release.reader import Release
from recsys.retrieval.attributes import NAMED, AttributeVocabulary, NamedAttribute
from recsys.retrieval.facets import Facet, Facets, Filters, Mask
from recsys.retrieval.retriever import CANDIDATES, NOBODY, WORDS, Query
from recsys.serving import telemetry
from recsys.serving.encoders import Encoders
from recsys.serving.notes import note_of, notes_of, notes_of_basket
from recsys.serving.request import (
    DEFAULT_MATCHES,
    MOST_MATCHES,
    SearchRequest,
    check_count,
    check_weights,
    checked_words,
)
from recsys.serving.results import (
    Answer,
    Article,
    BasketAnswer,
    Explanation,
    Gallery,
    Match,
    PhotoAttribute,
    PossibleValue,
)
from recsys.vectors import DECIMALS, NO_VECTOR, Float32, Int32, spread_evenly

LARGEST_BASKET = 50
"""How many articles a visitor may name."""

REMEMBERED = 1000
"""How many words' vectors are kept."""

PRICE_DECIMALS = 6
"""As many as H&M's prices have that mean anything: they are scaled to a few hundredths."""

GUESSES = 4
"""How many values of an attribute are told of a photo."""


class Recommender:
    """Answers queries from one release. Safe to share between threads.

    Args:
        release: what it answers from.
        readers: read photos and words; those of another release may be handed on.
    """

    def __init__(self, release: Release, readers: Encoders | None = None) -> None:
        self.release = release
        self.readers = readers or Encoders.of(release)
        # Plain lists: reading one cell of a DataFrame costs a hundred times as much.
        self._text = {column: release.articles[column].tolist() for column in ARTICLE_COLUMNS}
        self._row = {id_: row for row, id_ in enumerate(self._text["article_id"])}
        # Who moves a slider or turns a page asks with the same words again.
        self._read = lru_cache(REMEMBERED)(self._read_words)

    @property
    def release_version(self) -> str:
        """The version of the release that answers: the start of its checksum."""
        return self.release.manifest.version

    def article(self, text: str) -> Article:
        """Look up an article by its id, with or without leading zeros and spaces.

        Raises:
            QueryError: ``text`` is not an article id, or the catalogue has no such article.
        """
        return self._article(self.row(text))

    def surprise(self, chance: random.Random) -> Article:
        """Return an article drawn at random, one with a photo if there are any."""
        rows = np.flatnonzero(self.release.with_photo)
        return self._article(int(chance.choice(rows if len(rows) else range(len(self._row)))))

    def examples(self, count: int) -> list[Article]:
        """Return up to ``count`` articles with photos, spread evenly over the catalogue."""
        rows = np.flatnonzero(self.release.with_photo)
        return [self._article(int(row)) for row in rows[spread_evenly(count, len(rows))]]

    def photo(self, text: str) -> bytes | None:
        """Return the JPEG of an article's photo, ``None`` where it has none.

        Raises:
            QueryError: as `article`.
        """
        return self.release.photo(self.row(text))

    def similar_to_article(self, text: str, k: int = DEFAULT_MATCHES) -> Answer:
        """Return the ``k`` articles nearest to an article in every model's eyes.

        Raises:
            QueryError: as `article`, or ``k`` is out of range.
        """
        return self.search(SearchRequest(article=str(text)), k)

    def similar_to_photo(
        self,
        data: bytes,
        k: int = DEFAULT_MATCHES,
        corrected: Mapping[str, str] = MappingProxyType({}),
    ) -> Answer:
        """Return the ``k`` articles nearest to a new photo, given as the bytes of a picture file.

        Args:
            data: the file.
            k: how many to return.
            corrected: what the photo shows in truth, a value by column.

        Raises:
            PhotoError: ``data`` is not a picture that can be read.
            QueryError: ``k`` is out of range, or there is no such value.
            EncoderError: the image encoder cannot be loaded.
            ReleaseError: it is not the one that made the release's vectors.
        """
        check_count(k)
        self.check_corrections(corrected)
        return self.search(SearchRequest(photo=self.read(data), corrected=corrected), k)

    def read(self, data: bytes) -> Float32:
        """Return the vector, float32 [dim], of a new photo, given as the bytes of a picture file.

        Raises:
            PhotoError: ``data`` is not a picture that can be read.
            EncoderError: the image encoder cannot be loaded.
            ReleaseError: it is not the one that made the release's vectors.
        """
        with telemetry.query("upload", self.release_version, 0):
            picture = decode_photo(data)
            with telemetry.timed(telemetry.ENCODING):
                return self.readers.photos.read(picture)

    def photo_vector(self, text: str) -> Float32:
        """Return the vector, float32 [dim], of an article's photo, as if a visitor had brought it.

        Raises:
            QueryError: as `article`, or it has no photo.
        """
        row, index = self.row(text), self.release.indexes[IMAGE.name]
        if index.entry[row] == NO_VECTOR:
            raise QueryError(f"Article {self._text['article_id'][row]} has no photo.")
        return np.asarray(index.vectors[index.entry[row]])

    def ready(self, search: SearchRequest) -> bool:
        """Whether a search can be answered without waiting for an encoder to be loaded."""
        words = " ".join(search.words.split())
        return not words or words in self.release.phrases or self.readers.ready

    def explain(self, search: SearchRequest, text: str) -> Explanation:
        """Return how a search's answer comes to find an article, be it among the first or not.

        Raises:
            QueryError: as `search` and `article`.
        """
        row = self.row(text)
        query = dataclasses.replace(
            self._query(search, self._named_in(checked_words(search), search)),
            among=np.array([row], np.int32),
            exclude=NOBODY,
        )
        galleries = self._galleries(query, 1, {})
        asked = None if search.article is None else self.row(search.article)
        shared = 0 if asked is None else self.release.retrieval.sales.shared_with(asked, row)
        return Explanation(
            self._article(row),
            {each.model.name: each.matches[0] for each in galleries if each.matches},
            shared,
        )

    def search(self, search: SearchRequest, k: int = DEFAULT_MATCHES) -> Answer:
        """Return the ``k`` articles that every model finds for a search.

        Raises:
            QueryError: as `article`, ``k`` is out of range, or something is wrong in the search;
                the message says what.
            EncoderError: an encoder cannot be loaded.
            ReleaseError: it is not the one that made the release's vectors.
        """
        with telemetry.query(search.kind, self.release_version, k, search.words):
            return self._search(search, k)

    def choices(self, search: SearchRequest) -> tuple[Facet, ...]:
        """Return what the answers to a search can be narrowed down to.

        Raises:
            QueryError: as `search`.
        """
        self.facets.check(search.filters)
        named = self._named_in(checked_words(search), search)
        return self.facets.counts(search.filters, self._having(named))

    def weights(self, search: SearchRequest) -> Mapping[str, float]:
        """Return what each part of the combined model weighs in the answer to a search.

        Raises:
            QueryError: as `article`.
        """
        row = None if search.article is None else self.row(search.article)
        retrieval, query = self.release.retrieval, self._asked(row, search)
        learned = retrieval.weights[query.kind].at(retrieval.known(query))
        return (
            {part: search.weights.get(part, 0.0) for part in learned} if search.weights else learned
        )

    def for_basket(self, texts: Sequence[str], k: int = DEFAULT_MATCHES) -> BasketAnswer:
        """Return ``k`` articles that go with a basket, given as article ids.

        Raises:
            QueryError: as `article`, the basket is empty or too large, or ``k`` is out of range.
        """
        with telemetry.query("basket", self.release_version, k):
            check_count(k)
            if not 1 <= len(texts) <= LARGEST_BASKET:
                raise QueryError(f"Name 1 to {LARGEST_BASKET} articles, not {len(texts)}.")
            rows = np.array([self.row(text) for text in texts], np.int32)
            return self._for_basket("", rows, rows, k)

    def for_shopper(self, alias: str, k: int = DEFAULT_MATCHES) -> BasketAnswer:
        """Return ``k`` articles for a shopper of the release, none of which they own.

        Raises:
            QueryError: there is no such shopper, or ``k`` is out of range.
        """
        with telemetry.query("shopper", self.release_version, k):
            check_count(k)
            alias = str(alias).strip()
            if alias not in self.release.shoppers:
                raise QueryError(f"There is no shopper {_shortened(alias)} in this release.")
            history = self.release.shoppers[alias].history
            return self._for_basket(alias, history, history[-BASKET_SIZE:], k)

    def shoppers(self) -> list[str]:
        """Return the aliases that can be asked for."""
        return list(self.release.shoppers)

    @cached_property
    def attributes(self) -> AttributeVocabulary:
        """Finds the attributes that words name."""
        return AttributeVocabulary(self.release.retrieval.bridges.reader.vocabulary)

    @cached_property
    def prices(self) -> tuple[float, float]:
        """The lowest and the highest price; NaN both where nothing was ever sold."""
        known = self.release.prices[~np.isnan(self.release.prices)]
        return (float(known.min()), float(known.max())) if len(known) else (math.nan, math.nan)

    @cached_property
    def facets(self) -> Facets:
        """Filters the articles."""
        return Facets(self.release.articles, self.release.with_photo, self.release.prices)

    @cached_property
    def _products(self) -> Int32:
        """Each article's product, int32 [articles]."""
        return pd.factorize(self.release.articles["product_code"])[0].astype(np.int32)

    def row(self, text: str) -> int:
        """Return an article's row in the release.

        Raises:
            QueryError: as `article`.
        """
        text = str(text)  # programs may send a number
        try:
            article_id = normalize_article_id(text)
        except ValueError as error:
            raise QueryError(f"{_shortened(text)} is not an article id: {error}.") from error
        if article_id not in self._row:
            raise QueryError(f"There is no article {article_id} in this catalogue.")
        return self._row[article_id]

    def _search(self, search: SearchRequest, k: int) -> Answer:
        check_count(k)
        words = checked_words(search)
        self.check_corrections(search.corrected)
        self.facets.check(search.filters)
        check_weights(search.weights)
        row = None if search.article is None else self.row(search.article)
        named = self._named_in(words, search)
        query = self._query(search, named)
        query = self._limited(query, row, search, self._having(named))
        return Answer(
            self.release_version,
            None if row is None else self._article(row),
            self._galleries(query, k, notes_of(search, query)),
            words,
            tuple(named),
            self._reading(search),
        )

    def _asked(self, row: int | None, search: SearchRequest) -> Query:
        """Return the query for an article or a photo, or one that asks nothing yet."""
        retrieval = self.release.retrieval
        if row is not None:
            return retrieval.of_article(row)
        if search.photo is not None:
            return retrieval.of_photo(search.photo, search.corrected)
        return Query(WORDS, {})

    def _query(self, search: SearchRequest, named: Sequence[NamedAttribute]) -> Query:
        """Return the query for an article or a photo, words, or both; nothing is left out yet."""
        row = None if search.article is None else self.row(search.article)
        query, words = self._asked(row, search), checked_words(search)
        if words:
            said = self._said(words)
            query = self.release.retrieval.with_words(query, said, float(search.weight), named)
        return dataclasses.replace(query, weights=dict(search.weights) or None)

    def _said(self, words: str) -> dict[str, Float32]:
        """Return the words' vectors in the models that can read them.

        Those of the release's own phrases are known without an encoder.
        """
        return self.release.phrases.get(words) or self._read(words)

    def _read_words(self, words: str) -> dict[str, Float32]:
        with telemetry.timed(telemetry.ENCODING):
            said = {TEXT.name: self.readers.words.read(words)}
            if self.readers.photos.knows_words:
                said[IMAGE.name] = self.readers.photos.read_words(words)
        return said

    def _named_in(self, words: str, search: SearchRequest) -> list[NamedAttribute]:
        """Return the attributes that words name, without those that they do not mean."""
        named = self.attributes.named(words)
        return [each for each in named if each.column not in search.ignored]

    def _having(self, named: Sequence[NamedAttribute]) -> Mask:
        """Return which articles have the attributes that words name, bool [articles].

        Of several attributes in one column an article needs one.
        """
        values: dict[str, list[str]] = {}
        for each in named:
            values.setdefault(each.column, []).extend(each.values)
        return self.facets.passing(Filters(values))

    def _limited(self, query: Query, row: int | None, search: SearchRequest, named: Mask) -> Query:
        """Return a query whose answers are asked for, and have what the words name."""
        passing = named & self.facets.passing(search.filters)
        among = None if passing.all() else np.flatnonzero(passing).astype(np.int32)
        products, exclude = None, query.exclude
        if search.one_a_product:
            products = self._products
            if row is not None:
                exclude = np.flatnonzero(products == products[row]).astype(np.int32)
        return dataclasses.replace(
            query,
            among=among,
            products=products,
            exclude=exclude,
        )

    def _reading(self, search: SearchRequest) -> tuple[PhotoAttribute, ...]:
        """Return what the photo shows, if one is asked about."""
        retrieval = self.release.retrieval
        if search.photo is None or FEATURES.name not in retrieval.bridges.links:
            return ()
        chances = retrieval.chances(search.photo, {})
        vocabulary = retrieval.bridges.reader.vocabulary
        readings = []
        for column in NAMED:
            own = chances[vocabulary.spans[column]]
            best = np.argsort(-own, kind="stable")[:GUESSES]
            guesses = [PossibleValue(vocabulary.values[column][at], float(own[at])) for at in best]
            if column in search.corrected:
                said = search.corrected[column]
                guesses = [PossibleValue(said, 1.0), *(g for g in guesses if g.value != said)]
            readings.append(PhotoAttribute(column, tuple(guesses)))
        return tuple(readings)

    def check_corrections(self, corrected: Mapping[str, str]) -> None:
        """Raise `QueryError` unless a photo can show these values, one by column."""
        if not isinstance(corrected, Mapping):
            raise QueryError("What is corrected is a value by column.")
        values = self.release.retrieval.bridges.reader.vocabulary.values
        for column, value in corrected.items():
            if column not in NAMED or value not in values[column]:
                raise QueryError(
                    f"There is no {_shortened(value)} among the values of {column!r:.60}."
                )

    def _for_basket(self, alias: str, owned: Int32, asking: Int32, k: int) -> BasketAnswer:
        query = self.release.retrieval.of_basket(asking, np.unique(owned))
        latest = list(dict.fromkeys(owned[::-1].tolist()))
        return BasketAnswer(
            self.release_version,
            alias,
            tuple(self._article(row) for row in latest[:MOST_MATCHES]),
            self._galleries(query, k, notes_of_basket(query)),
            self._again(owned, k) if alias else (),
        )

    def _again(self, owned: Int32, k: int) -> tuple[Article, ...]:
        """Return what a shopper may buy again: what they bought most often, the latest first."""
        rows, counts = np.unique(owned, return_counts=True)
        latest = len(owned) - 1 - np.array([np.flatnonzero(owned[::-1] == row)[0] for row in rows])
        best = rows[np.lexsort((-latest, -counts))][:k]
        return tuple(self._article(int(row)) for row in best)

    def _galleries(self, query: Query, k: int, notes: Mapping[str, str]) -> tuple[Gallery, ...]:
        """Ask every model that can read the query, and all of them combined."""
        retrieval = self.release.retrieval
        nearby = {}
        for model in query.vectors:
            with telemetry.timed(model):
                nearby[model] = retrieval.nearest(model, query, CANDIDATES)
        with telemetry.timed(COMBINED.name):
            fused = retrieval.combined(query, nearby, k)
        # Where no part that counts knows the query, there is no order to show.
        rows = fused.rows if fused.contributions else fused.rows[:0]
        matches = {COMBINED.name: self._matches(rows, fused.scores, fused.contributions)}
        for name, near in nearby.items():
            scores = near.scores[:k]
            matches[name] = self._matches(near.rows[:k], scores, {name: scores})
        return tuple(
            Gallery(
                model,
                matches.get(model.name, ()),
                note_of(model, query, matches.get(model.name, ()), notes.get(model.name, "")),
            )
            for model in ALL
        )

    def _matches(
        self, rows: Int32, scores: Float32, parts: Mapping[str, Float32]
    ) -> tuple[Match, ...]:
        return tuple(
            Match(
                rank=place + 1,
                article=self._article(int(row)),
                score=round(float(scores[place]), DECIMALS),
                contributions={
                    name: round(float(part[place]), DECIMALS) for name, part in parts.items()
                },
            )
            for place, row in enumerate(rows)
        )

    def _article(self, row: int) -> Article:
        price = float(self.release.prices[row])
        return Article(
            article_id=self._text["article_id"][row],
            name=self._text["prod_name"][row],
            description=self._text["detail_desc"][row],
            attributes={column: self._text[column][row] for column in DESCRIPTIVE_COLUMNS},
            has_photo=bool(self.release.with_photo[row]),
            price=None if math.isnan(price) else round(price, PRICE_DECIMALS),
        )


def _shortened(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:40] + "…")

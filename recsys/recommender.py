"""A query in, ranked matches per model out. Nothing here knows of web pages."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from recsys.catalog import ARTICLE_COLUMNS, DESCRIPTIVE_COLUMNS, normalize_article_id
from recsys.errors import QueryError
from recsys.models import ALL, COMBINED, IMAGE, SINGLE, Model
from recsys.photo_reader import PhotoReader
from recsys.photos import decode_photo
from recsys.protocols import BASKET_SIZE
from recsys.release import Release
from recsys.retrieval import Query
from recsys.vectors import DECIMALS, Float32, Int32

DEFAULT_MATCHES, MOST_MATCHES = 12, 48
LARGEST_BASKET = 50
"""How many articles a visitor may name."""


@dataclass(frozen=True)
class Article:
    """An article of the catalogue, as a visitor reads of it.

    Attributes:
        article_id: 10 characters.
        name: what the shop calls it.
        description: may be empty.
        attributes: the descriptive columns and their values.
        has_photo: whether the release has a photo of it.
    """

    article_id: str
    name: str
    description: str
    attributes: dict[str, str]
    has_photo: bool


@dataclass(frozen=True)
class Match:
    """A result.

    Attributes:
        rank: its place in the gallery, from 1.
        article: what was found.
        score: its cosine similarity to the query, in [-1, 1]; for the combined model the weighted
            mean of what its parts say.
        contributions: what each part adds to the score; they sum to it.
    """

    rank: int
    article: Article
    score: float
    contributions: dict[str, float]


@dataclass(frozen=True)
class Gallery:
    """One model's answer: matches from the best, or a note that says why there are none."""

    model: Model
    matches: tuple[Match, ...]
    note: str = ""


@dataclass(frozen=True)
class Answer:
    """What a query gets.

    Attributes:
        revision: which release answered.
        query: the article that was asked about, if one was.
        galleries: one a model, in the order of the page.
    """

    revision: str
    query: Article | None
    galleries: tuple[Gallery, ...]


@dataclass(frozen=True)
class BasketAnswer:
    """What a basket or a shopper gets.

    Attributes:
        revision: which release answered.
        alias: the shopper's; empty for a visitor's basket.
        history: the articles that were asked about, the latest first, each once.
        galleries: one a model, in the order of the page; nothing in them is owned.
        again: what the shopper may buy again; empty for a visitor's basket.
    """

    revision: str
    alias: str
    history: tuple[Article, ...]
    galleries: tuple[Gallery, ...]
    again: tuple[Article, ...]


class Recommender:
    """Answers queries from one release. Safe to share between threads.

    Args:
        release: what it answers from.
        reader: reads new photos; one that fits may be handed on from another release.
    """

    def __init__(self, release: Release, reader: PhotoReader | None = None) -> None:
        self.release = release
        self.reader = reader or PhotoReader(release)
        # Plain lists: reading one cell of a DataFrame costs a hundred times as much.
        self._text = {column: release.articles[column].tolist() for column in ARTICLE_COLUMNS}
        self._row = {id_: row for row, id_ in enumerate(self._text["article_id"])}

    @property
    def revision(self) -> str:
        """A short name of the release that answers."""
        return self.release.manifest.revision

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
        places = np.linspace(0, len(rows) - 1, min(count, len(rows))).astype(int)
        return [self._article(int(row)) for row in rows[places]]

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
        _check_count(k)
        row = self.row(text)
        notes = {IMAGE.name: "This article has no photo, so its looks cannot be compared."}
        galleries = self._galleries(self.release.retrieval.of_article(row), k, notes)
        return Answer(self.revision, self._article(row), galleries)

    def for_basket(self, texts: Sequence[str], k: int = DEFAULT_MATCHES) -> BasketAnswer:
        """Return ``k`` articles that go with a basket, given as article ids.

        Raises:
            QueryError: as `article`, the basket is empty or too large, or ``k`` is out of range.
        """
        _check_count(k)
        if not 1 <= len(texts) <= LARGEST_BASKET:
            raise QueryError(f"Name 1 to {LARGEST_BASKET} articles, not {len(texts)}.")
        rows = np.array([self.row(text) for text in texts], np.int32)
        return self._for_basket("", rows, rows, k)

    def for_shopper(self, alias: str, k: int = DEFAULT_MATCHES) -> BasketAnswer:
        """Return ``k`` articles for a shopper of the release, none of which they own.

        Raises:
            QueryError: there is no such shopper, or ``k`` is out of range.
        """
        _check_count(k)
        alias = str(alias).strip()
        if alias not in self.release.shoppers:
            raise QueryError(f"There is no shopper {_shortened(alias)} in this release.")
        history = self.release.shoppers[alias].history
        return self._for_basket(alias, history, history[-BASKET_SIZE:], k)

    def shoppers(self) -> list[str]:
        """Return the aliases that can be asked for."""
        return list(self.release.shoppers)

    def similar_to_photo(self, data: bytes, k: int = DEFAULT_MATCHES) -> Answer:
        """Return the ``k`` articles nearest to a new photo, given as the bytes of a picture file.

        Raises:
            PhotoError: ``data`` is not a picture that can be read.
            QueryError: ``k`` is out of range.
            EncoderError: the image encoder cannot be loaded.
            ReleaseError: it is not the one that made the release's vectors.
        """
        _check_count(k)
        picture = decode_photo(data)
        later = "This model reads articles of the catalogue; for photos it comes later."
        notes = {model.name: later for model in SINGLE if model is not IMAGE}
        query = self.release.retrieval.of_photo(self.reader.read(picture))
        return Answer(self.revision, None, self._galleries(query, k, notes))

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

    def _for_basket(self, alias: str, owned: Int32, asking: Int32, k: int) -> BasketAnswer:
        notes = {IMAGE.name: "None of these has a photo, so their looks cannot be compared."}
        query = self.release.retrieval.of_basket(asking, np.unique(owned))
        latest = list(dict.fromkeys(owned[::-1].tolist()))
        return BasketAnswer(
            self.revision,
            alias,
            tuple(self._article(row) for row in latest[:MOST_MATCHES]),
            self._galleries(query, k, notes),
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
        nearby = retrieval.nearby(query)
        fused = retrieval.combined(query, nearby, k)
        matches = {COMBINED.name: self._matches(fused.rows, fused.scores, fused.contributions)}
        for name, near in nearby.items():
            scores = near.scores[:k]
            matches[name] = self._matches(near.rows[:k], scores, {name: scores})
        return tuple(
            Gallery(model, matches.get(model.name, ()), self._note(model, matches, notes))
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

    def _note(
        self, model: Model, matches: Mapping[str, tuple[Match, ...]], notes: Mapping[str, str]
    ) -> str:
        if matches.get(model.name):
            return ""
        return notes.get(model.name, "There is nothing to compare with in this catalogue.")

    def _article(self, row: int) -> Article:
        return Article(
            article_id=self._text["article_id"][row],
            name=self._text["prod_name"][row],
            description=self._text["detail_desc"][row],
            attributes={column: self._text[column][row] for column in DESCRIPTIVE_COLUMNS},
            has_photo=bool(self.release.with_photo[row]),
        )


def _shortened(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:40] + "…")


def _check_count(k: int) -> None:
    """Raise `QueryError` unless ``k`` matches may be asked for."""
    if not isinstance(k, int) or not 1 <= k <= MOST_MATCHES:
        raise QueryError(f"Ask for 1 to {MOST_MATCHES} matches, not {k!r}.")

"""Answers of the API: plain dictionaries, whose types Gradio shows to programs."""

from collections.abc import Iterable
from typing import TypedDict

import psutil

from recsys.errors import RecsysError
from recsys.retrieval.facets import Facet
from recsys.serving.edition import Edition
from recsys.serving.results import Answer, Article, BasketAnswer, Gallery, PhotoAttribute


class ArticleAnswer(TypedDict):
    """An article. ``price`` is ``None`` where it was never sold, ``currency`` empty for none."""

    article_id: str
    name: str
    description: str
    attributes: dict[str, str]
    has_photo: bool
    price: float | None
    currency: str


class MatchAnswer(TypedDict):
    """An article that a model found. ``contributions``, by part, sum to the score."""

    rank: int
    article_id: str
    name: str
    price: float | None
    score: float
    contributions: dict[str, float]


class GalleryAnswer(TypedDict):
    """One model's matches. ``note`` says why there are none, or that they are estimated."""

    model: str
    note: str
    matches: list[MatchAnswer]


class FilterAnswer(TypedDict):
    """An attribute that words name. All matches have one of ``values`` in ``column``."""

    column: str
    words: str
    values: list[str]


class GuessAnswer(TypedDict):
    """A value of an attribute, and the probability that a photo shows it."""

    value: str
    chance: float


class ReadingAnswer(TypedDict):
    """The likeliest values of one attribute of a photo, the likeliest first."""

    column: str
    guesses: list[GuessAnswer]


class SimilarAnswer(TypedDict):
    """The answer to a search: the query and a gallery for each model, from one release."""

    release: str
    query: ArticleAnswer | None
    words: str
    filters: list[FilterAnswer]
    reading: list[ReadingAnswer]
    galleries: list[GalleryAnswer]


class ChoiceAnswer(TypedDict):
    """A value to filter by, and the number of articles that would pass."""

    value: str
    count: int


class FacetAnswer(TypedDict):
    """The values of one column to filter by, the most frequent first."""

    column: str
    choices: list[ChoiceAnswer]


class ComposedAnswer(SimilarAnswer):
    """A `SimilarAnswer` with the values that it can be filtered by."""

    facets: list[FacetAnswer]


class ForBasketAnswer(TypedDict):
    """The answer for a basket or a shopper.

    ``alias`` is the shopper's, empty for a basket. ``history`` are the ids of the basket's or the
    shopper's articles, the latest first; ``again`` of those that the shopper may buy again.
    """

    release: str
    alias: str
    history: list[str]
    galleries: list[GalleryAnswer]
    again: list[str]


class OneOfManyAnswer(TypedDict):
    """The answer for one of many ids: galleries, or an error that says what is wrong with it."""

    article_id: str
    error: str
    galleries: list[GalleryAnswer]


class ManyAnswer(TypedDict):
    """The answers for many article ids, in the order in which these were given."""

    release: str
    answers: list[OneOfManyAnswer]


class HealthAnswer(TypedDict):
    """The state of the app.

    ``status`` is "ready", or "waking" until the encoders are loaded; ``encoders`` says which ones
    are; ``memory_mb`` is the resident memory of the process in MiB.
    """

    status: str
    release: str
    commit: str
    origin: str
    articles: int
    encoders: dict[str, bool]
    memory_mb: int


def article_answer(article: Article) -> ArticleAnswer:
    """Return the API's answer for an article."""
    return ArticleAnswer(
        article_id=article.article_id,
        name=article.name,
        description=article.description,
        attributes=article.attributes,
        has_photo=article.has_photo,
        price=article.price,
        currency=article.currency,
    )


def similar_answer(answer: Answer) -> SimilarAnswer:
    """Return the API's answer to a search."""
    return SimilarAnswer(
        release=answer.release_version,
        query=article_answer(answer.query) if answer.query else None,
        words=answer.words,
        filters=[
            FilterAnswer(column=each.column, words=each.words, values=list(each.values))
            for each in answer.named
        ],
        reading=[_reading(reading) for reading in answer.reading],
        galleries=[_gallery(gallery) for gallery in answer.galleries],
    )


def composed_answer(answer: Answer, facets: Iterable[Facet]) -> ComposedAnswer:
    """Return the API's answer to a search with the values that it can be filtered by."""
    facet_answers = [
        FacetAnswer(
            column=facet.column,
            choices=[ChoiceAnswer(value=each.value, count=each.count) for each in facet.choices],
        )
        for facet in facets
    ]
    return ComposedAnswer(**similar_answer(answer), facets=facet_answers)


def for_basket_answer(answer: BasketAnswer) -> ForBasketAnswer:
    """Return the API's answer for a basket or a shopper."""
    return ForBasketAnswer(
        release=answer.release_version,
        alias=answer.alias,
        history=[article.article_id for article in answer.history],
        galleries=[_gallery(gallery) for gallery in answer.galleries],
        again=[article.article_id for article in answer.again],
    )


def many_answer(
    release_version: str, answers: Iterable[tuple[str, Answer | RecsysError]]
) -> ManyAnswer:
    """Return the API's answers for many ids, given as pairs of an id and its answer or error."""
    return ManyAnswer(
        release=release_version,
        answers=[
            OneOfManyAnswer(
                article_id=article_id,
                error=str(answer) if isinstance(answer, RecsysError) else "",
                galleries=[]
                if isinstance(answer, RecsysError)
                else [_gallery(gallery) for gallery in answer.galleries],
            )
            for article_id, answer in answers
        ],
    )


def health_answer(edition: Edition) -> HealthAnswer:
    """Return the state of the app."""
    recommender = edition.recommender
    return HealthAnswer(
        status="ready" if recommender.encoders.ready else "waking",
        release=recommender.release_version,
        commit=edition.commit,
        origin=edition.origin,
        articles=recommender.article_count,
        encoders=recommender.encoders.loaded,
        memory_mb=psutil.Process().memory_info().rss >> 20,
    )


def _reading(reading: PhotoAttribute) -> ReadingAnswer:
    guesses = [
        GuessAnswer(value=guess.value, chance=round(guess.chance, 4)) for guess in reading.guesses
    ]
    return ReadingAnswer(column=reading.column, guesses=guesses)


def _gallery(gallery: Gallery) -> GalleryAnswer:
    matches = [
        MatchAnswer(
            rank=match.rank,
            article_id=match.article.article_id,
            name=match.article.name,
            price=match.article.price,
            score=match.score,
            contributions=match.contributions,
        )
        for match in gallery.matches
    ]
    return GalleryAnswer(model=gallery.model.name, note=gallery.note, matches=matches)

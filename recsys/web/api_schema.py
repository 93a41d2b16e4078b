"""What the API answers with: plain dictionaries whose types Gradio shows to programs."""

from collections.abc import Iterable
from typing import TypedDict

import psutil

from recsys.errors import RecsysError
from recsys.retrieval.facets import Facet
from recsys.serving.edition import Edition
from recsys.serving.results import Answer, Article, BasketAnswer, Gallery, PhotoAttribute


class ArticleAnswer(TypedDict):
    """An article in an API answer; the price is ``None`` where it was never sold."""

    article_id: str
    name: str
    description: str
    attributes: dict[str, str]
    has_photo: bool
    price: float | None


class MatchAnswer(TypedDict):
    """A match in an API answer; the contributions of the models sum to the score."""

    rank: int
    article_id: str
    name: str
    price: float | None
    score: float
    contributions: dict[str, float]


class GalleryAnswer(TypedDict):
    """One model's matches in an API answer; the note says why there are none, or are estimated."""

    model: str
    note: str
    matches: list[MatchAnswer]


class FilterAnswer(TypedDict):
    """An attribute that words name: all matches have one of the values in that column."""

    column: str
    words: str
    values: list[str]


class GuessAnswer(TypedDict):
    """A value of an attribute, and the chance that a photo shows it."""

    value: str
    chance: float


class ReadingAnswer(TypedDict):
    """What a photo shows of one attribute, the likeliest first."""

    column: str
    guesses: list[GuessAnswer]


class SimilarAnswer(TypedDict):
    """An API answer: the release that gave it, what was asked about, a gallery a model."""

    release: str
    query: ArticleAnswer | None
    words: str
    filters: list[FilterAnswer]
    reading: list[ReadingAnswer]
    galleries: list[GalleryAnswer]


class ChoiceAnswer(TypedDict):
    """A value to narrow down to, and how many articles then remain."""

    value: str
    count: int


class FacetAnswer(TypedDict):
    """What can be chosen of one column, the most frequent first."""

    column: str
    choices: list[ChoiceAnswer]


class ComposedAnswer(SimilarAnswer):
    """A `SimilarAnswer`, and what it can be narrowed down to."""

    facets: list[FacetAnswer]


class ForBasketAnswer(TypedDict):
    """An API answer for a basket or a shopper.

    ``alias`` is the shopper's, empty for a basket; ``history`` the article ids asked about, the
    latest first; ``again`` those that the shopper may buy again.
    """

    release: str
    alias: str
    history: list[str]
    galleries: list[GalleryAnswer]
    again: list[str]


class OneOfManyAnswer(TypedDict):
    """What one id of many got: galleries, or an error that says what is wrong with it."""

    article_id: str
    error: str
    galleries: list[GalleryAnswer]


class ManyAnswer(TypedDict):
    """An API answer for many article ids, in the order in which they were given."""

    release: str
    answers: list[OneOfManyAnswer]


class HealthAnswer(TypedDict):
    """How the app is.

    ``status`` is "ready", or "waking" until the encoders are loaded; ``encoders`` says which are;
    ``memory_mb`` is the resident memory of the process.
    """

    status: str
    release: str
    commit: str
    origin: str
    articles: int
    encoders: dict[str, bool]
    memory_mb: int


def article_answer(article: Article) -> ArticleAnswer:
    """Return an article as the API tells it."""
    return ArticleAnswer(
        article_id=article.article_id,
        name=article.name,
        description=article.description,
        attributes=article.attributes,
        has_photo=article.has_photo,
        price=article.price,
    )


def similar_answer(answer: Answer) -> SimilarAnswer:
    """Return what an article, a photo or words find as the API tells it."""
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
    """Return what is found, and what that can be narrowed down to, as the API tells it."""
    told = [
        FacetAnswer(
            column=facet.column,
            choices=[ChoiceAnswer(value=each.value, count=each.count) for each in facet.choices],
        )
        for facet in facets
    ]
    return ComposedAnswer(**similar_answer(answer), facets=told)


def for_basket_answer(answer: BasketAnswer) -> ForBasketAnswer:
    """Return what goes with a basket, or suits a shopper, as the API tells it."""
    return ForBasketAnswer(
        release=answer.release_version,
        alias=answer.alias,
        history=[article.article_id for article in answer.history],
        galleries=[_gallery(gallery) for gallery in answer.galleries],
        again=[article.article_id for article in answer.again],
    )


def many_answer(
    release_version: str, asked: Iterable[tuple[str, Answer | RecsysError]]
) -> ManyAnswer:
    """Return what many ids got as the API tells it."""
    return ManyAnswer(
        release=release_version,
        answers=[
            OneOfManyAnswer(
                article_id=article_id,
                error=str(got) if isinstance(got, RecsysError) else "",
                galleries=[]
                if isinstance(got, RecsysError)
                else [_gallery(gallery) for gallery in got.galleries],
            )
            for article_id, got in asked
        ],
    )


def health_answer(edition: Edition) -> HealthAnswer:
    """Return how the app is, as the API tells it."""
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

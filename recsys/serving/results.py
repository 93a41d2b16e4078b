"""The parts of an answer."""

from collections.abc import Mapping
from dataclasses import dataclass

from recsys.models.registry import Model
from recsys.retrieval.attributes import NamedAttribute
from recsys.retrieval.facets import Facet


@dataclass(frozen=True)
class Article:
    """An article of the catalogue.

    Attributes:
        article_id: 10 digits.
        name: the product's name.
        description: may be empty.
        attributes: values by descriptive column.
        has_photo: whether the release has a photo of it.
        price: the median price of its purchases, in the catalogue's own unit; ``None`` where it
            was never sold.
        currency: of the price, by ISO 4217; empty where the catalogue's prices have none.
    """

    article_id: str
    name: str
    description: str
    attributes: dict[str, str]
    has_photo: bool
    price: float | None = None
    currency: str = ""


@dataclass(frozen=True)
class Match:
    """An article that a model found.

    Attributes:
        rank: its place in the gallery, from 1.
        article: the article.
        score: cosine similarity to the query, in [-1, 1]; for the combined model the weighted mean
            of its parts.
        contributions: what each part adds to the score; they sum to it.
    """

    rank: int
    article: Article
    score: float
    contributions: dict[str, float]


@dataclass(frozen=True)
class Gallery:
    """The matches of one model.

    Attributes:
        model: the model.
        matches: the best first.
        note: for visitors: why there are no matches, or that the query's vector is estimated;
            usually empty.
    """

    model: Model
    matches: tuple[Match, ...]
    note: str = ""


@dataclass(frozen=True)
class Explanation:
    """How each model scores one article for a search.

    Attributes:
        article: the article.
        matches: by model name; models without a vector of the query or the article are missing.
        shoppers: number of shoppers who bought both it and the article of the search.
    """

    article: Article
    matches: dict[str, Match]
    shoppers: int


@dataclass(frozen=True)
class PossibleValue:
    """A value of an attribute that a photo may show, and its probability in [0, 1]."""

    value: str
    chance: float


@dataclass(frozen=True)
class PhotoAttribute:
    """The likeliest values of one attribute of a photo.

    Attributes:
        column: of the catalogue.
        guesses: the likeliest first; a value that the visitor corrected has probability 1.
    """

    column: str
    guesses: tuple[PossibleValue, ...]


@dataclass(frozen=True)
class Answer:
    """The answer to a search.

    Attributes:
        release_version: of the release that answered.
        query: the article of the search, if it has one.
        galleries: one for each model, in the order of the page.
        words: of the search, normalized.
        named: attributes that the words name; every match has them.
        reading: estimated attributes of the photo, if the search has one.
    """

    release_version: str
    query: Article | None
    galleries: tuple[Gallery, ...]
    words: str = ""
    named: tuple[NamedAttribute, ...] = ()
    reading: tuple[PhotoAttribute, ...] = ()


@dataclass(frozen=True)
class FacetedAnswer:
    """An answer with the filters and weights to refine it by.

    Attributes:
        answer: the matches.
        facets: values to filter by, with the number of articles that would pass.
        weights: by part of the combined model that can score for the query, as used in the answer.
        possible: number of articles that can be matches.
    """

    answer: Answer
    facets: tuple[Facet, ...]
    weights: Mapping[str, float]
    possible: int


@dataclass(frozen=True)
class BasketAnswer:
    """The answer for a basket or a shopper.

    Attributes:
        release_version: of the release that answered.
        alias: the shopper's; empty for a visitor's basket.
        history: the articles of the basket, or that the shopper bought; the latest first, each
            once.
        galleries: one for each model, in the order of the page, without articles of the history.
        again: articles that the shopper may buy again; empty for a visitor's basket.
    """

    release_version: str
    alias: str
    history: tuple[Article, ...]
    galleries: tuple[Gallery, ...]
    again: tuple[Article, ...]

"""What answers are made of."""

from collections.abc import Mapping
from dataclasses import dataclass

from recsys.models.registry import Model
from recsys.retrieval.attributes import NamedAttribute
from recsys.retrieval.facets import Facet


@dataclass(frozen=True)
class Article:
    """An article of the catalogue, as a visitor reads of it.

    Attributes:
        article_id: 10 characters.
        name: what the shop calls it.
        description: may be empty.
        attributes: the descriptive columns and their values.
        has_photo: whether the release has a photo of it.
        price: the median of what buyers paid, in the catalogue's own unit; ``None`` where it was
            never sold.
    """

    article_id: str
    name: str
    description: str
    attributes: dict[str, str]
    has_photo: bool
    price: float | None = None


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
    """One model's answer.

    Attributes:
        model: whose answer it is.
        matches: from the best.
        note: why there are none; how what was asked about came to be known to the model, where
            that is not as usual.
    """

    model: Model
    matches: tuple[Match, ...]
    note: str = ""


@dataclass(frozen=True)
class Explanation:
    """How a search's answer comes to find an article.

    Attributes:
        article: what was found.
        matches: what each model says of it, by its name; those that cannot compare are missing.
        shoppers: how many bought both it and the article that was asked about.
    """

    article: Article
    matches: dict[str, Match]
    shoppers: int


@dataclass(frozen=True)
class PossibleValue:
    """A value of an attribute, and how sure it is, in [0, 1]."""

    value: str
    chance: float


@dataclass(frozen=True)
class PhotoAttribute:
    """What a photo shows of one attribute.

    Attributes:
        column: of the catalogue.
        guesses: the likeliest values, from the likeliest; what the visitor said is sure.
    """

    column: str
    guesses: tuple[PossibleValue, ...]


@dataclass(frozen=True)
class Answer:
    """What a query gets.

    Attributes:
        release_version: which release answered.
        query: the article that was asked about, if one was.
        galleries: one a model, in the order of the page.
        words: those that were asked for.
        named: the attributes that the words name, which all matches have.
        reading: what the photo that was asked about shows.
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
        facets: values that the answer can be filtered by, with counts.
        weights: by part of the combined model, as used in the answer.
    """

    answer: Answer
    facets: tuple[Facet, ...]
    weights: Mapping[str, float]


@dataclass(frozen=True)
class BasketAnswer:
    """What a basket or a shopper gets.

    Attributes:
        release_version: which release answered.
        alias: the shopper's; empty for a visitor's basket.
        history: the articles that were asked about, the latest first, each once.
        galleries: one a model, in the order of the page; nothing in them is owned.
        again: what the shopper may buy again; empty for a visitor's basket.
    """

    release_version: str
    alias: str
    history: tuple[Article, ...]
    galleries: tuple[Gallery, ...]
    again: tuple[Article, ...]

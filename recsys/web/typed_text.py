"""What visitors type into the boxes of the page: which articles and shoppers are meant."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from recsys.catalog.schema import COLOUR
from recsys.errors import QueryError
from recsys.serving.article_lookup import is_label
from recsys.serving.recommender import Recommender
from recsys.serving.request import LARGEST_BASKET, ids_in, shortened
from recsys.serving.results import Article
from recsys.serving.shopper_lookup import find_shopper, similar_shoppers
from recsys.web.url import SHOPPER, PageState, to_url

MOST_NAMED = 3
"""Articles of a basket that a message names as left out."""


@dataclass(frozen=True)
class Suggestion:
    """What a visitor may have meant: a text, and the address that it leads to."""

    text: str
    address: str


@dataclass(frozen=True)
class TypedText:
    """What is typed in a box.

    Attributes:
        value: the part of it that exists, as addresses have it; empty for none.
        error: what is wrong with the rest, for visitors; empty for nothing.
        suggestions: what may be meant instead.
    """

    value: str
    error: str = ""
    suggestions: tuple[Suggestion, ...] = ()


def read_basket(text: str, recommender: Recommender) -> TypedText:
    """Return the ids of the articles in a basket that exist, with spaces between them."""
    parts = [each for each in ids_in(text) if not is_label(each)]
    mentions = [recommender.articles.mentioned(each) for each in parts[:LARGEST_BASKET]]
    ids = " ".join(each.article_id for each in mentions if each.article_id)
    wrong = [
        (each.unknown, each.unknown or shortened(part))
        for part, each in zip(parts, mentions, strict=False)
        if not each.article_id
    ]
    if wrong:
        error = f"There is no article {_listed([name for _, name in wrong])}. Left out."
        return TypedText(ids, error, tuple(_replacements(ids, wrong[0][0], recommender)))
    if len(parts) > LARGEST_BASKET:
        return TypedText(ids, f"A basket has up to {LARGEST_BASKET} articles: the first are used.")
    return TypedText(ids)


def read_shopper(text: str, recommender: Recommender) -> TypedText:
    """Return the alias of a shopper."""
    aliases = recommender.shoppers()
    if not text.strip():
        return TypedText("")
    try:
        return TypedText(find_shopper(text, aliases))
    except QueryError as error:
        suggestions = (
            Suggestion(each, to_url(PageState(SHOPPER, shopper=each)))
            for each in similar_shoppers(text, aliases)
        )
        return TypedText("", str(error), tuple(suggestions))


def suggest_articles(
    number: str, state: PageState, recommender: Recommender
) -> Iterator[Suggestion]:
    """Yield searches with the articles that may be meant by a number; the rest is as in a state."""
    for each in recommender.articles.similar(number):
        yield _suggestion(each, state.with_search(article=each.article_id, photo=None))


def suggest_basket(ids: Sequence[str]) -> Suggestion:
    """Return a link to what goes with several articles."""
    address = to_url(PageState(SHOPPER, basket=" ".join(ids)))
    return Suggestion(f"A basket of {len(ids)} articles", address)


def _replacements(ids: str, number: str, recommender: Recommender) -> Iterator[Suggestion]:
    """Yield baskets with the articles that may be meant by a wrong number."""
    for each in recommender.articles.similar(number):
        yield _suggestion(each, PageState(SHOPPER, basket=f"{ids} {each.article_id}".strip()))


def _suggestion(article: Article, state: PageState) -> Suggestion:
    colour = article.attributes[COLOUR]
    return Suggestion(f"{article.article_id} {article.name}, {colour}", to_url(state))


def _listed(names: Sequence[str]) -> str:
    """Return names with commas between them, the first of many only."""
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")

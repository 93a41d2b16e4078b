"""What surrounds every answer: title, menu, search box, messages, notice and footer."""

import dataclasses
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from recsys.serving.edition import Edition
from recsys.serving.recommender import Recommender
from recsys.serving.request import DEFAULT_MATCHES, LONGEST_WORDS
from recsys.serving.results import Article
from recsys.web.cards import ChipView
from recsys.web.photo_view import TOKEN, PhotoView, own_photo_view, photo_view
from recsys.web.templating import render
from recsys.web.url import CATALOG, FIND, PAGES, QUALITY, SHOPPER, PageState, to_url, url_fields
from recsys.web.url_parser import ParsedUrl

TITLE = "More like this"
MENU = {
    FIND: "Find similar",
    SHOPPER: "For a shopper",
    QUALITY: "How good is it?",
    CATALOG: "The catalogue",
}
SHORT_MENU = {FIND: "Find", SHOPPER: "Shopper", QUALITY: "How good?", CATALOG: "Catalogue"}
"""For narrow screens."""

SURPRISE = "?surprise=1"
"""Address that leads to a random article."""

SPACE_ID = re.compile(r"[\w.-]+/[\w.-]+")

REPLACED_BY_WORDS = ("words", "ignore", "upto", "open")
"""Fields of the address that a new search for words replaces."""


@dataclass(frozen=True)
class Token:
    """The article or photo in the search box, which new words are added to.

    Attributes:
        photo: its photo.
        name: its name.
        removed: address of the same search without it.
    """

    photo: PhotoView
    name: str
    removed: str


@dataclass(frozen=True)
class SearchBox:
    """The box for words.

    Attributes:
        start: whether nothing is searched for yet: then a photo is offered first.
        kept: fields of the address that new words keep.
        carried: what new words keep although nothing shows it; empty for nothing.
        token: the article or photo that words are added to; ``None`` for none.
        words: what stands in it.
    """

    start: bool
    kept: Sequence[tuple[str, str]]
    carried: str
    token: Token | None
    words: str
    longest: int = LONGEST_WORDS
    surprise: str = SURPRISE


@dataclass(frozen=True)
class BasketBox:
    """The boxes for a basket and for a shopper.

    Attributes:
        basket: what stands in the box for a basket.
        example: a basket that exists.
        shopper: what stands in the box for a shopper.
        aliases: of the shoppers.
        answered: whether there is an answer below.
    """

    basket: str
    example: str
    shopper: str
    aliases: Sequence[str]
    answered: bool
    page: str = SHOPPER


@dataclass(frozen=True)
class Message:
    """What went wrong, for visitors.

    Attributes:
        text: sentences; empty where nothing went wrong.
        typed: what stays in the boxes although it is wrong, by the name of the field.
        suggestions: links to what may be meant instead.
    """

    text: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)
    suggestions: Sequence[ChipView] = ()


NO_MESSAGE = Message()


def url_message(parsed: ParsedUrl) -> Message:
    """Return what is wrong in an address."""
    chips = [ChipView(each.text, each.address) for each in parsed.suggestions]
    return Message(" ".join(parsed.errors), parsed.typed, chips)


def top_html(
    state: PageState,
    turn: int,
    article: Article | None,
    recommender: Recommender,
    message: Message = NO_MESSAGE,
    announcement: str = "",
    held: str = "",
    wanted: str = "",
) -> str:
    """Return what stands above an answer.

    Args:
        state: what is shown below.
        turn: differs from the last one's, so that the page notices an answer equal to the last.
        article: the article that is searched with, or whose photo is; ``None`` for none.
        recommender: of the release that answers.
        message: what went wrong.
        announcement: what was found, for screen readers; empty for nothing new.
        held: name of the visitor's own photo that the server has read; empty for none.
        wanted: name of the one that the browser has to send first; empty for none.
    """
    version = recommender.release_version
    return render(
        "top.html",
        address=to_url(state),
        turn=turn,
        site=TITLE,
        space=space_address(os.environ),
        title=title(state, article),
        menu=[(to_url(PageState(page)), MENU[page], SHORT_MENU[page]) for page in PAGES],
        here=MENU[state.page],
        search=_search_box(state, _token(state, article, version), message),
        baskets=_basket_box(state, recommender, message),
        message=message,
        announcement=announcement,
        held=held,
        wanted=wanted,
    )


def space_address(environment: Mapping[str, str]) -> str:
    """Return the address of the Space that runs the app, from ``SPACE_ID``; empty for none."""
    space_id = environment.get("SPACE_ID", "")
    return f"https://huggingface.co/spaces/{space_id}" if SPACE_ID.fullmatch(space_id) else ""


def notice_html(notice: str) -> str:
    """Return a line about what is being shown; nothing for an empty one."""
    return render("notice.html", notice=notice)


def footer_html(edition: Edition) -> str:
    """Return the footer: what is being searched, and where it is from."""
    recommender = edition.recommender
    return render(
        "footer.html",
        articles=recommender.article_count,
        photos=recommender.photo_count,
        origin=edition.title,
        release_version=recommender.release_version,
    )


def title(state: PageState, article: Article | None) -> str:
    """Return the page's title; ``article`` is the one that is searched with."""
    if state.page != FIND:
        return f"{state.shopper or MENU[state.page]} · {TITLE}"
    query = " ".join(filter(None, (article.name if article else "", state.search.words)))
    return f"{query} · {TITLE}" if query else TITLE


def _search_box(state: PageState, token: Token | None, message: Message) -> SearchBox | None:
    if state.page != FIND:
        return None
    return SearchBox(
        start=not state.has_query,
        kept=url_fields(state, REPLACED_BY_WORDS),
        carried="" if state.has_query else ", ".join(_carried(state)),
        token=token,
        words=message.typed.get("words", state.search.words),
    )


def _carried(state: PageState) -> Iterator[str]:
    """Yield what the next search keeps of the last one."""
    filters = state.search.filters
    for values in filters.chosen.values():
        yield from values
    if (filters.cheapest, filters.dearest) != (None, None):
        yield "a price range"
    if filters.with_photo:
        yield "only with a photo"
    if state.search.one_a_product:
        yield "one colour of each product"
    if state.search.weights:
        yield "your weights"
    if state.k != DEFAULT_MATCHES:
        yield f"{state.k} results"


def _basket_box(state: PageState, recommender: Recommender, message: Message) -> BasketBox | None:
    if state.page != SHOPPER:
        return None
    baskets = recommender.examples.baskets
    return BasketBox(
        basket=message.typed.get("basket", state.basket),
        example=" ".join(each.article_id for basket in baskets[:1] for each in basket),
        shopper=message.typed.get("shopper", state.shopper),
        aliases=recommender.shoppers(),
        answered=state.has_query,
    )


def _token(state: PageState, article: Article | None, release_version: str) -> Token | None:
    search = state.search
    without = state.with_search(article=None, photo=None, corrected={})
    removed = to_url(dataclasses.replace(without, photo_of="", own_photo=""))
    if article:
        name = article.name if search.article is not None else f"Photo of {article.name}"
        return Token(photo_view(article, release_version, "eager", TOKEN), name, removed)
    if search.photo is not None:
        return Token(own_photo_view(state.own_photo), "Your photo", removed)
    return None

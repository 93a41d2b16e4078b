"""What surrounds every answer: title, menu, search box, messages, notice and footer."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from recsys.serving.edition import Edition
from recsys.serving.request import LONGEST_WORDS, SearchRequest
from recsys.serving.results import Article
from recsys.web.photo_view import TOKEN, PhotoView, own_photo_view, photo_view
from recsys.web.templating import render
from recsys.web.url import CATALOG, FIND, PAGES, QUALITY, SHOPPER, PageState, to_url, url_fields

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

REPLACED_BY_WORDS = ("words", "ignore", "open")
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


def top_html(
    state: PageState,
    turn: int,
    article: Article | None,
    photo: bytes,
    release_version: str,
    message: str = "",
) -> str:
    """Return what stands above an answer.

    Args:
        state: what is shown below.
        turn: differs from the last one's, so that the page notices an answer equal to the last.
        article: the article that is searched with, or whose photo is; ``None`` for none.
        photo: JPEG of the visitor's own photo; empty for none.
        release_version: of the release that answers.
        message: what went wrong; empty for nothing.
    """
    token = _token(state, article, photo, release_version)
    return render(
        "top.html",
        address=to_url(state),
        turn=turn,
        site=TITLE,
        space=space_address(os.environ),
        title=_title(state, article),
        menu=[(to_url(PageState(page)), MENU[page], SHORT_MENU[page]) for page in PAGES],
        here=MENU[state.page],
        searching=state.page == FIND,
        kept=url_fields(state, REPLACED_BY_WORDS) if token else [],
        token=token,
        words=state.search.words,
        longest=LONGEST_WORDS,
        surprise=SURPRISE,
        message=message,
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
        origin=edition.origin,
        release_version=recommender.release_version,
    )


def _title(state: PageState, article: Article | None) -> str:
    if state.page != FIND:
        return f"{state.shopper or MENU[state.page]} · {TITLE}"
    query = " ".join(filter(None, (article.name if article else "", state.search.words)))
    return f"{query} · {TITLE}" if query else TITLE


def _token(
    state: PageState, article: Article | None, photo: bytes, release_version: str
) -> Token | None:
    search = state.search
    removed = to_url(PageState(search=SearchRequest(words=search.words), k=state.k))
    if article:
        name = article.name if search.article is not None else f"Photo of {article.name}"
        return Token(photo_view(article, release_version, "eager", TOKEN), name, removed)
    if search.photo is not None:
        return Token(own_photo_view(photo), "Your photo", removed)
    return None

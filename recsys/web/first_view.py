"""What a page shows when it is loaded: the answer to its address, in the page from the start.

The page needs no event then, and previews of a link in other sites show what it leads to.
"""

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from recsys.serving.edition import Edition
from recsys.serving.recommender import Recommender
from recsys.serving.results import Article
from recsys.web import layout
from recsys.web.handlers import PageHandlers, query_article
from recsys.web.photo_view import type_and_colour
from recsys.web.sessions import Session, to_text
from recsys.web.url import to_url

DESCRIPTION = (
    "Find similar clothes. Use a photo, words or an article number, and compare five models."
)
LONGEST_DESCRIPTION = 200
"""Characters: sites cut previews of links at about as many."""

PRELOADED = 6
"""Photos loaded before the page's scripts have run: those of a first row on phones and desktops."""

PHOTO = re.compile(r'<img [^>]*?sizes="(?:auto, )?([^"]*)" srcset="([^"]*)"')


@dataclass(frozen=True)
class FirstView:
    """What is in the page from the start.

    Attributes:
        parts: values of the page's parts, by the names of their elements.
        address: the view's own address.
        title: of the page.
        description: for previews.
        image: path of a photo for previews; empty for none.
        preloads: the first photos, as the attributes "sizes" and "srcset" of each.
    """

    parts: Mapping[str, str]
    address: str
    title: str
    description: str
    image: str
    preloads: Sequence[tuple[str, str]]


def first_view(handlers: PageHandlers, address: str) -> FirstView | None:
    """Return what a page shows first.

    ``None`` where the answer takes longer than a page should: an encoder has to be loaded, or the
    browser has to send the visitor's photo. The page's script then asks for it.
    """
    edition = handlers.live.current
    update = next(iter(handlers.open_address(address, Session())))
    if not isinstance(update.answer, str):
        return None
    session, recommender = update.session, handlers.live.recommender(update.session.release_version)
    article = query_article(session.state, recommender)
    return FirstView(
        parts=_parts(edition)
        | {"top": update.top, "answer": update.answer, "detail": update.details}
        | {"session": to_text(session)},
        address=to_url(session.state),
        title=layout.title(session.state, article),
        description=_description(article),
        image=_image(article, recommender),
        preloads=_preloads(update.answer),
    )


def _parts(edition: Edition) -> dict[str, str]:
    return {"notice": layout.notice_html(edition.notice), "foot": layout.footer_html(edition)}


def _description(article: Article | None) -> str:
    if article is None:
        return DESCRIPTION
    text = f"{type_and_colour(article)}. {article.description}".strip()
    return text if len(text) <= LONGEST_DESCRIPTION else f"{text[: LONGEST_DESCRIPTION - 1]}…"


def _image(article: Article | None, recommender: Recommender) -> str:
    """Return the path of the article's photo, or of another article's."""
    examples = recommender.example_articles(1)
    shown = article if article and article.has_photo else next(iter(examples), None)
    if shown is None:
        return ""
    return f"photos/{shown.article_id}.jpg?release={recommender.release_version}"


def _preloads(answer: str) -> list[tuple[str, str]]:
    first = list(dict.fromkeys(PHOTO.findall(answer)))[:PRELOADED]
    return [(html.unescape(sizes), html.unescape(sources)) for sizes, sources in first]

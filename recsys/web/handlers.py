"""What a page shows after each click, form, photo or change of its address.

The address says what the page shows. The visitor's own photo, which an address cannot hold, comes
with it from the browser; its vector stays in the `Session` for the addresses that follow.
"""

import random
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import gradio as gr

from recsys.errors import QueryError, RecsysError
from recsys.serving.edition import LiveEdition
from recsys.serving.recommender import Recommender
from recsys.serving.request import SearchRequest
from recsys.serving.results import Article
from recsys.vectors import Float32
from recsys.web.article_detail import detail_html
from recsys.web.headers import BROKEN
from recsys.web.layout import SURPRISE, Message, top_html, url_message
from recsys.web.own_photo import NOT_STORED, OwnPhoto, photo_bytes
from recsys.web.pages import page_content
from recsys.web.sessions import Session
from recsys.web.url import FIND, PageState, to_url
from recsys.web.url_parser import from_url, own_photo_name

LOADING = "Photos and words need a moment to start. Your answer will appear by itself."


class PageUpdate(NamedTuple):
    """New values of the page's parts; ``gr.skip()`` leaves a part as it is.

    Attributes:
        top: HTML above the answer.
        answer: HTML of the answer.
        details: HTML of an article's details; empty for none.
        session: the `Session`.
    """

    top: Any
    answer: Any
    details: Any
    session: Any


class PageHandlers:
    """Answers what visitors do. A handler yields updates; the last one is the answer.

    Args:
        live: the edition that answers.
        rng: draws the random articles.
    """

    def __init__(self, live: LiveEdition, rng: random.Random) -> None:
        self.live, self.rng = live, rng

    def open_address(self, address: str, session: Session, photo: str = "") -> Iterator[PageUpdate]:
        """Show what an address of the page leads to.

        Args:
            address: what was clicked, typed or gone back to.
            session: of the page.
            photo: the visitor's own photo that the address names, as a ``data:`` address;
                `NOT_STORED` if the browser does not have it; empty if it was not sent.
        """
        if address == SURPRISE:
            article_id = self._current.random_article(self.rng).article_id
            address = to_url(PageState(search=SearchRequest(article=article_id)))
        name = own_photo_name(address)
        if name and photo not in ("", NOT_STORED):
            if not self._current.encoders.ready:
                yield self._message(session, Message(LOADING))
            try:
                session = replace(session, photo=self._read(name, photo), secret="")
            except RecsysError as error:
                yield self._failure(session.state or PageState(), session, Message(str(error)))
                return
        parsed = from_url(address, self._current, self._own_photo(session))
        if parsed.missing_photo and not photo:
            yield self._message(session, Message(), parsed.missing_photo)
            return
        yield from self._answer(parsed.state, session, url_message(parsed))

    def report_failure(self, session: Session) -> PageUpdate:
        """Return the page as it was, with the message that something unforeseen went wrong."""
        return self._message(session, Message(BROKEN))

    def _read(self, name: str, photo: str) -> OwnPhoto:
        """Return a visitor's photo as the current release's encoder reads it."""
        recommender = self._current
        vector = recommender.encode_photo(photo_bytes(photo))
        return OwnPhoto(name, vector, recommender.release_version)

    def _answer(self, state: PageState, session: Session, message: Message) -> Iterator[PageUpdate]:
        """Show a page state. After an error the page stays as it was."""
        if message.text and not state.has_query:
            yield self._failure(state, session, message)
            return
        if not self._recommender(state, session).ready(state.search):
            yield self._message(session, Message(LOADING, {"words": state.search.words}))
        try:
            yield self._update(state, session, message)
        except RecsysError as error:
            yield self._failure(state, session, Message(str(error), {"words": state.search.words}))

    def _update(self, state: PageState, session: Session, message: Message) -> PageUpdate:
        """Return the page's parts. The answer is left alone where only the details change."""
        recommender = self._recommender(state, session)
        version = recommender.release_version
        before = session.state and (to_url(session.state.with_opened("")), session.release_version)
        unchanged = before == (to_url(state.with_opened("")), version)
        content = None if unchanged else page_content(state, recommender)
        after = replace(session, state=state, release_version=version)
        details = self._details(state, recommender)
        top = self._top(after, message, content.announcement if content else "")
        return PageUpdate(top, content.html if content else gr.skip(), details, after)

    def _failure(self, state: PageState, session: Session, message: Message) -> PageUpdate:
        """Return a message above the page as it was, or above the start of another page."""
        if session.state and session.state.page == state.page:
            return self._message(session, message)
        return self._update(PageState(state.page), session, message)

    def _message(self, session: Session, message: Message, wanted: str = "") -> PageUpdate:
        """Return the page as it was, with a message or the name of a photo that is wanted."""
        top = self._top(session, message, wanted=wanted)
        return PageUpdate(top, gr.skip(), gr.skip(), gr.skip())

    def _top(
        self, session: Session, message: Message, announcement: str = "", wanted: str = ""
    ) -> str:
        state = session.state or PageState()
        recommender = self.live.recommender(session.release_version)
        return top_html(
            state,
            time.monotonic_ns(),
            query_article(state, recommender),
            recommender,
            message,
            announcement,
            held=session.photo.name if session.photo else "",
            wanted=wanted,
        )

    def _details(self, state: PageState, recommender: Recommender) -> str:
        if not state.opened:
            return ""
        article, search = recommender.article(state.opened), state.search
        query = recommender.article(search.article) if search.article else None
        searched = state.page == FIND and state.has_query
        explanation = recommender.explain(search, state.opened) if searched else None
        return detail_html(state, article, recommender.release_version, query, explanation)

    def _recommender(self, state: PageState, session: Session) -> Recommender:
        """Return what answers: for the visitor's photo the release whose encoder has read it."""
        if session.photo and state.search.photo is session.photo.vector:
            return self.live.recommender(session.photo.release_version)
        return self._current

    def _own_photo(self, session: Session) -> tuple[str, Float32] | None:
        """Return the name and vector of the visitor's photo while its release is still kept."""
        photo = session.photo
        if photo is None:
            return None
        kept = self.live.recommender(photo.release_version).release_version
        return (photo.name, photo.vector) if kept == photo.release_version else None

    @property
    def _current(self) -> Recommender:
        return self.live.current.recommender


def query_article(state: PageState, recommender: Recommender) -> Article | None:
    """Return the article that is searched with, or whose photo is.

    A release that has been swapped in since may not have it.
    """
    article_id = state.photo_of or state.search.article
    try:
        return recommender.article(article_id) if article_id else None
    except QueryError:
        return None

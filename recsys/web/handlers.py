"""What a page shows after each click, form, photo or change of its address.

The address says what the page shows. The visitor's photo, which an address cannot hold, is beside
it in a `Session`: its vector and a thumbnail, not the file.
"""

import dataclasses
import random
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import gradio as gr

from recsys.catalog.photos import thumbnail
from recsys.errors import QueryError, RecsysError
from recsys.serving.edition import LiveEdition
from recsys.serving.recommender import Recommender
from recsys.serving.request import SearchRequest
from recsys.serving.results import Article
from recsys.vectors import Float32
from recsys.web.article_detail import detail_html
from recsys.web.layout import NO_MESSAGE, SURPRISE, Message, top_html, url_message
from recsys.web.pages import page_content
from recsys.web.sessions import OwnPhoto, Session
from recsys.web.url import FIND, PageState, to_url
from recsys.web.url_parser import from_url

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

    def open_address(self, address: str, session: Session) -> Iterator[PageUpdate]:
        """Show what an address of the page leads to."""
        recommender = self._current
        if address == SURPRISE:
            article_id = recommender.random_article(self.rng).article_id
            address = to_url(PageState(search=SearchRequest(article=article_id)))
        parsed = from_url(address, recommender, self._photo_vector(session))
        yield from self._answer(parsed.state, session, url_message(parsed))

    def search_photo(self, data: bytes, session: Session) -> Iterator[PageUpdate]:
        """Show articles similar to a new photo, given as the bytes of its file."""
        recommender = self._current
        if not recommender.encoders.ready:
            yield self._message(session, Message(LOADING))
        try:
            vector = recommender.encode_photo(data)
            photo = OwnPhoto(thumbnail(data), vector, recommender.release_version)
        except RecsysError as error:
            yield self._failure(PageState(), session, Message(str(error)))
            return
        k = session.state.k if session.state else PageState().k
        state = PageState(search=SearchRequest(photo=photo.vector), k=k)
        yield from self._answer(state, Session(photo=photo), NO_MESSAGE)

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
        content = None if unchanged else page_content(state, recommender, session.jpeg)
        after = dataclasses.replace(session, state=state, release_version=version)
        details = self._details(state, recommender)
        top = self._top(after, message, content.announcement if content else "")
        return PageUpdate(top, content.html if content else gr.skip(), details, after)

    def _failure(self, state: PageState, session: Session, message: Message) -> PageUpdate:
        """Return a message above the page as it was, or above the start of another page."""
        if session.state and session.state.page == state.page:
            return self._message(session, message)
        return self._update(PageState(state.page), session, message)

    def _message(self, session: Session, message: Message) -> PageUpdate:
        return PageUpdate(self._top(session, message), gr.skip(), gr.skip(), gr.skip())

    def _top(self, session: Session, message: Message, announcement: str = "") -> str:
        state = session.state or PageState()
        recommender = self.live.recommender(session.release_version)
        return top_html(
            state,
            time.monotonic_ns(),
            query_article(state, recommender),
            session.jpeg,
            recommender,
            message,
            announcement,
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
        photo = session.photo
        if photo and state.search.photo is photo.vector:
            return self.live.recommender(photo.release_version)
        return self._current

    def _photo_vector(self, session: Session) -> Float32 | None:
        """Return the vector of the visitor's photo while its release is still kept."""
        photo = session.photo
        if photo is None:
            return None
        kept = self.live.recommender(photo.release_version).release_version
        return photo.vector if kept == photo.release_version else None

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

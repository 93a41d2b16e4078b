"""The Gradio page and the server that runs it."""

import logging
import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import gradio as gr
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from recsys.catalog.photos import MAX_BYTES
from recsys.serving.edition import LiveEdition
from recsys.serving.monitoring import Metrics
from recsys.web import layout
from recsys.web.api import ENCODER_QUEUE, SEARCH_QUEUE, Api, add_endpoints
from recsys.web.api_schema import health_answer
from recsys.web.assets import SCRIPTS_ROUTE, START_SCRIPT, STYLESHEETS, serve_script
from recsys.web.compression import Compression
from recsys.web.document import Document
from recsys.web.gradio_private import (
    FairQueue,
    answer_agents_in_json,
    event_field,
    explain_errors,
    keep_no_states,
    use_uploads_only,
)
from recsys.web.handlers import PageHandlers, PageUpdate
from recsys.web.headers import SPACES, ResponseHeaders
from recsys.web.limiter import ClientLimits
from recsys.web.limits import DEFAULT_LIMITS, Limits
from recsys.web.pages import skeleton_html
from recsys.web.photo_server import PhotoServer
from recsys.web.sessions import Session, VisitorPhotos, from_text, to_text
from recsys.web.start_page import welcome_html
from recsys.web.uploads import UploadBudget, sweeping, uploads_folder
from recsys.web.url import PageState

logger = logging.getLogger(__name__)

RUNNING = 2
"""Calls of one client that run at the same time: what two cores can do. Others wait."""

PRIVATE: dict[str, Any] = {
    "api_visibility": "private",
    "show_progress": "hidden",
    "trigger_mode": "multiple",
}
"""Gradio options of the page's own events: not in the API, and without Gradio's progress display.

The trigger mode "always_last" would forget the address of the last event; the page itself sends one
event at a time.
"""

UNSTYLED: dict[str, Any] = {"apply_default_css": False}
"""Gradio options of the page's parts: none of Gradio's own styles."""


class PageServer:
    """The page's event handlers and the server's routes.

    Args:
        live: the edition that answers. A query uses the same one until it ends.
        rng: draws the random articles.
    """

    def __init__(self, live: LiveEdition, rng: random.Random) -> None:
        self.live, self.first = live, live.current
        self.handlers, self.metrics = PageHandlers(live, rng), Metrics(live)
        self.photos = VisitorPhotos()

    def on_address(
        self, event: gr.EventData, session: str, request: gr.Request
    ) -> Iterator[PageUpdate]:
        """Show what a link or a form of the page leads to. No photo is read."""
        yield from self._open(event, session, request, photo="")

    def on_photo_or_words(
        self, event: gr.EventData, session: str, request: gr.Request
    ) -> Iterator[PageUpdate]:
        """Show what a link or a form leads to where an encoder may have to read first."""
        yield from self._open(event, session, request, photo=event_field(event, "photo"))

    def _open(
        self, event: gr.EventData, text: str, request: gr.Request, photo: str
    ) -> Iterator[PageUpdate]:
        session = Session()
        try:
            session = from_text(text, self.live, self.photos)
            address = event_field(event, "address")
            for update in self.handlers.open_address(address, session, photo):
                yield self._sent(update, request)
        except Exception:
            logger.exception("The page could not be answered.")
            yield self.handlers.report_failure(session)

    def _sent(self, update: PageUpdate, request: gr.Request) -> PageUpdate:
        """Return an update with the session as the browser keeps it, a new photo kept here."""
        session = update.session
        if not isinstance(session, Session):
            return update
        if session.photo and not session.secret:
            session = replace(session, secret=self.photos.keep(session.photo, request.client.host))
        return update._replace(session=to_text(session))

    def serve_health(self, request: Request) -> Response:
        """Serve ``health``: the release, and whether the encoders are loaded."""
        return JSONResponse(health_answer(self.live.current))

    def serve_metrics(self, request: Request) -> Response:
        """Serve ``metrics`` in Prometheus's text format."""
        return Response(self.metrics.text(), media_type=CONTENT_TYPE_LATEST)


def make_page(server: PageServer) -> gr.Blocks:
    """Return the page with its events and the API's endpoints."""
    first = server.first
    recommender = first.recommender
    start = layout.top_html(PageState(), 0, None, recommender)
    welcome = welcome_html(recommender)
    page = gr.Blocks(title=layout.TITLE, analytics_enabled=False, fill_width=True)
    with page:
        gr.HTML(layout.notice_html(first.notice), elem_id="notice", **UNSTYLED)
        top = gr.HTML(start, elem_id="top", js_on_load=START_SCRIPT, **UNSTYLED)
        gr.HTML(skeleton_html(), elem_id="skeleton", **UNSTYLED)
        answer = gr.HTML(welcome, elem_id="answer", **UNSTYLED)
        detail = gr.HTML(elem_id="detail", **UNSTYLED)
        gr.HTML(layout.footer_html(first), elem_id="foot", **UNSTYLED)
        session = gr.Textbox(visible=False, elem_id="session")
        parts = [top, answer, detail, session]
        top.select(server.on_address, session, parts, **PRIVATE, **SEARCH_QUEUE)
        # The page sends "submit" where an encoder may be needed for a photo or words.
        top.submit(server.on_photo_or_words, session, parts, **PRIVATE, **ENCODER_QUEUE)
        add_endpoints(Api(server.live))
    return page


def launch(
    live: LiveEdition,
    limits: Limits = DEFAULT_LIMITS,
    ancestors: Sequence[str] = SPACES,
    **options: Any,
) -> gr.Blocks:
    """Serve the page and return it.

    Args:
        live: the edition that answers.
        limits: of each client.
        ancestors: the sites that may show the page in a frame, beside its own.
        options: for Gradio's ``launch``.
    """
    uploads, server = uploads_folder().files, PageServer(live, random.SystemRandom())
    # uvicorn, too, would take the client's address from a header, of whoever is on this machine.
    os.environ["FORWARDED_ALLOW_IPS"] = ""
    photos = PhotoServer(live)
    live.current.recommender.encoders.load_in_background()
    server.metrics.listen()
    page = make_page(server)
    page.api_open = False  # Calls that skip the queue.
    queue = FairQueue(page, RUNNING if limits.calls else 0)
    page.launch(
        theme=gr.themes.Base(
            font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]
        ),
        css_paths=[*STYLESHEETS],
        max_file_size=MAX_BYTES,
        mcp_server=True,
        footer_links=["api"],
        ssr_mode=False,
        prevent_thread_lock=True,
        app_kwargs={
            "routes": [
                Route("/photos/{article_id}.jpg", photos.serve_jpeg),
                Route("/photos/{article_id}.webp", photos.serve_webp),
                Route(SCRIPTS_ROUTE, serve_script),
                Route("/health", server.serve_health),
                Route("/metrics", server.serve_metrics),
            ],
            "lifespan": sweeping(uploads),
            "middleware": [
                Middleware(Compression),
                Middleware(ResponseHeaders, ancestors),
                Middleware(ClientLimits, limits, queue),
                Middleware(Document, server.handlers),
                Middleware(UploadBudget),
            ],
        },
        **options,
    )
    answer_agents_in_json(page)
    keep_no_states(page)
    use_uploads_only(page, uploads)
    explain_errors(page)
    return page

"""The Gradio page, over the edition that is `LiveEdition`."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from recsys.catalog.photos import MAX_BYTES
from recsys.errors import QueryError
from recsys.serving.edition import LiveEdition
from recsys.serving.monitoring import Metrics
from recsys.web import catalog_page, layout
from recsys.web.agents import answer_in_json
from recsys.web.api import Api, bind
from recsys.web.api_schema import health_answer
from recsys.web.handlers import Navigation, Shown, View
from recsys.web.pages import SKELETON, welcome_html
from recsys.web.queues import READING, SEARCHING
from recsys.web.uploads import sweeping, uploads_folder
from recsys.web.url import Place

STATIC = Path(__file__).parent / "static"
STYLESHEETS = [STATIC / "page.css", STATIC / "catalog.css"]
FOLLOW = (STATIC / "page.js").read_text(encoding="utf-8")
"""What makes links, forms, dropped photos and the browser's history ask in place."""

OPEN = (STATIC / "detail.js").read_text(encoding="utf-8")
"""What opens the details of an article as a dialog."""

SESSIONS = 1000
"""How many visitors' states are kept. Gradio makes one for each call without a session, too."""

HIDDEN: dict[str, Any] = {
    "api_visibility": "private",
    "show_progress": "hidden",
    "trigger_mode": "multiple",
}
"""How the page's own events are bound: not in the API, and without Gradio's veil.

The page itself asks one question at a time, the last one next: "always_last" forgets its address.
"""

PLAIN: dict[str, Any] = {"apply_default_css": False}
"""How the page's parts are made: nothing of Gradio's look."""


class Interface:
    """What the page does.

    Args:
        live: the edition that answers; each query asks for it once, and keeps to it.
        chance: draws the surprises.
    """

    def __init__(self, live: LiveEdition, chance: random.Random) -> None:
        self.live, self.first = live, live.current
        self.navigation, self.metrics = Navigation(live, chance), Metrics(live)

    def go(self, event: gr.EventData, view: View) -> Iterator[Shown]:
        """Follow a link or a form of the page."""
        yield from self.navigation.go(str(event._data["address"]), view)

    def bring(self, photo: bytes | None, view: View) -> Iterator[tuple[Any, ...]]:
        """Answer for an uploaded photo, and make room for the next one."""
        for shown in self.navigation.bring(photo or b"", view):
            yield *shown, None

    def arrive(self, request: gr.Request) -> tuple[Any, ...]:
        """Return what depends on the release: notice, foot, and the welcome of a plain visit.

        What the page was made with is right until a swap.
        """
        edition = self.live.current
        if edition is self.first:
            return (gr.skip(),) * 3
        welcome = gr.skip() if request.query_params else welcome_html(edition.recommender)
        return layout.notice_html(edition.notice), layout.footer_html(edition), welcome

    def serve_photo(self, request: Request) -> Response:
        """Serve ``photos/<article id>.jpg``."""
        recommender = self.live.recommender(request.query_params.get("release", ""))
        try:
            photo = recommender.photo(request.path_params["article_id"])
        except QueryError:
            photo = None
        if photo is None:
            return Response("There is no such photo.", 404)
        # With the release in its address, a photo never changes.
        named = request.query_params.get("release") == recommender.release_version
        keep = "public, max-age=604800, immutable" if named else "no-cache"
        return Response(photo, media_type="image/jpeg", headers={"Cache-Control": keep})

    def serve_health(self, request: Request) -> Response:
        """Serve ``health``: what is served, and whether photos and words are read already."""
        return JSONResponse(health_answer(self.live.current))

    def serve_metrics(self, request: Request) -> Response:
        """Serve ``metrics`` in Prometheus's text format."""
        return Response(self.metrics.text(), media_type=CONTENT_TYPE_LATEST)


def make_page(interface: Interface) -> gr.Blocks:
    """Return the page, its events bound and its API endpoints named."""
    first = interface.first
    recommender = first.recommender
    start = layout.top_html(Place(), 0, None, b"", recommender.release_version)
    page = gr.Blocks(title=layout.TITLE, analytics_enabled=False, fill_width=True)
    with page:
        notice = gr.HTML(layout.notice_html(first.notice), elem_id="notice", **PLAIN)
        top = gr.HTML(start, elem_id="top", js_on_load=FOLLOW, **PLAIN)
        gr.HTML(SKELETON, elem_id="skeleton", **PLAIN)
        answer = gr.HTML(
            welcome_html(recommender), elem_id="answer", js_on_load=catalog_page.DRAW, **PLAIN
        )
        detail = gr.HTML(elem_id="detail", js_on_load=OPEN, **PLAIN)
        foot = gr.HTML(layout.footer_html(first), elem_id="foot", **PLAIN)
        photo = gr.File(file_types=["image"], type="binary", label="Photo", elem_id="photo")
        view = gr.State(View())
        shown = [top, answer, detail, view]
        top.select(interface.go, view, shown, **HIDDEN, **SEARCHING)
        # The page says "submit" where an encoder may have to read words.
        top.submit(interface.go, view, shown, **HIDDEN, **READING)
        photo.upload(interface.bring, [photo, view], [*shown, photo], **HIDDEN, **READING)
        page.load(interface.arrive, None, [notice, foot, answer], **HIDDEN, **SEARCHING)
        bind(Api(interface.live))
    return page


def launch(live: LiveEdition, **options: Any) -> gr.Blocks:
    """Serve the page and return it; ``options`` go to Gradio's ``launch``."""
    uploads, interface = uploads_folder(), Interface(live, random.SystemRandom())
    live.current.recommender.encoders.load_in_background()
    interface.metrics.listen()
    page = make_page(interface)
    page.launch(
        theme=gr.themes.Base(
            font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]
        ),
        css_paths=STYLESHEETS,
        max_file_size=MAX_BYTES,
        mcp_server=True,
        footer_links=["api"],
        ssr_mode=False,
        state_session_capacity=SESSIONS,
        prevent_thread_lock=True,
        app_kwargs={
            "routes": [
                Route("/photos/{article_id}.jpg", interface.serve_photo),
                Route("/health", interface.serve_health),
                Route("/metrics", interface.serve_metrics),
            ],
            "lifespan": sweeping(uploads),
        },
        **options,
    )
    answer_in_json(page)
    return page

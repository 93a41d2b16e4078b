"""Writes the first view into Gradio's page on its way out, with what previews of links show."""

import json
import logging
import re
from typing import Any

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from recsys.web.assets import SCRIPT_ADDRESSES
from recsys.web.first_view import FirstView, first_view
from recsys.web.gradio_private import frontend_files
from recsys.web.handlers import PageHandlers
from recsys.web.headers import route_of
from recsys.web.templating import render

logger = logging.getLogger(__name__)

MOST_WAITING = 8
"""Pages whose first view waits to be made, .2 s of work. Others come without: their script asks for
the answer through the queue, in which clients take turns."""

FRONTEND_FILES = [f"assets/{name}" for name in frontend_files()]

CONFIG = re.compile(r"(?<=<script>window\.gradio_config = ).*?(?=;</script>)", re.DOTALL)
"""What Gradio's frontend makes the page of, as JSON in a script."""

PREVIEW = re.compile(r'<meta\s+(?:property|name)="(?:og|twitter):[^>]*>\s*')
"""Gradio's own description of the page."""


class Document:
    """ASGI middleware that writes what an address leads to into the page.

    Args:
        app: answers with Gradio's page.
        handlers: answer the address.
    """

    def __init__(self, app: ASGIApp, handlers: PageHandlers) -> None:
        self._app, self._handlers = app, handlers
        self._waiting, self._one_at_a_time = 0, CapacityLimiter(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or scope["method"] != "GET" or route_of(scope):
            await self._app(scope, receive, send)
            return
        start: Message = {}
        body = b""

        async def hold(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            body += message.get("body", b"")
            if not message.get("more_body"):
                page = await self._written(body, scope)
                headers = MutableHeaders(raw=list(start["headers"]))
                headers["Content-Length"] = str(len(page))
                await send({**start, "headers": headers.raw})
                await send({"type": "http.response.body", "body": page})

        await self._app(scope, receive, hold)

    async def _written(self, page: bytes, scope: Scope) -> bytes:
        """Return the page with its first view; as it is where too many wait for one."""
        if self._waiting >= MOST_WAITING:
            return page
        self._waiting += 1
        try:
            return await run_sync(self._write, page, scope, limiter=self._one_at_a_time)
        finally:
            self._waiting -= 1

    def _write(self, page: bytes, scope: Scope) -> bytes:
        """Return the page with its first view; as it is where its script has to ask for it."""
        try:
            view = first_view(self._handlers, _address(scope))
        except Exception:
            logger.exception("The page was sent without its answer.")
            return page
        return write_view(page.decode(), view).encode() if view else page


def write_view(page: str, view: FirstView) -> str:
    """Return Gradio's page with a first view in it; unchanged if there is no page in it."""
    found = CONFIG.search(page)
    if not found:
        return page
    config = json.loads(found[0])
    for component in config["components"]:
        properties = component["props"]
        if properties.get("elem_id") in view.parts:
            properties["value"] = view.parts[properties["elem_id"]]
    config["title"] = view.title
    before, after = page[: found.start()], page[found.end() :]
    head = render("head.html", view=view, root=config["root"])
    before = PREVIEW.sub("", before).replace("<style>", f"{head}<style>", 1)
    early = render("early.html", view=view, scripts=SCRIPT_ADDRESSES, files=FRONTEND_FILES)
    # After Gradio's first script: what comes before it in the head is loaded before it.
    after = after.replace("</head>", f"{early}</head>", 1)
    return before + script_json(config) + after


def script_json(value: Any) -> str:
    """Return a value as JSON that can stand in a script."""
    # Only strings have these characters. Others than ASCII, as U+2028, are escaped by `json`.
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _address(scope: Scope) -> str:
    """Return a request's query. Fields that start with "__" are the host's, not the page's."""
    fields = scope["query_string"].decode("latin-1").split("&")
    return "?" + "&".join(field for field in fields if not field.startswith("__"))

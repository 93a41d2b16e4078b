"""Headers of every response, and which of Gradio's routes are open.

The headers tell browsers to run no script but the page's own, to guess no file types, and to show
the page only in frames of allowed sites.
"""

import base64
import hashlib
import html
import logging
import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from recsys.errors import OperatorError

logger = logging.getLogger(__name__)

SPACES = ("https://huggingface.co", "https://*.hf.space")
"""Hugging Face shows a Space in a frame of its own site."""

HOST_SOURCE = re.compile(r"https?://(\*\.)?[A-Za-z0-9.-]+(:\d{1,5})?")
"""A site as a content security policy names it: without a path, ``*.`` for all its subdomains."""

OPEN_ROUTES = {
    *("", "assets", "config", "favicon.ico", "gradio_api", "health", "manifest.json", "metrics"),
    *("photos", "robots.txt", "scripts", "static", "theme.css"),
}
"""First parts of the addresses that are answered."""

OPEN_API = {
    *("app_id", "call", "cancel", "heartbeat", "info", "mcp", "openapi.json", "queue", "reset"),
    *("startup-events", "theme.css", "upload", "upload_progress"),
}
"""What is answered below ``gradio_api``. Gradio's other routes return files, fetch addresses, skip
the queue, write page states to the disk or edit the app's code."""

PAGE_POLICY = {
    "default-src": "'self'",
    # Gradio compiles the page's scripts (`js_on_load`) with `new Function`.
    "script-src": "'self' 'unsafe-eval'",
    # Gradio and its page write style attributes and style elements.
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
}
"""The content security policy of HTML; the hashes of a page's inline scripts are added to it."""

DATA_POLICY = {"default-src": "'none'", "style-src": "'unsafe-inline'"}
"""The policy of everything else. Browsers style a picture in a tab of its own with inline CSS."""

OWN_BASE = b'<base href="./" />'
"""What Gradio's page has its addresses relative to."""

INLINE_SCRIPT = re.compile(rb"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)

NOT_UNDERSTOOD = "This request cannot be understood; gradio_api/info says what to send."
BROKEN = "Something went wrong here; the log has the details."


def frame_ancestors(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the sites that may show the page in a frame: `SPACES` and ``FRAME_ANCESTORS``.

    Raises:
        OperatorError: ``FRAME_ANCESTORS`` names something else than sites, separated by spaces.
    """
    further = environment.get("FRAME_ANCESTORS", "").split()
    wrong = [site for site in further if not HOST_SOURCE.fullmatch(site)]
    if wrong:
        raise OperatorError(
            f"FRAME_ANCESTORS has {wrong[0]!r:.60}; give sites, as https://example.org."
        )
    return (*SPACES, *further)


class ResponseHeaders:
    """ASGI middleware that adds the headers, closes routes and answers after an unforeseen error.

    Args:
        app: the application.
        ancestors: the sites that may show the page in a frame, beside its own.
    """

    def __init__(self, app: ASGIApp, ancestors: Sequence[str]) -> None:
        self.app = app
        self.ancestors = " ".join(("'self'", *ancestors))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        prefix = urlsplit(scope.get("root_path", "")).path.rstrip("/")
        scope = without_prefix(scope, prefix)
        response = _Response(send, self.ancestors, prefix)
        app = self.app if is_open(scope) else PlainTextResponse("There is no such page.", 404)
        try:
            await app(scope, receive, response.send)
        except Exception as error:
            refusal = _explained(scope, error, response.started)
            if response.started:
                await send({"type": "http.response.body"})
            else:
                await refusal(scope, receive, response.send)


class _Response:
    """A response on its way out. HTML is held back until all of it is there, to find its scripts.

    Args:
        send: sends to the browser.
        ancestors: the policy's value of ``frame-ancestors``.
        prefix: the path of the app's site below which it is; empty for none.
    """

    def __init__(self, send: Send, ancestors: str, prefix: str) -> None:
        self._send, self.ancestors, self.prefix = send, ancestors, prefix
        self.started, self.html = False, b""
        self._held: Message | None = None

    async def send(self, message: Message) -> None:
        """Send a message of the response, the first one with the headers."""
        if message["type"] == "http.response.start":
            self.started = True
            if Headers(raw=message["headers"]).get("content-type", "").startswith("text/html"):
                self._held = message
            else:
                await self._send(self._with_headers(message, DATA_POLICY))
        elif self._held:
            await self._send_html(message)
        else:
            await self._send(message)

    async def _send_html(self, message: Message) -> None:
        """Keep a part of the HTML, or send all of it after the last one."""
        self.html += message.get("body", b"")
        if self._held and not message.get("more_body"):
            if self.prefix:
                # Also where the browser's address has no slash after the prefix.
                base = f'<base href="{html.escape(self.prefix)}/" />'
                self.html = self.html.replace(OWN_BASE, base.encode(), 1)
                MutableHeaders(raw=self._held["headers"])["content-length"] = str(len(self.html))
            scripts = (PAGE_POLICY["script-src"], *script_hashes(self.html))
            policy = {**PAGE_POLICY, "script-src": " ".join(scripts)}
            await self._send(self._with_headers(self._held, policy))
            await self._send({"type": "http.response.body", "body": self.html})

    def _with_headers(self, message: Message, policy: Mapping[str, str]) -> Message:
        """Return a response's first message with the headers."""
        headers = MutableHeaders(raw=list(message["headers"]))
        framed = {**policy, "frame-ancestors": self.ancestors}
        headers["Content-Security-Policy"] = "; ".join(
            f"{name} {value}" for name, value in framed.items()
        )
        headers["X-Content-Type-Options"] = "nosniff"
        # Addresses have words in them.
        headers["Referrer-Policy"] = "same-origin"
        return {**message, "headers": headers.raw}


def _explained(scope: Scope, error: Exception, started: bool) -> PlainTextResponse:
    """Log an error that was not foreseen, and return the answer instead of the one it prevented.

    Calls are run after their request has been answered, so what fails in a POST is Gradio's reading
    of what was sent. A stream that breaks off has begun to answer, and is usually of nobody.
    """
    if scope["method"] == "POST" or started:
        logger.warning("%s %.200r failed: %.200r", scope["method"], scope["path"], error)
        return PlainTextResponse(NOT_UNDERSTOOD, 400)
    logger.error("%s %.200r failed.", scope["method"], scope["path"], exc_info=error)
    return PlainTextResponse(BROKEN, 500)


def is_open(scope: Scope) -> bool:
    """Whether the address of a request is one that the app answers."""
    first, _, rest = route_of(scope).partition("/")
    if first == "gradio_api":
        return re.split("[/=]", rest, maxsplit=1)[0] in OPEN_API
    # The API's page shows how often its endpoints have failed.
    return first in OPEN_ROUTES or (first, rest) == ("monitoring", "summary")


def without_prefix(scope: Scope, prefix: str) -> Scope:
    """Return a request as it is where the app has a site of its own.

    Some proxies take the prefix out of a request's path, others leave it there.
    """
    path, raw_path = scope["path"], scope.get("raw_path") or b""
    if not prefix or not f"{path}/".startswith(f"{prefix}/"):
        return scope
    raw_path = raw_path.removeprefix(prefix.encode()) or b"/"
    return {**scope, "path": path.removeprefix(prefix) or "/", "raw_path": raw_path}


def route_of(scope: Scope) -> str:
    """Return the path of a request without a slash; empty for the page."""
    path: str = scope["path"]
    return path.lstrip("/")


def script_hashes(html: bytes) -> list[str]:
    """Return the sources of a policy that allow the inline scripts of a page, and no others."""
    return [
        f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'"
        for script in INLINE_SCRIPT.findall(html)
    ]

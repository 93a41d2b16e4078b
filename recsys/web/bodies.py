"""Bounds on what a request sends: its size, its time, and how much JSON there is to parse.

Bodies are checked while they arrive, and never collected here.
"""

import asyncio
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from recsys.catalog.photos import MAX_BYTES

API = "/gradio_api/"
UPLOAD = f"{API}upload"
AGENTS = f"{API}mcp"

MEGABYTE = 1 << 20
LARGEST_JSON = MEGABYTE
"""Bytes of a call without a photo. The longest useful one has a few kilobytes."""

LARGEST_UPLOAD = MAX_BYTES + MEGABYTE
"""Bytes of a photo's file, with what the form around it takes."""

LARGEST_JSON_WITH_PHOTO = MAX_BYTES * 4 // 3 + MEGABYTE
"""Bytes of a call with a photo as a ``data:`` address: base64 has four for three."""

LARGEST_FROM_AGENT = 4 * MEGABYTE
"""Bytes of an agent's call: its server (the package ``mcp``) takes no more."""

WITH_PHOTO = (
    f"{API}queue/join",
    f"{API}call/similar_to_photo",
    f"{API}call/compose",
    f"{API}call/v2/similar_to_photo",
    f"{API}call/v2/compose",
)
"""Starts of the paths of calls that may have a photo."""

SYNTAX = b',:[{"\\'
MOST_SYNTAX = 10_000
"""Characters of `SYNTAX` in JSON. Reading JSON takes time for them more than for its length."""

START_SECONDS, SLOWEST = 20, 16_000
"""A body arrives at `SLOWEST` bytes a second at least, after a start: 3G is faster."""

TOO_LARGE = "This is too large."
TOO_SLOW = "This took too long to arrive."


class RefusedError(Exception):
    """A request is refused.

    Args:
        status: of HTTP.
        sentence: says why.
    """

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


def largest(path: str) -> int:
    """Return the most bytes that a request to a path may send."""
    if path.startswith(UPLOAD):
        return LARGEST_UPLOAD
    if path.startswith(AGENTS):
        return LARGEST_FROM_AGENT
    return LARGEST_JSON_WITH_PHOTO if path.startswith(WITH_PHOTO) else LARGEST_JSON


def announced(scope: Scope) -> int:
    """Return the bytes that a request says it sends; the most that it may if it does not say."""
    headers = dict(scope["headers"])
    if b"transfer-encoding" in headers:
        return largest(scope["path"])
    return int(headers.get(b"content-length", 0))


class BoundedBody:
    """A request whose body is checked while it arrives.

    Args:
        scope, receive, send: of the request.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope, self._receive_next, self._send_next = scope, receive, send
        self._bytes = self._syntax = 0
        self._started, self._complete, self._answering = time.monotonic(), False, False
        self._refused: RefusedError | None = None

    async def answer(self, app: ASGIApp) -> None:
        """Let an app answer the request.

        Raises:
            RefusedError: the body is too large, has too much syntax or arrives too slowly.
        """
        try:
            await app(self._scope, self._receive, self._send)
        except Exception:
            # An app may turn the error of `_receive` into one of its own.
            if self._refused is None:
                raise
        if self._refused and not self._answering:
            raise self._refused

    async def _receive(self) -> Message:
        if self._complete:
            return await self._receive_next()
        spent = time.monotonic() - self._started
        try:
            async with asyncio.timeout(START_SECONDS + self._bytes / SLOWEST - spent):
                message = await self._receive_next()
        except TimeoutError as error:
            raise self._refusal(408, TOO_SLOW) from error
        self._count(message.get("body", b""))
        self._complete = not message.get("more_body", False)
        return message

    def _count(self, chunk: bytes) -> None:
        path = self._scope["path"]
        self._bytes += len(chunk)
        if not path.startswith(UPLOAD):
            self._syntax += len(chunk) - len(chunk.translate(None, SYNTAX))
        if self._bytes > largest(path) or self._syntax > MOST_SYNTAX:
            raise self._refusal(413, TOO_LARGE)

    def _refusal(self, status: int, sentence: str) -> RefusedError:
        self._refused = RefusedError(status, sentence)
        return self._refused

    async def _send(self, message: Message) -> None:
        if self._refused and not self._answering:
            return  # The app's answer to the error of `_receive`.
        self._answering = True
        await self._send_next(message)

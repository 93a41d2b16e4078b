"""Compresses pages, JSON and streams of events for clients that accept gzip.

Gradio compresses scripts and stylesheets itself, with Brotli.
"""

import re
import zlib

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COMPRESSED = {"text/html", "text/plain", "application/json", "text/event-stream"}
"""Content types. Photos are compressed already."""

SMALLEST = 500
"""Bytes of an answer: of a smaller one nothing is saved."""

LEVEL = 6
"""Zlib's usual compromise: 165 kB of the start page become 17 kB in 3 ms."""

LARGE = 128 << 10
"""Bytes of which the compression takes so long that it is done in another thread."""

NOT_ACCEPTED = re.compile(r"q=0(\.0*)?")


class Compression:
    """ASGI middleware that compresses answers. Each part of a stream is sent at once.

    No cookie identifies a visitor, and a photo's secret is sent only to the page that has it, whose
    requests another site cannot make. So lengths of compressed answers tell other sites nothing.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http":
            accepted = accepts_gzip(Headers(scope=scope).get("accept-encoding", ""))
            send = _Response(send, accepted).send
        await self._app(scope, receive, send)


class _Response:
    """An answer on its way out.

    Args:
        send: sends to the client.
        accepted: whether the client accepts gzip.
    """

    def __init__(self, send: Send, accepted: bool) -> None:
        self._send, self._accepted = send, accepted
        self._compressor: zlib._Compress | None = None

    async def send(self, message: Message) -> None:
        """Send a message of the answer."""
        if message["type"] == "http.response.start":
            message = self._start(message)
        elif message["type"] == "http.response.body" and self._compressor:
            part = (self._compressor, message.get("body", b""), message.get("more_body", False))
            large = len(part[1]) >= LARGE
            body = await run_in_threadpool(_compressed, *part) if large else _compressed(*part)
            message = {**message, "body": body}
        await self._send(message)

    def _start(self, message: Message) -> Message:
        """Return the first message with headers of a compressed answer, if it is to be one."""
        headers = MutableHeaders(raw=list(message["headers"]))
        if _is_compressible(message["status"], headers):
            headers.add_vary_header("Accept-Encoding")
            if self._accepted:
                headers["Content-Encoding"] = "gzip"
                del headers["Content-Length"]
                self._compressor = zlib.compressobj(LEVEL, wbits=16 + zlib.MAX_WBITS)
        return {**message, "headers": headers.raw}


def _compressed(compressor: "zlib._Compress", body: bytes, more: bool) -> bytes:
    # The flush gives the client all that was sent so far.
    end = zlib.Z_SYNC_FLUSH if more else zlib.Z_FINISH
    return compressor.compress(body) + compressor.flush(end)


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether a client with this ``Accept-Encoding`` takes gzip.

    >>> accepts_gzip("br, gzip;q=0.5"), accepts_gzip("gzip;q=0"), accepts_gzip("")
    (True, False, False)
    """
    for each in accept_encoding.lower().replace(" ", "").split(","):
        name, _, weight = each.partition(";")
        if name in ("gzip", "*"):
            return not NOT_ACCEPTED.fullmatch(weight)
    return False


def _is_compressible(status: int, headers: Headers) -> bool:
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    large = int(headers.get("content-length", SMALLEST)) >= SMALLEST
    whole = status not in (204, 206, 304) and "content-encoding" not in headers
    return whole and large and media_type in COMPRESSED

"""Holds each client to its limits, over all ways in: page, API, agents (MCP), uploads and files.

What is refused gets status 429 (503 where the whole app is busy, 413 and 408 for bodies) and a
sentence. Nothing is collected: bodies and answers stay streams.
"""

import asyncio
import hmac
import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from starlette.types import ASGIApp, Receive, Scope, Send

from recsys.web.bodies import (
    AGENTS,
    API,
    MEGABYTE,
    TOO_LARGE,
    BoundedBody,
    RefusedError,
    announced,
    largest,
)
from recsys.web.limits import Client, Clients, Limits, client_address

BUSY = "Busy right now. Try again in a few seconds."
RETRY_SECONDS = 2
"""When to try again, told to programs."""

HELD_SECONDS = 0.5
"""Time until a refusal is sent. It slows down programs that ignore refusals."""

MOST_WAITING = 256
"""Calls of all clients that wait: what is answered in about ten seconds."""

OPEN_PER_CALL = 6
"""Streams and uploads in progress for each call: a browser may keep six connections open."""

CALLS = (f"{API}call/", f"{API}queue/join")
STREAMS = (f"{API}call/", f"{API}queue/data", f"{API}heartbeat/", f"{API}upload_progress")
FILES = ("/photos/", "/assets/", "/scripts/", "/static/", "/theme.css", f"{API}theme.css")
"""Starts of paths. Photos and files cost next to nothing and have a rate of their own."""

FILE_TOKENS = 1 / 25
"""A file's share of a call: a new visitor's browser loads about 150 files and photos at once."""

CLIENT, WEIGHT = "recsys.client", "recsys.weight"
"""Keys in the scope of a request: the `Client`; 1 and another for each megabyte that it sends."""

ON_BEHALF = b"x-on-behalf-of"
"""Header in which Gradio's MCP server, which calls the API over HTTP, says whose call it is."""


class CallQueue(Protocol):
    """Where calls wait."""

    def weight_of(self, client: Client) -> int:
        """Return the weight of a client's calls that wait, run or have not been fetched."""

    def __len__(self) -> int:
        """Return the number of all clients' calls that wait."""


class ClientLimits:
    """ASGI middleware that answers a client's request, or refuses it.

    It also writes the client's own address into the request, for those behind it.

    Args:
        app: answers.
        limits: of each client.
        queue: where calls wait.
        clock: gives the time in seconds.
    """

    def __init__(
        self,
        app: ASGIApp,
        limits: Limits,
        queue: CallQueue,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app, self._limits, self._queue, self._clock = app, limits, queue, clock
        self._clients, self._secret = Clients(limits.rate), secrets.token_hex()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        on_behalf = self._on_behalf(scope)
        address = on_behalf or client_address(scope, self._limits.proxies)
        client = self._clients.at(address, self._clock())
        scope = self._marked(scope, client)
        try:
            self._check(scope, client)
            with _in_progress(scope, client):
                await BoundedBody(scope, receive, send).answer(self._app)
        except RefusedError as refusal:
            if not on_behalf:
                await self._hold(client)
            # Gradio's client, and so its MCP server, has words for 503 but not for 429.
            status = 503 if on_behalf else refusal.status
            await _refuse(status, refusal.sentence, send)

    def _on_behalf(self, scope: Scope) -> str:
        """Return the address of whom an agent's call is for; empty for other requests."""
        value = dict(scope["headers"]).get(ON_BEHALF, b"")
        secret, _, address = value.partition(b" ")
        known = hmac.compare_digest(secret, self._secret.encode())
        return address.decode("latin-1") if known else ""

    def _marked(self, scope: Scope, client: Client) -> Scope:
        """Return the scope of a request with its client and its weight."""
        headers = [(name, value) for name, value in scope["headers"] if name != ON_BEHALF]
        if scope["path"].startswith(AGENTS):
            headers.append((ON_BEHALF, f"{self._secret} {client.address}".encode("latin-1")))
        weight = 1 + announced(scope) // MEGABYTE
        changed = {"headers": headers, "client": (client.address, 0)}
        return {**scope, **changed, CLIENT: client, WEIGHT: weight}

    def _check(self, scope: Scope, client: Client) -> None:
        """Raise `RefusedError` if a request is over its client's limits."""
        now, path, weight = self._clock(), scope["path"], scope[WEIGHT]
        if not client.files.take(FILE_TOKENS, now):
            raise RefusedError(429, BUSY)
        if _is_file(scope):
            return
        if announced(scope) > largest(path):
            raise RefusedError(413, TOO_LARGE)
        if _is_call(scope):
            if len(self._queue) >= MOST_WAITING:
                raise RefusedError(503, BUSY)
            under_way, most = client.sending + self._queue.weight_of(client), self._limits.calls
        else:
            under_way, most = client.open, OPEN_PER_CALL * self._limits.calls
        free = path.startswith(AGENTS) or (scope["method"] == "GET" and path.startswith(STREAMS))
        full = most and under_way + min(weight, most) > most
        if full or not client.calls.take(weight - free, now):
            raise RefusedError(429, BUSY)

    async def _hold(self, client: Client) -> None:
        """Wait before a client is refused, with as many refusals as it may make calls."""
        if client.refused >= self._limits.calls:
            return
        client.refused += 1
        try:
            await asyncio.sleep(HELD_SECONDS)
        finally:
            client.refused -= 1


def _is_file(scope: Scope) -> bool:
    path: str = scope["path"]
    return scope["method"] in ("GET", "HEAD") and path.startswith(FILES)


def _is_call(scope: Scope) -> bool:
    path: str = scope["path"]
    return scope["method"] == "POST" and path.startswith(CALLS)


@contextmanager
def _in_progress(scope: Scope, client: Client) -> Iterator[None]:
    """Count a request while it is in progress."""
    weight = 0 if _is_file(scope) else scope[WEIGHT]
    sending, streaming = (weight, 0) if _is_call(scope) else (0, weight)
    client.sending, client.open = client.sending + sending, client.open + streaming
    try:
        yield
    finally:
        client.sending, client.open = client.sending - sending, client.open - streaming


async def _refuse(status: int, sentence: str, send: Send) -> None:
    """Send a refusal in the form in which Gradio's page and client look for its sentence."""
    body = json.dumps({"detail": sentence, "error": sentence}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    if status in (429, 503):
        headers.append((b"retry-after", b"%d" % RETRY_SECONDS))
    else:
        headers.append((b"connection", b"close"))  # The rest of the body is not read.
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

"""Answers are compressed for who accepts it, and streams of events still arrive at once."""

import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from recsys.web.compression import Compression

Result = TypeVar("Result")


def run(task: Coroutine[Any, Any, Result]) -> Result:
    """Run a task in a thread of its own: the browser's loop runs in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, task).result()


@pytest.mark.parametrize("path", ["", "config", "gradio_api/info"])
def test_pages_and_json_are_compressed(server: str, path: str) -> None:
    plain = httpx.get(server + path, headers={"Accept-Encoding": "identity"})
    with httpx.stream("GET", server + path, headers={"Accept-Encoding": "gzip"}) as answer:
        sent = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert "content-encoding" not in plain.headers
    assert len(gzip.decompress(sent)) == len(plain.content)
    assert len(sent) < len(plain.content) / 4


@pytest.mark.parametrize("accepted", ["", "br", "gzip;q=0", "gzip; q=0.00, br", "identity"])
def test_nothing_is_compressed_for_who_does_not_accept_it(server: str, accepted: str) -> None:
    answer = httpx.get(f"{server}health", headers={"Accept-Encoding": accepted})
    page = httpx.get(server, headers={"Accept-Encoding": accepted})
    assert "content-encoding" not in {**answer.headers, **page.headers}


def test_scripts_and_photos_are_not_compressed_twice(server: str) -> None:
    page = httpx.get(server).text
    script = page[page.index("assets/index-") :].partition('"')[0]
    answer = httpx.get(server + script, headers={"Accept-Encoding": "gzip, br"})
    assert answer.headers["content-encoding"] == "br"


def test_an_answer_of_the_queue_is_compressed(server: str) -> None:
    """A page reads its answers from a stream of events."""
    address = f"{server}gradio_api/call/for_basket"
    event = httpx.post(address, json={"data": [[], 12]}).json()["event_id"]
    with httpx.stream("GET", f"{address}/{event}") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["content-encoding"] == "gzip"
        assert "event: " in "".join(answer.iter_text())


def test_each_event_of_a_stream_can_be_read_before_the_next_is_sent() -> None:
    async def events() -> AsyncIterator[bytes]:
        for number in range(3):
            yield b"data: %d\n\n" % number

    async def stream(request: object) -> Response:
        return StreamingResponse(events(), media_type="text/event-stream")

    app = Starlette(routes=[Route("/", stream)], middleware=[Middleware(Compression)])
    sent: list[bytes] = []

    async def send(message: dict[str, object]) -> None:
        sent.append(bytes(message.get("body", b"")))  # type: ignore[call-overload]

    async def receive() -> dict[str, object]:
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    headers = [(b"accept-encoding", b"gzip")]
    scope = {"type": "http", "method": "GET", "path": "/", "headers": headers, "query_string": b""}
    run(app(scope, receive, send))
    reader = zlib.decompressobj(16 + zlib.MAX_WBITS)
    read = [reader.decompress(each) for each in sent]
    assert [each for each in read if each] == [b"data: %d\n\n" % number for number in range(3)]


def test_a_large_answer_is_whole() -> None:
    content = json.dumps(list(range(100_000)))
    answer = Response(content, media_type="application/json")
    app = Starlette(routes=[Route("/", lambda _: answer)], middleware=[Middleware(Compression)])

    async def fetch() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
            return await client.get("http://app/")

    got = run(fetch())
    assert (got.text, got.headers["content-encoding"]) == (content, "gzip")

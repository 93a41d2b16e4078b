"""One client's flood is refused in plain words, whichever way it comes; others are answered."""

import asyncio
import itertools
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import httpx
import pytest
from browsing import Visit, free_port
from gradio.queueing import Event
from gradio_client import Client, handle_file
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client
from playwright.sync_api import Browser

from recsys.serving.edition import Edition, LiveEdition
from recsys.serving.recommender import Recommender
from recsys.web.bodies import (
    LARGEST_FROM_AGENT,
    LARGEST_JSON,
    LARGEST_JSON_WITH_PHOTO,
    LARGEST_UPLOAD,
    MOST_SYNTAX,
)
from recsys.web.gradio_private import ANSWER_SECONDS, FairQueue
from recsys.web.limiter import BUSY, CLIENT
from recsys.web.limits import SMALLEST_BURST, Limits
from recsys.web.limits import Client as LimitedClient
from recsys.web.server import launch

CALLS = 4
"""Calls of one client at the same time, in these tests."""

ADDRESSES = (f"192.0.2.{number}" for number in itertools.count(1))


@pytest.fixture(scope="session")
def live(recommender: Recommender) -> LiveEdition:
    return LiveEdition(Edition(recommender, "the tests"))


@pytest.fixture(scope="session")
def behind_proxy(live: LiveEdition) -> Iterator[gr.Blocks]:
    """A server that believes ``X-Forwarded-For``."""
    yield launch(live, Limits(CALLS, 20, proxies=1), server_port=free_port(), quiet=True)
    gr.close_all()


@pytest.fixture
def api(behind_proxy: gr.Blocks) -> Iterator[httpx.Client]:
    """A client with an address of its own."""
    headers = {"X-Forwarded-For": next(ADDRESSES)}
    with httpx.Client(base_url=behind_proxy.local_url, headers=headers, timeout=60) as client:
        yield client


@pytest.fixture
def other(behind_proxy: gr.Blocks) -> Client:
    """A program of somebody else."""
    headers = {"X-Forwarded-For": next(ADDRESSES)}
    return Client(behind_proxy.local_url, headers=headers, verbose=False)


def start(api: httpx.Client, name: str = "health", data: object = ()) -> httpx.Response:
    """Start a call whose answer is never fetched."""
    return api.post(f"gradio_api/call/{name}", json={"data": data or []})


def flood(api: httpx.Client) -> None:
    """Start as many calls as a client may."""
    for _ in range(CALLS):
        start(api).raise_for_status()


def forget(page: gr.Blocks, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the time pass after which answers are dropped."""
    queue, now = page._queue, page._queue._clock()
    queue.drop_unfetched()
    monkeypatch.setattr(queue, "_clock", lambda: now + ANSWER_SECONDS + 1)
    queue.drop_unfetched()
    monkeypatch.undo()


def test_a_flood_is_refused_and_says_when_to_try_again(api: httpx.Client) -> None:
    flood(api)
    refused = start(api)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert refused.json()["detail"] == BUSY


def test_other_clients_are_answered_meanwhile(
    api: httpx.Client, other: Client, recommender: Recommender, tmp_path: Path
) -> None:
    flood(api)
    article = recommender.example_articles(1)[0].article_id
    (tmp_path / "a.jpg").write_bytes(recommender.photo(article) or b"")
    answer = other.predict(handle_file(tmp_path / "a.jpg"), 3, None, api_name="/similar_to_photo")
    assert len(answer["galleries"]) == 5


def test_who_fetches_answers_is_never_refused(other: Client) -> None:
    for _ in range(CALLS + 2):
        assert other.predict(api_name="/health")["articles"] > 0


def test_answers_that_nobody_fetches_are_dropped(
    behind_proxy: gr.Blocks, api: httpx.Client, other: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = [start(api).json()["event_id"] for _ in range(CALLS)]
    other.predict(api_name="/health")
    forget(behind_proxy, monkeypatch)
    queue = behind_proxy._queue
    assert not set(events) & set(queue.pending_messages_per_session)
    assert not set(events) & set(queue.pending_event_ids_session)
    assert start(api).status_code == 200


def test_a_rate_holds_for_every_way_in(live: LiveEdition) -> None:
    page = launch(live, Limits(0, 0.001, proxies=1), server_port=free_port(), quiet=True)
    ways = {
        "upload": lambda api: api.post("gradio_api/upload", files={"files": ("a.jpg", b"a")}),
        "call": start,
        "join": lambda api: api.post("gradio_api/queue/join", json={"data": [], "fn_index": 0}),
        "page": lambda api: api.get(""),
        "health": lambda api: api.get("health"),
    }
    for way in ways.values():
        headers = {"X-Forwarded-For": next(ADDRESSES)}
        with httpx.Client(base_url=page.local_url, headers=headers) as api:
            statuses = [way(api).status_code for _ in range(SMALLEST_BURST + 1)]
            assert 429 not in statuses[:-1]
            assert statuses[-1] == 429
            assert api.get("photos/1.jpg").status_code == 404, "photos have a rate of their own"


def test_an_address_cannot_be_forged_without_a_proxy(live: LiveEdition) -> None:
    page = launch(live, Limits(CALLS, 20), server_port=free_port(), quiet=True)
    with httpx.Client(base_url=page.local_url) as api:
        for _ in range(CALLS + 1):
            api.headers["X-Forwarded-For"] = next(ADDRESSES)
            last = start(api)
    assert last.status_code == 429


def test_no_call_skips_the_queue(api: httpx.Client) -> None:
    for way in ("run", "api"):
        assert api.post(f"gradio_api/{way}/health", json={"data": []}).status_code == 404


FILE_HEADER = b'Content-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n'


def photo_as_text(length: int) -> bytes:
    return b'{"data": ["' + b"a" * length


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("gradio_api/call/article", photo_as_text(LARGEST_JSON)),
        ("gradio_api/call/compose", photo_as_text(LARGEST_JSON_WITH_PHOTO)),
        ("gradio_api/queue/join", photo_as_text(LARGEST_JSON_WITH_PHOTO)),
        ("gradio_api/mcp/", photo_as_text(LARGEST_FROM_AGENT)),
        ("gradio_api/upload", b"--a\r\n" + FILE_HEADER + bytes(LARGEST_UPLOAD)),
        ("gradio_api/call/article", json.dumps({"data": [0] * MOST_SYNTAX}).encode()),
        ("gradio_api/call/article", b'{"data": ' + b"[" * MOST_SYNTAX),
    ],
    ids=["words", "photo", "page", "agent", "upload", "values", "nesting"],
)
@pytest.mark.parametrize("chunked", [False, True], ids=["announced", "streamed"])
def test_a_body_is_bounded(api: httpx.Client, path: str, body: bytes, chunked: bool) -> None:
    content = (body[at : at + 65536] for at in range(0, len(body), 65536)) if chunked else body
    kind = "multipart/form-data; boundary=a" if path.endswith("upload") else "application/json"
    refused = api.post(path, content=content, headers={"Content-Type": kind})
    assert refused.status_code == 413
    if not path.endswith("upload"):  # Gradio, too, refuses a file that is too large.
        assert refused.headers["connection"] == "close"
        assert "too large" in refused.json()["detail"]


def test_a_nested_body_within_the_bounds_is_an_ordinary_error(api: httpx.Client) -> None:
    depth = MOST_SYNTAX // 2
    body = b'{"data": ' + b"[" * depth + b"]" * depth + b"}"
    assert 400 <= api.post("gradio_api/call/article", content=body).status_code < 500


def test_a_program_gets_a_readable_error(api: httpx.Client) -> None:
    program = Client(str(api.base_url), headers=dict(api.headers), verbose=False)
    flood(api)
    with pytest.raises(Exception, match="429 Too Many Requests"):
        program.predict(api_name="/health")


def test_an_agent_gets_a_readable_error_and_counts_as_its_own_client(
    api: httpx.Client, other: Client
) -> None:
    async def ask(headers: dict[str, str]) -> str:
        address = f"{api.base_url}gradio_api/mcp/"
        async with (
            streamablehttp_client(address, headers=headers) as streams,
            ClientSession(streams[0], streams[1]) as session,
        ):
            await session.initialize()
            result = await session.call_tool("health", {})
            return result.content[0].text

    def asked(client: httpx.Client | Client) -> str:
        # The browser of other tests has a loop of its own in this thread.
        with ThreadPoolExecutor(1) as thread:
            headers = {"X-Forwarded-For": client.headers["X-Forwarded-For"]}
            return thread.submit(asyncio.run, ask(headers)).result()

    flood(api)
    assert "full! Please try again" in asked(api)
    assert "articles" in asked(other)


def test_the_page_says_so_and_asks_again_by_itself(
    behind_proxy: gr.Blocks,
    api: httpx.Client,
    browser: Browser,
    monkeypatch: pytest.MonkeyPatch,
    recommender: Recommender,
) -> None:
    visit = Visit(browser, behind_proxy.local_url, 1440, 900)
    visit.context.set_extra_http_headers({"X-Forwarded-For": api.headers["X-Forwarded-For"]})
    one, two = (each.article_id for each in recommender.example_articles(2))
    visit.open()
    visit.say(one)
    visit.answer_about(one)
    flood(api)
    visit.say(two)
    assert visit.message() == BUSY
    assert visit.article_id() == one
    forget(behind_proxy, monkeypatch)
    visit.answer_about(two)
    assert visit.page.get_by_role("alert").count() == 0
    visit.context.close()


def event(client: LimitedClient, lane: str) -> Event:
    request = SimpleNamespace(scope={CLIENT: client})
    return Event(None, SimpleNamespace(concurrency_id=lane, concurrency_limit=2), request, None)


def test_clients_take_turns_and_run_only_so_many_calls() -> None:
    with gr.Blocks() as page:
        queue = FairQueue(page, 2)
    queue.active_jobs = [None] * 10
    many, one = (LimitedClient(name, 0, 0) for name in ("many", "one"))
    waiting = [event(many, "searches") for _ in range(4)] + [event(one, "searches")]
    for each in [*waiting, event(many, "batches")]:
        queue.create_event_queue_for_fn(each.fn)
        queue.event_queue_per_concurrency_id[each.concurrency_id].queue.append(each)
    started = []
    while taken := queue.get_events():
        queue.active_jobs[len(started)] = taken[0]
        started.append(taken[0][0])
    assert started == [waiting[0], waiting[4], waiting[1]]

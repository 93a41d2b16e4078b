"""Everything that uses undocumented parts of Gradio. Look here first when an upgrade fails.

Tested with Gradio 6.29.1 to 6.31.0.
"""

import asyncio
import json
import logging
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any, get_type_hints

import gradio as gr
import gradio.mcp
from gradio.components import Component
from gradio.components.api_component import Api as ApiComponent
from gradio.queueing import Event, EventQueue, Queue
from gradio.state_holder import SessionState, StateHolder
from gradio.utils import is_in_or_equal, run_coro_in_background
from gradio_client.utils import python_type_to_json_schema
from mcp.types import TextContent

from recsys.web.headers import BROKEN
from recsys.web.limiter import CLIENT, WEIGHT
from recsys.web.limits import Client

logger = logging.getLogger(__name__)

WRONG_PARAMETERS = "These are not this endpoint's parameters; gradio_api/info lists them."
UPLOAD_FIRST = "Upload the photo itself: addresses are not fetched."

FRONTEND = Path(gr.__file__).parent / "templates/frontend/assets"

ANSWER_SECONDS = 60
"""Time that an answer waits to be fetched. Clients fetch it at once, or never."""

SWEEP_SECONDS = 10
"""Time between two looks for answers that nobody has fetched."""


def event_field(event: gr.EventData, name: str) -> str:
    """Return a field of the data that the page's script gave ``trigger``; empty for none.

    `gr.EventData` keeps the data in ``_data`` (Gradio 3 and later). A browser may send anything
    there, not only a dictionary.
    """
    data = event._data
    return str(data.get(name, "")) if isinstance(data, dict) else ""


def frontend_files(assets: Path = FRONTEND) -> list[str]:
    """Return the scripts and stylesheets that Gradio's page loads one after another, by name.

    Each script of the frontend (Gradio 6) has a list of files and imports others by their places in
    it: index imports Index, Index imports Blocks, and core imports the component of `gr.HTML`. An
    empty list if another Gradio does this otherwise: the page then loads as it does by itself.
    """
    main = re.search(r"assets/(index-[\w-]+\.js)", _text(assets.parent / "index.html"))
    first = _imports(assets / main[1], r"import\(`\./Index-") if main else []
    index = next((each for each in first if each.startswith("Index-")), "")
    core = next((each for each in first if each.startswith("core-") and each.endswith(".js")), "")
    blocks = _imports(assets / index, r"import\(`\./Blocks-")
    component = _imports(assets / core, r"\bhtml:\{[^{}]*?component:\(\)=>")
    files = dict.fromkeys([*first, *blocks, *component])
    return [each for each in files if not each.startswith("index-")]


def _imports(script: Path, before: str) -> list[str]:
    """Return the files of a script's import that follows what a pattern matches."""
    text = _text(script)
    names = re.search(r"m\.f=(\[[^\]]*\])", text)
    places = re.search(before + r"[^\[]*?__vite__mapDeps\(\[([\d,]+)\]\)", text)
    if not names or not places:
        return []
    files = json.loads(names[1])
    return [files[int(place)].removeprefix("./") for place in places[1].split(",")]


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def endpoint_components(
    endpoint: Callable[..., Any], file_parameter: str
) -> tuple[list[Component], Component]:
    """Return components that take an endpoint's parameters, and one that gives its answer.

    `gr.api` makes these components itself (since Gradio 5.12), but gives an endpoint no file to
    read: a file's content comes through a `gr.File` only. So the other parameters and the answer
    get the component that `gr.api` would have made, with the JSON schema of their type.

    Args:
        endpoint: its parameters and its result have type hints.
        file_parameter: name of the parameter that is a file's bytes.
    """
    hints = get_type_hints(endpoint)
    inputs: list[Component] = [
        gr.File(visible=False, label=name, type="binary")
        if name == file_parameter
        else ApiComponent(each.default, python_type_to_json_schema(hints[name]), name)
        for name, each in signature(endpoint).parameters.items()
    ]
    return inputs, ApiComponent(None, python_type_to_json_schema(hints["return"]), "answer")


def answer_agents_in_json(page: gr.Blocks) -> None:
    """Make a launched page's MCP server write answers as JSON.

    Gradio's own server (since 5.28) writes them with ``str``, so with ``None`` and single quotes,
    which no JSON parser reads. It also looks for files in them; our answers have none.
    """
    server: Any = page.mcp_server_obj
    server.postprocess_output_data = lambda answers, root_url: _contents(answers)


def _contents(answers: Iterable[object]) -> list[TextContent]:
    return [TextContent(type="text", text=json.dumps(each, ensure_ascii=False)) for each in answers]


class NoStates(StateHolder):
    """Gives each call a state of its own and keeps none.

    Gradio (4 and later) keeps one for each visitor and for each call of the API, with the values of
    all inputs and answers in it, and writes it to the disk for whoever asks for a "deep link".
    """

    def __getitem__(self, session_id: str) -> SessionState:
        """Return a new state."""
        return SessionState(self.blocks)


def keep_no_states(page: gr.Blocks) -> None:
    """Make a launched page forget the state of each call. It needs none: see `sessions`."""
    page.app.state_holder = NoStates()  # type: ignore[no-untyped-call]
    page.app.state_holder.set_blocks(page)


def use_uploads_only(page: gr.Blocks, folder: Path) -> None:
    """Make a page's inputs take files of the uploads' folder only, and agents' photos lie there.

    Gradio (4 and later) fetches a file whose path is an address of the internet, of any size. It
    notes the path of each file for as long as it runs. Its MCP server writes photos of agents to
    the folder that was set when it was imported.
    """

    async def uploaded(path: str) -> str:
        if not is_in_or_equal(path, folder):
            raise gr.Error(UPLOAD_FIRST, print_exception=False)
        return path

    gradio.mcp.DEFAULT_TEMP_DIR = str(folder)
    for block in page.blocks.values():
        block.async_move_resource_to_block_cache = uploaded  # type: ignore[method-assign,assignment]


def explain_errors(page: gr.Blocks) -> None:
    """Make every error of an event or a call one with a sentence; Gradio's own have none.

    What is wrong in the parameters before our code gets them, as their number or a file that was
    never uploaded, is the caller's to put right. Anything else that was not foreseen is logged.
    """
    preprocess: Any = page.preprocess_data
    process: Any = page.process_api

    async def preprocess_or_explain(*args: Any, **options: Any) -> Any:
        try:
            return await preprocess(*args, **options)
        except gr.Error:
            raise
        except Exception as error:
            raise gr.Error(WRONG_PARAMETERS, print_exception=False) from error

    async def process_or_explain(*args: Any, **options: Any) -> Any:
        try:
            return await process(*args, **options)
        except gr.Error as error:
            error.print_exception = False  # Gradio's own errors of this kind are callers', too.
            raise
        except Exception as error:
            logger.exception("A call failed.")
            raise gr.Error(BROKEN, print_exception=False) from error

    page.preprocess_data = preprocess_or_explain  # type: ignore[method-assign]
    page.process_api = process_or_explain  # type: ignore[method-assign]


@dataclass(frozen=True)
class _Call:
    """A call that waits, runs or has not been fetched."""

    client: Client
    weight: int
    session: str


class FairQueue(Queue):
    """Gradio's queue, with turns for clients, and without answers that nobody fetches.

    Gradio (4.0 and later) starts the event that waits longest. It keeps finished answers for 2,000
    sessions until they are fetched, as Python objects of about seven times the size of their JSON.

    Args:
        page: whose queue this becomes.
        running: events of one client that run at the same time, at most; 0 for no limit.
        clock: gives the time in seconds.
    """

    def __init__(
        self, page: gr.Blocks, running: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        plain = page._queue
        live, threads, interval = plain.live_updates, plain.max_thread_count, plain.update_intervals
        super().__init__(live, threads, interval, None, page)
        self._most_running, self._clock, self._turn = running, clock, 0
        self._calls: dict[str, _Call] = {}
        self._idle_since: dict[str, float] = {}
        page._queue = self

    def start(self) -> None:
        """Start to process events and to drop answers."""
        super().start()  # type: ignore[no-untyped-call]
        run_coro_in_background(self._drop_regularly)

    async def push(self, body: Any, request: Any, username: str | None) -> Any:
        """Let an event wait, and note whose it is."""
        pushed = await super().push(body, request, username)
        done, event_id, _ = pushed
        if done:
            scope, session = request.scope, body.session_hash
            self._calls[str(event_id)] = _Call(scope[CLIENT], scope[WEIGHT], session)
            self._idle_since.pop(session, None)
        return pushed

    def weight_of(self, client: Client) -> int:
        """Return the weight of a client's calls that wait, run or have not been fetched."""
        self._calls = {id_: call for id_, call in self._calls.items() if self._kept(id_, call)}
        return sum(call.weight for call in self._calls.values() if call.client is client)

    def get_events(self) -> tuple[list[Event], bool, str] | None:
        """Take the next event to run: of clients who may run one, the turn goes around."""
        running = Counter(_client(each) for job in self.active_jobs if job for each in job)
        waiting = [
            (lane, event)
            for lane in self.event_queue_per_concurrency_id.values()
            if _has_room(lane)
            for event in lane.queue
            if not 0 < self._most_running <= running[_client(event)]
        ]
        if not waiting:
            return None
        lane, event = min(waiting, key=lambda each: _client(each[1]).turn)
        lane.queue.remove(event)
        self._turn += 1
        _client(event).turn = self._turn
        return [event], False, lane.concurrency_id

    def drop_unfetched(self) -> None:
        """Drop the answers of sessions in which nothing has happened for `ANSWER_SECONDS`."""
        now = self._clock()
        active = {event.session_hash for event in self.event_ids_to_events.values()}
        sessions = set(self.pending_messages_per_session) | set(self.pending_event_ids_session)
        idle = sessions - active
        self._idle_since = {each: self._idle_since.get(each, now) for each in idle}
        for session, since in self._idle_since.items():
            if now - since >= ANSWER_SECONDS:
                self.pending_messages_per_session.pop(session, None)
                self.pending_event_ids_session.pop(session, None)

    def compute_analytics_summary(self, records: object) -> dict[str, Any]:
        """Return nothing. Gradio makes a table of the last 10,000 events after each event."""
        return {}

    async def _drop_regularly(self) -> None:
        while not self.stopped:
            await asyncio.sleep(SWEEP_SECONDS)
            self.drop_unfetched()

    def _kept(self, event_id: str, call: _Call) -> bool:
        unfetched = event_id in self.pending_event_ids_session.get(call.session, ())
        there = unfetched and call.session in self.pending_messages_per_session
        return there or event_id in self.event_ids_to_events


def _client(event: Event) -> Client:
    client: Client = event.request.scope[CLIENT]
    return client


def _has_room(lane: EventQueue) -> bool:
    return lane.concurrency_limit is None or lane.current_concurrency < lane.concurrency_limit

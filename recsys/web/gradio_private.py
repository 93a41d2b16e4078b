"""Everything that uses undocumented parts of Gradio. Look here first when an upgrade fails.

Tested with Gradio 6.29.1 to 6.31.0.
"""

import json
import logging
from collections.abc import Callable, Iterable
from inspect import signature
from pathlib import Path
from typing import Any, get_type_hints

import gradio as gr
import gradio.mcp
from gradio.components import Component
from gradio.components.api_component import Api as ApiComponent
from gradio.state_holder import SessionState, StateHolder
from gradio.utils import is_in_or_equal
from gradio_client.utils import python_type_to_json_schema
from mcp.types import TextContent

from recsys.web.headers import BROKEN

logger = logging.getLogger(__name__)

WRONG_PARAMETERS = "These are not this endpoint's parameters; ?view=api lists them."
UPLOAD_FIRST = "Upload the photo itself: addresses are not fetched."


def event_field(event: gr.EventData, name: str) -> str:
    """Return a field of the data that the page's script gave ``trigger``; empty for none.

    `gr.EventData` keeps the data in ``_data`` (Gradio 3 and later). A browser may send anything
    there, not only a dictionary.
    """
    data = event._data
    return str(data.get(name, "")) if isinstance(data, dict) else ""


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

"""Everything that uses undocumented parts of Gradio. Look here first when an upgrade fails.

Tested with Gradio 6.29.1 to 6.31.0.
"""

import json
from collections.abc import Callable, Iterable
from inspect import signature
from typing import Any, get_type_hints

import gradio as gr
from gradio.components import Component
from gradio.components.api_component import Api as ApiComponent
from gradio_client.utils import python_type_to_json_schema
from mcp.types import TextContent


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

"""Agents get the API's answers as JSON, by the Model Context Protocol."""

import json
from collections.abc import Iterable
from typing import Any

import gradio as gr
from mcp.types import TextContent


def answer_in_json(page: gr.Blocks) -> None:
    """Have a page's MCP server, once it is launched, write answers as JSON.

    Gradio writes them as Python would, with ``None`` and single quotes, which no JSON parser reads.
    No answer of ours holds a file, which is what else it looks for.
    """
    server: Any = page.mcp_server_obj
    server.postprocess_output_data = lambda answers, root_url: _contents(answers)


def _contents(answers: Iterable[object]) -> list[TextContent]:
    return [TextContent(type="text", text=json.dumps(each, ensure_ascii=False)) for each in answers]

"""Tools for agents: the Model Context Protocol lists and calls every endpoint."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from test_api import examples

from recsys.retrieval.facets import FACETS
from recsys.retrieval.fusion import PARTS
from recsys.serving.recommender import Recommender

T = TypeVar("T")


def with_agent(server: str, use: Callable[[ClientSession], Awaitable[T]]) -> T:
    """Open an MCP session and return what ``use`` returns."""

    async def run() -> T:
        async with (
            streamable_http_client(f"{server}gradio_api/mcp/") as streams,
            ClientSession(streams[0], streams[1]) as session,
        ):
            await session.initialize()
            return await use(session)

    # A thread of its own: with a browser open, this one has a running event loop already.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(run())).result()


def call(server: str, name: str, inputs: dict[str, Any]) -> Any:
    result = with_agent(server, lambda session: session.call_tool(name, inputs))
    text = "".join(getattr(each, "text", "") for each in result.content)
    return text if result.isError else json.loads(text)


def tool_name(server: str, endpoint: str) -> str:
    tools = with_agent(server, lambda session: session.list_tools()).tools
    return next(tool.name for tool in tools if tool.name.endswith(endpoint))


def test_the_tools_are_the_endpoints_and_say_what_they_take(
    server: str, recommender: Recommender
) -> None:
    tools = with_agent(server, lambda session: session.list_tools()).tools
    endpoints = examples(recommender).keys() | {"similar_to_photo"}
    assert len(tools) == len(endpoints)
    for tool in tools:
        assert any(tool.name.endswith(endpoint) for endpoint in endpoints)
        assert len(tool.description or "") > 40
        if tool.name.endswith("compose"):
            assert all(column in str(tool.description) for column in FACETS)
            assert all(part in str(tool.description) for part in PARTS)
        for name, each in tool.inputSchema["properties"].items():
            assert len(each.get("description", "")) > 10, (tool.name, name)
            assert each["description"].endswith("."), (tool.name, name)


def test_every_tool_answers(server: str, recommender: Recommender) -> None:
    tools = with_agent(server, lambda session: session.list_tools()).tools
    for endpoint, inputs in examples(recommender).items():
        name = min(
            (tool.name for tool in tools if tool.name.endswith(endpoint)), key=len, default=""
        )
        answer = call(server, name, inputs)
        assert answer, name
        if "galleries" in answer:
            assert answer["release"] == recommender.release_version
            assert len(answer["galleries"][0]["matches"]) == 3


def test_a_photo_comes_as_a_data_address(server: str, recommender: Recommender) -> None:
    article = recommender.example_articles(1)[0].article_id
    photo = base64.b64encode(recommender.photo(article) or b"").decode()
    inputs = {"photo": f"data:image/jpeg;base64,{photo}", "k": 3}
    answer = call(server, tool_name(server, "similar_to_photo"), inputs)
    looks = next(each for each in answer["galleries"] if each["model"] == "image")
    assert looks["matches"][0]["article_id"] == article


def test_what_is_wrong_is_explained_to_an_agent(server: str) -> None:
    answer = call(server, tool_name(server, "similar_to_article"), {"article_id": "shirt", "k": 3})
    assert "'shirt' is not an article number" in str(answer)


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/photo.jpg", "file:///etc/hostname"])
def test_no_address_is_fetched_for_an_agent(server: str, address: str) -> None:
    answer = call(server, tool_name(server, "similar_to_photo"), {"photo": address, "k": 3})
    assert "galleries" not in answer

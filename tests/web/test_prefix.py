"""The page and the API behind a reverse proxy, below a prefix of its site."""

from collections.abc import Iterator

import httpx
import pytest
from browsing import Visit, free_port
from gradio_client import Client
from playwright.sync_api import Browser
from prefix_proxy import PrefixProxy
from test_page import some_id

from recsys.release.reader import Release
from recsys.serving.edition import Edition, LiveEdition
from recsys.serving.recommender import Recommender
from recsys.web.server import launch

PREFIX = "/shop/like"


@pytest.fixture(scope="module")
def app(recommender: Recommender) -> Iterator[str]:
    """The address of an app that knows its prefix."""
    live = LiveEdition(Edition(recommender, "the tests"))
    page = launch(live, server_port=free_port(), quiet=True, root_path=PREFIX)
    yield f"http://127.0.0.1:{page.server_port}"
    page.close()


@pytest.fixture(params=[True, False], ids=["strips", "keeps"])
def proxied(request: pytest.FixtureRequest, app: str) -> Iterator[str]:
    """The app's address behind a proxy that takes the prefix out of paths, or leaves it there."""
    proxy = PrefixProxy(PREFIX, app, request.param)
    yield proxy.address
    proxy.stop()


@pytest.mark.browser
@pytest.mark.parametrize(
    "slash", ["", pytest.param("/", marks=pytest.mark.exhaustive)], ids=["bare", "slash"]
)
def test_the_page_works_with_and_without_a_slash_after_the_prefix(
    browser: Browser, proxied: str, slash: str, release: Release
) -> None:
    one, other = some_id(release), some_id(release, place=9)
    visit = Visit(browser, f"{proxied}{slash}", 1440, 900)
    visit.open(f"?article={one}")
    visit.say(other)
    visit.answer_about(other)
    assert visit.view.evaluate("location.pathname").rstrip("/") == PREFIX
    assert all(visit.photo_widths())
    visit.page.reload()
    visit.answer_about(other)
    assert all(url.startswith(proxied) for url in visit.requests if url.startswith("http"))
    assert visit.errors == []
    visit.context.close()


def test_the_api_works(proxied: str, release: Release) -> None:
    client = Client(f"{proxied}/", verbose=False)
    answer = client.predict(some_id(release), api_name="/similar_to_article")
    assert answer
    assert httpx.get(f"{proxied}/health", timeout=30).is_success

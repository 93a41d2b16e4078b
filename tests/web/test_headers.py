"""Every response has the headers that protect visitors, and the page works with them."""

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from browsing import Visit, free_port
from host_page import HostPage
from playwright.sync_api import Browser, FrameLocator

from recsys.errors import OperatorError
from recsys.release.reader import open_release
from recsys.serving.edition import Edition, LiveEdition
from recsys.serving.recommender import Recommender
from recsys.web.headers import SPACES, frame_ancestors, script_hashes
from recsys.web.server import launch

PAGES = [
    *("", "?words=black+dress"),
    *(
        pytest.param(f"?see={page}", marks=pytest.mark.exhaustive)
        for page in ("quality", "catalog", "shopper")
    ),
]
"""An address of each page."""

ANSWERED = [
    *(
        "",
        "config",
        "theme.css",
        "manifest.json",
        "robots.txt",
        "health",
        "metrics",
        "monitoring/summary",
    ),
    *("photos/0000000000.jpg", "assets/none.js", "gradio_api/info", "gradio_api/openapi.json"),
    *("gradio_api/mcp/", "gradio_api/mcp/schema", "gradio_api/call/none/none", "no-such-page"),
]
CLOSED = [
    *("login", "logout", "monitoring", "monitoring/x", "svelte/x", "gradio_api/deep_link"),
    *("gradio_api/file=README.md", "gradio_api/file=https://example.org/x.svg"),
    *("gradio_api/file/README.md", "gradio_api/proxy=https://x.hf.space/", "gradio_api/token"),
    *("gradio_api/component_server", "gradio_api/process_recording", "gradio_api/vibe-edit"),
    *("gradio_api/run/article", "gradio_api/api/article", "gradio_api/dev/reload"),
    *("gradio_api/stream/a/b/c/playlist.m3u8", "gradio_api/custom_component/a/b/c/d"),
]


FRAMES = "frame-ancestors"


def policy(response: httpx.Response) -> dict[str, list[str]]:
    """The directives of a response's content security policy."""
    directives = response.headers["content-security-policy"].split("; ")
    return {name: values for name, *values in map(str.split, directives)}


@pytest.mark.parametrize("path", [*ANSWERED, *CLOSED])
def test_every_response_has_the_headers(server: str, host_page: HostPage, path: str) -> None:
    response = httpx.get(server + path, timeout=30)
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "same-origin"
    assert "x-frame-options" not in response.headers
    assert policy(response)[FRAMES] == ["'self'", *SPACES, host_page.origin]


@pytest.mark.parametrize("path", CLOSED)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_routes_that_the_app_does_not_need_are_closed(server: str, method: str, path: str) -> None:
    assert httpx.request(method, server + path).status_code == 404


def test_an_upload_cannot_be_fetched_back(server: str) -> None:
    svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alarm()'/>"
    sent = httpx.post(f"{server}gradio_api/upload", files={"files": ("x.svg", svg)})
    assert httpx.get(f"{server}gradio_api/file={sent.json()[0]}").status_code == 404


def test_no_other_origin_and_no_script_but_the_page_s_own_is_allowed(server: str) -> None:
    response = httpx.get(server)
    allowed = policy(response)
    assert allowed["default-src"] == ["'self'"]
    assert allowed["object-src"] == ["'none'"]
    others = [value for name, values in allowed.items() for value in values if name != FRAMES]
    assert not [value for value in others if "*" in value or "://" in value]
    hashes = script_hashes(response.content)
    assert len(hashes) == response.text.count("<script") - response.text.count("<script type=")
    assert allowed["script-src"] == ["'self'", "'unsafe-eval'", *hashes]


def test_what_is_no_page_may_run_nothing(server: str) -> None:
    allowed = policy(httpx.get(f"{server}health"))
    assert allowed["default-src"] == ["'none'"]
    assert "script-src" not in allowed


@pytest.mark.parametrize("see", PAGES)
def test_no_page_is_against_its_policy(visit: Visit, see: str) -> None:
    visit.open(see)
    visit.page.wait_for_function("!document.body.classList.contains('busy')")
    assert visit.errors == []
    assert visit.foreign_requests() == []


def test_the_page_of_the_api_is_not_against_its_policy(visit: Visit) -> None:
    visit.open()
    visit.page.get_by_role("button", name="Use via API").click()
    visit.page.locator(".api-docs").get_by_text("similar_to_photo").first.wait_for()
    visit.page.wait_for_load_state("networkidle")
    assert visit.page.url.endswith("?view=api")
    assert visit.errors == []
    assert visit.foreign_requests() == []


def test_a_script_that_comes_into_the_page_does_not_run(visit: Visit) -> None:
    visit.open()
    visit.page.evaluate(
        """() => {
            window.alarm = () => (window.alarmed = true);
            document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="alarm()">');
            const script = document.createElement('script');
            script.textContent = 'alarm()';
            document.body.append(script);
        }"""
    )
    visit.page.wait_for_function("document.querySelector('img[src=x]').complete")
    assert visit.page.evaluate("window.alarmed") is None
    assert any("Content Security Policy" in error for error in visit.errors)


@pytest.fixture(scope="module")
def embedding(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Another site: its address, and the folder of its pages."""
    folder = tmp_path_factory.mktemp("site")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        yield f"http://localhost:{site.server_port}", folder
        site.shutdown()


@pytest.fixture(scope="module")
def embeddable(embedding: tuple[str, Path], small_built: Path) -> str:
    """The address of an app that the other site may show in a frame."""
    recommender = Recommender(open_release(small_built / "release"))
    live = LiveEdition(Edition(recommender, "the tests"))
    allowed = frame_ancestors({"FRAME_ANCESTORS": embedding[0]})
    address: str = launch(live, ancestors=allowed, server_port=free_port(), quiet=True).local_url
    return address


def framed(
    browser: Browser, embedding: tuple[str, Path], address: str
) -> tuple[Visit, FrameLocator]:
    """A visitor of the other site, whose page shows an address in a frame."""
    site, folder = embedding
    (folder / "page.html").write_text(
        f'<iframe src="{address}" width="1000" height="700"></iframe>'
    )
    visit = Visit(browser, f"{site}/page.html", 1040, 760)
    visit.page.goto(visit.address)
    return visit, visit.page.frame_locator("iframe")


def test_an_allowed_site_shows_the_page_in_a_frame(
    browser: Browser, embedding: tuple[str, Path], embeddable: str
) -> None:
    visit, frame = framed(browser, embedding, embeddable)
    frame.get_by_role("link", name="How good is it?").click()
    frame.get_by_text("Can the models find").first.wait_for()
    visit.context.close()
    assert [error for error in visit.errors if "favicon" not in error] == []


def test_no_other_site_does(browser: Browser, embedding: tuple[str, Path], server: str) -> None:
    visit, frame = framed(browser, embedding, server)
    visit.page.wait_for_timeout(300)
    assert frame.get_by_role("navigation").count() == 0
    visit.context.close()
    assert any("frame-ancestors" in error for error in visit.errors)


def test_further_sites_are_a_setting() -> None:
    assert frame_ancestors({}) == SPACES
    given = "https://shop.example  http://*.intra.example:8080"
    assert frame_ancestors({"FRAME_ANCESTORS": given}) == (*SPACES, *given.split())


@pytest.mark.parametrize("given", ["*", "shop.example", "https://a.example;script-src", "'self'"])
def test_what_is_no_site_is_refused_in_one_line(given: str) -> None:
    with pytest.raises(OperatorError, match="FRAME_ANCESTORS has"):
        frame_ancestors({"FRAME_ANCESTORS": given})

"""Questions outlive their connection: the browser offline, and a server that is started anew."""

from pathlib import Path

import pytest
from browsing import RunningApp, Visit
from host_page import HostPage
from playwright.sync_api import Browser, Route
from test_page import some_id

from recsys.release.reader import Release

pytestmark = pytest.mark.browser

WAITING = "No connection. Trying again…"


def test_a_question_asked_offline_is_answered_online(visit: Visit, release: Release) -> None:
    visit.open()
    visit.context.set_offline(True)
    visit.say(some_id(release))
    assert visit.message() == WAITING
    visit.view.locator("body.busy").wait_for()
    visit.context.set_offline(False)
    visit.answer_about(some_id(release))
    assert visit.view.get_by_role("alert").count() == 0
    assert not visit.view.locator("body.busy").count()


def test_a_stream_that_breaks_off_is_asked_again(visit: Visit, release: Release) -> None:
    """First the proxy of a Space that starts answers, then a stream ends without its answer."""
    visit.open()
    kinds = ["away", "broken"]

    def interfere(route: Route) -> None:
        asks = "/queue/join" in route.request.url
        if kinds and asks == (kinds[0] == "away"):
            kind = kinds.pop(0)
            body = "<h1>Starting</h1>" if kind == "away" else ": ended\n\n"
            status, content = (503, "text/html") if kind == "away" else (200, "text/event-stream")
            route.fulfill(status=status, content_type=content, body=body)
        else:
            route.continue_()

    visit.page.route("**/queue/**", interfere)
    visit.say(some_id(release))
    assert visit.message() == WAITING
    visit.answer_about(some_id(release))
    assert kinds == []
    assert visit.view.get_by_role("alert").count() == 0


def unanswered(route: Route) -> None:
    """Load the page without the answer that the server writes into it."""
    response = route.fetch()
    html = response.text().replace(" data-answered", "")
    route.fulfill(body=html, content_type="text/html")


@pytest.mark.exhaustive
def test_a_question_that_breaks_the_server_is_given_up(visit: Visit, release: Release) -> None:
    loads: list[str] = []
    visit.page.on("load", lambda page: loads.append(page.url))
    visit.page.route("**/?article=*", unanswered)
    visit.page.route(
        "**/queue/data**",
        lambda route: route.fulfill(content_type="text/event-stream", body=": ended\n\n"),
    )
    visit.page.goto(f"{visit.address}?article={some_id(release)}")
    visit.view.get_by_text("The server does not answer. Try again later.").wait_for(timeout=60000)
    assert not visit.view.locator("body.busy").count()
    assert len(loads) == 4


def test_a_question_outlives_a_server_that_is_started_anew(
    browser: Browser, host_page: HostPage, small_built: Path, tmp_path: Path
) -> None:
    settings = {
        "RELEASE": str(small_built / "release"),
        "FRAME_ANCESTORS": host_page.origin,
    }
    first = RunningApp(tmp_path, **settings).wait()
    visit = Visit(browser, first.address, 1440, 900, host=host_page.around(first.address))
    visit.open()
    card = visit.view.locator(".start.articles .match a").first
    article_id = str(card.get_attribute("data-article"))
    first.stop()
    card.click()
    assert visit.message() == WAITING
    second = RunningApp(tmp_path, port=first.port, **settings).wait()
    visit.answer_about(article_id)
    visit.page.wait_for_function(f"() => location.search.includes('{article_id}')")
    second.stop()
    visit.context.close()

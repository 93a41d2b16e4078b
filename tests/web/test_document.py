"""A page comes with the answer to its address, and says to other sites what it shows."""

import html
import json
import random
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from browsing import Visit
from page_outline import HOSTILE

from recsys.release.reader import open_release
from recsys.serving.edition import Edition, LiveEdition
from recsys.serving.recommender import Recommender
from recsys.web import document
from recsys.web.document import CONFIG, write_view
from recsys.web.first_view import DESCRIPTION, FirstView, first_view
from recsys.web.handlers import PageHandlers
from recsys.web.layout import SURPRISE


@pytest.fixture
def article_id(recommender: Recommender) -> str:
    return recommender.example_articles(3)[1].article_id


@pytest.fixture
def handlers(recommender: Recommender) -> PageHandlers:
    return PageHandlers(LiveEdition(Edition(recommender, "the tests")), random.Random(0))  # noqa: S311


def config_in(page: str) -> dict[str, Any]:
    found = CONFIG.search(page)
    assert found
    return dict(json.loads(found[0]))


def parts_in(page: str) -> dict[str, str]:
    """Values of the page's parts by the names of their elements."""
    properties = [each["props"] for each in config_in(page)["components"]]
    return {each["elem_id"]: each.get("value") for each in properties if each.get("elem_id")}


def meta(page: str) -> dict[str, str]:
    found = re.findall(r'<meta (?:name|property)="([\w:]+)" content="([^"]*)">', page)
    return {name: html.unescape(content) for name, content in found}


def test_a_link_to_an_article_comes_with_its_answer(
    server: str, article_id: str, recommender: Recommender
) -> None:
    address = f"?article={article_id}&open={article_id}"
    page = httpx.get(f"{server}{address}&__theme=dark").text
    parts, article = parts_in(page), recommender.article(article_id)
    assert "data-answered" in parts["top"]
    assert f'data-article="{article_id}"' not in parts["answer"]
    assert parts["answer"].count('class="match"') == 5 * 12
    assert "<dialog" in parts["detail"]
    assert json.loads(parts["session"]) == [address, recommender.release_version, ""]
    assert f"<title>{html.escape(article.name)} ·" in page
    shown = meta(page)
    assert shown["og:title"].startswith(article.name)
    assert shown["og:description"].endswith(article.description)
    assert shown["og:url"] == f"{server}{address}"
    assert httpx.get(shown["og:image"]).headers["content-type"] == "image/jpeg"
    assert "raw.githubusercontent.com" not in page


def test_the_start_page_says_what_the_site_is(server: str) -> None:
    page = httpx.get(server).text
    assert "data-answered" in parts_in(page)["top"]
    assert meta(page)["og:description"] == DESCRIPTION
    assert meta(page)["og:url"] == server


def test_programs_get_the_page_without_an_answer(server: str, article_id: str) -> None:
    httpx.get(f"{server}?article={article_id}")
    config = httpx.get(f"{server}config").json()
    parts = {each["props"].get("elem_id"): each["props"] for each in config["components"]}
    assert "data-answered" not in parts["top"]["value"]
    assert not parts["session"].get("value")


def test_the_first_photos_are_loaded_early(server: str, article_id: str) -> None:
    page = httpx.get(f"{server}?article={article_id}").text
    photos = re.findall(
        r'<link rel="preload" as="image" imagesizes="[^"]+" imagesrcset="([^"]+)"', page
    )
    assert len(photos) == 6
    assert all(photo in parts_in(page)["answer"] for photo in photos)


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("?article=1", "0000000001"),
        ("?see=nowhere", "nowhere"),
        ("?words=&k=x", ""),
        ("?article=%00%ff%ed%a0%80", ""),
        ("?" + "a=b&" * 300, "fields"),
        ("?article=<script>", ""),
    ],
)
def test_what_is_wrong_in_an_address_is_said_at_once(server: str, address: str, says: str) -> None:
    parts = parts_in(httpx.get(server + address).text)
    assert "data-answered" in parts["top"]
    assert says in parts["top"]
    assert "<script" not in parts["top"]


def test_a_surprise_is_in_the_page_with_its_own_address(handlers: PageHandlers) -> None:
    view = first_view(handlers, SURPRISE)
    assert view
    assert view.address.startswith("?article=")
    assert html.escape(f'data-address="{view.address}"', quote=False) in view.parts["top"]


def test_what_an_encoder_has_to_be_loaded_for_is_asked_for_by_the_page(
    handlers: PageHandlers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Recommender, "ready", lambda *_: False)
    assert first_view(handlers, "?words=words+that+need+an+encoder") is None


def test_a_visitor_s_photo_is_asked_for_by_the_page(handlers: PageHandlers) -> None:
    assert first_view(handlers, "?photo=own-0123abcd") is None


def test_after_a_swap_the_page_is_that_of_the_new_release(
    handlers: PageHandlers, small_built: Path
) -> None:
    newer = Recommender(open_release(small_built / "release"))
    handlers.live.swap(Edition(newer, "another", notice="It is new."))
    view = first_view(handlers, "")
    assert view
    assert "60 articles" in view.parts["foot"]
    assert "It is new." in view.parts["notice"]
    assert newer.release_version in view.parts["answer"]


def test_no_text_ends_the_script_or_the_head() -> None:
    page = "<style></style><script>window.gradio_config = %s;</script><script>later</script>"
    empty = {"root": "http://x", "components": [{"props": {"elem_id": "top", "value": ""}}]}
    text = f"{HOSTILE}<!--<script>]]>\u2028\u2029\ud800"
    view = FirstView({"top": text}, "?a=1&b=2", HOSTILE, HOSTILE, "", [])
    written = write_view(page % json.dumps(empty), view)
    assert parts_in(written)["top"] == text
    assert config_in(written)["title"] == HOSTILE
    assert (written.count("<script>"), written.count("</script>")) == (2, 2)
    assert not set(written) & {"\u2028", "\u2029", "\ud800"}
    assert meta(written)["og:description"] == HOSTILE


def test_a_busy_app_and_a_failing_one_send_the_page_without_an_answer(
    server: str, article_id: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("unforeseen")

    with monkeypatch.context() as patched:
        patched.setattr(document, "MOST_WAITING", 0)
        assert "data-answered" not in parts_in(httpx.get(server).text)["top"]
    monkeypatch.setattr(document, "first_view", fail)
    assert "data-answered" not in parts_in(httpx.get(server).text)["top"]
    assert "unforeseen" in caplog.text


def test_a_link_is_answered_without_an_event(visit: Visit, article_id: str) -> None:
    """And the page knows what it shows: the details of a result leave the answer as it is."""
    visit.page.goto(f"{visit.address}?article={article_id}&k=6&nothing=1")
    visit.answer_about(article_id)
    visit.view.locator("body.ready").wait_for()
    assert not [url for url in visit.requests if "/queue/" in url]
    hints = httpx.get(f"{visit.address}?article={article_id}").text
    early = re.findall(r'<link rel="(?:modulepreload|preload)".*? href="([^"]+)"', hints)
    assert len(early) > 25, "another Gradio loads its scripts otherwise"
    assert {visit.requests.count(visit.address + each) for each in early} == {1}
    assert visit.page.url == f"{visit.address}?article={article_id}&k=6"
    visit.view.evaluate("document.querySelector('#answer .galleries').dataset.same = 'yes'")
    visit.view.locator("#answer .match a").first.click()
    visit.details().wait_for()
    assert visit.view.locator("#answer .galleries").get_attribute("data-same") == "yes"
    assert visit.errors == []
    layout_shift = visit.view.evaluate(
        """() => new Promise(done => new PerformanceObserver(list => done(
            list.getEntries().reduce((sum, each) => sum + each.value, 0)
        )).observe({type: 'layout-shift', buffered: true}))"""
    )
    assert layout_shift < 0.05

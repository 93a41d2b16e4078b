"""Whatever goes wrong on the server, the visitor reads a message and the operator a traceback."""

import logging

import pytest
from browsing import Visit
from test_page import some_id

from recsys.release.reader import Release
from recsys.serving.recommender import Recommender
from recsys.web.headers import BROKEN


def test_an_error_that_nobody_foresaw_is_a_message_and_one_traceback(
    visit: Visit,
    release: Release,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    def tracebacks() -> int:
        return sum(each.exc_info is not None for each in caplog.records)

    caplog.set_level(logging.ERROR)
    visit.open(f"?article={some_id(release)}")
    visit.answer_about(some_id(release))
    for broken, address in (("search_with_facets", "words"), ("random_article", "surprise")):
        with monkeypatch.context() as patch:
            patch.setattr(Recommender, broken, fail)
            caplog.clear()
            visit.say("black dress") if address == "words" else visit.view.get_by_role(
                "link", name="Surprise me"
            ).click()
            assert visit.message() == BROKEN
            visit.view.locator("body:not(.busy)").wait_for()
            assert visit.article_id() == some_id(release)
            assert tracebacks() == 1
        visit.say(some_id(release))
        visit.view.get_by_role("alert").wait_for(state="detached")

    with monkeypatch.context() as patch:
        patch.setattr(Recommender, "search_with_facets", fail)
        caplog.clear()
        visit.open(f"?article={some_id(release)}")
        assert visit.message() == BROKEN
        visit.view.locator("#answer .welcome").wait_for()
        # Once where the page was to come with its answer, and once where its script asked for it.
        assert tracebacks() == 2
    assert visit.errors == []

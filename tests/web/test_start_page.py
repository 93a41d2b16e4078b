"""The start page in a browser, and searches that go on from it: what is typed, kept and removed."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode

import pytest
from browsing import PHONE, Visit, visitor
from playwright.sync_api import Browser

from recsys.catalog.schema import COLOUR
from recsys.models.registry import COMBINED

pytestmark = pytest.mark.browser

TABLET = (768, 1024)


@pytest.fixture
def phone(browser: Browser, server: str) -> Iterator[Visit]:
    """A new visitor with a phone."""
    yield from visitor(browser, server, PHONE)


def fields(visit: Visit) -> dict[str, str]:
    """The fields of the page's address, the last of each name."""
    address = visit.view.evaluate("location.search")
    return {name: values[-1] for name, values in parse_qs(address[1:]).items()}


def test_a_photo_words_and_numbers_are_offered_before_anything_else(phone: Visit) -> None:
    phone.open()
    add = phone.view.get_by_role("button", name="Add a photo").bounding_box()
    box = phone.view.get_by_label("Words or an article number").bounding_box()
    assert add is not None
    assert box is not None
    assert add["y"] < box["y"] < PHONE[1] / 2
    assert add["height"] >= 100
    assert "compare five models" in phone.view.locator("#top").inner_text()
    assert all(width > 0 for width in phone.photo_widths())
    phone.page.set_viewport_size({"width": TABLET[0], "height": TABLET[1]})
    buttons = phone.view.locator("#top .search").locator(".primary, .surprise")
    boxes = [each.bounding_box() for each in buttons.all()]
    assert len({(each["y"], each["height"]) for each in boxes if each}) == 1
    assert phone.sideways() <= 0


@pytest.mark.parametrize("query", ["article=0310352003", "words=white+dress", "photo=0310352003"])
def test_on_a_phone_the_first_result_starts_in_the_upper_half(phone: Visit, query: str) -> None:
    phone.open(f"?{query}")
    first = phone.view.locator("#answer .gallery .match").first
    first.wait_for()
    place = first.bounding_box()
    assert place is not None
    assert place["y"] < PHONE[1] / 2


def test_what_is_typed_and_chosen_is_kept_until_it_is_removed(visit: Visit) -> None:
    """A wrong id, a suggestion, other words, the article removed, everything cleared."""
    kept = {"with_photo": "1", "weight.image": "2", "k": "6"}
    visit.open(f"?{urlencode({'words': 'white dress', **kept})}")
    visit.view.locator("#answer .gallery").first.wait_for()
    visit.say("0310352009 in red")
    message = visit.view.get_by_role("alert")
    message.wait_for()
    box = visit.view.get_by_label("Words or an article number")
    assert box.input_value() == "0310352009 in red"
    message.get_by_role("link", name="0310352003 Britta shirt").click()
    visit.answer_about("0310352003")
    assert fields(visit) == {"article": "0310352003", "words": "in red", **kept}
    status = visit.view.locator("#top [role=status]").inner_text()
    assert status.startswith("Britta shirt in red: 6 articles each, from 5 of 5 models")
    visit.say("in grey")
    visit.view.locator("#top .token .name").wait_for()
    visit.view.wait_for_function("() => location.search.includes('in+grey')")
    assert fields(visit) == {"article": "0310352003", "words": "in grey", **kept}
    visit.view.get_by_role("link", name="Remove Britta shirt from the search").click()
    visit.view.locator("#top .token .name").wait_for(state="detached")
    assert fields(visit) == {"words": "in grey", **kept}
    assert visit.errors == []


def test_the_start_says_which_filters_the_next_search_keeps(visit: Visit) -> None:
    visit.open(f"?article=0310352003&{COLOUR}=Red")
    visit.answer_about("0310352003")
    visit.view.get_by_role("link", name="Remove Britta shirt from the search").click()
    carried = visit.view.locator("#top .carried")
    carried.wait_for()
    assert "Your next search keeps Red" in " ".join(carried.inner_text().split())
    visit.say("0310352005")
    visit.answer_about("0310352005")
    assert fields(visit) == {"article": "0310352005", COLOUR: "Red"}
    assert {card["kind"].split(", ")[-1] for card in visit.cards(COMBINED.name)} == {"Red"}

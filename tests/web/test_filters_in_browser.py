"""The filter bar and the views of the galleries in Chromium, plain and in a host page's frame."""

import re

import pytest
from browsing import Visit

from recsys.catalog.schema import COLOUR
from recsys.models.registry import ALL, COMBINED

pytestmark = pytest.mark.browser

IDLE = "() => !document.body.classList.contains('busy')"
WORDS = "?words=black+trousers"
"""An example phrase, which needs no encoder."""

FOCUSED = "document.activeElement.closest('summary')?.parentElement.dataset.name"
TOP = "each => each.getBoundingClientRect().top + scrollY"
LAPTOP, HALF_PHONE = 657, 422
"""Height of a laptop's window in which the bar is seen, and half of a phone's."""


def test_filters_are_seen_at_once_and_used_with_keyboard_and_pointer(anywhere: Visit) -> None:
    visit = anywhere
    visit.open(WORDS)
    view = visit.view
    view.locator("#answer .match").first.wait_for()
    menu = view.locator(f'#answer details[data-name="{COLOUR}"]')
    summary, panel = menu.locator("summary"), menu.locator(".panel")
    assert view.locator("#answer .filters").evaluate(TOP) < LAPTOP - 50
    if visit.page.viewport_size["width"] < 800:
        assert view.locator("#answer .match .photo").first.evaluate(TOP) < HALF_PHONE

    summary.focus()
    summary.press("Enter")
    panel.wait_for()
    box = panel.evaluate("each => each.getBoundingClientRect().toJSON()")
    assert box["left"] >= 0
    assert box["right"] <= view.evaluate("innerWidth")
    assert panel.get_by_label("Black", exact=False).first.is_checked()
    summary.press("Escape")
    panel.wait_for(state="hidden")
    assert view.evaluate(FOCUSED) == COLOUR

    summary.click()
    other = panel.locator("input:not(:checked)").first
    value = str(other.get_attribute("value"))
    other.focus()
    other.press("Space")
    view.get_by_role("link", name=f"Remove {value}").wait_for()
    view.wait_for_function(IDLE)
    assert f"ignore={COLOUR}" in view.evaluate("location.search")
    assert panel.is_visible(), "a menu stays open when its answer comes"
    assert view.evaluate("document.activeElement.value") == value
    colours = {card["kind"].split(", ")[1] for card in visit.cards(COMBINED.name)}
    assert colours <= {"Black", value}
    assert panel.locator("input:checked").count() == 2
    view.locator("#answer .gallery h2").nth(1).click()
    panel.wait_for(state="hidden")

    chip = view.get_by_role("link", name=f"Remove {value}")
    chip.focus()
    chip.press("Enter")
    chip.wait_for(state="detached")
    view.wait_for_function(IDLE)
    assert view.evaluate("document.activeElement.closest('.controls') !== null")
    view.get_by_role("link", name="Clear all").click()
    view.wait_for_url(re.compile(r"\?words=black\+trousers&ignore="))
    assert visit.sideways() <= 0
    assert visit.errors == []


SAME = """marked => [...document.querySelectorAll('.compared a')]
    .filter(each => each.dataset.article === marked)
    .map(each => each.classList.contains('same') && each.querySelector('.mark').textContent)"""


def test_a_gallery_is_scrolled_shown_alone_and_compared(anywhere: Visit) -> None:
    visit = anywhere
    visit.open("?article=0310352003")
    visit.answer_about("0310352003")
    view = visit.view
    row = view.locator(f'#answer [data-model="{COMBINED.name}"]')
    back, on = row.locator(".arrow").all()
    on.wait_for()
    assert not back.is_visible()
    assert row.locator(".arrow:not([tabindex='-1'])").count() == 0
    on.click()
    back.wait_for()
    view.wait_for_function(
        f"""() => document.querySelector('[data-keep="{COMBINED.name}"]').scrollLeft > 100"""
    )

    row.get_by_role("link", name="Show all").click()
    view.locator("#answer .alone").wait_for()
    assert len(visit.cards(COMBINED.name)) == 48
    view.get_by_role("link", name="Show more").click()
    view.locator("#answer .alone .match").nth(95).wait_for()
    assert view.locator("#answer .gallery").count() == 1
    assert visit.sideways() <= 0
    view.get_by_role("link", name="All models").click()
    view.locator("#answer .gallery").nth(4).wait_for()

    view.get_by_role("link", name="Compare models").click()
    view.locator("#answer .compared").wait_for()
    marked = view.locator("#answer .compared td a:has(.mark)").first
    id_ = str(marked.get_attribute("data-article"))
    marked.focus()
    same = view.evaluate(SAME, id_)
    assert len(same) > 1
    assert set(same) == {marked.locator(".mark").inner_text()}
    assert view.locator("#answer .compared th[scope=col]").count() == len(ALL)
    assert visit.sideways() <= 0
    assert visit.errors == []

"""Every page, at every size of screen, by day and by night: for everybody, and still."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import Visit
from conftest import DESKTOP, PHONE, WALL
from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

PAGES = {
    "": "#answer .welcome",
    "?article=0310352003&product_type_name=Shirt": "#answer .gallery",
    "?article=0310352003&open=0310352005": "dialog",
    "?photo=0310352003&words=in+red": "#answer .gallery",
    "?words=black+trousers&cheapest=900": "#answer .note",
    "?see=shopper": ".who",
    "?see=shopper&shopper=shopper-0001": "#answer .gallery",
    "?see=quality": ".chart",
    "?see=catalog": ".catalog",
    "?article=0000000000": ".message",
}
SERIOUS = ("serious", "critical")
MOST_SHIFT = 0.1
SHIFTS = """() => new Promise(done => {
    let sum = 0;
    new PerformanceObserver(list => {
        for (const each of list.getEntries()) if (!each.hadRecentInput) sum += each.value;
    }).observe({type: 'layout-shift', buffered: true});
    setTimeout(() => done(sum), 500);
})"""


@pytest.fixture(params=[(PHONE, "light"), (DESKTOP, "dark"), (WALL, "light")], ids=str)
def somewhere(request: pytest.FixtureRequest, browser: Browser, server: str) -> Iterator[Visit]:
    """A new visitor at every size of screen: what colours do does not depend on it."""
    size, scheme = request.param
    visitor = Visit(browser, server, *size, scheme)
    yield visitor
    visitor.context.close()


def test_nobody_is_kept_out_and_nothing_jumps(somewhere: Visit) -> None:
    """As axe-core and the browser's own record of layout shifts see it."""
    faults, shifts, wide = {}, {}, {}
    for address, shows in PAGES.items():
        somewhere.open(address)
        somewhere.page.locator(shows).first.wait_for()
        somewhere.page.wait_for_function("() => !document.body.classList.contains('busy')")
        shifts[address] = somewhere.page.evaluate(SHIFTS)
        wide[address] = somewhere.sideways()
        found = Axe().run(somewhere.page).response["violations"]
        faults[address] = [
            (each["id"], [node["target"] for node in each["nodes"]])
            for each in found
            if each["impact"] in SERIOUS
        ]
    assert not any(faults.values()), faults
    assert max(shifts.values()) < MOST_SHIFT, shifts
    assert max(wide.values()) <= 0, wide


@pytest.mark.parametrize("address", ["?photo=0310352003", "?see=quality", "?see=catalog"])
def test_what_is_folded_away_is_for_everybody_too(visit: Visit, address: str) -> None:
    visit.open(address)
    visit.page.locator(PAGES.get(address, "#answer .gallery")).first.wait_for()
    fold = visit.page.locator(".fold:visible")
    if fold.count():
        fold.click()
    visit.page.locator("#answer details").evaluate_all(
        "all => all.forEach(each => (each.open = true))"
    )
    assert visit.sideways() <= 0
    found = Axe().run(visit.page).response["violations"]
    assert [each["id"] for each in found if each["impact"] in SERIOUS] == []


def test_pictures_are_told_and_what_can_be_clicked_is_large_enough(visit: Visit) -> None:
    visit.open("?article=0310352003")
    visit.answer_about("0310352003")
    pictures = visit.page.locator("#top img, #answer img")
    texts = pictures.evaluate_all("all => all.map(each => each.alt)")
    assert len(texts) > 40
    assert all(texts)
    sizes = visit.page.locator("#top :is(button, a):visible, #answer .match a").evaluate_all(
        "all => all.map(each => Math.min(each.offsetHeight, each.offsetWidth))"
    )
    assert min(sizes) >= 24


def test_all_of_the_page_is_reached_with_the_keyboard(visit: Visit) -> None:
    visit.open()
    visit.page.locator("#answer .welcome").wait_for()
    reached = []
    for _ in range(14):
        visit.page.keyboard.press("Tab")
        reached.append(
            visit.page.evaluate(
                "document.activeElement.getAttribute('aria-label') "
                "|| document.activeElement.innerText.trim()"
            )
        )
    for name in ("Find similar", "The catalogue", "Article id or words", "Photo", "Search"):
        assert name in reached, reached
    outlined = visit.page.evaluate(
        "getComputedStyle(document.activeElement).outlineStyle !== 'none'"
    )
    assert outlined

"""Accessibility (axe-core, alternative texts, target sizes, keyboard) and layout shifts."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import Visit

pytestmark = pytest.mark.browser

PAGES = {
    "": "#answer .welcome",
    "?article=0310352003&product_type_name=Shirt": "#answer .gallery",
    "?article=0310352003&open=0310352005": "dialog",
    "?photo=0310352003&words=in+red": "#answer .gallery",
    "?words=black+trousers&cheapest=900": "#answer .nothing",
    "?article=0310352003&compare=1": "#answer .compared",
    "?article=0310352003&show=text": "#answer .alone",
    "?see=shopper": ".who",
    "?see=shopper&shopper=shopper-0001": "#answer .gallery",
    "?see=quality": ".chart",
    "?see=catalog": ".catalog",
    "?article=0000000000": ".message",
}
SERIOUS = ("serious", "critical")
MOST_SHIFT = 0.05  # Half of "good" by Core Web Vitals, https://web.dev/articles/cls
SHIFTS = """() => new Promise(done => {
    let sum = 0;
    new PerformanceObserver(list => {
        for (const each of list.getEntries()) if (!each.hadRecentInput) sum += each.value;
    }).observe({type: 'layout-shift', buffered: true});
    // A lazy photo out of sight is never decoded, so only those in sight are waited for. In a
    // frame, whose window has all of the page, only an observer knows which these are.
    const observer = new IntersectionObserver(entries => {
        observer.disconnect();
        const seen = entries.filter(each => each.isIntersecting).map(each => each.target);
        const frame = () => new Promise(requestAnimationFrame);
        Promise.all(seen.map(each => each.tagName === 'IMG' && each.decode().catch(() => null)))
            .then(frame).then(frame).then(() => setTimeout(() => done(sum)));
    });
    for (const each of [document.body, ...document.images]) observer.observe(each);
})"""
"""Sum of the layout shifts since the page was opened, once the photos in sight are there."""


def serious_faults(visit: Visit) -> list[tuple[str, list[str]]]:
    """Rules of axe-core that the page breaks, with the places."""
    return [
        (each["id"], [node["target"] for node in each["nodes"]])
        for each in Axe().run(visit.page).response["violations"]
        if each["impact"] in SERIOUS
    ]


@pytest.mark.parametrize("address", PAGES)
def test_every_page_is_accessible_and_nothing_on_it_jumps(anywhere: Visit, address: str) -> None:
    anywhere.open(address)
    anywhere.view.locator(PAGES[address]).first.wait_for()
    anywhere.view.wait_for_function("() => !document.body.classList.contains('busy')")
    assert anywhere.view.evaluate(SHIFTS) < MOST_SHIFT
    assert anywhere.sideways() <= 0
    assert serious_faults(anywhere) == []


@pytest.mark.parametrize("address", ["?photo=0310352003", "?see=quality", "?see=catalog"])
def test_folded_parts_are_accessible_once_opened(anywhere: Visit, address: str) -> None:
    anywhere.open(address)
    anywhere.view.locator(PAGES.get(address, "#answer .gallery")).first.wait_for()
    anywhere.view.locator("#answer details").evaluate_all(
        "all => all.forEach(each => (each.open = true))"
    )
    assert anywhere.sideways() <= 0
    assert serious_faults(anywhere) == []


def test_photos_have_alternative_texts_and_targets_are_large_enough(anywhere: Visit) -> None:
    anywhere.open("?article=0310352003")
    anywhere.answer_about("0310352003")
    pictures = anywhere.view.locator("#answer img")
    named = pictures.evaluate_all("all => all.map(each => each.alt || !!each.closest('.match a'))")
    assert len(named) > 40
    assert all(named), "only photos in links, whose names follow, have no text"
    sizes = anywhere.view.locator("#top :is(button, a):visible, #answer .match a").evaluate_all(
        "all => all.map(each => Math.min(each.offsetHeight, each.offsetWidth))"
    )
    assert min(sizes) >= 24


def test_the_whole_page_can_be_reached_with_the_keyboard(visit: Visit) -> None:
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
    assert any(each.startswith("Add a photo") for each in reached), reached
    for name in ("Find similar", "The catalogue", "Words or an article number", "Search"):
        assert name in reached, reached
    outlined = visit.page.evaluate(
        "getComputedStyle(document.activeElement).outlineStyle !== 'none'"
    )
    assert outlined

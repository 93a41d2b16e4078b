"""The page on paper, and with colours that visitors choose themselves."""

import pytest
from browsing import Visit

pytestmark = pytest.mark.browser

CARDS_IN_SIGHT = """() => [...document.querySelectorAll('#answer .gallery .match')].filter(card => {
    const box = card.getBoundingClientRect();
    const around = card.closest('.gallery').getBoundingClientRect();
    return box.width && box.right <= around.right + 1 && box.bottom <= around.bottom + 1;
}).length"""
"""How many cards are not cut off by their gallery."""

BAR_COLOURS = """selector => [...document.querySelectorAll(selector)].map(bar => {
    const around = getComputedStyle(document.body).backgroundColor;
    return getComputedStyle(bar).backgroundColor !== around && bar.getBoundingClientRect().height;
})"""
"""Of each bar whether it differs from the page's ground."""


def test_paper_shows_every_match(visit: Visit) -> None:
    visit.open("?article=0310352003")
    visit.answer_about("0310352003")
    cards = visit.page.locator("#answer .gallery .match").count()
    visit.page.emulate_media(media="print")
    assert visit.page.evaluate(CARDS_IN_SIGHT) == cards > 48


@pytest.mark.parametrize(
    ("address", "bars"),
    [
        ("?see=quality", ".chart .bar"),
        ("?see=catalog", ".catalog .bar"),
        ("?article=0310352003&open=0310352005", ".detail .bar"),
    ],
)
def test_bars_are_seen_in_forced_colours(visit: Visit, address: str, bars: str) -> None:
    visit.page.emulate_media(forced_colors="active")
    visit.open(address)
    visit.page.locator(bars).first.wait_for()
    seen = visit.page.evaluate(BAR_COLOURS, bars)
    assert len(seen) > 2
    assert all(seen)

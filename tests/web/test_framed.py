"""The page in a host page's frame, as in a Space: what visitors see of it, and its addresses."""

from collections.abc import Iterator

import pytest
from browsing import DESKTOP, PHONE, Visit, visitor
from host_page import HostPage
from playwright.sync_api import Browser, Locator
from test_page import some_id

from recsys.models.registry import ALL
from recsys.release.reader import Release

pytestmark = pytest.mark.browser

LAST_GALLERY = f'#answer [data-model="{ALL[-1].name}"]'


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def framed(
    request: pytest.FixtureRequest, browser: Browser, server: str, host_page: HostPage
) -> Iterator[Visit]:
    """A new visitor of a page that frames the app."""
    yield from visitor(browser, server, request.param, host=host_page.around(server))


def on_screen(visit: Visit, part: Locator) -> bool:
    """Whether all of a part of the page is in the visitor's window."""
    box, window = part.bounding_box(), visit.page.viewport_size
    assert box
    assert window
    return box["y"] >= 0 and box["y"] + box["height"] <= window["height"]


AT_TOP = "document.querySelector('iframe').getBoundingClientRect().top >= -1"
"""In the host page: whether its window shows the top of the frame."""


def add_link(visit: Visit, address: str) -> None:
    """Click a link that the page does not have."""
    visit.view.locator("#answer").evaluate(
        """(answer, address) => {
            const link = Object.assign(document.createElement('a'), {href: '?'});
            link.setAttribute('href', address);
            answer.append(link);
            link.click();
        }""",
        address,
    )


def settled(visit: Visit, condition: str) -> None:
    """Wait until a condition holds in the host page."""
    visit.page.wait_for_function(f"() => {condition}")


def open_far_down(visit: Visit, query: str) -> str:
    """Open the details of a card of the last gallery, and return its article's id."""
    visit.open(query)
    card = visit.view.locator(f"{LAST_GALLERY} .match a").first
    card.scroll_into_view_if_needed()
    card.click()
    visit.details().wait_for()
    return str(card.get_attribute("data-article"))


def test_details_messages_and_answers_are_on_the_screen(framed: Visit, release: Release) -> None:
    opened = open_far_down(framed, f"?article={some_id(release)}")
    scrolled = framed.page.evaluate("scrollY")
    assert scrolled > 500
    assert on_screen(framed, framed.details())
    framed.page.evaluate("scrollBy(0, -250)")
    framed.page.wait_for_timeout(400)
    assert on_screen(framed, framed.details())
    assert framed.page.evaluate("scrollY") == scrolled - 250

    framed.details().get_by_role("link", name="More like this").click()
    framed.answer_about(opened)
    settled(framed, AT_TOP)
    assert on_screen(framed, framed.view.locator(".masthead h1"))

    framed.page.evaluate("scrollTo(0, 1200)")
    add_link(framed, "?article=1")
    framed.message()
    settled(framed, AT_TOP)
    assert on_screen(framed, framed.view.get_by_role("alert"))
    assert framed.errors == []


def test_details_are_on_the_screen_of_a_host_that_does_not_answer(
    framed: Visit, release: Release
) -> None:
    open_far_down(framed, f"?article={some_id(release)}#silent")
    assert framed.page.evaluate("scrollY") > 300
    assert on_screen(framed, framed.details())


def test_the_frame_is_as_tall_as_the_page(framed: Visit, release: Release) -> None:
    """Nothing is cut off at its end, and a short page leaves the frame no taller than itself."""
    framed.open(f"?article={some_id(release)}")
    for _ in range(3):
        framed.view.get_by_text("How far do the models agree?").click()
        settled_height(framed)
    tall = framed.view.evaluate("innerHeight")
    for page in ("For a shopper", "How good is it?", "For a shopper"):
        framed.view.get_by_role("link", name=page, exact=True).click()
        framed.view.locator(f'.masthead [aria-current]:has-text("{page}")').wait_for()
        settled_height(framed)
    assert framed.view.evaluate("innerHeight") < tall
    if framed.page.viewport_size == {"width": PHONE[0], "height": PHONE[1]}:
        return  # Gradio shows its link on wide screens only.
    link = framed.view.get_by_role("button", name="Use via API or MCP")
    link.scroll_into_view_if_needed()
    assert on_screen(framed, link)
    link.click()
    framed.view.locator(".api-docs").wait_for()


def settled_height(visit: Visit) -> None:
    """Wait until the frame has the height of the page: all of it, and at most its margin more."""
    visit.view.wait_for_function(
        """() => {
            const end = document.querySelector('#foot').getBoundingClientRect().bottom;
            return !document.body.classList.contains('busy') && end <= innerHeight
                && document.documentElement.scrollHeight <= innerHeight && innerHeight - end < 90;
        }"""
    )


def test_the_bar_of_a_search_is_on_the_screen(framed: Visit, release: Release) -> None:
    framed.open(f"?article={some_id(release)}")
    framed.answer_about(some_id(release))
    framed.page.route("**/queue/data**", lambda route: None)
    framed.view.locator(f"{LAST_GALLERY} .match a").first.click()
    top = "parseFloat(getComputedStyle(document.querySelector('#top'), '::after').top)"
    framed.view.wait_for_function(f"() => {top} > 500")
    frame = framed.page.locator("iframe").bounding_box()
    assert frame
    assert framed.view.evaluate(top) + frame["y"] == pytest.approx(0, abs=2)


def test_the_outer_address_follows_and_the_hosts_fields_stay_the_hosts(
    framed: Visit, release: Release
) -> None:
    """A reload of the host's page shows the same, with the host's theme and without its secrets."""
    one, other = some_id(release), some_id(release, place=9)
    asked: list[str] = []
    framed.page.on("request", lambda sent: asked.append(sent.post_data or ""))
    framed.open(f"?article={one}&__theme=dark&__sign=secret")
    framed.answer_about(one)
    framed.say(other)
    framed.answer_about(other)
    settled(framed, f"location.search.includes('article={other}')")
    for _ in range(2):
        query = framed.page.evaluate("location.search")
        assert query == f"?article={other}&__theme=dark"
        assert "dark" in str(framed.view.locator("body").get_attribute("class"))
        framed.page.reload()
        framed.view.locator("body.ready").wait_for()
        framed.answer_about(other)
    assert not any("__" in text for text in asked if '"address"' in text)
    assert framed.view.locator(".top").get_attribute("data-address") == f"?article={other}"
    framed.say(one)
    framed.answer_about(one)
    framed.back()
    framed.answer_about(other)
    settled(framed, f"location.search.includes('article={other}')")
    assert framed.errors == []


def test_a_link_is_copied_or_shown_to_be_copied(framed: Visit, release: Release) -> None:
    framed.context.grant_permissions(["clipboard-read", "clipboard-write"])
    framed.open(f"?article={some_id(release)}&__theme=dark")
    framed.answer_about(some_id(release))
    button = framed.view.get_by_role("button", name="Copy link")
    button.click()
    framed.view.get_by_role("button", name="Link copied").wait_for()
    link = f"{framed.address}?article={some_id(release)}"
    assert framed.page.evaluate("navigator.clipboard.readText()") == link
    framed.view.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(); }")
    button.click()
    field = framed.view.get_by_label("Link to this page")
    assert field.input_value() == link
    assert field.evaluate("field => getSelection().toString()") == link


def test_a_landscape_phone_shows_photo_and_text_side_by_side(
    anywhere: Visit, release: Release
) -> None:
    anywhere.page.set_viewport_size({"width": 640, "height": 360})
    open_far_down(anywhere, f"?article={some_id(release)}")
    assert on_screen(anywhere, anywhere.details())
    photo = anywhere.details().locator(".photo").first.bounding_box()
    name = anywhere.details().get_by_role("heading", level=2)
    assert photo
    assert on_screen(anywhere, name)
    assert name.bounding_box()["x"] > photo["x"] + photo["width"]  # type: ignore[index]
    assert anywhere.sideways() <= 0

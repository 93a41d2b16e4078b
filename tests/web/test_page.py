from pathlib import Path

import numpy as np
import pytest
from browsing import Visit, free_port
from building import edition
from PIL import Image
from playwright.sync_api import Browser, Locator

from recsys.models.registry import ALL, COMBINED, FEATURES, IMAGE, TWO_TOWER
from recsys.release.reader import Release, open_release
from recsys.serving.edition import Edition, LiveEdition
from recsys.serving.recommender import Recommender
from recsys.web.server import launch

pytestmark = pytest.mark.browser

MODELS = [model.name for model in ALL]


def some_id(release: Release, has_photo: bool = True, place: int = 5) -> str:
    rows = np.flatnonzero(release.with_photo == has_photo)
    return str(release.articles["article_id"][int(rows[place % len(rows)])])


def shown_models(visit: Visit) -> list[str]:
    galleries = visit.view.locator("#answer .gallery")
    return [str(gallery.get_attribute("data-model")) for gallery in galleries.all()]


def assert_whole(visit: Visit, release: Release, article_id: str) -> None:
    """Fail unless the answer about an article is on the page, each card true to the catalogue."""
    visit.answer_about(article_id)
    names = dict(release.articles[["article_id", "prod_name"]].to_numpy())
    photos = dict(zip(release.articles["article_id"], release.with_photo, strict=True))
    revision = release.manifest.checksum[:12]
    assert shown_models(visit) == MODELS
    for model in MODELS:
        cards = visit.cards(model)
        if model == IMAGE.name and not photos[article_id]:
            assert cards == []
            continue
        assert len(cards) == 12
        assert article_id not in [card["article"] for card in cards]
        scores = [float(card["score"]) for card in cards]
        assert scores == sorted(scores, reverse=True)
        for card in cards:
            shown = card["article"]
            own = f"photos/{shown}.webp?release={revision}&width=240" if photos[shown] else ""
            assert (card["name"], card["photo"]) == (names[shown], own)
    widths = visit.photo_widths()
    assert widths
    assert all(width > 0 for width in widths)
    assert visit.sideways() <= 0


def test_an_article_is_looked_up(anywhere: Visit, release: Release) -> None:
    anywhere.open()
    assert anywhere.sideways() <= 0
    anywhere.say(some_id(release).lstrip("0"))
    assert_whole(anywhere, release, some_id(release))


def test_an_example_on_the_first_page_is_a_way_in(visit: Visit, release: Release) -> None:
    visit.open()
    examples = visit.view.locator("#answer .welcome .articles .match a")
    article_id = str(examples.nth(2).get_attribute("data-article"))
    assert all(width > 0 for width in visit.photo_widths())
    assert visit.sideways() <= 0
    examples.nth(2).click()
    assert_whole(visit, release, article_id)


def test_enter_looks_up_too(visit: Visit, release: Release) -> None:
    visit.open()
    visit.view.get_by_label("Words or an article number").fill(some_id(release))
    visit.view.get_by_label("Words or an article number").press("Enter")
    visit.answer_about(some_id(release))


def test_a_surprise_is_answered_and_its_address_can_be_shared(
    visit: Visit, release: Release
) -> None:
    seen = set()
    for _ in range(3):
        visit.open()
        visit.view.get_by_role("link", name="Surprise me").click()
        visit.view.wait_for_function(
            """seen => {
                const shown = document.querySelector('#answer .query .id')?.textContent;
                return shown && !seen.some(id => shown.includes(id));
            }""",
            arg=list(seen),
        )
        seen.add(visit.article_id())
        visit.page.wait_for_url(f"**/?article={visit.article_id()}")
        assert visit.view.locator("#answer .query img").count() == 1
    assert_whole(visit, release, visit.article_id())


def test_a_click_on_a_result_opens_it_and_leads_on_from_there(
    visit: Visit, release: Release
) -> None:
    visit.open()
    visit.say(some_id(release))
    visit.answer_about(some_id(release))
    for model in MODELS:
        following = visit.cards(model)[1]["article"]
        visit.view.locator(f'#answer [data-model="{model}"] .match a').nth(1).click()
        visit.details().get_by_role("link", name="More like this").click()
        visit.answer_about(following)
    assert_whole(visit, release, following)


def test_a_link_to_an_article_answers_at_once(visit: Visit, release: Release) -> None:
    visit.open(f"?article={some_id(release)}")
    assert_whole(visit, release, some_id(release))
    assert visit.view.locator("#answer .query h2").inner_text() in visit.page.title()


def test_a_result_opened_in_a_new_tab_is_answered_there(visit: Visit, release: Release) -> None:
    visit.open(f"?article={some_id(release)}")
    visit.answer_about(some_id(release))
    card = visit.view.locator(f'#answer [data-model="{COMBINED.name}"] .match a').first
    with visit.context.expect_page() as opened:
        card.click(modifiers=["Control"])
    shown = opened.value.get_by_role("dialog")
    shown.wait_for()
    assert f"Article {card.get_attribute('data-article')}" in shown.inner_text()
    assert some_id(release) in opened.value.locator("#answer .query .id").inner_text()
    assert visit.article_id() == some_id(release)


def ask_about_photo(visit: Visit, release: Release, folder: Path) -> None:
    """Upload an article's photo, wait for its answer and throw the file away."""
    path = folder / "photo.jpg"
    path.write_bytes(release.photo(int(np.flatnonzero(release.with_photo)[5])) or b"")
    visit.open()
    visit.upload(path)
    visit.view.get_by_role("heading", name="Your photo").wait_for()
    path.unlink()


def test_a_photo_of_the_catalogue_finds_its_article(
    visit: Visit, release: Release, tmp_path: Path
) -> None:
    ask_about_photo(visit, release, tmp_path)
    first = visit.cards(IMAGE.name)[0]
    assert first["article"] == some_id(release)
    assert float(first["score"]) == pytest.approx(1, abs=0.01)  # The browser writes it anew.
    assert all(width > 0 for width in visit.photo_widths())
    assert visit.view.locator("#answer .estimate").count() == 3
    assert "%" in visit.view.locator("#answer .reading").inner_text()
    assert visit.sideways() <= 0


def chip(visit: Visit, kind: str, place: int = 0) -> Locator:
    """A button of an answer."""
    return visit.view.locator(f'#answer .chip[data-does="{kind}"]').nth(place)


def test_a_photo_is_asked_about_with_words_which_can_be_dropped_again(
    visit: Visit, release: Release, tmp_path: Path
) -> None:
    ask_about_photo(visit, release, tmp_path)
    plain = visit.cards(IMAGE.name)
    visit.say("but in red")
    chip(visit, "ignore").wait_for()
    assert all("Red" in card["kind"] for card in visit.cards(IMAGE.name))
    chip(visit, "ignore").click()
    chip(visit, "ignore").wait_for(state="detached")
    assert not all("Red" in card["kind"] for card in visit.cards(TWO_TOWER.name))
    chip(visit, "forget").click()
    chip(visit, "forget").wait_for(state="detached")
    assert visit.cards(IMAGE.name) == plain
    assert visit.errors == []


def test_what_a_photo_shows_is_put_right_with_a_click(
    visit: Visit, release: Release, tmp_path: Path
) -> None:
    ask_about_photo(visit, release, tmp_path)
    visit.view.get_by_text("Not right? Correct it").click()
    value = chip(visit, "correct", 1).inner_text().rsplit(" ", 1)[0]
    before = visit.cards(FEATURES.name)
    chip(visit, "correct", 1).click()
    visit.view.locator("#answer .reading", has_text=f"{value} 100%").wait_for()
    assert chip(visit, "correct").is_visible(), "there may be more to put right"
    assert visit.cards(FEATURES.name) != before
    assert visit.sideways() <= 0


def test_words_alone_are_answered(visit: Visit) -> None:
    visit.open()
    visit.say("black dress")
    visit.view.locator("#answer .words-only").wait_for()
    assert {card["kind"] for card in visit.cards(IMAGE.name)} == {"Dress, Black"}
    assert all(width > 0 for width in visit.photo_widths())
    assert visit.sideways() <= 0


def test_words_about_an_article_keep_it(visit: Visit, release: Release) -> None:
    visit.open()
    visit.say(some_id(release))
    visit.answer_about(some_id(release))
    visit.say("with stripes")
    chip(visit, "forget").wait_for()
    assert visit.article_id() == some_id(release)


def test_no_words_are_explained(visit: Visit) -> None:
    visit.open()
    visit.say("")
    box = visit.view.get_by_label("Words or an article number")
    assert box.evaluate("box => box.matches(':invalid') && !!box.validationMessage")
    visit.say(" ")
    visit.view.locator("#answer .welcome").wait_for()


def test_a_picture_of_something_else_is_answered_too(
    visit: Visit, release: Release, tmp_path: Path
) -> None:
    path = tmp_path / "dusk.png"
    Image.radial_gradient("L").resize((300, 700)).save(path)
    visit.open()
    visit.upload(path)
    visit.view.get_by_role("heading", name="Your photo").wait_for()
    assert len(visit.cards(IMAGE.name)) == 12
    assert all(width > 0 for width in visit.photo_widths())
    assert visit.sideways() <= 0


def test_a_text_that_calls_itself_a_photo_is_explained_and_the_answer_stays(
    visit: Visit, release: Release, tmp_path: Path
) -> None:
    path = tmp_path / "diary.jpg"
    path.write_text("Dear diary,")
    visit.open(f"?article={some_id(release)}")
    visit.answer_about(some_id(release))
    visit.upload(path)
    assert "not a picture that can be read" in visit.message()
    assert visit.article_id() == some_id(release)


def test_a_wrong_id_is_explained_and_the_answer_stays(visit: Visit, release: Release) -> None:
    visit.open()
    visit.say("0000000000")
    assert visit.message().startswith("There is no article 0000000000 in this catalogue.")
    visit.say(some_id(release))
    visit.answer_about(some_id(release))
    assert visit.view.get_by_role("alert").count() == 0
    visit.say("1" * 400)
    assert f"'{'1' * 40}…' is not an article number" in visit.message()
    assert visit.article_id() == some_id(release)
    assert visit.sideways() <= 0


@pytest.mark.parametrize(
    "text",
    [
        "<b>1</b>",
        "x" * 400,
        *(
            pytest.param(text, marks=pytest.mark.exhaustive)
            for text in ("👗", "';--", "1234 shirts")
        ),
    ],
)
def test_whatever_is_typed_is_words_and_never_breaks_the_page(visit: Visit, text: str) -> None:
    visit.open()
    visit.say(text)
    visit.view.locator("#answer .words-only h2", has_text=text).wait_for()
    assert visit.sideways() <= 0
    assert visit.errors == []


def test_an_article_without_a_photo_says_so(visit: Visit, release: Release) -> None:
    article_id = some_id(release, has_photo=False)
    visit.open(f"?article={article_id}")
    assert_whole(visit, release, article_id)
    assert visit.view.locator("#answer .query .photo.none").inner_text() == "No photo"
    note = visit.view.locator(f'#answer [data-model="{IMAGE.name}"] .note')
    assert "no photo" in note.inner_text()


def test_a_whole_visit_stays_on_its_host_and_leaves_no_error(
    visit: Visit, release: Release, tmp_path: Path
) -> None:
    path = tmp_path / "dusk.png"
    Image.linear_gradient("L").convert("RGB").save(path)
    visit.open()
    visit.say(some_id(release))
    visit.answer_about(some_id(release))
    visit.photo_widths()
    following = visit.cards(COMBINED.name)[0]["article"]
    visit.view.locator(f'#answer [data-model="{COMBINED.name}"] .match a').first.click()
    visit.details().get_by_role("link", name="More like this").click()
    visit.answer_about(following)
    visit.upload(path)
    visit.view.get_by_role("heading", name="Your photo").wait_for()
    visit.say("0000000000")
    visit.message()
    visit.open(f"?article={following}")
    visit.answer_about(following)
    visit.photo_widths()
    assert visit.foreign_requests() == []
    assert visit.errors == []
    assert len(visit.requests) > 20


def test_the_catalogue_is_shown_and_a_click_on_a_map_opens_an_article(
    visit: Visit, release: Release
) -> None:
    visit.open()
    visit.view.get_by_role("link", name="The catalogue").click()
    catalogue = visit.view.locator("#answer .catalog")
    catalogue.get_by_text(f"{len(release.articles):,}", exact=True).wait_for()
    canvas = catalogue.locator("canvas").first
    canvas.scroll_into_view_if_needed()
    assert visit.sideways() <= 0
    x, y = release.maps.places["text"][5]
    side = canvas.evaluate("each => each.clientWidth") - 24
    canvas.click(position={"x": float(13 + x * side), "y": float(13 + y * side)})
    visit.view.locator("#answer .query .id").wait_for()
    assert visit.article_id() in set(release.articles["article_id"].iloc[release.maps.articles])
    assert visit.errors == []


@pytest.fixture
def swapped(server: str, small_built: Path, tmp_path: Path) -> tuple[LiveEdition, str, Edition]:
    """A server of its own, closed with the other one, and an edition to swap in."""
    folders = [edition(small_built / "release", tmp_path / str(n), n) for n in (1, 2)]
    one, two = (Recommender(open_release(folder)) for folder in folders)
    live = LiveEdition(Edition(one, "the first"))
    address = launch(live, server_port=free_port(), quiet=True).local_url
    return live, address, Edition(two, "the second", notice="An earlier one.")


def test_a_swap_is_seen_by_the_next_query_and_the_next_visit(
    browser: Browser, swapped: tuple[LiveEdition, str, Edition]
) -> None:
    live, address, newer = swapped
    visit = Visit(browser, address, 1440, 900)
    visit.open()
    assert "the first" in visit.view.locator("#foot").inner_text()
    assert visit.view.locator(".notice").count() == 0
    live.swap(newer)
    article_id = some_id(newer.recommender.release)
    visit.say(article_id)
    visit.answer_about(article_id)
    for model in MODELS:
        cards = visit.cards(model)
        assert all(card["name"].endswith("(2)") for card in cards)
        assert all(
            newer.recommender.release_version in card["photo"] for card in cards if card["photo"]
        )
    assert all(visit.photo_widths())
    visit.open()
    visit.view.locator(".notice", has_text="An earlier one.").wait_for()
    visit.view.locator("#foot", has_text="the second").wait_for()
    visit.view.locator(".welcome .name", has_text="(2)").first.wait_for()
    assert visit.errors == []
    visit.context.close()


def test_a_page_that_was_open_before_a_swap_keeps_its_photos(
    browser: Browser, swapped: tuple[LiveEdition, str, Edition]
) -> None:
    live, address, newer = swapped
    visit = Visit(browser, address, 1440, 900)
    visit.open(f"?article={some_id(newer.recommender.release)}")
    visit.answer_about(some_id(newer.recommender.release))
    live.swap(newer)
    assert all(visit.photo_widths())
    assert visit.errors == []
    visit.context.close()

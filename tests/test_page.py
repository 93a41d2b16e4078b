import re
from pathlib import Path

import numpy as np
import pytest
from building import edition
from PIL import Image
from playwright.sync_api import Browser, Locator
from serving import Visit, free_port

from recsys.interface import launch
from recsys.live import Edition, Live
from recsys.models import ALL, COMBINED, FEATURES, IMAGE, TWO_TOWER
from recsys.recommender import Recommender
from recsys.release import Release, open_release

pytestmark = pytest.mark.browser

MODELS = [model.name for model in ALL]


def some_id(release: Release, has_photo: bool = True, place: int = 5) -> str:
    rows = np.flatnonzero(release.with_photo == has_photo)
    return str(release.articles["article_id"][int(rows[place % len(rows)])])


def shown_models(visit: Visit) -> list[str]:
    galleries = visit.page.locator("#answer .gallery")
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
            own = f"photos/{shown}.jpg?release={revision}" if photos[shown] else ""
            assert (card["name"], card["photo"]) == (names[shown], own)
    widths = visit.photo_widths()
    assert widths
    assert all(width > 0 for width in widths)
    assert visit.sideways() <= 0


def test_an_article_is_looked_up(visit: Visit, release: Release) -> None:
    visit.open()
    assert visit.sideways() <= 0
    visit.look_up(some_id(release).lstrip("0"))
    assert_whole(visit, release, some_id(release))


def test_an_example_on_the_first_page_is_a_way_in(visit: Visit, release: Release) -> None:
    visit.open()
    examples = visit.page.locator("#answer .welcome .match a")
    article_id = str(examples.nth(2).get_attribute("data-article"))
    assert all(width > 0 for width in visit.photo_widths())
    assert visit.sideways() <= 0
    examples.nth(2).click()
    assert_whole(visit, release, article_id)


def test_enter_looks_up_too(visit: Visit, release: Release) -> None:
    visit.open()
    visit.page.get_by_label("Article id").fill(some_id(release))
    visit.page.get_by_label("Article id").press("Enter")
    visit.answer_about(some_id(release))


def test_a_surprise_is_answered_and_its_id_is_in_the_box(visit: Visit, release: Release) -> None:
    visit.open()
    seen = set()
    for _ in range(3):
        visit.page.get_by_role("button", name="Surprise me").click()
        visit.page.wait_for_function(
            """seen => {
                const shown = document.querySelector('#answer .query .id')?.textContent;
                return shown && !seen.includes(shown.replace('Article ', '').trim());
            }""",
            arg=list(seen),
        )
        seen.add(visit.article_id())
        assert visit.page.get_by_label("Article id").input_value() == visit.article_id()
        assert visit.page.locator("#answer .query img").count() == 1
    assert_whole(visit, release, visit.article_id())


def test_a_click_on_a_result_goes_on_from_there(visit: Visit, release: Release) -> None:
    visit.open()
    visit.look_up(some_id(release))
    visit.answer_about(some_id(release))
    for model in MODELS:
        following = visit.cards(model)[1]["article"]
        visit.page.locator(f'#answer [data-model="{model}"] .match a').nth(1).click()
        visit.answer_about(following)
        assert visit.page.get_by_label("Article id").input_value() == following
    assert_whole(visit, release, following)


def test_a_link_to_an_article_answers_at_once(visit: Visit, release: Release) -> None:
    visit.open(f"?article={some_id(release)}")
    assert_whole(visit, release, some_id(release))
    assert visit.page.get_by_label("Article id").input_value() == some_id(release)


def test_a_result_opened_in_a_new_tab_is_answered_there(visit: Visit, release: Release) -> None:
    visit.open(f"?article={some_id(release)}")
    visit.answer_about(some_id(release))
    card = visit.page.locator(f'#answer [data-model="{COMBINED.name}"] .match a').first
    with visit.context.expect_page() as opened:
        card.click(modifiers=["Control"])
    shown = opened.value.locator("#answer .query .id")
    shown.wait_for()
    assert shown.inner_text() == f"Article {card.get_attribute('data-article')}"
    assert visit.article_id() == some_id(release)


def ask_about_photo(visit: Visit, release: Release, folder: Path) -> None:
    """Upload an article's photo, wait for its answer and throw the file away."""
    path = folder / "photo.jpg"
    path.write_bytes(release.photo(int(np.flatnonzero(release.with_photo)[5])) or b"")
    visit.open()
    visit.upload(path)
    visit.page.get_by_role("heading", name="Your photo").wait_for()
    path.unlink()


def test_a_photo_of_the_catalogue_finds_its_article(
    visit: Visit, release: Release, tmp_path: Path
) -> None:
    ask_about_photo(visit, release, tmp_path)
    first = visit.cards(IMAGE.name)[0]
    assert first["article"] == some_id(release)
    assert float(first["score"]) == pytest.approx(1, abs=0.001)
    assert all(width > 0 for width in visit.photo_widths())
    assert visit.page.locator("#answer .estimate").count() == 3
    assert "%" in visit.page.locator("#answer .reading").inner_text()
    assert visit.sideways() <= 0


def chip(visit: Visit, kind: str, place: int = 0) -> Locator:
    """A button of an answer."""
    return visit.page.locator(f"#answer .chip[data-{kind}]").nth(place)


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
    visit.page.get_by_text("Put it right").click()
    value = (chip(visit, "correct", 1).get_attribute("data-correct") or "").split("|")[1]
    before = visit.cards(FEATURES.name)
    chip(visit, "correct", 1).click()
    visit.page.locator("#answer .reading", has_text=f"{value} 100%").wait_for()
    assert visit.cards(FEATURES.name) != before
    assert visit.sideways() <= 0


def test_words_alone_are_answered(visit: Visit) -> None:
    visit.open()
    visit.say("black dress")
    visit.page.locator("#answer .words-only").wait_for()
    assert {card["kind"] for card in visit.cards(IMAGE.name)} == {"Dress, Black"}
    assert all(width > 0 for width in visit.photo_widths())
    assert visit.sideways() <= 0


def test_words_about_an_article_keep_it(visit: Visit, release: Release) -> None:
    visit.open()
    visit.look_up(some_id(release))
    visit.answer_about(some_id(release))
    visit.say("with stripes")
    chip(visit, "forget").wait_for()
    assert visit.article_id() == some_id(release)


def test_no_words_are_explained(visit: Visit) -> None:
    visit.open()
    visit.say(" ")
    assert "Say what to look for" in visit.message()


def test_a_picture_of_something_else_is_answered_too(
    visit: Visit, release: Release, tmp_path: Path
) -> None:
    path = tmp_path / "dusk.png"
    Image.radial_gradient("L").resize((300, 700)).save(path)
    visit.open()
    visit.upload(path)
    visit.page.get_by_role("heading", name="Your photo").wait_for()
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
    visit.look_up("0000000000")
    assert visit.message() == "There is no article 0000000000 in this catalogue."
    visit.look_up(some_id(release))
    visit.answer_about(some_id(release))
    assert visit.page.get_by_role("alert").count() == 0
    for text in ("shirt", "<b>1</b>", "👗", "1" * 1000):
        visit.look_up(text)
        beginning = re.escape(f"'{text[:40]}")
        visit.page.get_by_role("alert").filter(has_text=re.compile(beginning)).wait_for()
        assert "is not an article id" in visit.message()
        assert visit.article_id() == some_id(release)
        assert visit.sideways() <= 0


def test_an_empty_box_is_explained(visit: Visit) -> None:
    visit.open()
    visit.look_up("")
    assert "is not an article id" in visit.message()


def test_an_article_without_a_photo_says_so(visit: Visit, release: Release) -> None:
    article_id = some_id(release, has_photo=False)
    visit.open(f"?article={article_id}")
    assert_whole(visit, release, article_id)
    assert visit.page.locator("#answer .query .photo.none").inner_text() == "No photo"
    note = visit.page.locator(f'#answer [data-model="{IMAGE.name}"] .note')
    assert "no photo" in note.inner_text()


def test_a_whole_visit_stays_on_its_host_and_leaves_no_error(
    visit: Visit, release: Release, tmp_path: Path
) -> None:
    path = tmp_path / "dusk.png"
    Image.linear_gradient("L").convert("RGB").save(path)
    visit.open()
    visit.look_up(some_id(release))
    visit.answer_about(some_id(release))
    visit.photo_widths()
    following = visit.cards(COMBINED.name)[0]["article"]
    visit.page.locator(f'#answer [data-model="{COMBINED.name}"] .match a').first.click()
    visit.answer_about(following)
    visit.upload(path)
    visit.page.get_by_role("heading", name="Your photo").wait_for()
    visit.look_up("shirt")
    visit.message()
    visit.open(f"?article={following}")
    visit.answer_about(following)
    visit.photo_widths()
    assert visit.foreign_requests() == []
    assert visit.errors == []
    assert len(visit.requests) > 20


@pytest.fixture
def swapped(server: str, small_built: Path, tmp_path: Path) -> tuple[Live, str, Edition]:
    """A server of its own, closed with the other one, and an edition to swap in."""
    folders = [edition(small_built / "release", tmp_path / str(n), n) for n in (1, 2)]
    one, two = (Recommender(open_release(folder)) for folder in folders)
    live = Live(Edition(one, "the first"))
    address = launch(live, prevent_thread_lock=True, server_port=free_port(), quiet=True)
    return live, address, Edition(two, "the second", notice="An earlier one.")


def test_a_swap_is_seen_by_the_next_query_and_the_next_visit(
    browser: Browser, swapped: tuple[Live, str, Edition]
) -> None:
    live, address, newer = swapped
    visit = Visit(browser, address, 1440, 900)
    visit.open()
    assert "the first" in visit.page.locator("#foot").inner_text()
    assert visit.page.locator(".notice").count() == 0
    live.swap(newer)
    article_id = some_id(newer.recommender.release)
    visit.look_up(article_id)
    visit.answer_about(article_id)
    for model in MODELS:
        cards = visit.cards(model)
        assert all(card["name"].endswith("(2)") for card in cards)
        assert all(newer.recommender.revision in card["photo"] for card in cards if card["photo"])
    assert all(visit.photo_widths())
    visit.open()
    visit.page.locator(".notice", has_text="An earlier one.").wait_for()
    visit.page.locator("#foot", has_text="the second").wait_for()
    visit.page.locator(".welcome .name", has_text="(2)").first.wait_for()
    assert visit.errors == []
    visit.context.close()


def test_a_page_that_was_open_before_a_swap_keeps_its_photos(
    browser: Browser, swapped: tuple[Live, str, Edition]
) -> None:
    live, address, newer = swapped
    visit = Visit(browser, address, 1440, 900)
    visit.open(f"?article={some_id(newer.recommender.release)}")
    visit.answer_about(some_id(newer.recommender.release))
    live.swap(newer)
    assert all(visit.photo_widths())
    assert visit.errors == []
    visit.context.close()

"""The page of the catalogue shows the figures and maps of the release."""

import json
from xml.etree.ElementTree import fromstring

import numpy as np
import pytest

from recsys.catalog.schema import COLOUR, DEPARTMENT, PRODUCT_TYPE
from recsys.models.registry import SINGLE
from recsys.serving.catalog_summary import summarize
from recsys.web.assets import SCRIPTS, STATIC
from recsys.web.catalog_page import catalog_html
from recsys.web.url_parser import from_url


def name(row):
    return "".join(row.find("th").itertext())


@pytest.fixture(scope="module")
def page(release):
    """The page as a tree; that also fails on a tag that is left open."""
    html = catalog_html(summarize(release), "abc").replace(" hidden>", ' hidden="">')
    return fromstring(html)  # noqa: S314


def test_bars_tell_how_many_articles_there_are_of_each(page, release):
    for column in (COLOUR, DEPARTMENT, PRODUCT_TYPE):
        counts = release.articles[column].value_counts()
        shown = {
            name(row): int(row.findall("td")[-1].text.replace(",", ""))
            for row in page.iter("tr")
            if row.find("th").get("scope") == "row" and name(row) in counts.index
        }
        assert shown.items() <= counts.to_dict().items()
        assert len(shown) == min(len(counts), 15 if column == PRODUCT_TYPE else len(counts))


def test_a_bar_leads_to_the_articles_that_it_counts(page, recommender):
    links = [row.find("th/a") for row in page.iter("tr") if row.find("th/a") is not None]
    assert len(links) > 20
    for link in (links[0], links[20], links[-1]):
        state = from_url(link.get("href"), recommender).state
        ((column, (value,)),) = state.search.filters.chosen.items()
        assert value == link.text
        galleries = recommender.search(state.search).galleries
        found = [match.article for each in galleries for match in each.matches]
        assert found
        assert {each.attributes[column] for each in found} == {value}


def test_every_article_of_the_maps_stands_where_the_release_says(page, release):
    maps = next(each for each in page.iter("div") if each.get("class") == "maps")
    ids, names, _ = json.loads(maps.get("data-articles"))
    rows = release.maps.articles
    assert ids == release.articles["article_id"].iloc[rows].tolist()
    assert names == release.articles["prod_name"].iloc[rows].tolist()
    for canvas, model in zip(page.iter("canvas"), SINGLE, strict=True):
        places = release.maps.places[model.name]
        points = np.array(json.loads(canvas.get("data-points"))).reshape(-1, 2)
        np.testing.assert_allclose(points / 999, places, atol=1e-3)


def map_page(browser, release, width):
    """A page with the catalogue alone, and the script of its maps."""
    page = browser.new_page(viewport={"width": width, "height": 800})
    css = (STATIC / "catalog.css").read_text()
    html = catalog_html(summarize(release), "abc")
    page.set_content(f"<style>{css}</style><body class='gradio-container'><div id='at'>{html}")
    page.evaluate(
        "addEventListener('open-article', (event) => (window.opened = event.detail.article))"
    )
    script = SCRIPTS["maps.js"].decode().replace("export ", "")
    page.evaluate(f"(() => {{{script}; watchMaps(document.getElementById('at'))}})()")
    return page


@pytest.mark.browser
def test_a_click_on_a_map_opens_the_article_under_the_pointer(browser, release):
    page, ids = map_page(browser, release, 360), release.articles["article_id"].tolist()
    canvas = page.locator("canvas").first
    canvas.scroll_into_view_if_needed()
    x, y = release.maps.places["text"][5]
    side = canvas.evaluate("each => each.clientWidth") - 24
    at = {"x": float(13 + x * side), "y": float(13 + y * side)}
    canvas.hover(position=at)
    tip = page.locator(".tip:visible")
    shown = tip.inner_text()
    assert shown in set(release.articles["prod_name"])
    photo = tip.locator("img").get_attribute("src")
    assert release.articles["prod_name"][ids.index(photo.split("/")[1][:10])] == shown
    canvas.click(position=at)
    assert page.evaluate("opened") == photo.split("/")[1][:10]
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.close()


@pytest.mark.browser
def test_a_map_zooms_selects_and_obeys_the_keyboard(browser, release):
    page = map_page(browser, release, 1366)
    canvas, status = page.locator("canvas").first, page.locator(".selected [role=status]")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()

    def select(share):
        """Drag a rectangle over a share of the map, from its upper left corner."""
        page.mouse.move(box["x"] + 5, box["y"] + 5)
        page.mouse.down()
        right = box["x"] + box["width"] * share if share < 1 else box["x"] + box["width"] + 9
        page.mouse.move(right, box["y"] + box["height"] + 9)
        page.mouse.up()
        return int(status.inner_text().split()[0])

    everything, half = select(1), select(0.5)
    assert everything == len(release.maps.articles)
    places = release.maps.places["text"][:, 0]
    assert abs(half - (places < 0.5).sum()) < 0.05 * everything
    assert page.locator(".selected .match a").count() == min(48, half)
    canvas.hover(position={"x": 40, "y": 40})
    page.mouse.wheel(0, -100)
    assert 0 < select(1) < everything
    page.get_by_role("button", name="Show all").first.click()
    assert select(1) == everything
    page.get_by_role("button", name="Zoom in").first.click()
    assert select(1) < everything
    canvas.focus()
    names = []
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        canvas.press(key)
        names.append(page.locator(".tip:visible").inner_text())
    assert set(names) <= set(release.articles["prod_name"])
    assert page.evaluate("window.opened") is None
    canvas.press("Enter")
    assert page.evaluate("opened") in set(release.articles["article_id"])
    page.close()


@pytest.mark.exhaustive
def test_example_words_have_the_vectors_that_the_encoders_give(release, recommender):
    assert len(release.phrases) == 6
    for words, known in release.phrases.items():
        np.testing.assert_allclose(
            known["text"], recommender.encoders.words.encode(words), atol=1e-5
        )
        assert ("image" in known) == recommender.encoders.photos.encodes_words
        if "image" in known:
            read = recommender.encoders.photos.encode_words(words)
            np.testing.assert_allclose(known["image"], read, atol=1e-5)


def test_purchases_are_counted_by_the_monday_of_their_week(release):
    weeks = release.overview["week"].to_numpy("datetime64[D]")
    assert {day.astype(object).weekday() for day in weeks} == {0}
    assert set(release.overview[DEPARTMENT]) <= set(release.articles[DEPARTMENT])

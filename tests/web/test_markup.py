"""No text is ever markup: not a release's, not a visitor's, not the server's own settings.

Every text of a small release that a page shows gets markup at its end. Each page of that release
may then only have the tags and attributes that the pages of the untouched release have, and must
show the markup as text.
"""

import random
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from browsing import Visit, free_port
from building import reseal
from page_outline import Outline, article, macro, match
from playwright.sync_api import Browser

from recsys.catalog.schema import COLOUR, DEPARTMENT, DESCRIPTIVE_COLUMNS, PRODUCT_TYPE
from recsys.errors import ReleaseError
from recsys.evaluation.metrics import Estimate
from recsys.evaluation.report import Evaluation, Scores, Table
from recsys.models.registry import COMBINED, IMAGE
from recsys.release.files import ARTICLES, OVERVIEW, PHRASES, SHOPPERS
from recsys.release.reader import open_release
from recsys.release.tables import ROW_GROUP, WORDS_COLUMN
from recsys.serving.edition import Edition, LiveEdition
from recsys.serving.recommender import Recommender
from recsys.serving.request import SearchRequest
from recsys.serving.results import Explanation, Gallery
from recsys.web import templating
from recsys.web.article_detail import detail_html
from recsys.web.cards import ChipView, card_views
from recsys.web.gallery_views import gallery_view
from recsys.web.handlers import PageHandlers
from recsys.web.layout import Message, footer_html, notice_html, top_html
from recsys.web.server import launch
from recsys.web.sessions import OwnPhoto, Session
from recsys.web.url import PageState

MARKUP = (
    """<script>alarm()</script>"><img src=x onerror="alarm()">' onclick='alarm()' """
    "&lt; {{ 6 * 7 }} </li> alarm"
)
"""Its last word names a colour, since people name a colour by its last word."""

TEXT_COLUMNS = {
    ARTICLES: ("prod_name", "detail_desc", *DESCRIPTIVE_COLUMNS),
    OVERVIEW: (DEPARTMENT,),
    PHRASES: (WORDS_COLUMN,),
    SHOPPERS: ("alias",),
}


def append(path: Path, columns: tuple[str, ...], text: str) -> None:
    """Add a text to every value of some columns of a table."""
    table = pq.read_table(path)
    for name in columns:
        place = table.schema.get_field_index(name)
        values = [f"{value} {text}".strip() for value in table.column(name).to_pylist()]
        table = table.set_column(place, pa.field(name, pa.string()), [values])
    pq.write_table(table, path, row_group_size=ROW_GROUP)


def evaluation(text: str) -> Evaluation:
    estimate = Estimate(0.5, 0.4, 0.6)
    scores = Scores(*[estimate] * 5, coverage_12=0.5, novelty=3.0, answered=7)
    return Evaluation({"basket": Table(9, {f"random {text}".strip(): scores})})


def edition(source: Path, folder: Path, text: str) -> Edition:
    """A release with a text added to all its texts, as it is served."""
    shutil.copytree(source, folder)
    for file, columns in TEXT_COLUMNS.items():
        append(folder / file, columns, text)
    reseal(folder, evaluation=evaluation(text))
    return Edition(Recommender(open_release(folder)), f"here {text}", notice=f"Old. {text}")


def addresses(recommender: Recommender, text: str) -> dict[str, str]:
    """An address of every kind of page, and of every kind of error."""
    first, second = (each.article_id for each in recommender.example_articles(2))
    release = recommender.release
    without_photo = release.articles["article_id"][int(np.flatnonzero(~release.with_photo)[0])]
    phrase, change = (
        next(each for each in recommender.example_phrases if each.startswith("in ") == is_change)
        for is_change in (False, True)
    )
    values = recommender.article(first).attributes
    alias = recommender.shoppers()[0]
    corrected, weight = {f"correct.{COLOUR}": values[COLOUR]}, {"weight.text": 1}
    filters = {
        DEPARTMENT: values[DEPARTMENT],
        PRODUCT_TYPE: values[PRODUCT_TYPE],
        COLOUR: values[COLOUR],
    }
    fields = {
        "welcome": {},
        "article": {"article": first, "open": second},
        "article and words": {"article": first, "words": change, "open": second},
        "article without photo": {"article": without_photo},
        "filters": {"article": first, **filters, **weight},
        "photo": {"photo": first},
        "photo and words": {"photo": first, "words": change, **corrected},
        "own photo": {"photo": 1, "words": change, **corrected},
        "words": {"words": phrase},
        "compared": {"article": first, "compare": 1},
        "alone": {"article": first, "show": "text"},
        "nothing found": {"words": phrase, "cheapest": 900},
        "shoppers": {"see": "shopper"},
        "shopper": {"see": "shopper", "shopper": alias, "open": first},
        "basket": {"see": "shopper", "basket": f"{first} {second}"},
        "evaluation": {"see": "quality"},
        "catalog": {"see": "catalog"},
        "no article": {"article": f"x{text}"},
        "no page": {"see": f"x{text}"},
        "no shopper": {"see": "shopper", "shopper": f"x{text}", "basket": text or "x"},
        "wrong fields": {
            "article": first,
            "k": f"x{text}",
            "cheapest": f"x{text}",
            "ignore": f"x{text}",
            COLOUR: f"x{text}",
            f"correct.x{text}": "x",
            f"weight.x{text}": "x",
        },
    }
    return {name: f"?{urlencode(each)}" for name, each in fields.items()}


def pages(edition: Edition, text: str) -> dict[str, str]:
    """The HTML of every kind of page of an edition, by its name."""
    recommender = edition.recommender
    handlers = PageHandlers(LiveEdition(edition), random.Random(1))  # noqa: S311
    first = recommender.example_articles(1)[0].article_id
    vector = recommender.photo_vector(first)
    session = Session(photo=OwnPhoto(b"\xff\xd8", vector, recommender.release_version))
    shown = {"footer": footer_html(edition), "notice": notice_html(edition.notice)}
    for name, address in addresses(recommender, text).items():
        *_, update = handlers.open_address(address, session)
        shown[name] = "".join((update.top, update.answer, update.details))
    return shown


@pytest.fixture(scope="module")
def allowed(small_built, tmp_path_factory) -> set[tuple[str, tuple[str, ...]]]:
    """The tags of the untouched release's pages, each with the names of its attributes."""
    tame = edition(small_built / "release", tmp_path_factory.mktemp("tame") / "release", "")
    return {tag for html in pages(tame, "").values() for tag in Outline(html).structure}


@pytest.fixture(scope="module")
def hostile(small_built, tmp_path_factory) -> Edition:
    return edition(small_built / "release", tmp_path_factory.mktemp("hostile") / "release", MARKUP)


@pytest.fixture(scope="module")
def shown(hostile) -> dict[str, str]:
    """The hostile edition's pages."""
    return pages(hostile, MARKUP)


def assert_text_only(html: str, allowed: set[tuple[str, tuple[str, ...]]]) -> None:
    """Fail unless a page has nothing but allowed tags, and shows the markup as it was written."""
    outline = Outline(html)
    assert set(outline.structure) <= allowed
    values = [value or "" for _, attributes in outline.tags for value in attributes.values()]
    assert any(MARKUP in text for text in [outline.all_text, *values])


def test_no_text_of_a_release_is_markup_on_any_page(shown, allowed):
    assert len(shown) > 20
    for name, html in shown.items():
        try:
            assert_text_only(html, allowed)
        except AssertionError as error:
            raise AssertionError(name) from error


def test_every_kind_of_text_is_among_those_shown(shown):
    """Otherwise the test above would prove less than it seems to."""
    outlines = {name: Outline(html) for name, html in shown.items()}
    for page, where in (
        ("article", "name"),
        ("article", "kind"),
        ("article", "description"),
        ("article", "dd"),
        ("article", "td"),
        ("filters", "bdi"),
        ("photo", "reading"),
        ("photo and words", "chip"),
        ("words", "h2"),
        ("wrong fields", "message"),
        ("welcome", "span"),
        ("shopper", "h2"),
        ("evaluation", "th"),
        ("catalog", "a"),
        ("catalog", "span"),
        ("footer", "foot"),
        ("notice", "notice"),
    ):
        assert any("alarm" in text for text in outlines[page].texts(where)), (page, where)


def test_ids_versions_and_notes_are_text_too(hostile, allowed):
    """A release cannot have such ids, but a template must not rely on that."""
    found = replace(article(1), article_id=MARKUP, name=MARKUP)
    contributions = {"text": 0.5}
    gallery = Gallery(IMAGE, (replace(match(1, found), contributions=contributions),), MARKUP)
    state = PageState(search=SearchRequest(article=MARKUP, words=MARKUP), opened=MARKUP)
    explanation = Explanation(found, {COMBINED.name: gallery.matches[0]}, shoppers=3)
    message = Message(MARKUP, {"words": MARKUP}, [ChipView(MARKUP, MARKUP)])
    for html in (
        macro("galleries.html", "gallery", gallery_view(gallery, MARKUP, str, {MARKUP: 2})),
        macro("galleries.html", "gallery", gallery_view(replace(gallery, matches=()), "", str, {})),
        macro("cards.html", "cards", card_views([found], MARKUP, str)),
        detail_html(state, found, MARKUP, found, explanation),
        top_html(state, 1, found, hostile.recommender, message, MARKUP, held=MARKUP),
    ):
        assert_text_only(html, allowed)


def test_without_escaping_markup_is_noticed_on_every_page(hostile, allowed, monkeypatch):
    unsafe = templating.ENVIRONMENT.overlay(autoescape=False)
    monkeypatch.setattr(templating, "ENVIRONMENT", unsafe)
    for html in pages(hostile, MARKUP).values():
        with pytest.raises(AssertionError):
            assert_text_only(html, allowed)


def test_a_release_cannot_have_such_ids(small_copy: Path) -> None:
    append(small_copy / ARTICLES, ("article_id",), MARKUP)
    reseal(small_copy)
    with pytest.raises(ReleaseError, match="article"):
        open_release(small_copy)


FOREIGN = """() => [...document.querySelectorAll('script, img[src=x], [onclick], [onerror]')]
    .filter(each => each.tagName !== 'SCRIPT' || each.textContent === 'alarm()').length"""
"""Counts the elements that the markup would be."""


IN_A_BROWSER = ("welcome", "article", "filters", "wrong fields", "shopper", "catalog")
"""Pages with every kind of text, and every part of Gradio and of our scripts that handles one."""


@pytest.fixture(scope="module")
def hostile_server(hostile: Edition) -> str:
    """The address of an app that serves the hostile edition."""
    address: str = launch(LiveEdition(hostile), server_port=free_port(), quiet=True).local_url
    return address


@pytest.fixture
def watched(browser: Browser, hostile_server: str) -> Iterator[Visit]:
    """A visit that notes dialogs and calls of `alarm` as errors."""
    visit = Visit(browser, hostile_server, 1280, 900)
    visit.page.add_init_script("window.alarm = () => console.error('alarm')")
    visit.page.on("dialog", lambda dialog: visit.errors.append(dialog.message))
    yield visit
    visit.context.close()


def test_nothing_of_it_is_markup_in_a_browser(watched: Visit, hostile: Edition) -> None:
    """Gradio, too, puts texts into the page, and our scripts do."""
    for name, address in addresses(hostile.recommender, MARKUP).items():
        if name in IN_A_BROWSER:
            watched.open(address)
            watched.page.wait_for_function("!document.body.classList.contains('busy')")
            assert watched.page.evaluate(FOREIGN) == 0, name
    assert watched.errors == []


def test_a_file_may_be_named_like_markup(watched: Visit, hostile: Edition, tmp_path: Path) -> None:
    path = tmp_path / "<img src=x onerror=alarm()>.jpg"
    example = hostile.recommender.example_articles(1)[0].article_id
    path.write_bytes(hostile.recommender.photo(example) or b"")
    watched.open()
    watched.upload(path)
    watched.page.locator("#answer .query").wait_for()
    watched.upload(path.rename(tmp_path / "<img src=x onerror=alarm()>.txt"))
    assert "not a picture that can be read" in watched.message()
    assert watched.page.evaluate(FOREIGN) == 0
    assert watched.errors == []


def test_answers_of_the_api_are_text_on_its_page(watched: Visit) -> None:
    watched.open()
    watched.page.get_by_role("button", name="Use via API").click()
    watched.page.locator(".api-docs").get_by_text("similar_to_photo").first.wait_for()
    assert watched.page.evaluate(FOREIGN) == 0
    assert watched.errors == []

"""Visits over several pages: filters, weights, details, back and forward, shared links."""

import re
from urllib.parse import urlencode

import pytest
from browsing import Visit
from playwright.sync_api import Locator
from test_page import some_id

from recsys.catalog.schema import COLOUR, DEPARTMENT, PRODUCT_TYPE
from recsys.models.registry import ALL, COMBINED, IMAGE, TEXT
from recsys.release.reader import Release
from recsys.serving.recommender import Recommender
from recsys.serving.request import SearchRequest
from recsys.web.url import CATALOG, QUALITY, SHOPPER, PageState, to_url
from recsys.web.url_parser import from_url

pytestmark = pytest.mark.browser

IDLE = "() => !document.body.classList.contains('busy')"
"""In the browser: whether every answer has come."""

MODELS = [model.name for model in ALL]


@pytest.fixture
def visit(anywhere: Visit) -> Visit:
    """Every visit here is made plain and in a host page's frame."""
    return anywhere


def at(place: PageState) -> re.Pattern[str]:
    """A pattern of the address of a page state."""
    return re.compile(re.escape(to_url(place)) + "$")


def narrowing(visit: Visit, name: str) -> Locator:
    """A menu of the filter bar, opened."""
    part = visit.view.locator(f'#answer details[data-name="{name}"]')
    if part.get_attribute("open") is None:
        part.locator("summary").click()
    return part


def shown(visit: Visit) -> dict[str, list[str]]:
    """The articles of every gallery, in their order."""
    return {model: [card["article"] for card in visit.cards(model)] for model in MODELS}


def expected(recommender: Recommender, place: PageState) -> dict[str, list[str]]:
    answer = recommender.search(place.search, place.k)
    return {
        each.model.name: [match.article.article_id for match in each.matches]
        for each in answer.galleries
    }


def test_a_visit_from_the_first_page_to_every_other(
    visit: Visit, release: Release, recommender: Recommender
) -> None:
    """An article, filters, weights, details, the next article, back, a shopper, quality, maps."""
    visit.open()
    visit.say(some_id(release))
    visit.answer_about(some_id(release))
    start = PageState(search=SearchRequest(article=some_id(release)))
    assert shown(visit) == expected(recommender, start)
    assert visit.sideways() <= 0

    colour = narrowing(visit, COLOUR).locator("label").nth(1)
    value, count = colour.locator("span").all_inner_texts()
    colour.click()
    visit.view.wait_for_url(re.compile(COLOUR))
    narrowed = from_url(visit.view.evaluate("location.search"), recommender).state
    assert narrowed.search.filters.chosen == {COLOUR: [value]}
    assert shown(visit) == expected(recommender, narrowed)
    kinds = [card["kind"] for model in MODELS for card in visit.cards(model)]
    assert kinds
    assert all(kind.endswith(f", {value}") for kind in kinds)
    having = int((release.articles[COLOUR] == value).sum())
    assert int(count.replace(",", "")) == having

    weights = narrowing(visit, "weights")
    weights.get_by_role("link", name="Looks", exact=True).click()
    visit.view.wait_for_url(re.compile(r"weight\.image=10"))
    visit.view.locator('#answer .chip[aria-current="true"]', has_text="Looks").wait_for()
    assert shown(visit)[COMBINED.name] == shown(visit)[IMAGE.name]
    assert visit.sideways() <= 0

    card = visit.view.locator(f'#answer [data-model="{TEXT.name}"] .match a').first
    opened = str(card.get_attribute("data-article"))
    card.click()
    dialog = visit.details()
    dialog.get_by_role("heading", level=2).wait_for()
    assert f"Article {opened}" in dialog.inner_text()
    assert dialog.get_by_role("table").count() == 2
    assert "shared" in dialog.inner_text()
    assert visit.sideways() <= 0
    dialog.get_by_role("link", name="More like this").click()
    visit.answer_about(opened)
    assert dialog.count() == 0
    assert opened not in shown(visit)[COMBINED.name]

    visit.back()
    dialog.wait_for()
    visit.back()
    dialog.wait_for(state="detached")
    assert visit.article_id() == some_id(release)
    visit.back()
    visit.back()
    visit.view.wait_for_url(at(start))
    visit.view.wait_for_function("() => !document.querySelector('#answer .controls input:checked')")
    assert shown(visit) == expected(recommender, start)

    alias = recommender.shoppers()[0]
    visit.view.get_by_role("link", name="For a shopper").click()
    visit.view.get_by_role("link", name="Picks for a shopper").first.click()
    visit.view.get_by_role("heading", name=f"What {alias} bought").wait_for()
    assert visit.sideways() <= 0
    visit.view.get_by_role("link", name="How good is it?").click()
    visit.view.locator("#answer .chart").first.wait_for()
    assert visit.sideways() <= 0
    visit.view.get_by_role("link", name="The catalogue").click()
    visit.view.locator("#answer canvas").first.wait_for()
    assert visit.sideways() <= 0
    assert visit.foreign_requests() == []
    assert visit.errors == []


def test_how_many_other_colours_and_prices_are_chosen(
    visit: Visit, release: Release, recommender: Recommender
) -> None:
    visit.open(f"?article={some_id(release)}")
    visit.answer_about(some_id(release))
    narrowing(visit, "weights").get_by_label("How many").select_option("6")
    visit.view.wait_for_url(re.compile("k=6"))
    # The new answer brings a new form, which says what was asked before.
    visit.view.wait_for_function(IDLE)
    visit.view.get_by_label("One colour of each product").click()
    visit.view.wait_for_url(re.compile("one_a_product=1"))
    visit.view.wait_for_function(IDLE)
    narrowing(visit, "price").get_by_label("Highest price").fill("20")
    visit.view.get_by_label("Highest price").press("Enter")
    visit.view.wait_for_url(re.compile("dearest=20"))
    visit.view.get_by_role("link", name="Remove up to EUR 20").wait_for()
    place = from_url(visit.view.evaluate("location.search"), recommender).state
    assert (place.k, place.search.one_a_product, place.search.filters.dearest) == (6, True, 20)
    assert shown(visit) == expected(recommender, place)
    products = dict(release.articles[["article_id", "product_code"]].to_numpy())
    for found in shown(visit).values():
        assert len({products[id_] for id_ in found}) == len(found) == 6
        assert all((recommender.article(id_).price or 99) <= 20 for id_ in found)
    visit.page.keyboard.press("Escape")  # The panel of prices lies over the link.
    visit.view.get_by_role("link", name="Clear all").click()
    visit.view.wait_for_url(at(PageState(search=SearchRequest(article=some_id(release)))))
    assert visit.errors == []


def test_a_slider_weighs_and_what_was_open_stays_open(
    visit: Visit, release: Release, recommender: Recommender
) -> None:
    visit.open(f"?article={some_id(release)}")
    visit.answer_about(some_id(release))
    weights = narrowing(visit, "weights")
    slider = weights.get_by_label("Described alike")
    slider.focus()
    share = weights.locator(".share").first
    before = share.inner_text()
    slider.evaluate(
        "slider => { slider.value = 5; slider.dispatchEvent(new Event('input', {bubbles: true})) }"
    )
    assert share.inner_text() != before, "shares follow while the slider is dragged"
    slider.press("End")
    visit.view.wait_for_url(re.compile(r"weight\.text=10"))
    visit.view.wait_for_function(IDLE)
    assert weights.get_attribute("open") is not None
    assert slider.evaluate("slider => slider === document.activeElement")
    place = from_url(visit.view.evaluate("location.search"), recommender).state
    assert shown(visit) == expected(recommender, place)


VIEWS = [
    {"article": "0310352003", "k": 6, PRODUCT_TYPE: "Shirt", "one_a_product": 1, "weight.image": 3},
    {"article": "0310352003", "cheapest": 10, "dearest": 30.5, "with_photo": 1},
    {"article": "0310352003", "show": TEXT.name, "upto": 96, COLOUR: "White"},
    {"article": "0310352003", "compare": 1, "k": 6},
    {"words": "black trousers", "ignore": COLOUR, DEPARTMENT: "Divided", "k": 24},
    {"photo": "0310352003", "words": "in red", "words_weight": 0.25},
    {"article": "0310352003", "open": "0310352005"},
    {"see": SHOPPER, "shopper": "shopper-0001", "k": 6},
    {"see": SHOPPER, "basket": "0310352003 0310352005"},
    {"see": QUALITY},
    {"see": CATALOG},
]

CONTENT = (
    "document.querySelector('#answer').innerText + document.querySelector('#detail').innerText"
)
NO_TIMER = f"() => !/^\\d+\\.\\ds$/m.test({CONTENT})"
"""Gradio counts the seconds of an event in the text of the page until it has ended."""


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: "-".join(view))
def test_a_link_restores_the_exact_view(
    visit: Visit, view: dict[str, object], recommender: Recommender
) -> None:
    address = f"?{urlencode(view)}"
    there = from_url(address, recommender)
    assert there.errors == ()
    visit.open(address)
    visit.view.wait_for_function("() => !document.querySelector('#answer .welcome')")
    visit.view.locator("#answer").wait_for()
    visit.view.wait_for_function(NO_TIMER)
    assert visit.view.evaluate("location.search") == to_url(there.state)
    rows = not (there.state.compared or there.state.shown or there.state.page == SHOPPER)
    if there.state.has_query and rows:
        assert shown(visit) == expected(recommender, there.state)
    assert visit.view.get_by_role("alert").count() == 0
    assert visit.sideways() <= 0


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ("k=999", "1 to 48"),
        pytest.param(
            f"{COLOUR}=Invisible", "No article has 'Invisible'", marks=pytest.mark.exhaustive
        ),
        pytest.param(
            "cheapest=3&dearest=1", "at least 3 and at most 1", marks=pytest.mark.exhaustive
        ),
        pytest.param("weight.taste=1", "not 'taste'", marks=pytest.mark.exhaustive),
        ("open=0000000000", "There is no article 0000000000"),
        pytest.param("see=nothing", "There is no page 'nothing'", marks=pytest.mark.exhaustive),
    ],
)
def test_a_link_with_a_fault_shows_the_rest_and_says_so(
    visit: Visit, release: Release, wrong: str, complaint: str
) -> None:
    visit.open(f"?article={some_id(release)}&{wrong}")
    assert complaint in visit.message()
    visit.answer_about(some_id(release))
    assert visit.view.evaluate("location.search") == f"?article={some_id(release)}"
    assert visit.errors == []


def test_a_link_to_what_is_not_there_shows_ways_to_start(visit: Visit) -> None:
    visit.open("?article=0000000000")
    assert visit.message().startswith("There is no article 0000000000 in this catalogue.")
    visit.view.locator("#answer .welcome").wait_for()


def test_filters_that_leave_nothing_say_how_to_go_on(visit: Visit, release: Release) -> None:
    visit.open(f"?article={some_id(release)}&cheapest=900")
    visit.view.get_by_role("heading", name="Nothing matches all filters. Remove one.").wait_for()
    assert visit.view.locator("#answer .gallery").count() == 0
    visit.view.get_by_role("link", name=re.compile("^Remove EUR 900 or more: ")).click()
    visit.view.locator(f'#answer [data-model="{COMBINED.name}"] .match').first.wait_for()
    assert len(visit.cards(COMBINED.name)) == 12


def test_models_are_compared(visit: Visit, release: Release) -> None:
    visit.open(f"?article={some_id(release)}")
    visit.answer_about(some_id(release))
    found = shown(visit)
    visit.view.get_by_text("How far do the models agree?").click()
    rows = visit.view.locator("#answer .overlap tbody tr").all()
    table = [row.locator("td").all_inner_texts() for row in rows]
    for one, cells in zip(MODELS, table, strict=True):
        for other, cell in zip(MODELS, cells, strict=True):
            assert cell == ("·" if one == other else str(len({*found[one]} & {*found[other]})))
    assert visit.sideways() <= 0
    for card in visit.view.locator("#answer .match a:has(.agreed)").all():
        id_ = str(card.get_attribute("data-article"))
        models = sum(id_ in found[model] for model in MODELS if model != COMBINED.name)
        assert card.locator(".agreed").inner_text() == f"{models} models agree"


def test_examples_of_every_kind_are_one_click_away(visit: Visit, recommender: Recommender) -> None:
    words = next(iter(recommender.release.phrases))
    for opens, name in (
        (f'a.chip:has-text("{words}")', f"“{words}”"),
        ('.match a[href^="?photo="]:not([href*="words"])', "Your photo"),
        ('.match a[href*="&words="]', "Your photo"),
        (".articles .match a", ""),
        ('a[aria-label^="Picks for a shopper who bought "]', "What shopper-0001 bought"),
    ):
        visit.open()
        visit.view.locator(f"#answer {opens}").first.click()
        visit.view.locator("#answer .gallery").first.wait_for()
        assert name in visit.view.locator("#answer h2").first.inner_text()
        assert len(visit.cards(COMBINED.name)) == 12
    assert visit.errors == []


PASTE = """data => {
    const file = new File([Uint8Array.from(data)], 'photo.jpg', {type: 'image/jpeg'});
    const carried = new DataTransfer();
    carried.items.add(file);
    const kind = %s;
    document.dispatchEvent(kind === 'paste'
        ? new ClipboardEvent(kind, {clipboardData: carried, bubbles: true})
        : new DragEvent(kind, {dataTransfer: carried, bubbles: true, cancelable: true}));
}"""


@pytest.mark.parametrize("how", ["paste", "drop"])
def test_a_photo_is_pasted_or_dropped(
    visit: Visit, release: Release, recommender: Recommender, how: str
) -> None:
    visit.open()
    photo = recommender.photo(some_id(release)) or b""
    visit.view.evaluate(PASTE % repr(how), list(photo))
    visit.view.get_by_role("heading", name="Your photo").wait_for()
    assert visit.cards(IMAGE.name)[0]["article"] == some_id(release)
    assert visit.errors == []


def test_a_result_is_opened_and_left_with_the_keyboard(visit: Visit, release: Release) -> None:
    visit.open(f"?article={some_id(release)}")
    visit.answer_about(some_id(release))
    card = visit.view.locator(f'#answer [data-model="{COMBINED.name}"] .match a').first
    card.focus()
    card.press("Enter")
    visit.details().wait_for()
    assert visit.view.evaluate("document.activeElement.closest('dialog') !== null")
    visit.page.keyboard.press("Escape")
    visit.details().wait_for(state="detached")
    assert card.evaluate("card => card === document.activeElement")
    visit.view.wait_for_url(at(PageState(search=SearchRequest(article=some_id(release)))))


def test_why_a_result_was_found_adds_up(
    visit: Visit, release: Release, recommender: Recommender
) -> None:
    id_ = some_id(release)
    found = next(
        match.article.article_id
        for match in recommender.similar_to_article(id_).galleries[0].matches
        if recommender.explain(SearchRequest(article=id_), match.article.article_id).shoppers
    )
    visit.open(f"?article={id_}&open={found}")
    why = recommender.explain(SearchRequest(article=id_), found)
    text = visit.details().inner_text()
    assert f"{why.shoppers} or more shoppers bought both." in text
    added = visit.details().locator(".why td.value:not(.quiet)").all_inner_texts()
    assert sum(map(float, added)) == pytest.approx(why.matches[COMBINED.name].score, abs=0.005)


def test_an_answer_is_seen_as_a_skeleton_until_it_comes(visit: Visit) -> None:
    """Only the visitor's photo is answered after the page is loaded."""
    visit.page.route("**/queue/data**", lambda route: None)
    visit.page.goto(f"{visit.host or visit.address}?photo=own-0a1b2c3d")
    visit.view.locator("#skeleton .gallery").first.wait_for()
    assert not visit.view.locator("#answer").is_visible()
    assert visit.sideways() <= 0

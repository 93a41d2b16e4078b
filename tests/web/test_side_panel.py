"""The form leads to the state that it shows, and the query is shown as it was."""

import math
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from page_outline import Outline, article, macro
from recsys.web.side_panel import PRESETS, SLIDER_MAX, controls, query_panel

from recsys.catalog.schema import COLOUR, PATTERN, PRODUCT_TYPE
from recsys.models.registry import COMBINED, COUNTS, TEXT
from recsys.retrieval.attributes import NamedAttribute
from recsys.retrieval.facets import FACETS, Choice, Facet, Filters
from recsys.serving.request import MOST_MATCHES, SearchRequest
from recsys.serving.results import Answer, Gallery, PhotoAttribute, PossibleValue
from recsys.web.url import WEIGHT_PREFIX, PageState, to_url
from recsys.web.url_parser import from_url

LEARNED = {"text": 0.5, "image": 2.0, "co_purchase": 1.0}
PRICES = (0.0072, 0.1695)


class Form(Outline):
    """The form as a browser reads it."""

    def __init__(self, state, facets=(), weights=LEARNED, prices=PRICES):
        self.chosen = []
        form = controls(state, facets, weights, prices)
        super().__init__(macro("side_panel.html", "controls", form))

    def named(self, name):
        return [each for each in self.attributes("input") if each["name"] == name]

    def handle_data(self, data):
        super().handle_data(data)
        if self.tags[-1:] == [("option", {"selected": None})] and data.strip():
            self.chosen.append(("k", data))

    def sent(self):
        """The address that a browser sends, without empty fields and sliders left alone."""
        boxes = [each for each in self.attributes("input") if each["value"]]
        sent = [
            (each["name"], each["value"])
            for each in boxes
            if each["type"] != "checkbox" or "checked" in each
            if not each["name"].startswith(WEIGHT_PREFIX)
        ]
        return f"?{urlencode(sent + self.chosen)}"

    def links(self):
        return [link["href"] for link in self.attributes("a")]


def form_at(state, recommender):
    found = recommender.search_with_facets(state.search)
    return Form(state, found.facets, found.weights, recommender.prices)


@pytest.fixture
def article_id(recommender):
    return recommender.example_articles(1)[0].article_id


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"words": "black dress", "weight": 0.7, "ignored": frozenset([COLOUR])},
        {"filters": Filters({COLOUR: ["Black", "Red"], PRODUCT_TYPE: ["Dress"]}, with_photo=True)},
        {"filters": Filters(cheapest=0.0125, dearest=0.05), "one_a_product": True},
        {"corrected": {COLOUR: "Dark Blue"}},
    ],
)
@pytest.mark.parametrize("k", [12, 7])
def test_a_form_sent_as_it_is_leads_to_the_same_place(recommender, article_id, changes, k):
    state = PageState(search=SearchRequest(article=article_id, **changes), k=k)
    parsed = from_url(form_at(state, recommender).sent(), recommender)
    assert parsed.state == state
    assert parsed.errors == ()


def test_no_hidden_field_repeats_a_field_that_visitors_can_change(recommender, article_id):
    filters = Filters({COLOUR: ["Black"], PRODUCT_TYPE: ["Dress"]}, True, 0.01, 0.1)
    search = SearchRequest(
        article_id, None, "red", 0.3, {COLOUR: "Red"}, frozenset([PRODUCT_TYPE]), filters, True
    )
    form = form_at(PageState(search=search, k=6, opened=article_id), recommender)
    hidden = {each["name"] for each in form.attributes("input") if each["type"] == "hidden"}
    assert hidden == {"article", "words", "ignore", f"correct.{COLOUR}"}


def test_sending_the_form_closes_the_details(recommender, article_id):
    state = PageState(search=SearchRequest(article=article_id), opened=article_id)
    sent = from_url(form_at(state, recommender).sent(), recommender).state
    assert sent == state.with_opened("")


def test_choices_tell_how_many_there_would_be_and_which_are_chosen():
    facets = [Facet(COLOUR, (Choice("Black", 1234), Choice("Red", 5)))]
    form = Form(
        PageState(search=SearchRequest(words="hat", filters=Filters({COLOUR: ["Red"]}))), facets
    )
    boxes = {box["value"]: "checked" in box for box in form.named(COLOUR)}
    assert boxes == {"Black": False, "Red": True}
    texts = [text for _, text in form.text]
    assert texts.index("1,234") > texts.index("Black")
    assert texts.index("5") > texts.index("1,234")


def test_every_facet_of_an_answer_can_be_chosen_from(recommender, article_id):
    form = form_at(PageState(search=SearchRequest(article=article_id)), recommender)
    facets = recommender.search_with_facets(SearchRequest(article=article_id)).facets
    for facet in facets:
        offered = [box["value"] for box in form.named(facet.column)]
        assert offered == [choice.value for choice in facet.choices]
    assert len(facets) == len(FACETS)


def test_filters_are_cleared_at_once_and_the_rest_stays(recommender, article_id):
    search = SearchRequest(article=article_id, words="red", weights={"text": 1.0})
    narrowed = PageState(search=search, k=6, opened=article_id).with_search(
        filters=Filters({PRODUCT_TYPE: ["Dress"]}, True, 0.01, 0.1), one_a_product=True
    )
    assert to_url(PageState(search=search, k=6)) in Form(narrowed).links()
    assert len(Form(narrowed).links()) == len(Form(PageState(search=search, k=6)).links()) + 1


@pytest.mark.parametrize(
    ("query", "offered"),
    [
        ({"article": "1", "words": "red"}, True),
        ({"photo": "a vector", "words": "red"}, True),
        ({"words": "red"}, False),
        ({"article": "1"}, False),
    ],
)
def test_words_are_weighed_only_beside_something_else(query, offered):
    sliders = Form(PageState(search=SearchRequest(**query, weight=0.3))).named("words_weight")
    assert [slider["value"] for slider in sliders] == ["0.3"] * offered


def test_prices_can_be_given_where_something_was_sold():
    boxes = Form(PageState()).named("cheapest") + Form(PageState()).named("dearest")
    assert [box["placeholder"] for box in boxes] == ["0.0072", "0.17"]
    assert [box["value"] for box in boxes] == ["", ""]
    assert not Form(PageState(), prices=(math.nan, math.nan)).named("cheapest")


def test_any_number_of_matches_in_an_address_stands_among_those_offered():
    form = Form(PageState(k=7))
    offered = [int(text) for where, text in form.text if where == "option"]
    assert form.chosen == [("k", "7")]
    assert offered == sorted(offered)
    assert {7, MOST_MATCHES} <= set(offered)


def sliders(form):
    named = [each for each in form.attributes("input") if each["name"].startswith(WEIGHT_PREFIX)]
    return {each["name"].removeprefix(WEIGHT_PREFIX): float(each["value"]) for each in named}


def test_sliders_show_the_weights_as_parts_of_the_heaviest():
    about_article = PageState(search=SearchRequest(article="1"))
    assert sliders(Form(about_article)) == {"text": 2.5, "image": SLIDER_MAX, "co_purchase": 5.0}
    assert set(sliders(Form(about_article, weights={"text": 0.0})).values()) == {0.0}
    assert sliders(Form(about_article, weights={})) == {}


def test_counts_are_weighed_only_for_articles():
    weights = dict.fromkeys([TEXT.name, *COUNTS], 1.0)
    assert set(sliders(Form(PageState(search=SearchRequest(words="hat")), weights=weights))) == {
        TEXT.name
    }


def test_presets_are_links_and_the_one_in_use_is_marked(recommender, article_id):
    state = PageState(
        search=SearchRequest(article=article_id, weights=PRESETS["Words"]), opened=article_id
    )
    links = form_at(state, recommender).attributes("a")
    states = [from_url(link["href"], recommender) for link in links]
    assert [each.state.search.weights for each in states] == list(PRESETS.values())
    assert all(not each.errors and not each.state.opened for each in states)
    marked = [at for at, link in enumerate(links) if "aria-current" in link]
    assert marked == [list(PRESETS).index("Words")]


# The query


def panel(answer, state, photo=b"", article=None):
    view = query_panel(answer, state, photo, article)
    return Outline(macro("side_panel.html", "query_panel", view))


def answer(query=None, **changes):
    return Answer("abc", query, (Gallery(COMBINED, ()),), **changes)


def test_an_article_is_shown_with_its_attributes_and_the_words_beside_it():
    found = article(1)
    search = SearchRequest(article=found.article_id, words="in red", ignored=frozenset([PATTERN]))
    named = (NamedAttribute(COLOUR, "red", ("Red", "Dark Red")),)
    outline = panel(answer(found, words="in red", named=named), PageState(search=search))
    assert outline.texts("h2") == [found.name]
    assert outline.texts("dd") == list(found.attributes.values())
    assert outline.attributes("img")[0]["alt"].startswith(found.name)
    forget, ignore = outline.attributes("a")
    assert forget["data-does"] == "forget"
    assert forget["href"] == f"?article={found.article_id}"
    assert ignore["data-does"] == "ignore"
    assert "Red, Dark Red" in ignore["title"]
    ignored = f"ignore={COLOUR}&ignore={PATTERN}"
    assert ignore["href"] == f"?article={found.article_id}&words=in+red&{ignored}"


def test_an_article_without_a_description_says_so():
    outline = panel(answer(replace(article(1), description="")), PageState())
    assert outline.texts("em") == ["No description."]


def test_what_a_photo_shows_can_be_corrected():
    guesses = (PossibleValue("Dress", 0.8), PossibleValue("Skirt", 0.15))
    state = PageState(search=SearchRequest(photo="a vector"))
    reading = (PhotoAttribute(PRODUCT_TYPE, guesses),)
    outline = panel(answer(reading=reading), state, b"\xff\xd8")
    assert "Looks like: Dress 80%" in outline.all_text
    chips = outline.attributes("a")
    assert [chip["href"] for chip in chips] == [
        f"?photo=1&correct.{PRODUCT_TYPE}=Dress",
        f"?photo=1&correct.{PRODUCT_TYPE}=Skirt",
    ]
    assert ["aria-current" in chip for chip in chips] == [True, False]
    assert "Your photo is not stored." in outline.all_text


def test_the_photo_of_an_article_is_not_the_visitor_s_own():
    state = PageState(search=SearchRequest(photo="a vector"), photo_of="0000000001")
    outline = panel(answer(), state, article=article(1))
    assert outline.attributes("img")[0]["src"] == "photos/0000000001.webp?release=abc&width=240"
    assert "not stored" not in outline.all_text
    assert "Looks like" not in outline.all_text


def test_words_alone_have_no_photo():
    outline = panel(answer(words="a & b"), PageState(search=SearchRequest(words="a & b")))
    assert outline.texts("h2") == ["“a & b”"]
    assert outline.tags[0][1]["class"] == "query words-only"
    assert not outline.attributes("img")

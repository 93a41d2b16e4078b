"""The form's fields are those of addresses: what it sends back leads where it says."""

import math
from urllib.parse import urlencode

import pytest
from test_cards import HOSTILE, Outline

from recsys.catalog.schema import COLOUR, KIND
from recsys.models.registry import COUNTS, TEXT
from recsys.retrieval.facets import FACETS, Choice, Facet, Filters
from recsys.serving.request import MOST_MATCHES, SearchRequest
from recsys.web.side_panel import HEAVY, PRESETS, controls_html
from recsys.web.url import WEIGHT, Place, read, write

LEARNED = {"text": 0.5, "image": 2.0, "co_purchase": 1.0}
PRICES = (0.0072, 0.1695)


class Form(Outline):
    """The controls as a browser reads them."""

    def __init__(self, place, facets=(), weights=LEARNED, prices=PRICES):
        self.chosen = []
        super().__init__(controls_html(place, facets, weights, prices))

    def named(self, name):
        return [each for each in self.attributes("input") if each["name"] == name]

    def handle_data(self, data):
        super().handle_data(data)
        if self.tags[-1:] == [("option", {"selected": None})] and data.strip():
            self.chosen.append(("k", data))

    def sent(self):
        """What a browser sends, without sliders that nobody has moved and empty fields."""
        boxes = [each for each in self.attributes("input") if each["value"]]
        sent = [
            (each["name"], each["value"])
            for each in boxes
            if each["type"] != "checkbox" or "checked" in each
            if not each["name"].startswith(WEIGHT)
        ]
        return f"?{urlencode(sent + self.chosen)}"

    def links(self):
        return [link["href"] for link in self.attributes("a")]


def form_at(place, recommender):
    found = recommender.search_with_facets(place.search)
    return Form(place, found.facets, found.weights, recommender.prices)


@pytest.fixture
def asked(recommender):
    return recommender.example_articles(1)[0].article_id


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"words": "black & warm", "weight": 0.7, "ignored": frozenset([COLOUR])},
        {"filters": Filters({COLOUR: ["Black", "Red"], KIND: ["Dress"]}, with_photo=True)},
        {"filters": Filters(cheapest=0.0125, dearest=0.05), "one_a_product": True},
        {"corrected": {COLOUR: "Dark Blue"}},
    ],
)
@pytest.mark.parametrize("k", [12, 7])
def test_a_form_sent_as_it_is_leads_to_the_same_place(recommender, asked, changes, k):
    place = Place(search=SearchRequest(article=asked, **changes), k=k)
    directions = read(form_at(place, recommender).sent(), recommender)
    assert directions.place == place
    assert directions.complaints == ()


def test_what_a_visitor_can_change_is_said_nowhere_else_in_the_form(recommender, asked):
    filters = Filters({COLOUR: ["Black"], KIND: ["Dress"]}, True, 0.01, 0.1)
    search = SearchRequest(
        asked, None, "red", 0.3, {COLOUR: "Red"}, frozenset([KIND]), filters, True
    )
    form = form_at(Place(search=search, k=6, opened=asked), recommender)
    hidden = {each["name"] for each in form.attributes("input") if each["type"] == "hidden"}
    assert hidden == {"article", "words", "ignore", f"correct.{COLOUR}"}


def test_sending_the_form_closes_the_details(recommender, asked):
    place = Place(search=SearchRequest(article=asked), opened=asked)
    sent = read(form_at(place, recommender).sent(), recommender).place
    assert sent == place.opening("")


def test_choices_tell_how_many_there_would_be_and_which_are_chosen():
    facets = [Facet(COLOUR, (Choice("Black", 1234), Choice("Red", 5)))]
    form = Form(
        Place(search=SearchRequest(words="hat", filters=Filters({COLOUR: ["Red"]}))), facets
    )
    boxes = {box["value"]: "checked" in box for box in form.named(COLOUR)}
    assert boxes == {"Black": False, "Red": True}
    texts = [text for _, text in form.text]
    assert texts.index("1,234") > texts.index("Black")
    assert texts.index("5") > texts.index("1,234")


def test_every_facet_of_an_answer_can_be_chosen_from(recommender, asked):
    form = form_at(Place(search=SearchRequest(article=asked)), recommender)
    facets = recommender.search_with_facets(SearchRequest(article=asked)).facets
    for facet in facets:
        offered = [box["value"] for box in form.named(facet.column)]
        assert offered == [choice.value for choice in facet.choices]
    assert len(facets) == len(FACETS)


def test_filters_are_cleared_at_once_and_the_rest_stays(recommender, asked):
    search = SearchRequest(article=asked, words="red", weights={"text": 1.0})
    narrowed = Place(search=search, k=6, opened=asked).searching(
        filters=Filters({KIND: ["Dress"]}, True, 0.01, 0.1), one_a_product=True
    )
    assert write(Place(search=search, k=6)) in Form(narrowed).links()
    assert len(Form(narrowed).links()) == len(Form(Place(search=search, k=6)).links()) + 1


@pytest.mark.parametrize(
    ("asked", "offered"),
    [
        ({"article": "1", "words": "red"}, True),
        ({"photo": HOSTILE, "words": "red"}, True),
        ({"words": "red"}, False),
        ({"article": "1"}, False),
    ],
)
def test_words_are_weighed_only_beside_something_else(asked, offered):
    sliders = Form(Place(search=SearchRequest(**asked, weight=0.3))).named("words_weight")
    assert [slider["value"] for slider in sliders] == ["0.3"] * offered


def test_prices_are_asked_for_where_something_was_sold():
    boxes = Form(Place()).named("cheapest") + Form(Place()).named("dearest")
    assert [box["placeholder"] for box in boxes] == ["0.0072", "0.17"]
    assert [box["value"] for box in boxes] == ["", ""]
    assert not Form(Place(), prices=(math.nan, math.nan)).named("cheapest")


def test_any_number_of_matches_in_an_address_stands_among_those_offered():
    form = Form(Place(k=7))
    offered = [int(text) for where, text in form.text if where == "option"]
    assert form.chosen == [("k", "7")]
    assert offered == sorted(offered)
    assert {7, MOST_MATCHES} <= set(offered)


def sliders(form):
    named = [each for each in form.attributes("input") if each["name"].startswith(WEIGHT)]
    return {each["name"].removeprefix(WEIGHT): float(each["value"]) for each in named}


def test_sliders_show_the_weights_as_parts_of_the_heaviest():
    about_article = Place(search=SearchRequest(article="1"))
    assert sliders(Form(about_article)) == {"text": 2.5, "image": HEAVY, "co_purchase": 5.0}
    assert set(sliders(Form(about_article, weights={"text": 0.0})).values()) == {0.0}
    assert sliders(Form(about_article, weights={})) == {}


def test_counts_are_weighed_only_for_articles():
    weights = dict.fromkeys([TEXT.name, *COUNTS], 1.0)
    assert set(sliders(Form(Place(search=SearchRequest(words="hat")), weights=weights))) == {
        TEXT.name
    }


def test_presets_are_links_and_the_one_in_use_is_marked(recommender, asked):
    place = Place(search=SearchRequest(article=asked, weights=PRESETS["Words"]), opened=asked)
    links = form_at(place, recommender).attributes("a")
    places = [read(link["href"], recommender) for link in links]
    assert [each.place.search.weights for each in places] == list(PRESETS.values())
    assert all(not each.complaints and not each.place.opened for each in places)
    marked = [at for at, link in enumerate(links) if "aria-current" in link]
    assert marked == [list(PRESETS).index("Words")]


def test_hostile_texts_stay_values():
    facets = [Facet(COLOUR, (Choice(HOSTILE, 1),))]
    search = SearchRequest(article=HOSTILE, words=HOSTILE, filters=Filters({COLOUR: [HOSTILE]}))
    form, tame = (
        Form(Place(search=search), facets),
        Form(
            Place(
                search=SearchRequest(article="1", words="hat", filters=Filters({COLOUR: ["Red"]}))
            ),
            [Facet(COLOUR, (Choice("Red", 1),))],
        ),
    )
    assert [tag for tag, _ in form.tags] == [tag for tag, _ in tame.tags]
    assert form.named(COLOUR)[0]["value"] == HOSTILE
    assert form.named("words")[0]["value"] == form.named("article")[0]["value"] == HOSTILE

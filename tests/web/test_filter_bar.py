"""The bar leads to the state that it shows, and says how to go on where nothing is left."""

from urllib.parse import urlencode

import pytest
from page_outline import Outline, macro

from recsys.catalog.schema import COLOUR, DEPARTMENT, PATTERN, PRODUCT_TYPE
from recsys.models.registry import COUNTS, IMAGE, TEXT
from recsys.release.reader import open_release
from recsys.retrieval.facets import FACETS, Filters
from recsys.serving.recommender import Recommender
from recsys.serving.request import MOST_MATCHES, SearchRequest
from recsys.web.filter_bar import filter_bar, price_range_text, remedies
from recsys.web.ranking_panel import PRESETS, SLIDER_MAX, ranking_panel
from recsys.web.url import WEIGHT_PREFIX, PageState, to_url
from recsys.web.url_parser import from_url

NAMED = "black trousers"
"""An example phrase, which needs no encoder, that names a colour and a product type."""


class Bar(Outline):
    """The bar as a browser reads it."""

    def __init__(self, state, recommender):
        self.chosen, self.named_columns = [], []
        self.found = recommender.search_with_facets(state.search)
        self.bar = filter_bar(state, self.found, recommender)
        super().__init__(macro("filter_bar.html", "filter_bar", self.bar, None))

    def handle_starttag(self, tag, attrs):
        super().handle_starttag(tag, attrs)
        if "data-named" in dict(attrs):
            self.named_columns.append(dict(attrs)["data-named"])

    def handle_data(self, data):
        super().handle_data(data)
        if self.tags[-1:] == [("option", {"selected": None})] and data.strip():
            self.chosen.append(("k", data))

    def inputs(self, name):
        return [each for each in self.attributes("input") if each["name"] == name]

    def ticked(self, column):
        return {box["value"] for box in self.inputs(column) if "checked" in box}

    def sent(self):
        """The address that a browser sends if nothing was changed."""
        sent = [
            (each["name"], each["value"])
            for each in self.attributes("input")
            if each["value"]
            if each["type"] != "checkbox" or "checked" in each
            if not each["name"].startswith(WEIGHT_PREFIX)
            if each["name"] not in self.named_columns
        ]
        return f"?{urlencode(sent + self.chosen)}"

    def links(self, action):
        return [each["href"] for each in self.attributes("a") if each.get("data-does") == action]


@pytest.fixture
def article_id(recommender):
    return recommender.example_articles(1)[0].article_id


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"words": "in red", "weight": 0.7, "ignored": frozenset([COLOUR])},
        {"words": NAMED},
        {"filters": Filters({COLOUR: ["Black", "Red"], PRODUCT_TYPE: ["Dress"]}, with_photo=True)},
        {"filters": Filters(cheapest=5.5, dearest=30), "one_a_product": True},
        {"corrected": {COLOUR: "Dark Blue"}},
    ],
)
@pytest.mark.parametrize("view", [{"k": 12}, {"k": 7, "shown": "text"}, {"compared": True}])
def test_a_form_sent_as_it_is_leads_to_the_same_place(recommender, article_id, changes, view):
    state = PageState(search=SearchRequest(article=article_id, **changes), **view)
    parsed = from_url(Bar(state, recommender).sent(), recommender)
    assert parsed.state == state
    assert parsed.errors == ()


def test_no_hidden_field_repeats_a_field_that_visitors_can_change(recommender, article_id):
    filters = Filters({COLOUR: ["Black"], PRODUCT_TYPE: ["Dress"]}, True, 1, 100)
    ignored, corrected = frozenset([PRODUCT_TYPE]), {COLOUR: "Red"}
    search = SearchRequest(article_id, None, "in red", 0.3, corrected, ignored, filters, True)
    state = PageState(search=search, k=6, shown="text", upto=96, opened=article_id)
    bar = Bar(state, recommender)
    hidden = {each["name"] for each in bar.attributes("input") if each["type"] == "hidden"}
    assert hidden == {"article", "words", "ignore", f"correct.{COLOUR}", "show"}
    sent = from_url(bar.sent(), recommender).state
    assert (sent.opened, sent.upto) == ("", 48)


def test_choices_tell_how_many_there_would_be_and_the_chosen_ones_come_first(recommender):
    search = SearchRequest(words="in red", ignored=frozenset([COLOUR]))
    state = PageState(search=search).with_search(filters=Filters({COLOUR: ["Red"]}))
    bar = Bar(state, recommender)
    assert bar.ticked(COLOUR) == {"Red"}
    assert bar.inputs(COLOUR)[0]["value"] == "Red"
    table = recommender.release.articles
    assert bar.bar.menus[2].choices[0].count == (table[COLOUR] == "Red").sum()
    assert bar.bar.menus[2].choices[1].count == table[COLOUR].value_counts().drop("Red").max()


def test_what_words_name_is_ticked_and_shown_like_other_filters_and_other_values_can_be_added(
    recommender,
):
    state = PageState(search=SearchRequest(words=NAMED, filters=Filters({DEPARTMENT: ["Divided"]})))
    bar = Bar(state, recommender)
    assert bar.ticked(COLOUR) == {"Black"}
    assert set(bar.named_columns) == {COLOUR, PRODUCT_TYPE}
    assert len(bar.inputs(COLOUR)) > 3
    assert bar.texts("bdi") == ["black", "trousers", "Divided"]
    ignored = frozenset([COLOUR])
    assert bar.links("ignore")[0] == to_url(state.with_search(ignored=ignored))
    assert bar.links("unfilter") == [to_url(PageState(search=SearchRequest(words=NAMED)))]
    chosen = state.with_search(ignored=ignored, filters=Filters({COLOUR: ["Black"]}))
    assert COLOUR not in Bar(chosen, recommender).named_columns


def test_all_is_cleared_at_once_and_the_query_stays(recommender, article_id):
    search = SearchRequest(article=article_id, words="in red", weight=0.2, weights={"text": 1.0})
    plain = PageState(search=SearchRequest(article=article_id))
    assert Bar(plain, recommender).links("clear") == []
    assert Bar(plain.with_opened(article_id), recommender).links("clear") == []
    for changed in (
        {"k": 6},
        {"search": SearchRequest(article=article_id, weights={"text": 1.0})},
        {"search": SearchRequest(article=article_id, one_a_product=True)},
        {"search": SearchRequest(article=article_id, filters=Filters({}, True, 1, 100))},
    ):
        bar = Bar(PageState(**{"search": plain.search, **changed}), recommender)
        assert bar.links("clear") == [to_url(plain)]
    (cleared,) = Bar(PageState(search=search, k=24), recommender).links("clear")
    assert cleared == f"?article={article_id}&words=in+red&ignore={COLOUR}"
    assert Bar(from_url(cleared, recommender).state, recommender).texts("bdi") == []


def test_where_nothing_is_left_each_filter_can_be_removed_for_so_many_articles(recommender):
    filters = Filters({PRODUCT_TYPE: ["Dress"], DEPARTMENT: ["Menswear"]})
    state = PageState(search=SearchRequest(words="in red", filters=filters))
    found = recommender.search_with_facets(state.search)
    table = recommender.release.articles
    red = table[COLOUR].isin(found.answer.named[0].values)
    dress, men = table[PRODUCT_TYPE] == "Dress", table[DEPARTMENT] == "Menswear"
    left = {"red": dress & men, "Menswear": red & dress, "Dress": red & men}
    assert found.possible == 0
    shown = {each.chip.text: each.articles for each in remedies(state, found, recommender)}
    assert shown == {
        f"Remove {name}: {rows.sum()} article{'s' if rows.sum() != 1 else ''}": rows.sum()
        for name, rows in left.items()
    }


def test_what_makes_no_difference_in_a_catalogue_is_not_offered(small_copy, recommender):
    from building import reseal

    bar = Bar(PageState(search=SearchRequest(words="in red")), recommender)
    assert [each["name"] for each in bar.attributes("input") if each["type"] == "number"] == [
        "cheapest",
        "dearest",
    ]
    assert [each.column for each in bar.bar.menus] == list(FACETS)
    reseal(small_copy, currency="")
    release = open_release(small_copy)
    for column in (DEPARTMENT, PATTERN):
        release.articles[column] = "same"
    release.with_photo[:] = True
    release.articles["product_code"] = release.articles["article_id"]
    few = Recommender(release)
    bar = Bar(PageState(search=SearchRequest(article=few.example_articles(1)[0].article_id)), few)
    assert [each.column for each in bar.bar.menus] == [PRODUCT_TYPE, COLOUR]
    assert (bar.bar.prices, bar.bar.switches) == ([], [])


@pytest.mark.parametrize(
    ("cheapest", "dearest", "currency", "text"),
    [
        (5, 19.99, "EUR", "EUR 5 to 19.99"),
        (5, None, "EUR", "EUR 5 or more"),
        (None, 20, "EUR", "up to EUR 20"),
        (0.01, 0.05, "", "price 0.01 to 0.05"),
    ],
)
def test_a_range_of_prices_is_one_chip(cheapest, dearest, currency, text):
    assert price_range_text(cheapest, dearest, currency) == text


# Ranking


def ranking(weights, **changes):
    return ranking_panel(PageState(**changes), weights)


def test_sliders_show_the_weights_as_parts_of_the_heaviest_and_their_shares():
    panel = ranking({"text": 0.5, "image": 2.0, "co_purchase": 1.0})
    shown = {
        each.name.removeprefix(WEIGHT_PREFIX): (each.value, each.share) for each in panel.sliders
    }
    assert shown == {
        "text": ("2.5", 14),
        "image": (f"{SLIDER_MAX:.1f}", 57),
        "co_purchase": ("5.0", 29),
    }
    assert ranking({}).sliders == []


def test_only_what_can_score_for_the_query_is_weighed_and_offered(recommender, article_id):
    presets = {
        kind: [each.text for each in Bar(PageState(search=search), recommender).bar.ranking.presets]
        for kind, search in {
            "article": SearchRequest(article=article_id),
            "words": SearchRequest(words="in red"),
            "without photo": SearchRequest(article=without_photo(recommender)),
        }.items()
    }
    assert presets["article"] == list(PRESETS)
    assert "Shoppers also bought" not in presets["words"]
    assert presets["without photo"] == ["Balanced", "Words", "Shoppers also bought"]
    sliders = Bar(PageState(search=SearchRequest(words="in red")), recommender).bar.ranking.sliders
    parts = {each.name.removeprefix(WEIGHT_PREFIX) for each in sliders}
    assert TEXT.name in parts
    assert parts.isdisjoint(COUNTS)


def without_photo(recommender):
    release = recommender.release
    return release.articles["article_id"][int((~release.with_photo).argmax())]


def test_presets_are_links_and_the_one_in_use_is_marked(recommender, article_id):
    search = SearchRequest(article=article_id, weights=PRESETS["Words"])
    presets = Bar(PageState(search=search, opened=article_id), recommender).bar.ranking.presets
    states = [from_url(each.address, recommender) for each in presets]
    assert [each.state.search.weights for each in states] == list(PRESETS.values())
    assert all(not each.errors and not each.state.opened for each in states)
    assert [each.text for each in presets if each.current] == ["Words"]
    assert IMAGE.name in PRESETS["Looks"]


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
    panel = ranking({}, search=SearchRequest(**query, weight=0.3))
    assert panel.words_weight == (0.3 if offered else None)


def test_any_number_of_matches_in_an_address_stands_among_those_offered():
    panel = ranking({}, k=7)
    assert panel.offered == sorted(panel.offered)
    assert {7, MOST_MATCHES} <= set(panel.offered)

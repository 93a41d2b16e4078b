"""What surrounds an answer, and the examples to start from."""

from dataclasses import replace
from urllib.parse import urlencode

import pytest
from page_outline import Outline

from recsys.catalog.schema import COLOUR
from recsys.retrieval.facets import Filters
from recsys.serving.edition import Edition
from recsys.serving.examples import EXAMPLE_SHOPPERS
from recsys.serving.recommender import Recommender
from recsys.serving.request import SearchRequest
from recsys.web.cards import ChipView
from recsys.web.layout import (
    MENU,
    NO_MESSAGE,
    TITLE,
    Message,
    footer_html,
    notice_html,
    top_html,
)
from recsys.web.pages import page_content, skeleton_html
from recsys.web.start_page import welcome_html
from recsys.web.url import CATALOG, SHOPPER, PageState, to_url
from recsys.web.url_parser import from_url


@pytest.fixture
def top(recommender: Recommender):
    def outline(state: PageState, article=None, message: Message = NO_MESSAGE, said="") -> Outline:
        return Outline(top_html(state, 1, article, recommender, message, said))

    return outline


def test_a_message_is_announced_with_suggestions_and_what_was_typed_stays(top) -> None:
    typed = {"words": "0310352009", "basket": "1 2", "shopper": "nobody"}
    chips = [ChipView("0310352003 Tie dress", "?article=0310352003")]
    message = Message("There is no article 0310352009.", typed, chips)
    outline = top(PageState(), message=message)
    assert "".join(outline.texts("message")).strip() == message.text
    assert {"class": "message", "role": "alert"} in outline.attributes("div")
    assert {"class": "chip", "href": "?article=0310352003"} in outline.attributes("a")
    assert values(outline)["words"] == "0310352009"
    boxes = values(top(PageState(SHOPPER), message=message))
    assert boxes == {"see": SHOPPER, "basket": "1 2", "shopper": "nobody"}
    assert top(PageState()).texts("message") == []


def test_what_was_found_is_announced(top) -> None:
    found = top(PageState(), said="hat: 12 articles each")
    assert found.texts("unseen") == ["hat: 12 articles each"]
    assert {"class": "unseen", "role": "status"} in found.attributes("p")


def test_the_photo_is_the_first_thing_that_the_start_offers(top) -> None:
    start = top(PageState())
    picks = [at for at, (_, each) in enumerate(start.tags) if "data-pick" in each]
    box = next(at for at, (_, each) in enumerate(start.tags) if each.get("id") == "words")
    assert len(picks) == 1
    assert picks[0] < box
    assert "Add a photo" in start.all_text
    answered = top(PageState(search=SearchRequest(words="hat")))
    assert "Add a photo" not in answered.all_text
    assert sum("data-pick" in each for _, each in answered.tags) == 1


def values(outline: Outline) -> dict[str | None, str | None]:
    return {each["name"]: each["value"] for each in outline.attributes("input")}


def test_a_notice_is_announced() -> None:
    outline = Outline(notice_html("An earlier one."))
    assert outline.tags == [("div", {"class": "notice", "role": "status"})]
    assert outline.texts("notice") == ["An earlier one."]
    assert notice_html("").strip() == ""


def test_the_footer_says_what_is_searched_and_where_it_is_from(recommender: Recommender) -> None:
    footer = Outline(footer_html(Edition(recommender, "me/<index> v1 (0123456)"))).all_text
    assert "1,296 articles, 1,284 with a photo" in footer
    assert "me/<index> v1 (0123456)" in footer
    assert f"version {recommender.release_version}" in footer
    local = Outline(footer_html(Edition(recommender, "folder release"))).all_text
    assert f"Local catalogue, version {recommender.release_version}" in local


def test_the_menu_marks_the_page(top) -> None:
    links = [each for each in top(PageState(CATALOG)).attributes("a") if "aria-label" in each]
    assert [link["aria-label"] for link in links] == list(MENU.values())
    current = [link["aria-label"] for link in links if "aria-current" in link]
    assert current == [MENU[CATALOG]]


def test_only_the_page_for_searches_has_a_search_box(top) -> None:
    assert {"class": "search", "role": "search"} in top(PageState()).attributes("form")
    assert {"class": "search", "role": "search"} not in top(PageState(SHOPPER)).attributes("form")
    assert not top(PageState(CATALOG)).attributes("form")


def test_new_words_keep_article_filters_weights_and_how_many(top, recommender) -> None:
    article = recommender.example_articles(1)[0]
    kept = {COLOUR: "Red", "with_photo": "1", "one_a_product": "1", "weight.image": "2", "k": "6"}
    address = urlencode({"article": article.article_id, "words": "in red", **kept})
    state = from_url(f"?{address}", recommender).state
    outline = top(state, article)
    assert outline.texts("name") == [article.name]
    assert values(outline) == {"article": article.article_id, "words": "in red", **kept}
    without = replace(state, search=replace(state.search, article=None))
    assert to_url(without) in [link["href"] for link in outline.attributes("a")]
    assert values(top(without)) == {"words": "in red", **kept}


def test_what_the_next_search_keeps_is_said_where_nothing_shows_it(top) -> None:
    search = SearchRequest(filters=Filters({COLOUR: ["Red"]}), weights={"image": 2.0})
    start = top(PageState(search=search, k=6))
    assert "Your next search keeps Red, your weights, 6 results Clear all" in start.all_text
    assert "keeps" not in top(PageState()).all_text


def test_a_title_names_what_is_shown(top, recommender: Recommender) -> None:
    article = recommender.example_articles(1)[0]

    def title(state: PageState, found=None) -> str | None:
        return top(state, found).tags[0][1]["data-title"]

    assert title(PageState()) == TITLE
    search = SearchRequest(article=article.article_id, words="in red")
    assert title(PageState(search=search), article) == f"{article.name} in red · {TITLE}"
    assert title(PageState(CATALOG)) == f"{MENU[CATALOG]} · {TITLE}"
    assert title(PageState(SHOPPER, shopper="shopper-0001")) == f"shopper-0001 · {TITLE}"


def test_the_skeleton_has_the_shape_of_an_answer() -> None:
    outline = Outline(skeleton_html())
    assert len(outline.attributes("section")) == 5
    assert len(outline.attributes("li")) == 5 * 12


def test_the_welcome_offers_every_kind_of_search_in_pictures(recommender: Recommender) -> None:
    outline = Outline(welcome_html(recommender))
    links = [str(link["href"]) for link in outline.attributes("a")]
    for start in ("?article=", "?photo=", "?words=", "?see=shopper&shopper="):
        assert any(link.startswith(start) for link in links)
    assert any("photo=" in link and "words=" in link for link in links)
    assert outline.texts("score") == []
    assert "shopper-0001" not in outline.all_text
    labels = [str(link["aria-label"]) for link in outline.attributes("a") if "aria-label" in link]
    bought = recommender.for_shopper("shopper-0001").history
    names = [each.name for each in bought if each.has_photo][:3]
    assert labels[0] == f"Picks for a shopper who bought {names[0]}, {names[1]} and {names[2]}"
    photos = [each["src"] for each in outline.attributes("img")]
    assert len(photos) == 4 + 4 + 3 * 3 + 8


def test_shoppers_and_baskets_are_chosen_by_pictures(recommender: Recommender) -> None:
    outline = Outline(page_content(PageState(SHOPPER), recommender).html)
    states = [from_url(str(link["href"]), recommender) for link in outline.attributes("a")]
    assert [each.state.shopper for each in states if each.state.shopper] == (
        recommender.shoppers()[:EXAMPLE_SHOPPERS]
    )
    assert any(each.state.basket for each in states)
    assert not any(each.errors for each in states)
    assert all(link["aria-label"] for link in outline.attributes("a"))
    assert outline.attributes("img")


def test_an_answer_says_how_much_was_found(recommender: Recommender) -> None:
    def said(**fields: object) -> str:
        state = from_url(f"?{urlencode(fields)}", recommender).state
        return page_content(state, recommender).announcement

    article = recommender.example_articles(1)[0]
    assert said(article=article.article_id) == (
        f"{article.name}: 12 articles each, from 5 of 5 models."
    )
    assert said(article=article.article_id, cheapest=10**6) == f"{article.name}: nothing found."
    assert said(words="white dress").startswith("white dress: ")
    assert said(see=SHOPPER, shopper="shopper-0001").startswith("shopper-0001: 12 articles each")
    assert said(see=CATALOG) == ""


def test_nothing_that_the_welcome_offers_needs_an_encoder(recommender: Recommender) -> None:
    links = [str(link["href"]) for link in Outline(welcome_html(recommender)).attributes("a")]
    states = [from_url(link, recommender).state for link in links]
    unloaded = Recommender(recommender.release)
    searches = [state.search for state in states if state.has_query and not state.shopper]
    assert len(searches) > 15
    for search in searches:
        assert unloaded.ready(search)
        assert unloaded.search(search).galleries[0].matches
    assert not unloaded.encoders.photos.ready
    assert not unloaded.encoders.words.ready

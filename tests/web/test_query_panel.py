"""What was searched with is shown as it was, and a wrong reading of a photo can be corrected."""

from dataclasses import replace

from page_outline import Outline, article, macro

from recsys.catalog.schema import PRODUCT_TYPE
from recsys.models.registry import COMBINED
from recsys.serving.request import SearchRequest
from recsys.serving.results import Answer, Gallery, PhotoAttribute, PossibleValue
from recsys.web.query_panel import query_panel
from recsys.web.url import PageState


def panel(answer, state, article=None):
    view = query_panel(answer, state, article)
    return Outline(macro("query_panel.html", "query_panel", view))


def answer(query=None, **changes):
    return Answer("abc", query, (Gallery(COMBINED, ()),), **changes)


def test_an_article_is_shown_with_its_attributes_and_the_words_beside_it():
    found = replace(article(1), price=19.99, currency="EUR")
    search = SearchRequest(article=found.article_id, words="in red")
    outline = panel(answer(found, words="in red"), PageState(search=search))
    assert outline.texts("h2") == [found.name]
    assert outline.texts("dd") == list(found.attributes.values())
    assert outline.texts("price") == ["EUR 19.99"]
    assert outline.attributes("img")[0]["alt"].startswith(found.name)
    (forget,) = outline.attributes("a")
    assert (forget["data-does"], forget["href"]) == ("forget", f"?article={found.article_id}")


def test_an_article_without_a_description_says_so():
    outline = panel(answer(replace(article(1), description="")), PageState())
    assert outline.texts("em") == ["No description."]


def test_what_a_photo_shows_can_be_corrected():
    guesses = (PossibleValue("Dress", 0.8), PossibleValue("Skirt", 0.15))
    state = PageState(search=SearchRequest(photo="a vector"), own_photo="own-0123abcd")
    reading = (PhotoAttribute(PRODUCT_TYPE, guesses),)
    outline = panel(answer(reading=reading), state)
    assert outline.attributes("img") == [{"data-own": "own-0123abcd", "alt": "Your photo"}]
    assert "We see: Dress 80%" in outline.all_text
    chips = outline.attributes("a")
    assert [chip["href"] for chip in chips] == [
        f"?photo=own-0123abcd&correct.{PRODUCT_TYPE}=Dress",
        f"?photo=own-0123abcd&correct.{PRODUCT_TYPE}=Skirt",
    ]
    assert ["aria-current" in chip for chip in chips] == [True, False]
    assert "Your photo is not stored." in outline.all_text


def test_the_photo_of_an_article_is_not_the_visitor_s_own():
    state = PageState(search=SearchRequest(photo="a vector"), photo_of="0000000001")
    outline = panel(answer(), state, article=article(1))
    assert outline.attributes("img")[0]["src"] == "photos/0000000001.webp?release=abc&width=240"
    assert "not stored" not in outline.all_text
    assert "We see" not in outline.all_text


def test_words_alone_have_no_photo():
    outline = panel(answer(words="a & b"), PageState(search=SearchRequest(words="a & b")))
    assert outline.texts("h2") == ["“a & b”"]
    assert outline.tags[0][1]["class"] == "query words-only"
    assert not outline.attributes("img")

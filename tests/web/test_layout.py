"""What surrounds an answer, and the examples to start from."""

from page_outline import Outline

from recsys.serving.edition import Edition
from recsys.serving.recommender import Recommender
from recsys.serving.request import SearchRequest
from recsys.web.layout import MENU, TITLE, footer_html, notice_html, top_html
from recsys.web.pages import skeleton_html, welcome_html
from recsys.web.url import CATALOG, SHOPPER, PageState
from recsys.web.url_parser import from_url


def top(state: PageState, article=None, message: str = "") -> Outline:
    return Outline(top_html(state, 1, article, "abc", message))


def test_a_message_is_announced() -> None:
    outline = top(PageState(), message="'1' is not an article id")
    assert outline.texts("message") == ["'1' is not an article id"]
    assert {"class": "message", "role": "alert"} in outline.attributes("div")
    assert top(PageState()).texts("message") == []


def test_a_notice_is_announced() -> None:
    outline = Outline(notice_html("An earlier one."))
    assert outline.tags == [("div", {"class": "notice", "role": "status"})]
    assert outline.texts("notice") == ["An earlier one."]
    assert notice_html("").strip() == ""


def test_the_footer_says_what_is_searched_and_where_it_is_from(recommender: Recommender) -> None:
    footer = Outline(footer_html(Edition(recommender, "me/<index> v1 (0123456)"))).all_text
    assert "1,296 articles, 1,284 with a photo" in footer
    assert "me/<index> v1 (0123456)" in footer
    assert f"release {recommender.release_version}" in footer


def test_the_menu_marks_the_page() -> None:
    links = [each for each in top(PageState(CATALOG)).attributes("a") if "aria-label" in each]
    assert [link["aria-label"] for link in links] == list(MENU.values())
    current = [link["aria-label"] for link in links if "aria-current" in link]
    assert current == [MENU[CATALOG]]


def test_only_the_page_for_searches_has_a_search_box() -> None:
    assert top(PageState()).attributes("form")
    assert not top(PageState(SHOPPER)).attributes("form")


def test_an_article_stays_in_the_search_box_until_it_is_removed(recommender: Recommender) -> None:
    article = recommender.example_articles(1)[0]
    search = SearchRequest(article=article.article_id, words="in red")
    outline = top(PageState(search=search, k=6), article)
    assert outline.texts("name") == [article.name]
    fields = {each["name"]: each["value"] for each in outline.attributes("input")}
    assert fields == {"article": article.article_id, "k": "6", "words": "in red"}
    assert "?words=in+red&k=6" in [link["href"] for link in outline.attributes("a")]


def test_a_title_names_what_is_shown(recommender: Recommender) -> None:
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


def test_the_welcome_offers_every_kind_of_search_and_no_scores(recommender: Recommender) -> None:
    outline = Outline(welcome_html(recommender))
    links = [str(link["href"]) for link in outline.attributes("a")]
    for start in ("?article=", "?photo=", "?words=", "?see=shopper&shopper="):
        assert any(link.startswith(start) for link in links)
    assert any("photo=" in link and "words=" in link for link in links)
    assert outline.texts("score") == []


def test_nothing_that_the_welcome_offers_needs_an_encoder(recommender: Recommender) -> None:
    links = [str(link["href"]) for link in Outline(welcome_html(recommender)).attributes("a")]
    states = [from_url(link, recommender).state for link in links]
    unloaded = Recommender(recommender.release)
    searches = [state.search for state in states if state.has_query and not state.shopper]
    assert len(searches) > 20
    for search in searches:
        assert unloaded.ready(search)
        assert unloaded.search(search).galleries[0].matches
    assert not unloaded.encoders.photos.ready
    assert not unloaded.encoders.words.ready

"""Galleries show their articles as they are: in rows, in columns, or one of them alone."""

from dataclasses import replace

from page_outline import Outline, article, macro, match

from recsys.models.registry import ALL, COMBINED, IMAGE, TEXT
from recsys.retrieval.retriever import CANDIDATES
from recsys.serving.recommender import Recommender
from recsys.serving.request import SearchRequest
from recsys.serving.results import Article, Gallery
from recsys.web.gallery_views import gallery_view
from recsys.web.pages import page_content
from recsys.web.url import PageState, to_url
from recsys.web.url_parser import from_url


def drawn(gallery: Gallery, version: str = "abc", models: dict[str, int] | None = None) -> Outline:
    """A gallery in which a click on an article leads to ``!`` and its id."""
    view = gallery_view(gallery, version, "!{}".format, models or {})
    return Outline(macro("galleries.html", "gallery", view))


def of_articles(*found: Article) -> Gallery:
    return Gallery(COMBINED, tuple(match(rank, each) for rank, each in enumerate(found, start=1)))


def test_every_caption_belongs_to_its_photo(recommender: Recommender) -> None:
    table = recommender.release.articles
    names = dict(table[["article_id", "prod_name"]].to_numpy())
    version = recommender.release_version
    for row in (0, 99, 500):
        for gallery in recommender.similar_to_article(table["article_id"][row]).galleries:
            outline, found = drawn(gallery, version), [each.article for each in gallery.matches]
            links = outline.attributes("a")
            ids = [each.article_id for each in found]
            assert [link["data-article"] for link in links] == ids
            assert [link["href"] for link in links] == [f"!{id_}" for id_ in ids]
            assert outline.texts("name") == [names[id_] for id_ in ids]
            assert [image["src"] for image in outline.attributes("img")] == [
                f"photos/{each.article_id}.webp?release={version}&width=240"
                for each in found
                if each.has_photo
            ]
            assert outline.texts("rank") == [str(each.rank) for each in gallery.matches]
            assert outline.texts("score") == [f"{each.score:.3f}" for each in gallery.matches]


def test_a_missing_photo_is_a_placeholder_and_no_broken_image() -> None:
    outline = drawn(of_articles(article(2, has_photo=False), article(3)))
    sources = [image["src"] for image in outline.attributes("img")]
    assert sources == ["photos/0000000003.webp?release=abc&width=240"]
    assert [text for _, text in outline.text].count("No photo") == 1
    assert outline.texts("name") == ["Name 2", "Name 3"]


def test_a_gallery_without_matches_shows_its_note() -> None:
    outline = drawn(Gallery(IMAGE, (), "No photo & no looks."))
    assert outline.texts("note") == ["No photo & no looks."]
    assert outline.texts("estimate") == []


def test_a_gallery_with_estimated_matches_says_so() -> None:
    outline = drawn(replace(of_articles(article(1)), note="Estimated."))
    assert outline.texts("estimate") == ["Estimated."]
    assert outline.texts("note") == []


def test_every_gallery_says_whose_it_is(recommender: Recommender) -> None:
    answer = recommender.similar_to_article(recommender.example_articles(1)[0].article_id)
    sections = [drawn(each).attributes("section")[0] for each in answer.galleries]
    assert [section["data-model"] for section in sections] == [model.name for model in ALL]
    assert [section["aria-label"] for section in sections] == [model.title for model in ALL]


def test_a_tooltip_lists_what_each_model_adds_the_largest_first() -> None:
    title = drawn(of_articles(article(2))).attributes("a")[0]["title"]
    assert title == f"{IMAGE.title} 0.300 + {TEXT.title} 0.200"


def test_a_card_says_how_many_models_found_it_if_several_did() -> None:
    outline = drawn(of_articles(article(2), article(3)), models={"0000000002": 3, "0000000003": 1})
    assert outline.texts("agreed") == ["3 models agree"]


def test_a_price_is_shown_where_it_is_known() -> None:
    known = replace(article(2), price=16.5, currency="SEK")
    assert drawn(of_articles(known, article(3))).texts("price") == ["SEK 16.50"]


def test_prices_without_a_currency_are_not_shown() -> None:
    scaled = replace(article(2), price=0.0169)
    assert drawn(of_articles(scaled)).texts("price") == []


def test_a_card_is_read_once_and_its_texts_in_their_own_direction() -> None:
    outline = drawn(of_articles(article(2)))
    assert [image["alt"] for image in outline.attributes("img")] == [""]
    texts = [each for each in outline.attributes("span") if each.get("class") in ("name", "kind")]
    assert [each["dir"] for each in texts] == ["auto", "auto"]


def shown(state: PageState, recommender: Recommender) -> Outline:
    return Outline(page_content(state, recommender).html)


def cards(outline: Outline) -> list[str]:
    return [str(link["data-article"]) for link in outline.attributes("a") if "data-article" in link]


def link(outline: Outline, does: str) -> str:
    (address,) = {
        str(each["href"]) for each in outline.attributes("a") if each.get("data-does") == does
    }
    return address


def test_one_gallery_is_shown_alone_and_goes_on_to_the_last_candidate(
    recommender: Recommender,
) -> None:
    search = SearchRequest(article=recommender.example_articles(1)[0].article_id)
    state = PageState(search=search, k=6)
    rows = shown(state, recommender)
    addresses = [each["href"] for each in rows.attributes("a") if each.get("data-does") == "show"]
    assert addresses == [to_url(state.with_view(model.name)) for model in ALL]
    address, seen = f"{to_url(state)}&show=text", []
    while address:
        parsed = from_url(address, recommender)
        assert (parsed.errors, to_url(parsed.state)) == ((), address)
        alone = shown(parsed.state, recommender)
        assert [each["data-model"] for each in alone.attributes("section")] == ["text"]
        seen.append(cards(alone))
        assert seen[-1][: len(seen[0])] == seen[0]
        assert link(alone, "show") == to_url(state)
        more = [each for each in alone.attributes("a") if each.get("data-does") == "more"]
        address = str(more[0]["href"]) if more else ""
    assert [len(each) for each in seen] == [48, 96, 144, 192, CANDIDATES]
    assert len(set(seen[-1])) == CANDIDATES
    agree = [each.texts("agreed") for each in (rows, shown(state.with_view("text"), recommender))]
    assert set(agree[1]) <= set(agree[0])


def test_an_address_asks_for_no_other_gallery_and_no_more_than_there_are(
    recommender: Recommender,
) -> None:
    first = recommender.example_articles(1)[0].article_id
    for wrong in ("show=taste", "show=text&upto=201", "show=text&upto=0"):
        assert from_url(f"?article={first}&{wrong}", recommender).errors, wrong
    shopper = from_url("?see=shopper&shopper=shopper-0001&show=image&upto=96", recommender)
    assert len(cards(shown(shopper.state, recommender))) == 96


def test_models_are_compared_in_columns_and_shown_in_rows_again(recommender: Recommender) -> None:
    state = PageState(search=SearchRequest(article=recommender.example_articles(1)[0].article_id))
    address = link(shown(state, recommender), "compare")
    compared = shown(from_url(address, recommender).state, recommender)
    assert address == f"{to_url(state)}&compare=1"
    assert link(compared, "compare") == to_url(state)
    assert len(cards(compared)) == len(ALL) * 12
    assert not compared.texts("score")

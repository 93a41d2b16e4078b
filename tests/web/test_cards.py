"""Cards and galleries show their articles as they are, and the comparison what galleries share."""

from dataclasses import replace

import pytest
from page_outline import Outline, article, macro, match

from recsys.models.registry import ALL, COMBINED, FEATURES, IMAGE, TEXT
from recsys.serving.recommender import Recommender
from recsys.serving.results import Article, Gallery
from recsys.web.cards import (
    ComparedGallery,
    comparison,
    found_by,
    gallery_view,
    overlap,
)


def drawn(gallery: Gallery, version: str = "abc", models: dict[str, int] | None = None) -> Outline:
    """A gallery in which a click on an article leads to ``!`` and its id."""
    view = gallery_view(gallery, version, "!{}".format, models or {})
    return Outline(macro("cards.html", "gallery", view))


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
    assert outline.texts("agreed") == ["3 models"]


def test_a_price_is_shown_where_it_is_known() -> None:
    known = replace(article(2), price=0.016932)
    assert drawn(of_articles(known, article(3))).texts("price") == ["Price 0.0169"]


# The comparison


def gallery(model, *numbers):
    found = tuple(match(rank, article(number)) for rank, number in enumerate(numbers, start=1))
    return Gallery(model, found)


@pytest.fixture
def galleries():
    """Text and image share articles 2 and 3, text and features 3, image and features 3 and 6."""
    return [
        gallery(COMBINED, 1, 2, 6, 8),
        gallery(TEXT, 1, 2, 3),
        gallery(IMAGE, 2, 3, 5, 6),
        gallery(FEATURES, 6, 3),
    ]


def table(rows):
    return Outline(macro("cards.html", "comparison", rows))


def counts_in(outline):
    return [int(text) for _, text in outline.text if text.strip().isdecimal()]


def test_two_models_share_what_both_found(galleries):
    shared = overlap(galleries)
    assert shared["text", "image"] == shared["image", "text"] == 2
    assert shared["text", "features"] == 1
    assert shared["image", "features"] == 2
    assert shared["combined", "text"] == 2
    assert shared["image", "image"] == 4
    assert len(shared) == 16


def test_the_combined_model_does_not_count_as_having_found_an_article(galleries):
    counts = found_by(galleries)
    assert {int(id_): times for id_, times in counts.items()} == {1: 1, 2: 2, 3: 3, 5: 1, 6: 2}
    assert counts["0000000008"] == 0


def test_the_table_has_every_two_models_and_no_model_beside_itself(galleries):
    outline = table(comparison(galleries))
    titles = [each.model.title for each in galleries]
    assert outline.texts("th") == titles + titles
    assert counts_in(outline) == [2, 2, 1, 2, 2, 1, 2, 2, 2, 1, 1, 2]


def test_a_cell_is_shaded_by_the_share_of_the_shorter_gallery():
    rows = comparison([gallery(TEXT, 1, 2, 3, 4), gallery(IMAGE, 4, 9)])
    assert rows == [
        ComparedGallery(TEXT.title, [None, (1, 0.5)]),
        ComparedGallery(IMAGE.title, [(1, 0.5), None]),
    ]
    styles = [cell["style"] for cell in table(rows).attributes("td") if "style" in cell]
    assert styles == ["--share:0.50"] * 2


def test_models_without_matches_are_not_compared():
    rows = comparison([gallery(TEXT, 1), gallery(IMAGE), gallery(FEATURES, 1)])
    assert [row.title for row in rows] == [TEXT.title, FEATURES.title]


@pytest.mark.parametrize("answers", [[], [gallery(TEXT, 1)], [gallery(TEXT, 1), gallery(IMAGE)]])
def test_one_gallery_is_compared_with_nothing(answers):
    assert comparison(answers) == []
    assert table([]).tags == []


def test_the_models_of_a_real_answer_are_compared(recommender):
    article_id = recommender.example_articles(1)[0].article_id
    galleries = recommender.similar_to_article(article_id).galleries
    shared = overlap(galleries)
    assert {one for one, _ in shared} == {model.name for model in ALL}
    counts = found_by(galleries)
    assert sum(counts.values()) == sum(len(each.matches) for each in galleries[1:])
    assert max(counts.values()) > 1
    assert all(shared[pair] <= 12 for pair in shared)

"""How far galleries agree, and one article marked in all columns."""

import pytest
from page_outline import Outline, article, macro, match

from recsys.models.registry import ALL, COMBINED, FEATURES, IMAGE, TEXT
from recsys.serving.results import Gallery
from recsys.web.comparison import ComparedGallery, agreement, compared_models, found_by, overlap
from recsys.web.gallery_views import GalleriesView


def view(rows):
    return GalleriesView(None, (), None, rows, 4, 12)


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
    return Outline(macro("galleries.html", "agreement", view(rows)))


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
    counts = found_by(galleries, 12)
    assert {int(id_): times for id_, times in counts.items()} == {1: 1, 2: 2, 3: 3, 5: 1, 6: 2}
    assert counts["0000000008"] == 0


def test_the_table_has_every_two_models_and_no_model_beside_itself(galleries):
    outline = table(agreement(galleries))
    titles = [each.model.title for each in galleries]
    assert outline.texts("th") == titles + titles
    assert counts_in(outline) == [2, 2, 1, 2, 2, 1, 2, 2, 2, 1, 1, 2]


def test_a_cell_is_shaded_by_the_share_of_the_shorter_gallery():
    rows = agreement([gallery(TEXT, 1, 2, 3, 4), gallery(IMAGE, 4, 9)])
    assert rows == [
        ComparedGallery(TEXT.title, [None, (1, 0.5)]),
        ComparedGallery(IMAGE.title, [(1, 0.5), None]),
    ]
    styles = [cell["style"] for cell in table(rows).attributes("td") if "style" in cell]
    assert styles == ["--share:0.50"] * 2


def test_models_without_matches_are_not_compared():
    rows = agreement([gallery(TEXT, 1), gallery(IMAGE), gallery(FEATURES, 1)])
    assert [row.title for row in rows] == [TEXT.title, FEATURES.title]


@pytest.mark.parametrize("answers", [[], [gallery(TEXT, 1)], [gallery(TEXT, 1), gallery(IMAGE)]])
def test_one_gallery_is_compared_with_nothing(answers):
    assert agreement(answers) == []
    assert table([]).tags == []


def test_the_models_of_a_real_answer_are_compared(recommender):
    article_id = recommender.example_articles(1)[0].article_id
    galleries = recommender.similar_to_article(article_id).galleries
    shared = overlap(galleries)
    assert {one for one, _ in shared} == {model.name for model in ALL}
    counts = found_by(galleries, 12)
    assert sum(counts.values()) == sum(len(each.matches) for each in galleries[1:])
    assert max(counts.values()) > 1
    assert all(shared[pair] <= 12 for pair in shared)


def test_an_article_has_the_same_letter_in_every_column_and_says_where_else_it_is(galleries):
    columns = compared_models(galleries, "abc", "!{}".format)
    assert [title for title, _ in columns.heads] == [each.model.title for each in galleries]
    marks, where = {}, {}
    for rank, row in enumerate(columns.rows, start=1):
        for gallery, cell in zip(galleries, row, strict=True):
            if cell is None:
                assert len(gallery.matches) < rank
                continue
            id_ = cell.card.article.article_id
            assert id_ == gallery.matches[rank - 1].article.article_id
            marks.setdefault(int(id_), set()).add(cell.mark)
            where[int(id_), cell.model] = cell.elsewhere
    assert marks == {1: {"A"}, 2: {"B"}, 6: {"C"}, 3: {"D"}, 5: {""}, 8: {""}}
    assert where[3, "text"] == f"{IMAGE.title} 2, {FEATURES.title} 2"
    html = Outline(macro("galleries.html", "columns", columns))
    assert html.attributes("a")[0]["data-article"] == "0000000001"
    assert html.texts("th")[len(galleries) :] == ["1", "2", "3", "4"]

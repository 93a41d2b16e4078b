import pytest
from test_cards import Outline, article, match

from recsys.models.registry import ALL, COMBINED, FEATURES, IMAGE, TEXT
from recsys.serving.results import Gallery
from recsys.web.comparison import agreement, comparison_html, overlap


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


def counts_in(html):
    return [int(text) for _, text in Outline(html).text if text.strip().isdecimal()]


def test_a_pair_of_models_shares_what_both_found(galleries):
    shared = overlap(galleries)
    assert shared["text", "image"] == shared["image", "text"] == 2
    assert shared["text", "features"] == 1
    assert shared["image", "features"] == 2
    assert shared["combined", "text"] == 2
    assert shared["image", "image"] == 4
    assert len(shared) == 16


def test_only_single_models_are_counted_as_having_found_an_article(galleries):
    found = agreement(galleries)
    counts = {int(id_): times for id_, times in found.items()}
    assert counts == {1: 1, 2: 2, 3: 3, 5: 1, 6: 2}
    assert found["0000000008"] == 0


def test_the_table_has_every_pair_of_models_and_no_model_beside_itself(galleries):
    html = comparison_html(galleries)
    names = [COMBINED.title, TEXT.title, IMAGE.title, FEATURES.title]
    assert Outline(html).texts("th") == names + names
    assert counts_in(html) == [2, 2, 1, 2, 2, 1, 2, 2, 2, 1, 1, 2]


def test_a_shade_tells_which_part_of_the_shorter_answer_is_shared():
    html = comparison_html([gallery(TEXT, 1, 2, 3, 4), gallery(IMAGE, 4, 9)])
    styles = [cell["style"] for cell in Outline(html).attributes("td") if "style" in cell]
    assert [float(style.split(":")[1]) for style in styles] == [0.5, 0.5]


def test_models_without_an_answer_are_left_out():
    html = comparison_html([gallery(TEXT, 1), gallery(IMAGE), gallery(FEATURES, 1)])
    assert Outline(html).texts("th") == [TEXT.title, FEATURES.title] * 2
    assert counts_in(html) == [1, 1]


@pytest.mark.parametrize("answers", [[], [gallery(TEXT, 1)], [gallery(TEXT, 1), gallery(IMAGE)]])
def test_there_is_nothing_to_compare_one_answer_with(answers):
    assert comparison_html(answers) == ""


def test_the_models_of_a_real_answer_are_compared(recommender):
    asked = recommender.example_articles(1)[0].article_id
    galleries = recommender.similar_to_article(asked).galleries
    shared = overlap(galleries)
    assert {one for one, _ in shared} == {model.name for model in ALL}
    found = agreement(galleries)
    assert sum(found.values()) == sum(len(each.matches) for each in galleries[1:])
    assert max(found.values()) > 1
    assert all(shared[pair] <= 12 for pair in shared)

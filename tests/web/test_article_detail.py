from dataclasses import replace

import pytest
from page_outline import Outline, article, match

from recsys.catalog.schema import COLOUR, DESCRIPTIVE_COLUMNS, PRODUCT_TYPE
from recsys.models.registry import COMBINED, IMAGE, TEXT
from recsys.retrieval.facets import Filters
from recsys.serving.request import SearchRequest
from recsys.serving.results import Explanation
from recsys.web.article_detail import detail_html
from recsys.web.cards import TITLES, column_label
from recsys.web.url import FIND, SHOPPER, PageState, to_url

QUERY, FOUND = article(1), article(2)
STATE = PageState(
    search=SearchRequest(
        article=QUERY.article_id,
        words="in red",
        filters=Filters({PRODUCT_TYPE: ["Dress"]}, dearest=20),
        one_a_product=True,
        weights={"text": 2},
    ),
    k=6,
    opened=FOUND.article_id,
)


def why(shoppers=0, **contributions):
    combined = replace(match(1, FOUND), score=0.5, contributions=contributions)
    own = replace(match(1, FOUND), score=0.987)
    return Explanation(FOUND, {COMBINED.name: combined, TEXT.name: own}, shoppers)


def drawn(found=FOUND, query=QUERY, why=None, state=STATE):
    return Outline(detail_html(state, found, "abc", query, why))


def test_details_tell_of_the_article():
    known = replace(FOUND, price=16.9, currency="EUR")
    text = drawn(known).all_text
    for part in (FOUND.name, FOUND.article_id, "Soft.", "EUR 16.90", *FOUND.attributes.values()):
        assert part in text
    assert all(column_label(column) in text for column in DESCRIPTIVE_COLUMNS)
    assert "EUR" not in drawn().all_text
    assert "16.90" not in drawn(replace(known, currency="")).all_text


def test_details_are_named_for_screen_readers():
    outline = drawn()
    label = outline.attributes("dialog")[0]["aria-labelledby"]
    named = [tag for tag, attributes in outline.tags if attributes.get("id") == label]
    assert named == ["h2"]


def test_one_link_closes_them_and_another_keeps_filters_weights_and_k_for_more_like_this():
    links = [link["href"] for link in drawn().attributes("a")]
    search = replace(STATE.search, article=FOUND.article_id, words="")
    more = PageState(search=search, k=6)
    assert sorted(links) == sorted([to_url(STATE.with_opened("")), to_url(more)])
    shoppers = PageState(SHOPPER, shopper="shopper-0001", opened=FOUND.article_id)
    links = [link["href"] for link in drawn(state=shoppers).attributes("a")]
    assert to_url(shoppers.with_opened("")) in links
    assert to_url(PageState(FIND, search=SearchRequest(article=FOUND.article_id))) in links


@pytest.mark.parametrize("shared", [0, 2, len(DESCRIPTIVE_COLUMNS)])
def test_shared_attributes_are_marked_and_others_stand_beside_those_of_the_query(shared):
    columns = DESCRIPTIVE_COLUMNS[:shared]
    both = {column: QUERY.attributes[column] for column in columns}
    outline = drawn(replace(FOUND, attributes=FOUND.attributes | both))
    text = outline.all_text
    assert text.count("✓") == shared
    assert f"{shared} of {len(DESCRIPTIVE_COLUMNS)} shared" in text
    for column, value in QUERY.attributes.items():
        assert text.split().count(value.split()[-1])
        assert text.count(value) == 1, column


def test_without_a_query_article_nothing_is_shared():
    text = drawn(query=None, state=PageState(search=SearchRequest(words="hat"))).all_text
    assert "shared" not in text
    assert "Your article" not in text


def test_reasons_tell_what_each_part_adds_the_most_first():
    outline = drawn(why=why(text=0.1, co_purchase=0.3, image=-0.05))
    text = outline.all_text
    states = [text.index(TITLES[part]) for part in ("co_purchase", "text", "image")]
    assert states == sorted(states)
    for part in ("0.500", "0.300", "0.100", "-0.050", "0.987"):
        assert part in text
    widths = [bar["style"] for bar in outline.attributes("span") if "style" in bar]
    lengths = [float(width.split(":")[1].rstrip("%")) for width in widths]
    assert lengths == [100.0, pytest.approx(33.3), 0.0]


def test_a_part_without_a_score_of_its_own_has_a_dash():
    text = drawn(why=why(image=0.2)).all_text
    assert "0.987" not in text
    assert "0.200 –" in text


def test_shoppers_who_bought_both_are_counted_if_there_are_any():
    assert "1,234 or more shoppers bought both." in drawn(why=why(1234, text=0.1)).all_text
    assert "shoppers" not in drawn(why=why(0, text=0.1)).all_text


def test_where_no_part_knows_anything_no_reasons_are_given():
    nothing = Explanation(FOUND, {}, 3)
    outline = drawn(why=nothing)
    assert "3 or more shoppers bought both." in outline.all_text
    assert not outline.attributes("caption")
    assert all(bar["style"].endswith(":0.0%") for bar in bars(drawn(why=why(image=0.0))))


def bars(outline):
    return [span for span in outline.attributes("span") if "style" in span]


def test_an_article_without_photo_and_description_says_so():
    text = drawn(replace(FOUND, has_photo=False, description="")).all_text
    assert "No photo" in text
    assert "No description." in text


def test_a_real_answer_is_explained(recommender):
    article_id = recommender.example_articles(1)[0].article_id
    found = recommender.similar_to_article(article_id).galleries[0].matches[0]
    search = SearchRequest(article=article_id)
    explained = recommender.explain(search, found.article.article_id)
    state = PageState(search=search, opened=found.article.article_id)
    text = drawn(found.article, recommender.article(article_id), explained, state).all_text
    assert f"Combined score {found.score:.3f}" in text
    for part, value in found.contributions.items():
        assert TITLES[part] in text
        assert f"{value:.3f}" in text
    for column in (PRODUCT_TYPE, COLOUR):
        assert found.article.attributes[column] in text
    assert f"{explained.matches[IMAGE.name].score:.3f}" in text

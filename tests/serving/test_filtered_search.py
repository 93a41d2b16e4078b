"""Searches that are narrowed down: filters, prices, one article a product, and chosen weights."""

from dataclasses import replace

import numpy as np
import pytest
from answering import found, gallery_of, ids

from recsys.catalog.schema import COLOUR, PRODUCT_TYPE
from recsys.errors import QueryError
from recsys.models.registry import COMBINED, FEATURES, IMAGE, TEXT, TWO_TOWER
from recsys.retrieval.facets import FACETS, Filters
from recsys.serving.recommender import Recommender
from recsys.serving.request import DEFAULT_MATCHES, MOST_MATCHES, SearchRequest


def random_filters(recommender: Recommender, count: int) -> list[Filters]:
    """Random filters of existing values; some leave hundreds of articles, some none."""
    random = np.random.default_rng(11)
    articles = recommender.release.articles
    drawn = []
    for _ in range(count):
        columns = random.permutation(FACETS)[: random.integers(1, 4)]
        chosen = {
            column: list(random.permutation(articles[column].unique())[: random.integers(1, 4)])
            for column in columns
        }
        prices = np.nanquantile(recommender.release.prices, np.sort(random.random(2)))
        used = random.random(2) < 0.3
        low, high = (float(each) if use else None for each, use in zip(prices, used, strict=True))
        drawn.append(Filters(chosen, bool(random.random() < 0.5), low, high))
    return drawn


def allowed_by_hand(recommender: Recommender, filters: Filters) -> np.ndarray:
    """Which articles pass, looked up one column after the other."""
    release = recommender.release
    allowed = release.with_photo | (not filters.with_photo)
    for column, values in filters.chosen.items():
        allowed = allowed & release.articles[column].isin(values).to_numpy()
    if filters.cheapest is not None:
        allowed = allowed & (release.prices.astype(float) >= filters.cheapest)
    if filters.dearest is not None:
        allowed = allowed & (release.prices.astype(float) <= filters.dearest)
    return np.asarray(allowed)


def best_by_hand(
    recommender: Recommender, row: int, model: str, allowed: np.ndarray
) -> list[float]:
    """The best scores of the allowed articles, from all vectors."""
    retrieval = recommender.release.retrieval
    index, query = retrieval.indexes[model], retrieval.of_article(row).vectors[model]
    rows = np.setdiff1d(np.flatnonzero(allowed), [row])
    entries = index.entry[rows]
    scores = index.vectors[entries[entries >= 0]] @ query
    return sorted((round(float(score), 4) for score in scores), reverse=True)[:DEFAULT_MATCHES]


@pytest.mark.parametrize("count", [50, pytest.param(500, marks=pytest.mark.exhaustive)])
def test_with_filters_each_gallery_is_that_of_exact_search(
    recommender: Recommender, count: int
) -> None:
    """All matches pass the filters, and there are twelve where so many articles pass."""
    articles, random = recommender.release.articles, np.random.default_rng(12)
    for filters in random_filters(recommender, count):
        row = int(random.integers(len(articles)))
        article_id = articles["article_id"][row]
        answer = recommender.search(SearchRequest(article=article_id, filters=filters))
        allowed = allowed_by_hand(recommender, filters)
        others = set(articles["article_id"][allowed]) - {article_id}
        for each in answer.galleries:
            assert set(found(each)) <= others
            if each.model in (COMBINED, TEXT, FEATURES):
                assert len(each.matches) == min(DEFAULT_MATCHES, len(others))
            if each.model is not COMBINED and each.matches:
                scores = [round(match.score, 4) for match in each.matches]
                expected = best_by_hand(recommender, row, each.model.name, allowed)
                assert scores == pytest.approx(expected, abs=2e-4)


@pytest.fixture(scope="module")
def article_id(recommender: Recommender) -> str:
    return recommender.example_articles(1)[0].article_id


def test_a_facet_counts_how_many_articles_each_value_would_leave(
    recommender: Recommender, article_id: str
) -> None:
    request = SearchRequest(article=article_id, filters=Filters({PRODUCT_TYPE: ("Dress",)}))
    facets = recommender.search_with_facets(request).facets
    colours = next(facet for facet in facets if facet.column == COLOUR)
    table = recommender.release.articles
    for choice in colours.choices:
        both = (table[PRODUCT_TYPE] == "Dress") & (table[COLOUR] == choice.value)
        assert choice.count == both.sum()


def test_what_words_name_can_be_changed_and_is_counted_everywhere_else(
    recommender: Recommender,
) -> None:
    facets = recommender.search_with_facets(SearchRequest(words="dress")).facets
    table = recommender.release.articles
    dresses = table[PRODUCT_TYPE] == "Dress"
    for facet in facets:
        among = table if facet.column == PRODUCT_TYPE else table[dresses]
        counts = among[facet.column].value_counts()
        assert {each.value: each.count for each in facet.choices} == counts.to_dict()


def test_articles_are_counted_without_an_encoder(recommender: Recommender, article_id: str) -> None:
    colour = recommender.article(article_id).attributes[COLOUR]
    request = SearchRequest(article=article_id, filters=Filters({COLOUR: [colour]}))
    table = recommender.release.articles
    same = table[COLOUR] == colour
    assert recommender.possible(request) == same.sum() - 1
    product = table["product_code"][table["article_id"] == article_id].iloc[0]
    others = same & (table["product_code"] != product)
    assert recommender.possible(replace(request, one_a_product=True)) == others.sum()


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"words": "in red", "weight": 0.2},
        {"filters": Filters({COLOUR: ["Black"]}, with_photo=True), "one_a_product": True},
        {"weights": {"image": 2.0}},
    ],
)
def test_the_answer_is_the_same_with_and_without_facets(
    recommender: Recommender, article_id: str, changes: dict
) -> None:
    request = SearchRequest(article=article_id, **changes)
    assert recommender.search_with_facets(request, 5).answer == recommender.search(request, 5)


def test_weights_are_the_chosen_ones_or_else_the_learned_ones(
    recommender: Recommender, article_id: str
) -> None:
    retrieval = recommender.release.retrieval
    popularity = float(retrieval.sales.popularity[recommender.row(article_id)])
    learned = retrieval.weights["article"].at(popularity)
    usual = recommender.search_with_facets(SearchRequest(article=article_id)).weights
    assert usual == pytest.approx(learned)
    request = SearchRequest(article=article_id, weights={"image": 2})
    chosen = recommender.search_with_facets(request).weights
    assert chosen == {part: 2 if part == "image" else 0 for part in learned}


def test_filters_and_attributes_that_words_name_apply_together(
    recommender: Recommender,
) -> None:
    answer = recommender.search(SearchRequest(words="dress", filters=Filters({COLOUR: ("Black",)})))
    matches = [match for each in answer.galleries for match in each.matches]
    assert matches
    for match in matches:
        assert match.article.attributes[PRODUCT_TYPE] == "Dress"
        assert match.article.attributes[COLOUR] == "Black"


def test_one_article_a_product_is_the_best_and_none_of_the_query_s_own(
    recommender: Recommender,
) -> None:
    table = recommender.release.articles
    product = table["product_code"].value_counts().index[0]
    article_id = table["article_id"][table["product_code"] == product].iloc[0]
    product_of = dict(zip(table["article_id"], table["product_code"], strict=True))
    answer = recommender.search(SearchRequest(article=article_id, one_a_product=True))
    everything = recommender.search(SearchRequest(article=article_id), MOST_MATCHES)
    for each, whole in zip(answer.galleries, everything.galleries, strict=True):
        products = [product_of[article] for article in found(each)]
        assert len(products) == len(set(products)) == DEFAULT_MATCHES
        assert product not in products
        if each.model is not COMBINED:
            others = [article for article in found(whole) if product_of[article] != product]
            assert found(each)[0] == others[0]


def test_chosen_weights_change_the_combined_gallery_only(
    recommender: Recommender, article_id: str
) -> None:
    usual = recommender.search(SearchRequest(article=article_id))
    looks = recommender.search(SearchRequest(article=article_id, weights={IMAGE.name: 3}))
    assert looks.galleries[1:] == usual.galleries[1:]
    assert all(set(match.contributions) == {IMAGE.name} for match in looks.galleries[0].matches)
    assert found(gallery_of(looks, COMBINED)) == found(gallery_of(looks, IMAGE))


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"taste": 1}, "not 'taste'"),
        ({"image": -1}, "between 0 and 100"),
        ({"image": "much"}, "between 0 and 100"),
        ({"image": float("nan")}, "between 0 and 100"),
        ({"image": 0, "text": 0}, "at least one part"),
        (["image"], "by part"),
    ],
)
def test_wrong_weights_are_refused(recommender: Recommender, article_id, weights, message) -> None:
    with pytest.raises(QueryError, match=message):
        recommender.search(SearchRequest(article=article_id, weights=weights))


def test_weights_of_parts_without_a_vector_leave_the_combined_gallery_empty(
    recommender: Recommender,
) -> None:
    answer = recommender.search(SearchRequest(words="dress", weights={TWO_TOWER.name: 1}))
    assert not gallery_of(answer, COMBINED).matches
    assert "choose Balanced" in gallery_of(answer, COMBINED).note
    assert gallery_of(answer, TEXT).matches


def test_filters_that_no_article_passes_leave_empty_galleries_with_a_note(
    recommender: Recommender, article_id: str
) -> None:
    kinds = recommender.release.articles.groupby(PRODUCT_TYPE)[COLOUR].unique()
    colours = set(recommender.release.articles[COLOUR])
    kind = next(kind for kind in kinds.index if set(kinds[kind]) != colours)
    missing = min(colours - set(kinds[kind]))
    filters = Filters({PRODUCT_TYPE: [kind], COLOUR: [missing]})
    answer = recommender.search(SearchRequest(article=article_id, filters=filters))
    assert not any(each.matches for each in answer.galleries)
    assert all("Remove one" in each.note for each in answer.galleries)


def test_an_explanation_scores_an_article_that_filters_exclude(
    recommender: Recommender, article_id: str
) -> None:
    """The scores are those of the search without filters, however low the article ranks."""
    everything = recommender.search(SearchRequest(article=article_id), MOST_MATCHES)
    match = gallery_of(everything, TEXT).matches[-1]
    other = next(c for c in {"Black", "White"} if c != match.article.attributes[COLOUR])
    request = SearchRequest(
        article=article_id, filters=Filters({COLOUR: [other]}), one_a_product=True
    )
    explained = recommender.explain(request, match.article.article_id)
    assert explained.article == match.article
    assert explained.matches[TEXT.name].score == pytest.approx(match.score, abs=1e-5)
    row = ids(recommender.release).index(match.article.article_id)
    sales = recommender.release.retrieval.sales
    assert explained.shoppers == sales.shared_with(recommender.row(article_id), row)

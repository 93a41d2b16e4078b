"""A query's own articles are never found, and each model uses only what it can encode."""

from dataclasses import replace

import numpy as np
import pytest
from tiny_catalogs import no_bridges

from recsys.catalog.purchases import Purchases
from recsys.models.cross_modal import MEAN, RIDGE, AttributeEstimator, Bridge, Bridges, Crossing
from recsys.models.features import Vocabulary
from recsys.models.purchase_counts import BEST_SELLERS, count_purchases
from recsys.models.registry import SINGLE
from recsys.retrieval.attributes import NamedAttribute
from recsys.retrieval.fusion import BASKET_PRIOR, COUNTS, PARTS, PHOTO_PRIOR, WORD_WEIGHTS, Weights
from recsys.retrieval.index import ArticleIndex
from recsys.retrieval.retriever import ARTICLE, BASKET, CANDIDATES, PHOTO, WORDS, Query, Retrieval
from recsys.vectors import distinct, unit

ARTICLES = 600
MODELS = tuple(model.name for model in SINGLE)
WITHOUT_PHOTO = (7, 8, 320)
WEIGHTS = {ARTICLE: BASKET_PRIOR, BASKET: BASKET_PRIOR, PHOTO: PHOTO_PRIOR, WORDS: WORD_WEIGHTS}


def candidates(retrieval, query):
    return retrieval.candidates(query, retrieval.nearby(query))


def combined(retrieval, query, k):
    return retrieval.combined(query, retrieval.nearby(query), k)


def int32(*values):
    return np.array(values, np.int32)


def circle():
    """A unit vector an article, each closest to those of the rows around its own."""
    angle = 2 * np.pi * np.arange(ARTICLES) / ARTICLES
    return unit(np.stack([np.cos(angle), np.sin(angle)], axis=1))


def vectors_of(rows):
    """The vectors in the circle of the articles that have one."""
    return distinct(circle()[rows], rows, ARTICLES)


def bought(baskets, days):
    """What each shopper bought, all of it on one day."""
    shopper = np.repeat(np.arange(len(baskets)), [len(basket) for basket in baskets])
    article = int32(*(row for basket in baskets for row in basket))
    price, bucket = np.ones(len(article), np.float32), np.full(len(baskets), 50, np.uint8)
    day = int32(*days)[shopper]
    return Purchases(shopper.astype(np.int32), article, day, price, bucket, 0)


@pytest.fixture(scope="module")
def retrieval():
    """600 articles in a circle; the first once shared buyers with that on the other side, 300.

    The best-seller is 250; what else is bought lately is 311 to 430.
    """
    everyone = np.arange(ARTICLES, dtype=np.int32)
    indexes = {model: ArticleIndex(vectors_of(everyone)) for model in MODELS}
    indexes["image"] = ArticleIndex(vectors_of(np.setdiff1d(everyone, int32(*WITHOUT_PHOTO))))
    lately = [[250, 430 - row] for row in range(BEST_SELLERS + 20)]
    shop = bought([[0, 300]] * 3 + lately, [1] * 3 + [30] * len(lately))
    typical = {"text": 0.1, "image": 0.2, "features": 0.3, "two_tower": 0.4}
    sales = count_purchases(shop, ARTICLES, 1)
    return Retrieval(indexes, typical, circle(), sales, WEIGHTS, no_bridges())


def weighing(retrieval, **weights):
    """The same models, where the combined one weighs only some parts."""
    each = dict.fromkeys(PARTS, 0.0) | weights
    return replace(retrieval, weights=dict.fromkeys(WEIGHTS, Weights(each, each)))


# Exclusion


@pytest.mark.parametrize("row", [0, 7, 300, 599])
def test_an_article_is_not_like_itself(retrieval, row):
    query = retrieval.of_article(row)
    for model in MODELS:
        found = retrieval.nearest(model, query, ARTICLES).rows
        assert row not in found
        assert len(found) > ARTICLES - 5 or model not in query.vectors
    assert row not in candidates(retrieval, query)
    assert row not in combined(retrieval, query, ARTICLES).rows


def test_what_is_excluded_is_never_found(retrieval):
    """Though it is what lies closest, shares buyers and sells best."""
    excluded = int32(0, 1, 2, 300, 250, 599)
    query = retrieval.of_basket(int32(0), excluded)
    for model in MODELS:
        assert not np.isin(retrieval.nearest(model, query, ARTICLES).rows, excluded).any()
    assert not np.isin(candidates(retrieval, query), excluded).any()
    fused = combined(retrieval, query, ARTICLES)
    assert not np.isin(fused.rows, excluded).any()
    assert len(fused.rows) == len(candidates(retrieval, query)) > CANDIDATES


def test_what_is_in_a_basket_may_be_found_unless_it_is_excluded(retrieval):
    again = combined(retrieval, retrieval.of_basket(int32(5), int32()), 12)
    assert 5 in again.rows
    assert 5 not in combined(retrieval, retrieval.of_basket(int32(5), int32(5)), 12).rows


# Queries


def test_a_basket_of_one_article_is_encoded_as_the_article(retrieval):
    basket, article = retrieval.of_basket(int32(42), int32(42)), retrieval.of_article(42)
    assert set(basket.vectors) == set(article.vectors) == set(MODELS)
    for model in MODELS:
        np.testing.assert_array_equal(basket.vectors[model], article.vectors[model])
    assert (basket.kind, article.kind) == (BASKET, ARTICLE)


def test_the_vector_of_a_basket_is_the_mean_of_its_articles(retrieval):
    query = retrieval.of_basket(int32(100, 104, 108), int32(100, 104, 108))
    for model in MODELS:
        np.testing.assert_allclose(query.vectors[model], circle()[104], atol=1e-6)
        assert set(retrieval.nearest(model, query, 4).rows) == {103, 105, 102, 106}


def test_two_tower_queries_are_basket_rows_and_not_article_vectors(retrieval):
    turned = replace(retrieval, basket_rows=3 * np.roll(circle(), -200, axis=0))
    query = turned.of_article(0)
    assert turned.nearest("two_tower", query, 1).rows.tolist() == [200]
    assert turned.nearest("text", query, 2).rows.tolist() == [1, 599]


def test_an_article_without_a_photo_is_no_query_to_the_image_model(retrieval):
    query = retrieval.of_article(7)
    assert set(query.vectors) == {"text", "features", "two_tower"}
    assert len(retrieval.nearest("image", query, 12).rows) == 0
    fused = combined(retrieval, query, 12)
    assert len(fused.rows) == 12
    assert "image" not in fused.contributions
    assert "image" in combined(retrieval, retrieval.of_article(6), 12).contributions


def test_the_image_vector_of_a_basket_is_of_its_articles_with_photos(retrieval):
    query = retrieval.of_basket(int32(7, 20), int32())
    np.testing.assert_allclose(query.vectors["image"], circle()[20], atol=1e-6)
    assert "image" not in retrieval.of_basket(int32(7, 8), int32()).vectors


def test_without_bridges_a_photo_is_encoded_by_the_image_model_alone(retrieval):
    query = retrieval.of_photo(circle()[33])
    assert set(query.vectors) == {"image"}
    for model in set(MODELS) - {"image"}:
        assert len(retrieval.nearest(model, query, 12).rows) == 0
    nearest, fused = retrieval.nearest("image", query, 12), combined(retrieval, query, 12)
    assert fused.rows.tolist() == nearest.rows.tolist()
    assert fused.rows[0] == 33
    assert set(fused.contributions) == {"image"}
    np.testing.assert_allclose(fused.scores, nearest.scores, atol=2e-5)
    assert retrieval.known(query) == 0


# Candidates


def test_candidates_are_the_nearest_what_shares_buyers_and_what_sells_best(retrieval):
    rows = candidates(retrieval, retrieval.of_article(0))
    # Two of those around it have no photo, so the image model looks one further on either side.
    half = CANDIDATES // 2 + 1
    near = {*range(1, half + 1), *range(ARTICLES - half, ARTICLES)}
    best = set(retrieval.sales.best_sellers.tolist())
    assert 250 in best
    assert not best <= near
    assert set(rows.tolist()) == near | {300} | best - {0}
    assert rows.tolist() == sorted(set(rows.tolist()))


def test_partners_of_every_article_of_a_basket_are_looked_at(retrieval):
    basket = int32(500, 390, 0)
    rows = candidates(retrieval, retrieval.of_basket(basket, basket))
    assert {300, 250} <= set(rows.tolist())
    assert 300 not in candidates(retrieval, retrieval.of_article(500))


def test_a_photo_is_compared_with_what_looks_like_it_only(retrieval):
    rows = candidates(retrieval, retrieval.of_photo(circle()[0]))
    assert len(rows) == CANDIDATES
    assert not {250, 300} & set(rows.tolist())


# Parts


def test_parts_are_cosines_and_counts(retrieval):
    rows = int32(1, 150, 300, 250)
    parts = retrieval.parts(retrieval.of_article(0), rows)
    assert set(parts) == set(PARTS)
    for model in MODELS:
        np.testing.assert_allclose(parts[model], circle()[rows] @ circle()[0], atol=1e-5)
    assert np.flatnonzero(parts["co_purchase"]).tolist() == [2]
    assert parts["popularity"].argmax() == parts["recency"].argmax() == 3
    assert parts["popularity"].tolist() == retrieval.sales.popularity[rows].tolist()
    assert not set(retrieval.parts(retrieval.of_photo(circle()[0]), rows)) & set(COUNTS)


def test_a_candidate_without_a_photo_counts_as_typical(retrieval):
    parts = retrieval.parts(retrieval.of_article(0), int32(7, 100, 320))
    assert parts["image"].tolist() == pytest.approx([0.2, 0.5, 0.2])


def test_a_missing_photo_hurts_less_than_an_unlike_one_and_helps_less_than_a_like_one(retrieval):
    looks = weighing(retrieval, image=1.0)
    found = combined(looks, looks.of_article(0), ARTICLES).rows.tolist()
    assert found.index(6) < found.index(98) < found.index(7) < found.index(400)


@pytest.mark.parametrize("model", MODELS)
def test_where_one_model_weighs_all_the_combined_one_answers_as_it_does(retrieval, model):
    alone, query = weighing(retrieval, **{model: 2.0}), retrieval.of_article(100)
    fused, nearest = combined(alone, query, 12), retrieval.nearest(model, query, 12)
    assert fused.rows.tolist() == nearest.rows.tolist()
    np.testing.assert_allclose(fused.scores, nearest.scores, atol=2e-5)
    assert set(fused.contributions) == {model}


def test_what_shares_buyers_can_be_found_however_unlike_it_is(retrieval):
    counts = weighing(retrieval, co_purchase=1.0)
    assert combined(counts, counts.of_article(0), 1).rows.tolist() == [300]


def test_each_kind_of_query_has_its_own_weights(retrieval):
    counts = weighing(retrieval, co_purchase=1.0)
    mixed = replace(retrieval, weights=counts.weights | {BASKET: BASKET_PRIOR})
    article, basket = mixed.of_article(0), mixed.of_basket(int32(0), int32(0))
    assert combined(mixed, article, 1).rows.tolist() == [300]
    assert combined(mixed, basket, 1).rows.tolist() != [300]


def test_popularity_of_a_query_is_the_mean_of_its_articles(retrieval):
    assert retrieval.known(retrieval.of_article(250)) == 1
    assert retrieval.known(retrieval.of_article(450)) == 0
    assert retrieval.known(retrieval.of_basket(int32(250, 450), int32())) == 0.5
    assert 0 < retrieval.known(retrieval.of_article(0)) < 1


def test_weights_of_the_unknown_are_for_the_unknown(retrieval):
    nothing = dict.fromkeys(PARTS, 0.0)
    split = Weights(unknown=nothing | {"text": 1.0}, known=nothing | {"popularity": 1.0})
    chosen = replace(retrieval, weights={ARTICLE: split})
    assert set(combined(chosen, chosen.of_article(450), 5).contributions) == {"text"}
    assert set(combined(chosen, chosen.of_article(250), 5).contributions) == {"popularity"}
    assert set(combined(chosen, chosen.of_article(0), 5).contributions) == {"text", "popularity"}


def test_at_most_k_are_found(retrieval):
    query = retrieval.of_article(0)
    assert len(combined(retrieval, query, 12).rows) == 12
    assert len(retrieval.nearest("text", query, 3).rows) == 3


# Photos and words


KINDS_OF = Vocabulary({"kind": ["Dress", "Hat"]}, np.ones(2, np.float32))


@pytest.fixture(scope="module")
def seeing(retrieval):
    """What a photo shows lies a quarter of the circle further on for the text model."""
    quarter = np.array([[0, 1], [-1, 0], [0, 0]], np.float32)
    same = np.array([[1, 0], [0, 1], [0, 0]], np.float32)
    links = {"text": Bridge(quarter), "features": Bridge(same), "two_tower": Bridge(same)}
    ridge = Crossing(RIDGE, 1.0, 0.5, 0.4, 100)
    mean = Crossing(MEAN, 1.0, 0.4, 0.5, 100)
    crossings = {"text": ridge, "features": ridge, "two_tower": mean}
    return replace(
        retrieval, bridges=Bridges(links, crossings, AttributeEstimator(KINDS_OF, {"kind": 0.5}))
    )


def test_a_photo_has_a_vector_of_every_model_through_its_bridge(seeing):
    query = seeing.of_photo(circle()[50])
    assert set(query.vectors) == set(MODELS)
    assert seeing.nearest("image", query, 1).rows.tolist() == [50]
    assert seeing.nearest("text", query, 1).rows.tolist() == [200]


def test_where_neighbours_are_the_better_estimate_their_vectors_mean_is_used(seeing):
    vector = seeing.of_photo(circle()[50]).vectors["two_tower"]
    assert vector @ circle()[50] > 0.999
    moved = replace(seeing, basket_rows=np.roll(circle(), 100, axis=0))
    assert moved.of_photo(circle()[250]).vectors["two_tower"] @ circle()[150] > 0.999


def test_a_photo_has_no_estimated_vectors_without_bridges(retrieval):
    assert set(retrieval.of_photo(circle()[0]).vectors) == {"image"}


def test_the_attributes_of_a_photo_can_be_corrected(seeing):
    photo = circle()[0]
    assert seeing.chances(photo, {}).argmax() == 0
    corrected = seeing.of_photo(photo, {"kind": "Hat"}).vectors["features"]
    assert corrected.tolist() == [0, 1]


@pytest.mark.parametrize(("weight", "nearest"), [(0.0, 0), (0.5, 50), (1.0, 100)])
def test_words_move_a_photo_towards_them(seeing, weight, nearest):
    query = seeing.of_photo(circle()[0])
    moved = seeing.with_words(query, {"image": circle()[100]}, weight, [])
    assert seeing.nearest("image", moved, 1).rows.tolist() == [nearest]
    assert moved.vectors["two_tower"].tolist() == query.vectors["two_tower"].tolist()


def test_words_alone_have_vectors_of_the_models_that_encode_them(seeing):
    words = {"text": circle()[100], "image": circle()[120]}
    query = seeing.with_words(Query(WORDS, {}), words, 0.3, [])
    assert set(query.vectors) == {"text", "image"}
    assert seeing.nearest("text", query, 1).rows.tolist() == [100]
    assert len(combined(seeing, query, 12).rows) == 12


def test_attributes_that_words_name_replace_those_that_are_shown(seeing):
    hat = NamedAttribute("kind", "hats", ("Hat",))
    alone = seeing.with_words(Query(WORDS, {}), {}, 0.5, [hat])
    shown = seeing.with_words(seeing.of_photo(circle()[0]), {}, 0.5, [hat])
    assert alone.vectors["features"].tolist() == shown.vectors["features"].tolist() == [0, 1]


@pytest.mark.parametrize("model", [*MODELS, "combined"])
def test_only_the_articles_among_which_to_search_are_found(seeing, model):
    among = int32(3, 99, 300, 411, 590)
    query = replace(seeing.of_article(300), among=among)
    found = (
        combined(seeing, query, 12).rows
        if model == "combined"
        else seeing.nearest(model, query, 12).rows
    )
    assert sorted(found.tolist()) == [3, 99, 411, 590]


def test_among_no_articles_nothing_is_found(seeing):
    query = replace(seeing.of_photo(circle()[0]), among=int32())
    assert not len(combined(seeing, query, 12).rows)

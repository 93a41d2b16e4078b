"""The combined model's weights are fitted to validation shoppers only."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tiny_catalogs import no_bridges

from recsys.catalog.purchases import Purchases
from recsys.catalog.split import TEST, TRAINING, VALIDATION, bucket_of
from recsys.models.features import Vocabulary
from recsys.models.purchase_counts import count_purchases
from recsys.models.registry import SINGLE
from recsys.retrieval.fitting import examples, learn_bridges, learn_weights, lessons
from recsys.retrieval.fusion import BASKET_PRIOR, PARTS, PHOTO_PRIOR, WORD_WEIGHTS
from recsys.retrieval.index import ArticleIndex
from recsys.retrieval.retriever import ARTICLE, BASKET, PHOTO, QUERY_KINDS, WORDS, Retrieval
from recsys.vectors import ArticleVectors, unit

COMMUNITIES, MEMBERS = 15, 8
COMMUNITY = np.repeat(np.arange(COMMUNITIES), MEMBERS)
ARTICLES = len(COMMUNITY)


def planted_shop(days=4):
    """600 shoppers, six of every bucket, who each buy eight articles of one community."""
    random = np.random.default_rng(1)
    shopper = np.repeat(np.arange(600), 8)
    day = np.sort(random.integers(0, days, (600, 8)), axis=1).ravel()
    article = shopper % COMMUNITIES * MEMBERS + random.integers(0, MEMBERS, len(shopper))
    bucket = (np.arange(600) % 100).astype(np.uint8)
    columns = (each.astype(np.int32) for each in (shopper, article, day))
    return Purchases(*columns, np.ones(len(shopper), np.float32), bucket, 0)


def shuffled(shop, part):
    """The same shop, where the shoppers of one part bought each other's articles."""
    theirs = part.of(shop.bucket)[shop.shopper]
    article = shop.article.copy()
    article[theirs] = np.random.default_rng(2).permutation(article[theirs])
    return replace(shop, article=article)


def retrieval_that_knows(model):
    """Only one model's vectors depend on the community; the others are random."""
    entry = np.arange(ARTICLES, dtype=np.int32)
    vectors = {
        single.name: unit(np.random.default_rng(seed).normal(size=(ARTICLES, 24)))
        for seed, single in enumerate(SINGLE)
    }
    noise = np.random.default_rng(9).normal(size=(ARTICLES, COMMUNITIES))
    vectors[model] = unit(np.eye(COMMUNITIES)[COMMUNITY] + 0.15 * noise)
    indexes = {name: ArticleIndex(ArticleVectors(rows, entry)) for name, rows in vectors.items()}
    nobody = planted_shop().where(np.zeros(4800, bool))
    sales = count_purchases(nobody, ARTICLES, 1)
    typical = dict.fromkeys(vectors, 0.0)
    return Retrieval(indexes, typical, vectors["two_tower"], sales, {}, no_bridges())


def products(size=2):
    """The articles' table, every few articles a product in several colours."""
    return pd.DataFrame({"product_code": [f"{row // size:07d}" for row in range(ARTICLES)]})


def weights_of(retrieval, shop):
    return learn_weights(retrieval, lessons(retrieval, products(), shop, 1))


@pytest.fixture(scope="module")
def retrieval():
    return retrieval_that_knows("features")


@pytest.fixture(scope="module")
def fitted(retrieval):
    return weights_of(retrieval, planted_shop())


def share(weights, part):
    weights = weights.at(0)
    return weights[part] / sum(weights.values())


def test_every_kind_of_query_gets_weights(fitted):
    assert set(fitted) == set(QUERY_KINDS)
    for kind in (ARTICLE, BASKET):
        assert set(fitted[kind].known) == set(fitted[kind].unknown) == set(PARTS)


def test_weights_for_words_are_those_set_by_hand(fitted):
    assert fitted[WORDS] == WORD_WEIGHTS


def test_photos_raise_the_weight_of_a_model_that_separates_products_and_of_no_count(
    retrieval, fitted
):
    codes = products()["product_code"]
    vectors = unit(np.random.default_rng(4).normal(size=(ARTICLES // 2, 24))).repeat(2, axis=0)
    noise = 0.1 * np.random.default_rng(5).normal(size=vectors.shape)
    looks = ArticleIndex(ArticleVectors(unit(vectors + noise), np.arange(ARTICLES, dtype=np.int32)))
    sharp = replace(retrieval, indexes={**retrieval.indexes, "image": looks})
    before, after = fitted[PHOTO].at(0)["image"], weights_of(sharp, planted_shop())[PHOTO]
    assert codes.nunique() == ARTICLES // 2
    assert after.at(0)["image"] > before
    assert {after.at(0)[part] for part in ("co_purchase", "popularity", "recency")} == {0}


@pytest.mark.parametrize("kind", [ARTICLE, BASKET])
@pytest.mark.parametrize("model", ["features", "image", "two_tower"])
def test_the_model_that_predicts_purchases_has_the_highest_weight(kind, model):
    weights = weights_of(retrieval_that_knows(model), planted_shop())[kind]
    others = [share(weights, each.name) for each in SINGLE if each.name != model]
    assert share(weights, model) > 2 * max(others)


def test_equal_shoppers_give_equal_weights(retrieval, fitted):
    assert weights_of(retrieval, planted_shop()) == fitted


@pytest.mark.parametrize("part", [TEST, TRAINING])
def test_what_other_shoppers_buy_changes_no_weight(retrieval, fitted, part):
    other = shuffled(planted_shop(), part)
    assert (other.article != planted_shop().article).sum() > 500
    assert weights_of(retrieval, other) == fitted


def test_what_validation_shoppers_buy_changes_the_weights(retrieval, fitted):
    other = weights_of(retrieval, shuffled(planted_shop(), VALIDATION))
    for kind in (ARTICLE, BASKET):
        assert share(other[kind], "features") < share(fitted[kind], "features") / 2


def test_without_validation_shoppers_weights_are_the_prior(retrieval):
    shop = planted_shop()
    nobody = shop.where(~VALIDATION.of(shop.bucket)[shop.shopper])
    fitted = weights_of(retrieval, nobody)
    assert (fitted[ARTICLE], fitted[BASKET]) == (BASKET_PRIOR, BASKET_PRIOR)


def test_weights_are_not_fitted_to_too_few_shoppers(retrieval):
    of_all = lessons(retrieval, products(), planted_shop(), 60)
    of_more = lessons(retrieval, products(), planted_shop(), 61)
    assert len(of_all[ARTICLE]) == 60
    assert of_more[ARTICLE] == of_more[BASKET] == []
    assert learn_weights(retrieval, of_more)[ARTICLE] == BASKET_PRIOR


def test_without_products_in_several_colours_weights_of_photos_are_the_prior(retrieval):
    questions = lessons(retrieval, products(size=1), planted_shop(), 1)
    assert learn_weights(retrieval, questions)[PHOTO] == PHOTO_PRIOR


def test_shoppers_of_one_day_give_examples_of_articles_but_not_of_baskets(retrieval):
    weights = weights_of(retrieval, planted_shop(days=1))
    assert weights[BASKET] == BASKET_PRIOR
    assert share(weights[ARTICLE], "features") > 2 * share(BASKET_PRIOR, "features")


def test_an_example_is_a_validation_shopper_with_purchases_among_the_candidates(retrieval):
    shop = planted_shop()
    questions = lessons(retrieval, products(), shop, 1)
    found = {kind: examples(retrieval, kind, questions[kind]) for kind in (ARTICLE, BASKET)}
    shoppers = len(np.unique(shop.of(VALIDATION).shopper))
    assert len(found[ARTICLE]) == shoppers == 60
    # Some buy nothing new on their last day.
    assert 30 < len(found[BASKET]) < 60
    for example in found[ARTICLE] + found[BASKET]:
        assert example.parts.shape == (len(example.relevant), len(PARTS))
        assert np.isfinite(example.parts).all()
        # All other articles are candidates here, so the right ones are among them.
        assert example.relevant.any()
        assert ARTICLES - 8 < len(example.relevant) < ARTICLES


def test_a_model_that_cannot_encode_the_query_scores_nothing(retrieval):
    """Here nobody has a photo."""
    nothing = ArticleVectors(np.empty((0, 24), np.float32), np.full(ARTICLES, -1, np.int32))
    blind = replace(retrieval, indexes={**retrieval.indexes, "image": ArticleIndex(nothing)})
    questions = lessons(blind, products(), planted_shop(), 1)
    for example in examples(blind, ARTICLE, questions[ARTICLE]):
        assert not example.parts[:, PARTS.index("image")].any()
    weights = weights_of(blind, planted_shop())[ARTICLE]
    assert weights.at(0.5)["image"] == BASKET_PRIOR.at(0.5)["image"]
    assert share(weights, "features") > 2 * share(BASKET_PRIOR, "features")


def vocabulary_of(dim):
    return Vocabulary({"only": [str(value) for value in range(dim)]}, np.ones(dim, np.float32))


def test_bridges_are_fitted_to_training_products_and_compared_on_validation_products(
    retrieval,
):
    """The image vectors are the text vectors, rotated."""
    turn = np.linalg.qr(np.random.default_rng(6).normal(size=(24, 24)))[0]
    text = retrieval.indexes["text"]
    looks = ArticleIndex(ArticleVectors(unit(text.vectors @ turn), text.entry))
    dim = retrieval.indexes["features"].vectors.shape[1]
    empty = no_bridges()
    estimator = replace(empty.estimator, vocabulary=vocabulary_of(dim))
    seeing = replace(
        retrieval,
        indexes={**retrieval.indexes, "image": looks},
        bridges=replace(empty, estimator=estimator),
    )
    bridges = learn_bridges(seeing, products())
    assert set(bridges.links) == set(bridges.crossings) == {"text", "features", "two_tower"}
    assert bridges.crossings["text"].ridge > 0.9 > bridges.crossings["two_tower"].ridge
    validation = [code for code in products()["product_code"] if bucket_of(code) in VALIDATION]
    assert bridges.crossings["text"].photos == len(validation)

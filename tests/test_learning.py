"""The combined model's weights are learned from held-back shoppers, and from nobody else."""

from dataclasses import replace

import numpy as np
import pytest
from recsys.weights import examples, learn_weights

from recsys.catalog import Purchases
from recsys.index import Index
from recsys.models import SINGLE
from recsys.models.combined import IMAGE_ONLY, LIKELY, PARTS
from recsys.retrieval import ARTICLE, BASKET, KINDS, PHOTO, Retrieval
from recsys.sales import count_sales
from recsys.split import TEST, TRAINING, VALIDATION
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
    """Only one model's vectors tell the community; the others' mean nothing."""
    entry = np.arange(ARTICLES, dtype=np.int32)
    vectors = {
        single.name: unit(np.random.default_rng(seed).normal(size=(ARTICLES, 24)))
        for seed, single in enumerate(SINGLE)
    }
    noise = np.random.default_rng(9).normal(size=(ARTICLES, COMMUNITIES))
    vectors[model] = unit(np.eye(COMMUNITIES)[COMMUNITY] + 0.15 * noise)
    indexes = {name: Index(ArticleVectors(rows, entry)) for name, rows in vectors.items()}
    nobody = planted_shop().where(np.zeros(4800, bool))
    sales = count_sales(nobody, ARTICLES)
    return Retrieval(indexes, dict.fromkeys(vectors, 0.0), vectors["two_tower"], sales, {})


@pytest.fixture(scope="module")
def retrieval():
    return retrieval_that_knows("features")


@pytest.fixture(scope="module")
def learned(retrieval):
    return learn_weights(retrieval, planted_shop())


def share(weights, part):
    weights = weights.at(0)
    return weights[part] / sum(weights.values())


def test_every_kind_of_query_gets_weights(learned):
    assert set(learned) == set(KINDS)
    for kind in (ARTICLE, BASKET):
        assert set(learned[kind].known) == set(learned[kind].unknown) == set(PARTS)


def test_a_photo_is_left_to_the_image_model(learned):
    assert learned[PHOTO] == IMAGE_ONLY


@pytest.mark.parametrize("kind", [ARTICLE, BASKET])
@pytest.mark.parametrize("model", ["features", "image", "two_tower"])
def test_the_model_that_knows_what_shoppers_buy_weighs_most(kind, model):
    weights = learn_weights(retrieval_that_knows(model), planted_shop())[kind]
    others = [share(weights, each.name) for each in SINGLE if each.name != model]
    assert share(weights, model) > 2 * max(others)


def test_the_same_shoppers_teach_the_same_weights(retrieval, learned):
    assert learn_weights(retrieval, planted_shop()) == learned


@pytest.mark.parametrize("part", [TEST, TRAINING])
def test_what_other_shoppers_buy_changes_no_weight(retrieval, learned, part):
    other = shuffled(planted_shop(), part)
    assert (other.article != planted_shop().article).sum() > 500
    assert learn_weights(retrieval, other) == learned


def test_what_held_back_shoppers_buy_changes_the_weights(retrieval, learned):
    other = learn_weights(retrieval, shuffled(planted_shop(), VALIDATION))
    for kind in (ARTICLE, BASKET):
        assert share(other[kind], "features") < share(learned[kind], "features") / 2


def test_without_held_back_shoppers_weights_are_the_likely_ones(retrieval):
    shop = planted_shop()
    nobody = shop.where(~VALIDATION.of(shop.bucket)[shop.shopper])
    assert learn_weights(retrieval, nobody) == {
        ARTICLE: LIKELY,
        BASKET: LIKELY,
        PHOTO: IMAGE_ONLY,
    }


def test_shoppers_of_one_day_teach_about_articles_but_not_about_baskets(retrieval):
    weights = learn_weights(retrieval, planted_shop(days=1))
    assert weights[BASKET] == LIKELY
    assert share(weights[ARTICLE], "features") > 2 * share(LIKELY, "features")


def test_an_example_is_a_held_back_shopper_with_what_they_bought_among_the_candidates(retrieval):
    shop = planted_shop()
    taught = {kind: examples(retrieval, kind, shop) for kind in (ARTICLE, BASKET)}
    shoppers = len(np.unique(shop.of(VALIDATION).shopper))
    assert len(taught[ARTICLE]) == shoppers == 60
    # Some buy nothing new on their last day.
    assert 30 < len(taught[BASKET]) < 60
    for example in taught[ARTICLE] + taught[BASKET]:
        assert example.parts.shape == (len(example.wanted), len(PARTS))
        assert np.isfinite(example.parts).all()
        # All other articles are candidates here, so the right ones are among them.
        assert example.wanted.any()
        assert ARTICLES - 8 < len(example.wanted) < ARTICLES


def test_a_model_that_cannot_read_what_asks_says_nothing(retrieval):
    """Here nobody has a photo."""
    nothing = ArticleVectors(np.empty((0, 24), np.float32), np.full(ARTICLES, -1, np.int32))
    blind = replace(retrieval, indexes={**retrieval.indexes, "image": Index(nothing)})
    for example in examples(blind, ARTICLE, planted_shop()):
        assert not example.parts[:, PARTS.index("image")].any()
    weights = learn_weights(blind, planted_shop())[ARTICLE]
    assert weights.at(0.5)["image"] == LIKELY.at(0.5)["image"]
    assert share(weights, "features") > 2 * share(LIKELY, "features")

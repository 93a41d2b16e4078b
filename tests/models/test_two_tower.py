"""Articles of the same shoppers are close, and an unsold article is close to similar ones."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recsys.catalog.purchases import Purchases
from recsys.catalog.split import TEST, TRAINING, VALIDATION
from recsys.errors import CatalogError
from recsys.models.two_tower import basket_query, train, validation_pairs
from recsys.models.two_tower_data import PADDING, Baskets, TrainingSettings
from recsys.vectors import fingerprint, unit

ROOT = Path(__file__).parents[2]
COMMUNITIES, MEMBERS = 6, 10
COMMUNITY = np.repeat(np.arange(COMMUNITIES), MEMBERS)
SMALL = TrainingSettings(dim=16, round_steps=50, batch_size=256)
BRIEF = replace(SMALL, round_steps=3, most_rounds=1)


def int32(values):
    return np.asarray(values, np.int32)


def bought(shopper, article, day, part=TRAINING):
    """Purchases from lists, sorted as the catalogue sorts them, of shoppers in one part."""
    shopper, article, day = int32(shopper), int32(article), int32(day)
    order = np.lexsort((day, shopper))
    buckets = np.full(shopper.max(initial=-1) + 1, part.first, np.uint8)
    price = np.ones(len(order), np.float32)
    return Purchases(shopper[order], article[order], day[order], price, buckets, 0)


def planted_shop(never_sold=(), noise=0.0):
    """300 shoppers who each buy 10 articles of one of 6 communities, on 4 days.

    Three of every bucket of the split; ``noise`` is the share of what is bought at random.
    """
    random = np.random.default_rng(8)
    shopper = np.repeat(np.arange(300), 10)
    article = COMMUNITY[::MEMBERS][shopper % COMMUNITIES] * MEMBERS
    article = article + random.integers(0, MEMBERS, len(shopper))
    anything = random.integers(0, len(COMMUNITY), len(shopper))
    article = np.where(random.random(len(shopper)) < noise, anything, article)
    day = random.integers(0, 4, len(shopper))
    sold = ~np.isin(article, never_sold)
    shop = bought(shopper[sold], article[sold], day[sold])
    return replace(shop, bucket=(np.arange(300) % 100).astype(np.uint8))


def shuffled(shop, part, seed=2):
    """The same shop, where the shoppers of one part bought each other's articles."""
    theirs = part.of(shop.bucket)[shop.shopper]
    article = shop.article.copy()
    article[theirs] = np.random.default_rng(seed).permutation(article[theirs])
    assert (article != shop.article).sum() > 100
    return replace(shop, article=article)


def meaningless_content():
    return unit(np.random.default_rng(9).normal(size=(len(COMMUNITY), 12)))


def telling_content():
    """Content from which the community can be told, with some noise."""
    noise = np.random.default_rng(9).normal(size=(len(COMMUNITY), COMMUNITIES))
    return unit(np.eye(COMMUNITIES)[COMMUNITY] + 0.1 * noise)


def own_products():
    return np.arange(len(COMMUNITY), dtype=np.int32)


def share_of_own_community(model, articles):
    """Of the five nearest to each of ``articles``, the share of its own community."""
    shares = []
    for article in articles:
        scores = model.articles @ basket_query(model.queries[[article]])
        scores[article] = -np.inf
        shares.append((COMMUNITY[np.argsort(-scores)[:5]] == COMMUNITY[article]).mean())
    return np.mean(shares)


# Training examples


def baskets_of(shopper, article, **settings):
    return Baskets(int32(shopper), int32(article), TrainingSettings(**settings))


def one_pass(baskets, epoch=0):
    """Return a pass's baskets and articles, both counted from 0, with -1 for no article."""
    rows, targets = zip(*baskets.batches(epoch), strict=True)
    return np.concatenate(rows) - 1, np.concatenate(targets) - 1


@pytest.fixture(scope="module")
def long_history():
    """One shopper who bought articles 0 to 1999, one after the other."""
    return baskets_of(np.zeros(2000), np.arange(2000), window=5, batch_size=64, basket=4)


def test_every_purchase_is_an_example_once_a_pass(long_history):
    _, targets = one_pass(long_history)
    assert sorted(targets) == list(range(2000))
    assert len(list(long_history.batches(0))) == len(long_history) == 32


def test_a_basket_never_contains_the_article_to_predict():
    random = np.random.default_rng(0)
    shoppers, articles = np.sort(random.integers(0, 40, 3000)), random.integers(0, 9, 3000)
    rows, targets = one_pass(baskets_of(shoppers, articles))
    assert not (rows == targets[:, None]).any()


def test_a_basket_holds_what_was_bought_within_the_window_before_and_after(long_history):
    rows, targets = one_pass(long_history)
    apart = (rows - targets[:, None])[rows >= 0]
    assert set(apart) == {-5, -4, -3, -2, -1, 1, 2, 3, 4, 5}


def test_a_basket_holds_nothing_of_other_shoppers():
    shopper = np.repeat(np.arange(100), 6)
    rows, targets = one_pass(baskets_of(shopper, np.arange(600)))
    other = rows // 6 != (targets // 6)[:, None]
    assert not (other & (rows >= 0)).any()


def test_shoppers_with_a_single_purchase_are_left_out():
    rows, targets = one_pass(baskets_of([0, 1, 1, 2], [5, 6, 7, 8]))
    assert sorted(targets) == [6, 7]
    assert set(rows[rows >= 0]) <= {6, 7}


def test_a_shopper_who_only_bought_one_article_again_has_an_empty_basket():
    batches = list(baskets_of([0, 0, 0], [4, 4, 4], basket=3).batches(0))
    assert batches[0][0].tolist() == [[PADDING] * 3] * 3
    assert batches[0][1].tolist() == [5, 5, 5]


def test_baskets_are_filled_from_the_left(long_history):
    rows, _ = one_pass(long_history)
    full = rows >= 0
    assert (np.sort(full, axis=1)[:, ::-1] == full).all()


def test_half_the_baskets_hold_one_article_and_the_others_up_to_all(long_history):
    rows, _ = one_pass(long_history)
    sizes = np.bincount((rows >= 0).sum(axis=1), minlength=5) / len(rows)
    # Of the half that is not cut to one, a quarter is of size one by chance; drawing the article
    # itself makes a few smaller still.
    assert sizes[1] == pytest.approx(0.625, abs=0.06)
    assert sizes[0] < 0.01
    assert min(sizes[2:]) > 0.05


def test_a_pass_is_the_same_for_the_same_seed_and_number_only(long_history):
    first, again, second = (one_pass(long_history, epoch) for epoch in (0, 0, 1))
    assert fingerprint(*first) == fingerprint(*again) != fingerprint(*second)
    other = baskets_of(np.zeros(2000), np.arange(2000), window=5, batch_size=64, basket=4, seed=8)
    assert fingerprint(*one_pass(other)) != fingerprint(*first)


def test_a_round_is_half_a_pass_but_never_shorter_than_the_settings_say():
    few = baskets_of([0, 0], [1, 2], round_steps=30)
    assert (len(few), few.round_steps) == (1, 30)
    many = baskets_of(np.zeros(100), np.arange(100), round_steps=4, batch_size=5)
    assert (len(many), many.round_steps) == (20, 10)


# Early stopping


def pairs_of(purchases):
    pairs = validation_pairs(purchases)
    return list(zip(pairs.query.tolist(), pairs.relevant.tolist(), strict=True))


def test_validation_pairs_are_what_validation_shoppers_bought_on_one_day():
    """The query is one article of a shopper's last day with several, paired with each other one."""
    visits = [0, 0, 0, 0, 0, 0], [7, 8, 1, 2, 3, 9], [1, 1, 5, 5, 5, 6]
    (first, one), (second, other) = pairs_of(bought(*visits, part=VALIDATION))
    assert first == second
    assert sorted([first, one, other]) == [1, 2, 3]


@pytest.mark.parametrize("part", [TEST, TRAINING])
def test_there_are_no_validation_pairs_of_other_shoppers(part):
    assert pairs_of(bought([0, 0, 1, 1], [1, 2, 3, 4], [5, 5, 5, 5], part)) == []
    assert pairs_of(bought([0, 0, 1, 1], [1, 2, 3, 4], [5, 6, 5, 6], VALIDATION)) == []


# Training


def share_found(model, shop, best=12):
    """How often a validation pair's relevant article is among the best, by the final vectors."""
    pairs = validation_pairs(shop)
    scores = unit(model.queries)[pairs.query] @ model.articles.T
    own = np.take_along_axis(scores, pairs.relevant[:, None], axis=1)
    return ((scores > own + 1e-6).sum(axis=1) < best).mean()


def observed_training(shop, settings):
    """Train, and return the vectors and Keras's metrics after each round."""
    from recsys.models import two_tower_keras

    histories = []
    fit = two_tower_keras.RetrievalModel.fit
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            two_tower_keras.RetrievalModel,
            "fit",
            lambda *args, **kwargs: histories.append(fit(*args, **kwargs)),
        )
        model = train(shop, own_products(), meaningless_content(), settings, 1)
    (history,) = histories
    return model, history.history


@pytest.fixture(scope="module")
def observed():
    return observed_training(planted_shop(), SMALL)


@pytest.fixture(scope="module")
def trained(observed):
    return observed[0]


def test_what_the_same_shoppers_buy_becomes_neighbours(trained):
    # By chance it would be 9 of 59.
    assert share_of_own_community(trained, range(len(COMMUNITY))) > 0.8


def test_what_validation_shoppers_bought_together_is_found(observed):
    """The recall for early stopping is that of the final vectors."""
    model, seen = observed
    # By chance it would be 12 of 60.
    best = max(seen["val_factorized_top_k/top_12_categorical_accuracy"])
    assert best > 0.8
    assert share_found(model, planted_shop()) == pytest.approx(best)


def test_what_test_shoppers_buy_is_found_without_training_on_it(trained):
    shop = planted_shop()
    theirs = shop.of(TEST)
    queries = np.flatnonzero(np.diff(theirs.shopper) == 0)
    scores = unit(trained.queries)[theirs.article[queries]] @ trained.articles.T
    best = np.argsort(-scores, axis=1)[:, :MEMBERS]
    assert (best == theirs.article[queries + 1][:, None]).any(axis=1).mean() > 0.8


HASTY = replace(SMALL, round_steps=10, learning_rate=0.5)


@pytest.fixture(scope="module")
def hasty():
    """A training that goes on beyond its best round, and its recall after each round."""
    model, seen = observed_training(planted_shop(noise=0.5), HASTY)
    return model, seen["val_factorized_top_k/top_12_categorical_accuracy"]


def test_training_stops_early_and_keeps_the_best_round(hasty):
    model, found = hasty
    assert len(found) == int(np.argmax(found)) + 1 + HASTY.patience < HASTY.most_rounds
    assert share_found(model, planted_shop(noise=0.5)) == pytest.approx(max(found))


@pytest.mark.exhaustive
def test_training_that_is_cut_off_keeps_the_best_round_too(hasty):
    whole, found = hasty
    settings = replace(HASTY, most_rounds=int(np.argmax(found)) + 2)
    model, seen = observed_training(planted_shop(noise=0.5), settings)
    assert len(seen["loss"]) == settings.most_rounds
    np.testing.assert_array_equal(model.articles, whole.articles)
    np.testing.assert_array_equal(model.queries, whole.queries)


def test_without_validation_shoppers_training_takes_patience_rounds():
    shop = planted_shop()
    alone = shop.where(~VALIDATION.of(shop.bucket)[shop.shopper])
    model, seen = observed_training(alone, replace(SMALL, round_steps=20, patience=4))
    assert len(seen["loss"]) == 4
    assert share_of_own_community(model, range(len(COMMUNITY))) > 0.6


def test_vectors_of_articles_have_length_one_and_all_are_finite(trained):
    assert trained.articles.shape == trained.queries.shape == (len(COMMUNITY), SMALL.dim)
    assert trained.articles.dtype == trained.queries.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(trained.articles, axis=1), 1, atol=1e-5)
    assert np.isfinite(trained.queries).all()


def test_an_article_never_sold_is_close_to_the_community_of_its_content():
    newcomers = [3, 14, 25, 36, 47, 58]
    model = train(planted_shop(newcomers), own_products(), telling_content(), SMALL, 1)
    assert share_of_own_community(model, newcomers) > 0.8


def test_an_article_never_sold_shares_its_product_s_embedding():
    """Where all content is equal, only the product links it to its other colour."""
    products, alike = own_products(), np.ones((len(COMMUNITY), 1), np.float32)
    products[3] = products[4]
    model = train(planted_shop([3]), products, alike, SMALL, 1)
    assert share_of_own_community(model, [3]) > 0.8


@pytest.mark.exhaustive
def test_articles_with_few_buyers_are_not_trained_on():
    """What was bought with them changes no vector; without the bound it does."""
    shop = planted_shop()
    training = TRAINING.of(shop.bucket)[shop.shopper]
    pairs = np.unique(shop.article[training] * 300 + shop.shopper[training])
    buyers = np.bincount(pairs // 300, minlength=len(COMMUNITY))
    fewest = int(np.median(buyers))
    others = shop.where(~training | (buyers[shop.article] >= fewest))
    assert len(others) < len(shop) - 300

    def vectors(bought, bound):
        model = train(bought, own_products(), telling_content(), BRIEF, bound)
        return fingerprint(model.articles, model.queries)

    # All articles of the others have enough buyers, so the bound leaves out none of them.
    expected = vectors(others, 1)
    assert vectors(shop, fewest) == expected
    assert vectors(shop, 1) != expected


def brief_training(shop, **settings):
    return train(shop, own_products(), telling_content(), replace(BRIEF, **settings), 1)


@pytest.fixture(scope="module")
def one_round():
    return brief_training(planted_shop())


@pytest.fixture(scope="module")
def three_rounds():
    return brief_training(planted_shop(), most_rounds=3)


def test_what_test_shoppers_buy_is_not_learned(three_rounds):
    """Nor does it change when training stops."""
    other = brief_training(shuffled(planted_shop(), TEST), most_rounds=3)
    np.testing.assert_array_equal(other.articles, three_rounds.articles)
    np.testing.assert_array_equal(other.queries, three_rounds.queries)


def test_what_validation_shoppers_buy_is_not_learned(one_round):
    other = brief_training(shuffled(planted_shop(), VALIDATION))
    np.testing.assert_array_equal(other.articles, one_round.articles)
    np.testing.assert_array_equal(other.queries, one_round.queries)


def test_what_training_shoppers_buy_is_learned(one_round):
    other = brief_training(shuffled(planted_shop(), TRAINING))
    assert not np.allclose(other.articles, one_round.articles)


def printed_fingerprint():
    """Train in a fresh process, with hashes of its own, and return what it prints."""
    script = "from tests.models.test_two_tower import *; m = brief_training(planted_shop(), "
    script += "most_rounds=3); print(fingerprint(m.articles, m.queries))"
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": path, "PYTHONHASHSEED": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@pytest.mark.exhaustive
def test_another_process_trains_the_same_bytes(three_rounds):
    expected = fingerprint(three_rounds.articles, three_rounds.queries)
    assert printed_fingerprint() == expected


@pytest.mark.exhaustive
def test_another_seed_trains_other_vectors(one_round):
    other = brief_training(planted_shop(), seed=BRIEF.seed + 1)
    assert not np.allclose(other.articles, one_round.articles)


@pytest.mark.parametrize(
    "purchases",
    [
        bought([], [], []),
        bought([0, 1, 2, 3], [0, 1, 2, 3], [1, 2, 3, 4]),
        bought([0, 0, 1, 1], [0, 1, 2, 3], [5, 5, 5, 5], VALIDATION),
        bought([0, 0, 1, 1], [0, 1, 2, 3], [5, 5, 5, 5], TEST),
    ],
    ids=["none", "one a shopper", "by validation shoppers only", "by test shoppers only"],
)
def test_purchases_without_training_examples_are_refused(purchases):
    with pytest.raises(CatalogError, match="two-tower"):
        train(purchases, own_products(), telling_content(), BRIEF, 1)


# Queries


def test_a_basket_is_a_unit_vector_whatever_its_order():
    queries = np.random.default_rng(3).normal(size=(5, 16)).astype(np.float32)
    basket = basket_query(queries)
    assert np.linalg.norm(basket) == pytest.approx(1)
    np.testing.assert_allclose(basket_query(queries[::-1]), basket, atol=1e-6)
    np.testing.assert_allclose(basket, unit(queries.mean(axis=0)), atol=1e-6)


def test_a_basket_query_is_what_the_query_tower_gives():
    """A release averages stored rows; that must be what was trained."""
    import tensorflow as tf

    from recsys.models.two_tower_keras import Tower

    products = int32(np.append(PADDING, 1 + own_products()))
    content = np.pad(telling_content(), [[1, 0], [0, 0]])
    tf.keras.utils.set_random_seed(4)
    tower = Tower(tf.constant(products), tf.constant(products), tf.constant(content), SMALL)
    each = tower(np.arange(1, 61, dtype=np.int32)[:, None]).numpy()
    basket = int32([[8, 3, 41, PADDING, PADDING]])
    expected = basket_query(each[[7, 2, 40]])
    np.testing.assert_allclose(unit(tower(basket).numpy())[0], expected, atol=1e-5)

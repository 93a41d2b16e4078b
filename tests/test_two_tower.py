"""What the same shoppers buy is close, and what nobody bought yet lands beside its like."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recsys.catalog import Purchases
from recsys.errors import CatalogError
from recsys.models.baskets import PADDING, Baskets, Settings
from recsys.models.two_tower import _cut_day, _held_out_queries, _recall, basket_query, train
from recsys.vectors import fingerprint, unit

ROOT = Path(__file__).parents[1]
COMMUNITIES, MEMBERS = 6, 10
COMMUNITY = np.repeat(np.arange(COMMUNITIES), MEMBERS)
SMALL = Settings(dim=16, epochs=1, min_steps=150, batch_size=256)
BRIEF = replace(SMALL, min_steps=3)


def int32(values):
    return np.asarray(values, np.int32)


def bought(shopper, article, day):
    """Purchases from lists, sorted as the catalogue sorts them."""
    shopper, article, day = int32(shopper), int32(article), int32(day)
    order = np.lexsort((day, shopper))
    shoppers = int(shopper.max(initial=-1)) + 1
    price = np.ones(len(order), np.float32)
    return Purchases(shopper[order], article[order], day[order], price, shoppers, 0)


def planted_shop(never_sold=()):
    """300 shoppers who each buy 10 articles of one of 6 communities, over 20 days."""
    random = np.random.default_rng(8)
    shopper = np.repeat(np.arange(300), 10)
    article = COMMUNITY[::MEMBERS][shopper % COMMUNITIES] * MEMBERS
    article = article + random.integers(0, MEMBERS, len(shopper))
    day = random.integers(0, 20, len(shopper))
    sold = ~np.isin(article, never_sold)
    return bought(shopper[sold], article[sold], day[sold])


def meaningless_content():
    return unit(np.random.default_rng(9).normal(size=(len(COMMUNITY), 12)))


def telling_content():
    """What an article says gives away its community, with some noise."""
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
    return Baskets(int32(shopper), int32(article), Settings(**settings))


def one_pass(baskets, epoch=0):
    """Return a pass's baskets and articles, both counted from 0, with -1 for no article."""
    rows, targets = zip(*baskets.batches(epoch), strict=True)
    return np.concatenate(rows) - 1, np.concatenate(targets) - 1


@pytest.fixture(scope="module")
def long_history():
    """One shopper who bought articles 0 to 1999, one after the other."""
    return baskets_of(np.zeros(2000), np.arange(2000), window=5, batch_size=64, basket=4)


def test_every_purchase_is_learned_once_a_pass(long_history):
    _, targets = one_pass(long_history)
    assert sorted(targets) == list(range(2000))
    assert len(list(long_history.batches(0))) == len(long_history) == 32


def test_a_basket_never_contains_what_is_to_be_guessed():
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


def test_few_purchases_are_passed_over_more_often():
    few = baskets_of([0, 0], [1, 2], epochs=2, min_steps=30)
    assert (len(few), few.epochs) == (1, 30)
    many = baskets_of(np.zeros(100), np.arange(100), epochs=2, min_steps=30, batch_size=5)
    assert (len(many), many.epochs) == (20, 2)


# Holding out


@pytest.mark.parametrize(
    ("holdout", "first_day"), [(0.1, 9), (0.25, 8), (0.3, 7), (0.09, 9), (0, 9), (1, 0)]
)
def test_the_latest_days_are_held_out_up_to_a_share_but_one_at_least(holdout, first_day):
    days = np.random.default_rng(1).permutation(np.repeat(int32(range(10)), 10))
    assert _cut_day(days, holdout) == first_day


def test_a_last_day_that_is_larger_than_the_share_is_held_out_whole():
    assert _cut_day(int32([3] * 10 + [5] * 90), 0.1) == 5


def test_a_query_is_what_was_owned_and_its_answer_what_was_new():
    purchases = bought(
        [0, 0, 0, 0, 0, 1, 2, 3, 3],
        [3, 1, 1, 2, 2, 4, 5, 6, 6],
        [2, 1, 9, 9, 9, 9, 1, 1, 9],
    )
    queries = list(_held_out_queries(purchases, purchases.day < 9))
    # The second shopper owned nothing, the third bought nothing, the fourth nothing new.
    assert [(owned.tolist(), new.tolist()) for owned, new in queries] == [([1, 3], [2])]


def test_recall_is_the_share_of_new_articles_among_the_best_twelve_not_owned():
    scores = np.arange(40, 0, -1).astype(np.float32)
    # Two of the best are owned, so the first twelve reach to article 13.
    assert _recall(scores, int32([0, 1]), int32([13, 14, 2, 30])) == 0.5
    assert scores[0] == 40


# Training


@pytest.fixture(scope="module")
def trained():
    return train(planted_shop(), own_products(), meaningless_content(), SMALL)


def test_what_the_same_shoppers_buy_becomes_neighbours(trained):
    model, _ = trained
    # By chance it would be 9 of 59.
    assert share_of_own_community(model, range(len(COMMUNITY))) > 0.8


def test_what_shoppers_buy_later_is_found_far_better_than_by_popularity(trained):
    _, held_out = trained
    assert held_out.shoppers > 50
    assert held_out.recall_at_12 > held_out.popularity_recall_at_12 + 0.3


def test_vectors_of_articles_have_length_one_and_all_are_finite(trained):
    model, _ = trained
    assert model.articles.shape == model.queries.shape == (len(COMMUNITY), SMALL.dim)
    np.testing.assert_allclose(np.linalg.norm(model.articles, axis=1), 1, atol=1e-5)
    assert np.isfinite(model.queries).all()


def test_an_article_never_sold_lands_in_the_community_that_its_content_tells():
    newcomers = [3, 14, 25, 36, 47, 58]
    model, _ = train(planted_shop(newcomers), own_products(), telling_content(), SMALL)
    assert share_of_own_community(model, newcomers) > 0.8


def test_an_article_never_sold_shares_what_its_product_has_learned():
    """Where all are described alike, only the product links it to its sister."""
    products, alike = own_products(), np.ones((len(COMMUNITY), 1), np.float32)
    products[3] = products[4]
    model, _ = train(planted_shop([3]), products, alike, SMALL)
    assert share_of_own_community(model, [3]) > 0.8


def test_what_is_held_out_is_not_learned():
    shop = planted_shop()
    shuffled = shop.article.copy()
    held_out = shop.day >= _cut_day(shop.day, BRIEF.holdout)
    shuffled[held_out] = np.random.default_rng(2).permutation(shuffled[held_out])
    models = [
        train(replace(shop, article=article), own_products(), telling_content(), BRIEF)[0]
        for article in (shop.article, shuffled)
    ]
    assert (shuffled != shop.article).any()
    np.testing.assert_array_equal(models[0].articles, models[1].articles)
    np.testing.assert_array_equal(models[0].queries, models[1].queries)


def brief_fingerprint():
    """What a fresh process prints."""
    model, held_out = train(planted_shop(), own_products(), telling_content(), BRIEF)
    return f"{fingerprint(model.articles, model.queries)} {held_out}"


def test_two_processes_train_the_same_bytes():
    script = "from tests.test_two_tower import brief_fingerprint as f; print(f())"
    printed = [
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for seed in ("1", "2")
    ]
    assert len(printed[0]) > 64
    assert printed[0] == printed[1]


def test_another_seed_trains_other_vectors():
    inputs = planted_shop(), own_products(), telling_content()
    first, second = (train(*inputs, replace(BRIEF, seed=seed))[0] for seed in (1, 2))
    assert not np.allclose(first.articles, second.articles)


@pytest.mark.parametrize(
    "purchases",
    [
        bought([], [], []),
        bought([0, 0, 1], [0, 1, 2], [5, 5, 5]),
        bought([0, 1, 2, 3], [0, 1, 2, 3], [1, 2, 3, 4]),
    ],
    ids=["none", "all on one day", "one a shopper"],
)
def test_purchases_that_teach_nothing_are_refused_rather_than_answered_at_random(purchases):
    with pytest.raises(CatalogError, match="two-tower"):
        train(purchases, own_products(), telling_content(), BRIEF)


# Asking


def test_a_basket_is_a_unit_vector_whatever_its_order():
    queries = np.random.default_rng(3).normal(size=(5, 16)).astype(np.float32)
    basket = basket_query(queries)
    assert np.linalg.norm(basket) == pytest.approx(1)
    np.testing.assert_allclose(basket_query(queries[::-1]), basket, atol=1e-6)
    np.testing.assert_allclose(basket, unit(queries.mean(axis=0)), atol=1e-6)


def test_a_basket_is_read_as_the_query_tower_reads_it(trained):
    """A release answers with averages of stored rows; that must be what was trained."""
    import tensorflow as tf

    from recsys.models.towers import Tower

    products = int32(np.append(PADDING, 1 + own_products()))
    content = np.pad(telling_content(), [[1, 0], [0, 0]])
    tf.keras.utils.set_random_seed(4)
    tower = Tower(tf.constant(products), tf.constant(products), tf.constant(content), SMALL)
    each = tower(np.arange(1, 61, dtype=np.int32)[:, None]).numpy()
    basket = int32([[8, 3, 41, PADDING, PADDING]])
    expected = basket_query(each[[7, 2, 40]])
    np.testing.assert_allclose(unit(tower(basket).numpy())[0], expected, atol=1e-5)

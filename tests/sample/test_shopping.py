"""Simulated purchases: what shoppers prefer, and what they buy."""

import numpy as np
import pandas as pd
import pytest

from recsys.sample.product_types import PRODUCT_TYPES
from recsys.sample.products import Product, generate_products
from recsys.sample.shopping import (
    DAYS,
    FIRST_DAY,
    STYLES,
    Assortment,
    ShopperPreferences,
    build_assortment,
    make_shoppers,
    simulate_purchases,
)

SHOPPERS, VISITS = 120, 900


@pytest.fixture(scope="module")
def products() -> tuple[Product, ...]:
    return generate_products(PRODUCT_TYPES, np.random.default_rng(5))


@pytest.fixture(scope="module")
def assortment(products: tuple[Product, ...]) -> Assortment:
    return build_assortment(products, np.random.default_rng(1))


@pytest.fixture(scope="module")
def shoppers(assortment: Assortment, products: tuple[Product, ...]) -> ShopperPreferences:
    return make_shoppers(assortment, products, SHOPPERS, np.random.default_rng(2))


@pytest.fixture(scope="module")
def purchases(assortment: Assortment, shoppers: ShopperPreferences) -> pd.DataFrame:
    return simulate_purchases(assortment, shoppers, VISITS, np.random.default_rng(3))


def test_the_assortment_has_every_article_once(
    assortment: Assortment, products: tuple[Product, ...]
):
    assert assortment.ids.tolist() == [number for p in products for number in p.article_ids]
    for name, values in vars(assortment).items():
        assert len(values) == len(assortment.ids), name


def test_all_colours_of_a_product_have_one_style(assortment: Assortment):
    styles = pd.Series(assortment.style).groupby(assortment.product).nunique()

    assert (styles == 1).all()
    assert set(assortment.style.tolist()) == set(range(STYLES))


def test_styles_are_independent_of_product_lines(assortment: Assortment):
    """So that words do not give a style away."""
    share = pd.crosstab(assortment.line, assortment.style, normalize="index")
    large = pd.Series(assortment.line).value_counts() > 60

    assert share.loc[large[large].index].max(axis=None) < 0.45


def test_shoppers_prefer_a_style_of_their_own(assortment: Assortment, shoppers: ShopperPreferences):
    utility = np.where(np.isfinite(shoppers.utility), shoppers.utility, np.nan)
    means = [np.nanmean(utility[:, assortment.style == s], axis=1) for s in range(STYLES)]
    lead = np.max(means, axis=0) - np.median(means, axis=0)

    assert (lead > 1.0).mean() > 0.9
    assert len(set(np.argmax(means, axis=0).tolist())) == STYLES


def test_a_few_articles_are_never_sold(
    assortment: Assortment, shoppers: ShopperPreferences, purchases: pd.DataFrame
):
    unsold = np.isneginf(assortment.popularity)

    assert 0 < unsold.mean() < 0.06
    assert (np.isneginf(shoppers.utility) == unsold).all()
    assert not unsold[purchases["article"]].any()


def test_articles_are_sold_from_their_first_to_their_last_day(
    assortment: Assortment, purchases: pd.DataFrame
):
    day, article = purchases["day"].to_numpy(), purchases["article"].to_numpy()

    assert (assortment.launch[article] <= day).all()
    assert (day <= assortment.last[article]).all()


def test_purchases_are_sorted_and_within_the_two_years(purchases: pd.DataFrame):
    assert purchases["day"].between(0, DAYS - 1).all()
    assert str(FIRST_DAY + DAYS - 1) == "2020-09-22"
    pd.testing.assert_frame_equal(
        purchases, purchases.sort_values(["day", "shopper"], kind="stable", ignore_index=True)
    )


def test_every_shopper_comes_and_some_more_often(
    shoppers: ShopperPreferences, purchases: pd.DataFrame
):
    counts = purchases.groupby("shopper")["day"].count()
    frequent = np.argsort(shoppers.visit_share)[-20:]

    assert len(counts) == SHOPPERS
    assert shoppers.visit_share.sum() == pytest.approx(1)
    assert counts[frequent].mean() > 2 * counts.mean()


def test_shoppers_buy_what_they_prefer(shoppers: ShopperPreferences, purchases: pd.DataFrame):
    bought = shoppers.utility[purchases["shopper"], purchases["article"]]
    median = np.median(shoppers.utility, axis=1)[purchases["shopper"]]

    assert (bought > median).mean() > 0.85


def test_prices_are_full_or_reduced(assortment: Assortment, purchases: pd.DataFrame):
    full = np.round(assortment.price[purchases["article"]], 2)

    assert (purchases["price"] <= full).all()
    assert 0.75 < (purchases["price"] == full).mean() < 1


def test_the_same_seed_gives_the_same_purchases(
    assortment: Assortment, shoppers: ShopperPreferences, purchases: pd.DataFrame
):
    again = simulate_purchases(assortment, shoppers, VISITS, np.random.default_rng(3))

    pd.testing.assert_frame_equal(again, purchases)

"""ShopperTastes with tastes of their own, and what they buy over two years.

A shopper likes some lines, colours, indexes and price levels, which an article's words and photo
give away, and a style or two, which nothing but other shoppers' baskets does. Articles have their
season, their time in the shop and their fame.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recsys.sample.products import Product

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FIRST_DAY = np.datetime64("2018-09-20")
DAYS = 734
STYLES = 10
NEVER_SOLD = 0.025
MAIN_INDEXES = ("ADC", "F", "GHIJ")
"""The indexes women, men and parents buy from."""


@dataclass(frozen=True)
class Shelf:
    """What shoppers see of every article; all arrays have one row an article.

    Attributes:
        ids: its id.
        product: the number of its product.
        line, colour, index: numbers of its line, colour group and index.
        style: its hidden style, the same for all colours of a product.
        price: its full price in euros.
        peak: the month it sells best in, 0 for none.
        fame: how much better known it is than others; -inf where it is never sold.
        launch, leave: the first and the last day it is in the shop.
    """

    ids: NDArray[np.str_]
    product: Ints
    line: Ints
    colour: Ints
    index: Ints
    style: Ints
    price: Floats
    peak: Ints
    fame: Floats
    launch: Ints
    leave: Ints


@dataclass(frozen=True)
class ShopperTastes:
    """Who shops: how much each likes every article, how often each comes, and where.

    Attributes:
        taste: shape (shoppers, articles).
        zeal: how often each comes, adding up to 1.
        online: the share of each shopper's visits that are online.
    """

    taste: Floats
    zeal: Floats
    online: Floats


def fill_shelf(products: tuple[Product, ...], rng: np.random.Generator) -> Shelf:
    """Put every article of the products on the shelf."""
    sizes = [len(product.colours) for product in products]
    owner = np.repeat(np.arange(len(products)), sizes)
    ids = np.array([number for product in products for number in product.article_ids])
    fame = rng.normal(0, 0.7, len(products))[owner] + rng.normal(0, 0.45, len(owner))
    fame[rng.random(len(owner)) < NEVER_SOLD] = -np.inf
    launch = np.maximum(rng.integers(-420, 640, len(products)), 0)
    stay = rng.integers(260, 900, len(products))
    return Shelf(
        ids=ids,
        product=owner,
        line=_numbered([product.kind.line for product in products])[owner],
        colour=np.array([colour.code for product in products for colour in product.colours]),
        index=_numbered([product.department.index_code for product in products])[owner],
        style=rng.integers(0, STYLES, len(products))[owner],
        price=np.array([product.price for product in products])[owner],
        peak=np.array([product.kind.peak for product in products])[owner],
        fame=fame,
        launch=launch[owner],
        leave=(launch + stay)[owner],
    )


def _numbered(labels: list[str]) -> Ints:
    """The labels as numbers, counted in alphabetical order."""
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def invite_shoppers(
    shelf: Shelf, products: tuple[Product, ...], count: int, rng: np.random.Generator
) -> ShopperTastes:
    """That many shoppers, each with tastes drawn at random."""
    likings = (
        rng.normal(0, 1.1, (count, shelf.line.max() + 1))[:, shelf.line],
        rng.normal(0, 0.8, (count, shelf.colour.max() + 1))[:, shelf.colour],
        _index_taste(products, count, rng)[:, shelf.product],
        _style_taste(count, rng)[:, shelf.style],
        -np.abs(np.log(shelf.price)[None] - rng.normal(2.8, 0.4, (count, 1))) * 1.5,
    )
    zeal = rng.lognormal(0, 0.9, count)
    online = rng.beta(1.4, 0.7, count)
    return ShopperTastes(np.sum(likings, axis=0) + shelf.fame, zeal / zeal.sum(), online)


def _index_taste(products: tuple[Product, ...], count: int, rng: np.random.Generator) -> Floats:
    """How much shoppers like the index of every product, (count, products)."""
    codes = [product.department.index_code for product in products]
    main = rng.choice(2, count, p=(0.72, 0.28))
    parent = rng.random(count) < 0.4
    own = np.array([[code in MAIN_INDEXES[side] for code in codes] for side in (0, 1)])[main]
    child = np.array([code in MAIN_INDEXES[2] for code in codes])
    sport = np.array([code == "S" for code in codes])
    young = rng.normal(0, 0.8, (count, 1)) * np.array([code == "D" for code in codes])
    liked = own | (child & parent[:, None])
    return np.asarray(np.where(liked, 0.0, np.where(sport, -0.6, -3.2)) + young)


def _style_taste(count: int, rng: np.random.Generator) -> Floats:
    """How much shoppers like every style: one of them much, another a little."""
    taste = np.zeros((count, STYLES))
    order = rng.permuted(np.tile(np.arange(STYLES), (count, 1)), axis=1)
    np.put_along_axis(taste, order[:, :2], np.array([[3.2, 1.8]]), axis=1)
    return taste


def go_shopping(
    shelf: Shelf, shoppers: ShopperTastes, visits: int, rng: np.random.Generator
) -> pd.DataFrame:
    """That many visits to the shop, at least one by every shopper; one row a purchase.

    Sorted by day, then shopper. Columns: day (int, 0 on the first day), shopper (int), article
    (int, the row on the shelf), price (float, in the shop's unit) and sales_channel_id (1 in a
    store, 2 online).
    """
    busy = _busyness(rng)
    days = np.sort(rng.choice(DAYS, visits, p=busy / busy.sum()))
    count = len(shoppers.zeal)
    eager = rng.choice(count, visits - count, p=shoppers.zeal)
    who = rng.permutation(np.concatenate([np.arange(count), eager]))
    sizes = 1 + np.minimum(rng.poisson(1.15, visits), 8)
    season, owned = _season(shelf), np.zeros(shoppers.taste.shape, bool)
    months = _month(np.arange(DAYS))
    bought: list[Ints] = []
    for day, shopper, size in zip(days.tolist(), who.tolist(), sizes.tolist(), strict=True):
        wish = shoppers.taste[shopper] + season[months[day] - 1] - 1.5 * owned[shopper]
        here = (shelf.launch <= day) & (day <= shelf.leave)
        bought.append(_basket(np.where(here, wish, -np.inf), size, rng))
        owned[shopper, bought[-1]] = True
    counts = [len(basket) for basket in bought]
    table = pd.DataFrame({"day": np.repeat(days, counts), "shopper": np.repeat(who, counts)})
    table["article"] = np.concatenate(bought)
    table["price"] = _prices(shelf, table, rng)
    store = rng.random(visits) > shoppers.online[who]
    table["sales_channel_id"] = np.repeat(np.where(store, 1, 2), counts)
    return table.sort_values(["day", "shopper"], kind="stable", ignore_index=True)


def _basket(wish: Floats, size: int, rng: np.random.Generator) -> Ints:
    """Articles drawn by how much they are wished for; now and then one of them twice."""
    luck = wish + rng.gumbel(0, 1, len(wish))
    chosen = np.argsort(-luck)[:size]
    return np.concatenate([chosen, chosen[:1]]) if rng.random() < 0.08 else chosen


def _month(days: Ints) -> Ints:
    """The calendar month, 1 to 12, of every day."""
    return (FIRST_DAY + days).astype("datetime64[M]").astype(np.int64) % 12 + 1


def _season(shelf: Shelf) -> Floats:
    """How much every article is in season, (12, articles)."""
    away = 2 * np.pi * (np.arange(1, 13)[:, None] - shelf.peak) / 12
    return np.where(shelf.peak > 0, 1.6 * np.cos(away), 0.0)


def _busyness(rng: np.random.Generator) -> Floats:
    """How busy the shop is on every day: more so at weekends and before Christmas."""
    days = np.arange(DAYS)
    weekend = ((FIRST_DAY + days).astype("datetime64[D]").astype(np.int64) + 3) % 7 >= 5
    return (1 + 0.4 * weekend + 0.5 * (_month(days) >= 11)) * rng.uniform(0.7, 1.3, DAYS)


def _prices(shelf: Shelf, table: pd.DataFrame, rng: np.random.Generator) -> Floats:
    """What was paid: the full price or, in some months, a reduced one."""
    days, article = table["day"].to_numpy(), table["article"].to_numpy()
    period = days // 30
    reduced = rng.random((len(shelf.ids), DAYS // 30 + 1)) < 0.12
    factor = rng.choice((0.9, 0.8, 0.7, 0.5), reduced.shape, p=(0.3, 0.3, 0.25, 0.15))
    paid = np.where(reduced, factor, 1.0)[article, period]
    return np.asarray(np.round(shelf.price[article] * paid / 590, 6))

"""Simulated purchases: shoppers with preferences of their own, over two years.

Shoppers choose by the multinomial logit model: an article's utility is the sum of how much the
shopper likes its product line, colour, index and price, which words and photo give away, and its
style, which only other shoppers' baskets do. Season, popularity and time on sale come on top.
The scales below were set so that a recommender finds something to learn in a sample this small:
each part moves purchases, and none decides them alone.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recsys.sample.products import Product

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FIRST_DAY, DAYS = np.datetime64("2018-09-20"), 734
"""The first day and the length of the original's purchases, which end on 2020-09-22."""
STYLES = 10
NEVER_SOLD = 0.025
"""Share of articles that nobody buys, so that new and unsold articles can be tested."""
POPULARITY_SCALES = (0.7, 0.45)
"""Standard deviations of the log popularity of products and of their articles."""
LINE_SCALE, COLOUR_SCALE, YOUTH_SCALE = 1.1, 0.8, 0.8
"""Standard deviations of the utility of a line, a colour and the index for young women (D)."""
LOG_PRICE, PRICE_SCALE, PRICE_WEIGHT = 2.8, 0.4, 1.5
"""Mean and standard deviation of the log price that shoppers prefer, and its weight."""
STYLE_UTILITIES = (3.2, 1.8)
"""Utilities of a shopper's first and second style: higher than those of labels, see above."""
SPORT_UTILITY, FOREIGN_UTILITY = -0.6, -3.2
"""Utilities of sportswear and of the indexes for other people."""
MEN, PARENTS = 0.28, 0.4
"""Shares of shoppers who buy menswear rather than ladieswear, and who also buy for children."""
WOMEN_INDEXES, MEN_INDEXES, CHILD_INDEXES = "ADC", "F", "GHIJ"
SEASON_UTILITY, REPEAT_UTILITY = 1.6, -1.5
"""Utility in the best month (its negative half a year later), and of what one has already."""


@dataclass(frozen=True)
class Assortment:
    """The articles as shoppers see them; all arrays have one row for each article.

    Attributes:
        ids: article ids.
        product: number of its product.
        line, colour, index: numbers of its line, colour group and index.
        style: its hidden style, the same for all colours of a product.
        price: its full price in euros.
        peak_month: the month in which it sells best, 0 for none.
        popularity: log popularity; -inf where it is never sold.
        launch, last: the first and the last day on which it is on sale.
    """

    ids: NDArray[np.str_]
    product: Ints
    line: Ints
    colour: Ints
    index: Ints
    style: Ints
    price: Floats
    peak_month: Ints
    popularity: Floats
    launch: Ints
    last: Ints


@dataclass(frozen=True)
class ShopperPreferences:
    """What shoppers like, how often they come, and where.

    Attributes:
        utility: of every article for every shopper, shape (shoppers, articles).
        visit_share: the probability that a visit is by each shopper, shape (shoppers,).
        online: the share of each shopper's visits that are online, shape (shoppers,).
    """

    utility: Floats
    visit_share: Floats
    online: Floats


def build_assortment(products: tuple[Product, ...], rng: np.random.Generator) -> Assortment:
    """Return the articles of the products, with random style, popularity and time on sale."""
    sizes = [len(product.colours) for product in products]
    owner = np.repeat(np.arange(len(products)), sizes)
    ids = np.array([number for product in products for number in product.article_ids])
    of_products, of_articles = POPULARITY_SCALES
    popularity = rng.normal(0, of_products, len(products))[owner]
    popularity += rng.normal(0, of_articles, len(owner))
    popularity[rng.random(len(owner)) < NEVER_SOLD] = -np.inf
    # Two in five products are on sale from the start; all stay for 260 to 900 days.
    launch = np.maximum(rng.integers(-420, 640, len(products)), 0)
    stay = rng.integers(260, 900, len(products))
    return Assortment(
        ids=ids,
        product=owner,
        line=_numbered([product.product_type.line for product in products])[owner],
        colour=np.array([colour.code for product in products for colour in product.colours]),
        index=_numbered([product.department.index_code for product in products])[owner],
        style=rng.integers(0, STYLES, len(products))[owner],
        price=np.array([product.price for product in products])[owner],
        peak_month=np.array([product.product_type.peak_month for product in products])[owner],
        popularity=popularity,
        launch=launch[owner],
        last=(launch + stay)[owner],
    )


def _numbered(labels: list[str]) -> Ints:
    """Return the labels as numbers, counted in alphabetical order."""
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def make_shoppers(
    assortment: Assortment, products: tuple[Product, ...], count: int, rng: np.random.Generator
) -> ShopperPreferences:
    """Return that many shoppers with random preferences."""
    lines, colours = assortment.line.max() + 1, assortment.colour.max() + 1
    log_price = np.log(assortment.price)[None]
    parts = (
        rng.normal(0, LINE_SCALE, (count, lines))[:, assortment.line],
        rng.normal(0, COLOUR_SCALE, (count, colours))[:, assortment.colour],
        _index_utility(products, count, rng)[:, assortment.product],
        _style_utility(count, rng)[:, assortment.style],
        -np.abs(log_price - rng.normal(LOG_PRICE, PRICE_SCALE, (count, 1))) * PRICE_WEIGHT,
    )
    visits = rng.lognormal(0, 0.9, count)  # some come often, many seldom
    online = rng.beta(1.4, 0.7, count)  # two thirds on average
    utility = np.sum(parts, axis=0) + assortment.popularity
    return ShopperPreferences(utility, visits / visits.sum(), online)


def _index_utility(products: tuple[Product, ...], count: int, rng: np.random.Generator) -> Floats:
    """Return the utility of every product's index for every shopper, (count, products)."""
    codes = [product.department.index_code for product in products]
    man = rng.choice(2, count, p=(1 - MEN, MEN))
    parent = rng.random(count) < PARENTS
    adults = (WOMEN_INDEXES, MEN_INDEXES)
    own = np.array([[code in indexes for code in codes] for indexes in adults])[man]
    child = np.array([code in CHILD_INDEXES for code in codes])
    sport = np.array([code == "S" for code in codes])
    young = rng.normal(0, YOUTH_SCALE, (count, 1)) * np.array([code == "D" for code in codes])
    liked = own | (child & parent[:, None])
    others = np.where(sport, SPORT_UTILITY, FOREIGN_UTILITY)
    return np.asarray(np.where(liked, 0.0, others) + young)


def _style_utility(count: int, rng: np.random.Generator) -> Floats:
    """Return the utility of every style for every shopper, who likes two; (count, styles)."""
    utility = np.zeros((count, STYLES))
    order = rng.permuted(np.tile(np.arange(STYLES), (count, 1)), axis=1)
    np.put_along_axis(utility, order[:, :2], np.array([STYLE_UTILITIES]), axis=1)
    return utility


def simulate_purchases(
    assortment: Assortment, shoppers: ShopperPreferences, visits: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Return the purchases of that many visits, at least one by every shopper.

    Sorted by day, then shopper, one row for each purchase. Columns: day (int, 0 on the first day),
    shopper (int), article (int, its row in the assortment), price (float, in euros)
    and sales_channel_id (1 in a store, 2 online).
    """
    days, who = _visits(shoppers, visits, rng)
    baskets = _baskets(assortment, shoppers, days, who, rng)
    counts = [len(basket) for basket in baskets]
    table = pd.DataFrame({"day": np.repeat(days, counts), "shopper": np.repeat(who, counts)})
    table["article"] = np.concatenate(baskets)
    table["price"] = _prices(assortment, table, rng)
    store = rng.random(visits) > shoppers.online[who]
    table["sales_channel_id"] = np.repeat(np.where(store, 1, 2), counts)
    return table.sort_values(["day", "shopper"], kind="stable", ignore_index=True)


def _visits(
    shoppers: ShopperPreferences, visits: int, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Return the day and the shopper of every visit, sorted by day."""
    crowd = _crowd(rng)
    days = np.sort(rng.choice(DAYS, visits, p=crowd / crowd.sum()))
    count = len(shoppers.visit_share)
    further = rng.choice(count, visits - count, p=shoppers.visit_share)
    return days, rng.permutation(np.concatenate([np.arange(count), further]))


def _baskets(
    assortment: Assortment,
    shoppers: ShopperPreferences,
    days: Ints,
    who: Ints,
    rng: np.random.Generator,
) -> list[Ints]:
    """Return the articles bought on every visit: about two on average and nine at most."""
    sizes = 1 + np.minimum(rng.poisson(1.15, len(days)), 8)
    season, owned = _season_utility(assortment), np.zeros(shoppers.utility.shape, bool)
    months = _month(np.arange(DAYS))
    baskets: list[Ints] = []
    for day, shopper, size in zip(days.tolist(), who.tolist(), sizes.tolist(), strict=True):
        utility = shoppers.utility[shopper] + season[months[day] - 1]
        utility += REPEAT_UTILITY * owned[shopper]
        on_sale = (assortment.launch <= day) & (day <= assortment.last)
        baskets.append(_basket(np.where(on_sale, utility, -np.inf), size, rng))
        owned[shopper, baskets[-1]] = True
    return baskets


def _basket(utility: Floats, size: int, rng: np.random.Generator) -> Ints:
    """Return the chosen articles; one basket in twelve holds one of them twice.

    The largest utilities after adding Gumbel noise are a draw without replacement from the
    multinomial logit model (Yellott 1977).
    """
    chosen = np.argsort(-(utility + rng.gumbel(0, 1, len(utility))))[:size]
    return np.concatenate([chosen, chosen[:1]]) if rng.random() < 0.08 else chosen


def _month(days: Ints) -> Ints:
    """Return the calendar month, 1 to 12, of every day."""
    return (FIRST_DAY + days).astype("datetime64[M]").astype(np.int64) % 12 + 1


def _season_utility(assortment: Assortment) -> Floats:
    """Return the utility of every article in every month, shape (12, articles)."""
    phase = 2 * np.pi * (np.arange(1, 13)[:, None] - assortment.peak_month) / 12
    return np.where(assortment.peak_month > 0, SEASON_UTILITY * np.cos(phase), 0.0)


def _crowd(rng: np.random.Generator) -> Floats:
    """Return how busy every day is: more so at weekends and in November and December."""
    days = np.arange(DAYS)
    # 1970-01-01, day 0 of numpy's calendar, was a Thursday: adding 3 makes Mondays 0.
    weekend = ((FIRST_DAY + days).astype("datetime64[D]").astype(np.int64) + 3) % 7 >= 5
    return (1 + 0.4 * weekend + 0.5 * (_month(days) >= 11)) * rng.uniform(0.7, 1.3, DAYS)


def _prices(assortment: Assortment, table: pd.DataFrame, rng: np.random.Generator) -> Floats:
    """Return what was paid: the full price or, for 12 % of 30-day periods, a reduced one."""
    days, article = table["day"].to_numpy(), table["article"].to_numpy()
    reduced = rng.random((len(assortment.ids), DAYS // 30 + 1)) < 0.12
    factor = rng.choice((0.9, 0.8, 0.7, 0.5), reduced.shape, p=(0.3, 0.3, 0.25, 0.15))
    paid = np.where(reduced, factor, 1.0)[article, days // 30]
    return np.asarray(np.round(assortment.price[article] * paid, 2))

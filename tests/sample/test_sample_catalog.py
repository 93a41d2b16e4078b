"""The sample catalogue: laid out as Kaggle's, consistent, and with something to learn from."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from recsys.catalog.schema import LICENSE_FILE
from recsys.errors import CatalogError
from recsys.sample import sample_catalog
from recsys.sample.departments import DEPARTMENTS, GARMENT_GROUPS, INDEXES, SECTIONS, Department
from recsys.sample.descriptions import DETAILS, FABRICS, NECKLINES, SLEEVES, describe
from recsys.sample.drawing.fabrics import COLOURS, TEXTURES, rgb
from recsys.sample.drawing.outlines import Cut
from recsys.sample.drawing.patterns import PRINTS
from recsys.sample.photographs import SHAPES, draw
from recsys.sample.product_types import Kind, options
from recsys.sample.products import Product, invent_products
from recsys.sample.sample_catalog import (
    MARKER,
    article_table,
    customer_table,
    draw_sample,
    purchase_table,
)
from recsys.sample.shopping import (
    DAYS,
    FIRST_DAY,
    STYLES,
    Shelf,
    ShopperTastes,
    fill_shelf,
    go_shopping,
    invite_shoppers,
)
from recsys.sample.wardrobe import KINDS

ARTICLE_COLUMNS = [
    *("article_id", "product_code", "prod_name"),
    *("product_type_no", "product_type_name", "product_group_name"),
    *("graphical_appearance_no", "graphical_appearance_name"),
    *("colour_group_code", "colour_group_name"),
    *("perceived_colour_value_id", "perceived_colour_value_name"),
    *("perceived_colour_master_id", "perceived_colour_master_name"),
    *("department_no", "department_name", "index_code", "index_name"),
    *("index_group_no", "index_group_name", "section_no", "section_name"),
    *("garment_group_no", "garment_group_name", "detail_desc"),
]
CUSTOMER_COLUMNS = [
    *("customer_id", "FN", "Active", "club_member_status"),
    *("fashion_news_frequency", "age", "postal_code"),
]
PURCHASE_COLUMNS = ["t_dat", "customer_id", "article_id", "price", "sales_channel_id"]
TABLES = {
    "articles.csv": ARTICLE_COLUMNS,
    "customers.csv": CUSTOMER_COLUMNS,
    "transactions_train.csv": PURCHASE_COLUMNS,
}


def read(folder: Path, name: str) -> pd.DataFrame:
    ids = {"article_id": str, "product_code": str, "customer_id": str}
    return pd.read_csv(folder / name, dtype=ids, keep_default_na=False, na_values={"age": [""]})


@pytest.fixture(scope="module")
def articles(sample_folder: Path) -> pd.DataFrame:
    return read(sample_folder, "articles.csv")


@pytest.fixture(scope="module")
def customers(sample_folder: Path) -> pd.DataFrame:
    return read(sample_folder, "customers.csv")


@pytest.fixture(scope="module")
def purchases(sample_folder: Path) -> pd.DataFrame:
    return read(sample_folder, "transactions_train.csv")


@pytest.fixture(scope="module")
def bought(articles: pd.DataFrame, purchases: pd.DataFrame) -> pd.DataFrame:
    """Every purchase with what was bought."""
    table = purchases.merge(articles, on="article_id", validate="many_to_one")
    return table.assign(month=table["t_dat"].str[5:7].astype(int))


@pytest.fixture(scope="module")
def photos(sample_folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted((sample_folder / "images").rglob("*.jpg"))}


@pytest.fixture(scope="module")
def products() -> tuple[Product, ...]:
    return invent_products(KINDS, np.random.default_rng(5))


@pytest.fixture
def tiny_shop(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shop so small that it is drawn in a moment."""
    chosen = tuple(replace(kind, share=2) for kind in KINDS if kind.line in ("caps", "scarves"))
    monkeypatch.setattr(sample_catalog, "KINDS", chosen)
    monkeypatch.setattr(sample_catalog, "SHOPPERS", 10)
    monkeypatch.setattr(sample_catalog, "VISITS", 20)


def snapshot(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


# The folder is laid out as Kaggle's.


def test_the_folder_holds_the_three_tables_and_the_photos(sample_folder: Path):
    names = {path.name for path in sample_folder.iterdir()}

    assert names == {*TABLES, "images", MARKER, LICENSE_FILE}


@pytest.mark.parametrize("name", TABLES)
def test_tables_have_exactly_the_columns_of_the_original(sample_folder: Path, name: str):
    assert read(sample_folder, name).columns.tolist() == TABLES[name]


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_plain_utf8_with_unix_line_ends(sample_folder: Path, name: str):
    content = (sample_folder / name).read_bytes()

    assert b"\r" not in content
    assert content.endswith(b"\n")
    assert content.decode("utf-8")


def test_photos_lie_in_the_folder_of_their_first_three_digits(sample_folder: Path):
    files = [path for path in (sample_folder / "images").rglob("*") if path.is_file()]

    assert files
    for path in files:
        assert re.fullmatch(r"0\d{9}\.jpg", path.name)
        assert path.parent == sample_folder / "images" / path.name[:3]


def test_the_sample_has_the_size_of_a_small_shop(
    articles: pd.DataFrame, customers: pd.DataFrame, purchases: pd.DataFrame
):
    assert 1100 <= len(articles) <= 1400
    assert 370 <= articles["product_code"].nunique() <= 430
    assert len(customers) == 800
    assert 11_000 <= len(purchases) <= 13_000


# Articles.


def test_article_ids_are_ten_digits_and_unique(articles: pd.DataFrame):
    assert articles["article_id"].str.fullmatch(r"0\d{9}").all()
    assert articles["article_id"].is_unique
    assert articles["article_id"].is_monotonic_increasing


def test_article_ids_hold_the_product_code_and_a_colour_number(articles: pd.DataFrame):
    assert (articles["article_id"].str[1:7] == articles["product_code"]).all()
    assert (articles["article_id"].str[7:] >= "001").all()


def test_products_come_in_one_to_six_colours(articles: pd.DataFrame):
    counts = articles.groupby("product_code").size()

    assert counts.min() == 1
    assert counts.max() == 6
    assert (counts > 1).mean() > 0.7


def test_colours_of_a_product_share_all_but_their_colour(articles: pd.DataFrame):
    own = [name for name in ARTICLE_COLUMNS if "colour" not in name and name != "article_id"]

    assert (articles.groupby("product_code")[own].nunique() == 1).all().all()


def test_a_product_comes_in_every_colour_only_once(articles: pd.DataFrame):
    assert not articles.duplicated(["product_code", "colour_group_name"]).any()


def test_product_names_are_short_and_fanciful(articles: pd.DataFrame):
    names = articles.groupby("product_code")["prod_name"].first()

    assert names.is_unique
    assert names.str.fullmatch(r"[A-Z][a-z]+ [a-z]+").all()


def test_there_is_variety(articles: pd.DataFrame):
    assert articles["product_type_name"].nunique() >= 14
    assert articles["colour_group_name"].nunique() >= 14
    assert articles["graphical_appearance_name"].nunique() >= 7
    assert articles["index_name"].nunique() >= 8
    assert articles["department_name"].nunique() >= 30


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("product_type_no", "product_type_name"),
        ("graphical_appearance_no", "graphical_appearance_name"),
        ("colour_group_code", "colour_group_name"),
        ("perceived_colour_value_id", "perceived_colour_value_name"),
        ("perceived_colour_master_id", "perceived_colour_master_name"),
        ("index_code", "index_name"),
        ("index_group_no", "index_group_name"),
        ("section_no", "section_name"),
        ("garment_group_no", "garment_group_name"),
    ],
)
def test_codes_and_names_belong_together(articles: pd.DataFrame, code: str, name: str):
    pairs = articles[[code, name]].drop_duplicates()

    assert pairs[code].is_unique
    assert pairs[name].is_unique


def test_only_descriptions_are_ever_empty(articles: pd.DataFrame):
    empty = (articles == "").any()

    assert empty[empty].index.tolist() == ["detail_desc"]


@pytest.mark.parametrize(
    ("product_type", "groups"),
    [
        ("Dress", {"Ladieswear", "Divided", "Baby/Children"}),
        ("Skirt", {"Ladieswear", "Divided", "Baby/Children"}),
        ("Blouse", {"Ladieswear", "Divided", "Baby/Children"}),
        ("Polo shirt", {"Menswear", "Baby/Children"}),
        ("Coat", {"Ladieswear", "Divided", "Menswear"}),
    ],
)
def test_garments_are_sold_where_they_belong(
    articles: pd.DataFrame, product_type: str, groups: set[str]
):
    sold = articles.loc[articles["product_type_name"] == product_type, "index_group_name"]

    assert set(sold) <= groups


@pytest.mark.parametrize(
    ("product_type", "group"),
    [
        ("Dress", "Garment Full body"),
        ("T-shirt", "Garment Upper body"),
        ("Coat", "Garment Upper body"),
        ("Trousers", "Garment Lower body"),
        ("Skirt", "Garment Lower body"),
        ("Boots", "Shoes"),
        ("Bag", "Accessories"),
    ],
)
def test_types_are_grouped_as_in_the_original(
    articles: pd.DataFrame, product_type: str, group: str
):
    assert set(
        articles.loc[articles["product_type_name"] == product_type, "product_group_name"]
    ) == {group}


def test_jeans_are_denim_and_sold_by_denim_departments(articles: pd.DataFrame):
    jeans = articles[articles["prod_name"].str.endswith(" jeans")]

    assert set(jeans["graphical_appearance_name"]) == {"Denim"}
    assert set(jeans["garment_group_name"]) == {"Trousers Denim"}
    assert jeans["department_name"].str.contains("denim", case=False).all()


# Descriptions.


@pytest.fixture(scope="module")
def described(articles: pd.DataFrame) -> pd.DataFrame:
    return articles[articles["detail_desc"] != ""].drop_duplicates("product_code")


def test_a_handful_of_articles_lacks_a_description(articles: pd.DataFrame):
    assert 0.003 < (articles["detail_desc"] == "").mean() < 0.025


def test_descriptions_are_whole_sentences(described: pd.DataFrame):
    for text in described["detail_desc"]:
        assert re.fullmatch(r"([A-Z0-9][^.]*\.)( [A-Z][^.]*\.)*", text), text
        assert "  " not in text
        assert " ," not in text
        assert "{" not in text
        assert 20 < len(text) < 400


def test_descriptions_name_no_colour(described: pd.DataFrame):
    colours = "black|white|blue|grey|pink|beige|red|green|khaki|yellow|purple|brown"
    words = rf"\b(?:{colours})\b"

    assert not described["detail_desc"].str.lower().str.contains(words).any()


def test_descriptions_are_hardly_ever_the_same(described: pd.DataFrame):
    assert described["detail_desc"].nunique() > 0.85 * len(described)


@pytest.mark.parametrize(
    ("appearance", "words"),
    [
        ("Stripe", "striped"),
        ("Check", "checked"),
        ("Dot", "dotted|spotted"),
        ("All over pattern", "patterned"),
        ("Melange", "melange"),
        ("Colour blocking", "block-coloured"),
        ("Denim", "denim"),
        ("Front print", "motif"),
    ],
)
def test_descriptions_tell_the_pattern(described: pd.DataFrame, appearance: str, words: str):
    has = described["graphical_appearance_name"] == appearance

    assert has.any()
    assert described.loc[has, "detail_desc"].str.contains(words).all()


def test_descriptions_of_plain_cloth_tell_of_no_pattern(described: pd.DataFrame):
    plain = described.loc[described["graphical_appearance_name"] == "Solid", "detail_desc"]

    assert not plain.str.contains("striped|checked|dotted|spotted|patterned|melange|motif").any()


@pytest.mark.parametrize(
    ("product_type", "noun"),
    [
        ("T-shirt", "t-shirt"),
        ("Dress", "dress"),
        ("Sweater", "jumper|sweatshirt"),
        ("Jacket", "jacket"),
        ("Trousers", "trousers|jeans|joggers"),
        ("Shorts", "shorts"),
        ("Bag", "bag|backpack|shopper"),
        ("Sneakers", "trainers"),
        ("Boots", "boots"),
        ("Hat/beanie", "hat"),
        ("Scarf", "scarf"),
    ],
)
def test_descriptions_begin_with_what_it_is(described: pd.DataFrame, product_type: str, noun: str):
    texts = described.loc[described["product_type_name"] == product_type, "detail_desc"]

    assert len(texts)
    assert texts.str.lower().str.match(rf"[a-z0-9/,\- ]*\b({noun})\b").all()


def kind_named(noun: str) -> Kind:
    return next(kind for kind in KINDS if kind.noun == noun)


def sentence(noun: str, cut: Cut, pattern: str = "plain") -> str:
    chosen = next(p for p in PRINTS if p.name == pattern)
    return describe(kind_named(noun), cut, chosen, np.random.default_rng(0))


def test_a_description_reads_like_the_shops_own():
    cut = Cut(
        *("dress", "weave", "women", "calf", "regular", "V-neck", "long"),
        details=("tie belt",),
    )

    text = sentence("dress", cut, "breton")

    assert text.startswith("Calf-length dress in ")
    assert "striped" in text
    assert " with a V-neck, long sleeves, a tie belt at the waist and " in text
    assert text.endswith(("Unlined.", "Lined.", "Partly lined."))


def test_a_dress_without_sleeves_is_sleeveless():
    text = sentence("dress", Cut("dress", "jersey", length="ankle", neckline="square"))

    assert text.startswith("Sleeveless, ankle-length dress in ")


def test_straps_leave_no_neckline_to_speak_of():
    text = sentence("vest top", Cut("top", "jersey", neckline="V-neck", sleeves="straps"))

    assert "narrow shoulder straps" in text
    assert "neck" not in text


def test_long_lists_go_into_a_second_sentence():
    details = ("buttons", "chest pocket", "rounded hem", "tie belt")
    text = sentence(
        "shirt", Cut("top", "linen", neckline="collar", sleeves="long", details=details)
    )

    assert "a chest pocket. A rounded hem and a tie belt at the waist." in text


@pytest.mark.parametrize(
    ("noun", "cut", "words"),
    [
        ("jeans", Cut("trousers", "denim", fit="flared"), "flared legs"),
        ("hoodie", Cut("top", "sweat", neckline="hood", sleeves="long"), "drawstring hood"),
        ("boots", Cut("boots", "leather", length="long"), "Knee-high boots"),
        ("boots", Cut("boots", "leather", length="cropped"), "Ankle boots"),
        ("shopper", Cut("tote", "canvas", length="long"), "Large shopper"),
        ("scarf", Cut("scarf", "wool", fit="slim"), "Size 25x180 cm."),
        ("jumper", Cut("top", "cable", fit="wide", sleeves="long"), "Relaxed fit"),
        ("hat", Cut("beanie", "rib", details=("pompom",)), "a large pompom on top"),
        ("T-shirt", Cut("top", "jersey", details=("sun motif",)), "a sun motif on the front"),
    ],
)
def test_descriptions_tell_the_cut(noun: str, cut: Cut, words: str):
    assert words in sentence(noun, cut)


@pytest.mark.parametrize("neckline", NECKLINES)
@pytest.mark.parametrize("sleeves", ["short", "long", "puff"])
def test_tops_are_described_with_neckline_and_sleeves(neckline: str, sleeves: str):
    text = sentence("blouse", Cut("top", "weave", neckline=neckline, sleeves=sleeves))

    assert NECKLINES[neckline] in text
    assert SLEEVES[sleeves] in text


def test_every_detail_of_every_product_is_described(products: tuple[Product, ...]):
    for product in products:
        for detail in product.cut.details:
            words = DETAILS.get(detail, detail)
            assert words.lower() in product.description.lower(), (product.description, detail)


# Photos.


def test_photos_belong_to_articles(articles: pd.DataFrame, photos: dict[str, Path]):
    assert set(photos) <= set(articles["article_id"])


def test_a_handful_of_articles_has_no_photo(articles: pd.DataFrame, photos: dict[str, Path]):
    assert 0.003 < 1 - len(photos) / len(articles) < 0.02


def test_photos_are_upright_rgb_jpegs_of_modest_size(photos: dict[str, Path]):
    for path in photos.values():
        with Image.open(path) as photo:
            assert (photo.format, photo.size, photo.mode) == ("JPEG", (360, 540), "RGB")
        assert 8_000 < path.stat().st_size < 80_000


def test_no_two_photos_are_the_same(photos: dict[str, Path]):
    assert len({path.read_bytes() for path in photos.values()}) == len(photos)


def test_plain_articles_show_the_colour_they_are_labelled_with(
    articles: pd.DataFrame, photos: dict[str, Path]
):
    """The middle of the garment of every plain T-shirt, jumper, dress and coat."""
    worn = articles["product_type_name"].isin(["T-shirt", "Sweater", "Dress", "Coat"])
    plain = articles[worn & (articles["graphical_appearance_name"] == "Solid")]
    dyes = {colour.name: rgb(colour.dye) for colour in COLOURS}
    assert len(plain) > 30
    for row in plain[plain["article_id"].isin(list(photos))].itertuples():
        with Image.open(photos[row.article_id]) as photo:
            patch = np.asarray(photo, np.float64)[250:320, 150:170].mean((0, 1))
        assert np.abs(patch - dyes[row.colour_group_name]).max() < 40, row.article_id


def test_colours_of_a_product_are_photographed_alike(
    articles: pd.DataFrame, photos: dict[str, Path]
):
    """Beside the garment, photos of one product are the same but for JPEG's rounding."""
    shown = articles[articles["article_id"].isin(list(photos))]
    for _, group in list(shown.groupby("product_code"))[:60]:
        first, *others = (np.asarray(Image.open(photos[i]), np.int16) for i in group["article_id"])
        for other in others:
            assert np.abs(first[:8] - other[:8]).max() < 8


# Customers.


def test_customer_ids_are_64_hexadecimal_digits_and_unique(customers: pd.DataFrame):
    assert customers["customer_id"].str.fullmatch(r"[0-9a-f]{64}").all()
    assert customers["customer_id"].is_unique
    assert customers["customer_id"].is_monotonic_increasing


def test_postal_codes_look_hashed_and_are_shared(customers: pd.DataFrame):
    assert customers["postal_code"].str.fullmatch(r"[0-9a-f]{64}").all()
    assert customers["postal_code"].nunique() < len(customers)


def test_customers_are_grown_ups_of_all_ages(customers: pd.DataFrame):
    ages = customers["age"].dropna()

    assert ages.between(16, 99).all()
    assert (ages < 35).mean() > 0.4
    assert (ages > 45).mean() > 0.2
    assert 0 < customers["age"].isna().sum() < 30


def test_customers_have_the_originals_vocabulary(customers: pd.DataFrame):
    assert set(customers["club_member_status"]) == {"ACTIVE", "PRE-CREATE"}
    assert set(customers["fashion_news_frequency"]) == {"NONE", "Regularly"}
    assert set(customers["FN"]) == {"", 1.0} or set(customers["FN"]) == {"", "1.0"}


def test_active_customers_get_the_news(customers: pd.DataFrame):
    active = customers["Active"].astype(str) == "1.0"
    news = customers["FN"].astype(str) == "1.0"

    assert active.any()
    assert not (active & ~news).any()
    assert (news == (customers["fashion_news_frequency"] == "Regularly")).all()


# Purchases.


def test_purchases_are_of_known_articles_by_known_customers(
    articles: pd.DataFrame, customers: pd.DataFrame, purchases: pd.DataFrame
):
    assert purchases["article_id"].isin(articles["article_id"]).all()
    assert purchases["customer_id"].isin(customers["customer_id"]).all()


def test_every_customer_has_bought_something(customers: pd.DataFrame, purchases: pd.DataFrame):
    assert set(purchases["customer_id"]) == set(customers["customer_id"])


def test_purchases_are_sorted_by_day_and_span_the_originals_two_years(purchases: pd.DataFrame):
    days = purchases["t_dat"]

    assert days.str.fullmatch(r"\d{4}-\d\d-\d\d").all()
    assert days.is_monotonic_increasing
    assert days.iloc[0] == "2018-09-20"
    assert days.iloc[-1] == "2020-09-22"
    assert days.nunique() > 700


def test_every_week_has_sales(purchases: pd.DataFrame):
    weeks = pd.to_datetime(purchases["t_dat"]).dt.to_period("W").value_counts()

    assert weeks.min() > 20


def test_prices_are_small_fractions_that_stay_put_but_for_reductions(purchases: pd.DataFrame):
    full = purchases.groupby("article_id")["price"].transform("max")
    share = purchases["price"] / full

    assert purchases["price"].between(0.003, 0.2).all()
    assert (share > 0.999).mean() > 0.75
    assert (share < 0.95).mean() > 0.05
    assert share.min() >= 0.49


def test_coats_cost_more_than_t_shirts(bought: pd.DataFrame):
    price = bought.groupby("product_type_name")["price"].median()

    assert price["Coat"] > 2 * price["Sweater"] > 2 * price["T-shirt"] > 0


def test_sales_are_in_stores_and_online(purchases: pd.DataFrame):
    online = purchases["sales_channel_id"] == 2

    assert set(purchases["sales_channel_id"]) == {1, 2}
    assert 0.5 < online.mean() < 0.85


def test_shopping_days_hold_several_articles(purchases: pd.DataFrame):
    baskets = purchases.groupby(["t_dat", "customer_id"]).size()

    assert (baskets > 1).mean() > 0.4
    assert 1.8 < baskets.mean() < 3


def test_some_articles_are_bought_again(purchases: pd.DataFrame):
    again = purchases.groupby(["customer_id", "article_id"]).size() > 1
    at_once = purchases.groupby(["t_dat", "customer_id", "article_id"]).size() > 1

    assert 0.03 < again.mean() < 0.2
    assert 0.015 < at_once.mean() < again.mean()


def test_some_customers_come_often_and_many_seldom(purchases: pd.DataFrame):
    visits = purchases.groupby("customer_id")["t_dat"].nunique()

    assert visits.quantile(0.95) > 3 * visits.median()


def test_a_few_articles_sell_most(purchases: pd.DataFrame):
    sales = purchases["article_id"].value_counts()

    assert sales.head(len(sales) // 10).sum() > 0.25 * len(purchases)
    assert sales.median() < sales.mean()


def test_about_one_article_in_twenty_never_sells(articles: pd.DataFrame, purchases: pd.DataFrame):
    assert 0.02 < (~articles["article_id"].isin(purchases["article_id"])).mean() < 0.09


WINTER, SUMMER = (11, 12, 1), (6, 7, 8)


@pytest.mark.parametrize(
    ("product_type", "season", "other"),
    [
        ("Coat", WINTER, SUMMER),
        ("Sweater", WINTER, SUMMER),
        ("Scarf", WINTER, SUMMER),
        ("Hat/beanie", WINTER, SUMMER),
        ("Shorts", SUMMER, WINTER),
        ("Dress", SUMMER, WINTER),
        ("Polo shirt", SUMMER, WINTER),
    ],
)
def test_garments_sell_in_their_season(
    bought: pd.DataFrame, product_type: str, season: tuple[int, ...], other: tuple[int, ...]
):
    months = bought.loc[bought["product_type_name"] == product_type, "month"]

    assert months.isin(season).sum() > 2 * months.isin(other).sum()


def test_articles_come_and_go(bought: pd.DataFrame):
    """Many articles are on sale for a part of the two years only."""
    days = pd.to_datetime(bought["t_dat"])
    span = days.groupby(bought["product_code"]).agg(lambda day: (day.max() - day.min()).days)

    assert (span < 500).mean() > 0.3
    assert (span > 600).mean() > 0.1


# ShopperTastes have tastes that can be learnt.


def halves(bought: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Each regular customer's earlier and later purchases, without those bought before."""
    regular = bought.groupby("customer_id")["t_dat"].transform("nunique") >= 6
    table = bought[regular].drop_duplicates(["customer_id", "article_id"])
    rank = table.groupby("customer_id")["t_dat"].rank("dense", pct=True)
    return table[rank <= 0.6], table[rank > 0.6]


@pytest.mark.parametrize(
    ("column", "lift"),
    [
        ("product_type_name", 1.4),
        ("colour_group_name", 1.25),
        ("index_name", 1.3),
        ("index_group_name", 1.2),
    ],
)
def test_earlier_purchases_tell_what_a_shopper_buys_later(
    bought: pd.DataFrame, column: str, lift: float
):
    """Later purchases are among the shopper's own favourites more often than in a stranger's."""
    earlier, later = halves(bought)
    counts = pd.crosstab(earlier["customer_id"], earlier[column], normalize="index")
    own = later[later["customer_id"].isin(counts.index) & later[column].isin(counts.columns)]
    at = counts.index.get_indexer(own["customer_id"]), counts.columns.get_indexer(own[column])

    fitting = counts.to_numpy()[at].mean()
    stranger = counts.to_numpy().mean(0)[at[1]].mean()

    assert fitting > lift * stranger


def test_shoppers_keep_to_their_price_level(bought: pd.DataFrame):
    earlier, later = (np.log(half.set_index("customer_id")["price"]) for half in halves(bought))
    before, after = (half.groupby(level=0).mean() for half in (earlier, later))

    assert before.corr(after) > 0.2


def recall(scores: np.ndarray, known: np.ndarray, later: np.ndarray, length: int = 40) -> float:
    """The share of later purchases among the best-scored products a shopper had not bought."""
    best = np.argsort(-np.where(known > 0, -np.inf, scores), axis=1)[:, :length]
    hits = np.take_along_axis((later > 0) & (known == 0), best, axis=1)
    return float(hits.sum() / ((later > 0) & (known == 0)).sum())


@pytest.fixture(scope="module")
def before_and_after(bought: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What each regular customer bought, earlier and later: 0 or 1, (customers, products)."""
    earlier, later = (
        pd.crosstab(half["customer_id"], half["product_code"]).clip(upper=1)
        for half in halves(bought)
    )
    return earlier, later.reindex_like(earlier).fillna(0)


@pytest.fixture(scope="module")
def neighbour_recall(before_and_after: tuple[pd.DataFrame, pd.DataFrame]) -> float:
    """How well co-purchases predict: the plainest item-to-item recommender there is."""
    known, later = (table.to_numpy() for table in before_and_after)
    together = known.T @ known
    sales = np.sqrt(np.diag(together)) + 1
    return recall(known @ (together / np.outer(sales, sales)), known, later)


def test_co_purchases_predict_better_than_bestsellers(
    before_and_after: tuple[pd.DataFrame, pd.DataFrame], neighbour_recall: float
):
    known, later = (table.to_numpy() for table in before_and_after)
    bestsellers = np.tile(known.sum(0), (len(known), 1))

    assert neighbour_recall > 1.25 * recall(bestsellers, known, later)


def test_co_purchases_predict_better_than_labels(
    before_and_after: tuple[pd.DataFrame, pd.DataFrame],
    neighbour_recall: float,
    articles: pd.DataFrame,
):
    """A hidden style makes baskets alike, so that there is more to learn than labels tell."""
    known, later = (table.to_numpy() for table in before_and_after)
    labels = articles.groupby("product_code")[
        ["product_type_name", "graphical_appearance_name", "department_name", "index_name"]
    ].first()
    marks = pd.get_dummies(labels.loc[before_and_after[0].columns]).to_numpy(float)

    assert neighbour_recall > 1.1 * recall(known @ marks @ marks.T, known, later)


def test_labels_predict_better_than_chance(
    before_and_after: tuple[pd.DataFrame, pd.DataFrame], articles: pd.DataFrame
):
    known, later = (table.to_numpy() for table in before_and_after)
    labels = articles.groupby("product_code")[["product_type_name", "index_name"]].first()
    marks = pd.get_dummies(labels.loc[before_and_after[0].columns]).to_numpy(float)
    chance = np.random.default_rng(0).random(known.shape)

    assert recall(known @ marks @ marks.T, known, later) > 1.5 * recall(chance, known, later)


# Tables and shoppers are invented the same way every time.


def test_the_same_seed_invents_the_same_products(products: tuple[Product, ...]):
    assert invent_products(KINDS, np.random.default_rng(5)) == products


def test_another_seed_invents_other_products(products: tuple[Product, ...]):
    others = invent_products(KINDS, np.random.default_rng(6))

    assert {p.description for p in others} != {p.description for p in products}


def test_no_two_products_are_alike(products: tuple[Product, ...]):
    assert len({product.name for product in products}) == len(products)
    assert len({product.code for product in products}) == len(products)
    looks = Counter((p.kind.noun, p.cut, p.pattern.name) for p in products)
    assert max(looks.values()) == 1


def test_products_are_what_their_kind_allows(products: tuple[Product, ...]):
    for product in products:
        kind, cut = product.kind, product.cut
        assert cut.fabric in options(kind.fabrics)
        assert cut.wearer in options(kind.wearers)
        assert cut.neckline in options(kind.necklines)
        assert product.pattern.name in options(kind.prints)
        assert "-" not in cut.details
        assert str(product.price) in [str(float(price)) for price in options(kind.prices)]


def test_products_are_sold_by_a_department_for_their_wearer(products: tuple[Product, ...]):
    for product in products:
        assert product.department.wearer == product.cut.wearer
        assert product.kind.line in product.department.lines


def test_a_product_has_an_article_for_every_colour(products: tuple[Product, ...]):
    for product in products:
        assert len(product.article_ids) == len(product.colours) == len(set(product.article_ids))
        assert all(re.fullmatch(r"0\d{9}", number) for number in product.article_ids)


def test_tables_are_the_same_every_time(products: tuple[Product, ...]):
    def tables() -> list[pd.DataFrame]:
        rng = np.random.default_rng(9)
        customers = customer_table(60, rng)
        return [article_table(products, rng), customers, purchase_table(products, customers, rng)]

    for one, other in zip(tables(), tables(), strict=True):
        pd.testing.assert_frame_equal(one, other)


def test_redrawing_gives_the_bytes_on_disk(
    articles: pd.DataFrame, photos: dict[str, Path], tmp_path: Path
):
    """Some products of the sample_catalog, invented and drawn again, give the very same files."""
    seed = np.random.SeedSequence(sample_catalog.SAMPLE_SEED).spawn(4)[0]
    products = invent_products(KINDS, np.random.default_rng(seed))
    assert [p.name for p in products] == articles.drop_duplicates("product_code")[
        "prod_name"
    ].tolist()
    for product in products[::40]:
        drawing = draw(product.cut, product.pattern, product.code)
        for number, colour in zip(product.article_ids, product.colours, strict=True):
            if number in photos:
                drawing.photo(colour).save(tmp_path / "again.jpg", quality=sample_catalog.QUALITY)
                assert (tmp_path / "again.jpg").read_bytes() == photos[number].read_bytes()


# Shelves and shoppers.


@pytest.fixture(scope="module")
def shelf(products: tuple[Product, ...]) -> Shelf:
    return fill_shelf(products, np.random.default_rng(1))


@pytest.fixture(scope="module")
def shoppers(shelf: Shelf, products: tuple[Product, ...]) -> ShopperTastes:
    return invite_shoppers(shelf, products, 120, np.random.default_rng(2))


@pytest.fixture(scope="module")
def visits(shelf: Shelf, shoppers: ShopperTastes) -> pd.DataFrame:
    return go_shopping(shelf, shoppers, 900, np.random.default_rng(3))


def test_the_shelf_holds_every_article_once(shelf: Shelf, products: tuple[Product, ...]):
    assert shelf.ids.tolist() == [number for p in products for number in p.article_ids]
    for values in vars(shelf).values():
        assert len(values) == len(shelf.ids)


def test_all_colours_of_a_product_are_of_one_style(shelf: Shelf):
    styles = pd.Series(shelf.style).groupby(shelf.product).nunique()

    assert (styles == 1).all()
    assert set(shelf.style.tolist()) == set(range(STYLES))


def test_styles_have_nothing_to_do_with_lines(shelf: Shelf):
    """No line belongs to one style: words cannot give a style away."""
    share = pd.crosstab(shelf.line, shelf.style, normalize="index")
    big = pd.Series(shelf.line).value_counts() > 60

    assert share.loc[big[big].index].max(axis=None) < 0.45


def test_shoppers_like_their_own_style_best(shelf: Shelf, shoppers: ShopperTastes):
    taste = np.where(np.isfinite(shoppers.taste), shoppers.taste, np.nan)
    by_style = np.stack(
        [np.nanmean(taste[:, shelf.style == style], axis=1) for style in range(STYLES)], axis=1
    )
    spread = by_style.max(1) - np.median(by_style, axis=1)

    assert (spread > 1.0).mean() > 0.9


def test_some_articles_appeal_to_nobody(shoppers: ShopperTastes):
    unsold = np.isneginf(shoppers.taste).all(0)

    assert 0 < unsold.mean() < 0.06
    assert not np.isneginf(shoppers.taste[:, ~unsold]).any()


def test_articles_that_appeal_to_nobody_are_never_sold(
    shelf: Shelf, shoppers: ShopperTastes, visits: pd.DataFrame
):
    unsold = np.nonzero(np.isneginf(shelf.fame))[0]

    assert not visits["article"].isin(unsold).any()


def test_nothing_is_sold_before_its_launch_or_after_it_has_left(shelf: Shelf, visits: pd.DataFrame):
    day, article = visits["day"].to_numpy(), visits["article"].to_numpy()

    assert (shelf.launch[article] <= day).all()
    assert (day <= shelf.leave[article]).all()


def test_visits_are_on_days_of_the_two_years(visits: pd.DataFrame):
    assert visits["day"].between(0, DAYS - 1).all()
    assert str(FIRST_DAY + DAYS - 1) == "2020-09-22"


def test_every_shopper_comes_and_the_keen_come_more(shoppers: ShopperTastes, visits: pd.DataFrame):
    came = visits.groupby("shopper")["day"].count()
    keen = np.argsort(shoppers.zeal)[-20:]

    assert len(came) == 120
    assert shoppers.zeal.sum() == pytest.approx(1)
    assert came[keen].mean() > 2 * came.mean()


def test_what_a_shopper_buys_is_to_their_taste(shoppers: ShopperTastes, visits: pd.DataFrame):
    sold = shoppers.taste[visits["shopper"], visits["article"]]
    usual = np.median(shoppers.taste, axis=1)[visits["shopper"]]

    assert (sold > usual).mean() > 0.85


def test_paid_prices_never_exceed_the_full_price(shelf: Shelf, visits: pd.DataFrame):
    full = np.round(shelf.price[visits["article"]] / 590, 6)

    assert (visits["price"] <= full).all()
    assert (visits["price"] == full).mean() > 0.75


# Kinds, departments and the words for them fit together.


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.noun}-{kind.wearers}")
def test_every_kind_can_be_made_sold_and_described(kind: Kind):
    assert kind.shape in SHAPES
    assert set(options(kind.fabrics)) <= set(TEXTURES) & set(FABRICS)
    assert set(options(kind.prints)) <= {pattern.name for pattern in PRINTS}
    assert set(options(kind.necklines)) <= set(NECKLINES)
    assert set(options(kind.sleeves)) <= {*SLEEVES, "none"}
    for wearer in options(kind.wearers):
        assert any(d.wearer == wearer and kind.line in d.lines for d in DEPARTMENTS), wearer


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.noun}-{kind.wearers}")
def test_every_kind_has_sensible_prices_and_seasons(kind: Kind):
    assert kind.share > 0
    assert 0 <= kind.peak <= 12
    assert all(2 < float(price) < 120 for price in options(kind.prices))


def test_denim_is_made_of_denim():
    for kind in KINDS:
        assert ("denim" in options(kind.fabrics)) == ("denim" in options(kind.prints)), kind.noun


def test_motifs_are_printed_on_front_prints_only():
    for kind in KINDS:
        assert ("motif" in kind.details) == ("front print" in options(kind.prints)), kind.noun


@pytest.mark.parametrize("department", DEPARTMENTS, ids=lambda d: f"{d.no}-{d.name}")
def test_departments_lie_in_known_sections(department: Department):
    assert department.section_no in SECTIONS
    assert department.garment_group_no in GARMENT_GROUPS
    assert department.index_code in {index.code for index in INDEXES}
    assert department.wearer in ("women", "men", "child")


def test_departments_carry_only_lines_that_exist():
    lines = {kind.line for kind in KINDS}

    assert {line for department in DEPARTMENTS for line in department.lines} == lines


def test_options_are_the_items_of_a_list():
    assert options("round, round, polo collar") == ("round", "round", "polo collar")


# Drawing is all or nothing.


@pytest.mark.usefixtures("tiny_shop")
def test_drawing_the_sample_twice_gives_the_same_bytes(tmp_path: Path):
    one, other = draw_sample(tmp_path / "one"), draw_sample(tmp_path / "other")

    assert snapshot(one) == snapshot(other)


@pytest.mark.usefixtures("tiny_shop")
def test_a_missing_parent_folder_is_made(tmp_path: Path):
    folder = draw_sample(tmp_path / "data" / "shop" / "sample")

    assert (folder / "articles.csv").is_file()


@pytest.mark.usefixtures("tiny_shop")
def test_an_empty_folder_is_filled(tmp_path: Path):
    (tmp_path / "sample").mkdir()

    draw_sample(tmp_path / "sample")

    assert set(TABLES) < set(snapshot(tmp_path / "sample"))


@pytest.mark.usefixtures("tiny_shop")
def test_nothing_else_is_left_behind(tmp_path: Path):
    draw_sample(tmp_path / "sample")

    assert [path.name for path in tmp_path.iterdir()] == ["sample"]


def test_a_complete_sample_is_not_drawn_again(sample_folder: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise AssertionError("drawn again")

    times = {path: path.stat().st_mtime_ns for path in sample_folder.rglob("*")}
    monkeypatch.setattr(sample_catalog, "draw", refuse)
    monkeypatch.setattr(sample_catalog, "invent_products", refuse)

    assert draw_sample(sample_folder) == sample_folder
    assert {path: path.stat().st_mtime_ns for path in sample_folder.rglob("*")} == times


@pytest.mark.usefixtures("tiny_shop")
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, MemoryError])
def test_an_interrupted_drawing_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
):
    drawn = []

    def fail(*arguments: object) -> object:
        drawn.append(arguments)
        if len(drawn) > 2:
            raise error
        return draw(*arguments)

    monkeypatch.setattr(sample_catalog, "draw", fail)
    with pytest.raises(error):
        draw_sample(tmp_path / "sample")

    assert len(drawn) == 3
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("tiny_shop")
def test_after_an_interruption_the_sample_is_drawn_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as patch:
        patch.setattr(sample_catalog, "draw", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            draw_sample(tmp_path / "sample")

    folder = draw_sample(tmp_path / "sample")

    assert snapshot(folder) == snapshot(draw_sample(tmp_path / "other"))


KILLED = """
import os, sys
from pathlib import Path
from recsys.sample import sample_catalog
sample_catalog.draw = lambda *_: os._exit(9)
sample_catalog.draw_sample(Path(sys.argv[1]))
"""


@pytest.mark.usefixtures("tiny_shop")
def test_a_killed_run_leaves_no_sample(tmp_path: Path):
    """Not even a chance to clean up: the process is gone at its first photo."""
    folder = tmp_path / "sample"
    root = Path(sample_catalog.__file__).parents[2]

    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(folder)], cwd=root, capture_output=True, check=False
    )

    assert done.returncode == 9
    assert not folder.exists()
    assert set(TABLES) < set(snapshot(draw_sample(folder)))


@pytest.mark.usefixtures("tiny_shop")
@pytest.mark.parametrize("version", [0, sample_catalog.SAMPLE_VERSION + 1])
def test_a_sample_of_another_version_is_replaced(tmp_path: Path, version: int):
    folder = draw_sample(tmp_path / "sample")
    whole = snapshot(folder)
    (folder / MARKER).write_text(json.dumps({"sample_version": version}))
    (folder / "articles.csv").write_text("old\n")
    (folder / "stray.txt").write_text("old\n")

    draw_sample(folder)

    assert snapshot(folder) == whole


@pytest.mark.parametrize("marker", [None, "", "[]", "{}", '{"sample_version": "new"}', "null"])
def test_a_folder_of_other_files_is_left_alone(tmp_path: Path, marker: str | None):
    (tmp_path / "thesis.txt").write_text("all my work\n")
    if marker is not None:
        (tmp_path / MARKER).write_text(marker)
    before = snapshot(tmp_path)

    with pytest.raises(CatalogError, match="holds other files"):
        draw_sample(tmp_path)

    assert snapshot(tmp_path) == before


def test_a_file_is_not_replaced_by_a_folder(tmp_path: Path):
    path = tmp_path / "sample"
    path.write_text("all my work\n")

    with pytest.raises(CatalogError, match="holds other files"):
        draw_sample(path)

    assert path.read_text() == "all my work\n"


@pytest.mark.usefixtures("tiny_shop")
def test_the_marker_is_written_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """While photos are drawn, no folder has a marker."""
    seen: list[bool] = []

    def watch(*arguments: object) -> object:
        seen.append(any(tmp_path.rglob(MARKER)))
        return draw(*arguments)

    monkeypatch.setattr(sample_catalog, "draw", watch)
    draw_sample(tmp_path / "sample")

    assert seen
    assert not any(seen)


@pytest.mark.usefixtures("tiny_shop")
def test_progress_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    draw_sample(tmp_path / "sample")
    captured = capsys.readouterr()

    assert captured.out == ""
    assert "Drawing the sample catalogue" in captured.err


@pytest.mark.usefixtures("tiny_shop")
def test_the_folder_can_be_read_by_others(tmp_path: Path):
    """The scratch folder is private; the sample that comes out of it is not."""
    folder, plain = draw_sample(tmp_path / "sample"), tmp_path / "plain"
    plain.mkdir()

    assert os.stat(folder).st_mode == os.stat(plain).st_mode

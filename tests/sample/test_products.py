"""Product types, the products made of them, their departments and their descriptions."""

import re
from pathlib import Path

import numpy as np
import pytest

from recsys.deploy import ROOT, SPACE_FILES
from recsys.sample.departments import DEPARTMENTS, GARMENT_GROUPS, INDEXES, SECTIONS
from recsys.sample.descriptions import WORDING, describe
from recsys.sample.drawing.fabrics import COLOURS, FABRICS, TEXTURES
from recsys.sample.drawing.outlines import Cut
from recsys.sample.drawing.patterns import PATTERNS
from recsys.sample.photographs import SHAPES
from recsys.sample.product_types import PRODUCT_TYPES, ProductType
from recsys.sample.products import Product, generate_products
from recsys.sample.table_files import TABLE_FOLDER


@pytest.fixture(scope="module")
def products() -> tuple[Product, ...]:
    return generate_products(PRODUCT_TYPES, np.random.default_rng(5))


# The tables fit together.


def test_all_tables_are_uploaded_with_the_app():
    uploaded = {path for part in SPACE_FILES for path in ROOT.glob(part)}

    assert set(TABLE_FOLDER.iterdir()) <= uploaded
    assert Path(TABLE_FOLDER, "product_types.toml") in uploaded


def test_every_product_type_can_be_made_and_described():
    for kind in PRODUCT_TYPES:
        assert kind.shape in SHAPES, kind.noun
        assert set(kind.fabrics) <= set(FABRICS), kind.noun
        assert set(kind.patterns) <= set(PATTERNS), kind.noun
        assert set(kind.necklines) <= set(WORDING["necklines"]), kind.noun
        assert set(kind.sleeves) <= {*WORDING["sleeves"], "none"}, kind.noun
        assert kind.products > 0
        assert 0 <= kind.peak_month <= 12
        assert all(2 < price < 120 for price in kind.prices), kind.noun


def test_every_product_type_is_sold_to_all_its_wearers():
    for kind in PRODUCT_TYPES:
        sellers = {d.wearer for d in DEPARTMENTS if kind.line in d.lines}
        assert set(kind.wearers) <= sellers <= {"women", "men", "child"}, kind.noun


def test_departments_lie_in_known_parts_of_the_shop_and_sell_known_lines():
    lines = {kind.line for kind in PRODUCT_TYPES}
    for department in DEPARTMENTS:
        assert department.index_code in INDEXES, department.name
        assert department.section_no in SECTIONS, department.name
        assert department.garment_group_no in GARMENT_GROUPS, department.name
        assert set(department.lines) <= lines, department.name


def test_fabrics_have_known_textures_and_colours():
    for name, fabric in FABRICS.items():
        assert fabric.texture in TEXTURES, name
        assert (fabric.fuzz > 0) == (fabric.texture == "woven"), name
        assert set(fabric.colours) <= {colour.name for colour in COLOURS}, name
        assert all(words.count("{}") == 1 for words in fabric.wording), name


def test_denim_and_front_prints_are_complete():
    """Only denim looks like denim; a front print always has a motif and nothing else has one."""
    for kind in PRODUCT_TYPES:
        assert ("denim" in kind.fabrics) == ("denim" in kind.patterns), kind.noun
        assert ("motif" in str(kind.details)) == ("front print" in kind.patterns), kind.noun


# Products.


def test_the_same_seed_gives_the_same_products_and_another_one_others(
    products: tuple[Product, ...],
):
    again, others = (generate_products(PRODUCT_TYPES, np.random.default_rng(n)) for n in (5, 6))

    assert again == products
    assert {p.description for p in others} != {p.description for p in products}


def test_no_two_products_are_alike(products: tuple[Product, ...]):
    for values in zip(*((p.name, p.code, p.look) for p in products), strict=True):
        assert len(set(values)) == len(products)


def test_products_are_what_their_type_allows(products: tuple[Product, ...]):
    for product in products:
        kind, cut = product.product_type, product.cut
        for value, options in (
            (cut.fabric, kind.fabrics),
            (cut.wearer, kind.wearers),
            (cut.length, kind.lengths),
            (cut.fit, kind.fits),
            (cut.neckline, kind.necklines),
            (cut.sleeves, kind.sleeves),
            (product.pattern.name, kind.patterns),
            (product.price, kind.prices),
        ):
            assert value in options, product.name
        assert set(cut.details) <= {detail for options in kind.details for detail in options}
        assert "" not in cut.details


def test_products_are_sold_by_a_department_for_their_wearer(products: tuple[Product, ...]):
    for product in products:
        assert product.department.wearer == product.cut.wearer
        assert product.product_type.line in product.department.lines


def test_a_product_has_an_article_for_every_colour(products: tuple[Product, ...]):
    for product in products:
        assert len(product.article_ids) == len(product.colours) == len(set(product.article_ids))
        assert all(re.fullmatch(r"0\d{9}", number) for number in product.article_ids)


# Descriptions.


def test_descriptions_are_whole_sentences_that_name_no_colour(products: tuple[Product, ...]):
    colours = r"\b(black|white|blue|grey|pink|beige|red|green|khaki|yellow|purple|brown)\b"
    for text in (product.description for product in products):
        assert re.fullmatch(r"([A-Z0-9][^.]*\.)( [A-Z][^.]*\.)*", text), text
        assert not re.search(r"  | ,|[{}]", text), text
        assert not re.search(colours, text.lower()), text
        assert 20 < len(text) < 400


def test_descriptions_are_hardly_ever_the_same(products: tuple[Product, ...]):
    assert len({product.description for product in products}) > 0.85 * len(products)


def test_descriptions_name_the_product_and_every_detail(products: tuple[Product, ...]):
    for product in products:
        text = product.description.lower()
        noun = product.product_type.noun.lower()
        assert re.match(rf"[a-z0-9/,\- ]*\b{noun} in ", text), text
        for detail in product.cut.details:
            assert WORDING["details"].get(detail, detail).lower() in text, (text, detail)


def test_descriptions_name_the_pattern_but_of_plain_cloth(products: tuple[Product, ...]):
    words = {"Front print": "motif", "Denim": "denim"}
    for product in products:
        pattern, text = product.pattern, product.description
        if pattern.appearance == "Solid":
            others = "striped|checked|dotted|spotted|patterned|melange|motif"
            assert not re.search(others, text), text
        else:
            assert words.get(pattern.appearance, pattern.word) in text, text


def product_type(noun: str) -> ProductType:
    return next(kind for kind in PRODUCT_TYPES if kind.noun == noun)


def description(noun: str, cut: Cut, pattern: str = "plain") -> str:
    return describe(product_type(noun), cut, PATTERNS[pattern], np.random.default_rng(0))


def test_a_description_reads_like_a_web_shops():
    cut = Cut("dress", "weave", "women", "calf", "regular", "V-neck", "long", ("tie belt",))
    text = description("dress", cut, "breton")

    assert text.startswith("Calf-length dress in ")
    assert "striped" in text
    assert " with a V-neck, long sleeves, a tie belt at the waist and " in text
    assert text.endswith(("Unlined.", "Lined.", "Partly lined."))


def test_straps_leave_no_neckline_to_describe():
    text = description("vest top", Cut("top", "jersey", neckline="V-neck", sleeves="straps"))

    assert "narrow shoulder straps" in text
    assert "neck" not in text


def test_long_lists_go_into_a_second_sentence():
    details = ("buttons", "chest pocket", "rounded hem", "tie belt")
    shirt = Cut("top", "linen", neckline="collar", sleeves="long", details=details)

    assert "a chest pocket. A rounded hem and a tie belt at the waist." in description(
        "shirt", shirt
    )


@pytest.mark.parametrize(
    ("noun", "cut", "words"),
    [
        (
            "dress",
            Cut("dress", "jersey", length="ankle", neckline="square"),
            "Sleeveless, ankle-length dress in ",
        ),
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
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_descriptions_name_the_cut(noun: str, cut: Cut, words: str):
    assert words in description(noun, cut)


def test_tops_are_described_with_neckline_and_sleeves():
    for neckline, neckline_words in WORDING["necklines"].items():
        for sleeves in ("short", "long", "puff"):
            text = description("blouse", Cut("top", "weave", neckline=neckline, sleeves=sleeves))
            assert neckline_words in text
            assert WORDING["sleeves"][sleeves] in text

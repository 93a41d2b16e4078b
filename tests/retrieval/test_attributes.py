"""Attributes are found in words as people write them."""

import pandas as pd
import pytest
from tiny_catalogs import PLAIN

from recsys.catalog.schema import COLOUR, PATTERN, PRODUCT_TYPE
from recsys.models.features import read_vocabulary
from recsys.retrieval.attributes import AttributeVocabulary

COLOURS = ("Red", "Dark Red", "Other Red", "Blue", "Dark Blue", "Off White", "White", "Unknown")
TYPES = ("Dress", "Hat/beanie", "T-shirt", "Shirt", "Polo shirt", "Trousers", "Other shoe")
PATTERNS = ("Stripe", "Check", "All over pattern", "Solid")


@pytest.fixture(scope="module")
def attributes():
    rows = [PLAIN | {COLOUR: each} for each in COLOURS]
    rows += [PLAIN | {PRODUCT_TYPE: each} for each in TYPES]
    rows += [PLAIN | {PATTERN: each} for each in PATTERNS]
    return AttributeVocabulary(read_vocabulary(pd.DataFrame(rows)))


def found(attributes, words):
    return [(each.column, each.values) for each in attributes.named(words)]


RED, DRESS = (COLOUR, ("Dark Red", "Other Red", "Red")), (PRODUCT_TYPE, ("Dress",))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("red dress", [RED, DRESS]),
        ("Dresses, RED!", [DRESS, RED]),
        ("this, but in dark red", [(COLOUR, ("Dark Red",))]),
        ("dark blue", [(COLOUR, ("Dark Blue",))]),
        ("white", [(COLOUR, ("Off White", "White"))]),
        ("hats", [(PRODUCT_TYPE, ("Hat/beanie",))]),
        ("a beanie", [(PRODUCT_TYPE, ("Hat/beanie",))]),
        ("T-shirts", [(PRODUCT_TYPE, ("T-shirt",))]),
        ("polo shirt", [(PRODUCT_TYPE, ("Polo shirt",))]),
        ("shirt", [(PRODUCT_TYPE, ("Shirt",))]),
        ("striped trousers", [(PATTERN, ("Stripe",)), (PRODUCT_TYPE, ("Trousers",))]),
        ("checked, with stripes", [(PATTERN, ("Check",)), (PATTERN, ("Stripe",))]),
    ],
)
def test_attributes_are_found_as_people_write_them(attributes, words, expected):
    assert found(attributes, words) == expected


@pytest.mark.parametrize(
    "words", ["", "  ", "something warm", "other", "unknown", "shoes", "платье", "👗", "x" * 10_000]
)
def test_words_that_name_nothing_give_nothing(attributes, words):
    assert attributes.named(words) == []


def test_words_are_kept_as_written(attributes):
    words = [each.words for each in attributes.named("A Dark-Blue T-Shirt, please")]
    assert words == ["Dark-Blue", "T-Shirt"]

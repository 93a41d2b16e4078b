"""Articles are similar if they share attributes, above all rare ones."""

import numpy as np
import pandas as pd
import pytest
from tiny_catalogs import PLAIN

from recsys.catalog.schema import DESCRIPTIVE_COLUMNS
from recsys.models.features import encode_features

PRODUCT_TYPE, COLOUR = "product_type_name", "colour_group_name"


def table(*rows):
    """Articles that are equal except for what each row gives."""
    return pd.DataFrame([PLAIN | row for row in rows])


def cosines(articles):
    """The cosine between every two articles."""
    encoded = encode_features(articles)
    vectors = encoded.vectors[encoded.entry]
    return vectors @ vectors.T


def test_articles_with_the_same_attributes_share_an_entry_and_score_one():
    articles = table(
        {PRODUCT_TYPE: "Hat"}, {PRODUCT_TYPE: "Sock"}, {PRODUCT_TYPE: "Hat"}, {PRODUCT_TYPE: "Hat"}
    )
    encoded = encode_features(articles)
    assert len(encoded.vectors) == 2
    assert encoded.entry.tolist() == [0, 1, 0, 0]
    assert cosines(articles)[0, 2] == pytest.approx(1)


def test_names_and_descriptions_are_no_attributes():
    articles = table({"prod_name": "One", "detail_desc": "Long."}, {"prod_name": "Two"})
    assert encode_features(articles).entry.tolist() == [0, 0]


@pytest.mark.parametrize("column", DESCRIPTIVE_COLUMNS)
def test_every_descriptive_column_tells_articles_apart(column):
    encoded = encode_features(table({column: "This"}, {column: "That"}))
    assert encoded.entry.tolist() == [0, 1]


def test_the_same_word_in_two_columns_is_not_the_same_attribute():
    words = [{column: f"{column} {i}" for column in DESCRIPTIVE_COLUMNS} for i in range(2)]
    articles = table(words[0] | {PRODUCT_TYPE: "Denim"}, words[1] | {COLOUR: "Denim"})
    assert cosines(articles)[0, 1] == 0


def test_every_vector_has_length_one():
    random = np.random.default_rng(2)
    rows = [
        {column: f"value {random.integers(4)}" for column in DESCRIPTIVE_COLUMNS} for _ in range(50)
    ]
    encoded = encode_features(table(*rows))
    assert encoded.vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(encoded.vectors, axis=1), 1, atol=1e-6)


def test_a_rare_value_in_common_outweighs_a_common_one():
    poncho = {PRODUCT_TYPE: "Poncho", COLOUR: "Red"}
    same_kind, same_colour = (
        {PRODUCT_TYPE: "Poncho", COLOUR: "Blue"},
        {PRODUCT_TYPE: "Vest", COLOUR: "Red"},
    )
    rest = [{PRODUCT_TYPE: f"Kind {i}", COLOUR: "Red"} for i in range(20)]
    scores = cosines(table(poncho, same_kind, same_colour, *rest))
    assert scores[0, 1] > scores[0, 2]


def test_cosines_are_those_worked_out_by_hand():
    hat, beret, sock = (
        {PRODUCT_TYPE: "Hat", COLOUR: "Red"},
        {PRODUCT_TYPE: "Hat", COLOUR: "Blue"},
        {PRODUCT_TYPE: "Sock", COLOUR: "Blue"},
    )
    scores = cosines(table(hat, beret, sock, hat))
    # idf is ln(5 / (1 + articles with the value)) + 1: 1 for the nine columns that all four share.
    hats, colours, socks = (np.log(5 / (1 + count)) + 1 for count in (3, 2, 1))
    lengths = np.sqrt(9 + np.array([hats + colours, hats + colours, socks + colours]))
    assert scores[0, 1] == pytest.approx((9 + hats) / (lengths[0] * lengths[1]), abs=1e-6)
    assert scores[1, 2] == pytest.approx((9 + colours) / (lengths[1] * lengths[2]), abs=1e-6)
    assert scores[0, 2] == pytest.approx(9 / (lengths[0] * lengths[2]), abs=1e-6)
    assert np.diag(scores) == pytest.approx(1, abs=1e-6)


def test_the_order_of_the_articles_does_not_matter():
    random = np.random.default_rng(3)
    rows = [
        {PRODUCT_TYPE: f"kind {random.integers(5)}", COLOUR: f"{random.integers(3)}"}
        for _ in range(30)
    ]
    order = random.permutation(30)
    articles = table(*rows)
    shuffled = cosines(articles.iloc[order].reset_index(drop=True))
    np.testing.assert_allclose(shuffled, cosines(articles)[np.ix_(order, order)], atol=1e-6)


def test_the_same_articles_give_the_same_bytes():
    articles = table(
        {PRODUCT_TYPE: "Hat"}, {PRODUCT_TYPE: "Sock", COLOUR: "Red"}, {PRODUCT_TYPE: ""}
    )
    assert encode_features(articles).fingerprint() == encode_features(articles).fingerprint()


def test_a_single_article_is_like_itself():
    assert cosines(table({PRODUCT_TYPE: "Hat"})) == pytest.approx(1)

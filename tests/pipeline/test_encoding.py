"""Each text and photo is encoded once; an uploaded photo gets the vector of the catalogue's."""

import hashlib

import numpy as np
import pytest
from PIL import Image
from tiny_catalogs import article, picture_bytes, write_catalog

from recsys.catalog.articles import read_catalog
from recsys.catalog.split import TEST, bucket_of
from recsys.models.contrastive import Schedule
from recsys.models.image import COMPACT, ImageEncoder
from recsys.models.text import TextEncoder, article_texts
from recsys.pipeline import encoding
from recsys.pipeline.encoding import encode_photos, encode_texts
from recsys.pipeline.workspace import Workspace
from recsys.vectors import NO_VECTOR
from tests.building import photo_file

CODES = [f"{number:07d}" for number in range(100_000, 100_044)]
IDS = [f"{code}001" for code in CODES]
HELD_OUT = [row for row, code in enumerate(CODES) if bucket_of(code) in TEST]
LEARNED = [row for row in range(len(CODES)) if row not in HELD_OUT]
WITHOUT_PHOTO = LEARNED[3]
TEXTS = len(IDS) // 2
WITH_PHOTO = [row for row in range(len(CODES)) if row != WITHOUT_PHOTO]


def noise(seed):
    """A random picture, of large enough spots to be told apart from any other."""
    spots = np.random.default_rng(seed).integers(0, 256, (6, 4, 3), np.uint8)
    return Image.fromarray(spots).resize((120, 180), Image.Resampling.NEAREST)


def write_noise(folder, row, seed):
    path = photo_file(folder, IDS[row])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture_bytes(noise(seed), quality=95))


def descriptions(**changed):
    """Rows of ``articles.csv``: every two articles have one text, but for those changed."""
    return [
        article(each, prod_name=f"Thing {number // 2}", detail_desc=changed.get(each, "Of wool."))
        for number, each in enumerate(IDS)
    ]


def write_shop(folder, rows=None):
    """44 products with a photo each, but for one."""
    sold = [("2020-09-01", "ann", IDS[0], "0.05")]
    write_catalog(folder, rows or descriptions(), sold, photos=())
    for row in WITH_PHOTO:
        write_noise(folder, row, seed=row)
    return folder


def photos_of(folder, workspace, model=COMPACT, enough=20):
    """Encode the photos where that many to learn from are enough."""
    catalog = read_catalog(folder)
    digests = {
        row: hashlib.sha256(path.read_bytes()).hexdigest() for row, path in catalog.photos.items()
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoding, "ENOUGH", enough)
        return encode_photos(workspace, catalog, digests, model)


def texts_of(folder, workspace, encoder, enough=1000):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoding, "ENOUGH", enough)
        return encode_texts(workspace, read_catalog(folder), encoder)


def vector_of(encoded, row):
    return encoded.vectors[encoded.entry[row]]


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return write_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return Workspace(tmp_path_factory.mktemp("workspace"))


@pytest.fixture(scope="module")
def plain(shop, workspace):
    """The photos encoded without fine-tuning: there are too few for it."""
    encoded = photos_of(shop, workspace, enough=encoding.ENOUGH)
    assert encoded.rows == len(WITH_PHOTO)
    return encoded.result


@pytest.fixture(scope="module")
def tuned(shop, workspace, plain):
    """The photos encoded after fine-tuning."""
    encoded = photos_of(shop, workspace)
    assert encoded.rows == 0
    return encoded.result


# Photos


@pytest.mark.exhaustive
def test_with_few_photos_the_compact_encoder_is_left_as_it_is(plain):
    assert plain.untuned is None
    assert plain.vectors.vectors.shape == (len(WITH_PHOTO), 1280)


def test_an_article_without_a_photo_has_no_vector(plain, tuned):
    for encoded in (plain.vectors, tuned.vectors, tuned.untuned):
        assert np.flatnonzero(encoded.entry == NO_VECTOR).tolist() == [WITHOUT_PHOTO]


@pytest.mark.parametrize("which", ["plain", "tuned"])
def test_a_photo_of_the_catalogue_uploaded_is_read_as_its_article_was(which, shop, request):
    encoded = request.getfixturevalue(which)
    for row in (HELD_OUT[0], LEARNED[0], LEARNED[-1]):
        photo = Image.open(photo_file(shop, IDS[row])).convert("RGB")
        (uploaded,) = encoded.encoder.encode([photo])
        assert uploaded @ vector_of(encoded.vectors, row) > 0.999
        assert uploaded @ vector_of(encoded.vectors, LEARNED[1]) < 0.998


def test_with_enough_photos_the_encoder_is_fitted_to_them(plain, tuned):
    assert tuned.vectors.vectors.shape == (len(WITH_PHOTO), Schedule().dim)
    assert tuned.encoder.encodes_words
    assert not plain.encoder.encodes_words
    assert tuned.encoder.version != plain.encoder.version
    assert tuned.untuned.fingerprint() == plain.vectors.fingerprint()


def test_words_are_put_into_the_space_of_the_photos(shop, tuned):
    texts = article_texts(read_catalog(shop).articles)
    words = tuned.encoder.encode_words(texts)
    assert words.shape == (len(IDS), tuned.vectors.vectors.shape[1])
    assert np.allclose(np.linalg.norm(words, axis=1), 1, atol=1e-5)


def test_vectors_have_length_one(plain, tuned):
    for encoded in (plain, tuned):
        lengths = np.linalg.norm(encoded.vectors.vectors, axis=1)
        np.testing.assert_allclose(lengths, 1, atol=1e-5)


def test_what_was_encoded_once_is_not_encoded_again(shop, workspace, tuned):
    again = photos_of(shop, workspace)
    assert again.rows == 0
    assert again.result.vectors.fingerprint() == tuned.vectors.fingerprint()
    assert again.result.encoder.version == tuned.encoder.version


def with_another_photo(tmp_path, workspace, row):
    """The shop where one article has another photo, encoded."""
    shop = write_shop(tmp_path / "other")
    write_noise(shop, row, seed=1000)
    return photos_of(shop, workspace)


def test_photos_of_held_out_products_teach_nothing(tmp_path, workspace, tuned):
    changed = HELD_OUT[2]
    encoded = with_another_photo(tmp_path, workspace, changed)
    assert encoded.rows == 1
    other = encoded.result
    assert other.encoder.version == tuned.encoder.version
    for row in set(WITH_PHOTO) - {changed}:
        np.testing.assert_array_equal(vector_of(other.vectors, row), vector_of(tuned.vectors, row))
    assert vector_of(other.vectors, changed) @ vector_of(tuned.vectors, changed) < 0.9


def test_photos_of_other_products_teach(tmp_path, workspace, tuned):
    other = with_another_photo(tmp_path, workspace, LEARNED[5]).result
    assert other.encoder.version != tuned.encoder.version
    row = HELD_OUT[0]
    assert not np.allclose(vector_of(other.vectors, row), vector_of(tuned.vectors, row), atol=1e-4)


def test_photos_of_held_out_products_do_not_count_towards_enough(shop, workspace, plain):
    learned = len(LEARNED) - 1
    assert learned < len(WITH_PHOTO)
    assert photos_of(shop, workspace, enough=learned + 1).result.untuned is None
    assert photos_of(shop, workspace, enough=learned).result.untuned is not None


def test_an_encoder_of_ones_own_is_left_as_it_is(shop, plain, tmp_path):
    own = ImageEncoder(plain.encoder.id)
    encoded = photos_of(shop, Workspace(tmp_path), own.id).result
    assert encoded.untuned is None
    assert encoded.encoder.id == own.id
    np.testing.assert_allclose(encoded.vectors.vectors, plain.vectors.vectors, atol=1e-5)


def test_a_shop_without_photos_has_no_image_vectors(tmp_path, workspace):
    rows = [article(each) for each in IDS[:3]]
    write_catalog(tmp_path / "bare", rows, [("2020-09-01", "ann", IDS[0], "1")], photos=())
    encoded = photos_of(tmp_path / "bare", workspace, enough=20)
    assert encoded.rows == 0
    assert encoded.result.vectors.entry.tolist() == [NO_VECTOR] * 3
    assert encoded.result.untuned is None


# Texts


@pytest.fixture(scope="module")
def encoder():
    return TextEncoder()


def mean_cosine(encoded):
    cosines = encoded.vectors.vectors @ encoded.vectors.vectors.T
    return cosines[~np.eye(len(cosines), dtype=bool)].mean()


def test_texts_are_encoded_once_and_whitened_where_there_are_enough(shop, tmp_path, encoder):
    plain = texts_of(shop, Workspace(tmp_path), encoder, enough=TEXTS + 1)
    white = texts_of(shop, Workspace(tmp_path), encoder, enough=TEXTS)
    assert (plain.rows, white.rows) == (TEXTS, 0)
    plain, white = plain.result, white.result
    # Two articles a text: they share a vector, whitened or not.
    assert plain.vectors.entry.tolist() == [number // 2 for number in range(len(IDS))]
    assert white.vectors.entry.tolist() == plain.vectors.entry.tolist()
    assert mean_cosine(plain) > 0.6
    assert abs(mean_cosine(white)) < 0.1
    np.testing.assert_allclose(np.linalg.norm(white.vectors.vectors, axis=1), 1, atol=1e-5)


def test_a_new_text_is_all_that_is_encoded_anew(shop, tmp_path, encoder):
    workspace = Workspace(tmp_path / "workspace")
    first = texts_of(shop, workspace, encoder)
    changed = descriptions(**{IDS[4]: "Of silk."})
    second = texts_of(write_shop(tmp_path / "other", changed), workspace, encoder)
    assert (first.rows, second.rows) == (TEXTS, 1)
    first, second = first.result, second.result
    np.testing.assert_array_equal(vector_of(second.vectors, 0), vector_of(first.vectors, 0))
    assert vector_of(second.vectors, 4) @ vector_of(second.vectors, 5) < 0.999

"""Loading the encoders of a release, checking them, and keeping them for the next release."""

import dataclasses
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from building import reseal

from recsys.catalog.photos import decode_photo
from recsys.errors import EncoderError, QueryError, ReleaseError
from recsys.models.image import ImageEncoder
from recsys.release.manifest import EncoderRecord, read_manifest
from recsys.release.reader import Release, open_release
from recsys.retrieval.index import build_graph
from recsys.serving.encoders import UNAVAILABLE, Encoders, PhotoEncoder
from recsys.serving.recommender import Recommender


def with_reversed_vectors(folder: Path) -> Release:
    """A release with image vectors that its encoder did not make: the true ones, axes reversed."""
    vectors = np.ascontiguousarray(np.load(folder / "vectors/image.npy")[:, ::-1])
    np.save(folder / "vectors/image.npy", vectors)
    build_graph(vectors, "image").save(folder / "indexes/image.usearch")
    reseal(folder)
    return open_release(folder)


def test_a_photo_of_the_catalogue_is_encoded_as_its_vector(small_built: Path) -> None:
    release = open_release(small_built / "release")
    vector = PhotoEncoder(release).encode(decode_photo(release.photo(7) or b""))
    index = release.indexes["image"]
    assert vector.shape == (1280,)
    assert vector @ index.vectors[index.entry[7]] > 0.999


def test_an_encoder_that_did_not_make_the_vectors_is_refused_when_loaded(small_copy: Path) -> None:
    encoder = PhotoEncoder(with_reversed_vectors(small_copy))
    with pytest.raises(ReleaseError, match=r"compact did not make vectors/image\.npy"):
        encoder.load()


def test_articles_are_found_with_the_wrong_encoder_and_photos_are_refused(
    small_copy: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recommender = Recommender(with_reversed_vectors(small_copy))
    article_id = recommender.release.articles["article_id"][0]
    assert all(gallery.matches for gallery in recommender.similar_to_article(article_id).galleries)
    with pytest.raises(QueryError) as refused:
        recommender.similar_to_photo(recommender.photo(article_id) or b"")
    assert str(refused.value) == UNAVAILABLE
    assert "compact did not make vectors/image.npy" in caplog.text


def test_a_missing_encoder_is_named(small_copy: Path) -> None:
    release = open_release(small_copy)
    shutil.rmtree(small_copy / "encoders")
    with pytest.raises(EncoderError, match="encoders/image"):
        PhotoEncoder(release).load()


def test_background_loading_that_fails_is_a_warning_in_the_log(
    small_copy: Path, caplog: pytest.LogCaptureFixture
) -> None:
    encoders = Encoders.of(open_release(small_copy))
    shutil.rmtree(small_copy / "encoders")
    encoders.load_in_background()
    for thread in threading.enumerate():
        if thread.name == "encoders":
            thread.join()
    assert "Photos and words cannot be searched: " in caplog.text
    assert not encoders.ready
    assert encoders.loaded == {"photos": False, "words": False}


def test_an_encoder_serves_releases_with_the_same_record_only(
    small_built: Path, small_copy: Path
) -> None:
    encoder, copy = PhotoEncoder(open_release(small_built / "release")), open_release(small_copy)
    assert encoder.serves(copy)
    models = read_manifest(small_copy).models
    other = dataclasses.replace(models["image"], encoder=EncoderRecord("compact", "another"))
    copy.manifest = dataclasses.replace(copy.manifest, models={**models, "image": other})
    assert not encoder.serves(copy)
    assert not encoder.for_release(copy).ready


def test_threads_that_need_an_encoder_at_once_load_it_once(
    small_built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = open_release(small_built / "release")
    made: list[ImageEncoder] = []

    def make(model: str) -> ImageEncoder:
        made.append(ImageEncoder(model))
        return made[-1]

    monkeypatch.setattr("recsys.serving.encoders.ImageEncoder", make)
    encoder = PhotoEncoder(release)
    threads = [threading.Thread(target=encoder.load) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1

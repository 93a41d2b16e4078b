import dataclasses
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from building import reseal

from recsys.catalog.photos import decode_photo
from recsys.errors import EncoderError, ReleaseError
from recsys.models.image import ImageEncoder
from recsys.release.manifest import EncoderRecord, read_manifest
from recsys.release.reader import Release, open_release
from recsys.serving.encoders import PhotoEncoder
from recsys.serving.recommender import Recommender


def turned(folder: Path) -> Release:
    """A release whose image vectors are another encoder's: the true ones, their axes reversed."""
    vectors = np.ascontiguousarray(np.load(folder / "vectors/image.npy")[:, ::-1])
    np.save(folder / "vectors/image.npy", vectors)
    from recsys.retrieval.index import build_graph

    build_graph(vectors, "image").save(folder / "indexes/image.usearch")
    reseal(folder)
    return open_release(folder)


def test_a_photo_of_the_catalogue_is_read_as_its_vector(small_built: Path) -> None:
    release = open_release(small_built / "release")
    vector = PhotoEncoder(release).read(decode_photo(release.photo(7) or b""))
    index = release.indexes["image"]
    assert vector.shape == (1280,)
    assert vector @ index.vectors[index.entry[7]] > 0.999


def test_vectors_of_a_foreign_encoder_are_noticed_when_it_is_loaded(small_copy: Path) -> None:
    reader = PhotoEncoder(turned(small_copy))
    with pytest.raises(ReleaseError, match=r"compact did not make vectors/image\.npy"):
        reader.load()


def test_articles_are_found_though_the_encoder_is_foreign(small_copy: Path) -> None:
    recommender = Recommender(turned(small_copy))
    article_id = recommender.release.articles["article_id"][0]
    assert all(gallery.matches for gallery in recommender.similar_to_article(article_id).galleries)
    with pytest.raises(ReleaseError):
        recommender.similar_to_photo(recommender.photo(article_id) or b"")


def test_an_encoder_that_is_gone_is_named(small_copy: Path) -> None:
    release = open_release(small_copy)
    shutil.rmtree(small_copy / "encoders")
    with pytest.raises(EncoderError, match="compact"):
        PhotoEncoder(release).load()


def test_a_reader_fits_releases_of_the_same_encoder_only(
    small_built: Path, small_copy: Path
) -> None:
    mine, copy = open_release(small_built / "release"), open_release(small_copy)
    reader = PhotoEncoder(mine)
    assert reader.fits(copy)
    models = read_manifest(small_copy).models
    other = dataclasses.replace(models["image"], encoder=EncoderRecord("compact", "another"))
    copy.manifest = dataclasses.replace(copy.manifest, models={**models, "image": other})
    assert not reader.fits(copy)


def test_many_askers_at_once_load_one_encoder(
    small_built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = open_release(small_built / "release")
    made: list[ImageEncoder] = []

    def make(model: str) -> ImageEncoder:
        made.append(ImageEncoder(model))
        return made[-1]

    monkeypatch.setattr("recsys.serving.encoders.ImageEncoder", make)
    reader = PhotoEncoder(release)
    threads = [threading.Thread(target=reader.load) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1

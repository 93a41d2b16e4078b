"""The image model: what an article's photo shows, seen by an OpenCLIP model.

Any OpenCLIP model works by its id. Its text tower puts words into the same space, so that words
find photos. The default, *compact*, is made by `recsys.models.compact_clip`.
"""

import json
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from PIL import Image

from recsys.errors import EncoderError
from recsys.models.device import on_zero_gpu
from recsys.models.encoder_version import encoder_version
from recsys.vectors import Float32, unit

Source = TypeVar("Source")

COMPACT = "compact"
"""The default encoder: EfficientNet-Lite0 and MiniLM, tuned to the catalogue."""

CONFIG_FILE, WEIGHTS_FILE = "open_clip_config.json", "open_clip_model.safetensors"
TEXT_CONFIG_FILE = "config.json"
"""What a directory needs of its Hugging Face text tower, so that it is not asked of the Hub."""

WITHOUT_WORDS = "without_words"
"""A key of the configuration file that is true where the text tower was never trained."""

BATCH, BATCH_ON_CPU = 64, 8
"""Photos encoded at once. On a CPU more would not fit into its caches."""

READERS, AHEAD = 4, 2 * BATCH
"""How many threads decode photos while others are encoded, and how many photos they are ahead."""


class ImageEncoder:
    """An OpenCLIP model, loaded when it is first needed.

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
        """Which state of the model it is: see `encoder_version`."""
        return encoder_version(_repo(self.id))

    @property
    def reads_words(self) -> bool:
        """Whether words and photos have been put into one space."""
        return not (self.folder and _config(self.folder).get(WITHOUT_WORDS))

    @property
    def batch(self) -> int:
        """How many photos it is best asked about at once."""
        return BATCH_ON_CPU if _device() == "cpu" else BATCH

    def encode(self, photos: Sequence[Image.Image]) -> Float32:
        """Return unit vectors, float32 [len(photos), dim], of a batch of RGB pictures."""
        return self.encode_prepared([self.prepare(photo) for photo in photos])

    def prepare(self, photo: Image.Image) -> Any:
        """Return an RGB picture as the model takes it in, a tensor."""
        return self._model[1](photo)

    def encode_prepared(self, prepared: Sequence[Any]) -> Float32:
        """Return unit vectors, float32 [len(prepared), dim], of pictures that were prepared."""
        return unit(self._see(prepared))

    def embed_many(
        self, sources: Sequence[Source], open_photo: Callable[[Source], Image.Image]
    ) -> Float32:
        """Return what the model says, float32 [len(sources), dim], of any length, of many photos.

        Photos are opened while others are encoded.
        """
        prepared = _ahead(sources, lambda source: self.prepare(open_photo(source)))
        starts = range(0, len(sources), self.batch)
        return np.concatenate(
            [self._see([next(prepared) for _ in sources[at : at + self.batch]]) for at in starts]
        )

    def encode_words(self, texts: Sequence[str]) -> Float32:
        """Return unit vectors, float32 [len(texts), dim], in the space of the photos."""
        return unit(self._run(lambda model: model.encode_text, self._tokenizer(list(texts))))

    def _see(self, prepared: Sequence[Any]) -> Float32:
        import torch

        # Convolutions are quicker in this memory layout, also on a CPU.
        batch = torch.stack(list(prepared)).contiguous(memory_format=torch.channels_last)
        return self._run(lambda model: model.encode_image, batch)

    def _run(self, tower: Callable[[Any], Any], batch: Any) -> Float32:
        """Run a tower over a batch where the model is, in bfloat16 on a GPU that has it."""
        import torch

        model, _ = self._model
        device = next(model.parameters()).device
        low = device.type == "cuda" and torch.cuda.is_bf16_supported()
        with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=low):
            said = tower(model)(batch.to(device, non_blocking=True))
            vectors: Float32 = said.float().cpu().numpy()
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

    def _loaded(self, load: Callable[[], Any]) -> Any:
        from safetensors import SafetensorError

        try:
            return load()
        except (OSError, ValueError, RuntimeError, SafetensorError) as error:
            raise EncoderError(f"The image model {self.id} cannot be loaded: {error}") from error


def _arguments(model: str) -> dict[str, Any]:
    """Return what OpenCLIP is to be asked for."""
    if model.startswith("local-dir:"):
        return {"model_name": model, **_own_text_tower(Path(model.removeprefix("local-dir:")))}
    if model.startswith("hf-hub:"):
        return {"model_name": model}
    name, _, tag = model.rpartition("/")
    return {"model_name": name, "pretrained": tag}


def _own_text_tower(folder: Path) -> dict[str, Any]:
    """Return the text tower's configuration with the folder as its Hugging Face model, if it is.

    OpenCLIP asks the Hub for that model's configuration otherwise.
    """
    if not (folder / TEXT_CONFIG_FILE).is_file():
        return {}
    config = _config(folder)["model_cfg"]["text_cfg"]
    return {"text_cfg": {**config, "hf_model_name": str(folder), "hf_model_pretrained": False}}


def _config(folder: Path) -> dict[str, Any]:
    """Return the configuration of an OpenCLIP directory; an empty one where there is none."""
    path = folder / CONFIG_FILE
    config: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
    return config


def _repo(model: str) -> str:
    """Return the repo on the Hub that a ``NAME/TAG`` stands for; any other id as it is."""
    if model.startswith(("local-dir:", "hf-hub:")):
        return model
    import open_clip

    name, _, tag = model.rpartition("/")
    repo: str = open_clip.get_pretrained_cfg(name, tag).get("hf_hub", "")
    return repo.rstrip("/")


def _device() -> str:
    import torch

    if torch.cuda.is_available() and not on_zero_gpu():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _ahead(sources: Sequence[Source], work: Callable[[Source], Any]) -> Iterator[Any]:
    """Yield what ``work`` returns for each source, in their order, done by threads in advance."""
    waiting: deque[Future[Any]] = deque()
    with ThreadPoolExecutor(READERS, "photos") as pool:
        for source in sources:
            waiting.append(pool.submit(work, source))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

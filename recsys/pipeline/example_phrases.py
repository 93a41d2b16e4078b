"""Example searches in words, whose vectors a release carries: they need no encoder."""

import re
from pathlib import Path

import pandas as pd

from recsys.catalog.schema import COLOUR, KIND
from recsys.catalog.statistics import counted
from recsys.models.encoder_version import encoder_key
from recsys.models.image import ImageEncoder
from recsys.models.registry import IMAGE, TEXT
from recsys.models.text import TextEncoder
from recsys.models.whitening import Whitening
from recsys.pipeline.workspace import Workspace
from recsys.release.tables import PHRASES, write_phrases
from recsys.vectors import fingerprint, key_of

PAIRS, COLOURS = 4, 2
"""How many phrases name a colour and a type, and how many a colour alone."""

VAGUE = r"(?i)other|unknown|undefined|transparent"


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

    read_by = (encoder_key(encoder.id), fingerprint(whitening.mean, whitening.matrix))
    key = key_of(phrases, *read_by, image.version)
    return workspace.once("phrases", key, make) / PHRASES, new

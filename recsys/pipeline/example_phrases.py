"""Example searches in words. A release has their vectors, so the app needs no encoder for them."""

import re
from itertools import islice
from pathlib import Path

import pandas as pd

from recsys.catalog.schema import COLOUR, PRODUCT_TYPE
from recsys.catalog.statistics import counted
from recsys.models.image import ImageEncoder
from recsys.models.registry import IMAGE, TEXT
from recsys.models.text import TextEncoder
from recsys.models.whitening import Whitening
from recsys.pipeline.workspace import Finished, Workspace
from recsys.release.files import PHRASES
from recsys.release.tables import write_phrases
from recsys.vectors import fingerprint, key_of

PAIR_PHRASES, COLOUR_PHRASES = 4, 2
"""How many phrases name a colour and a product type, and how many only a colour."""

VAGUE = r"(?i)other|unknown|undefined|transparent"
"""Words of H&M's vocabulary that nobody would search for."""

PLAIN_WORDS = r"[^\W\d_]+([ -][^\W\d_]+)*"
"""Words of letters only, joined by spaces or hyphens."""


def choose_phrases(articles: pd.DataFrame) -> list[str]:
    """Return phrases for frequent attributes: first like "black dress", then like "in red".

    The most frequent come first; no product type or colour comes twice.
    """
    pairs = (
        articles[[COLOUR, PRODUCT_TYPE]]
        .value_counts()
        .sort_index()
        .sort_values(ascending=False, kind="stable")
    )
    product_types: list[str] = []
    colours: list[str] = []
    for colour, product_type in pairs.index:
        plain = all(re.fullmatch(PLAIN_WORDS, each) for each in (colour, product_type))
        vague = re.search(VAGUE, f"{colour} {product_type}")
        if plain and not vague and colour not in colours and product_type not in product_types:
            product_types.append(product_type)
            colours.append(colour)
    named = [" ".join(pair).lower() for pair in zip(colours, product_types, strict=True)]
    others = (
        each
        for each, _ in counted(articles, COLOUR)
        if each not in colours[:PAIR_PHRASES] and each.isalpha() and not re.search(VAGUE, each)
    )
    alone = [f"in {colour}".lower() for colour in islice(others, COLOUR_PHRASES)]
    return named[:PAIR_PHRASES] + alone


def encode_phrases(
    workspace: Workspace,
    phrases: list[str],
    text: tuple[TextEncoder, Whitening],
    image: ImageEncoder,
) -> Finished[Path]:
    """Write the phrases and their vectors to a file of the workspace.

    Args:
        workspace: keeps the file.
        phrases: encoded one by one, as visitors' words are.
        text: the text encoder, and the whitening that follows it.
        image: its vectors are left out if it cannot encode words.
    """
    encoder, whitening = text

    def make(folder: Path) -> None:
        vectors = {TEXT.name: [whitening(encoder.encode([each]))[0] for each in phrases]}
        if image.encodes_words:
            vectors[IMAGE.name] = [image.encode_words([each])[0] for each in phrases]
        write_phrases(folder / PHRASES, phrases, vectors)

    encoders = (encoder.key, fingerprint(whitening.mean, whitening.matrix))
    kept = workspace.once("phrases", key_of(phrases, *encoders, image.version), make)
    return Finished(kept.folder / PHRASES, len(phrases) if kept.fresh else 0)

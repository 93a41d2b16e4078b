"""Descriptions of products in the manner of a fashion chain's web shop.

A description belongs to a product with all its colours, so it never names a colour. The words are
in ``tables/wording.toml`` and ``tables/fabrics.toml``.
"""

import numpy as np

from recsys.sample.drawing.fabrics import FABRICS
from recsys.sample.drawing.outlines import Cut
from recsys.sample.drawing.patterns import Pattern
from recsys.sample.product_types import ProductType
from recsys.sample.table_files import read_table

WORDING = read_table("wording")
FEATURES_PER_SENTENCE = 4
"""A longer list of features is continued in a second sentence."""


def describe(
    product_type: ProductType, cut: Cut, pattern: Pattern, rng: np.random.Generator
) -> str:
    """Return one to four sentences on what the product is and how it is made."""
    word = f"{pattern.word} " if pattern.word else ""
    fabric = str(rng.choice(FABRICS[cut.fabric].wording)).format(word)
    features = _features(cut)
    first, rest = features[:FEATURES_PER_SENTENCE], features[FEATURES_PER_SENTENCE:]
    sentences = (
        f"{_opening(product_type, cut)} in {fabric}{' with ' if first else ''}{_listed(first)}.",
        f"{_capitalised(_listed(rest))}." if rest else "",
        WORDING["fits"].get(cut.shape, {}).get(cut.fit, ""),
        str(rng.choice(product_type.closing_sentences)),
    )
    return " ".join(filter(None, sentences))


def _opening(product_type: ProductType, cut: Cut) -> str:
    """Return what it is, such as "Sleeveless, knee-length dress"."""
    sleeveless = cut.sleeves == "none" and cut.shape in ("top", "dress")
    length = WORDING["lengths"].get(cut.shape, {}).get(cut.length, "")
    adjectives = filter(None, ["sleeveless" if sleeveless else "", length.lower()])
    return _capitalised(f"{', '.join(adjectives)} {product_type.noun}".strip())


def _features(cut: Cut) -> list[str]:
    """Return what its neckline, sleeves, details and legs or skirt are like."""
    features = []
    if cut.shape in ("top", "dress"):
        neckline = "" if cut.sleeves == "straps" else WORDING["necklines"][cut.neckline]
        features += [neckline, WORDING["sleeves"].get(cut.sleeves, "")]
    features += [WORDING["details"].get(detail, _with_article(detail)) for detail in cut.details]
    features.append(WORDING["silhouettes"].get(cut.shape, {}).get(cut.fit, ""))
    return list(filter(None, features))


def _with_article(detail: str) -> str:
    if detail.endswith("motif"):
        return f"a {detail} on the front"
    return detail if detail.endswith("s") else f"a {detail}"


def _listed(words: list[str]) -> str:
    """Return the words as a list in a sentence: "a, b and c"."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]

"""Descriptions of products, in the manner of a fashion chain's web shop.

Like the shop's own, a description belongs to the product and so never names a colour.
"""

import numpy as np

from recsys.sample.drawing.outlines import Cut
from recsys.sample.drawing.patterns import Print
from recsys.sample.product_types import Kind

FABRICS = {
    "jersey": ("soft {}cotton jersey", "{}jersey made from a cotton blend", "{}viscose jersey"),
    "sweat": ("{}sweatshirt fabric", "soft {}sweatshirt fabric made from a cotton blend"),
    "weave": ("a {}cotton weave", "an airy {}viscose weave", "crisp {}cotton poplin"),
    "satin": ("softly draping {}satin", "{}satin with a gentle sheen"),
    "linen": ("a {}linen and cotton blend", "an airy {}linen weave"),
    "twill": ("{}cotton twill", "{}stretch twill"),
    "canvas": ("{}cotton canvas", "sturdy {}canvas"),
    "wool": ("a {}wool blend", "a felted {}wool blend"),
    "denim": ("{}denim", "{}stretch denim", "sturdy {}denim"),
    "knit": ("a soft {}knit", "a chunky {}knit", "a soft {}knit containing some wool"),
    "cable": ("a soft {}cable knit", "a {}cable knit containing some wool"),
    "rib": ("a soft {}rib knit", "a {}rib knit made from a cotton blend"),
    "corduroy": ("{}corduroy", "soft {}cotton corduroy"),
    "pile": ("soft {}pile", "{}teddy fleece"),
    "padded": ("a {}quilted weave with light padding", "{}padded nylon"),
    "leather": ("{}imitation leather", "grained {}imitation leather"),
    "straw": ("braided {}paper straw",),
}

_HEMS = {"knee": "Knee-length", "calf": "Calf-length", "ankle": "Ankle-length"}
LENGTHS = {
    "top": {"cropped": "Short", "long": "Long", "thigh": "Long"} | _HEMS,
    "dress": {"thigh": "Short"} | _HEMS,
    "skirt": {"short": "Short"} | _HEMS,
    "trousers": _HEMS,
    "boots": {"cropped": "Ankle", "long": "Knee-high"},
    "beanie": {"long": "Long"},
}
BAG_SIZES = {"cropped": "Small", "long": "Large"}

NECKLINES = {
    "round": "a round neckline",
    "V-neck": "a V-neck",
    "boat": "a boat neckline",
    "square": "a square neckline",
    "collar": "a turn-down collar",
    "polo collar": "a ribbed collar",
    "lapels": "notch lapels",
    "hood": "a lined drawstring hood",
    "stand-up collar": "a stand-up collar",
    "roll neck": "a roll neck",
}
SLEEVES = {
    "straps": "narrow shoulder straps",
    "cap": "cap sleeves",
    "short": "short sleeves",
    "elbow": "elbow-length sleeves",
    "3/4-length": "3/4-length sleeves",
    "long": "long sleeves",
    "puff": "short puff sleeves",
    "balloon": "long balloon sleeves with narrow cuffs",
}
FITS = {
    "top": {"slim": "Slim fit.", "wide": "Relaxed fit with slightly dropped shoulders."},
    "scarf": {"slim": "Size 25x180 cm.", "regular": "Size 40x190 cm.", "wide": "Size 70x200 cm."},
}
SHAPES = {
    "skirt": {"slim": "a straight cut", "regular": "a gentle A-line", "wide": "plenty of width"},
    "dress": {"slim": "a fitted skirt", "regular": "a gently flared skirt", "wide": "a wide skirt"},
    "trousers": {
        "slim": "slim legs",
        "regular": "straight legs",
        "wide": "wide legs",
        "flared": "flared legs",
    },
}
DETAILS = {
    "half buttons": "a short button placket",
    "double buttons": "a double-breasted front",
    "buttons": "buttons down the front",
    "zip": "a zip down the front",
    "ribbed trims": "ribbing at the cuffs and hem",
    "frill hem": "a gathered frill at the hem",
    "tiers": "gathered tiers",
    "pleats": "pleats all round",
    "tie belt": "a tie belt at the waist",
    "gathered waist": "a gathered seam at the waist",
    "empire waist": "a seam under the bust",
    "elastic waist": "an elasticated waist",
    "drawstring": "an elasticated drawstring waist",
    "turn-ups": "turn-ups at the hems",
    "ribbed hems": "ribbed hems",
    "leg pockets": "flap leg pockets",
    "creases": "pressed creases",
    "slip-on": "elastic gores at the sides for easy slipping on",
    "straps": "two hook and loop straps",
    "high": "lacing and a padded high shaft",
    "toe cap": "lacing and a rubber toe cap",
    "side stripes": "lacing and contrasting stripes at the sides",
    "chunky sole": "a chunky sole",
    "elastic gores": "elastic gores in the sides and a loop at the back",
    "side zip": "a zip in one side",
    "lacing": "lacing at the front",
    "heel": "a block heel",
    "turn-up": "a turned-up hem",
    "pompom": "a large pompom on top",
    "bucket": "a stitched, downturned brim",
    "band": "a contrasting band",
    "badge": "a badge at the front",
    "fringes": "fringes on the short sides",
    "lid": "a flap with a metal buckle",
    "chain strap": "a metal chain strap",
    "contrast handles": "handles in a darker shade",
}
"""What a detail is called, where that is not its own name with an article."""


def describe(kind: Kind, cut: Cut, pattern: Print, rng: np.random.Generator) -> str:
    """One to three sentences on what the product is and how it is made."""
    word = f"{pattern.word} " if pattern.word else ""
    cloth = str(rng.choice(FABRICS[cut.fabric])).format(word)
    features = _features(cut)
    first, rest = features[:4], features[4:]
    sentences = [f"{_opening(kind, cut)} in {cloth}{' with ' if first else ''}{_listed(first)}."]
    sentences += [f"{_capital(_listed(rest))}."] if rest else []
    sentences += [
        FITS.get(cut.shape, {}).get(cut.fit, ""),
        str(rng.choice(kind.closings.split(";"))),
    ]
    return " ".join(sentence.strip() for sentence in sentences if sentence)


def _opening(kind: Kind, cut: Cut) -> str:
    """What it is: "Sleeveless, knee-length dress"."""
    size = LENGTHS.get(cut.shape, BAG_SIZES if kind.line == "bags" else {}).get(cut.length, "")
    bare = cut.sleeves == "none" and cut.shape in ("top", "dress")
    words = ["Sleeveless"] * bare + [size] * bool(size)
    return _capital(f"{', '.join(words).lower()} {kind.noun}".strip())


def _features(cut: Cut) -> list[str]:
    """What its neckline, sleeves, details and legs or skirt are like."""
    features = []
    if cut.shape in ("top", "dress"):
        features += [] if cut.sleeves == "straps" else [NECKLINES[cut.neckline]]
        features += [SLEEVES[cut.sleeves]] if cut.sleeves in SLEEVES else []
    features += [DETAILS.get(detail, _with_article(detail)) for detail in cut.details]
    shape = SHAPES.get(cut.shape, {}).get(cut.fit)
    return features + ([shape] if shape else [])


def _with_article(detail: str) -> str:
    if detail.endswith("motif"):
        return f"a {detail} on the front"
    return detail if detail.endswith("s") else f"a {detail}"


def _listed(words: list[str]) -> str:
    """The words as a list in a sentence."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

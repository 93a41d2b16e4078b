"""Cloth close up: the colours it is dyed in and the texture of each fabric.

A texture multiplies the light. It takes the thread coordinates of a patch, `u` across and `v`
down, in pixels of the photo, and the patch's `grain`, fine noise; all float32 of shape (h, w).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ImageColor

from recsys.sample.drawing.outlines import Slot

Map = NDArray[np.floating[Any]]
"""One number for every pixel of a patch or a photo, float32 of shape (h, w)."""

Texture = Callable[[Map, Map, Map], Map]

LEAF = np.array([84, 116, 76])
METAL = (184, 180, 170)
PALE = (241, 239, 233)
STITCH = (190, 138, 84)


@dataclass(frozen=True)
class Colour:
    """A colour of the catalogue: how its articles are labelled and what they look like.

    Attributes:
        code, name: the colour group.
        value_id, value, master_id, master: how the colour is perceived.
        dye: the cloth itself, as six hexadecimal digits.
        contrast, accent: the inks of patterns on it, written likewise.
    """

    code: int
    name: str
    value_id: int
    value: str
    master_id: int
    master: str
    dye: str
    contrast: str
    accent: str


COLOURS = (
    Colour(9, "Black", 4, "Dark", 5, "Black", "1e1e21", "e8e4db", "b04a4e"),
    Colour(10, "White", 3, "Light", 9, "White", "f6f5f1", "262e46", "c45c58"),
    Colour(73, "Dark Blue", 4, "Dark", 2, "Blue", "222b48", "ececea", "ba3e42"),
    Colour(7, "Grey", 2, "Medium Dusty", 12, "Grey", "9ea0a3", "3e4046", "f0f0ee"),
    Colour(51, "Light Pink", 1, "Dusty Light", 4, "Pink", "f0c8c8", "fcfaf6", "be5668"),
    Colour(12, "Light Beige", 1, "Dusty Light", 11, "Beige", "deceb6", "78583e", "f6f3ec"),
    Colour(71, "Light Blue", 3, "Light", 2, "Blue", "a4c2de", "fafaf8", "3e588c"),
    Colour(72, "Blue", 2, "Medium Dusty", 2, "Blue", "426ca4", "eef0f2", "1c284a"),
    Colour(42, "Red", 5, "Bright", 18, "Red", "be242c", "f8f0e8", "2c1e28"),
    Colour(
        19, "Greenish Khaki", 2, "Medium Dusty", 20, "Khaki green", "70704e", "ded6bc", "323228"
    ),
    Colour(93, "Dark Green", 4, "Dark", 19, "Green", "264c3c", "e2e0cc", "ce9e46"),
    Colour(22, "Yellow", 7, "Medium", 8, "Yellow", "ecbe4a", "faf6ea", "784e28"),
    Colour(17, "Yellowish Brown", 2, "Medium Dusty", 13, "Brown", "92623a", "eee0c8", "342a26"),
    Colour(43, "Dark Red", 4, "Dark", 18, "Red", "6a1c2c", "ecd6ce", "ce964c"),
    Colour(52, "Pink", 7, "Medium", 4, "Pink", "da688c", "fceeec", "781e4a"),
    Colour(61, "Light Purple", 3, "Light", 6, "Lilac Purple", "c4b2d8", "faf8fa", "684e8c"),
)
"""Every colour of the catalogue, the most common first."""

DENIM_WASHES = ("Blue", "Dark Blue", "Light Blue", "Black", "Grey")
LEATHER_TONES = (
    "Black",
    "Yellowish Brown",
    "Light Beige",
    "Dark Red",
    "White",
    "Dark Blue",
    "Grey",
)


def dyes(fabric: str) -> tuple[Colour, ...]:
    """The colours that fabric comes in."""
    names = {"denim": DENIM_WASHES, "leather": LEATHER_TONES}.get(fabric)
    return tuple(colour for colour in COLOURS if names is None or colour.name in names)


def rgb(digits: str) -> NDArray[np.float64]:
    """The red, green and blue (0 to 255) of six hexadecimal digits."""
    return np.array(ImageColor.getrgb(f"#{digits}"), np.float64)


def palette(colour: Colour) -> Map:
    """What every `Slot` looks like on an article of that colour, (slots, 3) from 0 to 255."""
    dye = rgb(colour.dye)
    dark = dye @ (0.3, 0.59, 0.11) < 65
    shades = np.zeros((len(Slot), 3), np.float32)
    shades[Slot.FABRIC] = dye
    shades[Slot.SECOND], shades[Slot.THIRD] = rgb(colour.contrast), rgb(colour.accent)
    shades[Slot.FOURTH] = 0.45 * dye + 0.55 * LEAF
    shades[Slot.INSIDE] = dye * 0.5 + 14 if dark else dye * 0.66
    shades[Slot.TRIM] = dye * 0.8 + 30 if dark else dye * 0.7
    shades[Slot.METAL], shades[Slot.PALE], shades[Slot.STITCH] = METAL, PALE, STITCH
    return shades


def _wave(at: Map, period: float) -> Map:
    """A cosine of that period, in pixels."""
    return np.asarray(np.cos(at * (2 * np.pi / period)))


def _woven(fuzz: float, *waves: tuple[float, float, float, float]) -> Texture:
    """Cloth of that much fuzz and regular threads.

    Each wave is (how far it runs along `u`, along `v`, its period in pixels, its strength).
    """

    def texture(u: Map, v: Map, grain: Map) -> Map:
        light: Map = 1 + fuzz * grain
        for across, down, period, strength in waves:
            light += strength * _wave(across * u + down * v, period)
        return light

    return texture


def _knit(u: Map, v: Map, grain: Map) -> Map:
    zigzag = np.asarray(v + 3.5 * np.abs((u / 5.2) % 1 - 0.5))
    return np.asarray(1 + 0.065 * _wave(zigzag, 4.4) + 0.05 * _wave(u, 5.2) + 0.008 * grain)


def _cable(u: Map, v: Map, grain: Map) -> Map:
    """Two strands that cross over each other, between columns of plain knit."""
    x = (u + 17) % 34 - 17
    sway = 5 * np.sin(v / 7)
    one, other = np.exp(-(((x - sway) / 3.6) ** 2)), np.exp(-(((x + sway) / 3.6) ** 2))
    over = np.where(np.cos(v / 7) > 0, one, other)
    strands = 0.82 + 0.28 * np.maximum(over, 0.75 * np.maximum(one, other))
    plain = 0.95 + 0.06 * _wave(u, 4.4)
    return np.asarray(np.where(np.abs(x) < 11, strands, plain) + 0.008 * grain)


def _padded(u: Map, v: Map, grain: Map) -> Map:
    """Quilted tubes across."""
    tube = (v / 27 + 0.012 * np.sin(u / 14)) % 1
    seam = np.exp(-((np.minimum(tube, 1 - tube) / 0.06) ** 2))
    pucker = np.sin(u / 5 + 4 * np.sin(np.floor(v / 27))) * np.exp(-((tube / 0.35) ** 2))
    return np.asarray(1.09 - 0.2 * tube - 0.34 * seam + 0.05 * pucker + 0.008 * grain)


def _braided(u: Map, v: Map, grain: Map) -> Map:
    strand = np.asarray(v + 2.5 * (np.floor(u / 5) % 2))
    return np.asarray(1 + 0.1 * _wave(strand, 5) + 0.06 * _wave(u, 5) + 0.01 * grain)


TEXTURES: dict[str, Texture] = {
    "jersey": _woven(0.013),
    "sweat": _woven(0.013),
    "satin": _woven(0.013),
    "leather": _woven(0.013),
    "weave": _woven(0.012, (0, 1, 2.4, 0.012)),
    "linen": _woven(0.028, (0, 1, 2.4, 0.02)),
    "twill": _woven(0.012, (1, 1, 2.8, 0.015)),
    "canvas": _woven(0.016, (0, 1, 2.6, 0.02)),
    "wool": _woven(0.026),
    "pile": _woven(0.07),
    "denim": _woven(0.035, (1, 1, 3.3, 0.045), (1, 0, 2.3, 0.02)),
    "rib": _woven(0.008, (1, 0, 4.2, 0.1)),
    "corduroy": _woven(0.02, (1, 0, 4.0, 0.085)),
    "knit": _knit,
    "cable": _cable,
    "padded": _padded,
    "straw": _braided,
}
"""The texture of every fabric, by its name."""

SHEEN = {"satin": 1.7, "leather": 1.5, "padded": 0.6, "cable": 0.7, "knit": 0.8}
"""How strongly light plays on the folds of a fabric; 1 where none is given."""


def drape(kind: str, u: Map, down: Map, spread: float) -> Map:
    """The light on folds sewn into a part; `down` runs from 0 at its top to 1 at its foot."""
    across = u / (1 + (spread - 1) * down)
    if kind == "pleats":
        pleat = (across / 11) % 1
        return 1.1 - 0.26 * pleat - 0.22 * np.exp(-((pleat / 0.1) ** 2))
    ripple = np.sin(across / 2.3 + 1.7 * np.sin(across / 9))
    ripple += 0.6 * np.sin(across / 4.9 + 2 * np.sin(across / 23))
    return 1 + 0.1 * ripple * (1 - 0.72 * down**0.6)

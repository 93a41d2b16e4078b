"""Colours and fabrics: what cloth looks like close up.

Textures multiply the light. They take the thread coordinates of a patch, `u` across and `v` down,
in pixels of the photo, and its `grain`, standard normal noise; all float32 of shape (h, w).
Their periods and strengths were chosen by eye.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ImageColor

from recsys.sample.drawing.outlines import Material
from recsys.sample.table_files import read_table

Pixels = NDArray[np.floating[Any]]
"""One number for every pixel of a patch or a photo, float32 of shape (h, w)."""

LEAF = np.array([84, 116, 76])
"""The green of leaves in patterns, which is mixed with the cloth's colour."""
FIXED_COLOURS = {
    Material.METAL: (184, 180, 170),
    Material.PALE: (241, 239, 233),  # rubber soles, laces and labels
    Material.STITCH: (190, 138, 84),  # the thread of jeans
}
"""The materials that look the same on articles of every colour."""
LUMA = (0.3, 0.59, 0.11)
"""Share of red, green and blue in perceived brightness (ITU-R BT.601)."""
DARK = 65
"""Cloth below this brightness gets lighter trims, as darker ones could not be seen on it."""


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


COLOURS = tuple(Colour(**row) for row in read_table("colours")["colours"])
"""Every colour of the catalogue, the most common first."""


@dataclass(frozen=True)
class Fabric:
    """A fabric: how it is worded and what it looks like.

    Attributes:
        wording: phrases for descriptions; "{}" is where the word for the pattern goes.
        texture: a key of `TEXTURES`.
        fuzz: the strength of the random texture of a woven fabric.
        threads: the regular texture of a woven fabric: waves, each given by how far it runs
            across and down, its period in pixels and its strength.
        sheen: how strongly light plays on its folds.
        colours: names of the colours it comes in; none means all.
    """

    wording: tuple[str, ...]
    texture: str = "woven"
    fuzz: float = 0.0
    threads: tuple[tuple[float, float, float, float], ...] = ()
    sheen: float = 1.0
    colours: tuple[str, ...] = ()


FABRICS = {name: Fabric(**row) for name, row in read_table("fabrics").items()}
"""Every fabric by its name."""


def fabric_colours(fabric: str) -> tuple[Colour, ...]:
    """Return the colours that a fabric comes in, the most common first."""
    names = FABRICS[fabric].colours
    return tuple(colour for colour in COLOURS if not names or colour.name in names)


def rgb(digits: str) -> NDArray[np.float64]:
    """Return the red, green and blue, 0 to 255, of six hexadecimal digits."""
    return np.array(ImageColor.getrgb(f"#{digits}"), np.float64)


def palette(colour: Colour) -> Pixels:
    """Return what every `Material` looks like on an article of that colour.

    Shape (materials, 3), red, green and blue from 0 to 255.
    """
    dye = rgb(colour.dye)
    dark = dye @ LUMA < DARK
    shades = np.zeros((len(Material), 3), np.float32)
    shades[Material.FABRIC] = dye
    shades[Material.SECOND], shades[Material.THIRD] = rgb(colour.contrast), rgb(colour.accent)
    shades[Material.FOURTH] = 0.45 * dye + 0.55 * LEAF
    shades[Material.INSIDE] = dye * 0.5 + 14 if dark else dye * 0.66
    shades[Material.TRIM] = dye * 0.8 + 30 if dark else dye * 0.7
    for material, shade in FIXED_COLOURS.items():
        shades[material] = shade
    return shades


def _wave(at: Pixels, period: float) -> Pixels:
    """Return a cosine with a period in pixels."""
    return np.asarray(np.cos(at * (2 * np.pi / period)))


def _woven(fabric: Fabric, u: Pixels, v: Pixels, grain: Pixels) -> Pixels:
    """Noise and regular threads."""
    light: Pixels = 1 + fabric.fuzz * grain
    for across, down, period, strength in fabric.threads:
        light += strength * _wave(across * u + down * v, period)
    return light


def _knit(_: Fabric, u: Pixels, v: Pixels, grain: Pixels) -> Pixels:
    """Rows of V-shaped stitches."""
    zigzag = np.asarray(v + 3.5 * np.abs((u / 5.2) % 1 - 0.5))
    return np.asarray(1 + 0.065 * _wave(zigzag, 4.4) + 0.05 * _wave(u, 5.2) + 0.008 * grain)


def _cable(_: Fabric, u: Pixels, v: Pixels, grain: Pixels) -> Pixels:
    """Two strands that cross over each other, between columns of plain knit."""
    x = (u + 17) % 34 - 17
    sway = 5 * np.sin(v / 7)
    one, other = np.exp(-(((x - sway) / 3.6) ** 2)), np.exp(-(((x + sway) / 3.6) ** 2))
    over = np.where(np.cos(v / 7) > 0, one, other)
    strands = 0.82 + 0.28 * np.maximum(over, 0.75 * np.maximum(one, other))
    plain = 0.95 + 0.06 * _wave(u, 4.4)
    return np.asarray(np.where(np.abs(x) < 11, strands, plain) + 0.008 * grain)


def _padded(_: Fabric, u: Pixels, v: Pixels, grain: Pixels) -> Pixels:
    """Quilted tubes across."""
    tube = (v / 27 + 0.012 * np.sin(u / 14)) % 1
    seam = np.exp(-((np.minimum(tube, 1 - tube) / 0.06) ** 2))
    pucker = np.sin(u / 5 + 4 * np.sin(np.floor(v / 27))) * np.exp(-((tube / 0.35) ** 2))
    return np.asarray(1.09 - 0.2 * tube - 0.34 * seam + 0.05 * pucker + 0.008 * grain)


def _braided(_: Fabric, u: Pixels, v: Pixels, grain: Pixels) -> Pixels:
    """Strips of straw, every other one half a step lower."""
    strand = np.asarray(v + 2.5 * (np.floor(u / 5) % 2))
    return np.asarray(1 + 0.1 * _wave(strand, 5) + 0.06 * _wave(u, 5) + 0.01 * grain)


TEXTURES = {
    "woven": _woven,
    "knit": _knit,
    "cable": _cable,
    "padded": _padded,
    "braided": _braided,
}


def texture(name: str, u: Pixels, v: Pixels, grain: Pixels) -> Pixels:
    """Return the brightness of a patch of that fabric, 1 on average, shape (h, w)."""
    fabric = FABRICS[name]
    return TEXTURES[fabric.texture](fabric, u, v, grain)


def drape(kind: str, u: Pixels, down: Pixels, spread: float) -> Pixels:
    """Return the brightness of "pleats" or "gathers" sewn into a piece, shape (h, w).

    ``down`` runs from 0 at its upper edge to 1 at its lower one; ``spread`` is as in `Piece`.
    """
    across = u / (1 + (spread - 1) * down)
    if kind == "pleats":
        pleat = (across / 11) % 1
        return 1.1 - 0.26 * pleat - 0.22 * np.exp(-((pleat / 0.1) ** 2))
    ripple = np.sin(across / 2.3 + 1.7 * np.sin(across / 9))
    ripple += 0.6 * np.sin(across / 4.9 + 2 * np.sin(across / 23))
    return 1 + 0.1 * ripple * (1 - 0.72 * down**0.6)

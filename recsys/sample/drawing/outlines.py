"""The vocabulary garments are drawn in: a cut, and the parts, seams and folds it is made of.

Lengths are centimetres; x grows to the right from the middle of the garment, y grows downwards
from its shoulder, waist or brim.
"""

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Self

import numpy as np
from numpy.typing import NDArray

Outline = NDArray[np.float64]
"""Points in order, shape (n, 2), in cm."""

Step = tuple[float, ...]


class Slot(IntEnum):
    """What a spot of the photo is made of; a palette gives every slot its colour."""

    BACKGROUND = 0
    FABRIC = 1
    SECOND = 2
    THIRD = 3
    FOURTH = 4
    INSIDE = 5
    TRIM = 6
    METAL = 7
    PALE = 8
    STITCH = 9


@dataclass(frozen=True)
class Cut:
    """How one product is made: all that its silhouette and its description depend on.

    Attributes:
        shape: the silhouette, a key of `drawing.SHAPES`.
        fabric: its cloth, a key of `cloth.TEXTURES`.
        wearer: "women", "men" or "child".
        length, fit, neckline, sleeves: as the silhouette knows them; not all use all.
        details: everything else, such as "zip" or "chest pocket".
    """

    shape: str
    fabric: str
    wearer: str = "women"
    length: str = "regular"
    fit: str = "regular"
    neckline: str = "round"
    sleeves: str = "none"
    details: tuple[str, ...] = ()

    def has(self, *details: str) -> bool:
        """Whether the cut has any of these details."""
        return any(detail in self.details for detail in details)


@dataclass(frozen=True, eq=False)
class Part:
    """A piece of cloth or hardware.

    Attributes:
        outline: its edge, closed.
        slot: what it is made of.
        turn: how far its thread runs from the vertical, in radians.
        relief: how far it bulges; 0 lies flat.
        fabric: its texture, where that is not the garment's own.
        drape: folds sewn into it: "gathers", "pleats" or none.
        spread: how many times wider it is at its foot than at its top.
    """

    outline: Outline
    slot: Slot = Slot.FABRIC
    turn: float = 0.0
    relief: float = 1.0
    fabric: str = ""
    drape: str = ""
    spread: float = 1.0

    def flipped(self) -> Self:
        """The same piece on the other side of the middle."""
        return replace(self, outline=flipped(self.outline), turn=-self.turn)


@dataclass(frozen=True, eq=False)
class Seam:
    """A line on the cloth, `width` cm wide: a shaded crease, or a cord or stitches of a `slot`."""

    outline: Outline
    width: float = 0.3
    slot: Slot | None = None
    dashes: bool = False

    def flipped(self) -> Self:
        """The same line on the other side of the middle."""
        return replace(self, outline=flipped(self.outline))


@dataclass(frozen=True)
class Fold:
    """A soft fold from (x0, y0) to (x1, y1), `width` cm wide; a negative `depth` is a valley."""

    x0: float
    y0: float
    x1: float
    y1: float
    width: float = 2.4
    depth: float = 1.0

    def flipped(self) -> Self:
        """The same fold on the other side of the middle, a little shallower: cloth is uneven."""
        return replace(self, x0=-self.x0, x1=-self.x1, depth=self.depth * 0.8)


Mark = Part | Seam


@dataclass(frozen=True, eq=False)
class Silhouette:
    """Marks in the order they are laid down, the folds across them, and how limp the cloth is."""

    marks: tuple[Mark, ...]
    folds: tuple[Fold, ...] = ()
    softness: float = 1.0


def path(*steps: Step) -> Outline:
    """Points along `steps`: (x, y) is reached in a straight line, (cx, cy, x, y) in a curve."""
    points = [np.array([steps[0][-2:]])]
    bend = np.linspace(0, 1, 13)[1:, None]
    for step in steps[1:]:
        start, end = points[-1][-1], np.array(step[-2:])
        pull = np.array(step[:2]) if len(step) == 4 else (start + end) / 2
        points.append((1 - bend) ** 2 * start + 2 * bend * (1 - bend) * pull + bend**2 * end)
    return np.concatenate(points)


def trace(steps: str) -> Outline:
    """The `path` whose steps are written out: "0,0 4,0,4,4" starts at (0, 0) and curves to (4, 4).

    >>> trace("0,0 4,0,4,4")[-1].tolist()
    [4.0, 4.0]
    """
    return path(*(tuple(float(number) for number in step.split(",")) for step in steps.split()))


def flipped(outline: Outline) -> Outline:
    """The same outline on the other side of the middle."""
    return np.asarray(outline * (-1.0, 1.0))


def whole(half: Outline) -> Outline:
    """The closed outline whose right half runs from its top middle to its bottom middle."""
    return np.concatenate([half, flipped(half)[::-1]])


def pair(*marks: Mark) -> list[Mark]:
    """Every mark after its mirror image."""
    return [twin for mark in marks for twin in (mark.flipped(), mark)]


def oval(x: float, y: float, width: float, height: float | None = None) -> Outline:
    """An oval round (x, y); a circle where only its width is given."""
    angle = np.linspace(0, 2 * np.pi, 28)
    tall = width if height is None else height
    return np.stack([x + width / 2 * np.cos(angle), y + tall / 2 * np.sin(angle)], axis=1)


def box(x: float, y: float, width: float, height: float) -> Outline:
    """A rectangle whose upper edge is centred on (x, y)."""
    half = width / 2
    return path((x - half, y), (x + half, y), (x + half, y + height), (x - half, y + height))


def button(x: float, y: float, width: float = 1.3) -> Part:
    """A sewn-on button."""
    return Part(oval(x, y, width), Slot.TRIM, relief=0.5)

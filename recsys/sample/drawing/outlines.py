"""What garments are drawn from: a cut, and the pieces, seams and folds of its silhouette.

Lengths are centimetres; x grows to the right from the middle of the garment, y grows downwards
from its shoulder, waist or brim. The coordinates in this folder follow ordinary garments of a
medium size; curves, reliefs and fold depths were chosen by eye.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Self

import numpy as np
from numpy.typing import NDArray

from recsys.sample.table_files import read_table

Outline = NDArray[np.float64]
"""Points in order, shape (n, 2), in cm."""

Step = tuple[float, ...]
"""One step of a `path`: 2 numbers for a straight line, 4 for a curve."""


class Material(IntEnum):
    """What a pixel shows; `palette` gives every material its colour."""

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
    """How a product is made: everything that its silhouette and its description depend on.

    Attributes:
        shape: the silhouette, a key of `SHAPES`.
        fabric: a key of `FABRICS`.
        wearer: "women", "men" or "child".
        length, fit, neckline, sleeves: options of the shape; no shape has all of them.
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
        """Return whether the cut has any of these details."""
        return any(detail in self.details for detail in details)


@dataclass(frozen=True, eq=False)
class Piece:
    """A piece of cloth or hardware.

    Attributes:
        outline: its edge, closed.
        material: gives its colour.
        turn: angle of its threads from the vertical, in radians.
        relief: how far it bulges; 0 is flat.
        fabric: its texture, where that is not the garment's own.
        drape: folds sewn into it: "gathers", "pleats" or none.
        spread: its width at its lower edge over that at its upper edge.
    """

    outline: Outline
    material: Material = Material.FABRIC
    turn: float = 0.0
    relief: float = 1.0
    fabric: str = ""
    drape: str = ""
    spread: float = 1.0

    def mirrored(self) -> Self:
        """Return its mirror image on the other side of the middle."""
        return replace(self, outline=mirrored(self.outline), turn=-self.turn)


@dataclass(frozen=True, eq=False)
class Seam:
    """A line `width` cm wide: a cord or thread of a `material`, or a crease where that is None."""

    outline: Outline
    width: float = 0.3
    material: Material | None = None
    dashes: bool = False

    def mirrored(self) -> Self:
        """Return its mirror image on the other side of the middle."""
        return replace(self, outline=mirrored(self.outline))


@dataclass(frozen=True)
class Fold:
    """A soft fold from (x0, y0) to (x1, y1), `width` cm wide; a negative `depth` is a valley."""

    x0: float
    y0: float
    x1: float
    y1: float
    width: float = 2.4
    depth: float = 1.0

    def mirrored(self) -> Self:
        """Return its mirror image, a little shallower, as cloth is never quite even."""
        return replace(self, x0=-self.x0, x1=-self.x1, depth=self.depth * 0.8)


Mark = Piece | Seam


@dataclass(frozen=True, eq=False)
class Silhouette:
    """The marks of a garment in drawing order, and its folds.

    `softness` is 1 for a limp fabric that wrinkles; near 0 the garment keeps its shape.
    """

    marks: Sequence[Mark]
    folds: Sequence[Fold] = ()
    softness: float = 1.0


def path(*steps: Step) -> Outline:
    """Return the points of a line through ``steps``.

    (x, y) is reached in a straight line, (cx, cy, x, y) in a quadratic Bezier curve with the
    control point (cx, cy).
    """
    points = [np.array([steps[0][-2:]])]
    share = np.linspace(0, 1, 13)[1:, None]  # 12 points a step look smooth at this size
    for step in steps[1:]:
        start, end = points[-1][-1], np.array(step[-2:])
        control = np.array(step[:2]) if len(step) == 4 else (start + end) / 2
        points.append((1 - share) ** 2 * start + 2 * share * (1 - share) * control + share**2 * end)
    return np.concatenate(points)


def parse_path(steps: str) -> Outline:
    """Return the `path` written as text: "0,0 4,0,4,4" starts at (0, 0) and curves to (4, 4).

    >>> parse_path("0,0 4,0,4,4")[-1].tolist()
    [4.0, 4.0]
    """
    return path(*(tuple(float(number) for number in step.split(",")) for step in steps.split()))


OUTLINES = {
    garment: {name: parse_path(steps) for name, steps in paths.items()}
    for garment, paths in read_table("outlines").items()
}
"""The outlines of ``tables/outlines.toml`` by garment and name."""


def mirrored(outline: Outline) -> Outline:
    """Return the mirror image of an outline, on the other side of the middle."""
    return np.asarray(outline * (-1.0, 1.0))


def symmetric(half: Outline) -> Outline:
    """Return the closed outline whose right half is given, from its top to its bottom middle."""
    return np.concatenate([half, mirrored(half)[::-1]])


def both_sides(*marks: Mark) -> list[Mark]:
    """Return every mark after its mirror image."""
    return [each for mark in marks for each in (mark.mirrored(), mark)]


def oval(x: float, y: float, width: float, height: float | None = None) -> Outline:
    """Return an oval around (x, y), a circle where only its width is given."""
    angle = np.linspace(0, 2 * np.pi, 28)
    tall = width if height is None else height
    return np.stack([x + width / 2 * np.cos(angle), y + tall / 2 * np.sin(angle)], axis=1)


def box(x: float, y: float, width: float, height: float) -> Outline:
    """Return a rectangle whose upper edge is centred on (x, y)."""
    half = width / 2
    return path((x - half, y), (x + half, y), (x + half, y + height), (x - half, y + height))


def button(x: float, y: float, width: float = 1.3) -> Piece:
    """Return a sewn-on button."""
    return Piece(oval(x, y, width), Material.TRIM, relief=0.5)


def button_placket(
    top: float,
    end: float,
    heights: Iterable[float],
    width: float,
    columns: Iterable[float] = (0.0,),
) -> list[Mark]:
    """Return the two seams of a placket from `top` to `end` and its buttons, row by row."""
    buttons = [button(x, float(y), width) for y in heights for x in columns]
    return [*both_sides(Seam(path((1.7, top), (1.7, end)))), *buttons]


def folds_on_both_sides(*right: Fold) -> tuple[Fold, ...]:
    """Return the folds of the right side, then their mirror images."""
    return right + tuple(fold.mirrored() for fold in right)

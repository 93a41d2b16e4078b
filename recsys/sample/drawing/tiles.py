"""Drawings that repeat in both directions: flowers, leaves, leopard spots and brush strokes."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

TILE = 120
"""Width and height of a tile in pixels of the photo: about a third of the photo's width."""
SCALE, REDUCTION = 6, 3
"""Tiles are drawn six times as large and reduced to twice their size, for smooth edges."""
ROUND = 6.3
"""A full turn in radians, rounded up: the upper bound of random angles."""
TILE_SEED = 11


class _TileCanvas:
    """A drawing on which shapes continue on the opposite side; one image for each of three inks."""

    def __init__(self) -> None:
        self.images = [Image.new("L", (TILE * SCALE, TILE * SCALE)) for _ in range(3)]

    def oval(self, ink: int, x: float, y: float, wide: float, tall: float, turn: float) -> None:
        """Draw an oval around (x, y), turned by `turn` radians, that hides the other inks."""
        angle = np.linspace(0, 2 * np.pi, 20)
        across, down = wide / 2 * np.cos(angle), tall / 2 * np.sin(angle)
        xs = x + across * np.cos(turn) - down * np.sin(turn)
        ys = y + across * np.sin(turn) + down * np.cos(turn)
        for neighbour in np.ndindex(3, 3):
            shift = (np.array(neighbour) - 1) * TILE
            points = (np.stack([xs, ys], axis=1) + shift) * SCALE
            for number, image in enumerate(self.images):
                fill = 255 if number == ink else 0
                ImageDraw.Draw(image).polygon(points.ravel().tolist(), fill=fill)

    def flower(self, x: float, y: float, size: float, turn: float) -> None:
        """Draw five petals around a centre."""
        for angle in turn + np.arange(5) * 2 * np.pi / 5:
            cx, cy = x + np.cos(angle) * size * 0.55, y + np.sin(angle) * size * 0.55
            self.oval(0, cx, cy, size, size * 0.72, angle)
        self.oval(1, x, y, size * 0.55, size * 0.55, 0)

    def leaf(self, x: float, y: float, size: float, turn: float) -> None:
        """Draw a leaf that points away from (x, y)."""
        cx, cy = x + np.cos(turn) * size, y + np.sin(turn) * size
        self.oval(2, cx, cy, size * 1.5, size * 0.5, turn)


def _bloom(canvas: _TileCanvas, rng: np.random.Generator, x: float, y: float) -> None:
    """A large flower with two leaves."""
    turn, size = rng.uniform(0, ROUND), rng.uniform(8, 11.5)
    for lean in (0.4, 2.2):
        canvas.leaf(x, y, size * 1.2, turn + lean)
    canvas.flower(x, y, size, turn)


def _ditsy(canvas: _TileCanvas, rng: np.random.Generator, x: float, y: float) -> None:
    """A tiny flower with one leaf."""
    turn = rng.uniform(0, ROUND)
    canvas.leaf(x, y, 3.6, turn)
    canvas.flower(x, y, 4.0, turn)


def _leopard(canvas: _TileCanvas, rng: np.random.Generator, x: float, y: float) -> None:
    """A spot with a broken edge."""
    turn, size = rng.uniform(0, ROUND), rng.uniform(5, 6.6)
    canvas.oval(1, x, y, size * 1.8, size * 1.4, turn)
    for angle in (0.3, 1.6, 2.9, 4.4):
        cx, cy = x + np.cos(turn + angle) * size, y + np.sin(turn + angle) * size * 0.8
        canvas.oval(0, cx, cy, size * 1.15, size * 0.6, turn + angle + 1.5)


def _leaf_branch(canvas: _TileCanvas, rng: np.random.Generator, x: float, y: float) -> None:
    """A branch with five pairs of leaves."""
    turn = rng.uniform(0, ROUND)
    for step in np.linspace(-9, 9, 5):
        cx, cy = x + np.cos(turn) * step, y + np.sin(turn) * step
        for lean in (turn - 0.9, turn + 0.9):
            canvas.oval(0, cx + np.cos(lean) * 4, cy + np.sin(lean) * 4, 8.5, 2.8, lean)


def _stroke(canvas: _TileCanvas, rng: np.random.Generator, x: float, y: float) -> None:
    """A brush stroke, one in five in the second ink."""
    ink, lean = int(rng.random() < 0.2), rng.normal(1.2, 0.35)
    canvas.oval(ink, x, y, rng.uniform(6, 12), rng.uniform(3, 5), lean)


DRAWINGS = {
    "bloom": _bloom,
    "ditsy": _ditsy,
    "leopard": _leopard,
    "leaf branch": _leaf_branch,
    "stroke": _stroke,
}
"""The objects that a tile can be filled with, drawn around a point (x, y)."""


@cache
def draw_tile(drawing: str, count: int, gap: float) -> NDArray[np.floating[Any]]:
    """Return the inks of a tile full of one drawing at random places.

    Shape (240, 240, 3), from 0 to 1: twice the resolution of the photo.
    """
    canvas, rng = _TileCanvas(), np.random.default_rng(TILE_SEED)
    for x, y in _places(rng, count, gap):
        DRAWINGS[drawing](canvas, rng, x, y)
    inks = [np.asarray(image.reduce(REDUCTION), np.float32) / 255 for image in canvas.images]
    return np.stack(inks, axis=2)


def _places(rng: np.random.Generator, count: int, gap: float) -> list[tuple[float, float]]:
    """Return up to `count` random places on a tile, at least `gap` pixels from each other."""
    places: list[tuple[float, float]] = []
    for x, y in rng.uniform(0, TILE, (count * 60, 2)):
        offsets = np.abs(np.array([(x, y)]) - np.array(places or [(np.inf, np.inf)]))
        wrapped = np.minimum(offsets, np.abs(TILE - offsets))
        if len(places) < count and np.hypot(*wrapped.T).min() > gap:
            places.append((float(x), float(y)))
    return places

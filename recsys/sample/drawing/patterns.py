"""The patterns cloth is woven or printed in.

A pattern takes the thread coordinates of a patch of cloth, `u` across and `v` down, both float32
of shape (h, w) in pixels of the photo, and gives how much of the second, third and fourth ink lies
on every pixel, float32 of shape (h, w, 3); the rest is the cloth's own colour.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image, ImageDraw

from recsys.sample.drawing.fabrics import Map

Ink = Callable[[Map, Map], Map]

TILE = 120
"""How many pixels a drawn print measures before it repeats."""


@dataclass(frozen=True)
class Print:
    """A pattern of the catalogue.

    Attributes:
        name: what it is called here.
        code, appearance: its graphical appearance in the catalogue.
        word: what descriptions call cloth that has it; empty for plain cloth.
        ink: what it looks like.
    """

    name: str
    code: int
    appearance: str
    word: str
    ink: Ink


def _edge(inside: Map) -> Map:
    """A mask with a one-pixel edge: 1 where `inside`, in pixels, is positive."""
    return np.asarray(np.clip(inside + 0.5, 0, 1))


def _bands(along: Map, period: float, width: float) -> Map:
    """Bands `width` pixels wide, every `period` pixels."""
    return _edge(width / 2 - np.abs(along % period - period / 2))


def _inks(*masks: Map) -> Map:
    """One ink for each mask; later ones lie on top."""
    ink = np.zeros((*masks[0].shape, 3), np.float32)
    for number, mask in enumerate(masks):
        ink *= (1 - mask)[..., None]
        ink[..., number] = mask
    return ink


def _stripes(period: float, width: float, lengthwise: bool = False) -> Ink:
    return lambda u, v: _inks(_bands(u if lengthwise else v, period, width))


def _retro(u: Map, v: Map) -> Map:
    return _inks(_bands(v, 52, 15), _bands(v + 13, 52, 8))


def _gingham(u: Map, v: Map) -> Map:
    across, down = _bands(v, 18, 8.5), _bands(u, 18, 8.5)
    return _inks(np.maximum(0.45 * (across + down), across * down * 0.95))


def _tartan(u: Map, v: Map) -> Map:
    broad = 0.42 * (_bands(v, 62, 24) + _bands(u, 62, 24))
    fine = np.maximum(_bands(v + 31, 62, 2.6), _bands(u + 31, 62, 2.6))
    return _inks(broad, fine * 0.75)


def _windowpane(u: Map, v: Map) -> Map:
    return _inks(np.maximum(_bands(u, 36, 2.2), _bands(v, 36, 2.2)) * 0.85)


def _dots(period: float, radius: float) -> Ink:
    """Dots in staggered rows."""

    def ink(u: Map, v: Map) -> Map:
        shift = np.floor(v / period) % 2 * (period / 2)
        x, y = (u + shift) % period - period / 2, v % period - period / 2
        return _inks(_edge(radius - np.hypot(x, y)))

    return ink


def _plain(u: Map, v: Map) -> Map:
    return np.zeros((*np.broadcast_shapes(u.shape, v.shape), 3), np.float32)


def _melange(u: Map, v: Map) -> Map:
    """Flecks of a second yarn along the rows."""
    rows, columns = v.astype(np.int32) % 540, u.astype(np.int32) % 360
    return _inks(np.clip(0.2 + 0.14 * _flecks()[rows, columns], 0, 0.6))


def _washed(u: Map, v: Map) -> Map:
    """Denim: a pale weft that shows through, most where it has been worn."""
    rows, columns = u.astype(np.int32) % 540, v.astype(np.int32) % 360
    worn = np.exp(-(((np.abs(u) - 48) / 30) ** 2)) * np.clip(1.15 - np.abs(v - 150) / 260, 0, 1)
    return _inks(np.clip(0.06 + 0.045 * _flecks()[rows, columns] + 0.2 * worn, 0, 0.6))


@cache
def _flecks() -> Map:
    grain = np.random.default_rng(7).standard_normal((540, 360), dtype=np.float32)
    smeared = np.stack([np.roll(grain, shift, 1) for shift in range(7)]).sum(0)
    return np.asarray(smeared + np.roll(smeared, 3, 0)) / np.float32(3.7)


def _blocks(u: Map, v: Map) -> Map:
    """A field of one colour and a band of another above the rest."""
    return _inks(_edge(96 - v), np.minimum(_edge(v - 96), _edge(150 - v)))


def _halves(u: Map, v: Map) -> Map:
    """One colour on each side of the middle."""
    return _inks(_edge(u))


class _Pens:
    """Three sheets of paper, one for each ink, on which shapes wrap round at the edges."""

    def __init__(self, scale: int) -> None:
        self.scale = scale
        self.sheets = [Image.new("L", (TILE * scale, TILE * scale)) for _ in range(3)]

    def oval(self, ink: int, x: float, y: float, wide: float, tall: float, turn: float) -> None:
        """An oval round (x, y), turned by `turn` radians, in one ink that hides the others."""
        angle = np.linspace(0, 2 * np.pi, 20)
        across, down = wide / 2 * np.cos(angle), tall / 2 * np.sin(angle)
        xs = x + across * np.cos(turn) - down * np.sin(turn)
        ys = y + across * np.sin(turn) + down * np.cos(turn)
        for shift in np.ndindex(3, 3):
            corner = (np.array(shift) - 1) * TILE
            points = (np.stack([xs, ys], axis=1) + corner) * self.scale
            for number, sheet in enumerate(self.sheets):
                fill = 255 if number == ink else 0
                ImageDraw.Draw(sheet).polygon([(px, py) for px, py in points], fill=fill)

    def flower(self, x: float, y: float, size: float, turn: float) -> None:
        """Five petals round a centre."""
        for angle in turn + np.arange(5) * 2 * np.pi / 5:
            cx, cy = x + np.cos(angle) * size * 0.55, y + np.sin(angle) * size * 0.55
            self.oval(0, cx, cy, size, size * 0.72, angle)
        self.oval(1, x, y, size * 0.55, size * 0.55, 0)

    def leaf(self, x: float, y: float, size: float, turn: float) -> None:
        """A leaf that points away from (x, y)."""
        cx, cy = x + np.cos(turn) * size, y + np.sin(turn) * size
        self.oval(2, cx, cy, size * 1.5, size * 0.5, turn)


def _spots(rng: np.random.Generator, count: int, apart: float) -> list[tuple[float, float]]:
    """Up to `count` random places on a tile, at least `apart` pixels from each other."""
    places: list[tuple[float, float]] = []
    for x, y in rng.uniform(0, TILE, (count * 60, 2)):
        gaps = np.abs(np.array([(x, y)]) - np.array(places or [(np.inf, np.inf)]))
        wrapped = np.minimum(gaps, np.abs(TILE - gaps))
        if len(places) < count and np.hypot(*wrapped.T).min() > apart:
            places.append((float(x), float(y)))
    return places


def _blooms(pens: _Pens, rng: np.random.Generator) -> None:
    for x, y in _spots(rng, 16, 23):
        turn, size = rng.uniform(0, 6.3), rng.uniform(8, 11.5)
        for lean in (0.4, 2.2):
            pens.leaf(x, y, size * 1.2, turn + lean)
        pens.flower(x, y, size, turn)


def _ditsy(pens: _Pens, rng: np.random.Generator) -> None:
    for x, y in _spots(rng, 52, 12):
        turn = rng.uniform(0, 6.3)
        pens.leaf(x, y, 3.6, turn)
        pens.flower(x, y, 4.0, turn)


def _leopard(pens: _Pens, rng: np.random.Generator) -> None:
    for x, y in _spots(rng, 40, 15.5):
        turn, size = rng.uniform(0, 6.3), rng.uniform(5, 6.6)
        pens.oval(1, x, y, size * 1.8, size * 1.4, turn)
        for angle in (0.3, 1.6, 2.9, 4.4):
            cx, cy = x + np.cos(turn + angle) * size, y + np.sin(turn + angle) * size * 0.8
            pens.oval(0, cx, cy, size * 1.15, size * 0.6, turn + angle + 1.5)


def _leaves(pens: _Pens, rng: np.random.Generator) -> None:
    for x, y in _spots(rng, 24, 20):
        turn = rng.uniform(0, 6.3)
        for step in np.linspace(-9, 9, 5):
            for lean in (turn - 0.9, turn + 0.9):
                cx, cy = x + np.cos(turn) * step, y + np.sin(turn) * step
                pens.oval(0, cx + np.cos(lean) * 4, cy + np.sin(lean) * 4, 8.5, 2.8, lean)


def _brush(pens: _Pens, rng: np.random.Generator) -> None:
    for x, y in _spots(rng, 60, 12):
        ink, lean = int(rng.random() < 0.2), rng.normal(1.2, 0.35)
        pens.oval(ink, x, y, rng.uniform(6, 12), rng.uniform(3, 5), lean)


def _drawn(draw: Callable[[_Pens, np.random.Generator], None]) -> Ink:
    """A print whose tile is drawn once, then repeated."""

    @cache
    def tile() -> Map:
        pens = _Pens(scale=6)
        draw(pens, np.random.default_rng(11))
        sheets = [np.asarray(sheet.reduce(3), np.float32) / 255 for sheet in pens.sheets]
        return np.stack(sheets, axis=2)

    def ink(u: Map, v: Map) -> Map:
        rows, columns = (v * 2).astype(np.int32), (u * 2).astype(np.int32)
        size = TILE * 2
        return tile()[rows % size, columns % size]

    return ink


PRINTS = (
    Print("plain", 1010016, "Solid", "", _plain),
    Print("denim", 1010023, "Denim", "washed", _washed),
    Print("front print", 1010008, "Front print", "printed", _plain),
    Print("melange", 1010010, "Melange", "melange", _melange),
    Print("breton", 1010017, "Stripe", "striped", _stripes(15, 5.5)),
    Print("wide stripes", 1010017, "Stripe", "striped", _stripes(44, 18)),
    Print("retro stripes", 1010017, "Stripe", "striped", _retro),
    Print("pinstripes", 1010017, "Stripe", "pinstriped", _stripes(13, 2.4, lengthwise=True)),
    Print("awning", 1010017, "Stripe", "striped", _stripes(22, 9, lengthwise=True)),
    Print("gingham", 1010004, "Check", "gingham-checked", _gingham),
    Print("tartan", 1010004, "Check", "checked", _tartan),
    Print("windowpane", 1010004, "Check", "checked", _windowpane),
    Print("small dots", 1010006, "Dot", "dotted", _dots(13, 2.7)),
    Print("large dots", 1010006, "Dot", "spotted", _dots(30, 8)),
    Print("blooms", 1010001, "All over pattern", "floral-patterned", _drawn(_blooms)),
    Print("ditsy", 1010001, "All over pattern", "floral-patterned", _drawn(_ditsy)),
    Print("leopard", 1010001, "All over pattern", "leopard-patterned", _drawn(_leopard)),
    Print("leaves", 1010001, "All over pattern", "leaf-patterned", _drawn(_leaves)),
    Print("brush", 1010001, "All over pattern", "patterned", _drawn(_brush)),
    Print("blocks", 1010005, "Colour blocking", "block-coloured", _blocks),
    Print("halves", 1010005, "Colour blocking", "block-coloured", _halves),
)
"""Every pattern of the catalogue; each name stands once."""

"""The patterns that fabrics come in, read from ``tables/patterns.toml``.

A pattern takes the thread coordinates of a patch of cloth, `u` across and `v` down, both float32
of shape (h, w) in pixels of the photo, and gives the share of the second, third and fourth ink in
every pixel, float32 of shape (h, w, 3); the rest is the cloth's own colour.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np

from recsys.sample.drawing.fabrics import Pixels
from recsys.sample.drawing.tiles import draw_tile
from recsys.sample.table_files import read_table


@dataclass(frozen=True)
class Pattern:
    """A pattern of the catalogue.

    Attributes:
        name: its name in the tables.
        code, appearance: its graphical appearance in the catalogue.
        word: what descriptions call cloth that has it; empty for plain cloth.
        ink: its function of thread coordinates.
    """

    name: str
    code: int
    appearance: str
    word: str
    ink: Callable[[Pixels, Pixels], Pixels]


def _edge(distance: Pixels) -> Pixels:
    """Return a mask of the area where a signed distance, in pixels, is positive; antialiased."""
    return np.asarray(np.clip(distance + 0.5, 0, 1))


def _bands(along: Pixels, period: float, width: float) -> Pixels:
    """Return a mask of bands `width` pixels wide, every `period` pixels."""
    return _edge(width / 2 - np.abs(along % period - period / 2))


def _inks(*masks: Pixels) -> Pixels:
    """Return the inks of one mask each; later ones hide earlier ones."""
    ink = np.zeros((*masks[0].shape, 3), np.float32)
    for number, mask in enumerate(masks):
        ink *= (1 - mask)[..., None]
        ink[..., number] = mask
    return ink


def _stripes(u: Pixels, v: Pixels, period: float, width: float, lengthwise: bool = False) -> Pixels:
    return _inks(_bands(u if lengthwise else v, period, width))


def _double_stripes(u: Pixels, v: Pixels) -> Pixels:
    """Broad stripes of one ink beside narrower ones of another."""
    return _inks(_bands(v, 52, 15), _bands(v + 13, 52, 8))


def _gingham(u: Pixels, v: Pixels) -> Pixels:
    across, down = _bands(v, 18, 8.5), _bands(u, 18, 8.5)
    return _inks(np.maximum(0.45 * (across + down), across * down * 0.95))


def _tartan(u: Pixels, v: Pixels) -> Pixels:
    """Broad bands both ways, darker where they cross, and fine lines between them."""
    broad = 0.42 * (_bands(v, 62, 24) + _bands(u, 62, 24))
    fine = np.maximum(_bands(v + 31, 62, 2.6), _bands(u + 31, 62, 2.6))
    return _inks(broad, fine * 0.75)


def _windowpane(u: Pixels, v: Pixels) -> Pixels:
    return _inks(np.maximum(_bands(u, 36, 2.2), _bands(v, 36, 2.2)) * 0.85)


def _dots(u: Pixels, v: Pixels, period: float, radius: float) -> Pixels:
    """Dots in staggered rows."""
    shift = np.floor(v / period) % 2 * (period / 2)
    x, y = (u + shift) % period - period / 2, v % period - period / 2
    return _inks(_edge(radius - np.hypot(x, y)))


def _plain(u: Pixels, v: Pixels) -> Pixels:
    return np.zeros((*np.broadcast_shapes(u.shape, v.shape), 3), np.float32)


def _melange(u: Pixels, v: Pixels) -> Pixels:
    """Flecks of a second yarn along the rows."""
    rows, columns = v.astype(np.int32) % 540, u.astype(np.int32) % 360
    return _inks(np.clip(0.2 + 0.14 * _flecks()[rows, columns], 0, 0.6))


def _washed(u: Pixels, v: Pixels) -> Pixels:
    """Denim: a pale weft that shows through, most where it has been worn."""
    rows, columns = u.astype(np.int32) % 540, v.astype(np.int32) % 360
    worn = np.exp(-(((np.abs(u) - 48) / 30) ** 2)) * np.clip(1.15 - np.abs(v - 150) / 260, 0, 1)
    return _inks(np.clip(0.06 + 0.045 * _flecks()[rows, columns] + 0.2 * worn, 0, 0.6))


@cache
def _flecks() -> Pixels:
    """Return noise smeared along the rows, of mean 0 and a deviation of about 1."""
    grain = np.random.default_rng(7).standard_normal((540, 360), dtype=np.float32)
    smeared = np.stack([np.roll(grain, shift, 1) for shift in range(7)]).sum(0)
    return np.asarray(smeared + np.roll(smeared, 3, 0)) / np.float32(3.7)


def _blocks(u: Pixels, v: Pixels) -> Pixels:
    """A field of one colour and a band of another above the rest."""
    return _inks(_edge(96 - v), np.minimum(_edge(v - 96), _edge(150 - v)))


def _halves(u: Pixels, v: Pixels) -> Pixels:
    """One colour on each side of the middle."""
    return _inks(_edge(u))


def _tile(u: Pixels, v: Pixels, drawing: str, count: int, gap: float) -> Pixels:
    """A drawing of `count` objects, `gap` pixels apart, that repeats in both directions."""
    tile = draw_tile(drawing, count, gap)
    rows, columns = (v * 2).astype(np.int32), (u * 2).astype(np.int32)
    return tile[rows % len(tile), columns % len(tile)]


INK_FUNCTIONS: dict[str, Callable[..., Pixels]] = {
    "plain": _plain,
    "washed": _washed,
    "melange": _melange,
    "stripes": _stripes,
    "double stripes": _double_stripes,
    "dots": _dots,
    "gingham": _gingham,
    "tartan": _tartan,
    "windowpane": _windowpane,
    "blocks": _blocks,
    "halves": _halves,
    "tile": _tile,
}
"""The functions that the table of patterns names."""


def _pattern(
    name: str, code: int, appearance: str, word: str, ink: str, **settings: Any
) -> Pattern:
    return Pattern(name, code, appearance, word, partial(INK_FUNCTIONS[ink], **settings))


PATTERNS = {row["name"]: _pattern(**row) for row in read_table("patterns")["patterns"]}
"""Every pattern of the catalogue by its name."""

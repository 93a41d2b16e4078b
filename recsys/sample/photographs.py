"""Product photos: a garment on a light studio background, softly lit.

`draw` renders a product once, without its colour; `Drawing.photo` adds a colour, so that all
colours of a product have the same outlines and folds. Strengths of light, shadows and textures in
this module were chosen by eye.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from recsys.sample.drawing import accessories, bottoms, tops
from recsys.sample.drawing.fabrics import FABRICS, Colour, Pixels, drape, palette, texture
from recsys.sample.drawing.outlines import Cut, Mark, Material, Outline, Piece, Seam, Silhouette
from recsys.sample.drawing.patterns import Pattern
from recsys.sample.drawing.scene import HEIGHT, WIDTH, Scene, resized

OVERSAMPLING = 4
"""Outlines are drawn this many times larger and then reduced, for smooth edges."""
TINTS = (0, -0.6, -2.2), (-1.5, 0, 1), (0, 0, 0)
"""What the tints of the background (warm, cool, neutral) add to red, green and blue."""
GRAIN_SEED = 77

SHAPES: dict[str, Callable[[Cut], Silhouette]] = {
    "top": tops.draw_top,
    "dress": bottoms.draw_dress,
    "skirt": bottoms.draw_skirt,
    "trousers": bottoms.draw_trousers,
    "tote": accessories.draw_tote,
    "shoulder bag": accessories.draw_shoulder_bag,
    "backpack": accessories.draw_backpack,
    "sneakers": accessories.draw_sneakers,
    "boots": accessories.draw_boots,
    "beanie": accessories.draw_beanie,
    "cap": accessories.draw_cap,
    "hat": accessories.draw_hat,
    "scarf": accessories.draw_scarf,
}
"""The silhouette of every shape a `Cut` can have."""

Patch = tuple[slice, slice]
"""The rows and columns of a part of the photo."""


@dataclass(frozen=True, eq=False)
class Drawing:
    """A product that can be photographed in any colour.

    Attributes:
        mask: the share of every pixel that the garment covers, shape (540, 360).
        patch: the part of the photo that has the garment in it.
        materials: the materials it is made of.
        weights: how brightly each of them shows there, shape (rows, columns, materials).
        light: the photo without its colours, 0 to 255, shape (540, 360, 3).
    """

    mask: Pixels
    patch: Patch
    materials: list[Material]
    weights: Pixels
    light: Pixels

    def photo(self, colour: Colour) -> Image.Image:
        """Return the product in that colour, an RGB image of 360 by 540 pixels."""
        pixels = self.light.copy()
        pixels[self.patch] += self.weights @ palette(colour)[self.materials]
        return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def draw(cut: Cut, pattern: Pattern, seed: int) -> Drawing:
    """Return the drawing of a product; the same arguments give the same pixels."""
    silhouette = SHAPES[cut.shape](cut)
    canvas = _Canvas(silhouette, cut, pattern, np.random.default_rng(seed))
    for mark in silhouette.marks:
        canvas.add(mark)
    return canvas.finish()


@cache
def _grain() -> Pixels:
    """Return standard normal noise over a whole photo."""
    return np.random.default_rng(GRAIN_SEED).standard_normal((HEIGHT, WIDTH), dtype=np.float32)


@cache
def _background(tint: int) -> Pixels:
    """Return the empty background, lighter in the middle, shape (540, 360, 3)."""
    y, x = np.ogrid[0:HEIGHT, 0:WIDTH]
    away = np.hypot((x - 170) / WIDTH, (y - 215) / HEIGHT)
    light = 246 - 16 * away**1.6 - 5 * np.clip((y - 400) / 140, 0, 1) + 0.5 * _grain()
    return np.asarray(light[..., None] + np.array(TINTS[tint]), np.float32)


def _blurred(mask: Image.Image, radius: float) -> Pixels:
    return np.asarray(mask.filter(ImageFilter.GaussianBlur(radius)), np.float32) / 255


def _towards_light(relief: Pixels) -> Pixels:
    """Return how steeply a relief rises towards the light, which comes from the upper left."""
    down, across = np.gradient(relief)
    return np.asarray(0.85 * down + 0.55 * across)


def _resampled(line: Outline, step: float) -> Outline:
    """Return the points of a line at equal distances of about `step`."""
    run = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    stops = np.linspace(0, run[-1], max(2, round(run[-1] / step)))
    return np.stack([np.interp(stops, run, line[:, axis]) for axis in (0, 1)], axis=1)


def _blank(points: Outline, margin: int) -> tuple[Patch, Image.Image, Outline]:
    """Return the patch around some pixels, an empty large mask of it, and the pixels on that."""
    low = np.maximum(np.floor(points.min(0)).astype(int) - margin, 0)
    high = np.minimum(np.ceil(points.max(0)).astype(int) + margin, (WIDTH, HEIGHT))
    patch = slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))
    width, height = ((high - low) * OVERSAMPLING).tolist()
    return patch, Image.new("L", (width, height)), (points - low) * OVERSAMPLING


class _Canvas:
    """A photo in the making, to which marks are added one after the other.

    For every pixel it holds the share of each material (`weights`) and the brightness (`shade`).
    """

    def __init__(
        self, silhouette: Silhouette, cut: Cut, pattern: Pattern, rng: np.random.Generator
    ) -> None:
        self.fabric, self.pattern = cut.fabric, pattern
        self.scene = Scene.arrange(silhouette, cut.wearer, rng)
        self.relief = self.scene.relief(silhouette.folds, rng)
        self.wrinkles = resized(self.relief, WIDTH, HEIGHT)
        self.weights = {Material.BACKGROUND: np.ones((HEIGHT, WIDTH), np.float32)}
        self.shade = np.ones((HEIGHT, WIDTH), np.float32)

    def add(self, mark: Mark) -> None:
        """Draw a mark on top of those before it."""
        if isinstance(mark, Seam):
            self._add_seam(mark)
        elif mark.material == Material.BACKGROUND:
            self._cut_out(mark)
        else:
            self._add_piece(mark)

    def _filled(self, piece: Piece) -> tuple[Patch, Image.Image, Outline]:
        """Return a piece's patch, its mask there and the pixels of its outline."""
        points = self.scene.place(np.concatenate([piece.outline, piece.outline[:1]]))
        patch, large, corners = _blank(points, 14)
        ImageDraw.Draw(large).polygon(corners.ravel().tolist(), fill=255)
        return patch, large.reduce(OVERSAMPLING), points

    def _cut_out(self, piece: Piece) -> None:
        """Show the background through a hole."""
        patch, cover, _ = self._filled(piece)
        mask = np.asarray(cover, np.float32) / 255
        self._cover(patch, mask, np.ones_like(mask), np.ones_like(mask), piece.material)

    def _add_piece(self, piece: Piece) -> None:
        """Draw a piece with its light, its texture, its pattern and the shadow it casts."""
        patch, cover, points = self._filled(piece)
        u, v = self._thread_coordinates(patch, piece.turn)
        light = self._light(piece, cover, patch, u, v)
        if piece.drape:
            rows = np.arange(patch[0].start, patch[0].stop, dtype=np.float32)[:, None]
            low, high = points[:, 1].min().item(), points[:, 1].max().item()
            light *= drape(piece.drape, u, np.clip((rows - low) / (high - low), 0, 1), piece.spread)
        mask = np.asarray(cover, np.float32) / 255
        shadow = 1 - 0.42 * min(piece.relief, 1) * np.roll(_blurred(cover, 3), (3, 1), (0, 1))
        self._cover(patch, mask, shadow, light, piece.material)
        if piece.material == Material.FABRIC:
            self._add_pattern(patch, mask, u, v)

    def _cover(
        self, patch: Patch, mask: Pixels, shadow: Pixels, light: Pixels, material: Material
    ) -> None:
        """Cover a patch by `mask` with a material of that light; `shadow` dims what is around."""
        bare = 1 - mask
        if material not in self.weights:
            self.weights[material] = np.zeros((HEIGHT, WIDTH), np.float32)
        for weight in self.weights.values():
            weight[patch] *= bare
        self.weights[material][patch] += mask
        self.shade[patch] = self.shade[patch] * shadow * bare + light * mask

    def _thread_coordinates(self, patch: Patch, turn: float) -> tuple[Pixels, Pixels]:
        """Return the thread coordinates of a patch, bent a little by the wrinkles."""
        rows, columns = patch
        wrinkles, top = self.wrinkles[patch], self.scene.top
        x = np.arange(columns.start, columns.stop, dtype=np.float32) - WIDTH / 2 + 0.35 * wrinkles
        y = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] - top + 0.25 * wrinkles
        if turn == 0:
            return x, y
        cos, sin = float(np.cos(turn)), float(np.sin(turn))
        return x * cos + y * sin, y * cos - x * sin

    def _light(
        self, piece: Piece, cover: Image.Image, patch: Patch, u: Pixels, v: Pixels
    ) -> Pixels:
        """Return the brightness of a piece: its rounded edges and its texture."""
        blurred = _blurred(cover, 8)
        core = np.clip(blurred * 2 - 1, 0, 1)
        light = 1 - 0.15 * piece.relief**0.5 * (1 - core) ** 2
        light += 2.6 * piece.relief * _towards_light(blurred)
        cloth = piece.material in (Material.FABRIC, Material.INSIDE, Material.SECOND)
        name = piece.fabric or (self.fabric if cloth else "")
        return np.asarray(light * texture(name, u, v, _grain()[patch]) if name else light)

    def _add_pattern(self, patch: Patch, mask: Pixels, u: Pixels, v: Pixels) -> None:
        """Print the pattern on the fabric of a patch."""
        ink = self.pattern.ink(u, v)
        for number, material in enumerate((Material.SECOND, Material.THIRD, Material.FOURTH)):
            share = ink[..., number] * mask
            if share.any():
                weight = self.weights.setdefault(material, np.zeros((HEIGHT, WIDTH), np.float32))
                weight[patch] += share
                self.weights[Material.FABRIC][patch] -= share

    def _add_seam(self, seam: Seam) -> None:
        """Draw a line of some material, or shade a crease."""
        patch, large, line = _blank(self.scene.place(seam.outline), 8)
        width = max(1, round(max(seam.width * self.scene.scale, 0.7) * OVERSAMPLING))
        stops = _resampled(line, 2.1 * OVERSAMPLING) if seam.dashes else line
        step = 2 if seam.dashes else len(line)
        for start in range(0, len(stops) - 1, step):
            dash = stops[start : start + step].ravel().tolist()
            ImageDraw.Draw(large).line(dash, fill=255, width=width, joint="curve")
        cover = large.reduce(OVERSAMPLING)
        mask, soft = np.asarray(cover, np.float32) / 255, _blurred(cover, 1)
        if seam.material is None:
            crease = 0.07 * np.roll(soft, -2, 0) * (1 - mask) - 0.14 * np.roll(soft, 1, 0)
            self.shade[patch] *= 1 + crease - 0.2 * mask
            return
        shadow = 1 - 0.35 * np.roll(soft, (2, 1), (0, 1))
        light = 0.86 + 0.22 * np.roll(mask, (1, 1), (0, 1))
        self._cover(patch, mask, shadow, light, seam.material)

    def finish(self) -> Drawing:
        """Return the drawing, with the light on its folds and its shadow on the background."""
        bare = self.weights.pop(Material.BACKGROUND)
        mask = 1 - bare
        folds = resized(_towards_light(self.relief), WIDTH, HEIGHT)
        sheen = 0.27 * FABRICS[self.fabric].sheen
        shade = self.shade * (1 + sheen * np.tanh(0.29 * folds))
        background = _background(self.scene.tint) * (bare * (1 - _shadow(mask)))[..., None]
        light = background + (26 * (shade - 1) * mask)[..., None]
        rows, columns = np.nonzero(mask.max(1))[0].tolist(), np.nonzero(mask.max(0))[0].tolist()
        patch = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        weights = np.stack([w[patch] * shade[patch] for w in self.weights.values()], axis=-1)
        return Drawing(mask, patch, list(self.weights), weights, light + 0.5)


def _shadow(mask: Pixels) -> Pixels:
    """Return how much a garment darkens the background: close by, and further down."""
    cover = Image.fromarray((mask * 255).astype(np.uint8)).reduce(2)
    near = np.roll(_blurred(cover, 2.5), (2, 1), (0, 1))
    far = np.roll(_blurred(cover, 10), (7, 3), (0, 1))
    return resized(0.2 * near + 0.17 * far, WIDTH, HEIGHT)

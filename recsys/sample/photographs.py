"""Product photos drawn from scratch: a garment on a light studio background, softly lit.

`draw` works out, once a product, what lies where and how the light falls on it; `Drawing.photo`
dyes it in a colour, so that all colours of a product share one silhouette.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from recsys.sample.drawing import accessories, bottoms, tops
from recsys.sample.drawing.fabrics import SHEEN, TEXTURES, Colour, Map, drape, palette
from recsys.sample.drawing.outlines import Cut, Fold, Outline, Part, Seam, Silhouette, Slot
from recsys.sample.drawing.patterns import Print

WIDTH, HEIGHT = 360, 540
MIDDLE = np.array([180.0, 266.0])
ROOM = np.array([292.0, 444.0])
FINE = 4
"""How many times larger outlines are drawn before they are scaled down, for smooth edges."""

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
"""The rows and columns of a piece of the photo."""


@dataclass(frozen=True, eq=False)
class Drawing:
    """A product ready to be photographed in any colour.

    Attributes:
        mask: how much of every pixel the garment covers, 0 to 1, shape (540, 360).
        patch: the part of the photo the garment lies in.
        slots: the materials it is made of.
        weights: how brightly each of them shows there, shape (rows, columns, slots).
        light: the photo without its colours, 0 to 255, shape (540, 360, 3).
    """

    mask: Map
    patch: Patch
    slots: list[Slot]
    weights: Map
    light: Map

    def photo(self, colour: Colour) -> Image.Image:
        """The product in that colour, an RGB image of 360 by 540 pixels."""
        pixels = self.light.copy()
        pixels[self.patch] += self.weights @ palette(colour)[self.slots]
        return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def draw(cut: Cut, pattern: Print, seed: int) -> Drawing:
    """Draw a product; the same cut, pattern and seed give the same pixels."""
    silhouette = SHAPES[cut.shape](cut)
    table = _Table(silhouette, cut, pattern, np.random.default_rng(seed))
    for mark in silhouette.marks:
        if isinstance(mark, Part):
            table.lay(mark)
        else:
            table.sew(mark)
    return table.develop()


@cache
def _grain() -> Map:
    """Fine noise over a whole photo, of mean 0 and deviation 1."""
    return np.random.default_rng(77).standard_normal((HEIGHT, WIDTH), dtype=np.float32)


@cache
def _studio(tint: int) -> Map:
    """The empty background, (540, 360, 3), in one of three tints."""
    y, x = np.ogrid[0:HEIGHT, 0:WIDTH]
    away = np.hypot((x - 170) / WIDTH, (y - 215) / HEIGHT)
    light = 246 - 16 * away**1.6 - 5 * np.clip((y - 400) / 140, 0, 1) + 0.5 * _grain()
    tints = (0, -0.6, -2.2), (-1.5, 0, 1), (0, 0, 0)
    return np.asarray(light[..., None] + np.array(tints[tint]), np.float32)


def _resize(field: Map, width: int, height: int) -> Map:
    resized = Image.fromarray(field).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(resized, np.float32)


def _soften(cover: Image.Image, radius: float) -> Map:
    return np.asarray(cover.filter(ImageFilter.GaussianBlur(radius)), np.float32) / 255


def _towards_light(relief: Map) -> Map:
    """How steeply a relief rises towards the upper left, where the light comes from."""
    down, across = np.gradient(relief)
    return np.asarray(0.85 * down + 0.55 * across)


def _evenly(points: Outline, step: float) -> Outline:
    """The same line as points about `step` apart."""
    run = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    stops = np.linspace(0, run[-1], max(2, round(run[-1] / step)))
    return np.stack([np.interp(stops, run, points[:, axis]) for axis in (0, 1)], axis=1)


class _Table:
    """The studio's table, on which marks are laid one after the other."""

    def __init__(
        self, silhouette: Silhouette, cut: Cut, pattern: Print, rng: np.random.Generator
    ) -> None:
        self.fabric, self.pattern, self.limp = cut.fabric, pattern, silhouette.softness
        outlines = np.concatenate([mark.outline for mark in silhouette.marks])
        low, high = outlines.min(0), outlines.max(0)
        stretch = rng.uniform(0.96, 1.04, 2) if self.limp > 0.5 else np.ones(2)
        room = ROOM * (0.88 if cut.wearer == "child" else 1.0)
        self.scale = float(min(*(room / ((high - low) * stretch)), 11))
        self.stretch = self.scale * stretch
        self.origin = MIDDLE - (low + high) / 2 * self.stretch
        self.top = float(MIDDLE[1] - (high - low)[1] * self.stretch[1] / 2)
        self.weights = {Slot.BACKGROUND: np.ones((HEIGHT, WIDTH), np.float32)}
        self.shade = np.ones((HEIGHT, WIDTH), np.float32)
        self.tint, self.waves = int(rng.integers(3)), rng.uniform(0, 2 * np.pi, 4)
        self.relief = self._wrinkle(silhouette.folds, rng)
        self.wrinkles = _resize(self.relief, WIDTH, HEIGHT)

    def place(self, outline: Outline) -> Outline:
        """Where points in cm lie on the photo, in pixels; soft cloth never lies quite straight."""
        x, y = (outline * self.stretch + self.origin).T
        a, b, c, d = self.waves
        dx = np.sin(y / 37 + a) + 0.5 * np.sin(y / 17 + b + x / 60)
        dy = np.sin(x / 41 + c) + 0.5 * np.sin(x / 19 + d)
        return np.stack([x + 1.3 * self.limp * dx, y + 1.3 * self.limp * dy], axis=1)

    def _wrinkle(self, folds: tuple[Fold, ...], rng: np.random.Generator) -> Map:
        """The relief of the cloth, at half the size of the photo: soft bumps and folds."""
        relief = np.zeros((HEIGHT // 2, WIDTH // 2), np.float32)
        for rows, columns, depth in ((9, 6, 5.0), (20, 14, 2.2)):
            bumps = rng.standard_normal((rows, columns), dtype=np.float32)
            relief += depth * _resize(bumps, WIDTH // 2, HEIGHT // 2)
        for fold in folds:
            relief += self._crease(fold, rng)
        return relief * self.limp

    def _crease(self, fold: Fold, rng: np.random.Generator) -> Map:
        """The relief of one fold: a ridge that tapers off and bends a little."""
        ends = self.place(np.array([[fold.x0, fold.y0], [fold.x1, fold.y1]])) / 2
        length = float(np.hypot(*(ends[1] - ends[0]))) + 1e-6
        dx, dy = ((ends[1] - ends[0]) / length).tolist()
        y, x = np.ogrid[0 : HEIGHT // 2, 0 : WIDTH // 2]
        x, y = (x - ends[0, 0]).astype(np.float32), (y - ends[0, 1]).astype(np.float32)
        along = (x * dx + y * dy) / length
        bow = float(rng.uniform(-0.2, 0.2)) * length * along * (1 - along)
        away = (y * dx - x * dy - bow) / (fold.width * self.scale * 0.4)
        taper = np.clip(along * 4 + 0.2, 0, 1) * np.clip(2.1 - along * 2, 0, 1)
        return np.asarray(fold.depth * float(rng.uniform(4, 8)) * np.exp(-(away**2)) * taper)

    def _sheet(self, points: Outline, margin: int) -> tuple[Patch, Image.Image, Outline]:
        """The patch around some points, and a fine sheet of paper with the points on it."""
        low = np.maximum(np.floor(points.min(0)).astype(int) - margin, 0)
        high = np.minimum(np.ceil(points.max(0)).astype(int) + margin, (WIDTH, HEIGHT))
        patch = slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))
        width, height = ((high - low) * FINE).tolist()
        return patch, Image.new("L", (width, height)), (points - low) * FINE

    def lay(self, part: Part) -> None:
        """Lay a part on what is there."""
        points = self.place(np.concatenate([part.outline, part.outline[:1]]))
        patch, sheet, fine = self._sheet(points, 14)
        ImageDraw.Draw(sheet).polygon(fine.ravel().tolist(), fill=255)
        cover = sheet.reduce(FINE)
        if part.slot == Slot.BACKGROUND:
            bare = np.asarray(cover, np.float32) / 255
            self._cover(patch, bare, np.ones_like(bare), np.ones_like(bare), part.slot)
            return
        u, v = self._threads(patch, part.turn)
        light = self._light(part, cover, patch, u, v)
        if part.drape:
            rows = np.arange(patch[0].start, patch[0].stop, dtype=np.float32)[:, None]
            low, high = points[:, 1].min().item(), points[:, 1].max().item()
            down = np.clip((rows - low) / (high - low), 0, 1)
            light *= drape(part.drape, u, down, part.spread)
        mask = np.asarray(cover, np.float32) / 255
        below = 1 - 0.42 * min(part.relief, 1) * np.roll(_soften(cover, 3), (3, 1), (0, 1))
        self._cover(patch, mask, below, light, part.slot)
        if part.slot == Slot.FABRIC:
            self._print(patch, mask, u, v)

    def _cover(self, patch: Patch, mask: Map, below: Map, light: Map, slot: Slot) -> None:
        """Cover a patch by `mask` with one material, dimming what lies around it."""
        bare = 1 - mask
        if slot not in self.weights:
            self.weights[slot] = np.zeros((HEIGHT, WIDTH), np.float32)
        for weight in self.weights.values():
            weight[patch] *= bare
        self.weights[slot][patch] += mask
        self.shade[patch] = self.shade[patch] * below * bare + light * mask

    def _threads(self, patch: Patch, turn: float) -> tuple[Map, Map]:
        """Thread coordinates of a patch, bent a little by the wrinkles."""
        rows, columns = patch
        wrinkles = self.wrinkles[patch]
        x = np.arange(columns.start, columns.stop, dtype=np.float32) - WIDTH / 2 + 0.35 * wrinkles
        y = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] - self.top + 0.25 * wrinkles
        if turn == 0:
            return x, y
        cos, sin = float(np.cos(turn)), float(np.sin(turn))
        return x * cos + y * sin, y * cos - x * sin

    def _light(self, part: Part, cover: Image.Image, patch: Patch, u: Map, v: Map) -> Map:
        """How brightly a part is lit: its rounded edges and its texture."""
        deep = _soften(cover, 8)
        core = np.clip(deep * 2 - 1, 0, 1)
        light = 1 - 0.15 * part.relief**0.5 * (1 - core) ** 2
        light += 2.6 * part.relief * _towards_light(deep)
        cloth = part.slot in (Slot.FABRIC, Slot.INSIDE, Slot.SECOND)
        name = part.fabric or (self.fabric if cloth else "")
        return np.asarray(light * TEXTURES[name](u, v, _grain()[patch]) if name else light)

    def _print(self, patch: Patch, mask: Map, u: Map, v: Map) -> None:
        """Print the pattern on the fabric of a patch."""
        ink = self.pattern.ink(u, v)
        for number, slot in enumerate((Slot.SECOND, Slot.THIRD, Slot.FOURTH)):
            share = ink[..., number] * mask
            if share.any():
                weight = self.weights.setdefault(slot, np.zeros((HEIGHT, WIDTH), np.float32))
                weight[patch] += share
                self.weights[Slot.FABRIC][patch] -= share

    def sew(self, seam: Seam) -> None:
        """Draw a line on what is there."""
        patch, sheet, fine = self._sheet(self.place(seam.outline), 8)
        width = max(1, round(max(seam.width * self.scale, 0.7) * FINE))
        stops = _evenly(fine, 2.1 * FINE) if seam.dashes else fine
        step = 2 if seam.dashes else len(fine)
        for start in range(0, len(stops) - 1, step):
            line = stops[start : start + step].ravel().tolist()
            ImageDraw.Draw(sheet).line(line, fill=255, width=width, joint="curve")
        cover = sheet.reduce(FINE)
        mask, soft = np.asarray(cover, np.float32) / 255, _soften(cover, 1)
        if seam.slot is None:
            crease = 0.07 * np.roll(soft, -2, 0) * (1 - mask) - 0.14 * np.roll(soft, 1, 0)
            self.shade[patch] *= 1 + crease - 0.2 * mask
            return
        below = 1 - 0.35 * np.roll(soft, (2, 1), (0, 1))
        light = 0.86 + 0.22 * np.roll(mask, (1, 1), (0, 1))
        self._cover(patch, mask, below, light, seam.slot)

    def develop(self) -> Drawing:
        """Add the light on the folds and the garment's shadow, and keep what photos need."""
        bare = self.weights.pop(Slot.BACKGROUND)
        mask = 1 - bare
        folds = _resize(_towards_light(self.relief), WIDTH, HEIGHT)
        sheen = 0.27 * SHEEN.get(self.fabric, 1.0)
        shade = self.shade * (1 + sheen * np.tanh(0.29 * folds))
        backdrop = bare * (1 - self._shadow(mask))
        light = _studio(self.tint) * backdrop[..., None] + (26 * (shade - 1) * mask)[..., None]
        rows, columns = np.nonzero(mask.max(1))[0].tolist(), np.nonzero(mask.max(0))[0].tolist()
        patch = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        weights = np.stack([w[patch] * shade[patch] for w in self.weights.values()], axis=-1)
        return Drawing(mask, patch, list(self.weights), weights, light + 0.5)

    def _shadow(self, mask: Map) -> Map:
        """How dark the garment's shadow makes the table: close by, and further down."""
        cover = Image.fromarray((mask * 255).astype(np.uint8)).reduce(2)
        near = np.roll(_soften(cover, 2.5), (2, 1), (0, 1))
        far = np.roll(_soften(cover, 10), (7, 3), (0, 1))
        return _resize(0.2 * near + 0.17 * far, WIDTH, HEIGHT)

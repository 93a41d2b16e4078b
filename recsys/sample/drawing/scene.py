"""Where a garment lies in its photo, and the wrinkles of its cloth."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from PIL import Image

from recsys.sample.drawing.fabrics import Pixels
from recsys.sample.drawing.outlines import Fold, Outline, Silhouette

WIDTH, HEIGHT = 360, 540
"""Size of a photo in pixels: upright like the shop's own, and small."""
CENTRE = np.array([180.0, 266.0])
"""Where the middle of the garment lies: a little above that of the photo, to leave room below."""
ROOM = np.array([292.0, 444.0])
"""How much of the photo a garment may fill: the margins are about a tenth."""
CHILD_ROOM = 0.88
"""Children's garments are shown this much smaller, so that one can tell."""
MAX_SCALE = 11
"""Pixels per cm: without a limit, small hats would look huge."""
BACKGROUND_TINTS = 3


@dataclass(frozen=True, eq=False)
class Scene:
    """The position of a garment in its photo, a little different for every product.

    Attributes:
        scale: pixels per cm.
        stretch: pixels per cm across and down; soft garments are up to 4 % off.
        origin: the pixel of the point (0, 0).
        top: the pixel row of the garment's highest point.
        softness: of the silhouette.
        tint: number of the background's tint.
        waves: phases of the slow waves that bend the edges of soft cloth.
    """

    scale: float
    stretch: Outline
    origin: Outline
    top: float
    softness: float
    tint: int
    waves: Outline

    @classmethod
    def arrange(cls, silhouette: Silhouette, wearer: str, rng: np.random.Generator) -> Self:
        """Return a random scene in which the silhouette is centred and fits in."""
        outlines = np.concatenate([mark.outline for mark in silhouette.marks])
        low, high = outlines.min(0), outlines.max(0)
        stretch = rng.uniform(0.96, 1.04, 2) if silhouette.softness > 0.5 else np.ones(2)
        room = ROOM * (CHILD_ROOM if wearer == "child" else 1.0)
        scale = float(min(*(room / ((high - low) * stretch)), MAX_SCALE))
        return cls(
            scale=scale,
            stretch=scale * stretch,
            origin=CENTRE - (low + high) / 2 * (scale * stretch),
            top=float(CENTRE[1] - (high - low)[1] * (scale * stretch)[1] / 2),
            softness=silhouette.softness,
            tint=int(rng.integers(BACKGROUND_TINTS)),
            waves=rng.uniform(0, 2 * np.pi, 4),
        )

    def place(self, outline: Outline) -> Outline:
        """Return the pixels of points in cm; the edges of soft cloth are never quite straight."""
        x, y = (outline * self.stretch + self.origin).T
        a, b, c, d = self.waves
        dx = np.sin(y / 37 + a) + 0.5 * np.sin(y / 17 + b + x / 60)
        dy = np.sin(x / 41 + c) + 0.5 * np.sin(x / 19 + d)
        return np.stack([x + 1.3 * self.softness * dx, y + 1.3 * self.softness * dy], axis=1)

    def relief(self, folds: Sequence[Fold], rng: np.random.Generator) -> Pixels:
        """Return the relief of the cloth, random bumps and folds, at half the photo's size."""
        relief = np.zeros((HEIGHT // 2, WIDTH // 2), np.float32)
        for rows, columns, depth in ((9, 6, 5.0), (20, 14, 2.2)):
            bumps = rng.standard_normal((rows, columns), dtype=np.float32)
            relief += depth * resized(bumps, WIDTH // 2, HEIGHT // 2)
        for fold in folds:
            relief += self._fold_relief(fold, rng)
        return relief * self.softness

    def _fold_relief(self, fold: Fold, rng: np.random.Generator) -> Pixels:
        """Return the relief of one fold: a ridge that tapers off and bends a little."""
        ends = self.place(np.array([[fold.x0, fold.y0], [fold.x1, fold.y1]])) / 2
        length = float(np.hypot(*(ends[1] - ends[0]))) + 1e-6
        dx, dy = ((ends[1] - ends[0]) / length).tolist()
        y, x = np.ogrid[0 : HEIGHT // 2, 0 : WIDTH // 2]
        x, y = (x - ends[0, 0]).astype(np.float32), (y - ends[0, 1]).astype(np.float32)
        along = (x * dx + y * dy) / length
        bend = float(rng.uniform(-0.2, 0.2)) * length * along * (1 - along)
        across = (y * dx - x * dy - bend) / (fold.width * self.scale * 0.4)
        taper = np.clip(along * 4 + 0.2, 0, 1) * np.clip(2.1 - along * 2, 0, 1)
        return np.asarray(fold.depth * float(rng.uniform(4, 8)) * np.exp(-(across**2)) * taper)


def resized(pixels: Pixels, width: int, height: int) -> Pixels:
    """Return one number for every pixel of another size, interpolated smoothly."""
    image = Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(image, np.float32)

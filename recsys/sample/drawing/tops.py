"""Silhouettes of the upper body: T-shirts, shirts, jumpers, jackets and coats."""

import numpy as np

from recsys.sample.drawing.bodice import (
    Body,
    draw_arm_folds,
    draw_bodice,
    draw_body_folds,
    measure,
    neckline,
)
from recsys.sample.drawing.outlines import (
    Cut,
    Mark,
    Part,
    Seam,
    Silhouette,
    Slot,
    box,
    button,
    flipped,
    pair,
    path,
    trace,
    whole,
)

MOTIFS = {
    "sun motif": "0,23 2.5,23,4.2,24.8 6,26.5,6,29 6,31.5,4.2,33.2 2.5,35,0,35 -2.5,35,-4.2,33.2 "
    "-6,31.5,-6,29 -6,26.5,-4.2,24.8 -2.5,23,0,23",
    "mountain motif": "-9,36 -3.5,27 -1.2,30.5 3,23.5 9.5,36",
    "star motif": "0,22 1.9,27.6 7.6,27.6 3,31 4.7,36.6 0,33.2 -4.7,36.6 -3,31 -7.6,27.6 -1.9,27.6",
    "heart motif": "0,36 -8,30,-7,26 -5,22,0,26.4 5,22,7,26 8,30,0,36",
    "wave motif": "-9,28 -6,24,-3,28 0,32,3,28 6,24,9,28 9,33 6,29,3,33 0,37,-3,33 -6,29,-9,33",
}


def draw_top(cut: Cut) -> Silhouette:
    """A garment of one piece from the shoulders to the hem."""
    body = measure(cut)
    marks = draw_bodice(cut, body) + _hem(cut, body)
    closed_high = cut.neckline == "stand-up collar" and cut.has("zip")
    opening = draw_opening(cut, -4.5 if closed_high else body.depth, body)
    collar = draw_collar(cut, body)
    marks += [*collar, *opening] if closed_high else [*opening, *collar]
    marks += _pockets(cut, body) + _motif(cut, body)
    if cut.has("tie belt"):
        marks += draw_belt(body.waist, body.armpit + 20 * body.size)
    folds = draw_body_folds(body) + draw_arm_folds(cut, body)
    stiff = cut.fabric in ("padded", "leather", "denim", "wool")
    return Silhouette(tuple(marks), folds, 0.65 if stiff else 1.0)


def draw_collar(cut: Cut, body: Body) -> list[Mark]:
    """What is sewn to the neckline."""
    if cut.sleeves == "straps":
        return []
    neck, depth = body.neck, body.depth
    if cut.neckline in ("collar", "polo collar"):
        leaf = path(
            (0.2, depth + 0.6),
            (neck * 0.5, depth * 0.42, neck - 0.4, -2.2),
            (neck + 0.8, -1.8, neck + 1.7, 1.4),
            (neck * 0.95, depth * 0.8, 5.8, depth + 5.0),
        )
        rib = "rib" if cut.neckline == "polo collar" else ""
        return pair(Part(leaf, turn=0.7, relief=0.8, fabric=rib))
    builders = {"lapels": _lapels, "hood": _hood}
    if cut.neckline in builders:
        return builders[cut.neckline](body)
    if cut.neckline in ("roll neck", "stand-up collar"):
        return _high_neck(cut, body)
    inner, outer = path(*neckline(cut, body)), path(*neckline(cut, body, 2.0))
    if cut.fabric in ("weave", "satin", "linen"):
        return pair(Seam(outer))
    half = np.concatenate([inner, outer[::-1]])
    band = np.concatenate([half, flipped(half)[::-1]])
    return [Part(band, relief=0.5, fabric="rib" if cut.has("ribbed trims") else "")]


def _lapels(body: Body) -> list[Mark]:
    """Notch lapels with their collar."""
    neck, depth = body.neck, body.depth
    lapel = path(
        (0.2, depth + 2),
        (neck * 0.5, depth * 0.45, neck - 1.6, 2.0),
        (neck + 3.2, 8.0),
        (neck + 5.4, 7.0),
        (neck + 2.2, depth * 0.75, 0.2, depth + 2),
    )
    collar = path(
        (neck - 2.6, 3.2),
        (neck - 1.2, -1.8, neck - 0.6, -2.4),
        (neck + 1.2, -1.6, neck + 2.0, 1.2),
        (neck + 4.6, 5.0),
        (neck + 3.0, 7.8),
    )
    return pair(Part(lapel, turn=0.25)) + pair(Part(collar, turn=0.8, relief=0.7))


def _hood(body: Body) -> list[Mark]:
    """A hood laid flat above the shoulders, with its cords."""
    size, depth = body.neck / 7.4, body.depth
    outer = path(
        (0, -22 * size),
        (13.4 * size, -22.5 * size, 12.8 * size, -7 * size),
        (12.4 * size, 0, body.neck + 4.0, 3.4),
        (6.5 * size, depth + 1, 0, depth + 5),
    )
    opening = path(
        (0, -17 * size),
        (9.6 * size, -16.5 * size, 8.4 * size, -4 * size),
        (7.0 * size, depth - 1, 0, depth + 2.5),
    )
    foot = depth + 20 * size
    cord = Seam(path((2.8, depth + 2.5), (3.7, depth + 11, 3.0, foot)), 0.7, Slot.TRIM)
    tip = Part(box(3.0, foot, 0.9, 2.2), Slot.METAL)
    hood: list[Mark] = [Part(whole(outer)), Part(whole(opening), Slot.INSIDE)]
    return hood + pair(cord, tip)


def _high_neck(cut: Cut, body: Body) -> list[Mark]:
    """A roll neck or a stand-up collar."""
    neck, tall = body.neck + 0.6, 7.5 if cut.neckline == "roll neck" else 5.5
    collar = path(
        (0, -tall + 1.2),
        (neck * 0.7, -tall + 1, neck - 0.8, -tall),
        (neck + 1.6, 1.5),
        (neck * 0.7, body.depth + 1, 0, body.depth + 1.4),
    )
    mouth = path((0, -tall - 0.4), (neck * 0.7, -tall - 0.5, neck - 1, -tall), (0, 0))
    rib = "rib" if cut.neckline == "roll neck" else ""
    return [Part(whole(mouth), Slot.INSIDE), Part(whole(collar), relief=1.2, fabric=rib)]


def draw_opening(cut: Cut, top: float, body: Body) -> list[Mark]:
    """Buttons or a zip down the front from `top`."""
    if cut.has("zip"):
        line = path((0, top), (0, body.length))
        beside = Seam(line + np.array([1.3, 0]), 0.25)
        teeth = Seam(line, 0.75, Slot.METAL, dashes=True)
        pull = Part(box(0, top + 1.5, 1.0, 3.4), Slot.METAL, relief=0.6)
        return [Seam(line, 1.3), teeth, *pair(beside), pull]
    if not cut.has("buttons", "half buttons", "double buttons"):
        return []
    end = top + 13 if cut.has("half buttons") else body.length
    step = 5.0 if cut.has("half buttons") else 9.0 * (0.5 + body.size / 2)
    rows = np.arange(top + 2.2, end - 1.5, step)
    few, columns = cut.neckline == "lapels", (-4.2, 4.2) if cut.has("double buttons") else (0.0,)
    sewn = [
        button(x, float(y), 2.0 if few else 1.35)
        for y in (rows[:3] if few else rows)
        for x in columns
    ]
    return [*pair(Seam(path((1.7, top), (1.7, end)))), *sewn]


def _pockets(cut: Cut, body: Body) -> list[Mark]:
    """The pockets of a top or a coat."""
    size, waist = body.size, body.waist
    low = min(body.length, 92 * size) - 26 * size
    if cut.has("chest pocket", "chest pockets"):
        pocket = Part(trace("5,19 13,19 13,28 9,30 5,28") * size, relief=0.35)
        hem = Seam(path((5 * size, 20.5 * size), (13 * size, 20.5 * size)), 0.25)
        return pair(pocket, hem) if cut.has("chest pockets") else [pocket, hem]
    if cut.has("kangaroo pocket"):
        top, foot, half = body.length - 25 * size, body.length - 6.5, body.chest * 0.62
        steps = (half * 0.55, top), (half, top + 13 * size), (half, foot), (0, foot)
        return [Part(whole(path((0, top), *steps)), relief=0.5)]
    if cut.has("patch pockets"):
        return pair(Part(box(waist * 0.52, low, waist * 0.6, 15 * size), relief=0.5))
    if cut.has("flap pockets"):
        return pair(Part(box(waist * 0.55, low, waist * 0.55, 5 * size), relief=0.6))
    if cut.has("side pockets"):
        return pair(Seam(path((waist * 0.55, low + 12 * size), (waist * 0.8, low - 1)), 0.8))
    return []


def _motif(cut: Cut, body: Body) -> list[Mark]:
    """The print on the chest, where the cut has one."""
    return [
        Part((trace(steps) - np.array([0, 6.0])) * body.size * 1.25, Slot.SECOND, relief=0.0)
        for name, steps in MOTIFS.items()
        if cut.has(name)
    ]


def _hem(cut: Cut, body: Body) -> list[Mark]:
    """The lower edge: a ribbed band, a frill or a row of stitches."""
    low, half = body.length, body.hem
    if cut.has("ribbed trims"):
        band = path((0, low - 6), (half, low - 6.6), (half - 0.5, low - 0.6), (0, low + 0.9))
        return [Part(whole(band), relief=0.8, fabric="rib")]
    if cut.has("frill hem"):
        edge = (half * 1.12, low + 8), (half, low + 9.5, 0, low + 9.5)
        frill = path((0, low - 1.5), (half + 0.2, low - 2), *edge)
        return [Part(whole(frill), drape="gathers", spread=1.15)]
    if cut.has("rounded hem"):
        return []
    return [Seam(path((-half, low - 3), (0, low - 2.0, half, low - 3)))]


def draw_belt(half: float, y: float) -> list[Mark]:
    """A tie belt round a waist `half` cm wide each side, knotted in the middle."""
    shapes = (
        (f"{-half},-2 0,-1.4,{half},-2 {half},2 0,2.6,{-half},2", 1.57),
        ("0.4,0 3.2,14 3.6,27 0.4,26 -0.6,2", 0.1),
        ("-0.6,0 -4.5,11 -5.5,20 -2.4,20.5 1,2", -0.2),
        ("-2.2,-2 2.2,-1.6 1.8,2.8 -1.6,2.9", 0.6),
    )
    return [Part(trace(steps) + np.array([0, y]), turn=turn) for steps, turn in shapes]

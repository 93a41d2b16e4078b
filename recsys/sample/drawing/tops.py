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
    OUTLINES,
    Cut,
    Mark,
    Material,
    Piece,
    Seam,
    Silhouette,
    both_sides,
    box,
    button_placket,
    mirrored,
    parse_path,
    path,
    symmetric,
)


def draw_top(cut: Cut) -> Silhouette:
    """Draw a garment of one piece from the shoulders to the hem."""
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
    return Silhouette(marks, folds, 0.65 if stiff else 1.0)


def draw_collar(cut: Cut, body: Body) -> list[Mark]:
    """Return what is sewn to the neckline: a collar, lapels, a hood or a band."""
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
        return both_sides(Piece(leaf, turn=0.7, relief=0.8, fabric=rib))
    if cut.neckline == "lapels":
        return _lapels(body)
    if cut.neckline == "hood":
        return _hood(body)
    if cut.neckline in ("roll neck", "stand-up collar"):
        return _high_neck(cut, body)
    inner, outer = path(*neckline(cut, body)), path(*neckline(cut, body, 2.0))
    if cut.fabric in ("weave", "satin", "linen"):
        return both_sides(Seam(outer))
    half = np.concatenate([inner, outer[::-1]])
    band = np.concatenate([half, mirrored(half)[::-1]])
    return [Piece(band, relief=0.5, fabric="rib" if cut.has("ribbed trims") else "")]


def _lapels(body: Body) -> list[Mark]:
    """Return notch lapels with their collar."""
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
    return both_sides(Piece(lapel, turn=0.25)) + both_sides(Piece(collar, turn=0.8, relief=0.7))


def _hood(body: Body) -> list[Mark]:
    """Return a hood, flat above the shoulders, with its cords."""
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
    cord = Seam(path((2.8, depth + 2.5), (3.7, depth + 11, 3.0, foot)), 0.7, Material.TRIM)
    tip = Piece(box(3.0, foot, 0.9, 2.2), Material.METAL)
    hood: list[Mark] = [Piece(symmetric(outer)), Piece(symmetric(opening), Material.INSIDE)]
    return hood + both_sides(cord, tip)


def _high_neck(cut: Cut, body: Body) -> list[Mark]:
    """Return a roll neck or a stand-up collar."""
    neck, tall = body.neck + 0.6, 7.5 if cut.neckline == "roll neck" else 5.5
    collar = path(
        (0, -tall + 1.2),
        (neck * 0.7, -tall + 1, neck - 0.8, -tall),
        (neck + 1.6, 1.5),
        (neck * 0.7, body.depth + 1, 0, body.depth + 1.4),
    )
    mouth = path((0, -tall - 0.4), (neck * 0.7, -tall - 0.5, neck - 1, -tall), (0, 0))
    rib = "rib" if cut.neckline == "roll neck" else ""
    return [
        Piece(symmetric(mouth), Material.INSIDE),
        Piece(symmetric(collar), relief=1.2, fabric=rib),
    ]


def draw_opening(cut: Cut, top: float, body: Body) -> list[Mark]:
    """Return buttons or a zip down the front from `top`."""
    if cut.has("zip"):
        line = path((0, top), (0, body.length))
        beside = Seam(line + np.array([1.3, 0]), 0.25)
        teeth = Seam(line, 0.75, Material.METAL, dashes=True)
        pull = Piece(box(0, top + 1.5, 1.0, 3.4), Material.METAL, relief=0.6)
        return [Seam(line, 1.3), teeth, *both_sides(beside), pull]
    if not cut.has("buttons", "half buttons", "double buttons"):
        return []
    end = top + 13 if cut.has("half buttons") else body.length
    step = 5.0 if cut.has("half buttons") else 9.0 * (0.5 + body.size / 2)
    rows = np.arange(top + 2.2, end - 1.5, step)
    lapels, columns = cut.neckline == "lapels", (-4.2, 4.2) if cut.has("double buttons") else (0.0,)
    return button_placket(top, end, rows[:3] if lapels else rows, 2.0 if lapels else 1.35, columns)


def _pockets(cut: Cut, body: Body) -> list[Mark]:
    """Return the pockets of a top or a coat."""
    size, waist = body.size, body.waist
    low = min(body.length, 92 * size) - 26 * size
    if cut.has("chest pocket", "chest pockets"):
        pocket = Piece(OUTLINES["top"]["chest_pocket"] * size, relief=0.35)
        hem = Seam(OUTLINES["top"]["chest_pocket_hem"] * size, 0.25)
        return both_sides(pocket, hem) if cut.has("chest pockets") else [pocket, hem]
    if cut.has("kangaroo pocket"):
        top, foot, half = body.length - 25 * size, body.length - 6.5, body.chest * 0.62
        steps = (half * 0.55, top), (half, top + 13 * size), (half, foot), (0, foot)
        return [Piece(symmetric(path((0, top), *steps)), relief=0.5)]
    if cut.has("patch pockets"):
        return both_sides(Piece(box(waist * 0.52, low, waist * 0.6, 15 * size), relief=0.5))
    if cut.has("flap pockets"):
        return both_sides(Piece(box(waist * 0.55, low, waist * 0.55, 5 * size), relief=0.6))
    if cut.has("side pockets"):
        return both_sides(Seam(path((waist * 0.55, low + 12 * size), (waist * 0.8, low - 1)), 0.8))
    return []


def _motif(cut: Cut, body: Body) -> list[Mark]:
    """Return the picture on the chest, where the cut has one."""
    return [
        Piece((outline - np.array([0, 6.0])) * body.size * 1.25, Material.SECOND, relief=0.0)
        for name, outline in OUTLINES["motifs"].items()
        if cut.has(name)
    ]


def _hem(cut: Cut, body: Body) -> list[Mark]:
    """Return the lower edge: a ribbed band, a frill or a row of stitches."""
    low, half = body.length, body.hem
    if cut.has("ribbed trims"):
        band = path((0, low - 6), (half, low - 6.6), (half - 0.5, low - 0.6), (0, low + 0.9))
        return [Piece(symmetric(band), relief=0.8, fabric="rib")]
    if cut.has("frill hem"):
        edge = (half * 1.12, low + 8), (half, low + 9.5, 0, low + 9.5)
        frill = path((0, low - 1.5), (half + 0.2, low - 2), *edge)
        return [Piece(symmetric(frill), drape="gathers", spread=1.15)]
    if cut.has("rounded hem"):
        return []
    return [Seam(path((-half, low - 3), (0, low - 2.0, half, low - 3)))]


def draw_belt(half: float, y: float) -> list[Mark]:
    """Return a tie belt around a waist of that half width, knotted in the middle."""
    strap = parse_path(f"{-half},-2 0,-1.4,{half},-2 {half},2 0,2.6,{-half},2")
    right, left, knot = (OUTLINES["belt"][name] for name in ("right_end", "left_end", "knot"))
    turns = ((strap, 1.57), (right, 0.1), (left, -0.2), (knot, 0.6))
    return [Piece(outline + np.array([0, y]), turn=turn) for outline, turn in turns]

"""The upper body of tops and dresses: its measurements, its front, its sleeves and its folds."""

from dataclasses import dataclass
from math import cos, radians, sin

from recsys.sample.drawing.outlines import (
    Cut,
    Fold,
    Mark,
    Material,
    Piece,
    Seam,
    Step,
    both_sides,
    box,
    folds_on_both_sides,
    path,
    symmetric,
)
from recsys.sample.table_files import read_table

UPPER_BODY = read_table("measurements")["upper_body"]
PROPORTIONS = {"women": (19.0, 16.2, 0.92), "men": (21.5, 18.6, 1.0), "child": (16.5, 13.6, 1.0)}
"""Half width of the chest and of the shoulders, in cm, and the waist's width over the chest's."""
CHILD_SIZE, CHILD_GIRTH = 0.68, 0.84
"""Lengths and widths for children relative to those for adults: a child of about 115 cm."""
SHORT_SLEEVE = 34.0
"""Sleeves shorter than this, in cm, end above the elbow and stick out further."""
POINTED = ("V-neck", "lapels", "collar", "polo collar", "hood")
BARE = ("none", "straps")


@dataclass(frozen=True)
class Body:
    """Half widths and heights of an upper body, in cm; `size` is 1 for an adult."""

    neck: float
    depth: float
    shoulder: float
    chest: float
    waist: float
    hem: float
    armpit: float
    length: float
    size: float


def measure(cut: Cut) -> Body:
    """Return the measurements of a garment of that wearer, length and fit."""
    chest, shoulder, taper = PROPORTIONS[cut.wearer]
    size, girth = (CHILD_SIZE, CHILD_GIRTH) if cut.wearer == "child" else (1.0, 1.0)
    width = UPPER_BODY["widths"][cut.fit]
    shoulder *= {"none": 0.82, "straps": 0.65}.get(cut.sleeves, 1.0)
    return Body(
        neck={"boat": 11.0, "square": 9.2}.get(cut.neckline, 7.4) * girth,
        depth=UPPER_BODY["neck_depths"].get(cut.neckline, 7.0) * girth,
        shoulder=shoulder * (0.3 + 0.7 * width),
        chest=chest * width,
        waist=chest * width * (1.0 if cut.fit == "wide" else taper),
        hem=chest * width * (0.97 if cut.has("ribbed trims") else 1.02),
        armpit=21.0 * girth * (1.05 if cut.fit == "wide" else 1.0),
        length=UPPER_BODY["lengths"][cut.length] * size,
        size=size,
    )


def draw_bodice(cut: Cut, body: Body) -> list[Mark]:
    """Return the inside of the back, seen through the neckline, the sleeves and the front."""
    if cut.sleeves == "straps":
        return _strap_bodice(body)
    return [*_inside(body), *_sleeves(cut, body), _front(cut, body)]


def neckline(cut: Cut, body: Body, wider: float = 0.0) -> tuple[Step, ...]:
    """Return the steps from the middle of the neckline to the shoulder, `wider` cm further out."""
    neck, depth = body.neck + wider * 0.8, body.depth + wider
    end = (neck, wider * 0.3)
    if cut.neckline in POINTED:
        return (0, depth), (neck * 0.62, depth * 0.42, *end)
    if cut.neckline == "square":
        return (0, depth), (neck * 0.9, depth), end
    return (0, depth), (neck * 0.92, depth * 0.98, *end)


def _inside(body: Body) -> list[Mark]:
    """Return the back of the neck with its label."""
    neck = body.neck + 0.3
    back = path((0, 1.2), (neck * 0.7, 1.0, neck, -0.6), (neck, body.depth), (0, body.depth + 3))
    label = box(0, 2.2, 4.2 * body.size, 1.7 * body.size)
    return [
        Piece(symmetric(back), Material.INSIDE, relief=0.6),
        Piece(label, Material.PALE, relief=0.2),
    ]


def _front(cut: Cut, body: Body) -> Piece:
    """Return the front; a rounded hem is higher at the sides, a ribbed one ends above its rib."""
    length, hem, chest, pit = body.length, body.hem, body.chest, body.armpit
    rise, dip = (5.0, 1.5) if cut.has("rounded hem") else (0.8, 0.5)
    if cut.has("ribbed trims"):
        rise, dip, length = 0.5, 0.5, length - 5.5
    half = path(
        *neckline(cut, body),
        (body.shoulder, 4.2 * body.size),
        (body.shoulder - 2.2, pit * 0.72, chest, pit),
        (2 * body.waist - chest, pit + (length - pit) * 0.45, hem, length - rise),
        (hem * 0.55, length + dip, 0, length),
    )
    return Piece(symmetric(half))


def _strap_bodice(body: Body) -> list[Mark]:
    """Return a body that hangs from two narrow straps."""
    chest, top = body.chest, body.armpit * 0.62
    front = path(
        (0, top + 4.5),
        (chest * 0.3, top + 3.0, chest * 0.52, top - 1.5),
        (chest * 0.7, body.armpit * 0.98, chest, body.armpit + 2),
        (body.waist * 0.96, body.armpit + 20, body.hem, body.length - 0.8),
        (body.hem * 0.55, body.length + 0.5, 0, body.length),
    )
    back = path((0, top + 0.4), (chest * 0.55, top + 0.8), (chest, body.armpit + 3), (0, top + 20))
    x, y = chest * 0.52, top - 0.6
    strap = path((body.neck, 2), (body.neck + 1.3, 2), (x + 0.4, y), (x - 1.2, y + 0.6))
    inside = Piece(symmetric(back), Material.INSIDE, relief=0.5)
    return [inside, *both_sides(Piece(strap, relief=0.4)), Piece(symmetric(front))]


@dataclass(frozen=True)
class _Sleeve:
    """The right sleeve, in cm: where it starts and ends, its half width there and its length.

    `lean` is its angle from the vertical in radians.
    """

    shoulder: tuple[float, float]
    armpit: tuple[float, float]
    end: tuple[float, float]
    lean: float
    cuff: float
    reach: float

    def at(self, back: float, out: float) -> tuple[float, float]:
        """Return the point `back` cm up the arm from its end and `out` cm off its middle line."""
        (x, y), across, down = self.end, sin(self.lean), cos(self.lean)
        return x - back * across + out * down, y - back * down - out * across


def _is_short(cut: Cut) -> bool:
    return bool(UPPER_BODY["sleeves"][cut.sleeves] < SHORT_SLEEVE)


def _measure_sleeve(cut: Cut, body: Body) -> _Sleeve:
    length, short = UPPER_BODY["sleeves"][cut.sleeves], _is_short(cut)
    reach, lean = length * body.size, radians(21 if short else 8)
    cuff = UPPER_BODY["cuffs"].get(cut.sleeves, 7.2)
    cuff += 1.2 if cut.fit == "wide" and not short else 0.0
    start = (body.shoulder, 4.2 * body.size)
    middle = (body.shoulder + body.chest) / 2 + (0.8 if short else 0.4)
    return _Sleeve(
        shoulder=start,
        armpit=(body.chest - 0.6, body.armpit + 0.6),
        end=(middle + reach * sin(lean), start[1] + reach * cos(lean)),
        lean=lean,
        cuff=cuff * (0.82 if body.size < 1 else 1.0),
        reach=reach,
    )


def _sleeves(cut: Cut, body: Body) -> list[Mark]:
    """Return both sleeves with their cuffs; the front covers their inner ends."""
    if cut.sleeves in BARE:
        return []
    arm, puffed = _measure_sleeve(cut, body), cut.sleeves in ("puff", "balloon")
    bulge = (6.5 if puffed else 2.4 if _is_short(cut) else 4.2) * body.size
    (x, y), outer, inner = arm.shoulder, arm.at(0, arm.cuff), arm.at(0, -arm.cuff)
    out = (x * 0.62 + outer[0] * 0.38 + bulge, y * 0.72 + outer[1] * 0.28 - bulge * 0.4)
    under = arm.at(arm.reach * 0.45, -arm.cuff - (3 if puffed else 0.6) * body.size)
    steps = ((x, y), (*out, *outer), inner, (*under, *arm.armpit), (x - 4, 14))
    sleeve = path((x - 4, y - 0.8), *steps)
    drape = "gathers" if puffed else ""
    return both_sides(Piece(sleeve, turn=-arm.lean, drape=drape)) + _cuffs(cut, arm)


def _cuffs(cut: Cut, arm: _Sleeve) -> list[Mark]:
    """Return the ends of the sleeves: a ribbed band, a buttoned cuff or a stitched hem."""
    ribbed = cut.has("ribbed trims")
    banded = ribbed or cut.neckline == "collar" or cut.sleeves == "balloon"
    if cut.sleeves in ("long", "balloon") and banded:
        half = arm.cuff - (0.5 if ribbed else 0.0)
        corners = arm.at(6, half + 0.4), arm.at(-0.5, half), arm.at(-0.5, -half)
        band = path(*corners, arm.at(6, -half - 0.4))
        return both_sides(Piece(band, turn=-arm.lean, relief=0.8, fabric="rib" if ribbed else ""))
    return both_sides(Seam(path(arm.at(2.2, arm.cuff + 0.6), arm.at(2.2, -arm.cuff - 0.4))))


def draw_body_folds(body: Body) -> tuple[Fold, ...]:
    """Return drapes from the armpits and soft creases down the body."""
    low, chest, pit = body.length, body.chest, body.armpit
    return folds_on_both_sides(
        Fold(chest * 0.97, pit + 1, chest * 0.42, pit + 15, 2.2, 0.9),
        Fold(chest * 0.9, pit + 6, chest * 0.5, pit + 26, 2.4, -0.7),
        Fold(chest * 0.72, low * 0.55, chest * 0.62, low, 2.8, 0.8),
        Fold(chest * 0.3, low * 0.62, chest * 0.36, low, 2.4, -0.6),
    )


def draw_arm_folds(cut: Cut, body: Body) -> tuple[Fold, ...]:
    """Return creases across the sleeves."""
    if cut.sleeves in BARE:
        return ()
    arm = _measure_sleeve(cut, body)
    folds = [
        Fold(*arm.at(arm.reach * back, -arm.cuff), *arm.at(arm.reach * back + lift, arm.cuff * 0.7))
        for back, lift in ((0.42, 5.0), (0.52, 6.0), (0.25, 3.0), (0.7, 7.0))
    ]
    return tuple(twin for fold in folds for twin in (fold, fold.mirrored()))

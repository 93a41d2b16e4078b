"""Silhouettes from the waist down: dresses, skirts, trousers and shorts."""

from dataclasses import dataclass, replace

import numpy as np

from recsys.sample.drawing.bodice import draw_arm_folds, draw_bodice, draw_body_folds, measure
from recsys.sample.drawing.outlines import (
    Cut,
    Fold,
    Mark,
    Material,
    Piece,
    Seam,
    Silhouette,
    Step,
    both_sides,
    box,
    button,
    button_placket,
    folds_on_both_sides,
    mirrored,
    oval,
    path,
    symmetric,
)
from recsys.sample.drawing.tops import draw_belt, draw_collar, draw_opening
from recsys.sample.table_files import read_table

SKIRT, TROUSERS = (read_table("measurements")[name] for name in ("skirt", "trousers"))


@dataclass(frozen=True)
class _Skirt:
    """A skirt from y = `waist` to y = `length`, with half widths `top` and `foot` there, in cm."""

    waist: float
    length: float
    top: float
    foot: float

    def half(self, share: float) -> float:
        """Return the half width at a share of the way down."""
        return self.top + (self.foot - self.top) * (1 - float((1 - share) ** 1.6))

    def y(self, share: float) -> float:
        """Return the height at a share of the way down."""
        return self.waist + (self.length - self.waist) * share


def draw_dress(cut: Cut) -> Silhouette:
    """Draw a dress: a bodice and a skirt that meet at the waist."""
    bodice = replace(cut, length="cropped", fit="slim", details=())
    body = measure(bodice)
    full = measure(cut)
    waist = full.armpit + (8 if cut.has("empire waist") else 17) * full.size
    half = body.waist * 0.95
    skirt = _Skirt(waist, full.length, half, half * SKIRT["dress_flares"][cut.fit] + 3)
    body = replace(body, length=waist + 1.5, hem=half)
    marks = draw_bodice(bodice, body) + _skirt(cut, skirt)
    start = body.depth + (7 if cut.sleeves == "straps" else 0)
    marks += draw_opening(cut, start, full) + draw_collar(bodice, body)
    if cut.has("tie belt"):
        marks += draw_belt(half + 0.6, waist + 1)
    folds = _skirt_folds(skirt) + draw_body_folds(body)[:2] + draw_arm_folds(bodice, body)
    return Silhouette(marks, folds, 1.1)


def draw_skirt(cut: Cut) -> Silhouette:
    """Draw a skirt with a waistband: pencil-shaped, A-line, wide, pleated or tiered."""
    size = 0.7 if cut.wearer == "child" else 1.0
    length, top = SKIRT["lengths"][cut.length] * size, 17.5 * size
    flare = SKIRT["flares"][cut.fit]
    skirt = _Skirt(3.0, length, top, top * flare * (0.9 + length / 700))
    marks: list[Mark] = [
        Piece(oval(0, 0.4, 2 * top - 1, 2.6), Material.INSIDE),
        *_skirt(cut, skirt),
    ]
    band = path((0, 0.8), (top * 0.6, 0.6, top, -0.4), (top + 0.3, 4), (0, 4.8))
    loose = cut.has("elastic waist", "gathered waist")
    marks.append(Piece(symmetric(band), relief=0.8, drape="gathers" if loose else ""))
    if cut.has("tie belt"):
        marks += draw_belt(top + 0.4, 2.4)
    if cut.has("buttons"):
        marks += button_placket(1, length, np.arange(2.6, length - 4, 7.5), 1.5)
    if cut.has("patch pockets"):
        marks += both_sides(Piece(box(top * 0.62, 13 * size, top * 0.7, 14 * size), relief=0.5))
    folds = () if cut.has("pleats") else _skirt_folds(skirt)
    return Silhouette(marks, folds, 0.6 if cut.fabric == "denim" else 1.0)


def _skirt(cut: Cut, skirt: _Skirt) -> list[Mark]:
    """Return the cloth of a skirt with its tiers, its frill or the seam of its hem."""
    drape = "pleats" if cut.has("pleats") else "gathers" if cut.has("gathered waist") else ""
    marks: list[Mark] = [_panel(cut, skirt, drape)]
    foot, low = skirt.foot - 0.5, skirt.length
    if cut.has("tiers"):
        marks += [_tier(skirt, share) for share in (0.33, 0.66)]
    elif cut.has("frill hem"):
        marks.append(_tier(skirt, 0.84))
    elif not cut.has("pleats"):
        marks.append(Seam(path((-foot, low - 5), (0, low - 1.6, foot, low - 5))))
    return marks


def _panel(cut: Cut, skirt: _Skirt, drape: str) -> Piece:
    top, foot, low = skirt.top, skirt.foot, skirt.length
    side: tuple[Step, ...] = ((top + (foot - top) * 0.55, skirt.y(0.22), foot, low - 3),)
    if cut.fit == "slim":
        hip = skirt.y(0.34)
        side = (top + 4.5, hip - 8, top + 4.2, hip + 4), (foot - 1, low)
    start, end = ((0, skirt.waist), (top, skirt.waist - 0.6)), (foot * 0.6, low + 0.6, 0, low)
    return Piece(symmetric(path(*start, *side, end)), drape=drape, spread=foot / top)


def _tier(skirt: _Skirt, share: float) -> Piece:
    """Return a gathered tier, sewn on at a share of the way down, that reaches the hem."""
    y, half, foot, low = skirt.y(share), skirt.half(share), skirt.foot, skirt.length
    outline = path(
        (0, y + 1),
        (half * 0.6, y + 1, half - 0.3, y - 2),
        (foot + 2 * share, low - 3),
        (foot * 0.6, low + 0.8, 0, low + 0.4),
    )
    return Piece(symmetric(outline), drape="gathers", spread=1.12)


def _skirt_folds(skirt: _Skirt) -> tuple[Fold, ...]:
    """Return folds that fan out from the waist to the hem."""
    fullness = min(1.0, skirt.foot / skirt.top - 0.75)
    starts = zip((-0.8, -0.55, -0.28, 0.05, 0.3, 0.52, 0.78), (0.12, 0.22, 0.32) * 3, strict=False)
    return tuple(
        Fold(
            *(skirt.top * share, skirt.y(start)),
            *(skirt.foot * share, skirt.length + 6),
            width=2.6,
            depth=fullness * (1.1 if number % 2 else -0.9),
        )
        for number, (share, start) in enumerate(starts)
    )


@dataclass(frozen=True)
class _Legs:
    """Half widths and heights of trousers, in cm; the hem reaches from `inner` to `outer`."""

    waist: float
    hip: float
    crotch: float
    length: float
    inner: float
    outer: float
    knee: float

    @property
    def middle(self) -> float:
        """The distance between the middle of a leg and that of the trousers."""
        return (self.inner + self.outer) / 2


def _measure_legs(cut: Cut) -> _Legs:
    child, men = cut.wearer == "child", cut.wearer == "men"
    width = 0.8 if child else 1.08 if men else 1.0
    shorts = cut.length in ("short", "knee")
    hem = TROUSERS["short_hems" if shorts else "hems"][cut.fit]
    centre = 10.2 + hem * 0.14
    knee = 6.6 if cut.fit == "flared" else hem + (2.0 if cut.fit == "slim" else 1.4)
    return _Legs(
        waist=18.5 * width,
        hip=21.6 * width,
        crotch=27.0 * (0.8 if child else 1.0),
        length=TROUSERS["lengths"][cut.length]
        * (0.68 if child and not shorts else 0.8 if child else 1.0),
        inner=(centre - hem) * width,
        outer=(centre + hem) * width,
        knee=knee * width,
    )


def draw_trousers(cut: Cut) -> Silhouette:
    """Draw trousers, jeans, joggers or shorts."""
    legs = _measure_legs(cut)
    low, middle, crotch = legs.length, legs.middle, legs.crotch
    bend = crotch + (low - crotch) * 0.45
    leg = path(
        (-0.6, 1.0),
        (legs.waist, 0),
        (legs.hip + 0.6, 12, legs.hip, crotch - 4),
        (middle + legs.knee + 0.6, bend, legs.outer, low - 0.4),
        (middle, low + 1.2, legs.inner, low),
        (max(middle - legs.knee, 0.9), bend, 0.5, crotch),
        (-0.4, crotch - 3),
    )
    marks: list[Mark] = [Piece(oval(0, 0.2, 2 * legs.waist - 1, 3.0), Material.INSIDE)]
    marks += both_sides(Piece(leg, turn=-0.05)) + _leg_hems(cut, legs) + _fly(cut, legs)
    marks += _side_pockets(cut, legs) + _leg_pockets(cut, legs)
    if cut.has("creases"):
        marks += both_sides(Seam(path((middle * 0.9, 14), (middle, low))))
    return Silhouette(marks, _leg_folds(legs), 0.7 if cut.fabric == "denim" else 1.0)


def _stitch(cut: Cut, outline: np.ndarray, width: float = 0.3) -> Seam:
    """Return a stitched line: contrast thread on denim, a crease on other fabrics."""
    denim = cut.fabric == "denim"
    return Seam(outline, width, Material.STITCH if denim else None, dashes=denim)


def _waistband(legs: _Legs, drape: str) -> Piece:
    half = legs.waist
    steps = (0, 1.4), (half * 0.6, 1.2, half, -0.2), (half + 0.9, 4.2), (0, 5.6)
    return Piece(symmetric(path(*steps)), turn=0 if drape else 1.57, relief=0.8, drape=drape)


def _fly(cut: Cut, legs: _Legs) -> list[Mark]:
    """Return the waistband with its fly and button, or its elastic and cord."""
    if cut.has("elastic waist", "drawstring"):
        cord = Seam(path((0.8, 3.4), (4, 9, 3.4, 17)), 0.7, Material.PALE)
        return [_waistband(legs, "gathers"), *(both_sides(cord) if cut.has("drawstring") else [])]
    low = legs.crotch
    curve = path((3.2, 5), (3.2, low * 0.62), (2.6, low * 0.8, 0, low * 0.84))
    marks: list[Mark] = [Seam(path((0, 5), (0, low)), 0.5), _stitch(cut, curve)]
    marks += [_waistband(legs, ""), button(0, 3.6, 1.6)]
    if cut.wearer == "men" or cut.fabric == "denim":
        marks += both_sides(Piece(box(legs.waist * 0.62, -0.4, 1.3, 6.2), relief=0.5))
    return marks


def _side_pockets(cut: Cut, legs: _Legs) -> list[Mark]:
    if not cut.has("side pockets"):
        return []
    half = legs.waist
    edge = path((half * 0.62, 5.6), (half * 0.95, 17))
    if cut.fabric == "denim":
        edge = path((half * 0.42, 5.6), (half * 0.5, 13, legs.hip - 0.6, 13.5))
    line = edge + np.array([-0.7, 0.6])
    return both_sides(Seam(edge, 0.7), _stitch(cut, line, 0.25))


def _leg_pockets(cut: Cut, legs: _Legs) -> list[Mark]:
    if not cut.has("leg pockets"):
        return []
    x, y = legs.hip - 6.5, legs.crotch + (legs.length - legs.crotch) * 0.2
    pouch, flap = Piece(box(x, y, 9.6, 14), relief=0.5), Piece(box(x, y - 1, 10.4, 4.8), relief=0.5)
    return both_sides(pouch) + both_sides(flap)


def _leg_hems(cut: Cut, legs: _Legs) -> list[Mark]:
    """Return ribbed cuffs, turn-ups or stitched hems."""
    low, inner, outer = legs.length, legs.inner, legs.outer
    if cut.has("ribbed hems", "turn-ups"):
        ribbed = cut.has("ribbed hems")
        out, deep = (-0.3, 5.5) if ribbed else (0.6, 4.5)
        band = box((inner + outer) / 2, low - deep, outer - inner + 2 * out, deep + 0.6)
        return both_sides(Piece(band, fabric="rib" if ribbed else "", relief=0.9))
    line = path((inner + 0.2, low - 2.2), (outer - 0.2, low - 2.4))
    return [_stitch(cut, line), _stitch(cut, mirrored(line))]


def _leg_folds(legs: _Legs) -> tuple[Fold, ...]:
    """Return creases at the crotch and the knees and soft folds down the legs."""
    low, crotch, middle, hip = legs.length, legs.crotch, legs.middle, legs.hip
    bend = crotch + (low - crotch) * 0.5
    return folds_on_both_sides(
        Fold(1.5, crotch - 1, hip * 0.75, crotch - 9, 2.0, 0.9),
        Fold(1.5, crotch + 2, hip * 0.7, crotch + 4, 2.2, -0.8),
        Fold(middle + legs.knee, bend - 3, middle - 2, bend + 4, 1.8, 0.7),
        Fold(middle - legs.knee, bend, middle + 3, bend + 7, 1.8, -0.7),
        Fold(middle + 1, bend + 4, middle + 2, low, 2.6, 0.8),
    )

"""Silhouettes of bags, shoes, hats and scarves."""

import numpy as np

from recsys.sample.drawing.outlines import (
    Cut,
    Fold,
    Mark,
    Material,
    Outline,
    Part,
    Seam,
    Silhouette,
    both_sides,
    box,
    mirrored,
    oval,
    parse_path,
    path,
    symmetric,
)
from recsys.sample.table_files import read_table

FACTORS = read_table("measurements")["accessory"]
REGULAR = np.ones(2)


def _scale(cut: Cut) -> Outline:
    """Return the cut's width and height relative to the regular size, shape (2,)."""
    return np.array([FACTORS["widths"][cut.fit], FACTORS["heights"][cut.length]])


def _panel(
    half: str,
    size: Outline = REGULAR,
    material: Material = Material.FABRIC,
    relief: float = 1.0,
    fabric: str = "",
) -> Part:
    """Return a symmetric part, given the path of its right half."""
    outline = symmetric(parse_path(half) * size)
    return Part(outline, material, relief=relief, fabric=fabric)


def _handle(half: float, top: float, foot: float, width: float, material: Material) -> Seam:
    """Return a handle that rises from (half, foot) to `top` in the middle and back down."""
    arch = path((half, foot), (half * 0.98, (top + foot) / 2), (half * 0.95, top, 0, top))
    return Seam(np.concatenate([arch, mirrored(arch)[::-1]]), width, material)


def draw_tote(cut: Cut) -> Silhouette:
    """Draw a shopper with two handles, the rear one seen above its mouth."""
    size = _scale(cut)
    wide, tall = 19.0 * size[0], 31.0 * size[1]
    material = Material.TRIM if cut.has("contrast handles") else Material.FABRIC
    handle_top = -11.0 if cut.has("front pocket") else -17.0
    marks: list[Mark] = [
        _handle(wide * 0.42, handle_top - 1.5, 1, 1.4, Material.INSIDE),
        _panel("0,-1.2 15.2,-1.3,18.4,0 13.3,2,0,2", size, Material.INSIDE),
        _panel("0,0.6 19,0 18.6,18.6,17,29 16.6,31,14.5,31 0,31.5", size, relief=1.4),
        _handle(wide * 0.46, handle_top, 5.5, 1.6, material),
        *both_sides(Seam(path((0, 3.2), (wide * 0.5, 3.2, wide - 0.3, 2.4)))),
        *both_sides(Part(box(wide * 0.46, 3.6, 2.6, 4.2), material, relief=0.6)),
        *both_sides(Part(oval(wide * 0.46, 7, 0.8), Material.METAL)),
    ]
    if cut.has("front pocket"):
        marks.append(Part(box(0, tall * 0.42, wide * 1.06, tall * 0.45), relief=0.7))
    return Silhouette(marks, softness=0.35)


def draw_shoulder_bag(cut: Cut) -> Silhouette:
    """Draw a small bag with a flap and a clasp, on a strap or a chain."""
    size = _scale(cut)
    wide, clasp, chain = 12.0 * size[0], 7.4 * size[1], cut.has("chain strap")
    flap, stitches = "0,-0.6 12.5,-0.4 12.7,9 0,10.4", "11.7,0.6 11.8,8.3 0,9.6"
    if cut.has("rounded flap"):
        flap, stitches = "0,-0.6 12.5,-0.4 12.7,10.4,0,10.4", "11.6,0.6 11.8,9.6,0,9.6"
    strap = _handle(wide - 0.4, -19, 1.5, 0.9, Material.METAL if chain else Material.FABRIC)
    marks: list[Mark] = [
        Seam(strap.outline, strap.width, strap.material, dashes=chain),
        *both_sides(Part(box(wide - 0.4, -0.8, 1.8, 2.6), Material.METAL, relief=0.5)),
        _panel("0,0 12,0 12.6,14 12.6,16,9,16 0,16", size, relief=1.4),
        _panel(flap, size, relief=1.2),
        *both_sides(Seam(parse_path(stitches) * size, 0.16)),
        Part(box(0, clasp, 3.4, 3.6), Material.METAL, relief=0.8),
        Part(box(0, clasp + 1.0, 1.2, 1.6), Material.TRIM, relief=0.4),
    ]
    return Silhouette(marks, softness=0.35)


def draw_backpack(cut: Cut) -> Silhouette:
    """Draw a backpack with a zip around its top or a lid with a buckle."""
    size = _scale(cut)
    strap = parse_path("14,9 20,16,17.2,34") * size
    marks: list[Mark] = [
        _handle(4.2, -6, 1, 1.8, Material.FABRIC),
        *both_sides(Seam(strap, 2.4, Material.INSIDE)),
        _panel("0,0 15,0,15,12 15.6,35 15,40,10,40 0,40.4", size, relief=1.6),
        _panel("0,20 11,20 11.8,36 9,37.4,0,37.4", size, relief=1.3),
    ]
    if cut.has("lid"):
        lid = _panel("0,-0.6 15.6,-0.4,15.4,12 12,20,0,18.4", size, relief=1.3)
        return Silhouette([*marks, lid, *_buckle(16.0 * size[1])], softness=0.35)
    for zip_line in ("0,4 11.6,4.4,12.4,14 12.4,18", "0,23 10,23"):
        marks += both_sides(Seam(parse_path(zip_line) * size, 0.5, Material.METAL, dashes=True))
    marks.append(Part(box(0, 13.6 * size[1], 6, 3), Material.TRIM, relief=0.4))
    return Silhouette(marks, softness=0.35)


def _buckle(y: float) -> list[Mark]:
    """Return a short strap with a metal buckle."""
    return [
        Part(box(0, y - 4, 2.4, 11), Material.TRIM, relief=0.6),
        Part(box(0, y, 3.6, 3), Material.METAL, relief=0.8),
        Part(box(0, y + 0.8, 2.0, 1.4), Material.TRIM, relief=0.4),
    ]


def _raised(steps: str, rise: float) -> Outline:
    """Return an outline whose upper part, above y = 8, is stretched upwards by `rise` cm."""
    outline = parse_path(steps)
    lift = np.clip((8.0 - outline[:, 1]) / 5.0, 0, 1) * rise
    return outline - np.stack([lift * 0.05, lift], axis=1)


def draw_sneakers(cut: Cut) -> Silhouette:
    """Draw a trainer from the side: low or high, laced, with straps or slip-on."""
    rise = 5.5 if cut.has("high") else 0.0
    upper = (
        "0.9,13.4 0,8,1.2,3.6 1.8,2.2,3.4,3.4 6.4,6,9.6,4.2 11.6,3.2 14.6,6.4,19.4,8.7 "
        "27.8,9.4,28.6,13.6"
    )
    marks: list[Mark] = [
        Part(_raised("1.4,3.6 6,1,10.6,3 10,6,6,6.2 3,5,1.4,3.6", rise), Material.INSIDE),
        Part(_raised("8.8,3.4 10.2,0.6,12.6,1.8 15.6,6.4 11,7.6", rise), relief=0.8),
        Part(_raised(upper, rise), relief=1.4),
        *_shoe_panels(cut, rise),
        *_fastening(cut, rise),
        *_rubber_sole(3.6 if cut.has("chunky sole") else 2.6),
    ]
    return Silhouette(marks, softness=0.2)


def _shoe_panels(cut: Cut, rise: float) -> list[Mark]:
    """Return toe cap, heel counter and side stripes."""
    heel = _raised("0.9,13.4 0.1,8,1.2,3.8 4.4,6,5.4,13.4", rise * 0.8)
    if cut.has("slip-on"):
        return [Seam(parse_path("20.6,8.9 18.4,11.4,19.6,13.4"), 0.2), Part(heel, relief=0.7)]
    toe = parse_path("22.4,9.3 27.8,10,28.6,13.6 21.4,13.6 20.6,11.2,22.4,9.3")
    striped = cut.has("side stripes")
    marks: list[Mark] = [
        Part(toe, Material.PALE if cut.has("toe cap") else Material.FABRIC, relief=0.8),
        Part(heel, Material.SECOND if striped else Material.PALE, relief=0.7),
    ]
    stripe = parse_path("10.8,8 12.2,8.2 9.5,13.4 7.7,13.4")
    for shift in (0.0, 2.8) if striped else ():
        marks.append(Part(stripe + np.array([shift, 0]), Material.SECOND, relief=0.4))
    return marks


def _rubber_sole(thickness: float) -> list[Mark]:
    """Return a rubber sole with a line along its side and treads."""
    low = 13.2 + thickness
    sole = (
        f"0.3,13 15,13.9,24,13.4 28,13.2,29.1,12.2 29.6,13.4,28.6,{low - 0.6} 27,{low},22,{low} "
        f"3,{low + 0.1} 0.2,{low},0.1,{low - 0.8} -0.3,14,0.3,13"
    )
    line = parse_path("0.2,13 15,13.9,24,13.4 28,13.2,29,12.7") + np.array([0, thickness * 0.36])
    treads = (box(x, low - 0.5, 0.2, 0.5)[1:3] for x in np.arange(1.6, 28, 1.3))
    return [
        Part(parse_path(sole), Material.PALE, relief=0.8),
        Seam(line, 0.14),
        *(Seam(tread, 0.25) for tread in treads),
    ]


def _fastening(cut: Cut, rise: float) -> list[Mark]:
    """Return laces on their facing, two straps or an elastic gore."""
    if cut.has("slip-on"):
        gore = _raised("8,5.4 11.6,5 13.4,8.6 9.4,9.6", rise)
        return [Part(gore, Material.INSIDE, relief=0.5, fabric="rib")]
    if cut.has("straps"):
        straps = "11.2,3.6 14.1,5.5 9.6,10.2 6.8,9", "15,6.4 17.9,8.3 13.4,13 10.6,11.8"
        return [Part(_raised(strap, rise), relief=0.9) for strap in straps]
    facing = "9.2,4.4 11.6,3.3 14.8,6.6,19.6,8.8 19,10.6 11.6,9.8,9.2,4.4"
    marks: list[Mark] = [Part(_raised(facing, rise), relief=0.7)]
    for share in np.linspace(0.04, 0.9, 7 if rise else 5):
        x, y = 11.6 + 7.6 * share, 3.0 + 5.9 * (1 - (1 - share) ** 1.6)
        lace = f"{x - 1.9},{y + 1.9} {x - 1.2},{y + 0.4},{x + 0.7},{y - 0.2}"
        marks.append(Seam(_raised(lace, rise), 0.62, Material.PALE))
    return marks


def draw_boots(cut: Cut) -> Silhouette:
    """Draw a boot from the side: ankle- or knee-high, with a flat or a block heel."""
    rise = {"cropped": 0.0, "regular": 3.5, "long": 21.0}[cut.length]
    low = 19.4 + (5.6 if cut.has("heel") else 2.4)
    upper = (
        "1.4,2 7,1.3,12.6,2.3 12.2,6,13,9.4 15,12.6,19.6,13.6 27,14.6,27.6,18.6 1.2,18.6 "
        "0.5,14,2,9.4 1.8,5,1.4,2"
    )
    sole = (
        "0.8,18 14,18.8,28,18 28.4,19.2,27.2,19.6 17,19.9,8.6,19.6 "
        f"8.6,19.6 7.8,{low} 2,{low} 0.8,19"
    )
    marks: list[Mark] = [
        Part(_raised("1.4,2 7,0,12.6,2.3 7,3.4,1.4,2", rise), Material.INSIDE),
        Part(_raised(upper, rise), relief=1.5),
        *_shaft(cut, rise),
        Part(parse_path(sole), Material.INSIDE, relief=0.8, fabric="leather"),
        Seam(parse_path("0.8,18.9 8.6,19.4"), 0.16),
    ]
    folds = (
        Fold(2.2, 11, 12.8, 13, 0.8, 0.8),
        Fold(2.0, 8.0, 12, 9.8, 0.8, -0.7),
        Fold(15, 16.6, 21, 14, 0.8, 0.7),
    )
    return Silhouette(marks, folds, softness=0.3)


def _shaft(cut: Cut, rise: float) -> list[Mark]:
    """Return elastic gores, lacing or a zip on the shaft of a boot."""
    if cut.has("elastic gores"):
        gore = _raised("4.4,2.6 10,2.8 9.2,8,8,11.4 6.6,11.4 5.4,8,4.4,2.6", rise)
        loop = _raised("1.5,4 0.2,0.2,2.6,0.4 2.8,3.6", rise)
        elastic = Part(gore, Material.INSIDE, relief=0.5, fabric="rib")
        return [elastic, Seam(loop, 0.6, Material.TRIM)]
    if cut.has("side zip"):
        return [Seam(_raised("4.8,2.4 5.2,7,5.4,16.4", rise), 0.5, Material.METAL, dashes=True)]
    if not cut.has("lacing"):
        return []
    marks: list[Mark] = [Seam(_raised("8.6,2.6 8.2,7,10.8,13.2 14.5,15.3,15.4,18.4", rise), 0.25)]
    for y in np.arange(3.4, 13.4, 1.6):
        x = 9.0 + max(0.0, (y - 7.2) * 0.75)
        lace = f"{x},{y + 1} {x + 1.6},{y},{x + 3.4},{y + 0.1}"
        marks.append(Seam(_raised(lace, rise), 0.5, Material.PALE))
    return marks


def draw_beanie(cut: Cut) -> Silhouette:
    """Draw a knitted hat, with or without a turn-up and a pompom."""
    size = _scale(cut)
    marks: list[Mark] = [_panel("0,0 9.5,0.2,10.6,16 10.6,20 0,20.4", size, relief=1.8)]
    if cut.has("turn-up"):
        band = "0,14.6 8,14.5,11,13.4 11.3,20.6 7,21.6,0,21.7"
        marks.append(_panel(band, size, relief=1.5, fabric="rib"))
        marks.append(Part(box(5.6, 16.8 * size[1], 3.2, 2.4), Material.TRIM, relief=0.4))
    else:
        marks += both_sides(Seam(parse_path("0,18.6 6,18.6,10.6,18") * size, 0.4))
    if cut.has("pompom"):
        angle = np.linspace(0, 2 * np.pi, 90)
        radius = 4.6 + 0.16 * np.sin(angle * 17) + 0.12 * np.sin(angle * 29 + 1)
        ball = np.stack([radius * np.cos(angle), radius * np.sin(angle) - 2.2], axis=1)
        marks.append(Part(ball, relief=2.2, fabric="pile"))
    return Silhouette(marks, softness=0.4)


def draw_cap(cut: Cut) -> Silhouette:
    """Draw a peaked cap from the front."""
    material = Material.SECOND if cut.has("contrast peak") else Material.FABRIC
    crown = parse_path("-10.6,15 -11.4,1,1,0 11.6,0.4,11.2,14.6 0,17.4,-10.6,15")
    peak = parse_path("-10,13.4 0,9.6,10.8,13.4 15,18,12,21 0,15.6,-11.6,21.2 -14.6,18,-10,13.4")
    marks: list[Mark] = [
        Part(crown, relief=2.0),
        Seam(parse_path("0.6,0.2 -7.8,3.5,-6.5,12.4")),
        Seam(parse_path("0.6,0.2 8.4,3.5,7,12.4")),
        Part(oval(0.6, 0.1, 1.8, 1.0), material, relief=0.7),
        Part(peak, material, relief=1.6),
        Seam((peak - np.array([0, 16.0])) * 0.9 + np.array([0, 16.4]), 0.16),
    ]
    if cut.has("badge"):
        marks.append(Part(box(0.2, 4.8, 6.0, 4.4), Material.PALE, relief=0.4))
        marks.append(Part(box(0.2, 6.0, 3.8, 2.0), Material.SECOND, relief=0.1))
    return Silhouette(marks, softness=0.35)


def draw_hat(cut: Cut) -> Silhouette:
    """Draw a hat with a brim: a bucket hat, or a wide sun hat."""
    brim, stitches = "0,7.4 15,7.4,20,12 13,17,0,17", ["17.6,12.8 11,15.8,0,15.8"]
    if cut.has("bucket"):
        brim = "0,7.6 9.8,7.6,14,17 8.4,21.6,0,21.4"
        stitches = ["11.6,15.6 7,19.2,0,19", "12.8,16.6 7.6,20.4,0,20.2"]
    crown = parse_path("0,0 4.5,0.2 9.2,0.4,9,11.4 0,14.2,-9,11.4 -9.2,0.4,-4.5,0.2")
    marks: list[Mark] = [_panel(brim, relief=1.6), Part(crown, relief=1.8)]
    if cut.has("band"):
        band = parse_path("-9.1,8.2 0,10.8,9.1,8.2 9.05,11.4 0,14.2,-9.05,11.4")
        marks.append(Part(band, Material.SECOND, relief=0.6))
    marks += both_sides(*(Seam(parse_path(line), 0.18) for line in stitches))
    return Silhouette(marks, softness=0.4)


def draw_scarf(cut: Cut) -> Silhouette:
    """Draw a scarf tied in a loop with two hanging ends, with or without fringes."""
    size = np.array([FACTORS["widths"][cut.fit], 0.5 + FACTORS["heights"][cut.length] / 2])
    left = parse_path("-10,14 1,16 1,40,-2.4,64 -14.3,63 -14.3,40,-10,14")
    right = parse_path("-1,12 10.5,16 14.3,40,14.7,55 2.9,56.4 1,40,-1,12")
    loop = symmetric(parse_path("0,-2 16.2,-2,16.6,9 14.3,24,0,27"))
    knot = parse_path("-7,14 0,11,7.6,15.5 9,24,5.2,27.5 0,29.5,-6.7,26 -9.5,20,-7,14")
    fringes: list[Mark] = []
    if cut.has("fringes"):
        fringes = [*_fringes(-14, -2.6, 63.2, size), *_fringes(3.2, 14.4, 55.6, size)]
    marks: list[Mark] = [
        Part(left * size, turn=0.06),
        Part(right * size, turn=-0.08),
        *fringes,
        Part(loop * size, relief=1.6, turn=1.2),
        _panel("0,2.2 8.6,2.4,8.1,8 5.7,15,0,16", size, Material.BACKGROUND, relief=0.0),
        Part(knot * size, turn=0.5, relief=1.6),
    ]
    hanging = [Fold(x, 26, x * 1.3, 58, 2.2, d) for x, d in ((-9.5, 1), (-5.7, -0.9), (5, 0.9))]
    round_neck = [Fold(x, 1, x * 0.7, 24, 2.0, d) for x, d in ((-13, 1), (-10, -1), (10.4, 1))]
    across = [Fold(-5, 16, 6, 25, 1.8, 0.9), Fold(-6, 21, 4, 27.5, 1.6, -0.8)]
    return Silhouette(marks, (*hanging, *round_neck, *across), softness=1.1)


def _fringes(left: float, right: float, y: float, size: Outline) -> list[Mark]:
    """Return tassels along the short side from `left` to `right`."""
    sway = (0.3, -0.2, 0.1, -0.35, 0.25)
    tassels = (
        f"{x},{y} {x + sway[n % 5]},{y + 3},{x + sway[n % 3] * 1.6},{y + 6.5}"
        for n, x in enumerate(np.linspace(left, right, 11))
    )
    return [Seam(parse_path(each) * size, 0.55, Material.FABRIC) for each in tassels]

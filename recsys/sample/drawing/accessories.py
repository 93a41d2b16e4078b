"""Silhouettes of bags, shoes, hats and scarves. Their outlines are in ``tables/outlines.toml``."""

from dataclasses import replace

import numpy as np

from recsys.sample.drawing.outlines import (
    OUTLINES,
    Cut,
    Fold,
    Mark,
    Material,
    Outline,
    Piece,
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


def _scaled(cut: Cut) -> tuple[Outline, dict[str, Outline]]:
    """Return the cut's width and height relative to the regular size, and its scaled outlines."""
    size = np.array([FACTORS["widths"][cut.fit], FACTORS["heights"][cut.length]])
    outlines = OUTLINES[cut.shape.replace(" ", "_")]
    return size, {name: outline * size for name, outline in outlines.items()}


def _handle(half: float, top: float, foot: float, width: float, material: Material) -> Seam:
    """Return a handle that rises from (half, foot) to `top` in the middle and back down."""
    arch = path((half, foot), (half * 0.98, (top + foot) / 2), (half * 0.95, top, 0, top))
    return Seam(np.concatenate([arch, mirrored(arch)[::-1]]), width, material)


def draw_tote(cut: Cut) -> Silhouette:
    """Draw a shopper with two handles, the rear one seen above its mouth."""
    size, outlines = _scaled(cut)
    wide, tall = 19.0 * size[0], 31.0 * size[1]
    material = Material.TRIM if cut.has("contrast handles") else Material.FABRIC
    handle_top = -11.0 if cut.has("front pocket") else -17.0
    marks: list[Mark] = [
        _handle(wide * 0.42, handle_top - 1.5, 1, 1.4, Material.INSIDE),
        Piece(symmetric(outlines["mouth"]), Material.INSIDE),
        Piece(symmetric(outlines["body"]), relief=1.4),
        _handle(wide * 0.46, handle_top, 5.5, 1.6, material),
        *both_sides(Seam(path((0, 3.2), (wide * 0.5, 3.2, wide - 0.3, 2.4)))),
        *both_sides(Piece(box(wide * 0.46, 3.6, 2.6, 4.2), material, relief=0.6)),
        *both_sides(Piece(oval(wide * 0.46, 7, 0.8), Material.METAL)),
    ]
    if cut.has("front pocket"):
        marks.append(Piece(box(0, tall * 0.42, wide * 1.06, tall * 0.45), relief=0.7))
    return Silhouette(marks, softness=0.35)


def draw_shoulder_bag(cut: Cut) -> Silhouette:
    """Draw a small bag with a flap and a clasp, on a strap or a chain."""
    size, outlines = _scaled(cut)
    wide, clasp, chain = 12.0 * size[0], 7.4 * size[1], cut.has("chain strap")
    flap = "rounded_flap" if cut.has("rounded flap") else "flap"
    strap = _handle(wide - 0.4, -19, 1.5, 0.9, Material.METAL if chain else Material.FABRIC)
    marks: list[Mark] = [
        replace(strap, dashes=chain),
        *both_sides(Piece(box(wide - 0.4, -0.8, 1.8, 2.6), Material.METAL, relief=0.5)),
        Piece(symmetric(outlines["body"]), relief=1.4),
        Piece(symmetric(outlines[flap]), relief=1.2),
        *both_sides(Seam(outlines[f"{flap}_stitches"], 0.16)),
        Piece(box(0, clasp, 3.4, 3.6), Material.METAL, relief=0.8),
        Piece(box(0, clasp + 1.0, 1.2, 1.6), Material.TRIM, relief=0.4),
    ]
    return Silhouette(marks, softness=0.35)


def draw_backpack(cut: Cut) -> Silhouette:
    """Draw a backpack with a zip around its top or a lid with a buckle."""
    size, outlines = _scaled(cut)
    marks: list[Mark] = [
        _handle(4.2, -6, 1, 1.8, Material.FABRIC),
        *both_sides(Seam(outlines["strap"], 2.4, Material.INSIDE)),
        Piece(symmetric(outlines["body"]), relief=1.6),
        Piece(symmetric(outlines["pocket"]), relief=1.3),
    ]
    if cut.has("lid"):
        marks += [Piece(symmetric(outlines["lid"]), relief=1.3), *_buckle(16.0 * size[1])]
    else:
        zips = (outlines["main_zip"], outlines["pocket_zip"])
        marks += both_sides(*(Seam(line, 0.5, Material.METAL, dashes=True) for line in zips))
        marks.append(Piece(box(0, 13.6 * size[1], 6, 3), Material.TRIM, relief=0.4))
    return Silhouette(marks, softness=0.35)


def _buckle(y: float) -> list[Mark]:
    """Return a short strap with a metal buckle."""
    return [
        Piece(box(0, y - 4, 2.4, 11), Material.TRIM, relief=0.6),
        Piece(box(0, y, 3.6, 3), Material.METAL, relief=0.8),
        Piece(box(0, y + 0.8, 2.0, 1.4), Material.TRIM, relief=0.4),
    ]


def _raised(outline: Outline, rise: float) -> Outline:
    """Return an outline whose upper part, above y = 8, is stretched upwards by `rise` cm."""
    lift = np.clip((8.0 - outline[:, 1]) / 5.0, 0, 1) * rise
    return outline - np.stack([lift * 0.05, lift], axis=1)


def draw_sneakers(cut: Cut) -> Silhouette:
    """Draw a trainer from the side: low or high, laced, with straps or slip-on."""
    outlines, rise = OUTLINES["sneakers"], 5.5 if cut.has("high") else 0.0
    marks: list[Mark] = [
        Piece(_raised(outlines["mouth"], rise), Material.INSIDE),
        Piece(_raised(outlines["tongue"], rise), relief=0.8),
        Piece(_raised(outlines["upper"], rise), relief=1.4),
        *_shoe_panels(cut, outlines, rise),
        *_fastening(cut, outlines, rise),
        *_rubber_sole(outlines, 3.6 if cut.has("chunky sole") else 2.6),
    ]
    return Silhouette(marks, softness=0.2)


def _shoe_panels(cut: Cut, outlines: dict[str, Outline], rise: float) -> list[Mark]:
    """Return toe cap, heel counter and side stripes."""
    heel = _raised(outlines["heel"], rise * 0.8)
    if cut.has("slip-on"):
        return [Seam(outlines["toe_seam"], 0.2), Piece(heel, relief=0.7)]
    toe_material = Material.PALE if cut.has("toe cap") else Material.FABRIC
    toe = Piece(outlines["toe"], toe_material, relief=0.8)
    if not cut.has("side stripes"):
        return [toe, Piece(heel, Material.PALE, relief=0.7)]
    stripes = (outlines["stripe"], outlines["second_stripe"])
    marks: list[Mark] = [toe, Piece(heel, Material.SECOND, relief=0.7)]
    return marks + [Piece(stripe, Material.SECOND, relief=0.4) for stripe in stripes]


def _rubber_sole(outlines: dict[str, Outline], thickness: float) -> list[Mark]:
    """Return a rubber sole with a line along its side and treads."""
    low = 13.2 + thickness
    sole = (
        f"0.3,13 15,13.9,24,13.4 28,13.2,29.1,12.2 29.6,13.4,28.6,{low - 0.6} 27,{low},22,{low} "
        f"3,{low + 0.1} 0.2,{low},0.1,{low - 0.8} -0.3,14,0.3,13"
    )
    line = outlines["foxing_line"] + np.array([0, thickness * 0.36])
    treads = (box(x, low - 0.5, 0.2, 0.5)[1:3] for x in np.arange(1.6, 28, 1.3))
    rubber = Piece(parse_path(sole), Material.PALE, relief=0.8)
    return [rubber, Seam(line, 0.14), *(Seam(tread, 0.25) for tread in treads)]


def _fastening(cut: Cut, outlines: dict[str, Outline], rise: float) -> list[Mark]:
    """Return laces on their facing, two straps or an elastic gore."""
    if cut.has("slip-on"):
        return [
            Piece(_raised(outlines["elastic"], rise), Material.INSIDE, relief=0.5, fabric="rib")
        ]
    if cut.has("straps"):
        straps = (outlines["upper_strap"], outlines["lower_strap"])
        return [Piece(_raised(strap, rise), relief=0.9) for strap in straps]
    marks: list[Mark] = [Piece(_raised(outlines["lace_facing"], rise), relief=0.7)]
    for share in np.linspace(0.04, 0.9, 7 if rise else 5):
        x, y = 11.6 + 7.6 * share, 3.0 + 5.9 * (1 - (1 - share) ** 1.6)
        lace = path((x - 1.9, y + 1.9), (x - 1.2, y + 0.4, x + 0.7, y - 0.2))
        marks.append(Seam(_raised(lace, rise), 0.62, Material.PALE))
    return marks


def draw_boots(cut: Cut) -> Silhouette:
    """Draw a boot from the side: ankle- or knee-high, with a flat or a block heel."""
    outlines = OUTLINES["boots"]
    rise = {"cropped": 0.0, "regular": 3.5, "long": 21.0}[cut.length]
    low = 19.4 + (5.6 if cut.has("heel") else 2.4)
    sole = (
        "0.8,18 14,18.8,28,18 28.4,19.2,27.2,19.6 17,19.9,8.6,19.6 "
        f"8.6,19.6 7.8,{low} 2,{low} 0.8,19"
    )
    marks: list[Mark] = [
        Piece(_raised(outlines["mouth"], rise), Material.INSIDE),
        Piece(_raised(outlines["upper"], rise), relief=1.5),
        *_shaft(cut, outlines, rise),
        Piece(parse_path(sole), Material.INSIDE, relief=0.8, fabric="leather"),
        Seam(outlines["heel_seam"], 0.16),
    ]
    folds = (
        Fold(2.2, 11, 12.8, 13, 0.8, 0.8),
        Fold(2.0, 8.0, 12, 9.8, 0.8, -0.7),
        Fold(15, 16.6, 21, 14, 0.8, 0.7),
    )
    return Silhouette(marks, folds, softness=0.3)


def _shaft(cut: Cut, outlines: dict[str, Outline], rise: float) -> list[Mark]:
    """Return elastic gores, lacing or a zip on the shaft of a boot."""
    if cut.has("elastic gores"):
        elastic, loop = (_raised(outlines[name], rise) for name in ("elastic", "loop"))
        gore = Piece(elastic, Material.INSIDE, relief=0.5, fabric="rib")
        return [gore, Seam(loop, 0.6, Material.TRIM)]
    if cut.has("side zip"):
        return [Seam(_raised(outlines["zip"], rise), 0.5, Material.METAL, dashes=True)]
    if not cut.has("lacing"):
        return []
    marks: list[Mark] = [Seam(_raised(outlines["lace_facing"], rise), 0.25)]
    for y in np.arange(3.4, 13.4, 1.6):
        x = 9.0 + max(0.0, (y - 7.2) * 0.75)
        lace = path((x, y + 1), (x + 1.6, y, x + 3.4, y + 0.1))
        marks.append(Seam(_raised(lace, rise), 0.5, Material.PALE))
    return marks


def draw_beanie(cut: Cut) -> Silhouette:
    """Draw a knitted hat, with or without a turn-up and a pompom."""
    size, outlines = _scaled(cut)
    marks: list[Mark] = [Piece(symmetric(outlines["crown"]), relief=1.8)]
    if cut.has("turn-up"):
        marks.append(Piece(symmetric(outlines["turn_up"]), relief=1.5, fabric="rib"))
        marks.append(Piece(box(5.6, 16.8 * size[1], 3.2, 2.4), Material.TRIM, relief=0.4))
    else:
        marks += both_sides(Seam(outlines["hem"], 0.4))
    if cut.has("pompom"):
        angle = np.linspace(0, 2 * np.pi, 90)
        radius = 4.6 + 0.16 * np.sin(angle * 17) + 0.12 * np.sin(angle * 29 + 1)
        ball = np.stack([radius * np.cos(angle), radius * np.sin(angle) - 2.2], axis=1)
        marks.append(Piece(ball, relief=2.2, fabric="pile"))
    return Silhouette(marks, softness=0.4)


def draw_cap(cut: Cut) -> Silhouette:
    """Draw a peaked cap from the front."""
    outlines = OUTLINES["cap"]
    material = Material.SECOND if cut.has("contrast peak") else Material.FABRIC
    peak = outlines["peak"]
    marks: list[Mark] = [
        Piece(outlines["crown"], relief=2.0),
        Seam(outlines["left_seam"]),
        Seam(outlines["right_seam"]),
        Piece(oval(0.6, 0.1, 1.8, 1.0), material, relief=0.7),
        Piece(peak, material, relief=1.6),
        Seam((peak - np.array([0, 16.0])) * 0.9 + np.array([0, 16.4]), 0.16),
    ]
    if cut.has("badge"):
        marks.append(Piece(box(0.2, 4.8, 6.0, 4.4), Material.PALE, relief=0.4))
        marks.append(Piece(box(0.2, 6.0, 3.8, 2.0), Material.SECOND, relief=0.1))
    return Silhouette(marks, softness=0.35)


def draw_hat(cut: Cut) -> Silhouette:
    """Draw a hat with a brim: a bucket hat, or a wide sun hat."""
    outlines, bucket = OUTLINES["hat"], cut.has("bucket")
    lines = ("bucket_stitches", "bucket_hem") if bucket else ("brim_stitches",)
    marks: list[Mark] = [
        Piece(symmetric(outlines["bucket_brim" if bucket else "brim"]), relief=1.6),
        Piece(outlines["crown"], relief=1.8),
    ]
    if cut.has("band"):
        marks.append(Piece(outlines["band"], Material.SECOND, relief=0.6))
    marks += both_sides(*(Seam(outlines[line], 0.18) for line in lines))
    return Silhouette(marks, softness=0.4)


def draw_scarf(cut: Cut) -> Silhouette:
    """Draw a scarf tied in a loop with two hanging ends, with or without fringes."""
    size = np.array([FACTORS["widths"][cut.fit], 0.5 + FACTORS["heights"][cut.length] / 2])
    outlines = {name: outline * size for name, outline in OUTLINES["scarf"].items()}
    fringes: list[Mark] = []
    if cut.has("fringes"):
        fringes = [*_fringes(-14, -2.6, 63.2, size), *_fringes(3.2, 14.4, 55.6, size)]
    marks: list[Mark] = [
        Piece(outlines["left_end"], turn=0.06),
        Piece(outlines["right_end"], turn=-0.08),
        *fringes,
        Piece(symmetric(outlines["loop"]), relief=1.6, turn=1.2),
        Piece(symmetric(outlines["opening"]), Material.BACKGROUND, relief=0.0),
        Piece(outlines["knot"], turn=0.5, relief=1.6),
    ]
    hanging = [Fold(x, 26, x * 1.3, 58, 2.2, d) for x, d in ((-9.5, 1), (-5.7, -0.9), (5, 0.9))]
    round_neck = [Fold(x, 1, x * 0.7, 24, 2.0, d) for x, d in ((-13, 1), (-10, -1), (10.4, 1))]
    across = [Fold(-5, 16, 6, 25, 1.8, 0.9), Fold(-6, 21, 4, 27.5, 1.6, -0.8)]
    return Silhouette(marks, (*hanging, *round_neck, *across), softness=1.1)


def _fringes(left: float, right: float, y: float, size: Outline) -> list[Mark]:
    """Return tassels along the short side from `left` to `right`."""
    sway = (0.3, -0.2, 0.1, -0.35, 0.25)
    tassels = (
        path((x, y), (x + sway[n % 5], y + 3, x + sway[n % 3] * 1.6, y + 6.5))
        for n, x in enumerate(np.linspace(left, right, 11))
    )
    return [Seam(tassel * size, 0.55, Material.FABRIC) for tassel in tassels]

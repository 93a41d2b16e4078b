"""The photos visitors see: every garment, in every pattern and colour, drawn as it is described."""

from dataclasses import replace
from functools import lru_cache
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from recsys.sample.drawing.fabrics import (
    COLOURS,
    DENIM_WASHES,
    LEATHER_TONES,
    TEXTURES,
    Colour,
    drape,
    dyes,
    palette,
    rgb,
)
from recsys.sample.drawing.outlines import (
    Cut,
    Fold,
    Part,
    Seam,
    Slot,
    box,
    button,
    flipped,
    oval,
    pair,
    path,
    trace,
    whole,
)
from recsys.sample.drawing.patterns import PRINTS, TILE, Print
from recsys.sample.photographs import HEIGHT, SHAPES, WIDTH, Drawing, draw
from recsys.sample.product_types import Kind, options
from recsys.sample.wardrobe import KINDS

PRINT = {pattern.name: pattern for pattern in PRINTS}
COLOUR = {colour.name: colour for colour in COLOURS}
TEE = Cut("top", "jersey", sleeves="short")
LENGTH = {"dress": "knee", "skirt": "knee"}
EXAMPLES = {shape: Cut(shape, "weave", length=LENGTH.get(shape, "regular")) for shape in SHAPES}
"""A simple cut of every shape."""


@lru_cache(maxsize=24)
def drawn(cut: Cut = TEE, pattern: str = "plain", seed: int = 1) -> Drawing:
    return draw(cut, PRINT[pattern], seed)


def pixels(drawing: Drawing, colour: str = "Blue") -> np.ndarray:
    return np.asarray(drawing.photo(COLOUR[colour]), np.float64)


def covered(drawing: Drawing) -> np.ndarray:
    """Where the garment hides the background altogether."""
    return drawing.mask > 0.99


def mean_colour(drawing: Drawing, colour: Colour) -> np.ndarray:
    return np.asarray(drawing.photo(colour), np.float64)[covered(drawing)].mean(0)


def extent(drawing: Drawing) -> tuple[int, int]:
    """The height and the width of the garment in pixels."""
    rows, columns = (
        np.nonzero(drawing.mask.max(1) > 0.5)[0],
        np.nonzero(drawing.mask.max(0) > 0.5)[0],
    )
    return rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1


def change(one: Drawing, other: Drawing) -> float:
    """The share of the photo's pixels that differ so much that one sees it."""
    gap = np.abs(pixels(one) - pixels(other)).max(2)
    return float((gap > 12).mean())


# Every shape, pattern, fabric and colour can be drawn.


@pytest.mark.parametrize("pattern", PRINTS, ids=lambda pattern: pattern.name)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_can_be_drawn_in_every_pattern(shape: str, pattern: Print):
    drawing = draw(EXAMPLES[shape], pattern, 3)
    photo = drawing.photo(COLOUR["Red"])

    assert photo.size == (360, 540)
    assert photo.mode == "RGB"
    assert 0.04 < drawing.mask.mean() < 0.6


@pytest.mark.parametrize("fabric", TEXTURES)
def test_every_fabric_can_be_drawn(fabric: str):
    drawing = drawn(replace(TEE, fabric=fabric))

    gap = np.abs(mean_colour(drawing, COLOUR["Pink"]) - rgb("da688c"))

    assert gap.max() < 32


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.noun}-{kind.wearers}")
def test_every_choice_of_every_kind_can_be_drawn(kind: Kind):
    choices = [
        options(text)
        for text in (kind.fabrics, kind.wearers, kind.lengths, kind.fits, kind.necklines)
    ]
    sleeves = options(kind.sleeves)
    details = [options(group) for group in kind.details.split("; ")]

    for turn in range(max(len(choice) for choice in (*choices, sleeves, *details))):
        fabric, wearer, length, fit, neckline = (choice[turn % len(choice)] for choice in choices)
        chosen = tuple(
            group[turn % len(group)] for group in details if group[turn % len(group)] != "-"
        )
        cut = Cut(
            kind.shape, fabric, wearer, length, fit, neckline, sleeves[turn % len(sleeves)], chosen
        )
        drawing = drawn(cut, options(kind.prints)[0])
        assert 0.03 < drawing.mask.mean() < 0.6
        assert np.isfinite(drawing.light).all()


# A photo looks like one from a studio.


@pytest.mark.parametrize("shape", SHAPES)
def test_the_background_is_light_all_round(shape: str):
    photo = pixels(drawn(EXAMPLES[shape]), "Black")

    border = np.concatenate([photo[0], photo[-1], photo[:, 0], photo[:, -1]])

    assert border.min() > 205


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("wearer", ["women", "men", "child"])
def test_the_garment_lies_within_the_photo_and_in_its_middle(shape: str, wearer: str):
    mask = drawn(replace(EXAMPLES[shape], wearer=wearer)).mask

    rows, columns = np.nonzero(mask > 0.01)

    assert rows.min() > 5
    assert rows.max() < HEIGHT - 5
    assert columns.min() > 5
    assert columns.max() < WIDTH - 5
    assert abs((columns.min() + columns.max()) / 2 - WIDTH / 2) < 12


def test_the_garment_throws_a_soft_shadow_below_itself():
    drawing = drawn()
    photo = pixels(drawing, "White").mean(2)
    rows = np.nonzero(drawing.mask[:, 180] > 0.5)[0]
    below = rows[-1] + 6

    assert photo[below, 170:190].mean() < photo[below, :20].mean() - 8
    assert photo[below, 170:190].mean() > 150


def test_cloth_is_shaded_not_flat():
    drawing = drawn(replace(TEE, fabric="satin"))
    light = pixels(drawing)[covered(drawing)].mean(1)

    assert light.std() > 5


def test_black_cloth_still_shows_its_folds():
    drawing = drawn(replace(TEE, sleeves="long"))
    light = pixels(drawing, "Black")[covered(drawing)].mean(1)

    assert np.percentile(light, 98) - np.percentile(light, 2) > 8


def test_light_comes_from_the_upper_left():
    """A round badge is brighter on its upper left than on its lower right."""
    drawing = drawn(Cut("beanie", "jersey", details=("pompom",)))
    photo = pixels(drawing, "Grey").mean(2)
    rows, columns = np.nonzero(drawing.mask > 0.99)
    top = rows.min()
    middle = int(columns[rows < top + 40].mean())
    ball = photo[top : top + 50, middle - 40 : middle + 40]

    assert ball[8:25, 15:35].mean() > ball[25:42, 45:65].mean()


def test_edges_are_smooth():
    """The outline has half-covered pixels, so it is not a staircase."""
    mask = drawn().mask

    partly = (mask > 0.1) & (mask < 0.9)

    assert partly.sum() > 300


@pytest.mark.parametrize("shape", ["top", "cap", "backpack", "sneakers"])
def test_child_sizes_look_smaller_than_adult_sizes(shape: str):
    child, adult = (drawn(replace(EXAMPLES[shape], wearer=who)) for who in ("child", "men"))

    assert child.mask.sum() < 0.9 * adult.mask.sum()


# A photo shows the colour it is labelled with.


@pytest.mark.parametrize("colour", COLOURS, ids=lambda colour: colour.name)
@pytest.mark.parametrize("shape", ["top", "trousers", "tote"])
def test_plain_cloth_has_its_colour(shape: str, colour: Colour):
    gap = mean_colour(drawn(EXAMPLES[shape]), colour) - rgb(colour.dye)

    assert np.abs(gap).max() < 26


@pytest.mark.parametrize("colour", COLOURS, ids=lambda colour: colour.name)
def test_plain_cloth_is_not_mistaken_for_another_colour(colour: Colour):
    seen = mean_colour(drawn(), colour)

    nearest = min(COLOURS, key=lambda other: float(np.linalg.norm(rgb(other.dye) - seen)))

    assert nearest == colour


@pytest.mark.parametrize("pattern", [p for p in PRINTS if p.name != "halves"], ids=lambda p: p.name)
def test_patterned_cloth_is_nearer_to_its_colour_than_to_its_ink(pattern: Print):
    drawing = draw(replace(TEE, length="long"), pattern, 1)

    for colour in COLOURS:
        seen = mean_colour(drawing, colour)
        own = np.linalg.norm(seen - rgb(colour.dye))
        assert own < np.linalg.norm(seen - rgb(colour.contrast)), colour.name


def test_colours_of_a_product_differ_only_where_the_garment_is():
    drawing = drawn(pattern="ditsy")
    red, green = pixels(drawing, "Red"), pixels(drawing, "Dark Green")
    apart = np.abs(red - green).max(2)

    assert apart[drawing.mask == 0].max() == 0
    assert apart[covered(drawing)].mean() > 40


def test_colours_of_a_product_share_their_folds():
    drawing = drawn(replace(TEE, fabric="satin"))
    one, other = (pixels(drawing, name)[covered(drawing)].mean(1) for name in ("Grey", "Pink"))

    assert np.corrcoef(one, other)[0, 1] > 0.99


def test_taking_a_photo_does_not_change_the_drawing():
    drawing = drawn()
    before = pixels(drawing, "Red")
    drawing.photo(COLOUR["Black"])

    assert np.array_equal(before, pixels(drawing, "Red"))


# The same product always looks the same, other products look different.


def saved(drawing: Drawing) -> bytes:
    file = BytesIO()
    drawing.photo(COLOUR["Yellow"]).save(file, "JPEG", quality=88)
    return file.getvalue()


@pytest.mark.parametrize("shape", SHAPES)
def test_drawing_twice_gives_the_same_bytes(shape: str):
    one, other = (draw(EXAMPLES[shape], PRINT["blooms"], 7) for _ in range(2))

    assert saved(one) == saved(other)


def test_two_products_of_one_cut_lie_a_little_differently():
    one, other = drawn(seed=1), drawn(seed=2)
    shared = np.minimum(one.mask, other.mask).sum() / np.maximum(one.mask, other.mask).sum()

    assert 0.85 < shared < 0.999


def test_two_products_of_one_cut_are_a_little_shorter_or_wider():
    slimness = [tall / wide for tall, wide in (extent(drawn(seed=seed)) for seed in range(8))]

    assert 1.03 < max(slimness) / min(slimness) < 1.15


@pytest.mark.parametrize(
    ("cut", "longer"),
    [
        (TEE, replace(TEE, length="long")),
        (replace(TEE, length="cropped"), TEE),
        (EXAMPLES["dress"], replace(EXAMPLES["dress"], length="ankle")),
        (EXAMPLES["skirt"], replace(EXAMPLES["skirt"], length="calf")),
        (Cut("trousers", "twill", length="short"), Cut("trousers", "twill", length="knee")),
        (Cut("trousers", "twill", length="knee"), Cut("trousers", "twill", length="ankle")),
        (Cut("boots", "leather", length="cropped"), Cut("boots", "leather", length="long")),
        (Cut("beanie", "rib"), Cut("beanie", "rib", length="long")),
        (Cut("backpack", "canvas", length="cropped"), Cut("backpack", "canvas", length="long")),
    ],
)
def test_longer_cuts_look_longer(cut: Cut, longer: Cut):
    (tall, wide), (taller, as_wide) = extent(drawn(cut)), extent(drawn(longer))

    assert taller / as_wide > tall / wide * 1.05


@pytest.mark.parametrize("shape", ["top", "dress", "skirt", "trousers", "tote", "scarf"])
def test_wider_cuts_look_wider(shape: str):
    (tall, wide), (as_tall, wider) = (
        extent(drawn(replace(EXAMPLES[shape], fit=fit))) for fit in ("slim", "wide")
    )

    assert wider / as_tall > wide / tall * 1.04


@pytest.mark.parametrize(("fit", "least", "most"), [("slim", 0.5, 1.0), ("flared", 1.25, 3.0)])
def test_legs_taper_or_flare_below_the_knee(fit: str, least: float, most: float):
    mask = drawn(Cut("trousers", "denim", fit=fit)).mask
    rows = np.nonzero(mask.max(1) > 0.5)[0]
    knee, hem = (mask[rows[int(share * (len(rows) - 1))]].sum() for share in (0.6, 0.97))

    assert least < hem / knee < most


def sleeve_end(sleeves: str) -> float:
    """How far down the outermost cloth of a T-shirt reaches: 0 its top, 1 its hem."""
    mask = drawn(replace(TEE, sleeves=sleeves)).mask > 0.5
    rows, columns = np.nonzero(mask.any(1))[0], np.nonzero(mask.any(0))[0]
    side = np.nonzero(mask[:, columns[0] + 6])[0]
    return float((side.max() - rows[0]) / (rows[-1] - rows[0]))


def test_the_longer_the_sleeve_the_further_down_it_ends():
    ends = [sleeve_end(sleeves) for sleeves in ("cap", "short", "elbow", "3/4-length", "long")]

    assert ends == sorted(ends)
    assert np.diff(ends).min() > 0.03
    assert ends[-1] > 0.8


def test_without_sleeves_the_sides_are_the_body_down_to_the_hem():
    assert sleeve_end("none") > 0.9


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("none", "straps"),
        ("none", "cap"),
        ("cap", "short"),
        ("short", "elbow"),
        ("elbow", "3/4-length"),
        ("3/4-length", "long"),
        ("short", "puff"),
        ("long", "balloon"),
    ],
)
def test_sleeves_can_be_told_apart(one: str, other: str):
    drawings = [drawn(replace(TEE, sleeves=sleeves)) for sleeves in (one, other)]

    assert change(*drawings) > 0.02


NECKLINES = (
    *("round", "V-neck", "boat", "square", "roll neck", "collar"),
    *("polo collar", "lapels", "hood", "stand-up collar"),
)


@pytest.mark.parametrize("neckline", NECKLINES)
def test_every_neckline_looks_different_from_all_others(neckline: str):
    long = replace(TEE, sleeves="long")
    one = drawn(replace(long, neckline=neckline))

    for other in set(NECKLINES) - {neckline}:
        assert change(one, drawn(replace(long, neckline=other))) > 0.003, other


def shown_details() -> list[tuple[Kind, str]]:
    """Every detail of every kind."""
    return [
        (kind, detail)
        for kind in KINDS
        for group in kind.details.split("; ")
        for detail in dict.fromkeys(options(group))
        if detail != "-"
    ]


@pytest.mark.parametrize(
    ("kind", "detail"), shown_details(), ids=lambda value: getattr(value, "noun", value)
)
def test_every_detail_shows_on_the_photo(kind: Kind, detail: str):
    wearer, length = options(kind.wearers)[0], options(kind.lengths)[-1]
    cut = Cut(
        kind.shape,
        options(kind.fabrics)[0],
        wearer,
        length,
        options(kind.fits)[-1],
        options(kind.necklines)[0],
        options(kind.sleeves)[0],
    )

    without, with_it = drawn(cut), drawn(replace(cut, details=(detail,)))

    assert change(without, with_it) > 0.0008


@pytest.mark.parametrize("pattern", [p for p in PRINTS if p.word], ids=lambda p: p.name)
def test_every_pattern_shows_on_the_photo(pattern: Print):
    details = ("star motif",) if pattern.name == "front print" else ()
    cut = replace(TEE, details=details)

    assert change(drawn(), draw(cut, pattern, 1)) > 0.005


@pytest.mark.parametrize("fabric", [f for f in TEXTURES if f not in ("jersey", "sweat", "twill")])
def test_fabrics_feel_different_from_jersey(fabric: str):
    one, other = pixels(drawn()), pixels(drawn(replace(TEE, fabric=fabric)))

    assert np.abs(one - other)[covered(drawn())].mean() > 0.5


def test_shapes_cannot_be_mistaken_for_each_other():
    masks = {shape: drawn(cut).mask for shape, cut in EXAMPLES.items()}

    for one, first in masks.items():
        for other, second in masks.items():
            if one < other:
                shared = np.minimum(first, second).sum() / np.maximum(first, second).sum()
                assert shared < 0.9, (one, other)


# The vocabulary outlines are written in.


def test_a_path_runs_straight_or_in_curves():
    line = path((0, 0), (4, 0), (4, 4, 0, 4))

    assert line[0].tolist() == [0, 0]
    assert line[-1].tolist() == [0, 4]
    assert line[:, 0].max() == 4
    assert [4, 0] in line.tolist()
    assert [4, 4] not in line.tolist()


def test_a_trace_is_a_path_written_out():
    assert np.array_equal(trace("0,0 4,0 4,4,0,4"), path((0, 0), (4, 0), (4, 4, 0, 4)))


def test_a_trace_that_is_not_numbers_is_refused():
    with pytest.raises(ValueError, match="could not convert"):
        trace("0,0 four,0")


def test_flipping_twice_changes_nothing():
    outline = oval(3, 4, 2, 5)

    assert np.array_equal(flipped(flipped(outline)), outline)
    assert np.array_equal(flipped(outline)[:, 1], outline[:, 1])


def test_a_whole_outline_is_the_same_on_both_sides():
    outline = whole(path((0, 0), (5, 1), (4, 9), (0, 10)))

    assert np.array_equal(outline, flipped(outline)[::-1])


def test_a_pair_is_a_mark_and_its_mirror_image():
    mirror, mark = pair(Part(box(5, 0, 2, 3), turn=0.4))

    assert isinstance(mirror, Part)
    assert isinstance(mark, Part)
    assert mirror.turn == -mark.turn
    assert np.array_equal(mirror.outline, flipped(mark.outline))


def test_a_mirrored_part_keeps_all_else():
    part = Part(box(5, 0, 2, 3), Slot.TRIM, 0.1, 0.5, "rib", "gathers", 1.3)

    mirror = part.flipped()

    assert (mirror.slot, mirror.relief, mirror.fabric) == (part.slot, part.relief, part.fabric)
    assert (mirror.drape, mirror.spread) == (part.drape, part.spread)


def test_a_mirrored_seam_keeps_its_thread():
    seam = Seam(path((1, 0), (2, 5)), 0.5, Slot.STITCH, dashes=True)

    mirror = seam.flipped()

    assert (mirror.width, mirror.slot, mirror.dashes) == (0.5, Slot.STITCH, True)
    assert mirror.outline[-1].tolist() == [-2, 5]


def test_a_mirrored_fold_is_shallower():
    fold = Fold(1, 2, 3, 4, depth=1.0)

    mirror = fold.flipped()

    assert (mirror.x0, mirror.y0, mirror.x1, mirror.y1) == (-1, 2, -3, 4)
    assert 0 < mirror.depth < fold.depth


def test_a_box_hangs_from_its_upper_edge():
    outline = box(2, 1, 6, 3)

    assert outline.min(0) == pytest.approx([-1, 1])
    assert outline.max(0) == pytest.approx([5, 4])


@pytest.mark.parametrize(("height", "tall"), [(None, 4.0), (6.0, 6.0)])
def test_an_oval_is_a_circle_unless_its_height_is_given(height: float | None, tall: float):
    outline = oval(1, 2, 4, height)

    assert np.ptp(outline[:, 0]) == pytest.approx(4, abs=0.1)
    assert np.ptp(outline[:, 1]) == pytest.approx(tall, abs=0.1)


def test_a_button_is_of_trim():
    assert button(0, 5).slot == Slot.TRIM


def test_a_cut_has_its_details():
    cut = Cut("top", "jersey", details=("zip", "hood"))

    assert cut.has("zip")
    assert cut.has("buttons", "zip")
    assert not cut.has("buttons")
    assert not cut.has()


# Colours, fabrics and patterns.


def test_colours_have_names_and_codes_of_their_own():
    assert len({colour.name for colour in COLOURS}) == len(COLOURS) >= 14
    assert len({colour.code for colour in COLOURS}) == len(COLOURS)
    assert len({colour.dye for colour in COLOURS}) == len(COLOURS)


@pytest.mark.parametrize("colour", COLOURS, ids=lambda colour: colour.name)
def test_inks_stand_out_from_their_cloth(colour: Colour):
    assert np.linalg.norm(rgb(colour.contrast) - rgb(colour.dye)) > 60
    assert np.linalg.norm(rgb(colour.accent) - rgb(colour.dye)) > 30


@pytest.mark.parametrize("colour", COLOURS, ids=lambda colour: colour.name)
def test_light_colours_are_light_and_dark_ones_dark(colour: Colour):
    brightness = rgb(colour.dye).mean()

    if colour.value in ("Light", "Dusty Light"):
        assert brightness > 170
    if colour.value == "Dark":
        assert brightness < 90


@pytest.mark.parametrize("colour", COLOURS, ids=lambda colour: colour.name)
def test_a_palette_colours_every_slot_but_the_background(colour: Colour):
    shades = palette(colour)

    assert shades.shape == (len(Slot), 3)
    assert shades.min() >= 0
    assert shades.max() <= 255
    assert shades[Slot.FABRIC].tolist() == rgb(colour.dye).tolist()
    assert not np.array_equal(shades[Slot.TRIM], shades[Slot.FABRIC])


@pytest.mark.parametrize("colour", COLOURS, ids=lambda colour: colour.name)
def test_the_inside_of_a_garment_lies_in_the_shade(colour: Colour):
    shades = palette(colour)

    assert shades[Slot.INSIDE].mean() <= max(shades[Slot.FABRIC].mean(), 32)


def test_denim_comes_in_washes_and_leather_in_tones():
    assert {colour.name for colour in dyes("denim")} == set(DENIM_WASHES)
    assert {colour.name for colour in dyes("leather")} == set(LEATHER_TONES)
    assert dyes("jersey") == COLOURS


def test_rgb_reads_hexadecimal_digits():
    assert rgb("ff8000").tolist() == [255, 128, 0]


def threads() -> tuple[np.ndarray, np.ndarray]:
    """Thread coordinates of a patch of 240 by 200 pixels."""
    v, u = np.mgrid[0:240, -100:100].astype(np.float32)
    return u, v


@pytest.mark.parametrize("fabric", TEXTURES)
def test_textures_neither_darken_nor_brighten_much(fabric: str):
    u, v = threads()
    grain = np.random.default_rng(1).standard_normal(u.shape, dtype=np.float32)

    light = TEXTURES[fabric](u, v, grain)

    assert light.shape == u.shape
    assert abs(light.mean() - 1) < 0.12
    assert light.min() > 0.4
    assert light.std() > 0.004


@pytest.mark.parametrize("kind", ["gathers", "pleats"])
def test_drapes_are_ripples_across(kind: str):
    u, v = threads()

    light = drape(kind, u, v / 240, 1.4)

    assert light.shape == u.shape
    assert abs(light.mean() - 1) < 0.1
    assert light.std(axis=1).min() > 0.02


def test_gathers_fade_towards_the_foot():
    u, v = threads()

    light = drape("gathers", u, v / 240, 1.0)

    assert light[:20].std() > 1.5 * light[-20:].std()


def test_patterns_have_names_of_their_own():
    assert len(PRINT) == len(PRINTS)


def test_there_are_at_least_seven_graphical_appearances():
    assert len({pattern.appearance for pattern in PRINTS}) >= 7


def test_appearances_and_their_codes_belong_together():
    pairs = {(pattern.code, pattern.appearance) for pattern in PRINTS}

    assert len(pairs) == len({code for code, _ in pairs}) == len({name for _, name in pairs})


@pytest.mark.parametrize("pattern", PRINTS, ids=lambda pattern: pattern.name)
def test_inks_never_cover_more_than_the_cloth(pattern: Print):
    ink = pattern.ink(*threads())

    assert ink.shape == (240, 200, 3)
    assert ink.min() >= -1e-6
    assert ink.sum(2).max() <= 1 + 1e-5


@pytest.mark.parametrize("pattern", PRINTS, ids=lambda pattern: pattern.name)
def test_only_patterns_with_a_word_use_ink(pattern: Print):
    used = pattern.ink(*threads()).max() > 0.2

    assert used == (pattern.name not in ("plain", "front print"))
    assert bool(pattern.word) == (pattern.name != "plain")


@pytest.mark.parametrize("name", ["breton", "wide stripes", "retro stripes"])
def test_stripes_run_across(name: str):
    ink = PRINT[name].ink(*threads())

    assert np.ptp(ink, axis=1).max() == pytest.approx(0, abs=1e-6)
    assert np.ptp(ink, axis=0).max() > 0.9


@pytest.mark.parametrize("name", ["pinstripes", "awning"])
def test_these_stripes_run_lengthwise(name: str):
    ink = PRINT[name].ink(*threads())

    assert np.ptp(ink, axis=0).max() == pytest.approx(0, abs=1e-6)
    assert np.ptp(ink, axis=1).max() > 0.9


@pytest.mark.parametrize("name", ["gingham", "tartan", "windowpane"])
def test_checks_look_alike_across_and_down(name: str):
    ink = PRINT[name].ink
    u, v = threads()

    assert np.allclose(ink(u, v), ink(v, u))
    assert np.ptp(ink(u, v), axis=1).max() > 0.3


@pytest.mark.parametrize("name", ["blooms", "ditsy", "leopard", "leaves", "brush"])
def test_drawn_prints_repeat_without_a_seam(name: str):
    ink = PRINT[name].ink
    u, v = threads()

    assert np.array_equal(ink(u, v), ink(u + TILE, v - TILE))


@pytest.mark.parametrize("name", ["blooms", "ditsy"])
def test_flowers_have_petals_centres_and_leaves(name: str):
    shares = PRINT[name].ink(*threads()).mean((0, 1))

    assert shares.min() > 0.005
    assert shares[0] > shares[1]


def test_colour_blocking_has_broad_fields():
    ink = PRINT["blocks"].ink(*threads())

    assert ink[50, :, 0].min() == 1
    assert ink[120, :, 1].min() == 1
    assert ink[200].max() == 0


def test_halves_meet_in_the_middle():
    ink = PRINT["halves"].ink(*threads())

    assert ink[:, :95].max() == 0
    assert ink[:, 105:, 0].min() == 1


def test_a_photo_can_be_saved_and_read_back_as_jpeg():
    photo = Image.open(BytesIO(saved(drawn())))

    assert photo.format == "JPEG"
    assert photo.size == (WIDTH, HEIGHT)
    assert photo.mode == "RGB"

"""What photos are drawn from: outlines, colours, fabrics and patterns."""

import numpy as np
import pytest

from recsys.sample.drawing.fabrics import COLOURS, FABRICS, drape, fabric_colours, palette, rgb
from recsys.sample.drawing.fabrics import texture as fabric_texture
from recsys.sample.drawing.outlines import (
    Cut,
    Fold,
    Material,
    Piece,
    Seam,
    both_sides,
    box,
    button_placket,
    folds_on_both_sides,
    mirrored,
    oval,
    parse_path,
    path,
    symmetric,
)
from recsys.sample.drawing.patterns import PATTERNS
from recsys.sample.drawing.tiles import TILE

# Outlines.


def test_a_path_runs_straight_or_in_curves():
    line = path((0, 0), (4, 0), (4, 4, 0, 4))

    assert line[0].tolist() == [0, 0]
    assert line[-1].tolist() == [0, 4]
    assert [4, 0] in line.tolist()
    assert [4, 4] not in line.tolist(), "a control point is not reached"
    assert np.array_equal(parse_path("0,0 4,0 4,4,0,4"), line)


def test_a_path_that_is_not_numbers_is_refused():
    with pytest.raises(ValueError, match="could not convert"):
        parse_path("0,0 four,0")


def test_a_symmetric_outline_is_its_own_mirror_image():
    outline = symmetric(path((0, 0), (5, 1), (4, 9), (0, 10)))

    assert np.array_equal(outline, mirrored(outline)[::-1])
    assert outline[:, 0].min() == -5


def test_a_mirror_image_keeps_everything_but_its_side():
    piece = Piece(box(5, 0, 2, 3), Material.TRIM, 0.4, 0.5, "rib", "gathers", 1.3)
    seam = Seam(path((1, 0), (2, 5)), 0.5, Material.STITCH, dashes=True)

    twin, kept, line, _ = both_sides(piece, seam)

    assert kept is piece
    assert np.array_equal(twin.outline, piece.outline * (-1, 1))
    assert {**vars(twin), "outline": 0} == {**vars(piece), "outline": 0, "turn": -0.4}
    assert {**vars(line), "outline": 0} == {**vars(seam), "outline": 0}
    assert line.outline[-1].tolist() == [-2, 5]


def test_a_mirrored_fold_is_shallower():
    fold, mirror = folds_on_both_sides(Fold(1, 2, 3, 4, depth=1.0))

    assert (mirror.x0, mirror.y0, mirror.x1, mirror.y1) == (-1, 2, -3, 4)
    assert 0 < mirror.depth < fold.depth


def test_boxes_hang_from_their_upper_edge_and_ovals_lie_around_their_centre():
    for outline, low, high in (
        (box(2, 1, 6, 3), (-1, 1), (5, 4)),
        (oval(1, 2, 4), (-1, 0), (3, 4)),
        (oval(1, 2, 4, 6), (-1, -1), (3, 5)),
    ):
        assert outline.min(0) == pytest.approx(low, abs=0.05)
        assert outline.max(0) == pytest.approx(high, abs=0.05)


def test_a_placket_has_two_seams_and_a_button_in_every_row_and_column():
    marks = button_placket(0, 20, [5, 10], 1.5, columns=(-4, 4))

    assert [type(mark) for mark in marks] == [Seam] * 2 + [Piece] * 4
    assert {mark.material for mark in marks[2:]} == {Material.TRIM}


def test_a_cut_has_its_details():
    cut = Cut("top", "jersey", details=("zip", "hood"))

    assert cut.has("buttons", "zip")
    assert not cut.has("buttons")
    assert not cut.has()


# Colours and fabrics.


def test_colours_have_codes_names_and_dyes_of_their_own():
    for values in zip(*((c.code, c.name, c.dye) for c in COLOURS), strict=True):
        assert len(set(values)) == len(COLOURS) >= 14


def test_colours_look_like_their_labels_and_their_inks_stand_out():
    for colour in COLOURS:
        dye = rgb(colour.dye)
        assert np.linalg.norm(rgb(colour.contrast) - dye) > 60, colour.name
        assert np.linalg.norm(rgb(colour.accent) - dye) > 30, colour.name
        assert dye.mean() > 170 or colour.value not in ("Light", "Dusty Light"), colour.name
        assert dye.mean() < 90 or colour.value != "Dark", colour.name


def test_a_palette_has_a_colour_for_every_material():
    for colour in COLOURS:
        shades = palette(colour)
        assert shades.shape == (len(Material), 3)
        assert 0 <= shades.min() <= shades.max() <= 255
        assert shades[Material.FABRIC].tolist() == rgb(colour.dye).tolist()
        assert not np.array_equal(shades[Material.TRIM], shades[Material.FABRIC])
        # The inside of a garment is in the shade, but not quite black.
        assert shades[Material.INSIDE].mean() <= max(shades[Material.FABRIC].mean(), 32)


def test_rgb_reads_hexadecimal_digits():
    assert rgb("ff8000").tolist() == [255, 128, 0]


def test_some_fabrics_come_in_some_colours_only():
    assert [c.name for c in fabric_colours("denim")] == [
        c.name for c in COLOURS if c.name in FABRICS["denim"].colours
    ]
    assert len(fabric_colours("denim")) == len(FABRICS["denim"].colours) == 5
    assert fabric_colours("jersey") == COLOURS


def threads() -> tuple[np.ndarray, np.ndarray]:
    """Thread coordinates of a patch of 240 by 200 pixels."""
    v, u = np.mgrid[0:240, -100:100].astype(np.float32)
    return u, v


def test_textures_neither_darken_nor_brighten_much():
    u, v = threads()
    grain = np.random.default_rng(1).standard_normal(u.shape, dtype=np.float32)

    for fabric in FABRICS:
        light = fabric_texture(fabric, u, v, grain)
        assert light.shape == u.shape
        assert abs(light.mean() - 1) < 0.12, fabric
        assert light.min() > 0.4, fabric
        assert light.std() > 0.004, fabric


@pytest.mark.parametrize("kind", ["gathers", "pleats"])
def test_drapes_are_ripples_across(kind: str):
    u, v = threads()
    light = drape(kind, u, v / 240, 1.4)

    assert light.shape == u.shape
    assert abs(light.mean() - 1) < 0.1
    assert light.std(axis=1).min() > 0.02


def test_gathers_fade_towards_the_hem():
    u, v = threads()
    light = drape("gathers", u, v / 240, 1.0)

    assert light[:20].std() > 1.5 * light[-20:].std()


# Patterns.


def test_graphical_appearances_are_varied_and_each_has_one_code():
    pairs = {(pattern.code, pattern.appearance) for pattern in PATTERNS.values()}

    assert len(pairs) == len({code for code, _ in pairs}) == len({name for _, name in pairs}) >= 7


def test_all_patterns_but_plain_ones_use_ink_and_none_more_than_there_is_cloth():
    for name, pattern in PATTERNS.items():
        ink = pattern.ink(*threads())
        assert ink.shape == (240, 200, 3)
        assert ink.min() >= -1e-6, name
        assert ink.sum(2).max() <= 1 + 1e-5, name
        assert (ink.max() > 0.2) == (name not in ("plain", "front print")), name
        assert bool(pattern.word) == (name != "plain"), name


@pytest.mark.parametrize(
    ("axis", "names"),
    [(1, ("breton", "wide stripes", "retro stripes")), (0, ("pinstripes", "awning"))],
    ids=["across", "lengthwise"],
)
def test_stripes_run_in_their_direction(axis: int, names: tuple[str, ...]):
    for name in names:
        ink = PATTERNS[name].ink(*threads())
        assert np.ptp(ink, axis=axis).max() == pytest.approx(0, abs=1e-6), name
        assert np.ptp(ink, axis=1 - axis).max() > 0.9, name


def test_checks_look_alike_across_and_down():
    u, v = threads()
    for name in ("gingham", "tartan", "windowpane"):
        ink = PATTERNS[name].ink
        assert np.allclose(ink(u, v), ink(v, u)), name
        assert np.ptp(ink(u, v), axis=1).max() > 0.3, name


def test_drawn_patterns_repeat_without_a_seam():
    u, v = threads()
    for name in ("blooms", "ditsy", "leopard", "leaves", "brush"):
        ink = PATTERNS[name].ink
        assert np.array_equal(ink(u, v), ink(u + TILE, v - TILE)), name


def test_flowers_have_petals_centres_and_leaves():
    for name in ("blooms", "ditsy"):
        shares = PATTERNS[name].ink(*threads()).mean((0, 1))
        assert shares.min() > 0.005, name
        assert shares[0] > shares[1], name


def test_colour_blocking_has_broad_fields():
    blocks, halves = (PATTERNS[name].ink(*threads()) for name in ("blocks", "halves"))

    assert blocks[50, :, 0].min() == 1
    assert blocks[120, :, 1].min() == 1
    assert blocks[200].max() == 0
    assert halves[:, :95].max() == 0
    assert halves[:, 105:, 0].min() == 1

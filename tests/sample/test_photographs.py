"""Photos: every garment in every pattern and colour is drawn as it is described.

Long sweeps run in part: every n-th case always, the others with ``make test-all``.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache
from itertools import combinations, pairwise

import numpy as np
import pytest

from recsys.sample.drawing.fabrics import COLOURS, FABRICS, Colour, rgb
from recsys.sample.drawing.outlines import Cut
from recsys.sample.drawing.patterns import PATTERNS
from recsys.sample.photographs import HEIGHT, SHAPES, WIDTH, Drawing, draw
from recsys.sample.product_types import PRODUCT_TYPES, ProductType

COLOUR = {colour.name: colour for colour in COLOURS}
T_SHIRT = Cut("top", "jersey", sleeves="short")
LENGTH = {"dress": "knee", "skirt": "knee"}
EXAMPLES = {shape: Cut(shape, "weave", length=LENGTH.get(shape, "regular")) for shape in SHAPES}
"""A simple cut of every shape."""


def sampled(cases: Iterable[object], every: int, name: Callable[..., str] = str) -> list[object]:
    """The cases as parameters; all but every n-th are marked as exhaustive."""
    return [
        pytest.param(
            *(case if isinstance(case, tuple) else (case,)),
            marks=[pytest.mark.exhaustive] if number % every else [],
            id=name(case),
        )
        for number, case in enumerate(cases)
    ]


@lru_cache(maxsize=64)
def drawn(cut: Cut = T_SHIRT, pattern: str = "plain", seed: int = 1) -> Drawing:
    return draw(cut, PATTERNS[pattern], seed)


def pixels(drawing: Drawing, colour: str = "Blue") -> np.ndarray:
    return np.asarray(drawing.photo(COLOUR[colour]), np.float64)


def covered(drawing: Drawing) -> np.ndarray:
    """Where the garment hides the background completely."""
    return drawing.mask > 0.99


def mean_colour(drawing: Drawing, colour: Colour) -> np.ndarray:
    return np.asarray(drawing.photo(colour), np.float64)[covered(drawing)].mean(0)


def extent(drawing: Drawing) -> tuple[int, int]:
    """The height and the width of the garment in pixels."""
    rows, columns = (np.nonzero(drawing.mask.max(axis) > 0.5)[0] for axis in (1, 0))
    return rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1


def change(one: Drawing, other: Drawing) -> float:
    """The share of the photo's pixels that differ visibly."""
    gap = np.abs(pixels(one) - pixels(other))
    return float((gap.max(2) > 12).mean())


def overlap(one: Drawing, other: Drawing) -> float:
    return float(np.minimum(one.mask, other.mask).sum() / np.maximum(one.mask, other.mask).sum())


def check_photo(drawing: Drawing) -> None:
    """An upright photo of finite pixels, with the garment in its middle and a light margin."""
    photo = drawing.photo(COLOUR["Black"])
    border = np.asarray(photo)[[0, -1]].min(), np.asarray(photo)[:, [0, -1]].min()
    rows, columns = np.nonzero(drawing.mask > 0.01)

    assert (photo.size, photo.mode) == ((WIDTH, HEIGHT), "RGB") == ((360, 540), "RGB")
    assert np.isfinite(drawing.light).all()
    assert 0.03 < drawing.mask.mean() < 0.6
    assert min(border) > 205
    assert 5 < rows.min() < rows.max() < HEIGHT - 5
    assert 5 < columns.min() < columns.max() < WIDTH - 5
    assert abs((columns.min() + columns.max()) / 2 - WIDTH / 2) < 12


# Everything in the tables can be drawn.


# Every eleventh case: all of the 13 shapes and of the 21 patterns are in the normal run.
@pytest.mark.parametrize(
    ("shape", "pattern"),
    sampled(((shape, pattern) for pattern in PATTERNS for shape in SHAPES), 11, " in ".join),
)
def test_every_shape_can_be_drawn_in_every_pattern(shape: str, pattern: str):
    check_photo(draw(EXAMPLES[shape], PATTERNS[pattern], 3))


@pytest.mark.parametrize("wearer", ["men", pytest.param("child", marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("shape", sampled(SHAPES, 3))
def test_every_shape_can_be_drawn_for_all_wearers(shape: str, wearer: str):
    check_photo(drawn(replace(EXAMPLES[shape], wearer=wearer)))


def cuts(product_type: ProductType) -> list[Cut]:
    """Cuts that have every option of every attribute at least once."""
    lists = [
        *(product_type.fabrics, product_type.wearers, product_type.lengths, product_type.fits),
        *(product_type.necklines, product_type.sleeves, *product_type.details),
    ]
    rows = [
        [options[number % len(options)] for options in lists]
        for number in range(max(len(options) for options in lists))
    ]
    return [Cut(product_type.shape, *row[:6], tuple(filter(None, row[6:]))) for row in rows]


@pytest.mark.parametrize(
    ("product_type", "cut"),
    sampled(
        ((each, cut) for each in PRODUCT_TYPES for cut in cuts(each)),
        10,
        lambda case: f"{case[0].noun}-{'-'.join((case[1].fabric, case[1].length))}",
    ),
)
def test_every_option_of_every_product_type_can_be_drawn(product_type: ProductType, cut: Cut):
    check_photo(drawn(cut, product_type.patterns[0]))


# A photo looks like one from a studio.


def test_the_garment_casts_a_soft_shadow_below_itself():
    photo = pixels(drawn(), "White").mean(2)
    below = np.nonzero(drawn().mask[:, 180] > 0.5)[0][-1] + 6

    assert 150 < photo[below, 170:190].mean() < photo[below, :20].mean() - 8


@pytest.mark.parametrize(
    ("fabric", "colour", "least"), [("satin", "Blue", 14), ("jersey", "Black", 8)]
)
def test_folds_show_even_on_black(fabric: str, colour: str, least: float):
    drawing = drawn(replace(T_SHIRT, fabric=fabric, sleeves="long"))
    light = pixels(drawing, colour)[covered(drawing)].mean(1)

    assert np.percentile(light, 98) - np.percentile(light, 2) > least


def test_light_comes_from_the_upper_left():
    """A pompom is brighter on its upper left than on its lower right."""
    drawing = drawn(Cut("beanie", "jersey", details=("pompom",)))
    photo = pixels(drawing, "Grey").mean(2)
    rows, columns = np.nonzero(covered(drawing))
    top, middle = rows.min(), int(columns[rows < rows.min() + 40].mean())
    ball = photo[top : top + 50, middle - 40 : middle + 40]

    assert ball[8:25, 15:35].mean() > ball[25:42, 45:65].mean()


def test_edges_are_antialiased():
    mask = drawn().mask

    assert ((mask > 0.1) & (mask < 0.9)).sum() > 300


@pytest.mark.parametrize("shape", sampled(["top", "cap", "backpack", "sneakers"], 2))
def test_child_sizes_look_smaller_than_adult_sizes(shape: str):
    child, adult = (drawn(replace(EXAMPLES[shape], wearer=who)) for who in ("child", "men"))

    assert child.mask.sum() < 0.9 * adult.mask.sum()


# A photo shows the colour it is labelled with.


@pytest.mark.parametrize("shape", sampled(["top", "trousers", "tote"], 3))
def test_plain_cloth_has_its_colour(shape: str):
    for colour in COLOURS:
        seen = mean_colour(drawn(EXAMPLES[shape]), colour)
        nearest = min(COLOURS, key=lambda other: float(np.linalg.norm(rgb(other.dye) - seen)))

        assert np.abs(seen - rgb(colour.dye)).max() < 26, colour.name
        assert nearest == colour


@pytest.mark.parametrize("fabric", sampled(FABRICS, 4))
def test_every_fabric_shows_its_colour_and_its_texture(fabric: str):
    drawing, jersey = drawn(replace(T_SHIRT, fabric=fabric)), drawn()
    texture = np.abs(pixels(drawing) - pixels(jersey))[covered(jersey)].mean()

    assert np.abs(mean_colour(drawing, COLOUR["Pink"]) - rgb(COLOUR["Pink"].dye)).max() < 32
    assert texture > 0.5 or fabric in ("jersey", "sweat", "twill")


@pytest.mark.parametrize(
    "pattern", sampled([p for p in PATTERNS.values() if p.word], 4, lambda pattern: pattern.name)
)
def test_every_pattern_shows_without_hiding_the_colour(pattern):
    """Patterned cloth differs from plain cloth and is nearer to its own colour than to its ink."""
    motif = ("star motif",) if pattern.name == "front print" else ()
    cut = replace(T_SHIRT, length="long", details=motif)
    drawing = draw(cut, pattern, 1)

    assert change(drawn(replace(cut, details=())), drawing) > 0.005
    for colour in COLOURS if pattern.name != "halves" else ():
        seen = mean_colour(drawing, colour)
        own, ink = (np.linalg.norm(seen - rgb(each)) for each in (colour.dye, colour.contrast))
        assert own < ink, colour.name


def test_colours_of_a_product_differ_only_where_the_garment_is():
    drawing = drawn(pattern="ditsy")
    gap = np.abs(pixels(drawing, "Red") - pixels(drawing, "Dark Green")).max(2)

    assert gap[drawing.mask == 0].max() == 0
    assert gap[covered(drawing)].mean() > 40


def test_colours_of_a_product_share_their_folds():
    drawing = drawn(replace(T_SHIRT, fabric="satin"))
    one, other = (pixels(drawing, name)[covered(drawing)].mean(1) for name in ("Grey", "Pink"))

    assert np.corrcoef(one, other)[0, 1] > 0.99


def test_taking_a_photo_does_not_change_the_drawing():
    before = pixels(drawn(), "Red")
    pixels(drawn(), "Black")

    assert np.array_equal(before, pixels(drawn(), "Red"))


# The same product always looks the same, other products look different.


@pytest.mark.parametrize("shape", sampled(SHAPES, 6))
def test_drawing_twice_gives_the_same_pixels(shape: str):
    one, other = (draw(EXAMPLES[shape], PATTERNS["blooms"], 7) for _ in range(2))

    assert np.array_equal(pixels(one), pixels(other))


def test_products_of_one_cut_differ_a_little_in_outline_and_proportions():
    drawings = [drawn(seed=seed) for seed in range(8)]
    slimness = [tall / wide for tall, wide in map(extent, drawings)]

    assert 0.85 < overlap(*drawings[1:3]) < 0.999
    assert 1.03 < max(slimness) / min(slimness) < 1.15


def test_shapes_cannot_be_mistaken_for_each_other():
    for one, other in combinations(EXAMPLES, 2):
        assert overlap(drawn(EXAMPLES[one]), drawn(EXAMPLES[other])) < 0.9, (one, other)


@pytest.mark.parametrize(
    ("shape", "shorter", "longer"),
    sampled(
        [
            ("top", "cropped", "long"),
            ("dress", "knee", "ankle"),
            ("skirt", "knee", "calf"),
            ("trousers", "short", "knee"),
            ("trousers", "knee", "ankle"),
            ("boots", "cropped", "long"),
            ("beanie", "regular", "long"),
            ("backpack", "cropped", "long"),
        ],
        3,
        "-".join,
    ),
)
def test_longer_cuts_look_longer(shape: str, shorter: str, longer: str):
    (tall, wide), (taller, as_wide) = (
        extent(drawn(replace(EXAMPLES[shape], length=length))) for length in (shorter, longer)
    )

    assert taller / as_wide > tall / wide * 1.05


@pytest.mark.parametrize(
    "shape", sampled(["top", "dress", "skirt", "trousers", "tote", "scarf"], 3)
)
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
    mask = drawn(replace(T_SHIRT, sleeves=sleeves)).mask > 0.5
    rows, columns = np.nonzero(mask.any(1))[0], np.nonzero(mask.any(0))[0]
    side = np.nonzero(mask[:, columns[0] + 6])[0]
    return float((side.max() - rows[0]) / (rows[-1] - rows[0]))


def test_the_longer_the_sleeve_the_further_down_it_ends():
    ends = [sleeve_end(sleeves) for sleeves in ("cap", "short", "elbow", "3/4-length", "long")]

    assert np.diff(ends).min() > 0.03
    assert ends[-1] > 0.8
    assert sleeve_end("none") > 0.9, "the sides of a sleeveless top are its body"


def test_sleeves_look_different():
    lengths = ("straps", "none", "cap", "short", "elbow", "3/4-length", "long")

    for one, other in [*pairwise(lengths), ("short", "puff"), ("long", "balloon")]:
        drawings = (drawn(replace(T_SHIRT, sleeves=sleeves)) for sleeves in (one, other))
        assert change(*drawings) > 0.02, (one, other)


def test_necklines_look_different():
    necklines = sorted({each for kind in PRODUCT_TYPES for each in kind.necklines})
    assert len(necklines) == 10

    for one, other in combinations(necklines, 2):
        drawings = (drawn(replace(T_SHIRT, sleeves="long", neckline=n)) for n in (one, other))
        assert change(*drawings) > 0.003, (one, other)


def details() -> list[tuple[ProductType, str]]:
    """Every detail of every product type."""
    return [
        (kind, detail)
        for kind in PRODUCT_TYPES
        for options in kind.details
        for detail in dict.fromkeys(options)
        if detail
    ]


@pytest.mark.parametrize(
    ("product_type", "detail"),
    sampled(details(), 8, lambda case: f"{case[0].noun}-{case[1]}"),
)
def test_every_detail_shows_on_the_photo(product_type: ProductType, detail: str):
    cut = Cut(
        product_type.shape,
        product_type.fabrics[0],
        product_type.wearers[0],
        product_type.lengths[-1],
        product_type.fits[-1],
        product_type.necklines[0],
        product_type.sleeves[0],
    )

    assert change(drawn(cut), drawn(replace(cut, details=(detail,)))) > 0.0008

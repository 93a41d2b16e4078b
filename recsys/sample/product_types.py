"""The kinds of product the sample shop sells, and how products of a kind may differ."""

from dataclasses import dataclass

from recsys.sample.drawing.tops import MOTIFS


def options(text: str) -> tuple[str, ...]:
    """The choices of a comma-separated list; one that stands twice is picked twice as often."""
    return tuple(text.split(", "))


@dataclass(frozen=True)
class Kind:
    """A kind of product: how it is labelled, named and priced, and what it may look like.

    Every text with commas is a list of `options`. `details` holds several such lists, divided by
    semicolons: a product gets one of each, "-" standing for none.

    Attributes:
        line: what departments call it.
        noun: what descriptions call it; `surname` what product names end in.
        type_no, type_name, group: how the catalogue labels it.
        share: how many products there are of it, out of about 400.
        wearers: whom it is made for.
        prices: price points, in euros.
        peak: the month it sells best in; 0 where every month is the same.
        shape, fabrics, lengths, fits, necklines, sleeves, details: what its `Cut` may be.
        prints: the `Print` names it may come in.
        closings: sentences, divided by semicolons, that may end its description.
    """

    line: str
    noun: str
    surname: str
    type_no: int
    type_name: str
    group: str
    share: int
    prices: str
    shape: str
    fabrics: str
    prints: str
    wearers: str = "women"
    peak: int = 0
    lengths: str = "regular"
    fits: str = "regular"
    necklines: str = "round"
    sleeves: str = "none"
    details: str = "-"
    closings: str = ""


UPPER, FULL = "Garment Upper body", "Garment Full body"
STRIPES = "breton, wide stripes, retro stripes"
FLORALS = "blooms, ditsy, leaves, brush, small dots, large dots, leopard"
CHECKS = "tartan, gingham, windowpane"

UPPER_BODY = (
    Kind(
        *("tees", "T-shirt", "tee", 255, "T-shirt", UPPER, 21, "7.99, 9.99, 12.99, 14.99"),
        *("top", "jersey, jersey, rib", f"plain, plain, melange, {STRIPES}, small dots, leopard"),
        wearers="women, women, child",
        lengths="cropped, regular, regular, long",
        fits="slim, regular, wide",
        necklines="round, round, V-neck, boat",
        sleeves="short, short, cap, elbow",
        details="-, -, chest pocket",
    ),
    Kind(
        *("tees", "T-shirt", "tee", 255, "T-shirt", UPPER, 13, "7.99, 9.99, 12.99"),
        *("top", "jersey", f"plain, plain, melange, blocks, halves, {STRIPES}"),
        wearers="men",
        lengths="regular, long",
        fits="regular, wide, slim",
        necklines="round, round, V-neck",
        sleeves="short",
        details="-, chest pocket",
    ),
    Kind(
        *("tees", "T-shirt", "tee", 255, "T-shirt", UPPER, 16, "9.99, 12.99, 14.99"),
        *("top", "jersey", "front print"),
        wearers="women, men, child, child",
        lengths="cropped, regular, regular",
        fits="regular, wide",
        sleeves="short, short, elbow",
        details=", ".join(MOTIFS),
    ),
    Kind(
        *("vests", "vest top", "tank", 253, "Vest top", UPPER, 13, "4.99, 7.99, 9.99"),
        *("top", "jersey, rib, satin", "plain, plain, breton, ditsy, small dots, melange"),
        peak=6,
        lengths="cropped, regular",
        fits="slim, regular",
        necklines="V-neck, round, square",
        sleeves="straps, none",
        details="-, -, frill hem",
    ),
    Kind(
        *("polos", "polo shirt", "polo", 257, "Polo shirt", UPPER, 8, "14.99, 19.99"),
        *("top", "jersey, knit", "plain, plain, melange, wide stripes, blocks"),
        wearers="men, men, child",
        peak=6,
        fits="slim, regular",
        necklines="polo collar",
        sleeves="short, short, long",
        details="half buttons; -, chest pocket",
    ),
    Kind(
        *("shirts", "shirt", "shirt", 259, "Shirt", UPPER, 18, "14.99, 19.99, 24.99, 29.99"),
        *("top", "weave, linen, twill", f"plain, plain, pinstripes, awning, brush, {CHECKS}"),
        wearers="men, men, child",
        fits="slim, regular, regular, wide",
        necklines="collar",
        sleeves="long, long, short",
        details="buttons; -, chest pocket, chest pockets; rounded hem, rounded hem, -",
    ),
    Kind(
        *("shirts", "shirt", "shirt", 259, "Shirt", UPPER, 10, "17.99, 19.99, 24.99"),
        *("top", "weave, linen, satin", "plain, pinstripes, awning, gingham, tartan, leopard"),
        lengths="cropped, regular, long",
        fits="regular, wide",
        necklines="collar",
        sleeves="long, 3/4-length, balloon",
        details="buttons; -, chest pocket; rounded hem, -, tie belt",
    ),
    Kind(
        *("blouses", "blouse", "blouse", 258, "Blouse", UPPER, 18, "14.99, 19.99, 24.99"),
        *("top", "weave, satin", f"plain, plain, {FLORALS}"),
        wearers="women, women, women, child",
        lengths="cropped, regular",
        fits="regular, wide",
        necklines="V-neck, round, square, boat",
        sleeves="puff, balloon, 3/4-length, cap, long",
        details="-, -, frill hem, tie belt",
    ),
    Kind(
        *("dresses", "dress", "dress", 265, "Dress", FULL, 24, "19.99, 24.99, 29.99, 39.99"),
        *("dress", "weave, satin, linen", f"plain, breton, gingham, {FLORALS}"),
        peak=6,
        lengths="thigh, knee, calf, ankle",
        fits="regular, wide",
        necklines="round, V-neck, square, boat",
        sleeves="straps, none, short, puff, balloon, long, 3/4-length",
        details="tie belt, gathered waist, empire waist; -, -, frill hem, tiers; -, -, buttons",
        closings="Unlined.; Lined.; Partly lined.",
    ),
    Kind(
        *("dresses", "dress", "dress", 265, "Dress", FULL, 10, "14.99, 17.99, 24.99"),
        *("dress", "jersey, rib", "plain, plain, melange, breton, wide stripes, leopard"),
        lengths="thigh, knee, calf",
        fits="slim",
        necklines="round, V-neck, square, boat",
        sleeves="none, short, long, 3/4-length",
        closings="Unlined.",
    ),
    Kind(
        *("dresses", "dress", "dress", 265, "Dress", FULL, 8, "9.99, 12.99, 14.99, 19.99"),
        *("dress", "jersey, weave", "plain, gingham, ditsy, large dots, breton, blooms"),
        wearers="child",
        peak=6,
        lengths="knee",
        fits="regular, wide",
        necklines="round, square",
        sleeves="none, short, puff, long",
        details="gathered waist; -, frill hem, tiers",
        closings="Unlined.",
    ),
    Kind(
        *("jumpers", "jumper", "jumper", 252, "Sweater", UPPER, 21, "17.99, 24.99, 29.99, 34.99"),
        *("top", "knit, knit, cable, rib", f"plain, plain, melange, blocks, {STRIPES}"),
        wearers="women, women, men, child",
        peak=11,
        lengths="cropped, regular, regular, long",
        fits="slim, regular, wide",
        necklines="round, round, V-neck, roll neck",
        sleeves="long",
        details="ribbed trims",
    ),
    Kind(
        *("sweatshirts", "sweatshirt", "sweater", 252, "Sweater", UPPER, 8, "14.99, 17.99, 19.99"),
        *("top", "sweat", "plain, melange, blocks, halves, wide stripes"),
        wearers="women, men, child",
        lengths="cropped, regular",
        fits="regular, wide",
        sleeves="long",
        details="ribbed trims",
        closings="Soft brushed inside.",
    ),
    Kind(
        *("cardigans", "cardigan", "cardigan", 245, "Cardigan", UPPER, 10, "19.99, 24.99, 29.99"),
        *("top", "knit, cable, rib", "plain, plain, plain, melange, breton"),
        wearers="women, women, men, child",
        peak=10,
        lengths="cropped, regular, long",
        fits="slim, regular, wide",
        necklines="V-neck",
        sleeves="long",
        details="buttons; ribbed trims; -, patch pockets",
    ),
    Kind(
        *("hoodies", "hoodie", "hoodie", 308, "Hoodie", UPPER, 13, "19.99, 24.99, 29.99"),
        *("top", "sweat", "plain, plain, melange, blocks, halves, wide stripes"),
        wearers="women, men, men, child",
        lengths="cropped, regular, regular",
        fits="regular, wide",
        necklines="hood",
        sleeves="long",
        details="kangaroo pocket, kangaroo pocket, zip; ribbed trims",
        closings="Soft brushed inside.",
    ),
    Kind(
        *("jackets", "padded jacket", "puffer", 262, "Jacket", UPPER, 8, "39.99, 49.99, 59.99"),
        *("top", "padded", "plain, plain, blocks"),
        wearers="women, men, child",
        peak=11,
        lengths="cropped, regular, thigh",
        fits="regular, wide",
        necklines="stand-up collar, hood",
        sleeves="long",
        details="zip; side pockets; -, ribbed trims",
        closings="Lined.",
    ),
    Kind(
        *("jackets", "jacket", "jacket", 262, "Jacket", UPPER, 8, "29.99, 39.99, 49.99"),
        *("top", "pile, corduroy, leather, twill", "plain"),
        wearers="women, men, child",
        peak=10,
        lengths="cropped, regular",
        fits="regular, wide",
        necklines="collar, stand-up collar",
        sleeves="long",
        details="zip, buttons; chest pockets, side pockets, flap pockets; -, ribbed trims",
        closings="Lined.; Unlined.",
    ),
    Kind(
        *("jackets", "denim jacket", "denim", 262, "Jacket", UPPER, 5, "29.99, 34.99, 39.99"),
        *("top", "denim", "denim"),
        wearers="women, men, child",
        peak=4,
        lengths="cropped, regular",
        fits="slim, regular, wide",
        necklines="collar",
        sleeves="long",
        details="buttons; chest pockets",
    ),
    Kind(
        *("coats", "coat", "coat", 263, "Coat", UPPER, 10, "59.99, 69.99, 79.99, 99.99"),
        *("top", "wool, wool, twill", "plain, plain, melange, windowpane, tartan"),
        wearers="women, women, men",
        peak=11,
        lengths="thigh, knee, calf",
        fits="regular, wide",
        necklines="lapels",
        sleeves="long",
        details="buttons, double buttons; flap pockets, side pockets, patch pockets; -, tie belt",
        closings="Lined.; Unlined.",
    ),
    Kind(
        *("blazers", "blazer", "blazer", 264, "Blazer", UPPER, 6, "34.99, 39.99, 49.99"),
        *("top", "twill, wool, linen", "plain, plain, windowpane, pinstripes"),
        wearers="women, men",
        lengths="regular, long",
        fits="slim, regular, wide",
        necklines="lapels",
        sleeves="long",
        details="buttons, buttons, double buttons; flap pockets, patch pockets",
        closings="Lined.",
    ),
)
"""Kinds worn on the upper body, dresses included."""

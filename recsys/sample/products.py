"""The products of the sample shop, drawn at random from the options of their product types."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from recsys.sample.departments import DEPARTMENTS, Department
from recsys.sample.descriptions import describe
from recsys.sample.drawing.fabrics import Colour, fabric_colours
from recsys.sample.drawing.outlines import Cut
from recsys.sample.drawing.patterns import PATTERNS, Pattern
from recsys.sample.product_types import ProductType
from recsys.sample.table_files import read_table

Option = TypeVar("Option")

FIRST_NAMES: tuple[str, ...] = read_table("first_names")["first_names"]
COLOUR_COUNTS = (0.15, 0.2, 0.26, 0.2, 0.12, 0.07)
"""Probabilities that a product comes in one, two, three ... colours: about three on average."""
RANK_OFFSET = 4.0
"""The n-th most common colour has a weight of 1 / (n + this): a mild preference for the first."""
LOWEST_CODE, CODES = 310_000, 640_000
"""Product codes lie in this range, so that they have six digits as most of the original's."""


@dataclass(frozen=True)
class Product:
    """A product: what it is, how it is made and described, and its colours.

    Attributes:
        code: its number, six digits.
        name: its short name, such as "Linnea dress", which no other product has.
        price: its full price in euros.
        colours: the colours it comes in.
        colour_numbers: the last digits of its article ids, one for each colour.
    """

    code: int
    name: str
    product_type: ProductType
    department: Department
    cut: Cut
    pattern: Pattern
    description: str
    price: float
    colours: tuple[Colour, ...]
    colour_numbers: tuple[int, ...]

    @property
    def article_ids(self) -> tuple[str, ...]:
        """The ids of its articles, one for each colour, ten digits long."""
        return tuple(f"{self.code:07d}{number:03d}" for number in self.colour_numbers)

    @property
    def look(self) -> tuple[str, Cut, str]:
        """What it looks like, apart from its colour."""
        return self.product_type.noun, self.cut, self.pattern.name


def generate_products(
    product_types: tuple[ProductType, ...], rng: np.random.Generator
) -> tuple[Product, ...]:
    """Return the products of all types, no two with the same name or look, sorted by code."""
    types = [each for each in product_types for _ in range(each.products)]
    codes = LOWEST_CODE + np.sort(rng.choice(CODES, len(types), replace=False))
    names, looks = set[str](), set[tuple[str, Cut, str]]()
    products = []
    for code, place in zip(codes.tolist(), rng.permutation(len(types)).tolist(), strict=True):
        product = _generate(types[place], code, rng)
        while product.name in names or product.look in looks:
            product = _generate(types[place], code, rng)
        names.add(product.name)
        looks.add(product.look)
        products.append(product)
    return tuple(products)


def _pick(options: Sequence[Option], rng: np.random.Generator) -> Option:
    """Return one of the options, all equally likely."""
    return options[int(rng.integers(len(options)))]


def _generate(product_type: ProductType, code: int, rng: np.random.Generator) -> Product:
    """Return a random product of that type. The order of the draws decides what is drawn."""
    cut = _random_cut(product_type, rng)
    pattern = PATTERNS[_pick(product_type.patterns, rng)]
    sellers = [d for d in DEPARTMENTS if d.wearer == cut.wearer and product_type.line in d.lines]
    colours = _random_colours(cut.fabric, rng)
    return Product(
        code=code,
        name=f"{_pick(FIRST_NAMES, rng)} {product_type.name_ending}",
        product_type=product_type,
        department=_pick(sellers, rng),
        cut=cut,
        pattern=pattern,
        description=describe(product_type, cut, pattern, rng),
        price=_pick(product_type.prices, rng),
        colours=colours,
        # A few numbers are skipped, as in the original.
        colour_numbers=tuple(np.cumsum(rng.integers(1, 5, len(colours))).tolist()),
    )


def _random_cut(product_type: ProductType, rng: np.random.Generator) -> Cut:
    return Cut(
        shape=product_type.shape,
        fabric=_pick(product_type.fabrics, rng),
        wearer=_pick(product_type.wearers, rng),
        length=_pick(product_type.lengths, rng),
        fit=_pick(product_type.fits, rng),
        neckline=_pick(product_type.necklines, rng),
        sleeves=_pick(product_type.sleeves, rng),
        details=tuple(filter(None, [_pick(options, rng) for options in product_type.details])),
    )


def _random_colours(fabric: str, rng: np.random.Generator) -> tuple[Colour, ...]:
    """Return one to six of the colours that the fabric comes in, common ones more often."""
    available = fabric_colours(fabric)
    count = 1 + int(rng.choice(len(COLOUR_COUNTS), p=COLOUR_COUNTS))
    weights = 1 / (np.arange(len(available)) + RANK_OFFSET)
    size = min(count, len(available))
    chosen = rng.choice(len(available), size, replace=False, p=weights / weights.sum())
    return tuple(available[number] for number in chosen.tolist())

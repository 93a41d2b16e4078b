"""The products of the sample shop, each invented from its kind's choices."""

from dataclasses import dataclass

import numpy as np

from recsys.sample.departments import DEPARTMENTS, Department
from recsys.sample.descriptions import describe
from recsys.sample.drawing.fabrics import Colour, dyes
from recsys.sample.drawing.outlines import Cut
from recsys.sample.drawing.patterns import PRINTS, Print
from recsys.sample.product_types import Kind, options

FIRST_NAMES = options(
    "Agnes, Alba, Alma, Alva, Anton, Arvid, Asta, Astrid, August, Axel, Bo, Britta, Cleo, Dagny, "
    "Ebba, Edith, Einar, Elin, Elis, Elsa, Embla, Emil, Erik, Esther, Fanny, Felix, Filip, Freja, "
    "Frida, Greta, Gustav, Hanna, Harald, Hedda, Helga, Henrik, Hilda, Hugo, Ida, Inez, Ingrid, "
    "Iris, Isak, Ivar, Jonna, Juni, Kaj, Karin, Klara, Knut, Lage, Leia, Linnea, Liv, Lotta, Lova, "
    "Ludvig, Lykke, Maja, Malte, Marit, Matilda, Melker, Mika, Mira, Moa, Moltas, Nanna, Nils, "
    "Noomi, Nova, Olle, Olof, Oskar, Otto, Pella, Pontus, Ragna, Rasmus, Ronja, Rut, Saga, Selma, "
    "Sigge, Signe, Siri, Sixten, Solveig, Stella, Sture, Svea, Tage, Thea, Tilda, Tindra, Tora, "
    "Tuva, Tyra, Ulla, Vega, Vera, Vidar, Viggo, Vilma, Ylva, Yngve"
)
COLOUR_COUNTS = (0.15, 0.2, 0.26, 0.2, 0.12, 0.07)
"""How often a product comes in one, two, three ... colours."""


@dataclass(frozen=True)
class Product:
    """A product: what it is, how it is made and described, and which colours it comes in.

    Attributes:
        code: its number, six digits.
        name: its short name, such as "Linnea dress"; no two products share one.
        price: its full price in euros.
        colours: the colours it comes in; `numbers` are theirs within the product.
    """

    code: int
    name: str
    kind: Kind
    department: Department
    cut: Cut
    pattern: Print
    description: str
    price: float
    colours: tuple[Colour, ...]
    numbers: tuple[int, ...]

    @property
    def article_ids(self) -> tuple[str, ...]:
        """The ids of its articles, one for each colour, ten digits long."""
        return tuple(f"{self.code:07d}{number:03d}" for number in self.numbers)


def invent_products(kinds: tuple[Kind, ...], rng: np.random.Generator) -> tuple[Product, ...]:
    """As many products of each kind as its share says, no two of them alike, sorted by code."""
    wanted = [kind for kind in kinds for _ in range(kind.share)]
    codes = 310_000 + np.sort(rng.choice(640_000, len(wanted), replace=False))
    names, looks = set[str](), set[tuple[str, Cut, str]]()
    products = []
    for code, place in zip(codes.tolist(), rng.permutation(len(wanted)).tolist(), strict=True):
        product = _invent(wanted[place], code, rng)
        while product.name in names or _look(product) in looks:
            product = _invent(wanted[place], code, rng)
        names.add(product.name)
        looks.add(_look(product))
        products.append(product)
    return tuple(products)


def _look(product: Product) -> tuple[str, Cut, str]:
    return product.kind.noun, product.cut, product.pattern.name


def _pick(text: str, rng: np.random.Generator) -> str:
    return str(rng.choice(options(text)))


def _invent(kind: Kind, code: int, rng: np.random.Generator) -> Product:
    """A random product of that kind."""
    cut = _cut(kind, rng)
    name = _pick(kind.prints, rng)
    pattern = next(pattern for pattern in PRINTS if pattern.name == name)
    fitting = [d for d in DEPARTMENTS if d.wearer == cut.wearer and kind.line in d.lines]
    colours = _colours(cut.fabric, rng)
    return Product(
        code=code,
        name=f"{rng.choice(FIRST_NAMES)} {kind.surname}",
        kind=kind,
        department=fitting[int(rng.integers(len(fitting)))],
        cut=cut,
        pattern=pattern,
        description=describe(kind, cut, pattern, rng),
        price=float(_pick(kind.prices, rng)),
        colours=colours,
        numbers=tuple(np.cumsum(rng.integers(1, 5, len(colours))).tolist()),
    )


def _cut(kind: Kind, rng: np.random.Generator) -> Cut:
    details = (_pick(choices, rng) for choices in kind.details.split("; "))
    return Cut(
        shape=kind.shape,
        fabric=_pick(kind.fabrics, rng),
        wearer=_pick(kind.wearers, rng),
        length=_pick(kind.lengths, rng),
        fit=_pick(kind.fits, rng),
        neckline=_pick(kind.necklines, rng),
        sleeves=_pick(kind.sleeves, rng),
        details=tuple(detail for detail in details if detail != "-"),
    )


def _colours(fabric: str, rng: np.random.Generator) -> tuple[Colour, ...]:
    """Between one and six colours the fabric comes in, common ones more often."""
    dyed = dyes(fabric)
    count = 1 + int(rng.choice(len(COLOUR_COUNTS), p=COLOUR_COUNTS))
    liked = 1 / (np.arange(len(dyed)) + 4.0)
    chosen = rng.choice(len(dyed), min(count, len(dyed)), replace=False, p=liked / liked.sum())
    return tuple(dyed[number] for number in chosen.tolist())

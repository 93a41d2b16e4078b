"""The product types of the sample shop, read from ``tables/product_types.toml``."""

from dataclasses import dataclass

from recsys.sample.table_files import read_table

Choices = tuple[str, ...]
"""Choices of equal probability; one that stands twice is twice as likely."""


@dataclass(frozen=True)
class ProductType:
    """A product type: how it is labelled, named and priced, and how its products may differ.

    Attributes:
        noun: what descriptions call it.
        name_ending: the second word of its products' names.
        line: the product line, by which departments list what they sell.
        type_no, type_name, group: its labels in the catalogue.
        products: how many products of it the shop has.
        prices: price points, in euros.
        wearers: "women", "men" and "child".
        shape: the silhouette, a key of `SHAPES`.
        fabrics, patterns: names of `FABRICS` and `PATTERNS`.
        lengths, fits, necklines, sleeves: as in `Cut`.
        details: a product gets one option of each of these lists; "" stands for none.
        closing_sentences: sentences that may end a description.
        peak_month: the month in which it sells best, 1 to 12; 0 where all months are the same.
    """

    noun: str
    name_ending: str
    line: str
    type_no: int
    type_name: str
    group: str
    products: int
    prices: tuple[float, ...]
    wearers: Choices
    shape: str
    fabrics: Choices
    patterns: Choices
    lengths: Choices = ("regular",)
    fits: Choices = ("regular",)
    necklines: Choices = ("round",)
    sleeves: Choices = ("none",)
    details: tuple[Choices, ...] = ()
    closing_sentences: Choices = ("",)
    peak_month: int = 0


PRODUCT_TYPES = tuple(ProductType(**row) for row in read_table("product_types")["product_type"])
"""Every product type that the sample shop sells."""

"""The retrieval models, one module each, and what a visitor is told about them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Model:
    """A retrieval model as the page and the API name it.

    Attributes:
        name: the key used everywhere: in files, API answers and code.
        title: the heading of its gallery.
        explanation: one line that says what "similar" means to it.
    """

    name: str
    title: str
    explanation: str


TEXT = Model("text", "Described alike", "Name, type, colour and description say similar things.")
IMAGE = Model("image", "Looks alike", "The photos look similar to a vision model.")
FEATURES = Model(
    "features", "Shares features", "The catalogue lists the same attributes, rare ones first."
)
TWO_TOWER = Model("two_tower", "Bought together", "The same shoppers tend to buy these.")
COMBINED = Model(
    "combined", "All combined", "A weighted mean of the four scores below and of what sells."
)

SINGLE = (TEXT, IMAGE, FEATURES, TWO_TOWER)
"""The models that have vectors of their own."""

COUNTS = {
    "co_purchase": "Bought by the same shoppers",
    "popularity": "Sells well",
    "recency": "Sells well lately",
}
"""What the combined model counts beside the models, and how a visitor is told."""

ALL = (COMBINED, *SINGLE)
"""Every model, in the order of the galleries."""

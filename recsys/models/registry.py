"""The names of the retrieval models, and how the page explains them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Model:
    """A retrieval model as the page and the API name it.

    Attributes:
        name: the key used everywhere: in files, API answers and code.
        title: the heading of its gallery.
        explanation: one line on what makes articles similar, for readers who know no models.
    """

    name: str
    title: str
    explanation: str


TEXT = Model("text", "Described alike", "Similar name, type, colour and description.")
IMAGE = Model("image", "Looks alike", "Similar photos.")
FEATURES = Model("features", "Shares features", "Same attributes; rare ones count more.")
TWO_TOWER = Model("two_tower", "Bought together", "Often bought by the same shoppers.")
COMBINED = Model("combined", "All combined", "The four rankings below, blended with sales.")

SINGLE = (TEXT, IMAGE, FEATURES, TWO_TOWER)
"""The models that have vectors of their own."""

COUNTS = {
    "co_purchase": "Bought by the same shoppers",
    "popularity": "Sells well",
    "recency": "Sells well lately",
}
"""The parts of the combined score that count purchases, and how the page explains them."""

ALL = (COMBINED, *SINGLE)
"""Every model, in the order of the galleries."""

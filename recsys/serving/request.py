"""What a visitor looks for, checked where it comes in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from recsys.errors import QueryError
from recsys.retrieval.facets import Filters
from recsys.retrieval.fusion import PARTS
from recsys.vectors import Float32

DEFAULT_MATCHES, MOST_MATCHES = 12, 48
LONGEST_WORDS = 500
"""How many characters a visitor may ask with."""

WORDS_WEIGHT = 0.5
"""How much words count beside an article or a photo, unless a visitor says otherwise."""

HEAVIEST = 100
"""The most that a visitor may let a part of the combined model weigh; proportions count."""


@dataclass(frozen=True)
class SearchRequest:
    """What a visitor looks for: an article or a photo or neither, and words or none.

    Attributes:
        article: an article id; ``None`` for none.
        photo: a photo's vector, as `Recommender.read` returned it; ``None`` for none.
        words: what it should be, or how it should differ.
        weight: how much the words count beside the article or photo, in [0, 1].
        corrected: what the photo shows in truth, a value by column.
        ignored: columns whose attributes the words do not mean.
        filters: what answers must be.
        one_a_product: whether other colours of a product, also of the article's, are left out.
        weights: by part of the combined model; empty for those that were learned.
    """

    article: str | None = None
    photo: Float32 | None = None
    words: str = ""
    weight: float = WORDS_WEIGHT
    corrected: Mapping[str, str] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()
    filters: Filters = field(default_factory=Filters)
    one_a_product: bool = False
    weights: Mapping[str, float] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """What it asks with, as "photo+words"."""
        asked = {"article": self.article, "photo": self.photo, "words": self.words or None}
        return "+".join(name for name, given in asked.items() if given is not None)


def check_count(k: int) -> None:
    """Raise `QueryError` unless ``k`` matches may be asked for."""
    if not isinstance(k, int) or not 1 <= k <= MOST_MATCHES:
        raise QueryError(f"Ask for 1 to {MOST_MATCHES} matches, not {k!r:.60}.")


def check_weight(part: str, weight: float) -> None:
    """Raise `QueryError` unless the combined model has such a part, and it can weigh so much."""
    if part not in PARTS:
        raise QueryError(f"Weigh {', '.join(PARTS)}, not {part!r:.60}.")
    if not isinstance(weight, int | float) or not 0 <= weight <= HEAVIEST:
        raise QueryError(f"Weights are between 0 and {HEAVIEST}, not {weight!r:.60}.")


def check_weights(weights: Mapping[str, float]) -> None:
    """Raise `QueryError` unless the combined model can weigh its parts so."""
    if not isinstance(weights, Mapping):
        raise QueryError("Weights are a number by part of the combined model.")
    for part, weight in weights.items():
        check_weight(part, weight)
    if weights and not any(weights.values()):
        raise QueryError("Give at least one part some weight.")


def check_share(weight: float) -> None:
    """Raise `QueryError` unless words can count that much beside an article or a photo."""
    if not isinstance(weight, int | float) or not 0 <= weight <= 1:
        raise QueryError(f"Words count between 0 and 1, not {weight!r}.")


def checked_words(search: SearchRequest) -> str:
    """Return the words of a search, without spaces around them.

    Raises:
        QueryError: there is nothing to look for, there are too many words, or their weight is no
            share.
    """
    words = " ".join(str(search.words).split())
    if not words and search.article is None and search.photo is None:
        raise QueryError("Say what to look for: an article id, a photo or a few words.")
    if search.article is not None and search.photo is not None:
        raise QueryError("Ask with an article or with a photo, not with both.")
    if len(words) > LONGEST_WORDS:
        raise QueryError(f"Use fewer words: at most {LONGEST_WORDS} characters are read.")
    check_share(search.weight)
    return words


def ids_in(basket: object) -> list[str]:
    """Return the ids in a basket: a list of them, or a text with anything between them.

    Raises:
        QueryError: it is neither.
    """
    if isinstance(basket, str):
        return re.findall(r"[^\s,;]+", basket)
    if isinstance(basket, list):
        return basket
    raise QueryError("A basket is a list of article ids.")

"""What visitors and programs ask for, and the checks of it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from recsys.errors import QueryError
from recsys.retrieval.facets import Filters
from recsys.retrieval.fusion import PARTS
from recsys.vectors import Float32

DEFAULT_MATCHES, MOST_MATCHES = 12, 48
"""Matches of each model, by default and at most: one row and four rows of the widest page."""

LONGEST_WORDS = 500
"""Characters of a word query: in English well within the 256 tokens that the text encoder reads."""

WORDS_WEIGHT = 0.5
"""Default weight of the words beside an article or a photo: half and half."""

HEAVIEST = 100
"""Highest weight of a part of the combined model. Only the proportions of weights count."""


LARGEST_BASKET = 50
"""Articles in a visitor's basket: more than anybody types."""


@dataclass(frozen=True)
class SearchRequest:
    """A search: for an article, a photo or neither, with or without words.

    Attributes:
        article: an article id; ``None`` for none.
        photo: a photo's vector, from `Recommender.encode_photo`; ``None`` for none. Requests are
            compared without it: arrays have no single truth value.
        words: what matches should be, or how they should differ from the article or photo.
        weight: of the words beside the article or photo, in [0, 1].
        corrected: attributes of the photo that the visitor corrected, a value by column.
        ignored: columns of attributes that the words name but that matches need not have.
        filters: that matches must pass.
        one_a_product: leave out other colours of a product, and of the article's own product.
        weights: by part of the combined model; empty for the learned ones.
    """

    article: str | None = None
    photo: Float32 | None = field(default=None, compare=False)
    words: str = ""
    weight: float = WORDS_WEIGHT
    corrected: Mapping[str, str] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()
    filters: Filters = field(default_factory=Filters)
    one_a_product: bool = False
    weights: Mapping[str, float] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """What it searches by, as "photo+words"."""
        inputs = {"article": self.article, "photo": self.photo, "words": self.words or None}
        return "+".join(name for name, given in inputs.items() if given is not None)


def check_count(k: int, most: int = MOST_MATCHES) -> None:
    """Raise `QueryError` unless ``k`` is a number of matches that can be asked for."""
    if not isinstance(k, int) or not 1 <= k <= most:
        raise QueryError(f"Ask for 1 to {most} matches, not {k!r:.60}.")


def check_basket(texts: Sequence[str]) -> None:
    """Raise `QueryError` if a basket is empty or too large."""
    if not 1 <= len(texts) <= LARGEST_BASKET:
        raise QueryError(f"Name 1 to {LARGEST_BASKET} articles, not {len(texts)}.")


def check_weight(part: str, weight: float) -> None:
    """Raise `QueryError` unless the combined model has this part and can give it this weight."""
    if part not in PARTS:
        raise QueryError(f"Weigh {', '.join(PARTS)}, not {part!r:.60}.")
    if not isinstance(weight, int | float) or not 0 <= weight <= HEAVIEST:
        raise QueryError(f"Weights are between 0 and {HEAVIEST}, not {weight!r:.60}.")


def check_weights(weights: Mapping[str, float]) -> None:
    """Raise `QueryError` unless these are weights of parts of the combined model, not all 0."""
    if not isinstance(weights, Mapping):
        raise QueryError("Weights are a number by part of the combined model.")
    for part, weight in weights.items():
        check_weight(part, weight)
    if weights and not any(weights.values()):
        raise QueryError("Give at least one part some weight.")


def check_share(weight: float) -> None:
    """Raise `QueryError` unless ``weight`` is a weight of words, in [0, 1]."""
    if not isinstance(weight, int | float) or not 0 <= weight <= 1:
        raise QueryError(f"Words count between 0 and 1, not {weight!r}.")


def normalized_words(words: str) -> str:
    """Return words with single spaces between them and none around them.

    Halves of characters, which programs may send and no encoding has, become question marks.
    """
    return " ".join(str(words).encode(errors="replace").decode().split())


def checked_words(request: SearchRequest) -> str:
    """Return the normalized words of a request.

    Raises:
        QueryError: the request has nothing to search by, or both an article and a photo; the words
            are too long or their weight is not in [0, 1].
    """
    words = normalized_words(request.words)
    if not words and request.article is None and request.photo is None:
        raise QueryError("Say what to look for: a photo, words or an article number.")
    if request.article is not None and request.photo is not None:
        raise QueryError("Search with an article or with a photo, not with both.")
    if len(words) > LONGEST_WORDS:
        raise QueryError(f"Use fewer words: at most {LONGEST_WORDS} characters are read.")
    check_share(request.weight)
    return words


def ids_in(basket: object) -> list[str]:
    """Return the ids of a basket, given as a list or as text with spaces, commas or semicolons.

    Raises:
        QueryError: ``basket`` is neither.
    """
    if isinstance(basket, str):
        return re.findall(r"[^\s,;]+", basket)
    if isinstance(basket, list):
        return basket
    raise QueryError("A basket is a list of article numbers.")


def shortened(given: object) -> str:
    """Return what a visitor gave in quotes for a message, its first 40 characters at most."""
    text = str(given)
    return repr(text if len(text) <= 40 else text[:40] + "…")

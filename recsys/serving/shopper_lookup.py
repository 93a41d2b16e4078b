"""Look up the example shoppers of a release by what a visitor types."""

import difflib
import re
from collections.abc import Collection

from recsys.errors import QueryError
from recsys.serving.request import shortened

SUGGESTIONS = 3
"""Shoppers that are suggested for one that does not exist."""


def find_shopper(text: str, aliases: Collection[str]) -> str:
    """Return the alias that a text means: the alias itself, in any case, or its number.

    Raises:
        QueryError: there is no such shopper.

    >>> find_shopper(" Shopper 1", ["shopper-0001", "shopper-0002"])
    'shopper-0001'
    """
    number = _number(text)
    words = "".join(re.findall(r"[^\W\d]+", text)).casefold()
    for alias in aliases:
        if alias.casefold() == text.strip().casefold():
            return alias
    for alias in aliases:
        if number and number == _number(alias) and alias.casefold().startswith(words):
            return alias
    raise unknown_shopper(text)


def similar_shoppers(text: str, aliases: Collection[str]) -> list[str]:
    """Return the aliases that look most like a text; the first ones where none does."""
    similar = difflib.get_close_matches(text[:100].casefold(), aliases, SUGGESTIONS)
    return similar or list(aliases)[:SUGGESTIONS]


def unknown_shopper(text: str) -> QueryError:
    """Return the error for a text that is no shopper's alias."""
    return QueryError(f"There is no shopper {shortened(text)}.")


def _number(text: str) -> int:
    """Return the number that a text ends with; 0 for none."""
    digits = re.search(r"[0-9]{1,9}\s*$", text)
    return int(digits[0]) if digits else 0

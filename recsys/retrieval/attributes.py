"""Find the attributes that words name: "black dress" names a colour and a product type."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from recsys.catalog.schema import COLOUR, PATTERN, PRODUCT_TYPE
from recsys.models.features import Vocabulary

NAMED = (PRODUCT_TYPE, COLOUR, PATTERN)
"""The columns whose values words name; a word that fits several columns means the first."""

PLACEHOLDERS = {"unknown", "undefined", "other"}
"""Words in H&M's values that name no attribute."""

WORD = r"[^\W_]+"
"""Letters and digits of any script."""

Phrase = tuple[str, ...]
"""The stems of words in a row."""


@dataclass(frozen=True)
class NamedAttribute:
    """An attribute that words of a query name.

    Attributes:
        column: of the catalogue.
        words: as in the query.
        values: the column's values that they mean: "red" is also "Dark Red".
    """

    column: str
    words: str
    values: tuple[str, ...]


class AttributeVocabulary:
    """Finds the attributes that words name. Safe to share between threads.

    Args:
        vocabulary: the catalogue's values.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._values: dict[Phrase, tuple[str, tuple[str, ...]]] = {}
        for column in reversed(NAMED):
            phrases = {value: _phrases(value, column) for value in vocabulary.values[column]}
            for name in {name for each in phrases.values() for name in _names(each, column)}:
                self._values[name] = (column, _values(name, phrases, column))
        self._longest = max(map(len, self._values), default=0)

    def named(self, words: str) -> list[NamedAttribute]:
        """Return the attributes that ``words`` name, in their order; long phrases go first."""
        found = list(re.finditer(WORD, words.lower()))
        stems = [_stem(match.group()) for match in found]
        named, at = [], 0
        while at < len(stems):
            length = self._length_at(stems, at)
            if length:
                column, values = self._values[tuple(stems[at : at + length])]
                phrase = words[found[at].start() : found[at + length - 1].end()]
                named.append(NamedAttribute(column, phrase, values))
            at += max(length, 1)
        return named

    def _length_at(self, stems: Sequence[str], start: int) -> int:
        """Return the length of the longest known phrase that starts there; 0 for none."""
        longest = min(self._longest, len(stems) - start)
        lengths = range(longest, 0, -1)
        return next((n for n in lengths if tuple(stems[start : start + n]) in self._values), 0)


def _phrases(value: str, column: str) -> list[Phrase]:
    """Return the names of a value: "Hat/beanie" is named "hat" or "beanie".

    The colour "Other Red" is named "red"; the product type "Other shoe" has no name, since a search
    for shoes means all of them.
    """
    words = [re.findall(WORD, part.lower()) for part in value.split("/")]
    if column != COLOUR:
        words = [part for part in words if not PLACEHOLDERS & set(part)]
    phrases = [tuple(_stem(word) for word in part if word not in PLACEHOLDERS) for part in words]
    return [phrase for phrase in phrases if phrase]


def _names(phrases: Iterable[Phrase], column: str) -> Iterable[Phrase]:
    """Return the phrases, and of colours their last words: "dark red" is named "red", too."""
    for phrase in phrases:
        yield phrase
        if column == COLOUR:
            yield phrase[-1:]


def _values(name: Phrase, phrases: dict[str, list[Phrase]], column: str) -> tuple[str, ...]:
    """Return the values with that name: of a colour also its shades."""
    ends = -len(name) if column == COLOUR else 0
    return tuple(
        value for value, each in phrases.items() if any(phrase[ends:] == name for phrase in each)
    )


def _stem(word: str) -> str:
    """Return a word without plural and participle endings: dresses, stripes, striped, checked."""
    if re.search(r"(ss|x|ch|sh)es$", word) or (word.endswith("ed") and len(word) > 4):
        return word[:-2]
    word = word[:-1] if word.endswith("s") and not word.endswith("ss") else word
    return word[:-1] if word.endswith("e") else word

"""Words that name attributes: "black dress" asks for what is black, and for dresses."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from recsys.catalog.schema import COLOUR, KIND, PATTERN
from recsys.models.features import Vocabulary

NAMED = (KIND, COLOUR, PATTERN)
"""The columns whose values people name; in case of doubt the first."""

NOTHING = {"unknown", "undefined", "other"}

Phrase = tuple[str, ...]


@dataclass(frozen=True)
class NamedAttribute:
    """Words that name an attribute, and so ask for articles that have it.

    AttributeVocabulary:
        column: of the catalogue.
        words: as they were said.
        values: the column's values that they can mean: "red" is also "Dark Red".
    """

    column: str
    words: str
    values: tuple[str, ...]


class AttributeVocabulary:
    """Finds the attributes that words name.

    Args:
        vocabulary: the values there are.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._meant: dict[Phrase, tuple[str, tuple[str, ...]]] = {}
        for column in reversed(NAMED):
            phrases = {value: _phrases(value, column) for value in vocabulary.values[column]}
            for said in {said for each in phrases.values() for said in _said(each, column)}:
                self._meant[said] = (column, _values(said, phrases, column))
        self._longest = max(map(len, self._meant), default=0)

    def named(self, words: str) -> list[NamedAttribute]:
        """Return the attributes that ``words`` name, the longest phrases first understood."""
        found = list(re.finditer(r"[^\W_]+", words.lower()))
        stems = [_stem(match.group()) for match in found]
        named, at = [], 0
        while at < len(stems):
            length = next(
                (
                    n
                    for n in range(self._longest, 0, -1)
                    if tuple(stems[at : at + n]) in self._meant
                ),
                0,
            )
            if length:
                column, values = self._meant[tuple(stems[at : at + length])]
                said = words[found[at].start() : found[min(at + length, len(found)) - 1].end()]
                named.append(NamedAttribute(column, said, values))
            at += max(length, 1)
        return named


def _phrases(value: str, column: str) -> list[Phrase]:
    """Return what a value is called: "Hat/beanie" is a hat and a beanie.

    "Other Red" is a red; but "Other shoe" only says which shoes it is not.
    """
    words = [re.findall(r"[^\W_]+", part.lower()) for part in value.split("/")]
    if column != COLOUR:
        words = [part for part in words if not NOTHING & set(part)]
    phrases = [tuple(_stem(word) for word in part if word not in NOTHING) for part in words]
    return [phrase for phrase in phrases if phrase]


def _said(phrases: Iterable[Phrase], column: str) -> Iterable[Phrase]:
    """Return how people may name a value. The last word of a colour is a colour, too."""
    for phrase in phrases:
        yield phrase
        if column == COLOUR:
            yield phrase[-1:]


def _values(said: Phrase, phrases: dict[str, list[Phrase]], column: str) -> tuple[str, ...]:
    """Return the values that a phrase means: of colours also their shades."""
    ends = -len(said) if column == COLOUR else 0
    return tuple(
        value for value, each in phrases.items() if any(phrase[ends:] == said for phrase in each)
    )


def _stem(word: str) -> str:
    """Return a word without what people add to it: dresses, stripes and striped lose it."""
    if re.search(r"(ss|x|ch|sh)es$", word) or (word.endswith("ed") and len(word) > 4):
        return word[:-2]
    word = word[:-1] if word.endswith("s") and not word.endswith("ss") else word
    return word[:-1] if word.endswith("e") else word

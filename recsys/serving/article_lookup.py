"""Look up the articles of a release: by id, in a text, by row, at random, as examples."""

import math
import random
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from recsys.catalog.schema import ARTICLE_COLUMNS, DESCRIPTIVE_COLUMNS, normalize_article_id
from recsys.errors import QueryError
from recsys.release.reader import Release
from recsys.serving.request import shortened
from recsys.serving.results import Article
from recsys.vectors import spread_evenly

PRICE_DECIMALS = 6
"""H&M's prices are scaled to a few hundredths; their sixth decimal is the last with a meaning."""

ID_DIGITS, PRODUCT_DIGITS = 10, 7
"""Digits of an article id, and of the product code that it starts with."""

FEWEST_DIGITS, MOST_DIGITS = 7, 13
"""Digits of what is an article id with a typing error, and not a size or a year."""

LONGEST_TEXT = 500
"""Characters of a text in which ids are looked for, as of the longest words of a search."""

SUGGESTIONS = 3
"""Articles that are suggested for an id that does not exist."""

LABEL = r"(?:\b(?:article|art|item|product)\b\.?)? ?(?:\b(?:number|no|nr|id)\b\.?)?[ :#№(=]*"
"""What may stand before an article id, as in "Article no. 0310352003"."""


@dataclass(frozen=True)
class Mention:
    """What a text says about articles.

    Attributes:
        article_id: of the first article that it names; empty for none.
        others: ids of the other articles that it names.
        unknown: a number that looks like an article id and is none; empty for none.
        words: the rest of the text.
    """

    article_id: str = ""
    others: tuple[str, ...] = ()
    unknown: str = ""
    words: str = ""


class Articles:
    """Looks up the articles of a release. Safe to share between threads."""

    def __init__(self, release: Release) -> None:
        self.release = release
        # Plain lists: reading one cell of a DataFrame takes a hundred times as long.
        self._text = {column: release.articles[column].tolist() for column in ARTICLE_COLUMNS}
        self._row = {id_: row for row, id_ in enumerate(self._text["article_id"])}

    def __len__(self) -> int:
        return len(self._row)

    @cached_property
    def photo_count(self) -> int:
        """Number of articles with a photo."""
        return int(self.release.with_photo.sum())

    @cached_property
    def prices(self) -> tuple[float, float]:
        """The lowest and the highest price; both NaN where nothing was ever sold."""
        known = self.release.prices[~np.isnan(self.release.prices)]
        return (float(known.min()), float(known.max())) if len(known) else (math.nan, math.nan)

    def row(self, text: str) -> int:
        """Return the row of an article, given its id with or without leading zeros and spaces.

        Raises:
            QueryError: ``text`` is not an article id, or the catalogue has no such article.
        """
        text = str(text)  # API clients may send a number
        try:
            article_id = normalize_article_id(text)
        except ValueError as error:
            raise QueryError(
                f"{shortened(text)} is not an article number. "
                f"They have up to {ID_DIGITS} digits, such as {self._text['article_id'][0]}."
            ) from error
        if article_id not in self._row:
            raise QueryError(f"There is no article {article_id} in this catalogue.")
        return self._row[article_id]

    def mentioned(self, text: str) -> Mention:
        """Return the articles that a text names, whatever stands around their ids.

        Digits may be of any script, a letter O stands for a zero, and leading zeros may be
        missing. Which numbers are ids is decided by which articles exist: "501 jeans" are words.
        """
        text = _with_plain_digits(text)
        if len(text) > LONGEST_TEXT:
            return Mention(words=text)
        found = self._known_among(re.findall(rf"\d{{{FEWEST_DIGITS},}}", text))
        mistyped = _mistyped(text)
        found = found or self._known_among(mistyped)
        if found:
            first, *others = dict.fromkeys(found.values())
            return Mention(first, tuple(others), "", _rest(text, found))
        unknown = mistyped[:1]
        return Mention("", (), "".join(map(_number, unknown)), _rest(text, unknown))

    def similar(self, number: str) -> list[Article]:
        """Return the articles that may be meant by a number that is no article's id.

        These are articles whose ids differ in one digit, and others of the same product; where
        there are none, those with the nearest ids.
        """
        if not FEWEST_DIGITS <= len(number) <= MOST_DIGITS:
            return []
        near = number[:ID_DIGITS].zfill(ID_DIGITS)
        mistyped = {each for each in _one_edit_from(number) if each in self._row}
        of_product = set(self._of_product(near[:PRODUCT_DIGITS]))
        at = bisect_left(self._ids, near)
        ids = mistyped | of_product or self._ids[max(0, at - 1) : at + 1]

        def unlikely(article_id: str) -> tuple[bool, bool, int]:
            distance = abs(int(article_id) - int(near))
            return article_id not in of_product, article_id not in mistyped, distance

        return [self.at(self._row[each]) for each in sorted(ids, key=unlikely)[:SUGGESTIONS]]

    @cached_property
    def _ids(self) -> list[str]:
        """All ids, sorted."""
        return sorted(self._row)

    def _of_product(self, code: str) -> list[str]:
        first, end = bisect_left(self._ids, code), bisect_left(self._ids, code + ":")
        return self._ids[first:end]

    def _known_among(self, numbers: Iterable[str]) -> dict[str, str]:
        """Return the ids that numbers stand for; numbers that are no ids are left out."""
        ids = {each: _number(each).lstrip("0").zfill(ID_DIGITS) for each in numbers}
        return {number: article_id for number, article_id in ids.items() if article_id in self._row}

    def at(self, row: int) -> Article:
        """Return the article in a row."""
        price = float(self.release.prices[row])
        return Article(
            article_id=self._text["article_id"][row],
            name=self._text["prod_name"][row],
            description=self._text["detail_desc"][row],
            attributes={column: self._text[column][row] for column in DESCRIPTIVE_COLUMNS},
            has_photo=bool(self.release.with_photo[row]),
            price=None if math.isnan(price) else round(price, PRICE_DECIMALS),
            currency=self.release.manifest.currency,
        )

    def random(self, rng: random.Random) -> Article:
        """Return a random article, one with a photo if there are any."""
        rows = np.flatnonzero(self.release.with_photo)
        return self.at(int(rng.choice(rows if len(rows) else range(len(self)))))

    def examples(self, count: int) -> list[Article]:
        """Return up to ``count`` articles with photos, evenly spread over the catalogue."""
        rows = np.flatnonzero(self.release.with_photo)
        places = spread_evenly(count, len(rows))
        return [self.at(int(row)) for row in rows[places]]


def is_label(text: str) -> bool:
    """Whether a text only announces an article id, as "Article" does in "Article 0310352003"."""
    return bool(re.fullmatch(f"(?i){LABEL}", text))


def _with_plain_digits(text: str) -> str:
    """Return a text with single spaces and the digits 0 to 9 instead of those of other scripts."""
    plain = re.sub(r"\d", lambda digit: str(unicodedata.decimal(digit[0])), text)
    return " ".join(plain.split())


def _number(text: str) -> str:
    """Return the digits of a number in which spaces, dashes and letters O may be."""
    return re.sub(r"\D", "", re.sub("[Oo]", "0", text))


def _mistyped(text: str) -> list[str]:
    """Return the parts of a text that are probably meant as article ids."""
    whole = re.fullmatch(rf"(?i){LABEL}([\dO][\dO -]*)", text)
    if whole and re.search(r"\d", text):
        return [whole[1]]
    numbers = re.findall(rf"(?<!\w)[\dOo]{{{FEWEST_DIGITS},{MOST_DIGITS}}}(?!\w)", text)
    return [each for each in numbers if len(re.findall(r"\d", each)) >= FEWEST_DIGITS - 2]


def _rest(text: str, numbers: Collection[str]) -> str:
    """Return a text without numbers, what belongs to them, and links that they are in."""
    if not numbers:
        return text
    for number in numbers:
        kept = (each for each in text.split() if number not in each or "/" not in each)
        text = re.sub(rf"(?i){LABEL}\w*{number}[\w.]*[),;:]*", " ", " ".join(kept))
    return " ".join(each for each in text.split() if re.search(r"\w", each))


def _one_edit_from(number: str) -> Iterator[str]:
    """Yield ids that differ from a number in one digit: another, missing, one too many, swapped."""
    digits = number.zfill(ID_DIGITS)
    places = range(len(digits))
    if len(digits) == ID_DIGITS:
        yield from (digits[:at] + new + digits[at + 1 :] for at in places for new in "0123456789")
        swapped = (
            digits[:at] + digits[at + 1 : at + 2] + digits[at] + digits[at + 2 :] for at in places
        )
        yield from swapped
        yield from (
            (number[:at] + new + number[at:]).zfill(ID_DIGITS)
            for at in range(len(number) + 1)
            for new in "0123456789"
            if len(number) < ID_DIGITS
        )
    elif len(digits) == ID_DIGITS + 1:
        yield from (digits[:at] + digits[at + 1 :] for at in places)

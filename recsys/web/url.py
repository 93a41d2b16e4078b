"""The page's address says all that a page shows, so that it can be shared, kept and gone back to.

Only a photo cannot be in an address: it says that there is one, and the page keeps it.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import parse_qs, urlencode

from recsys.errors import QueryError
from recsys.retrieval.attributes import NAMED
from recsys.retrieval.facets import FACETS, Filters
from recsys.serving.recommender import Recommender
from recsys.serving.request import (
    DEFAULT_MATCHES,
    WORDS_WEIGHT,
    SearchRequest,
    check_count,
    check_share,
    check_weight,
    ids_in,
)
from recsys.vectors import Float32

MOST_FIELDS = 200
WEIGHT, CORRECT = "weight.", "correct."
"""How the names of fields begin that are about a part of the model, or a column."""

CHEAPEST, DEAREST = "cheapest", "dearest"

FIND, SHOPPER, QUALITY, CATALOG = "find", "shopper", "quality", "catalogue"
PAGES = (FIND, SHOPPER, QUALITY, CATALOG)
"""Where the page's menu leads."""

OWN = "1"
"""What stands for a visitor's own photo."""

NO_PHOTO = "The photo of this link is not here any more. Drop it again."

T = TypeVar("T")


@dataclass(frozen=True)
class Place:
    """What is shown.

    Attributes:
        page: one of `PAGES`.
        search: what is looked for, on the first page.
        photo_of: the id of the article whose photo is asked about as if it were a visitor's; empty
            for none.
        shopper: whom the answer is for, on the shoppers' page; empty for nobody.
        basket: the article ids that the answer is for there, with spaces between; empty for none.
        k: how many matches a gallery.
        opened: the id of the article whose details are open; empty for none.
    """

    page: str = FIND
    search: SearchRequest = field(default_factory=SearchRequest)
    photo_of: str = ""
    shopper: str = ""
    basket: str = ""
    k: int = DEFAULT_MATCHES
    opened: str = ""

    @property
    def asks(self) -> bool:
        """Whether anything is looked for."""
        search = self.search
        asked = search.article is not None or search.photo is not None or search.words
        return bool(asked or self.shopper or self.basket)

    @property
    def narrowed(self) -> bool:
        """Whether the visitor has filtered the answers."""
        return self.search.filters != Filters() or self.search.one_a_product

    def opening(self, article_id: str) -> "Place":
        """Return this place with the details of an article open, or of none."""
        return dataclasses.replace(self, opened=article_id)

    def searching(self, **changes: object) -> "Place":
        """Return this place after a change of its search, with no details open."""
        search = dataclasses.replace(self.search, **changes)  # type: ignore[arg-type]
        return dataclasses.replace(self, search=search, opened="")


@dataclass(frozen=True)
class Directions:
    """Where an address leads, and what could not be followed in it."""

    place: Place
    complaints: tuple[str, ...]


def write(place: Place) -> str:
    """Return the address of a place, from its question mark on."""
    return f"?{urlencode(fields(place))}"


def fields(place: Place) -> list[tuple[str, str]]:
    """Return what an address says, as names and values; nothing of what is as usual."""
    said: list[tuple[str, object]] = []
    if place.page != FIND:
        # Gradio takes a field "page" for one of its own.
        said.append(("see", place.page))
    said += [(name, getattr(place, name)) for name in ("shopper", "basket") if getattr(place, name)]
    said += _searched(place)
    if place.k != DEFAULT_MATCHES:
        said.append(("k", place.k))
    if place.opened:
        said.append(("open", place.opened))
    return [(name, str(value)) for name, value in said]


def _searched(place: Place) -> list[tuple[str, object]]:
    search, usual = place.search, SearchRequest()
    fields: list[tuple[str, object]] = []
    if search.article is not None:
        fields.append(("article", search.article))
    if search.photo is not None:
        fields.append(("photo", place.photo_of or OWN))
    if search.words:
        fields.append(("words", search.words))
    if search.words and search.weight != usual.weight:
        fields.append(("words_weight", _number(search.weight)))
    fields += [("ignore", column) for column in sorted(search.ignored)]
    fields += [(CORRECT + column, value) for column, value in search.corrected.items()]
    filters = search.filters
    fields += [(name, value) for name in FACETS for value in filters.chosen.get(name, ())]
    prices = {CHEAPEST: filters.cheapest, DEAREST: filters.dearest}
    fields += [(name, _number(price)) for name, price in prices.items() if price is not None]
    if filters.with_photo:
        fields.append(("with_photo", 1))
    if search.one_a_product:
        fields.append(("one_a_product", 1))
    fields += [(WEIGHT + part, _number(weight)) for part, weight in search.weights.items()]
    return fields


def _number(number: float) -> str:
    """Return a number that is read back as just the same."""
    return repr(float(number)).removesuffix(".0")


def read(address: str, recommender: Recommender, photo: Float32 | None = None) -> Directions:
    """Return where an address leads; what it says wrongly is left out, with a complaint.

    Args:
        address: as `write` gives it.
        recommender: knows what there is.
        photo: the vector of the photo that the page has; ``None`` for none.
    """
    try:
        # A browser may send what is no text in any encoding.
        text = address.encode(errors="replace").decode()
        fields = parse_qs(text.lstrip("?"), max_num_fields=MOST_FIELDS)
    except ValueError:
        return Directions(Place(), ("This link says too much to be read.",))
    reader = _UrlParser(fields, recommender)
    place = reader.place(photo)
    return Directions(place, tuple(dict.fromkeys(reader.complaints)))


class _UrlParser:
    """Reads the fields of an address, and keeps what is wrong with them."""

    def __init__(self, fields: Mapping[str, list[str]], recommender: Recommender) -> None:
        self.fields, self.recommender = fields, recommender
        self.complaints: list[str] = []

    def place(self, photo: Float32 | None) -> Place:
        page = self._one("see") or FIND
        if page not in PAGES:
            self.complaints.append(f"There is no page {page!r:.60}.")
            page = FIND
        if page != FIND:
            basket = " ".join(ids_in(self._one("basket")))
            shopper = self._one("shopper").strip()
            return Place(page, SearchRequest(), "", shopper, basket, self.count(), self.opened())
        words = self._one("words")
        digits = "".join(words.split()).isdecimal()
        article = self._article("words" if digits else "article")
        photo_of = self._photo_of() if article is None else ""
        if photo_of:
            photo = self.recommender.photo_vector(photo_of)
        elif article is not None or not self._own_photo(photo):
            photo = None
        search = self.search("" if digits else words, article, photo)
        return Place(search=search, photo_of=photo_of, k=self.count(), opened=self.opened())

    def search(self, words: str, article: str | None, photo: Float32 | None) -> SearchRequest:
        return SearchRequest(
            article=article,
            photo=photo,
            words=words,
            weight=self._kept(
                self._number("words_weight", WORDS_WEIGHT), check_share, WORDS_WEIGHT
            ),
            corrected=self._corrected(),
            ignored=frozenset(
                column for column in self.fields.get("ignore", ()) if self._ignorable(column)
            ),
            filters=self._filters(),
            one_a_product=bool(self._one("one_a_product")),
            weights=self._weights(),
        )

    def count(self) -> int:
        text = self._one("k") or str(DEFAULT_MATCHES)
        k = int(text) if text.isdecimal() and len(text) < 10 else text
        return int(self._kept(k, check_count, DEFAULT_MATCHES))  # type: ignore[arg-type]

    def _photo_of(self) -> str:
        """Return the id of the article whose photo is asked about; empty for a visitor's own."""
        text = self._one("photo")
        return "" if text in ("", OWN) else self._kept(text, self.recommender.photo_vector, "")

    def _own_photo(self, photo: Float32 | None) -> bool:
        """Whether the visitor's own photo is asked about, and there is one."""
        asked = self._one("photo") == OWN
        if asked and photo is None:
            self.complaints.append(NO_PHOTO)
        return asked and photo is not None

    def _ignorable(self, column: str) -> bool:
        if column not in NAMED:
            self.complaints.append(f"Words name no {column!r:.60} that could be ignored.")
        return column in NAMED

    def opened(self) -> str:
        return self._article("open") or ""

    def _article(self, name: str) -> str | None:
        text = self._one(name)
        return self._kept(text, self.recommender.row, "") or None if text else None

    def _filters(self) -> Filters:
        chosen, with_photo = self._chosen(), bool(self._one("with_photo"))
        prices = [self._price(name) for name in (CHEAPEST, DEAREST)]
        filters = Filters(chosen, with_photo, *prices)
        return self._kept(filters, self.recommender.facets.check, Filters(chosen, with_photo))

    def _price(self, name: str) -> float | None:
        price = self._number(name, None)
        check = self.recommender.facets.check
        return self._kept(price, lambda price: check(Filters(cheapest=price)), None)

    def _chosen(self) -> dict[str, list[str]]:
        chosen = {}
        for column in FACETS:
            given = list(dict.fromkeys(self.fields.get(column, ())))
            values = [value for value in given if self._exists(column, value)]
            if values:
                chosen[column] = values
        return chosen

    def _exists(self, column: str, value: str) -> bool:
        filters = Filters({column: [value]})
        return self._kept(filters, self.recommender.facets.check, Filters()) is filters

    def _corrected(self) -> dict[str, str]:
        corrected: dict[str, str] = {}
        for name in self._beginning(CORRECT):
            one: Mapping[str, str] = {name.removeprefix(CORRECT): self._one(name)}
            kept: Mapping[str, str] = self._kept(one, self.recommender.check_corrections, {})
            corrected.update(kept)
        return corrected

    def _weights(self) -> dict[str, float]:
        """Return what weighs anything; no weight at all is as good as none given."""
        weights = {}
        for name in self._beginning(WEIGHT):
            one = (name.removeprefix(WEIGHT), self._number(name, 0.0))
            part, weight = self._kept(one, lambda one: check_weight(*one), (name, 0.0))
            if weight:
                weights[part] = weight
        return weights

    def _beginning(self, start: str) -> list[str]:
        return [name for name in self.fields if name.startswith(start)]

    def _one(self, name: str) -> str:
        return self.fields.get(name, [""])[-1]

    def _number(self, name: str, usual: T) -> float | T:
        text = self._one(name)
        try:
            return float(text) if text else usual
        except ValueError:
            self.complaints.append(f"{name:.60} is a number, not {text!r:.60}.")
            return usual

    def _kept(self, value: T, check: Callable[[T], object], otherwise: T) -> T:
        """Return a value that passes a check, else the other one, and keep the complaint."""
        try:
            check(value)
        except QueryError as error:
            self.complaints.append(str(error))
            return otherwise
        return value

"""Page states as addresses and back, so that every view can be shared, bookmarked and gone back to.

A visitor's own photo cannot be in an address. The address has its name; the browser keeps the
photo and sends it where the server needs it.
"""

import dataclasses
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from urllib.parse import urlencode

from recsys.retrieval.facets import FACETS, Filters
from recsys.serving.request import (
    DEFAULT_MATCHES,
    MOST_MATCHES,
    WORDS_WEIGHT,
    SearchRequest,
)

WEIGHT_PREFIX, CORRECTION_PREFIX = "weight.", "correct."
"""Start of the names of fields, before a part of the combined model or a column."""

CHEAPEST, DEAREST = "cheapest", "dearest"

GRID_STEP = MOST_MATCHES
"""Matches of a gallery that is shown alone, and how many "Show more" adds."""

FIND, SHOPPER, QUALITY, CATALOG = "find", "shopper", "quality", "catalog"
PAGES = (FIND, SHOPPER, QUALITY, CATALOG)
"""The pages, in the order of the menu."""

OWN_PHOTO = re.compile(r"own-[0-9a-f]{8}")
"""Names of visitors' own photos, as values of the field "photo": other values are article ids."""

THIS_PHOTO = "1"
"""Value of the field "photo", in links of earlier versions, for the photo that the page has."""


@dataclass(frozen=True)
class PageState:
    """What a page shows.

    Attributes:
        page: one of `PAGES`.
        search: the search, on the page `FIND`.
        photo_of: id of the article whose photo is searched with; empty if there is none, or if the
            photo is the visitor's own.
        own_photo: name of the visitor's own photo that is searched with; empty if there is none.
        shopper: alias, on the page `SHOPPER`; empty for none.
        basket: article ids separated by spaces, on the page `SHOPPER`; empty for none.
        k: number of matches in a gallery.
        shown: name of the model whose gallery is shown alone, as a grid; empty for all.
        upto: number of matches in that grid.
        compared: whether the models stand in columns.
        opened: id of the article whose details are open; empty for none.
    """

    page: str = FIND
    search: SearchRequest = field(default_factory=SearchRequest)
    photo_of: str = ""
    own_photo: str = ""
    shopper: str = ""
    basket: str = ""
    k: int = DEFAULT_MATCHES
    shown: str = ""
    upto: int = GRID_STEP
    compared: bool = False
    opened: str = ""

    @property
    def has_query(self) -> bool:
        """Whether there is an article, a photo, words, a shopper or a basket to answer for."""
        search = self.search
        by_example = search.article is not None or search.photo is not None
        return bool(by_example or search.words or self.shopper or self.basket)

    @property
    def is_filtered(self) -> bool:
        """Whether filters limit the answer."""
        return self.search.filters != Filters() or self.search.one_a_product

    def with_opened(self, article_id: str) -> "PageState":
        """Return this state with the details of an article open; of none for an empty id."""
        return dataclasses.replace(self, opened=article_id)

    def with_search(self, **changes: object) -> "PageState":
        """Return this state with fields of its search replaced and no details open."""
        search = dataclasses.replace(self.search, **changes)  # type: ignore[arg-type]
        return dataclasses.replace(self, search=search, opened="")

    def with_view(
        self, shown: str = "", upto: int = GRID_STEP, compared: bool = False
    ) -> "PageState":
        """Return this state with its galleries shown otherwise; by default one below another."""
        return dataclasses.replace(self, shown=shown, upto=upto, compared=compared, opened="")

    @property
    def matches(self) -> int:
        """Number of matches of each model that the page needs."""
        return max(self.k, self.upto) if self.shown else self.k


def to_url(state: PageState) -> str:
    """Return the address of a page state, from its question mark on."""
    return f"?{urlencode(url_fields(state))}"


def url_fields(state: PageState, without: Collection[str] = ()) -> list[tuple[str, str]]:
    """Return the names and values of an address's fields. Default values have no field.

    Args:
        state: what the address leads to.
        without: names of fields to leave out. A name that ends in a dot is a prefix.
    """
    fields: list[tuple[str, object]] = []
    if state.page != FIND:
        # Not "page", which is a field of Gradio's own.
        fields.append(("see", state.page))
    fields += [("shopper", state.shopper), ("basket", state.basket)]
    fields += _search_fields(state)
    if state.k != DEFAULT_MATCHES:
        fields.append(("k", state.k))
    fields += _view_fields(state)
    fields.append(("open", state.opened))
    return [
        (name, str(value))
        for name, value in fields
        if value != "" and name not in without and f"{name.partition('.')[0]}." not in without
    ]


def _view_fields(state: PageState) -> list[tuple[str, object]]:
    fields: list[tuple[str, object]] = [("show", state.shown)]
    if state.shown and state.upto != GRID_STEP:
        fields.append(("upto", state.upto))
    if state.compared:
        fields.append(("compare", 1))
    return fields


def _search_fields(state: PageState) -> list[tuple[str, object]]:
    search = state.search
    fields: list[tuple[str, object]] = []
    if search.article is not None:
        fields.append(("article", search.article))
    if search.photo is not None:
        fields.append(("photo", state.photo_of or state.own_photo))
    fields.append(("words", search.words))
    if search.words and search.weight != WORDS_WEIGHT:
        fields.append(("words_weight", _number_text(search.weight)))
    fields += [("ignore", column) for column in sorted(search.ignored)]
    fields += [(CORRECTION_PREFIX + column, value) for column, value in search.corrected.items()]
    fields += _filter_fields(search.filters)
    if search.one_a_product:
        fields.append(("one_a_product", 1))
    fields += [
        (WEIGHT_PREFIX + part, _number_text(weight)) for part, weight in search.weights.items()
    ]
    return fields


def _filter_fields(filters: Filters) -> list[tuple[str, object]]:
    fields: list[tuple[str, object]] = [
        (column, value) for column in FACETS for value in filters.chosen.get(column, ())
    ]
    prices = {CHEAPEST: filters.cheapest, DEAREST: filters.dearest}
    fields += [(name, _number_text(price)) for name, price in prices.items() if price is not None]
    if filters.with_photo:
        fields.append(("with_photo", 1))
    return fields


def _number_text(number: float) -> str:
    """Return a text that `float` turns into exactly this number."""
    return repr(float(number)).removesuffix(".0")

"""Addresses read as page states, with what is wrong in them."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

from recsys.errors import QueryError
from recsys.models.registry import ALL
from recsys.retrieval.attributes import NAMED
from recsys.retrieval.facets import FACETS, Filters
from recsys.retrieval.retriever import CANDIDATES
from recsys.serving.recommender import Recommender
from recsys.serving.request import (
    DEFAULT_MATCHES,
    MOST_MATCHES,
    WORDS_WEIGHT,
    SearchRequest,
    check_count,
    check_share,
    check_weight,
    ids_in,
)
from recsys.vectors import Float32
from recsys.web.url import (
    CATALOG,
    CHEAPEST,
    CORRECTION_PREFIX,
    DEAREST,
    FIND,
    GRID_STEP,
    OWN_PHOTO,
    PAGES,
    SHOPPER,
    WEIGHT_PREFIX,
    PageState,
)

MAX_FIELDS = 200
"""Fields of an address; the longest one that the page makes has fewer than 100."""

FORMER_PAGES = {"catalogue": CATALOG}
"""Page names in links of earlier versions."""

MODELS = frozenset(model.name for model in ALL)

PHOTO_GONE = "This link's photo is no longer available. Add the photo again."


@dataclass(frozen=True)
class ParsedUrl:
    """The state that an address leads to, and what is wrong in the address."""

    state: PageState
    errors: tuple[str, ...]


def from_url(address: str, recommender: Recommender, photo: Float32 | None = None) -> ParsedUrl:
    """Return the state that an address leads to. Fields with errors get their default value.

    Args:
        address: as `to_url` returns it.
        recommender: knows which articles, values and parts exist.
        photo: vector of the visitor's own photo, float32 [dim]; ``None`` if the page has none.
    """
    try:
        # A browser may send text that no encoding has.
        text = address.encode(errors="replace").decode()
        fields = parse_qs(text.lstrip("?"), max_num_fields=MAX_FIELDS)
    except ValueError:
        return ParsedUrl(PageState(), ("This link has too many fields.",))
    parser = _UrlParser(fields, recommender)
    state = parser.state(photo)
    return ParsedUrl(state, tuple(dict.fromkeys(parser.errors)))


class _UrlParser:
    """Reads the fields of an address and collects what is wrong with them."""

    def __init__(self, fields: Mapping[str, list[str]], recommender: Recommender) -> None:
        self.fields, self.recommender = fields, recommender
        self.errors: list[str] = []

    def state(self, own_photo: Float32 | None) -> PageState:
        page = self._page()
        if page == FIND:
            return self._search_state(own_photo)
        state = self._view(PageState(page))
        if page != SHOPPER:
            return state
        basket = " ".join(ids_in(self._text("basket")))
        return dataclasses.replace(state, shopper=self._text("shopper").strip(), basket=basket)

    def _page(self) -> str:
        name = self._text("see") or FIND
        page = FORMER_PAGES.get(name, name)
        if page in PAGES:
            return page
        self.errors.append(f"There is no page {name!r:.60}.")
        return FIND

    def _search_state(self, own_photo: Float32 | None) -> PageState:
        words = self._text("words")
        # A number in the search box is an article id.
        is_id = "".join(words.split()).isdecimal()
        article = self._article_id("words" if is_id else "article")
        photo_of = "" if article else self._photo_article()
        photo = None if article else self._photo(photo_of, own_photo)
        search = SearchRequest(
            article=article,
            photo=photo,
            words="" if is_id else words,
            weight=self._words_weight(),
            corrected=self._corrections(),
            ignored=self._ignored(),
            filters=self._filters(),
            one_a_product=bool(self._text("one_a_product")),
            weights=self._weights(),
        )
        return self._view(PageState(search=search, photo_of=photo_of))

    def _view(self, state: PageState) -> PageState:
        """Return a state with the fields of an address that say how its answer is shown."""
        shown = self._text("show")
        if shown and shown not in MODELS:
            self.errors.append(f"There is no model {shown!r:.60}.")
            shown = ""
        return dataclasses.replace(
            state,
            k=self._count("k", DEFAULT_MATCHES, MOST_MATCHES),
            shown=shown,
            upto=self._count("upto", GRID_STEP, CANDIDATES) if shown else GRID_STEP,
            compared=bool(self._text("compare")) and not shown,
            opened=self._article_id("open") or "",
        )

    def _count(self, name: str, usual: int, most: int) -> int:
        text = self._text(name) or str(usual)
        # Python refuses to convert very long numbers.
        count = int(text) if text.isdecimal() and len(text) < 10 else text
        valid = self._is_valid(check_count, count, most)
        return count if valid and isinstance(count, int) else usual

    def _article_id(self, name: str) -> str | None:
        text = self._text(name)
        return text if text and self._is_valid(self.recommender.row, text) else None

    def _photo_article(self) -> str:
        """Return the id of the article whose photo is searched with; empty for none."""
        text = self._text("photo")
        if text in ("", OWN_PHOTO):
            return ""
        return text if self._is_valid(self.recommender.photo_vector, text) else ""

    def _photo(self, photo_of: str, own_photo: Float32 | None) -> Float32 | None:
        if photo_of:
            return self.recommender.photo_vector(photo_of)
        if self._text("photo") != OWN_PHOTO:
            return None
        if own_photo is None:
            self.errors.append(PHOTO_GONE)
        return own_photo

    def _words_weight(self) -> float:
        weight = self._number("words_weight")
        if weight is None or not self._is_valid(check_share, weight):
            return WORDS_WEIGHT
        return weight

    def _ignored(self) -> frozenset[str]:
        columns = frozenset(self.fields.get("ignore", ()))
        unknown = sorted(columns.difference(NAMED))
        self.errors += [f"Words cannot name a {each!r:.60} to ignore." for each in unknown]
        return columns.intersection(NAMED)

    def _filters(self) -> Filters:
        filters = Filters(
            self._chosen(),
            bool(self._text("with_photo")),
            self._price(CHEAPEST),
            self._price(DEAREST),
        )
        if self._is_valid(self.recommender.facets.check, filters):
            return filters
        return dataclasses.replace(filters, cheapest=None, dearest=None)

    def _chosen(self) -> dict[str, list[str]]:
        chosen = {}
        for column in FACETS:
            values = dict.fromkeys(self.fields.get(column, ()))
            known = [value for value in values if self._is_value(column, value)]
            if known:
                chosen[column] = known
        return chosen

    def _is_value(self, column: str, value: str) -> bool:
        return self._is_valid(self.recommender.facets.check, Filters({column: [value]}))

    def _price(self, name: str) -> float | None:
        price = self._number(name)
        check = self.recommender.facets.check
        return price if self._is_valid(check, Filters(cheapest=price)) else None

    def _corrections(self) -> dict[str, str]:
        given = {
            name.removeprefix(CORRECTION_PREFIX): self._text(name)
            for name in self._names(CORRECTION_PREFIX)
        }
        check = self.recommender.check_corrections
        return {
            column: value
            for column, value in given.items()
            if self._is_valid(check, {column: value})
        }

    def _weights(self) -> dict[str, float]:
        """Return the weights that are not 0, by part."""
        weights = {}
        for name in self._names(WEIGHT_PREFIX):
            part, weight = name.removeprefix(WEIGHT_PREFIX), self._number(name) or 0.0
            if self._is_valid(check_weight, part, weight) and weight:
                weights[part] = weight
        return weights

    def _names(self, prefix: str) -> list[str]:
        return [name for name in self.fields if name.startswith(prefix)]

    def _text(self, name: str) -> str:
        """Return a field's last value; empty for none."""
        return self.fields.get(name, [""])[-1]

    def _number(self, name: str) -> float | None:
        text = self._text(name)
        try:
            return float(text) if text else None
        except ValueError:
            self.errors.append(f"{name:.60} must be a number, not {text!r:.60}.")
            return None

    def _is_valid(self, check: Callable[..., object], *values: object) -> bool:
        """Whether a check accepts the values; if not, its error is collected."""
        try:
            check(*values)
        except QueryError as error:
            self.errors.append(str(error))
            return False
        return True

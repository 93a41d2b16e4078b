"""Addresses read as page states, with what is wrong in them."""

import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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
)
from recsys.vectors import Float32
from recsys.web.typed_text import (
    Suggestion,
    TypedText,
    read_basket,
    read_shopper,
    suggest_articles,
    suggest_basket,
)
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
    THIS_PHOTO,
    WEIGHT_PREFIX,
    PageState,
)

MAX_FIELDS = 200
"""Fields of an address; the longest one that the page makes has fewer than 100."""

FORMER_PAGES = {"catalogue": CATALOG}
"""Page names in links of earlier versions."""

MODELS = frozenset(model.name for model in ALL)

PHOTO_GONE = "Photos aren't stored. Add yours again."


@dataclass(frozen=True)
class ParsedUrl:
    """What an address leads to.

    Attributes:
        state: what the page shows, with default values where the address is wrong.
        errors: what is wrong in the address, in sentences for visitors.
        missing_photo: name of the visitor's own photo that it needs; empty if that is there.
        typed: what stays in the boxes although it is wrong, by the name of the field.
        suggestions: what may be meant instead.
        missing_photo: name of the visitor's own photo that it needs; empty if that is there.
    """

    state: PageState
    errors: tuple[str, ...] = ()
    missing_photo: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)
    suggestions: tuple[Suggestion, ...] = ()


def from_url(
    address: str, recommender: Recommender, own_photo: tuple[str, Float32] | None = None
) -> ParsedUrl:
    """Return the state that an address leads to. Fields with errors get their default value.

    Args:
        address: as `to_url` returns it.
        recommender: knows which articles, values and parts exist.
        own_photo: name of the visitor's own photo, and its vector, float32 [dim]; ``None`` if the
            page has none.
    """
    try:
        # A browser may send text that no encoding has.
        text = address.encode(errors="replace").decode()
        fields = parse_qs(text.lstrip("?"), max_num_fields=MAX_FIELDS)
    except ValueError:
        return ParsedUrl(PageState(), ("This link has too many fields.",))
    parser = _UrlParser(fields, recommender)
    state = parser.state(own_photo)
    return ParsedUrl(
        state,
        tuple(dict.fromkeys(parser.errors)),
        parser.missing_photo,
        parser.typed,
        tuple(parser.suggestions),
    )


def own_photo_name(address: str) -> str:
    """Return the name of the visitor's own photo that an address is about; empty for none."""
    found = re.search(rf"[?&]photo=({OWN_PHOTO.pattern})(&|$)", address)
    return found[1] if found else ""


class _UrlParser:
    """Reads the fields of an address and collects what is wrong with them."""

    def __init__(self, fields: Mapping[str, list[str]], recommender: Recommender) -> None:
        self.fields, self.recommender = fields, recommender
        self.errors: list[str] = []
        self.missing_photo = ""
        self.typed: dict[str, str] = {}
        self.suggestions: list[Suggestion] = []

    def state(self, own_photo: tuple[str, Float32] | None) -> PageState:
        page = self._page()
        if page == FIND:
            return self._search_state(own_photo)
        state = self._view(PageState(page))
        if page != SHOPPER:
            return state
        return dataclasses.replace(
            state,
            shopper=self._typed("shopper", read_shopper),
            basket=self._typed("basket", read_basket),
        )

    def _page(self) -> str:
        name = self._text("see") or FIND
        page = FORMER_PAGES.get(name, name)
        if page in PAGES:
            return page
        self.errors.append(f"There is no page {name!r:.60}.")
        return FIND

    def _search_state(self, own_photo: tuple[str, Float32] | None) -> PageState:
        mention = self.recommender.articles.mentioned(self._text("words"))
        named = bool(mention.article_id or mention.unknown)
        article = self._article_id("article") if not named else mention.article_id or None
        photo_of = "" if named or article else self._photo_article()
        own_name, photo = ("", None) if named or article else self._own_photo(own_photo)
        if photo_of:
            photo = self.recommender.photo_vector(photo_of)
        search = SearchRequest(
            article=article,
            photo=photo,
            words=mention.words if named else self._text("words"),
            weight=self._words_weight(),
            corrected=self._corrections(),
            ignored=self._ignored(),
            filters=self._filters(),
            one_a_product=bool(self._text("one_a_product")),
            weights=self._weights(),
        )
        state = self._view(PageState(search=search, photo_of=photo_of, own_photo=own_name))
        if mention.others:
            self.errors.append("A search has one article. See what goes with several of them:")
            self.suggestions.append(suggest_basket([mention.article_id, *mention.others]))
        if mention.unknown:
            self._is_valid(self.recommender.row, mention.unknown)
            self._suggest_articles("words", mention.unknown, state)
            return state.with_search(words="")
        if self._text("article") and not article:
            number = self.recommender.articles.mentioned(self._text("article")).unknown
            self._suggest_articles("article", number, state)
        return state

    def _suggest_articles(self, name: str, number: str, state: PageState) -> None:
        """Keep what is wrong in a field in the search box, and suggest articles for its number."""
        self.typed["words"] = self._text(name)
        self.suggestions += suggest_articles(number, state, self.recommender)

    def _typed(self, name: str, read: Callable[[str, Recommender], TypedText]) -> str:
        """Return what is typed in a box as far as it exists; keep the rest in the box."""
        text = self._text(name)
        typed = read(text, self.recommender)
        if typed.error:
            self.errors.append(typed.error)
            self.typed[name] = text
        self.suggestions += typed.suggestions
        return typed.value

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
        if not text or not self._is_valid(self.recommender.row, text):
            return None
        return self.recommender.article(text).article_id

    def _photo_article(self) -> str:
        """Return the id of the article whose photo is searched with; empty for none."""
        text = self._text("photo")
        if text in ("", THIS_PHOTO) or OWN_PHOTO.fullmatch(text):
            return ""
        if not self._is_valid(self.recommender.photo_vector, text):
            return ""
        return self.recommender.article(text).article_id

    def _own_photo(self, there: tuple[str, Float32] | None) -> tuple[str, Float32 | None]:
        """Return the name and vector of the visitor's own photo if it is searched with."""
        name = self._text("photo")
        if name != THIS_PHOTO and not OWN_PHOTO.fullmatch(name):
            return "", None
        if there and name in (there[0], THIS_PHOTO):
            return there
        self.errors.append(PHOTO_GONE)
        self.missing_photo = name if name != THIS_PHOTO else ""
        return "", None

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

"""Addresses read as page states, with what is wrong in them."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from recsys.catalog.schema import COLOUR
from recsys.errors import QueryError
from recsys.models.registry import ALL
from recsys.retrieval.attributes import NAMED
from recsys.retrieval.facets import FACETS, Filters
from recsys.retrieval.retriever import CANDIDATES
from recsys.serving.article_lookup import is_label
from recsys.serving.recommender import Recommender
from recsys.serving.request import (
    DEFAULT_MATCHES,
    LARGEST_BASKET,
    MOST_MATCHES,
    WORDS_WEIGHT,
    SearchRequest,
    check_count,
    check_share,
    check_weight,
    ids_in,
    shortened,
)
from recsys.serving.results import Article
from recsys.serving.shopper_lookup import find_shopper, similar_shoppers
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
    to_url,
)

MAX_FIELDS = 200
"""Fields of an address; the longest one that the page makes has fewer than 100."""

FORMER_PAGES = {"catalogue": CATALOG}
"""Page names in links of earlier versions."""

MODELS = frozenset(model.name for model in ALL)

PHOTO_GONE = "This link's photo is no longer available. Add the photo again."


MOST_NAMED = 3
"""Articles of a basket that a message names as left out."""


@dataclass(frozen=True)
class Suggestion:
    """What a visitor may have meant: a text, and the address that it leads to."""

    text: str
    address: str


@dataclass(frozen=True)
class ParsedUrl:
    """The state that an address leads to, and what is wrong in the address.

    Attributes:
        state: with default values where the address is wrong.
        errors: sentences for visitors.
        typed: what stays in the boxes although it is wrong, by the name of the field.
        suggestions: what may be meant instead.
    """

    state: PageState
    errors: tuple[str, ...]
    typed: Mapping[str, str] = field(default_factory=dict)
    suggestions: tuple[Suggestion, ...] = ()


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
    return ParsedUrl(
        state, tuple(dict.fromkeys(parser.errors)), parser.typed, tuple(parser.suggestions)
    )


class _UrlParser:
    """Reads the fields of an address and collects what is wrong with them."""

    def __init__(self, fields: Mapping[str, list[str]], recommender: Recommender) -> None:
        self.fields, self.recommender = fields, recommender
        self.errors: list[str] = []
        self.typed: dict[str, str] = {}
        self.suggestions: list[Suggestion] = []

    def state(self, own_photo: Float32 | None) -> PageState:
        page = self._page()
        if page == FIND:
            return self._search_state(own_photo)
        state = self._view(PageState(page))
        if page != SHOPPER:
            return state
        return dataclasses.replace(state, shopper=self._shopper(), basket=self._basket())

    def _page(self) -> str:
        name = self._text("see") or FIND
        page = FORMER_PAGES.get(name, name)
        if page in PAGES:
            return page
        self.errors.append(f"There is no page {name!r:.60}.")
        return FIND

    def _search_state(self, own_photo: Float32 | None) -> PageState:
        mention = self.recommender.articles.mentioned(self._text("words"))
        named = bool(mention.article_id or mention.unknown)
        article = self._article_id("article") if not named else mention.article_id or None
        photo_of = "" if named or article else self._photo_article()
        photo = None if named or article else self._photo(photo_of, own_photo)
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
        state = self._view(PageState(search=search, photo_of=photo_of))
        if mention.others:
            self._suggest_basket([mention.article_id, *mention.others])
        if mention.unknown:
            self._is_valid(self.recommender.row, mention.unknown)
            self._suggest_articles("words", mention.unknown, state)
            return state.with_search(words="")
        if self._text("article") and not article:
            number = self.recommender.articles.mentioned(self._text("article")).unknown
            self._suggest_articles("article", number, state)
        return state

    def _suggest_basket(self, ids: Sequence[str]) -> None:
        self.errors.append("A search has one article. See what goes with several of them:")
        address = to_url(PageState(SHOPPER, basket=" ".join(ids)))
        self.suggestions.append(Suggestion(f"A basket of {len(ids)} articles", address))

    def _suggest_articles(self, name: str, number: str, state: PageState) -> None:
        """Keep what is wrong in a field in the search box, and suggest articles for its number."""
        self.typed["words"] = self._text(name)
        for each in self.recommender.articles.similar(number):
            meant = state.with_search(article=each.article_id, photo=None)
            self.suggestions.append(_article_suggestion(each, meant))

    def _basket(self) -> str:
        """Return the ids of the basket's articles that exist, with spaces between them."""
        text, articles = self._text("basket"), self.recommender.articles
        parts = [each for each in ids_in(text) if not is_label(each)]
        if len(parts) > LARGEST_BASKET:
            self.errors.append(f"A basket has up to {LARGEST_BASKET} articles: the first are used.")
        mentions = [(each, articles.mentioned(each)) for each in parts[:LARGEST_BASKET]]
        ids = " ".join(each.article_id for _, each in mentions if each.article_id)
        unknown = [(part, each.unknown) for part, each in mentions if not each.article_id]
        if unknown:
            listed = _listed([number or shortened(part) for part, number in unknown])
            self.errors.append(f"There is no article {listed}. Left out.")
            for each in articles.similar(unknown[0][1]):
                state = PageState(SHOPPER, basket=f"{ids} {each.article_id}".strip())
                self.suggestions.append(_article_suggestion(each, state))
        if text and self.errors:
            self.typed["basket"] = text
        return ids

    def _shopper(self) -> str:
        """Return the alias of the shopper; empty for none."""
        text, aliases = self._text("shopper").strip(), self.recommender.shoppers()
        if not text:
            return ""
        if self._is_valid(find_shopper, text, aliases):
            return find_shopper(text, aliases)
        self.typed["shopper"] = text
        self.suggestions += [
            Suggestion(each, to_url(PageState(SHOPPER, shopper=each)))
            for each in similar_shoppers(text, aliases)
        ]
        return ""

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
        if text in ("", OWN_PHOTO):
            return ""
        if not self._is_valid(self.recommender.photo_vector, text):
            return ""
        return self.recommender.article(text).article_id

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


def _article_suggestion(article: Article, state: PageState) -> Suggestion:
    colour = article.attributes[COLOUR]
    return Suggestion(f"{article.article_id} {article.name}, {colour}", to_url(state))


def _listed(names: Sequence[str]) -> str:
    """Return names with commas between them, the first of many only."""
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")

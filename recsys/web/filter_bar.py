"""The bar above the galleries: filters, what they are set to, and what to do if nothing is left.

The form's fields are those of addresses.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from recsys.catalog.schema import COLOUR, DEPARTMENT, PATTERN, PRODUCT_TYPE
from recsys.retrieval.attributes import NamedAttribute
from recsys.retrieval.facets import FACETS, Chosen, Facet, Filters
from recsys.serving.recommender import Recommender
from recsys.serving.request import DEFAULT_MATCHES, WORDS_WEIGHT
from recsys.serving.resolution import values_named
from recsys.serving.results import FacetedAnswer
from recsys.web.cards import ChipView
from recsys.web.ranking_panel import RankingPanel, ranking_panel
from recsys.web.url import CHEAPEST, DEAREST, WEIGHT_PREFIX, PageState, to_url, url_fields

MENU_TITLES = {DEPARTMENT: "Department", PRODUCT_TYPE: "Type", COLOUR: "Colour", PATTERN: "Pattern"}
"""What the bar calls the columns to filter by."""

WITH_PHOTO, ONE_A_PRODUCT = "With photo", "One colour of each product"

FORM_FIELDS = (
    "k",
    *FACETS,
    "with_photo",
    "one_a_product",
    CHEAPEST,
    DEAREST,
    "words_weight",
    WEIGHT_PREFIX,
    "upto",
    "open",
)
"""Fields of addresses that the form sets itself, or that end with it."""


@dataclass(frozen=True)
class ChoiceView:
    """A value to filter by, the number of articles that would pass, and whether it is ticked."""

    value: str
    count: int
    ticked: bool


@dataclass(frozen=True)
class Menu:
    """The values of a column.

    Attributes:
        column: the field's name.
        label: of the menu.
        choices: the values, ticked ones first.
        named: whether the ticked values are those that the words name.
    """

    column: str
    label: str
    choices: Sequence[ChoiceView]
    named: bool

    @property
    def ticked(self) -> int:
        """Number of ticked values."""
        return sum(each.ticked for each in self.choices)


@dataclass(frozen=True)
class PriceBox:
    """A field for the lowest or highest price: its name, label, usual value and value."""

    name: str
    label: str
    placeholder: str
    value: str


@dataclass(frozen=True)
class Switch:
    """A filter that is on or off: its name and label, and whether it is on."""

    name: str
    label: str
    on: bool


@dataclass(frozen=True)
class FilterBar:
    """The form of filters and weights.

    Attributes:
        hidden: fields of the address that the form does not change.
        menus: columns to filter by.
        currency: of the prices.
        prices: fields for the lowest and the highest price; none without a currency.
        switches: filters that are on or off.
        applied: remove the filters that are on, one each.
        clear: back to the query alone; ``None`` where nothing else is set.
        ranking: weights and the number of matches.
    """

    hidden: Sequence[tuple[str, str]]
    menus: Sequence[Menu]
    currency: str
    prices: Sequence[PriceBox]
    switches: Sequence[Switch]
    applied: Sequence[ChipView]
    clear: ChipView | None
    ranking: RankingPanel


@dataclass(frozen=True)
class Remedy:
    """A link that removes one filter, and the number of articles that pass all others."""

    chip: ChipView
    articles: int


@dataclass(frozen=True)
class _Applied:
    """A filter that is on: what it is called, the state without it, and where it comes from."""

    label: str
    without: PageState
    action: str = "unfilter"
    title: str = ""


def filter_bar(state: PageState, found: FacetedAnswer, recommender: Recommender) -> FilterBar:
    """Return the form of filters and weights.

    Args:
        state: what the page shows.
        found: the answer below it.
        recommender: knows which filters make a difference in its catalogue.
    """
    filters, named = state.search.filters, values_named(found.answer.named)
    applied = _applied(state, found.answer.named, recommender.currency)
    return FilterBar(
        hidden=url_fields(state, FORM_FIELDS),
        menus=[_menu(each, filters.chosen, named) for each in found.facets],
        currency=recommender.currency,
        prices=_price_boxes(filters, *recommender.prices) if recommender.currency else [],
        switches=_switches(state, recommender),
        applied=[_removing(each) for each in applied],
        clear=_clear_chip(state, found.answer.named),
        ranking=ranking_panel(state, found.weights),
    )


def remedies(state: PageState, found: FacetedAnswer, recommender: Recommender) -> list[Remedy]:
    """Return links that remove one filter each, where together they leave nothing."""
    if found.possible:
        return []
    applied = _applied(state, found.answer.named, recommender.currency)
    counted = [(each, recommender.possible(each.without.search)) for each in applied]
    return [
        Remedy(
            ChipView(
                f"Remove {each.label}: {count:,} article{'' if count == 1 else 's'}",
                to_url(each.without),
                each.action,
            ),
            count,
        )
        for each, count in counted
    ]


def _menu(facet: Facet, chosen: Chosen, named: Chosen) -> Menu:
    own = chosen.get(facet.column, ())
    ticked = {*(own or named.get(facet.column, ()))}
    choices = [ChoiceView(each.value, each.count, each.value in ticked) for each in facet.choices]
    return Menu(
        facet.column,
        MENU_TITLES[facet.column],
        sorted(choices, key=lambda choice: not choice.ticked),
        named=not own and facet.column in named,
    )


def _price_boxes(filters: Filters, low: float, high: float) -> list[PriceBox]:
    if math.isnan(low) or low == high:
        return []

    def box(name: str, label: str, usual: int, price: float | None) -> PriceBox:
        return PriceBox(name, label, str(usual), "" if price is None else f"{price:g}")

    return [
        box(CHEAPEST, "Lowest price", math.floor(low), filters.cheapest),
        box(DEAREST, "Highest price", math.ceil(high), filters.dearest),
    ]


def _switches(state: PageState, recommender: Recommender) -> list[Switch]:
    """Return the switches that make a difference, and those that are on."""
    search = state.search
    some_photos = 0 < recommender.photo_count < recommender.article_count
    switches = (
        (some_photos, Switch("with_photo", WITH_PHOTO, search.filters.with_photo)),
        (recommender.has_colours, Switch("one_a_product", ONE_A_PRODUCT, search.one_a_product)),
    )
    return [switch for useful, switch in switches if useful or switch.on]


def _applied(state: PageState, named: Iterable[NamedAttribute], currency: str) -> list[_Applied]:
    """Return all that narrows an answer: attributes that the words name, then filters."""
    search, filters = state.search, state.search.filters
    applied = [
        _Applied(
            each.words,
            state.with_search(ignored=search.ignored | {each.column}),
            "ignore",
            f"Only {', '.join(each.values)}",
        )
        for each in named
    ]
    applied += [
        _Applied(value, _filtered(state, chosen=_without(column, value, filters.chosen)))
        for column in FACETS
        for value in filters.chosen.get(column, ())
    ]
    if filters.cheapest is not None or filters.dearest is not None:
        label = price_range_text(filters.cheapest, filters.dearest, currency)
        applied.append(_Applied(label, _filtered(state, cheapest=None, dearest=None)))
    if filters.with_photo:
        applied.append(_Applied(WITH_PHOTO.lower(), _filtered(state, with_photo=False)))
    if search.one_a_product:
        applied.append(_Applied(ONE_A_PRODUCT.lower(), state.with_search(one_a_product=False)))
    return applied


def _filtered(state: PageState, **changes: object) -> PageState:
    filters = replace(state.search.filters, **changes)  # type: ignore[arg-type]
    return state.with_search(filters=filters)


def _without(column: str, value: str, chosen: Chosen) -> Chosen:
    left = [each for each in chosen[column] if each != value]
    others: Mapping[str, Sequence[str]] = {
        name: values for name, values in chosen.items() if name != column
    }
    return {**others, column: left} if left else others


def price_range_text(cheapest: float | None, dearest: float | None, currency: str) -> str:
    """Return a range of prices for visitors.

    >>> price_range_text(5, 19.99, "EUR"), price_range_text(None, 20, "EUR")
    ('EUR 5 to 19.99', 'up to EUR 20')
    """
    unit = f"{currency} " if currency else "price "
    if dearest is None:
        return f"{unit}{cheapest:g} or more"
    return f"up to {unit}{dearest:g}" if cheapest is None else f"{unit}{cheapest:g} to {dearest:g}"


def _removing(applied: _Applied) -> ChipView:
    return ChipView(applied.label, to_url(applied.without), applied.action, applied.title)


def _clear_chip(state: PageState, named: Iterable[NamedAttribute]) -> ChipView | None:
    """Return the link back to the query alone: no filters, not even the words', usual weights."""
    search = state.search
    cleared = replace(state, k=DEFAULT_MATCHES).with_search(
        filters=Filters(),
        one_a_product=False,
        ignored=search.ignored.union(each.column for each in named),
        weights={},
        weight=WORDS_WEIGHT,
    )
    changed = cleared != state.with_opened("")
    return ChipView("Clear all", to_url(cleared), "clear") if changed else None

"""What stands beside an answer: the query, and a form of filters and weights.

The form's fields are those of addresses.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from recsys.models.registry import COUNTS, FEATURES, IMAGE, TEXT, TWO_TOWER
from recsys.retrieval.attributes import NamedAttribute
from recsys.retrieval.facets import FACETS, Choice, Facet, Filters
from recsys.serving.request import DEFAULT_MATCHES, MOST_MATCHES, SearchRequest
from recsys.serving.results import Answer, Article, PhotoAttribute
from recsys.web.cards import TITLES, ChipView, column_label
from recsys.web.photo_view import PANEL, PhotoView, own_photo_view, photo_view
from recsys.web.url import CHEAPEST, DEAREST, WEIGHT_PREFIX, PageState, to_url, url_fields

COUNTS_OFFERED = (6, DEFAULT_MATCHES, 24, 36, MOST_MATCHES)

SLIDER_MAX = 10
"""The end of a weight's slider. Only the proportions of weights count."""

PRESETS: Mapping[str, Mapping[str, float]] = {
    "Balanced": {},
    "Looks": {IMAGE.name: SLIDER_MAX},
    "Words": {TEXT.name: SLIDER_MAX, FEATURES.name: 5},
    "Shoppers also bought": {TWO_TOWER.name: SLIDER_MAX, "co_purchase": 5},
}
"""Weights by name; "Balanced" are the learned ones."""

FORM_FIELDS = (
    "k",
    *FACETS,
    "with_photo",
    "one_a_product",
    CHEAPEST,
    DEAREST,
    "words_weight",
    WEIGHT_PREFIX,
    "open",
)
"""Fields of addresses that the form sets itself, or that end with it."""


@dataclass(frozen=True)
class QueryPanel:
    """What was searched with.

    Attributes:
        label: for screen readers.
        heading: the article's name or the words.
        photo: of the article or the visitor; ``None`` for words alone.
        article: the article; ``None`` for none.
        facts: the article's attributes, by their labels.
        words: removes the words beside an article or a photo; ``None`` where there are none.
        named: remove the attributes that the words name.
        shows: what the photo shows; empty for nothing.
        corrections: by attribute's label, the values to correct that with.
        own_photo: whether the photo is the visitor's own.
    """

    label: str
    heading: str
    photo: PhotoView | None = None
    article: Article | None = None
    facts: Sequence[tuple[str, str]] = ()
    words: ChipView | None = None
    named: Sequence[ChipView] = ()
    shows: str = ""
    corrections: Sequence[tuple[str, Sequence[ChipView]]] = ()
    own_photo: bool = False


@dataclass(frozen=True)
class FacetView:
    """A column's values to filter by, and those that are chosen."""

    column: str
    label: str
    choices: Sequence[Choice]
    chosen: Sequence[str]


@dataclass(frozen=True)
class PriceBox:
    """A field for the lowest or highest price: its name, label, usual value and value."""

    name: str
    label: str
    placeholder: str
    value: str


@dataclass(frozen=True)
class Slider:
    """A slider: its name, label and value."""

    name: str
    label: str
    value: str


@dataclass(frozen=True)
class Controls:
    """The form of filters and weights.

    Attributes:
        hidden: fields of the address that the form does not change.
        search: the search that it starts from.
        k: number of matches.
        offered: numbers of matches to choose from.
        in_use: whether any filter or weight is set.
        clear: removes all filters; ``None`` where there are none.
        words_weight: how much words count beside an article or a photo; ``None`` where there is
            only one of both.
        facets: values to filter by.
        prices: fields for the lowest and the highest price; none where nothing was ever sold.
        presets: weights to choose.
        sliders: a weight for each part of the combined model.
        slider_max: the end of these sliders.
    """

    hidden: Sequence[tuple[str, str]]
    search: SearchRequest
    k: int
    offered: Sequence[int]
    in_use: bool
    clear: ChipView | None
    words_weight: str | None
    facets: Sequence[FacetView]
    prices: Sequence[PriceBox]
    presets: Sequence[ChipView]
    sliders: Sequence[Slider]
    slider_max: int = SLIDER_MAX


def query_panel(
    answer: Answer, state: PageState, photo: bytes, article: Article | None
) -> QueryPanel:
    """Return what was searched with.

    Args:
        answer: the answer beside it.
        state: what the page shows.
        photo: JPEG of the visitor's own photo; empty for none.
        article: the article that was searched with, or whose photo was; ``None`` for none.
    """
    named = _named_chips(answer.named, state)
    if answer.query:
        return QueryPanel(
            label="Your article",
            heading=answer.query.name,
            photo=photo_view(answer.query, answer.release_version, "eager", PANEL),
            article=answer.query,
            facts=[(column_label(each), value) for each, value in answer.query.attributes.items()],
            words=_words_chip(answer, state),
            named=named,
        )
    if state.search.photo is None:
        return QueryPanel(label="Your words", heading=f"“{answer.words}”", named=named)
    return QueryPanel(
        label="Your photo",
        heading="Your photo",
        photo=photo_view(article, answer.release_version, "eager", PANEL)
        if article
        else own_photo_view(photo),
        words=_words_chip(answer, state),
        named=named,
        shows=_shows(answer.reading),
        corrections=[_correction(each, state) for each in answer.reading],
        own_photo=article is None,
    )


def _words_chip(answer: Answer, state: PageState) -> ChipView | None:
    if not answer.words:
        return None
    without = state.with_search(words="", ignored=frozenset())
    return ChipView(f"“{answer.words}” ×", to_url(without), "forget", "Remove these words")


def _named_chips(named: Iterable[NamedAttribute], state: PageState) -> list[ChipView]:
    ignored = state.search.ignored
    return [
        ChipView(
            f"{column_label(each.column)}: {each.words} ×",
            to_url(state.with_search(ignored=ignored | {each.column})),
            "ignore",
            f"Only {', '.join(each.values)}. Click to search all.",
        )
        for each in named
    ]


def _shows(attributes: Iterable[PhotoAttribute]) -> str:
    likeliest = [each.guesses[0] for each in attributes]
    return " · ".join(f"{each.value} {each.chance:.0%}" for each in likeliest)


def _correction(attribute: PhotoAttribute, state: PageState) -> tuple[str, list[ChipView]]:
    column, corrected = attribute.column, state.search.corrected
    chips = [
        ChipView(
            f"{each.value} {each.chance:.0%}",
            to_url(state.with_search(corrected={**corrected, column: each.value})),
            "correct",
            f"It is {each.value}",
            current=each is attribute.guesses[0],
        )
        for each in attribute.guesses
    ]
    return column_label(column), chips


def controls(
    state: PageState,
    facets: Iterable[Facet],
    weights: Mapping[str, float],
    prices: tuple[float, float],
) -> Controls:
    """Return the form of filters and weights.

    Args:
        state: what the page shows.
        facets: values to filter by.
        weights: of the combined model's parts, as they are now.
        prices: the lowest and highest of the catalogue; NaN where nothing was ever sold.
    """
    search = state.search
    return Controls(
        hidden=url_fields(state, FORM_FIELDS),
        search=search,
        k=state.k,
        offered=sorted({*COUNTS_OFFERED, state.k}),
        in_use=state.is_filtered or bool(search.weights),
        clear=_clear_chip(state),
        words_weight=_words_weight(search),
        facets=[_facet_view(each, search.filters) for each in facets],
        prices=_price_boxes(search.filters, *prices),
        presets=[_preset(name, state) for name in PRESETS],
        sliders=_sliders(search, weights),
    )


def _clear_chip(state: PageState) -> ChipView | None:
    if not state.is_filtered:
        return None
    cleared = state.with_search(filters=Filters(), one_a_product=False)
    return ChipView("Clear all filters ×", to_url(cleared))


def _words_weight(search: SearchRequest) -> str | None:
    by_example = search.article is not None or search.photo is not None
    return f"{search.weight:g}" if search.words and by_example else None


def _facet_view(facet: Facet, filters: Filters) -> FacetView:
    chosen = sorted(set(filters.chosen.get(facet.column, ())))
    return FacetView(facet.column, column_label(facet.column), facet.choices, chosen)


def _price_boxes(filters: Filters, low: float, high: float) -> list[PriceBox]:
    if math.isnan(low):
        return []

    def box(name: str, label: str, usual: float, price: float | None) -> PriceBox:
        return PriceBox(name, label, f"{usual:.2g}", "" if price is None else f"{price:g}")

    return [
        box(CHEAPEST, "Lowest price", low, filters.cheapest),
        box(DEAREST, "Highest price", high, filters.dearest),
    ]


def _preset(name: str, state: PageState) -> ChipView:
    weights = PRESETS[name]
    current = dict(state.search.weights) == dict(weights)
    return ChipView(name, to_url(state.with_search(weights=weights)), current=current)


def _sliders(search: SearchRequest, weights: Mapping[str, float]) -> list[Slider]:
    """Return a slider for each part. Counts of purchases know only articles."""
    heaviest = max(weights.values(), default=0) or 1
    return [
        Slider(WEIGHT_PREFIX + part, TITLES[part], f"{SLIDER_MAX * weight / heaviest:.1f}")
        for part, weight in weights.items()
        if search.article is not None or part not in COUNTS
    ]

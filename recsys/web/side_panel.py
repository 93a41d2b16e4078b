"""What a visitor narrows and weighs answers with: one form, whose fields are those of addresses."""

from collections.abc import Iterable, Mapping
from html import escape

from recsys.models.registry import COUNTS, FEATURES, IMAGE, TEXT, TWO_TOWER
from recsys.retrieval.facets import FACETS, Facet, Filters
from recsys.serving.request import DEFAULT_MATCHES, MOST_MATCHES
from recsys.web.cards import TITLES, column_label
from recsys.web.layout import hidden_html
from recsys.web.url import CHEAPEST, DEAREST, WEIGHT, Place, write

COUNTS_OFFERED = (6, DEFAULT_MATCHES, 24, 36, MOST_MATCHES)
HEAVY = 10
"""The end of a weight's slider."""

PRESETS: Mapping[str, Mapping[str, float]] = {
    "Balanced": {},
    "Looks": {IMAGE.name: HEAVY},
    "Words": {TEXT.name: HEAVY, FEATURES.name: 5},
    "Shoppers also bought": {TWO_TOWER.name: HEAVY, "co_purchase": 5},
}
"""Weights by name; "balanced" are those that were learned."""

CHANGED = (
    "k",
    *FACETS,
    "with_photo",
    "one_a_product",
    CHEAPEST,
    DEAREST,
    "words_weight",
    WEIGHT,
    "open",
)


def controls_html(
    place: Place, facets: Iterable[Facet], weights: Mapping[str, float], prices: tuple[float, float]
) -> str:
    """Return the form.

    Args:
        place: what is shown.
        facets: what it can be narrowed down to.
        weights: what each part of the combined model weighs now.
        prices: the lowest and highest of the catalogue; NaN where nothing was ever sold.
    """
    chosen = "".join(_facet(facet, place) for facet in facets)
    return f"""
    <section class="narrow" aria-label="Filters and weights">
      <button type="button" class="fold" data-fold aria-expanded="false">
        Filters and weights{_in_use(place)}</button>
      <form class="controls">{hidden_html(place, CHANGED)}
        {_reset(place)}
        {_how_many(place)}{_words_weight(place)}{chosen}{_prices(place, prices)}
        {_switch("with_photo", "Only with a photo", place.search.filters.with_photo)}
        {_switch("one_a_product", "Hide other colours of a product", place.search.one_a_product)}
        {_weights(place, weights)}
      </form>
    </section>"""


def _in_use(place: Place) -> str:
    """Return what a folded form says of itself."""
    return " · in use" if place.narrowed or place.search.weights else ""


def _reset(place: Place) -> str:
    if not place.narrowed:
        return ""
    everything = write(place.searching(filters=Filters(), one_a_product=False))
    return f'<a class="chip" href="{escape(everything)}">Clear all filters ×</a>'


def _how_many(place: Place) -> str:
    offered = sorted({*COUNTS_OFFERED, place.k})
    options = "".join(f"<option{' selected' if n == place.k else ''}>{n}</option>" for n in offered)
    return f'<label class="line">How many <select name="k">{options}</select></label>'


def _words_weight(place: Place) -> str:
    """Return how much words count, where there is something beside them."""
    search = place.search
    if not search.words or (search.article is None and search.photo is None):
        return ""
    return f"""<label class="slider">Words count
      <input type="range" name="words_weight" min="0" max="1" step="0.05"
        value="{search.weight:g}"></label>"""


def _facet(facet: Facet, place: Place) -> str:
    chosen = set(place.search.filters.chosen.get(facet.column, ()))
    choices = "".join(
        f"""<label><input type="checkbox" name="{facet.column}" value="{escape(each.value)}"
          {"checked" if each.value in chosen else ""}><span>{escape(each.value)}</span>
          <span class="count">{each.count:,}</span></label>"""
        for each in facet.choices
    )
    told = f' <span class="chosen">{escape(", ".join(sorted(chosen)))}</span>' if chosen else ""
    return f"""<details data-name="{facet.column}"{" open" if chosen else ""}>
      <summary>{escape(column_label(facet.column))}{told}</summary>
      <div class="choices">{choices}</div></details>"""


def _prices(place: Place, prices: tuple[float, float]) -> str:
    low, high = prices
    if not low <= high:
        return ""
    filters = place.search.filters
    boxes = " to ".join(
        f"""<input type="number" name="{name}" min="0" step="any" inputmode="decimal"
          aria-label="{label} price" placeholder="{usual:.2g}"
          value="{"" if given is None else f"{given:g}"}">"""
        for name, label, usual, given in (
            (CHEAPEST, "Lowest", low, filters.cheapest),
            (DEAREST, "Highest", high, filters.dearest),
        )
    )
    return f'<div class="line">Price <span class="prices">{boxes}</span></div>'


def _switch(name: str, label: str, on: bool) -> str:
    checked = " checked" if on else ""
    return (
        f'<label class="switch"><input type="checkbox" name="{name}" value="1"{checked}>'
        f"<span>{label}</span></label>"
    )


def _weights(place: Place, weights: Mapping[str, float]) -> str:
    """Return presets, and a slider a part; counts only say something about articles."""
    heaviest = max(weights.values(), default=0) or 1
    known = [part for part in weights if place.search.article is not None or part not in COUNTS]
    sliders = "".join(_slider(part, HEAVY * weights[part] / heaviest) for part in known)
    own, here = dict(place.search.weights), ' aria-current="true"'
    presets = "".join(
        f'<a class="chip" href="{escape(write(place.searching(weights=preset)))}"'
        f"{here if own == dict(preset) else ''}>{name}</a>"
        for name, preset in PRESETS.items()
    )
    return f"""<details data-name="weights"{" open" if own else ""}><summary>What counts in
      “All combined”</summary><p class="chips">{presets}</p>
      <div class="sliders" data-weighed="{int(bool(own))}">{sliders}</div></details>"""


def _slider(part: str, weight: float) -> str:
    return f"""<label class="slider">{escape(TITLES[part])}
      <input type="range" name="{WEIGHT}{part}" min="0" max="{HEAVY}" step="0.1"
        value="{weight:.1f}"></label>"""

"""The panel of the bar in which visitors say what counts, and how many matches to show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from recsys.models.registry import FEATURES, IMAGE, TEXT, TWO_TOWER
from recsys.serving.request import DEFAULT_MATCHES, MOST_MATCHES, SearchRequest
from recsys.web.cards import TITLES, ChipView
from recsys.web.url import WEIGHT_PREFIX, PageState, to_url

COUNTS_OFFERED = (6, DEFAULT_MATCHES, 24, 36, MOST_MATCHES)

SLIDER_MAX = 10
"""The end of a weight's slider. Only the proportions of weights count."""

BALANCED = "Balanced"
PRESETS: Mapping[str, Mapping[str, float]] = {
    BALANCED: {},
    "Looks": {IMAGE.name: SLIDER_MAX},
    "Words": {TEXT.name: SLIDER_MAX, FEATURES.name: 5},
    "Shoppers also bought": {TWO_TOWER.name: SLIDER_MAX, "co_purchase": 5},
}
"""Weights by name; "Balanced" are the learned ones."""


@dataclass(frozen=True)
class Slider:
    """A slider: its name, label and value, and the share of all weights, in percent."""

    name: str
    label: str
    value: str
    share: int


@dataclass(frozen=True)
class RankingPanel:
    """Weights and the number of matches.

    Attributes:
        changed: whether any of them is not as usual.
        weighed: whether the visitor has chosen the weights.
        k: number of matches.
        offered: numbers of matches to choose from.
        words_weight: how much words count beside an article or a photo, in [0, 1]; ``None`` where
            there is only one of both.
        presets: weights to choose.
        sliders: a weight for each part that can score for the query.
        slider_max: the end of these sliders.
    """

    changed: bool
    weighed: bool
    k: int
    offered: Sequence[int]
    words_weight: float | None
    presets: Sequence[ChipView]
    sliders: Sequence[Slider]
    slider_max: int = SLIDER_MAX


def ranking_panel(state: PageState, weights: Mapping[str, float]) -> RankingPanel:
    """Return the panel.

    Args:
        state: what the page shows.
        weights: as they are now, of the parts that can score for the query.
    """
    search = state.search
    return RankingPanel(
        changed=bool(search.weights) or state.k != DEFAULT_MATCHES,
        weighed=bool(search.weights),
        k=state.k,
        offered=sorted({*COUNTS_OFFERED, state.k}),
        words_weight=_words_weight(search),
        presets=[
            _preset(name, state)
            for name, preset in PRESETS.items()
            if name == BALANCED or preset.keys() & weights.keys()
        ],
        sliders=_sliders(weights),
    )


def _words_weight(search: SearchRequest) -> float | None:
    by_example = search.article is not None or search.photo is not None
    return search.weight if search.words and by_example else None


def _preset(name: str, state: PageState) -> ChipView:
    weights = PRESETS[name]
    current = dict(state.search.weights) == dict(weights)
    return ChipView(name, to_url(state.with_search(weights=weights)), current=current)


def _sliders(weights: Mapping[str, float]) -> list[Slider]:
    heaviest, total = max(weights.values(), default=0) or 1, sum(weights.values()) or 1
    return [
        Slider(
            WEIGHT_PREFIX + part,
            title,
            f"{SLIDER_MAX * weights[part] / heaviest:.1f}",
            round(100 * weights[part] / total),
        )
        for part, title in TITLES.items()
        if part in weights
    ]

"""The page "The catalogue": what there is, when it sold, and maps of it, one for each model."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from recsys.catalog.schema import COLOUR, DEPARTMENT, PRODUCT_TYPE
from recsys.catalog.statistics import SEASON, SEASONS
from recsys.models.registry import SINGLE
from recsys.retrieval.facets import Filters
from recsys.serving.catalog_summary import CatalogSummary
from recsys.serving.request import SearchRequest
from recsys.vectors import spread_evenly
from recsys.web.templating import render
from recsys.web.url import PageState, to_url

MAX_TYPES, MAX_SHOWN = 15, 15
"""Product types in the chart, and bars of a chart that are not folded away."""

DEPARTMENT_COLOURS = 7
"""Colours in catalog.css; departments beyond the seventh share the last."""

OUTLIER = 20
"""Times the median: a week with more purchases is cut off at the top of the chart, and named."""

LISTED_ARTICLES = 24
"""How many articles of the maps are also listed, for visitors without a pointer."""

CSS_COLOURS = {
    "black": "#1d1b18",
    "white": "#ffffff",
    "grey": "#8a8a8a",
    "blue": "#2f6fc4",
    "red": "#c8202f",
    "pink": "#ee8fb4",
    "beige": "#d9c3a0",
    "khaki": "#8b8a5c",
    "green": "#3c8d4f",
    "yellow": "#f0cf3c",
    "orange": "#ec8a2f",
    "brown": "#7a5233",
    "turquoise": "#35b5b0",
    "purple": "#8455a8",
    "gold": "#c9a24b",
    "silver": "#c3c6ca",
}
"""Colours by the last word of their name; "Light" and "Dark" mix them with white and black."""


@dataclass(frozen=True)
class Bar:
    """A value of a column.

    Attributes:
        value: its name.
        count: how many articles have it.
        width: of its bar, in percent.
        colour: of its bar, in CSS; empty for the usual one.
        address: of a search for articles that have it; empty for none.
    """

    value: str
    count: int
    width: float
    colour: str
    address: str


@dataclass(frozen=True)
class BarChart:
    """Bars of a column's values.

    Attributes:
        title: the heading.
        bars: those shown.
        folded: those below a fold.
        explanation: below the heading; empty for none.
    """

    title: str
    bars: Sequence[Bar]
    folded: Sequence[Bar]
    explanation: str


@dataclass(frozen=True)
class WeeklyChart:
    """Purchases a week as stacked areas, a department each.

    Attributes:
        first: the ISO date of the first week's Monday.
        last: of the last week's.
        top: the number of purchases at the top of the chart.
        areas: an SVG polygon's points and CSS colour, by department.
        weeks: labels below, with their place from the left in percent.
        counts: labels beside, with their place from the bottom in percent.
        outliers: weeks above the top, and their purchases.
        departments: names.
        months: a month and its purchases by department, for the table.
    """

    first: str
    last: str
    top: int
    areas: Sequence[tuple[str, str]]
    weeks: Sequence[tuple[str, float]]
    counts: Sequence[tuple[int, int]]
    outliers: Sequence[tuple[str, int]]
    departments: Sequence[str]
    months: Sequence[tuple[str, Sequence[int]]]


@dataclass(frozen=True)
class ArticleMaps:
    """Maps of articles, one for each model.

    Attributes:
        articles: JSON of the articles' ids, names and numbers of their departments' colours.
        count: number of articles.
        maps: a model's title and JSON of its x and y of each article, from 0 to 999.
        listed: ids and names of some of the articles.
    """

    articles: str
    count: int
    maps: Sequence[tuple[str, str]]
    listed: Sequence[tuple[str, str]]


def catalog_html(summary: CatalogSummary, release_version: str) -> str:
    """Return the page; photos are from the release of that version."""
    counts = summary.counts
    departments = [name for name, _ in counts[DEPARTMENT]]
    return render(
        "catalog.html",
        numbers={
            "articles": summary.articles,
            "products": summary.products,
            "photos": summary.photos,
            "purchases": summary.purchases,
        },
        legend_entries=[(name, _department_colour(at)) for at, name in enumerate(departments)],
        weekly=_weekly_chart(summary.weekly, departments),
        types=_bar_chart("Product types", counts[PRODUCT_TYPE][:MAX_TYPES], PRODUCT_TYPE),
        colours=_bar_chart("Colours", counts[COLOUR], COLOUR),
        departments=_bar_chart("Departments", counts[DEPARTMENT], DEPARTMENT),
        seasons=_season_chart(dict(counts[SEASON]), summary.fewest_shoppers),
        fewest=summary.fewest_shoppers,
        maps=_article_maps(summary, departments),
        release_version=release_version,
    )


def _season_chart(counts: dict[str, int], fewest: int) -> BarChart | None:
    """Return the number of articles by season; ``None`` where no article has one.

    Args:
        counts: of each season and of "" for none.
        fewest: buyers that an article with a season has in it.
    """
    rare = counts.pop("", 0)
    if not counts:
        return None
    explanation = (
        "Articles by their strongest season. "
        f"{rare:,} articles that fewer than {fewest} shoppers bought in any season have none."
    )
    numbers = [(each, counts.get(each, 0)) for each in SEASONS]
    return _bar_chart("Seasons", numbers, explanation=explanation)


def _bar_chart(
    title: str, counts: Sequence[tuple[str, int]], column: str = "", explanation: str = ""
) -> BarChart:
    """Return a chart of numbers of articles; its bars lead to searches in the column, if any."""
    longest = max((count for _, count in counts), default=1)
    bars = [
        Bar(
            value,
            count,
            100 * count / longest,
            _css_colour(value) if column == COLOUR else "",
            _search_address(column, value) if column else "",
        )
        for value, count in counts
    ]
    return BarChart(title, bars[:MAX_SHOWN], bars[MAX_SHOWN:], explanation)


def _search_address(column: str, value: str) -> str:
    """Return the address of a search for the value that only articles with it pass."""
    search = SearchRequest(words=value, filters=Filters({column: (value,)}))
    return to_url(PageState(search=search))


def _css_colour(name: str) -> str:
    """Return a colour's CSS value; empty for a name that `CSS_COLOURS` does not have."""
    shade, *_, last = f"plain {name.lower()}".split()[-2:]
    mixed = {"light": "white", "dark": "black"}.get(shade)
    colour = CSS_COLOURS.get(last, "")
    return f"color-mix(in srgb, {colour} 60%, {mixed})" if colour and mixed else colour


def _department_colour(at: int) -> str:
    return f"var(--department-{min(at, DEPARTMENT_COLOURS - 1)})"


def _weekly_chart(weekly: pd.DataFrame, departments: list[str]) -> WeeklyChart | None:
    """Return the purchases of whole weeks; ``None`` where there are fewer than two."""
    table = _whole_weeks(weekly, departments)
    if len(table) < 2:
        return None
    weeks, tops = table.index.tolist(), np.cumsum(table.to_numpy(), axis=1)
    totals = tops[:, -1]
    usual = totals <= OUTLIER * max(float(np.median(totals)), 1)
    top = max(int(totals[usual].max(initial=0)), 1)
    months = table.groupby(table.index.str[:7]).sum()
    return WeeklyChart(
        first=weeks[0],
        last=weeks[-1],
        top=top,
        areas=list(_areas(np.minimum(tops, top) / top)),
        weeks=[(weeks[at][:7], 100 * at / (len(weeks) - 1)) for at in _ends_and_middle(weeks)],
        counts=[(top * percent // 100, percent) for percent in (0, 50, 100)],
        outliers=[
            (week, int(n)) for week, n in zip(table.index[~usual], totals[~usual], strict=True)
        ],
        departments=departments,
        months=[(month, [int(n) for n in counts]) for month, *counts in months.itertuples()],
    )


def _whole_weeks(weekly: pd.DataFrame, departments: list[str]) -> pd.DataFrame:
    """Return purchases by week and department, without the first and last week.

    These two may have fewer than seven days.
    """
    if weekly.empty:
        return weekly
    table = weekly.pivot_table("purchases", "week", DEPARTMENT, "sum", fill_value=0)
    every = pd.date_range(table.index.min(), table.index.max(), freq="7D").strftime("%Y-%m-%d")
    return table.reindex(index=every, columns=departments, fill_value=0).iloc[1:-1]


def _ends_and_middle(weeks: Sequence[str]) -> tuple[int, int, int]:
    return 0, len(weeks) // 2, len(weeks) - 1


def _areas(tops: np.ndarray) -> Iterable[tuple[str, str]]:
    """Return polygons between the stacked tops, shares of the chart's height [weeks, departments].

    In SVG y grows downwards.
    """
    x, below = np.linspace(0, 100, len(tops)), np.zeros(len(tops))
    for at, upper in enumerate(tops.T):
        edge = [f"{left:.2f},{100 - 100 * y:.2f}" for left, y in zip(x, upper, strict=True)]
        back = [f"{left:.2f},{100 - 100 * y:.2f}" for left, y in zip(x, below, strict=True)]
        yield " ".join(edge + back[::-1]), _department_colour(at)
        below = upper


def _article_maps(summary: CatalogSummary, departments: list[str]) -> ArticleMaps | None:
    ids, names = summary.ids, summary.names
    if not ids:
        return None
    at = pd.Index(departments).get_indexer(pd.Index(summary.departments))
    colours = np.minimum(at, DEPARTMENT_COLOURS - 1).tolist()
    listed = spread_evenly(LISTED_ARTICLES, len(ids))
    return ArticleMaps(
        articles=_json([ids, names, colours]),
        count=len(ids),
        maps=[
            (
                model.title,
                _json((summary.places[model.name] * 999).round().astype(int).ravel().tolist()),
            )
            for model in SINGLE
        ],
        listed=[(ids[place], names[place]) for place in listed],
    )


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))

"""The page "The catalogue": what there is, when it sold, and maps of it in every model's eyes."""

import json
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd

from recsys.catalog.schema import COLOUR, GROUP, KIND
from recsys.catalog.statistics import FEWEST_PURCHASES, SEASON, SEASONS, counted
from recsys.models.registry import SINGLE
from recsys.release.reader import Release
from recsys.vectors import spread_evenly

DRAW = (Path(__file__).parent / "static" / "catalog.js").read_text(encoding="utf-8")
"""What draws the maps: the ``js_on_load`` of the `gr.HTML` with the page.

A click on a map dispatches ``open-article`` on its canvas; ``detail.article`` is the id.
"""

MOST_TYPES, SHOWN_AT_ONCE = 15, 15
GROUPS = 7
"""How many colours groups have; those beyond share the last."""

FAR_BEYOND = 20
"""Times the median: a week with more purchases is cut off at the top of the chart, and named."""

LISTED = 24
"""How many articles of the maps are also listed, for who uses no pointer."""

INKS = {
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


def catalog_html(release: Release) -> str:
    """Return the page's content."""
    articles = release.articles
    groups = [name for name, _ in counted(articles, GROUP)]
    return f"""<div class="catalogue">{_numbers(release)}
      {_weeks(release.overview, groups)}
      {_bars("Types", counted(articles, KIND)[:MOST_TYPES])}
      {_bars("Colours", counted(articles, COLOUR), tinted=True)}
      <div>{_bars("Groups", counted(articles, GROUP))}{_seasons(articles)}</div>
      {_maps(release, groups)}</div>"""


def _numbers(release: Release) -> str:
    numbers = {
        "articles": len(release.articles),
        "products": release.articles["product_code"].nunique(),
        "photos": int(release.with_photo.sum()),
        "purchases": int(release.overview["purchases"].sum()),
    }
    told = "".join(f"<div><dt>{name}</dt><dd>{n:,}</dd></div>" for name, n in numbers.items())
    return f'<section class="wide" aria-label="In numbers"><dl>{told}</dl></section>'


def _seasons(articles: pd.DataFrame) -> str:
    """Return how many articles sell best in each season; nothing where none has one."""
    known = dict(counted(articles, SEASON))
    rare = known.pop("", 0)
    if not known:
        return ""
    told = (
        f"Of which season's purchases an article makes up the largest part. {rare:,} were bought "
        f"fewer than {FEWEST_PURCHASES} times."
    )
    return _bars("Seasons", [(each, known.get(each, 0)) for each in SEASONS], told)


def _bars(title: str, counts: list[tuple[str, int]], told: str = "", tinted: bool = False) -> str:
    longest = max((count for _, count in counts), default=1)
    rows = [_bar(value, count, longest, tinted) for value, count in counts]
    more = rows[SHOWN_AT_ONCE:]
    folded = f"<details><summary>{len(more)} more</summary>{_table(title, more)}</details>"
    why = f'<p class="quiet">{told}</p>' if told else ""
    return f"""<section aria-label="{title}"><h2>{title}</h2>{why}
      {_table(title, rows[:SHOWN_AT_ONCE])}{folded if more else ""}</section>"""


def _table(title: str, rows: list[str]) -> str:
    return f'<table aria-label="{title}, articles of each"><tbody>{"".join(rows)}</tbody></table>'


def _bar(value: str, count: int, longest: int, tinted: bool) -> str:
    ink = _ink(value) if tinted else ""
    style = f"width:{100 * count / longest:.1f}%" + (f";background:{ink}" if ink else "")
    return f"""<tr><th scope="row">{escape(value)}</th>
      <td><span class="bar" style="{style}"></span></td><td class="count">{count:,}</td></tr>"""


def _ink(name: str) -> str:
    """Return a CSS colour for a colour's name; empty if it is no plain one."""
    first, *_, last = f"plain {name.lower()}".split()[-2:]
    mixed = {"light": "white", "dark": "black"}.get(first)
    ink = INKS.get(last, "")
    return f"color-mix(in srgb, {ink} 60%, {mixed})" if ink and mixed else ink


def _colour(group: int) -> str:
    return f"var(--group-{min(group, GROUPS - 1)})"


def _legend(groups: list[str]) -> str:
    items = "".join(
        f'<span><i style="background:{_colour(at)}"></i>{escape(name)}</span>'
        for at, name in enumerate(groups)
    )
    return f'<div class="legend">{items}</div>'


def _weeks(overview: pd.DataFrame, groups: list[str]) -> str:
    """Draw the purchases of whole weeks as stacked areas; the first and last may be cut off."""
    if overview.empty:
        return ""
    table = overview.pivot_table("purchases", "week", GROUP, "sum", fill_value=0)
    every = pd.date_range(table.index.min(), table.index.max(), freq="7D").strftime("%Y-%m-%d")
    table = table.reindex(index=every, columns=groups, fill_value=0).iloc[1:-1]
    if len(table) < 2:
        return ""
    tops = np.cumsum(table.to_numpy(), axis=1)
    totals = tops[:, -1]
    usual = totals <= FAR_BEYOND * max(float(np.median(totals)), 1)
    most = max(int(totals[usual].max(initial=0)), 1)
    beyond = "".join(
        f'<p class="quiet">{week} reaches far above the picture: {count:,} purchases.</p>'
        for week, count in zip(table.index[~usual], totals[~usual], strict=True)
    )
    tops = np.minimum(tops, most)
    areas = "".join(_area(tops, at, most) for at in range(len(groups)))
    weeks = table.index.tolist()
    shown = [0, len(weeks) // 2, len(weeks) - 1]
    below = "".join(
        f'<span class="x" style="left:{100 * at / (len(weeks) - 1):.1f}%">{weeks[at][:7]}</span>'
        for at in shown
    )
    beside = "".join(
        f'<span class="y" style="bottom:{share}%">{most * share // 100:,}</span>'
        for share in (0, 50, 100)
    )
    return f"""<section class="wide" aria-label="Purchases a week"><h2>Purchases a week</h2>{beyond}
      {_legend(groups)}<div class="weeks"><svg viewBox="0 0 100 100" preserveAspectRatio="none"
        role="img" aria-label="Purchases a week by group, {weeks[0]} to {weeks[-1]}, at most
        {most:,}">{areas}</svg>{beside}{below}</div>{_months(table)}</section>"""


def _area(tops: np.ndarray, at: int, most: int) -> str:
    x = np.linspace(0, 100, len(tops))
    top, low = tops[:, at], tops[:, at - 1] if at else np.zeros(len(tops))
    edge = [f"{left:.2f},{100 - 100 * y / most:.2f}" for left, y in zip(x, top, strict=True)]
    back = [f"{left:.2f},{100 - 100 * y / most:.2f}" for left, y in zip(x, low, strict=True)]
    return f'<polygon points="{" ".join(edge + back[::-1])}" style="fill:{_colour(at)}"/>'


def _months(table: pd.DataFrame) -> str:
    """Fold the same figures below, by the month that a week begins in."""
    months = table.groupby(table.index.str[:7]).sum()
    head = "".join(f'<th scope="col" class="count">{escape(str(name))}</th>' for name in months)
    rows = "".join(
        f'<tr><th scope="row">{month}</th>'
        + "".join(f'<td class="count">{int(count):,}</td>' for count in counts)
        + "</tr>"
        for month, *counts in months.itertuples()
    )
    return f"""<details><summary>All figures, by month</summary>
      <div style="overflow-x:auto" tabindex="0" role="region" aria-label="Purchases a month"><table>
      <thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table></div></details>"""


def _maps(release: Release, groups: list[str]) -> str:
    rows = release.maps.articles
    if not len(rows):
        return ""
    shown = release.articles.iloc[rows]
    ids, names = shown["article_id"].tolist(), shown["prod_name"].tolist()
    colours = np.minimum(pd.Index(groups).get_indexer(pd.Index(shown[GROUP])), GROUPS - 1)
    told = escape(json.dumps([ids, names, colours.tolist()], separators=(",", ":")))
    figures = "".join(_map(model.title, release.maps.places[model.name]) for model in SINGLE)
    links = "".join(
        f'<li><a href="?article={ids[at]}" data-article="{ids[at]}">{escape(names[at])}</a></li>'
        for at in spread_evenly(LISTED, len(ids))
    )
    return f"""<section class="wide" aria-label="Maps"><h2>Maps</h2>
      <p class="quiet">{len(ids):,} articles; those that a model finds alike stand close together.
      Choose one to see what is like it.</p>{_legend(groups)}
      <div class="maps" data-articles="{told}">{figures}</div>
      <details><summary>Some of them as a list</summary><ul class="articles">{links}</ul></details>
    </section>"""


def _map(title: str, places: np.ndarray) -> str:
    points = json.dumps((places * 999).round().astype(int).ravel().tolist(), separators=(",", ":"))
    return f"""<figure><figcaption>{title}</figcaption><canvas data-points="{points}" role="img"
      aria-label="Map of articles: {title}"></canvas><div class="tip" hidden></div></figure>"""

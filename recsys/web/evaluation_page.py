"""The page "How good is it?": charts of the evaluation, in the words of the page."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from recsys.evaluation.report import OURS, Evaluation, Scores, Table
from recsys.models.registry import ALL, COUNTS
from recsys.web.templating import render

TABLES = {
    "basket": (
        "The rest of a day's shopping",
        "Given one article from a day's shopping, find the rest.",
    ),
    "basket, unsold": (
        "The same, from new articles",
        "Given one article that nobody had bought before, find the rest of the day's shopping.",
    ),
    "next purchase": (
        "The next purchase",
        "Given a shopper's latest articles, find what they buy for the first time on their last "
        "day.",
    ),
    "next purchase, repeats": (
        "The next purchase, or the same again",
        "Given a shopper's latest articles, find all that they buy on their last day.",
    ),
    "photo": (
        "The product in a photo",
        "Given a photo, find the same product in other colours. The product is new to the models.",
    ),
    "basket, parts": (
        "A day's shopping, one ranking left out",
        "What “All combined” finds without one of its parts.",
    ),
    "next purchase, parts": (
        "The next purchase, one ranking left out",
        "What “All combined” finds without one of its parts.",
    ),
}
"""Heading and task of each table, by the name that the release has for it."""

ROWS = (
    ("basket", "basket, unsold"),
    ("next purchase", "next purchase, repeats"),
    ("photo",),
    ("basket, parts", "next purchase, parts"),
)
"""Tables side by side. They have one scale, so that their bars can be compared."""

NAMES = {model.name: model.title for model in ALL} | {
    "random": "Random articles",
    "popularity": "Best-sellers",
    "popularity, 7 days": "Best-sellers of the week",
    "repurchase": "What they bought before",
    "co-purchase counts": "Counts of joint purchases",
    "EfficientNet-Lite0, untuned": "Looks alike, before training",
}
"""What the page calls models and baselines. Algorithms of the field keep their names."""

WITHOUT = "without "
"""Start of the name of the combined model that lacks a part."""

METRICS = {
    "recall@12": "Of the articles to find, the share among the first twelve. The bars show it.",
    "recall@100": "The same among the first hundred.",
    "MAP@12": "The same as recall@12, but a find counts more the nearer it is to the top.",
    "NDCG@12": "The same idea with a gentler fall: the second place counts 63 % of the first.",
    "hit rate@12": "How often at least one of the first twelve is right.",
    "coverage@12": "The share of the catalogue that is ever among the first twelve.",
    "novelty, bits": "How rarely bought the finds are: one more is half as often.",
    "answered": "Tasks that the model has an answer to.",
}

STEP = 0.05
"""A chart ends at a multiple of this."""


@dataclass(frozen=True)
class ScoreRow:
    """A model's row.

    Attributes:
        model: what the page calls it.
        ours: whether the page has a gallery of it; the others are what it has to beat.
        scores: its figures.
        width: of its bar, in percent of the chart.
        low: left end of its confidence interval, in percent of the chart.
        interval: width of its confidence interval, in percent of the chart.
    """

    model: str
    ours: bool
    scores: Scores
    width: float
    low: float
    interval: float


@dataclass(frozen=True)
class Chart:
    """A table of the evaluation.

    Attributes:
        title: the heading.
        task: what the models had to do.
        questions: how often.
        top: the score at the right edge.
        rows: from the best.
    """

    title: str
    task: str
    questions: int
    top: float
    rows: Sequence[ScoreRow]


def evaluation_html(evaluation: Evaluation) -> str:
    """Return the page: rows of charts with one scale each, all figures below each chart."""
    rows = [[name for name in row if name in evaluation.tables] for row in ROWS]
    charts = [_charts({name: evaluation.tables[name] for name in row}) for row in rows if row]
    return render("evaluation.html", rows=charts, metrics=METRICS)


def _charts(tables: dict[str, Table]) -> list[Chart]:
    """Return the charts of a row."""
    highest = max(
        (each.recall_12.high for table in tables.values() for _, each in table.ranked()), default=0
    )
    top = max(STEP, STEP * math.ceil(round(highest / STEP, 6)))
    return [
        Chart(
            *TABLES[name],
            table.questions,
            top,
            [_score_row(model, scores, top) for model, scores in table.ranked()],
        )
        for name, table in tables.items()
    ]


def _score_row(model: str, scores: Scores, top: float) -> ScoreRow:
    recall = scores.recall_12
    mean, low, high = (100 * value / top for value in (recall.mean, recall.low, recall.high))
    return ScoreRow(model_name(model), model in OURS, scores, mean, low, high - low)


def model_name(model: str) -> str:
    """Return what the page calls a model or a baseline.

    >>> model_name("without text"), model_name("BPR")
    ('Without “Described alike”', 'BPR')
    """
    if model.startswith(WITHOUT):
        part = model.removeprefix(WITHOUT)
        return f"Without “{(NAMES | COUNTS).get(part, part)}”"
    return NAMES.get(model, model)

"""Evaluation questions: queries with relevant articles, from what shoppers bought.

``basket``: the query is one article of a shopper's day; relevant are the others of that day.
``next purchase``: the query is a shopper's latest articles before their last day; relevant are that
day's.
``photo``: the query is an article's photo; relevant are the same product's other colours.

There is one question per shopper and protocol, so that questions are independent of each other.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsys.catalog.purchases import Purchases, shopper_spans
from recsys.catalog.split import Part, bucket_of
from recsys.vectors import Int32, spread_evenly

BASKET_SIZE = 8
"""Latest purchases in a query: as many as the two-tower model is trained on at most."""

MOST_QUESTIONS = 5000
"""Per protocol: 95 % intervals of recall are then about ±0.01 wide, and a build takes minutes."""

QUESTION_SEED = 4
"""Any fixed number: every build draws the same articles as queries."""


@dataclass(frozen=True)
class Question:
    """A query of the evaluation, and the articles that are relevant to it.

    Attributes:
        basket: int32, the query's articles, oldest first.
        owned: int32, articles the shopper had before, never an answer.
        relevant: int32, in rising order.
    """

    basket: Int32
    owned: Int32
    relevant: Int32


def basket_questions(purchases: Purchases) -> list[Question]:
    """Return a question for each shopper with a day of several articles, on the last such day."""
    random = np.random.default_rng(QUESTION_SEED)
    questions = []
    for articles, days in _histories(purchases):
        day = _last_full_day(articles, days)
        if len(day):
            drawn = day[random.integers(len(day), size=1)]
            questions.append(Question(drawn, drawn, np.setdiff1d(day, drawn)))
    return _at_most(questions)


def next_questions(purchases: Purchases, repeats: bool = False) -> list[Question]:
    """Return a question for each shopper with several days, about what they buy on the last.

    Args:
        purchases: of the shoppers to make questions of.
        repeats: whether an article bought before may be relevant.
    """
    questions = []
    for articles, days in _histories(purchases):
        before = articles[days < days[-1]]
        owned = np.empty(0, np.int32) if repeats else np.unique(before)
        relevant = np.setdiff1d(articles[days == days[-1]], owned)
        if len(before) and len(relevant):
            questions.append(Question(before[-BASKET_SIZE:], owned, relevant))
    return _at_most(questions)


def photo_questions(articles: pd.DataFrame, with_photo: Int32, part: Part) -> list[Question]:
    """Return a question for each photo of a product with several photos, for products in ``part``.

    Args:
        articles: the catalogue's table.
        with_photo: int32, the rows that have a photo.
        part: of the split of products.
    """
    codes = articles["product_code"].to_numpy()[with_photo]
    groups = pd.Series(with_photo).groupby(codes).agg(list)
    questions = []
    for code, rows in groups.items():
        if len(rows) > 1 and bucket_of(str(code)) in part:
            every = np.array(rows, np.int32)
            queries = [every[i : i + 1] for i in range(len(every))]
            questions += [Question(row, row, np.setdiff1d(every, row)) for row in queries]
    return _at_most(questions)


def _at_most(questions: list[Question]) -> list[Question]:
    """Return at most `MOST_QUESTIONS`, spread evenly."""
    return [questions[place] for place in spread_evenly(MOST_QUESTIONS, len(questions))]


def _histories(purchases: Purchases) -> Iterator[tuple[Int32, Int32]]:
    """Yield each shopper's articles and days, oldest first."""
    for start, end in zip(*shopper_spans(purchases.shopper), strict=True):
        yield purchases.article[start:end], purchases.day[start:end]


def _last_full_day(articles: Int32, days: Int32) -> Int32:
    """Return the distinct articles of the last day with more than one; empty without such a day."""
    for day in np.unique(days)[::-1]:
        bought: npt.NDArray[np.int32] = np.unique(articles[days == day])
        if len(bought) > 1:
            return bought
    return np.empty(0, np.int32)

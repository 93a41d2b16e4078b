"""The questions that models are measured by, made of what held-out shoppers bought.

``basket``: one article of a shopper's day asks, the others of that day are the answers.
``next purchase``: a shopper's latest articles before their last day ask for that day's.
``photo``: an article's photo asks, those of the same product in other colours are the answers.

A shopper asks one question a protocol, so that questions do not depend on each other.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsys.catalog.purchases import Purchases
from recsys.catalog.split import Part, bucket_of
from recsys.vectors import Int32

BASKET_SIZE = 8
"""How many of a shopper's latest purchases ask."""

MOST_QUESTIONS = 5000
QUESTION_SEED = 4


@dataclass(frozen=True)
class Question:
    """What is asked of every model.

    Attributes:
        basket: int32, the articles that ask, oldest first.
        owned: int32, all that the shopper had before, never an answer.
        relevant: int32, the right answers, in rising order.
    """

    basket: Int32
    owned: Int32
    relevant: Int32


def basket_questions(purchases: Purchases) -> list[Question]:
    """Return a question for each shopper with a day of several articles: the last such day."""
    random = np.random.default_rng(QUESTION_SEED)
    questions = []
    for articles, days in _histories(purchases):
        day = _last_full_day(articles, days)
        if len(day):
            asks = day[random.integers(len(day), size=1)]
            questions.append(Question(asks, asks, np.setdiff1d(day, asks)))
    return evenly(questions)


def next_questions(purchases: Purchases, repeats: bool = False) -> list[Question]:
    """Return a question for each shopper with several days: what they buy on the last.

    Args:
        purchases: of the shoppers who ask.
        repeats: whether an article bought before may be an answer.
    """
    questions = []
    for articles, days in _histories(purchases):
        before = articles[days < days[-1]]
        owned = np.empty(0, np.int32) if repeats else np.unique(before)
        relevant = np.setdiff1d(articles[days == days[-1]], owned)
        if len(before) and len(relevant):
            questions.append(Question(before[-BASKET_SIZE:], owned, relevant))
    return evenly(questions)


def photo_questions(articles: pd.DataFrame, with_photo: Int32, part: Part) -> list[Question]:
    """Return a question for each photo of the products in a part that has sisters with photos."""
    codes = articles["product_code"].to_numpy()[with_photo]
    groups = pd.Series(with_photo).groupby(codes).agg(list)
    questions = []
    for code, rows in groups.items():
        if len(rows) > 1 and bucket_of(str(code)) in part:
            every = np.array(rows, np.int32)
            asking = [every[i : i + 1] for i in range(len(every))]
            questions += [Question(asks, asks, np.setdiff1d(every, asks)) for asks in asking]
    return evenly(questions)


def evenly(questions: list[Question]) -> list[Question]:
    """Return at most `MOST_QUESTIONS`, spread evenly."""
    places = np.linspace(0, len(questions) - 1, min(len(questions), MOST_QUESTIONS))
    return [questions[int(place)] for place in places]


def _histories(purchases: Purchases) -> Iterator[tuple[Int32, Int32]]:
    """Yield each shopper's articles and days, in the order of time."""
    starts = np.flatnonzero(np.diff(purchases.shopper, prepend=-1))
    for start, end in zip(starts, np.append(starts[1:], len(purchases)), strict=False):
        yield purchases.article[start:end], purchases.day[start:end]


def _last_full_day(articles: Int32, days: Int32) -> Int32:
    """Return the distinct articles of the last day with more than one; none if there is none."""
    for day in np.unique(days)[::-1]:
        bought: npt.NDArray[np.int32] = np.unique(articles[days == day])
        if len(bought) > 1:
            return bought
    return np.empty(0, np.int32)

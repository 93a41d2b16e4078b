"""The combined model's weights, learned from shoppers that were kept back from training."""

import numpy as np
from tqdm import tqdm

from recsys.catalog import Purchases
from recsys.models.combined import IMAGE_ONLY, PARTS, Example, Weights, learn
from recsys.protocols import Question, basket_questions, next_questions
from recsys.retrieval import ARTICLE, BASKET, PHOTO, Query, Retrieval
from recsys.split import VALIDATION
from recsys.vectors import Float32

MOST_EXAMPLES = 3500


def learn_weights(retrieval: Retrieval, purchases: Purchases) -> dict[str, Weights]:
    """Return the weights for each kind of query; what only one model reads needs no learning.

    Args:
        retrieval: the models; its own weights are not asked for.
        purchases: everybody's.
    """
    learned = {kind: learn(examples(retrieval, kind, purchases)) for kind in (ARTICLE, BASKET)}
    return {**learned, PHOTO: IMAGE_ONLY}


def examples(retrieval: Retrieval, kind: str, purchases: Purchases) -> list[Example]:
    """Return what the held-back shoppers teach about one kind of query."""
    held_back = purchases.of(VALIDATION)
    asked = basket_questions(held_back) if kind == ARTICLE else next_questions(held_back)
    return [
        _example(retrieval, kind, question)
        for question in tqdm(asked[:MOST_EXAMPLES], desc=f"{kind} weights", unit="query")
    ]


def query(retrieval: Retrieval, kind: str, question: Question) -> Query:
    """Return a question as the recommender asks it."""
    if kind == ARTICLE:
        return retrieval.of_article(int(question.basket[0]))
    return retrieval.of_basket(question.basket, question.owned)


def _example(retrieval: Retrieval, kind: str, question: Question) -> Example:
    asked = query(retrieval, kind, question)
    rows = retrieval.candidates(asked, retrieval.nearby(asked))
    said = retrieval.parts(asked, rows)
    silent = np.zeros(len(rows), np.float32)
    parts: Float32 = np.stack([said.get(part, silent) for part in PARTS], axis=1)
    return Example(retrieval.known(asked), parts, np.isin(rows, question.wanted))

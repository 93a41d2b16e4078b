"""Fit the bridges from photos and the combined model's weights, once all models have vectors.

Test shoppers and test products are not used.
"""

import dataclasses
from functools import partial

import numpy as np
import pandas as pd
from tqdm import tqdm

from recsys.catalog.purchases import Purchases
from recsys.catalog.questions import Question, basket_questions, next_questions, photo_questions
from recsys.catalog.split import TEST, TRAINING, VALIDATION, buckets_of
from recsys.models.cross_modal import COMPARED_AT, BridgeExamples, Bridges, fit_bridges
from recsys.models.registry import FEATURES, IMAGE, TEXT, TWO_TOWER
from recsys.retrieval.fusion import (
    BASKET_PRIOR,
    PARTS,
    PHOTO_PRIOR,
    WORD_WEIGHTS,
    Example,
    Weights,
    fit_weights,
)
from recsys.retrieval.index import ArticleIndex
from recsys.retrieval.retriever import ARTICLE, BASKET, PHOTO, WORDS, Query, Retrieval
from recsys.vectors import NO_VECTOR, Float32, Int32

Lessons = dict[str, list[Question]]
"""Validation questions by kind of query."""

BRIDGED = (TEXT.name, FEATURES.name, TWO_TOWER.name)
"""The models whose vectors are estimated from photos."""

MOST_EXAMPLES = 3500
"""Per kind of query: 14 weights need no more, and all candidates of all examples fit in memory."""

PRIORS = {PHOTO: PHOTO_PRIOR}
"""The weights to start from, by kind of query; `BASKET_PRIOR` for the others."""


def learn_bridges(retrieval: Retrieval, articles: pd.DataFrame) -> Bridges:
    """Return bridges fitted to the training products and compared on the validation products.

    Args:
        retrieval: the models; of its bridges only the vocabulary is used.
        articles: the catalogue's table.
    """
    image, vocabulary = retrieval.indexes[IMAGE.name], retrieval.bridges.estimator.vocabulary
    rows = np.flatnonzero(image.entry != NO_VECTOR).astype(np.int32)
    codes = articles["product_code"].to_numpy()[rows]
    buckets = buckets_of(codes)
    kept = ~TEST.of(buckets)
    rows, training = rows[kept], TRAINING.of(buckets[kept])
    products = pd.factorize(codes[kept])[0].astype(np.int32)
    photos = retrieval.own(IMAGE.name, rows)
    pairs, finders = {}, {}
    for model in BRIDGED:
        vectors = retrieval.own(model, rows)
        pairs[model] = BridgeExamples(photos, vectors, products, training, rows)
        finders[model] = partial(_found, retrieval.indexes[model])
    return fit_bridges(pairs, finders, vocabulary)


def _found(index: ArticleIndex, vector: Float32) -> Int32:
    """Return the rows of the articles nearest to a vector."""
    return index.search(vector, COMPARED_AT).rows


def lessons(
    retrieval: Retrieval, articles: pd.DataFrame, purchases: Purchases, fewest: int
) -> Lessons:
    """Return the validation questions that weights are fitted to, by kind of query.

    Args:
        retrieval: the models.
        articles: the catalogue's table.
        purchases: of all shoppers.
        fewest: there are no questions of a kind that fewer shoppers ask.
    """
    bought = purchases.of(VALIDATION)
    of_days, of_histories = basket_questions(bought), next_questions(bought)
    with_photo = np.flatnonzero(retrieval.indexes[IMAGE.name].entry != NO_VECTOR)
    return {
        ARTICLE: of_days if len(of_days) >= fewest else [],
        BASKET: of_histories if len(of_histories) >= fewest else [],
        PHOTO: photo_questions(articles, with_photo.astype(np.int32), VALIDATION),
    }


def learn_weights(retrieval: Retrieval, questions: Lessons) -> dict[str, Weights]:
    """Return the weights for each kind of query; those for words are `WORD_WEIGHTS`.

    Args:
        retrieval: the models; its own weights are not used.
        questions: validation questions by kind of query, from `lessons`.
    """
    fitted = {
        kind: fit_weights(examples(retrieval, kind, each), prior=PRIORS.get(kind, BASKET_PRIOR))
        for kind, each in questions.items()
    }
    return {**fitted, WORDS: WORD_WEIGHTS}


def examples(retrieval: Retrieval, kind: str, questions: list[Question]) -> list[Example]:
    """Return the candidates and relevant articles of questions of one kind of query."""
    return [
        _example(retrieval, kind, question)
        for question in tqdm(questions[:MOST_EXAMPLES], desc=f"{kind} weights", unit="query")
    ]


def query_of(retrieval: Retrieval, kind: str, question: Question) -> Query:
    """Return a question's query, as a visitor's would be."""
    if kind == ARTICLE:
        return retrieval.of_article(int(question.basket[0]))
    if kind == PHOTO:
        photo = retrieval.own(IMAGE.name, question.basket)[0]
        return dataclasses.replace(retrieval.of_photo(photo), exclude=question.owned)
    return retrieval.of_basket(question.basket, question.owned)


def _example(retrieval: Retrieval, kind: str, question: Question) -> Example:
    """Return a question's candidates; parts that cannot score the query are 0."""
    query = query_of(retrieval, kind, question)
    rows = retrieval.candidates(query, retrieval.nearby(query))
    scores = retrieval.parts(query, rows)
    missing = np.zeros(len(rows), np.float32)
    parts: Float32 = np.stack([scores.get(part, missing) for part in PARTS], axis=1)
    return Example(retrieval.known(query), parts, np.isin(rows, question.relevant))

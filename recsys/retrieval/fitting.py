"""What is learned once every model has its vectors: bridges from photos, and combined weights.

All of it is learned from shoppers and products that are not held out.
"""

import dataclasses
from functools import partial

import numpy as np
import pandas as pd
from tqdm import tqdm

from recsys.catalog.purchases import Purchases
from recsys.catalog.questions import Question, basket_questions, next_questions, photo_questions
from recsys.catalog.split import TEST, TRAINING, VALIDATION, buckets_of
from recsys.models.cross_modal import COMPARED_AT, Bridges, Sides, fit_bridges
from recsys.models.registry import FEATURES, IMAGE, TEXT, TWO_TOWER
from recsys.retrieval.fusion import LIKELY, LIKELY_OF_PHOTOS, PARTS, SAID, Example, Weights, learn
from recsys.retrieval.index import ArticleIndex
from recsys.retrieval.retriever import ARTICLE, BASKET, PHOTO, WORDS, Query, Retrieval
from recsys.vectors import NO_VECTOR, Float32, Int32

Lessons = dict[str, list[Question]]

GUESSED = (TEXT.name, FEATURES.name, TWO_TOWER.name)
"""The models whose vectors are guessed from photos."""

MOST_EXAMPLES = 3500
START = {PHOTO: LIKELY_OF_PHOTOS}


def learn_bridges(retrieval: Retrieval, articles: pd.DataFrame) -> Bridges:
    """Return what guesses the other models' vectors from photos.

    Bridges are fitted to the training products and compared on the held-back ones.
    """
    image, vocabulary = retrieval.indexes[IMAGE.name], retrieval.bridges.reader.vocabulary
    rows = np.flatnonzero(image.entry != NO_VECTOR).astype(np.int32)
    codes = articles["product_code"].to_numpy()[rows]
    buckets = buckets_of(codes)
    kept = ~TEST.of(buckets)
    rows, learned = rows[kept], TRAINING.of(buckets[kept])
    products = pd.factorize(codes[kept])[0].astype(np.int32)
    photos = retrieval.own(IMAGE.name, rows)
    sides, finders = {}, {}
    for model in GUESSED:
        vectors = retrieval.own(model, rows)
        sides[model] = Sides(photos, vectors, products, learned, rows)
        finders[model] = partial(_found, retrieval.indexes[model])
    return fit_bridges(sides, finders, vocabulary)


def _found(index: ArticleIndex, vector: Float32) -> Int32:
    return index.search(vector, COMPARED_AT).rows


def lessons(retrieval: Retrieval, articles: pd.DataFrame, purchases: Purchases) -> Lessons:
    """Return the questions with known answers that weights are learned from, by kind of query."""
    held_back = purchases.of(VALIDATION)
    with_photo = np.flatnonzero(retrieval.indexes[IMAGE.name].entry != NO_VECTOR)
    return {
        ARTICLE: basket_questions(held_back),
        BASKET: next_questions(held_back),
        PHOTO: photo_questions(articles, with_photo.astype(np.int32), VALIDATION),
    }


def learn_weights(retrieval: Retrieval, asked: Lessons) -> dict[str, Weights]:
    """Return the weights for each kind of query; nobody has said what words should find.

    Args:
        retrieval: the models; its own weights are not asked for.
        asked: what `lessons` returned.
    """
    learned = {
        kind: learn(examples(retrieval, kind, questions), likely=START.get(kind, LIKELY))
        for kind, questions in asked.items()
    }
    return {**learned, WORDS: SAID}


def examples(retrieval: Retrieval, kind: str, questions: list[Question]) -> list[Example]:
    """Return what questions with known answers teach about one kind of query."""
    return [
        _example(retrieval, kind, question)
        for question in tqdm(questions[:MOST_EXAMPLES], desc=f"{kind} weights", unit="query")
    ]


def query(retrieval: Retrieval, kind: str, question: Question) -> Query:
    """Return a question as the recommender asks it."""
    asks = question.basket
    if kind == ARTICLE:
        return retrieval.of_article(int(asks[0]))
    if kind == PHOTO:
        asked = retrieval.of_photo(retrieval.own(IMAGE.name, asks)[0])
        return dataclasses.replace(asked, exclude=question.owned)
    return retrieval.of_basket(question.basket, question.owned)


def _example(retrieval: Retrieval, kind: str, question: Question) -> Example:
    asked = query(retrieval, kind, question)
    rows = retrieval.candidates(asked, retrieval.nearby(asked))
    said = retrieval.parts(asked, rows)
    silent = np.zeros(len(rows), np.float32)
    parts: Float32 = np.stack([said.get(part, silent) for part in PARTS], axis=1)
    return Example(retrieval.known(asked), parts, np.isin(rows, question.relevant))

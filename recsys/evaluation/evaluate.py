"""Measure every model, and what it has to beat, on shoppers that nothing was learned from.

Everything here is deterministic: the same release and catalogue give the same figures.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from tqdm import tqdm

from recsys.catalog.purchases import Purchases
from recsys.catalog.questions import Question, basket_questions, next_questions, photo_questions
from recsys.catalog.split import TEST, TRAINING
from recsys.evaluation.baselines import Ranker, at_random, count_rankers, factorisations, tf_idf
from recsys.evaluation.metrics import LONG, METRICS, bootstrap, coverage, measure, novelty
from recsys.evaluation.report import Evaluation, Scores, Table
from recsys.models.registry import COMBINED, IMAGE, SINGLE, TWO_TOWER
from recsys.models.text import article_texts
from recsys.models.two_tower_data import Counts
from recsys.retrieval.fitting import examples, lessons, query
from recsys.retrieval.fusion import PARTS, fuse, learn
from recsys.retrieval.index import ArticleIndex
from recsys.retrieval.retriever import ARTICLE, BASKET, NOBODY, PHOTO, Retrieval
from recsys.vectors import NO_VECTOR, ArticleVectors, Int32

EVALUATION_VERSION = 2
"""Raise it whenever the same models would get other figures: builds then measure anew."""

FEWEST_QUESTIONS = 20
"""Fewer questions than this say nothing."""

UNTUNED = "EfficientNet-Lite0, untuned"


@dataclass(frozen=True)
class Trial:
    """What is measured, and on what.

    Attributes:
        retrieval: the models.
        articles: the catalogue's table.
        purchases: everybody's.
        untuned: the vectors of the image encoder before it was tuned, if it was.
    """

    retrieval: Retrieval
    articles: pd.DataFrame
    purchases: Purchases
    untuned: ArticleVectors | None


def evaluate(trial: Trial) -> Evaluation:
    """Return the tables of all protocols with at least `FEWEST_QUESTIONS` questions."""
    held_out = trial.purchases.of(TEST)
    rivals = _rivals(trial)
    baskets = basket_questions(held_out)
    sold = np.bincount(trial.purchases.of(TRAINING).article, minlength=len(trial.articles))
    bought = next_questions(held_out)
    article, basket = (_models(trial.retrieval, kind) for kind in (ARTICLE, BASKET))
    tables = {
        "basket": _table("basket", baskets, article | rivals, sold),
        "basket, unsold": _table(
            "unsold", [q for q in baskets if not sold[q.basket[0]]], article | rivals, sold
        ),
        "next purchase": _table("next purchase", bought, basket | rivals, sold),
        "next purchase, repeats": _table(
            "repeats", next_questions(held_out, repeats=True), basket | rivals, sold
        ),
        "photo": _table("photo", *_photos(trial), sold),
        "basket, parts": _parts_table(trial, ARTICLE, baskets, sold),
        "next purchase, parts": _parts_table(trial, BASKET, bought, sold),
    }
    return Evaluation(
        {name: each for name, each in tables.items() if each.questions >= FEWEST_QUESTIONS}
    )


def _table(
    title: str, questions: list[Question], rankers: dict[str, Ranker], sold: Counts
) -> Table:
    """Ask every ranker every question."""
    with tqdm(total=len(questions) * len(rankers), desc=title, unit="question") as bar:
        models = {}
        for name, ranker in rankers.items():
            lists = []
            for question in questions:
                lists.append(ranker(question, LONG))
                bar.update()
            models[name] = _scores(questions, lists, sold)
    return Table(len(questions), models)


def _scores(questions: list[Question], lists: list[Int32], sold: Counts) -> Scores:
    measured = [
        measure(found, asked.relevant) for found, asked in zip(lists, questions, strict=True)
    ]
    estimates = bootstrap(np.array(measured).reshape(-1, len(METRICS)))
    return Scores(
        **dict(zip(METRICS, estimates, strict=True)),
        coverage_12=coverage(lists, len(sold)),
        novelty=novelty(lists, sold),
        answered=sum(len(found) > 0 for found in lists),
    )


def _parts_table(trial: Trial, kind: str, questions: list[Question], sold: Counts) -> Table:
    """Ask the combined model whole and without each part, with weights learned for that."""
    retrieval = trial.retrieval
    known_answers = lessons(retrieval, trial.articles, trial.purchases)[kind]
    taught = examples(retrieval, kind, known_answers)
    weights = {COMBINED.name: retrieval.weights[kind]} | {
        f"without {part}": learn(taught, [other for other in PARTS if other != part])
        for part in PARTS
    }
    lists: dict[str, list[Int32]] = {name: [] for name in weights}
    for question in tqdm(questions, desc=f"{kind}, parts", unit="question"):
        asked = query(retrieval, kind, question)
        rows = retrieval.candidates(asked, retrieval.nearby(asked))
        parts, known = retrieval.parts(asked, rows), retrieval.known(asked)
        for name, each in weights.items():
            lists[name].append(fuse(rows, parts, each.at(known), LONG).rows)
    scores = {name: _scores(questions, found, sold) for name, found in lists.items()}
    return Table(len(questions), scores)


def _models(retrieval: Retrieval, kind: str) -> dict[str, Ranker]:
    """Return the rankers of the five models."""

    def single(name: str) -> Ranker:
        return lambda asked, k: retrieval.nearest(name, query(retrieval, kind, asked), k).rows

    def combined(asked: Question, k: int) -> Int32:
        question = query(retrieval, kind, asked)
        return retrieval.combined(question, retrieval.nearby(question), k).rows

    return {COMBINED.name: combined} | {model.name: single(model.name) for model in SINGLE}


def _rivals(trial: Trial) -> dict[str, Ranker]:
    """Return the rankers to beat; all they know is what training shoppers bought, and texts."""
    bought, articles = trial.purchases.of(TRAINING), len(trial.articles)
    dim = trial.retrieval.indexes[TWO_TOWER.name].vectors.shape[1]
    return {
        **count_rankers(bought, articles),
        "TF-IDF": tf_idf(article_texts(trial.articles)),
        **factorisations(bought, articles, dim),
    }


def _photos(trial: Trial) -> tuple[list[Question], dict[str, Ranker]]:
    image = trial.retrieval.indexes[IMAGE.name]
    with_photo = np.flatnonzero(image.entry != NO_VECTOR).astype(np.int32)
    rankers = _models(trial.retrieval, PHOTO) | {"random": at_random(len(trial.articles))}
    if trial.untuned:
        rankers[UNTUNED] = _looks(ArticleIndex(trial.untuned))
    return photo_questions(trial.articles, with_photo, TEST), rankers


def _looks(index: ArticleIndex) -> Ranker:
    """Return the ranker by an article's own vector; it answers nothing where there is none."""

    def rank(asked: Question, k: int) -> Int32:
        entry = index.entry[asked.basket[0]]
        if entry == NO_VECTOR:
            return NOBODY
        return index.search(index.vectors[entry], k, asked.owned.tolist()).rows

    return rank

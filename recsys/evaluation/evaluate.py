"""Evaluate the models and baselines on test shoppers.

Everything here is deterministic: equal releases and catalogues give equal figures.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from tqdm import tqdm

from recsys.catalog.privacy import coarse
from recsys.catalog.purchases import Purchases
from recsys.catalog.questions import Question, basket_questions, next_questions, photo_questions
from recsys.catalog.split import TEST, TRAINING
from recsys.evaluation.baselines import Ranker, at_random, count_rankers, factorisations, tf_idf
from recsys.evaluation.metrics import LONG_LIST, METRICS, bootstrap, coverage, measure, novelty
from recsys.evaluation.report import Evaluation, Scores, Table
from recsys.models.registry import COMBINED, IMAGE, SINGLE, TWO_TOWER
from recsys.models.text import article_texts
from recsys.models.two_tower_data import Counts
from recsys.retrieval.fitting import examples, lessons, query_of
from recsys.retrieval.fusion import PARTS, fit_weights, fuse
from recsys.retrieval.index import ArticleIndex
from recsys.retrieval.retriever import ARTICLE, BASKET, NO_ARTICLES, PHOTO, Retrieval
from recsys.vectors import NO_VECTOR, ArticleVectors, Int32

EVALUATION_VERSION = 3
"""Raise it whenever equal models would get other figures: builds then evaluate again."""

FEWEST_QUESTIONS = 20
"""With fewer questions a recall's interval may be wider than ±0.2, so no table is made."""

UNTUNED = "EfficientNet-Lite0, untuned"
"""The name of the baseline in the tables."""


@dataclass(frozen=True)
class Trial:
    """The models to evaluate, and the data to do it on.

    Attributes:
        retrieval: the models.
        articles: the catalogue's table.
        purchases: of all shoppers.
        untuned: vectors of the image encoder without trained heads; ``None`` if it has none.
        fewest_shoppers: there are no figures of fewer.
    """

    retrieval: Retrieval
    articles: pd.DataFrame
    purchases: Purchases
    untuned: ArticleVectors | None
    fewest_shoppers: int


def evaluate(trial: Trial) -> Evaluation:
    """Return the tables of all protocols with enough questions.

    That is `FEWEST_QUESTIONS`, or ``fewest_shoppers`` if that is more.
    """
    purchases = trial.purchases.of(TEST)
    baselines = _baselines(trial)
    baskets, bought = basket_questions(purchases), next_questions(purchases)
    sold = np.bincount(trial.purchases.of(TRAINING).article, minlength=len(trial.articles))
    article, basket = (_models(trial.retrieval, kind) for kind in (ARTICLE, BASKET))
    tables = {
        "basket": _table("basket", baskets, article | baselines, sold),
        "basket, unsold": _table(
            "unsold", [q for q in baskets if not sold[q.basket[0]]], article | baselines, sold
        ),
        "next purchase": _table("next purchase", bought, basket | baselines, sold),
        "next purchase, repeats": _table(
            "repeats", next_questions(purchases, repeats=True), basket | baselines, sold
        ),
        "photo": _table("photo", *_photos(trial), sold),
        "basket, parts": _parts_table(trial, ARTICLE, baskets, sold),
        "next purchase, parts": _parts_table(trial, BASKET, bought, sold),
    }
    enough = max(FEWEST_QUESTIONS, trial.fewest_shoppers)
    return Evaluation(
        {
            name: _rounded(each, trial.fewest_shoppers)
            for name, each in tables.items()
            if each.questions >= enough
        }
    )


def _rounded(table: Table, fewest: int) -> Table:
    """Return a table whose numbers of questions, each a shopper's, are rounded down."""
    models = {
        name: replace(scores, answered=int(coarse(np.array(scores.answered), fewest)))
        for name, scores in table.models.items()
    }
    return Table(int(coarse(np.array(table.questions), fewest)), models)


def _table(
    title: str, questions: list[Question], rankers: dict[str, Ranker], sold: Counts
) -> Table:
    """Return the scores of every ranker on the questions.

    Args:
        title: for the progress bar.
        questions: those of a protocol.
        rankers: by name.
        sold: purchases of each article by training shoppers.
    """
    with tqdm(total=len(questions) * len(rankers), desc=title, unit="question") as bar:
        models = {}
        for name, ranker in rankers.items():
            lists = []
            for question in questions:
                lists.append(ranker(question, LONG_LIST))
                bar.update()
            models[name] = _scores(questions, lists, sold)
    return Table(len(questions), models)


def _scores(questions: list[Question], lists: list[Int32], sold: Counts) -> Scores:
    """Return the scores of a ranked list per question."""
    measured = [
        measure(found, question.relevant) for found, question in zip(lists, questions, strict=True)
    ]
    estimates = bootstrap(np.array(measured).reshape(-1, len(METRICS)))
    return Scores(
        **dict(zip(METRICS, estimates, strict=True)),
        coverage_12=coverage(lists, len(sold)),
        novelty=novelty(lists, sold),
        answered=sum(len(found) > 0 for found in lists),
    )


def _parts_table(trial: Trial, kind: str, questions: list[Question], sold: Counts) -> Table:
    """Return the scores of the combined model, whole and refitted without each part."""
    retrieval = trial.retrieval
    validation = lessons(retrieval, trial.articles, trial.purchases, trial.fewest_shoppers)[kind]
    fitted_to = examples(retrieval, kind, validation)
    weights = {COMBINED.name: retrieval.weights[kind]} | {
        f"without {part}": fit_weights(fitted_to, [other for other in PARTS if other != part])
        for part in PARTS
    }
    lists: dict[str, list[Int32]] = {name: [] for name in weights}
    for question in tqdm(questions, desc=f"{kind}, parts", unit="question"):
        query = query_of(retrieval, kind, question)
        rows = retrieval.candidates(query, retrieval.nearby(query))
        parts, known = retrieval.parts(query, rows), retrieval.known(query)
        for name, each in weights.items():
            lists[name].append(fuse(rows, parts, each.at(known), LONG_LIST).rows)
    scores = {name: _scores(questions, found, sold) for name, found in lists.items()}
    return Table(len(questions), scores)


def _models(retrieval: Retrieval, kind: str) -> dict[str, Ranker]:
    """Return the rankers of the five models for one kind of query."""

    def single(name: str) -> Ranker:
        return lambda question, k: (
            retrieval.nearest(name, query_of(retrieval, kind, question), k).rows
        )

    def combined(question: Question, k: int) -> Int32:
        query = query_of(retrieval, kind, question)
        return retrieval.combined(query, retrieval.nearby(query), k).rows

    return {COMBINED.name: combined} | {model.name: single(model.name) for model in SINGLE}


def _baselines(trial: Trial) -> dict[str, Ranker]:
    """Return the baselines, which use the purchases of training shoppers and texts only."""
    bought, articles = trial.purchases.of(TRAINING), len(trial.articles)
    dim = trial.retrieval.indexes[TWO_TOWER.name].vectors.shape[1]
    return {
        **count_rankers(bought, articles),
        "TF-IDF": tf_idf(article_texts(trial.articles)),
        **factorisations(bought, articles, dim),
    }


def _photos(trial: Trial) -> tuple[list[Question], dict[str, Ranker]]:
    """Return questions and rankers of the photo protocol."""
    image = trial.retrieval.indexes[IMAGE.name]
    with_photo = np.flatnonzero(image.entry != NO_VECTOR).astype(np.int32)
    rankers = _models(trial.retrieval, PHOTO) | {"random": at_random(len(trial.articles))}
    if trial.untuned:
        rankers[UNTUNED] = _by_vector(ArticleIndex(trial.untuned))
    return photo_questions(trial.articles, with_photo, TEST), rankers


def _by_vector(index: ArticleIndex) -> Ranker:
    """Return the ranker by cosine with the article's vector; it finds nothing without one."""

    def rank(question: Question, k: int) -> Int32:
        entry = index.entry[question.basket[0]]
        if entry == NO_VECTOR:
            return NO_ARTICLES
        return index.search(index.vectors[entry], k, question.owned.tolist()).rows

    return rank

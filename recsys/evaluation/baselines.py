"""Baselines: simple rankers, and matrix factorisation where ``implicit`` is installed.

A ranker is a function of a question and a number k; it returns up to k articles, int32, best first.
"""

import importlib.util
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from tqdm import tqdm

from recsys.catalog.purchases import Purchases
from recsys.catalog.questions import Question
from recsys.models.purchase_counts import RECENT_DAYS, bought_by
from recsys.retrieval.index import kth_highest, ranking
from recsys.vectors import Int32

Ranker = Callable[[Question, int], Int32]
ArticleScores = npt.NDArray[np.number]
"""A score of each article, [articles]."""

Scorer = Callable[[Int32], ArticleScores]
"""Scores all articles for a basket."""

BASELINE_SEED = 3
"""Any fixed number: every evaluation gets the same figures."""

TIE_BREAK = 1e-6
"""Times an article's purchases, added to numbers of shared buyers: below 1 for a million."""

TINY = 1e-12
"""Lowest score to be ranked: above 0, and below any `TIE_BREAK`."""

ALS_CONFIDENCE = 10.0
"""Weight of a purchase, alpha in Hu et al. (2008): between their 40 and the default of 1."""

BPR_EPOCHS = 300
"""Three times the default of ``implicit``, so that the baseline is strong."""


def by_score(score: Scorer) -> Ranker:
    """Return the ranker by a score; articles that score 0 are left out, ties are broken by row."""

    def rank(question: Question, k: int) -> Int32:
        scores = np.array(score(question.basket), np.float64)
        scores[question.owned] = 0
        k = min(k, len(scores))
        rows = np.flatnonzero(scores >= max(float(kth_highest(scores, k)), TINY))
        return rows[ranking(rows, scores[rows])][:k].astype(np.int32)

    return rank


def at_random(articles: int) -> Ranker:
    """Return a random ranking, seeded by the basket."""

    def score(basket: Int32) -> ArticleScores:
        return np.random.default_rng((BASELINE_SEED, *basket.tolist())).random(articles)

    return by_score(score)


def repurchase(popularity: npt.NDArray[np.int64]) -> Ranker:
    """Return the ranker of the basket itself, latest first, then of the best-sellers.

    Args:
        popularity: int64 [articles], purchases of each article.
    """

    def score(basket: Int32) -> ArticleScores:
        scores = np.asarray(popularity / (popularity.max() + 1.0))
        scores[basket] = 1 + np.arange(len(basket))
        return scores

    return by_score(score)


def count_rankers(purchases: Purchases, articles: int) -> dict[str, Ranker]:
    """Return the rankers that count purchases, and the random one, by name.

    Args:
        purchases: those to count, of training shoppers.
        articles: number of articles in the catalogue.
    """
    sold = np.bincount(purchases.article, minlength=articles)
    last = purchases.day.max(initial=0) - RECENT_DAYS
    recent = np.bincount(purchases.article[purchases.day > last], minlength=articles)
    return {
        "random": at_random(articles),
        "popularity": by_score(lambda _: sold),
        "popularity, 7 days": by_score(lambda _: recent),
        "repurchase": repurchase(sold),
        **_neighbour_rankers(bought_by(purchases, articles), sold),
    }


def _neighbour_rankers(bought: sparse.csr_array, sold: npt.NDArray[np.int64]) -> dict[str, Ranker]:
    """Return the rankers by numbers of shared buyers, and by the cosine of buyers (item-kNN)."""
    bought_t = bought.T.tocsr()
    buyers = np.diff(bought_t.indptr)

    def shared(basket: Int32) -> ArticleScores:
        """Return the numbers of buyers shared with each of the basket, [basket, articles]."""
        return np.asarray((bought_t[basket] @ bought).toarray())

    def counts(basket: Int32) -> ArticleScores:
        return np.asarray(shared(basket).sum(axis=0) + sold * TIE_BREAK)

    def cosine(basket: Int32) -> ArticleScores:
        lengths = np.sqrt(np.outer(np.maximum(buyers[basket], 1), np.maximum(buyers, 1)))
        return np.asarray((shared(basket) / lengths).sum(axis=0))

    return {"co-purchase counts": by_score(counts), "item-kNN": by_score(cosine)}


def tf_idf(texts: Sequence[str]) -> Ranker:
    """Return the ranker by scikit-learn's TF-IDF cosine of texts, one per article."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    rows = TfidfVectorizer(dtype=np.float32).fit_transform(texts).tocsr()
    columns = rows.T.tocsr()
    return by_score(lambda basket: np.asarray((rows[basket] @ columns).toarray().sum(axis=0)))


def factorisations_available() -> bool:
    """Return whether ``implicit`` is installed."""
    return importlib.util.find_spec("implicit") is not None


def factorisations(purchases: Purchases, articles: int, dim: int) -> dict[str, Ranker]:
    """Return ALS (Hu et al., 2008) and BPR (Rendle et al., 2009); none without ``implicit``.

    They rank by the dot product of article factors.

    Args:
        purchases: those to train on, of training shoppers.
        articles: number of articles in the catalogue.
        dim: number of factors.
    """
    if not factorisations_available():
        return {}
    from implicit.als import AlternatingLeastSquares
    from implicit.bpr import BayesianPersonalizedRanking

    bought = sparse.csr_matrix(bought_by(purchases, articles))
    # One thread: with several, BPR's figures would differ from run to run.
    models = {
        f"ALS, {dim} dimensions": AlternatingLeastSquares(
            dim, alpha=ALS_CONFIDENCE, random_state=BASELINE_SEED, num_threads=1
        ),
        f"BPR, {dim} dimensions": BayesianPersonalizedRanking(
            dim, iterations=BPR_EPOCHS, random_state=BASELINE_SEED, num_threads=1
        ),
    }
    return {name: _factors(model, bought, name, dim) for name, model in models.items()}


def _factors(model: Any, bought: sparse.csr_matrix, name: str, dim: int) -> Ranker:
    """Train a model of ``implicit`` and return its ranker."""
    for _ in tqdm(range(1), desc=name, unit="model"):
        model.fit(bought, show_progress=False)
    # BPR appends a bias, which does not belong to the similarity of two articles.
    factors = np.asarray(model.item_factors)[:, :dim]
    # `by_score` ranks positive scores only; adding a constant changes no order.
    return by_score(lambda basket: _above_zero(factors @ factors[basket].sum(axis=0)))


def _above_zero(scores: ArticleScores) -> ArticleScores:
    return np.asarray(scores - scores.min() + 1)

"""What the models have to beat: simple rankers, and matrix factorisation where it is installed.

Every ranker is a function of a question and a count that returns articles from the best, int32.
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
from recsys.vectors import Int32

Ranker = Callable[[Question, int], Int32]
Scores = npt.NDArray[np.number]
Scorer = Callable[[Int32], Scores]

SEED = 3
TIE_BREAK = 1e-6


def by_score(score: Scorer) -> Ranker:
    """Return the ranker by a score of all articles, [articles], for the basket that asks.

    Articles that score 0 are not ranked; ties are broken by row.
    """

    def rank(question: Question, k: int) -> Int32:
        scores = np.array(score(question.basket), np.float64)
        scores[question.owned] = 0
        k = min(k, len(scores))
        bar = max(np.partition(scores, -k)[-k], 1e-12)
        rows = np.flatnonzero(scores >= bar)
        return rows[np.lexsort((rows, -scores[rows]))][:k].astype(np.int32)

    return rank


def at_random(articles: int) -> Ranker:
    """Return the ranker that knows nothing; a question always gets the same answer."""

    def score(basket: Int32) -> Scores:
        return np.random.default_rng((SEED, *basket.tolist())).random(articles)

    return by_score(score)


def repurchase(popularity: npt.NDArray[np.int64]) -> Ranker:
    """Return the ranker of what was bought before, latest first, then of the best-sellers."""

    def score(basket: Int32) -> Scores:
        scores = np.asarray(popularity / (popularity.max() + 1.0))
        scores[basket] = 1 + np.arange(len(basket))
        return scores

    return by_score(score)


def count_rankers(purchases: Purchases, articles: int) -> dict[str, Ranker]:
    """Return the rankers that count purchases."""
    sold = np.bincount(purchases.article, minlength=articles)
    last = purchases.day.max(initial=0) - RECENT_DAYS
    lately = np.bincount(purchases.article[purchases.day > last], minlength=articles)
    bought = bought_by(purchases, articles)
    bought_t = bought.T.tocsr()
    buyers = np.diff(bought_t.indptr)
    few = sold * TIE_BREAK

    def shared(basket: Int32) -> Scores:
        """How many buyers each article shares with each of the basket: [basket, articles]."""
        return np.asarray((bought_t[basket] @ bought).toarray())

    def cosine(basket: Int32) -> Scores:
        lengths = np.sqrt(np.outer(np.maximum(buyers[basket], 1), np.maximum(buyers, 1)))
        return np.asarray((shared(basket) / lengths).sum(axis=0))

    return {
        "random": at_random(articles),
        "popularity": by_score(lambda _: sold),
        "popularity, 7 days": by_score(lambda _: lately),
        "repurchase": repurchase(sold),
        "co-purchase counts": by_score(lambda basket: shared(basket).sum(axis=0) + few),
        "item-kNN": by_score(cosine),
    }


def tf_idf(texts: Sequence[str]) -> Ranker:
    """Return the ranker by the TF-IDF cosine of texts (scikit-learn's)."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    rows = TfidfVectorizer(dtype=np.float32).fit_transform(texts).tocsr()
    columns = rows.T.tocsr()
    return by_score(lambda basket: np.asarray((rows[basket] @ columns).toarray().sum(axis=0)))


def factorisations_available() -> bool:
    """Return whether ``implicit`` is installed."""
    return importlib.util.find_spec("implicit") is not None


def factorisations(purchases: Purchases, articles: int, dim: int) -> dict[str, Ranker]:
    """Return ALS and BPR of ``implicit``, by the dot product of their article factors.

    Nothing where ``implicit`` is not installed.
    """
    if not factorisations_available():
        return {}
    from implicit.als import AlternatingLeastSquares
    from implicit.bpr import BayesianPersonalizedRanking

    bought = sparse.csr_matrix(bought_by(purchases, articles))
    # One thread: several would make BPR's figures differ from run to run.
    models = {
        f"ALS, {dim} dimensions": AlternatingLeastSquares(
            dim, alpha=10.0, random_state=SEED, num_threads=1
        ),
        f"BPR, {dim} dimensions": BayesianPersonalizedRanking(
            dim, iterations=300, random_state=SEED, num_threads=1
        ),
    }
    return {name: _factors(model, bought, name, dim) for name, model in models.items()}


def _factors(model: Any, bought: sparse.csr_matrix, name: str, dim: int) -> Ranker:
    for _ in tqdm(range(1), desc=name, unit="model"):
        model.fit(bought, show_progress=False)
    # BPR puts a bias last, which says nothing of two articles.
    factors = np.asarray(model.item_factors)[:, :dim]
    # A constant makes every score positive, which `by_score` asks for, and changes no order.
    return by_score(lambda basket: _above_zero(factors @ factors[basket].sum(axis=0)))


def _above_zero(scores: Scores) -> Scores:
    return np.asarray(scores - scores.min() + 1)

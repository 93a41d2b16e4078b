"""What ``--fewest-shoppers`` costs: ``python -m benchmarks.fewest_shoppers --data CATALOGUE``.

For several numbers: how much of the purchases is published, and how good recommendations from it
are. ``--train`` names the numbers for which the two-tower model is trained and the combined model
is fitted, too. Needs no encoder and no photos: texts are TF-IDF, reduced to 128 dimensions.
"""

import argparse
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from recsys.catalog.articles import Catalog, read_catalog
from recsys.catalog.questions import Question, basket_questions, next_questions
from recsys.catalog.split import TEST, TRAINING
from recsys.catalog.statistics import seasons_of, weekly
from recsys.evaluation.baselines import Ranker
from recsys.evaluation.metrics import SHORT_LIST, bootstrap, measure
from recsys.models import two_tower
from recsys.models.cross_modal import AttributeEstimator, Bridges
from recsys.models.features import encode_features, read_vocabulary
from recsys.models.purchase_counts import (
    BEST_SELLERS,
    PurchaseCounts,
    bought_by,
    count_purchases,
)
from recsys.models.registry import FEATURES, IMAGE, TEXT, TWO_TOWER
from recsys.models.text import article_texts
from recsys.retrieval.fitting import examples, lessons, query_of
from recsys.retrieval.fusion import fit_weights
from recsys.retrieval.index import ArticleIndex
from recsys.retrieval.retriever import ARTICLE, BASKET, Retrieval
from recsys.vectors import NO_VECTOR, ArticleVectors, Int32, distinct, spread_evenly, unit

NUMBERS = (1, 2, 3, 5, 10)
TEXT_DIM = 128

Questions = dict[str, list[Question]]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="a catalogue folder")
    parser.add_argument("--train", type=int, nargs="*", default=[], metavar="N")
    parser.add_argument("--questions", type=int, default=5000, help="at most, per protocol")
    arguments = parser.parse_args()
    catalog = read_catalog(arguments.data)
    test = catalog.purchases.of(TEST)
    of_kind = {ARTICLE: basket_questions(test), BASKET: next_questions(test)}
    questions = {kind: _some(each, arguments.questions) for kind, each in of_kind.items()}
    print({kind: len(each) for kind, each in questions.items()}, "questions")
    for known in (1, 2, 3):
        print(f"{known} known purchases single out {singled_out(catalog, known):.1%} of shoppers")
    for fewest in NUMBERS:
        print(f"\nN = {fewest}: {published(catalog, fewest)}", flush=True)
        sales = count_purchases(catalog.purchases.of(TRAINING), len(catalog.articles), fewest)
        recall("co-purchase counts", dict.fromkeys(questions, by_counts(sales)), questions)
    content = content_of(catalog)
    for fewest in arguments.train:
        print(f"\nN = {fewest}, trained", flush=True)
        retrieval = fitted(catalog, content, fewest, arguments.questions)
        for name in (TWO_TOWER.name, "combined"):
            rankers = {kind: _ranker(retrieval, kind, name) for kind in questions}
            recall(name, rankers, questions)


def _some(questions: list[Question], most: int) -> list[Question]:
    return [questions[at] for at in spread_evenly(most, len(questions))]


def singled_out(catalog: Catalog, known: int) -> float:
    """Return the share of shoppers of whom ``known`` of their articles are nobody else's, too.

    Of the shoppers who bought at least three articles, whose articles are drawn at random.
    """
    random = np.random.default_rng(0)
    bought = bought_by(catalog.purchases, len(catalog.articles))
    enough = np.flatnonzero(np.diff(bought.indptr) >= 3)
    buyers = bought.tocsc()
    alone = []
    for who in random.permutation(enough)[:3000]:
        own = bought.indices[bought.indptr[who] : bought.indptr[who + 1]]
        others = [
            buyers.indices[buyers.indptr[row] : buyers.indptr[row + 1]]
            for row in random.permutation(own)[:known]
        ]
        found = others[0]
        for each in others[1:]:
            found = np.intersect1d(found, each)
        alone.append(len(found) == 1)
    return float(np.mean(alone))


def published(catalog: Catalog, fewest: int) -> dict[str, int]:
    """Return how much of the purchases a release publishes."""
    count, purchases = len(catalog.articles), catalog.purchases
    sales = count_purchases(purchases.of(TRAINING), count, fewest)
    return {
        "pairs": len(sales.partners),
        "articles with partners": int((np.diff(sales.starts) > 0).sum()),
        "with popularity": int((sales.popularity > 0).sum()),
        "with price": int(np.isfinite(purchases.median_prices(count, fewest)).sum()),
        "with season": sum(season != "" for season in seasons_of(purchases, count, fewest)),
        "purchases in weeks": int(weekly(purchases, catalog.articles, fewest)["purchases"].sum()),
    }


def by_counts(sales: PurchaseCounts) -> Ranker:
    """Return the ranker by published numbers of shared buyers, then by popularity."""
    shared = np.zeros(len(sales.popularity), np.int64)
    best = np.argsort(-sales.popularity, kind="stable")[:BEST_SELLERS]

    def rank(question: Question, k: int) -> Int32:
        spans = [slice(*sales.starts[row : row + 2]) for row in question.basket]
        partners = np.concatenate([sales.partners[span] for span in spans])
        np.add.at(shared, partners, np.concatenate([sales.shared[span] for span in spans]))
        rows = np.setdiff1d(np.concatenate([partners, best]), question.owned)
        order = np.lexsort((rows, -sales.popularity[rows], -shared[rows]))
        shared[partners] = 0
        return rows[order][:k].astype(np.int32)

    return rank


def content_of(catalog: Catalog) -> dict[str, ArticleVectors]:
    """Return vectors of texts and attributes; there are none of photos."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(dtype=np.float32).fit_transform(article_texts(catalog.articles))
    dim = min(TEXT_DIM, words.shape[1] - 1)
    text = unit(TruncatedSVD(dim, random_state=0).fit_transform(words).astype(np.float32) + 1e-9)
    rows = np.arange(len(text), dtype=np.int32)
    none = ArticleVectors(np.empty((0, 1), np.float32), np.full(len(text), NO_VECTOR, np.int32))
    return {
        TEXT.name: distinct(text, rows, len(text)),
        IMAGE.name: none,
        FEATURES.name: encode_features(catalog.articles),
    }


def fitted(
    catalog: Catalog, content: dict[str, ArticleVectors], fewest: int, most: int
) -> Retrieval:
    """Return the models as a build with ``fewest`` has them, weights included."""
    purchases, articles = catalog.purchases, catalog.articles
    products = pd.factorize(articles["product_code"])[0].astype(np.int32)
    told = [content[name] for name in (TEXT.name, FEATURES.name)]
    inputs = np.concatenate([each.vectors[each.entry] for each in told], axis=1)
    towers = two_tower.train(purchases, products, inputs, two_tower.DEFAULTS, fewest)
    rows = np.arange(len(articles), dtype=np.int32)
    vectors = {**content, TWO_TOWER.name: ArticleVectors(towers.articles, rows)}
    retrieval = Retrieval(
        indexes={name: ArticleIndex(each) for name, each in vectors.items()},
        typical={name: each.mean_score() for name, each in vectors.items()},
        basket_rows=towers.queries,
        sales=count_purchases(purchases.of(TRAINING), len(articles), fewest),
        weights={},
        bridges=Bridges({}, {}, AttributeEstimator(read_vocabulary(articles), {})),
    )
    asked = lessons(retrieval, articles, purchases, fewest)
    weights = {
        kind: fit_weights(examples(retrieval, kind, _some(asked[kind], most)))
        for kind in (ARTICLE, BASKET)
    }
    return replace(retrieval, weights=weights)


def _ranker(retrieval: Retrieval, kind: str, name: str) -> Ranker:
    def rank(question: Question, k: int) -> Int32:
        query = query_of(retrieval, kind, question)
        if name == TWO_TOWER.name:
            return retrieval.nearest(name, query, k).rows
        return retrieval.combined(query, retrieval.nearby(query), k).rows

    return rank


def recall(name: str, rankers: dict[str, Ranker], questions: Questions) -> None:
    """Print the recall of each kind of question with its 95 % interval."""
    for kind, ranker in rankers.items():
        measured = [
            measure(ranker(question, SHORT_LIST), question.relevant)
            for question in _progress(questions[kind], f"{name}, {kind}")
        ]
        found = bootstrap(np.array(measured))[0]
        print(f"{name}, {kind}: {found.mean:.3f} ({found.low:.3f} to {found.high:.3f})", flush=True)


def _progress(questions: list[Question], title: str) -> Iterable[Question]:
    return tqdm(questions, desc=title, unit="question")


if __name__ == "__main__":
    main()

"""The two-tower model: what the same shoppers bought, learned with TensorFlow Recommenders.

The query tower reads a basket, a bag of articles, so a single article, a visitor's basket and a
shopper's history are the same kind of query. The article tower reads an article's id, its product
and its content, so an article that was never sold has a vector too. Both end in unit vectors
whose dot product is trained with an in-batch softmax (Yi et al., 2019, "Sampling-Bias-Corrected
Neural Modeling for Large Corpus Item Recommendations").

TensorFlow is needed to train only: the query tower is an average of one vector an article, so a
release answers with those vectors alone.
"""

import numpy as np

from recsys.catalog.purchases import Purchases
from recsys.catalog.questions import basket_questions
from recsys.catalog.split import TRAINING, VALIDATION
from recsys.errors import CatalogError
from recsys.models.two_tower_data import Baskets, HeldBackPairs, TrainingSettings, TwoTower
from recsys.vectors import Float32, Int32, unit

ENCODER = "TensorFlow Recommenders, two-tower"
"""What the manifest calls this model's encoder."""

MOST_PAIRS = 4096

DEFAULTS = TrainingSettings()


def train(
    purchases: Purchases, products: Int32, content: Float32, settings: TrainingSettings
) -> TwoTower:
    """Train on the training shoppers, for as long as the held-back ones are served better.

    Args:
        purchases: everybody's, sorted by shopper, then day.
        products: int32 [articles], articles of one product share a number from 0.
        content: float32 [articles, content dim], what texts and attributes say.
        settings: how to train.

    Raises:
        CatalogError: no training shopper bought two articles.
    """
    from recsys.models.two_tower_keras import fit

    bought = purchases.of(TRAINING)
    baskets = Baskets(bought.shopper, bought.article, settings)
    if not len(baskets):
        raise CatalogError(
            "The two-tower model has nothing to learn from: in transactions_train.csv, none of "
            "the shoppers who are not held out bought two articles of the catalogue."
        )
    counts = np.bincount(bought.article, minlength=len(products))
    return fit(baskets, held_back_pairs(purchases), counts, products, content, settings)


def held_back_pairs(purchases: Purchases) -> HeldBackPairs:
    """Return what was bought on one day by shoppers who are kept back from training."""
    questions = basket_questions(purchases.of(VALIDATION))
    asks = [np.repeat(question.basket, len(question.relevant)) for question in questions]
    relevant = [question.relevant for question in questions]
    none = np.empty(0, np.int32)
    return HeldBackPairs(
        np.concatenate([none, *asks])[:MOST_PAIRS], np.concatenate([none, *relevant])[:MOST_PAIRS]
    )


def basket_query(queries: Float32) -> Float32:
    """Return the query tower's unit vector [dim] of a basket, from its articles' rows [n, dim]."""
    return unit(queries.mean(axis=0))

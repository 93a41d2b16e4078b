"""The two-tower model: articles are similar if the same shoppers buy them.

The query tower encodes a basket, a bag of articles, so a single article, a visitor's basket and a
shopper's history are the same kind of query. The article tower encodes an article's id, its product
and its content, so an article that was never sold has a vector, too. Both give unit vectors, whose
dot product is trained with an in-batch softmax (Yi et al., 2019, "Sampling-Bias-Corrected Neural
Modeling for Large Corpus Item Recommendations").

It is trained with TensorFlow Recommenders. Only training needs TensorFlow: the query tower is a
mean of one vector per article, so a release contains just these vectors.
"""

import numpy as np

from recsys.catalog.privacy import shoppers_per
from recsys.catalog.purchases import Purchases
from recsys.catalog.questions import basket_questions
from recsys.catalog.split import TRAINING, VALIDATION
from recsys.errors import CatalogError
from recsys.models.two_tower_data import Baskets, TrainingSettings, TwoTower, ValidationPairs
from recsys.vectors import Float32, Int32, unit

TWO_TOWER_ENCODER = "TensorFlow Recommenders, two-tower"
"""What the manifest calls this model's encoder."""

MOST_PAIRS = 4096
"""Validation pairs: enough for a recall of ±0.01, few enough to rank all articles each round."""

DEFAULTS = TrainingSettings()


def train(
    purchases: Purchases,
    products: Int32,
    content: Float32,
    settings: TrainingSettings,
    fewest: int,
) -> TwoTower:
    """Return a model trained on the training shoppers, stopped early by the validation shoppers.

    Articles with few buyers are left out of the training: the nearest neighbours of an article with
    one buyer would be what else that shopper bought. Their vectors come from content alone.

    Args:
        purchases: everybody's, sorted by shopper, then day.
        products: int32 [articles], equal for articles of one product, from 0.
        content: float32 [articles, content dim], vectors of texts and attributes.
        settings: hyperparameters.
        fewest: articles that fewer training shoppers bought are left out.

    Raises:
        CatalogError: no training shopper bought two of the others.
    """
    from recsys.models.two_tower_keras import fit

    baskets = training_baskets(purchases, len(products), settings, fewest)
    counts = np.bincount(baskets.article, minlength=len(products))
    return fit(baskets, validation_pairs(purchases), counts, products, content, settings)


def training_baskets(
    purchases: Purchases, articles: int, settings: TrainingSettings, fewest: int
) -> Baskets:
    """Return the training examples: purchases of the training shoppers without rare articles.

    Args:
        purchases: everybody's, sorted by shopper, then day.
        articles: number of articles in the catalogue.
        settings: hyperparameters.
        fewest: articles that fewer training shoppers bought are left out.

    Raises:
        CatalogError: no training shopper bought two of the others.
    """
    bought = purchases.of(TRAINING)
    buyers = shoppers_per(bought.article, bought.shopper, articles)
    bought = bought.where(buyers[bought.article] >= fewest)
    baskets = Baskets(bought.shopper, bought.article, settings)
    if not len(baskets):
        raise CatalogError(
            "The two-tower model has nothing to train on: in transactions_train.csv, none of the "
            "training shoppers (70 % of all, by a hash of their ids) bought two articles of the "
            f"catalogue that at least {fewest} of them bought. Add purchases, or lower "
            "--fewest-shoppers."
        )
    return baskets


def validation_pairs(purchases: Purchases) -> ValidationPairs:
    """Return up to `MOST_PAIRS` pairs of articles that a validation shopper bought on one day."""
    questions = basket_questions(purchases.of(VALIDATION))
    queries = [np.repeat(question.basket, len(question.relevant)) for question in questions]
    relevant = [question.relevant for question in questions]
    none = np.empty(0, np.int32)
    return ValidationPairs(
        np.concatenate([none, *queries])[:MOST_PAIRS],
        np.concatenate([none, *relevant])[:MOST_PAIRS],
    )


def basket_query(queries: Float32) -> Float32:
    """Return the query tower's unit vector of a basket, float32 [dim].

    Args:
        queries: float32 [n, dim], the rows of `TwoTower.queries` of the basket's articles.
    """
    return unit(queries.mean(axis=0))

"""The features model: how many of an article's attributes another one shares."""

import numpy as np
import pandas as pd

from recsys.catalog import DESCRIPTIVE_COLUMNS
from recsys.vectors import ArticleVectors, Float32, unit

ENCODER = "one-hot, weighted by √idf"
"""What the manifest calls this model's encoder."""


def encode_features(articles: pd.DataFrame) -> ArticleVectors:
    """Return unit vectors of the one-hot encoded `DESCRIPTIVE_COLUMNS`.

    A column's value weighs √idf, so that the cosine sums the idf of what two articles share:
    sharing "Poncho" says more than sharing "Garment Upper body". idf is scikit-learn's smooth
    one, ln((1 + articles) / (1 + articles with the value)) + 1 (Pedregosa et al., 2011).

    Articles with the same attributes share an entry.
    """
    table = articles[list(DESCRIPTIVE_COLUMNS)]
    entry, _ = pd.factorize(pd.MultiIndex.from_frame(table))
    _, first = np.unique(entry, return_index=True)
    columns = [_one_hot(table[column], first) for column in DESCRIPTIVE_COLUMNS]
    return ArticleVectors(unit(np.concatenate(columns, axis=1)), entry.astype(np.int32))


def _one_hot(column: pd.Series, rows: np.ndarray) -> Float32:
    """Return float32 [len(rows), distinct values]: √idf where a row has the value, else 0."""
    codes, values = pd.factorize(column, sort=True)
    counts = np.bincount(codes, minlength=len(values))
    idf = np.log((1 + len(column)) / (1 + counts)) + 1
    return np.asarray(np.eye(len(values))[codes[rows]] * np.sqrt(idf), np.float32)

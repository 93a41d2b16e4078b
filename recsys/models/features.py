"""The features model: articles are similar if they share attributes, above all rare ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from recsys.catalog.schema import DESCRIPTIVE_COLUMNS
from recsys.vectors import ArticleVectors, Float32, unit

FEATURES_ENCODER = "one-hot, weighted by √idf"
"""What the manifest calls this model's encoder."""


@dataclass(frozen=True)
class Vocabulary:
    """The values of a catalogue's `DESCRIPTIVE_COLUMNS`, one dimension each, column by column.

    Attributes:
        values: by column, in rising order.
        weights: float32 [dimensions], the √idf of each value.
    """

    values: Mapping[str, list[str]]
    weights: Float32

    @cached_property
    def spans(self) -> dict[str, slice]:
        """The dimensions of each column."""
        ends = np.cumsum([len(values) for values in self.values.values()]).tolist()
        starts = [0, *ends]
        return {column: slice(*at) for column, *at in zip(self.values, starts, ends, strict=False)}

    def vector(self, chances: Float32) -> Float32:
        """Return the unit vector, float32 [dimensions], for the probability of each value.

        Args:
            chances: float32 [..., dimensions].
        """
        return unit(chances * self.weights)

    def share(self, values: Sequence[str], column: str) -> Float32:
        """Return a column's probabilities if it has one of ``values``, all equally likely."""
        ones = np.array([value in values for value in self.values[column]], np.float32)
        return np.asarray(ones / np.maximum(ones.sum(), 1), np.float32)

    def shares(self, vector: Float32) -> Float32:
        """Return the probability of each value, float32 [dimensions]: the inverse of `vector`."""
        chances = np.maximum(vector / self.weights, 0)
        for span in self.spans.values():
            chances[span] /= np.maximum(chances[span].sum(), np.finfo(np.float32).tiny)
        return np.asarray(chances, np.float32)


def read_vocabulary(articles: pd.DataFrame) -> Vocabulary:
    """Return the values of a catalogue's articles, weighted by √idf.

    The cosine then sums the idf of the values that two articles share: sharing "Poncho" counts more
    than sharing "Garment Upper body". idf is scikit-learn's smooth one,
    ln((1 + articles) / (1 + articles with the value)) + 1 (Pedregosa et al., 2011).
    """
    values, weights = {}, []
    for column in DESCRIPTIVE_COLUMNS:
        codes, found = pd.factorize(articles[column], sort=True)
        values[column] = found.tolist()
        counts = np.bincount(codes, minlength=len(found))
        weights.append(np.sqrt(np.log((1 + len(articles)) / (1 + counts)) + 1))
    return Vocabulary(values, np.concatenate(weights).astype(np.float32))


def encode_features(articles: pd.DataFrame) -> ArticleVectors:
    """Return the articles' weighted one-hot vectors; equal attributes share an entry."""
    table = articles[list(DESCRIPTIVE_COLUMNS)]
    entry, _ = pd.factorize(pd.MultiIndex.from_frame(table))
    _, first = np.unique(entry, return_index=True)
    vocabulary = read_vocabulary(articles)
    vectors = vocabulary.vector(one_hot(table.iloc[first], vocabulary))
    return ArticleVectors(vectors, entry.astype(np.int32))


def one_hot(articles: pd.DataFrame, vocabulary: Vocabulary) -> Float32:
    """Return the one-hot attributes, float32 [articles, dimensions]."""
    columns = [
        np.eye(len(values), dtype=np.float32)[
            pd.Index(values).get_indexer(pd.Index(articles[column]))
        ]
        for column, values in vocabulary.values.items()
    ]
    return np.concatenate(columns, axis=1)

"""Training examples, hyperparameters and result of the two-tower model, without TensorFlow."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.catalog.purchases import shopper_spans
from recsys.vectors import Float32, Int32

Counts = npt.NDArray[np.int64]
"""Purchases of each article, int64 [articles]."""

PADDING = 0
"""The number of no article in a basket, and of an id without an embedding."""


@dataclass(frozen=True)
class TrainingSettings:
    """Hyperparameters of the training.

    A round is what lies between two evaluations on the validation pairs.

    Attributes:
        dim: length of the vectors.
        round_steps: fewest steps of a round; half a pass over the training purchases if that is
            more.
        patience: rounds without improvement before training stops.
        most_rounds: rounds after which it stops in any case.
        batch_size: purchases per step; the others of a batch are the negatives of each.
        learning_rate: Adagrad's.
        temperature: what scores are divided by in the softmax.
        basket: most articles of a training basket.
        window: purchases before and after one that count as bought with it.
        id_dropout: how often an article's id and product are hidden, so that the model learns to
            use content alone, as it must for an article never sold.
        seed: of every random choice.
    """

    dim: int = 64
    round_steps: int = 40
    patience: int = 3
    most_rounds: int = 40
    batch_size: int = 1024
    learning_rate: float = 0.05
    temperature: float = 0.07
    basket: int = 8
    window: int = 12
    id_dropout: float = 0.1
    seed: int = 7


@dataclass(frozen=True)
class TwoTower:
    """A trained model.

    Attributes:
        articles: float32 [articles, dim], unit vectors of the article tower.
        queries: float32 [articles, dim]; the query tower's vector of a basket is the unit vector
            of the mean of its articles' rows.
    """

    articles: Float32
    queries: Float32


@dataclass(frozen=True)
class ValidationPairs:
    """Articles that validation shoppers bought together, for early stopping.

    Attributes:
        query: int32 [pairs].
        relevant: int32 [pairs], the article that the query should find.
    """

    query: Int32
    relevant: Int32


class Baskets:
    """Training examples: a purchased article, and a basket of the shopper's purchases around it.

    Args:
        shopper: int32 [purchases], sorted; each shopper's purchases are sorted by time.
        article: int32 [purchases].
        settings: hyperparameters.
    """

    def __init__(self, shopper: Int32, article: Int32, settings: TrainingSettings) -> None:
        self.article, self.settings = article, settings
        starts, ends = (each.astype(np.int32) for each in shopper_spans(shopper))
        length = ends - starts
        self._start, self._end = np.repeat(starts, length), np.repeat(ends, length)
        self._usable = np.flatnonzero(np.repeat(length > 1, length)).astype(np.int32)

    @property
    def round_steps(self) -> int:
        """Batches of a round."""
        return max(self.settings.round_steps, len(self) // 2)

    def batches(self, epoch: int) -> Iterator[tuple[Int32, Int32]]:
        """Yield one pass in random order: baskets [batch, basket] and articles [batch], int32.

        Both number articles from 1; `PADDING` fills the baskets.
        """
        random = np.random.default_rng((self.settings.seed, epoch))
        order = random.permutation(self._usable)
        for start in range(0, len(order), self.settings.batch_size):
            positions = order[start : start + self.settings.batch_size]
            yield self._around(positions, random), self.article[positions] + 1

    def __len__(self) -> int:
        """Number of batches of a pass."""
        return -(-len(self._usable) // self.settings.batch_size)

    def _around(self, positions: Int32, random: np.random.Generator) -> Int32:
        """Return a random basket around each position: half have one article, half any number."""
        window, width = self.settings.window, self.settings.basket
        low = np.maximum(self._start[positions], positions - window)[:, None]
        high = np.minimum(self._end[positions], positions + window + 1)[:, None]
        drawn = self.article[random.integers(low, high, (len(positions), width))]
        size = random.integers(1, width + 1, len(positions))
        size[random.random(len(positions)) < 0.5] = 1
        own = drawn == self.article[positions][:, None]
        # The article itself is no part of its basket: it is moved to the end and hidden.
        drawn = np.take_along_axis(drawn, np.argsort(own, axis=1, kind="stable"), axis=1)
        hidden = np.sort(own, axis=1) | (np.arange(width) >= size[:, None])
        return np.where(hidden, PADDING, drawn + 1).astype(np.int32)

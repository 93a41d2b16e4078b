"""What the two-tower model is trained on, and what comes of it. Nothing here needs TensorFlow."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.vectors import Float32, Int32

Counts = npt.NDArray[np.int64]

PADDING = 0
"""The number that stands for no article in a basket and for an id that is not learned."""


@dataclass(frozen=True)
class TrainingSettings:
    """How to train.

    Attributes:
        dim: length of the vectors.
        round_steps: steps between two looks at the held-back baskets; half a pass over the
            training purchases where that is more.
        patience: how many looks without a better one end the training.
        most_rounds: looks after which it ends anyway.
        batch_size: purchases a step; the others of a batch are the negatives of each.
        learning_rate: Adagrad's.
        temperature: what scores are divided by in the softmax.
        basket: the largest basket shown to the query tower, in articles.
        window: how many purchases before and after one count as bought with it.
        id_dropout: how often an article's id and product are hidden, so that content alone
            must do, as it must for an article never sold.
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
        queries: float32 [articles, dim], what each article adds to a basket: the query tower of
            a basket is the unit vector of the mean of its articles' rows.
    """

    articles: Float32
    queries: Float32


@dataclass(frozen=True)
class HeldBackPairs:
    """Articles that held-back shoppers bought together, to watch the training by.

    Attributes:
        asks: int32 [pairs], the article that asks.
        relevant: int32 [pairs], the one to be found.
    """

    asks: Int32
    relevant: Int32


class Baskets:
    """Training examples: a bought article, and a basket of what the shopper bought around it.

    Args:
        shopper: int32 [purchases], sorted, each shopper's purchases in the order of time.
        article: int32 [purchases].
        settings: how to draw.
    """

    def __init__(self, shopper: Int32, article: Int32, settings: TrainingSettings) -> None:
        self.article, self.settings = article, settings
        starts = np.flatnonzero(np.diff(shopper, prepend=-1)).astype(np.int32)
        ends = np.append(starts[1:], len(shopper))[: len(starts)].astype(np.int32)
        length = ends - starts
        self._start, self._end = np.repeat(starts, length), np.repeat(ends, length)
        self._usable = np.flatnonzero(np.repeat(length > 1, length)).astype(np.int32)

    @property
    def round_steps(self) -> int:
        """How many batches to train for between two looks at the held-back baskets."""
        return max(self.settings.round_steps, len(self) // 2)

    def batches(self, epoch: int) -> Iterator[tuple[Int32, Int32]]:
        """Yield one pass in random order: baskets [batch, basket] and articles [batch].

        Both count articles from 1; `PADDING` fills the baskets.
        """
        random = np.random.default_rng((self.settings.seed, epoch))
        order = random.permutation(self._usable)
        for start in range(0, len(order), self.settings.batch_size):
            positions = order[start : start + self.settings.batch_size]
            yield self._around(positions, random), self.article[positions] + 1

    def __len__(self) -> int:
        """How many batches a pass has."""
        return -(-len(self._usable) // self.settings.batch_size)

    def _around(self, positions: Int32, random: np.random.Generator) -> Int32:
        """Draw a basket around each position: of one article half the time, else of any size."""
        window, width = self.settings.window, self.settings.basket
        low = np.maximum(self._start[positions], positions - window)[:, None]
        high = np.minimum(self._end[positions], positions + window + 1)[:, None]
        drawn = self.article[random.integers(low, high, (len(positions), width))]
        size = random.integers(1, width + 1, len(positions))
        size[random.random(len(positions)) < 0.5] = 1
        own = drawn == self.article[positions][:, None]
        # A first article that is the answer itself is passed over for the next that is not.
        drawn = np.take_along_axis(drawn, np.argsort(own, axis=1, kind="stable"), axis=1)
        hidden = np.sort(own, axis=1) | (np.arange(width) >= size[:, None])
        return np.where(hidden, PADDING, drawn + 1).astype(np.int32)

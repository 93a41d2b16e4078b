"""The two-tower model: what the same shoppers bought, learned with TensorFlow Recommenders.

The query tower reads a basket, a bag of articles, so a single article, a visitor's basket and a
shopper's history are the same kind of query. The article tower reads an article's id, its product
and its content, so an article that was never sold has a vector too. Both end in unit vectors
whose dot product is trained with an in-batch softmax (Yi et al., 2019, "Sampling-Bias-Corrected
Neural Modeling for Large Corpus Item Recommendations").

TensorFlow is needed to train only: the query tower is an average of one vector an article, so a
release answers with those vectors alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from recsys.catalog import Purchases
from recsys.vectors import Float32, Int32, unit

ENCODER = "TensorFlow Recommenders, two-tower"
"""What the manifest calls this model's encoder."""

Bools = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int64]

RECALL_AT = 12
MEASURED = 5000
PADDING = 0
"""The number that stands for no article in a basket and for an id that is not learned."""


@dataclass(frozen=True)
class Settings:
    """How to train.

    Attributes:
        dim: length of the vectors.
        epochs: passes over the training purchases;
        min_steps: more passes, where those are fewer steps than this.
        batch_size: purchases a step; the others of a batch are the negatives of each.
        learning_rate: Adagrad's.
        temperature: what scores are divided by in the softmax.
        basket: the largest basket shown to the query tower, in articles.
        window: how many purchases before and after one count as bought with it.
        id_dropout: how often an article's id and product are hidden, so that content alone
            must do, as it must for an article never sold.
        holdout: the largest share of purchases, the latest, kept from training.
        seed: of every random choice.
    """

    dim: int = 64
    epochs: int = 2
    min_steps: int = 120
    batch_size: int = 1024
    learning_rate: float = 0.1
    temperature: float = 0.05
    basket: int = 8
    window: int = 12
    id_dropout: float = 0.1
    holdout: float = 0.1
    seed: int = 7


DEFAULTS = Settings()


@dataclass(frozen=True)
class HeldOut:
    """How a trained model does on the purchases kept from training.

    Each query is a shopper's last basket before the cut; what they bought for the first time
    after it is to be found among all articles that they did not own.

    Attributes:
        shoppers: how many queries there were.
        recall_at_12: the mean share of the new articles among the first 12.
        popularity_recall_at_12: the same for the best-sellers before the cut.
    """

    shoppers: int
    recall_at_12: float
    popularity_recall_at_12: float


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


def train(
    purchases: Purchases, products: Int32, content: Float32, settings: Settings
) -> tuple[TwoTower, HeldOut]:
    """Train on all purchases but the latest, and measure on those.

    Args:
        purchases: sorted by shopper, then day.
        products: int32 [articles], articles of one product share a number from 0.
        content: float32 [articles, content dim], what texts and attributes say.
        settings: how to train.
    """
    from recsys.models.towers import fit

    before = purchases.day < _cut_day(purchases.day, settings.holdout)
    baskets = Baskets(purchases.shopper[before], purchases.article[before], settings)
    counts = np.bincount(purchases.article[before], minlength=len(products))
    model = fit(baskets, counts, products, content, settings)
    return model, _measure(purchases, before, counts, model, settings.basket)


class Baskets:
    """Training examples: a bought article, and a basket of what the shopper bought around it.

    Args:
        shopper: int32 [purchases], sorted, each shopper's purchases in the order of time.
        article: int32 [purchases].
        settings: how to draw.
    """

    def __init__(self, shopper: Int32, article: Int32, settings: Settings) -> None:
        self.article, self.settings = article, settings
        starts = np.flatnonzero(np.diff(shopper, prepend=-1)).astype(np.int32)
        ends = np.append(starts[1:], len(shopper)).astype(np.int32)
        length = ends - starts
        self._start, self._end = np.repeat(starts, length), np.repeat(ends, length)
        self._usable = np.flatnonzero(np.repeat(length > 1, length)).astype(np.int32)

    @property
    def epochs(self) -> int:
        """How many passes to train for."""
        return max(self.settings.epochs, -(-self.settings.min_steps // max(len(self), 1)))

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


def basket_query(queries: Float32) -> Float32:
    """Return the query tower's unit vector [dim] of a basket, from its articles' rows [n, dim]."""
    return unit(queries.mean(axis=0))


def _cut_day(day: Int32, holdout: float) -> int:
    """Return the first day of the held-out ones: at most a share ``holdout``, at least one day."""
    days, counts = np.unique(day, return_counts=True)
    later = np.cumsum(counts[::-1])[::-1]
    return int(days[np.append(np.flatnonzero(later <= holdout * len(day)), len(days) - 1)[0]])


def _measure(
    purchases: Purchases, before: Bools, counts: Counts, model: TwoTower, basket: int
) -> HeldOut:
    """Measure `HeldOut` on at most `MEASURED` shoppers, spread evenly over all that qualify."""
    queries = list(_held_out_queries(purchases, before))
    queries = queries[:: -(-len(queries) // MEASURED) or 1]
    best_sellers = np.asarray(counts, np.float32)
    learned, popular = [0.0], [0.0]
    for owned, new in tqdm(queries, desc="two_tower held out", unit="shopper"):
        query = basket_query(model.queries[owned[-basket:]])
        learned.append(_recall(model.articles @ query, owned, new))
        popular.append(_recall(best_sellers, owned, new))
    shoppers = max(len(queries), 1)
    return HeldOut(len(queries), sum(learned) / shoppers, sum(popular) / shoppers)


def _held_out_queries(purchases: Purchases, before: Bools) -> Iterator[tuple[Int32, Int32]]:
    """Yield each shopper's articles before the cut, in order of time, and the new ones after."""
    ends = np.append(np.flatnonzero(np.diff(purchases.shopper)) + 1, len(purchases))
    for start, end in zip(np.append(0, ends[:-1]), ends, strict=True):
        early = before[start:end]
        owned = purchases.article[start:end][early]
        new = np.setdiff1d(purchases.article[start:end][~early], owned)
        if len(owned) and len(new):
            yield owned, new


def _recall(scores: Float32, owned: Int32, new: Int32) -> float:
    """Return the share of ``new`` among the `RECALL_AT` best-scored articles not ``owned``."""
    scores = scores.copy()
    scores[owned] = -np.inf
    best = np.argpartition(-scores, RECALL_AT)[:RECALL_AT] if len(scores) > RECALL_AT else new
    return float(np.isin(new, best).mean())

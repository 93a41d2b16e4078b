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
from recsys.errors import CatalogError
from recsys.models.baskets import Baskets, Counts, Settings, TwoTower
from recsys.vectors import Float32, Int32, unit

ENCODER = "TensorFlow Recommenders, two-tower"
"""What the manifest calls this model's encoder."""

Bools = npt.NDArray[np.bool_]

RECALL_AT = 12
MEASURED = 5000

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
    if not len(baskets):
        raise CatalogError(
            "The two-tower model has nothing to learn from: in transactions_train.csv, no shopper "
            "bought two articles of the catalogue before the last days, which are held out."
        )
    counts = np.bincount(purchases.article[before], minlength=len(products))
    model = fit(baskets, counts, products, content, settings)
    return model, _measure(purchases, before, counts, model, settings.basket)


def basket_query(queries: Float32) -> Float32:
    """Return the query tower's unit vector [dim] of a basket, from its articles' rows [n, dim]."""
    return unit(queries.mean(axis=0))


def _cut_day(day: Int32, holdout: float) -> int:
    """Return the first day of the held-out ones: at most a share ``holdout``, at least one day."""
    if not len(day):
        return 0
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

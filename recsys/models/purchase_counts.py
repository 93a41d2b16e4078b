"""Purchase counts: which articles share buyers, and how many buyers each has.

Co-purchase counts are a strong baseline, and counts have information that cosines lack: how well an
article sells. The combined model uses them beside the retrieval models.

All numbers of buyers are rounded down (`recsys.catalog.privacy.coarse`) before anything is computed
from them, so a release does not tell who bought what.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse
from tqdm import tqdm

from recsys.catalog.privacy import coarse
from recsys.catalog.purchases import Purchases
from recsys.vectors import Float32, Int32

RECENT_DAYS = 7
"""A week: the shortest time in which every day of the week counts once."""

PARTNERS = 100
"""Partners kept per article: half as many candidates as a model contributes."""

BEST_SELLERS = 100
"""Best-sellers among the candidates: as many as partners of an article."""

ARTICLE_BLOCK = 1024
"""Articles counted at once: bounds the memory of the sparse product."""


@dataclass(frozen=True)
class PurchaseCounts:
    """Purchase counts of each article, scaled to [0, 1]. Numbers of buyers are rounded down.

    Attributes:
        starts: int64 [articles + 1]; article i's partners are those from starts[i] to starts[i+1].
        partners: int32, articles that share buyers with it, in rising order.
        strengths: float32 [len(partners)], √(c / √((n₁+1)(n₂+1))) for c buyers of both articles
            and n₁ and n₂ buyers of each: the root of a cosine, shrunk for few buyers.
        shared: int32 [len(partners)], the number c of buyers of both.
        popularity: float32 [articles], ln(1 + n) of its n buyers, over that of the best-seller.
        recency: float32 [articles], the same for the last `RECENT_DAYS` days.
    """

    starts: npt.NDArray[np.int64]
    partners: Int32
    strengths: Float32
    shared: Int32
    popularity: Float32
    recency: Float32

    def fits(self, articles: int) -> bool:
        """Whether the arrays fit each other and a catalogue with that many articles.

        The values of each array by itself are not looked at, except for the order of partners:
        `shared_with` searches them, and `bought_with` would count one twice only once.
        """
        partners = len(self.partners)
        lengths = (len(self.starts), len(self.popularity), len(self.recency))
        if (
            lengths != (articles + 1, articles, articles)
            or (len(self.strengths), len(self.shared)) != (partners, partners)
            or (self.starts[0], self.starts[-1]) != (0, partners)
            or (np.diff(self.starts) < 0).any()
        ):
            return False
        rising = np.diff(self.partners) > 0
        # Between the partners of two articles there is no order to keep.
        inner = self.starts[1:-1]
        rising[inner[(inner > 0) & (inner < partners)] - 1] = True
        return bool(rising.all())

    @property
    def scoring(self) -> tuple[npt.NDArray[np.generic], ...]:
        """The arrays that scores depend on; ``shared`` is only shown."""
        return self.starts, self.partners, self.strengths, self.popularity, self.recency

    @cached_property
    def best_sellers(self) -> Int32:
        """Up to `BEST_SELLERS` articles, int32, by falling recency, then popularity."""
        best = np.lexsort((-self.popularity, -self.recency))[:BEST_SELLERS]
        return best[self.popularity[best] > 0].astype(np.int32)

    def partners_of(self, article: int) -> Int32:
        """Return the articles that share buyers with ``article``, int32 in rising order."""
        return self.partners[self.starts[article] : self.starts[article + 1]]

    def shared_with(self, one: int, other: int) -> int:
        """Return the number of buyers of both articles; 0 if neither is a partner of the other."""
        for article, partner in ((one, other), (other, one)):
            partners = self.partners_of(article)
            place = int(np.searchsorted(partners, partner))
            if place < len(partners) and partners[place] == partner:
                return int(self.shared[self.starts[article] + place])
        return 0

    def bought_with(self, basket: Int32) -> Float32:
        """Return each article's mean strength with those of a basket, float32 [articles]."""
        strength = np.zeros(len(self.popularity), np.float32)
        for article in basket:
            own = slice(self.starts[article], self.starts[article + 1])
            strength[self.partners[own]] += self.strengths[own]
        return strength / np.float32(max(len(basket), 1))


def count_purchases(purchases: Purchases, articles: int, fewest: int) -> PurchaseCounts:
    """Return the counts of a catalogue's purchases.

    Args:
        purchases: those to count, of training shoppers.
        articles: number of articles in the catalogue.
        fewest: all numbers of buyers are rounded down to multiples of it; 1 counts exactly.
    """
    bought = bought_by(purchases, articles)
    last = purchases.day.max(initial=0) - RECENT_DAYS
    recent = bought_by(purchases.where(purchases.day > last), articles)
    buyers = coarse(_buyers(bought), fewest)
    blocks = [
        _strongest(bought, buyers, np.arange(start, min(start + ARTICLE_BLOCK, articles)), fewest)
        for start in tqdm(range(0, articles, ARTICLE_BLOCK), desc="sales", unit="block")
    ]
    lengths, partners, strengths, shared = map(np.concatenate, zip(*blocks, strict=True))
    return PurchaseCounts(
        starts=np.append(0, np.cumsum(lengths)).astype(np.int64),
        partners=partners.astype(np.int32),
        strengths=strengths.astype(np.float32),
        shared=shared.astype(np.int32),
        popularity=_scaled(buyers),
        recency=_scaled(coarse(_buyers(recent), fewest)),
    )


def bought_by(purchases: Purchases, articles: int) -> sparse.csr_array:
    """Return float32 [shoppers, articles], 1 where a shopper ever bought an article."""
    shape = (purchases.shoppers, articles)
    ones = np.ones(len(purchases), np.float32)
    bought = sparse.csr_array((ones, (purchases.shopper, purchases.article)), shape=shape)
    bought.sum_duplicates()
    bought.data[:] = 1
    return bought


def _buyers(bought: sparse.csr_array) -> npt.NDArray[np.int64]:
    """Return the number of buyers of each article."""
    return np.bincount(bought.indices, minlength=bought.shape[1]).astype(np.int64)


def _strongest(
    bought: sparse.csr_array,
    buyers: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
    fewest: int,
) -> tuple[npt.NDArray[np.generic], ...]:
    """Return the `PARTNERS` strongest partners of each of ``rows``, in rising order.

    They are chosen by the rounded numbers, so the choice tells nothing either.

    Returns:
        The number of partners of each row; then, concatenated over the rows, their articles,
        strengths and numbers of shared buyers.
    """
    shared = sparse.coo_array(bought[:, rows].T @ bought)
    row, column = shared.coords
    count = coarse(shared.data, fewest)
    kept = (rows[row] != column) & (count > 0)
    row, column, count = row[kept], column[kept], count[kept]
    own = buyers[rows[row]] + 1.0
    strength = np.sqrt(count / np.sqrt(own * (buyers[column] + 1))).astype(np.float32)
    order = np.lexsort((column, -strength, row))
    place = np.arange(len(order)) - np.searchsorted(row[order], row[order])
    best = np.sort(order[place < PARTNERS])
    best = best[np.lexsort((column[best], row[best]))]
    lengths = np.bincount(row[best], minlength=len(rows))
    return lengths, column[best], strength[best], count[best]


def _scaled(buyers: npt.NDArray[np.int64]) -> Float32:
    """Return ln(1 + n) over its largest value; zeros where nothing was bought."""
    logarithms = np.log1p(buyers)
    return np.asarray(logarithms / max(logarithms.max(initial=0), 1e-9), np.float32)

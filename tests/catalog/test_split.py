"""The split is a hash of ids, the same in every build and on every machine."""

import numpy as np
import pytest

from recsys.catalog.purchases import Purchases
from recsys.catalog.split import BUCKETS, TEST, TRAINING, VALIDATION, bucket_of

PARTS = (TEST, VALIDATION, TRAINING)
IDS = [f"{number:07d}" for number in range(2000)]


@pytest.mark.parametrize(
    ("text", "bucket"), [("0108775", 97), ("0110065", 11), ("0000001", 58), ("ü", 35), ("", 76)]
)
def test_an_id_is_in_the_bucket_it_was_always_in(text, bucket):
    assert bucket_of(text) == bucket


def test_every_bucket_is_in_exactly_one_part():
    assert [sum(bucket in part for part in PARTS) for bucket in range(BUCKETS)] == [1] * BUCKETS


def test_a_part_ends_before_its_end():
    assert [bucket in VALIDATION for bucket in (19, 20, 29, 30)] == [False, True, True, False]
    assert BUCKETS not in TRAINING
    assert -1 not in TEST


def test_ids_that_follow_one_another_spread_evenly():
    buckets = np.array([bucket_of(text) for text in IDS])
    assert (buckets.min(), buckets.max()) == (0, 99)
    counts = np.bincount(buckets, minlength=BUCKETS)
    # 20 are expected in each; a hash may be as uneven as chance, but no more.
    assert counts.min() > 3
    assert counts.max() < 45
    shares = [part.of(buckets).mean() for part in PARTS]
    assert shares == pytest.approx([0.2, 0.1, 0.7], abs=0.03)


def test_membership_of_many_buckets_is_that_of_each():
    buckets = np.arange(BUCKETS, dtype=np.uint8)
    for part in PARTS:
        assert part.of(buckets).tolist() == [bucket in part for bucket in range(BUCKETS)]


def test_purchases_of_a_part_are_those_of_its_shoppers_with_their_numbers_kept():
    shopper = np.array([0, 0, 1, 2, 2, 3], np.int32)
    article = np.array([5, 6, 7, 8, 9, 4], np.int32)
    day, price = np.arange(6, dtype=np.int32), np.arange(6, dtype=np.float32)
    bucket = np.array([99, 19, 20, 30], np.uint8)
    purchases = Purchases(shopper, article, day, price, bucket, 3)
    training = purchases.of(TRAINING)
    assert training.shopper.tolist() == [0, 0, 3]
    assert training.article.tolist() == [5, 6, 4]
    assert (training.day.tolist(), training.price.tolist()) == ([0, 1, 5], [0, 1, 5])
    assert training.shoppers == purchases.shoppers == 4
    assert purchases.of(TEST).article.tolist() == [7]
    assert purchases.of(VALIDATION).article.tolist() == [8, 9]

"""Trained heads put photos close to their texts, and to other photos of their product."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from recsys.models.contrastive import PhotoTextPairs, Schedule, _Mates, learn_heads, score

PRODUCTS, LATENT = 160, 24
QUICK = Schedule(dim=24, batch=128, epochs=25, dropout=0.1)


@pytest.fixture(scope="module")
def pairs():
    """Three photos per product; photos and texts are projections of it with a little noise."""
    random = np.random.default_rng(3)
    product = np.repeat(np.arange(PRODUCTS), 3)
    things = random.normal(size=(PRODUCTS, LATENT))[product]
    things = things + 0.4 * random.normal(size=things.shape)
    see, read = random.normal(size=(LATENT, 60)), random.normal(size=(LATENT, 40))

    def noisy(what):
        return (what + 0.3 * random.normal(size=what.shape)).astype(np.float32)

    captions = [noisy(things @ read), (things.round() @ read).astype(np.float32)]
    return PhotoTextPairs(noisy(things @ see), captions, product.astype(np.int32))


@pytest.fixture(scope="module")
def parts(pairs):
    validation = pairs.products >= PRODUCTS * 3 // 4
    return pairs.of(~validation), pairs.of(validation)


@pytest.fixture(scope="module")
def heads(parts):
    return learn_heads(*parts, QUICK)


def test_texts_find_photos_and_photos_their_product_among_validation_pairs(parts, heads):
    start = learn_heads(*parts, replace(QUICK, epochs=1, rate=1e-9))
    assert score(start, parts[1]) < 1.3
    assert score(heads, parts[1]) > 1.6


def test_heads_are_of_the_size_asked_for(heads):
    assert heads.photo.shape == (60, 24)
    assert heads.shift.shape == (24,)
    assert heads.caption.shape == (40, 24)
    assert {heads.photo.dtype, heads.shift.dtype, heads.caption.dtype} == {np.dtype(np.float32)}


def test_equal_pairs_give_equal_heads_whatever_the_dice_outside(parts, heads):
    torch.manual_seed(99)
    before = torch.random.get_rng_state()
    again = learn_heads(*parts, QUICK)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert np.array_equal(again.photo, heads.photo)
    assert np.array_equal(again.caption, heads.caption)


def test_the_best_epoch_is_kept_where_training_diverges(parts):
    wild = learn_heads(*parts, replace(QUICK, rate=1e4, epochs=12, patience=12))
    first = learn_heads(*parts, replace(QUICK, rate=1e4, epochs=12, patience=1))
    assert score(wild, parts[1]) >= score(first, parts[1])


def test_a_mate_is_another_photo_of_the_product_or_itself_where_there_is_none():
    products = np.array([5, 1, 5, 9, 1, 5, 7], np.int32)
    mates = _Mates(products)
    drawn = torch.stack([mates.of(torch.arange(7)) for _ in range(60)]).numpy()
    assert set(drawn[:, 0]) == {2, 5}
    assert set(drawn[:, 1]) == {4}
    assert set(drawn[:, 3]) == {3}
    assert (products[drawn] == products).all()


def test_pairs_can_be_selected_and_have_different_fingerprints(pairs):
    few = pairs.of(pairs.products < 2)
    assert len(few) == 6
    assert [len(each) for each in few.captions] == [6, 6]
    assert few.fingerprint() != pairs.fingerprint()
    assert few.fingerprint() == pairs.of(pairs.products < 2).fingerprint()

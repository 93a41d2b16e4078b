"""Calls of several threads share a batch, and each gets its own result."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from recsys.serving.batching import Batcher


class Slow:
    """Squares numbers once ``released`` is set; keeps its batches."""

    def __init__(self):
        self.batches = []
        self.started, self.released = threading.Event(), threading.Event()

    def __call__(self, numbers):
        self.batches.append(list(numbers))
        self.started.set()
        assert self.released.wait(10)
        if 13 in numbers:
            raise ValueError("thirteen")
        return [number**2 for number in numbers]


@pytest.fixture
def slow():
    return Slow()


def call_while_busy(slow, numbers, largest=16):
    """Call with 0 and, while that is processed, with each of ``numbers``."""
    batcher = Batcher(slow, largest)
    pool = ThreadPoolExecutor(len(numbers) + 1)
    first = pool.submit(batcher, 0)
    assert slow.started.wait(10)
    others = []
    for number in numbers:
        others.append(pool.submit(batcher, number))
        while len(batcher._queue) < len(others):
            time.sleep(0.001)
    slow.released.set()
    return first, others


def test_a_single_call_is_processed_at_once(slow):
    slow.released.set()
    assert Batcher(slow, 16)(7) == 49
    assert slow.batches == [[7]]


def test_calls_during_a_batch_share_the_next_one(slow):
    first, others = call_while_busy(slow, range(1, 9))
    assert first.result() == 0
    assert [each.result() for each in others] == [number**2 for number in range(1, 9)]
    assert slow.batches == [[0], list(range(1, 9))]


def test_a_batch_is_not_larger_than_the_limit(slow):
    _, others = call_while_busy(slow, range(1, 9), largest=3)
    assert [each.result() for each in others] == [number**2 for number in range(1, 9)]
    assert slow.batches == [[0], [1, 2, 3], [4, 5, 6], [7, 8]]


def test_an_exception_reaches_the_callers_of_its_batch_only(slow):
    first, others = call_while_busy(slow, [12, 13, 14], largest=2)
    assert first.result() == 0
    for failed in others[:2]:
        with pytest.raises(ValueError, match="thirteen"):
            failed.result()
    assert others[2].result() == 196


def test_many_callers_get_their_own_results():
    batcher = Batcher(lambda numbers: [number**2 for number in numbers], 5)
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(batcher, range(500))) == [number**2 for number in range(500)]

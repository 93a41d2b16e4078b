"""Callers from many threads are answered a batch at a time, each with its own result."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from recsys.serving.batching import Batcher


class Slow:
    """Squares numbers, but not before it is let, and notes the batches it got."""

    def __init__(self):
        self.batches = []
        self.began, self.let = threading.Event(), threading.Event()

    def __call__(self, numbers):
        self.batches.append(list(numbers))
        self.began.set()
        assert self.let.wait(10)
        if 13 in numbers:
            raise ValueError("thirteen")
        return [number**2 for number in numbers]


@pytest.fixture
def slow():
    return Slow()


def ask_while_busy(slow, numbers, largest=16):
    """Ask for 0; and, once that is being worked on, for all of ``numbers`` at once."""
    batcher = Batcher(slow, largest)
    pool = ThreadPoolExecutor(len(numbers) + 1)
    first = pool.submit(batcher, 0)
    assert slow.began.wait(10)
    others = []
    for number in numbers:
        others.append(pool.submit(batcher, number))
        while len(batcher._waiting) < len(others):
            pass
    slow.let.set()
    return first, others


def test_a_lone_caller_is_answered_at_once(slow):
    slow.let.set()
    assert Batcher(slow, 16)(7) == 49
    assert slow.batches == [[7]]


def test_those_who_come_meanwhile_share_the_next_batch(slow):
    first, others = ask_while_busy(slow, range(1, 9))
    assert first.result() == 0
    assert [each.result() for each in others] == [number**2 for number in range(1, 9)]
    assert slow.batches == [[0], list(range(1, 9))]


def test_a_batch_is_no_larger_than_allowed(slow):
    _, others = ask_while_busy(slow, range(1, 9), largest=3)
    assert [each.result() for each in others] == [number**2 for number in range(1, 9)]
    assert slow.batches == [[0], [1, 2, 3], [4, 5, 6], [7, 8]]


def test_an_error_reaches_everybody_in_the_batch_and_nobody_else(slow):
    first, others = ask_while_busy(slow, [12, 13, 14], largest=2)
    assert first.result() == 0
    for unlucky in others[:2]:
        with pytest.raises(ValueError, match="thirteen"):
            unlucky.result()
    assert others[2].result() == 196


def test_many_callers_all_get_their_own_result():
    batcher = Batcher(lambda numbers: [number**2 for number in numbers], 5)
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(batcher, range(500))) == [number**2 for number in range(500)]

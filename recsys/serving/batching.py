"""Answer callers from many threads a batch at a time."""

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Batcher(Generic[Item, Result]):
    """Calls a function for several callers at once. Safe to share between threads.

    While one batch is worked on, callers gather for the next: alone, a caller waits for nobody.

    Args:
        work: returns a result for each of some items.
        largest: how many items it may get at once.
    """

    def __init__(self, work: Callable[[Sequence[Item]], Iterable[Result]], largest: int) -> None:
        self._work, self._largest = work, largest
        self._waiting: list[tuple[Item, Future[Result]]] = []
        self._adding = threading.Lock()
        self._worker = ThreadPoolExecutor(1, "batcher")

    def __call__(self, item: Item) -> Result:
        """Return the result for ``item``; what ``work`` raises, everybody in its batch gets."""
        future: Future[Result] = Future()
        with self._adding:
            self._waiting.append((item, future))
        # One turn a caller: by the last turn nobody waits, and some turns find nobody.
        self._worker.submit(self._turn)
        return future.result()

    def _turn(self) -> None:
        with self._adding:
            batch = self._waiting[: self._largest]
            del self._waiting[: self._largest]
        if not batch:
            return
        try:
            results = self._work([item for item, _ in batch])
            for (_, future), result in zip(batch, results, strict=True):
                future.set_result(result)
        except Exception as error:
            for _, future in batch:
                future.set_exception(error)

"""Call a function for several threads at once."""

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Batcher(Generic[Item, Result]):
    """Calls a function with the items of several threads at once. Safe to share between threads.

    While one batch is processed, callers queue for the next; a single caller never waits.

    Args:
        function: returns one result for each item.
        largest: items in a batch, at most.
    """

    def __init__(
        self, function: Callable[[Sequence[Item]], Iterable[Result]], largest: int
    ) -> None:
        self._function, self._largest = function, largest
        self._queue: list[tuple[Item, Future[Result]]] = []
        self._lock = threading.Lock()
        self._worker = ThreadPoolExecutor(1, "batcher")

    def __call__(self, item: Item) -> Result:
        """Return the result for ``item``; an exception reaches every caller of its batch."""
        future: Future[Result] = Future()
        with self._lock:
            self._queue.append((item, future))
        # One run for each caller: none is left waiting, and some runs find an empty queue.
        self._worker.submit(self._run)
        return future.result()

    def _run(self) -> None:
        with self._lock:
            batch = self._queue[: self._largest]
            del self._queue[: self._largest]
        if not batch:
            return
        try:
            results = self._function([item for item, _ in batch])
            for (_, future), result in zip(batch, results, strict=True):
                future.set_result(result)
        except Exception as error:
            for _, future in batch:
                future.set_exception(error)

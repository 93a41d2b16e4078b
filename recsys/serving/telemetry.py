"""Time queries and log each as a record, which `recsys.serving.monitoring` writes and counts."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from recsys.errors import RecsysError

logger = logging.getLogger("recsys.queries")

OK, REFUSED, FAILED = "ok", "refused", "failed"
"""How a query may end: answered, answered with an error that says what to do, or broken."""

ENCODING = "encoding"
"""The part of a query in which an encoder reads a photo or words, or is waited for."""


@dataclass
class QueryRecord:
    """What there is to know of a query.

    Attributes:
        kind: what was asked with, as "article", "photo", "photo+words" or "basket".
        release_version: the release that answered.
        k: how many matches were asked for.
        words: those that were asked with.
        outcome: how it ended.
        seconds: what each part took, by its name.
        total: what all of it took, in seconds.
    """

    kind: str
    release_version: str
    k: int
    words: str = ""
    outcome: str = OK
    seconds: dict[str, float] = field(default_factory=dict)
    total: float = 0.0

    @property
    def cached(self) -> bool:
        """Whether its words had been read before, so that no encoder was asked."""
        return bool(self.words) and ENCODING not in self.seconds


_current: ContextVar[QueryRecord | None] = ContextVar("query", default=None)


@contextmanager
def query(kind: str, release_version: str, k: int, words: str = "") -> Iterator[QueryRecord]:
    """Time what is done within, and tell it as one query when it ends, however it does."""
    record, started = QueryRecord(kind, release_version, k, words), time.perf_counter()
    token = _current.set(record)
    try:
        yield record
    except RecsysError:
        record.outcome = REFUSED
        raise
    except Exception:
        record.outcome = FAILED
        raise
    finally:
        _current.reset(token)
        record.total = time.perf_counter() - started
        logger.info("%s", kind, extra={"query": record})


@contextmanager
def timed(part: str) -> Iterator[None]:
    """Add the time that is spent within to a part of the query that is being answered, if any."""
    record, started = _current.get(), time.perf_counter()
    try:
        yield
    finally:
        if record:
            spent = time.perf_counter() - started
            record.seconds[part] = record.seconds.get(part, 0.0) + spent

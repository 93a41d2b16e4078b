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
"""Outcomes of a query: answered, answered with a message that says what to do, or broken."""

ENCODING = "encoding"
"""The part of a query that encodes a photo or words, or waits for the encoder."""


@dataclass
class QueryRecord:
    """What is logged of a query.

    Attributes:
        kind: what it searches by, as "article", "photo", "photo+words" or "basket".
        release_version: of the release that answered.
        k: number of matches.
        words: of the search.
        outcome: `OK`, `REFUSED` or `FAILED`.
        seconds: by part: a model, or `ENCODING`.
        total: seconds of the whole query.
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
        """Whether it has words, and their vectors were known without an encoder."""
        return bool(self.words) and ENCODING not in self.seconds


_current: ContextVar[QueryRecord | None] = ContextVar("query", default=None)


@contextmanager
def query(kind: str, release_version: str, k: int, words: str = "") -> Iterator[QueryRecord]:
    """Time what runs within as one query, and log its record at the end, after errors too."""
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
    """Add the time of what runs within to a part of the current query, if there is one."""
    record, started = _current.get(), time.perf_counter()
    try:
        yield
    finally:
        if record:
            spent = time.perf_counter() - started
            record.seconds[part] = record.seconds.get(part, 0.0) + spent

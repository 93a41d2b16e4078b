"""What operators see of a running app: a line of JSON in the log for each query, and metrics.

Photos are never logged; words only with ``LOG_WORDS=1``.
"""

import json
import logging

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

from recsys.serving.edition import LiveEdition
from recsys.serving.request import LONGEST_WORDS, MOST_MATCHES
from recsys.serving.telemetry import QueryRecord, logger

LATENCY_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
"""In seconds: from a cached answer to one that waits for an encoder."""


class JsonLines(logging.Formatter):
    """Formats the log record of a query as a line of JSON, with times in milliseconds.

    Args:
        words: whether the line has the words of the search.
    """

    def __init__(self, words: bool) -> None:
        super().__init__()
        self.words = words

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        query: QueryRecord = record.__dict__["query"]
        line: dict[str, object] = {
            "time": round(record.created, 3),
            "query": query.kind,
            "outcome": query.outcome,
            "ms": _milliseconds(query.total),
            "parts_ms": {part: _milliseconds(each) for part, each in query.seconds.items()},
            "words_cached": query.cached,
            "k": _count(query.k),
            "release_version": query.release_version,
        }
        if self.words and query.words:
            line["words"] = str(query.words)[:LONGEST_WORDS]
        return json.dumps(line)


def log_queries(words: bool) -> None:
    """Write each query of this process to the standard error from now on, as `JsonLines`."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines(words))
    logger.addHandler(handler)
    logger.propagate = False


class Metrics(logging.Handler):
    """Counts and times queries for Prometheus.

    Args:
        live: whose release version and encoders are reported.
    """

    def __init__(self, live: LiveEdition) -> None:
        super().__init__(logging.INFO)
        self.live, self.registry = live, CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.queries = Counter(
            "recsys_queries",
            "Queries by kind and outcome.",
            ["kind", "outcome"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "recsys_query_seconds",
            "Time to answer.",
            ["kind"],
            buckets=LATENCY_BUCKETS,
            registry=self.registry,
        )
        self.parts = Histogram(
            "recsys_part_seconds",
            "Time by model or part.",
            ["part"],
            buckets=LATENCY_BUCKETS,
            registry=self.registry,
        )
        self.served = Gauge(
            "recsys_release", "1 for what is served.", ["release_version"], registry=self.registry
        )
        self.encoders = Gauge(
            "recsys_encoder_loaded", "1 if loaded.", ["encoder"], registry=self.registry
        )

    def listen(self) -> None:
        """Count each query of this process from now on."""
        logger.setLevel(logging.INFO)
        logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Count a query."""
        query: QueryRecord = record.__dict__["query"]
        self.queries.labels(query.kind, query.outcome).inc()
        self.seconds.labels(query.kind).observe(query.total)
        for part, spent in query.seconds.items():
            self.parts.labels(part).observe(spent)

    def text(self) -> bytes:
        """Return all metrics in Prometheus's text format."""
        recommender = self.live.current.recommender
        self.served.clear()
        self.served.labels(recommender.release_version).set(1)
        for name, loaded in recommender.encoders.loaded.items():
            self.encoders.labels(name).set(loaded)
        return generate_latest(self.registry)


def _count(k: object) -> int | None:
    """Return a number of matches; ``None`` for anything else that a program asked for."""
    return k if type(k) is int and 0 <= k <= MOST_MATCHES else None


def _milliseconds(seconds: float) -> float:
    return round(1000 * seconds, 2)

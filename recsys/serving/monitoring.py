"""What can be known of a running app: a line in the log for every query, and figures to watch.

Photos are never told, and words only where that is turned on.
"""

import json
import logging

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

from recsys.serving.edition import LiveEdition
from recsys.serving.telemetry import QueryRecord, logger

LATENCY_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
"""In seconds."""


class JsonLines(logging.Formatter):
    """Writes every query as a line of JSON, with times in milliseconds.

    Args:
        words: whether to write what visitors asked with.
    """

    def __init__(self, words: bool) -> None:
        super().__init__()
        self.words = words

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        told: QueryRecord = record.__dict__["query"]
        line: dict[str, object] = {
            "time": round(record.created, 3),
            "query": told.kind,
            "outcome": told.outcome,
            "ms": _milliseconds(told.total),
            "parts_ms": {part: _milliseconds(each) for part, each in told.seconds.items()},
            "words_cached": told.cached,
            "k": told.k,
            "release_version": told.release_version,
        }
        if self.words and told.words:
            line["words"] = told.words
        return json.dumps(line, ensure_ascii=False)


def log_queries(words: bool) -> None:
    """Write every query to the standard error from now on, as `JsonLines`."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines(words))
    logger.addHandler(handler)
    logger.propagate = False


class Metrics(logging.Handler):
    """Counts queries for Prometheus.

    Args:
        live: the edition whose release_version and encoders are told.
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
        """Count every query of this process from now on."""
        logger.setLevel(logging.INFO)
        logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Count a query."""
        told: QueryRecord = record.__dict__["query"]
        self.queries.labels(told.kind, told.outcome).inc()
        self.seconds.labels(told.kind).observe(told.total)
        for part, spent in told.seconds.items():
            self.parts.labels(part).observe(spent)

    def text(self) -> bytes:
        """Return everything in Prometheus's text format."""
        recommender = self.live.current.recommender
        self.served.clear()
        self.served.labels(recommender.release_version).set(1)
        for name, loaded in recommender.encoders.loaded.items():
            self.encoders.labels(name).set(loaded)
        return generate_latest(self.registry)


def _milliseconds(seconds: float) -> float:
    return round(1000 * seconds, 2)

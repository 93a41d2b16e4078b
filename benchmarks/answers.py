"""How long opening a release and answering from it take: ``python -m benchmarks.answers RELEASE``.

Times opening and verifying, answers in all five galleries, and for each model the graph's search
and exact search over the same vectors, in turns on the same queries, as a ratio.
"""

import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from recsys.release.reader import Release, open_release
from recsys.retrieval.retriever import CANDIDATES
from recsys.serving.recommender import Recommender

ARTICLES, SEARCHES = 1000, 200


def main() -> None:
    """Print the figures of the release named on the command line."""
    started = time.perf_counter()
    release = open_release(Path(sys.argv[1]))
    print(f"open and verify: {time.perf_counter() - started:.1f} s")
    recommender = Recommender(release)
    ids = list(release.articles["article_id"])
    drawn = np.random.default_rng(0).permutation(ids)[:ARTICLES]
    times = [seconds(partial(recommender.similar_to_article, str(article))) for article in drawn]
    middle, late = np.percentile(times, (50, 95)) * 1000
    print(f"an article in five galleries: median {middle:.1f} ms, 95th percentile {late:.1f} ms")
    for name in release.indexes:
        compare(release, name)


def compare(release: Release, name: str) -> None:
    """Print one model's median search times by graph and exactly, and their ratio."""
    index = release.indexes[name]
    if index.graph is None:
        print(f"{name}: exact search only, {len(index.vectors)} vectors")
        return
    rows = np.random.default_rng(0).integers(len(index.vectors), size=SEARCHES)
    pairs = [
        (
            seconds(partial(index.search, query, CANDIDATES)),
            seconds(partial(index.search_exactly, query, CANDIDATES)),
        )
        for query in np.array(index.vectors[rows])
    ]
    graph, exact = np.median(pairs, axis=0) * 1000
    print(f"{name}: graph {graph:.1f} ms, exact {exact:.1f} ms, {exact / graph:.1f} times as long")


def seconds(call: Callable[[], object]) -> float:
    """Return how long ``call`` takes, in seconds."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()

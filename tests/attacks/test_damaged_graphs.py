"""No damaged index ends the process, whatever is searched for in it."""

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from damaged_graphs import damaged
from usage import CRASHED, REFUSED, SERVED, UNHANDLED, Outcome, in_child

from recsys.retrieval.index import EXACT_BELOW, build_graph, open_graph, read_graph
from recsys.vectors import Float32, unit

pytestmark = pytest.mark.attack

SEED = int(os.environ.get("ATTACK_SEED", "1"))
VECTORS, DIM = EXACT_BELOW + 400, 16
FLIPPED = 300
"""Files with bits flipped anywhere, beside those that aim at the format."""

TOGETHER = 100
"""Files searched in one process."""


@pytest.fixture(scope="module")
def vectors() -> Float32:
    return unit(np.random.default_rng(SEED).normal(size=(VECTORS, DIM)).astype(np.float32))


@pytest.fixture(scope="module")
def graph(vectors: Float32, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("graph") / "graph.usearch"
    build_graph(vectors, "attacked").save(str(path))
    return path.read_bytes()


def flipped(original: bytes) -> Iterator[tuple[str, bytes]]:
    rng = random.Random(SEED)
    for number in range(FLIPPED):
        data = bytearray(original)
        for _ in range(rng.choice([1, 3, 30, 3000])):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        yield f"flipped {number}", bytes(data)


def search(path: Path, vectors: Float32) -> Outcome:
    try:
        content = read_graph(path, vectors)
    except (OSError, ValueError) as error:
        return Outcome(REFUSED, str(error))
    opened = open_graph(content, 64)
    for query in vectors[:: VECTORS // 200]:
        found = opened.search(query, 40)
        if not (np.asarray(found.keys) < VECTORS).all():
            return Outcome(UNHANDLED, "a neighbour that does not exist")
    return Outcome(SERVED)


def kinds_of(path: Path, files: list[tuple[str, bytes]], vectors: Float32) -> list[str]:
    """What becomes of several files, searched in one process: forking takes longer than that."""

    def search_all() -> Outcome:
        kinds = []
        for _, content in files:
            path.write_bytes(content)
            kinds.append(search(path, vectors).kind)
        return Outcome(SERVED, " ".join(kinds))

    outcome = in_child(search_all)
    if outcome.kind == SERVED:
        return outcome.details.split()
    if len(files) == 1:
        return [outcome.kind]
    return [kind for file in files for kind in kinds_of(path, [file], vectors)]


def test_no_damaged_index_ends_the_process(
    graph: bytes, vectors: Float32, tmp_path: Path, tally: Callable[[str], None]
) -> None:
    path = tmp_path / "damaged.usearch"
    path.write_bytes(graph)
    assert in_child(lambda: search(path, vectors)).kind == SERVED
    files = [*damaged(graph, SEED), *flipped(graph)]
    wrong = []
    for start in range(0, len(files), TOGETHER):
        some = files[start : start + TOGETHER]
        kinds = kinds_of(path, some, vectors)
        for (name, _), kind in zip(some, kinds, strict=True):
            tally(f"damaged indexes {kind}")
            if kind in (CRASHED, UNHANDLED):
                wrong.append(f"{name}: {kind}")
    assert not wrong

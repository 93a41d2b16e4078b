import multiprocessing
import struct
from pathlib import Path

import numpy as np
import pytest
from damaged_graphs import damaged
from usearch.index import Index

from recsys.retrieval.graph_file import LEVEL, check_graph
from recsys.retrieval.index import build_graph, open_graph, read_graph
from recsys.vectors import Float32, unit


@pytest.fixture(scope="module")
def vectors() -> Float32:
    return unit(np.random.default_rng(3).normal(size=(300, 8)))


@pytest.fixture(scope="module")
def original(vectors: Float32) -> bytes:
    return bytes(build_graph(vectors, "test").save())


def searched(content: bytes, vectors: Float32) -> None:
    graph = open_graph(content, 128)
    graph.search(vectors, 40)
    graph.get(np.arange(len(vectors)))


def searched_by_a_child(content: bytes, vectors: Float32) -> int:
    """Return the exit code of a process that opens and searches a file."""
    child = multiprocessing.get_context("fork").Process(target=searched, args=(content, vectors))
    child.start()
    child.join(10)
    if child.exitcode is None:
        child.kill()
        child.join()
    return child.exitcode or 0


def passes(content: bytes, vectors: Float32) -> bool:
    try:
        check_graph(content, vectors)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("rows", [0, 1, 2, 40, 3000])
def test_what_usearch_writes_passes(rows: int, tmp_path: Path) -> None:
    vectors = unit(np.random.default_rng(1).normal(size=(rows, 6)))
    build_graph(vectors, "test").save(tmp_path / "graph.usearch")
    graph = open_graph(read_graph(tmp_path / "graph.usearch", vectors), 64)
    assert (graph.size, graph.expansion_search) == (rows, 64)
    if rows:
        assert graph.search(vectors[0], 1).keys.tolist() == [0]


def test_the_test_graph_has_higher_levels(original: bytes) -> None:
    """So that the damages below reach every part of the file."""
    assert Index.restore(original).max_level > 0
    assert len(list(damaged(original, 1))) > 500


def test_a_damaged_graph_is_refused_or_safe_to_search(original: bytes, vectors: Float32) -> None:
    """Most are refused. Those that pass are searched here: a crash would end the tests."""
    accepted = [content for _, content in damaged(original, 1) if passes(content, vectors)]
    # Bits in places that no search looks at, or that lead to another node: nine in fifty.
    assert len(accepted) < 250
    for content in accepted:
        searched(content, vectors)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("neighbour 300 of", "a neighbour that does not exist"),
        ("neighbour 2147483648 of", "a neighbour that does not exist"),
        ("neighbour without the level", "a neighbour that is not in its level"),
        ("65 neighbours of", "more than 64 neighbours"),
        ("count 33 above", "more than 32 neighbours"),
        ("key 300 of", "keys that are not its rows"),
        ("level 1 in", "nodes of other levels than it lists"),
        ("level -1 listed", "impossible level"),
        ("level 99 listed", "impossible level"),
        ("level 1 listed", "bytes"),
        ("cut to 8", "bytes"),
        ("extended by 4096", "bytes"),
        ("rows 1", "does not hold 300 × 8"),
        ("magic 2", "is not a usearch file"),
        ("major 1", "is of usearch 1."),
        ("minor 0", "is of usearch 2.0"),
        ("metric 1", "metric 1"),
        ("scalar 63", "scalar 63"),
        ("slot 2", "slot 2"),
        ("present 1", "present 1"),
        ("deleted 1", "deleted 1"),
        ("dimensions 2", "dimensions 2"),
        ("multi 1", "multi 1"),
        ("reserved 255", "unknown header"),
        ("size 18446744073709551615", "size 18446744073709551615"),
        ("connectivity 63", "connectivity 63"),
        ("connectivity_base 0", "connectivity_base 0"),
        ("max_level 255", "max_level 255"),
        ("entry 4611686018427387904", "entered at node 4611686018427387904"),
    ],
)
def test_a_refusal_says_what_is_wrong(
    original: bytes, vectors: Float32, change: str, said: str
) -> None:
    content = next(content for name, content in damaged(original, 1) if name.startswith(change))
    with pytest.raises(ValueError, match=said):
        check_graph(content, vectors)


def test_all_vectors_are_compared(original: bytes, vectors: Float32) -> None:
    other = vectors.copy()
    other[123, 4] += np.float32(0.01)
    with pytest.raises(ValueError, match="holds other vectors"):
        check_graph(original, other)
    nan = original[:8] + struct.pack("<e", np.nan) + original[10:]
    with pytest.raises(ValueError, match="holds other vectors"):
        check_graph(nan, vectors)


def test_a_file_of_another_size_is_not_even_read(
    original: bytes, vectors: Float32, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "graph.usearch"
    with path.open("wb") as file:
        file.truncate(len(original) + 17 * 300 * LEVEL.itemsize)
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail("was read"))
    with pytest.raises(ValueError, match="bytes"):
        read_graph(path, vectors)


def test_a_file_that_is_cut_short_later_is_still_searched(
    original: bytes, vectors: Float32, tmp_path: Path
) -> None:
    path = tmp_path / "graph.usearch"
    path.write_bytes(original)
    graph = open_graph(read_graph(path, vectors), 128)
    path.write_bytes(b"")
    assert graph.search(vectors[7], 1).keys.tolist() == [7]


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(4))
def test_no_damaged_graph_that_passes_ends_the_process(
    original: bytes, vectors: Float32, seed: int
) -> None:
    for name, content in damaged(original, seed):
        if passes(content, vectors):
            assert searched_by_a_child(content, vectors) == 0, name

"""Check a usearch file before usearch opens it, which trusts every number in the file.

The layout is that of ``save`` in usearch 2.10 and later (``index_dense.hpp``, ``index.hpp``), all
little-endian and without gaps:

- the number of vectors and the bytes of each, uint32; the vectors, float16 [n, dim];
- `HEADER`: versions, kinds and counts;
- `GRAPH_HEADER`: the size, connectivity and entry point of the graph;
- the level of each node, int16 [n];
- the nodes: `NODE` with the neighbours in the lowest level, then a `LEVEL` for each higher level.

Node i belongs to vector i and, in an index of `recsys.retrieval.index.build_graph`, has key i.
"""

import numpy as np
import numpy.typing as npt

from recsys.vectors import Float32

CONNECTIVITY = 32
"""Neighbours of a node in each level but the lowest, which has twice as many."""

MOST_LEVELS = 16
"""usearch draws a level of 16 with a probability of 32⁻¹⁶."""

GRAPH_ROUNDING = 2e-3
"""A graph keeps float16: its unit vectors differ by less than this from the float32 ones."""

VECTOR_BLOCK = 4096
"""Vectors compared at once: bounds the memory for their differences."""

SHAPE = np.dtype([("rows", "<u4"), ("bytes", "<u4")])
HEADER = np.dtype(
    [
        ("magic", "S7"),
        ("major", "<u2"),
        ("minor", "<u2"),
        ("patch", "<u2"),
        ("metric", "u1"),
        ("scalar", "u1"),
        ("key", "u1"),
        ("slot", "u1"),
        ("present", "<u8"),
        ("deleted", "<u8"),
        ("dimensions", "<u8"),
        ("multi", "u1"),
        ("reserved", "V22"),
    ]
)
GRAPH_HEADER = np.dtype(
    [
        ("size", "<u8"),
        ("connectivity", "<u8"),
        ("connectivity_base", "<u8"),
        ("max_level", "<u8"),
        ("entry", "<u8"),
    ]
)
NODE = np.dtype(
    [
        ("key", "<u8"),
        ("level", "<i2"),
        ("count", "<u4"),
        ("neighbours", "<u4", (2 * CONNECTIVITY,)),
    ]
)
LEVEL = np.dtype([("count", "<u4"), ("neighbours", "<u4", (CONNECTIVITY,))])

KINDS = {"metric": ord("i"), "scalar": 12, "key": 14, "slot": 15}
"""usearch's numbers for inner product, float16, uint64 and uint32 (``index_plugins.hpp``)."""

OLDEST_MINOR = 10
"""Files of usearch before 2.10 have other numbers for the kinds."""

Bytes = npt.NDArray[np.uint8]
Levels = npt.NDArray[np.int64]


def check_size(size: int, vectors: Float32) -> None:
    """Raise `ValueError` unless an index of ``vectors`` can have ``size`` bytes.

    To call with the size on disk, before anything is read.
    """
    least = _nodes_start(vectors) + len(vectors) * NODE.itemsize
    most = least + len(vectors) * MOST_LEVELS * LEVEL.itemsize
    _check(least <= size <= most, f"has {size:,} bytes, not {least:,} to {most:,}")


def check_graph(content: bytes, vectors: Float32) -> None:
    """Raise `ValueError` unless ``content`` is a usearch file in which every search is safe.

    That is a file as `recsys.retrieval.index.build_graph` writes it: no link leads out of the graph
    or to a node that does not have the level of the link, and nothing is missing or left over.

    Args:
        content: of the file.
        vectors: unit vectors that the file must hold, float32 [n, dim].
    """
    check_size(len(content), vectors)
    data = np.frombuffer(content, np.uint8)
    _check_vectors(data, vectors)
    levels = _levels(data, vectors)
    sizes = NODE.itemsize + levels * LEVEL.itemsize
    end = _nodes_start(vectors) + int(sizes.sum())
    _check(end == len(data), f"has {len(data):,} bytes, not {end:,}")
    if len(levels):
        _check_links(data, end - np.cumsum(sizes[::-1])[::-1], levels)


def _nodes_start(vectors: Float32) -> int:
    """Return the place of the first node."""
    return _header_start(vectors) + HEADER.itemsize + GRAPH_HEADER.itemsize + 2 * len(vectors)


def _header_start(vectors: Float32) -> int:
    return SHAPE.itemsize + 2 * vectors.size


def _check_vectors(data: Bytes, vectors: Float32) -> None:
    """Check that the file begins with float16 copies of ``vectors``."""
    rows, dim = vectors.shape
    shape = data[: SHAPE.itemsize].view(SHAPE)[0]
    _check((shape["rows"], shape["bytes"]) == (rows, 2 * dim), f"does not hold {rows} × {dim}")
    held = data[SHAPE.itemsize : _header_start(vectors)].view("<f2").reshape(rows, dim)
    for start in range(0, rows, VECTOR_BLOCK):
        block = slice(start, start + VECTOR_BLOCK)
        near = np.abs(held[block].astype(np.float32) - vectors[block]) <= GRAPH_ROUNDING
        _check(bool(near.all()), "holds other vectors")


def _levels(data: Bytes, vectors: Float32) -> Levels:
    """Return the level of each node, int64 [n], after checking both headers."""
    rows, dim = vectors.shape
    at = _header_start(vectors)
    header = data[at : at + HEADER.itemsize].view(HEADER)[0]
    _check(header["magic"] == b"usearch", "is not a usearch file")
    version = (header["major"], header["minor"])
    _check((2, OLDEST_MINOR) <= version < (3, 0), f"is of usearch {version[0]}.{version[1]}")
    expected = KINDS | {"present": rows, "deleted": 0, "dimensions": dim, "multi": 0}
    for name, value in expected.items():
        _check(header[name] == value, f"has {name} {header[name]}, not {value}")
    _check(not header["reserved"].tobytes().strip(b"\0"), "has an unknown header")
    at += HEADER.itemsize
    graph = data[at : at + GRAPH_HEADER.itemsize].view(GRAPH_HEADER)[0]
    at += GRAPH_HEADER.itemsize
    levels = data[at : at + 2 * rows].view("<i2").astype(np.int64)
    inside = levels.min(initial=0) >= 0 and levels.max(initial=0) <= MOST_LEVELS
    _check(bool(inside), "has a node of an impossible level")
    _check_graph_header(graph, levels)
    return levels


def _check_graph_header(graph: np.void, levels: Levels) -> None:
    expected = {
        "size": len(levels),
        "connectivity": CONNECTIVITY,
        "connectivity_base": 2 * CONNECTIVITY,
    }
    for name, value in expected.items():
        _check(graph[name] == value, f"has {name} {graph[name]}, not {value}")
    if len(levels):
        top = levels.max()
        _check(graph["max_level"] == top, f"has max_level {graph['max_level']}, not {top}")
        at_top = graph["entry"] < len(levels) and levels[int(graph["entry"])] == top
        _check(bool(at_top), f"is entered at node {graph['entry']}, which is not at its top")


def _check_links(data: Bytes, starts: Levels, levels: Levels) -> None:
    """Check the nodes, which begin at ``starts``, int64 [n], and have ``levels``."""
    nodes = _records(data, starts, NODE)
    _check(bool((nodes["key"] == np.arange(len(nodes))).all()), "has keys that are not its rows")
    _check(bool((nodes["level"] == levels).all()), "has nodes of other levels than it lists")
    _check_neighbours(nodes, levels, np.zeros(len(nodes), np.int64))
    # Node i has levels 1 to levels[i], one after another behind its record.
    level = np.arange(levels.sum()) - np.repeat(np.cumsum(levels) - levels, levels) + 1
    above = np.repeat(starts, levels) + NODE.itemsize + (level - 1) * LEVEL.itemsize
    _check_neighbours(_records(data, above, LEVEL), levels, level)


def _check_neighbours(records: npt.NDArray[np.void], levels: Levels, level: Levels) -> None:
    """Check neighbour lists: counts that fit, and neighbours that are in the list's level.

    Args:
        records: `NODE` or `LEVEL` [m].
        levels: int64 [n], of each node.
        level: int64 [m], of each list.
    """
    neighbours, count = records["neighbours"], records["count"]
    room = neighbours.shape[1]
    _check(bool((count <= room).all()), f"has a node with more than {room} neighbours")
    used = np.arange(room) < count[:, None]
    slots = neighbours[used]
    _check(bool((slots < len(levels)).all()), "has a neighbour that does not exist")
    reached = levels[slots] >= np.repeat(level, count)
    _check(bool(reached.all()), "has a neighbour that is not in its level")


def _records(data: Bytes, starts: Levels, kind: np.dtype[np.void]) -> npt.NDArray[np.void]:
    """Return the records that begin at ``starts``, int64 [m]: a structured array [m]."""
    windows = np.lib.stride_tricks.sliding_window_view(data, kind.itemsize)
    return np.ascontiguousarray(windows[starts]).view(kind)[:, 0]


def _check(good: bool, problem: str) -> None:
    if not good:
        raise ValueError(problem)

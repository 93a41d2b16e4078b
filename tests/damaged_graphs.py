"""Damaged copies of a usearch file, for tests that open and search them."""

import struct
from collections.abc import Iterator

import numpy as np

from recsys.retrieval.graph_file import GRAPH_HEADER, HEADER, LEVEL, NODE, SHAPE

EXTREMES = (0, 1, 2, 63, 255, 2**15 - 1, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1)
"""Numbers to put where the file has another one."""

HUGE = (2**40, 2**62, 2**63, 2**64 - 1)
"""The same, for numbers of eight bytes."""


def damaged(original: bytes, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield about 600 damaged copies of a usearch file, each with what was done to it.

    Args:
        original: a sound file with some nodes above the lowest level.
        seed: of what is drawn at random.
    """
    rng = np.random.default_rng(seed)
    for each in (
        _cut_and_extended(original, rng),
        _flipped(original, rng),
        _overwritten(original, rng),
        _other_headers(original),
        _other_nodes(original, rng),
    ):
        # What is written may be there already.
        yield from ((change, content) for change, content in each if content != original)


def changed(original: bytes, at: int, new: bytes) -> bytes:
    """Return the file with other bytes in one place."""
    return original[:at] + new + original[at + len(new) :]


def _cut_and_extended(original: bytes, rng: np.random.Generator) -> Iterator[tuple[str, bytes]]:
    size = len(original)
    lengths = [0, 1, 7, 8, 9, size - 1, size - 4, size // 2]
    for length in [*lengths, *(int(rng.integers(size)) for _ in range(30))]:
        yield f"cut to {length}", original[:length]
    for more in (b"\0", b"\0" * NODE.itemsize, b"\xff" * 4096, original):
        yield f"extended by {len(more)}", original + more


def _flipped(original: bytes, rng: np.random.Generator) -> Iterator[tuple[str, bytes]]:
    places = _places(original)
    structure = [*range(SHAPE.itemsize), *range(places["header"], places["levels"])]
    spots = [*structure, *(int(rng.integers(places["levels"], len(original))) for _ in range(150))]
    for at in spots:
        bit = 1 << int(rng.integers(8))
        yield f"bit {bit} of byte {at} flipped", changed(original, at, bytes([original[at] ^ bit]))


def _overwritten(original: bytes, rng: np.random.Generator) -> Iterator[tuple[str, bytes]]:
    for number in range(80):
        at = int(rng.integers(len(original)))
        length = min(int(rng.choice((1, 2, 4, 8, 64, 512, 4096))), len(original) - at)
        for fill in (b"\0", b"\xff"):
            yield f"{number}: {length} × {fill!r} at {at}", changed(original, at, fill * length)


def _other_headers(original: bytes) -> Iterator[tuple[str, bytes]]:
    places = _places(original)
    for start, kind in ((0, SHAPE), (places["header"], HEADER), (places["graph"], GRAPH_HEADER)):
        for name, (field, offset, *_) in (kind.fields or {}).items():
            values = EXTREMES if field.itemsize < 8 else EXTREMES + HUGE
            for value in values:
                new = (value % 256**field.itemsize).to_bytes(field.itemsize, "little")
                yield f"{name} {value}", changed(original, start + offset, new)


def _other_nodes(original: bytes, rng: np.random.Generator) -> Iterator[tuple[str, bytes]]:
    """Yield files with other levels, keys, counts and neighbours."""
    places = _places(original)
    levels = np.frombuffer(original, "<i2", places["rows"], places["levels"]).astype(int)
    starts = places["nodes"] + np.cumsum(NODE.itemsize + levels * LEVEL.itemsize)
    starts -= NODE.itemsize + levels * LEVEL.itemsize
    rows, high = places["rows"], np.flatnonzero(levels)
    offset = {name: field[1] for name, field in (NODE.fields or {}).items()}
    for node in [int(rng.integers(rows)) for _ in range(12)] + high[:4].tolist():
        start = int(starts[node])
        for level in (-1, 1, 99, 2**15 - 1):
            new = struct.pack("<h", level)
            yield (
                f"level {level} listed for {node}",
                changed(original, places["levels"] + 2 * node, new),
            )
            yield f"level {level} in {node}", changed(original, start + offset["level"], new)
        for key in (rows, 2**32, 2**63, 2**64 - 1, (node + 1) % rows):
            yield f"key {key} of {node}", changed(original, start, struct.pack("<Q", key))
        for count in (65, 2**16, 2**31, 2**32 - 1):
            new = struct.pack("<I", count)
            yield f"{count} neighbours of {node}", changed(original, start + offset["count"], new)
        for slot in (rows, rows + 1, 2**31, 2**32 - 1):
            new = struct.pack("<I", slot)
            at = start + offset["neighbours"]
            yield f"neighbour {slot} of {node}", changed(original, at, new)
    low = int(np.flatnonzero(levels == 0)[0])
    for node in high[:10]:
        above = int(starts[node]) + NODE.itemsize
        for name, at, number in (
            ("count", above, 33),
            ("count", above, 2**32 - 1),
            ("neighbour without the level", above + 4, low),
            ("neighbour", above + 4, rows),
        ):
            yield (
                f"{name} {number} above {node}",
                changed(original, at, struct.pack("<I", number)),
            )


def _places(original: bytes) -> dict[str, int]:
    """Return where the parts of the file begin, and its number of nodes."""
    rows, width = struct.unpack_from("<II", original)
    header = SHAPE.itemsize + rows * width
    graph = header + HEADER.itemsize
    levels = graph + GRAPH_HEADER.itemsize
    return {
        "rows": rows,
        "header": header,
        "graph": graph,
        "levels": levels,
        "nodes": levels + 2 * rows,
    }

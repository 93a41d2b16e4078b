"""Malformed releases, correctly resealed: every file damaged in every way that fits its type.

Nothing here uses the project's own reader or writer, so that a mistake in them is not made twice.
"""

import dataclasses
import hashlib
import json
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

MANIFEST = "manifest.json"
ALARM = "<img src=x onerror=alarm()>"
"""Markup that no page may contain as an element."""

MARKER = Path(tempfile.gettempdir()) / "more-like-this-attacked"
"""A file that exists as soon as code of a release has run."""

Change = Callable[[Path], object]
"""Changes one file of a release in place."""


@dataclasses.dataclass(frozen=True)
class Malformed:
    """A way to spoil a release.

    Attributes:
        name: the file and what is wrong with it.
        path: of the file in the release.
        change: spoils the file.
        reseals: whether the manifest is written anew, with the right checksums, afterwards.
    """

    name: str
    path: str
    change: Change
    reseals: bool = True

    def make(self, source: Path, folder: Path) -> Path:
        """Spoil a copy of the release in ``source``; files that stay the same are hard links."""
        shutil.copytree(source, folder, copy_function=os.link)
        target = folder / self.path
        content = target.read_bytes()
        target.unlink()
        target.write_bytes(content)
        self.change(target)
        if self.reseals:
            reseal(folder)
        return folder


def reseal(
    folder: Path, change: Callable[[dict[str, Any]], object] = lambda manifest: None
) -> None:
    """Write a manifest that fits the files as they are now, after a change to its other fields."""
    path = folder / MANIFEST
    manifest = json.loads(path.read_text())
    manifest["files"] = {
        each.relative_to(folder).as_posix(): {
            "size": each.stat().st_size,
            "sha256": hashlib.sha256(each.read_bytes()).hexdigest(),
        }
        for each in sorted(folder.rglob("*"))
        if each.is_file() and each != path
    }
    change(manifest)
    write_manifest(path, manifest)


def write_manifest(path: Path, manifest: dict[str, Any]) -> None:
    """Write a manifest with the right checksum of its own."""
    manifest["checksum"] = ""
    blank = json.dumps(manifest, indent=2, sort_keys=True) + "\n"
    digest = hashlib.sha256(blank.encode("utf-8", "surrogatepass")).hexdigest()
    text = json.dumps({**manifest, "checksum": digest}, indent=2, sort_keys=True) + "\n"
    path.unlink()
    path.write_text(text)


# Arrays


def _array(change: Callable[[Any], Any]) -> Change:
    def apply(path: Path) -> None:
        # A copy, so that the change may write into it.
        changed = change(np.load(path).copy())
        np.save(path, changed, allow_pickle=True)

    return apply


def _filled(value: float, everywhere: bool = False) -> Callable[[Any], Any]:
    """Put a value into the middle of an array, or everywhere."""

    def apply(array: Any) -> Any:
        flat = array.reshape(-1)
        if not np.isfinite(value) and array.dtype.kind != "f":
            return array.astype(np.float32) * np.float32(value)
        if array.dtype.kind in "iu":
            limits = np.iinfo(array.dtype)
            flat[slice(None) if everywhere else len(flat) // 2] = int(
                min(max(value, limits.min), limits.max)
            )
        else:
            flat[slice(None) if everywhere else len(flat) // 2] = value
        return array

    return apply


def _header(text: str) -> Change:
    """Replace the header of an array; its data stays."""

    def apply(path: Path) -> None:
        data = path.read_bytes()
        length = int.from_bytes(data[8:10], "little")
        header = text.encode().ljust(length - 1) + b"\n"
        path.write_bytes(
            data[:8] + len(header).to_bytes(2, "little") + header + data[10 + length :]
        )

    return apply


class _Payload:
    """Writes the file `MARKER` when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {MARKER}",)


ARRAY_CHANGES: dict[str, Change] = {
    "nan": _array(_filled(np.nan)),
    "infinite": _array(_filled(-np.inf)),
    "all nan": _array(_filled(np.nan, everywhere=True)),
    "all zero": _array(_filled(0, everywhere=True)),
    "huge": _array(_filled(3e38)),
    "negative": _array(_filled(-2)),
    "very negative": _array(_filled(-1e30)),
    "all huge": _array(_filled(2e9, everywhere=True)),
    "scaled": _array(lambda a: (a * 3).astype(a.dtype)),
    "reversed": _array(lambda a: a[::-1]),
    "one row less": _array(lambda a: a[:-1]),
    "one row more": _array(lambda a: np.concatenate([a, a[-1:]])),
    "empty": _array(lambda a: a[:0]),
    "another dimension": _array(lambda a: a[None]),
    "a number": _array(lambda a: a.reshape(-1)[0]),
    "float64": _array(lambda a: a.astype(np.float64)),
    "float16": _array(lambda a: a.astype(np.float16)),
    "int64": _array(lambda a: a.astype(np.int64)),
    "big-endian": _array(lambda a: a.astype(a.dtype.newbyteorder(">"))),
    "complex": _array(lambda a: a.astype(np.complex64)),
    "texts": _array(lambda a: a.astype(str)),
    "columns first": _array(np.asfortranarray),
    "pickled": _array(lambda a: np.array([_Payload()], dtype=object)),
    "structured": _array(lambda a: a.astype([("x", a.dtype)])),
    "truncated": lambda path: os.truncate(path, path.stat().st_size // 2),
    "no bytes": lambda path: path.write_bytes(b""),
    "noise": lambda path: path.write_bytes(random.Random(1).randbytes(500)),
    "bytes after its end": lambda path: path.write_bytes(path.read_bytes() + b"\0" * 4096),
    "giant shape": _header("{'descr': '<f4', 'fortran_order': False, 'shape': (4000000000, 9)}"),
    "negative shape": _header("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 4)}"),
    "code as header": _header(f"__import__('os').system('touch {MARKER}')"),
}


# Tables


def _table(change: Callable[[pa.Table], pa.Table], row_group: int = 100) -> Change:
    def apply(path: Path) -> None:
        pq.write_table(change(pq.read_table(path)), path, row_group_size=row_group)

    return apply


def _column(name: str, change: Callable[[list[Any]], Any]) -> Change:
    """Replace the values of a column, whose type may change, too."""

    def apply(table: pa.Table) -> pa.Table:
        values = change(table.column(name).to_pylist())
        column = pa.array(values) if isinstance(values, list) else values
        return table.set_column(table.schema.get_field_index(name), name, column)

    return _table(apply)


def _in_middle(value: Any) -> Callable[[list[Any]], Any]:
    return lambda values: [*values[: len(values) // 2], value, *values[len(values) // 2 + 1 :]]


def _column_changes(name: str) -> dict[str, Change]:
    """Ways to spoil one column, whatever its type."""
    return {
        "missing": _table(lambda table: table.drop_columns([name])),
        "null": _column(name, _in_middle(None)),
        "all null": _column(name, lambda values: pa.nulls(len(values))),
        "floats": _column(name, lambda values: pa.array(np.linspace(0, 2, len(values)))),
        "not numbers": _column(name, lambda values: pa.array(np.full(len(values), np.nan))),
        "negative integers": _column(name, lambda values: pa.array([-(2**62)] * len(values))),
        "equal texts": _column(name, lambda values: ["x"] * len(values)),
        "empty texts": _column(name, lambda values: [""] * len(values)),
        "long texts": _column(name, lambda values: ["x" * 200_000] * len(values)),
        "one long text": _column(
            name, lambda values: _in_middle("y" * 20_000_000)(["x"] * len(values))
        ),
        "markup": _column(name, lambda values: [f"{each}{ALARM}" for each in values]),
        "control characters": _column(name, lambda values: ["a\0\x1b[2J\n\r‮b"] * len(values)),
        "bytes that are no text": _column(
            name,
            lambda values: pa.array([b"\xff\xfe"] * len(values)).cast(pa.string(), safe=False),
        ),
        "lists": _column(name, lambda values: [["x", "y"]] * len(values)),
        "maps": _column(name, lambda values: [{"bytes": b"x", "path": "../x"}] * len(values)),
        "dates": _column(name, lambda values: pa.array([2**40] * len(values), pa.timestamp("s"))),
        "a dictionary": _column(
            name, lambda values: pa.array(["x"] * len(values)).dictionary_encode()
        ),
        "twice": _table(lambda table: table.append_column(name, table.column(name))),
        "reversed": _column(name, lambda values: values[::-1]),
        "first value everywhere": _column(name, lambda values: values[:1] * len(values)),
    }


def _without_bytes(table: pa.Table) -> pa.Table:
    """Return a table without photos: Arrow cannot repeat them a million times."""
    if "image" not in table.column_names:
        return table
    place = table.schema.get_field_index("image")
    return table.set_column(
        place, table.schema.field(place), pa.nulls(len(table), table.schema.field(place).type)
    )


def _bomb(path: Path) -> None:
    """Write few bytes that stand for four gigabytes of text: one long value, repeated."""
    table = pq.read_table(path)
    name = table.column_names[0]
    rows = pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(len(table), np.int32)),
        pa.array(["z" * (4_000_000_000 // len(table) // 8)]),
    )
    pq.write_table(table.set_column(0, name, rows), path, compression="zstd", row_group_size=100)


TABLE_CHANGES: dict[str, Change] = {
    "no rows": _table(lambda table: table.slice(0, 0)),
    "one row less": _table(lambda table: table.slice(1)),
    "rows twice": _table(lambda table: pa.concat_tables([table, table])),
    "one row": _table(lambda table: table.slice(0, 1)),
    "rows reversed": _table(lambda table: table.take(list(range(len(table)))[::-1])),
    "a row a million times": _table(
        lambda table: _without_bytes(table).take(pa.array(np.zeros(1_000_000, np.int64))), 1_000_000
    ),
    "one row group": _table(lambda table: table, row_group=10**6),
    "row groups of one": _table(lambda table: table, row_group=1),
    "no columns": _table(lambda table: table.select([])),
    "another column": _table(
        lambda table: table.append_column("more", pa.array(range(len(table))))
    ),
    "a hundred columns": _table(
        lambda table: pa.table(
            {
                **{n: table.column(n) for n in table.column_names},
                **{f"c{i}": [ALARM] * len(table) for i in range(100)},
            }
        )
    ),
    "truncated": lambda path: os.truncate(path, path.stat().st_size // 2),
    "no bytes": lambda path: path.write_bytes(b""),
    "noise": lambda path: path.write_bytes(random.Random(2).randbytes(5000)),
    "a bomb": _bomb,
}


def _flipped(seed: int) -> Change:
    """Flip some bits of a file, so that its format is damaged somewhere."""

    def apply(path: Path) -> None:
        rng, data = random.Random(seed), bytearray(path.read_bytes())
        for _ in range(rng.choice([1, 4, 64])):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(data)

    return apply


# The manifest

LEAVES: list[Any] = [
    *(None, True, "", "x", ALARM, -1, 0, 0.5, 10**30, -(10**400), float("nan"), float("inf")),
    *([], {}, [[[]]], {"x": {"y": None}}, "\ud800", "../../etc/passwd", "x" * 1_000_000),
]
"""Values that replace one of the manifest's."""


def _places(node: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the keys that lead to each value of the manifest, apart from the files' records."""
    if place:
        yield place
    if isinstance(node, dict):
        for key, each in node.items():
            if key not in ("files", "checksum"):
                yield from _places(each, (*place, key))


def _set(place: tuple[str, ...], value: Any) -> Change:
    def apply(path: Path) -> None:
        manifest = json.loads(path.read_text())
        node = manifest
        for key in place[:-1]:
            node = node[key]
        node[place[-1]] = value
        write_manifest(path, manifest)

    return apply


def _drop(place: tuple[str, ...]) -> Change:
    def apply(path: Path) -> None:
        manifest = json.loads(path.read_text())
        node = manifest
        for key in place[:-1]:
            node = node[key]
        del node[place[-1]]
        write_manifest(path, manifest)

    return apply


def _more(place: tuple[str, ...]) -> Change:
    def apply(path: Path) -> None:
        manifest = json.loads(path.read_text())
        node = manifest
        for key in place:
            node = node[key]
        node[ALARM if isinstance(node, dict) else 0] = 1
        write_manifest(path, manifest)

    return apply


def _deep(path: Path) -> None:
    path.write_text('{"schema": ' + "[" * 100_000 + "]" * 100_000 + "}")


def _file_record(name: str, change: Callable[[dict[str, Any]], object]) -> Malformed:
    def apply(path: Path) -> None:
        manifest = json.loads(path.read_text())
        change(manifest["files"])
        write_manifest(path, manifest)

    return Malformed(f"{MANIFEST}: {name}", MANIFEST, apply, reseals=False)


def _manifests(source: Path) -> Iterator[Malformed]:
    manifest = json.loads((source / MANIFEST).read_text())
    rng = random.Random(3)
    for place in _places(manifest):
        name = f"{MANIFEST}: {'/'.join(place)}"
        for value in rng.sample(LEAVES, 4):
            yield Malformed(f"{name} = {value!r:.30}", MANIFEST, _set(place, value), reseals=False)
        if rng.random() < 0.3:
            yield Malformed(f"{name} is missing", MANIFEST, _drop(place), reseals=False)
    for place in ((), ("models",), ("weights",), ("bridges",), ("evaluation",), ("temperature",)):
        name = f"{MANIFEST}: more in {'/'.join(place) or 'it'}"
        yield Malformed(name, MANIFEST, _more(place), reseals=False)
    yield Malformed(f"{MANIFEST}: deep", MANIFEST, _deep, reseals=False)
    for name, text in {
        "no bytes": "",
        "a list": "[]",
        "a number": "7",
        "not JSON": "{",
        "a long number": '{"schema": ' + "9" * 10_000 + "}",
        "twice a key": '{"schema": 6, "schema": 6}',
    }.items():
        change = lambda path, text=text: path.write_text(text)  # noqa: E731
        yield Malformed(f"{MANIFEST}: {name}", MANIFEST, change, reseals=False)
    record = {"size": 0, "sha256": hashlib.sha256(b"").hexdigest()}
    for path in ("../outside", "/etc/passwd", "a/../b", "x\0y", "\ud800", "con", ""):
        yield _file_record(f"file {path!r}", lambda files, path=path: files.update({path: record}))
    yield _file_record("no files", lambda files: files.clear())
    yield _file_record(
        "sizes are texts",
        lambda files: [each.update(size=str(each["size"])) for each in files.values()],
    )


# All


def draw(source: Path, count: int, seed: int) -> list[Malformed]:
    """Return that many malformed releases, drawn at random from all; a fifth are manifests."""
    found = malformed_releases(source)
    rng = random.Random(seed)
    manifests = [each for each in found if each.path == MANIFEST]
    others = [each for each in found if each.path != MANIFEST]
    drawn = rng.sample(manifests, count // 5) + rng.sample(others, count - count // 5)
    return rng.sample(drawn, count)


def malformed_releases(source: Path) -> list[Malformed]:
    """Return every malformed release that can be made of the good one in ``source``."""
    found: list[Malformed] = []
    for path in sorted(each.relative_to(source).as_posix() for each in source.rglob("*.npy")):
        found += [Malformed(f"{path}: {name}", path, each) for name, each in ARRAY_CHANGES.items()]
    for path in sorted(each.name for each in source.glob("*.parquet")):
        found += [Malformed(f"{path}: {name}", path, each) for name, each in TABLE_CHANGES.items()]
        for column in pq.read_schema(source / path).names:
            found += [
                Malformed(f"{path}: {column}: {name}", path, each)
                for name, each in _column_changes(column).items()
            ]
        found += [Malformed(f"{path}: bits {seed}", path, _flipped(seed)) for seed in range(12)]
    for path in sorted(each.relative_to(source).as_posix() for each in source.rglob("*.usearch")):
        found += [Malformed(f"{path}: bits {seed}", path, _flipped(seed)) for seed in range(5)]
    found += _manifests(source)
    return found

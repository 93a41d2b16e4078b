"""Read a Parquet file that anybody may have written.

Names, types, rows and sizes are checked in its footer, before anything is read. Texts are read as
dictionaries, each distinct one once: in a few kilobytes a file can repeat a long text a million
times.
"""

import io
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from recsys.release.manifest import check

TEXT_TYPES = (pa.string(), pa.large_string())
"""Types of a column of texts: pyarrow writes the one, pandas the other."""

MOST_EXPANSION = 64
"""Bytes in memory for a byte on disk: ten times as many as texts of catalogues take."""

LARGEST_TABLE = 32 * 1024 * 1024
"""Bytes of a table that is read into memory as a whole: those of the sample have up to 31 kB."""

Columns = Mapping[str, tuple[pa.DataType, ...]]
"""The types that each column may have."""


class ParquetTable:
    """An opened Parquet file whose footer has been checked.

    Args:
        source: the file, open for reading; it is not shared.
        name: of the file, for messages.
        columns: that it must have; it may have others, which are not read.
        size: of the file, in bytes.
        most_rows: that it may have.

    Raises:
        ReleaseError: it is not a Parquet file, or lacks a column, or has one twice or of another
            type, too many rows, or much more content than bytes.
    """

    def __init__(
        self, source: BinaryIO, name: str, columns: Columns, size: int, most_rows: int
    ) -> None:
        self.name = name
        with _readable(name):
            footer = pq.ParquetFile(pa.PythonFile(source, mode="r"))
            self.metadata, self.schema = footer.metadata, footer.schema_arrow
            self._check_columns(columns)
            self._check_sizes(size, most_rows)
        texts = [column for column, kinds in columns.items() if kinds == TEXT_TYPES]
        self._file = pq.ParquetFile(
            pa.PythonFile(source, mode="r"), metadata=self.metadata, read_dictionary=texts
        )

    def __len__(self) -> int:
        return int(self.metadata.num_rows)

    def _check_columns(self, columns: Columns) -> None:
        names = self.schema.names
        check(len(set(names)) == len(names), f"{self.name} has two columns of one name")
        missing = columns.keys() - set(names)
        check(not missing, f"{self.name} has no column {', '.join(sorted(missing))}")
        for column, kinds in columns.items():
            found = self.schema.field(column).type
            what = "text" if kinds == TEXT_TYPES else str(kinds[0])
            check(found in kinds, f"the column {column} in {self.name} is {found}, not {what}")

    def _check_sizes(self, size: int, most_rows: int) -> None:
        groups = [self.metadata.row_group(at) for at in range(self.metadata.num_row_groups)]
        rows = [group.num_rows for group in groups]
        # A row takes more than a byte, if only in several columns.
        most = min(most_rows, size)
        check(0 <= len(self) <= most, f"{self.name} has {len(self):,} rows, not up to {most:,}")
        whole = sum(rows) == len(self) and all(each > 0 for each in rows)
        check(whole or not len(self), f"{self.name} has other rows than its footer says")
        sizes = [
            group.column(at).total_uncompressed_size
            for group in groups
            for at in range(group.num_columns)
        ]
        bounded = all(each >= 0 for each in sizes) and sum(sizes) <= MOST_EXPANSION * size
        check(bounded, f"{self.name} has over {MOST_EXPANSION} times as much content as bytes")

    def read(self, columns: Iterable[str]) -> pd.DataFrame:
        """Return some columns; texts as Python strings, equal ones shared.

        Raises:
            ReleaseError: a value is missing.
        """
        names = list(columns)
        table = self.read_arrow(names)
        check(table.num_rows == len(self), f"{self.name} has other rows than its footer says")
        for name in names:
            missing = table.column(name).null_count
            check(not missing, f"{self.name} lacks values in its column {name}")
        with _readable(self.name):
            return pd.DataFrame({name: _values(table.column(name)) for name in names})

    def read_arrow(self, columns: list[str], group: int | None = None) -> pa.Table:
        """Return some columns as pyarrow reads them, of one row group or of all.

        Raises:
            ReleaseError: they are damaged.
        """
        with _readable(self.name):
            if group is None:
                return self._file.read(columns)
            return self._file.read_row_group(group, columns)

    def size_of(self, path: str, group: int) -> int:
        """Return the bytes of a column in one row group, as its footer says, unpacked."""
        return sum(each.total_uncompressed_size for each in self._chunks(path, group))

    def values_of(self, path: str) -> int:
        """Return the number of values of a column, more than rows where these are lists."""
        groups = range(self.metadata.num_row_groups)
        return sum(each.num_values for group in groups for each in self._chunks(path, group))

    def _chunks(self, path: str, group: int) -> list[pq.ColumnChunkMetaData]:
        chunks = self.metadata.row_group(group)
        columns = [chunks.column(at) for at in range(chunks.num_columns)]
        return [each for each in columns if each.path_in_schema == path]


@contextmanager
def _readable(name: str) -> Iterator[None]:
    """Turn the errors of a damaged file into a `ReleaseError`."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError) as error:
        check(False, f"{name} cannot be read ({error!r})")
        raise


def open_parquet(path: Path, columns: Columns, most_rows: int) -> ParquetTable:
    """Return the table in a small file, which is read into memory as a whole.

    Raises:
        ReleaseError: as `ParquetTable`.
    """
    size = path.stat().st_size
    check(size <= LARGEST_TABLE, f"{path.name} is larger than {LARGEST_TABLE:,} bytes")
    return ParquetTable(io.BytesIO(path.read_bytes()), path.name, columns, size, most_rows)


def _values(column: pa.ChunkedArray) -> npt.NDArray[np.generic]:
    if not pa.types.is_dictionary(column.type):
        return np.asarray(column.to_numpy())
    parts: list[npt.NDArray[np.object_]] = [np.empty(0, object)]
    for chunk in column.unify_dictionaries().chunks:
        texts = np.array(chunk.dictionary.to_pylist(), object)
        parts.append(texts[chunk.indices.to_numpy()])
    return np.concatenate(parts)

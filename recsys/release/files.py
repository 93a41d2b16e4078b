"""Every file of a release: its path and, for an array, its type, shape and allowed values.

The writer writes through this table, the reader checks against it and the tests go through it. The
columns of the Parquet tables are in `recsys.release.tables`, the manifest is in
`recsys.release.manifest`.

In a shape, equal names stand for equal lengths: ``articles`` for the articles of the catalogue,
``text entries`` for the distinct vectors of the text model, ``text dim`` for their length.
"""

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from recsys.errors import ReleaseError
from recsys.models.registry import IMAGE, SINGLE, TEXT, TWO_TOWER
from recsys.release.manifest import LARGEST, ModelRecord, check
from recsys.release.typed_json import LARGEST_INT
from recsys.vectors import NO_VECTOR

AnyArray = npt.NDArray[Any]

UNIT_ROUNDING = 1e-3
"""A unit vector's length differs from 1 by less: by 1e-7 in a release of ours."""


@dataclass(frozen=True)
class ArrayFile:
    """An array of a release, a ``.npy`` file.

    Attributes:
        path: in the folder of the release.
        dtype: numpy's name of its type.
        shape: a length or a name for each dimension.
        low: its smallest allowed value.
        high: its largest. A name of a length stands for the last row of that many. NaN and
            infinities are never allowed.
        unit: whether its rows must have length 1.
        least_step: for an array that must rise, the least difference between two neighbours.
    """

    path: str
    dtype: str
    shape: tuple[str | int, ...]
    low: float = -LARGEST
    high: float | str = LARGEST
    unit: bool = False
    least_step: int | None = None

    def write(self, folder: Path, array: AnyArray) -> None:
        """Write the array into the release in ``folder``.

        Raises:
            ValueError: it has another type or number of dimensions.
        """
        if array.dtype != self.dtype or array.ndim != len(self.shape):
            raise ValueError(f"{self.path} must be {self.dtype} {list(self.shape)}")
        path = folder / self.path
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, np.ascontiguousarray(array))


HEADER_BYTES = 512
"""Longest header that is read: `numpy.save` writes 128 bytes for these arrays."""

NPY_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00(?P<length>..)"
    rb"\{'descr': '(?P<dtype>[<|][a-z]\d)', 'fortran_order': False, "
    rb"'shape': \((?P<shape>\d{1,12},(?: \d{1,12})?)?\), \} *\n",
    re.DOTALL,
)
"""The start of a file by `numpy.save` with one or two dimensions, little-endian, in C order."""


class ArrayReader:
    """Opens the arrays of a release and checks their types, shapes and values.

    Args:
        folder: of the release.
        articles: how many there are.
        models: the manifest's record of each single model.
    """

    def __init__(self, folder: Path, articles: int, models: Mapping[str, ModelRecord]) -> None:
        self._folder = folder
        self._lengths = {"articles": articles, "articles + 1": articles + 1}
        for name, model in models.items():
            self._lengths[f"{name} entries"] = model.entries
            self._lengths[f"{name} dim"] = model.dim
            self._lengths[f"{name} dim + 1"] = model.dim + 1

    def open(self, file: ArrayFile) -> AnyArray:
        """Return the array, read into memory: a map of a file that is cut short ends the process.

        A dimension whose length the manifest does not give gets it from the first array that has
        it. Type, shape and size are compared before anything is read.

        Raises:
            ReleaseError: the file is not an array, or has another type, shape or values.
        """
        try:
            with (self._folder / file.path).open("rb") as source:
                dtype, shape = _read_header(source, file)
                self._check_shape(file, dtype, shape)
                return self._checked_values(file, _read_values(source, file, shape))
        except (OSError, ValueError) as error:
            raise ReleaseError(f"Refused: {file.path} cannot be read ({error!r}).") from error

    def _check_shape(self, file: ArrayFile, dtype: str, shape: tuple[int, ...]) -> None:
        found = f"{dtype} {list(shape)}"
        check(
            dtype == file.dtype and len(shape) == len(file.shape),
            f"{file.path} is {found}, not {file.dtype} {list(file.shape)}",
        )
        expected = [
            size if isinstance(size, int) else self._lengths.setdefault(size, length)
            for size, length in zip(file.shape, shape, strict=True)
        ]
        check(list(shape) == expected, f"{file.path} is {found}, not {file.dtype} {expected}")

    def _checked_values(self, file: ArrayFile, array: AnyArray) -> AnyArray:
        """Return the array if its values are those that the file may have."""
        if not array.size:
            return array
        high = self._lengths[file.high] - 1 if isinstance(file.high, str) else file.high
        # NaN is neither above the one nor below the other.
        inside = array.min() >= file.low and array.max() <= high
        check(bool(inside), f"{file.path} has values that are not from {file.low:g} to {high:g}")
        if file.unit:
            away = np.abs(np.einsum("ij,ij->i", array, array) - 1).max()
            check(bool(away < 2 * UNIT_ROUNDING), f"{file.path} has rows that are not unit vectors")
        if file.least_step is not None:
            rises = (np.diff(array) >= file.least_step).all()
            check(bool(rises), f"{file.path} does not rise")
        return array


def _read_header(source: BinaryIO, file: ArrayFile) -> tuple[str, tuple[int, ...]]:
    """Return the type and shape of an array file, and leave ``source`` behind the header."""
    found = NPY_HEADER.match(source.read(HEADER_BYTES))
    if found is None or int.from_bytes(found["length"], "little") + 10 != found.end():
        raise ReleaseError(f"Refused: {file.path} is not an array as numpy saves them.")
    source.seek(found.end())
    shape = tuple(int(size) for size in (found["shape"] or b"").split(b",") if size.strip())
    return np.dtype(found["dtype"].decode()).name, shape


def _read_values(source: BinaryIO, file: ArrayFile, shape: tuple[int, ...]) -> AnyArray:
    """Return the values behind the header, after comparing their size with the file's."""
    count = math.prod(shape)
    size = os.fstat(source.fileno()).st_size
    expected = source.tell() + count * np.dtype(file.dtype).itemsize
    check(size == expected, f"{file.path} has {size:,} bytes, not {expected:,}")
    values = np.fromfile(source, file.dtype, count)
    check(len(values) == count, f"{file.path} became shorter while it was read")
    return values.reshape(shape)


VECTORS = {
    model.name: ArrayFile(
        f"vectors/{model.name}.npy",
        "float32",
        (f"{model.name} entries", f"{model.name} dim"),
        unit=True,
    )
    for model in SINGLE
}
"""The distinct unit vectors of each model."""

ENTRIES = {
    model.name: ArrayFile(
        f"entries/{model.name}.npy", "int32", ("articles",), NO_VECTOR, f"{model.name} entries"
    )
    for model in SINGLE
}
"""The row of each article in the vectors of a model, -1 for an article without a vector."""

GRAPHS = {model.name: f"indexes/{model.name}.usearch" for model in SINGLE}
"""The nearest-neighbour graph over the vectors of each model, written by usearch."""

QUERIES = ArrayFile("queries/two_tower.npy", "float32", ("articles", f"{TWO_TOWER.name} dim"))
"""What each article adds to the query of a basket."""

SALES = {
    "starts": ArrayFile(
        "sales/starts.npy", "int64", ("articles + 1",), 0, LARGEST_INT, least_step=0
    ),
    "partners": ArrayFile("sales/partners.npy", "int32", ("partners",), 0, "articles"),
    "strengths": ArrayFile("sales/strengths.npy", "float32", ("partners",), 0, 1),
    "shared": ArrayFile("sales/shared.npy", "int32", ("partners",), 1, LARGEST_INT),
    "popularity": ArrayFile("sales/popularity.npy", "float32", ("articles",), 0, 1),
    "recency": ArrayFile("sales/recency.npy", "float32", ("articles",), 0, 1),
}
"""Purchase counts, by the attribute of `recsys.models.purchase_counts.PurchaseCounts`."""

BRIDGES = {
    model.name: ArrayFile(
        f"bridges/{model.name}.npy", "float32", (f"{IMAGE.name} dim + 1", f"{model.name} dim")
    )
    for model in SINGLE
    if model != IMAGE
}
"""The linear maps from photo vectors to the vectors of other models; its last row is added.

A release of a catalogue with few photos lacks them (`recsys.models.cross_modal`).
"""

MAPPED = ArrayFile("maps/articles.npy", "int32", ("mapped articles",), 0, "articles", least_step=1)
"""The rows of the articles that the maps show, in rising order."""

PLACES = {
    model.name: ArrayFile(f"maps/{model.name}.npy", "float32", ("mapped articles", 2), 0, 1)
    for model in SINGLE
}
"""The place of each of these on the map of a model, in [0, 1]."""

WHITENING = {
    "mean": ArrayFile("encoders/text/mean.npy", "float32", ("text encoder dim",)),
    "matrix": ArrayFile(
        "encoders/text/matrix.npy", "float32", ("text encoder dim", f"{TEXT.name} dim")
    ),
}
"""What follows the text encoder, by the attribute of `recsys.models.whitening.Whitening`."""

ARRAYS = (
    *(file for group in (VECTORS, ENTRIES, SALES) for file in group.values()),
    *(file for group in (BRIDGES, PLACES, WHITENING) for file in group.values()),
    QUERIES,
    MAPPED,
)
"""All arrays."""

ARTICLES = "articles.parquet"
"""The catalogue's table with season, price and photo of each article."""

SHOPPERS = "shoppers.parquet"
"""Example shoppers, who are no people."""

OVERVIEW = "overview.parquet"
"""Purchases by week and department."""

PHRASES = "phrases.parquet"
"""Example words with their vectors."""

IMAGE_ENCODER = "encoders/image"
"""The folder of the OpenCLIP model, where the Hub does not have it."""

TEXT_MODEL = "encoders/text/model"
"""The folder of the sentence-transformers model, where the Hub does not have it."""

HUB_README = "README.md"
"""The dataset card: added when a release is published, and no part of it."""

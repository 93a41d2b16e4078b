"""Every file of a release: its path and, for an array, its type and shape.

The writer writes through this table, the reader checks against it and the tests go through it. The
columns of the Parquet tables are in `recsys.release.tables`, the manifest is in
`recsys.release.manifest`.

In a shape, equal names stand for equal lengths: ``articles`` for the articles of the catalogue,
``text entries`` for the distinct vectors of the text model, ``text dim`` for their length.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.errors import ReleaseError
from recsys.models.registry import IMAGE, SINGLE, TEXT, TWO_TOWER
from recsys.release.manifest import ModelRecord, check

AnyArray = npt.NDArray[Any]


@dataclass(frozen=True)
class ArrayFile:
    """An array of a release, a ``.npy`` file.

    Attributes:
        path: in the folder of the release.
        dtype: numpy's name of its type.
        shape: a length or a name for each dimension.
    """

    path: str
    dtype: str
    shape: tuple[str | int, ...]

    def write(self, folder: Path, array: AnyArray) -> None:
        """Write the array into the release in ``folder``.

        Raises:
            ValueError: it has another type or number of dimensions.
        """
        if array.dtype != self.dtype or array.ndim != len(self.shape):
            raise ValueError(f"{self.path} must be {self.dtype} {list(self.shape)}")
        path = folder / self.path
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, array)


class ArrayReader:
    """Opens the arrays of a release and checks their types and shapes.

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
        """Return the array, memory-mapped.

        A dimension whose length the manifest does not give gets it from the first array that has
        it.

        Raises:
            ReleaseError: the file is not an array, or has another type or shape.
        """
        try:
            # A plain array: numpy's own memmap type is slower to index.
            array = np.asarray(np.load(self._folder / file.path, mmap_mode="r", allow_pickle=False))
        except (OSError, ValueError, EOFError) as error:
            raise ReleaseError(f"Refused: {file.path} is not an array ({error!r}).") from error
        found = f"{array.dtype} {list(array.shape)}"
        check(
            array.dtype == file.dtype and array.ndim == len(file.shape),
            f"{file.path} is {found}, not {file.dtype} {list(file.shape)}",
        )
        expected = [
            size if isinstance(size, int) else self._lengths.setdefault(size, length)
            for size, length in zip(file.shape, array.shape, strict=True)
        ]
        check(
            list(array.shape) == expected,
            f"{file.path} is {found}, not {file.dtype} {expected}",
        )
        return array


VECTORS = {
    model.name: ArrayFile(
        f"vectors/{model.name}.npy", "float32", (f"{model.name} entries", f"{model.name} dim")
    )
    for model in SINGLE
}
"""The distinct unit vectors of each model."""

ENTRIES = {
    model.name: ArrayFile(f"entries/{model.name}.npy", "int32", ("articles",)) for model in SINGLE
}
"""The row of each article in the vectors of a model, -1 for an article without a vector."""

GRAPHS = {model.name: f"indexes/{model.name}.usearch" for model in SINGLE}
"""The nearest-neighbour graph over the vectors of each model, written by usearch."""

QUERIES = ArrayFile("queries/two_tower.npy", "float32", ("articles", f"{TWO_TOWER.name} dim"))
"""What each article adds to the query of a basket."""

SALES = {
    "starts": ArrayFile("sales/starts.npy", "int64", ("articles + 1",)),
    "partners": ArrayFile("sales/partners.npy", "int32", ("partners",)),
    "strengths": ArrayFile("sales/strengths.npy", "float32", ("partners",)),
    "shared": ArrayFile("sales/shared.npy", "int32", ("partners",)),
    "popularity": ArrayFile("sales/popularity.npy", "float32", ("articles",)),
    "recency": ArrayFile("sales/recency.npy", "float32", ("articles",)),
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

MAPPED = ArrayFile("maps/articles.npy", "int32", ("mapped articles",))
"""The rows of the articles that the maps show."""

PLACES = {
    model.name: ArrayFile(f"maps/{model.name}.npy", "float32", ("mapped articles", 2))
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

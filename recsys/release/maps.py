"""The maps of a release: two coordinates for each article and model."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from recsys.release.files import MAPPED, PLACES, ArrayReader
from recsys.vectors import Float32, Int32


@dataclass(frozen=True)
class Maps:
    """The places of the same articles on the map of each model.

    Attributes:
        articles: int32 [n], the rows of the articles in rising order; none if there is no map.
        places: float32 [n, 2] by model: x from the left and y from the top, in [0, 1].
    """

    articles: Int32
    places: Mapping[str, Float32]


def write_maps(folder: Path, maps: Maps) -> None:
    """Write the maps into the release in ``folder``."""
    MAPPED.write(folder, maps.articles)
    for name, places in maps.places.items():
        PLACES[name].write(folder, places)


def read_maps(arrays: ArrayReader) -> Maps:
    """Return the maps that `write_maps` wrote.

    Raises:
        ReleaseError: a file is missing or not the array it should be (`recsys.release.files`).
    """
    articles = arrays.open(MAPPED)
    return Maps(articles, {name: arrays.open(file) for name, file in PLACES.items()})

"""The maps of a release: where articles stand in a plane, a map for each model."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recsys.vectors import Float32, Int32


@dataclass(frozen=True)
class Maps:
    """Where the same articles stand in every model's eyes.

    Attributes:
        articles: int32 [n], their rows in rising order; none where there is no map.
        places: float32 [n, 2] by model: x from the left and y from the top, in [0, 1].
    """

    articles: Int32
    places: Mapping[str, Float32]

    def fits(self, articles: int) -> bool:
        """Whether these can be maps of a catalogue with that many articles."""
        rows = self.articles
        rising = rows.ndim == 1 and rows.dtype == np.int32 and bool((np.diff(rows) > 0).all())
        inside = rising and rows.min(initial=0) >= 0 and rows.max(initial=-1) < articles
        return inside and all(
            each.shape == (len(rows), 2)
            and each.dtype == np.float32
            # No comparison holds of NaN.
            and bool(((each >= 0) & (each <= 1)).all())
            for each in self.places.values()
        )


def write_maps(folder: Path, maps: Maps) -> None:
    """Write the maps into ``folder``, an array a file."""
    np.save(folder / "articles.npy", maps.articles)
    for name, places in maps.places.items():
        np.save(folder / f"{name}.npy", places)


def read_maps(folder: Path, models: Mapping[str, Any]) -> Maps:
    """Return what `write_maps` wrote.

    Raises:
        OSError: a file is missing.
        ValueError: a file is no array.
    """
    places = {name: np.load(folder / f"{name}.npy", allow_pickle=False) for name in models}
    return Maps(np.load(folder / "articles.npy", allow_pickle=False), places)

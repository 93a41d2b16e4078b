"""Maps of the catalogue: articles that a model finds alike stand close together.

They are drawn when a release is built; the app only shows them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from recsys.vectors import NO_VECTOR, ArticleVectors, Float32, Int32, fingerprint
from recsys.workspace import Workspace, key_of

MAP_ARTICLES = 5000
"""The most articles that a map shows."""

FEWEST, FEWEST_FOR_TSNE = 3, 100
"""Fewer articles make no map; fewer distinct vectors are laid out by PCA alone."""

DIMENSIONS = 50
"""To so many dimensions vectors are reduced before t-SNE."""

SETTINGS: dict[str, Any] = {"init": "pca", "perplexity": 30, "max_iter": 1000, "random_state": 6}


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


def draw_maps(workspace: Workspace, models: Mapping[str, ArticleVectors]) -> tuple[Maps, int]:
    """Return a map a model, and how many articles had to be placed; others were kept."""
    rows, new = _chosen([each.entry for each in models.values()]), 0
    places = {}
    for name, vectors in tqdm(models.items(), desc="maps", unit="map"):

        def make(folder: Path, vectors: ArticleVectors = vectors) -> None:
            nonlocal new
            np.save(folder / "places.npy", _places(vectors, rows))
            new += len(rows)

        key = key_of(
            vectors.fingerprint(), fingerprint(rows), FEWEST_FOR_TSNE, DIMENSIONS, SETTINGS
        )
        places[name] = np.load(workspace.once("maps", key, make) / "places.npy")
    return Maps(rows, places), new


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


def _chosen(entries: list[Int32]) -> Int32:
    """Return up to `MAP_ARTICLES` that have a vector in every model, spread evenly."""
    known = np.flatnonzero(np.all([entry != NO_VECTOR for entry in entries], axis=0))
    if len(known) < FEWEST:
        return np.empty(0, np.int32)
    at = np.linspace(0, len(known) - 1, min(MAP_ARTICLES, len(known))).round().astype(int)
    return np.asarray(known[at], np.int32)


def _places(vectors: ArticleVectors, rows: Int32) -> Float32:
    """Return float32 [rows, 2] in [0, 1]."""
    if not len(rows):
        return np.empty((0, 2), np.float32)
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    entry = vectors.entry[rows]
    enough = len(np.unique(entry)) >= FEWEST_FOR_TSNE
    wanted = min(DIMENSIONS if enough else 2, len(rows), vectors.vectors.shape[1])
    # One thread: with several, sums in another order would lead to another map each time.
    with threadpool_limits(1):
        reduced = PCA(wanted, svd_solver="full").fit_transform(vectors.vectors[entry])
        placed = TSNE(2, **SETTINGS).fit_transform(reduced) if enough else reduced
    return _scaled(placed)


def _scaled(placed: Float32) -> Float32:
    """Return places moved into the unit square; distances keep their proportions."""
    low, high = placed.min(axis=0), placed.max(axis=0)
    span = max(float((high - low).max()), float(np.finfo(np.float32).tiny))
    return np.asarray(np.clip((placed - (low + high) / 2) / span + 0.5, 0, 1), np.float32)

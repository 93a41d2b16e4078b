"""Maps of the catalogue: articles that a model finds alike stand close together.

They are drawn when a release is built; the app only shows them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from recsys.pipeline.workspace import Workspace
from recsys.release.maps import Maps
from recsys.vectors import NO_VECTOR, ArticleVectors, Float32, Int32, fingerprint, key_of

MAP_ARTICLES = 5000
"""The most articles that a map shows."""

FEWEST_MAPPED, FEWEST_FOR_TSNE = 3, 100
"""Fewer articles make no map; fewer distinct vectors are laid out by PCA alone."""

DIMENSIONS = 50
"""To so many dimensions vectors are reduced before t-SNE."""

TSNE_SETTINGS: dict[str, Any] = {
    "init": "pca",
    "perplexity": 30,
    "max_iter": 1000,
    "random_state": 6,
}


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
            vectors.fingerprint(), fingerprint(rows), FEWEST_FOR_TSNE, DIMENSIONS, TSNE_SETTINGS
        )
        places[name] = np.load(workspace.once("maps", key, make) / "places.npy")
    return Maps(rows, places), new


def _chosen(entries: list[Int32]) -> Int32:
    """Return up to `MAP_ARTICLES` that have a vector in every model, spread evenly."""
    known = np.flatnonzero(np.all([entry != NO_VECTOR for entry in entries], axis=0))
    if len(known) < FEWEST_MAPPED:
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
        placed = TSNE(2, **TSNE_SETTINGS).fit_transform(reduced) if enough else reduced
    return _scaled(placed)


def _scaled(placed: Float32) -> Float32:
    """Return places moved into the unit square; distances keep their proportions."""
    low, high = placed.min(axis=0), placed.max(axis=0)
    span = max(float((high - low).max()), float(np.finfo(np.float32).tiny))
    return np.asarray(np.clip((placed - (low + high) / 2) / span + 0.5, 0, 1), np.float32)

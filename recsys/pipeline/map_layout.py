"""Maps of the catalogue: articles with similar vectors in a model are close together on its map.

A build lays them out; the app only shows them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from recsys.pipeline.workspace import Finished, Kept, Workspace
from recsys.release.maps import Maps
from recsys.vectors import NO_VECTOR, ArticleVectors, Float32, Int32, fingerprint, key_of

MAP_ARTICLES = 5000
"""The most articles on a map."""

FEWEST_MAPPED, FEWEST_FOR_TSNE = 3, 100
"""Fewer articles get no map; fewer distinct vectors are laid out by PCA alone."""

DIMENSIONS = 50
"""PCA reduces vectors to this many dimensions before t-SNE."""

TSNE_SETTINGS: dict[str, Any] = {
    "init": "pca",
    "perplexity": 30,
    "max_iter": 1000,
    "random_state": 6,
}


def draw_maps(workspace: Workspace, models: Mapping[str, ArticleVectors]) -> Finished[Maps]:
    """Lay out a map for each model; the rows are the articles placed on new maps."""
    rows = _chosen([each.entry for each in models.values()])
    kept = {
        name: _layout(workspace, vectors, rows)
        for name, vectors in tqdm(models.items(), desc="maps", unit="map")
    }
    places = {name: np.load(each.folder / "places.npy") for name, each in kept.items()}
    return Finished(Maps(rows, places), len(rows) * sum(each.fresh for each in kept.values()))


def _layout(workspace: Workspace, vectors: ArticleVectors, rows: Int32) -> Kept:
    """Keep the places of the articles in ``rows`` on one model's map."""

    def make(folder: Path) -> None:
        np.save(folder / "places.npy", _places(vectors, rows))

    inputs = (vectors.fingerprint(), fingerprint(rows))
    key = key_of(*inputs, FEWEST_FOR_TSNE, DIMENSIONS, TSNE_SETTINGS)
    return workspace.once("maps", key, make)


def _chosen(entries: list[Int32]) -> Int32:
    """Return up to `MAP_ARTICLES` articles with a vector in every model, spread evenly."""
    known = np.flatnonzero(np.all([entry != NO_VECTOR for entry in entries], axis=0))
    if len(known) < FEWEST_MAPPED:
        return np.empty(0, np.int32)
    at = np.linspace(0, len(known) - 1, min(MAP_ARTICLES, len(known))).round().astype(int)
    return np.asarray(known[at], np.int32)


def _places(vectors: ArticleVectors, rows: Int32) -> Float32:
    """Return the places of articles, float32 [rows, 2] in [0, 1]."""
    if not len(rows):
        return np.empty((0, 2), np.float32)
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    entry = vectors.entry[rows]
    enough = len(np.unique(entry)) >= FEWEST_FOR_TSNE
    components = min(DIMENSIONS if enough else 2, len(rows), vectors.vectors.shape[1])
    # One thread: several add numbers in another order each time, which leads to other maps.
    with threadpool_limits(1):
        reduced = PCA(components, svd_solver="full").fit_transform(vectors.vectors[entry])
        placed = TSNE(2, **TSNE_SETTINGS).fit_transform(reduced) if enough else reduced
    return _scaled(placed)


def _scaled(placed: Float32) -> Float32:
    """Return places moved into the unit square; distances keep their proportions."""
    low, high = placed.min(axis=0), placed.max(axis=0)
    span = max(float((high - low).max()), float(np.finfo(np.float32).tiny))
    return np.asarray(np.clip((placed - (low + high) / 2) / span + 0.5, 0, 1), np.float32)

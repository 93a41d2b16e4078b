"""What a build learns from purchases and photos: the two-tower model, cross-modal maps, weights."""

import dataclasses
import importlib
import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsys.catalog.articles import Catalog
from recsys.catalog.purchases import Purchases
from recsys.models import two_tower
from recsys.models.cross_modal import Bridges, read_bridges, write_bridges
from recsys.models.registry import TWO_TOWER
from recsys.models.two_tower_data import TrainingSettings, TwoTower
from recsys.pipeline.workspace import Finished, Workspace
from recsys.retrieval.fitting import learn_bridges, learn_weights, lessons
from recsys.retrieval.fusion import Weights
from recsys.retrieval.retriever import Retrieval
from recsys.vectors import ArticleVectors, fingerprint, key_of


def train_two_tower(
    workspace: Workspace,
    catalog: Catalog,
    content: Sequence[ArticleVectors],
    settings: TrainingSettings,
    fewest: int,
) -> Finished[TwoTower]:
    """Train the two-tower model on the catalogue's purchases.

    Args:
        workspace: keeps the trained vectors.
        catalog: its products and purchases.
        content: the article vectors that the article tower reads; every article has one.
        settings: of the training.
        fewest: articles that fewer training shoppers bought are left out of the training.

    Raises:
        CatalogError: there is nothing to train on.
    """
    products, _ = pd.factorize(catalog.articles["product_code"])
    inputs = np.concatenate([each.vectors[each.entry] for each in content], axis=1)
    purchases = catalog.purchases

    def make(folder: Path) -> None:
        load_triton()
        towers = two_tower.train(purchases, products.astype(np.int32), inputs, settings, fewest)
        np.save(folder / "articles.npy", towers.articles)
        np.save(folder / "queries.npy", towers.queries)

    data = fingerprint(products, inputs, *training_columns(purchases))
    kept = workspace.once(TWO_TOWER.name, key_of(data, dataclasses.asdict(settings), fewest), make)
    towers = TwoTower(np.load(kept.folder / "articles.npy"), np.load(kept.folder / "queries.npy"))
    return Finished(towers, len(purchases) if kept.fresh else 0)


def load_triton() -> None:
    """Load triton, which torch brings on machines for CUDA, before TensorFlow.

    Both contain LLVM. Loaded after TensorFlow's, triton's ends the process ("Option registered
    more than once"), which happens when an encoder is loaded after a training.
    """
    with suppress(ImportError):
        importlib.import_module("triton")


def fit_bridges(
    workspace: Workspace, retrieval: Retrieval, articles: pd.DataFrame
) -> Finished[Bridges]:
    """Fit the maps from photo vectors to the vectors of the other models."""

    def make(folder: Path) -> None:
        write_bridges(folder, learn_bridges(retrieval, articles))

    key = key_of(retrieval.key(), articles["product_code"].tolist())
    kept = workspace.once("bridges", key, make)
    bridges = read_bridges(kept.folder, retrieval.bridges.estimator.vocabulary)
    return Finished(bridges, len(articles) if kept.fresh else 0)


def fit_weights(
    workspace: Workspace, retrieval: Retrieval, catalog: Catalog, fewest: int
) -> Finished[dict[str, Weights]]:
    """Fit the weights of the combined model, by kind of query.

    Args:
        workspace: keeps the weights.
        retrieval: the models.
        catalog: its purchases.
        fewest: weights are not fitted to fewer shoppers.
    """
    articles, purchases = catalog.articles, catalog.purchases

    def make(folder: Path) -> None:
        weights = learn_weights(retrieval, lessons(retrieval, articles, purchases, fewest))
        text = json.dumps({kind: dataclasses.asdict(each) for kind, each in weights.items()})
        (folder / "weights.json").write_text(text)

    bought = fingerprint(*training_columns(purchases))
    key = key_of(retrieval.key(), articles["product_code"].tolist(), bought, fewest)
    kept = workspace.once("weights", key, make)
    learned = json.loads((kept.folder / "weights.json").read_text())
    weights = {kind: Weights(**each) for kind, each in learned.items()}
    return Finished(weights, len(purchases) if kept.fresh else 0)


def training_columns(purchases: Purchases) -> tuple[npt.NDArray[np.generic], ...]:
    """Return the columns of the purchases that models depend on, for cache keys."""
    return purchases.shopper, purchases.article, purchases.day, purchases.bucket

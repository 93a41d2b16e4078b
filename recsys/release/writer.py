"""Write a release: gather its contents, and put the folder in place only once it is whole."""

import dataclasses
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from recsys.catalog.shoppers import Shopper
from recsys.errors import ReleaseError
from recsys.evaluation.report import Evaluation
from recsys.models.whitening import Whitening
from recsys.release.manifest import (
    MANIFEST,
    SCHEMA,
    EncoderRecord,
    FileRecord,
    Manifest,
    ModelRecord,
    file_records,
)
from recsys.release.maps import Maps, write_maps
from recsys.release.reader import IMAGE_ENCODER, MAPS, OWN_MODEL, TEXT_ENCODER
from recsys.release.tables import (
    ARTICLES,
    OVERVIEW,
    PHRASES,
    SHOPPERS,
    row_order,
    write_overview,
    write_shoppers,
)
from recsys.retrieval.audit import Audit
from recsys.retrieval.index import EXACT_BELOW, ArticleIndex, open_graph
from recsys.retrieval.retriever import Retrieval
from recsys.vectors import ArticleVectors


@dataclass(frozen=True)
class BuiltModel:
    """One model, ready for a release.

    Attributes:
        vectors: its article vectors.
        encoder: what made them.
        graph: the file of its usearch index.
        audit: how that index compares with exact search.
    """

    vectors: ArticleVectors
    encoder: EncoderRecord
    graph: Path
    audit: Audit

    def index(self) -> ArticleIndex:
        """Return the vectors as they will be searched."""
        large = len(self.vectors.vectors) > EXACT_BELOW
        graph = open_graph(self.graph, self.audit.expansion_search) if large else None
        return ArticleIndex(self.vectors, graph)

    def record(self) -> ModelRecord:
        """Return what the manifest says of the model."""
        entries, dim = self.vectors.vectors.shape
        return ModelRecord(
            encoder=self.encoder,
            dim=dim,
            entries=entries,
            articles=self.vectors.articles,
            typical=self.vectors.mean_score(),
            audit=self.audit,
        )


@dataclass(frozen=True)
class Contents:
    """What a release is made of, beside the articles' table.

    Attributes:
        articles: the catalogue's table.
        license: under which anyone may pass it on; empty if nobody may.
        models: the single models by name.
        retrieval: what they are asked with.
        shoppers: who can be asked for.
        evaluation: how good the models are.
        whitening: what new texts go through after the text encoder.
        image_encoder: the OpenCLIP directory to include; ``None`` for a model from the Hub.
        text_encoder: the sentence-transformers directory to include; ``None`` for any other.
        maps: where articles stand in each model's eyes.
        overview: purchases by week and group.
        phrases: the file of phrases with their vectors.
    """

    articles: pd.DataFrame
    license: str
    models: dict[str, BuiltModel]
    retrieval: Retrieval
    shoppers: list[Shopper]
    evaluation: Evaluation
    whitening: Whitening
    image_encoder: Path | None
    text_encoder: Path | None
    maps: Maps
    overview: pd.DataFrame
    phrases: Path

    def manifest(self, files: dict[str, FileRecord]) -> Manifest:
        """Return the sealed manifest of these contents in ``files``."""
        return Manifest(
            schema=SCHEMA,
            articles=len(self.articles),
            license=self.license,
            row_order=row_order(self.articles),
            models={name: model.record() for name, model in self.models.items()},
            weights=dict(self.retrieval.weights),
            bridges=dict(self.retrieval.bridges.crossings),
            temperature=dict(self.retrieval.bridges.reader.temperature),
            shoppers=len(self.shoppers),
            evaluation=self.evaluation,
            files=files,
        ).sealed()


def check_target(folder: Path) -> None:
    """Raise `ReleaseError` if ``folder`` holds something that a release must not replace."""
    if folder.exists() and not folder.is_dir():
        raise ReleaseError(f"{folder} is a file; choose a folder for the release.")
    if folder.exists() and any(folder.iterdir()) and not (folder / MANIFEST).exists():
        raise ReleaseError(f"{folder} is not empty and not a release; choose another folder.")


def write_release(folder: Path, contents: Contents, articles: Path) -> Manifest:
    """Put a release at ``folder``, replacing one that is there, only once it is complete.

    Args:
        folder: where the release is to be.
        contents: what the manifest and the arrays are made of.
        articles: the file that `write_articles` wrote.
    """
    check_target(folder)
    partial, previous = (folder.with_name(folder.name + end) for end in (".partial", ".previous"))
    if previous.exists() and not folder.exists():
        # The last write was cut off between its two renames.
        os.replace(previous, folder)
    for leftover in (partial, previous):
        shutil.rmtree(leftover, ignore_errors=True)
    partial.mkdir(parents=True)
    shutil.copyfile(articles, partial / ARTICLES)
    _write_arrays(partial, contents)
    manifest = contents.manifest(file_records(partial))
    (partial / MANIFEST).write_text(manifest.text(), encoding="utf-8")
    if folder.exists():
        os.replace(folder, previous)
    os.replace(partial, folder)
    shutil.rmtree(previous, ignore_errors=True)
    return manifest


def _write_arrays(folder: Path, contents: Contents) -> None:
    parts = ("vectors", "entries", "indexes", "queries", "sales", "bridges", MAPS, TEXT_ENCODER)
    for part in parts:
        (folder / part).mkdir(parents=True)
    for name, model in contents.models.items():
        np.save(folder / f"vectors/{name}.npy", model.vectors.vectors)
        np.save(folder / f"entries/{name}.npy", model.vectors.entry)
        shutil.copyfile(model.graph, folder / f"indexes/{name}.usearch")
    np.save(folder / "queries/two_tower.npy", contents.retrieval.basket_rows)
    for field in dataclasses.fields(contents.retrieval.sales):
        np.save(folder / f"sales/{field.name}.npy", getattr(contents.retrieval.sales, field.name))
    for name, bridge in contents.retrieval.bridges.links.items():
        np.save(folder / f"bridges/{name}.npy", bridge.matrix)
    for field in dataclasses.fields(contents.whitening):
        array = getattr(contents.whitening, field.name)
        np.save(folder / f"{TEXT_ENCODER}/{field.name}.npy", array)
    write_maps(folder / MAPS, contents.maps)
    write_overview(folder / OVERVIEW, contents.overview)
    shutil.copyfile(contents.phrases, folder / PHRASES)
    write_shoppers(folder / SHOPPERS, contents.shoppers, contents.articles["article_id"])
    if contents.image_encoder:
        shutil.copytree(contents.image_encoder, folder / IMAGE_ENCODER)
    if contents.text_encoder:
        shutil.copytree(contents.text_encoder, folder / TEXT_ENCODER / OWN_MODEL)

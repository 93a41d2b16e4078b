"""Write a release: all files into a temporary folder, which replaces the old release at the end."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from recsys.catalog.shoppers import Shopper
from recsys.errors import ReleaseError
from recsys.evaluation.report import Evaluation
from recsys.models.encoder_files import EncoderFiles
from recsys.models.whitening import Whitening
from recsys.release.files import (
    ARTICLES,
    BRIDGES,
    ENTRIES,
    GRAPHS,
    IMAGE_ENCODER,
    OVERVIEW,
    PHRASES,
    QUERIES,
    SALES,
    SHOPPERS,
    TEXT_MODEL,
    VECTORS,
    WHITENING,
)
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
from recsys.release.tables import row_order, write_overview, write_shoppers
from recsys.retrieval.audit import Audit
from recsys.retrieval.index import EXACT_BELOW, ArticleIndex, open_graph, read_graph
from recsys.retrieval.retriever import Retrieval
from recsys.vectors import ArticleVectors


@dataclass(frozen=True)
class BuiltModel:
    """One model, ready for a release.

    Attributes:
        vectors: its article vectors.
        encoder: made the vectors.
        graph: the file of its usearch index.
        audit: the comparison of that index with exact search.
    """

    vectors: ArticleVectors
    encoder: EncoderRecord
    graph: Path
    audit: Audit

    def index(self) -> ArticleIndex:
        """Return the index that the app will search."""
        if len(self.vectors.vectors) <= EXACT_BELOW:
            return ArticleIndex(self.vectors)
        content = read_graph(self.graph, self.vectors.vectors)
        return ArticleIndex(self.vectors, open_graph(content, self.audit.expansion_search))

    def record(self) -> ModelRecord:
        """Return the manifest's entry for the model."""
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
    """The contents of a release, apart from the table of articles with photos.

    Attributes:
        articles: the catalogue's table.
        license: the licence under which it is redistributable; empty if it is not.
        models: the single models by name.
        retrieval: searches them.
        shoppers: the example shoppers to include.
        fewest_shoppers: different shoppers that every figure about purchases counts at least.
        evaluation: of the models.
        whitening: applied to the text encoder's vectors.
        image_encoder: the files of the OpenCLIP directory to include; ``None`` for a model from the
            Hub.
        text_encoder: the files of the sentence-transformers model to include; ``None`` for any
            other.
        maps: the articles' places on the map of each model.
        overview: purchases by week and department.
        phrases: the file of example phrases with their vectors.
        currency: ISO 4217 code of the prices; empty for none.
    """

    articles: pd.DataFrame
    license: str
    models: dict[str, BuiltModel]
    retrieval: Retrieval
    shoppers: list[Shopper]
    fewest_shoppers: int
    evaluation: Evaluation
    whitening: Whitening
    image_encoder: EncoderFiles | None
    text_encoder: EncoderFiles | None
    maps: Maps
    overview: pd.DataFrame
    phrases: Path
    currency: str

    def manifest(self, files: dict[str, FileRecord]) -> Manifest:
        """Return the manifest of these contents in ``files``, with its checksum."""
        return Manifest(
            schema=SCHEMA,
            articles=len(self.articles),
            license=self.license,
            row_order=row_order(self.articles),
            models={name: model.record() for name, model in self.models.items()},
            weights=dict(self.retrieval.weights),
            bridges=dict(self.retrieval.bridges.crossings),
            temperature=dict(self.retrieval.bridges.estimator.temperature),
            shoppers=len(self.shoppers),
            fewest_shoppers=self.fewest_shoppers,
            evaluation=self.evaluation,
            files=files,
            currency=self.currency,
        ).sealed()


def check_target(folder: Path) -> None:
    """Raise `ReleaseError` if ``folder`` holds something that a release must not replace."""
    if folder.exists() and not folder.is_dir():
        raise ReleaseError(f"{folder} is a file; choose a folder for the release.")
    if folder.exists() and any(folder.iterdir()) and not (folder / MANIFEST).exists():
        raise ReleaseError(f"{folder} is not empty and not a release; choose another folder.")


def write_release(folder: Path, contents: Contents, articles: Path) -> Manifest:
    """Write a release to ``folder``; one that is there is replaced once the new one is complete.

    Args:
        folder: of the release.
        contents: for the manifest and all other files.
        articles: the file that `recsys.release.tables.write_articles` wrote.
    """
    check_target(folder)
    partial, previous = (folder.with_name(folder.name + end) for end in (".partial", ".previous"))
    if previous.exists() and not folder.exists():
        # The last write was killed between its two renames.
        os.replace(previous, folder)
    for leftover in (partial, previous):
        shutil.rmtree(leftover, ignore_errors=True)
    partial.mkdir(parents=True)
    shutil.copyfile(articles, partial / ARTICLES)
    _write_models(partial, contents)
    _write_retrieval(partial, contents.retrieval)
    _write_tables(partial, contents)
    _write_encoders(partial, contents)
    manifest = contents.manifest(file_records(partial))
    (partial / MANIFEST).write_text(manifest.text(), encoding="utf-8")
    if folder.exists():
        os.replace(folder, previous)
    os.replace(partial, folder)
    shutil.rmtree(previous, ignore_errors=True)
    return manifest


def _write_models(folder: Path, contents: Contents) -> None:
    for name, model in contents.models.items():
        VECTORS[name].write(folder, model.vectors.vectors)
        ENTRIES[name].write(folder, model.vectors.entry)
        _copy_file(model.graph, folder / GRAPHS[name])
    write_maps(folder, contents.maps)


def _write_retrieval(folder: Path, retrieval: Retrieval) -> None:
    QUERIES.write(folder, retrieval.basket_rows)
    for attribute, file in SALES.items():
        file.write(folder, getattr(retrieval.sales, attribute))
    for name, bridge in retrieval.bridges.links.items():
        BRIDGES[name].write(folder, bridge.matrix)


def _write_tables(folder: Path, contents: Contents) -> None:
    write_overview(folder / OVERVIEW, contents.overview)
    write_shoppers(folder / SHOPPERS, contents.shoppers, contents.articles["article_id"])
    shutil.copyfile(contents.phrases, folder / PHRASES)


def _write_encoders(folder: Path, contents: Contents) -> None:
    for attribute, file in WHITENING.items():
        file.write(folder, getattr(contents.whitening, attribute))
    carried = {IMAGE_ENCODER: contents.image_encoder, TEXT_MODEL: contents.text_encoder}
    for target, files in carried.items():
        if files:
            for name in files.names:
                _copy_file(files.folder / name, folder / target / name)


def _copy_file(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)

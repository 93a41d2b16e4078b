"""Write a release: gather its contents, and put the folder in place only once it is whole."""

import dataclasses
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from recsys.errors import ReleaseError
from recsys.index import EXACT_BELOW, Audit, Index, open_graph
from recsys.manifest import (
    MANIFEST,
    SCHEMA,
    EncoderRecord,
    FileRecord,
    Manifest,
    ModelRecord,
    file_records,
)
from recsys.maps import Maps, write_maps
from recsys.overview import OVERVIEW, write_overview
from recsys.phrases import PHRASES
from recsys.release import (
    ARTICLES,
    IMAGE_ENCODER,
    MAPS,
    OWN_MODEL,
    PHOTO_COLUMN,
    PRICE_COLUMN,
    ROW_GROUP,
    TEXT_ENCODER,
    row_order,
)
from recsys.report import Evaluation
from recsys.retrieval import Retrieval
from recsys.shoppers import SHOPPERS, Shopper, write_shoppers
from recsys.vectors import ArticleVectors, Float32
from recsys.whitening import Whitening

TABLE_FORMAT = 3
"""Raise it whenever `write_articles` writes other bytes: builds then write their table anew."""


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

    def index(self) -> Index:
        """Return the vectors as they will be searched."""
        large = len(self.vectors.vectors) > EXACT_BELOW
        graph = open_graph(self.graph, self.audit.expansion_search) if large else None
        return Index(self.vectors, graph)

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


def write_articles(
    path: Path, articles: pd.DataFrame, prices: Float32, photo: Callable[[int], bytes | None]
) -> None:
    """Write the articles' table with their prices and photos, a row group at a time.

    These take the place of columns of the catalogue that have the same names.

    Args:
        path: the Parquet file.
        articles: the catalogue's table, every column a string.
        prices: float32 [articles], NaN for none.
        photo: returns the JPEG of a row, ``None`` where it has none.
    """
    names = [name for name in articles.columns if name not in (PRICE_COLUMN, PHOTO_COLUMN)]
    schema = _schema(names)
    picture = schema.field(PHOTO_COLUMN).type
    with (
        pq.ParquetWriter(path, schema, compression="zstd") as writer,
        tqdm(total=len(articles), desc="articles", unit="article") as bar,
    ):
        for start in range(0, len(articles), ROW_GROUP):
            block = articles.iloc[start : start + ROW_GROUP]
            photos = [
                data and {"bytes": data, "path": f"{article_id}.jpg"}
                for data, article_id in zip(
                    map(photo, block.index), block["article_id"], strict=True
                )
            ]
            columns = [pa.array(block[name], pa.string()) for name in names]
            columns.append(pa.array(prices[start : start + ROW_GROUP], from_pandas=True))
            writer.write_table(pa.table([*columns, pa.array(photos, picture)], schema))
            bar.update(len(block))


def _schema(columns: list[str]) -> pa.Schema:
    """Return the table's schema, marked so that `datasets` and the Hub's viewer show photos."""
    from datasets import Features, Image, Value

    kinds = {name: Value("string") for name in columns}
    own = {PRICE_COLUMN: Value("float32"), PHOTO_COLUMN: Image()}
    return Features({**kinds, **own}).arrow_schema


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

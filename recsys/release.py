"""A release: the folder that a build writes and the app reads, and all that they share.

::

    manifest.json                what is in it: models, audit, sizes and SHA-256 of every file
    articles.parquet             the catalogue's table, with a photo in the `image` column
    vectors/<model>.npy          float32 [entries, dim], distinct unit vectors
    entries/<model>.npy          int32 [articles], each article's row in them, -1 for none
    indexes/<model>.usearch      nearest neighbours among the entries
    queries/two_tower.npy        float32 [articles, dim], what each article adds to a basket
    encoders/image/              the OpenCLIP model that reads uploads, where it has no other home

Opening verifies everything that the manifest says; vectors and indexes are memory-mapped.
"""

import hashlib
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from recsys.errors import ReleaseError
from recsys.index import EXACT_BELOW, Audit, Index, open_graph
from recsys.manifest import (
    MANIFEST,
    SCHEMA,
    FileRecord,
    Manifest,
    ModelRecord,
    check,
    read_manifest,
)
from recsys.models.combined import WEIGHTS
from recsys.models.two_tower import HeldOut
from recsys.vectors import NO_VECTOR, ArticleVectors, Float32

ARTICLES = "articles.parquet"
IMAGE_ENCODER = "encoders/image"
PHOTO_COLUMN = "image"
ROW_GROUP = 100
"""Rows a parquet row group: few, so that one photo is a short read, and the Hub can show them."""


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
    encoder: str
    graph: Path
    audit: Audit

    def record(self, weight: float) -> ModelRecord:
        """Return what the manifest says of the model."""
        entries, dim = self.vectors.vectors.shape
        return ModelRecord(
            encoder=self.encoder,
            dim=dim,
            entries=entries,
            articles=self.vectors.articles,
            typical=self.vectors.mean_score(),
            weight=weight,
            audit=self.audit,
        )


@dataclass(frozen=True)
class Contents:
    """What a release is made of, beside the articles' table.

    Attributes:
        articles: the catalogue's table.
        models: the single models by name.
        basket_rows: float32 [articles, dim], what each article adds to a two-tower basket.
        held_out: how the two-tower model does on purchases kept from training.
        image_encoder: the OpenCLIP directory to include; ``None`` for a model from the Hub.
    """

    articles: pd.DataFrame
    models: dict[str, BuiltModel]
    basket_rows: Float32
    held_out: HeldOut
    image_encoder: Path | None

    def manifest(self, files: dict[str, FileRecord]) -> Manifest:
        """Return the sealed manifest of these contents in ``files``."""
        models = {name: model.record(WEIGHTS[name]) for name, model in self.models.items()}
        return Manifest(
            schema=SCHEMA,
            articles=len(self.articles),
            row_order=row_order(self.articles),
            models=models,
            held_out=self.held_out,
            files=files,
        ).sealed()


class Release:
    """An opened release, memory-mapped. Make one with `open_release`.

    Attributes:
        folder: where it is.
        manifest: what it holds.
        articles: the catalogue's table without photos, in row order; every column a string.
        indexes: the searchable articles of each single model.
        basket_rows: float32 [articles, dim], the two-tower query tower's row of each article.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder, self.manifest = folder, manifest
        self._parquet = pq.ParquetFile(folder / ARTICLES, memory_map=True)
        columns = [name for name in self._parquet.schema_arrow.names if name != PHOTO_COLUMN]
        self.articles: pd.DataFrame = self._parquet.read(columns).to_pandas()
        self.indexes = {name: self._index(name, model) for name, model in manifest.models.items()}
        self.basket_rows = _map(folder / "queries/two_tower.npy")

    @cached_property
    def with_photo(self) -> npt.NDArray[np.bool_]:
        """Whether each article has a photo, bool [articles]."""
        column = self._parquet.read([f"{PHOTO_COLUMN}.path"]).column(PHOTO_COLUMN)
        return np.asarray(column.is_valid())

    def photo(self, row: int) -> bytes | None:
        """Return the JPEG of an article's photo, ``None`` where it has none."""
        # A file of its own for each call: one reader must not be shared between threads.
        with pq.ParquetFile(self.folder / ARTICLES, memory_map=True) as file:
            group = file.read_row_group(row // ROW_GROUP, [PHOTO_COLUMN])
        photo = group.column(PHOTO_COLUMN)[row % ROW_GROUP].as_py()
        return photo and bytes(photo["bytes"])

    @property
    def image_model(self) -> str:
        """The id with which OpenCLIP loads the model that made the image vectors."""
        own = self.folder / IMAGE_ENCODER
        return f"local-dir:{own}" if own.is_dir() else self.manifest.models["image"].encoder

    def _index(self, name: str, record: ModelRecord) -> Index:
        vectors = _map(self.folder / f"vectors/{name}.npy")
        entry = _map(self.folder / f"entries/{name}.npy")
        graph = open_graph(self.folder / f"indexes/{name}.usearch", record.audit.expansion_search)
        check(
            vectors.shape == (record.entries, record.dim) and vectors.dtype == np.float32,
            f"vectors/{name}.npy is not float32 [{record.entries}, {record.dim}]",
        )
        check(
            entry.shape == (self.manifest.articles,) and entry.dtype == np.int32,
            f"entries/{name}.npy is not int32 [{self.manifest.articles}]",
        )
        check(
            entry.min(initial=0) >= NO_VECTOR and entry.max(initial=0) < max(record.entries, 1),
            f"entries/{name}.npy names entries that are not there",
        )
        check(
            (graph.size, graph.ndim) == (record.entries, record.dim),
            f"indexes/{name}.usearch does not hold {record.entries} vectors of {record.dim}",
        )
        return Index(ArticleVectors(vectors, entry), graph if len(vectors) > EXACT_BELOW else None)


def open_release(folder: Path) -> Release:
    """Verify and open the release in ``folder``.

    Raises:
        ReleaseError: it is not there, of another schema, incomplete or damaged; one line says
            what is wrong.
    """
    manifest = read_manifest(folder)
    _verify_files(folder, manifest)
    release = Release(folder, manifest)
    check(
        row_order(release.articles) == manifest.row_order,
        f"{ARTICLES} does not list the articles in the order of the vectors",
    )
    check(
        release.basket_rows.shape == (manifest.articles, manifest.models["two_tower"].dim),
        "queries/two_tower.npy has the wrong shape",
    )
    return release


def check_target(folder: Path) -> None:
    """Raise `ReleaseError` if ``folder`` holds something that a release must not replace."""
    if folder.exists() and not folder.is_dir():
        raise ReleaseError(f"{folder} is a file; choose a folder for the release.")
    if folder.exists() and any(folder.iterdir()) and not (folder / MANIFEST).exists():
        raise ReleaseError(f"{folder} is not empty and not a release; choose another folder.")


def write_articles(
    path: Path, articles: pd.DataFrame, photo: Callable[[int], bytes | None]
) -> None:
    """Write the articles' table with a photo column, a row group at a time.

    Args:
        path: the Parquet file.
        articles: the catalogue's table, every column a string.
        photo: returns the JPEG of a row, ``None`` where it has none.
    """
    text = [pa.field(name, pa.string()) for name in articles.columns]
    picture = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    schema = pa.schema([*text, pa.field(PHOTO_COLUMN, picture)])
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
            columns = [pa.array(block[name], pa.string()) for name in articles.columns]
            writer.write_table(pa.table([*columns, pa.array(photos, picture)], schema))
            bar.update(len(block))


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
    manifest = contents.manifest(_records(partial))
    (partial / MANIFEST).write_text(manifest.text(), encoding="utf-8")
    if folder.exists():
        os.replace(folder, previous)
    os.replace(partial, folder)
    shutil.rmtree(previous, ignore_errors=True)
    return manifest


def _write_arrays(folder: Path, contents: Contents) -> None:
    for part in ("vectors", "entries", "indexes", "queries"):
        (folder / part).mkdir()
    for name, model in contents.models.items():
        np.save(folder / f"vectors/{name}.npy", model.vectors.vectors)
        np.save(folder / f"entries/{name}.npy", model.vectors.entry)
        shutil.copyfile(model.graph, folder / f"indexes/{name}.usearch")
    np.save(folder / "queries/two_tower.npy", contents.basket_rows)
    if contents.image_encoder:
        shutil.copytree(contents.image_encoder, folder / IMAGE_ENCODER)


def row_order(articles: pd.DataFrame) -> str:
    """Return the SHA-256 of the article ids in their order."""
    return hashlib.sha256("\n".join(articles["article_id"]).encode()).hexdigest()


def _records(folder: Path) -> dict[str, FileRecord]:
    """Describe every file below ``folder``, hashing in parallel: SHA-256 releases Python's lock."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    with ThreadPoolExecutor() as pool:
        records = pool.map(_record, paths)
        return {
            path.relative_to(folder).as_posix(): record
            for path, record in zip(paths, records, strict=True)
        }


def _record(path: Path) -> FileRecord:
    with path.open("rb") as file:
        return FileRecord(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def _verify_files(folder: Path, manifest: Manifest) -> None:
    found = _records(folder)
    del found[MANIFEST]
    for path in sorted(manifest.files.keys() | found.keys()):
        check(path in found, f"{path} is missing")
        check(path in manifest.files, f"{path} is not in the manifest")
        check(found[path].size == manifest.files[path].size, f"{path} has the wrong size")
        check(found[path] == manifest.files[path], f"{path} does not match its checksum")


def _map(path: Path) -> Any:
    """Memory-map an array, as a plain one: numpy's own memmap type is slower to index."""
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))

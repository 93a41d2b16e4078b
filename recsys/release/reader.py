"""A release: the folder that a build writes and the app reads, and all that they share.

::

    manifest.json                what is in it: models, audit, sizes and SHA-256 of every file
    articles.parquet             the catalogue's table; `season` is when an article sells best,
                                 empty where that is not known; `price` the median of its
                                 purchases, null where it was never sold; `image` its photo
    vectors/<model>.npy          float32 [entries, dim], distinct unit vectors
    entries/<model>.npy          int32 [articles], each article's row in them, -1 for none
    indexes/<model>.usearch      nearest neighbours among the entries
    queries/two_tower.npy        float32 [articles, dim], what each article adds to a basket
    sales/*.npy                  which articles share buyers, and how many each has (`Sales`)
    bridges/<model>.npy          float32 [dim + 1, dim], from photos to the model's vectors
    maps/articles.npy            int32 [n], the articles that maps show
    maps/<model>.npy             float32 [n, 2], where they stand, in [0, 1]
    overview.parquet             purchases by week (its Monday) and `index_group_name`
    phrases.parquet              example words, and their vector in each model that reads words
    shoppers.parquet             what a sample of shoppers bought, under aliases
    encoders/image/              the OpenCLIP model that reads uploads, where it has no other home
    encoders/text/*.npy          what words go through after the text encoder (`Whitening`)
    encoders/text/model/         that encoder, where it has no other home

Opening verifies everything that the manifest says; vectors and indexes are memory-mapped.
"""

import dataclasses
import json
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from recsys.errors import ReleaseError
from recsys.models import features, two_tower
from recsys.models.cross_modal import AttributeEstimator, Bridge, Bridges
from recsys.models.encoder_version import files_key
from recsys.models.features import read_vocabulary
from recsys.models.image import CONFIG_FILE
from recsys.models.purchase_counts import Sales
from recsys.models.registry import FEATURES, IMAGE, SINGLE, TEXT, TWO_TOWER
from recsys.models.whitening import Whitening
from recsys.release.manifest import (
    MANIFEST,
    Manifest,
    ModelRecord,
    check,
    file_records,
    read_manifest,
)
from recsys.release.maps import read_maps
from recsys.release.tables import (
    ARTICLES,
    OVERVIEW,
    PHOTO_COLUMN,
    PHRASES,
    PRICE_COLUMN,
    ROW_GROUP,
    SHOPPERS,
    check_articles_table,
    read_overview,
    read_phrases,
    read_shoppers,
    row_order,
)
from recsys.retrieval.index import EXACT_BELOW, ArticleIndex, open_graph
from recsys.retrieval.retriever import KINDS, Retrieval
from recsys.vectors import NO_VECTOR, ArticleVectors, Float32, spread_evenly

IMAGE_ENCODER, TEXT_ENCODER, OWN_MODEL = "encoders/image", "encoders/text", "model"
MAPS = "maps"
HUB_README = "README.md"

PROBE_VECTORS = 64
GRAPH_ROUNDING = 2e-3
"""A graph keeps float16: unit vectors differ by less than this from what it was given."""


class Release:
    """An opened release, memory-mapped. Make one with `open_release`.

    Attributes:
        folder: where it is.
        manifest: what it holds.
        articles: the catalogue's table without prices and photos, in row order; every column a
            string.
        prices: float32 [articles], the median price of an article's purchases in the catalogue's
            own unit, NaN where it was never sold.
        indexes: the searchable articles of each single model.
        retrieval: what finds answers in them.
        whitening: what words go through after the text encoder.
        shoppers: who can be asked for, by alias.
        maps: where articles stand in each model's eyes.
        overview: purchases by week and group, as `recsys.catalog.statistics.weekly` returned it.
        phrases: vectors of example words, by words and model.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder, self.manifest = folder, manifest
        self._parquet = pq.ParquetFile(folder / ARTICLES, memory_map=True)
        check_articles_table(self._parquet)
        own = (PRICE_COLUMN, PHOTO_COLUMN)
        columns = [name for name in self._parquet.schema_arrow.names if name not in own]
        self.articles: pd.DataFrame = self._parquet.read(columns).to_pandas()
        self.prices: Float32 = self._parquet.read([PRICE_COLUMN]).column(PRICE_COLUMN).to_numpy()
        self.indexes = {name: self._index(name, model) for name, model in manifest.models.items()}
        self.retrieval = self._retrieval()
        self.whitening = self._whitening()
        self.shoppers = read_shoppers(folder / SHOPPERS, self.articles["article_id"])
        self.maps = read_maps(folder / MAPS, manifest.models)
        check(self.maps.fits(manifest.articles), f"{MAPS} do not fit the catalogue")
        self.overview = read_overview(folder / OVERVIEW)
        self.phrases = read_phrases(
            folder / PHRASES, {name: model.dim for name, model in manifest.models.items()}
        )

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
        return f"local-dir:{own}" if own.is_dir() else self.manifest.models[IMAGE.name].encoder.id

    @property
    def text_model(self) -> str:
        """The id with which sentence-transformers loads the model that made the text vectors."""
        own = self.folder / TEXT_ENCODER / OWN_MODEL
        return str(own) if own.is_dir() else self.manifest.models[TEXT.name].encoder.id

    def _whitening(self) -> Whitening:
        folder, dim = self.folder / TEXT_ENCODER, self.manifest.models[TEXT.name].dim
        whitening = Whitening(_map(folder / "mean.npy"), _map(folder / "matrix.npy"))
        fits = whitening.matrix.shape == (len(whitening.mean), dim)
        check(fits, f"{TEXT_ENCODER} does not lead to vectors of {dim}")
        return whitening

    def _bridges(self) -> Bridges:
        models = self.manifest.models
        folder = self.folder / "bridges"
        links = {name: Bridge(_map(folder / f"{name}.npy")) for name in self.manifest.bridges}
        for name, link in links.items():
            shape = (models[IMAGE.name].dim + 1, models[name].dim)
            check(link.matrix.shape == shape, f"bridges/{name}.npy has the wrong shape")
        vocabulary = read_vocabulary(self.articles)
        dim = models[FEATURES.name].dim
        check(len(vocabulary.weights) == dim, f"the articles have no {dim} attributes")
        return Bridges(
            links, self.manifest.bridges, AttributeEstimator(vocabulary, self.manifest.temperature)
        )

    def _retrieval(self) -> Retrieval:
        typical = {name: model.typical for name, model in self.manifest.models.items()}
        rows = _map(self.folder / "queries/two_tower.npy")
        shape = (self.manifest.articles, self.manifest.models[TWO_TOWER.name].dim)
        check(rows.shape == shape, "queries/two_tower.npy has the wrong shape")
        sales = Sales(
            **{
                field.name: _map(self.folder / f"sales/{field.name}.npy")
                for field in dataclasses.fields(Sales)
            }
        )
        check(sales.fits(self.manifest.articles), "sales do not fit the catalogue")
        check(set(KINDS) <= set(self.manifest.weights), "it lacks weights for a kind of query")
        return Retrieval(self.indexes, typical, rows, sales, self.manifest.weights, self._bridges())

    def _index(self, name: str, record: ModelRecord) -> ArticleIndex:
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
        check(_agree(graph, vectors), f"indexes/{name}.usearch is not of vectors/{name}.npy")
        return ArticleIndex(
            ArticleVectors(vectors, entry), graph if len(vectors) > EXACT_BELOW else None
        )


def open_release(folder: Path) -> Release:
    """Verify and open the release in ``folder``.

    Raises:
        ReleaseError: it is not there, of another schema, incomplete or damaged; one line says
            what is wrong.
    """
    manifest = read_manifest(folder)
    _verify_files(folder, manifest)
    _check_encoders(folder, manifest)
    try:
        release = Release(folder, manifest)
    except (pa.ArrowException, ValueError, KeyError, OSError, RuntimeError) as error:
        raise ReleaseError(f"Refused: {folder} cannot be opened: {error!r}.") from error
    check(
        row_order(release.articles) == manifest.row_order,
        f"{ARTICLES} does not list the articles in the order of the vectors",
    )
    check(len(release.shoppers) == manifest.shoppers, f"{SHOPPERS} lacks shoppers")
    return release


def _verify_files(folder: Path, manifest: Manifest) -> None:
    found = file_records(folder)
    del found[MANIFEST]
    found.pop(HUB_README, None)
    for path in sorted(manifest.files.keys() | found.keys()):
        check(path in found, f"{path} is missing")
        check(path in manifest.files, f"{path} is not in the manifest")
        check(found[path].size == manifest.files[path].size, f"{path} has the wrong size")
        check(found[path] == manifest.files[path], f"{path} does not match its checksum")


def _check_encoders(folder: Path, manifest: Manifest) -> None:
    """Refuse vectors made in a way that this app cannot put a question to."""
    models, expected = set(manifest.models), {model.name for model in SINGLE}
    check(models == expected, f"its models are {sorted(models)}, not {sorted(expected)}")
    for name, encoder in ((FEATURES.name, features.ENCODER), (TWO_TOWER.name, two_tower.ENCODER)):
        made_by = manifest.models[name].encoder.id
        check(made_by == encoder, f"{name} was made by {made_by!r}, not {encoder!r}")
    _check_image_encoder(folder, manifest)


def _check_image_encoder(folder: Path, manifest: Manifest) -> None:
    """Refuse an image encoder that is not the one the image vectors are from."""
    image = manifest.models[IMAGE.name]
    if not (folder / IMAGE_ENCODER).is_dir():
        # ``hf-hub:NAME``, or an OpenCLIP name and the tag of its weights.
        known = "/" in image.encoder.id
        check(known, f"it lacks its image encoder {image.encoder.id!r}")
        return
    digests = {
        path.removeprefix(f"{IMAGE_ENCODER}/"): record.sha256
        for path, record in manifest.files.items()
        if path.startswith(f"{IMAGE_ENCODER}/")
    }
    made = files_key(digests) == image.encoder.version
    check(made, f"{IMAGE_ENCODER} is not what made vectors/image.npy")
    dim = json.loads((folder / IMAGE_ENCODER / CONFIG_FILE).read_text())["model_cfg"]["embed_dim"]
    fits = dim == image.dim or not image.entries
    check(fits, f"{IMAGE_ENCODER} gives vectors of {dim}, not {image.dim}")


def _agree(graph: Any, vectors: Float32) -> bool:
    """Whether a graph holds the vectors: a few, spread evenly, are compared."""
    rows = spread_evenly(PROBE_VECTORS, len(vectors)).astype(np.uint64)
    held = np.asarray(graph.get(rows), np.float32)
    return bool(np.allclose(held, vectors[rows], atol=GRAPH_ROUNDING))


def _map(path: Path) -> Any:
    """Memory-map an array, as a plain one: numpy's own memmap type is slower to index."""
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))

"""Open a release: everything that its manifest says is verified; vectors are memory-mapped."""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from recsys.errors import ReleaseError
from recsys.models.cross_modal import AttributeEstimator, Bridge, Bridges
from recsys.models.features import read_vocabulary
from recsys.models.purchase_counts import PurchaseCounts
from recsys.models.registry import FEATURES
from recsys.models.whitening import Whitening
from recsys.release.encoder_check import check_encoders
from recsys.release.files import (
    ARTICLES,
    BRIDGES,
    ENTRIES,
    GRAPHS,
    HUB_README,
    OVERVIEW,
    PHRASES,
    QUERIES,
    SALES,
    SHOPPERS,
    VECTORS,
    WHITENING,
    ArrayReader,
)
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
    PHOTO_COLUMN,
    PRICE_COLUMN,
    ROW_GROUP,
    read_articles,
    read_overview,
    read_phrases,
    read_shoppers,
    row_order,
)
from recsys.retrieval.index import EXACT_BELOW, ArticleIndex, open_graph
from recsys.retrieval.retriever import QUERY_KINDS, Retrieval
from recsys.vectors import NO_VECTOR, ArticleVectors, Float32, spread_evenly

PROBE_VECTORS = 64
"""Vectors that are compared with those in their graph: a graph of another model differs in all."""

GRAPH_ROUNDING = 2e-3
"""A graph keeps float16: its unit vectors differ by less than this from the float32 ones."""


class Release:
    """An opened release, memory-mapped. Make one with `open_release`.

    Attributes:
        folder: of the release.
        manifest: its contents.
        articles: the catalogue's table without prices and photos, in row order; every column is
            text.
        prices: float32 [articles], the median price of an article's purchases in the catalogue's
            own unit, NaN for an article without purchases.
        indexes: the index of each single model.
        retrieval: searches them.
        whitening: applied to the text encoder's vectors.
        shoppers: by alias.
        maps: the articles' places on the map of each model.
        overview: purchases by week and department, as `recsys.catalog.statistics.weekly` counts.
        phrases: vectors of example words, by phrase and model.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder, self.manifest = folder, manifest
        self._parquet = pq.ParquetFile(folder / ARTICLES, memory_map=True)
        self._arrays = ArrayReader(folder, manifest.articles, manifest.models)
        self.articles: pd.DataFrame = read_articles(self._parquet)
        check(
            row_order(self.articles) == manifest.row_order,
            f"{ARTICLES} does not have the articles of the vectors in their order",
        )
        self.prices: Float32 = self._parquet.read([PRICE_COLUMN]).column(PRICE_COLUMN).to_numpy()
        self.indexes = {name: self._index(name, model) for name, model in manifest.models.items()}
        self.retrieval = self._retrieval()
        self.whitening = Whitening(
            **{attribute: self._arrays.open(file) for attribute, file in WHITENING.items()}
        )
        self.shoppers = read_shoppers(folder / SHOPPERS, self.articles["article_id"])
        self.maps = read_maps(self._arrays)
        check(self.maps.fits(manifest.articles), "maps do not fit the catalogue")
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
        """Return the JPEG of an article's photo, ``None`` for an article without one."""
        # A file of its own for each call: one reader must not be shared between threads.
        with pq.ParquetFile(self.folder / ARTICLES, memory_map=True) as file:
            group = file.read_row_group(row // ROW_GROUP, [PHOTO_COLUMN])
        photo = group.column(PHOTO_COLUMN)[row % ROW_GROUP].as_py()
        return photo and bytes(photo["bytes"])

    def _retrieval(self) -> Retrieval:
        typical = {name: model.typical for name, model in self.manifest.models.items()}
        queries = self._arrays.open(QUERIES)
        sales = PurchaseCounts(
            **{attribute: self._arrays.open(file) for attribute, file in SALES.items()}
        )
        check(sales.fits(self.manifest.articles), "sales do not fit the catalogue")
        weights = self.manifest.weights
        check(set(QUERY_KINDS) <= set(weights), "it lacks weights for a kind of query")
        return Retrieval(self.indexes, typical, queries, sales, weights, self._bridges())

    def _bridges(self) -> Bridges:
        crossings, dim = self.manifest.bridges, self.manifest.models[FEATURES.name].dim
        links = {name: Bridge(self._arrays.open(BRIDGES[name])) for name in crossings}
        vocabulary = read_vocabulary(self.articles)
        check(len(vocabulary.weights) == dim, f"the articles do not have {dim} attribute values")
        return Bridges(links, crossings, AttributeEstimator(vocabulary, self.manifest.temperature))

    def _index(self, name: str, record: ModelRecord) -> ArticleIndex:
        vectors = self._arrays.open(VECTORS[name])
        entry = self._arrays.open(ENTRIES[name])
        graph = open_graph(self.folder / GRAPHS[name], record.audit.expansion_search)
        check(
            entry.min(initial=0) >= NO_VECTOR and entry.max(initial=0) < max(record.entries, 1),
            f"{ENTRIES[name].path} has rows that {VECTORS[name].path} does not have",
        )
        check(
            (graph.size, graph.ndim) == (record.entries, record.dim),
            f"{GRAPHS[name]} does not hold {record.entries} vectors of {record.dim}",
        )
        check(_same_vectors(graph, vectors), f"{GRAPHS[name]} does not index {VECTORS[name].path}")
        return ArticleIndex(
            ArticleVectors(vectors, entry), graph if len(vectors) > EXACT_BELOW else None
        )


def open_release(folder: Path) -> Release:
    """Verify and open the release in ``folder``.

    Raises:
        ReleaseError: it is missing, of another schema, incomplete, damaged or malformed; one line
            says what is wrong.
    """
    manifest = read_manifest(folder)
    _verify_files(folder, manifest)
    check_encoders(folder, manifest)
    try:
        release = Release(folder, manifest)
    except (pa.ArrowException, ValueError, KeyError, OSError, RuntimeError) as error:
        raise ReleaseError(f"Refused: {folder} cannot be opened: {error!r}.") from error
    check(
        len(release.shoppers) == manifest.shoppers,
        f"{SHOPPERS} does not have {manifest.shoppers} shoppers",
    )
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


def _same_vectors(graph: Any, vectors: Float32) -> bool:
    """Whether a graph holds the vectors: `PROBE_VECTORS`, spread evenly, are compared."""
    rows = spread_evenly(PROBE_VECTORS, len(vectors)).astype(np.uint64)
    held = np.asarray(graph.get(rows), np.float32)
    return bool(np.allclose(held, vectors[rows], atol=GRAPH_ROUNDING))

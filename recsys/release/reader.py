"""Open a release: everything in it is verified before anything is answered from it.

Arrays and graphs are read into memory and photos through a file that stays open, so that nothing
that happens to the folder later can end the process or change an answer.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsys.catalog.schema import DEPARTMENT
from recsys.errors import ReleaseError
from recsys.models.cross_modal import AttributeEstimator, Bridge, Bridges
from recsys.models.features import read_vocabulary
from recsys.models.purchase_counts import PurchaseCounts
from recsys.models.registry import FEATURES, IMAGE
from recsys.models.whitening import Whitening
from recsys.release.article_photos import ArticlePhotos
from recsys.release.encoder_check import check_encoders
from recsys.release.files import (
    ARRAYS,
    ARTICLES,
    BRIDGES,
    ENTRIES,
    GRAPHS,
    HUB_README,
    IMAGE_ENCODER,
    OVERVIEW,
    PHRASES,
    QUERIES,
    SALES,
    SHOPPERS,
    TEXT_MODEL,
    VECTORS,
    WHITENING,
    ArrayReader,
)
from recsys.release.held_file import HeldFile
from recsys.release.manifest import (
    MANIFEST,
    Manifest,
    ModelRecord,
    check,
    file_records,
    files_below,
    read_manifest,
)
from recsys.release.maps import read_maps
from recsys.release.tables import (
    open_articles,
    read_articles,
    read_overview,
    read_phrases,
    read_prices,
    read_shoppers,
    row_order,
)
from recsys.retrieval.index import EXACT_BELOW, ArticleIndex, open_graph, read_graph
from recsys.retrieval.retriever import Retrieval
from recsys.vectors import NO_VECTOR, ArticleVectors, Float32

SNAPSHOTS, BLOBS = "snapshots", "blobs"
"""Folders in the cache of the Hub's client: a snapshot has links to the content in the other."""


class Release:
    """An opened release. Make one with `open_release`.

    Attributes:
        folder: of the release.
        manifest: its contents.
        articles: the columns of the catalogue's table that the app uses, and the season, in row
            order; all text.
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
        # Arrays first: their sizes show that there are as many articles as the manifest says.
        self._arrays = ArrayReader(folder, manifest.articles, manifest.models)
        self.indexes = {name: self._index(name, model) for name, model in manifest.models.items()}
        self._read_tables(folder, manifest)
        self.retrieval = self._retrieval()
        self.whitening = Whitening(
            **{attribute: self._arrays.open(file) for attribute, file in WHITENING.items()}
        )
        self.maps = read_maps(self._arrays)

    def _read_tables(self, folder: Path, manifest: Manifest) -> None:
        file = HeldFile(folder / ARTICLES)
        table = open_articles(file, manifest.articles)
        self.articles: pd.DataFrame = read_articles(table)
        check(
            row_order(self.articles) == manifest.row_order,
            f"{ARTICLES} does not have the articles of the vectors in their order",
        )
        self.prices: Float32 = read_prices(table)
        self._photos = ArticlePhotos(file, table)
        self.shoppers = read_shoppers(
            folder / SHOPPERS, manifest.shoppers, self.articles["article_id"]
        )
        self.overview = read_overview(folder / OVERVIEW, set(self.articles[DEPARTMENT]))
        self.phrases = read_phrases(
            folder / PHRASES, {name: model.dim for name, model in manifest.models.items()}
        )

    @property
    def with_photo(self) -> npt.NDArray[np.bool_]:
        """Whether each article has a photo, bool [articles]."""
        return self._photos.with_photo

    def photo(self, row: int) -> bytes | None:
        """Return the JPEG of an article's photo, ``None`` for an article without one.

        It is the photo of the release that was opened, also if another one replaced its folder;
        ``None`` if the file was written into.
        """
        return self._photos.photo(row)

    def _retrieval(self) -> Retrieval:
        typical = {name: model.typical for name, model in self.manifest.models.items()}
        queries = self._arrays.open(QUERIES)
        sales = PurchaseCounts(
            **{attribute: self._arrays.open(file) for attribute, file in SALES.items()}
        )
        check(sales.fits(self.manifest.articles), "sales do not fit the catalogue")
        weights = self.manifest.weights
        return Retrieval(self.indexes, typical, queries, sales, weights, self._bridges())

    def _bridges(self) -> Bridges:
        crossings, dim = self.manifest.bridges, self.manifest.models[FEATURES.name].dim
        links = {name: Bridge(self._arrays.open(BRIDGES[name])) for name in crossings}
        photographed = self.indexes[IMAGE.name].entry != NO_VECTOR
        for name in crossings:
            # A vector is estimated from those of articles with a photo.
            known = self.indexes[name].entry[photographed] != NO_VECTOR
            whole = bool(photographed.any() and known.all())
            check(whole, f"{name} has no vectors to estimate a photo's from")
        vocabulary = read_vocabulary(self.articles)
        check(len(vocabulary.weights) == dim, f"the articles do not have {dim} attribute values")
        return Bridges(links, crossings, AttributeEstimator(vocabulary, self.manifest.temperature))

    def _index(self, name: str, record: ModelRecord) -> ArticleIndex:
        vectors = self._arrays.open(VECTORS[name])
        entry = self._arrays.open(ENTRIES[name])
        known = int((entry != NO_VECTOR).sum())
        check(
            known == record.articles,
            f"{ENTRIES[name].path} has {known} articles with a vector, not {record.articles}",
        )
        try:
            content = read_graph(self.folder / GRAPHS[name], vectors)
        except ValueError as error:
            problem = f"{GRAPHS[name]} does not index {VECTORS[name].path}: it {error}"
            raise ReleaseError(f"Refused: {problem}.") from error
        searched = len(vectors) > EXACT_BELOW
        graph = open_graph(content, record.audit.expansion_search) if searched else None
        return ArticleIndex(ArticleVectors(vectors, entry), graph)


def open_release(folder: Path) -> Release:
    """Verify and open the release in ``folder``.

    Raises:
        ReleaseError: it is missing, of another schema, incomplete, damaged or malformed; one line
            says what is wrong.
    """
    try:
        manifest = read_manifest(folder)
        verify_files(folder, manifest)
        check_encoders(folder, manifest)
        return Release(folder, manifest)
    except ReleaseError:
        raise
    except Exception as error:
        # The checks above name what is wrong. Whatever they overlook in a file that anybody may
        # have written must not end an app that has another release to serve.
        check(False, f"{folder} cannot be opened: {error!r}")
        raise


def verify_files(folder: Path, manifest: Manifest) -> None:
    """Compare the files of a release with its manifest: names and sizes first, then checksums.

    Raises:
        ReleaseError: they differ, or are others than a release has.
    """
    found = files_below(folder)
    del found[MANIFEST]
    found.pop(HUB_README, None)
    for path in sorted(manifest.files.keys() | found.keys()):
        check(path in found, f"{path} is missing")
        check(path in manifest.files, f"{path} is not in the manifest")
        check(_inside(folder, found[path]), f"{path} is a link that leads out of the release")
        size = found[path].stat().st_size
        check(size == manifest.files[path].size, f"{path} has the wrong size")
    _check_names(manifest)
    records = file_records(folder)
    for path, record in manifest.files.items():
        check(records[path] == record, f"{path} does not match its checksum")


def _inside(folder: Path, path: Path) -> bool:
    """Whether a file is in the release; in the Hub client's cache its content is beside it."""
    homes = [folder.resolve()]
    if folder.parent.name == SNAPSHOTS:
        homes.append(folder.parent.with_name(BLOBS).resolve())
    return any(path.resolve().is_relative_to(home) for home in homes)


def _check_names(manifest: Manifest) -> None:
    """Refuse a release that has other files than its format has, or too few."""
    own = {file.path for file in ARRAYS} | {*GRAPHS.values(), ARTICLES, SHOPPERS, OVERVIEW, PHRASES}
    own -= {file.path for name, file in BRIDGES.items() if name not in manifest.bridges}
    for path in sorted(own - manifest.files.keys()):
        check(False, f"{path} is missing")
    for path in sorted(manifest.files.keys() - own):
        known = path.startswith((f"{IMAGE_ENCODER}/", f"{TEXT_MODEL}/"))
        check(known, f"{path} is no file of a release")

"""The build: from a catalogue folder to a release, stage by stage.

Every stage is keyed by the content it works on and kept in a workspace beside the release, so a
second build does only what changed and a killed one goes on where it was.
"""

import dataclasses
import hashlib
import json
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from tqdm import tqdm

from recsys.catalog import Catalog, read_catalog
from recsys.errors import CatalogError, PhotoError
from recsys.index import AUDIT_SETTINGS, EXPANSIONS, Audit, Index, audit, build_graph, open_graph
from recsys.index import SETTINGS as INDEX_SETTINGS
from recsys.manifest import EncoderRecord, Manifest
from recsys.models import FEATURES, IMAGE, TEXT, TWO_TOWER, features, two_tower
from recsys.models.baskets import Settings, TwoTower
from recsys.models.image import COMPACT, COMPACT_CONFIG, ImageEncoder, assemble_compact
from recsys.models.text import PACKAGED, TextEncoder, article_texts
from recsys.photos import THUMBNAIL_SIZE, decode_photo, read_photo, thumbnail
from recsys.release import ARTICLES
from recsys.vectors import ArticleVectors, Float32, distinct, fingerprint, unit
from recsys.workspace import Workspace, key_of, model_key
from recsys.writer import (
    TABLE_FORMAT,
    BuiltModel,
    Contents,
    check_target,
    write_articles,
    write_release,
)

PHOTO_BATCH = 64


@dataclass(frozen=True)
class Options:
    """What to build.

    Attributes:
        text_model: a sentence-transformers model: its Hugging Face id, a path, or the packaged one.
        image_model: an OpenCLIP model: ``hf-hub:...``, ``local-dir:...`` or ``compact``.
        limit: only the first articles by id, ``None`` for all.
        training: how the two-tower model is trained.
    """

    text_model: str = PACKAGED
    image_model: str = COMPACT
    limit: int | None = None
    training: Settings = two_tower.DEFAULTS


@dataclass
class Stage:
    """What a stage did: rows worked on (not those kept from before), seconds, peak bytes so far."""

    name: str
    rows: int = 0
    seconds: float = 0.0
    peak_bytes: int = 0


class Build:
    """One build. Make it, `run` it, read its `stages`.

    Args:
        data: a catalogue folder in Kaggle's layout.
        out: where the release is to be; the workspace is ``<out>.cache`` beside it.
        options: what to build.
    """

    def __init__(self, data: Path, out: Path, options: Options) -> None:
        self.data, self.out, self.options = data, out, options
        self.workspace = Workspace(workspace_folder(out))
        self.stages: list[Stage] = []

    def run(self) -> Manifest:
        """Build the release and return its manifest.

        Raises:
            CatalogError: the catalogue cannot be read.
            EncoderError: a model cannot be loaded.
            AuditError: an index is not good enough to be released.
            ReleaseError: there is something else where the release is to be.
        """
        check_target(self.out)
        catalog, digests = self._catalogue()
        encoder = self._image_encoder()
        text_encoder = TextEncoder(self.options.text_model)
        text = self._text(catalog, text_encoder)
        image = self._image(catalog, digests, encoder)
        feature = self._features(catalog)
        towers, held_out = self._two_tower(catalog, text, feature)
        everyone = np.arange(len(towers.articles), dtype=np.int32)
        tower = distinct(towers.articles, everyone, len(everyone))
        reader = EncoderRecord(_label(self.options.text_model), text_encoder.revision)
        viewer = EncoderRecord(_label(self.options.image_model), encoder.revision)
        models = {
            TEXT.name: self._model(TEXT.name, reader, text),
            IMAGE.name: self._model(IMAGE.name, viewer, image),
            FEATURES.name: self._model(FEATURES.name, EncoderRecord(features.ENCODER), feature),
            TWO_TOWER.name: self._model(
                TWO_TOWER.name, EncoderRecord(two_tower.ENCODER), tower, towers.queries
            ),
        }
        contents = Contents(
            catalog.articles, catalog.license, models, towers.queries, held_out, encoder.folder
        )
        table = self._articles(catalog, digests)
        with self._stage("release") as stage:
            stage.rows = len(catalog.articles)
            return write_release(self.out, contents, table)

    @contextmanager
    def _stage(self, name: str) -> Iterator[Stage]:
        """Time a stage; what it worked on is for the caller to fill in."""
        stage = Stage(name)
        started = time.monotonic()
        yield stage
        stage.seconds = time.monotonic() - started
        stage.peak_bytes = _peak_bytes()
        self.stages.append(stage)

    def _catalogue(self) -> tuple[Catalog, dict[int, str]]:
        """Read the catalogue, and the SHA-256 of every photo by article row."""
        with self._stage("catalogue") as stage:
            catalog = read_catalog(self.data, self.options.limit)
            digests = {
                row: hashlib.sha256(path.read_bytes()).hexdigest()
                for row, path in tqdm(catalog.photos.items(), desc="photos", unit="photo")
            }
            stage.rows = len(catalog.articles) + len(catalog.purchases) + len(digests)
        return catalog, digests

    def _text(self, catalog: Catalog, encoder: TextEncoder) -> ArticleVectors:
        """Encode each distinct text once."""
        with self._stage(TEXT.name) as stage:
            texts = article_texts(catalog.articles)
            store = self.workspace.vectors(TEXT.name, model_key(encoder.id))
            vectors, stage.rows = store.encode(
                [key_of(text) for text in texts],
                lambda rows: encoder.encode([texts[row] for row in rows]),
            )
            return distinct(vectors, np.arange(len(texts), dtype=np.int32), len(texts))

    def _image_encoder(self) -> ImageEncoder:
        if self.options.image_model != COMPACT:
            return ImageEncoder(self.options.image_model)
        folder = self.workspace.once("encoders", key_of(COMPACT_CONFIG), assemble_compact)
        return ImageEncoder(f"local-dir:{folder}")

    def _image(
        self, catalog: Catalog, digests: dict[int, str], encoder: ImageEncoder
    ) -> ArticleVectors:
        """Encode each distinct photo once."""
        with self._stage(IMAGE.name) as stage:
            rows = np.array(list(catalog.photos), np.int32)
            paths = list(catalog.photos.values())

            def encode(positions: Sequence[int]) -> Float32:
                batches = range(0, len(positions), PHOTO_BATCH)
                batch_of = [positions[start : start + PHOTO_BATCH] for start in batches]
                return np.concatenate(
                    [encoder.encode([_photo(paths[p]) for p in batch]) for batch in batch_of]
                )

            store = self.workspace.vectors(IMAGE.name, model_key(encoder.id))
            vectors, stage.rows = store.encode(list(digests.values()), encode)
            return distinct(vectors, rows, len(catalog.articles))

    def _features(self, catalog: Catalog) -> ArticleVectors:
        with self._stage(FEATURES.name) as stage:
            stage.rows = len(catalog.articles)
            return features.encode_features(catalog.articles)

    def _two_tower(
        self, catalog: Catalog, text: ArticleVectors, feature: ArticleVectors
    ) -> tuple[TwoTower, two_tower.HeldOut]:
        """Train on purchases, with texts and features as content."""
        products, _ = pd.factorize(catalog.articles["product_code"])
        content = np.concatenate([v.vectors[v.entry] for v in (text, feature)], axis=1)
        bought = catalog.purchases
        settings = self.options.training

        def make(folder: Path) -> None:
            towers, held_out = two_tower.train(bought, products.astype(np.int32), content, settings)
            np.save(folder / "articles.npy", towers.articles)
            np.save(folder / "queries.npy", towers.queries)
            (folder / "held_out.json").write_text(json.dumps(dataclasses.asdict(held_out)))
            stage.rows = len(bought)

        with self._stage(TWO_TOWER.name) as stage:
            data = fingerprint(products, content, bought.shopper, bought.article, bought.day)
            key = key_of(data, dataclasses.asdict(settings))
            folder = self.workspace.once(TWO_TOWER.name, key, make)
        towers = TwoTower(np.load(folder / "articles.npy"), np.load(folder / "queries.npy"))
        return towers, two_tower.HeldOut(**json.loads((folder / "held_out.json").read_text()))

    def _model(
        self,
        name: str,
        encoder: EncoderRecord,
        vectors: ArticleVectors,
        queries: Float32 | None = None,
    ) -> BuiltModel:
        """Index a model's vectors and audit the index, with ``queries`` where they differ."""
        key = key_of(vectors.fingerprint(), INDEX_SETTINGS)
        graph = self._graph(name, key, vectors)
        if queries is None:
            asked, own = vectors.vectors, np.arange(len(vectors.vectors), dtype=np.int32)
        else:
            asked, own = unit(queries), vectors.entry

        def make(folder: Path) -> None:
            index = Index(vectors, open_graph(graph, EXPANSIONS[0]))
            found = audit(index, asked, own, name)
            (folder / "audit.json").write_text(json.dumps(dataclasses.asdict(found)))
            stage.rows = len(asked)

        with self._stage(f"{name} audit") as stage:
            folder = self.workspace.once(
                "audits", key_of(key, fingerprint(asked, own), AUDIT_SETTINGS), make
            )
        found = Audit(**json.loads((folder / "audit.json").read_text()))
        found.check(name)
        return BuiltModel(vectors, encoder, graph, found)

    def _graph(self, name: str, key: str, vectors: ArticleVectors) -> Path:
        def make(folder: Path) -> None:
            build_graph(vectors.vectors, name).save(folder / "graph.usearch")
            stage.rows = len(vectors.vectors)

        with self._stage(f"{name} index") as stage:
            return self.workspace.once("indexes", key, make) / "graph.usearch"

    def _articles(self, catalog: Catalog, digests: dict[int, str]) -> Path:
        """Write the articles' table with their photos."""

        def make(folder: Path) -> None:
            photos = catalog.photos
            write_articles(folder / ARTICLES, catalog.articles, lambda row: _thumbnail(photos, row))
            stage.rows = len(catalog.articles)

        with self._stage("articles") as stage:
            key = key_of(catalog.articles.to_csv(), digests, THUMBNAIL_SIZE, TABLE_FORMAT)
            return self.workspace.once("articles", key, make) / ARTICLES


def workspace_folder(out: Path) -> Path:
    """Return the folder that keeps what builds of the release at ``out`` have finished."""
    return out.with_name(out.name + ".cache")


def _label(model: str) -> str:
    """Name a model as the manifest does: without the path it has on this machine."""
    folder = Path(model.removeprefix("local-dir:"))
    return folder.name if folder.is_dir() else model


def _photo(path: Path) -> Image.Image:
    try:
        return decode_photo(read_photo(path))
    except PhotoError as error:
        raise CatalogError(f"{path}: {error}") from error


def _thumbnail(photos: dict[int, Path], row: int) -> bytes | None:
    """Return the JPEG of an article's photo, within the size kept in a release."""
    if row not in photos:
        return None
    try:
        return thumbnail(read_photo(photos[row]))
    except PhotoError as error:
        raise CatalogError(f"{photos[row]}: {error}") from error


def _peak_bytes() -> int:
    """Return the largest memory this process has had; Linux counts in KiB, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024

"""The build: from a catalogue folder to a release, stage by stage.

Every stage is keyed by the content it works on and kept in a workspace beside the release, so a
second build does only what changed and a killed one goes on where it was.
"""

import dataclasses
import json
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsys.catalog.articles import Catalog, read_catalog
from recsys.catalog.photos import THUMBNAIL_SIZE, read_photo, thumbnail
from recsys.catalog.purchases import Purchases
from recsys.catalog.shoppers import draw_shoppers
from recsys.catalog.split import TRAINING
from recsys.catalog.statistics import SEASON, seasons_of, weekly
from recsys.errors import CatalogError, PhotoError
from recsys.evaluation.baselines import factorisations_available
from recsys.evaluation.evaluate import EVALUATION_VERSION, Trial, evaluate
from recsys.evaluation.report import Evaluation, read_evaluation
from recsys.models import features, two_tower
from recsys.models.cross_modal import AttributeEstimator, Bridges, read_bridges, write_bridges
from recsys.models.features import read_vocabulary
from recsys.models.image import COMPACT
from recsys.models.purchase_counts import count_sales
from recsys.models.registry import FEATURES, IMAGE, TEXT, TWO_TOWER
from recsys.models.text import PACKAGED, TextEncoder, article_texts
from recsys.models.two_tower_data import TrainingSettings, TwoTower
from recsys.pipeline.encoding import (
    EncodedPhotos,
    EncodedTexts,
    encode_photos,
    encode_texts,
    photo_digests,
)
from recsys.pipeline.example_phrases import choose_phrases, read_out
from recsys.pipeline.map_layout import draw_maps
from recsys.pipeline.workspace import Workspace, workspace_folder
from recsys.release.manifest import EncoderRecord, Manifest
from recsys.release.tables import ARTICLES, TABLE_FORMAT, write_articles
from recsys.release.writer import BuiltModel, Contents, check_target, write_release
from recsys.retrieval.audit import AUDIT_SETTINGS, EXPANSIONS, Audit, audit
from recsys.retrieval.fitting import learn_bridges, learn_weights, lessons
from recsys.retrieval.fusion import Weights
from recsys.retrieval.index import GRAPH_SETTINGS as INDEX_SETTINGS
from recsys.retrieval.index import ArticleIndex, build_graph, open_graph
from recsys.retrieval.retriever import Retrieval
from recsys.vectors import ArticleVectors, Float32, distinct, fingerprint, key_of, unit


@dataclass(frozen=True)
class Options:
    """What to build.

    Attributes:
        text_model: a sentence-transformers model: its Hugging Face id, a path, or the packaged one.
        image_model: an OpenCLIP model: ``hf-hub:...``, ``local-dir:...`` or ``compact``.
        limit: only the first articles by id, ``None`` for all.
        shoppers: how many of the held-out shoppers to include, under aliases.
        training: how the two-tower model is trained.
    """

    text_model: str = PACKAGED
    image_model: str = COMPACT
    limit: int | None = None
    shoppers: int = 1000
    training: TrainingSettings = two_tower.DEFAULTS


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
        reader = TextEncoder(self.options.text_model)
        text = self._text(catalog, reader)
        photos = self._photos(catalog, digests)
        feature = self._features(catalog)
        towers = self._two_tower(catalog, text.vectors, feature)
        made_by = (
            EncoderRecord(_label(self.options.text_model), reader.version),
            EncoderRecord(_label(self.options.image_model), photos.encoder.version),
            EncoderRecord(features.ENCODER),
        )
        models = {
            TEXT.name: self._model(TEXT.name, made_by[0], text.vectors),
            IMAGE.name: self._model(IMAGE.name, made_by[1], photos.vectors),
            FEATURES.name: self._model(FEATURES.name, made_by[2], feature),
            TWO_TOWER.name: self._tower_model(towers),
        }
        retrieval = self._retrieval(catalog, models, towers)
        evaluation = self._evaluation(
            Trial(retrieval, catalog.articles, catalog.purchases, photos.untuned)
        )
        shoppers = draw_shoppers(catalog.purchases, self.options.shoppers)
        with self._stage("maps") as stage:
            vectors = {name: model.vectors for name, model in models.items()}
            maps, stage.rows = draw_maps(self.workspace, vectors)
        with self._stage("phrases") as stage:
            said, tools = choose_phrases(catalog.articles), (reader, text.whitening)
            phrases, stage.rows = read_out(self.workspace, said, tools, photos.encoder)
        contents = Contents(
            catalog.articles,
            catalog.license,
            models,
            retrieval,
            shoppers,
            evaluation,
            text.whitening,
            photos.encoder.folder,
            reader.folder,
            maps,
            weekly(catalog.purchases, catalog.articles),
            phrases,
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
            digests = photo_digests(catalog)
            stage.rows = len(catalog.articles) + len(catalog.purchases) + len(digests)
        return catalog, digests

    def _text(self, catalog: Catalog, encoder: TextEncoder) -> EncodedTexts:
        with self._stage(TEXT.name) as stage:
            encoded = encode_texts(self.workspace, catalog, encoder)
            stage.rows = encoded.new
        return encoded

    def _photos(self, catalog: Catalog, digests: dict[int, str]) -> EncodedPhotos:
        with self._stage(IMAGE.name) as stage:
            model = self.options.image_model
            encoded = encode_photos(self.workspace, catalog, digests, model)
            stage.rows = encoded.new
        return encoded

    def _features(self, catalog: Catalog) -> ArticleVectors:
        with self._stage(FEATURES.name) as stage:
            stage.rows = len(catalog.articles)
            return features.encode_features(catalog.articles)

    def _two_tower(
        self, catalog: Catalog, text: ArticleVectors, feature: ArticleVectors
    ) -> TwoTower:
        """Train on purchases, with texts and features as content."""
        products, _ = pd.factorize(catalog.articles["product_code"])
        content = np.concatenate([v.vectors[v.entry] for v in (text, feature)], axis=1)
        bought = catalog.purchases
        settings = self.options.training

        def make(folder: Path) -> None:
            towers = two_tower.train(bought, products.astype(np.int32), content, settings)
            np.save(folder / "articles.npy", towers.articles)
            np.save(folder / "queries.npy", towers.queries)
            stage.rows = len(bought)

        with self._stage(TWO_TOWER.name) as stage:
            data = fingerprint(products, content, *_columns(bought))
            key = key_of(data, dataclasses.asdict(settings))
            folder = self.workspace.once(TWO_TOWER.name, key, make)
        return TwoTower(np.load(folder / "articles.npy"), np.load(folder / "queries.npy"))

    def _retrieval(
        self, catalog: Catalog, models: dict[str, BuiltModel], towers: TwoTower
    ) -> Retrieval:
        """Count the sales, fit the bridges, and learn what the combined model weighs by."""
        with self._stage("sales") as stage:
            sales = count_sales(catalog.purchases.of(TRAINING), len(catalog.articles))
            stage.rows = len(catalog.purchases)
        indexes = {name: model.index() for name, model in models.items()}
        typical = {name: model.vectors.mean_score() for name, model in models.items()}
        none = Bridges({}, {}, AttributeEstimator(read_vocabulary(catalog.articles), {}))
        retrieval = Retrieval(indexes, typical, towers.queries, sales, {}, none)
        bridges = self._bridges(retrieval, catalog.articles)
        retrieval = dataclasses.replace(retrieval, bridges=bridges)

        def make(folder: Path) -> None:
            asked = lessons(retrieval, catalog.articles, catalog.purchases)
            weights = learn_weights(retrieval, asked)
            text = json.dumps({kind: dataclasses.asdict(each) for kind, each in weights.items()})
            (folder / "weights.json").write_text(text)
            stage.rows = len(catalog.purchases)

        with self._stage("weights") as stage:
            products = catalog.articles["product_code"].tolist()
            bought = fingerprint(*_columns(catalog.purchases))
            key = key_of(retrieval.key(), products, bought)
            folder = self.workspace.once("weights", key, make)
        learned = json.loads((folder / "weights.json").read_text())
        weights = {kind: Weights(**each) for kind, each in learned.items()}
        return dataclasses.replace(retrieval, weights=weights)

    def _bridges(self, retrieval: Retrieval, articles: pd.DataFrame) -> Bridges:
        def make(folder: Path) -> None:
            write_bridges(folder, learn_bridges(retrieval, articles))
            stage.rows = len(articles)

        with self._stage("bridges") as stage:
            key = key_of(retrieval.key(), articles["product_code"].tolist())
            folder = self.workspace.once("bridges", key, make)
        return read_bridges(folder, retrieval.bridges.reader.vocabulary)

    def _evaluation(self, trial: Trial) -> Evaluation:
        def make(folder: Path) -> None:
            found = evaluate(trial)
            (folder / "evaluation.json").write_text(json.dumps(dataclasses.asdict(found)))
            stage.rows = sum(table.questions for table in found.tables.values())

        with self._stage("evaluation") as stage:
            key = key_of(
                trial.retrieval.key(),
                {kind: dataclasses.asdict(each) for kind, each in trial.retrieval.weights.items()},
                fingerprint(*_columns(trial.purchases)),
                article_texts(trial.articles),
                trial.untuned.fingerprint() if trial.untuned else "",
                factorisations_available(),
                EVALUATION_VERSION,
            )
            folder = self.workspace.once("evaluation", key, make)
        return read_evaluation(json.loads((folder / "evaluation.json").read_text()))

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
            index = ArticleIndex(vectors, open_graph(graph, EXPANSIONS[0]))
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

    def _tower_model(self, towers: TwoTower) -> BuiltModel:
        """ArticleIndex the article tower's vectors; the query tower's ask."""
        everyone = np.arange(len(towers.articles), dtype=np.int32)
        vectors = distinct(towers.articles, everyone, len(everyone))
        encoder = EncoderRecord(two_tower.ENCODER)
        return self._model(TWO_TOWER.name, encoder, vectors, towers.queries)

    def _graph(self, name: str, key: str, vectors: ArticleVectors) -> Path:
        def make(folder: Path) -> None:
            build_graph(vectors.vectors, name).save(folder / "graph.usearch")
            stage.rows = len(vectors.vectors)

        with self._stage(f"{name} index") as stage:
            return self.workspace.once("indexes", key, make) / "graph.usearch"

    def _articles(self, catalog: Catalog, digests: dict[int, str]) -> Path:
        """Write the articles' table with their seasons, prices and photos."""
        count, purchases = len(catalog.articles), catalog.purchases
        prices = purchases.median_prices(count)
        articles = catalog.articles.assign(**{SEASON: seasons_of(purchases, count)})

        def make(folder: Path) -> None:
            photos = catalog.photos
            write_articles(folder / ARTICLES, articles, prices, lambda row: _thumbnail(photos, row))
            stage.rows = count

        with self._stage("articles") as stage:
            kept = (digests, fingerprint(prices), THUMBNAIL_SIZE, TABLE_FORMAT)
            key = key_of(articles.to_csv(), *kept)
            return self.workspace.once("articles", key, make) / ARTICLES


def _label(model: str) -> str:
    """Name a model as the manifest does: without the path it has on this machine."""
    folder = Path(model.removeprefix("local-dir:"))
    return folder.name if folder.is_dir() else model


def _columns(purchases: Purchases) -> tuple[npt.NDArray[np.generic], ...]:
    """Return all of the purchases that any model is made of."""
    return purchases.shopper, purchases.article, purchases.day, purchases.bucket


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

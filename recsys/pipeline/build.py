"""Build a release from a catalogue folder.

Each stage is a function from its inputs to a `Finished` result. The workspace beside the release
keeps the results under keys of their inputs.
"""

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import numpy as np

from recsys.catalog.articles import Catalog, read_catalog
from recsys.catalog.privacy import FEWEST_SHOPPERS
from recsys.catalog.split import TRAINING
from recsys.catalog.statistics import seasons_of, weekly
from recsys.evaluation.baselines import factorisations_available
from recsys.evaluation.evaluate import EVALUATION_VERSION, Trial, evaluate
from recsys.evaluation.report import Evaluation, read_evaluation
from recsys.models import features, two_tower
from recsys.models.cross_modal import AttributeEstimator, Bridges
from recsys.models.features import read_vocabulary
from recsys.models.image import COMPACT
from recsys.models.purchase_counts import PurchaseCounts, count_purchases
from recsys.models.registry import FEATURES, IMAGE, TEXT, TWO_TOWER
from recsys.models.text import PACKAGED, TextEncoder, article_texts
from recsys.models.two_tower_data import TrainingSettings, TwoTower
from recsys.pipeline.article_table import make_article_table
from recsys.pipeline.encoding import (
    EncodedPhotos,
    EncodedTexts,
    check_encoders,
    encode_photos,
    encode_texts,
    photo_digests,
)
from recsys.pipeline.example_phrases import choose_phrases, encode_phrases
from recsys.pipeline.example_shoppers import draw_shoppers
from recsys.pipeline.indexing import AuditQueries, audit_index, index_vectors
from recsys.pipeline.map_layout import draw_maps
from recsys.pipeline.training import fit_bridges, fit_weights, train_two_tower, training_columns
from recsys.pipeline.workspace import Finished, Stage, Stopwatch, Workspace, workspace_folder
from recsys.release.manifest import EncoderRecord, Manifest
from recsys.release.writer import BuiltModel, Contents, check_target, write_release
from recsys.retrieval.retriever import Retrieval
from recsys.vectors import ArticleVectors, distinct, fingerprint, key_of, unit

T = TypeVar("T")
P = ParamSpec("P")


@dataclass(frozen=True)
class Options:
    """What to build.

    Attributes:
        text_model: a sentence-transformers model: its Hugging Face id, a path, or the packaged one.
        image_model: an OpenCLIP model: ``hf-hub:...``, ``local-dir:...`` or ``compact``.
        limit: only the first articles by id, ``None`` for all.
        shoppers: how many example shoppers to include.
        fewest_shoppers: different shoppers that every figure about purchases counts at least.
        training: settings of the two-tower model.
        currency: ISO 4217 code of the catalogue's prices; empty where they have none.
    """

    text_model: str = PACKAGED
    image_model: str = COMPACT
    limit: int | None = None
    shoppers: int = 100
    fewest_shoppers: int = FEWEST_SHOPPERS
    training: TrainingSettings = two_tower.DEFAULTS
    currency: str = ""


@dataclass(frozen=True)
class Encoded:
    """The article vectors of all models, with what other queries need.

    Attributes:
        text_encoder: made the text vectors.
        text: with the whitening.
        photos: with the image encoder.
        features: the articles' attributes.
        towers: the two-tower model.
    """

    text_encoder: TextEncoder
    text: EncodedTexts
    photos: EncodedPhotos
    features: ArticleVectors
    towers: TwoTower


class Build:
    """One build. Make it, `run` it, read its `stages`.

    Args:
        data: a catalogue folder in Kaggle's layout.
        out: the folder of the release; the workspace is ``<out>.cache`` beside it.
        options: what to build.
    """

    def __init__(self, data: Path, out: Path, options: Options) -> None:
        self.data, self.out, self.options = data, out, options
        self.workspace = Workspace(workspace_folder(out))
        self._watch = Stopwatch()

    @property
    def stages(self) -> list[Stage]:
        """The cost of the stages so far."""
        return self._watch.stages

    def run(self) -> Manifest:
        """Build the release and return its manifest.

        Raises:
            CatalogError: the catalogue cannot be read.
            EncoderError: a model cannot be loaded, or its files could be code.
            AuditError: an index is not good enough to be released.
            ReleaseError: there is something else in the folder of the release.
        """
        check_target(self.out)
        check_encoders(self.options.text_model, self.options.image_model)
        catalog, digests = self._watch.run("catalogue", _read, self.data, self.options.limit)
        self._check_purchases(catalog)
        encoded = self._encode(catalog, digests)
        models = self._index(encoded)
        retrieval = self._fit(catalog, models, encoded.towers)
        seasons = seasons_of(catalog.purchases, len(catalog.articles), self.options.fewest_shoppers)
        contents = self._contents(catalog, encoded, models, retrieval, seasons)
        fewest = self.options.fewest_shoppers
        table = self._stage("articles", make_article_table, catalog, digests, seasons, fewest)
        return self._watch.run("release", _write, self.out, contents, table)

    def _check_purchases(self, catalog: Catalog) -> None:
        """Refuse purchases that teach nothing now, not after the encoding."""
        articles, options = len(catalog.articles), self.options
        two_tower.training_baskets(
            catalog.purchases, articles, options.training, options.fewest_shoppers
        )

    def _stage(
        self,
        name: str,
        stage: Callable[Concatenate[Workspace, P], Finished[T]],
        *args: P.args,
        **options: P.kwargs,
    ) -> T:
        """Run a stage that keeps its result in the workspace."""
        return self._watch.run(name, stage, self.workspace, *args, **options)

    def _encode(self, catalog: Catalog, digests: dict[int, str]) -> Encoded:
        """Make the article vectors of all models."""
        options, encoder = self.options, TextEncoder(self.options.text_model)
        text = self._stage(TEXT.name, encode_texts, catalog, encoder)
        photos = self._stage(IMAGE.name, encode_photos, catalog, digests, options.image_model)
        attributes = self._watch.run(FEATURES.name, _encode_features, catalog)
        content = (text.vectors, attributes)
        towers = self._stage(
            TWO_TOWER.name,
            train_two_tower,
            catalog,
            content,
            options.training,
            options.fewest_shoppers,
        )
        return Encoded(encoder, text, photos, attributes, towers)

    def _index(self, encoded: Encoded) -> dict[str, BuiltModel]:
        """Index the article vectors of all models, and audit the indexes."""
        text = EncoderRecord(encoded.text_encoder.label, encoded.text_encoder.version)
        image = EncoderRecord(
            COMPACT if self.options.image_model == COMPACT else encoded.photos.encoder.label,
            encoded.photos.encoder.version,
        )
        towers = encoded.towers
        rows = np.arange(len(towers.articles), dtype=np.int32)
        vectors = distinct(towers.articles, rows, len(rows))
        queries = AuditQueries(unit(towers.queries), vectors.entry)
        return {
            TEXT.name: self._model(TEXT.name, text, encoded.text.vectors),
            IMAGE.name: self._model(IMAGE.name, image, encoded.photos.vectors),
            FEATURES.name: self._model(
                FEATURES.name, EncoderRecord(features.FEATURES_ENCODER), encoded.features
            ),
            TWO_TOWER.name: self._model(
                TWO_TOWER.name, EncoderRecord(two_tower.TWO_TOWER_ENCODER), vectors, queries
            ),
        }

    def _model(
        self,
        name: str,
        encoder: EncoderRecord,
        vectors: ArticleVectors,
        queries: AuditQueries | None = None,
    ) -> BuiltModel:
        """Index a model's vectors and audit the index, with the articles' own vectors by default.

        The two-tower model has other queries: its article tower makes the vectors, its query tower
        the queries.
        """
        queries = queries or AuditQueries.of_articles(vectors)
        graph = self._stage(f"{name} index", index_vectors, name, vectors)
        audit = self._stage(f"{name} audit", audit_index, name, vectors, graph, queries)
        return BuiltModel(vectors, encoder, graph, audit)

    def _fit(
        self, catalog: Catalog, models: Mapping[str, BuiltModel], towers: TwoTower
    ) -> Retrieval:
        """Count purchases, fit the cross-modal maps, then the weights of the combined model."""
        fewest = self.options.fewest_shoppers
        sales = self._watch.run("sales", _count_purchases, catalog, fewest)
        indexes = {name: model.index() for name, model in models.items()}
        typical = {name: model.vectors.mean_score() for name, model in models.items()}
        none = Bridges({}, {}, AttributeEstimator(read_vocabulary(catalog.articles), {}))
        retrieval = Retrieval(indexes, typical, towers.queries, sales, {}, none)
        bridges = self._stage("bridges", fit_bridges, retrieval, catalog.articles)
        retrieval = dataclasses.replace(retrieval, bridges=bridges)
        weights = self._stage("weights", fit_weights, retrieval, catalog, fewest)
        return dataclasses.replace(retrieval, weights=weights)

    def _contents(
        self,
        catalog: Catalog,
        encoded: Encoded,
        models: dict[str, BuiltModel],
        retrieval: Retrieval,
        seasons: list[str],
    ) -> Contents:
        """Evaluate the models, draw maps and shoppers, encode phrases; return all for a release."""
        articles, text, photos = catalog.articles, encoded.text, encoded.photos
        fewest = self.options.fewest_shoppers
        trial = Trial(retrieval, articles, catalog.purchases, photos.untuned, fewest)
        vectors = {name: model.vectors for name, model in models.items()}
        words = (encoded.text_encoder, text.whitening)
        phrases = choose_phrases(articles)
        return Contents(
            articles=articles,
            license=catalog.license,
            models=models,
            retrieval=retrieval,
            shoppers=draw_shoppers(retrieval.sales, seasons, self.options.shoppers),
            fewest_shoppers=fewest,
            evaluation=self._stage("evaluation", _evaluate, trial),
            whitening=text.whitening,
            image_encoder=photos.encoder.files if photos.encoder.folder else None,
            text_encoder=encoded.text_encoder.files if encoded.text_encoder.folder else None,
            maps=self._stage("maps", draw_maps, vectors),
            overview=weekly(catalog.purchases, articles, fewest),
            phrases=self._stage("phrases", encode_phrases, phrases, words, photos.encoder),
            currency=self.options.currency,
        )


def _read(data: Path, limit: int | None) -> Finished[tuple[Catalog, dict[int, str]]]:
    """Read the catalogue, and the SHA-256 of every photo by article row."""
    catalog = read_catalog(data, limit)
    digests = photo_digests(catalog)
    rows = len(catalog.articles) + len(catalog.purchases) + len(digests)
    return Finished((catalog, digests), rows)


def _encode_features(catalog: Catalog) -> Finished[ArticleVectors]:
    return Finished(features.encode_features(catalog.articles), len(catalog.articles))


def _count_purchases(catalog: Catalog, fewest: int) -> Finished[PurchaseCounts]:
    """Count the purchases of the training shoppers."""
    sales = count_purchases(catalog.purchases.of(TRAINING), len(catalog.articles), fewest)
    return Finished(sales, len(catalog.purchases))


def _evaluate(workspace: Workspace, trial: Trial) -> Finished[Evaluation]:
    """Evaluate the models; the rows are questions."""

    def make(folder: Path) -> None:
        found = evaluate(trial)
        (folder / "evaluation.json").write_text(json.dumps(dataclasses.asdict(found)))

    key = key_of(
        trial.retrieval.key(),
        {kind: dataclasses.asdict(each) for kind, each in trial.retrieval.weights.items()},
        fingerprint(*training_columns(trial.purchases)),
        article_texts(trial.articles),
        trial.untuned.fingerprint() if trial.untuned else "",
        factorisations_available(),
        trial.fewest_shoppers,
        EVALUATION_VERSION,
    )
    kept = workspace.once("evaluation", key, make)
    evaluation = read_evaluation(json.loads((kept.folder / "evaluation.json").read_text()))
    questions = sum(table.questions for table in evaluation.tables.values())
    return Finished(evaluation, questions if kept.fresh else 0)


def _write(out: Path, contents: Contents, table: Path) -> Finished[Manifest]:
    return Finished(write_release(out, contents, table), len(contents.articles))

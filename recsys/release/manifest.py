"""The manifest of a release: its contents, and the checksums that show that it is complete."""

import dataclasses
import hashlib
import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from recsys.catalog.articles import LICENSE_PATTERN
from recsys.catalog.schema import DESCRIPTIVE_COLUMNS
from recsys.errors import ReleaseError
from recsys.evaluation.metrics import METRICS, Estimate
from recsys.evaluation.report import PROTOCOLS, Evaluation, Scores, Table
from recsys.models.cross_modal import MEAN, RIDGE, Crossing
from recsys.models.registry import IMAGE, SINGLE
from recsys.models.strict_json import load_json
from recsys.release.typed_json import Field, Fields, read_typed
from recsys.retrieval.audit import EXPANSIONS, Audit
from recsys.retrieval.fusion import PARTS, Weights
from recsys.retrieval.retriever import QUERY_KINDS, WORDS

SCHEMA = 7
"""Version of the release format."""

MANIFEST = "manifest.json"

MANIFEST_BYTES = 8 * 1024 * 1024
"""Largest manifest that is read: over a hundred times that of the sample."""

LONGEST_ERROR = 400
"""Characters of a refusal's text that may be a publisher's."""


@dataclass(frozen=True)
class FileRecord:
    """A file of a release: its size in bytes and the SHA-256 of its content."""

    size: int
    sha256: str


@dataclass(frozen=True)
class EncoderRecord:
    """The encoder that made a model's vectors.

    Attributes:
        id: its name.
        version: its weights: a commit for a model from the Hub, else a key of its files; empty
            for a model that this project's code trains or computes.
    """

    id: str
    version: str = ""


@dataclass(frozen=True)
class ModelRecord:
    """The manifest's entry for one model.

    Attributes:
        encoder: made the vectors.
        dim: their length.
        entries: how many distinct ones there are.
        articles: how many articles have one.
        typical: the mean cosine between two random articles.
        audit: the comparison of its index with exact search.
    """

    encoder: EncoderRecord
    dim: int
    entries: int
    articles: int
    typical: float
    audit: Audit


@dataclass(frozen=True)
class Manifest:
    """The contents of a release. It holds no time, so equal contents give equal bytes.

    Attributes:
        schema: the version of the format.
        articles: how many articles there are.
        license: the licence under which the catalogue is redistributable; empty if it is not.
        row_order: SHA-256 of the article ids in the order of all arrays.
        models: the record of each single model, by name.
        weights: the weights of the combined model, by kind of query.
        bridges: how the vectors of each model are estimated from photos, and how well.
        temperature: of the softmax over the attributes of a photo, by column
            (`recsys.models.cross_modal.AttributeEstimator`).
        shoppers: how many example shoppers are included.
        fewest_shoppers: different shoppers that every figure about purchases counts at least.
        evaluation: of the models on test shoppers.
        files: all other files of the folder, by path.
        currency: ISO 4217 code of the prices; empty where they have none, as H&M's scaled ones.
        checksum: SHA-256 of this manifest with an empty checksum.
    """

    schema: int
    articles: int
    license: str
    row_order: str
    models: dict[str, ModelRecord]
    weights: dict[str, Weights]
    bridges: dict[str, Crossing]
    temperature: dict[str, float]
    shoppers: int
    fewest_shoppers: int
    evaluation: Evaluation
    files: dict[str, FileRecord]
    currency: str = ""
    checksum: str = ""

    @property
    def version(self) -> str:
        """The release version: the first 12 digits of the checksum."""
        return self.checksum[:12]

    def sealed(self) -> "Manifest":
        """Return the manifest with its checksum filled in."""
        blank = dataclasses.replace(self, checksum="")
        return dataclasses.replace(self, checksum=hashlib.sha256(blank.text().encode()).hexdigest())

    def text(self) -> str:
        """Return the manifest as JSON, always in the same form.

        An empty currency is left out: releases from before there was one have the same text.
        """
        fields = dataclasses.asdict(self)
        if not self.currency:
            del fields["currency"]
        return json.dumps(fields, indent=2, sort_keys=True) + "\n"


SHA256 = r"[0-9a-f]{64}"
CURRENCY_PATTERN = r"[A-Z]{3}"
"""A currency by ISO 4217: "EUR", "SEK"."""

FILE_PATH = r"[A-Za-z0-9_][A-Za-z0-9._-]*(/(?!\.{1,2}(/|$))[A-Za-z0-9._-]+)*"
"""A path below the folder: relative, without ``.`` and ``..``, the first part not hidden."""

LARGEST = 1e6
"""Of numbers that have no natural bound: far above any, far below what float32 can hold."""


def _one_of(*names: str) -> str:
    return "|".join(map(re.escape, names))


MODELS = frozenset(model.name for model in SINGLE)
FIELDS: Fields = {
    (FileRecord, "size"): Field(high=2**40),
    (FileRecord, "sha256"): Field(form=SHA256),
    (EncoderRecord, "id"): Field(form=r".+"),
    (ModelRecord, "dim"): Field(low=1, high=2**16),
    # A cosine, with the rounding errors of float32.
    (ModelRecord, "typical"): Field(low=-1.001, high=1.001),
    (Audit, "expansion_search"): Field(low=1, high=max(EXPANSIONS)),
    (Crossing, "method"): Field(form=_one_of(RIDGE, MEAN)),
    (Crossing, "alpha"): Field(high=LARGEST),
    (Weights, "unknown"): Field(high=LARGEST, keys=_one_of(*PARTS)),
    (Weights, "known"): Field(high=LARGEST, keys=_one_of(*PARTS)),
    (Scores, "novelty"): Field(high=64),
    (Evaluation, "tables"): Field(keys=_one_of(*PROTOCOLS)),
    (Manifest, "articles"): Field(low=1),
    (Manifest, "fewest_shoppers"): Field(low=1),
    (Manifest, "license"): Field(form=f"({LICENSE_PATTERN})?"),
    (Manifest, "row_order"): Field(form=SHA256),
    (Manifest, "models"): Field(keys=_one_of(*MODELS), required=MODELS),
    (Manifest, "weights"): Field(keys=_one_of(*QUERY_KINDS), required=frozenset(QUERY_KINDS)),
    (Manifest, "bridges"): Field(keys=_one_of(*(MODELS - {IMAGE.name}))),
    (Manifest, "temperature"): Field(low=1e-6, high=100, keys=_one_of(*DESCRIPTIVE_COLUMNS)),
    (Manifest, "files"): Field(keys=FILE_PATH),
    (Manifest, "currency"): Field(form=CURRENCY_PATTERN, optional=True),
    (Manifest, "checksum"): Field(form=SHA256),
}
"""What must hold in a manifest beside the types of its fields."""


def read_manifest(folder: Path) -> Manifest:
    """Return the verified manifest of the release in ``folder``.

    Raises:
        ReleaseError: it is missing, of another schema, malformed or does not match its own
            checksum.
    """
    path = folder / MANIFEST
    check(path.is_file(), f"{folder} has no {MANIFEST}; build a release with build_index.py")
    check(path.stat().st_size <= MANIFEST_BYTES, f"{path} is larger than {MANIFEST_BYTES:,} bytes")
    try:
        text = path.read_bytes().decode()
        data = load_json(text)
        _check_schema(data)
        manifest = _in_order(read_typed(Manifest, data, FIELDS))
        _check_consistent(manifest)
    except (OSError, ValueError) as error:
        raise ReleaseError(_refusal(f"{path} is not a manifest: {error}")) from error
    check(manifest.sealed().text() == text, f"{path} does not match its own checksum")
    return manifest


def files_below(folder: Path) -> dict[str, Path]:
    """Return every file below ``folder``, by its path in it.

    Names that start with a dot are left out: the Hub and its tools add files of their own.
    """
    found = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*"))}
    return {
        name: path for name, path in found.items() if not name.startswith(".") and path.is_file()
    }


def file_records(folder: Path) -> dict[str, FileRecord]:
    """Return the size and SHA-256 of every file below ``folder``, by its path in it.

    Names that start with a dot are left out, as in `files_below`.
    """
    paths = files_below(folder)
    # In parallel: SHA-256 releases Python's lock.
    with ThreadPoolExecutor() as pool:
        return dict(zip(paths, pool.map(_record, paths.values()), strict=True))


def check(good: bool, problem: str) -> None:
    """Raise `ReleaseError` with the problem unless ``good``."""
    if not good:
        raise ReleaseError(_refusal(problem))


def _refusal(problem: str) -> str:
    """Return one line, safe to print, that says why a release is refused."""
    line = " ".join(problem.split())[:LONGEST_ERROR]
    return f"Refused: {line}.".encode(errors="backslashreplace").decode()


def _check_schema(data: object) -> None:
    """Check the schema before all else: another one may have other fields."""
    schema = data.get("schema") if isinstance(data, dict) else None
    if type(schema) is not int:
        raise ValueError("it has no schema")
    age, remedy = ("older", "build the release again")
    if schema > SCHEMA:
        age, remedy = ("newer", "update the app")
    check(schema == SCHEMA, f"schema {schema} is {age} than {SCHEMA}; {remedy}")


def _in_order(manifest: Manifest) -> Manifest:
    """Return the manifest with the evaluation's tables in the order of `PROTOCOLS`."""
    tables = manifest.evaluation.tables
    ordered = {name: tables[name] for name in PROTOCOLS if name in tables}
    return dataclasses.replace(manifest, evaluation=Evaluation(ordered))


def _check_consistent(manifest: Manifest) -> None:
    """Raise `ValueError` where fields that are fine each by itself do not fit each other."""
    for kind, weights in manifest.weights.items():
        _check_weights(kind, weights)
    for name, model in manifest.models.items():
        if not model.entries <= model.articles <= manifest.articles:
            raise ValueError(f"models.{name} has more vectors than articles")
    for name, table in manifest.evaluation.tables.items():
        _check_table(name, table)
    if manifest.temperature and manifest.temperature.keys() != set(DESCRIPTIVE_COLUMNS):
        raise ValueError("temperature lacks a column")


def _check_weights(kind: str, weights: Weights) -> None:
    # Words are not compared with what was bought.
    complete = kind == WORDS or weights.known.keys() == set(PARTS)
    if not complete or weights.unknown.keys() != weights.known.keys():
        raise ValueError(f"weights.{kind} lacks a part")
    if not (any(weights.unknown.values()) and any(weights.known.values())):
        raise ValueError(f"weights.{kind} are all zero")


def _check_table(name: str, table: Table) -> None:
    at = f"evaluation.tables.{name}"
    if not table.models:
        raise ValueError(f"{at} has no model")
    for model, scores in table.models.items():
        estimates: list[Estimate] = [getattr(scores, metric) for metric in METRICS]
        if any(each.low > each.high for each in estimates) or scores.answered > table.questions:
            raise ValueError(f"{at}.models.{model} has an empty interval or too many answers")


def _record(path: Path) -> FileRecord:
    with path.open("rb") as file:
        return FileRecord(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())

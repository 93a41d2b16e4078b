"""The manifest of a release: what is in it, and how to tell that it is whole."""

import dataclasses
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recsys.errors import ReleaseError
from recsys.evaluation.report import Evaluation, read_evaluation
from recsys.models.cross_modal import Crossing
from recsys.retrieval.audit import Audit
from recsys.retrieval.fusion import Weights

SCHEMA = 6
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class FileRecord:
    """A file of a release: its size in bytes and the SHA-256 of its content."""

    size: int
    sha256: str


@dataclass(frozen=True)
class EncoderRecord:
    """What made a model's vectors.

    Attributes:
        id: its name.
        version: which weights it has: a commit for a model from the Hub, a key of its files for one
            that is not; empty where this project's code alone made them.
    """

    id: str
    version: str = ""


@dataclass(frozen=True)
class ModelRecord:
    """What a release says of one model.

    Attributes:
        encoder: what made the vectors.
        dim: their length.
        entries: how many distinct ones there are.
        articles: how many articles have one.
        typical: the mean cosine between two random articles.
        audit: how its index compares with exact search.
    """

    encoder: EncoderRecord
    dim: int
    entries: int
    articles: int
    typical: float
    audit: Audit


@dataclass(frozen=True)
class Manifest:
    """The table of contents of a release. It holds no time: equal content, equal bytes.

    Attributes:
        schema: the version of the format.
        articles: how many articles there are.
        license: under which anyone may pass the catalogue on; empty if nobody may.
        row_order: SHA-256 of the article ids in the order of all arrays.
        models: one record a single model, by name.
        weights: what the combined model weighs each part by, by kind of query.
        bridges: how each model's vectors are guessed from photos, and how well.
        temperature: of each column, how sure a photo's attributes are
            (`recsys.models.cross_modal.AttributeEstimator`).
        shoppers: how many shoppers can be asked for.
        evaluation: how good the models are on shoppers that nothing was learned from.
        files: every other file of the folder, by path.
        checksum: SHA-256 of the manifest itself with this field empty.
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
    evaluation: Evaluation
    files: dict[str, FileRecord]
    checksum: str = ""

    @property
    def version(self) -> str:
        """A short name of the release: the start of its checksum."""
        return self.checksum[:12]

    def sealed(self) -> "Manifest":
        """Return the manifest with its checksum filled in."""
        blank = dataclasses.replace(self, checksum="")
        return dataclasses.replace(self, checksum=hashlib.sha256(blank.text().encode()).hexdigest())

    def text(self) -> str:
        """Return the one way to write this manifest."""
        return json.dumps(dataclasses.asdict(self), indent=2, sort_keys=True) + "\n"


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of the release in ``folder``, once its checksum has been verified.

    Raises:
        ReleaseError: as `open_release`.
    """
    path = folder / MANIFEST
    check(path.is_file(), f"{folder} holds no {MANIFEST}; build a release with build_index.py")
    try:
        text = path.read_text(encoding="utf-8")
        data = json.loads(text)
        _check_schema(data["schema"])
        manifest = _manifest(data)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ReleaseError(f"Refused: {path} is not a manifest ({error!r}).") from error
    check(manifest.sealed().text() == text, f"{path} does not match its own checksum")
    return manifest


def file_records(folder: Path) -> dict[str, FileRecord]:
    """Return the size and SHA-256 of every file below ``folder``, by its path in it.

    Names that start with a dot are left out: the Hub and its tools keep notes of their own.
    """
    paths = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.relative_to(folder).parts[0].startswith(".")
    ]
    # In parallel: SHA-256 releases Python's lock.
    with ThreadPoolExecutor() as pool:
        records = pool.map(_record, paths)
        return {
            path.relative_to(folder).as_posix(): record
            for path, record in zip(paths, records, strict=True)
        }


def check(good: bool, complaint: str) -> None:
    """Raise `ReleaseError` with the complaint unless ``good``."""
    if not good:
        raise ReleaseError(f"Refused: {complaint}.")


def _check_schema(schema: int) -> None:
    what = "is newer than" if schema > SCHEMA else "is older than"
    remedy = "update the app" if schema > SCHEMA else "build the release again"
    check(schema == SCHEMA, f"schema {schema} {what} {SCHEMA}; {remedy}")


def _manifest(data: dict[str, Any]) -> Manifest:
    models = {
        name: ModelRecord(
            **{
                **model,
                "encoder": EncoderRecord(**model["encoder"]),
                "audit": Audit(**model["audit"]),
            }
        )
        for name, model in data["models"].items()
    }
    files = {path: FileRecord(**record) for path, record in data["files"].items()}
    weights = {kind: Weights(**record) for kind, record in data["weights"].items()}
    evaluation = read_evaluation(data["evaluation"])
    bridges = {name: Crossing(**record) for name, record in data["bridges"].items()}
    parts = {"models": models, "files": files, "weights": weights, "bridges": bridges}
    return Manifest(**{**data, **parts, "evaluation": evaluation})


def _record(path: Path) -> FileRecord:
    with path.open("rb") as file:
        return FileRecord(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())

"""The manifest of a release: its contents, and the checksums that show that it is complete."""

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

SCHEMA = 7
"""Version of the release format."""

MANIFEST = "manifest.json"


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
        """Return the manifest as JSON, always in the same form."""
        return json.dumps(dataclasses.asdict(self), indent=2, sort_keys=True) + "\n"


def read_manifest(folder: Path) -> Manifest:
    """Return the verified manifest of the release in ``folder``.

    Raises:
        ReleaseError: it is missing, of another schema or does not match its own checksum.
    """
    path = folder / MANIFEST
    check(path.is_file(), f"{folder} has no {MANIFEST}; build a release with build_index.py")
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

    Names that start with a dot are left out: the Hub and its tools add files of their own.
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


def check(good: bool, problem: str) -> None:
    """Raise `ReleaseError` with the problem unless ``good``."""
    if not good:
        raise ReleaseError(f"Refused: {problem}.")


def _check_schema(schema: int) -> None:
    age, remedy = ("older", "build the release again")
    if schema > SCHEMA:
        age, remedy = ("newer", "update the app")
    check(schema == SCHEMA, f"schema {schema} is {age} than {SCHEMA}; {remedy}")


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
    if type(data["fewest_shoppers"]) is not int or data["fewest_shoppers"] < 1:
        raise ValueError("fewest_shoppers is not a number above 0")
    files = {path: FileRecord(**record) for path, record in data["files"].items()}
    weights = {kind: Weights(**record) for kind, record in data["weights"].items()}
    evaluation = read_evaluation(data["evaluation"])
    bridges = {name: Crossing(**record) for name, record in data["bridges"].items()}
    parts = {"models": models, "files": files, "weights": weights, "bridges": bridges}
    return Manifest(**{**data, **parts, "evaluation": evaluation})


def _record(path: Path) -> FileRecord:
    with path.open("rb") as file:
        return FileRecord(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())

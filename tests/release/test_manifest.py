"""Manifests that somebody changed and sealed again."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from building import reseal

from recsys.errors import ReleaseError
from recsys.release.manifest import MANIFEST, MANIFEST_BYTES, SCHEMA, read_manifest

Data = dict[str, Any]
DELETED = object()
DIGEST = "0" * 64


@pytest.fixture(scope="module")
def data(small_built: Path) -> str:
    return (small_built / "release" / MANIFEST).read_text()


def write(folder: Path, data: Data) -> Path:
    """Write a manifest whose checksum fits."""
    blank = json.dumps(data | {"checksum": ""}, indent=2, sort_keys=True) + "\n"
    sealed = data | {"checksum": hashlib.sha256(blank.encode()).hexdigest()}
    (folder / MANIFEST).write_text(json.dumps(sealed, indent=2, sort_keys=True) + "\n")
    return folder


def refusal(folder: Path) -> str:
    with pytest.raises(ReleaseError) as refused:
        read_manifest(folder)
    message = str(refused.value)
    assert message.startswith("Refused: ")
    assert "\n" not in message
    assert len(message) < 500
    message.encode()
    return message


def changed(data: Data, path: str, value: object) -> Data:
    """Return the manifest with another value at a path such as ``models/text/dim``."""
    *parents, last = path.split("/")
    place = data
    for name in parents:
        place = place[name]
    if value is DELETED:
        del place[last]
    else:
        place[last] = value
    return data


def test_a_manifest_that_was_only_sealed_again_is_read(data: str, tmp_path: Path) -> None:
    """So that the refusals below are owed to what was changed."""
    assert read_manifest(write(tmp_path, json.loads(data))).articles == 60


TEXT = "models/text"
SCORES = "evaluation/tables/next purchase/models/combined"
DEEP: Any = []
for _ in range(400):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("more", 1, "unknown field 'more'"),
        ("more\ud800", 1, "unknown field"),
        ("shoppers", DELETED, "lacks 'shoppers'"),
        ("articles", 0, "articles is not between"),
        ("articles", -60, "articles is not between"),
        ("articles", 60.0, "articles is not an integer"),
        ("articles", True, "articles is not an integer"),
        ("articles", "60", "articles is not an integer"),
        ("articles", None, "articles is not an integer"),
        ("articles", 10**30, "articles is not between"),
        ("articles", 10**400, "articles is not between"),
        ("articles", DEEP, "articles is not an integer"),
        ("schema", True, "no schema"),
        ("schema", float(SCHEMA), "no schema"),
        ("license", "two\nlines", "license is"),
        ("license", "<b>mit</b>", "license is"),
        ("license", "\ud800", "license is"),
        ("license", "x" * 60, "license is"),
        ("license", None, "license is"),
        ("row_order", "nowhere", "row_order is"),
        ("shoppers", -1, "shoppers is not between"),
        ("models", [], "models is not an object"),
        ("models", {}, "models lacks 'features'"),
        ("models/word2vec", {}, "a key of models is 'word2vec'"),
        (TEXT, None, "models.text is not an object"),
        (f"{TEXT}/dim", 0, "models.text.dim is not between"),
        (f"{TEXT}/dim", 2**20, "models.text.dim is not between"),
        (f"{TEXT}/dim", 384.0, "models.text.dim is not an integer"),
        (f"{TEXT}/entries", -1, "models.text.entries is not between"),
        (f"{TEXT}/entries", 61, "more vectors than articles"),
        (f"{TEXT}/articles", 61, "more vectors than articles"),
        (f"{TEXT}/typical", 1.5, "models.text.typical is not between"),
        (f"{TEXT}/typical", -1.5, "models.text.typical is not between"),
        (f"{TEXT}/typical", float("nan"), "NaN"),
        (f"{TEXT}/typical", float("inf"), "Infinity"),
        (f"{TEXT}/typical", 10**400, "models.text.typical is not between"),
        (f"{TEXT}/encoder/id", "", "models.text.encoder.id is"),
        (f"{TEXT}/encoder/id", "a\nb", "models.text.encoder.id is"),
        (f"{TEXT}/encoder/id", "a\x1b[31mb", "models.text.encoder.id is"),
        (f"{TEXT}/encoder/version", 3, "models.text.encoder.version is"),
        (f"{TEXT}/encoder/trust", True, "unknown field 'trust'"),
        (f"{TEXT}/audit/mean", 2.0, "audit.mean is not between"),
        (f"{TEXT}/audit/worst", float("nan"), "NaN"),
        (f"{TEXT}/audit/queries", 1.5, "audit.queries is not an integer"),
        (f"{TEXT}/audit/expansion_search", 0, "expansion_search is not between"),
        (f"{TEXT}/audit/expansion_search", 2**31 - 1, "expansion_search is not between"),
        ("weights", {}, "weights lacks 'article'"),
        ("weights/photo", DELETED, "weights lacks 'photo'"),
        ("weights/smell", {"known": {}, "unknown": {}}, "a key of weights is 'smell'"),
        ("weights/article/known/text", -1.0, "weights.article.known.text is not between"),
        ("weights/article/known/text", float("nan"), "NaN"),
        ("weights/article/known/text", 1e300, "weights.article.known.text is not between"),
        ("weights/article/known/text", "1", "weights.article.known.text is not a number"),
        ("weights/article/known/text", DELETED, "weights.article lacks a part"),
        ("weights/photo/unknown/image", DELETED, "weights.photo lacks a part"),
        ("weights/words/unknown/image", DELETED, "weights.words lacks a part"),
        ("weights/words/known/price", 1.0, "a key of weights.words.known is 'price'"),
        ("weights/words", {"known": {}, "unknown": {}}, "weights.words are all zero"),
        ("weights/words", {"known": {"text": 0.0}, "unknown": {"text": 0.0}}, "are all zero"),
        ("bridges/image", {}, "a key of bridges is 'image'"),
        ("bridges/text/method", "magic", "bridges.text.method is 'magic'"),
        ("bridges/text/alpha", -1.0, "bridges.text.alpha is not between"),
        ("bridges/text/ridge", 1.1, "bridges.text.ridge is not between"),
        ("temperature/colour_group_name", 0.0, "temperature.colour_group_name is not between"),
        ("temperature/colour_group_name", -1.0, "temperature.colour_group_name is not between"),
        ("temperature/colour_group_name", float("inf"), "Infinity"),
        ("temperature", {"colour_group_name": 0.5}, "temperature lacks a column"),
        ("temperature", {"price": 0.5}, "a key of temperature is 'price'"),
        ("evaluation/tables/quality", {}, "a key of evaluation.tables is 'quality'"),
        ("evaluation/tables/basket", {"models": {}, "questions": 3}, "basket has no model"),
        ("evaluation/tables/basket", {"models": []}, "lacks 'questions'"),
        ("evaluation/tables/next purchase/questions", -1, "questions is not between"),
        (f"{SCORES}/answered", 10**6, "too many answers"),
        (f"{SCORES}/answered", 2.5, "answered is not an integer"),
        (f"{SCORES}/novelty", float("nan"), "NaN"),
        (f"{SCORES}/novelty", -1.0, "novelty is not between"),
        (f"{SCORES}/novelty", "<b>3</b>", "novelty is not a number"),
        (f"{SCORES}/coverage_12", 1.5, "coverage_12 is not between"),
        (f"{SCORES}/recall_12", 0.5, "recall_12 is not an object"),
        (f"{SCORES}/recall_12/mean", float("inf"), "Infinity"),
        (f"{SCORES}/recall_12/high", -0.5, "recall_12.high is not between"),
        (f"{SCORES}/recall_12/high", 0.0, "empty interval"),
        (f"{SCORES}/recall_12/low", DELETED, "recall_12 lacks 'low'"),
        ("files", [], "files is not an object"),
        ("files/..", {"size": 0, "sha256": DIGEST}, "a key of files is '..'"),
        ("files/b#a", {"size": 0, "sha256": DIGEST}, "a key of files is 'b#a'"),
        ("files/.x", {"size": 0, "sha256": DIGEST}, "a key of files is '.x'"),
        ("files/x\ud800", {"size": 0, "sha256": DIGEST}, "a key of files is"),
        ("files/x", {"size": -1, "sha256": DIGEST}, "files.x.size is not between"),
        ("files/x", {"size": 1.5, "sha256": DIGEST}, "files.x.size is not an integer"),
        ("files/x", {"size": 1, "sha256": "0"}, "files.x.sha256 is '0'"),
        ("files/x", {"size": 1}, "files.x lacks 'sha256'"),
    ],
)
def test_a_changed_manifest_is_refused_by_the_place_of_the_change(
    data: str, tmp_path: Path, path: str, value: object, said: str
) -> None:
    assert said in refusal(write(tmp_path, changed(json.loads(data), path, value)))


@pytest.mark.parametrize(
    "path",
    [
        *("/etc/passwd", "../x", "a/../../x", "./x", "a//b", "a/", "", "a\\b", "C:/x", "~/x"),
        *("a\0b", "a\nb", "%2e%2e/x", "x" * 201),
    ],
)
def test_a_path_that_is_not_plain_and_inside_the_folder_is_refused(
    data: str, tmp_path: Path, path: str
) -> None:
    found = json.loads(data)
    found["files"][path] = {"size": 1, "sha256": DIGEST}
    assert "a key of files is" in refusal(write(tmp_path, found))


def repeated(text: str) -> str:
    return text.replace('"articles": 60,', '"articles": 60, "articles": 60,', 1)


def nested(text: str) -> str:
    return text.replace('"articles": 60,', f'"articles": {"[" * 99999}{"]" * 99999},', 1)


def long_number(text: str) -> str:
    return text.replace('"articles": 60,', f'"articles": {"6" * 5000},', 1)


def huge(text: str) -> str:
    return text + " " * MANIFEST_BYTES


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (repeated, "has a key twice"),
        (nested, "nests too deeply"),
        (long_number, "is not a manifest"),
        (huge, "is larger than"),
        (lambda text: text.replace("\n", "\r\n"), "does not match its own checksum"),
        (lambda text: "\ufeff" + text, "is not a manifest"),
    ],
)
def test_a_manifest_in_another_form_is_refused(
    data: str, tmp_path: Path, change: Callable[[str], str], said: str
) -> None:
    (tmp_path / MANIFEST).write_bytes(change(data).encode())
    assert said in refusal(tmp_path)


def test_a_folder_in_place_of_the_manifest_is_refused(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).mkdir()
    assert "build_index.py" in refusal(tmp_path)


def test_a_currency_is_kept_and_a_release_without_one_has_no_such_field(small_copy):
    reseal(small_copy, currency="EUR")
    assert read_manifest(small_copy).currency == "EUR"
    plain = reseal(small_copy, currency="")
    assert read_manifest(small_copy) == plain
    assert "currency" not in plain.text()
    reseal(small_copy, currency="euro")
    with pytest.raises(ReleaseError, match="currency"):
        read_manifest(small_copy)

"""No encoder of a release can run code: every hostile one is refused in one line."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from building import files_of, reseal
from hostile_encoders import ATTACKS, COMMIT, seal, with_text_model

from recsys.errors import OperatorError, ReleaseError
from recsys.release.encoder_check import check_encoders, check_trusted, trusted_encoders
from recsys.release.manifest import EncoderRecord, read_manifest
from recsys.release.reader import open_release
from recsys.serving.encoders import Encoders

FOUND_BY_LOADING = [
    "image: timm unknown",
    "image: timm larger than its weights",
    "image: more words than weights",
    "image: wider than its weights",
    "image: weights that are no numbers",
    "image encoder named: a repo of the hub",
    "text encoder named: a repo of the hub",
    "text: another model than the one that made the vectors",
    "text: weights that are no numbers",
    "text: more numbers than weights",
]
"""Attacks whose files are in order: they show when the encoder is built, or compared."""


def refused(action: Callable[[], object]) -> str:
    """The message of an action that must be refused, a short line."""
    with pytest.raises(OperatorError) as error:
        action()
    message = str(error.value)
    assert message.isprintable()
    assert len(message) < 800
    return message


@pytest.fixture
def encoders_copy(small_built: Path, tmp_path: Path) -> Path:
    """The encoders and the manifest of a small release; its vectors are not needed."""
    folder = tmp_path / "release"
    good = small_built / "release"
    shutil.copytree(good / "encoders", folder / "encoders", copy_function=_link)
    shutil.copyfile(good / "manifest.json", folder / "manifest.json")
    return folder


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


FOUND_IN_FILES = [name for name in ATTACKS if name not in FOUND_BY_LOADING]
SAMPLE = FOUND_IN_FILES[::10]
"""Of every kind some: attacks of one kind follow each other."""


@pytest.mark.parametrize(
    "name",
    [
        *SAMPLE,
        *(
            pytest.param(name, marks=pytest.mark.exhaustive)
            for name in FOUND_IN_FILES
            if name not in SAMPLE
        ),
    ],
)
def test_a_hostile_encoder_is_refused_before_it_is_loaded(
    encoders_copy: Path, tmp_path: Path, name: str
) -> None:
    marker = tmp_path / "ran"
    ATTACKS[name](encoders_copy, marker)
    message = refused(lambda: check_encoders(encoders_copy, read_manifest(encoders_copy)))
    assert message.startswith("Refused: ")
    assert not marker.exists()


@pytest.mark.parametrize("name", FOUND_BY_LOADING)
def test_a_hostile_encoder_is_refused_when_it_is_loaded(
    release_copy: Path, tmp_path: Path, name: str
) -> None:
    marker = tmp_path / "ran"
    ATTACKS[name](release_copy, marker)
    encoders = Encoders.of(open_release(release_copy))
    refused(encoders.words.load if name.startswith("text") else encoders.photos.load)
    assert not marker.exists()


def test_opening_a_release_checks_its_encoders(release_copy: Path, tmp_path: Path) -> None:
    name = "image: tokenizer_kwargs that trust, and a tokenizer of one's own"
    ATTACKS[name](release_copy, tmp_path / "ran")
    message = refused(lambda: open_release(release_copy))
    assert "tokenizer_kwargs.trust_remote_code' is not known" in message


def test_a_text_model_of_the_release_s_own_passes_the_check(encoders_copy: Path) -> None:
    with_text_model(encoders_copy)
    seal(encoders_copy)
    check_encoders(encoders_copy, read_manifest(encoders_copy))


def test_the_text_model_must_be_the_one_that_the_manifest_names(encoders_copy: Path) -> None:
    with_text_model(encoders_copy)
    reseal(encoders_copy)
    message = refused(lambda: check_encoders(encoders_copy, read_manifest(encoders_copy)))
    assert message == "Refused: encoders/text/model did not make vectors/text.npy."


def test_no_attack_changes_the_release_that_it_started_from(small_built: Path) -> None:
    records = read_manifest(small_built / "release").files
    found = files_of(small_built / "release")
    assert {path: len(data) for path, data in found.items() if path in records} == {
        path: record.size for path, record in records.items()
    }


def test_an_encoder_of_the_hub_is_trusted_at_one_commit_only() -> None:
    record = EncoderRecord("hf-hub:me/clip", COMMIT)
    check_trusted(record, trusted_encoders(f"other/one@{COMMIT}, hf-hub:me/clip@{COMMIT}"))
    for trusted in (frozenset(), frozenset({f"hf-hub:me/clip@{COMMIT[::-1]}"})):
        with pytest.raises(ReleaseError, match=f"set TRUSTED_ENCODERS=hf-hub:me/clip@{COMMIT}"):
            check_trusted(record, trusted)


@pytest.mark.parametrize("text", ["me/clip", "me/clip@main", f"me/clip@{COMMIT[:7]}", "a b"])
def test_a_trusted_encoder_needs_a_whole_commit(text: str) -> None:
    with pytest.raises(ReleaseError, match="give ID@COMMIT"):
        trusted_encoders(text)
    assert trusted_encoders(" , ") == frozenset()

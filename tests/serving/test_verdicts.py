"""Which verdicts on releases are remembered, and for how long."""

import json
from pathlib import Path

import pytest

from recsys.errors import ReleaseError, VerificationError
from recsys.serving import verdicts
from recsys.serving.verdicts import MOST_VERDICTS, Verdicts, verifier_version

GOOD, BAD = "a" * 64, "b" * 40


def refuse(remembered: Verdicts, key: str, error: Exception) -> None:
    with pytest.raises(type(error)), remembered.remembering(key):
        raise error


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "verdicts.json"


def test_verdicts_outlast_the_process(file: Path) -> None:
    before = Verdicts(file)
    before.accept(GOOD)
    refuse(before, BAD, ReleaseError("Refused: it is\nbad."))
    after = Verdicts(file)
    assert after.accepted(GOOD)
    after.check(GOOD)
    assert not after.accepted(BAD)
    with pytest.raises(ReleaseError, match=r"^Refused: it is bad\.$"):
        after.check(BAD)
    with pytest.raises(ReleaseError), after.remembering(BAD):
        pytest.fail("It was looked at again.")


def test_what_may_be_this_machines_fault_is_not_remembered(file: Path) -> None:
    remembered = Verdicts(file)
    refuse(remembered, BAD, VerificationError("Refused: it was killed."))
    refuse(remembered, BAD, OSError("no such luck"))
    remembered.check(BAD)
    assert not file.exists()


def test_another_version_of_the_code_looks_again(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remembered = Verdicts(file)
    remembered.accept(GOOD)
    refuse(remembered, BAD, ReleaseError("Refused."))
    monkeypatch.setattr(verdicts, "verifier_version", lambda: "0" * 16)
    after = Verdicts(file)
    after.check(BAD)
    assert not after.accepted(GOOD)


HOSTILE = {
    "nothing": b"",
    "no JSON": b"{",
    "no text": b"\xff\xfe\x00",
    "a list": b"[1, 2]",
    "nested": b"[" * 100_000,
    "foreign keys": json.dumps({"../x": "", GOOD: "", f"{GOOD} short": ""}).encode(),
    "numbers": json.dumps({f"{GOOD} {verifier_version()}": 0}).encode(),
    "large": b" " * 2_000_000 + b"{}",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_a_file_of_something_else_counts_as_empty(file: Path, content: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(content)
    remembered = Verdicts(file)
    assert not remembered.accepted(GOOD)
    remembered.check(GOOD)
    remembered.accept(GOOD)
    assert Verdicts(file).accepted(GOOD)


def test_a_reason_from_a_file_is_one_short_line(file: Path) -> None:
    file.parent.mkdir()
    reason = "x\x1b[2J\r\nERROR recsys: forged " + "y" * 10_000
    file.write_text(json.dumps({f"{BAD} {verifier_version()}": reason}))
    with pytest.raises(ReleaseError) as refused:
        Verdicts(file).check(BAD)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) <= 500


def test_two_apps_keep_each_others_verdicts(file: Path) -> None:
    one, other = Verdicts(file), Verdicts(file)
    one.accept(GOOD)
    other.accept("c" * 64)
    assert Verdicts(file).accepted(GOOD)
    assert Verdicts(file).accepted("c" * 64)


def test_the_newest_verdicts_are_kept(file: Path) -> None:
    remembered = Verdicts(file)
    keys = [f"{number:064x}" for number in range(MOST_VERDICTS + 2)]
    known = {f"{key} {verifier_version()}": "" for key in keys[:-1]}
    file.parent.mkdir()
    file.write_text(json.dumps(known))
    remembered.accept(keys[-1])
    after = Verdicts(file)
    assert [after.accepted(key) for key in (keys[0], keys[2], keys[-1])] == [False, True, True]


def test_verdicts_that_cannot_be_written_last_as_long_as_the_process(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file.parent.write_text("a file where the folder should be")
    remembered = Verdicts(file)
    refuse(remembered, BAD, ReleaseError("Refused."))
    assert "cannot be kept" in caplog.text
    with pytest.raises(ReleaseError):
        remembered.check(BAD)

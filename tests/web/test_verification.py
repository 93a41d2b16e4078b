"""Releases are verified in a process that may die, and the reason is one line."""

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from building import spoil_photos

from recsys.errors import ReleaseError, VerificationError
from recsys.web.rehearsal import rehearse
from recsys.web.verification import LARGEST_FILE, ProcessLimits, Verdict, Verifier, judge, verify

LIMITS = ProcessLimits(memory=200 << 20, cpu_seconds=1, seconds=20)


def die(folder: Path) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def get_killed(folder: Path) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def compute(folder: Path) -> None:
    while True:
        pass


def sleep(folder: Path) -> None:
    time.sleep(60)


def eat(folder: Path) -> None:
    np.ones(1 << 30, np.uint8)


def leave(folder: Path) -> None:
    os._exit(0)


def give_up(folder: Path) -> None:
    raise SystemExit(7)


def write(folder: Path) -> None:
    (folder / "written").write_bytes(bytes(1 << 30))


def refuse(folder: Path) -> None:
    raise ReleaseError("Refused: one\nline\x00, please." + "x" * 100_000)


def accept(folder: Path) -> None:
    pass


VERDICTS: dict[Callable[[Path], None], tuple[str, bool]] = {
    accept: ("", True),
    refuse: ("Refused: one line , please.", True),
    die: ("its verification was ended by SIGSEGV", True),
    get_killed: ("its verification was ended by SIGKILL", False),
    compute: ("its verification takes more than 1 s of computing", True),
    eat: ("its verification ended with exit code 1", True),
    leave: ("its verification gave no answer", True),
    give_up: ("its verification ended with exit code 7", True),
    write: ("its verification ended with exit code 1", True),
}


@pytest.mark.parametrize("action", VERDICTS, ids=[each.__name__ for each in VERDICTS])
def test_whatever_a_verification_does_there_is_a_verdict(
    tmp_path: Path, action: Callable[[Path], None]
) -> None:
    reason, certain = VERDICTS[action]
    found = judge(tmp_path, action, LIMITS)
    assert found.certain == certain
    assert found.reason.rstrip("x…") == reason
    assert len(found.reason) <= 500
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= LARGEST_FILE


def test_a_verification_that_waits_for_ever_is_not_held_against_the_release(
    tmp_path: Path,
) -> None:
    limits = ProcessLimits(memory=200 << 20, cpu_seconds=5, seconds=1)
    assert judge(tmp_path, sleep, limits) == Verdict("its verification took more than 1 s", False)


@pytest.fixture(scope="module")
def verifier() -> Iterator[Verifier]:
    """A warm process for the tests of this module."""
    with Verifier() as started:
        yield started


@pytest.mark.exhaustive
def test_releases_are_verified_one_after_the_other(
    verifier: Verifier, small_built: Path, small_copy: Path, tmp_path: Path
) -> None:
    spoil_photos(small_copy)
    for _ in range(2):
        with pytest.raises(
            ReleaseError, match=r"^Refused: looking up articles fails with ValueError\('article"
        ):
            verifier.verify(small_copy)
        with pytest.raises(ReleaseError, match=r"nothing has no manifest\.json"):
            verifier.verify(tmp_path / "nothing")
    verifier.verify(small_built / "release")


@pytest.mark.attack
def test_a_release_is_verified_without_a_warm_process(small_copy: Path) -> None:
    shutil.rmtree(small_copy / "vectors")
    with pytest.raises(ReleaseError, match=r"^Refused: vectors/\w+\.npy is missing\.$"):
        verify(small_copy)


@pytest.mark.attack
def test_a_verifier_that_dies_is_not_held_against_the_release(small_built: Path) -> None:
    with Verifier() as dying:
        dying._process.kill()
        with pytest.raises(VerificationError, match="its verification broke off"):
            dying.verify(small_built / "release")


def test_every_kind_of_page_is_rendered(small_built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(
        "recsys.web.rehearsal._Rehearsal.show",
        lambda self, address, photo=None: shown.append(address),
    )
    rehearse(small_built / "release")
    text = "\n".join(shown)
    for part in ("see=catalog", "see=quality", "see=shopper", "basket=", "shopper=", "photo=own-"):
        assert part in text
    for part in ("article=", "photo=0", "words=soft", "one_a_product=1", "colour_group_name="):
        assert part in text

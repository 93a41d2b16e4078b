"""What a running app does with bad releases of a loopback Hub, and after a restart."""

import logging
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from building import edition, files_of, reseal
from loopback import LoopbackHub

from recsys.errors import ReleaseError, VerificationError
from recsys.release.hub import TRIED_TAGS, IndexRepo
from recsys.release.manifest import MANIFEST, read_manifest
from recsys.release.reader import open_release
from recsys.serving.edition import Edition, LiveEdition
from recsys.serving.opening import ReleaseOpener
from recsys.serving.startup import AppSettings, serve
from recsys.serving.updates import Follower
from recsys.serving.verdicts import Verdicts

NAME = "me/index"


@dataclass
class Verifier:
    """Verifies releases in this process, and notes which ones.

    Attributes:
        verdicts: the file of verdicts.
        asked: versions of the releases that were verified.
        raising: what to raise about a release, by version.
    """

    verdicts: Path
    asked: list[str] = field(default_factory=list)
    raising: dict[str, Exception] = field(default_factory=dict)

    def __call__(self, folder: Path) -> None:
        version = read_manifest(folder).version
        self.asked.append(version)
        if version in self.raising:
            raise self.raising[version]
        open_release(folder)

    def start(self, folder: Path = Path("nowhere")) -> LiveEdition:
        """Start an app that follows the repo; its later looks are for `refresh`."""
        return serve(AppSettings(IndexRepo(NAME), folder, 0, verdicts=self.verdicts), self)

    def follower(self) -> Follower:
        return Follower(IndexRepo(NAME), 0, ReleaseOpener(self, Verdicts(self.verdicts)))


@pytest.fixture
def verifier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog) -> Verifier:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("recsys.serving.startup.subprocess.run", None)
    caplog.set_level(logging.INFO, "recsys")
    return Verifier(tmp_path / "verdicts.json")


@pytest.fixture
def good(hub: LoopbackHub, small_built: Path) -> str:
    """The commit of the small release on the Hub."""
    return hub.commit(NAME, files_of(small_built / "release"), tag="good")


def malformed(folder: Path) -> str:
    """Spoil a release so that it is complete and cannot be opened; return its version."""
    (folder / "shoppers.parquet").write_bytes(b"no table")
    return reseal(folder).version


def downloads(hub: LoopbackHub) -> list[str]:
    """The files whose bytes were sent."""
    sent = [each.path for each in hub.requests if each.method == "GET" and each.sent]
    return [path for path in sent if "/resolve/" in path]


def refusals(log: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in log.records if "Not serving" in each.getMessage()]


def test_a_malformed_release_is_refused_in_one_line_and_not_looked_at_again(
    hub: LoopbackHub, verifier: Verifier, good: str, small_copy: Path, caplog
) -> None:
    live, follower = verifier.start(), verifier.follower()
    before = live.current
    version = malformed(small_copy)
    bad = hub.commit(NAME, files_of(small_copy), tag="bad")
    hub.requests.clear()
    follower.refresh(live)
    assert live.current is before
    (line,) = refusals(caplog)
    assert line.startswith(f"Not serving {NAME} bad ({bad[:7]}): Refused: release {version}: ")
    assert "\n" not in line
    # It was complete, so nothing is to be gained from downloading it again.
    names = [path.partition("?")[0].rpartition("/")[2] for path in downloads(hub)]
    assert names.count("shoppers.parquet") == 1
    asked = list(verifier.asked)
    hub.requests.clear()
    for _ in range(3):
        follower.refresh(live)
    assert len(refusals(caplog)) == 1
    assert verifier.asked == asked
    assert downloads(hub) == []
    assert not [each for each in hub.requests if "/resolve/" in each.path]


@pytest.mark.parametrize("cache", ["kept", "lost"])
def test_after_a_restart_the_bad_release_is_refused_at_once_and_the_good_one_serves(
    hub: LoopbackHub, verifier: Verifier, good: str, small_copy: Path, tmp_path: Path, caplog, cache
) -> None:
    verifier.start()
    version = malformed(small_copy)
    hub.commit(NAME, files_of(small_copy), tag="bad")
    live = verifier.start()
    assert live.current.commit == good
    assert f"Refused: release {version}: " in refusals(caplog)[-1]
    asked = list(verifier.asked)
    if cache == "lost":
        shutil.rmtree(tmp_path / "hub-cache")
    hub.requests.clear()
    caplog.clear()
    live = verifier.start()
    assert (live.current.commit, live.current.notice) == (good, "")
    assert verifier.asked == asked
    (line,) = refusals(caplog)
    assert f"Refused: release {version}: " in line
    fetched = {path.partition("?")[0].rpartition("/")[2] for path in downloads(hub)}
    assert "shoppers.parquet" in fetched if cache == "lost" else not fetched


def test_a_restart_without_the_hub_serves_the_good_snapshot(
    hub: LoopbackHub, verifier: Verifier, good: str, small_copy: Path, caplog
) -> None:
    verifier.start()
    malformed(small_copy)
    # As if the app had been killed before it knew that it is bad.
    IndexRepo(NAME).pull(IndexRepo(NAME).newest())
    hub.commit(NAME, files_of(small_copy), tag="bad")
    IndexRepo(NAME).pull(IndexRepo(NAME).newest())
    assert len(IndexRepo(NAME).cached()) == 2
    hub.stop()
    assert verifier.start().current.commit == good
    assert len(refusals(caplog)) == 1


def test_of_several_bad_releases_the_next_good_one_serves(
    hub: LoopbackHub, verifier: Verifier, good: str, caplog
) -> None:
    for number in range(1, TRIED_TAGS):
        hub.commit(NAME, {MANIFEST: b"%d" % number}, tag=f"bad{number}")
    live = verifier.start()
    assert live.current.commit == good
    assert live.current.origin == f"{NAME} good ({good[:7]})"
    assert len(refusals(caplog)) == TRIED_TAGS - 1


def test_no_further_tags_are_tried_than_the_bound_and_the_folder_serves(
    hub: LoopbackHub, verifier: Verifier, good: str, small_built: Path
) -> None:
    for number in range(TRIED_TAGS):
        hub.commit(NAME, {MANIFEST: b"%d" % number}, tag=f"bad{number}")
    assert verifier.start(small_built / "release").current.origin == "folder release"


ERRORS = {
    "foreseen": ReleaseError("Refused: its verification was ended by SIGSEGV."),
    "uncertain": VerificationError("Refused: its verification was ended by SIGKILL."),
    "unforeseen": ZeroDivisionError("division by zero"),
}


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_whatever_a_verification_raises_the_current_release_stays_and_it_is_not_repeated(
    hub: LoopbackHub,
    verifier: Verifier,
    good: str,
    small_built: Path,
    tmp_path: Path,
    caplog,
    error: Exception,
) -> None:
    live, follower = verifier.start(), verifier.follower()
    newer = edition(small_built / "release", tmp_path / "2", 2)
    version = read_manifest(newer).version
    verifier.raising[version] = error
    commit = hub.commit(NAME, files_of(newer), tag="newer")
    for _ in range(3):
        follower.refresh(live)
    assert live.current.commit == good
    assert verifier.asked.count(version) == 1
    assert len(refusals(caplog)) == 1
    assert "Traceback" not in caplog.text
    # What may have been this machine's fault is tried again after a restart.
    verifier.raising.clear()
    certain = not isinstance(error, VerificationError | ZeroDivisionError)
    assert verifier.start().current.commit == (good if certain else commit)


def test_an_error_while_swapping_is_a_refusal(
    hub: LoopbackHub,
    verifier: Verifier,
    good: str,
    small_built: Path,
    tmp_path: Path,
    caplog,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    live, follower = verifier.start(), verifier.follower()
    newer = edition(small_built / "release", tmp_path / "2", 2)
    hub.commit(NAME, files_of(newer), tag="newer")

    def fail(folder: Path) -> None:
        raise IndexError("nobody thought of this")

    monkeypatch.setattr("recsys.serving.opening.open_release", fail)
    for _ in range(2):
        follower.refresh(live)
    assert live.current.commit == good
    (line,) = refusals(caplog)
    assert "IndexError('nobody thought of this')" in line


def test_damage_in_the_cache_is_worth_one_download_and_no_lasting_refusal(
    hub: LoopbackHub, verifier: Verifier, good: str, caplog
) -> None:
    verifier.start()
    damaged = IndexRepo(NAME).cached()[0] / "vectors/text.npy"
    damaged.resolve().write_bytes(b"damaged")
    hub.requests.clear()
    live = verifier.start()
    assert live.current.commit == good
    assert len([path for path in downloads(hub) if "text.npy" in path]) > 0
    assert len(verifier.asked) == 1
    assert verifier.start().current.commit == good


def test_a_release_that_is_incomplete_on_the_hub_is_fetched_twice_and_never_again(
    hub: LoopbackHub, verifier: Verifier, good: str, small_copy: Path, caplog
) -> None:
    verifier.start()
    (small_copy / "vectors/text.npy").write_bytes(b"another")
    hub.commit(NAME, files_of(small_copy), tag="bad")
    for _ in range(2):
        assert verifier.start().current.commit == good
        assert "text.npy" in refusals(caplog)[-1]
    hub.requests.clear()
    assert verifier.start().current.commit == good
    assert downloads(hub) == []


@pytest.mark.exhaustive
def test_snapshots_beyond_the_last_two_are_removed(
    hub: LoopbackHub, verifier: Verifier, good: str, small_built: Path, tmp_path: Path
) -> None:
    live, follower, repo = verifier.start(), verifier.follower(), IndexRepo(NAME)
    commits = [good]
    for number in (2, 3):
        newer = edition(small_built / "release", tmp_path / str(number), number)
        commits.append(hub.commit(NAME, files_of(newer), tag=f"v{number}"))
        follower.refresh(live)
        assert live.current.commit == commits[-1]
        assert repo.snapshots() == set(commits[-2:])
    first = live.current.recommender
    assert first.photo(first.example_articles(1)[0].article_id)
    malformed(newer)
    hub.commit(NAME, files_of(newer), tag="bad")
    follower.refresh(live)
    assert repo.snapshots() == set(commits[-2:])
    blobs = tmp_path.glob("hub-cache/datasets--me--index/blobs/*")
    kept = {each.resolve() for path in repo.cached() for each in path.rglob("*") if each.is_file()}
    assert {path.resolve() for path in blobs} == kept


def test_snapshots_that_cannot_be_removed_change_nothing(
    hub: LoopbackHub,
    verifier: Verifier,
    good: str,
    small_built: Path,
    tmp_path: Path,
    caplog,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    live, follower = verifier.start(), verifier.follower()

    def fail(cache: str) -> None:
        raise PermissionError("read-only")

    monkeypatch.setattr("recsys.release.hub.scan_cache_dir", fail)
    newer = edition(small_built / "release", tmp_path / "2", 2)
    commit = hub.commit(NAME, files_of(newer), tag="newer")
    follower.refresh(live)
    assert live.current.commit == commit
    assert "Old snapshots of me/index stay: read-only" in caplog.text


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_cache_folder_stops_nothing(
    verifier: Verifier, small_built: Path, tmp_path: Path
) -> None:
    verifier.verdicts = tmp_path / "locked" / "verdicts.json"
    verifier.verdicts.parent.mkdir(mode=0o500)
    settings = AppSettings(None, small_built / "release", 0, verdicts=verifier.verdicts)
    assert serve(settings, verifier).current.origin == "folder release"


def test_a_verified_folder_is_not_verified_at_the_next_start(
    verifier: Verifier, small_copy: Path, caplog
) -> None:
    settings = AppSettings(None, small_copy, 0, verdicts=verifier.verdicts)
    for _ in range(2):
        assert serve(settings, verifier).current.origin == "folder release"
    assert len(verifier.asked) == 1


SPOILED: dict[str, Callable[[Path], object]] = {
    "malformed": malformed,
    "without a manifest": lambda folder: (folder / MANIFEST).unlink(),
    "empty": lambda folder: (shutil.rmtree(folder), folder.mkdir()),
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_a_damaged_sample_is_built_again_whatever_is_left_of_it(
    verifier: Verifier, small_copy: Path, small_built: Path, monkeypatch, spoil
) -> None:
    sample = small_copy.with_name("release.sample")
    small_copy.rename(sample)
    spoil(sample)

    def build(command: list[str], check: bool) -> object:
        assert not Path(command[-1]).exists()
        shutil.copytree(small_built / "release", command[-1])
        return type("Done", (), {"returncode": 0})

    monkeypatch.setattr("recsys.serving.startup.subprocess.run", build)
    settings = AppSettings(None, small_copy, 0, verdicts=verifier.verdicts)
    live = serve(settings, verifier)
    assert isinstance(live.current, Edition)
    assert live.current.origin == "Sample catalogue"

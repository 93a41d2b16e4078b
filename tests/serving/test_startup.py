import dataclasses
import gc
import logging
import shutil
import subprocess
import threading
import weakref
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from building import edition, files_of, reseal
from faults import Flipped, Hold, Status
from loopback import LoopbackHub

from recsys.errors import ReleaseError
from recsys.models.encoder_version import encoder_key
from recsys.release.hub import IndexRepo, PublishedVersion, Visibility, publish
from recsys.release.manifest import MANIFEST, SCHEMA, EncoderRecord, read_manifest
from recsys.release.reader import open_release
from recsys.retrieval.index import build_graph
from recsys.serving import startup
from recsys.serving.edition import Edition, LiveEdition
from recsys.serving.recommender import Recommender
from recsys.serving.startup import LOCAL, SAMPLE, STALE, AppSettings, serve
from recsys.serving.updates import Follower

NAME = "me/index"


@pytest.fixture(autouse=True)
def no_other_way(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody builds a sample or finds a release by accident."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("recsys.serving.startup.subprocess.run", None)


@pytest.fixture(autouse=True)
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "recsys")
    return caplog


@pytest.fixture
def published(hub: LoopbackHub, small_built: Path) -> PublishedVersion:
    return publish(small_built / "release", NAME, Visibility())


@pytest.fixture
def cached(hub: LoopbackHub, published: PublishedVersion) -> PublishedVersion:
    """The published revision, in the cache of the Hub's client."""
    IndexRepo(NAME).pull(published)
    return published


def settings(folder: Path = Path("nowhere"), repo: bool = True, minutes: float = 0) -> AppSettings:
    return AppSettings(IndexRepo(NAME) if repo else None, folder, minutes)


def checksum(served: Edition) -> str:
    return served.recommender.release.manifest.checksum


def test_settings_come_from_the_environment() -> None:
    assert AppSettings.of({}) == AppSettings(None, Path("release"), 5)
    assert AppSettings.of({"LOG_WORDS": "1"}).log_words
    given = AppSettings.of(
        {
            "INDEX_REPO": " me/index ",
            "INDEX_REVISION": "v1",
            "RELEASE": "/srv/r",
            "REFRESH_MINUTES": "0.5",
        }
    )
    assert given.repo is not None
    assert (given.repo.name, given.repo.pinned) == ("me/index", "v1")
    assert (given.folder, given.refresh_minutes) == (Path("/srv/r"), 0.5)


@pytest.mark.parametrize("text", ["soon", "", "-1", "nan", "inf"])
def test_a_pause_that_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ReleaseError, match=r"REFRESH_MINUTES is .* 0 for never"):
        AppSettings.of({"REFRESH_MINUTES": text})


# What the app starts with.


def test_what_is_published_is_served(published: PublishedVersion, small_built: Path) -> None:
    current = serve(settings(small_built / "elsewhere")).current
    assert checksum(current) == read_manifest(small_built / "release").checksum
    assert current.origin == f"{NAME} {published.name} ({published.commit[:7]})"
    assert (current.commit, current.notice) == (published.commit, "")


def test_the_newest_kept_one_is_served_while_the_hub_is_out_of_reach(
    hub: LoopbackHub, cached: PublishedVersion, log: pytest.LogCaptureFixture
) -> None:
    hub.stop()
    current = serve(settings()).current
    assert current.commit == cached.commit
    assert current.notice == STALE
    assert "Cannot update from me/index: The Hub cannot be used for me/index" in log.text


def test_the_notice_goes_once_the_hub_is_back(hub: LoopbackHub, cached: PublishedVersion) -> None:
    hub.stop()
    follower = Follower(IndexRepo(NAME), 0)
    live = LiveEdition(startup.first_edition(settings(), follower.start()))
    follower.feed(live)
    assert live.current.notice == STALE
    hub.start()
    follower.refresh()
    assert (live.current.commit, live.current.notice) == (cached.commit, "")
    assert cached.name in live.current.origin


def test_a_damaged_kept_one_is_passed_over(
    hub: LoopbackHub, cached: PublishedVersion, small_built: Path, tmp_path: Path, log
) -> None:
    newer = publish(edition(small_built / "release", tmp_path / "2", 2), NAME, Visibility())
    folder = IndexRepo(NAME).pull(newer).folder
    (folder / "entries/text.npy").unlink()
    hub.stop()
    assert serve(settings()).current.commit == cached.commit
    assert "entries/text.npy is missing" in log.text


def test_the_folder_is_served_when_there_is_nothing_else(
    hub: LoopbackHub, small_built: Path
) -> None:
    hub.stop()
    current = serve(settings(small_built / "release")).current
    assert (current.origin, current.commit, current.notice) == ("folder release", "", LOCAL)


def test_without_a_repo_the_folder_needs_no_notice(small_built: Path) -> None:
    assert serve(settings(small_built / "release", repo=False)).current.notice == ""


@pytest.fixture
def builder(small_built: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Builds the sample in a moment; remembers how it was called."""
    commands: list[list[str]] = []

    def run(command: list[str], check: bool) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        shutil.copytree(small_built / "release", command[-1], dirs_exist_ok=True)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr("recsys.serving.startup.subprocess.run", run)
    return commands


@pytest.mark.parametrize("repo", [True, False])
def test_the_sample_is_the_last_resort_and_is_built_once(
    hub: LoopbackHub, tmp_path: Path, builder: list[list[str]], repo: bool
) -> None:
    hub.stop()
    for _ in range(2):
        current = serve(settings(tmp_path / "release", repo)).current
        assert (current.origin, current.notice) == ("the sample", SAMPLE)
    assert [command[1:] for command in builder] == [
        [str(startup.BUILDER), "--sample", "--out", str(tmp_path / "release.sample")]
    ]
    assert startup.BUILDER.is_file()


def test_a_damaged_folder_is_not_built_over(small_copy: Path, builder: list[list[str]]) -> None:
    (small_copy / MANIFEST).write_text("{}")
    before = files_of(small_copy)
    assert serve(settings(small_copy, repo=False)).current.notice == SAMPLE
    assert files_of(small_copy) == before


def test_a_damaged_sample_is_built_again(small_copy: Path, builder: list[list[str]]) -> None:
    small_copy.rename(small_copy.with_name("gone.sample"))
    (small_copy.with_name("gone.sample") / "vectors/text.npy").unlink()
    assert serve(settings(small_copy.with_name("gone"), repo=False)).current.notice == SAMPLE
    assert len(builder) == 1


def test_nothing_at_all_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = subprocess.CompletedProcess([], 1)
    monkeypatch.setattr("recsys.serving.startup.subprocess.run", lambda command, check: failed)
    with pytest.raises(ReleaseError, match="could not be built"):
        serve(settings(tmp_path / "release", repo=False))


def test_a_slow_hub_is_not_waited_for_when_there_is_something_to_show(
    hub: LoopbackHub,
    cached: PublishedVersion,
    small_built: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    log: pytest.LogCaptureFixture,
) -> None:
    newer = publish(edition(small_built / "release", tmp_path / "2", 2), NAME, Visibility())
    monkeypatch.setattr(startup, "PATIENCE_SECONDS", 0.1)
    released, reached = threading.Event(), threading.Event()
    hub.fail("GET .*articles.parquet", Hold(released, reached), times=1)
    live = serve(settings())
    assert (live.current.commit, live.current.notice) == (cached.commit, STALE)
    assert "takes long to pull" in log.text
    released.set()
    until(lambda: live.current.commit == newer.commit)
    assert live.current.notice == ""


def test_a_slow_hub_is_waited_for_when_there_is_nothing_to_show(
    hub: LoopbackHub, published: PublishedVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(startup, "PATIENCE_SECONDS", 0)
    assert serve(settings()).current.commit == published.commit


def until(met: Callable[[], bool]) -> None:
    """Wait for a condition that another thread brings about."""
    pause = threading.Event()
    for _ in range(600):
        if met():
            return
        pause.wait(0.05)
    pytest.fail("that never happened")


# What becomes of what is published later.


@pytest.fixture
def follower(hub: LoopbackHub, published: PublishedVersion) -> Follower:
    """A follower that has started, and feeds a `LiveEdition`."""
    follower = Follower(IndexRepo(NAME), 0)
    first = follower.start()
    assert first is not None
    follower.feed(LiveEdition(first))
    return follower


def now(follower: Follower) -> Edition:
    assert follower.live is not None
    return follower.live.current


def test_what_is_published_later_is_swapped_in(
    follower: Follower, small_built: Path, tmp_path: Path, log: pytest.LogCaptureFixture
) -> None:
    old = now(follower)
    folder = edition(small_built / "release", tmp_path / "2", 2)
    newer = publish(folder, NAME, Visibility())
    follower.refresh()
    assert now(follower).commit == newer.commit
    assert checksum(now(follower)) == read_manifest(folder).checksum
    assert follower.live is not None
    assert follower.live.recommender(old.recommender.release_version) is old.recommender
    assert f"Serving me/index {newer} now." in log.text


def test_the_loaded_image_encoder_is_handed_on_and_old_releases_are_let_go(
    follower: Follower, small_built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now(follower).recommender.encoders.load()
    first = weakref.ref(now(follower).recommender.release)
    monkeypatch.setattr("recsys.serving.encoders.ImageEncoder", None)
    for number in (2, 3):
        folder = edition(small_built / "release", tmp_path / str(number), number)
        publish(folder, NAME, Visibility())
        follower.refresh()
    now(follower).recommender.encoders.load()
    gc.collect()
    assert first() is None


def test_nothing_is_swapped_while_nothing_is_new(hub: LoopbackHub, follower: Follower) -> None:
    before = now(follower)
    hub.requests.clear()
    follower.refresh()
    assert now(follower) is before
    assert len(hub.requests) == 2


def test_a_withdrawn_tag_brings_back_the_one_before(
    hub: LoopbackHub,
    follower: Follower,
    published: PublishedVersion,
    small_built: Path,
    tmp_path: Path,
) -> None:
    newer = publish(edition(small_built / "release", tmp_path / "2", 2), NAME, Visibility())
    follower.refresh()
    del hub.repo(NAME).tags[newer.name]
    follower.refresh()
    assert now(follower).commit == published.commit


@pytest.mark.parametrize("status", [500, 503, 403, 404, 429])
def test_a_hub_that_fails_changes_nothing(
    hub: LoopbackHub, follower: Follower, log: pytest.LogCaptureFixture, status: int
) -> None:
    before = now(follower)
    hub.fail("GET .*/refs", Status(status))
    follower.refresh()
    assert now(follower) is before
    assert f"HTTP {status}" in log.text


def test_a_stopped_hub_changes_nothing(hub: LoopbackHub, follower: Follower) -> None:
    before = now(follower)
    hub.stop()
    follower.refresh()
    assert now(follower) is before


def flipped(folder: Path) -> None:
    data = bytearray((folder / "vectors/text.npy").read_bytes())
    data[len(data) // 2] ^= 1
    (folder / "vectors/text.npy").write_bytes(data)


def missing(folder: Path) -> None:
    (folder / "queries/two_tower.npy").unlink()


def newer_schema(folder: Path) -> None:
    reseal(folder, schema=SCHEMA + 1)


def swapped_rows(folder: Path) -> None:
    vectors = np.load(folder / "vectors/image.npy")
    np.save(folder / "vectors/image.npy", vectors[::-1])
    reseal(folder)


def wrong_dimension(folder: Path) -> None:
    np.save(folder / "vectors/text.npy", np.load(folder / "vectors/text.npy")[:, :-1])
    reseal(folder)


def foreign_encoder(folder: Path) -> None:
    """An encoder that loads, fits in its dimensions, and is not what made the vectors."""
    vectors = np.ascontiguousarray(np.load(folder / "vectors/image.npy")[:, ::-1])
    np.save(folder / "vectors/image.npy", vectors)
    build_graph(vectors, "image").save(folder / "indexes/image.usearch")
    config = folder / "encoders/image/open_clip_config.json"
    config.write_text(config.read_text() + "\n")
    models = read_manifest(folder).models
    record = EncoderRecord("compact", encoder_key(str(config.parent)))
    reseal(folder, models={**models, "image": dataclasses.replace(models["image"], encoder=record)})


def unknown_encoder(folder: Path) -> None:
    models = read_manifest(folder).models
    record = dataclasses.replace(models["two_tower"], encoder=EncoderRecord("word2vec"))
    reseal(folder, models={**models, "two_tower": record})


BAD = {
    flipped: "vectors/text.npy does not match its checksum",
    missing: "queries/two_tower.npy is missing",
    newer_schema: f"schema {SCHEMA + 1} is newer than {SCHEMA}",
    swapped_rows: "indexes/image.usearch is not of vectors/image.npy",
    wrong_dimension: "vectors/text.npy is not float32",
    foreign_encoder: "the image encoder compact did not make vectors/image.npy",
    unknown_encoder: "two_tower was made by 'word2vec'",
}


@pytest.mark.parametrize("spoil", BAD, ids=[spoil.__name__ for spoil in BAD])
def test_a_bad_release_is_refused_once_and_the_old_one_goes_on(
    hub: LoopbackHub,
    follower: Follower,
    small_copy: Path,
    log: pytest.LogCaptureFixture,
    spoil: Callable[[Path], None],
) -> None:
    before = now(follower)
    spoil(small_copy)
    hub.commit(NAME, files_of(small_copy), tag="bad")
    follower.refresh()
    assert now(follower) is before
    assert BAD[spoil] in log.text
    log.clear()
    hub.requests.clear()
    follower.refresh()
    assert log.text == ""
    assert not [request for request in hub.requests if "resolve" in request.path]
    article_id = before.recommender.release.articles["article_id"][0]
    assert now(follower).recommender.similar_to_article(article_id).galleries


def test_a_good_release_after_a_bad_one_is_served(
    hub: LoopbackHub, follower: Follower, small_built: Path, small_copy: Path, tmp_path: Path
) -> None:
    flipped(small_copy)
    hub.commit(NAME, files_of(small_copy), tag="bad")
    follower.refresh()
    good = publish(edition(small_built / "release", tmp_path / "2", 2), NAME, Visibility())
    follower.refresh()
    assert now(follower).commit == good.commit


def test_a_download_that_was_damaged_on_the_way_is_served_all_the_same(
    hub: LoopbackHub, follower: Follower, small_built: Path, tmp_path: Path
) -> None:
    newer = publish(edition(small_built / "release", tmp_path / "2", 2), NAME, Visibility())
    hub.fail("GET .*articles.parquet", Flipped(), times=1)
    follower.refresh()
    assert now(follower).commit == newer.commit


def test_an_error_nobody_thought_of_does_not_end_the_following(
    hub: LoopbackHub, published: PublishedVersion, monkeypatch: pytest.MonkeyPatch, log
) -> None:
    follower = Follower(IndexRepo(NAME), 0.001)

    def fail(self: IndexRepo) -> PublishedVersion:
        monkeypatch.undo()
        raise ZeroDivisionError("what?")

    monkeypatch.setattr(IndexRepo, "newest", fail)
    assert follower.start() is None
    assert "ZeroDivisionError: what?" in log.text
    until(lambda: follower.pulled is not None)
    follower.stop()


def test_a_follower_that_is_stopped_looks_no_more(
    hub: LoopbackHub, published: PublishedVersion
) -> None:
    follower = Follower(IndexRepo(NAME), 0.001)
    assert follower.start()
    until(lambda: len(hub.requests) > 40)
    follower.stop()
    until(lambda: not [thread for thread in threading.enumerate() if thread.name == "follower"])


def test_a_pull_that_ends_while_the_fallback_opens_is_not_lost(
    published: PublishedVersion, small_built: Path
) -> None:
    follower = Follower(IndexRepo(NAME), 0)
    follower.start()
    live = LiveEdition(
        Edition(Recommender(open_release(small_built / "release")), "old", notice=STALE)
    )
    follower.feed(live)
    assert live.current.commit == published.commit

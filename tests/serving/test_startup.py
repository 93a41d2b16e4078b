"""Which release an app starts with, and how it follows the Hub afterwards, over a loopback Hub."""

import dataclasses
import gc
import logging
import shutil
import subprocess
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from building import edition, files_of, reseal
from faults import Cut, Flipped, Hold, Status, Truncated
from loopback import LoopbackHub

from recsys.errors import ReleaseError
from recsys.models.encoder_version import encoder_key
from recsys.release.hub import IndexRepo, PublishedVersion, Visibility, publish
from recsys.release.manifest import MANIFEST, SCHEMA, EncoderRecord, read_manifest
from recsys.release.reader import open_release
from recsys.retrieval.index import build_graph
from recsys.serving import startup
from recsys.serving.edition import Edition, LiveEdition
from recsys.serving.opening import ReleaseOpener
from recsys.serving.startup import LOCAL, SAMPLE, STALE, AppSettings, serve
from recsys.serving.updates import Follower
from recsys.serving.verdicts import Verdicts

NAME = "me/index"


@pytest.fixture(autouse=True)
def no_build(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No sample is built and no release is found by accident."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("recsys.serving.startup.subprocess.run", None)


@pytest.fixture(autouse=True)
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "recsys")
    return caplog


@pytest.fixture(scope="module")
def release_files(small_built: Path) -> dict[str, bytes]:
    return files_of(small_built / "release")


@pytest.fixture
def published(hub: LoopbackHub, release_files: dict[str, bytes]) -> PublishedVersion:
    """The small release on the Hub, put there without its client: that is quicker."""
    return PublishedVersion("first", hub.commit(NAME, release_files, tag="first"))


@pytest.fixture
def cached(hub: LoopbackHub, published: PublishedVersion) -> PublishedVersion:
    """The published release, also in the cache of the Hub's client."""
    IndexRepo(NAME).pull(published)
    return published


def settings(folder: Path = Path("nowhere"), repo: bool = True, minutes: float = 0) -> AppSettings:
    return AppSettings(IndexRepo(NAME) if repo else None, folder, minutes)


def opener() -> ReleaseOpener:
    """Verifies in this process, which is quick, and remembers nothing afterwards."""
    return ReleaseOpener(open_release, Verdicts())


def checksum(served: Edition) -> str:
    return served.recommender.release.manifest.checksum


def test_settings_come_from_the_environment() -> None:
    default = AppSettings.of({"XDG_CACHE_HOME": "/cache"})
    verdicts = Path("/cache/more-like-this/verdicts.json")
    assert default == AppSettings(None, Path("release"), 5, verdicts=verdicts)
    assert AppSettings.of({}).verdicts == Path("~/.cache/more-like-this/verdicts.json").expanduser()
    assert AppSettings.of({"LOG_WORDS": "1"}).log_words
    given = AppSettings.of(
        {
            "INDEX_REPO": " me/index ",
            "INDEX_REVISION": "v1",
            "RELEASE": "/srv/r",
            "REFRESH_MINUTES": "0.5",
            "VERDICTS": "/srv/verdicts",
        }
    )
    assert given.repo is not None
    assert (given.repo.name, given.repo.pinned) == ("me/index", "v1")
    assert (given.folder, given.refresh_minutes) == (Path("/srv/r"), 0.5)
    assert given.verdicts == Path("/srv/verdicts")


@pytest.mark.parametrize("text", ["soon", "", "-1", "nan", "inf"])
def test_a_pause_that_is_not_a_number_is_refused(text: str) -> None:
    with pytest.raises(ReleaseError, match=r"REFRESH_MINUTES is .* 0 for never"):
        AppSettings.of({"REFRESH_MINUTES": text})


# The first edition.


def test_what_is_published_is_served(published: PublishedVersion, small_built: Path) -> None:
    current = serve(settings(small_built / "elsewhere"), open_release).current
    assert checksum(current) == read_manifest(small_built / "release").checksum
    assert current.origin == f"{NAME} {published.name} ({published.commit[:7]})"
    assert (current.commit, current.notice) == (published.commit, "")


def test_a_pinned_tag_is_served_though_there_is_a_newer_one(
    published: PublishedVersion, small_built: Path, tmp_path: Path
) -> None:
    publish(edition(small_built / "release", tmp_path / "2", 2), NAME, Visibility())
    pinned = AppSettings(IndexRepo(NAME, published.name), tmp_path / "nowhere", 0)
    assert serve(pinned, open_release).current.commit == published.commit


@pytest.mark.usefixtures("cached")
def test_a_published_release_in_the_cache_is_not_downloaded_or_opened_again(
    hub: LoopbackHub, published: PublishedVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.requests.clear()
    monkeypatch.setattr(IndexRepo, "pull", None)
    live = serve(settings(), open_release)
    until(lambda: not live.current.notice)
    assert live.current.commit == published.commit
    assert not [request for request in hub.requests if "resolve" in request.path]


def stopped(hub: LoopbackHub) -> None:
    hub.stop()


def failing(hub: LoopbackHub) -> None:
    hub.fail(".*", Status(500))


def refusing(hub: LoopbackHub) -> None:
    hub.fail(".*", Status(403))


def cutting(hub: LoopbackHub) -> None:
    hub.fail(".*", Cut())


def truncating(hub: LoopbackHub) -> None:
    hub.fail(".*", Truncated())


TROUBLES = {
    stopped: "The Hub cannot be used for me/index",
    failing: "HTTP 500",
    refusing: "you may not use it (HTTP 403)",
    cutting: "The Hub cannot be used",
    truncating: "peer closed connection without sending complete message body",
}


@pytest.mark.parametrize("trouble", TROUBLES, ids=[each.__name__ for each in TROUBLES])
def test_the_cached_snapshot_is_served_while_the_hub_is_in_trouble(
    hub: LoopbackHub,
    cached: PublishedVersion,
    log: pytest.LogCaptureFixture,
    trouble: Callable[[LoopbackHub], None],
) -> None:
    trouble(hub)
    live = serve(settings(), open_release)
    until(lambda: "Cannot update from me/index: " in log.text)
    assert TROUBLES[trouble] in log.text
    assert (live.current.commit, live.current.notice) == (cached.commit, STALE)


def test_the_notice_goes_once_the_hub_is_back(hub: LoopbackHub, cached: PublishedVersion) -> None:
    hub.stop()
    live = LiveEdition(startup.cached_edition(IndexRepo(NAME), opener()))
    follower = Follower(IndexRepo(NAME), 0, opener())
    follower.refresh(live)
    assert live.current.notice == STALE
    hub.start()
    follower.refresh(live)
    assert (live.current.commit, live.current.notice) == (cached.commit, "")
    assert cached.name in live.current.origin


@pytest.mark.exhaustive  # the client tries again for half a minute
@pytest.mark.usefixtures("published")
def test_the_folder_is_served_where_the_hub_stops_during_the_first_download(
    hub: LoopbackHub, small_built: Path, log: pytest.LogCaptureFixture
) -> None:
    released, reached = threading.Event(), threading.Event()
    hub.fail("GET .*articles.parquet", Hold(released, reached))
    served: list[LiveEdition] = []
    start = threading.Thread(
        target=lambda: served.append(serve(settings(small_built / "release"), open_release))
    )
    start.start()
    assert reached.wait(60)
    hub.stop()
    released.set()
    start.join()
    assert served[0].current.notice == LOCAL
    assert "Cannot update from me/index" in log.text


def test_a_damaged_snapshot_is_skipped(
    hub: LoopbackHub, cached: PublishedVersion, small_built: Path, tmp_path: Path, log
) -> None:
    newer = publish(edition(small_built / "release", tmp_path / "2", 2), NAME, Visibility())
    folder = IndexRepo(NAME).pull(newer)
    (folder / "entries/text.npy").unlink()
    hub.stop()
    assert serve(settings(), open_release).current.commit == cached.commit
    assert "entries/text.npy is missing" in log.text


def test_the_folder_is_served_when_there_is_nothing_else(
    hub: LoopbackHub, small_built: Path
) -> None:
    hub.stop()
    current = serve(settings(small_built / "release"), open_release).current
    assert (current.origin, current.commit, current.notice) == ("folder release", "", LOCAL)


def test_without_a_repo_the_folder_needs_no_notice(small_built: Path) -> None:
    assert serve(settings(small_built / "release", repo=False), open_release).current.notice == ""


@pytest.fixture
def builder(small_built: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Stands for the build of the sample; its command lines."""
    commands: list[list[str]] = []

    def run(command: list[str], check: bool) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        shutil.copytree(small_built / "release", command[-1], dirs_exist_ok=True)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr("recsys.serving.startup.subprocess.run", run)
    return commands


@pytest.mark.parametrize("repo", [True, False])
def test_the_sample_is_built_once_where_there_is_nothing_else(
    hub: LoopbackHub, tmp_path: Path, builder: list[list[str]], repo: bool
) -> None:
    hub.stop()
    for _ in range(2):
        current = serve(settings(tmp_path / "release", repo), open_release).current
        assert (current.origin, current.notice) == ("Sample catalogue", SAMPLE)
    assert [command[1:] for command in builder] == [
        [str(startup.BUILDER), "--sample", "--out", str(tmp_path / "release.sample")]
    ]
    assert startup.BUILDER.is_file()


def test_a_damaged_folder_is_not_built_over(small_copy: Path, builder: list[list[str]]) -> None:
    (small_copy / MANIFEST).write_text("{}")
    before = files_of(small_copy)
    assert serve(settings(small_copy, repo=False), open_release).current.notice == SAMPLE
    assert files_of(small_copy) == before


def test_a_damaged_sample_is_built_again(small_copy: Path, builder: list[list[str]]) -> None:
    small_copy.rename(small_copy.with_name("gone.sample"))
    (small_copy.with_name("gone.sample") / "vectors/text.npy").unlink()
    assert (
        serve(settings(small_copy.with_name("gone"), repo=False), open_release).current.notice
        == SAMPLE
    )
    assert len(builder) == 1


def test_a_sample_that_cannot_be_built_ends_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = subprocess.CompletedProcess([], 1)
    monkeypatch.setattr("recsys.serving.startup.subprocess.run", lambda command, check: failed)
    with pytest.raises(ReleaseError, match="could not be built"):
        serve(settings(tmp_path / "release", repo=False), open_release)


def test_a_slow_hub_is_not_waited_for_when_there_is_something_to_show(
    hub: LoopbackHub,
    cached: PublishedVersion,
    small_built: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    log: pytest.LogCaptureFixture,
) -> None:
    newer = publish(edition(small_built / "release", tmp_path / "2", 2), NAME, Visibility())
    monkeypatch.setattr("recsys.serving.updates.PATIENCE_SECONDS", 0.1)
    released, reached = threading.Event(), threading.Event()
    hub.fail("GET .*articles.parquet", Hold(released, reached), times=1)
    live = serve(settings(), open_release)
    assert (live.current.commit, live.current.notice) == (cached.commit, STALE)
    assert "takes long to pull" in log.text
    released.set()
    until(lambda: live.current.commit == newer.commit)
    assert live.current.notice == ""


def test_a_slow_hub_is_waited_for_when_there_is_nothing_to_show(
    hub: LoopbackHub, published: PublishedVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recsys.serving.updates.PATIENCE_SECONDS", 0)
    assert serve(settings(), open_release).current.commit == published.commit


def until(met: Callable[[], bool]) -> None:
    """Wait for a condition that another thread brings about."""
    pause = threading.Event()
    for _ in range(600):
        if met():
            return
        pause.wait(0.05)
    pytest.fail("The condition never came true.")


# Releases published later.


@dataclasses.dataclass(frozen=True)
class Served:
    """An edition that is served, and the follower that keeps it up to date."""

    live: LiveEdition
    follower: Follower

    @property
    def current(self) -> Edition:
        return self.live.current

    def refresh(self) -> None:
        self.follower.refresh(self.live)


@pytest.fixture
def served(published: PublishedVersion) -> Served:
    """What is published, served."""
    follower = Follower(IndexRepo(NAME), 0, opener())
    first = follower.newest()
    assert first is not None
    return Served(LiveEdition(first), follower)


def test_what_is_published_later_is_swapped_in(
    served: Served, small_built: Path, tmp_path: Path, log: pytest.LogCaptureFixture
) -> None:
    old = served.current
    folder = edition(small_built / "release", tmp_path / "2", 2)
    newer = publish(folder, NAME, Visibility())
    served.refresh()
    assert served.current.commit == newer.commit
    assert checksum(served.current) == read_manifest(folder).checksum
    assert served.live.recommender(old.recommender.release_version) is old.recommender
    assert f"Serving me/index {newer} now." in log.text


def test_a_loaded_encoder_is_kept_and_old_releases_are_freed(
    served: Served, small_built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.current.recommender.encoders.load()
    first = weakref.ref(served.current.recommender.release)
    monkeypatch.setattr("recsys.serving.encoders.ImageEncoder", None)
    for number in (2, 3):
        folder = edition(small_built / "release", tmp_path / str(number), number)
        publish(folder, NAME, Visibility())
        served.refresh()
    encoders = served.current.recommender.encoders
    assert encoders.ready
    encoders.photos.load()
    gc.collect()
    assert first() is None


def test_nothing_is_downloaded_while_nothing_new_is_published(
    hub: LoopbackHub, served: Served
) -> None:
    before = served.current
    hub.requests.clear()
    served.refresh()
    assert served.current is before
    assert len(hub.requests) == 2


def test_a_withdrawn_tag_brings_back_the_one_before(
    hub: LoopbackHub,
    served: Served,
    published: PublishedVersion,
    small_built: Path,
    tmp_path: Path,
) -> None:
    newer = publish(edition(small_built / "release", tmp_path / "2", 2), NAME, Visibility())
    served.refresh()
    del hub.repo(NAME).tags[newer.name]
    served.refresh()
    assert served.current.commit == published.commit


@pytest.mark.parametrize("status", [500, 503, 403, 404, 429])
def test_a_hub_that_fails_changes_nothing(
    hub: LoopbackHub, served: Served, log: pytest.LogCaptureFixture, status: int
) -> None:
    before = served.current
    hub.fail("GET .*/refs", Status(status))
    served.refresh()
    assert served.current is before
    assert f"HTTP {status}" in log.text


def test_a_stopped_hub_changes_nothing(hub: LoopbackHub, served: Served) -> None:
    before = served.current
    hub.stop()
    served.refresh()
    assert served.current is before


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
    """An encoder that loads, has the right dimensions, and did not make the vectors."""
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
    swapped_rows: "indexes/image.usearch does not index vectors/image.npy",
    wrong_dimension: "vectors/text.npy is float32 [60, 383]",
    foreign_encoder: "the image encoder compact did not make vectors/image.npy",
    unknown_encoder: "two_tower was made by 'word2vec'",
}


@pytest.mark.parametrize(
    "spoil",
    [
        flipped,
        foreign_encoder,
        *(
            pytest.param(spoil, marks=pytest.mark.exhaustive)
            for spoil in BAD
            if spoil not in (flipped, foreign_encoder)
        ),
    ],
    ids=lambda spoil: spoil.__name__,
)
def test_a_bad_release_is_refused_once_and_the_old_one_stays(
    hub: LoopbackHub,
    served: Served,
    small_copy: Path,
    log: pytest.LogCaptureFixture,
    spoil: Callable[[Path], None],
) -> None:
    before = served.current
    spoil(small_copy)
    hub.commit(NAME, files_of(small_copy), tag="bad")
    served.refresh()
    assert served.current is before
    assert BAD[spoil] in log.text
    log.clear()
    hub.requests.clear()
    served.refresh()
    assert log.text == ""
    assert not [request for request in hub.requests if "resolve" in request.path]
    article_id = before.recommender.release.articles["article_id"][0]
    assert served.current.recommender.similar_to_article(article_id).galleries


def test_a_good_release_after_a_bad_one_is_served(
    hub: LoopbackHub, served: Served, small_built: Path, small_copy: Path, tmp_path: Path
) -> None:
    flipped(small_copy)
    hub.commit(NAME, files_of(small_copy), tag="bad")
    served.refresh()
    good = publish(edition(small_built / "release", tmp_path / "2", 2), NAME, Visibility())
    served.refresh()
    assert served.current.commit == good.commit


def test_a_download_that_was_damaged_on_the_way_is_repeated(
    hub: LoopbackHub, served: Served, small_built: Path, tmp_path: Path
) -> None:
    newer = publish(edition(small_built / "release", tmp_path / "2", 2), NAME, Visibility())
    hub.fail("GET .*articles.parquet", Flipped(), times=1)
    served.refresh()
    assert served.current.commit == newer.commit


@pytest.fixture
def followers() -> Iterator[list[Follower]]:
    """Followers that are stopped after the test."""
    started: list[Follower] = []
    yield started
    for each in started:
        each.stop()


def test_an_unexpected_error_does_not_end_the_following(
    cached: PublishedVersion, monkeypatch: pytest.MonkeyPatch, log, followers: list[Follower]
) -> None:
    live = LiveEdition(startup.cached_edition(IndexRepo(NAME), opener()))
    followers.append(Follower(IndexRepo(NAME), 0.001, opener()))

    def fail(self: IndexRepo) -> list[PublishedVersion]:
        monkeypatch.undo()
        raise ZeroDivisionError("what?")

    monkeypatch.setattr(IndexRepo, "versions", fail)
    followers[0].start(live, at_once=True)
    assert "ZeroDivisionError: what?" in log.text
    until(lambda: live.current.notice == "")
    assert live.current.commit == cached.commit


def test_a_follower_that_is_stopped_ends(hub: LoopbackHub, served: Served) -> None:
    follower = Follower(IndexRepo(NAME), 0.001, opener())
    hub.requests.clear()
    follower.start(served.live, at_once=False)
    until(lambda: len(hub.requests) > 10)
    follower.stop()
    until(lambda: not [thread for thread in threading.enumerate() if thread.name == "follower"])

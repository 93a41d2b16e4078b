import hashlib
import os
import re
import resource
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from building import edition, files_of, reseal
from faults import Cut, Fault, Flipped, Hold, Status, Truncated
from huggingface_hub import HfApi
from loopback import LoopbackHub
from repos import TOKEN, sha256

from recsys.errors import HubError, ReleaseError
from recsys.release.dataset_card import card_text
from recsys.release.files import ARTICLES, GRAPHS, VECTORS
from recsys.release.hub import TRIED_TAGS, IndexRepo, PublishedVersion, Visibility, publish
from recsys.release.manifest import MANIFEST, SCHEMA, read_manifest
from recsys.release.reader import open_release
from recsys.retrieval.index import build_graph

NAME = "someone/things"
PRIVATE, PUBLIC = Visibility(), Visibility(public=True)
WITH_RIGHTS = Visibility(public=True, rights=True)
BY_HUB = ".gitattributes"
README = "README.md"
NOTES = {"notes.txt": b"Some notes.\n"}


@pytest.fixture
def release(small_built: Path) -> Path:
    """A small release. Tests must not change it."""
    return small_built / "release"


@pytest.fixture(scope="module")
def changed(small_built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That release with other captions and text vectors. Tests must not change it either."""
    folder = edition(small_built / "release", tmp_path_factory.mktemp("changed") / "release", 2)
    path = folder / VECTORS["text"].path
    vectors = np.load(path)
    vectors[[3, 40]] = vectors[[40, 3]]
    np.save(path, vectors)
    build_graph(vectors, "text").save(folder / GRAPHS["text"])
    reseal(folder)
    open_release(folder)
    return folder


@pytest.fixture
def one_day(monkeypatch: pytest.MonkeyPatch) -> str:
    """The day it is for the publisher, at midnight too."""

    class Noon(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Noon":
            assert tz is UTC
            return cls(2026, 7, 3, 12, tzinfo=UTC)

    monkeypatch.setattr("recsys.release.hub.datetime", Noon)
    return "2026-07-03"


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the client repeat what fails without waiting, else it takes 23 seconds to give up."""
    monkeypatch.setattr("huggingface_hub.utils._http.time", SimpleNamespace(sleep=lambda _: None))


def complaint(kind: type[Exception], action: Callable[[], object]) -> str:
    """Return the one line with which something is refused."""
    with pytest.raises(kind) as refused:
        action()
    message = str(refused.value)
    assert message
    assert "\n" not in message
    assert TOKEN not in message
    return message


def default_tag(day: str, folder: Path) -> str:
    return f"{day}-{read_manifest(folder).checksum[:12]}"


def lines(hub: LoopbackHub) -> list[str]:
    """What was asked of the Hub, without queries."""
    return [f"{request.method} {request.path.partition('?')[0]}" for request in hub.requests]


def sent(hub: LoopbackHub) -> set[str]:
    """The SHA-256 of what was sent as a large file."""
    return {line.rpartition("/")[2] for line in lines(hub) if line.startswith("PUT ")}


def uploads(hub: LoopbackHub) -> list[str]:
    """The requests that send files or change a branch or tag."""
    return [line for line in lines(hub) if re.search("^PUT |preupload|lfs|/commit/|/tag/", line)]


def as_published(folder: Path) -> dict[str, bytes]:
    """What a repo holds once the release in a folder has been published."""
    card = card_text(NAME, read_manifest(folder)).encode()
    return files_of(folder) | {README: card}


def held(hub: LoopbackHub, tag: str = "main") -> dict[str, bytes]:
    """What the repo holds, apart from what the Hub itself keeps there."""
    files = hub.repo(NAME).files(tag)
    del files[BY_HUB]
    return files


def put(hub: LoopbackHub, files: dict[str, bytes], tag: str | None = None) -> PublishedVersion:
    """Have files in the repo without a client, as a published version."""
    commit = hub.commit(NAME, files, tag)
    return PublishedVersion(tag or commit, commit)


def test_a_release_is_published_in_one_commit_of_a_private_repo(
    hub: LoopbackHub, release: Path, one_day: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise AssertionError("not in one commit")

    monkeypatch.setattr(HfApi, "upload_folder", fail)
    published = publish(release, NAME, PRIVATE)

    repo = hub.repo(NAME)
    assert repo.private
    assert [commit.title for commit in repo.commits[1:]] == [
        f"Release {read_manifest(release).checksum[:12]}: 60 articles"
    ]
    assert held(hub) == as_published(release)
    assert sorted(repo.files()) == sorted([*files_of(release), README, BY_HUB])
    assert repo.tags == {default_tag(one_day, release): repo.commits[-1].id}
    assert published == PublishedVersion(default_tag(one_day, release), repo.commits[-1].id)
    assert str(published) == f"{published.name} ({published.commit[:7]})"


def test_the_default_tag_starts_with_the_day_in_utc(hub: LoopbackHub, release: Path) -> None:
    before = datetime.now(UTC)
    name = publish(release, NAME, PRIVATE).name
    days = {f"{moment:%Y-%m-%d}" for moment in (before, datetime.now(UTC))}
    assert name in {default_tag(day, release) for day in days}


def test_what_was_published_is_pulled(hub: LoopbackHub, release: Path) -> None:
    published = publish(release, NAME, PRIVATE)
    repo = IndexRepo(NAME)
    assert repo.newest() == published
    pulled = repo.pull(published)
    assert open_release(pulled).manifest == read_manifest(release)
    assert files_of(pulled).items() >= as_published(release).items()


def test_what_was_pulled_is_pulled_again_without_the_hub(hub: LoopbackHub, release: Path) -> None:
    published = publish(release, NAME, PRIVATE)
    folder = IndexRepo(NAME).pull(published)
    hub.stop()
    repo = IndexRepo(NAME, published.commit)
    assert repo.pull(repo.newest()) == folder


def test_an_unchanged_release_is_not_published_again(hub: LoopbackHub, release: Path) -> None:
    published = publish(release, NAME, PRIVATE)
    commits, tags = list(hub.repo(NAME).commits), dict(hub.repo(NAME).tags)
    hub.requests.clear()
    assert publish(release, NAME, PRIVATE) == published
    assert (hub.repo(NAME).commits, hub.repo(NAME).tags) == (commits, tags)
    assert not sent(hub)
    assert not [line for line in lines(hub) if re.search("/commit/|/tag/", line)]


@pytest.mark.parametrize("fault", [Cut(), Cut(handled=True)], ids=["before", "after"])
def test_a_push_cut_off_at_the_tag_is_completed_by_the_next(
    hub: LoopbackHub, release: Path, one_day: str, fault: Fault
) -> None:
    hub.fail("POST .*/tag/", fault, times=1)
    assert NAME in complaint(HubError, lambda: publish(release, NAME, PRIVATE))
    commits = list(hub.repo(NAME).commits)
    hub.requests.clear()

    published = publish(release, NAME, PRIVATE)
    assert published == PublishedVersion(default_tag(one_day, release), commits[-1].id)
    assert hub.repo(NAME).commits == commits
    assert hub.repo(NAME).tags == {published.name: published.commit}
    assert not sent(hub)


def test_a_push_cut_off_at_the_commit_changes_nothing_and_sends_nothing_twice(
    hub: LoopbackHub, release: Path
) -> None:
    hub.fail("POST .*/commit/", Status(409), times=1)
    assert "HTTP 409" in complaint(HubError, lambda: publish(release, NAME, PRIVATE))
    assert held(hub) == {}
    assert hub.repo(NAME).tags == {}
    hub.requests.clear()
    publish(release, NAME, PRIVATE)
    assert held(hub) == as_published(release)
    assert not sent(hub)


def test_only_files_that_changed_are_sent(hub: LoopbackHub, release: Path, changed: Path) -> None:
    publish(release, NAME, PRIVATE)
    hub.requests.clear()
    publish(changed, NAME, PRIVATE)

    old, new = files_of(release), files_of(changed)
    different = {name for name in new if new[name] != old.get(name)}
    assert {ARTICLES, "vectors/text.npy", "indexes/text.usearch", MANIFEST} <= different
    assert not {"vectors/image.npy", "encoders/image/open_clip_model.safetensors"} & different
    assert sent(hub) == {sha256(new[name]) for name in different - {MANIFEST}}
    assert held(hub) == as_published(changed)


def test_files_that_are_no_longer_in_the_release_leave_the_repo(
    hub: LoopbackHub, release: Path
) -> None:
    hub.create(NAME, "dataset", private=True)
    hub.commit(NAME, hub.repo(NAME).files() | NOTES | {"vectors/old.npy": b"old", README: b"Mine."})
    before = len(hub.repo(NAME).commits)
    publish(release, NAME, PRIVATE)
    assert len(hub.repo(NAME).commits) == before + 1
    assert held(hub) == as_published(release)


def test_a_tag_of_ones_own_is_used(hub: LoopbackHub, release: Path) -> None:
    assert publish(release, NAME, PRIVATE, "v1.0_b-2").name == "v1.0_b-2"
    assert hub.repo(NAME).tags == {"v1.0_b-2": hub.repo(NAME).at().id}


def test_a_published_release_gets_a_second_tag_on_request(hub: LoopbackHub, release: Path) -> None:
    publish(release, NAME, PRIVATE, "v1")
    publish(release, NAME, PRIVATE, "stable")
    head = hub.repo(NAME).at().id
    assert hub.repo(NAME).tags == {"v1": head, "stable": head}
    assert len(hub.repo(NAME).commits) == 2


@pytest.mark.parametrize("tag", ["a b", "0123456789abcdef" * 2 + "01234567", "-x", "a/b", "ä", "."])
def test_what_cannot_be_a_tag_is_refused_before_any_request(
    hub: LoopbackHub, release: Path, tag: str
) -> None:
    message = complaint(HubError, lambda: publish(release, NAME, PRIVATE, tag))
    assert f"{tag!r} cannot be a tag" in message
    assert hub.requests == []


def test_a_tag_of_an_older_release_is_refused_before_anything_is_sent(
    hub: LoopbackHub, release: Path, changed: Path
) -> None:
    publish(release, NAME, PRIVATE, "v1")
    publish(changed, NAME, PRIVATE, "v2")
    hub.requests.clear()
    message = complaint(HubError, lambda: publish(release, NAME, PRIVATE, "v1"))
    assert f"{NAME} has a tag v1 already; choose another --tag" in message
    assert uploads(hub) == []
    assert held(hub) == as_published(changed)


def test_a_tag_of_the_release_before_stays_there_and_another_one_completes_the_push(
    hub: LoopbackHub, release: Path, changed: Path
) -> None:
    first = publish(release, NAME, PRIVATE, "v1")
    message = complaint(HubError, lambda: publish(changed, NAME, PRIVATE, "v1"))
    assert f"The release is in {NAME}, but the tag v1 belongs to the release before it" in message
    assert "publish again with another --tag" in message
    assert held(hub) == as_published(changed)
    assert hub.repo(NAME).tags == {"v1": first.commit}
    assert IndexRepo(NAME).newest() == first

    hub.requests.clear()
    second = publish(changed, NAME, PRIVATE, "v2")
    assert hub.repo(NAME).tags == {"v1": first.commit, "v2": second.commit}
    assert hub.repo(NAME).at().id == second.commit != first.commit
    assert not sent(hub)


def test_a_release_that_returns_on_the_same_day_gets_a_numbered_tag(
    hub: LoopbackHub, release: Path, changed: Path, one_day: str
) -> None:
    named = [publish(each, NAME, PRIVATE).name for each in (release, changed) * 2]
    first, second = default_tag(one_day, release), default_tag(one_day, changed)
    assert named == [first, second, f"{first}-2", f"{second}-2"]
    assert publish(release, NAME, PRIVATE).name == f"{first}-3"
    assert IndexRepo(NAME).newest().name == f"{first}-3"
    assert len(hub.repo(NAME).tags) == 5


def test_an_unmarked_catalogue_is_not_published_openly(
    hub: LoopbackHub, release_copy: Path
) -> None:
    reseal(release_copy, license="")
    message = complaint(ReleaseError, lambda: publish(release_copy, NAME, PUBLIC))
    assert "not marked as redistributable" in message
    assert "--i-have-the-rights" in message
    assert hub.requests == []
    publish(release_copy, NAME, PRIVATE)
    assert hub.repo(NAME).private


def test_whoever_has_the_rights_may_publish_openly(hub: LoopbackHub, release_copy: Path) -> None:
    reseal(release_copy, license="")
    publish(release_copy, NAME, WITH_RIGHTS)
    assert not hub.repo(NAME).private
    assert held(hub) == as_published(release_copy)


def test_a_redistributable_catalogue_may_be_published_openly(
    hub: LoopbackHub, release: Path
) -> None:
    assert read_manifest(release).license == "cc0-1.0"
    publish(release, NAME, PUBLIC)
    assert not hub.repo(NAME).private


def test_an_unmarked_catalogue_is_not_sent_to_a_repo_that_is_public_already(
    hub: LoopbackHub, release_copy: Path
) -> None:
    reseal(release_copy, license="")
    hub.create(NAME, "dataset", private=False)
    message = complaint(ReleaseError, lambda: publish(release_copy, NAME, PRIVATE))
    assert "not marked as redistributable" in message
    assert uploads(hub) == []
    assert held(hub) == {}
    publish(release_copy, NAME, Visibility(rights=True))
    assert held(hub) == as_published(release_copy)


@pytest.mark.parametrize("visibility", [PUBLIC, WITH_RIGHTS], ids=["licence", "rights"])
def test_figures_of_fewer_than_three_shoppers_are_not_published_openly(
    hub: LoopbackHub, release_copy: Path, visibility: Visibility
) -> None:
    reseal(release_copy, fewest_shoppers=2)
    message = complaint(ReleaseError, lambda: publish(release_copy, NAME, visibility))
    assert "fewer than 3 shoppers must not be public" in message
    assert "--fewest-shoppers 5" in message
    assert hub.requests == []
    hub.create(NAME, "dataset", private=False)
    rights = Visibility(rights=True)
    assert complaint(ReleaseError, lambda: publish(release_copy, NAME, rights)) == message
    assert uploads(hub) == []
    hub.repo(NAME).private = True
    publish(release_copy, NAME, PRIVATE)
    card = held(hub)["README.md"].decode()
    assert "fewer than 3 shoppers" in card


def test_figures_of_three_shoppers_may_be_published_openly(
    hub: LoopbackHub, release_copy: Path
) -> None:
    reseal(release_copy, fewest_shoppers=3)
    publish(release_copy, NAME, PUBLIC)
    assert not hub.repo(NAME).private


def test_a_private_repo_is_not_left_private_unawares(hub: LoopbackHub, release: Path) -> None:
    hub.create(NAME, "dataset", private=True)
    message = complaint(HubError, lambda: publish(release, NAME, PUBLIC))
    assert "make it public in its settings" in message
    assert hub.repo(NAME).private
    assert uploads(hub) == []
    assert held(hub) == {}


@pytest.mark.parametrize("token", ["", "hf_wrongWRONGwrong"], ids=["nobody", "somebody else"])
def test_without_the_right_token_the_message_says_how_to_log_in(
    hub: LoopbackHub, release: Path, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    published = put(hub, files_of(release), "v1")
    monkeypatch.setenv("HF_TOKEN", token)
    repo = IndexRepo(NAME)
    for action in (
        lambda: publish(release, NAME, PRIVATE),
        lambda: publish(release, "someone/else", PRIVATE),
        repo.newest,
        lambda: repo.pull(published),
    ):
        message = complaint(HubError, action)
        assert "hf auth login" in message
        assert "HF_TOKEN" in message
        assert "hf_wrong" not in message
    assert list(hub.repos) == [("dataset", NAME)]
    assert hub.repo(NAME).at().id == published.commit


@pytest.mark.parametrize("what", ["preupload", "lfs/objects/batch", "/commit/main", "/tag/"])
def test_a_token_that_may_not_write_is_said_to_be_the_reason(
    hub: LoopbackHub, release: Path, what: str
) -> None:
    hub.fail(f"POST .*{what}", Status(403, message="You are not allowed to write."))
    message = complaint(HubError, lambda: publish(release, NAME, PRIVATE))
    assert "hf auth login" in message
    assert "HTTP 403" in message


@pytest.mark.parametrize("name", ["", "a b/c", "things", "a/b/c", "-a/b", "someone/"])
def test_what_is_no_name_of_a_repo_is_refused_before_any_request(
    hub: LoopbackHub, release: Path, name: str
) -> None:
    message = complaint(HubError, lambda: publish(release, name, PRIVATE))
    assert f"{name!r} is not the name of a repo: write namespace/name" in message
    assert hub.requests == []


def test_a_bad_name_cannot_be_followed(hub: LoopbackHub) -> None:
    assert "write namespace/name" in complaint(HubError, IndexRepo("a b/c").newest)


def test_of_two_publishers_at_once_the_slower_one_is_refused(
    hub: LoopbackHub, release: Path, changed: Path
) -> None:
    publish(release, NAME, PRIVATE, "v0")
    hub.repo(NAME).tags.clear()
    hub.commit(NAME, {BY_HUB: b""})
    go_on, reached = threading.Event(), threading.Event()
    hub.fail("POST .*/commit/main", Hold(go_on, reached), times=1)
    messages: list[str] = []

    def first() -> None:
        messages.append(complaint(HubError, lambda: publish(release, NAME, PRIVATE, "first")))

    slower = threading.Thread(target=first)
    slower.start()
    try:
        assert reached.wait(30)
        second = publish(changed, NAME, PRIVATE, "second")
    finally:
        go_on.set()
        slower.join(30)

    assert len(messages) == 1
    assert messages[0].startswith(f"Somebody else published to {NAME} at the same time.")
    assert held(hub) == as_published(changed)
    assert hub.repo(NAME).tags == {"second": second.commit}
    assert hub.repo(NAME).at().id == second.commit

    publish(release, NAME, PRIVATE, "first")
    assert held(hub) == as_published(release)
    assert held(hub, "second") == as_published(changed)


def test_a_damaged_release_is_refused_before_any_request(
    hub: LoopbackHub, release_copy: Path
) -> None:
    path = release_copy / "vectors/text.npy"
    path.write_bytes(flipped(path.read_bytes()))
    message = complaint(ReleaseError, lambda: publish(release_copy, NAME, PRIVATE))
    assert "vectors/text.npy does not match its checksum" in message
    assert hub.requests == []


def test_a_card_in_the_release_folder_is_not_what_is_published(
    hub: LoopbackHub, release_copy: Path
) -> None:
    (release_copy / README).write_text("Another card.")
    publish(release_copy, NAME, PRIVATE)
    assert held(hub) == as_published(release_copy)


def flipped(data: bytes) -> bytes:
    """The same bytes but one."""
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def test_the_newest_tag_is_the_last_in_history_whatever_its_name(hub: LoopbackHub) -> None:
    older = put(hub, NOTES, "z")
    newer = put(hub, {"notes.txt": b"Newer.\n"}, "a")
    put(hub, {"notes.txt": b"A draft without a tag.\n"})
    assert IndexRepo(NAME).newest() == newer
    del hub.repo(NAME).tags["a"]
    assert IndexRepo(NAME).newest() == older


def test_a_tag_or_branch_is_followed_on_request(hub: LoopbackHub) -> None:
    first = put(hub, NOTES, "first")
    put(hub, {"notes.txt": b"Second.\n"}, "second")
    head = put(hub, {"notes.txt": b"Head.\n"})
    assert IndexRepo(NAME, "first").newest() == first
    assert IndexRepo(NAME, "main").newest() == PublishedVersion("main", head.commit)
    moved = put(hub, {"notes.txt": b"Moved.\n"})
    assert IndexRepo(NAME, "main").newest().commit == moved.commit


def test_a_full_commit_is_taken_without_asking(hub: LoopbackHub) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    published = IndexRepo(NAME, commit).newest()
    assert published == PublishedVersion(commit, commit)
    assert str(published) == commit
    assert hub.requests == []


def test_an_unknown_tag_is_named(hub: LoopbackHub) -> None:
    put(hub, NOTES, "v1")
    message = complaint(HubError, IndexRepo(NAME, "v9").newest)
    assert f"{NAME} has no such tag, branch or commit" in message


def test_an_unknown_commit_is_named(hub: LoopbackHub) -> None:
    put(hub, NOTES, "v1")
    unknown = PublishedVersion("f" * 40, "f" * 40)
    message = complaint(HubError, lambda: IndexRepo(NAME).pull(unknown))
    assert f"{NAME} has no such tag, branch or commit" in message


@pytest.mark.parametrize("pinned", ["", "v1"])
def test_a_missing_repo_may_be_one_that_is_not_for_all(hub: LoopbackHub, pinned: str) -> None:
    message = complaint(HubError, IndexRepo("someone/nothing", pinned).newest)
    assert message.startswith("someone/nothing does not exist, or you may not use it (HTTP 404).")
    assert "hf auth login" in message


def test_a_repo_without_tags_says_how_to_publish(hub: LoopbackHub) -> None:
    put(hub, NOTES)
    message = complaint(HubError, IndexRepo(NAME).newest)
    assert f"{NAME} has no tags; publish with build_index.py --push-to" in message


@pytest.mark.parametrize("pinned", ["", "v1"])
def test_a_hub_out_of_reach_is_said_to_be(hub: LoopbackHub, pinned: str) -> None:
    put(hub, NOTES, "v1")
    hub.stop()
    message = complaint(HubError, IndexRepo(NAME, pinned).newest)
    assert message.startswith(f"The Hub cannot be used for {NAME}: ")
    assert "refused" in message


def test_nothing_can_be_published_to_a_hub_out_of_reach(hub: LoopbackHub, release: Path) -> None:
    hub.stop()
    message = complaint(HubError, lambda: publish(release, NAME, PRIVATE))
    assert message.startswith(f"The Hub cannot be used for {NAME}: ")


@pytest.mark.parametrize("name", [MANIFEST, "vectors/text.npy", "encoders/image/open_clip_config"])
def test_a_damaged_download_is_healed(hub: LoopbackHub, release: Path, name: str) -> None:
    published = put(hub, files_of(release), "v1")
    hub.fail(f"/resolve/.*{name}", Flipped(), times=1)
    pulled = IndexRepo(NAME).pull(published)
    assert files_of(pulled) == files_of(release)
    bodies = [
        request
        for request in hub.requests
        if request.method == "GET" and name in request.path and request.sent
    ]
    assert len(bodies) == 2


def test_a_download_that_breaks_off_is_begun_again(hub: LoopbackHub, release: Path) -> None:
    published = put(hub, files_of(release), "v1")
    hub.fail("/cdn/.*articles.parquet", Truncated(), times=1)
    pulled = IndexRepo(NAME).pull(published)
    assert files_of(pulled) == files_of(release)
    size = (release / ARTICLES).stat().st_size
    bodies = [request.sent for request in hub.requests if f"/{ARTICLES}?oid" in request.path]
    assert [count for count in bodies if count] == [size // 2, size]


@pytest.mark.parametrize("name", ["vectors/image.npy", ARTICLES, MANIFEST])
def test_a_release_that_is_bad_on_the_hub_is_refused(
    hub: LoopbackHub, release: Path, name: str
) -> None:
    files = files_of(release)
    published = put(hub, files | {name: flipped(files[name])}, "v1")
    assert name in complaint(ReleaseError, lambda: open_release(IndexRepo(NAME).pull(published)))


def test_a_release_that_lacks_a_file_is_refused(hub: LoopbackHub, release: Path) -> None:
    files = files_of(release)
    del files["indexes/text.usearch"]
    folder = IndexRepo(NAME).pull(put(hub, files, "v1"))
    message = complaint(ReleaseError, lambda: open_release(folder))
    assert "indexes/text.usearch is missing" in message


def test_a_repo_that_holds_no_release_is_refused(hub: LoopbackHub) -> None:
    message = complaint(ReleaseError, lambda: IndexRepo(NAME).pull(put(hub, NOTES, "v1")))
    assert f"has no {MANIFEST}" in message


def test_of_a_newer_schema_only_the_manifest_is_fetched(
    hub: LoopbackHub, release_copy: Path
) -> None:
    reseal(release_copy, schema=SCHEMA + 1)
    published = put(hub, files_of(release_copy), "v1")
    message = complaint(ReleaseError, lambda: IndexRepo(NAME).pull(published))
    assert f"schema {SCHEMA + 1} is newer than {SCHEMA}; update the app" in message
    fetched = {line.rpartition("/")[2] for line in lines(hub) if "/resolve/" in line}
    assert fetched == {MANIFEST}


def test_the_manifest_can_be_had_without_the_release(hub: LoopbackHub, release: Path) -> None:
    published = put(hub, files_of(release), "v1")
    repo = IndexRepo(NAME)
    assert repo.manifest(published) == read_manifest(release)
    fetched = {line.rpartition("/")[2] for line in lines(hub) if "/resolve/" in line}
    assert fetched == {MANIFEST}
    assert files_of(repo.pull(published)) == files_of(release)


@pytest.mark.parametrize("status", [400, 403, 429, 500])
def test_files_that_the_hub_does_not_list_are_not_held_against_the_release(
    hub: LoopbackHub, hasty: None, release: Path, status: int
) -> None:
    """Else the app would take a good release for a bad one and never ask for it again."""
    published = put(hub, files_of(release), "v1")
    hub.fail("GET .*/tree/", Status(status))
    assert f"HTTP {status}" in complaint(HubError, lambda: IndexRepo(NAME).pull(published))
    hub.clear()
    assert open_release(IndexRepo(NAME).pull(published)).manifest == read_manifest(release)


@pytest.mark.parametrize("what", ["HEAD .*/resolve/.*text.npy", "GET /cdn/.*text.npy"])
def test_a_file_that_the_hub_refuses_is_not_held_against_the_release(
    hub: LoopbackHub, release: Path, what: str
) -> None:
    published = put(hub, files_of(release), "v1")
    hub.fail(what, Status(403))
    assert "HTTP 403" in complaint(HubError, lambda: IndexRepo(NAME).pull(published))
    hub.clear()
    assert open_release(IndexRepo(NAME).pull(published)).manifest == read_manifest(release)


def test_a_repo_that_goes_away_during_a_pull_is_said_to_be_gone(
    hub: LoopbackHub, release: Path
) -> None:
    published = put(hub, files_of(release), "v1")
    go_on, reached = threading.Event(), threading.Event()
    hub.fail(f"GET .*/resolve/.*{MANIFEST}", Hold(go_on, reached, handled=True), times=1)
    messages: list[str] = []

    def pull() -> None:
        messages.append(complaint(HubError, lambda: IndexRepo(NAME).pull(published)))

    puller = threading.Thread(target=pull)
    puller.start()
    assert reached.wait(30)
    hub.fail("HEAD", Status(404, "RepoNotFound"))
    go_on.set()
    puller.join(30)
    assert len(messages) == 1
    assert "does not exist" in messages[0]
    hub.clear()
    assert files_of(IndexRepo(NAME).pull(published)) == files_of(release)


def test_nothing_can_be_pulled_from_a_hub_out_of_reach(
    hub: LoopbackHub, hasty: None, release: Path
) -> None:
    published = put(hub, files_of(release), "v1")
    hub.stop()
    message = complaint(HubError, lambda: IndexRepo(NAME).pull(published))
    assert message.startswith(f"The Hub cannot be used for {NAME}: ")
    assert "refused" in message


def test_a_damaged_cache_without_the_hub_to_mend_it_is_the_hubs_absence(
    hub: LoopbackHub, release: Path
) -> None:
    published = put(hub, files_of(release), "v1")
    damaged = IndexRepo(NAME).pull(published) / "vectors/text.npy"
    damaged.resolve().write_bytes(flipped(damaged.read_bytes()))
    hub.stop()
    message = complaint(HubError, lambda: IndexRepo(NAME).pull(published))
    assert message.startswith(f"The Hub cannot be used for {NAME}: ")
    assert "refused" in message
    hub.start()
    assert files_of(IndexRepo(NAME).pull(published)) == files_of(release)


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Have every write beyond so many bytes of a file fail, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_an_error_and_no_damage(hub: LoopbackHub, release: Path) -> None:
    published = put(hub, files_of(release), "v1")
    with room_for(100_000):
        message = complaint(HubError, lambda: IndexRepo(NAME).pull(published))
    assert "File too large" in message
    assert files_of(IndexRepo(NAME).pull(published)) == files_of(release)


def test_offline_what_is_in_the_cache_is_opened(
    hub: LoopbackHub, release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = put(hub, files_of(release), "v1")
    repo = IndexRepo(NAME)
    folder = repo.pull(published)
    hub.requests.clear()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert repo.pull(published) == folder
    assert "offline mode" in complaint(HubError, repo.newest)
    assert hub.requests == []


def test_offline_what_is_not_in_the_cache_cannot_be_had(
    hub: LoopbackHub, release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = put(hub, files_of(release), "v1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    message = complaint(HubError, lambda: IndexRepo(NAME).pull(published))
    assert message.startswith(f"The Hub cannot be used for {NAME}: ")
    assert "offline mode" in message
    assert hub.requests == []


def test_the_snapshot_pulled_last_is_the_first_in_the_cache(
    hub: LoopbackHub, release: Path, changed: Path
) -> None:
    repo = IndexRepo(NAME)
    assert repo.cached() == []
    old, new = put(hub, files_of(release), "v1"), put(hub, files_of(changed), "v2")
    first, second = repo.pull(old), repo.pull(new)
    assert repo.cached() == [second, first]
    assert repo.pull(old) == first
    assert repo.cached() == [first, second]
    assert IndexRepo("someone/else").cached() == []


def downloads(hub: LoopbackHub) -> list[str]:
    """The files whose bytes were sent, the manifest aside."""
    bodies = [request for request in hub.requests if request.method == "GET" and request.sent]
    names = [each.path.partition("?")[0].partition("/resolve/")[2] for each in bodies]
    return [name.partition("/")[2] for name in names if name and not name.endswith(MANIFEST)]


def test_a_complete_release_is_downloaded_once_however_malformed(
    hub: LoopbackHub, release_copy: Path
) -> None:
    (release_copy / "shoppers.parquet").write_bytes(b"no table")
    reseal(release_copy)
    published = put(hub, files_of(release_copy), "v1")
    folder = IndexRepo(NAME).pull(published)
    assert downloads(hub).count("shoppers.parquet") == 1
    complaint(ReleaseError, lambda: open_release(folder))


def test_the_newest_tags_are_followed_down_to_a_bound(hub: LoopbackHub) -> None:
    tagged = [put(hub, {"notes.txt": str(n).encode()}, f"v{n}") for n in range(TRIED_TAGS + 2)]
    repo = IndexRepo(NAME)
    assert repo.versions() == tagged[:1:-1]
    assert repo.newest() == tagged[-1]
    assert IndexRepo(NAME, "v1").versions() == [tagged[1]]


def test_removed_snapshots_free_what_only_they_have(
    hub: LoopbackHub, release: Path, changed: Path
) -> None:
    repo, other = IndexRepo(NAME), IndexRepo("someone/else")
    old, new = put(hub, files_of(release), "v1"), put(hub, files_of(changed), "v2")
    third = hub.commit("someone/else", files_of(release), tag="v1")
    other.pull(PublishedVersion("v1", third))
    first, second = repo.pull(old), repo.pull(new)
    only_first = (first / "vectors/text.npy").resolve()
    assert repo.snapshots() == {old.commit, new.commit}
    repo.remove({old.commit, "f" * 40})
    assert repo.snapshots() == {new.commit}
    assert not only_first.exists()
    assert open_release(second).manifest == read_manifest(changed)
    assert other.snapshots() == {third}


def test_an_open_release_survives_the_removal_of_its_snapshot(
    hub: LoopbackHub, release: Path
) -> None:
    published = put(hub, files_of(release), "v1")
    opened = open_release(IndexRepo(NAME).pull(published))
    with_photo = int(np.flatnonzero(opened.with_photo)[0])
    known = opened.photo(with_photo)
    IndexRepo(NAME).remove({published.commit})
    assert opened.photo(with_photo) == known
    assert IndexRepo(NAME).cached() == []


ROUND_TRIP = """
import logging, sys
from pathlib import Path
logging.basicConfig(level=logging.DEBUG)
from recsys.release.hub import IndexRepo, Visibility, publish
from recsys.release.reader import open_release
published = publish(Path(sys.argv[1]), sys.argv[2], Visibility())
print("pulled", open_release(IndexRepo(sys.argv[2]).pull(published)).manifest.articles)
"""


@pytest.mark.exhaustive
def test_no_log_at_any_level_has_the_token_or_a_signature(
    hub: LoopbackHub, release: Path, tmp_path: Path
) -> None:
    hub.fail("/cdn/.*articles.parquet", Truncated(), times=1)
    own = {"HF_HOME": str(tmp_path), "HF_DEBUG": "1", "HF_HUB_VERBOSITY": "debug"}
    result = subprocess.run(
        [sys.executable, "-c", ROUND_TRIP, str(release), NAME],
        env=os.environ | hub.environment | own,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "pulled 60" in result.stdout, result.stderr
    output = result.stdout + result.stderr
    oid = hashlib.sha256((release / "vectors/text.npy").read_bytes()).hexdigest()
    assert f"PUT {hub.endpoint}/datasets/{NAME}.git/info/lfs/objects/{oid}?…" in output
    assert f"/cdn/datasets/{NAME}/resolve/" in output
    assert "Trying to resume download" in output
    assert TOKEN not in output
    assert hub.signature not in output

"""Pushes as they happen: killed at every step, two at once, and from the command line."""

import copy
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

import pytest
from building import build, read_table, write_table
from faults import Answer, Fault, Hold
from loopback import LoopbackHub

import build_index
from recsys.pipeline.build import Options
from recsys.release.hub import IndexRepo, PublishedVersion, Visibility, publish
from recsys.release.manifest import read_manifest

NAME = "me/index"
SCRIPT = Path(build_index.__file__)


class Kill(Fault):
    """Kills the client at its ``at``-th request: before it is handled, or after."""

    def __init__(self, at: int, handled: bool) -> None:
        self.at, self.handled = at, handled
        self.pid = 0
        self._seen, self._counting = 0, threading.Lock()

    def __call__(self, proceed: Callable[[], Answer]) -> Answer:
        with self._counting:
            self._seen += 1
            due = self._seen == self.at
        if not due:
            return proceed()
        if self.handled:
            proceed()
        os.kill(self.pid, signal.SIGKILL)
        return Answer(cut=True)


def push(folder: Path) -> None:
    publish(folder, NAME, Visibility())


def push_and_kill(hub: LoopbackHub, folder: Path, kill: Kill) -> int | None:
    """Push from a process of its own that is killed on the way; return its exit code."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["recsys.release.hub"])
    ready, go = context.Pipe(duplex=False)
    process = context.Process(target=wait_and_push, args=(ready, folder))
    process.start()
    kill.pid = process.pid or 0
    hub.fail(".*", kill)
    go.send("go")
    process.join()
    hub.clear()
    return process.exitcode


def wait_and_push(ready, folder: Path) -> None:
    ready.recv()
    push(folder)


@pytest.mark.parametrize("handled", [False, True], ids=["before", "after"])
def test_a_push_killed_at_any_of_its_requests_leaves_a_whole_release_published(
    hub: LoopbackHub, small_folder: Path, small_built: Path, small_copy: Path, handled: bool
) -> None:
    newer = small_copy
    build(small_folder, newer, Options(limit=50))
    old = publish(small_built / "release", NAME, Visibility())
    before = copy.deepcopy(hub.repos)
    hub.requests.clear()
    push(newer)
    requests = len(hub.requests)
    checksums = {read_manifest(each).checksum for each in (small_built / "release", newer)}
    seen = set()
    for at in range(1, requests + 1):
        hub.repos = copy.deepcopy(before)
        exit_code = push_and_kill(hub, newer, Kill(at, handled))
        assert exit_code == -signal.SIGKILL
        repo = IndexRepo(NAME)
        served = repo.pull(repo.newest()).manifest.checksum
        assert served in checksums
        seen.add(served)
        push(newer)
        assert repo.newest().commit != old.commit
        assert repo.pull(repo.newest()).manifest.checksum == read_manifest(newer).checksum
    assert requests >= 30
    assert seen == (checksums if handled else checksums - {read_manifest(newer).checksum})


def command(folder: Path, *options: str) -> list[str]:
    """The command that builds the small catalogue's release again and pushes it."""
    data, out = str(folder / "shop"), str(folder / "release")
    return [sys.executable, str(SCRIPT), "--data", data, "--out", out, "--push-to", NAME, *options]


@pytest.fixture
def shop(small_folder: Path, small_copy: Path) -> Path:
    """A folder with a catalogue `shop`, its `release` and the workspace of its build."""
    shutil.copytree(small_folder, small_copy.with_name("shop"))
    return small_copy.parent


def test_the_command_pushes_and_says_where(hub: LoopbackHub, shop: Path) -> None:
    done = subprocess.run(command(shop, "--tag", "spring"), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    revision = IndexRepo(NAME).newest()
    assert revision.name == "spring"
    assert done.stdout.splitlines()[-1] == f"Published as {NAME} {revision}"
    assert hub.repo(NAME).private


def test_of_two_commands_at_once_one_wins_and_one_is_told(
    hub: LoopbackHub, shop: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(shop, other)
    table = read_table(other / "shop" / "articles.csv")
    table.loc[0, "detail_desc"] += " Now in a gift box."
    write_table(other / "shop" / "articles.csv", table)
    released, reached = threading.Event(), threading.Event()
    hub.fail("POST .*/commit/main", Hold(released, reached), times=2)
    pushes = [
        subprocess.Popen(command(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for folder in (shop, other)
    ]
    while sum("/commit/main" in request.path for request in hub.requests) < 2:
        reached.wait(0.1)
    released.set()
    outputs = [process.communicate() for process in pushes]
    codes = [process.returncode for process in pushes]
    assert sorted(codes) == [0, 1]
    loser = outputs[codes.index(1)][1].splitlines()[-1]
    assert loser.startswith(f"build_index.py: Somebody else published to {NAME}")
    winner = (shop, other)[codes.index(0)]
    repo = IndexRepo(NAME)
    assert repo.pull(repo.newest()).manifest == read_manifest(winner / "release")


def refusal(hub: LoopbackHub, arguments: list[str]) -> str:
    """Return the one line with which a command ends that asks the Hub for nothing."""
    done = subprocess.run(arguments, capture_output=True, text=True)
    assert done.returncode != 0
    assert not hub.requests
    return done.stderr.splitlines()[-1]


def test_an_unmarked_catalogue_is_not_published_openly_nor_even_built(
    hub: LoopbackHub, shop: Path
) -> None:
    (shop / "shop" / "REDISTRIBUTABLE").unlink()
    said = refusal(hub, command(shop, "--public"))
    assert "not marked as redistributable" in said
    assert "--i-have-the-rights" in said


@pytest.mark.parametrize("option", ["--tag=v1", "--public", "--i-have-the-rights"])
def test_options_of_a_push_need_a_push(hub: LoopbackHub, shop: Path, option: str) -> None:
    arguments = [part for part in command(shop, option) if part not in ("--push-to", NAME)]
    assert "go with --push-to" in refusal(hub, arguments)


def test_a_push_that_cannot_reach_the_hub_is_one_line_and_the_release_is_built(
    hub: LoopbackHub, shop: Path
) -> None:
    hub.stop()
    done = subprocess.run(command(shop), capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("build_index.py: The Hub cannot be used")
    assert f"is in {shop / 'release'}" in done.stdout


def test_a_revision_is_written_as_its_name_and_a_short_commit() -> None:
    assert str(PublishedVersion("v1", "0123456789" * 4)) == "v1 (0123456)"
    assert str(PublishedVersion("01" * 20, "01" * 20)) == "01" * 20

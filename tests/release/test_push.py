"""Pushes that are killed, two pushes at once, and pushes from the command line."""

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
from building import edition, read_table, write_table
from faults import Answer, Fault, Hold
from loopback import LoopbackHub

import build_index
from recsys.release.hub import IndexRepo, PublishedVersion, Visibility, publish
from recsys.release.manifest import read_manifest
from recsys.release.reader import open_release

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


@pytest.fixture
def newer(small_built: Path, tmp_path: Path) -> Path:
    """Another release than the small one."""
    return edition(small_built / "release", tmp_path / "newer" / "release", 2)


def check_killed_pushes(
    hub: LoopbackHub, old: Path, newer: Path, handled: bool, exhaustive: bool
) -> None:
    """Kill a push of the newer release at its requests and check what is served afterwards."""
    published = publish(old, NAME, Visibility())
    before = copy.deepcopy(hub.repos)
    hub.requests.clear()
    push(newer)
    paths = [request.path for request in hub.requests]
    assert "PUT" in {request.method for request in hub.requests}
    commit = 1 + next(at for at, path in enumerate(paths) if "/commit/main" in path)
    every = range(1, len(paths) + 1)
    checksums = {read_manifest(each).checksum for each in (old, newer)}
    served = set()
    for at in every if exhaustive else sorted({1, len(paths) // 2, commit, len(paths)}):
        hub.repos = copy.deepcopy(before)
        assert push_and_kill(hub, newer, Kill(at, handled)) == -signal.SIGKILL
        repo = IndexRepo(NAME)
        served.add(open_release(repo.pull(repo.newest())).manifest.checksum)
        push(newer)
        assert repo.newest().commit != published.commit
        assert (
            open_release(repo.pull(repo.newest())).manifest.checksum
            == read_manifest(newer).checksum
        )
    assert served == (checksums if handled else checksums - {read_manifest(newer).checksum})


@pytest.mark.parametrize(
    "handled", [False, pytest.param(True, marks=pytest.mark.exhaustive)], ids=["before", "after"]
)
def test_a_killed_push_leaves_a_complete_release_published(
    hub: LoopbackHub, small_built: Path, newer: Path, handled: bool
) -> None:
    """Killed at the first request, one in the middle, the commit and the last, the tag."""
    check_killed_pushes(hub, small_built / "release", newer, handled, exhaustive=False)


@pytest.mark.exhaustive
@pytest.mark.parametrize("handled", [False, True], ids=["before", "after"])
def test_a_push_killed_at_any_request_leaves_a_complete_release_published(
    hub: LoopbackHub, small_built: Path, newer: Path, handled: bool
) -> None:
    check_killed_pushes(hub, small_built / "release", newer, handled, exhaustive=True)


def arguments(folder: Path, *options: str) -> list[str]:
    """The options that build the small catalogue's release again and push it."""
    data, out = str(folder / "shop"), str(folder / "release")
    return ["--data", data, "--out", out, "--push-to", NAME, *options]


@pytest.fixture
def shop(small_folder: Path, small_copy: Path) -> Path:
    """A folder with a catalogue `shop`, its `release` and the workspace of its build."""
    shutil.copytree(small_folder, small_copy.with_name("shop"))
    return small_copy.parent


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, list[str], list[str]]]:
    """Runs the command line in this process; returns its status and lines of output and errors."""

    def run(*options: str) -> tuple[int, list[str], list[str]]:
        monkeypatch.setattr(sys, "argv", ["build_index.py", *options])
        try:
            status = build_index.main()
        except SystemExit as exited:
            status = int(exited.code or 0)
        output = capsys.readouterr()
        return status, output.out.splitlines(), output.err.splitlines()

    return run


def test_the_command_pushes_and_says_where(hub: LoopbackHub, shop: Path, run) -> None:
    status, output, _ = run(*arguments(shop, "--tag", "spring"))
    assert status == 0
    published = IndexRepo(NAME).newest()
    assert published.name == "spring"
    assert output[-1] == f"Published as {NAME} {published}"
    assert hub.repo(NAME).private


@pytest.mark.exhaustive
def test_of_two_commands_at_once_one_fails_with_an_explanation(
    hub: LoopbackHub, shop: Path, tmp_path: Path
) -> None:
    """`test_of_two_publishers_at_once_the_slower_one_is_refused` is the quick one."""
    other = tmp_path / "other"
    shutil.copytree(shop, other)
    bought = read_table(other / "shop" / "transactions_train.csv")
    write_table(other / "shop" / "transactions_train.csv", bought.assign(price="0.5"))
    released, reached = threading.Event(), threading.Event()
    hub.fail("POST .*/commit/main", Hold(released, reached), times=2)
    pushes = [
        subprocess.Popen(
            [sys.executable, str(SCRIPT), *arguments(folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
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
    assert open_release(repo.pull(repo.newest())).manifest == read_manifest(winner / "release")


def test_an_unmarked_catalogue_is_not_published_openly_nor_even_built(
    hub: LoopbackHub, small_folder: Path, tmp_path: Path, run
) -> None:
    shutil.copytree(small_folder, tmp_path / "shop")
    (tmp_path / "shop" / "REDISTRIBUTABLE").unlink()
    status, output, errors = run(*arguments(tmp_path, "--public"))
    assert (status, output) == (1, [])
    assert "not marked as redistributable" in errors[-1]
    assert "--i-have-the-rights" in errors[-1]
    assert not (tmp_path / "release").exists()
    assert not hub.requests


@pytest.mark.parametrize("option", ["--tag=v1", "--public", "--i-have-the-rights"])
def test_options_of_a_push_need_a_push(hub: LoopbackHub, tmp_path: Path, option: str, run) -> None:
    options = [part for part in arguments(tmp_path, option) if part not in ("--push-to", NAME)]
    status, _, errors = run(*options)
    assert status == 2
    assert "go with --push-to" in errors[-1]
    assert not hub.requests


def test_a_push_that_cannot_reach_the_hub_is_one_line_and_the_release_is_built(
    hub: LoopbackHub, shop: Path, run
) -> None:
    hub.stop()
    status, output, errors = run(*arguments(shop))
    assert status == 1
    assert errors[-1].startswith("build_index.py: The Hub cannot be used")
    assert f"is in {shop / 'release'}" in output[-1]


def test_a_published_version_is_written_as_its_name_and_a_short_commit() -> None:
    assert str(PublishedVersion("v1", "0123456789" * 4)) == "v1 (0123456)"
    assert str(PublishedVersion("01" * 20, "01" * 20)) == "01" * 20

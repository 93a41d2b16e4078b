"""Uploaded files are deleted after a while, and all of them when the server stops."""

import asyncio
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from recsys.web import uploads
from recsys.web.uploads import sweep, sweeping, uploads_folder


def upload(folder: Path, name: str, age: float = 0) -> Path:
    """Write a file where Gradio does: in a folder named by its content."""
    path = folder / name.replace(".", "-") / name
    path.parent.mkdir(parents=True)
    path.write_bytes(b"picture")
    os.utime(path, (time.time() - age,) * 2)
    return path


def test_old_uploads_go_with_their_folders_and_new_ones_stay(tmp_path):
    old, new = upload(tmp_path, "old.jpg", age=60), upload(tmp_path, "new.jpg")
    sweep(tmp_path, time.time() - 30)
    assert new.exists()
    assert not old.parent.exists()


def test_a_folder_that_is_gone_is_no_trouble(tmp_path):
    sweep(tmp_path / "nothing", time.time())


def test_the_folder_is_this_process_s_own_and_gradio_knows_it():
    from gradio.utils import get_upload_folder

    folder = uploads_folder()
    assert folder == uploads_folder()
    assert get_upload_folder() == str(folder)


def survivors(folder: Path) -> list[bool]:
    """Run a server until the old of two uploads is gone; return which of them still exist."""
    paths = [upload(folder, "old.jpg", age=60), upload(folder, "new.jpg")]

    async def live() -> list[bool]:
        async with sweeping(folder)(None):
            while paths[0].exists():
                await asyncio.sleep(0.01)
            return [path.exists() for path in paths]

    # The browser of other tests has a loop of its own in this thread.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, asyncio.wait_for(live(), 30)).result()


def test_a_server_sweeps_while_it_lives_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "SWEEP_SECONDS", 0.05)
    folder = tmp_path / "uploads"
    assert survivors(folder) == [False, True]
    assert not folder.exists()


def test_a_sweep_that_fails_is_not_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gradio's own sweeper ends with its first error; this one must go on."""
    monkeypatch.setattr(uploads, "SWEEP_SECONDS", 0.05)
    calls = []

    def failing(folder: Path, before: float) -> None:
        calls.append(folder)
        if len(calls) == 1:
            raise OSError("disk error")
        sweep(folder, before)

    monkeypatch.setattr(uploads, "sweep", failing)
    assert survivors(tmp_path / "uploads") == [False, True]

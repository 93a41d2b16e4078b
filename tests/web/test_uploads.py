"""Uploaded files are bounded, deleted after a while, and all gone after the next start."""

import asyncio
import base64
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from browsing import RunningApp
from PIL import Image
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from recsys.web import uploads
from recsys.web.uploads import (
    FOLDER_PREFIX,
    NO_ROOM,
    UploadBudget,
    make_folder,
    remove_abandoned,
    sweep,
    sweeping,
    uploads_folder,
)


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
    assert folder is uploads_folder()
    assert get_upload_folder() == str(folder.files)


HOLDER = """
import sys, time
from pathlib import Path
from recsys.web.uploads import make_folder
folder = make_folder(Path(sys.argv[1]))
(folder.files / "photo.jpg").write_bytes(b"picture")
print(folder.files.parent, flush=True)
time.sleep(60)
"""


@contextmanager
def holding(parent: Path) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    """Run a process that has a folder with an upload in it."""
    command = [sys.executable, "-c", HOLDER, str(parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield Path(process.stdout.readline().strip()), process
        finally:
            process.kill()


def test_the_folder_of_a_killed_process_is_deleted_and_that_of_a_living_one_is_not(
    tmp_path: Path,
) -> None:
    with holding(tmp_path) as (folder, process):
        remove_abandoned(tmp_path)
        assert (folder / "files" / "photo.jpg").exists()
        process.kill()
        process.wait()
        remove_abandoned(tmp_path)
        assert list(tmp_path.iterdir()) == []


def test_what_is_not_ours_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link, a folder without a lock, a file, another name, and another user's folder."""
    target = make_folder(tmp_path)
    target.lock.release()
    kept = target.files.parent.rename(tmp_path / "kept")
    (tmp_path / f"{FOLDER_PREFIX}link").symlink_to(kept)
    (tmp_path / f"{FOLDER_PREFIX}plain").mkdir()
    (tmp_path / f"{FOLDER_PREFIX}file").write_text("x")
    before = sorted(tmp_path.rglob("*"))
    remove_abandoned(tmp_path)
    assert sorted(tmp_path.rglob("*")) == before
    abandoned = make_folder(tmp_path)
    abandoned.lock.release()
    monkeypatch.setattr(os, "getuid", lambda: -5)
    remove_abandoned(tmp_path)
    assert abandoned.files.exists()
    monkeypatch.undo()
    remove_abandoned(tmp_path)
    assert not abandoned.files.exists()


def photo_of_a_visitor() -> bytes:
    out = io.BytesIO()
    Image.effect_noise((200, 300), 60).convert("RGB").save(out, "JPEG")
    return out.getvalue()


def files_with(data: bytes, folder: Path) -> list[Path]:
    """Files below a folder that contain some bytes."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path for path in files if data in path.read_bytes()]


def agent_asks(address: str, photo: bytes) -> None:
    """Ask over MCP with a photo as a ``data:`` address."""
    given = f"data:image/jpeg;base64,{base64.b64encode(photo).decode()}"
    call = {"name": "similar_to_photo", "arguments": {"photo": given}}
    httpx.post(
        f"{address}gradio_api/mcp/",
        json={"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call},
        headers={"Accept": "application/json, text/event-stream"},
        timeout=60,
    ).raise_for_status()


@pytest.mark.attack
def test_no_photo_is_on_the_disk_after_the_app_was_killed_and_another_started(
    small_built: Path, tmp_path: Path
) -> None:
    """Photos of visitors, of programs and of agents, wherever Gradio writes them."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    settings = {"RELEASE": str(small_built / "release"), "TMPDIR": str(temporary)}
    running = RunningApp(tmp_path, **settings)
    try:
        running.wait()
        uploaded, sent = photo_of_a_visitor(), photo_of_a_visitor()
        upload_form(running.address, {"files": ("photo.jpg", uploaded)}).raise_for_status()
        agent_asks(running.address, sent)
        elsewhere = Path(tempfile.gettempdir()) / "gradio"
        assert files_with(sent, elsewhere) == []
        assert files_with(uploaded, temporary)
        assert files_with(sent, temporary)
    finally:
        running.stop()
    assert files_with(uploaded, temporary)
    remove_abandoned(temporary)
    assert files_with(uploaded, tmp_path) == files_with(sent, tmp_path) == []


def upload_form(address: str, files: dict[str, tuple[str, bytes]]) -> httpx.Response:
    return httpx.post(f"{address}gradio_api/upload", files=files, timeout=30)


class Disk:
    """An app that writes what it is sent, a clock, and a client that sends."""

    def __init__(self) -> None:
        self.now, self.written = 0.0, 0
        self.budget = UploadBudget(self.app, lambda: self.now)

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        while (message := await receive())["more_body"]:
            self.written += len(message["body"])

    def send(self, client: str, chunks: list[bytes], path: str = "/gradio_api/upload") -> str:
        """Send chunks; return why they were refused, empty if they were not."""
        bodies = iter(chunks)

        async def receive() -> Message:
            body = next(bodies, None)
            return {"type": "http.request", "body": body or b"", "more_body": body is not None}

        async def nothing(message: Message) -> None:
            pass

        scope: Scope = {"type": "http", "path": path, "client": (client, 0)}
        # The browser of other tests has a loop of its own in this thread.
        with ThreadPoolExecutor(1) as thread:
            sent = thread.submit(asyncio.run, self.budget(scope, receive, nothing))  # type: ignore[arg-type]
        error = sent.exception()
        if error is None:
            return ""
        assert isinstance(error, HTTPException)
        assert error.status_code == 429
        return error.detail


FILE = b'form-data; name="files"; filename="a.jpg"'


def test_a_client_has_a_share_of_the_disk_and_gets_it_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "CLIENT_BYTES", 100)
    monkeypatch.setattr(uploads, "MOST_UPLOADED", 250)
    disk = Disk()
    assert disk.send("one", [bytes(40), bytes(40)]) == ""
    assert disk.send("one", [bytes(30)]) == NO_ROOM
    assert disk.send("two", [bytes(100)]) == ""
    assert disk.send("three", [bytes(100)]) == NO_ROOM  # In all there would be more than 250.
    assert disk.send("three", [bytes(70)]) == ""
    assert disk.send("four", [bytes(1000)], path="/gradio_api/info") == ""
    disk.now = uploads.UPLOAD_SECONDS + 2 * uploads.SWEEP_SECONDS
    assert disk.send("one", [bytes(100)]) == ""


def test_bytes_are_refused_while_they_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "CLIENT_BYTES", 100)
    disk = Disk()
    assert disk.send("one", [bytes(60)] * 1000) == NO_ROOM
    assert disk.written == 60


@pytest.mark.parametrize("cut", [0, 33])
def test_many_small_files_count_as_what_they_take_on_the_disk(
    cut: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "CLIENT_BYTES", 3 * uploads.FILE_BYTES)
    assert Disk().send("one", [FILE[:cut], FILE[cut:]] * 2) == ""
    assert Disk().send("one", [FILE[:cut], FILE[cut:]] * 3) == NO_ROOM


def test_a_program_reads_why_its_photo_was_refused(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "CLIENT_BYTES", 1000)
    files = {"files": ("photo.jpg", photo_of_a_visitor())}
    refused = upload_form(server, files)
    assert (refused.status_code, refused.json()) == (429, {"detail": NO_ROOM})
    assert refused.headers["retry-after"] == "60"


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

"""Bounds the bytes of uploaded files, and deletes the files after some seconds.

Uploads lie in a folder of their own, which is swept regularly. Gradio's own clean-up
(``delete_cache``) stops for good when a file arrives while it runs. The folder of a process that
was killed is deleted when the next one starts.
"""

import asyncio
import atexit
import ctypes
import logging
import os
import shutil
import stat
import tempfile
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from filelock import FileLock, Timeout
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from recsys.web.bodies import MEGABYTE

logger = logging.getLogger(__name__)

UPLOAD_SECONDS = 30
"""Files older than this are deleted. An upload is read within seconds of its arrival, or never."""

SWEEP_SECONDS = 10
"""Time between two sweeps: an upload lives 40 s at most."""


FOLDER_PREFIX = "more-like-this-uploads-"
"""Start of the names of folders for uploads, in the system's folder for temporary files."""

MOST_UPLOADED = 256 * MEGABYTE
"""Bytes of uploads on the disk at a time: a disk or memory disk of any server has them."""

CLIENT_BYTES = MOST_UPLOADED // 4
"""Those of one client: 20 photos of a phone within the 40 s that uploads live."""

FILE_BYTES = 8192
"""What a file takes on the disk beside its content: up to a block of it and one for its folder."""

CHARGED_PATHS = ("/gradio_api/upload", "/gradio_api/mcp")
"""Requests that Gradio writes files from: forms, and photos of agents as ``data:`` addresses."""

FILE_HEADER = b"filename"
"""A part of a form is a file if this is in its header."""

NO_ROOM = "Too many photos are arriving just now. Try again in a minute."


@dataclass(frozen=True)
class UploadsFolder:
    """A folder for uploads.

    Attributes:
        files: the folder that the files are in.
        lock: held by the process that uses the folder; the system releases it when that ends.
    """

    files: Path
    lock: FileLock


@cache
def uploads_folder() -> UploadsFolder:
    """Return this process's folder for uploads, and make Gradio use it for later pages.

    Folders that processes have left behind are deleted.
    """
    temporary = Path(tempfile.gettempdir())
    remove_abandoned(temporary)
    made = make_folder(temporary)
    # Gradio reads the folder from the environment only.
    os.environ["GRADIO_TEMP_DIR"] = str(made.files)
    atexit.register(shutil.rmtree, made.files.parent, ignore_errors=True)
    return made


def make_folder(parent: Path) -> UploadsFolder:
    """Make a folder for uploads that no other process deletes while this one runs."""
    new = Path(tempfile.mkdtemp(prefix=".more-like-this-", dir=parent))
    (new / "files").mkdir()
    lock = FileLock(new / "lock", blocking=False)
    lock.acquire()
    # It gets its name with the lock held, so that nobody takes it for an abandoned one.
    folder = new.rename(parent / f"{FOLDER_PREFIX}{new.name.rpartition('-')[2]}")
    return UploadsFolder(folder / "files", lock)


def remove_abandoned(parent: Path) -> None:
    """Delete the folders for uploads that processes of this user have left behind."""
    for folder in parent.glob(f"{FOLDER_PREFIX}*"):
        with suppress(Timeout, OSError):
            if _is_ours(folder):
                with FileLock(folder / "lock", blocking=False):
                    shutil.rmtree(folder, ignore_errors=True)


def _is_ours(folder: Path) -> bool:
    """Whether this user made a folder for uploads; of a link never."""
    found = folder.lstat()
    owner = os.getuid() if hasattr(os, "getuid") else found.st_uid
    return stat.S_ISDIR(found.st_mode) and found.st_uid == owner and (folder / "lock").is_file()


class UploadBudget:
    """ASGI middleware that bounds the bytes of uploads on the disk, in all and for each client.

    Bytes are counted while they arrive. They are free again when the file has surely been deleted.

    Args:
        app: the application.
        clock: the time in seconds.
    """

    def __init__(self, app: ASGIApp, clock: Callable[[], float] = time.monotonic) -> None:
        self.app, self.clock = app, clock
        self._used: Counter[str] = Counter()
        self._until: deque[tuple[float, str, int]] = deque()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; one that sends more than there is room for with 429."""
        if scope["type"] != "http" or not scope["path"].startswith(CHARGED_PATHS):
            return await self.app(scope, receive, send)
        client, spent, last = scope["client"][0], 0, b""

        async def counted() -> Message:
            nonlocal spent, last
            message = await receive()
            body = message.get("body", b"")
            # The end of the chunk before may have the start of a file's header.
            files = (last + body).lower().count(FILE_HEADER)
            last = body[1 - len(FILE_HEADER) :]
            self.take(client, len(body) + files * FILE_BYTES)
            spent += len(body) + files * FILE_BYTES
            return message

        try:
            await self.app(scope, counted, send)
        finally:
            self._until.append((self.clock() + UPLOAD_SECONDS + 2 * SWEEP_SECONDS, client, spent))

    def take(self, client: str, count: int) -> None:
        """Count bytes of a client.

        Raises:
            HTTPException: there is no room for them.
        """
        while self._until and self._until[0][0] <= self.clock():
            _, owner, freed = self._until.popleft()
            self._used -= Counter({owner: freed})  # Without the clients that have none left.
        if self._used[client] + count > CLIENT_BYTES or self._used.total() + count > MOST_UPLOADED:
            raise HTTPException(429, NO_ROOM, {"Retry-After": "60"})
        self._used[client] += count


def sweep(folder: Path, before: float) -> None:
    """Delete the files that were last written before a time, in seconds since 1970."""
    removed = 0
    for path in sorted(folder.rglob("*"), reverse=True):
        try:
            if path.is_dir():
                path.rmdir()
            elif path.stat().st_mtime < before:
                path.unlink()
                removed += 1
        except OSError:
            continue  # A folder that is not empty, or a file that is gone already.
    if removed:
        _release_memory()


def _release_memory() -> None:
    """Return free memory to the system. glibc otherwise keeps the fragments."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim:
        trim(0)


def sweeping(folder: Path) -> Callable[[object], AbstractAsyncContextManager[None]]:
    """Return a server's lifespan that sweeps a folder, and deletes it when the server stops."""

    async def sweep_regularly() -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                await asyncio.to_thread(sweep, folder, time.time() - UPLOAD_SECONDS)
            except OSError as error:
                logger.warning("Old uploads could not be removed: %s", error)

    @asynccontextmanager
    async def lifespan(app: object) -> AsyncIterator[None]:
        task = asyncio.create_task(sweep_regularly())
        try:
            yield
        finally:
            task.cancel()
            shutil.rmtree(folder, ignore_errors=True)

    return lifespan

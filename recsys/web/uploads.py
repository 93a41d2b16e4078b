"""Uploads are not kept: neither their files nor the memory that reading them took.

They lie in a folder of their own, which is emptied again and again. Gradio's own clean-up ends for
good when a file comes while it runs.
"""

import asyncio
import ctypes
import logging
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cache
from pathlib import Path

logger = logging.getLogger(__name__)

KEPT_SECONDS = 30
"""An upload is read within seconds of its arrival, or never."""

SWEEP_SECONDS = 10


@cache
def uploads_folder() -> Path:
    """Return this process's folder for uploads, and make Gradio use it in the pages to come."""
    folder = Path(tempfile.mkdtemp(prefix="more-like-this-"))
    # Gradio has no other way to be told.
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    return folder


def sweep(folder: Path, before: float) -> None:
    """Remove all files that were last written before a time, in seconds since 1970."""
    removed = 0
    for path in sorted(folder.rglob("*"), reverse=True):
        try:
            if path.is_dir():
                path.rmdir()
            elif path.stat().st_mtime < before:
                path.unlink()
                removed += 1
        except OSError:
            continue  # A folder with files in it, or a file that has gone meanwhile.
    if removed:
        _give_memory_back()


def _give_memory_back() -> None:
    """Return free memory to the system, which the C library otherwise keeps in pieces."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim:
        trim(0)


def sweeping(folder: Path) -> Callable[[object], AbstractAsyncContextManager[None]]:
    """Return a server's lifespan: while it lives, uploads are swept; with it, they all go."""

    async def sweep_on() -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                await asyncio.to_thread(sweep, folder, time.time() - KEPT_SECONDS)
            except OSError as error:
                logger.warning("Old uploads could not be removed: %s", error)

    @asynccontextmanager
    async def lifespan(app: object) -> AsyncIterator[None]:
        task = asyncio.create_task(sweep_on())
        try:
            yield
        finally:
            task.cancel()
            shutil.rmtree(folder, ignore_errors=True)

    return lifespan

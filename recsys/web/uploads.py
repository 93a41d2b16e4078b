"""Deletes uploaded files after some seconds, and returns the memory that reading them took.

Uploads lie in a folder of their own, which is swept regularly. Gradio's own clean-up
(``delete_cache``) stops for good when a file arrives while it runs.
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
"""Files older than this are deleted. An upload is read within seconds of its arrival, or never."""

SWEEP_SECONDS = 10
"""Time between two sweeps: an upload lives 40 s at most."""


@cache
def uploads_folder() -> Path:
    """Return this process's folder for uploads, and make Gradio use it for later pages."""
    folder = Path(tempfile.mkdtemp(prefix="more-like-this-"))
    # Gradio reads the folder from the environment only.
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    return folder


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
    """Return a server's lifespan that sweeps the folder, and deletes it when the server stops."""

    async def sweep_regularly() -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                await asyncio.to_thread(sweep, folder, time.time() - KEPT_SECONDS)
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

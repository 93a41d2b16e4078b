"""A file held open: its content can be read even if another file takes its name."""

import io
import os
import threading
import weakref
from pathlib import Path


class HeldFile:
    """A file that stays open as long as this object. Safe to share between threads.

    It is not mapped into memory: reading a map of a file that became shorter ends the process.

    Raises:
        OSError: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        weakref.finalize(self, os.close, self._descriptor)
        self._lock = threading.Lock()
        self._opened = self._state()

    @property
    def size(self) -> int:
        """Its size in bytes when it was opened."""
        return self._opened[0]

    @property
    def unchanged(self) -> bool:
        """Whether nobody wrote into the file since it was opened; renaming it does not count."""
        return self._state() == self._opened

    def reader(self) -> io.BufferedReader:
        """Return a binary file with a position of its own."""
        return io.BufferedReader(_Reader(self))

    def read_at(self, position: int, count: int) -> bytes:
        """Return up to ``count`` bytes from a position on."""
        with self._lock:
            os.lseek(self._descriptor, position, os.SEEK_SET)
            return os.read(self._descriptor, count)

    def _state(self) -> tuple[int, int]:
        state = os.fstat(self._descriptor)
        return state.st_size, state.st_mtime_ns


class _Reader(io.RawIOBase):
    """Reads a held file from a position of its own."""

    def __init__(self, file: HeldFile) -> None:
        self._file, self._position = file, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._file.size}[whence]
        self._position = max(start + offset, 0)
        return self._position

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]  # io gives these
        found = self._file.read_at(self._position, len(buffer))
        buffer[: len(found)] = found
        self._position += len(found)
        return len(found)

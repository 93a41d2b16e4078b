"""The workspace of a build: finished stages, kept under a key of their inputs; and their timing.

Everything is written under a temporary name and renamed when it is complete: a killed build leaves
nothing that looks finished.
"""

import os
import resource
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, ParamSpec, TypeVar

import numpy as np
from tqdm import tqdm

from recsys.vectors import Float32

T = TypeVar("T")
P = ParamSpec("P")

CHUNK = 1024
"""Vectors in a file of a `VectorStore`; a killed build loses at most as many encodings."""


@dataclass(frozen=True)
class Finished(Generic[T]):
    """The result of a stage.

    Attributes:
        result: what the stage makes.
        rows: how many rows it worked on; 0 if the result was kept from an earlier build.
    """

    result: T
    rows: int


@dataclass(frozen=True)
class Stage:
    """The cost of a stage: rows worked on, seconds, and the process's peak memory after it."""

    name: str
    rows: int
    seconds: float
    peak_bytes: int


class Stopwatch:
    """Runs stages and measures them.

    Attributes:
        stages: the stages so far.
    """

    def __init__(self) -> None:
        self.stages: list[Stage] = []

    def run(
        self, name: str, stage: Callable[P, Finished[T]], *args: P.args, **options: P.kwargs
    ) -> T:
        """Run ``stage`` with the arguments and return its result."""
        started = time.monotonic()
        finished = stage(*args, **options)
        seconds = time.monotonic() - started
        self.stages.append(Stage(name, finished.rows, seconds, _peak_bytes()))
        return finished.result


def _peak_bytes() -> int:
    """Return the peak memory of this process; Linux counts in KiB, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def workspace_folder(out: Path) -> Path:
    """Return the folder of the workspace for builds of the release at ``out``."""
    return out.with_name(out.name + ".cache")


@dataclass(frozen=True)
class Kept:
    """A folder of a workspace, and whether it was made just now."""

    folder: Path
    fresh: bool


class Workspace:
    """A folder that keeps the finished stages of builds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def once(self, stage: str, key: str, make: Callable[[Path], None]) -> Kept:
        """Return the folder of a finished stage; ``make`` fills it if it does not exist."""
        finished = self.folder / stage / key
        if finished.is_dir():
            return Kept(finished, fresh=False)
        partial = finished.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        make(partial)
        os.replace(partial, finished)
        return Kept(finished, fresh=True)

    def vectors(self, stage: str, encoder: str) -> "VectorStore":
        """Open the store of the vectors from the encoder with this `encoder_key`."""
        return VectorStore(self.folder / stage / encoder, stage)


class VectorStore:
    """Vectors by the key of the encoded item: a folder of chunks, to which more are added."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        folder.mkdir(parents=True, exist_ok=True)
        self._row: dict[str, int] = {}
        self._vectors: list[Float32] = []
        self._chunks = 0
        for path in sorted(folder.glob("*.npz")):
            with np.load(path, allow_pickle=False) as chunk:
                self._remember(chunk["keys"].tolist(), chunk["vectors"])

    def encode(
        self, keys: Sequence[str], encode: Callable[[Sequence[int]], Float32]
    ) -> Finished[Float32]:
        """Return the vectors of ``keys``, float32 [keys, dim]; only new ones are encoded.

        Args:
            keys: one for each item; equal keys stand for equal items.
            encode: returns float32 [n, dim] for positions in ``keys``.
        """
        first = {key: position for position, key in reversed(list(enumerate(keys)))}
        new = sorted(position for key, position in first.items() if key not in self._row)
        with tqdm(total=len(new), desc=self.name, unit="item", disable=not new) as bar:
            for start in range(0, len(new), CHUNK):
                chunk = new[start : start + CHUNK]
                self._append([keys[position] for position in chunk], encode(chunk))
                bar.update(len(chunk))
        if not keys:
            return Finished(np.empty((0, 1), np.float32), 0)
        rows = np.fromiter((self._row[key] for key in keys), np.int64, len(keys))
        return Finished(np.concatenate(self._vectors)[rows], len(new))

    def _append(self, keys: list[str], vectors: Float32) -> None:
        path = self.folder / f"{self._chunks:06d}.npz"
        partial = path.with_suffix(".partial")
        with partial.open("wb") as file:
            np.savez(file, keys=np.array(keys), vectors=vectors)
        os.replace(partial, path)
        self._remember(keys, vectors)

    def _remember(self, keys: list[str], vectors: Float32) -> None:
        self._row.update(zip(keys, range(len(self._row), len(self._row) + len(keys)), strict=True))
        self._vectors.append(vectors)
        self._chunks += 1

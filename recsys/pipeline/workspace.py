"""What a build has finished, kept by content, so that it is never done twice.

Everything is written under a temporary name and renamed when complete: a build that is killed
leaves nothing that looks finished.
"""

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from recsys.vectors import Float32

CHUNK = 1024
"""Vectors a file of a `VectorStore`; also how many encodings a killed build can lose."""


def workspace_folder(out: Path) -> Path:
    """Return the folder that keeps what builds of the release at ``out`` have finished."""
    return out.with_name(out.name + ".cache")


class Workspace:
    """A folder that keeps the finished stages of builds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def once(self, stage: str, key: str, make: Callable[[Path], None]) -> Path:
        """Return the folder of a finished stage; ``make`` fills it if it is not there yet."""
        finished = self.folder / stage / key
        if not finished.is_dir():
            partial = finished.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            make(partial)
            os.replace(partial, finished)
        return finished

    def vectors(self, stage: str, encoder: str) -> "VectorStore":
        """Open the store of what the encoder of this `encoder_key` has encoded."""
        return VectorStore(self.folder / stage / encoder, stage)


class VectorStore:
    """Vectors by the key of what was encoded: a folder of chunks that only ever grows."""

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
    ) -> tuple[Float32, int]:
        """Return the vectors of ``keys``, encoding those that are new, and how many were new.

        Args:
            keys: one key an item; equal keys stand for equal items.
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
            return np.empty((0, 1), np.float32), 0
        rows = np.fromiter((self._row[key] for key in keys), np.int64, len(keys))
        return np.concatenate(self._vectors)[rows], len(new)

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

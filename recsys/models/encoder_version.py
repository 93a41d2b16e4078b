"""The version of an encoder that is a folder: a key of its files."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from recsys.models.encoder_files import EncoderFiles
from recsys.vectors import key_of


def encoder_key(model: str) -> str:
    """Return a cache key of an encoder: of its files if it is a folder, else of its id."""
    folder = Path(model.removeprefix("local-dir:"))
    if not folder.is_dir():
        return key_of(model)
    files = [path for path in folder.rglob("*") if path.is_file()]
    return files_key({path.relative_to(folder).as_posix(): _sha256(path) for path in files})


def files_key(digests: Mapping[str, str]) -> str:
    """Return a cache key of a folder's content, given the SHA-256 of each file by its path."""
    paths = sorted(digests)
    return key_of(paths, [digests[path] for path in paths])


def files_version(files: EncoderFiles) -> str:
    """Return the version of an encoder in a folder: the `files_key` of the files that it needs."""
    return files_key({name: _sha256(files.folder / name) for name in files.names})


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""The version of an encoder: a key of its files, or its commit on the Hub."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from recsys.vectors import key_of

KNOWN_FILES = (
    *("open_clip_config.json", "modules.json", "config.json"),
    *("open_clip_model.safetensors", "open_clip_pytorch_model.bin", "model.safetensors"),
)
"""Files of models on the Hub: the cache of a downloaded model has at least one of these."""


def encoder_key(model: str) -> str:
    """Return a cache key of an encoder: of its files if it is a folder, else of its id."""
    folder = Path(model.removeprefix("local-dir:"))
    if not folder.is_dir():
        return key_of(model)
    files = [path for path in folder.rglob("*") if path.is_file()]
    return files_key(
        {
            path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in files
        }
    )


def files_key(digests: Mapping[str, str]) -> str:
    """Return a cache key of a folder's content, given the SHA-256 of each file by its path."""
    paths = sorted(digests)
    return key_of(paths, [digests[path] for path in paths])


def encoder_version(model: str) -> str:
    """Return the version of an encoder: `encoder_key` for a folder, else its commit on the Hub.

    The commit is that of the copy in the local cache; without one it is the branch ``main``.
    """
    if Path(model.removeprefix("local-dir:")).is_dir():
        return encoder_key(model)
    from huggingface_hub import try_to_load_from_cache

    for name in KNOWN_FILES:
        cached = try_to_load_from_cache(model.removeprefix("hf-hub:"), name)
        if isinstance(cached, str):
            return Path(cached).parent.name
    return "main"

"""Download the files of an encoder from the Hub, of one commit, and nothing that could be code."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recsys.errors import EncoderError, one_line

HUB = "hf-hub:"
"""Before the repo of an image encoder, as OpenCLIP writes it."""

_REPO = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Downloaded:
    """An encoder's files in the Hub client's cache.

    Attributes:
        repo: ``ORGANISATION/NAME``.
        commit: of the repo.
        folder: with the files.
    """

    repo: str
    commit: str
    folder: Path


def is_repo(name: str) -> bool:
    """Whether a name can be a repo of the Hub, ``ORGANISATION/NAME``."""
    return bool(_REPO.fullmatch(name)) and ".." not in name


def is_commit(text: str) -> bool:
    """Whether a text is a whole commit, 40 hexadecimal digits."""
    return bool(_COMMIT.fullmatch(text))


def download(repo: str, commit: str, patterns: Sequence[str]) -> Downloaded:
    """Download the files of an encoder that match ``patterns``; the cache is used where it can be.

    Args:
        repo: ``ORGANISATION/NAME``.
        commit: to download; empty for that of the branch ``main``.
        patterns: of the files' paths.

    Raises:
        EncoderError: the repo, the commit or the Hub cannot be reached, or the name is not a repo.
    """
    if not is_repo(repo) or not (is_commit(commit) or not commit):
        raise EncoderError(f"{one_line(repo, 100)!r} is not a repo of the Hub, ORGANISATION/NAME")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]

    try:
        path = snapshot_download(repo, revision=commit or None, allow_patterns=list(patterns))
    except (OSError, ValueError, HTTPError) as error:
        # What follows the question mark of an address may be a signature.
        reason = one_line(re.sub(r"\?\S+", "", str(error)))
        raise EncoderError(f"{repo} cannot be downloaded from the Hub: {reason}") from error
    return Downloaded(repo, Path(path).name, Path(path))

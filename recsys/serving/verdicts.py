"""Remember which releases were verified or refused, across restarts.

A verdict holds for one release and one version of the code and the libraries that verified it.
"""

import hashlib
import json
import logging
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import recsys
from recsys.errors import ReleaseError, VerificationError, one_line

logger = logging.getLogger(__name__)

LIBRARIES = (
    *("numpy", "pandas", "pillow", "pyarrow", "safetensors", "usearch"),
    *("open_clip_torch", "sentence-transformers", "timm", "tokenizers", "torch", "transformers"),
)
"""They read the files of a release: a newer one may accept what an older one refused."""

ACCEPTED = ""
"""The verdict on a good release; that on a bad one is the reason."""

KEY = re.compile(r"[0-9a-f]{40,64} [0-9a-f]{16}")
"""A checksum or a commit, and `verifier_version`."""

MOST_VERDICTS, MOST_BYTES = 500, 1_000_000
"""What is kept and read, so that the file stays small: the newest verdicts, with short reasons."""


@cache
def verifier_version() -> str:
    """Return a key of this package's files and of the libraries that read a release."""
    digest = hashlib.sha256("\n".join(map(_version, LIBRARIES)).encode())
    folder = Path(recsys.__file__).parent
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(f"{path.relative_to(folder)}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


class Verdicts:
    """Verdicts by checksum of a release's manifest, or by commit.

    A file that cannot be read, or holds anything else, counts as empty; one that cannot be
    written is left as it is, and the verdicts last as long as the process.

    Args:
        path: a JSON file, made when needed; ``None`` to remember only in this process.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._own: dict[str, str] = {}

    def accepted(self, key: str) -> bool:
        """Whether a release was verified before."""
        return self._known().get(_full(key)) == ACCEPTED

    def accept(self, key: str) -> None:
        """Remember that a release was verified."""
        self._remember(key, ACCEPTED)

    def check(self, key: str) -> None:
        """Raise `ReleaseError` if a release was refused before."""
        reason = self._known().get(_full(key), ACCEPTED)
        if reason != ACCEPTED:
            raise ReleaseError(reason)

    @contextmanager
    def remembering(self, key: str) -> Iterator[None]:
        """Remember the refusal of a release that a check raises; raise it at once the next time.

        A `VerificationError` is not remembered.

        Raises:
            ReleaseError: the release was refused before.
        """
        self.check(key)
        try:
            yield
        except VerificationError:
            raise
        except ReleaseError as error:
            self._remember(key, one_line(str(error)))
            raise

    def _remember(self, key: str, verdict: str) -> None:
        self._own[_full(key)] = verdict
        if self.path:
            try:
                _write(self.path, dict([*self._known().items()][-MOST_VERDICTS:]))
            except OSError as error:
                logger.warning("Verdicts on releases cannot be kept in %s: %s", self.path, error)

    def _known(self) -> dict[str, str]:
        """Return the verdicts in the file, also of other processes, and then this one's own."""
        others = _read(self.path) if self.path else {}
        return {key: each for key, each in others.items() if key not in self._own} | self._own


def _full(key: str) -> str:
    return f"{key} {verifier_version()}"


def _version(library: str) -> str:
    try:
        return f"{library} {version(library)}"
    except PackageNotFoundError:
        return library


def _read(path: Path) -> dict[str, str]:
    """Return the verdicts in a file; none if it is missing, damaged or not such a file."""
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {
        key: one_line(verdict)
        for key, verdict in found.items()
        if KEY.fullmatch(key) and isinstance(verdict, str)
    }


def _write(path: Path, verdicts: dict[str, str]) -> None:
    """Replace the file in one step, so that no reader sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(verdicts, file, indent=1)
        os.replace(name, path)
    except OSError:
        with suppress(OSError):
            os.unlink(name)
        raise

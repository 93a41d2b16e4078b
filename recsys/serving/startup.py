"""Choose the release to serve when the app starts.

First usable of: published release, cached snapshot, local folder, sample. The log and a notice on
the page say so where it is not the first.
"""

import dataclasses
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from recsys.errors import ReleaseError
from recsys.release.encoder_check import trusted_encoders
from recsys.release.hub import IndexRepo
from recsys.release.manifest import MANIFEST
from recsys.serving.edition import FOLDER, Edition, LiveEdition
from recsys.serving.opening import ReleaseOpener, Verify
from recsys.serving.updates import Follower
from recsys.serving.verdicts import Verdicts

logger = logging.getLogger(__name__)

BUILDER = Path(__file__).parents[2] / "build_index.py"
"""The script in the repo's top folder that builds the sample."""

STALE = "The newest catalogue can't be reached right now. This is an earlier copy."
LOCAL = "The published catalogue can't be reached right now. This is the one kept with the app."
SAMPLE_ORIGIN = "Sample catalogue"
SAMPLE = "A sample catalogue with drawn clothes, not a real shop's."


@dataclass(frozen=True)
class AppSettings:
    """What the environment says about an app.

    Attributes:
        repo: the dataset repo to follow; ``None`` for none.
        folder: a release folder, used where there is no repo or it is out of reach.
        refresh_minutes: between two looks for a newer release; 0 for never.
        log_words: whether to log the words that visitors search for.
        trusted_encoders: encoders of the Hub that may be downloaded, as ``ID@COMMIT``.
        verdicts: the file of `recsys.serving.verdicts`; ``None`` to keep them in memory.
    """

    repo: IndexRepo | None
    folder: Path
    refresh_minutes: float
    log_words: bool = False
    trusted_encoders: frozenset[str] = frozenset()
    verdicts: Path | None = None

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "AppSettings":
        """Read ``INDEX_REPO``, ``INDEX_REVISION``, ``RELEASE``, ``REFRESH_MINUTES``, ``LOG_WORDS``.

        ``TRUSTED_ENCODERS`` and ``VERDICTS`` are read, too.

        Raises:
            ReleaseError: ``REFRESH_MINUTES`` is not a number from 0, or ``TRUSTED_ENCODERS`` is not
                a list of ``ID@COMMIT``.
        """
        name = environment.get("INDEX_REPO", "").strip()
        repo = IndexRepo(name, environment.get("INDEX_REVISION", "").strip()) if name else None
        text = environment.get("REFRESH_MINUTES", "5")
        try:
            minutes = float(text)
        except ValueError:
            minutes = -1
        if not 0 <= minutes < float("inf"):
            raise ReleaseError(f"REFRESH_MINUTES is {text!r}; give a number, 0 for never.")
        folder = Path(environment.get("RELEASE", "release"))
        log_words = environment.get("LOG_WORDS", "0") == "1"
        trusted = trusted_encoders(environment.get("TRUSTED_ENCODERS", ""))
        return cls(repo, folder, minutes, log_words, trusted, _verdicts_file(environment))


def _verdicts_file(environment: Mapping[str, str]) -> Path:
    """Return ``VERDICTS``, by default a file in the user's cache folder."""
    cache = environment.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(environment.get("VERDICTS") or Path(cache, "more-like-this", "verdicts.json"))


def serve(settings: AppSettings, verify: Verify) -> LiveEdition:
    """Serve the first usable of: published release, cached snapshot, local folder, sample.

    Where a repo is followed, newer releases are swapped in.

    Args:
        settings: of the app.
        verify: verifies a release that was not seen before.

    Raises:
        ReleaseError: there is none of them, and the sample could not be built.
    """
    verdicts = Verdicts(settings.verdicts)
    opener = ReleaseOpener(verify, verdicts, settings.trusted_encoders)
    if settings.repo is None:
        return _live(local_edition(settings.folder, opener))
    follower = Follower(settings.repo, settings.refresh_minutes, opener)
    cached = cached_edition(settings.repo, opener)
    # Without a cached snapshot, the first download is worth any wait.
    live = _live(cached or follower.newest() or local_edition(settings.folder, opener, LOCAL))
    follower.start(live, at_once=cached is not None)
    return live


def _live(edition: Edition) -> LiveEdition:
    logger.info("Serving %s.", edition.origin)
    return LiveEdition(edition)


def cached_edition(repo: IndexRepo, opener: ReleaseOpener) -> Edition | None:
    """Return the newest usable snapshot in the Hub client's cache; ``None`` if there is none."""
    for snapshot in repo.cached():
        if edition := _opened(snapshot, opener, f"{repo} {snapshot.name[:7]}", STALE):
            return dataclasses.replace(edition, commit=snapshot.name)
    return None


def local_edition(folder: Path, opener: ReleaseOpener, notice: str = "") -> Edition:
    """Return the release in a folder, or the sample beside it if that cannot be used.

    Raises:
        ReleaseError: the sample could not be built.
    """
    edition = _opened(folder, opener, FOLDER + folder.name, notice)
    return edition or _sample(folder.with_name(folder.name + ".sample"), opener)


def _opened(folder: Path, opener: ReleaseOpener, origin: str, notice: str) -> Edition | None:
    """Return the release in a folder as an edition; ``None`` if it cannot be used, see the log."""
    try:
        opener.verify(folder)
        return Edition(opener.open(folder), origin, notice=notice)
    except ReleaseError as error:
        logger.warning("Not serving %s: %s", origin, error)
        return None


def _sample(folder: Path, opener: ReleaseOpener) -> Edition:
    """Return the sample's release, built now where there is no good one yet."""
    present = (folder / MANIFEST).exists()
    if present and (edition := _opened(folder, opener, SAMPLE_ORIGIN, SAMPLE)):
        return edition
    logger.warning("Building the sample in %s; this takes some minutes.", folder)
    # Only the app writes there. A build does not replace what is no release.
    shutil.rmtree(folder, ignore_errors=True)
    # In a process of its own: the app itself needs neither torch nor TensorFlow to start.
    command = [sys.executable, str(BUILDER), "--sample", "--out", str(folder)]
    if subprocess.run(command, check=False).returncode:
        raise ReleaseError(f"The sample could not be built in {folder}; its log is above.")
    # The last resort was made here and now: it is served also where nothing can be verified.
    return Edition(opener.open(folder), SAMPLE_ORIGIN, notice=SAMPLE)

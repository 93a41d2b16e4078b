"""Choose the release to serve when the app starts.

First usable of: published release, cached snapshot, local folder, sample. The log and a notice on
the page say so where it is not the first.
"""

import dataclasses
import logging
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from recsys.errors import ReleaseError
from recsys.release.encoder_check import trusted_encoders
from recsys.release.hub import IndexRepo
from recsys.release.manifest import MANIFEST
from recsys.release.reader import open_release
from recsys.serving.edition import Edition, LiveEdition
from recsys.serving.recommender import Recommender
from recsys.serving.updates import Follower

logger = logging.getLogger(__name__)

BUILDER = Path(__file__).parents[2] / "build_index.py"
"""The script in the repo's top folder that builds the sample."""

STALE = "The published index is out of reach right now: this is the newest copy kept here."
LOCAL = "The published index is out of reach right now: this is the release kept beside the app."
SAMPLE_ORIGIN = "the sample"
SAMPLE = "This is a drawn sample catalogue, not a real shop's."


@dataclass(frozen=True)
class AppSettings:
    """What the environment says about an app.

    Attributes:
        repo: the dataset repo to follow; ``None`` for none.
        folder: a release folder, used where there is no repo or it is out of reach.
        refresh_minutes: between two looks for a newer release; 0 for never.
        log_words: whether to log the words that visitors search for.
        trusted_encoders: encoders of the Hub that may be downloaded, as ``ID@COMMIT``.
    """

    repo: IndexRepo | None
    folder: Path
    refresh_minutes: float
    log_words: bool = False
    trusted_encoders: frozenset[str] = frozenset()

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "AppSettings":
        """Read ``INDEX_REPO``, ``INDEX_REVISION``, ``RELEASE``, ``REFRESH_MINUTES``, ``LOG_WORDS``.

        ``TRUSTED_ENCODERS`` is read, too.

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
        log_words = environment.get("LOG_WORDS", "0") == "1"
        trusted = trusted_encoders(environment.get("TRUSTED_ENCODERS", ""))
        folder = Path(environment.get("RELEASE", "release"))
        return cls(repo, folder, minutes, log_words, trusted)


def serve(settings: AppSettings) -> LiveEdition:
    """Serve the first usable of: published release, cached snapshot, local folder, sample.

    Where a repo is followed, newer releases are swapped in.

    Raises:
        ReleaseError: there is none of them, and the sample could not be built.
    """
    if settings.repo is None:
        return _live(local_edition(settings.folder))
    follower = Follower(settings.repo, settings.refresh_minutes)
    cached = cached_edition(settings.repo)
    # Without a cached snapshot, the first download is worth any wait.
    live = _live(cached or follower.newest() or local_edition(settings.folder, LOCAL))
    follower.start(live, at_once=cached is not None)
    return live


def _live(edition: Edition) -> LiveEdition:
    logger.info("Serving %s.", edition.origin)
    return LiveEdition(edition)


def cached_edition(repo: IndexRepo) -> Edition | None:
    """Return the newest usable snapshot in the Hub client's cache; ``None`` if there is none."""
    for snapshot in repo.cached():
        if edition := _opened(snapshot, f"{repo} {snapshot.name[:7]}", STALE):
            return dataclasses.replace(edition, commit=snapshot.name)
    return None


def local_edition(folder: Path, notice: str = "") -> Edition:
    """Return the release in a folder, or the sample beside it if that cannot be used.

    Raises:
        ReleaseError: the sample could not be built.
    """
    return _opened(folder, f"folder {folder.name}", notice) or _sample(
        folder.with_name(folder.name + ".sample")
    )


def _opened(folder: Path, origin: str, notice: str) -> Edition | None:
    """Return the release in a folder as an edition; ``None`` if it cannot be used, see the log."""
    try:
        return Edition(Recommender(open_release(folder)), origin, notice=notice)
    except ReleaseError as error:
        logger.warning("Not serving %s: %s", origin, error)
        return None


def _sample(folder: Path) -> Edition:
    """Return the sample's release, built now where there is none yet."""
    edition = _opened(folder, SAMPLE_ORIGIN, SAMPLE) if (folder / MANIFEST).exists() else None
    if edition:
        return edition
    logger.warning("Building the sample in %s; this takes some minutes.", folder)
    # In a process of its own: the app itself needs neither torch nor TensorFlow to start.
    command = [sys.executable, str(BUILDER), "--sample", "--out", str(folder)]
    if subprocess.run(command, check=False).returncode:
        raise ReleaseError(f"The sample could not be built in {folder}; its log is above.")
    return Edition(Recommender(open_release(folder)), SAMPLE_ORIGIN, notice=SAMPLE)

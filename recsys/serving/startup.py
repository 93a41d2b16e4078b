"""Where the app's release comes from, and how a newer one reaches it without a restart.

First choice is what the dataset repo publishes; then, each step said in the log and in a notice
on the page: the newest good snapshot in the Hub's cache, the release folder, the sample.
"""

import dataclasses
import logging
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from recsys.errors import ReleaseError
from recsys.release.hub import IndexRepo
from recsys.release.manifest import MANIFEST
from recsys.release.reader import open_release
from recsys.serving.edition import Edition, LiveEdition
from recsys.serving.recommender import Recommender
from recsys.serving.updates import Follower

logger = logging.getLogger(__name__)

BUILDER = Path(__file__).parents[2] / "build_index.py"
STALE = "The published index is out of reach right now: this is the newest copy kept here."
LOCAL = "The published index is out of reach right now: this is the release kept beside the app."
SAMPLE = "This is a drawn sample catalogue, not a real shop's."


@dataclass(frozen=True)
class AppSettings:
    """Where to look for a release.

    Attributes:
        repo: the dataset repo to follow, if any.
        folder: a release folder, for when there is no repo or it cannot be had.
        refresh_minutes: how often to look for a newer release; 0 for never.
        log_words: whether the words that visitors ask with may be in the log.
    """

    repo: IndexRepo | None
    folder: Path
    refresh_minutes: float
    log_words: bool = False

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "AppSettings":
        """Read ``INDEX_REPO``, ``INDEX_REVISION``, ``RELEASE``, ``REFRESH_MINUTES``, ``LOG_WORDS``.

        Raises:
            ReleaseError: ``REFRESH_MINUTES`` is not a number from 0.
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
        return cls(repo, Path(environment.get("RELEASE", "release")), minutes, log_words)


def first_edition(settings: AppSettings, published: Edition | None) -> Edition:
    """Return the best there is to start with: what is published, or else what is nearest to it.

    Raises:
        ReleaseError: there is nothing at all, and the sample could not be built.
    """
    if published:
        return published
    for snapshot in settings.repo.cached() if settings.repo else ():
        if edition := _opened(snapshot, f"{settings.repo} {snapshot.name[:7]}", STALE):
            return dataclasses.replace(edition, commit=snapshot.name)
    notice = LOCAL if settings.repo else ""
    if edition := _opened(settings.folder, f"folder {settings.folder.name}", notice):
        return edition
    return _sample(settings.folder.with_name(settings.folder.name + ".sample"))


def _opened(folder: Path, origin: str, notice: str) -> Edition | None:
    """Open a release folder as an edition; say in the log why it cannot be."""
    try:
        return Edition(Recommender(open_release(folder)), origin, notice=notice)
    except ReleaseError as error:
        logger.warning("Not serving %s: %s", origin, error)
        return None


def _sample(folder: Path) -> Edition:
    """Return the drawn sample, built first where it is not there yet."""
    edition = _opened(folder, "the sample", SAMPLE) if (folder / MANIFEST).exists() else None
    if edition:
        return edition
    logger.warning("Building the sample in %s.", folder)
    # In a process of its own: the app itself needs neither torch nor TensorFlow to start.
    command = [sys.executable, str(BUILDER), "--sample", "--out", str(folder)]
    if subprocess.run(command, check=False).returncode:
        raise ReleaseError(f"The sample could not be built in {folder}.")
    return Edition(Recommender(open_release(folder)), "the sample", notice=SAMPLE)


def serve(settings: AppSettings) -> LiveEdition:
    """Return what to serve, soon; where a repo is followed, newer editions are swapped in.

    Raises:
        ReleaseError: there is nothing to serve at all.
    """
    follower = Follower(settings.repo, settings.refresh_minutes) if settings.repo else None
    live = LiveEdition(first_edition(settings, follower.start() if follower else None))
    logger.info("Serving %s.", live.current.origin)
    if follower:
        follower.feed(live)
    return live

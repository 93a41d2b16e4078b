"""Where the app's release comes from, and how a newer one reaches it without a restart.

First choice is what the dataset repo publishes; then, each step said in the log and in a notice
on the page: the newest good snapshot in the Hub's cache, the release folder, the sample.
"""

import dataclasses
import logging
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from recsys.errors import RecsysError, ReleaseError
from recsys.hub import IndexRepo, Revision
from recsys.live import Edition, Live
from recsys.manifest import MANIFEST
from recsys.recommender import Recommender
from recsys.redaction import without_secrets
from recsys.release import Release, open_release

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 4.0
"""How long the start waits for the Hub where there is something else to show meanwhile."""

BUILDER = Path(__file__).parents[1] / "build_index.py"
STALE = "The published index is out of reach right now: this is the newest copy kept here."
LOCAL = "The published index is out of reach right now: this is the release kept beside the app."
SAMPLE = "This is a drawn sample catalogue, not a real shop's."


@dataclass(frozen=True)
class Settings:
    """Where to look for a release.

    Attributes:
        repo: the dataset repo to follow, if any.
        folder: a release folder, for when there is no repo or it cannot be had.
        refresh_minutes: how often to look for a newer revision; 0 for never.
        log_words: whether the words that visitors ask with may be in the log.
    """

    repo: IndexRepo | None
    folder: Path
    refresh_minutes: float
    log_words: bool = False

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Settings":
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


def first_edition(settings: Settings, published: Edition | None) -> Edition:
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


class Follower:
    """Follows a dataset repo in the background and hands on what it publishes.

    Args:
        repo: what to follow.
        minutes: how often to look; 0 for once.

    Attributes:
        pulled: the edition pulled last.
        live: where editions are swapped in, once `feed` has said so.
    """

    def __init__(self, repo: IndexRepo, minutes: float) -> None:
        self.repo, self.minutes = repo, minutes
        self.pulled: Edition | None = None
        self.live: Live | None = None
        self._refused = ""
        self._handing = threading.Lock()
        self._looked, self._stopped = threading.Event(), threading.Event()

    def start(self) -> Edition | None:
        """Begin to follow; return what is published, or ``None`` if it cannot be had soon."""
        threading.Thread(target=self._follow, name="follower", daemon=True).start()
        # With nothing kept from before, the first download is worth any wait.
        if not self._looked.wait(PATIENCE_SECONDS if self.repo.cached() else None):
            logger.warning("%s takes long to pull; that goes on in the background.", self.repo)
        return self.pulled

    def feed(self, live: Live) -> None:
        """From now on, swap in whatever is pulled."""
        with self._handing:
            self.live = live
            if self.pulled and self.pulled != live.current:
                live.swap(self.pulled)

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()

    def refresh(self) -> None:
        """Hand on what is published now unless it is served already; say in the log why not."""
        try:
            revision = self.repo.newest()
            if self._is_news(revision):
                self._hand_on(self._pull(revision))
        except RecsysError as error:
            logger.warning("Cannot update from %s: %s", self.repo, error)

    def _follow(self) -> None:
        while True:
            try:
                self.refresh()
            except Exception:
                # Whatever it was, what is served goes on, and the next look may find better.
                story = without_secrets(traceback.format_exc())
                logger.error("Looking for news from %s failed: %s", self.repo, story)
            self._looked.set()
            if not self.minutes or self._stopped.wait(self.minutes * 60):
                return

    def _is_news(self, revision: Revision) -> bool:
        current = self.live.current if self.live else None
        served = current and current.commit == revision.commit and not current.notice
        return not served and revision.commit != self._refused

    def _pull(self, revision: Revision) -> Edition:
        """Download and check a revision; remember one that is refused, so as not to ask again."""
        try:
            release = self.repo.pull(revision)
            return Edition(self._recommender(release), f"{self.repo} {revision}", revision.commit)
        except ReleaseError:
            self._refused = revision.commit
            raise

    def _recommender(self, release: Release) -> Recommender:
        """Make a recommender that can take over at once, its image encoder loaded if need be."""
        if not self.live:
            return Recommender(release)
        readers = self.live.current.recommender.readers.handed_on(release)
        if not readers.photos.fits(self.live.current.recommender.release):
            readers.load()
        return Recommender(release, readers)

    def _hand_on(self, edition: Edition) -> None:
        with self._handing:
            self.pulled = edition
            if self.live:
                self.live.swap(edition)
                logger.info("Serving %s now.", edition.origin)


def serve(settings: Settings) -> Live:
    """Return what to serve, soon; where a repo is followed, newer editions are swapped in.

    Raises:
        ReleaseError: there is nothing to serve at all.
    """
    follower = Follower(settings.repo, settings.refresh_minutes) if settings.repo else None
    live = Live(first_edition(settings, follower.start() if follower else None))
    logger.info("Serving %s.", live.current.origin)
    if follower:
        follower.feed(live)
    return live

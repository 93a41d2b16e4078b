"""Follow a dataset repo on the Hub in the background and swap in what it publishes."""

import dataclasses
import logging
import threading
import traceback

from recsys.errors import HubError, RecsysError, ReleaseError, VerificationError
from recsys.release.hub import IndexRepo, PublishedVersion
from recsys.release.log_redaction import without_secrets
from recsys.serving.edition import Edition, LiveEdition
from recsys.serving.opening import ReleaseOpener, refusing
from recsys.serving.recommender import Recommender

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 4.0
"""How long the start waits for the Hub while an older copy could be served."""


class Follower:
    """Serves the newest release of a dataset repo that can be served.

    Args:
        repo: the dataset repo.
        minutes: between two looks at it; 0 to look only once.
        opener: verifies and opens releases.
    """

    def __init__(self, repo: IndexRepo, minutes: float, opener: ReleaseOpener) -> None:
        self.repo, self.minutes, self._opener = repo, minutes, opener
        self._refused: set[str] = set()
        self._looked, self._stopped = threading.Event(), threading.Event()

    def newest(self, current: Edition | None = None) -> Edition | None:
        """Return the newest published edition that can be served.

        ``None`` if it is the current one or there is none to be had: the log says why.
        """
        try:
            return self._newest(current)
        except RecsysError as error:
            logger.warning("Cannot update from %s: %s", self.repo, error)
        except Exception:
            # Nothing may end the following: the next look may go well.
            details = without_secrets(traceback.format_exc())
            logger.error("Looking for updates from %s failed: %s", self.repo, details)
        return None

    def refresh(self, live: LiveEdition) -> None:
        """Swap in the published edition, unless it is served already."""
        if edition := self.newest(live.current):
            live.swap(edition)
            logger.info("Serving %s now.", edition.origin)
            self._remove(self.repo.snapshots() - live.commits)

    def start(self, live: LiveEdition, at_once: bool) -> None:
        """Refresh an edition in the background from now on.

        Args:
            live: the edition.
            at_once: look now, and wait for that for `PATIENCE_SECONDS`; else after the first pause.
        """
        threading.Thread(
            target=self._follow, args=(live, at_once), name="follower", daemon=True
        ).start()
        if at_once and not self._looked.wait(PATIENCE_SECONDS):
            logger.warning("%s takes long to pull; that goes on in the background.", self.repo)

    def stop(self) -> None:
        """End the background work at its next pause."""
        self._stopped.set()

    def _follow(self, live: LiveEdition, at_once: bool) -> None:
        if at_once:
            self.refresh(live)
            self._looked.set()
        while self._pause():
            self.refresh(live)

    def _pause(self) -> bool:
        """Wait until it is time for the next look; return whether there is one."""
        return bool(self.minutes) and not self._stopped.wait(self.minutes * 60)

    def _newest(self, current: Edition | None) -> Edition | None:
        for published in self.repo.versions():
            origin = f"{self.repo} {published}"
            if current and published.commit == current.commit:
                renamed = dataclasses.replace(current, origin=origin, notice="")
                return renamed if current.notice else None
            if published.commit in self._refused:
                continue
            try:
                return Edition(self._pull(published, current), origin, published.commit)
            except ReleaseError as error:
                self._refused.add(published.commit)
                logger.warning("Not serving %s: %s", origin, error)
                if not isinstance(error, VerificationError):
                    self._remove({published.commit})
        return None

    def _pull(self, published: PublishedVersion, current: Edition | None) -> Recommender:
        """Download, verify and open a release, unless it was refused before."""
        verdicts = self._opener.verdicts
        with refusing("pulling it"):
            with verdicts.remembering(published.commit):
                verdicts.check(self.repo.manifest(published).checksum)
                folder = self.repo.pull(published)
                self._opener.verify(folder)
            return self._opener.open(folder, current.recommender if current else None)

    def _remove(self, commits: set[str]) -> None:
        """Free the disk space of snapshots that will not be served again."""
        try:
            self.repo.remove(commits)
        except HubError as error:
            logger.warning("%s", error)

"""Follow a dataset repo on the Hub in the background and swap in what it publishes."""

import dataclasses
import logging
import threading
import traceback

from recsys.errors import RecsysError, ReleaseError
from recsys.release.hub import IndexRepo, PublishedVersion
from recsys.release.log_redaction import without_secrets
from recsys.serving.edition import Edition, LiveEdition
from recsys.serving.recommender import Recommender

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 4.0
"""How long the start waits for the Hub while an older copy could be served."""


class Follower:
    """Serves the newest release of a dataset repo.

    Args:
        repo: the dataset repo.
        minutes: between two looks at it; 0 to look only once.
    """

    def __init__(self, repo: IndexRepo, minutes: float) -> None:
        self.repo, self.minutes = repo, minutes
        self._refused = ""
        self._looked, self._stopped = threading.Event(), threading.Event()

    def newest(self, current: Edition | None = None) -> Edition | None:
        """Return the published edition.

        ``None`` if it is the current one, was refused before, or cannot be had: the log says why.
        """
        try:
            return self._newer_than(current)
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

    def _newer_than(self, current: Edition | None) -> Edition | None:
        published = self.repo.newest()
        origin = f"{self.repo} {published}"
        if published.commit == self._refused:
            return None
        if current is None or published.commit != current.commit:
            return Edition(self._pull(published, current), origin, published.commit)
        return dataclasses.replace(current, origin=origin, notice="") if current.notice else None

    def _pull(self, published: PublishedVersion, current: Edition | None) -> Recommender:
        """Download and check a release; one that is refused is not downloaded again."""
        try:
            release = self.repo.pull(published)
            if current is None:
                return Recommender(release)
            encoders = current.recommender.encoders.for_release(release)
            # A new image encoder is loaded, and checked, before it answers.
            if not encoders.photos.serves(current.recommender.release):
                encoders.load()
            return Recommender(release, encoders)
        except ReleaseError:
            self._refused = published.commit
            raise

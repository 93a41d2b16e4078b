"""Follow a dataset repo in the background and swap in what it publishes."""

import logging
import threading
import traceback

from recsys.errors import RecsysError, ReleaseError
from recsys.release.hub import IndexRepo, PublishedVersion
from recsys.release.log_redaction import without_secrets
from recsys.release.reader import Release
from recsys.serving.edition import Edition, LiveEdition
from recsys.serving.recommender import Recommender

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 4.0
"""How long the start waits for the Hub where there is something else to show meanwhile."""


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
        self.live: LiveEdition | None = None
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

    def feed(self, live: LiveEdition) -> None:
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
            published = self.repo.newest()
            if self._is_news(published):
                self._hand_on(self._pull(published))
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

    def _is_news(self, published: PublishedVersion) -> bool:
        current = self.live.current if self.live else None
        served = current and current.commit == published.commit and not current.notice
        return not served and published.commit != self._refused

    def _pull(self, published: PublishedVersion) -> Edition:
        """Download and check a release; remember one that is refused, so as not to ask again."""
        try:
            release = self.repo.pull(published)
            return Edition(self._recommender(release), f"{self.repo} {published}", published.commit)
        except ReleaseError:
            self._refused = published.commit
            raise

    def _recommender(self, release: Release) -> Recommender:
        """Make a recommender that can take over at once, its image encoder loaded if need be."""
        if not self.live:
            return Recommender(release)
        encoders = self.live.current.recommender.encoders.handed_on(release)
        if not encoders.photos.fits(self.live.current.recommender.release):
            encoders.load()
        return Recommender(release, encoders)

    def _hand_on(self, edition: Edition) -> None:
        with self._handing:
            self.pulled = edition
            if self.live:
                self.live.swap(edition)
                logger.info("Serving %s now.", edition.origin)

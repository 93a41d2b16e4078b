"""What is being served: an edition of the catalogue, and how another takes its place."""

from dataclasses import dataclass

from recsys.serving.recommender import Recommender


@dataclass(frozen=True)
class Edition:
    """A release as it is served.

    Attributes:
        recommender: answers from it.
        origin: where it is from, as the foot of the page says it.
        commit: its commit on the Hub; empty for one that is not from there.
        notice: what visitors should know about it; usually nothing.
    """

    recommender: Recommender
    origin: str
    commit: str = ""
    notice: str = ""


class LiveEdition:
    """The edition that answers now. Safe to share between threads.

    A query takes `current` once and keeps to it, so an answer is from one release whatever is
    swapped in meanwhile. The edition before it is kept for pages that are still open.
    """

    def __init__(self, edition: Edition) -> None:
        self._editions: tuple[Edition, ...] = (edition,)

    @property
    def current(self) -> Edition:
        """The edition that answers new queries."""
        return self._editions[0]

    def swap(self, edition: Edition) -> None:
        """Let another edition answer from now on; the queries in flight finish on their own."""
        self._editions = (edition, self.current)

    def recommender(self, release_version: str) -> Recommender:
        """Return the recommender of a release that is still kept, else the current one."""
        kept = [edition.recommender for edition in self._editions]
        return next((each for each in kept if each.release_version == release_version), kept[0])

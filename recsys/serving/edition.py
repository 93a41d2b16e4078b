"""The release that is being served, and how a newer one replaces it."""

from dataclasses import dataclass

from recsys.serving.recommender import Recommender

FOLDER = "folder "
"""Start of the origin of a release in a folder of this machine."""


@dataclass(frozen=True)
class Edition:
    """A release as it is served.

    Attributes:
        recommender: answers from it.
        origin: where it comes from, for the log and the API.
        commit: of the Hub repo; empty for a release that does not come from there.
        notice: for visitors, where this is not the published release; else empty.
    """

    recommender: Recommender
    origin: str
    commit: str = ""
    notice: str = ""

    @property
    def title(self) -> str:
        """Where it comes from, for visitors, who know no folders of this machine."""
        return "Local catalogue" if self.origin.startswith(FOLDER) else self.origin


class LiveEdition:
    """The edition that is being served. Safe to share between threads.

    A query takes `current` once and keeps it, so that its answer comes from one release even if
    another is swapped in meanwhile. The edition before is kept for pages that are still open.
    """

    def __init__(self, edition: Edition) -> None:
        self._editions: tuple[Edition, ...] = (edition,)

    @property
    def current(self) -> Edition:
        """The edition that answers new queries."""
        return self._editions[0]

    @property
    def commits(self) -> set[str]:
        """The commits of the kept editions that come from the Hub."""
        return {edition.commit for edition in self._editions if edition.commit}

    def swap(self, edition: Edition) -> None:
        """Answer new queries from another edition; running ones finish with theirs."""
        self._editions = (edition, self.current)

    def recommender(self, release_version: str) -> Recommender:
        """Return the recommender of a kept release, or the current one if it is not kept."""
        kept = [edition.recommender for edition in self._editions]
        return next((each for each in kept if each.release_version == release_version), kept[0])

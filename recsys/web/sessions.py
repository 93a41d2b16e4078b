"""What an open page is remembered by: its address, which the browser keeps, and its photo.

The server keeps nothing but the vectors of visitors' photos, each under a secret that only its page
knows. Calls of the API keep nothing, so no number of them takes a photo from its page.
"""

import json
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from recsys.serving.edition import LiveEdition
from recsys.web.own_photo import OwnPhoto
from recsys.web.url import PageState, to_url
from recsys.web.url_parser import from_url

MOST_PHOTOS = 500
"""Photos whose vectors are kept, a few kB each."""

PHOTO_SECONDS = 3600.0
"""Time since its last use for which a photo is kept."""


@dataclass(frozen=True)
class Session:
    """What is known of an open page.

    Attributes:
        state: what the page shows; ``None`` before the first answer.
        release_version: of the release that answered.
        photo: the visitor's last photo; ``None`` for none.
        secret: of the photo, in `VisitorPhotos`; empty while it has none.
    """

    state: PageState | None = None
    release_version: str = ""
    photo: OwnPhoto | None = None
    secret: str = ""


@dataclass
class _Kept:
    """A photo, whose it is, and when it was last used, in seconds."""

    photo: OwnPhoto
    client: str
    used: float


class VisitorPhotos:
    """Visitors' photos by secret. Safe to share between threads.

    If there are too many, the client with the most loses its oldest one: who uploads many photos
    takes none from others.

    Args:
        most: photos that are kept.
        clock: the time in seconds.
    """

    def __init__(
        self, most: int = MOST_PHOTOS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.most, self.clock = most, clock
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, photo: OwnPhoto, client: str) -> str:
        """Keep a client's photo, and return its new secret."""
        secret = secrets.token_urlsafe(16)
        with self._lock:
            self._forget_old()
            if len(self._kept) >= self.most:
                del self._kept[self._one_too_many()]
            self._kept[secret] = _Kept(photo, client, self.clock())
        return secret

    def find(self, secret: str) -> OwnPhoto | None:
        """Return the photo with a secret; ``None`` if it is no longer kept, or never was."""
        with self._lock:
            self._forget_old()
            kept = self._kept.pop(secret, None)
            if kept is None:
                return None
            kept.used = self.clock()
            self._kept[secret] = kept  # The last one used is the last in the order.
            return kept.photo

    def _forget_old(self) -> None:
        """Delete the photos that were not used for `PHOTO_SECONDS`."""
        last = self.clock() - PHOTO_SECONDS
        for secret in [each for each, kept in self._kept.items() if kept.used < last]:
            del self._kept[secret]

    def _one_too_many(self) -> str:
        """Return the secret of the oldest photo of the client with the most photos."""
        counts = Counter(kept.client for kept in self._kept.values())
        client, _ = counts.most_common(1)[0]
        return next(secret for secret, kept in self._kept.items() if kept.client == client)


def to_text(session: Session) -> str:
    """Return what a page's browser keeps of its session, and sends with each event."""
    address = "" if session.state is None else to_url(session.state)
    return json.dumps([address, session.release_version, session.secret])


def from_text(text: object, live: LiveEdition, photos: VisitorPhotos) -> Session:
    """Return the session that a browser's text stands for; a new one for any other text.

    Args:
        text: as `to_text` returns it.
        live: the editions, whose articles its address is about.
        photos: the visitors' photos.
    """
    try:
        address, version, secret = map(str, json.loads(str(text)))
    except (ValueError, TypeError, RecursionError):
        return Session()
    photo = photos.find(secret)
    own_photo = (photo.name, photo.vector) if photo else None
    state = from_url(address, live.recommender(version), own_photo).state if address else None
    return Session(state, version, photo, secret if photo else "")

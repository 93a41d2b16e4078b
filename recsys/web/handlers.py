"""What a visitor sees next, wherever they go on the page.

The page's address says where they are; what it cannot say, their photo, is kept beside the page in
a `View`. A photo is read once, and its file is not needed again.
"""

import dataclasses
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from recsys.catalog.photos import thumbnail
from recsys.errors import QueryError, RecsysError
from recsys.serving.edition import LiveEdition
from recsys.serving.recommender import Recommender
from recsys.serving.request import SearchRequest
from recsys.serving.results import Article
from recsys.vectors import Float32
from recsys.web.article_detail import detail_html
from recsys.web.layout import SURPRISE, top_html
from recsys.web.pages import page_html
from recsys.web.url import FIND, Place, read, write

WAKING = "The models that read photos and words are still waking up. Your answer comes by itself."


@dataclass(frozen=True)
class Photo:
    """A visitor's photo.

    Attributes:
        jpeg: a thumbnail.
        vector: the image model's, float32 [dim].
        release_version: the release whose encoder read it.
    """

    jpeg: bytes
    vector: Float32
    release_version: str


@dataclass(frozen=True)
class View:
    """What a page shows.

    Attributes:
        place: where the visitor is; ``None`` before the first answer.
        release_version: the release that answered.
        photo: the visitor's last photo; ``None`` for none.
    """

    place: Place | None = None
    release_version: str = ""
    photo: Photo | None = None


Shown = tuple[Any, Any, Any, Any]
"""What stands above the answer, the answer, the details of an article, and the `View`."""


class Navigation:
    """Leads visitors on. Every method yields what is `Shown`, the last of which is the answer.

    Args:
        live: the edition that answers.
        chance: draws the surprises.
    """

    def __init__(self, live: LiveEdition, chance: random.Random) -> None:
        self.live, self.chance = live, chance

    def go(self, address: str, view: View) -> Iterator[Shown]:
        """Show what is at an address of the page."""
        if address == SURPRISE:
            drawn = self._now.random_article(self.chance).article_id
            address = write(Place(search=SearchRequest(article=drawn)))
        directions = read(address, self._now, self._kept(view.photo))
        yield from self._lead(directions.place, view, " ".join(directions.complaints))

    def bring(self, data: bytes, view: View) -> Iterator[Shown]:
        """Show what is like a photo, given as the bytes of a picture file."""
        recommender = self._now
        if not recommender.encoders.ready:
            yield self._stay(view, WAKING)
        try:
            photo = Photo(
                thumbnail(data), recommender.encode_photo(data), recommender.release_version
            )
        except RecsysError as error:
            yield self._fall_back(Place(), view, str(error))
            return
        k = view.place.k if view.place else Place().k
        yield from self._lead(
            Place(search=SearchRequest(photo=photo.vector), k=k), View(photo=photo), ""
        )

    def _lead(self, place: Place, view: View, message: str) -> Iterator[Shown]:
        """Show a place; after an error what was shown stays."""
        if message and place.page == FIND and not place.asks:
            yield self._fall_back(place, view, message)
            return
        if not self._recommender(place, view).ready(place.search):
            yield self._stay(view, WAKING)
        try:
            yield self._show(place, view, message)
        except RecsysError as error:
            yield self._fall_back(place, view, str(error))

    def _show(self, place: Place, view: View, message: str) -> Shown:
        """Answer. An answer that is there already is left alone when only its details change."""
        recommender = self._recommender(place, view)
        before = view.place and (write(view.place.opening("")), view.release_version)
        unchanged = before == (write(place.opening("")), recommender.release_version)
        jpeg = view.photo.jpeg if view.photo else b""
        answer = gr.skip() if unchanged else page_html(place, recommender, jpeg)
        shown = dataclasses.replace(view, place=place, release_version=recommender.release_version)
        return self._top(shown, message), answer, self._details(place, recommender), shown

    def _fall_back(self, place: Place, view: View, message: str) -> Shown:
        """Say what is wrong; where nothing can stay, show the page without a question."""
        if view.place and view.place.page == place.page:
            return self._stay(view, message)
        return self._show(Place(place.page), view, message)

    def _stay(self, view: View, message: str) -> Shown:
        return self._top(view, message), gr.skip(), gr.skip(), gr.skip()

    def _top(self, view: View, message: str) -> str:
        place, recommender = view.place or Place(), self.live.recommender(view.release_version)
        asked = self._asked(place, recommender)
        jpeg = view.photo.jpeg if view.photo else b""
        return top_html(
            place, time.monotonic_ns(), asked, jpeg, recommender.release_version, message
        )

    def _asked(self, place: Place, recommender: Recommender) -> Article | None:
        """Return the article that a place asks about, unless it went with its release."""
        id_ = place.photo_of or place.search.article
        try:
            return recommender.article(id_) if id_ else None
        except QueryError:
            return None

    def _kept(self, photo: Photo | None) -> Float32 | None:
        """Return the vector of a visitor's photo while the release that has read it is kept."""
        kept = (
            photo
            and self.live.recommender(photo.release_version).release_version
            == photo.release_version
        )
        return photo.vector if photo and kept else None

    def _details(self, place: Place, recommender: Recommender) -> str:
        if not place.opened:
            return ""
        article, search = recommender.article(place.opened), place.search
        asked = recommender.article(search.article) if search.article else None
        why = None
        if place.page == FIND and place.asks:
            why = recommender.explain(search, place.opened)
        return detail_html(place, article, recommender.release_version, asked, why)

    def _recommender(self, place: Place, view: View) -> Recommender:
        """Return what answers: for a photo, the release that has read it, if it is kept."""
        photo = view.photo
        if photo and place.search.photo is photo.vector:
            return self.live.recommender(photo.release_version)
        return self._now

    @property
    def _now(self) -> Recommender:
        return self.live.current.recommender

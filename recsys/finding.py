"""The tab where visitors look for articles: by id, photo, words, or words with one of the others.

What is being looked for is kept beside the page in a `View`. Whatever the visitor does changes it a
little and asks anew, so that a photo is read once and its file is not needed again.
"""

import dataclasses
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from recsys import cards
from recsys.errors import RecsysError
from recsys.live import Live
from recsys.photos import thumbnail
from recsys.recommender import WORDS_WEIGHT, Recommender, Search

ARTICLES_TAB = "articles"
WAKING = "The models that read photos and words are still waking up. Your answer comes by itself."


@dataclass(frozen=True)
class View:
    """What a page shows.

    Attributes:
        search: what is looked for.
        photo: the JPEG of the photo that it is looked for with; empty for none.
        revision: the release whose encoder read that photo.
    """

    search: Search = field(default_factory=Search)
    photo: bytes = b""
    revision: str = ""


Shown = tuple[Any, Any, Any]
"""The page's message, answer and `View`."""


class Finding:
    """What the tab does. Every method returns or yields what is `Shown`.

    Args:
        live: the edition that answers.
        chance: draws the surprises.
    """

    def __init__(self, live: Live, chance: random.Random) -> None:
        self.live, self.chance = live, chance

    def show_article(self, article_id: str) -> Shown:
        """Answer for an article id, and forget what was looked for before."""
        return self._answer(View(Search(article=str(article_id))))

    def show_surprise(self) -> tuple[Any, ...]:
        """Answer for a random article, whose id comes first."""
        article_id = self._now.surprise(self.chance).article_id
        return article_id, *self.show_article(article_id)

    def show_photo(self, data: bytes | None) -> Iterator[Shown]:
        """Answer for an uploaded photo; nothing happens when one is removed."""
        if data is None:
            yield "", gr.skip(), gr.skip()
            return
        yield from self._while_waking()
        try:
            recommender = self._now
            view = View(Search(photo=recommender.read(data)), thumbnail(data), recommender.revision)
        except RecsysError as error:
            yield cards.message_html(str(error)), gr.skip(), gr.skip()
            return
        yield self._answer(view)

    def show_words(self, words: str, weight: float, view: View) -> Iterator[Shown]:
        """Answer for words, beside the article or photo that is shown if one is."""
        yield from self._while_waking()
        search = dataclasses.replace(view.search, words=words, weight=weight, ignored=frozenset())
        yield self._answer(dataclasses.replace(view, search=search))

    def show_weighed(self, weight: float, view: View) -> Shown:
        """Answer anew with words counting more or less; nothing happens where there are none."""
        if not view.search.words:
            return gr.skip(), gr.skip(), gr.skip()
        search = dataclasses.replace(view.search, weight=weight)
        return self._answer(dataclasses.replace(view, search=search))

    def show_clicked(self, event: gr.EventData, view: View) -> tuple[Any, ...]:
        """Answer a click in an answer: the tab, the id, and what is shown."""
        asked = {name: str(value) for name, value in event._data.items()}
        tab = gr.Tabs(selected=ARTICLES_TAB)
        if article_id := asked.get("article"):
            return tab, article_id, *self.show_article(article_id)
        search = changed(view.search, asked)
        return tab, gr.skip(), *self._answer(dataclasses.replace(view, search=search))

    def _answer(self, view: View) -> Shown:
        """Ask, and keep what was asked; after an error everything stays as it was."""
        try:
            recommender = self._recommender(view)
            answer = recommender.search(view.search)
        except RecsysError as error:
            return cards.message_html(str(error)), gr.skip(), gr.skip()
        return "", cards.answer_html(answer, view.photo), view

    def _recommender(self, view: View) -> Recommender:
        """Return what answers: for a photo, the release that has read it, if it is kept."""
        return self.live.recommender(view.revision) if view.photo else self._now

    def _while_waking(self) -> Iterator[Shown]:
        if not self._now.readers.ready:
            yield cards.notice_html(WAKING), gr.skip(), gr.skip()

    @property
    def _now(self) -> Recommender:
        return self.live.current.recommender


def changed(search: Search, asked: Mapping[str, str]) -> Search:
    """Return a search after a click on one of an answer's chips.

    Args:
        search: what was looked for.
        asked: ``correct``, ``column|value``: what a photo shows; ``ignore``, a column: words do not
            mean it; ``forget``: drop the words.
    """
    if "correct" in asked:
        column, _, value = asked["correct"].partition("|")
        return dataclasses.replace(search, corrected={**search.corrected, column: value})
    if "ignore" in asked:
        return dataclasses.replace(search, ignored=search.ignored | {asked["ignore"]})
    return dataclasses.replace(search, words="", weight=WORDS_WEIGHT, ignored=frozenset())

"""The Gradio page and its API endpoints, over the edition that is `Live`."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypedDict, TypeVar

import gradio as gr
from gradio.events import api
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from recsys import cards
from recsys.errors import QueryError, RecsysError
from recsys.live import Live
from recsys.photos import MAX_BYTES, read_photo, thumbnail
from recsys.recommender import DEFAULT_MATCHES, Answer, Article, Gallery, Recommender

T = TypeVar("T")

CSS_FILE = Path(__file__).with_name("interface.css")
KEEP_UPLOADS_SECONDS = 600
SEARCHES_AT_ONCE = 8
EXAMPLES = 16

FOLLOW_LINKS = """
element.addEventListener('click', (event) => {
  const link = event.target.closest('[data-article]');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  trigger('select', {article: link.dataset.article});
  window.scrollTo({top: 0, behavior: 'smooth'});
});
"""
"""A plain click on a result asks in place; with a key held, the browser opens it as a link."""


class ArticleAnswer(TypedDict):
    """An article in an API answer."""

    article_id: str
    name: str
    description: str
    attributes: dict[str, str]
    has_photo: bool


class MatchAnswer(TypedDict):
    """A match in an API answer; the contributions of the models sum to the score."""

    rank: int
    article_id: str
    name: str
    score: float
    contributions: dict[str, float]


class GalleryAnswer(TypedDict):
    """One model's matches in an API answer, or a note that says why there are none."""

    model: str
    note: str
    matches: list[MatchAnswer]


class SimilarAnswer(TypedDict):
    """An API answer: the release that gave it, the article asked about, a gallery a model."""

    release: str
    query: ArticleAnswer | None
    galleries: list[GalleryAnswer]


class Interface:
    """What the page and the API do with a query.

    Args:
        live: the edition that answers; each query asks for it once, and keeps to it.
        chance: draws the surprises.
    """

    def __init__(self, live: Live, chance: random.Random) -> None:
        self.live, self.chance = live, chance
        self.first = live.current

    def article(self, article_id: str) -> ArticleAnswer:
        """Look up an article by its id, with or without its leading zero."""
        return _article(_or_error(lambda: self._now.article(article_id)))

    def similar_to_article(self, article_id: str, k: int = DEFAULT_MATCHES) -> SimilarAnswer:
        """Find the k articles most similar to an article, by each of five models."""
        return _similar(lambda: self._now.similar_to_article(article_id, k))

    def similar_to_photo(self, photo: str | None, k: int = DEFAULT_MATCHES) -> SimilarAnswer:
        """Find the k articles most similar to an uploaded photo."""
        if photo is None:
            raise gr.Error("Choose a photo first.", print_exception=False)
        return _similar(lambda: self._now.similar_to_photo(read_photo(Path(photo)), k))

    def show_article(self, article_id: str) -> tuple[Any, Any]:
        """Return the page's message and answer for an article id."""
        try:
            return "", cards.answer_html(self._now.similar_to_article(article_id))
        except RecsysError as error:
            return cards.message_html(str(error)), gr.skip()

    def show_photo(self, photo: str | None) -> tuple[Any, Any]:
        """Return the page's message and answer for an uploaded photo; none once it is removed."""
        if photo is None:
            return "", gr.skip()
        try:
            data = read_photo(Path(photo))
            return "", cards.answer_html(self._now.similar_to_photo(data), thumbnail(data))
        except RecsysError as error:
            return cards.message_html(str(error)), gr.skip()

    def show_surprise(self) -> tuple[str, Any, Any]:
        """Return a random article's id, and the page's message and answer for it."""
        article_id = self._now.surprise(self.chance).article_id
        return article_id, *self.show_article(article_id)

    def show_first(self, request: gr.Request) -> tuple[Any, Any, Any, Any, Any]:
        """Return what a page shows when it is opened.

        That is an article id, a message and an answer if its address has an ``?article=``, else a
        welcome; and the notice and the foot. What the page was made with is right until a swap.
        """
        article_id = request.query_params.get("article")
        edition = self.live.current
        swapped = edition is not self.first
        notice = cards.notice_html(edition.notice) if swapped else gr.skip()
        foot = cards.footer_html(edition) if swapped else gr.skip()
        if article_id:
            return article_id, *self.show_article(article_id), notice, foot
        greeting = welcome(edition.recommender) if swapped else gr.skip()
        return gr.skip(), gr.skip(), greeting, notice, foot

    def show_followed(self, event: gr.EventData) -> tuple[str, Any, Any]:
        """Answer a click on a result."""
        article_id = str(event.article)
        return article_id, *self.show_article(article_id)

    def serve_photo(self, request: Request) -> Response:
        """Serve ``photos/<article id>.jpg``."""
        recommender = self.live.recommender(request.query_params.get("release", ""))
        try:
            photo = recommender.photo(request.path_params["article_id"])
        except QueryError:
            photo = None
        if photo is None:
            return Response("There is no such photo.", 404)
        # With the release in its address, a photo never changes.
        named = request.query_params.get("release") == recommender.revision
        keep = "public, max-age=604800, immutable" if named else "no-cache"
        return Response(photo, media_type="image/jpeg", headers={"Cache-Control": keep})

    @property
    def _now(self) -> Recommender:
        return self.live.current.recommender


def welcome(recommender: Recommender) -> str:
    """Return what the page shows before the first query."""
    return cards.welcome_html(recommender.examples(EXAMPLES), recommender.revision)


def make_page(interface: Interface) -> gr.Blocks:
    """Return the page, its events bound and its API endpoints named."""
    first = interface.first
    examples = first.recommender.examples(1)
    page = gr.Blocks(
        title="More like this",
        analytics_enabled=False,
        fill_width=True,
        delete_cache=(KEEP_UPLOADS_SECONDS, KEEP_UPLOADS_SECONDS),
    )
    with page:
        gr.HTML(cards.HEADER)
        notice = gr.HTML(cards.notice_html(first.notice), elem_id="notice")
        with gr.Row(elem_classes="ask"):
            with gr.Column(scale=3, min_width=300):
                box = gr.Textbox(
                    label="Article id",
                    placeholder=examples[0].article_id if examples else "",
                    max_lines=1,
                    elem_id="article-id",
                )
                with gr.Row():
                    look_up = gr.Button("Look up", variant="primary", min_width=120)
                    surprise = gr.Button("Surprise me", min_width=120)
            with gr.Column(scale=2, min_width=300):
                photo = gr.File(label="Or a photo", file_types=["image"], height=150)
        message = gr.HTML(elem_id="message")
        answer = gr.HTML(welcome(first.recommender), js_on_load=FOLLOW_LINKS, elem_id="answer")
        foot = gr.HTML(cards.footer_html(first), elem_id="foot")
        private: dict[str, Any] = {
            "api_visibility": "private",
            "concurrency_limit": SEARCHES_AT_ONCE,
            "concurrency_id": "searches",
        }
        shown = [message, answer]
        gr.on([box.submit, look_up.click], interface.show_article, box, shown, **private)
        surprise.click(interface.show_surprise, None, [box, *shown], **private)
        answer.select(interface.show_followed, None, [box, *shown], **private)
        page.load(interface.show_first, None, [box, *shown, notice, foot], **private)
        photo.change(interface.show_photo, photo, shown, **private)
        _bind_api(interface)
    return page


def launch(live: Live, **options: Any) -> str:
    """Serve the page and return its address; ``options`` go to Gradio's ``launch``."""
    interface = Interface(live, random.SystemRandom())
    page = make_page(interface)
    _, address, _ = page.launch(
        theme=gr.themes.Base(
            font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]
        ),
        css_paths=CSS_FILE,
        max_file_size=MAX_BYTES,
        footer_links=["api"],
        ssr_mode=False,
        app_kwargs={"routes": [Route("/photos/{article_id}.jpg", interface.serve_photo)]},
        **options,
    )
    return str(address)


def _bind_api(interface: Interface) -> None:
    """Name the API endpoints. A photo travels through a component, so that Gradio guards it."""
    api(interface.article, api_name="article", concurrency_limit=SEARCHES_AT_ONCE)
    api(
        interface.similar_to_article,
        api_name="similar_to_article",
        concurrency_limit=SEARCHES_AT_ONCE,
    )
    photo = gr.File(visible=False, label="photo")
    k = gr.Number(DEFAULT_MATCHES, visible=False, precision=0, label="k")
    gr.Button(visible=False).click(
        interface.similar_to_photo,
        [photo, k],
        gr.JSON(visible=False, label="answer"),
        api_name="similar_to_photo",
    )


def _or_error(ask: Callable[[], T]) -> T:
    """Turn a query's error into the one that Gradio passes on to API clients."""
    try:
        return ask()
    except RecsysError as error:
        raise gr.Error(str(error), print_exception=False) from error


def _similar(ask: Callable[[], Answer]) -> SimilarAnswer:
    answer = _or_error(ask)
    return SimilarAnswer(
        release=answer.revision,
        query=_article(answer.query) if answer.query else None,
        galleries=[_gallery(gallery) for gallery in answer.galleries],
    )


def _article(article: Article) -> ArticleAnswer:
    return ArticleAnswer(
        article_id=article.article_id,
        name=article.name,
        description=article.description,
        attributes=article.attributes,
        has_photo=article.has_photo,
    )


def _gallery(gallery: Gallery) -> GalleryAnswer:
    matches = [
        MatchAnswer(
            rank=match.rank,
            article_id=match.article.article_id,
            name=match.article.name,
            score=match.score,
            contributions=match.contributions,
        )
        for match in gallery.matches
    ]
    return GalleryAnswer(model=gallery.model.name, note=gallery.note, matches=matches)

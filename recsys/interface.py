"""The Gradio page and its API endpoints, over the edition that is `Live`."""

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr
from gradio.events import api
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from recsys import cards
from recsys.answers import (
    ArticleAnswer,
    ForBasketAnswer,
    SimilarAnswer,
    article_answer,
    for_basket_answer,
    similar_answer,
)
from recsys.charts import evaluation_html
from recsys.errors import QueryError, RecsysError
from recsys.live import Edition, Live
from recsys.photos import MAX_BYTES, read_photo, thumbnail
from recsys.recommender import DEFAULT_MATCHES, BasketAnswer, Recommender

T = TypeVar("T")

CSS_FILE = Path(__file__).with_name("interface.css")
KEEP_UPLOADS_SECONDS = 600
SEARCHES_AT_ONCE = 8
ARTICLES_TAB = "articles"
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


PRIVATE: dict[str, Any] = {
    "api_visibility": "private",
    "concurrency_limit": SEARCHES_AT_ONCE,
    "concurrency_id": "searches",
}
"""How the page's own events are bound."""


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
        return article_answer(_or_error(lambda: self._now.article(article_id)))

    def similar_to_article(self, article_id: str, k: int = DEFAULT_MATCHES) -> SimilarAnswer:
        """Find the k articles most similar to an article, by each of five models."""
        return similar_answer(_or_error(lambda: self._now.similar_to_article(article_id, k)))

    def similar_to_photo(self, photo: str | None, k: int = DEFAULT_MATCHES) -> SimilarAnswer:
        """Find the k articles most similar to an uploaded photo."""
        if photo is None:
            raise gr.Error("Choose a photo first.", print_exception=False)
        ask = self._now.similar_to_photo
        return similar_answer(_or_error(lambda: ask(read_photo(Path(photo)), k)))

    def shoppers(self) -> list[str]:
        """List the shoppers that can be asked for, by their aliases."""
        return self._now.shoppers()

    def for_shopper(self, alias: str, k: int = DEFAULT_MATCHES) -> ForBasketAnswer:
        """Find k articles for a shopper of the release, none of which they have."""
        return for_basket_answer(_or_error(lambda: self._now.for_shopper(alias, k)))

    def for_basket(self, article_ids: list[str], k: int = DEFAULT_MATCHES) -> ForBasketAnswer:
        """Find k articles that go with a basket of article ids."""
        ask = self._now.for_basket
        return for_basket_answer(_or_error(lambda: ask(_article_ids(article_ids), k)))

    def show_shopper(self, alias: str | None) -> tuple[Any, Any]:
        """Return the page's message and answer for a shopper; none until one is chosen."""
        if not alias:
            return gr.skip(), gr.skip()
        return _shown(lambda: self._now.for_shopper(alias))

    def show_basket(self, text: str) -> tuple[Any, Any, Any]:
        """Return the page's message and answer for article ids in a line of text.

        The shopper is no longer chosen then, so that the same one can be chosen again.
        """
        message, answer = _shown(lambda: self._now.for_basket(_article_ids(text)))
        return message, answer, gr.skip() if message else None

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

    def show_first(self, request: gr.Request) -> tuple[Any, ...]:
        """Return what a page shows when it is opened.

        That is an article id, a message and an answer if its address has an ``?article=``, else a
        welcome; and all that depends on the release: notice, foot, shoppers and evaluation. What
        the page was made with is right until a swap.
        """
        article_id = request.query_params.get("article")
        edition = self.live.current
        swapped = edition is not self.first
        of_release = _of_release(edition) if swapped else (gr.skip(),) * 4
        if article_id:
            return article_id, *self.show_article(article_id), *of_release
        greeting = welcome(edition.recommender) if swapped else gr.skip()
        return gr.skip(), gr.skip(), greeting, *of_release

    def show_followed(self, event: gr.EventData) -> tuple[Any, str, Any, Any]:
        """Answer a click on a result, where articles are shown."""
        article_id = str(event.article)
        return gr.Tabs(selected=ARTICLES_TAB), article_id, *self.show_article(article_id)

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
    page = gr.Blocks(
        title="More like this",
        analytics_enabled=False,
        fill_width=True,
        delete_cache=(KEEP_UPLOADS_SECONDS, KEEP_UPLOADS_SECONDS),
    )
    with page:
        gr.HTML(cards.HEADER)
        notice = gr.HTML(cards.notice_html(first.notice), elem_id="notice")
        with gr.Tabs(selected=ARTICLES_TAB) as tabs:
            with gr.Tab("Articles", id=ARTICLES_TAB):
                box, message, answer = _articles_tab(interface)
            with gr.Tab("Shoppers"):
                shopper, for_them = _shopper_tab(interface)
            with gr.Tab("How good is it?"):
                report = gr.HTML(_report(first))
        foot = gr.HTML(cards.footer_html(first), elem_id="foot")
        shown = [message, answer]
        for results in (answer, for_them):
            results.select(interface.show_followed, None, [tabs, box, *shown], **PRIVATE)
        of_release = [notice, foot, shopper, report]
        page.load(interface.show_first, None, [box, *shown, *of_release], **PRIVATE)
        _bind_api(interface)
    return page


def _articles_tab(interface: Interface) -> tuple[gr.Textbox, gr.HTML, gr.HTML]:
    """Put the parts for articles and photos on the page: the box, the message, the answer."""
    recommender = interface.first.recommender
    examples = recommender.examples(1)
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
    answer = gr.HTML(welcome(recommender), js_on_load=FOLLOW_LINKS, elem_id="answer")
    shown = [message, answer]
    gr.on([box.submit, look_up.click], interface.show_article, box, shown, **PRIVATE)
    surprise.click(interface.show_surprise, None, [box, *shown], **PRIVATE)
    photo.change(interface.show_photo, photo, shown, **PRIVATE)
    return box, message, answer


def _shopper_tab(interface: Interface) -> tuple[gr.Dropdown, gr.HTML]:
    """Put the parts for shoppers and baskets on the page."""
    with gr.Row(elem_classes="ask"):
        shopper = gr.Dropdown(
            interface.first.recommender.shoppers(),
            value=None,
            label="Shopper",
            info="Somebody who bought things, under a made-up name.",
            # What is typed is checked by the recommender, whose message says more.
            allow_custom_value=True,
            min_width=300,
        )
        with gr.Column(min_width=300):
            basket = gr.Textbox(
                label="Or a basket", placeholder="article ids, with spaces between", max_lines=1
            )
            ask = gr.Button("Show what goes with it", variant="primary")
    message = gr.HTML(elem_id="shopper-message")
    answer = gr.HTML(js_on_load=FOLLOW_LINKS, elem_id="shopper-answer")
    shopper.change(interface.show_shopper, shopper, [message, answer], **PRIVATE)
    shown = [message, answer, shopper]
    gr.on([basket.submit, ask.click], interface.show_basket, basket, shown, **PRIVATE)
    return shopper, answer


def _report(edition: Edition) -> str:
    return evaluation_html(edition.recommender.release.manifest.evaluation)


def _of_release(edition: Edition) -> tuple[Any, ...]:
    """Return what the page shows of a release beside its answers."""
    return (
        cards.notice_html(edition.notice),
        cards.footer_html(edition),
        gr.Dropdown(edition.recommender.shoppers(), value=None),
        _report(edition),
    )


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
    for endpoint in (
        interface.article,
        interface.similar_to_article,
        interface.shoppers,
        interface.for_shopper,
        interface.for_basket,
    ):
        api(endpoint, api_name=endpoint.__name__, concurrency_limit=SEARCHES_AT_ONCE)
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


def _article_ids(basket: object) -> list[str]:
    """Return the ids in a basket: a list of them, or a text with anything between them.

    Raises:
        QueryError: it is neither.
    """
    if isinstance(basket, str):
        return re.findall(r"[^\s,;]+", basket)
    if isinstance(basket, list):
        return basket
    raise QueryError("A basket is a list of article ids.")


def _shown(ask: Callable[[], BasketAnswer]) -> tuple[Any, Any]:
    """Return the page's message and answer for a basket; after an error the answer stays."""
    try:
        return "", cards.basket_html(ask())
    except RecsysError as error:
        return cards.message_html(str(error)), gr.skip()

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
    ComposedAnswer,
    ForBasketAnswer,
    SimilarAnswer,
    article_answer,
    composed_answer,
    for_basket_answer,
    similar_answer,
)
from recsys.charts import evaluation_html
from recsys.errors import QueryError, RecsysError
from recsys.facets import Wanted
from recsys.finding import ARTICLES_TAB, Finding, View
from recsys.live import Edition, Live
from recsys.photos import MAX_BYTES
from recsys.readers import LARGEST_BATCH
from recsys.recommender import DEFAULT_MATCHES, WORDS_WEIGHT, Recommender, Search
from recsys.results import BasketAnswer
from recsys.uploads import sweeping, uploads_folder

T = TypeVar("T")

CSS_FILE = Path(__file__).with_name("interface.css")
SEARCHES_AT_ONCE = 8
SESSIONS = 1000
"""How many visitors' states are kept. Gradio makes one for each call without a session, too."""

EXAMPLES = 16

FOLLOW_CLICKS = """
element.addEventListener('click', (event) => {
  const chip = event.target.closest('.chip');
  if (chip) trigger('select', {...chip.dataset});
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

READING: dict[str, Any] = {
    "api_visibility": "private",
    "concurrency_limit": LARGEST_BATCH,
    "concurrency_id": "reading",
}
"""How those are bound that an encoder answers, which reads that many at once."""


class Interface:
    """What the page and the API do with a query.

    Args:
        live: the edition that answers; each query asks for it once, and keeps to it.
        chance: draws the surprises.
    """

    def __init__(self, live: Live, chance: random.Random) -> None:
        self.live, self.first = live, live.current
        self.finding = Finding(live, chance)

    def article(self, article_id: str) -> ArticleAnswer:
        """Look up an article by its id, with or without its leading zero."""
        return article_answer(_or_error(lambda: self._now.article(article_id)))

    def similar_to_article(self, article_id: str, k: int = DEFAULT_MATCHES) -> SimilarAnswer:
        """Find the k articles most similar to an article, by each of five models."""
        return similar_answer(_or_error(lambda: self._now.similar_to_article(article_id, k)))

    def similar_to_photo(
        self,
        photo: bytes | None,
        k: int = DEFAULT_MATCHES,
        corrected: dict[str, str] | None = None,
    ) -> SimilarAnswer:
        """Find the k articles most similar to a photo; ``corrected`` says what it shows."""
        if photo is None:
            raise gr.Error("Choose a photo first.", print_exception=False)
        ask = self._now.similar_to_photo
        return similar_answer(_or_error(lambda: ask(photo, k, corrected or {})))

    def search_words(self, words: str, k: int = DEFAULT_MATCHES) -> SimilarAnswer:
        """Find the k articles that fit a few words; attributes that they name are required."""
        if not str(words).strip():
            raise gr.Error("Say what to look for.", print_exception=False)
        return similar_answer(_or_error(lambda: self._now.search(Search(words=words), k)))

    def compose(
        self,
        words: str = "",
        article_id: str = "",
        photo: bytes | None = None,
        weight: float = WORDS_WEIGHT,
        k: int = DEFAULT_MATCHES,
        corrected: dict[str, str] | None = None,
        filters: dict[str, list[str]] | None = None,
        with_photo: bool = False,
        one_a_product: bool = False,
        weights: dict[str, float] | None = None,
    ) -> ComposedAnswer:
        """Find k articles like an article or a photo, but as words say and filters allow."""

        def ask() -> ComposedAnswer:
            now = self._now
            search = Search(
                article=article_id or None,
                photo=now.read(photo) if photo is not None else None,
                words=words,
                weight=weight,
                corrected=corrected or {},
                wanted=Wanted(filters or {}, with_photo),
                one_a_product=one_a_product,
                weights=weights or {},
            )
            return composed_answer(now.search(search, k), now.choices(search))

        return _or_error(ask)

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

    def show_first(self, request: gr.Request) -> tuple[Any, ...]:
        """Return what a page shows when it is opened.

        That is an article id, a message, an answer and a `View` if its address has an
        ``?article=``, else a welcome; and all that depends on the release: notice, foot, shoppers
        and evaluation. What the page was made with is right until a swap.
        """
        article_id = request.query_params.get("article")
        edition = self.live.current
        swapped = edition is not self.first
        of_release = _of_release(edition) if swapped else (gr.skip(),) * 4
        if article_id:
            return article_id, *self.finding.show_article(article_id), *of_release
        greeting = welcome(edition.recommender) if swapped else gr.skip()
        return gr.skip(), gr.skip(), greeting, gr.skip(), *of_release

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
    )
    with page:
        gr.HTML(cards.HEADER)
        notice = gr.HTML(cards.notice_html(first.notice), elem_id="notice")
        with gr.Tabs(selected=ARTICLES_TAB) as tabs:
            with gr.Tab("Articles", id=ARTICLES_TAB):
                box, shown = _articles_tab(interface)
            with gr.Tab("Shoppers"):
                shopper, for_them = _shopper_tab(interface)
            with gr.Tab("How good is it?"):
                report = gr.HTML(_report(first))
        foot = gr.HTML(cards.footer_html(first), elem_id="foot")
        clicked = interface.finding.show_clicked
        for results in (shown[1], for_them):
            results.select(clicked, shown[2], [tabs, box, *shown], **PRIVATE)
        of_release = [notice, foot, shopper, report]
        page.load(interface.show_first, None, [box, *shown, *of_release], **PRIVATE)
        _bind_api(interface)
    return page


def _articles_tab(interface: Interface) -> tuple[gr.Textbox, list[Any]]:
    """Put the parts for looking for articles on the page: the box, and what is shown."""
    recommender, finding = interface.first.recommender, interface.finding
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
        with gr.Column(scale=3, min_width=300):
            words = gr.Textbox(
                label="Words",
                placeholder="black dress; or, beside what is shown: in red",
                max_lines=1,
                elem_id="words",
            )
            with gr.Row():
                search = gr.Button("Search", variant="primary", min_width=120)
                weight = gr.Slider(
                    0, 1, WORDS_WEIGHT, step=0.05, label="Weight of words", min_width=160
                )
        with gr.Column(scale=2, min_width=260):
            photo = gr.File(label="Or a photo", file_types=["image"], type="binary", height=150)
    message = gr.HTML(elem_id="message")
    answer = gr.HTML(welcome(recommender), js_on_load=FOLLOW_CLICKS, elem_id="answer")
    view = gr.State(View())
    shown = [message, answer, view]
    gr.on([box.submit, look_up.click], finding.show_article, box, shown, **PRIVATE)
    surprise.click(finding.show_surprise, None, [box, *shown], **PRIVATE)
    gr.on([words.submit, search.click], finding.show_words, [words, weight, view], shown, **READING)
    weight.release(finding.show_weighed, [weight, view], shown, **PRIVATE)
    photo.change(finding.show_photo, photo, shown, **READING)
    return box, shown


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
    answer = gr.HTML(js_on_load=FOLLOW_CLICKS, elem_id="shopper-answer")
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
    uploads, interface = uploads_folder(), Interface(live, random.SystemRandom())
    live.current.recommender.readers.load_in_background()
    page = make_page(interface)
    _, address, _ = page.launch(
        theme=gr.themes.Base(
            font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]
        ),
        css_paths=CSS_FILE,
        max_file_size=MAX_BYTES,
        footer_links=["api"],
        ssr_mode=False,
        state_session_capacity=SESSIONS,
        app_kwargs={
            "routes": [Route("/photos/{article_id}.jpg", interface.serve_photo)],
            "lifespan": sweeping(uploads),
        },
        **options,
    )
    return str(address)


def _bind_api(interface: Interface) -> None:
    """Name the API endpoints. A photo travels through a component, so that Gradio guards it."""
    for endpoint in (
        interface.article,
        interface.similar_to_article,
        interface.search_words,
        interface.shoppers,
        interface.for_shopper,
        interface.for_basket,
    ):
        api(endpoint, api_name=endpoint.__name__, concurrency_limit=SEARCHES_AT_ONCE)
    photo = gr.File(visible=False, label="photo", type="binary")
    k = gr.Number(DEFAULT_MATCHES, visible=False, precision=0, label="k")
    corrected = gr.JSON(visible=False, label="corrected")
    words = gr.Textbox("", visible=False, label="words")
    article_id = gr.Textbox("", visible=False, label="article_id")
    weight = gr.Number(WORDS_WEIGHT, visible=False, label="weight")
    filters = gr.JSON(visible=False, label="filters")
    with_photo = gr.Checkbox(visible=False, label="with_photo")
    one_a_product = gr.Checkbox(visible=False, label="one_a_product")
    weights = gr.JSON(visible=False, label="weights")
    answer = gr.JSON(visible=False, label="answer")
    public = {**READING, "api_visibility": "public"}
    ask, button = interface.similar_to_photo, gr.Button(visible=False)
    button.click(ask, [photo, k, corrected], answer, api_name="similar_to_photo", **public)
    given = [words, article_id, photo, weight, k, corrected]
    given += [filters, with_photo, one_a_product, weights]
    button.click(interface.compose, given, answer, api_name="compose", **public)


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

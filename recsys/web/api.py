"""The API: what programs ask. Each method is an endpoint of its name."""

from collections.abc import Callable
from inspect import signature
from typing import Any, TypeVar, get_type_hints

import gradio as gr
from gradio.components import Component
from gradio.components.api_component import Api as ApiComponent
from gradio.events import api
from gradio_client.utils import python_type_to_json_schema

from recsys.errors import QueryError, RecsysError
from recsys.retrieval.facets import Filters, price_range
from recsys.serving.edition import LiveEdition
from recsys.serving.recommender import Recommender
from recsys.serving.request import DEFAULT_MATCHES, WORDS_WEIGHT, SearchRequest, check_count, ids_in
from recsys.serving.results import Answer
from recsys.web.api_schema import (
    ArticleAnswer,
    ComposedAnswer,
    ForBasketAnswer,
    HealthAnswer,
    ManyAnswer,
    SimilarAnswer,
    article_answer,
    composed_answer,
    for_basket_answer,
    health_answer,
    many_answer,
    similar_answer,
)
from recsys.web.queues import READING, SEARCHING

T = TypeVar("T")

PHOTO = "photo"
"""The parameter that is a file."""

MOST_AT_ONCE = 256
"""How many articles one call may ask about."""


class Api:
    """What the API does with a query.

    The docstrings are read by programs and agents. Of a parameter Gradio tells them one line.

    Args:
        live: the edition that answers; each query asks for it once, and keeps to it.
    """

    def __init__(self, live: LiveEdition) -> None:
        self.live = live

    def health(self) -> HealthAnswer:
        """Tell how the app is: the release it serves, which encoders are loaded, its memory."""
        return health_answer(self.live.current)

    def article(self, article_id: str) -> ArticleAnswer:
        """Look up an article of the catalogue: its name, description, attributes and price.

        Args:
            article_id: 10 digits, as in "0310352003"; missing leading zeros are restored.
        """
        return article_answer(_or_error(lambda: self._now.article(article_id)))

    def similar_to_article(self, article_id: str, k: int = DEFAULT_MATCHES) -> SimilarAnswer:
        """Find the k articles most similar to an article, by each of five models.

        Args:
            article_id: 10 digits, as in "0310352003"; missing leading zeros are restored.
            k: how many matches each model gives, 1 to 48.
        """
        return similar_answer(_or_error(lambda: self._now.similar_to_article(article_id, k)))

    def similar_to_articles(self, article_ids: list[str], k: int = DEFAULT_MATCHES) -> ManyAnswer:
        """Find the k articles most similar to each of many articles, all from one release.

        Args:
            article_ids: up to 256 ids of 10 digits; a wrong one gets an error of its own.
            k: how many matches each model gives, 1 to 48.
        """

        def ask() -> ManyAnswer:
            now, ids = self._now, ids_in(article_ids)
            check_count(k)
            if not 1 <= len(ids) <= MOST_AT_ONCE:
                raise QueryError(f"Ask about 1 to {MOST_AT_ONCE} articles, not {len(ids)}.")
            return many_answer(
                now.release_version, [(str(id_), _answered(now, id_, k)) for id_ in ids]
            )

        return _or_error(ask)

    def similar_to_photo(
        self,
        photo: bytes | None,
        k: int = DEFAULT_MATCHES,
        corrected: dict[str, str] | None = None,
    ) -> SimilarAnswer:
        """Find the k articles most similar to a photo, and tell what it shows.

        Args:
            photo: a JPEG, PNG or WebP of up to 10 MB: an uploaded file, or a "data:" address.
            k: how many matches each model gives, 1 to 48.
            corrected: what the photo shows in truth, as {"product_type_name": "Dress"}.
        """
        if photo is None:
            raise gr.Error("Choose a photo first.", print_exception=False)
        ask = self._now.similar_to_photo
        return similar_answer(_or_error(lambda: ask(photo, k, corrected or {})))

    def search_words(self, words: str, k: int = DEFAULT_MATCHES) -> SimilarAnswer:
        """Find the k articles that fit a few words, as "black dress".

        Args:
            words: what to look for; types, colours and patterns that they name are required.
            k: how many matches each model gives, 1 to 48.
        """
        if not str(words).strip():
            raise gr.Error("Say what to look for.", print_exception=False)
        return similar_answer(_or_error(lambda: self._now.search(SearchRequest(words=words), k)))

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
        price: list[float] | None = None,
    ) -> ComposedAnswer:
        """Find k articles like an article or a photo, but as words say and filters allow.

        Filters are by index_group_name, product_type_name, colour_group_name and
        graphical_appearance_name. The parts that can be weighed are text, image, features,
        two_tower, co_purchase, popularity and recency.

        Args:
            words: how it should differ, as "but in red"; or what to look for, alone.
            article_id: the article it should be like; not together with a photo.
            photo: the photo it should be like, an uploaded file or a "data:" address.
            weight: how much the words count beside the article or photo, 0 to 1.
            k: how many matches each model gives, 1 to 48.
            corrected: what the photo shows in truth, as {"product_type_name": "Dress"}.
            filters: {"colour_group_name": ["Black"]}, say; the answer's facets tell what there is.
            with_photo: only articles that have a photo.
            one_a_product: leave out other colours of the same product.
            weights: {"image": 2, "two_tower": 1}, say, in the combined model; else those learned.
            price: the lowest and the highest price, in the catalogue's own unit.
        """

        def ask() -> ComposedAnswer:
            now = self._now
            search = SearchRequest(
                article=article_id or None,
                photo=now.encode_photo(photo) if photo is not None else None,
                words=words,
                weight=weight,
                corrected=corrected or {},
                filters=Filters(filters or {}, with_photo, *price_range(price)),
                one_a_product=one_a_product,
                weights=weights or {},
            )
            found = now.search_with_facets(search, k)
            return composed_answer(found.answer, found.facets)

        return _or_error(ask)

    def shoppers(self) -> list[str]:
        """List the shoppers that `for_shopper` can be asked for, by their aliases."""
        return self._now.shoppers()

    def for_shopper(self, alias: str, k: int = DEFAULT_MATCHES) -> ForBasketAnswer:
        """Find k articles for a shopper of the release, none of which they have, by five models.

        Args:
            alias: as `shoppers` lists it, "shopper-0001".
            k: how many matches each model gives, 1 to 48.
        """
        return for_basket_answer(_or_error(lambda: self._now.for_shopper(alias, k)))

    def for_basket(self, article_ids: list[str], k: int = DEFAULT_MATCHES) -> ForBasketAnswer:
        """Find k articles that go with a basket, none of which are in it, by each of five models.

        Args:
            article_ids: 1 to 50 ids of 10 digits.
            k: how many matches each model gives, 1 to 48.
        """
        ask = self._now.for_basket
        return for_basket_answer(_or_error(lambda: ask(ids_in(article_ids), k)))

    @property
    def _now(self) -> Recommender:
        return self.live.current.recommender


def bind(endpoints: Api) -> None:
    """Name the API endpoints. A photo travels through a component, so that Gradio guards it."""
    for endpoint in (
        endpoints.health,
        endpoints.article,
        endpoints.similar_to_article,
        endpoints.similar_to_articles,
        endpoints.search_words,
        endpoints.shoppers,
        endpoints.for_shopper,
        endpoints.for_basket,
    ):
        api(endpoint, api_name=endpoint.__name__, **SEARCHING)
    public: dict[str, Any] = {**READING, "api_visibility": "public"}
    button = gr.Button(visible=False)
    for asking in (endpoints.similar_to_photo, endpoints.compose):
        inputs, answer = _components(asking)
        button.click(asking, inputs, answer, api_name=asking.__name__, **public)


def _components(endpoint: Callable[..., Any]) -> tuple[list[Component], Component]:
    """Return components that take an endpoint's parameters, and one that gives its answer."""
    hints = get_type_hints(endpoint)
    inputs: list[Component] = [
        gr.File(visible=False, label=name, type="binary")
        if name == PHOTO
        else ApiComponent(each.default, python_type_to_json_schema(hints[name]), name)
        for name, each in signature(endpoint).parameters.items()
    ]
    return inputs, ApiComponent(None, python_type_to_json_schema(hints["return"]), "answer")


def _answered(recommender: Recommender, article_id: str, k: int) -> Answer | RecsysError:
    try:
        return recommender.similar_to_article(article_id, k)
    except RecsysError as error:
        return error


def _or_error(ask: Callable[[], T]) -> T:
    """Turn a query's error into the one that Gradio passes on to API clients."""
    try:
        return ask()
    except RecsysError as error:
        raise gr.Error(str(error), print_exception=False) from error

"""The API: its endpoints, and the queues that they and the page's events wait in."""

from collections.abc import Callable
from typing import Any, TypeVar

import gradio as gr
from gradio.events import api

from recsys.errors import QueryError, RecsysError
from recsys.retrieval.facets import Filters, price_range
from recsys.serving.edition import LiveEdition
from recsys.serving.encoders import LARGEST_BATCH
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
from recsys.web.gradio_private import endpoint_components

T = TypeVar("T")

PHOTO_PARAMETER = "photo"
"""Name of the parameter that is a file."""

MAX_ARTICLES, MAX_MATCHES = 100, 1200
"""Articles in one call of `similar_to_articles`, and matches from each model for all of them.

Its answer has up to 1 MB and takes a core about a second.
"""

SEARCH_QUEUE: dict[str, Any] = {"concurrency_limit": 8, "concurrency_id": "searches"}
"""Gradio event options for searches that need no encoder: at most 8 run at the same time."""

ENCODER_QUEUE: dict[str, Any] = {"concurrency_limit": LARGEST_BATCH, "concurrency_id": "reading"}
"""Gradio event options for searches that may need an encoder: a batch at the same time."""

BATCH_QUEUE: dict[str, Any] = {"concurrency_limit": 1, "concurrency_id": "batches"}
"""Gradio event options for calls about many articles: one after the other, beside searches."""


class Api:
    """The endpoints of the API, each named after its method.

    Programs and agents read the docstrings. Gradio shows them one line for each parameter.

    Args:
        live: the edition that answers. A call uses the same one until it ends.
    """

    def __init__(self, live: LiveEdition) -> None:
        self.live = live

    def health(self) -> HealthAnswer:
        """Return the release that is served, which encoders are loaded and the memory in use."""
        return health_answer(self.live.current)

    def article(self, article_id: str) -> ArticleAnswer:
        """Return an article of the catalogue: its name, description, attributes and price.

        Args:
            article_id: 10 digits, as in "0310352003"; leading zeros may be missing.
        """
        return article_answer(_or_error(lambda: self._recommender.article(article_id)))

    def similar_to_article(self, article_id: str, k: int = DEFAULT_MATCHES) -> SimilarAnswer:
        """Return the k articles most similar to an article, by each of five models.

        Args:
            article_id: 10 digits, as in "0310352003"; leading zeros may be missing.
            k: number of matches from each model, 1 to 48.
        """
        return similar_answer(
            _or_error(lambda: self._recommender.similar_to_article(article_id, k))
        )

    def similar_to_articles(self, article_ids: list[str], k: int = DEFAULT_MATCHES) -> ManyAnswer:
        """Return the k articles most similar to each of many articles, all from one release.

        Args:
            article_ids: up to 100 ids of 10 digits; a wrong id gets an error of its own.
            k: matches from each model, 1 to 48; times the number of ids at most 1,200.
        """

        def search() -> ManyAnswer:
            recommender, ids = self._recommender, ids_in(article_ids)
            check_count(k)
            if not 1 <= len(ids) <= MAX_ARTICLES:
                raise QueryError(f"Ask about 1 to {MAX_ARTICLES} articles, not {len(ids)}.")
            if len(ids) * k > MAX_MATCHES:
                most = MAX_MATCHES // len(ids)
                raise QueryError(f"Ask for up to {most} matches for {len(ids)} articles, not {k}.")
            answers = [(str(each), _answer_or_error(recommender, each, k)) for each in ids]
            return many_answer(recommender.release_version, answers)

        return _or_error(search)

    def similar_to_photo(
        self,
        photo: bytes | None,
        k: int = DEFAULT_MATCHES,
        corrected: dict[str, str] | None = None,
    ) -> SimilarAnswer:
        """Return the k articles most similar to a photo, and the attributes that the photo shows.

        Args:
            photo: a JPEG, PNG or WebP of up to 10 MB: an uploaded file or a "data:" address.
            k: number of matches from each model, 1 to 48.
            corrected: attributes that were recognised wrongly, as {"product_type_name": "Dress"}.
        """
        if photo is None:
            raise gr.Error("Choose a photo first.", print_exception=False)
        search = self._recommender.similar_to_photo
        return similar_answer(_or_error(lambda: search(photo, k, corrected or {})))

    def search_words(self, words: str, k: int = DEFAULT_MATCHES) -> SimilarAnswer:
        """Return the k articles that best fit a few words, as "black dress".

        Args:
            words: the search; product types, colours and patterns that it names are required.
            k: number of matches from each model, 1 to 48.
        """
        if not str(words).strip():
            raise gr.Error("Say what to look for.", print_exception=False)
        request = SearchRequest(words=words)
        return similar_answer(_or_error(lambda: self._recommender.search(request, k)))

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
        """Return k articles similar to an article or a photo, changed by words and filtered.

        Filters are by index_group_name, product_type_name, colour_group_name and
        graphical_appearance_name. Weights are of text, image, features, two_tower, co_purchase,
        popularity and recency.

        Args:
            words: what should differ, as "but in red"; without article and photo, the search.
            article_id: an article to be similar to; not together with a photo.
            photo: a photo to be similar to: an uploaded file or a "data:" address.
            weight: how much the words count beside the article or photo, 0 to 1.
            k: number of matches from each model, 1 to 48.
            corrected: attributes that were recognised wrongly, as {"product_type_name": "Dress"}.
            filters: as {"colour_group_name": ["Black"]}; the answer's facets list the values.
            with_photo: only articles that have a photo.
            one_a_product: leave out other colours of the same product.
            weights: of the combined model, as {"image": 2, "two_tower": 1}; else the learned ones.
            price: the lowest and the highest price, in the catalogue's own unit.
        """

        def search() -> ComposedAnswer:
            recommender = self._recommender
            request = SearchRequest(
                article=article_id or None,
                photo=recommender.encode_photo(photo) if photo is not None else None,
                words=words,
                weight=weight,
                corrected=corrected or {},
                filters=Filters(filters or {}, with_photo, *price_range(price)),
                one_a_product=one_a_product,
                weights=weights or {},
            )
            found = recommender.search_with_facets(request, k)
            return composed_answer(found.answer, found.facets)

        return _or_error(search)

    def shoppers(self) -> list[str]:
        """Return the aliases of the example shoppers that `for_shopper` can answer for."""
        return self._recommender.shoppers()

    def for_shopper(self, alias: str, k: int = DEFAULT_MATCHES) -> ForBasketAnswer:
        """Return k articles that suit a shopper and that they do not have, by each of five models.

        Args:
            alias: one that `shoppers` returns, as "shopper-0001".
            k: number of matches from each model, 1 to 48.
        """
        return for_basket_answer(_or_error(lambda: self._recommender.for_shopper(alias, k)))

    def for_basket(self, article_ids: list[str], k: int = DEFAULT_MATCHES) -> ForBasketAnswer:
        """Return k articles that go with a basket and are not in it, by each of five models.

        Args:
            article_ids: 1 to 50 ids of 10 digits.
            k: number of matches from each model, 1 to 48.
        """
        search = self._recommender.for_basket
        return for_basket_answer(_or_error(lambda: search(ids_in(article_ids), k)))

    @property
    def _recommender(self) -> Recommender:
        return self.live.current.recommender


def add_endpoints(endpoints: Api) -> None:
    """Add the endpoints to the page that is being made.

    Those with a photo need components, because Gradio accepts files only through one.
    """
    for endpoint in (
        endpoints.health,
        endpoints.article,
        endpoints.similar_to_article,
        endpoints.search_words,
        endpoints.shoppers,
        endpoints.for_shopper,
        endpoints.for_basket,
    ):
        api(endpoint, api_name=endpoint.__name__, **SEARCH_QUEUE)
    api(endpoints.similar_to_articles, api_name="similar_to_articles", **BATCH_QUEUE)
    public: dict[str, Any] = {**ENCODER_QUEUE, "api_visibility": "public"}
    button = gr.Button(visible=False)
    for with_file in (endpoints.similar_to_photo, endpoints.compose):
        inputs, answer = endpoint_components(with_file, PHOTO_PARAMETER)
        button.click(with_file, inputs, answer, api_name=with_file.__name__, **public)


def _answer_or_error(recommender: Recommender, article_id: str, k: int) -> Answer | RecsysError:
    try:
        return recommender.similar_to_article(article_id, k)
    except RecsysError as error:
        return error


def _or_error(search: Callable[[], T]) -> T:
    """Return a search's result, or raise its error as the one that Gradio passes on to programs."""
    try:
        return search()
    except RecsysError as error:
        raise gr.Error(str(error), print_exception=False) from error

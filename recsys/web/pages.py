"""What each page shows below the search box: an answer, shoppers, the evaluation, the catalogue."""

from collections.abc import Sequence
from dataclasses import dataclass

from recsys.models.registry import ALL
from recsys.retrieval.retriever import CANDIDATES
from recsys.serving.recommender import Recommender
from recsys.serving.request import DEFAULT_MATCHES
from recsys.serving.results import BasketAnswer, Gallery
from recsys.web.cards import AddressOf, card_views
from recsys.web.catalog_page import catalog_html
from recsys.web.evaluation_page import evaluation_html
from recsys.web.filter_bar import filter_bar, remedies
from recsys.web.gallery_views import GalleryView, galleries_view
from recsys.web.query_panel import query_panel
from recsys.web.start_page import shopper_examples_html, welcome_html
from recsys.web.templating import render
from recsys.web.url import CATALOG, QUALITY, SHOPPER, PageState, to_url


@dataclass(frozen=True)
class PageContent:
    """What a page shows below the search box.

    Attributes:
        html: its HTML.
        announcement: what was found, for screen readers; empty for pages that find nothing.
    """

    html: str
    announcement: str = ""


def page_content(state: PageState, recommender: Recommender) -> PageContent:
    """Return what a page shows below the search box.

    Args:
        state: where the visitor is.
        recommender: answers the query.

    Raises:
        RecsysError: as `Recommender.search`, `Recommender.for_shopper` and
            `Recommender.for_basket`.
    """
    if state.page == QUALITY:
        return PageContent(evaluation_html(recommender.evaluation))
    if state.page == CATALOG:
        return PageContent(catalog_html(recommender.catalog_summary, recommender.release_version))
    if state.page == SHOPPER:
        return _shopper_content(state, recommender)
    if state.has_query:
        return _answer_content(state, recommender)
    return PageContent(welcome_html(recommender))


def skeleton_html() -> str:
    """Return the shape of an answer, shown until the answer comes."""
    return render("skeleton.html", galleries=len(ALL), cards=DEFAULT_MATCHES)


def _answer_content(state: PageState, recommender: Recommender) -> PageContent:
    found = recommender.search_with_facets(state.search, state.matches, CANDIDATES)
    answer = found.answer
    article = recommender.article(state.photo_of) if state.photo_of else answer.query
    html = render(
        "answer.html",
        query=query_panel(answer, state, article),
        bar=filter_bar(state, found, recommender),
        remedies=remedies(state, found, recommender),
        galleries=galleries_view(answer.galleries, answer.release_version, state),
    )
    query = " ".join(filter(None, (article.name if article else "", answer.words)))
    return PageContent(html, f"{query or 'Your photo'}: {_announcement(answer.galleries)}")


def _announcement(galleries: Sequence[Gallery]) -> str:
    """Return how many articles were found, by how many of the models."""
    counts = [len(each.matches) for each in galleries if each.matches]
    if not counts:
        return "nothing found."
    articles = f"{counts[0]} articles each" if len(set(counts)) == 1 else f"{sum(counts)} articles"
    return f"{articles}, from {len(counts)} of {len(galleries)} models."


def _shopper_content(state: PageState, recommender: Recommender) -> PageContent:
    """Return the page of shoppers and baskets: an answer, or examples to choose from."""
    if not state.has_query:
        return PageContent(shopper_examples_html(recommender))
    answer = (
        recommender.for_shopper(state.shopper, state.matches, CANDIDATES)
        if state.shopper
        else recommender.for_basket(state.basket.split(), state.matches, CANDIDATES)
    )
    title = state.shopper or "Your basket"
    announcement = f"{title}: {_announcement(answer.galleries)}"
    return PageContent(basket_answer_html(state, answer), announcement)


def basket_answer_html(state: PageState, answer: BasketAnswer) -> str:
    """Return what a shopper or a basket has, what goes with it, and what to buy again."""
    return render(
        "basket_answer.html",
        galleries=galleries_view(answer.galleries, answer.release_version, state),
        before=[] if state.shown else [_history(state, answer)],
        after=[] if state.shown else _again(state, answer),
    )


def _history(state: PageState, answer: BasketAnswer) -> GalleryView:
    """Return what a shopper bought, or the articles of a basket."""
    count = len(answer.history)
    explanation = f"{count:,} article{'' if count == 1 else 's'}"
    return GalleryView(
        "history",
        f"What {answer.alias} bought" if answer.alias else "Your basket",
        f"{explanation}, the latest first." if answer.alias else f"{explanation}.",
        card_views(answer.history, answer.release_version, _opening(state)),
    )


def _again(state: PageState, answer: BasketAnswer) -> list[GalleryView]:
    """Return what a shopper may buy again; nothing for a basket."""
    view = GalleryView(
        "again",
        "Buy again",
        "What they bought most often. The galleries above leave out all that they bought.",
        card_views(answer.again[: state.k], answer.release_version, _opening(state)),
    )
    return [view] if answer.again else []


def _opening(state: PageState) -> AddressOf:
    """Return what gives the address that opens an article's details."""
    return lambda article_id: to_url(state.with_opened(article_id))

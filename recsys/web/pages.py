"""What each page shows below the search box: an answer, shoppers, the evaluation, the catalogue."""

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from recsys.evaluation.report import OURS, PROTOCOLS, Evaluation, Scores, Table
from recsys.models.registry import ALL
from recsys.serving.examples import ExampleShopper
from recsys.serving.recommender import Recommender
from recsys.serving.request import DEFAULT_MATCHES
from recsys.serving.results import Article, BasketAnswer, Gallery
from recsys.web.cards import (
    GalleryView,
    card_view,
    card_views,
    comparison,
    found_by,
    gallery_view,
)
from recsys.web.catalog_page import catalog_html
from recsys.web.photo_view import THUMBNAIL, TOKEN, PhotoView, photo_view
from recsys.web.side_panel import controls, query_panel
from recsys.web.templating import render
from recsys.web.url import CATALOG, QUALITY, SHOPPER, PageState, to_url

START_SHOPPERS = 3
"""Shoppers on the start page, which has few photos so that it is light; the others have a page."""


@dataclass(frozen=True)
class PageContent:
    """What a page shows below the search box.

    Attributes:
        html: its HTML.
        announcement: what was found, for screen readers; empty for pages that find nothing.
    """

    html: str
    announcement: str = ""


@dataclass(frozen=True)
class PictureLink:
    """A link that shows photos.

    Attributes:
        address: where it leads.
        label: says so to who cannot see the photos.
        photos: without texts of their own.
        text: beside the photos; empty for none.
    """

    address: str
    label: str
    photos: Sequence[PhotoView]
    text: str = ""


@dataclass(frozen=True)
class ScoreRow:
    """A model's row in a table of the evaluation.

    Attributes:
        model: its name.
        ours: whether the page has a gallery of it; the others are what it has to beat.
        scores: its figures.
        width: of its bar, in percent of the chart.
        low: left end of its confidence interval, in percent of the chart.
        interval: width of its confidence interval, in percent of the chart.
    """

    model: str
    ours: bool
    scores: Scores
    width: float
    low: float
    interval: float


@dataclass(frozen=True)
class Chart:
    """A table of the evaluation: its name, what it measures, its questions and its rows."""

    name: str
    measures: str
    questions: int
    rows: Sequence[ScoreRow]


def page_content(state: PageState, recommender: Recommender, photo: bytes) -> PageContent:
    """Return what a page shows below the search box.

    Args:
        state: where the visitor is.
        recommender: answers the query.
        photo: JPEG of the visitor's own photo; empty for none.

    Raises:
        RecsysError: as `Recommender.search`, `Recommender.for_shopper` and
            `Recommender.for_basket`.
    """
    if state.page == QUALITY:
        return PageContent(evaluation_html(recommender.evaluation))
    if state.page == CATALOG:
        return PageContent(catalog_html(recommender.catalog_summary))
    if state.page == SHOPPER:
        return _shopper_content(state, recommender)
    if state.has_query:
        return _answer_content(state, recommender, photo)
    return PageContent(welcome_html(recommender))


def skeleton_html() -> str:
    """Return the shape of an answer, shown until the answer comes."""
    return render("skeleton.html", galleries=len(ALL), cards=DEFAULT_MATCHES)


def welcome_html(recommender: Recommender) -> str:
    """Return examples of every kind of search. None of them needs an encoder."""
    examples, version = recommender.examples, recommender.release_version
    photos = card_views(examples.photos, version, lambda id_: _url(photo=id_))
    changed = [
        card_view(each, version, _url(photo=each.article_id, words=words), f"but {words}")
        for each, words in examples.changed
    ]
    return render(
        "welcome.html",
        photos=photos + changed,
        words=[_phrase_link(words, article, version) for words, article in examples.phrases],
        shoppers=_shopper_links(examples.shoppers[:START_SHOPPERS], version),
        articles=card_views(examples.articles, version, lambda id_: _url(article=id_)),
    )


def _url(**fields: str) -> str:
    return f"?{urlencode(fields)}"


def _phrase_link(words: str, article: Article | None, release_version: str) -> PictureLink:
    photos = _thumbnails([article] if article else [], release_version, TOKEN)
    return PictureLink(_url(words=words), words, photos, words)


def _shopper_links(shoppers: Iterable[ExampleShopper], release_version: str) -> list[PictureLink]:
    """Return a link for each shopper. What they bought says more than a made-up name."""
    return [
        PictureLink(
            to_url(PageState(SHOPPER, shopper=each.alias)),
            f"Picks for a shopper who bought {_listed(each.bought)}",
            _thumbnails(each.bought, release_version),
        )
        for each in shoppers
    ]


def _basket_links(baskets: Iterable[Sequence[Article]], release_version: str) -> list[PictureLink]:
    return [
        PictureLink(
            to_url(PageState(SHOPPER, basket=" ".join(each.article_id for each in basket))),
            f"What goes with {_listed(basket)}",
            _thumbnails(basket, release_version),
        )
        for basket in baskets
    ]


def _thumbnails(
    articles: Iterable[Article], release_version: str, sizes: str = THUMBNAIL
) -> list[PhotoView]:
    """Return photos without texts, for links that have one."""
    photos = (photo_view(each, release_version, sizes=sizes) for each in articles)
    return [dataclasses.replace(each, alt="") for each in photos]


def _listed(articles: Sequence[Article]) -> str:
    """Return the names of articles, as in "a shirt, a hat and a dress"."""
    *others, last = (each.name for each in articles)
    return f"{', '.join(others)} and {last}" if others else last


def _answer_content(state: PageState, recommender: Recommender, photo: bytes) -> PageContent:
    found = recommender.search_with_facets(state.search, state.k)
    answer = found.answer
    article = recommender.article(state.photo_of) if state.photo_of else answer.query
    html = render(
        "answer.html",
        query=query_panel(answer, state, photo, article),
        controls=controls(state, found.facets, found.weights, recommender.prices),
        galleries=_gallery_views(answer.galleries, answer.release_version, state),
        comparison=comparison(answer.galleries),
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


def _gallery_views(
    galleries: Sequence[Gallery], release_version: str, state: PageState
) -> list[GalleryView]:
    """Return galleries whose cards open the details of their article."""
    counts = found_by(galleries)
    return [
        gallery_view(each, release_version, lambda id_: to_url(state.with_opened(id_)), counts)
        for each in galleries
    ]


def _shopper_content(state: PageState, recommender: Recommender) -> PageContent:
    """Return the page of shoppers and baskets: an answer, or examples to choose from."""
    if not state.has_query:
        return PageContent(_shopper_examples_html(recommender))
    answer = (
        recommender.for_shopper(state.shopper, state.k)
        if state.shopper
        else recommender.for_basket(state.basket.split(), state.k)
    )
    html = render(
        "basket_answer.html",
        galleries=basket_galleries(state, answer),
        comparison=comparison(answer.galleries),
    )
    title = state.shopper or "Your basket"
    return PageContent(html, f"{title}: {_announcement(answer.galleries)}")


def _shopper_examples_html(recommender: Recommender) -> str:
    examples, version = recommender.examples, recommender.release_version
    return render(
        "shopper.html",
        shoppers=_shopper_links(examples.shoppers, version),
        baskets=_basket_links(examples.baskets, version),
    )


def basket_galleries(state: PageState, answer: BasketAnswer) -> list[GalleryView]:
    """Return what a shopper or a basket has, a gallery for each model, and what to buy again."""
    version = answer.release_version

    def open_details(article_id: str) -> str:
        return to_url(state.with_opened(article_id))

    count = len(answer.history)
    explanation = f"{count:,} article{'' if count == 1 else 's'}"
    history = GalleryView(
        "history",
        f"What {answer.alias} bought" if answer.alias else "Your basket",
        f"{explanation}, the latest first." if answer.alias else f"{explanation}.",
        card_views(answer.history, version, open_details),
    )
    again = GalleryView(
        "again",
        "Buy again",
        "What they bought most often. The galleries above leave out all that they bought.",
        card_views(answer.again, version, open_details),
    )
    galleries = _gallery_views(answer.galleries, version, state)
    return [history, *galleries, *([again] if answer.again else [])]


def evaluation_html(evaluation: Evaluation) -> str:
    """Return the page of the evaluation: a chart for each table, all figures below it."""
    charts = [_chart(name, table) for name, table in evaluation.tables.items()]
    return render("evaluation.html", charts=charts)


def _chart(name: str, table: Table) -> Chart:
    ranked = table.ranked()
    longest = max(scores.recall_12.high for _, scores in ranked) or 1.0
    rows = [_score_row(model, scores, longest) for model, scores in ranked]
    return Chart(name, PROTOCOLS[name], table.questions, rows)


def _score_row(model: str, scores: Scores, longest: float) -> ScoreRow:
    recall = scores.recall_12
    mean, low, high = (100 * value / longest for value in (recall.mean, recall.low, recall.high))
    return ScoreRow(model, model in OURS, scores, mean, low, high - low)

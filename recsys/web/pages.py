"""What each page shows below the search box: an answer, shoppers, the evaluation, the catalogue."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from recsys.evaluation.report import OURS, PROTOCOLS, Evaluation, Scores, Table
from recsys.models.registry import ALL
from recsys.retrieval.retriever import CANDIDATES
from recsys.serving.recommender import Recommender
from recsys.serving.request import DEFAULT_MATCHES
from recsys.serving.results import BasketAnswer
from recsys.web.cards import (
    AddressOf,
    CardView,
    ChipView,
    card_view,
    card_views,
)
from recsys.web.catalog_page import catalog_html
from recsys.web.filter_bar import filter_bar, remedies
from recsys.web.gallery_views import GalleryView, galleries_view
from recsys.web.query_panel import query_panel
from recsys.web.templating import render
from recsys.web.url import CATALOG, QUALITY, SHOPPER, PageState, to_url

EXAMPLE_ARTICLES, EXAMPLE_PHOTOS, EXAMPLE_SHOPPERS, EXAMPLE_BASKETS = 12, 4, 6, 3
"""Numbers of examples to start from."""


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


def page_html(state: PageState, recommender: Recommender, photo: bytes) -> str:
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
        return evaluation_html(recommender.evaluation)
    if state.page == CATALOG:
        return catalog_html(recommender.catalog_summary)
    if state.page == SHOPPER:
        return shopper_html(state, recommender)
    return _answer_html(state, recommender, photo) if state.has_query else welcome_html(recommender)


def skeleton_html() -> str:
    """Return the shape of an answer, shown until the answer comes."""
    return render("skeleton.html", galleries=len(ALL), cards=DEFAULT_MATCHES)


def welcome_html(recommender: Recommender) -> str:
    """Return examples of every kind of search. None of them needs an encoder."""
    phrases = recommender.example_phrases
    changes = [each for each in phrases if each.startswith("in ")]
    articles = recommender.example_articles(EXAMPLE_ARTICLES)
    return render(
        "welcome.html",
        words=[ChipView(each, _url(words=each)) for each in phrases if each not in changes],
        shoppers=_shopper_chips(recommender),
        photos=_photo_cards(recommender, changes),
        articles=card_views(articles, recommender.release_version, lambda id_: _url(article=id_)),
    )


def _url(**fields: str) -> str:
    return f"?{urlencode(fields)}"


def _shopper_chips(recommender: Recommender) -> list[ChipView]:
    aliases = recommender.shoppers()[:EXAMPLE_SHOPPERS]
    return [ChipView(each, to_url(PageState(SHOPPER, shopper=each))) for each in aliases]


def _basket_chips(recommender: Recommender) -> list[ChipView]:
    articles = recommender.example_articles(2 * EXAMPLE_BASKETS)
    return [
        ChipView(
            f"{one.name} + {other.name}",
            to_url(PageState(SHOPPER, basket=f"{one.article_id} {other.article_id}")),
        )
        for one, other in zip(articles[::2], articles[1::2], strict=False)
    ]


def _photo_cards(recommender: Recommender, changes: Sequence[str]) -> list[CardView]:
    """Return photos to search with as if they were the visitor's own, alone and with words."""
    articles = recommender.example_articles(EXAMPLE_PHOTOS + 2)[1:-1]
    version = recommender.release_version
    alone = card_views(articles, version, lambda id_: _url(photo=id_))
    with_words = [
        card_view(each, version, _url(photo=each.article_id, words=words), caption=f"but {words}")
        for each, words in zip(articles, changes, strict=False)
    ]
    return alone + with_words


def _answer_html(state: PageState, recommender: Recommender, photo: bytes) -> str:
    found = recommender.search_with_facets(state.search, state.matches, CANDIDATES)
    answer = found.answer
    article = recommender.article(state.photo_of) if state.photo_of else answer.query
    return render(
        "answer.html",
        query=query_panel(answer, state, photo, article),
        bar=filter_bar(state, found, recommender),
        remedies=remedies(state, found, recommender),
        galleries=galleries_view(answer.galleries, answer.release_version, state),
    )


def shopper_html(state: PageState, recommender: Recommender) -> str:
    """Return the page of shoppers and baskets.

    Raises:
        QueryError: as `Recommender.for_shopper` and `Recommender.for_basket`.
    """
    answer = None
    if state.shopper:
        answer = recommender.for_shopper(state.shopper, state.matches, CANDIDATES)
    elif state.basket:
        answer = recommender.for_basket(state.basket.split(), state.matches, CANDIDATES)
    return render(
        "shopper.html",
        page=SHOPPER,
        aliases=recommender.shoppers(),
        shopper=state.shopper,
        basket=state.basket,
        galleries=galleries_view(answer.galleries, answer.release_version, state)
        if answer
        else None,
        before=[_history(state, answer)] if answer and not state.shown else [],
        after=_again(state, answer) if answer and not state.shown else [],
        shoppers=[] if answer else _shopper_chips(recommender),
        baskets=[] if answer else _basket_chips(recommender),
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

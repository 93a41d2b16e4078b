"""The dialog with an article's details: its attributes, and why a search finds it."""

from collections.abc import Iterable
from dataclasses import dataclass

from recsys.models.registry import COMBINED
from recsys.serving.request import SearchRequest
from recsys.serving.results import Article, Explanation
from recsys.web.cards import TITLES, column_label
from recsys.web.photo_view import DETAIL, photo_view
from recsys.web.templating import render
from recsys.web.url import PageState, to_url


@dataclass(frozen=True)
class PartRow:
    """What a part of the combined model adds to the score.

    Attributes:
        title: of the part.
        adds: what it adds.
        width: of its bar, in percent of the longest; 0 for what takes away.
        own: the part's own score; ``None`` where it has none.
    """

    title: str
    adds: float
    width: float
    own: float | None


@dataclass(frozen=True)
class AttributeRow:
    """An attribute's label and value.

    Attributes:
        label: the column's name for visitors.
        value: the article's.
        other: the value of the article that was searched with; ``None`` for none.
    """

    label: str
    value: str
    other: str | None


def detail_html(
    state: PageState,
    article: Article,
    release_version: str,
    query: Article | None,
    explanation: Explanation | None,
) -> str:
    """Return the dialog.

    Args:
        state: what the page shows, with the article opened.
        article: the article.
        release_version: of the release that answers.
        query: the article that was searched with; ``None`` for none.
        explanation: why the search finds it; ``None`` where nothing was searched.
    """
    rows = list(_attribute_rows(article, query))
    combined = explanation.matches.get(COMBINED.name) if explanation else None
    return render(
        "article_detail.html",
        article=article,
        photo=photo_view(article, release_version, "eager", DETAIL),
        close=to_url(state.with_opened("")),
        more=to_url(_more_like(article, state)),
        shoppers=explanation.shoppers if explanation else 0,
        combined=combined,
        parts=_part_rows(explanation) if explanation and combined else [],
        attributes=rows,
        comparing=query is not None,
        shared=sum(row.value == row.other for row in rows),
    )


def _more_like(article: Article, state: PageState) -> PageState:
    """Return the search for more like an article, with the filters and weights of the last one."""
    before = state.search
    search = SearchRequest(
        article=article.article_id,
        filters=before.filters,
        one_a_product=before.one_a_product,
        weights=before.weights,
    )
    return PageState(search=search, k=state.k, compared=state.compared)


def _part_rows(explanation: Explanation) -> list[PartRow]:
    """Return what each part adds to the combined score, the largest first."""
    matches = explanation.matches
    added = sorted(matches[COMBINED.name].contributions.items(), key=lambda part: -part[1])
    longest = max((value for _, value in added), default=0) or 1
    return [
        PartRow(
            TITLES[part],
            value,
            max(0, 100 * value / longest),
            matches[part].score if part in matches else None,
        )
        for part, value in added
    ]


def _attribute_rows(article: Article, query: Article | None) -> Iterable[AttributeRow]:
    for column, value in article.attributes.items():
        yield AttributeRow(column_label(column), value, query.attributes[column] if query else None)

"""What was searched with, above the answer: an article, a photo or words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from recsys.serving.results import Answer, Article, PhotoAttribute
from recsys.web.cards import ChipView, column_label
from recsys.web.photo_view import PANEL, PhotoView, own_photo_view, photo_view
from recsys.web.url import PageState, to_url


@dataclass(frozen=True)
class QueryPanel:
    """What was searched with.

    Attributes:
        label: for screen readers.
        heading: the article's name or the words.
        photo: of the article or the visitor; ``None`` for words alone.
        article: the article; ``None`` for none.
        facts: the article's attributes, by their labels.
        words: removes the words beside an article or a photo; ``None`` where there are none.
        shows: what the photo shows; empty for nothing.
        corrections: by attribute's label, the values to correct that with.
        own_photo: whether the photo is the visitor's own.
    """

    label: str
    heading: str
    photo: PhotoView | None = None
    article: Article | None = None
    facts: Sequence[tuple[str, str]] = ()
    words: ChipView | None = None
    shows: str = ""
    corrections: Sequence[tuple[str, Sequence[ChipView]]] = ()
    own_photo: bool = False


def query_panel(answer: Answer, state: PageState, article: Article | None) -> QueryPanel:
    """Return what was searched with.

    Args:
        answer: the answer below it.
        state: what the page shows.
        article: the article that was searched with, or whose photo was; ``None`` for none.
    """
    if answer.query:
        return QueryPanel(
            label="Your article",
            heading=answer.query.name,
            photo=photo_view(answer.query, answer.release_version, "eager", PANEL),
            article=answer.query,
            facts=[(column_label(each), value) for each, value in answer.query.attributes.items()],
            words=_words_chip(answer, state),
        )
    if state.search.photo is None:
        return QueryPanel(label="Your words", heading=f"“{answer.words}”")
    return QueryPanel(
        label="Your photo",
        heading="Your photo",
        photo=photo_view(article, answer.release_version, "eager", PANEL)
        if article
        else own_photo_view(state.own_photo),
        words=_words_chip(answer, state),
        shows=_shows(answer.reading),
        corrections=[_correction(each, state) for each in answer.reading],
        own_photo=article is None,
    )


def _words_chip(answer: Answer, state: PageState) -> ChipView | None:
    if not answer.words:
        return None
    without = state.with_search(words="", ignored=frozenset())
    return ChipView(f"“{answer.words}” ×", to_url(without), "forget", "Remove these words")


def _shows(attributes: Iterable[PhotoAttribute]) -> str:
    likeliest = [each.guesses[0] for each in attributes]
    return " · ".join(f"{each.value} {each.chance:.0%}" for each in likeliest)


def _correction(attribute: PhotoAttribute, state: PageState) -> tuple[str, list[ChipView]]:
    column, corrected = attribute.column, state.search.corrected
    chips = [
        ChipView(
            f"{each.value} {each.chance:.0%}",
            to_url(state.with_search(corrected={**corrected, column: each.value})),
            "correct",
            f"It is {each.value}",
            current=each is attribute.guesses[0],
        )
        for each in attribute.guesses
    ]
    return column_label(column), chips

"""Values of the templates' smaller parts: cards, galleries, chips, the comparison of galleries."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from recsys.catalog.schema import DEPARTMENT, PATTERN
from recsys.models.registry import COMBINED, COUNTS, SINGLE
from recsys.serving.results import Article, Gallery, Match
from recsys.web.photo_view import PhotoView, photo_view, type_and_colour

TITLES = {model.name: model.title for model in SINGLE} | COUNTS
"""Titles of the combined model's parts."""

LABELS = {DEPARTMENT: "Department", "department_name": "Sub-department", PATTERN: "Pattern"}
"""Names of columns that visitors would not understand as they are."""

MIN_AGREEING = 2
"""Fewest models to be mentioned on the card of an article that they found."""

AddressOf = Callable[[str], str]
"""Returns the address that a click on an article leads to, for its id."""


@dataclass(frozen=True)
class ChipView:
    """A small link.

    Attributes:
        text: the link's text.
        address: where it leads.
        action: what it does to the search, for scripts and tests; empty for none.
        title: a tooltip; empty for none.
        current: whether it stands for what is chosen now.
    """

    text: str
    address: str
    action: str = ""
    title: str = ""
    current: bool = False


@dataclass(frozen=True)
class CardView:
    """An article's card.

    Attributes:
        article: the article.
        photo: its photo.
        address: where a click leads.
        kind: product type and colour.
        caption: words between the photo and the name; empty for none.
        match: how a model found the article; ``None`` where none did.
        models: number of models that found it.
        parts: what each model adds to the match's score, for the tooltip; empty for none.
    """

    article: Article
    photo: PhotoView
    address: str
    kind: str
    caption: str = ""
    match: Match | None = None
    models: int = 0
    parts: str = ""


@dataclass(frozen=True)
class GalleryView:
    """Cards under a heading.

    Attributes:
        name: identifies it on the page.
        title: the heading.
        explanation: a line beside the heading.
        note: why there are no cards, or how they were estimated; empty for nothing.
        cards: from the best.
    """

    name: str
    title: str
    explanation: str
    cards: Sequence[CardView]
    note: str = ""


@dataclass(frozen=True)
class ComparedGallery:
    """A row of the comparison: a gallery's title, and what it shares with each of the others.

    Attributes:
        title: of the gallery.
        shared: number of articles in common, and their share of the shorter of the two galleries;
            ``None`` for the gallery itself.
    """

    title: str
    shared: Sequence[tuple[int, float] | None]


def gallery_view(
    gallery: Gallery, release_version: str, address_of: AddressOf, found_by: Mapping[str, int]
) -> GalleryView:
    """Return one model's gallery.

    Args:
        gallery: the model's matches.
        release_version: of the release that the matches are from.
        address_of: gives the address that a click on a card leads to.
        found_by: number of models that found each article, by its id.
    """
    cards = [
        card_view(
            match.article,
            release_version,
            address_of(match.article.article_id),
            match=match,
            models=found_by.get(match.article.article_id, 0),
        )
        for match in gallery.matches
    ]
    model = gallery.model
    return GalleryView(model.name, model.title, model.explanation, cards, gallery.note)


def card_view(
    article: Article,
    release_version: str,
    address: str,
    caption: str = "",
    match: Match | None = None,
    models: int = 0,
) -> CardView:
    """Return an article's card; the arguments are as in `CardView`."""
    return CardView(
        article,
        photo_view(article, release_version),
        address,
        type_and_colour(article),
        caption,
        match,
        models if models >= MIN_AGREEING else 0,
        _parts(match) if match else "",
    )


def card_views(
    articles: Iterable[Article], release_version: str, address_of: AddressOf
) -> list[CardView]:
    """Return cards of articles that no model has found, so without scores."""
    return [card_view(each, release_version, address_of(each.article_id)) for each in articles]


def column_label(column: str) -> str:
    """Return a column's name for visitors.

    >>> column_label("colour_group_name"), column_label("graphical_appearance_name")
    ('Colour group', 'Pattern')
    """
    return LABELS.get(column, column.removesuffix("_name").replace("_", " ").capitalize())


def found_by(galleries: Sequence[Gallery]) -> Counter[str]:
    """Return the number of models that found each article, by its id, without the combined one."""
    return Counter(
        match.article.article_id
        for gallery in galleries
        if gallery.model is not COMBINED
        for match in gallery.matches
    )


def overlap(galleries: Sequence[Gallery]) -> dict[tuple[str, str], int]:
    """Return the number of articles that each two models share, by both their names."""
    found = {
        gallery.model.name: {match.article.article_id for match in gallery.matches}
        for gallery in galleries
    }
    return {(one, other): len(found[one] & found[other]) for one in found for other in found}


def comparison(galleries: Sequence[Gallery]) -> list[ComparedGallery]:
    """Return what each two galleries share; nothing unless two have matches."""
    answered = [gallery for gallery in galleries if gallery.matches]
    if len(answered) < 2:
        return []
    shared = overlap(answered)

    def cell(one: Gallery, other: Gallery) -> tuple[int, float] | None:
        if one is other:
            return None
        count = shared[one.model.name, other.model.name]
        return count, count / min(len(one.matches), len(other.matches))

    return [
        ComparedGallery(one.model.title, [cell(one, other) for other in answered])
        for one in answered
    ]


def _parts(match: Match) -> str:
    """Return what each model adds to the score, the largest first."""
    parts = sorted(match.contributions.items(), key=lambda part: -part[1])
    return " + ".join(f"{TITLES[name]} {value:.3f}" for name, value in parts)

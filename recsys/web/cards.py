"""Values of the templates' smaller parts: cards and chips."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from recsys.catalog.schema import DEPARTMENT, PATTERN
from recsys.models.registry import COUNTS, SINGLE
from recsys.serving.results import Article, Match
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
        # The name follows: read aloud, a text of the photo would only repeat it.
        replace(photo_view(article, release_version), alt=""),
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


def _parts(match: Match) -> str:
    """Return what each model adds to the score, the largest first."""
    parts = sorted(match.contributions.items(), key=lambda part: -part[1])
    return " + ".join(f"{TITLES[name]} {value:.3f}" for name, value in parts)

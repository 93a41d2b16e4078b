"""Galleries compared: the models in columns, rank by rank, and how far they agree."""

import string
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product, zip_longest

from recsys.models.registry import COMBINED
from recsys.serving.results import Gallery
from recsys.web.cards import AddressOf, CardView, card_view


@dataclass(frozen=True)
class ComparedGallery:
    """A row of the table of agreement: a gallery, and what it shares with each of the others.

    Attributes:
        title: of the gallery.
        shared: number of articles in common, and their share of the shorter of the two galleries;
            ``None`` for the gallery itself.
    """

    title: str
    shared: Sequence[tuple[int, float] | None]


@dataclass(frozen=True)
class ComparedCard:
    """A cell of the table of models in columns.

    Attributes:
        model: name of the column's model.
        card: the article at this rank.
        mark: letters that stand for the article in every column; empty if no other one has it.
        elsewhere: the other columns with it and its ranks there, for screen readers.
    """

    model: str
    card: CardView
    mark: str
    elsewhere: str


@dataclass(frozen=True)
class ComparedModels:
    """The models in columns.

    Attributes:
        heads: title and note of each column.
        rows: the cells of each rank, from the first; ``None`` where a gallery has ended.
    """

    heads: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[ComparedCard | None]]


def found_by(galleries: Sequence[Gallery], k: int) -> Counter[str]:
    """Return the number of models with each article among their first ``k``, by its id.

    The combined model does not count: it has its matches from the others.
    """
    return Counter(
        match.article.article_id
        for gallery in galleries
        if gallery.model is not COMBINED
        for match in gallery.matches[:k]
    )


def overlap(galleries: Sequence[Gallery]) -> dict[tuple[str, str], int]:
    """Return the number of articles that each two models share, by both their names."""
    found = {
        gallery.model.name: {match.article.article_id for match in gallery.matches}
        for gallery in galleries
    }
    return {(one, other): len(found[one] & found[other]) for one in found for other in found}


def agreement(galleries: Sequence[Gallery]) -> list[ComparedGallery]:
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


def compared_models(
    galleries: Sequence[Gallery], release_version: str, address_of: AddressOf
) -> ComparedModels:
    """Return the models in columns, rank by rank; arguments as in `card_view`."""
    ranks = _ranks(galleries)
    marks = _marks(galleries, ranks)

    def cells(gallery: Gallery) -> list[ComparedCard]:
        title = gallery.model.title
        return [
            ComparedCard(
                gallery.model.name,
                card_view(match.article, release_version, address_of(match.article.article_id)),
                marks.get(match.article.article_id, ""),
                _elsewhere(ranks[match.article.article_id], title),
            )
            for match in gallery.matches
        ]

    return ComparedModels(
        [(each.model.title, each.note) for each in galleries],
        list(zip_longest(*map(cells, galleries))),
    )


def _ranks(galleries: Sequence[Gallery]) -> dict[str, dict[str, int]]:
    """Return the ranks of each article by the titles of the galleries that have it."""
    ranks: dict[str, dict[str, int]] = {}
    for gallery in galleries:
        for match in gallery.matches:
            ranks.setdefault(match.article.article_id, {})[gallery.model.title] = match.rank
    return ranks


def _marks(galleries: Sequence[Gallery], ranks: Mapping[str, Mapping[str, int]]) -> dict[str, str]:
    """Return letters for the articles in several galleries, in the order in which one reads."""
    by_rank = zip_longest(*(gallery.matches for gallery in galleries))
    reading = (match.article.article_id for row in by_rank for match in row if match)
    several = [each for each in dict.fromkeys(reading) if len(ranks[each]) > 1]
    letters = string.ascii_uppercase
    pairs = map("".join, product(letters, repeat=2))
    return dict(zip(several, [*letters, *pairs], strict=False))


def _elsewhere(ranks: Mapping[str, int], title: str) -> str:
    return ", ".join(f"{other} {rank}" for other, rank in ranks.items() if other != title)

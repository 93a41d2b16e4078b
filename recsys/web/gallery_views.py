"""The galleries of an answer: in rows, in columns beside each other, or one alone as a grid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from recsys.models.registry import SINGLE
from recsys.retrieval.retriever import CANDIDATES
from recsys.serving.results import Gallery
from recsys.web.cards import AddressOf, CardView, ChipView, card_view
from recsys.web.comparison import (
    ComparedGallery,
    ComparedModels,
    agreement,
    compared_models,
    found_by,
)
from recsys.web.url import GRID_STEP, PageState, to_url


@dataclass(frozen=True)
class GalleryView:
    """Cards under a heading.

    Attributes:
        name: identifies it on the page.
        title: the heading.
        explanation: a line beside the heading.
        note: why there are no cards, or how they were estimated; empty for nothing.
        cards: from the best.
        switch: shows it alone, or all galleries again; ``None`` where it is always in a row.
        more: shows more of it; empty unless it is alone and there are more.
        alone: whether it is shown alone, as a grid.
    """

    name: str
    title: str
    explanation: str
    cards: Sequence[CardView]
    note: str = ""
    switch: ChipView | None = None
    more: str = ""
    alone: bool = False


@dataclass(frozen=True)
class GalleriesView:
    """The galleries of an answer.

    Attributes:
        compare: leads to the models in columns, and back; ``None`` for less than two galleries.
        rows: galleries one below another.
        columns: the models in columns; ``None`` unless they are compared.
        agreement: what each two galleries share; empty for nothing.
        models: number of models that "models agree" counts.
        k: number of matches of each that it looks at.
    """

    compare: ChipView | None
    rows: Sequence[GalleryView]
    columns: ComparedModels | None
    agreement: Sequence[ComparedGallery]
    models: int
    k: int


def galleries_view(
    galleries: Sequence[Gallery], release_version: str, state: PageState
) -> GalleriesView:
    """Return the galleries of an answer as an address says.

    Args:
        galleries: of all models, with `PageState.matches` matches each.
        release_version: of the release that they are from.
        state: what the page shows. A click on a card opens the details of its article.
    """

    def address_of(article_id: str) -> str:
        return to_url(state.with_opened(article_id))

    first = [replace(each, matches=each.matches[: state.k]) for each in galleries]
    counts = found_by(first, state.k)
    shown = [each for each in galleries if each.model.name == state.shown] or first
    compared = agreement(first)
    return GalleriesView(
        compare=_compare_link(state) if compared else None,
        rows=[]
        if state.compared
        else [_switchable(each, release_version, address_of, counts, state) for each in shown],
        columns=compared_models(first, release_version, address_of) if state.compared else None,
        agreement=compared,
        models=len(SINGLE),
        k=state.k,
    )


def gallery_view(
    gallery: Gallery, release_version: str, address_of: AddressOf, counts: Mapping[str, int]
) -> GalleryView:
    """Return one model's gallery.

    Args:
        gallery: the model's matches.
        release_version: of the release that the matches are from.
        address_of: gives the address that a click on a card leads to.
        counts: number of models that found each article, by its id.
    """
    cards = [
        card_view(
            match.article,
            release_version,
            address_of(match.article.article_id),
            match=match,
            models=counts.get(match.article.article_id, 0),
        )
        for match in gallery.matches
    ]
    model = gallery.model
    return GalleryView(model.name, model.title, model.explanation, cards, gallery.note)


def _switchable(
    gallery: Gallery,
    release_version: str,
    address_of: AddressOf,
    counts: Mapping[str, int],
    state: PageState,
) -> GalleryView:
    """Return a gallery with a link that shows it alone or all again, and perhaps more of it."""
    if state.shown:
        gallery = replace(gallery, matches=gallery.matches[: state.upto])
    view = gallery_view(gallery, release_version, address_of, counts)
    if not state.shown:
        alone = to_url(state.with_view(shown=gallery.model.name))
        return replace(view, switch=ChipView("Show all", alone) if view.cards else None)
    more = min(state.upto + GRID_STEP, CANDIDATES)
    full = len(gallery.matches) == state.upto < CANDIDATES
    return replace(
        view,
        switch=ChipView("All models", to_url(state.with_view())),
        more=to_url(state.with_view(state.shown, more)) if full else "",
        alone=True,
    )


def _compare_link(state: PageState) -> ChipView:
    address = to_url(state.with_view(compared=not state.compared))
    return ChipView("Compare models", address, "compare", current=state.compared)

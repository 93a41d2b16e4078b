"""What a visitor is told of a gallery: why it is empty, or how its model came to know the query."""

from collections.abc import Mapping, Sequence

from recsys.models.registry import COMBINED, FEATURES, IMAGE, TEXT, TWO_TOWER, Model
from recsys.retrieval.retriever import Query
from recsys.serving.request import SearchRequest
from recsys.serving.results import Match

ESTIMATED = "Estimated from the photo: this model reads {what}, not photos."
READS = {TEXT.name: "texts", FEATURES.name: "attributes", TWO_TOWER.name: "purchases"}


def notes_of(search: SearchRequest, query: Query) -> dict[str, str]:
    """Return what there is to know of each gallery of a search, by the model's name."""
    if search.photo is not None:
        notes = {name: ESTIMATED.format(what=what) for name, what in READS.items()}
        return {name: note for name, note in notes.items() if name in query.vectors}
    if search.article is not None:
        notes = {IMAGE.name: "This article has no photo, so its looks cannot be compared."}
    else:
        notes = {
            IMAGE.name: "This catalogue has too few photos for its image model to know words.",
            FEATURES.name: "Your words name no attribute of the catalogue.",
            TWO_TOWER.name: "This model knows who bought what; it reads no words.",
        }
    return _unread(notes, query)


def notes_of_basket(query: Query) -> dict[str, str]:
    """Return the same for a basket."""
    return _unread(
        {IMAGE.name: "None of these has a photo, so their looks cannot be compared."}, query
    )


def note_of(model: Model, query: Query, matches: Sequence[Match], note: str) -> str:
    """Return what is told of one gallery.

    Args:
        model: whose gallery it is.
        query: what was asked.
        matches: what it found.
        note: what `notes_of` or `notes_of_basket` told of it; empty for nothing.
    """
    if matches or (note and model.name not in query.vectors):
        return note
    if query.among is not None and not len(query.among):
        return "No article has all of these attributes. Take one of them back."
    if query.among is not None and model is not COMBINED:
        return "No article that this model knows has all of these attributes."
    if query.weights and model is COMBINED:
        return "Nothing that you let count knows what you asked about. Give more parts weight."
    return "There is nothing to compare with in this catalogue."


def _unread(notes: Mapping[str, str], query: Query) -> dict[str, str]:
    """Return the notes of the models that cannot read a query."""
    return {name: note for name, note in notes.items() if name not in query.vectors}

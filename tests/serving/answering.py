"""Helpers that look into answers."""

import numpy as np

from recsys.models.registry import Model
from recsys.release.reader import Release
from recsys.serving.results import Answer, Gallery


def gallery_of(answer: Answer, model: Model) -> Gallery:
    """The gallery of a model."""
    return next(gallery for gallery in answer.galleries if gallery.model is model)


def found(gallery: Gallery) -> list[str]:
    """The article ids of a gallery's matches."""
    return [match.article.article_id for match in gallery.matches]


def values_of(answer: Answer, column: str) -> set[str]:
    """The values in a column of all matches."""
    return {match.article.attributes[column] for each in answer.galleries for match in each.matches}


def ids(release: Release) -> list[str]:
    """The article ids of a release, in the order of its rows."""
    return release.articles["article_id"].tolist()


def id_without_photo(release: Release) -> str:
    """The first article without a photo."""
    return ids(release)[int(np.flatnonzero(~release.with_photo)[0])]

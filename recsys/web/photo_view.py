"""Photos on the page: the address, the text and the place of each."""

import base64
from dataclasses import dataclass

from recsys.catalog.schema import COLOUR, PRODUCT_TYPE
from recsys.serving.results import Article


@dataclass(frozen=True)
class PhotoView:
    """A photo, or the place of a missing one.

    Attributes:
        source: its address; empty where there is no photo.
        alt: the text for who cannot see it.
        loading: "lazy" or "eager"; empty for the visitor's own photo.
    """

    source: str = ""
    alt: str = ""
    loading: str = ""


def photo_view(article: Article, release_version: str, loading: str = "lazy") -> PhotoView:
    """Return an article's photo; ``loading`` is "eager" where it is seen at once."""
    if not article.has_photo:
        return PhotoView()
    # The version makes the address unique, so that browsers may keep the photo for good.
    source = f"photos/{article.article_id}.jpg?release={release_version}"
    return PhotoView(source, f"{article.name}, {type_and_colour(article)}", loading)


def own_photo_view(jpeg: bytes) -> PhotoView:
    """Return the visitor's own photo, embedded so that the server keeps no file of it."""
    return PhotoView(f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}", "Your photo")


def type_and_colour(article: Article) -> str:
    """Return an article's product type and colour, as "Dress, Black"."""
    return f"{article.attributes[PRODUCT_TYPE]}, {article.attributes[COLOUR]}"

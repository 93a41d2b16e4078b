"""Photos on the page: the address, the text and the place of each."""

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
        own: name of the visitor's own photo, which only the browser has; empty for others.
    """

    source: str = ""
    alt: str = ""
    loading: str = ""
    own: str = ""


def photo_view(article: Article, release_version: str, loading: str = "lazy") -> PhotoView:
    """Return an article's photo; ``loading`` is "eager" where it is seen at once."""
    if not article.has_photo:
        return PhotoView()
    # The version makes the address unique, so that browsers may keep the photo for good.
    source = f"photos/{article.article_id}.jpg?release={release_version}"
    return PhotoView(source, f"{article.name}, {type_and_colour(article)}", loading)


def own_photo_view(name: str) -> PhotoView:
    """Return the visitor's own photo, which the page's script puts in its place."""
    return PhotoView(alt="Your photo", own=name)


def type_and_colour(article: Article) -> str:
    """Return an article's product type and colour, as "Dress, Black"."""
    return f"{article.attributes[PRODUCT_TYPE]}, {article.attributes[COLOUR]}"

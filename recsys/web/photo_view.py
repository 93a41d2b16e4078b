"""Photos on the page: the address, the text and the size of each."""

from dataclasses import dataclass

from recsys.catalog.schema import COLOUR, PRODUCT_TYPE
from recsys.serving.results import Article

WIDTHS = (48, 160, 240, 360)
"""Widths in pixels that photos are served in: for the search box at twice its 24 pixels; for a card
on common screens (148), on phones with two device pixels for each (2 × 112) and on such desktops
(2 × 148), which is also the width of a release's photos."""

CARD, TOKEN, THUMBNAIL = "clamp(112px, 11vw, 148px)", "24px", "112px"
"""Widths in CSS of a photo on a card, in the search box and in small print."""

PANEL = "(max-width: 800px) 34px, 56px"
"""Width of the photo that was searched with, above its answer."""

DETAIL = "(max-width: 800px) 60vw, 360px"
"""Width of the photo in an article's details."""


@dataclass(frozen=True)
class PhotoView:
    """A photo, or the place of a missing one.

    Attributes:
        source: its address; empty where there is no photo.
        alt: the text for who cannot see it.
        loading: "lazy" or "eager"; empty for the visitor's own photo.
        sources: addresses of the photo in several widths, as the attribute "srcset" has them.
        sizes: how wide it is shown, in CSS.
        own: name of the visitor's own photo, which only the browser has; empty for others.
    """

    source: str = ""
    alt: str = ""
    loading: str = ""
    sources: str = ""
    sizes: str = ""
    own: str = ""


def photo_view(
    article: Article, release_version: str, loading: str = "lazy", sizes: str = CARD
) -> PhotoView:
    """Return an article's photo.

    Args:
        article: whose photo it is.
        release_version: of the release that it is from.
        loading: "eager" where it is seen at once.
        sizes: how wide it is shown, in CSS: `CARD`, `TOKEN`, `THUMBNAIL` or `DETAIL`.
    """
    if not article.has_photo:
        return PhotoView()
    # The version makes the address unique, so that browsers may keep the photo for good.
    address = f"photos/{article.article_id}.webp?release={release_version}&width="
    return PhotoView(
        f"{address}240",
        f"{article.name}, {type_and_colour(article)}",
        loading,
        ", ".join(f"{address}{width} {width}w" for width in WIDTHS),
        # Browsers that know "auto" measure the photos that they load later.
        f"auto, {sizes}" if loading == "lazy" else sizes,
    )


def own_photo_view(name: str) -> PhotoView:
    """Return the visitor's own photo, which the page's script puts in its place."""
    return PhotoView(alt="Your photo", own=name)


def type_and_colour(article: Article) -> str:
    """Return an article's product type and colour, as "Dress, Black"."""
    return f"{article.attributes[PRODUCT_TYPE]}, {article.attributes[COLOUR]}"

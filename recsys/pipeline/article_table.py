"""The table of articles with seasons, prices and photos, as a release has it."""

from pathlib import Path

from recsys.catalog.articles import Catalog
from recsys.catalog.photos import THUMBNAIL_SIZE, read_photo, thumbnail
from recsys.catalog.statistics import SEASON
from recsys.errors import CatalogError, PhotoError
from recsys.pipeline.workspace import Finished, Workspace
from recsys.release.files import ARTICLES
from recsys.release.tables import TABLE_FORMAT, write_articles
from recsys.vectors import fingerprint, key_of


def make_article_table(
    workspace: Workspace, catalog: Catalog, digests: dict[int, str], seasons: list[str], fewest: int
) -> Finished[Path]:
    """Write the table of articles to a file of the workspace.

    Args:
        workspace: keeps the file.
        catalog: its articles, purchases and photos.
        digests: the SHA-256 of each photo by article row.
        seasons: of each article.
        fewest: an article has no price if fewer different shoppers bought it.

    Raises:
        CatalogError: a photo cannot be read.
    """
    count = len(catalog.articles)
    prices = catalog.purchases.median_prices(count, fewest)
    articles = catalog.articles.assign(**{SEASON: seasons})

    def make(folder: Path) -> None:
        photos = catalog.photos
        write_articles(folder / ARTICLES, articles, prices, lambda row: _thumbnail(photos, row))

    inputs = (articles.to_csv(), digests, fingerprint(prices))
    kept = workspace.once("articles", key_of(*inputs, THUMBNAIL_SIZE, TABLE_FORMAT), make)
    return Finished(kept.folder / ARTICLES, count if kept.fresh else 0)


def _thumbnail(photos: dict[int, Path], row: int) -> bytes | None:
    """Return the JPEG of an article's photo at the size of a release, ``None`` without a photo."""
    if row not in photos:
        return None
    try:
        return thumbnail(read_photo(photos[row]))
    except PhotoError as error:
        raise CatalogError(f"{photos[row]}: {error}") from error

"""Read and check a catalogue in Kaggle's layout: articles, photos and purchases.

A catalogue is a folder with ``articles.csv``, ``transactions_train.csv``, ``images/0xx/<id>.jpg``
and, optionally, ``customers.csv``. A catalogue that may be redistributed has a file
``REDISTRIBUTABLE``, whose one line is its licence as the Hugging Face Hub spells it. Reading a
catalogue returns a whole `Catalog` or raises a `CatalogError` that names the file and, where known,
the row.
"""

import csv
import os
import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from recsys.catalog.purchases import Purchases, read_purchases
from recsys.catalog.schema import (
    ARTICLE_COLUMNS,
    LICENSE_FILE,
    check_header,
    is_plain,
    normalize_article_id,
)
from recsys.errors import CatalogError

LICENSE_PATTERN = r"[a-z0-9][a-z0-9.-]{1,40}"
"""A licence id as the Hugging Face Hub spells them: "cc0-1.0", "mit"."""


@dataclass(frozen=True)
class Catalog:
    """A catalogue that has been read and checked.

    Attributes:
        folder: where it was read from.
        articles: one row per article, sorted by ``article_id``; every column a string.
        photos: the photo file of each row that has one.
        purchases: who bought what, and when.
        license: the licence to redistribute it under, such as ``cc0-1.0``; empty for none.
    """

    folder: Path
    articles: pd.DataFrame
    photos: dict[int, Path]
    purchases: Purchases
    license: str


def read_catalog(folder: Path, limit: int | None = None) -> Catalog:
    """Return the catalogue in ``folder``; with ``limit``, only its first articles by id.

    Raises:
        CatalogError: a file or column is missing, a table is empty, a row is malformed or an
            article id occurs twice.
    """
    if not folder.is_dir():
        raise CatalogError(f"{folder} is not a folder; give one with articles.csv in it.")
    articles = _read_articles(folder / "articles.csv").iloc[:limit]
    customers = folder / "customers.csv"
    if customers.exists():
        check_header(customers, ("customer_id",))
    purchases = read_purchases(folder / "transactions_train.csv", articles["article_id"])
    photos = _find_photos(folder / "images", articles)
    return Catalog(folder, articles, photos, purchases, read_license(folder))


def read_license(folder: Path) -> str:
    """Return the licence in the catalogue's file `LICENSE_FILE`; empty without such a file.

    Raises:
        CatalogError: the file does not hold one licence.
    """
    path = folder / LICENSE_FILE
    if not path.exists():
        return ""
    text = path.read_text(encoding="utf-8", errors="replace").strip()
    if not re.fullmatch(LICENSE_PATTERN, text):
        raise CatalogError(
            f"{path} holds {text[:60]!r}, not one licence such as cc-by-4.0; correct it, or remove "
            "the file if the catalogue must not be redistributed."
        )
    return text


def _read_articles(path: Path) -> pd.DataFrame:
    check_header(path, ARTICLE_COLUMNS)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header, *rows = csv.reader(file, strict=True)
    except (csv.Error, UnicodeDecodeError) as error:
        raise CatalogError(f"{path} cannot be read: {error}.") from error
    if not rows:
        raise CatalogError(f"{path} has no rows.")
    for row, cells in enumerate(rows, start=2):
        if len(cells) != len(header):
            raise CatalogError(
                f"{path}, row {row}: {len(cells)} columns where the header has {len(header)}."
            )
    table = pd.DataFrame(rows, columns=header, dtype=str)
    for column in ARTICLE_COLUMNS:
        _check_texts(path, table[column])
    table["article_id"] = _article_ids(path, table["article_id"])
    return table.sort_values("article_id", ignore_index=True)


def _check_texts(path: Path, column: pd.Series) -> None:
    """Raise `CatalogError` for a text that a release must not have."""
    for row, text in enumerate(column, start=2):
        if not is_plain(text, str(column.name)):
            raise CatalogError(
                f"{path}, row {row}: {column.name} is {text[:60]!r}; remove control characters and "
                "shorten texts of many lines."
            )


def _article_ids(path: Path, column: pd.Series) -> list[str]:
    """Return the normalised ids of ``articles.csv``; errors count rows as an editor does."""
    first_row: dict[str, int] = {}
    for row, text in enumerate(column, start=2):
        try:
            article_id = normalize_article_id(text)
        except ValueError as error:
            raise CatalogError(f"{path}, row {row}: {text!r}: {error}.") from error
        if article_id in first_row:
            raise CatalogError(
                f"{path}, row {row}: article {article_id} is in row "
                f"{first_row[article_id]} already; keep one of them."
            )
        first_row[article_id] = row
    return list(first_row)


def _find_photos(folder: Path, articles: pd.DataFrame) -> dict[int, Path]:
    """Return the photo of each row that has one, by one listing per subfolder: it is quicker."""
    files: set[str] = set()
    if folder.is_dir():
        for subfolder in sorted(entry.path for entry in os.scandir(folder) if entry.is_dir()):
            files.update(entry.path for entry in os.scandir(subfolder))
    photos = {}
    for row, article_id in enumerate(articles["article_id"]):
        path = folder / article_id[:3] / f"{article_id}.jpg"
        if str(path) in files:
            photos[row] = path
    return photos

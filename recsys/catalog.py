"""Read and check a catalogue in Kaggle's layout: articles, photos and purchases.

A catalogue is a folder with ``articles.csv``, ``transactions_train.csv``, ``images/0xx/<id>.jpg``
and, optionally, ``customers.csv``. A catalogue that anyone may pass on says so in a file
``REDISTRIBUTABLE``, whose one line is its licence as the Hugging Face Hub spells it. Reading a
catalogue either gives a whole `Catalog` or raises a `CatalogError` that names the file, and the row
where there is one.
"""

import csv
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
from tqdm import tqdm

from recsys.errors import CatalogError
from recsys.split import Part, UInt8, bucket_of

Int32 = npt.NDArray[np.int32]

DESCRIPTIVE_COLUMNS = (
    "product_type_name",
    "product_group_name",
    "graphical_appearance_name",
    "colour_group_name",
    "perceived_colour_value_name",
    "perceived_colour_master_name",
    "department_name",
    "index_name",
    "index_group_name",
    "section_name",
    "garment_group_name",
)
"""The columns of ``articles.csv`` that describe an article in words of a fixed vocabulary."""

ARTICLE_COLUMNS = ("article_id", "product_code", "prod_name", *DESCRIPTIVE_COLUMNS, "detail_desc")
PURCHASE_COLUMNS = ("t_dat", "customer_id", "article_id", "price")
LICENSE_FILE = "REDISTRIBUTABLE"
BLOCK_BYTES = 16 << 20
UNKNOWN, MALFORMED = -1, -2


@dataclass(frozen=True)
class Purchases:
    """Purchases of known articles, sorted by shopper, then day. All arrays have one row each.

    Attributes:
        shopper: int32, shoppers numbered from 0 in the order they first appear in the file.
        article: int32, the article's row in `Catalog.articles`.
        day: int32, days since 1970-01-01.
        price: float32, in the catalogue's own unit.
        bucket: uint8 [shoppers], each shopper's bucket in the split (see `recsys.split`).
        unknown: how many purchases were left out because their article is not in the catalogue.
    """

    shopper: Int32
    article: Int32
    day: Int32
    price: npt.NDArray[np.float32]
    bucket: UInt8
    unknown: int

    def __len__(self) -> int:
        return len(self.shopper)

    @property
    def shoppers(self) -> int:
        """How many shoppers there are."""
        return len(self.bucket)

    def of(self, part: Part) -> "Purchases":
        """Return the purchases of the shoppers in a part of the split."""
        return self.where(part.of(self.bucket)[self.shopper])

    def where(self, kept: npt.NDArray[np.bool_]) -> "Purchases":
        """Return the purchases that are ``kept``, bool [purchases]."""
        columns = (self.shopper[kept], self.article[kept], self.day[kept], self.price[kept])
        return Purchases(*columns, self.bucket, self.unknown)

    def median_prices(self, articles: int) -> npt.NDArray[np.float32]:
        """Return what each article of a catalogue with that many usually costs.

        float32 [articles], in the catalogue's own unit; NaN where it was never sold.
        """
        told = np.isfinite(self.price)
        medians = pd.Series(self.price[told]).groupby(self.article[told]).median()
        return medians.reindex(range(articles)).to_numpy(np.float32)


@dataclass(frozen=True)
class Catalog:
    """A catalogue that has been read and checked.

    Attributes:
        folder: where it was read from.
        articles: one row an article, sorted by ``article_id``; every column a string.
        photos: the photo file of each row that has one.
        purchases: who bought what, and when.
        license: under which anyone may pass it on, such as ``cc0-1.0``; empty if nobody may.
    """

    folder: Path
    articles: pd.DataFrame
    photos: dict[int, Path]
    purchases: Purchases
    license: str


def normalize_article_id(text: str) -> str:
    """Return an article id as the 10 characters it is known by, its leading zeros restored.

    Raises:
        ValueError: ``text`` is not 1 to 10 digits, spaces around them aside.

    >>> normalize_article_id(" 108775015 ")
    '0108775015'
    """
    digits = text.strip()
    if not re.fullmatch(r"[0-9]{1,10}", digits):
        raise ValueError("an article id is up to 10 digits, such as 0108775015")
    return digits.zfill(10)


def read_catalog(folder: Path, limit: int | None = None) -> Catalog:
    """Read the catalogue in ``folder``; with ``limit``, only its first articles by id.

    Raises:
        CatalogError: a file or column is missing, a table is empty, a row is malformed or an
            article id stands twice.
    """
    if not folder.is_dir():
        raise CatalogError(f"{folder} is not a folder; give one with articles.csv in it.")
    articles = _read_articles(folder / "articles.csv").iloc[:limit]
    customers = folder / "customers.csv"
    if customers.exists():
        _check_header(customers, ("customer_id",))
    purchases = _read_purchases(folder / "transactions_train.csv", articles["article_id"])
    photos = _find_photos(folder / "images", articles)
    return Catalog(folder, articles, photos, purchases, read_license(folder))


def read_license(folder: Path) -> str:
    """Return the licence that the catalogue in ``folder`` is marked with; empty for none.

    Raises:
        CatalogError: the mark is not a licence.
    """
    path = folder / LICENSE_FILE
    if not path.exists():
        return ""
    text = path.read_text(encoding="utf-8", errors="replace").strip()
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,40}", text):
        raise CatalogError(f"{path} holds {text[:60]!r}, not one licence such as cc-by-4.0.")
    return text


def _check_header(path: Path, required: tuple[str, ...]) -> None:
    """Raise unless the table at ``path`` exists and has the ``required`` columns."""
    if not path.is_file():
        raise CatalogError(f"{path} is missing.")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = next(csv.reader(file), [])
    except UnicodeDecodeError as error:
        raise CatalogError(f"{path} is not a UTF-8 text file: {error}.") from error
    missing = [column for column in required if column not in header]
    if missing:
        raise CatalogError(f"{path} has no column {', '.join(missing)}.")


def _read_articles(path: Path) -> pd.DataFrame:
    _check_header(path, ARTICLE_COLUMNS)
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
    table["article_id"] = _article_ids(path, table["article_id"])
    return table.sort_values("article_id", ignore_index=True)


def _article_ids(path: Path, column: pd.Series) -> list[str]:
    """Normalise the ids of ``articles.csv``; rows are counted as an editor shows them."""
    first_row: dict[str, int] = {}
    for row, text in enumerate(column, start=2):
        try:
            article_id = normalize_article_id(text)
        except ValueError as error:
            raise CatalogError(f"{path}, row {row}: {text!r}: {error}.") from error
        if article_id in first_row:
            raise CatalogError(
                f"{path}, row {row}: article {article_id} stands in row "
                f"{first_row[article_id]} already; keep one of them."
            )
        first_row[article_id] = row
    return list(first_row)


def _find_photos(folder: Path, articles: pd.DataFrame) -> dict[int, Path]:
    """Look up every article's photo with one listing a subfolder, not one call an article."""
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


def _read_purchases(path: Path, article_ids: pd.Series) -> Purchases:
    """Read the purchases block by block, so that memory holds 16 bytes a purchase and no text."""
    _check_header(path, PURCHASE_COLUMNS)
    row_of = {article_id: row for row, article_id in enumerate(article_ids)}
    code_of: dict[str, int] = {}
    blocks: list[tuple[Int32, Int32, Int32, npt.NDArray[np.float32]]] = []
    rows = 0
    for block in _purchase_blocks(path):
        article = _article_rows(block.column("article_id"), row_of)
        _check_block(path, block, article, first_row=rows + 2)
        known = article >= 0
        shopper = _shopper_codes(block.column("customer_id"), code_of)
        day = block.column("t_dat").cast(pa.int32()).to_numpy()
        price = block.column("price").to_numpy()
        blocks.append((shopper[known], article[known], day[known], price[known]))
        rows += len(article)
    if not rows:
        raise CatalogError(f"{path} has no rows.")
    shopper, article, day, price = (np.concatenate(column) for column in zip(*blocks, strict=True))
    order = np.lexsort((day, shopper))
    columns = (shopper[order], article[order], day[order], price[order])
    buckets = np.fromiter(map(bucket_of, code_of), np.uint8, len(code_of))
    return Purchases(*columns, buckets, rows - len(order))


def _purchase_blocks(path: Path) -> Iterator[pa.RecordBatch]:
    """Yield the purchases in blocks of about `BLOCK_BYTES` of text, showing progress."""
    text = pa.dictionary(pa.int32(), pa.string())
    types = {"t_dat": pa.date32(), "customer_id": text, "article_id": text, "price": pa.float32()}
    try:
        with (
            # Arrow's own file: its reading thread may outlive the read, and with one of Python's
            # would wait for the interpreter's lock while that ends, which aborts the process.
            pa.OSFile(str(path)) as file,
            tqdm(total=path.stat().st_size, desc="purchases", unit="B", unit_scale=True) as bar,
            pa_csv.open_csv(
                file,
                pa_csv.ReadOptions(block_size=BLOCK_BYTES, use_threads=False),
                convert_options=pa_csv.ConvertOptions(
                    column_types=types, include_columns=list(PURCHASE_COLUMNS)
                ),
            ) as reader,
        ):
            for block in reader:
                yield block
                bar.update(file.tell() - bar.n)
    except pa.ArrowInvalid as error:
        raise CatalogError(f"{path} cannot be read: {error}") from error


def _article_rows(column: pa.DictionaryArray, row_of: dict[str, int]) -> Int32:
    """Map article ids to catalogue rows, or to `UNKNOWN` or `MALFORMED`, both below 0."""

    def row(text: str) -> int:
        try:
            return row_of.get(normalize_article_id(text), UNKNOWN)
        except ValueError:
            return MALFORMED

    rows = np.array([row(text) for text in column.dictionary.to_pylist()], np.int32)
    return np.asarray(rows[column.indices.to_numpy()])


def _check_block(path: Path, block: pa.RecordBatch, article: Int32, first_row: int) -> None:
    """Raise for the first row of a block with a malformed article id or an empty cell."""
    for position in np.flatnonzero(article == MALFORMED)[:1]:
        text = block.column("article_id")[position].as_py()
        raise CatalogError(f"{path}, row {first_row + position}: {text!r} is not an article id.")
    for name in ("t_dat", "price"):
        for position in np.flatnonzero(block.column(name).is_null().to_numpy(False))[:1]:
            raise CatalogError(f"{path}, row {first_row + position}: {name} is empty.")
    shopper = block.column("customer_id")
    nobody = shopper.dictionary.index("").as_py()
    for position in np.flatnonzero(shopper.indices.to_numpy() == nobody)[:1]:
        raise CatalogError(f"{path}, row {first_row + position}: customer_id is empty.")


def _shopper_codes(column: pa.DictionaryArray, code_of: dict[str, int]) -> Int32:
    """Number the shoppers, new ones in the order they appear; ``code_of`` grows with them."""
    codes = [code_of.setdefault(text, len(code_of)) for text in column.dictionary.to_pylist()]
    return np.asarray(np.array(codes, np.int32)[column.indices.to_numpy()])

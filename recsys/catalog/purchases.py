"""A catalogue's purchases, read block by block and kept as arrays sorted by shopper, then day."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
from tqdm import tqdm

from recsys.catalog.privacy import shoppers_per
from recsys.catalog.schema import PURCHASE_COLUMNS, check_header, normalize_article_id
from recsys.catalog.split import Part, UInt8, bucket_of
from recsys.errors import CatalogError
from recsys.vectors import Float32, Int32, Positions

BLOCK_BYTES = 16 << 20
"""Bytes of text read at once: few blocks for H&M's 3.5 GB, and little memory beside the arrays."""

UNKNOWN, MALFORMED = -1, -2
"""Stand for an article's row where the catalogue lacks the id, or where it is not an id."""


@dataclass(frozen=True)
class Purchases:
    """Purchases of known articles, sorted by shopper, then day. Arrays have one row per purchase.

    Attributes:
        shopper: int32, shoppers numbered from 0 in the order they first appear in the file.
        article: int32, the article's row in `Catalog.articles`.
        day: int32, days since 1970-01-01.
        price: float32, in the catalogue's own unit.
        bucket: uint8 [shoppers], each shopper's bucket in the split (see `recsys.catalog.split`).
        unknown: number of purchases left out because their article is not in the catalogue.
    """

    shopper: Int32
    article: Int32
    day: Int32
    price: Float32
    bucket: UInt8
    unknown: int

    def __len__(self) -> int:
        return len(self.shopper)

    @property
    def shoppers(self) -> int:
        """Number of shoppers in the whole catalogue, also after `of` and `where`."""
        return len(self.bucket)

    def of(self, part: Part) -> "Purchases":
        """Return the purchases of the shoppers in a part of the split."""
        return self.where(part.of(self.bucket)[self.shopper])

    def where(self, kept: npt.NDArray[np.bool_]) -> "Purchases":
        """Return the purchases that are ``kept``, bool [purchases]."""
        columns = (self.shopper[kept], self.article[kept], self.day[kept], self.price[kept])
        return Purchases(*columns, self.bucket, self.unknown)

    def median_prices(self, articles: int, fewest: int) -> Float32:
        """Return the median price of each article, float32 [articles].

        Args:
            articles: number of articles in the catalogue.
            fewest: an article has no price, NaN, if fewer different shoppers bought it.
        """
        known = np.isfinite(self.price)
        medians = pd.Series(self.price[known]).groupby(self.article[known]).median()
        buyers = shoppers_per(self.article[known], self.shopper[known], articles)
        prices = medians.reindex(range(articles)).to_numpy(np.float32)
        return np.where(buyers >= fewest, prices, np.float32(np.nan))


def shopper_spans(shopper: Int32) -> tuple[Positions, Positions]:
    """Return where each shopper's purchases start and end, int64 [shoppers with purchases] each.

    Args:
        shopper: int32 [purchases], sorted.
    """
    starts = np.flatnonzero(np.diff(shopper, prepend=-1))
    return starts, np.append(starts[1:], len(shopper))[: len(starts)]


def read_purchases(path: Path, article_ids: pd.Series) -> Purchases:
    """Return the purchases of known articles in the table at ``path``.

    It is read block by block, so that memory holds 16 bytes per purchase and no text.

    Args:
        path: of ``transactions_train.csv``.
        article_ids: those of the catalogue; a row's position is the article's row.

    Raises:
        CatalogError: the file is missing, empty or has a malformed row.
    """
    check_header(path, PURCHASE_COLUMNS)
    row_of = {article_id: row for row, article_id in enumerate(article_ids)}
    code_of: dict[str, int] = {}
    blocks: list[tuple[Int32, Int32, Int32, Float32]] = []
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
            # A file opened by Arrow: its reading thread may outlive the read. With a Python file
            # it would wait for the interpreter's lock at exit, which aborts the process.
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
    """Return each article's row, or `UNKNOWN` or `MALFORMED`, both below 0."""

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
    empty = shopper.dictionary.index("").as_py()
    for position in np.flatnonzero(shopper.indices.to_numpy() == empty)[:1]:
        raise CatalogError(f"{path}, row {first_row + position}: customer_id is empty.")


def _shopper_codes(column: pa.DictionaryArray, code_of: dict[str, int]) -> Int32:
    """Return the shoppers' numbers; new ones are added to ``code_of`` in the order they appear."""
    codes = [code_of.setdefault(text, len(code_of)) for text in column.dictionary.to_pylist()]
    return np.asarray(np.array(codes, np.int32)[column.indices.to_numpy()])

"""The Parquet tables of a release: articles, shoppers, purchases by week, example phrases."""

import hashlib
from collections.abc import Callable, Collection, Mapping
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from recsys.catalog.schema import ARTICLE_COLUMNS, DEPARTMENT, is_plain, normalize_article_id
from recsys.catalog.shoppers import Shopper, split_visits
from recsys.catalog.statistics import SEASON, SEASONS, STATISTICS_COLUMNS
from recsys.release.files import ARTICLES, OVERVIEW, PHRASES, SHOPPERS, UNIT_ROUNDING
from recsys.release.held_file import HeldFile
from recsys.release.manifest import LARGEST, check
from recsys.release.parquet_file import TEXT_TYPES, Columns, ParquetTable, open_parquet
from recsys.release.typed_json import LARGEST_INT, LONGEST_NAME
from recsys.vectors import Float32


def write_overview(path: Path, overview: pd.DataFrame) -> None:
    """Write the purchases by week and department, as `recsys.catalog.statistics.weekly` counts."""
    overview.astype({"week": str, DEPARTMENT: str, "purchases": np.int64}).to_parquet(
        path, index=False
    )


OVERVIEW_COLUMNS: Columns = {"week": TEXT_TYPES, DEPARTMENT: TEXT_TYPES, "purchases": (pa.int64(),)}
FIRST_WEEK, LAST_WEEK = date(1970, 1, 1), date(2099, 12, 31)
"""Of purchases: pandas cannot count weeks before 1678 or after 2261."""

MOST_WEEKS = 200_000
"""Rows: 130 years of thirty departments."""


def read_overview(path: Path, departments: Collection[str]) -> pd.DataFrame:
    """Return the table that `write_overview` wrote.

    Args:
        path: the Parquet file.
        departments: those of the articles.

    Raises:
        ReleaseError: a column is missing or of another type, a week does not start on a Monday, a
            department is unknown, or a number of purchases is not positive.
    """
    table = open_parquet(path, OVERVIEW_COLUMNS, MOST_WEEKS).read(STATISTICS_COLUMNS)
    for week in table["week"].unique():
        check(_is_monday(week), f"{OVERVIEW} has the week {week!r}, which is not a Monday")
    unknown = sorted(set(table[DEPARTMENT]) - set(departments))
    check(not unknown, f"{OVERVIEW} has departments that no article has: {unknown[:3]}")
    bounded = table["purchases"].between(1, LARGEST_INT).all()
    check(bool(bounded), f"{OVERVIEW} has purchases that are not from 1 to {LARGEST_INT}")
    return table


def _is_monday(week: str) -> bool:
    try:
        day = date.fromisoformat(week)
    except ValueError:
        return False
    inside = FIRST_WEEK <= day <= LAST_WEEK
    return inside and day.isoformat() == week and day.weekday() == 0


SHOPPER_COLUMNS = ("alias", "visit", "article_id")


def write_shoppers(path: Path, shoppers: list[Shopper], article_ids: pd.Series) -> None:
    """Write the shoppers' purchases, one row each."""
    rows = [
        (shopper.alias, visit, article_ids.iat[article])
        for shopper in shoppers
        for visit, articles in enumerate(shopper.visits, start=1)
        for article in articles
    ]
    table = pd.DataFrame(rows, columns=list(SHOPPER_COLUMNS))
    table.astype({"alias": str, "visit": np.int32, "article_id": str}).to_parquet(path, index=False)


SHOPPER_TYPES: Columns = {"alias": TEXT_TYPES, "visit": (pa.int32(),), "article_id": TEXT_TYPES}
MOST_PURCHASES = 1000
"""Of a shopper: the page shows them all."""


def read_shoppers(path: Path, count: int, article_ids: pd.Series) -> dict[str, Shopper]:
    """Return the shoppers that `write_shoppers` wrote, by alias.

    Args:
        path: the Parquet file.
        count: how many shoppers it must have.
        article_ids: of the catalogue.

    Raises:
        ReleaseError: a column is missing or of another type, there are more or fewer shoppers, an
            alias is not one line of printable text, visits do not rise, or an article is not in the
            catalogue.
    """
    table = open_parquet(path, SHOPPER_TYPES, count * MOST_PURCHASES).read(SHOPPER_COLUMNS)
    for alias in table["alias"].unique():
        check(
            _is_line(alias),
            f"{SHOPPERS} has the alias {alias[:LONGEST_NAME]!r}, which is not one line of plain "
            "text",
        )
    rows = pd.Index(article_ids).get_indexer(pd.Index(table["article_id"]))
    check(bool((rows >= 0).all()), f"{SHOPPERS} has an article that the catalogue does not have")
    table["row"] = rows.astype(np.int32)
    shoppers = {
        str(alias): _shopper(str(alias), each) for alias, each in table.groupby("alias", sort=False)
    }
    check(len(shoppers) == count, f"{SHOPPERS} does not have {count} shoppers")
    return shoppers


def _shopper(alias: str, bought: pd.DataFrame) -> Shopper:
    visits = bought["visit"].to_numpy()
    rising = visits[0] >= 1 and (np.diff(visits.astype(np.int64)) >= 0).all()
    check(bool(rising), f"{SHOPPERS} has visits of {alias!r} that do not rise")
    few = len(visits) <= MOST_PURCHASES
    check(few, f"{SHOPPERS} has over {MOST_PURCHASES} purchases of {alias!r}")
    return Shopper(alias, split_visits(bought["row"].to_numpy(np.int32), visits))


def _is_line(text: str) -> bool:
    """Whether a text is one line that can be printed, without spaces around it."""
    return text.strip() == text != "" and text.isprintable() and len(text) <= LONGEST_NAME


WORDS_COLUMN = "words"

Phrases = dict[str, dict[str, Float32]]
"""Unit vectors, float32 [dim], by phrase and by model."""


def write_phrases(path: Path, phrases: list[str], vectors: Mapping[str, list[Float32]]) -> None:
    """Write phrases and their vectors, one column for each model."""
    columns = {name: pa.array(each, pa.list_(pa.float32())) for name, each in vectors.items()}
    pq.write_table(pa.table({WORDS_COLUMN: pa.array(phrases, pa.string()), **columns}), path)


VECTOR = (pa.list_(pa.float32()), pa.large_list(pa.float32()))
MOST_PHRASES = 1000
"""The page shows them all; a build writes six."""


def read_phrases(path: Path, dims: Mapping[str, int]) -> Phrases:
    """Return the phrases that `write_phrases` wrote.

    Args:
        path: the Parquet file.
        dims: the length of each model's vectors.

    Raises:
        ReleaseError: a column is missing, belongs to no model or is of another type, a phrase is
            not one line of plain text, or a vector is not a unit vector of its model's length.
    """
    file = open_parquet(path, {WORDS_COLUMN: TEXT_TYPES}, MOST_PHRASES)
    models = [name for name in file.schema.names if name != WORDS_COLUMN]
    check(set(models) <= dims.keys(), f"{PHRASES} has a column that belongs to no model")
    file = open_parquet(
        path, {WORDS_COLUMN: TEXT_TYPES} | dict.fromkeys(models, VECTOR), MOST_PHRASES
    )
    words = file.read([WORDS_COLUMN])[WORDS_COLUMN].tolist()
    plain = len(set(words)) == len(words) and all(map(_is_line, words))
    check(plain, f"{PHRASES} has a phrase twice, or one that is not one line of plain text")
    vectors = {name: _unit_vectors(file, name, dims[name]) for name in models}
    return {
        phrase: {name: vectors[name][row] for name in models} for row, phrase in enumerate(words)
    }


def _unit_vectors(file: ParquetTable, name: str, dim: int) -> Float32:
    """Return a column of unit vectors, float32 [rows, dim]."""
    numbers = file.values_of(f"{name}.list.element")
    check(numbers == len(file) * dim, f"{PHRASES} has vectors of {name} of another length")
    column = file.read_arrow([name]).column(name).combine_chunks()
    lengths = column.value_lengths().to_numpy(zero_copy_only=False)
    whole = not column.null_count and bool((lengths == dim).all())
    check(whole, f"{PHRASES} has a vector of {name} that does not have {dim} numbers")
    vectors = column.flatten().to_numpy(zero_copy_only=False).reshape(len(file), dim)
    unit = np.abs(np.linalg.norm(vectors, axis=1) - 1) < UNIT_ROUNDING
    check(bool(unit.all()), f"{PHRASES} has a vector that is not a unit vector of {name}")
    return np.asarray(vectors, np.float32)


PHOTO_COLUMN, PRICE_COLUMN = "image", "price"
ROW_GROUP = 100
"""Rows in a Parquet row group: few, so that one photo is a short read and the Hub can show them."""


def row_order(articles: pd.DataFrame) -> str:
    """Return the SHA-256 of the article ids in their order."""
    return hashlib.sha256("\n".join(articles["article_id"]).encode()).hexdigest()


ARTICLE_TEXTS = (*ARTICLE_COLUMNS, SEASON)
PHOTO_TYPE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
ARTICLE_TYPES: Columns = {
    **dict.fromkeys(ARTICLE_TEXTS, TEXT_TYPES),
    PRICE_COLUMN: (pa.float32(),),
    PHOTO_COLUMN: (PHOTO_TYPE,),
}
"""The columns that are read; others, which a catalogue may have, are ignored."""


def open_articles(file: HeldFile, articles: int) -> ParquetTable:
    """Return the table of a release's articles, its footer checked.

    Raises:
        ReleaseError: a column is missing or has another type, it has other than that many rows, or
            row groups of another size.
    """
    table = ParquetTable(file.reader(), ARTICLES, ARTICLE_TYPES, file.size, articles)
    check(len(table) == articles, f"{ARTICLES} has {len(table):,} articles, not {articles:,}")
    groups = range(table.metadata.num_row_groups - 1)
    even = all(table.metadata.row_group(group).num_rows == ROW_GROUP for group in groups)
    check(even, f"{ARTICLES} is not in row groups of {ROW_GROUP}")
    return table


def read_articles(table: ParquetTable) -> pd.DataFrame:
    """Return the texts of a release's articles: `ARTICLE_COLUMNS` and the season.

    ``season`` is empty for an article with few purchases.

    Raises:
        ReleaseError: a value is missing, too long or has control characters, an article id is
            malformed or out of order, or a season unknown.
    """
    articles = table.read(ARTICLE_TEXTS)
    _check_ids(articles["article_id"].tolist())
    for column in ARTICLE_TEXTS:
        for text in articles[column].unique():
            check(
                is_plain(text, column),
                f"{ARTICLES} has in its column {column} the text {text[:60]!r}, which is too long "
                "or has control characters",
            )
    unknown = sorted(set(articles[SEASON]) - {"", *SEASONS})
    check(not unknown, f"{ARTICLES} has the season {unknown[:1]}")
    return articles


def read_prices(table: ParquetTable) -> Float32:
    """Return the prices, float32 [articles], NaN for an article without purchases.

    Raises:
        ReleaseError: a price is negative or infinite.
    """
    column = table.read_arrow([PRICE_COLUMN]).column(PRICE_COLUMN)
    prices = np.asarray(column.to_numpy(), np.float32)
    known = prices[~np.isnan(prices)]
    bounded = known.min(initial=0) >= 0 and known.max(initial=0) <= LARGEST
    check(bool(bounded), f"{ARTICLES} has prices that are not from 0 to {LARGEST:g}")
    return prices


def _check_ids(ids: list[str]) -> None:
    """Raise `ReleaseError` unless all ids are well formed, distinct and in rising order."""
    for article_id in ids:
        check(
            _well_formed(article_id),
            f"{ARTICLES} has the article id {article_id!r}, which is not 10 digits",
        )
    rising = all(first < second for first, second in pairwise(ids))
    check(rising, f"{ARTICLES} does not have distinct article ids in rising order")


def _well_formed(article_id: str) -> bool:
    try:
        return normalize_article_id(article_id) == article_id
    except ValueError:
        return False


TABLE_FORMAT = 3
"""Raise it whenever `write_articles` writes other bytes: builds then write their table again."""


def write_articles(
    path: Path, articles: pd.DataFrame, prices: Float32, photo: Callable[[int], bytes | None]
) -> None:
    """Write the table of articles with prices and photos, one row group at a time.

    Prices and photos replace columns of the catalogue with the same names.

    Args:
        path: the Parquet file.
        articles: the catalogue's table, every column text.
        prices: float32 [articles], NaN for an article without purchases.
        photo: returns the JPEG for a row, ``None`` for an article without a photo.
    """
    names = [name for name in articles.columns if name not in (PRICE_COLUMN, PHOTO_COLUMN)]
    schema = _articles_schema(names)
    picture = schema.field(PHOTO_COLUMN).type
    with (
        pq.ParquetWriter(path, schema, compression="zstd") as writer,
        tqdm(total=len(articles), desc="articles", unit="article") as bar,
    ):
        for start in range(0, len(articles), ROW_GROUP):
            block = articles.iloc[start : start + ROW_GROUP]
            photos = [
                data and {"bytes": data, "path": f"{article_id}.jpg"}
                for data, article_id in zip(
                    map(photo, block.index), block["article_id"], strict=True
                )
            ]
            columns = [pa.array(block[name], pa.string()) for name in names]
            columns.append(pa.array(prices[start : start + ROW_GROUP], from_pandas=True))
            writer.write_table(pa.table([*columns, pa.array(photos, picture)], schema))
            bar.update(len(block))


def _articles_schema(columns: list[str]) -> pa.Schema:
    """Schema with the metadata by which `datasets` and the Hub's viewer show the photos."""
    from datasets import Features, Image, Value

    texts = {name: Value("string") for name in columns}
    own = {PRICE_COLUMN: Value("float32"), PHOTO_COLUMN: Image()}
    return Features({**texts, **own}).arrow_schema

"""The Parquet tables of a release: articles, shoppers, purchases by week, example phrases."""

import hashlib
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from recsys.catalog.schema import ARTICLE_COLUMNS, DEPARTMENT, normalize_article_id
from recsys.catalog.shoppers import Shopper, split_visits
from recsys.catalog.statistics import SEASON, STATISTICS_COLUMNS
from recsys.release.files import ARTICLES, OVERVIEW, PHRASES, SHOPPERS
from recsys.release.manifest import check
from recsys.vectors import Float32


def write_overview(path: Path, overview: pd.DataFrame) -> None:
    """Write the purchases by week and department, as `recsys.catalog.statistics.weekly` counts."""
    overview.astype({"week": str, DEPARTMENT: str, "purchases": np.int64}).to_parquet(
        path, index=False
    )


def read_overview(path: Path) -> pd.DataFrame:
    """Return the table that `write_overview` wrote.

    Raises:
        KeyError: a column is missing.
        ValueError: a week does not start on a Monday, a department has no name, or a number of
            purchases is not a positive integer.
    """
    table = pd.read_parquet(path)[list(STATISTICS_COLUMNS)]
    weeks = table["week"].to_numpy("datetime64[D]").astype(np.int64)
    purchases = table["purchases"]
    if purchases.dtype != np.int64 or table[DEPARTMENT].isna().any():
        raise ValueError(f"{OVERVIEW} has a department without a name, or purchases not in int64")
    # Day 0 of numpy was a Thursday.
    if len(table) and (((weeks + 3) % 7).any() or purchases.min() < 1):
        raise ValueError(f"{OVERVIEW} has a week that is not a Monday, or a week without purchases")
    return table


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


def read_shoppers(path: Path, article_ids: pd.Series) -> dict[str, Shopper]:
    """Return the shoppers that `write_shoppers` wrote, by alias.

    Raises:
        KeyError: a column is missing, or an article is not in the catalogue.
        ReleaseError: an alias is not one line of printable text.
    """
    table = pd.read_parquet(path)
    row_of = pd.Series(np.arange(len(article_ids), dtype=np.int32), index=article_ids.to_numpy())
    table["row"] = row_of.loc[table["article_id"]].to_numpy()
    for alias in table["alias"].unique():
        plain = isinstance(alias, str) and alias.strip() == alias != "" and alias.isprintable()
        check(plain, f"{SHOPPERS} has the alias {alias!r}, which is not one line of plain text")
    return {
        str(alias): Shopper(
            str(alias), split_visits(bought["row"].to_numpy(np.int32), bought["visit"].to_numpy())
        )
        for alias, bought in table.groupby("alias", sort=False)
    }


WORDS_COLUMN = "words"

Phrases = dict[str, dict[str, Float32]]
"""Unit vectors, float32 [dim], by phrase and by model."""


def write_phrases(path: Path, phrases: list[str], vectors: Mapping[str, list[Float32]]) -> None:
    """Write phrases and their vectors, one column for each model."""
    columns = {name: pa.array(each, pa.list_(pa.float32())) for name, each in vectors.items()}
    pq.write_table(pa.table({WORDS_COLUMN: pa.array(phrases, pa.string()), **columns}), path)


def read_phrases(path: Path, dims: Mapping[str, int]) -> Phrases:
    """Return the phrases that `write_phrases` wrote.

    Args:
        path: the Parquet file.
        dims: the length of each model's vectors.

    Raises:
        KeyError: the column of the phrases is missing, or a column belongs to no model.
        ValueError: a vector does not have unit length or not the dimension of its model.
    """
    table = pq.read_table(path)
    models = [name for name in table.column_names if name != WORDS_COLUMN]
    phrases = {}
    for row in table.to_pylist():
        phrases[row[WORDS_COLUMN]] = {name: np.array(row[name], np.float32) for name in models}
        for name, vector in phrases[row[WORDS_COLUMN]].items():
            if vector.shape != (dims[name],) or not abs(np.linalg.norm(vector) - 1) < 1e-3:
                raise ValueError(f"{PHRASES} has a vector that is not a unit vector of {name}")
    return phrases


PHOTO_COLUMN, PRICE_COLUMN = "image", "price"
ROW_GROUP = 100
"""Rows in a Parquet row group: few, so that one photo is a short read and the Hub can show them."""


def row_order(articles: pd.DataFrame) -> str:
    """Return the SHA-256 of the article ids in their order."""
    return hashlib.sha256("\n".join(articles["article_id"]).encode()).hexdigest()


def read_articles(file: pq.ParquetFile) -> pd.DataFrame:
    """Return the table of a release's articles without prices and photos.

    Every column is text. ``season`` is empty for an article with few purchases.

    Raises:
        ReleaseError: a column is missing, has another type or lacks values, the row groups have
            another size, or an article id is malformed or out of order.
    """
    _check_columns(file)
    names = [name for name in file.schema_arrow.names if name not in (PRICE_COLUMN, PHOTO_COLUMN)]
    table = file.read(names)
    for name in names:
        check(not table.column(name).null_count, f"{ARTICLES} lacks values in its column {name}")
    articles: pd.DataFrame = table.to_pandas()
    _check_ids(articles["article_id"].tolist())
    return articles


def _check_columns(file: pq.ParquetFile) -> None:
    schema = file.schema_arrow
    missing = {*ARTICLE_COLUMNS, SEASON, PRICE_COLUMN, PHOTO_COLUMN} - set(schema.names)
    check(not missing, f"{ARTICLES} has no column {', '.join(sorted(missing))}")
    price = schema.field(PRICE_COLUMN).type
    check(price == pa.float32(), f"the prices in {ARTICLES} are {price}, not float")
    for column in set(schema.names) - {PRICE_COLUMN, PHOTO_COLUMN}:
        kind = schema.field(column).type
        text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
        check(text, f"the column {column} in {ARTICLES} is {kind}, not text")
    groups = range(file.metadata.num_row_groups - 1)
    even = all(file.metadata.row_group(group).num_rows == ROW_GROUP for group in groups)
    check(even, f"{ARTICLES} is not in row groups of {ROW_GROUP}")


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

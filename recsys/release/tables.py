"""The Parquet tables of a release: articles, shoppers, purchases by week, example phrases."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from recsys.catalog.schema import ARTICLE_COLUMNS, GROUP
from recsys.catalog.shoppers import Shopper, split_visits
from recsys.catalog.statistics import SEASON, STATISTICS_COLUMNS
from recsys.release.manifest import (
    check,
)
from recsys.vectors import Float32

OVERVIEW = "overview.parquet"


def write_overview(path: Path, overview: pd.DataFrame) -> None:
    """Write what `weekly` returned."""
    overview.astype({"week": str, GROUP: str, "purchases": np.int64}).to_parquet(path, index=False)


def read_overview(path: Path) -> pd.DataFrame:
    """Return what `write_overview` wrote.

    Raises:
        KeyError: a column is missing.
        ValueError: a week is no Monday, a group has no name, or a number is none.
    """
    table = pd.read_parquet(path)[list(STATISTICS_COLUMNS)]
    weeks = table["week"].to_numpy("datetime64[D]").astype(np.int64)
    purchases = table["purchases"]
    if purchases.dtype != np.int64 or table[GROUP].isna().any():
        raise ValueError(f"{OVERVIEW} has a group without a name, or purchases that are no numbers")
    if len(table) and (((weeks + 3) % 7).any() or purchases.min() < 1):
        raise ValueError(f"{OVERVIEW} has a week that is no Monday, or no purchases")
    return table


SHOPPERS = "shoppers.parquet"
SHOPPER_COLUMNS = ("alias", "visit", "article_id")


def write_shoppers(path: Path, shoppers: list[Shopper], article_ids: pd.Series) -> None:
    """Write the shoppers' purchases, a row each."""
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
    """
    table = pd.read_parquet(path)
    row_of = pd.Series(np.arange(len(article_ids), dtype=np.int32), index=article_ids.to_numpy())
    table["row"] = row_of.loc[table["article_id"]].to_numpy()
    return {
        str(alias): Shopper(
            str(alias),
            split_visits(bought["row"].to_numpy(np.int32), bought["visit"].to_numpy()),
        )
        for alias, bought in table.groupby("alias", sort=False)
    }


PHRASES, WORDS = "phrases.parquet", "words"

Phrases = dict[str, dict[str, Float32]]
"""The words' unit vectors, float32 [dim], by words and by model."""


def write_phrases(path: Path, phrases: list[str], vectors: Mapping[str, list[Float32]]) -> None:
    """Write words, and each model's vectors of them, a column a model."""
    columns = {name: pa.array(each, pa.list_(pa.float32())) for name, each in vectors.items()}
    pq.write_table(pa.table({WORDS: pa.array(phrases, pa.string()), **columns}), path)


def read_phrases(path: Path, dims: Mapping[str, int]) -> Phrases:
    """Return what `write_phrases` wrote.

    Raises:
        KeyError: the words are missing, or a column is of no model.
        ValueError: what should be a unit vector of a model's dimension is none.
    """
    table = pq.read_table(path)
    models = [name for name in table.column_names if name != WORDS]
    phrases = {}
    for row in table.to_pylist():
        phrases[row[WORDS]] = {name: np.array(row[name], np.float32) for name in models}
        for name, vector in phrases[row[WORDS]].items():
            if vector.shape != (dims[name],) or not abs(np.linalg.norm(vector) - 1) < 1e-3:
                raise ValueError(f"{PHRASES} has no vectors of {name}")
    return phrases


ARTICLES = "articles.parquet"
PHOTO_COLUMN, PRICE_COLUMN = "image", "price"
ROW_GROUP = 100
"""Rows a parquet row group: few, so that one photo is a short read, and the Hub can show them."""


def row_order(articles: pd.DataFrame) -> str:
    """Return the SHA-256 of the article ids in their order."""
    return hashlib.sha256("\n".join(articles["article_id"]).encode()).hexdigest()


def check_articles_table(table: pq.ParquetFile) -> None:
    """Refuse an articles' table without the columns and row groups that are relied on."""
    schema = table.schema_arrow
    missing = {*ARTICLE_COLUMNS, SEASON, PRICE_COLUMN, PHOTO_COLUMN} - set(schema.names)
    check(not missing, f"{ARTICLES} has no column {', '.join(sorted(missing))}")
    price = schema.field(PRICE_COLUMN).type
    check(price == pa.float32(), f"the prices in {ARTICLES} are {price}, not float")
    groups = range(table.metadata.num_row_groups - 1)
    even = all(table.metadata.row_group(group).num_rows == ROW_GROUP for group in groups)
    check(even, f"{ARTICLES} is not in row groups of {ROW_GROUP}")


TABLE_FORMAT = 3
"""Raise it whenever `write_articles` writes other bytes: builds then write their table anew."""


def write_articles(
    path: Path, articles: pd.DataFrame, prices: Float32, photo: Callable[[int], bytes | None]
) -> None:
    """Write the articles' table with their prices and photos, a row group at a time.

    These take the place of columns of the catalogue that have the same names.

    Args:
        path: the Parquet file.
        articles: the catalogue's table, every column a string.
        prices: float32 [articles], NaN for none.
        photo: returns the JPEG of a row, ``None`` where it has none.
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
    """Return the table's schema, marked so that `datasets` and the Hub's viewer show photos."""
    from datasets import Features, Image, Value

    kinds = {name: Value("string") for name in columns}
    own = {PRICE_COLUMN: Value("float32"), PHOTO_COLUMN: Image()}
    return Features({**kinds, **own}).arrow_schema

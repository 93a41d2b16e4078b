"""Tables that somebody wrote by hand: each is refused in one line that names the file."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from tiny_catalogs import ARTICLES as TINY
from tiny_catalogs import picture_bytes

from recsys.catalog.schema import DEPARTMENT
from recsys.catalog.statistics import SEASON
from recsys.errors import ReleaseError
from recsys.release.article_photos import ArticlePhotos
from recsys.release.held_file import HeldFile
from recsys.release.tables import (
    MOST_PURCHASES,
    open_articles,
    read_articles,
    read_overview,
    read_phrases,
    read_prices,
    read_shoppers,
    write_articles,
    write_overview,
)

Rows = dict[str, Any]
TEXT, NUMBER, FLOAT = pa.string(), pa.int64(), pa.float32()
IDS = pd.Series([row["article_id"] for row in TINY])


def written(path: Path, columns: Mapping[str, pa.Array], **options: object) -> Path:
    pq.write_table(pa.table(dict(columns)), path, **options)
    return path


def refusal(read: Callable[[], object], name: str) -> str:
    with pytest.raises(ReleaseError) as refused:
        read()
    message = str(refused.value)
    assert message.startswith("Refused: ")
    assert name in message
    assert "\n" not in message
    assert len(message) < 500
    return message


# Purchases by week

OVERVIEW: Rows = {"week": ["2020-09-07", "2020-09-14"], DEPARTMENT: ["A", "B"], "purchases": [3, 1]}


def overview(path: Path) -> pd.DataFrame:
    return read_overview(path, {"A", "B"})


def test_an_overview_is_read_as_it_was_written_also_an_empty_one(tmp_path: Path) -> None:
    for rows in (2, 0):
        table = pd.DataFrame(OVERVIEW).head(rows)
        write_overview(tmp_path / "overview.parquet", table)
        assert overview(tmp_path / "overview.parquet").to_dict("list") == table.to_dict("list")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"week": pa.array(["2020-09-08", "2020-09-14"])}, "'2020-09-08', which is not a Monday"),
        ({"week": pa.array(["0001-01-01", "2020-09-14"])}, "is not a Monday"),
        ({"week": pa.array(["9999-12-27", "2020-09-14"])}, "is not a Monday"),
        ({"week": pa.array(["20200907", "2020-09-14"])}, "is not a Monday"),
        ({"week": pa.array(["2020-W37-1", "2020-09-14"])}, "is not a Monday"),
        ({"week": pa.array(["<b>", "2020-09-14"])}, "is not a Monday"),
        ({"week": pa.array(["2020-09-07", None])}, "lacks values in its column week"),
        ({"week": pa.array([1, 2])}, "the column week in overview.parquet is int64, not text"),
        ({"week": None}, "has no column week"),
        ({DEPARTMENT: pa.array(["A", "C"])}, "departments that no article has: ['C']"),
        ({DEPARTMENT: pa.array(["A", None])}, "lacks values"),
        ({DEPARTMENT: pa.array([["A"], ["B"]])}, "not text"),
        ({"purchases": pa.array([3.0, 1.0])}, "is double, not int64"),
        ({"purchases": pa.array([3, None], NUMBER)}, "lacks values"),
        ({"purchases": pa.array([3, 0])}, "purchases that are not from 1"),
        ({"purchases": pa.array([3, -1])}, "purchases that are not from 1"),
        ({"purchases": pa.array([3, 2**62])}, "purchases that are not from 1"),
        ({"purchases": pa.array([3, 1], pa.uint64())}, "is uint64, not int64"),
    ],
)
def test_an_overview_that_no_build_writes_is_refused(
    changes: Mapping[str, pa.Array | None], said: str, tmp_path: Path
) -> None:
    columns = {name: pa.array(values) for name, values in OVERVIEW.items()} | changes
    whole = {name: values for name, values in columns.items() if values is not None}
    path = written(tmp_path / "overview.parquet", whole)
    assert said in refusal(lambda: overview(path), "overview.parquet")


# Shoppers

SHOPPERS: Rows = {"alias": ["a", "a", "b"], "visit": [1, 2, 1], "article_id": IDS[:3].tolist()}


def shoppers(path: Path, count: int = 2) -> dict[str, object]:
    return dict(read_shoppers(path, count, IDS))


def shopper_columns(**changes: object) -> dict[str, pa.Array]:
    columns = {"visit": pa.array(SHOPPERS["visit"], pa.int32())}
    for name in ("alias", "article_id"):
        columns[name] = pa.array(SHOPPERS[name])
    return columns | changes


def test_shoppers_are_read_also_none(tmp_path: Path) -> None:
    path = written(tmp_path / "shoppers.parquet", shopper_columns())
    read = read_shoppers(path, 2, IDS)
    assert [each.tolist() for each in read["a"].visits] == [[0], [1]]
    assert read["b"].history.tolist() == [2]
    none = {name: column[:0] for name, column in shopper_columns().items()}
    assert read_shoppers(written(path, none), 0, IDS) == {}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"alias": pa.array(["a", "a", "\ud7ff\x07"])}, "not one line of plain text"),
        ({"alias": pa.array(["a", "a", "x" * 201])}, "not one line of plain text"),
        ({"alias": pa.array(["a", "a", None])}, "lacks values"),
        ({"alias": pa.array([b"a", b"a", b"b"])}, "is binary, not text"),
        ({"alias": pa.array(["a", "b", "c"])}, "does not have 2 shoppers"),
        ({"visit": pa.array([2, 1, 1], pa.int32())}, "visits of 'a' that do not rise"),
        ({"visit": pa.array([0, 1, 1], pa.int32())}, "visits of 'a' that do not rise"),
        ({"visit": pa.array([1.0, 2.0, 1.0])}, "is double, not int32"),
        ({"visit": pa.array([1, 2, 1])}, "is int64, not int32"),
        ({"visit": pa.array([1, None, 1], pa.int32())}, "lacks values"),
        ({"article_id": pa.array([IDS[0], IDS[1], "9" * 10])}, "the catalogue does not have"),
        ({"article_id": pa.array([IDS[0], IDS[1], None])}, "lacks values"),
        ({"article_id": pa.array([1, 2, 3])}, "is int64, not text"),
    ],
)
def test_shoppers_that_no_build_writes_are_refused(
    changes: Mapping[str, pa.Array], said: str, tmp_path: Path
) -> None:
    path = written(tmp_path / "shoppers.parquet", shopper_columns(**changes))
    assert said in refusal(lambda: shoppers(path), "shoppers.parquet")


def test_a_shopper_who_bought_everything_a_thousand_times_is_refused(tmp_path: Path) -> None:
    count = MOST_PURCHASES + 1
    columns = {
        "alias": pa.array(["a"] * count),
        "visit": pa.array(range(1, count + 1), pa.int32()),
        "article_id": pa.array([IDS[0]] * count),
    }
    path = written(tmp_path / "shoppers.parquet", columns)
    assert "not up to 1,000" in refusal(lambda: shoppers(path, 1), "shoppers.parquet")
    assert "over 1000 purchases of 'a'" in refusal(lambda: shoppers(path, 2), "shoppers.parquet")


# Phrases


def phrases(path: Path) -> object:
    return read_phrases(path, {"text": 2, "image": 3})


def phrase_columns(**changes: object) -> dict[str, pa.Array]:
    vectors = pa.array([[1, 0], [0, 1]], pa.list_(FLOAT))
    return {"words": pa.array(["red hat", "blue"]), "text": vectors} | changes


def test_phrases_are_read_also_none(tmp_path: Path) -> None:
    read = read_phrases(written(tmp_path / "phrases.parquet", phrase_columns()), {"text": 2})
    assert {words: each["text"].tolist() for words, each in read.items()} == {
        "red hat": [1, 0],
        "blue": [0, 1],
    }
    none = {name: column[:0] for name, column in phrase_columns().items()}
    assert read_phrases(written(tmp_path / "none.parquet", none), {"text": 2}) == {}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"words": pa.array(["red hat", "red hat"])}, "a phrase twice"),
        ({"words": pa.array(["red", "<b>\x00"])}, "not one line"),
        ({"words": pa.array(["red", "x" * 201])}, "not one line"),
        ({"words": pa.array(["red", None])}, "lacks values"),
        ({"words": pa.array([1, 2])}, "is int64, not text"),
        ({"smell": pa.array([1, 2])}, "belongs to no model"),
        ({"text": pa.array([1.0, 2.0], FLOAT)}, "not list"),
        ({"text": pa.array([[1, 0], [0, 1]], pa.list_(pa.float64()))}, "not list"),
        ({"text": pa.array([[1, 0], [1, 1]], pa.list_(FLOAT))}, "not a unit vector of text"),
        ({"text": pa.array([[1, 0], [np.nan, 1]], pa.list_(FLOAT))}, "not a unit vector of text"),
        ({"text": pa.array([[1, 0, 0], [0]], pa.list_(FLOAT))}, "does not have 2 numbers"),
        ({"text": pa.array([[1, 0], [0, 1, 0]], pa.list_(FLOAT))}, "of another length"),
        ({"text": pa.array([[1, 0], None], pa.list_(FLOAT))}, "phrases.parquet"),
        ({"image": pa.array([[1, 0], [0, 1]], pa.list_(FLOAT))}, "of another length"),
    ],
)
def test_phrases_that_no_build_writes_are_refused(
    changes: Mapping[str, pa.Array], said: str, tmp_path: Path
) -> None:
    path = written(tmp_path / "phrases.parquet", phrase_columns(**changes))
    assert said in refusal(lambda: phrases(path), "phrases.parquet")


# Articles

PHOTO = picture_bytes(Image.new("RGB", (24, 36), "teal"))


def write_tiny(path: Path, photo: bytes | None = PHOTO, repeat: int = 1) -> Path:
    table = pd.DataFrame(TINY).assign(**{SEASON: "Summer"})
    table = pd.concat([table] * repeat, ignore_index=True)
    table["article_id"] = [f"{row:010d}" for row in range(len(table))]
    prices = np.full(len(table), np.nan, np.float32)
    write_articles(path, table, prices, lambda row: photo if row % 2 == 0 else None)
    return path


def rewritten(path: Path, column: str, values: pa.Array | None, **options: object) -> None:
    table = pq.read_table(path)
    at = table.schema.get_field_index(column)
    table = table.remove_column(at) if values is None else table.set_column(at, column, values)
    pq.write_table(table, path, row_group_size=100, **options)


def articles(path: Path, count: int = len(TINY)) -> pd.DataFrame:
    file = HeldFile(path)
    table = open_articles(file, count)
    read_prices(table)
    ArticlePhotos(file, table)
    return read_articles(table)


def test_articles_are_read_as_they_were_written(tmp_path: Path) -> None:
    read = articles(write_tiny(tmp_path / "articles.parquet"))
    assert read["detail_desc"].tolist() == [row["detail_desc"] for row in TINY]
    assert set(read[SEASON]) == {"Summer"}


SIX = len(TINY)
IDS_NOW = [f"{row:010d}" for row in range(SIX)]


def texts(last: object) -> pa.Array:
    return pa.array(["x"] * (SIX - 1) + [last])


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("prod_name", texts("two\nlines"), "prod_name the text 'two\\nlines'"),
        ("prod_name", texts("\x1b[31m"), "control characters"),
        ("prod_name", texts("x\u2028y"), "control characters"),
        ("prod_name", texts("x" * 501), "too long"),
        ("prod_name", texts(None), "lacks values in its column prod_name"),
        ("prod_name", pa.array(range(SIX)), "is int64, not text"),
        ("prod_name", pa.array([["x"]] * SIX), "not text"),
        ("prod_name", pa.array([{"x": "y"}] * SIX), "not text"),
        ("prod_name", None, "has no column prod_name"),
        ("detail_desc", texts("x\x00y"), "control characters"),
        ("detail_desc", texts("x" * 10_001), "too long"),
        ("article_id", pa.array([*IDS_NOW[:-1], "<b>"]), "which is not 10 digits"),
        ("article_id", pa.array([*IDS_NOW[:-1], IDS_NOW[0]]), "in rising order"),
        (SEASON, texts("Spätherbst"), "has the season"),
        (SEASON, pa.array(["Spätherbst"] * SIX), "has the season ['Spätherbst']"),
        ("price", pa.array([-1.0] * SIX, FLOAT), "prices that are not from 0"),
        ("price", pa.array([np.inf] * SIX, FLOAT), "prices that are not from 0"),
        ("price", pa.array([1.0] * SIX), "is double, not float"),
        ("price", pa.array(["1"] * SIX), "is string, not float"),
        ("image", pa.array([b"x"] * SIX), "not struct"),
        ("image", pa.array([{"bytes": "x", "path": "y"}] * SIX), "not struct"),
        (
            "image",
            pa.array([{"bytes": b"x", "path": "y" * 99_999}] * SIX),
            "photos that are too long",
        ),
    ],
)
def test_articles_that_no_build_writes_are_refused(
    column: str, values: pa.Array | None, said: str, tmp_path: Path
) -> None:
    path = write_tiny(tmp_path / "articles.parquet")
    rewritten(path, column, values)
    assert said in refusal(lambda: articles(path), "articles.parquet")


@pytest.mark.parametrize("count", [SIX - 1, SIX + 1, 0])
def test_another_number_of_articles_is_refused(count: int, tmp_path: Path) -> None:
    path = write_tiny(tmp_path / "articles.parquet")
    refusal(lambda: articles(path, count), "articles.parquet")


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    path = write_tiny(tmp_path / "articles.parquet")
    table = pq.read_table(path)
    pq.write_table(table.append_column("prod_name", texts("x")), path)
    assert "two columns of one name" in refusal(lambda: articles(path), "articles.parquet")


@pytest.mark.parametrize("keep", [0, 4, 100, -1, -500])
def test_a_table_that_is_cut_short_is_refused_by_its_name(keep: int, tmp_path: Path) -> None:
    path = write_tiny(tmp_path / "articles.parquet")
    path.write_bytes(path.read_bytes()[:keep])
    assert "cannot be read" in refusal(lambda: articles(path), "articles.parquet")


# Much content in few bytes


@pytest.mark.parametrize(
    "compression",
    ["zstd", *(pytest.param(name, marks=pytest.mark.exhaustive) for name in ("none", "snappy"))],
)
def test_a_long_text_that_is_repeated_is_refused_before_it_is_repeated(
    compression: str, tmp_path: Path
) -> None:
    """It would be 600 MB."""
    path = write_tiny(tmp_path / "articles.parquet", None, repeat=100)
    table = pq.read_table(path)
    long = pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(len(table), np.int32)), pa.array(["x" * 1_000_000])
    )
    at = table.schema.get_field_index("detail_desc")
    table = table.set_column(at, "detail_desc", long).replace_schema_metadata(None)
    pq.write_table(table, path, row_group_size=100, compression=compression, store_schema=False)
    message = refusal(lambda: articles(path, len(table)), "articles.parquet")
    assert "too long" in message or "times as much content as bytes" in message


def test_more_rows_than_bytes_are_refused_before_they_are_read(tmp_path: Path) -> None:
    count = 1_000_000
    weeks = pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(count, np.int32)), pa.array(["2020-09-07"])
    )
    columns = {"week": weeks, DEPARTMENT: weeks, "purchases": pa.array(np.ones(count, np.int64))}
    path = written(tmp_path / "overview.parquet", columns, store_schema=False)
    assert path.stat().st_size < 20_000
    assert "rows, not up to" in refusal(lambda: overview(path), "overview.parquet")


def test_a_list_of_a_million_numbers_in_a_phrase_is_refused_unread(tmp_path: Path) -> None:
    long = pa.array([np.ones(1_000_000, np.float32), [0, 1]], pa.list_(FLOAT))
    path = written(tmp_path / "phrases.parquet", phrase_columns(text=long))
    message = refusal(lambda: phrases(path), "phrases.parquet")
    assert "of another length" in message or "times as much content" in message


# Photos


def opened_photos(path: Path, count: int) -> ArticlePhotos:
    file = HeldFile(path)
    return ArticlePhotos(file, open_articles(file, count))


def test_photos_are_those_of_the_file_that_was_opened(tmp_path: Path) -> None:
    """Also if another file takes its place, as when a release is replaced."""
    path = write_tiny(tmp_path / "articles.parquet", repeat=40)
    photos = opened_photos(path, 240)
    assert [photos.photo(row) for row in (0, 1, 100, 238, 239)] == [PHOTO, None, PHOTO, PHOTO, None]
    write_tiny(tmp_path / "other", PHOTO + b"other", repeat=40).replace(path)
    assert photos.photo(100) == PHOTO
    path.unlink()
    assert photos.photo(238) == PHOTO


@pytest.mark.parametrize("content", [b"", b"x" * 100, None], ids=["cut", "short", "overwritten"])
def test_a_file_that_is_written_into_has_no_photos_any_more(
    content: bytes | None, tmp_path: Path
) -> None:
    path = write_tiny(tmp_path / "articles.parquet", repeat=40)
    photos = opened_photos(path, 240)
    other = write_tiny(tmp_path / "other", PHOTO[:-2] + b"\0\0", repeat=40).read_bytes()
    with path.open("r+b") as file:
        file.truncate(0)
        file.write(other if content is None else content)
    assert [photos.photo(row) for row in (0, 1, 100)] == [None, None, None]


@pytest.mark.parametrize(
    "photo", [b"", b"<svg onload=alert(1)>", b"\x89PNG\r\n\x1a\n", b"\xff\xd8"]
)
def test_what_is_no_jpeg_is_not_served(photo: bytes, tmp_path: Path) -> None:
    path = write_tiny(tmp_path / "articles.parquet")
    rewritten(path, "image", pa.array([{"bytes": photo, "path": "x.jpg"}] * SIX))
    assert opened_photos(path, SIX).photo(3) is None


def test_a_photo_without_bytes_or_beyond_the_limit_is_not_served(tmp_path: Path) -> None:
    path = write_tiny(tmp_path / "articles.parquet")
    noise = np.random.default_rng(1).bytes(11 << 20)
    photos = [{"bytes": b"\xff\xd8\xff" + noise, "path": "x"}, {"bytes": None, "path": "x"}]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    rewritten(path, "image", pa.array(photos + [None] * (SIX - 2), kind))
    opened = opened_photos(path, SIX)
    assert opened.with_photo.tolist() == [True, True, False, False, False, False]
    assert [opened.photo(0), opened.photo(1), opened.photo(2)] == [None, None, None]

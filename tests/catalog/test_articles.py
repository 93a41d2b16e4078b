"""A catalogue is read whole, or refused with one message that says where to look."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tiny_catalogs import ARTICLES, JERSEY, KNIT, PURCHASES, article, write_catalog, write_table

from recsys.catalog import purchases
from recsys.catalog.articles import read_catalog, read_license
from recsys.catalog.schema import (
    ARTICLE_COLUMNS,
    LICENSE_FILE,
    PURCHASE_COLUMNS,
    normalize_article_id,
)
from recsys.errors import CatalogError

ROOT = Path(__file__).parents[2]
TRANSACTIONS = "transactions_train.csv"
APART = (ARTICLES[0], ARTICLES[4], ARTICLES[5])
"""Articles of three products: were columns to shift, no product code would stand twice."""
BOUGHT = ("2020-09-01", "ann", "0100000001", "0.05")


@pytest.fixture
def folder(tmp_path):
    return write_catalog(tmp_path / "shop")


def message(folder):
    """The error's message for a catalogue that must be refused."""
    with pytest.raises(CatalogError) as caught:
        read_catalog(folder)
    return str(caught.value).strip()


def with_purchases(folder, *rows):
    write_table(folder / TRANSACTIONS, PURCHASE_COLUMNS, rows)
    return folder


def edit_line(path, row, change):
    """Change a row of a table, counted as an editor does: the header is row 1."""
    lines = path.read_text().split("\n")
    lines[row - 1] = change(lines[row - 1])
    path.write_text("\n".join(lines))


# What is read


def test_articles_are_sorted_by_id_and_keep_every_column_as_text(tmp_path):
    shop = read_catalog(write_catalog(tmp_path, articles=reversed(ARTICLES)))
    assert shop.articles["article_id"].tolist() == [row["article_id"] for row in ARTICLES]
    assert shop.articles.index.tolist() == list(range(len(ARTICLES)))
    assert shop.articles.to_dict("records") == [dict(row) for row in ARTICLES]


def test_quotes_commas_and_line_breaks_in_descriptions_survive(folder):
    assert read_catalog(folder).articles["detail_desc"].tolist()[1:3] == [JERSEY, KNIT]


def test_words_that_look_like_missing_values_stay_words(tmp_path):
    rows = [article("0100000001", prod_name="NA", colour_group_name="None", detail_desc="nan")]
    shop = read_catalog(write_catalog(tmp_path, articles=rows))
    assert shop.articles.loc[0, "prod_name"] == "NA"
    assert shop.articles.loc[0, "colour_group_name"] == "None"
    assert shop.articles.loc[0, "detail_desc"] == "nan"


def test_an_empty_description_is_an_empty_text(folder):
    assert read_catalog(folder).articles["detail_desc"].tolist()[3] == ""


def test_ids_stored_without_their_leading_zero_get_it_back(tmp_path):
    articles = [row | {"article_id": row["article_id"].lstrip("0")} for row in ARTICLES]
    rows = [(day, who, what.lstrip("0"), price) for day, who, what, price in PURCHASES]
    shop = read_catalog(write_catalog(tmp_path, articles, rows))
    assert shop.articles["article_id"].tolist() == [row["article_id"] for row in ARTICLES]
    assert shop.purchases.unknown == 0
    assert len(shop.purchases) == len(PURCHASES)
    assert set(shop.photos) == {0, 4}


@pytest.mark.parametrize("text", ["108775015", " 0108775015 ", "0108775015"])
def test_an_article_id_has_ten_characters(text):
    assert normalize_article_id(text) == "0108775015"


@pytest.mark.parametrize(
    "text", ["", "  ", "01087750151", "10877501x", "-1", "1.0", "１２３", "1\n2"]
)
def test_what_is_not_up_to_ten_digits_is_no_article_id(text):
    with pytest.raises(ValueError, match="up to 10 digits"):
        normalize_article_id(text)


def test_photos_are_found_where_they_are_and_missing_ones_are_normal(folder):
    photos = read_catalog(folder).photos
    assert photos == {
        0: folder / "images/010/0100000001.jpg",
        4: folder / "images/020/0200000001.jpg",
    }


def test_a_catalogue_without_any_photo_is_read(tmp_path):
    assert read_catalog(write_catalog(tmp_path, photos=())).photos == {}


def test_photos_in_the_wrong_place_are_nobodys(folder):
    (folder / "images/010/0100000001.jpg").rename(folder / "images/0100000001.jpg")
    (folder / "images/010/notes.txt").write_text("not a photo")
    assert set(read_catalog(folder).photos) == {4}


def test_purchases_are_sorted_by_shopper_then_day(folder):
    bought = read_catalog(folder).purchases
    # Ann comes first in the file, though Bob bought before her.
    assert bought.shopper.tolist() == [0, 0, 0, 1, 1]
    assert bought.article.tolist() == [4, 0, 1, 2, 5]
    first = np.datetime64("2020-09-01", "D").astype(int)
    assert (bought.day - first).tolist() == [0, 1, 2, 0, 2]
    assert bought.price.tolist() == pytest.approx([0.02, 0.05, 0.05, 0.03, 0.07])
    assert (bought.shoppers, bought.unknown) == (2, 0)


def test_purchases_of_one_day_keep_the_order_of_the_file(folder):
    ids = ["0200000001", "0100000001", "0900000001"]
    with_purchases(folder, *(("2020-09-01", "ann", id_, "0.1") for id_ in ids))
    assert read_catalog(folder).purchases.article.tolist() == [4, 0, 5]


def test_repeated_purchases_are_all_kept(folder):
    with_purchases(folder, BOUGHT, BOUGHT, BOUGHT)
    assert read_catalog(folder).purchases.article.tolist() == [0, 0, 0]


def test_a_purchase_of_an_unknown_article_is_counted_not_kept(folder):
    with_purchases(folder, ("2020-09-01", "ann", "0999999999", "0.05"), BOUGHT)
    bought = read_catalog(folder).purchases
    assert (bought.article.tolist(), bought.unknown) == ([0], 1)


def test_purchases_of_unknown_articles_only_leave_none(folder):
    with_purchases(folder, ("2020-09-01", "ann", "0999999999", "0.05"))
    bought = read_catalog(folder).purchases
    assert (len(bought), bought.unknown) == (0, 1)


def test_a_limit_keeps_the_first_articles_by_id_and_their_purchases(folder):
    shop = read_catalog(folder, limit=2)
    assert shop.articles["article_id"].tolist() == ["0100000001", "0100000002"]
    assert shop.purchases.article.tolist() == [0, 1]
    assert shop.purchases.unknown == 3
    assert set(shop.photos) == {0}


def test_a_limit_beyond_the_catalogue_keeps_all_of_it(folder):
    assert len(read_catalog(folder, limit=99).articles) == len(ARTICLES)


def test_several_blocks_read_like_one(folder, monkeypatch):
    ids = [row["article_id"] for row in ARTICLES]
    days = [f"2020-09-{day:02}" for day in range(1, 29)]
    rows = [(days[i * 5 % 28], f"shopper {i % 7}", ids[i % 6], f"0.{i:03}") for i in range(200)]
    with_purchases(folder, *rows)
    whole = read_catalog(folder).purchases
    monkeypatch.setattr(purchases, "BLOCK_BYTES", 256)
    parts = read_catalog(folder).purchases
    assert parts.shoppers == whole.shoppers == 7
    for name in ("shopper", "article", "day", "price"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))


def test_a_byte_order_mark_is_not_part_of_the_first_column(folder):
    for name in ("articles.csv", TRANSACTIONS):
        path = folder / name
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(read_catalog(folder).purchases) == len(PURCHASES)


def test_customers_are_optional_and_only_their_header_is_checked(folder):
    read_catalog(folder)
    (folder / "customers.csv").write_text("customer_id,age\nann,\n")
    read_catalog(folder)
    (folder / "customers.csv").write_text("age\n30\n")
    assert "customers.csv has no column customer_id" in message(folder)


def test_further_columns_are_welcome(folder):
    rows = [(*row, "2") for row in PURCHASES]
    write_table(folder / TRANSACTIONS, (*PURCHASE_COLUMNS, "sales_channel_id"), rows)
    assert len(read_catalog(folder).purchases) == len(PURCHASES)


# What is refused


def test_a_folder_that_is_absent_is_named(tmp_path):
    assert str(tmp_path / "nowhere") in message(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["articles.csv", TRANSACTIONS])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    assert message(folder) == f"{folder / name} is missing."


@pytest.mark.parametrize(
    ("name", "column"),
    [("articles.csv", column) for column in ARTICLE_COLUMNS]
    + [(TRANSACTIONS, column) for column in PURCHASE_COLUMNS],
)
def test_a_missing_column_is_named(folder, name, column):
    path = folder / name
    path.write_text(path.read_text().replace(column, "something_else", 1))
    assert message(folder) == f"{path} has no column {column}."


@pytest.mark.parametrize("name", ["articles.csv", TRANSACTIONS])
@pytest.mark.parametrize("content", ["", "header only"])
def test_an_empty_table_is_refused(folder, name, content):
    path = folder / name
    path.write_text(path.read_text().split("\n")[0] + "\n" if content else "")
    assert message(folder).startswith(f"{path} has no ")


@pytest.mark.parametrize("bad", ["", "01000000011", "shoe", "10e7"])
def test_a_malformed_article_id_is_refused_with_its_row(tmp_path, bad):
    rows = [ARTICLES[0], ARTICLES[1], ARTICLES[2] | {"article_id": bad}, ARTICLES[3]]
    complaint = message(write_catalog(tmp_path, articles=rows))
    assert "articles.csv, row 4" in complaint
    assert repr(bad) in complaint


def test_a_duplicate_id_is_refused_with_both_rows_however_it_is_written(tmp_path):
    rows = [*ARTICLES[:3], ARTICLES[1] | {"article_id": "100000002"}]
    complaint = message(write_catalog(tmp_path, articles=rows))
    assert "articles.csv, row 5" in complaint
    assert "0100000002" in complaint
    assert "row 3" in complaint


@pytest.mark.parametrize("columns", [1, 3, len(ARTICLE_COLUMNS) - 1])
def test_a_short_row_of_articles_is_refused_with_its_row(folder, columns):
    edit_line(folder / "articles.csv", 3, lambda line: ",".join(line.split(",")[:columns]))
    complaint = message(folder)
    assert str(folder / "articles.csv") in complaint
    assert "row 3" in complaint


@pytest.mark.parametrize("row", [2, 3])
def test_a_long_row_of_articles_is_refused_with_its_row(tmp_path, row):
    folder = write_catalog(tmp_path, articles=APART)
    edit_line(folder / "articles.csv", row, lambda line: line + ",more")
    complaint = message(folder)
    assert str(folder / "articles.csv") in complaint
    assert f"row {row}" in complaint or f"line {row}" in complaint


def test_a_comma_too_many_on_every_row_does_not_shift_the_columns(tmp_path):
    write_catalog(tmp_path)
    rows = [(*row.values(), "") for row in APART]
    write_table(tmp_path / "articles.csv", ARTICLE_COLUMNS, rows)
    assert "articles.csv" in message(tmp_path)


def test_a_quote_that_never_closes_is_refused(folder):
    path = folder / "articles.csv"
    path.write_text(path.read_text() + '0999999999,"open\n')
    assert str(path) in message(folder)


@pytest.mark.parametrize("name", ["articles.csv", TRANSACTIONS])
@pytest.mark.parametrize("rows", [1, 3000])
def test_a_file_that_is_not_utf8_is_refused(folder, name, rows):
    """The bad byte stands near the beginning, or beyond what reading the header has seen."""
    if name == TRANSACTIONS:
        with_purchases(folder, *[BOUGHT] * rows, ("2020-09-01", "Zoë", *BOUGHT[2:]))
    else:
        many = [article(f"{number:010}") for number in range(rows)]
        write_catalog(folder, articles=[*many, article("0900000001", prod_name="Zoë")])
    path = folder / name
    path.write_bytes(path.read_text(encoding="utf-8").encode("latin-1"))
    complaint = message(folder)
    assert str(path) in complaint
    assert "utf" in complaint.lower()


@pytest.mark.parametrize(
    ("column", "bad"),
    [
        (0, "2020-13-01"),
        (0, "yesterday"),
        (0, "01.09.2020"),
        (2, "shoe"),
        (2, "01000000011"),
        (3, "cheap"),
        (3, "0,05"),
        *((column, "") for column in range(4)),
    ],
)
@pytest.mark.parametrize("block_bytes", [16 << 20, 128])
def test_a_bad_cell_of_a_purchase_is_refused_with_its_row(
    folder, monkeypatch, column, bad, block_bytes
):
    monkeypatch.setattr(purchases, "BLOCK_BYTES", block_bytes)
    row = list(BOUGHT)
    row[column] = bad
    with_purchases(folder, *[BOUGHT] * 20, row, BOUGHT)
    complaint = message(folder)
    assert str(folder / TRANSACTIONS) in complaint
    assert "row 22" in complaint.lower().replace("#", "")


@pytest.mark.parametrize("cells", [BOUGHT[:2], (*BOUGHT, "more")])
def test_a_purchase_with_too_few_or_many_columns_is_refused_with_its_row(folder, cells):
    with_purchases(folder, BOUGHT, cells)
    complaint = message(folder)
    assert str(folder / TRANSACTIONS) in complaint
    assert "row 3" in complaint.lower().replace("#", "")


def test_a_bad_row_beyond_the_limit_is_refused_all_the_same(folder):
    rows = [*ARTICLES[:3], article("shoe")]
    write_catalog(folder, articles=rows)
    with pytest.raises(CatalogError, match="row 5"):
        read_catalog(folder, limit=1)


# The real thing


@pytest.mark.hm
def test_the_real_catalogue_has_the_counts_it_is_known_by(hm_catalog):
    bought = hm_catalog.purchases
    assert len(hm_catalog.articles) == 105_542
    assert len(hm_catalog.photos) == 12_621
    assert len(bought) == 187_752
    assert bought.shoppers == 49_005
    assert hm_catalog.articles["article_id"].str.len().eq(10).all()
    assert (np.lexsort((bought.day, bought.shopper)) == np.arange(len(bought))).all()


def test_a_catalogue_names_the_licence_it_may_be_redistributed_under(
    small_folder: Path, tmp_path: Path
):
    assert read_license(small_folder) == "cc0-1.0"
    assert read_license(tmp_path) == ""


@pytest.mark.parametrize("text", ["", "yes, do!", "cc0-1.0\nmit", "CC0", "x" * 60, "\udcff"])
def test_a_file_that_does_not_hold_one_licence_is_refused(tmp_path: Path, text: str):
    (tmp_path / LICENSE_FILE).write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(CatalogError, match="not one licence such as"):
        read_license(tmp_path)


@pytest.mark.parametrize("rounds", [1, pytest.param(6, marks=pytest.mark.exhaustive)])
def test_a_program_that_has_read_a_catalogue_exits_normally(small_folder, rounds):
    """A reading thread that outlived the read once aborted every third such program."""
    code = (
        "import sys; from pathlib import Path; from recsys.catalog.articles import read_catalog; "
        "read_catalog(Path(sys.argv[1]))"
    )
    command = [sys.executable, "-c", code, small_folder]
    for _ in range(rounds):
        runs = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) for _ in range(4)]
        messages = [run.communicate()[1] for run in runs]
        assert [run.returncode for run in runs] == [0] * 4, messages

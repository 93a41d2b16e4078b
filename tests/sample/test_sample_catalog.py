"""The sample catalogue on disk: Kaggle's layout, consistent, and with something to learn from."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from recsys.catalog.schema import LICENSE_FILE
from recsys.errors import CatalogError
from recsys.sample import sample_catalog
from recsys.sample.drawing.fabrics import COLOURS, rgb
from recsys.sample.photographs import draw
from recsys.sample.product_types import PRODUCT_TYPES
from recsys.sample.products import generate_products
from recsys.sample.sample_catalog import (
    MARKER,
    article_table,
    customer_table,
    draw_sample,
    purchase_table,
)

ARTICLE_COLUMNS = [
    *("article_id", "product_code", "prod_name"),
    *("product_type_no", "product_type_name", "product_group_name"),
    *("graphical_appearance_no", "graphical_appearance_name"),
    *("colour_group_code", "colour_group_name"),
    *("perceived_colour_value_id", "perceived_colour_value_name"),
    *("perceived_colour_master_id", "perceived_colour_master_name"),
    *("department_no", "department_name", "index_code", "index_name"),
    *("index_group_no", "index_group_name", "section_no", "section_name"),
    *("garment_group_no", "garment_group_name", "detail_desc"),
]
TABLES = {
    "articles.csv": ARTICLE_COLUMNS,
    "customers.csv": [
        *("customer_id", "FN", "Active", "club_member_status"),
        *("fashion_news_frequency", "age", "postal_code"),
    ],
    "transactions_train.csv": [
        *("t_dat", "customer_id", "article_id", "price", "sales_channel_id"),
    ],
}


def read(folder: Path, name: str) -> pd.DataFrame:
    ids = {"article_id": str, "product_code": str, "customer_id": str}
    return pd.read_csv(folder / name, dtype=ids, keep_default_na=False, na_values={"age": [""]})


@pytest.fixture(scope="module")
def articles(sample_folder: Path) -> pd.DataFrame:
    return read(sample_folder, "articles.csv")


@pytest.fixture(scope="module")
def customers(sample_folder: Path) -> pd.DataFrame:
    return read(sample_folder, "customers.csv")


@pytest.fixture(scope="module")
def purchases(sample_folder: Path) -> pd.DataFrame:
    return read(sample_folder, "transactions_train.csv")


@pytest.fixture(scope="module")
def bought(articles: pd.DataFrame, purchases: pd.DataFrame) -> pd.DataFrame:
    """Every purchase with the article's attributes."""
    table = purchases.merge(articles, on="article_id", validate="many_to_one")
    return table.assign(month=table["t_dat"].str[5:7].astype(int))


@pytest.fixture(scope="module")
def photos(sample_folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted((sample_folder / "images").rglob("*.jpg"))}


# The folder is laid out as Kaggle's.


def test_the_folder_holds_the_three_tables_and_the_photos(sample_folder: Path):
    assert {path.name for path in sample_folder.iterdir()} == {
        *TABLES,
        *("images", MARKER, LICENSE_FILE),
    }


@pytest.mark.parametrize("name", TABLES)
def test_tables_have_the_originals_columns_and_encoding(sample_folder: Path, name: str):
    content = (sample_folder / name).read_bytes()

    assert read(sample_folder, name).columns.tolist() == TABLES[name]
    assert content.decode("utf-8").endswith("\n")
    assert b"\r" not in content


def test_photos_of_known_articles_lie_in_the_folder_of_their_first_three_digits(
    sample_folder: Path, articles: pd.DataFrame, photos: dict[str, Path]
):
    for number, path in photos.items():
        assert path == sample_folder / "images" / number[:3] / f"{number}.jpg"
    assert set(photos) <= set(articles["article_id"])
    assert 0.003 < 1 - len(photos) / len(articles) < 0.02


def test_the_sample_has_the_size_of_a_small_shop(
    articles: pd.DataFrame, customers: pd.DataFrame, purchases: pd.DataFrame
):
    assert 1100 <= len(articles) <= 1400
    assert 370 <= articles["product_code"].nunique() <= 430
    assert len(customers) == 1600
    assert 46_000 <= len(purchases) <= 50_000


# Articles.


def test_article_ids_are_a_product_code_and_a_colour_number(articles: pd.DataFrame):
    ids = articles["article_id"]

    assert ids.str.fullmatch(r"0\d{9}").all()
    assert ids.is_unique
    assert ids.is_monotonic_increasing
    assert (ids.str[1:7] == articles["product_code"]).all()
    assert (ids.str[7:] >= "001").all()


def test_products_come_in_one_to_six_colours_and_share_everything_else(articles: pd.DataFrame):
    counts = articles.groupby("product_code").size()
    own = [name for name in ARTICLE_COLUMNS if "colour" not in name and name != "article_id"]

    assert (counts.min(), counts.max()) == (1, 6)
    assert (counts > 1).mean() > 0.7
    assert (articles.groupby("product_code")[own].nunique() == 1).all().all()
    assert not articles.duplicated(["product_code", "colour_group_name"]).any()


def test_product_names_are_unique_and_two_words_long(articles: pd.DataFrame):
    names = articles.groupby("product_code")["prod_name"].first()

    assert names.is_unique
    assert names.str.fullmatch(r"[A-Z][a-z]+ [a-z]+").all()


def test_there_is_variety(articles: pd.DataFrame):
    for column, least in (
        ("product_type_name", 14),
        ("colour_group_name", 14),
        ("graphical_appearance_name", 7),
        ("index_name", 8),
        ("department_name", 30),
    ):
        assert articles[column].nunique() >= least, column


def test_every_code_has_one_name_and_every_name_one_code(articles: pd.DataFrame):
    for code, name in (
        ("product_type_no", "product_type_name"),
        ("graphical_appearance_no", "graphical_appearance_name"),
        ("colour_group_code", "colour_group_name"),
        ("perceived_colour_value_id", "perceived_colour_value_name"),
        ("perceived_colour_master_id", "perceived_colour_master_name"),
        ("index_code", "index_name"),
        ("index_group_no", "index_group_name"),
        ("section_no", "section_name"),
        ("garment_group_no", "garment_group_name"),
    ):
        pairs = articles[[code, name]].drop_duplicates()
        assert pairs[code].is_unique, code
        assert pairs[name].is_unique, name


def test_only_a_few_descriptions_are_empty_and_nothing_else(articles: pd.DataFrame):
    empty = (articles == "").mean()

    assert empty[empty > 0].index.tolist() == ["detail_desc"]
    assert 0.003 < empty["detail_desc"] < 0.025


@pytest.mark.parametrize(
    ("product_type", "group", "departments"),
    [
        ("Dress", "Garment Full body", {"Ladieswear", "Divided", "Baby/Children"}),
        ("Skirt", "Garment Lower body", {"Ladieswear", "Divided", "Baby/Children"}),
        ("Blouse", "Garment Upper body", {"Ladieswear", "Divided", "Baby/Children"}),
        ("Polo shirt", "Garment Upper body", {"Menswear", "Baby/Children"}),
        ("Coat", "Garment Upper body", {"Ladieswear", "Divided", "Menswear"}),
    ],
)
def test_product_types_are_grouped_and_sold_as_in_the_original(
    articles: pd.DataFrame, product_type: str, group: str, departments: set[str]
):
    sold = articles[articles["product_type_name"] == product_type]

    assert set(sold["product_group_name"]) == {group}
    assert set(sold["index_group_name"]) <= departments


def test_jeans_are_denim_and_sold_by_denim_departments(articles: pd.DataFrame):
    jeans = articles[articles["prod_name"].str.endswith(" jeans")]

    assert set(jeans["graphical_appearance_name"]) == {"Denim"}
    assert set(jeans["garment_group_name"]) == {"Trousers Denim"}
    assert jeans["department_name"].str.contains("denim", case=False).all()


# Photos.


def test_photos_are_upright_rgb_jpegs_of_modest_size(photos: dict[str, Path]):
    for path in photos.values():
        with Image.open(path) as photo:
            assert (photo.format, photo.size, photo.mode) == ("JPEG", (360, 540), "RGB")
        assert 8_000 < path.stat().st_size < 80_000
    assert len({path.read_bytes() for path in photos.values()}) == len(photos)


def test_plain_articles_show_the_colour_they_are_labelled_with(
    articles: pd.DataFrame, photos: dict[str, Path]
):
    """The middle of the garment of every plain T-shirt, jumper, dress and coat."""
    worn = articles["product_type_name"].isin(["T-shirt", "Sweater", "Dress", "Coat"])
    plain = articles[worn & (articles["graphical_appearance_name"] == "Solid")]
    dyes = {colour.name: rgb(colour.dye) for colour in COLOURS}
    assert len(plain) > 30
    for row in plain[plain["article_id"].isin(list(photos))].itertuples():
        with Image.open(photos[row.article_id]) as photo:
            patch = np.asarray(photo, np.float64)[250:320, 150:170].mean((0, 1))
        assert np.abs(patch - dyes[row.colour_group_name]).max() < 40, row.article_id


# Customers.


def test_customer_ids_and_postal_codes_look_hashed(customers: pd.DataFrame):
    for column in ("customer_id", "postal_code"):
        assert customers[column].str.fullmatch(r"[0-9a-f]{64}").all()
    assert customers["customer_id"].is_unique
    assert customers["customer_id"].is_monotonic_increasing
    assert customers["postal_code"].nunique() < len(customers)


def test_customers_are_adults_of_all_ages(customers: pd.DataFrame):
    ages = customers["age"].dropna()

    assert ages.between(16, 99).all()
    assert (ages < 35).mean() > 0.4
    assert (ages > 45).mean() > 0.2
    assert 0 < customers["age"].isna().sum() < 30


def test_customers_have_the_originals_values(customers: pd.DataFrame):
    active, news = (customers[name].astype(str) == "1.0" for name in ("Active", "FN"))

    assert set(customers["club_member_status"]) == {"ACTIVE", "PRE-CREATE"}
    assert set(customers["fashion_news_frequency"]) == {"NONE", "Regularly"}
    assert (news == (customers["fashion_news_frequency"] == "Regularly")).all()
    assert active.any()
    assert not (active & ~news).any()


# Purchases.


def test_purchases_are_of_known_articles_and_by_all_customers(
    articles: pd.DataFrame, customers: pd.DataFrame, purchases: pd.DataFrame
):
    assert purchases["article_id"].isin(articles["article_id"]).all()
    assert set(purchases["customer_id"]) == set(customers["customer_id"])


def test_purchases_are_sorted_by_day_and_cover_the_originals_two_years(purchases: pd.DataFrame):
    days = purchases["t_dat"]
    weeks = pd.to_datetime(days).dt.to_period("W").value_counts()

    assert days.str.fullmatch(r"\d{4}-\d\d-\d\d").all()
    assert days.is_monotonic_increasing
    assert (days.iloc[0], days.iloc[-1]) == ("2018-09-20", "2020-09-22")
    assert days.nunique() > 700
    assert weeks.min() > 20


def test_prices_are_euros_and_sometimes_reduced(purchases: pd.DataFrame):
    share = purchases["price"] / purchases.groupby("article_id")["price"].transform("max")

    assert purchases["price"].between(1.5, 120).all()
    assert (share > 0.999).mean() > 0.75
    assert (share < 0.95).mean() > 0.05
    assert share.min() >= 0.49


def test_coats_cost_more_than_jumpers_and_jumpers_more_than_t_shirts(bought: pd.DataFrame):
    price = bought.groupby("product_type_name")["price"].median()

    assert price["Coat"] > 2 * price["Sweater"] > 2 * price["T-shirt"] > 0


def test_sales_are_in_stores_and_online(purchases: pd.DataFrame):
    online = purchases["sales_channel_id"] == 2

    assert set(purchases["sales_channel_id"]) == {1, 2}
    assert 0.5 < online.mean() < 0.85


def test_baskets_have_several_articles_and_some_are_bought_again(purchases: pd.DataFrame):
    baskets = purchases.groupby(["t_dat", "customer_id"]).size()
    again = purchases.groupby(["customer_id", "article_id"]).size() > 1
    at_once = purchases.groupby(["t_dat", "customer_id", "article_id"]).size() > 1

    assert (baskets > 1).mean() > 0.4
    assert 1.8 < baskets.mean() < 3
    assert 0.03 < again.mean() < 0.2
    assert 0.015 < at_once.mean() < again.mean()


def test_some_customers_come_often_and_many_seldom(purchases: pd.DataFrame):
    visits = purchases.groupby("customer_id")["t_dat"].nunique()

    assert visits.quantile(0.95) > 3 * visits.median()


def test_some_articles_sell_well_and_some_never(articles: pd.DataFrame, purchases: pd.DataFrame):
    sales = purchases["article_id"].value_counts()

    assert sales.head(len(sales) // 10).sum() > 0.25 * len(purchases)
    assert sales.median() < sales.mean()
    assert 0.02 < (~articles["article_id"].isin(purchases["article_id"])).mean() < 0.09


def test_garments_sell_in_their_season(bought: pd.DataFrame):
    winter, summer = (11, 12, 1), (6, 7, 8)
    best = {
        **dict.fromkeys(("Coat", "Sweater", "Scarf", "Hat/beanie"), (winter, summer)),
        **dict.fromkeys(("Shorts", "Dress", "Polo shirt"), (summer, winter)),
    }
    for product_type, (season, other) in best.items():
        months = bought.loc[bought["product_type_name"] == product_type, "month"]
        assert months.isin(season).sum() > 2 * months.isin(other).sum(), product_type


def test_articles_come_and_go(bought: pd.DataFrame):
    """Many products are on sale for a part of the two years only."""
    days = pd.to_datetime(bought["t_dat"]).groupby(bought["product_code"])
    span = (days.max() - days.min()).dt.days

    assert (span < 500).mean() > 0.3
    assert (span > 600).mean() > 0.1


# There is something to learn from purchases.


def halves(bought: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Each regular customer's earlier and later purchases, without those bought before."""
    regular = bought.groupby("customer_id")["t_dat"].transform("nunique") >= 6
    table = bought[regular].drop_duplicates(["customer_id", "article_id"])
    rank = table.groupby("customer_id")["t_dat"].rank("dense", pct=True)
    return table[rank <= 0.6], table[rank > 0.6]


def test_customers_keep_buying_the_types_colours_and_departments_they_like(bought: pd.DataFrame):
    """A later purchase has a larger share in the customer's own earlier ones than in others'."""
    earlier, later = halves(bought)
    for column, lift in (
        ("product_type_name", 1.4),
        ("colour_group_name", 1.25),
        ("index_name", 1.3),
        ("index_group_name", 1.2),
    ):
        shares = pd.crosstab(earlier["customer_id"], earlier[column], normalize="index")
        known = later["customer_id"].isin(shares.index) & later[column].isin(shares.columns)
        rows = shares.index.get_indexer(later.loc[known, "customer_id"])
        columns = shares.columns.get_indexer(later.loc[known, column])
        own, others = shares.to_numpy()[rows, columns], shares.to_numpy().mean(0)[columns]
        assert own.mean() > lift * others.mean(), column


def test_customers_keep_to_their_price_level(bought: pd.DataFrame):
    before, after = (
        np.log(half.set_index("customer_id")["price"]).groupby(level=0).mean()
        for half in halves(bought)
    )

    assert before.corr(after) > 0.2


def recall(scores: np.ndarray, known: np.ndarray, later: np.ndarray, length: int = 40) -> float:
    """The share of later purchases among the best-scored products a customer had not bought."""
    best = np.argsort(-np.where(known > 0, -np.inf, scores), axis=1)[:, :length]
    hits = np.take_along_axis((later > 0) & (known == 0), best, axis=1)
    return float(hits.sum() / ((later > 0) & (known == 0)).sum())


def test_co_purchases_predict_better_than_bestsellers_and_labels(
    bought: pd.DataFrame, articles: pd.DataFrame
):
    """The hidden style is in the baskets only; labels predict less, but better than chance."""
    earlier, later = (
        pd.crosstab(half["customer_id"], half["product_code"]).clip(upper=1)
        for half in halves(bought)
    )
    names = ["product_type_name", "graphical_appearance_name", "department_name", "index_name"]
    labels = articles.groupby("product_code")[names].first().loc[earlier.columns]
    same = pd.get_dummies(labels).to_numpy(float)
    known, later = earlier.to_numpy(), later.reindex_like(earlier).fillna(0).to_numpy()
    together = known.T @ known
    sales = np.sqrt(np.diag(together)) + 1

    neighbours = recall(known @ (together / np.outer(sales, sales)), known, later)
    by_labels = recall(known @ same @ same.T, known, later)
    bestsellers = recall(np.tile(known.sum(0), (len(known), 1)), known, later)
    chance = recall(np.random.default_rng(0).random(known.shape), known, later)

    assert neighbours > 1.25 * bestsellers
    assert neighbours > 1.05 * by_labels
    assert by_labels > 1.5 * chance


# The same version always has the same bytes.


def test_the_same_seed_gives_the_same_tables(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sample_catalog, "SAMPLE_VISITS", 100)

    def tables() -> list[pd.DataFrame]:
        rng = np.random.default_rng(9)
        products, customers = generate_products(PRODUCT_TYPES, rng), customer_table(60, rng)
        return [article_table(products, rng), customers, purchase_table(products, customers, rng)]

    for one, other in zip(tables(), tables(), strict=True):
        pd.testing.assert_frame_equal(one, other)


def test_drawing_again_gives_the_bytes_on_disk(
    articles: pd.DataFrame, photos: dict[str, Path], tmp_path: Path
):
    """Every eightieth product, generated and drawn again."""
    seed = np.random.SeedSequence(sample_catalog.SAMPLE_SEED).spawn(4)[0]
    products = generate_products(PRODUCT_TYPES, np.random.default_rng(seed))
    names = articles.drop_duplicates("product_code")["prod_name"]
    assert [product.name for product in products] == names.tolist()
    for product in products[::80]:
        drawing = draw(product.cut, product.pattern, product.code)
        for number, colour in zip(product.article_ids, product.colours, strict=True):
            if number in photos:
                again = tmp_path / f"{number}.jpg"
                drawing.photo(colour).save(again, quality=sample_catalog.JPEG_QUALITY)
                assert again.read_bytes() == photos[number].read_bytes()


# A folder is drawn as a whole or not at all.

TINY = {
    "PRODUCT_TYPES": tuple(replace(t, products=1) for t in PRODUCT_TYPES if t.line == "caps"),
    "SAMPLE_SHOPPERS": 5,
    "SAMPLE_VISITS": 10,
}


@pytest.fixture
def tiny_shop(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shop so small that it is drawn in a moment."""
    for name, value in TINY.items():
        monkeypatch.setattr(sample_catalog, name, value)


def snapshot(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.mark.usefixtures("tiny_shop")
def test_drawing_fills_missing_and_empty_folders_alike_and_leaves_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "empty").mkdir()
    (tmp_path / "plain").mkdir()

    one, other = draw_sample(tmp_path / "empty"), draw_sample(tmp_path / "new" / "sample")
    progress = capsys.readouterr()

    assert snapshot(one) == snapshot(other)
    assert set(TABLES) < set(snapshot(one))
    assert {path.name for path in tmp_path.iterdir()} == {"empty", "new", "plain"}
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["sample"]
    # The scratch folder is private, but others may read the sample that comes out of it.
    assert os.stat(other).st_mode == os.stat(tmp_path / "plain").st_mode
    assert progress.out == ""
    assert "Drawing the sample catalogue" in progress.err


def test_a_complete_sample_is_not_drawn_again(sample_folder: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise AssertionError("drawn again")

    times = {path: path.stat().st_mtime_ns for path in sample_folder.rglob("*")}
    monkeypatch.setattr(sample_catalog, "draw", refuse)
    monkeypatch.setattr(sample_catalog, "generate_products", refuse)

    assert draw_sample(sample_folder) == sample_folder
    assert {path: path.stat().st_mtime_ns for path in sample_folder.rglob("*")} == times


@pytest.mark.usefixtures("tiny_shop")
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_interrupted_drawing_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
):
    markers: list[Path] = []

    def fail(*_: object) -> None:
        markers.extend(tmp_path.rglob(MARKER))
        raise error

    monkeypatch.setattr(sample_catalog, "draw", fail)
    with pytest.raises(error):
        draw_sample(tmp_path / "sample")

    assert list(tmp_path.iterdir()) == []
    assert markers == [], "the marker of a complete sample is written last"


KILLED = """
import os, sys
from pathlib import Path
from recsys.sample import sample_catalog
sample_catalog.purchase_table = lambda *_: sample_catalog.pd.DataFrame()
sample_catalog.draw = lambda *_: os._exit(9)
sample_catalog.draw_sample(Path(sys.argv[1]))
"""


@pytest.mark.usefixtures("tiny_shop")
def test_a_killed_run_leaves_no_sample(tmp_path: Path):
    """The process ends at its first photo without a chance to clean up."""
    folder = tmp_path / "sample"
    root = Path(sample_catalog.__file__).parents[2]

    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(folder)], cwd=root, capture_output=True, check=False
    )

    assert done.returncode == 9
    assert not folder.exists()
    assert set(TABLES) < set(snapshot(draw_sample(folder)))


@pytest.mark.usefixtures("tiny_shop")
@pytest.mark.parametrize("version", [0, sample_catalog.SAMPLE_VERSION + 1])
def test_a_sample_of_another_version_is_replaced(tmp_path: Path, version: int):
    folder = draw_sample(tmp_path / "sample")
    complete = snapshot(folder)
    (folder / MARKER).write_text(json.dumps({"sample_version": version}))
    (folder / "articles.csv").write_text("old\n")
    (folder / "stray.txt").write_text("old\n")

    draw_sample(folder)

    assert snapshot(folder) == complete


@pytest.mark.usefixtures("tiny_shop")
@pytest.mark.parametrize("marker", [None, "", "[]", "{}", '{"sample_version": "new"}', "null"])
def test_a_folder_of_other_files_is_left_alone(tmp_path: Path, marker: str | None):
    (tmp_path / "thesis.txt").write_text("all my work\n")
    if marker is not None:
        (tmp_path / MARKER).write_text(marker)
    before = snapshot(tmp_path)

    with pytest.raises(CatalogError, match="holds other files"):
        draw_sample(tmp_path)

    assert snapshot(tmp_path) == before


@pytest.mark.usefixtures("tiny_shop")
def test_a_file_is_not_replaced_by_a_folder(tmp_path: Path):
    path = tmp_path / "sample"
    path.write_text("all my work\n")

    with pytest.raises(CatalogError, match="holds other files"):
        draw_sample(path)

    assert path.read_text() == "all my work\n"

"""Nobody is found in a release: every figure is of several shoppers, and no alias is a person."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from building import reseal
from privacy_attack import Shop, find_people

from recsys.catalog.articles import Catalog, read_catalog
from recsys.catalog.purchases import Purchases, shopper_spans
from recsys.catalog.schema import DEPARTMENT
from recsys.catalog.shoppers import Shopper
from recsys.catalog.split import TRAINING
from recsys.catalog.statistics import seasons_of, weekly
from recsys.evaluation.report import Evaluation
from recsys.models.purchase_counts import count_purchases
from recsys.release.files import ARTICLES, OVERVIEW, QUERIES, SALES, SHOPPERS
from recsys.release.manifest import read_manifest
from recsys.release.reader import Release
from recsys.release.tables import ROW_GROUP, write_overview, write_shoppers

FEWEST = 5


def test_nobody_is_found_in_the_sample(release_folder: Path, sample_folder: Path) -> None:
    assert find_people(release_folder, sample_folder) == []


def test_nobody_is_found_in_a_small_catalogue(small_built: Path, small_folder: Path) -> None:
    assert find_people(small_built / "release", small_folder) == []


# What the attack finds where a release does not keep its promise


@pytest.fixture(scope="module")
def catalog(small_folder: Path) -> Catalog:
    return read_catalog(small_folder)


def exact_counts(folder: Path, catalog: Catalog, fewest: int = 1) -> None:
    sales = count_purchases(catalog.purchases.of(TRAINING), len(catalog.articles), fewest)
    for name, file in SALES.items():
        file.write(folder, getattr(sales, name))


def pairs_of_two(folder: Path, catalog: Catalog) -> None:
    exact_counts(folder, catalog, 2)


def column(folder: Path, name: str, values: list[object]) -> None:
    table = pq.read_table(folder / ARTICLES)
    place = table.schema.get_field_index(name)
    field = table.schema.field(place)
    table = table.set_column(place, field, pa.array(values, field.type))
    pq.write_table(table, folder / ARTICLES, row_group_size=ROW_GROUP)


def all_prices(folder: Path, catalog: Catalog) -> None:
    """Also of the articles that nobody bought."""
    column(folder, "price", [0.05] * len(catalog.articles))


def all_seasons(folder: Path, catalog: Catalog) -> None:
    column(folder, "season", list(seasons_of(catalog.purchases, len(catalog.articles), 1)))


def exact_weeks(folder: Path, catalog: Catalog) -> None:
    write_overview(folder / OVERVIEW, weekly(catalog.purchases, catalog.articles, 1))


def people(folder: Path, catalog: Catalog) -> None:
    """Real histories, without the latest purchase of each."""
    bought = catalog.purchases
    histories = [
        Shopper(f"shopper-{number:04d}", (bought.article[start : end - 1],))
        for number, (start, end) in enumerate(zip(*shopper_spans(bought.shopper), strict=True))
        if end - start > 5
    ]
    write_shoppers(folder / SHOPPERS, histories[:100], catalog.articles["article_id"])


def exact_questions(folder: Path, catalog: Catalog) -> None:
    tables = read_manifest(folder).evaluation.tables
    reseal(folder, evaluation=Evaluation({"basket": replace(tables["basket"], questions=143)}))


@pytest.mark.parametrize(
    ("leak", "kind"),
    [
        (exact_counts, "pairs"),
        (pairs_of_two, "pairs"),
        (exact_counts, "popularity"),
        (all_prices, "prices_and_seasons"),
        (all_seasons, "prices_and_seasons"),
        (exact_weeks, "weeks"),
        (people, "aliases"),
        (exact_questions, "tables"),
    ],
)
def test_a_release_that_tells_more_is_noticed(
    leak: Callable[[Path, Catalog], None],
    kind: str,
    release_copy: Path,
    small_folder: Path,
    catalog: Catalog,
) -> None:
    leak(release_copy, catalog)
    found = find_people(release_copy, small_folder)
    assert {line.partition(":")[0] for line in found} >= {kind}


def test_neighbours_that_are_one_buyers_other_purchases_are_noticed(
    release_folder: Path, sample_folder: Path, release: Release, tmp_path: Path
) -> None:
    """The vector of a rare article is what else one of its buyers bought."""
    for path in release_folder.iterdir():
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / "queries").unlink()
    known = Shop(sample_folder, release.articles["article_id"].tolist())
    bought = known.matrix(known.training)
    histories, queries = bought.tocsr(), np.array(release.retrieval.basket_rows)
    for row in np.flatnonzero(np.diff(bought.indptr) < FEWEST):
        for buyer in bought.indices[bought.indptr[row] : bought.indptr[row + 1]]:
            own = histories[[buyer]].indices
            queries[row] = release.retrieval.indexes["two_tower"].vectors[own].mean(axis=0)
    QUERIES.write(tmp_path, queries)
    found = find_people(tmp_path, sample_folder)
    assert [line.partition(":")[0] for line in found] == ["neighbours"]


# One customer more or less


def shop(random: np.random.Generator, shoppers: int = 300, articles: int = 12) -> Purchases:
    """Purchases of training shoppers, ten each, over a year."""
    count = shoppers * 10
    return Purchases(
        shopper=np.repeat(np.arange(shoppers, dtype=np.int32), 10),
        article=random.integers(0, articles, count).astype(np.int32),
        day=np.sort(random.integers(18000, 18365, (shoppers, 10)), axis=1).ravel().astype(np.int32),
        price=np.ones(count, np.float32),
        bucket=np.full(shoppers, TRAINING.first, np.uint8),
        unknown=0,
    )


@pytest.mark.parametrize("gone", range(5))
def test_without_one_customer_figures_stay_or_move_by_one_step(gone: int) -> None:
    """The difference of two releases shows where a customer was the one who completed a step.

    That is not hidden: the counts are no differentially private ones.
    """
    whole = shop(np.random.default_rng(3))
    rest = whole.where(whole.shopper != gone)
    steps = moved = 0
    one, other = (count_purchases(each, 12, FEWEST) for each in (whole, rest))
    for first in range(12):
        for second in range(first):
            difference = one.shared_with(first, second) - other.shared_with(first, second)
            assert difference in (0, FEWEST)
            steps += difference == FEWEST
            moved += 1
    assert steps < moved / 2
    articles = pd.DataFrame({DEPARTMENT: ["Sport", "Menswear"] * 6})
    before, after = (
        weekly(each, articles, FEWEST).set_index(["week", DEPARTMENT])["purchases"]
        for each in (whole, rest)
    )
    changed = before.sub(after, fill_value=0)
    assert set(changed) <= {0, FEWEST, 2 * FEWEST}
    assert (changed == 0).mean() > 0.9


def test_a_customer_who_completes_no_step_leaves_no_trace() -> None:
    """Six customers alike, or seven: all figures are the same."""
    whole = shop(np.random.default_rng(3))
    six = [whole.where(whole.shopper == 0)] * 6
    alike = [np.concatenate([each.article for each in six[:count]]) for count in (5, 6)]
    found = []
    for article in alike:
        number = len(article) // 10
        same = Purchases(
            shopper=np.repeat(np.arange(number, dtype=np.int32), 10),
            article=article,
            day=np.tile(six[0].day, number),
            price=np.ones(len(article), np.float32),
            bucket=np.full(number, TRAINING.first, np.uint8),
            unknown=0,
        )
        found.append(count_purchases(same, 12, FEWEST))
    for name, array in vars(found[0]).items():
        np.testing.assert_array_equal(array, getattr(found[1], name))

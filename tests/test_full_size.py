"""The full-size benchmark's generator makes a catalogue that is read like Kaggle's."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from benchmarks import full_size
from recsys.catalog.articles import read_catalog


@pytest.fixture
def generated(small_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(full_size, "ROWS", 5000)
    monkeypatch.setattr(full_size, "CUSTOMERS", 300)
    monkeypatch.setattr(full_size, "BLOCK", 2000)
    full_size.generate(small_folder / "articles.csv", tmp_path / "full")
    return tmp_path / "full"


def test_what_is_generated_can_be_read_and_is_as_long_as_it_says(generated):
    purchases = read_catalog(generated).purchases
    assert len(purchases) == 5000
    assert purchases.unknown == 0
    assert 200 < purchases.shoppers <= 300


def test_it_covers_the_two_years_in_order_of_time(generated):
    lines = (generated / "transactions_train.csv").read_text().splitlines()[1:]
    days = [line[:12].strip('"')[:10] for line in lines]
    assert days == sorted(days)
    assert days[0] == "2018-09-20"
    assert days[-1] == "2020-09-22"


def test_some_articles_sell_far_better_than_others(generated):
    bought = read_catalog(generated).purchases.article
    counts = np.sort(np.bincount(bought))[::-1]
    assert counts[:6].sum() > 2 * len(bought) / 10


def test_it_is_generated_once(generated, small_folder, monkeypatch):
    monkeypatch.setattr(full_size, "purchases", None)
    full_size.generate(small_folder / "articles.csv", generated)


def test_the_rows_are_the_same_every_time():
    ids = pa.array(["0100000001", "0100000002"])
    customers = pa.array(["a", "b", "c"])
    tables = [
        full_size.purchases(np.random.default_rng(0), 0, 50, ids, customers) for _ in range(2)
    ]
    assert tables[0].equals(tables[1])


BENCHMARKS = (
    "full_size",
    "answers",
    "staying_up",
    "photos_and_words",
    "uploads",
    "encoding",
    "first_result",
    "visitors",
    "filters",
)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_starts_as_the_readme_says(name, release_folder):
    root = Path(__file__).parents[1]
    assert f".venv/bin/python -m benchmarks.{name} " in (root / "README.md").read_text()
    arguments = [release_folder] if name == "answers" else ["--help"]
    command = [sys.executable, "-m", f"benchmarks.{name}", *arguments]
    assert subprocess.run(command, cwd=root, capture_output=True, check=True).stdout

"""Benchmarks start as the docs say, and the full-size generator makes a readable catalogue."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from benchmarks import full_size
from recsys.catalog.articles import read_catalog

ROOT = Path(__file__).parents[1]
NAMES = sorted(
    path.stem
    for path in ROOT.glob("benchmarks/*.py")
    if path.stem not in ("__init__", "empty_page")
)
"""All but the page that others measure beside."""


@pytest.fixture
def generated(small_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(full_size, "ROWS", 5000)
    monkeypatch.setattr(full_size, "CUSTOMERS", 300)
    monkeypatch.setattr(full_size, "BLOCK", 2000)
    full_size.generate(small_folder / "articles.csv", tmp_path / "full")
    return tmp_path / "full"


def test_what_is_generated_can_be_read_and_is_as_long_as_it_says(generated: Path) -> None:
    purchases = read_catalog(generated).purchases
    assert len(purchases) == 5000
    assert purchases.unknown == 0
    assert 200 < purchases.shoppers <= 300


def test_it_covers_the_two_years_in_order_of_time(generated: Path) -> None:
    lines = (generated / "transactions_train.csv").read_text().splitlines()[1:]
    days = [line[:12].strip('"')[:10] for line in lines]
    assert days == sorted(days)
    assert days[0] == "2018-09-20"
    assert days[-1] == "2020-09-22"


def test_some_articles_sell_far_better_than_others(generated: Path) -> None:
    bought = read_catalog(generated).purchases.article
    counts = np.sort(np.bincount(bought))[::-1]
    assert counts[:6].sum() > 2 * len(bought) / 10


def test_it_is_generated_once(
    generated: Path, small_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(full_size, "purchases", None)
    full_size.generate(small_folder / "articles.csv", generated)


def test_the_rows_are_the_same_every_time() -> None:
    ids = pa.array(["0100000001", "0100000002"])
    customers = pa.array(["a", "b", "c"])
    tables = [
        full_size.purchases(np.random.default_rng(0), 0, 50, ids, customers) for _ in range(2)
    ]
    assert tables[0].equals(tables[1])


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_starts_as_the_docs_say(name: str, release_folder: Path) -> None:
    docs = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("docs/*.md"))
    assert f".venv/bin/python -m benchmarks.{name} " in docs
    arguments = [str(release_folder)] if name == "answers" else ["--help"]
    command = [sys.executable, "-m", f"benchmarks.{name}", *arguments]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout

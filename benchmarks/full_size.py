"""Memory and speed of reading and training on a ``transactions_train.csv`` of Kaggle's full size.

    python -m benchmarks.full_size --data CATALOGUE --work FOLDER

Kaggle's file has 31.8 million purchases of 1.37 million customers, 3.5 GB. This one is generated in
the same format and size: customers and articles are drawn from long-tailed distributions, so there
is nothing to learn from it. Only ``articles.csv`` of CATALOGUE is used.
"""

import argparse
import resource
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
from tqdm import tqdm

from recsys.catalog.articles import read_catalog
from recsys.catalog.privacy import FEWEST_SHOPPERS
from recsys.catalog.split import TRAINING
from recsys.models import two_tower
from recsys.models.features import encode_features
from recsys.models.purchase_counts import count_purchases
from recsys.models.two_tower_data import TrainingSettings

ROWS, CUSTOMERS, BLOCK = 31_788_324, 1_371_980, 1_000_000
FIRST_DAY, DAYS = np.datetime64("2018-09-20"), 734


def main() -> None:
    """Generate once, read, train for one round, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="a catalogue folder")
    parser.add_argument("--work", type=Path, required=True, help="where the 3.5 GB go")
    arguments = parser.parse_args()
    generate(arguments.data / "articles.csv", arguments.work)
    started = time.monotonic()
    catalog = read_catalog(arguments.work)
    seconds = time.monotonic() - started
    print(f"read {len(catalog.purchases):,} purchases in {seconds:.0f} s, peak {peak_gb():.2f} GB")
    features = encode_features(catalog.articles)
    products, _ = pd.factorize(catalog.articles["product_code"])
    settings = TrainingSettings(most_rounds=1)
    started = time.monotonic()
    two_tower.train(
        catalog.purchases,
        products.astype(np.int32),
        features.vectors[features.entry],
        settings,
        FEWEST_SHOPPERS,
    )
    seconds = time.monotonic() - started
    # A round is half a pass over the purchases of training shoppers.
    pairs = len(catalog.purchases.of(TRAINING)) // 2
    speed = f"{pairs / seconds:,.0f} pairs/s"
    print(f"trained on {pairs:,} pairs in {seconds:.0f} s: {speed}, peak {peak_gb():.2f} GB")
    started = time.monotonic()
    sales = count_purchases(catalog.purchases.of(TRAINING), len(catalog.articles), FEWEST_SHOPPERS)
    seconds = time.monotonic() - started
    print(f"{len(sales.partners):,} partners in {seconds:.0f} s, peak {peak_gb():.2f} GB")


def generate(articles: Path, folder: Path) -> None:
    """Write the catalogue into ``folder``, unless it exists."""
    target = folder / "transactions_train.csv"
    if target.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "articles.csv").write_bytes(articles.read_bytes())
    ids = pa.array(pd.read_csv(articles, dtype=str, usecols=["article_id"])["article_id"])
    customers = pa.array(f"{number:064x}" for number in range(CUSTOMERS))
    random = np.random.default_rng(0)
    partial = target.with_suffix(".partial")
    with pa.OSFile(str(partial), "wb") as file, tqdm(total=ROWS, unit="row") as bar:
        for start in range(0, ROWS, BLOCK):
            rows = min(BLOCK, ROWS - start)
            table = purchases(random, start, rows, ids, customers)
            pa_csv.write_csv(table, file, pa_csv.WriteOptions(include_header=start == 0))
            bar.update(rows)
    partial.rename(target)


def purchases(
    random: np.random.Generator, start: int, rows: int, ids: pa.Array, customers: pa.Array
) -> pa.Table:
    """Return the next ``rows`` purchases, ordered by time as in Kaggle's file."""
    day = FIRST_DAY + (np.arange(start, start + rows) * DAYS // ROWS)
    article = (len(ids) * random.power(3, rows)).astype(np.int64)
    customer = (len(customers) * random.power(2, rows)).astype(np.int64)
    return pa.table(
        {
            "t_dat": pa.array(day),
            "customer_id": customers.take(pa.array(customer)),
            "article_id": ids.take(pa.array(article)),
            "price": pa.array(random.gamma(2, 0.014, rows)),
            "sales_channel_id": pa.array(random.integers(1, 3, rows)),
        }
    )


def peak_gb() -> float:
    """Return the largest memory this process has had, in GB (Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


if __name__ == "__main__":
    main()

"""Find people in a release: what does it tell about the purchases of one shopper or a few?

It shares no code with the build: it reads the files of the release and of the catalogue that the
release was built from, as an attacker who knows all purchases would, and counts again.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

END_OF_TEST, FIRST_TRAINING_BUCKET, LAST_DAYS = 20, 30, 7
"""Models and counts are of the shoppers in buckets 30 to 99, recent ones of a week; the models have
not seen those in buckets 0 to 19."""

NEAREST, MOST_LISTED = 12, 3
"""Neighbours looked at, as on a page, and breaches of a kind that are listed."""

FEWEST_KNOWN = 3
"""Purchases of a customer that the attacker knows."""

ALIKE = 0.8
"""Share of all articles of an alias and a customer that both have, from which they are alike."""

FEWEST_CASES = 20
"""Buyers of articles with few buyers: fewer are too few to compare."""


def find_people(release_folder: Path, catalog_folder: Path) -> list[str]:
    """Return one line for each way in which a release tells about fewer shoppers than it says."""
    release = ReleaseFiles(release_folder)
    shop = Shop(catalog_folder, release.ids)
    checks = (_pairs, _popularity, _prices_and_seasons, _weeks, _aliases, _neighbours, _tables)
    return [f"{check.__name__[1:]}: {line}" for check in checks for line in check(release, shop)]


class ReleaseFiles:
    """The files of a release, read without the project's code."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = json.loads((folder / "manifest.json").read_text())
        self.fewest = int(self.manifest.get("fewest_shoppers", 5))
        self.articles = pd.read_parquet(
            folder / "articles.parquet",
            columns=["article_id", "index_group_name", "price", "season"],
        )
        self.ids = self.articles["article_id"].tolist()

    def array(self, path: str) -> np.ndarray:
        return np.load(self.folder / path)


class Shop:
    """The purchases of a catalogue: each a shopper, an article's row, a day and a price."""

    def __init__(self, folder: Path, ids: list[str]) -> None:
        table = pd.read_csv(
            folder / "transactions_train.csv", dtype={"article_id": str, "customer_id": str}
        )
        table["row"] = pd.Index(ids).get_indexer(table["article_id"].str.zfill(10))
        table["day"] = pd.to_datetime(table["t_dat"])
        table = table[table["row"] >= 0]
        self.all = table
        bucket = table["customer_id"].map(
            {each: _bucket(each) for each in set(table["customer_id"])}
        )
        self.training = table[bucket >= FIRST_TRAINING_BUCKET]
        self.test = table[bucket < END_OF_TEST]
        self.number = len(ids)

    def matrix(self, table: pd.DataFrame) -> sparse.csc_array:
        """Return who bought what: 0 or 1, [shoppers, articles]."""
        who, shoppers = pd.factorize(table["customer_id"])
        shape = (len(shoppers), self.number)
        bought = sparse.csc_array((np.ones(len(table)), (who, table["row"])), shape=shape)
        bought.sum_duplicates()
        bought.data[:] = 1
        return bought

    def buyers(self, table: pd.DataFrame) -> np.ndarray:
        """Return the number of different buyers of each article."""
        return np.diff(self.matrix(table).indptr)


def _bucket(customer: str) -> int:
    digest = hashlib.blake2b(customer.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % 100


def _some(number: int, what: str, examples: object) -> list[str]:
    listed = list(examples)[:MOST_LISTED]  # type: ignore[call-overload]
    return [f"{number:,} {what}, such as {listed}"] if number else []


def _pairs(release: ReleaseFiles, shop: Shop) -> list[str]:
    """Co-purchases of fewer shoppers, or in numbers from which fewer can be told."""
    starts, partners = release.array("sales/starts.npy"), release.array("sales/partners.npy")
    shared, strengths = release.array("sales/shared.npy"), release.array("sales/strengths.npy")
    one = np.repeat(np.arange(shop.number), np.diff(starts))
    bought = shop.matrix(shop.training)
    true = np.asarray((bought.T @ bought).tocsr()[one, partners]).ravel().astype(int)
    buyers, fewest = shop.buyers(shop.training), release.fewest
    few = true < fewest
    odd = (shared % fewest > 0) | (shared > true)
    rounded = buyers // fewest * fewest
    product = (rounded[one] + 1.0) * (rounded[partners] + 1.0)
    exact = np.abs(strengths - np.sqrt(shared / np.sqrt(product))) > 1e-5
    alone = [row for row in np.flatnonzero(buyers == 1) if starts[row + 1] > starts[row]]
    pairs = np.stack([one, partners, true], axis=1)
    return [
        *_some(
            int(few.sum()), f"pairs with fewer than {fewest} shared buyers", pairs[few].tolist()
        ),
        *_some(int(odd.sum()), f"numbers that are no multiples of {fewest}", shared[odd].tolist()),
        *_some(int(exact.sum()), "strengths that tell exact numbers", pairs[exact].tolist()),
        *_some(len(alone), "articles whose partners are what their one buyer bought", alone),
    ]


def _popularity(release: ReleaseFiles, shop: Shop) -> list[str]:
    """Popularity of fewer buyers, or from which their exact number can be told."""
    last = shop.training["day"].max() - pd.Timedelta(days=LAST_DAYS)
    tables = {"popularity": shop.training, "recency": shop.training[shop.training["day"] > last]}
    found = []
    for name, table in tables.items():
        values, fewest = release.array(f"sales/{name}.npy"), release.fewest
        buyers = shop.buyers(table)
        few = (values > 0) & (buyers < fewest)
        best = int(buyers.max()) // fewest * fewest
        told = np.expm1(values.astype(np.float64) * np.log1p(best))
        odd = np.abs(told - np.round(told / fewest) * fewest) > 1e-3 * (1 + told)
        found += _some(int(few.sum()), f"articles with a {name} of few", np.flatnonzero(few))
        found += _some(int(odd.sum()), f"exact numbers in {name}", told[odd].round(2))
    return found


def _prices_and_seasons(release: ReleaseFiles, shop: Shop) -> list[str]:
    """Prices and seasons of fewer buyers."""
    priced = release.articles["price"].notna().to_numpy()
    few = priced & (shop.buyers(shop.all) < release.fewest)
    found = _some(int(few.sum()), "articles with a price that few paid", np.flatnonzero(few))
    season = shop.all["day"].dt.month % 12 // 3
    for number, name in enumerate(("Winter", "Spring", "Summer", "Autumn")):
        buyers = shop.buyers(shop.all[season == number])
        few = (release.articles["season"] == name).to_numpy() & (buyers < release.fewest)
        found += _some(
            int(few.sum()), f"articles of {name} that few bought then", np.flatnonzero(few)
        )
    return found


def _weeks(release: ReleaseFiles, shop: Shop) -> list[str]:
    """Weeks and departments of fewer shoppers, or in numbers from which fewer can be told."""
    department = release.articles["index_group_name"].to_numpy()[shop.all["row"]]
    monday = shop.all["day"] - pd.to_timedelta(shop.all["day"].dt.day_of_week, unit="D")
    groups = shop.all.groupby([monday.dt.strftime("%Y-%m-%d"), department])["customer_id"]
    true = groups.agg(["nunique", "size"])
    table = pd.read_parquet(release.folder / "overview.parquet")
    known = true.reindex(pd.MultiIndex.from_frame(table[["week", "index_group_name"]])).fillna(0)
    few = (known["nunique"] < release.fewest).to_numpy()
    purchases = table["purchases"].to_numpy()
    odd = (purchases % release.fewest > 0) | (purchases > known["size"].to_numpy())
    cells = table.to_numpy()
    return [
        *_some(int(few.sum()), "weeks of few shoppers in a department", cells[few].tolist()),
        *_some(int(odd.sum()), "weeks in exact numbers", cells[odd].tolist()),
    ]


def _aliases(release: ReleaseFiles, shop: Shop) -> list[str]:
    """Example shoppers who are people: a customer bought all that they have, and little else.

    A few are by chance: in a catalogue of 60 articles one in fifteen is among the many purchases of
    somebody, and one in forty is alike.
    """
    bought = shop.matrix(shop.all)
    lengths = bought.sum(axis=1)
    histories = pd.read_parquet(release.folder / "shoppers.parquet")
    row_of = {article: row for row, article in enumerate(release.ids)}
    contained, alike, large = [], [], 0
    for alias, articles in histories.groupby("alias")["article_id"]:
        rows = sorted({row_of[each] for each in articles})
        if len(rows) > FEWEST_KNOWN:
            large += 1
            common = bought[:, rows].sum(axis=1)
            contained += [alias] * bool((common == len(rows)).any())
            alike += [alias] * bool((common >= ALIKE * (lengths + len(rows) - common)).any())
    many = len(contained) if len(contained) > large / 10 else 0
    same = len(alike) if len(alike) > large / 20 else 0
    return [
        *_some(many, f"of {large} aliases have only what some customer bought", contained),
        *_some(same, "aliases have just what some customer bought", alike),
    ]


def _neighbours(release: ReleaseFiles, shop: Shop) -> list[str]:
    """Articles with few buyers that stand beside what else these bought.

    The control are buyers of the same articles whom no model has seen, the test shoppers.
    """
    buyers = shop.buyers(shop.training)
    rare = np.flatnonzero((buyers > 0) & (buyers < release.fewest))
    seen, unseen = (
        _share_of_own(release, shop.matrix(t), rare) for t in (shop.training, shop.test)
    )
    if min(len(seen), len(unseen)) < FEWEST_CASES:
        return []
    error = np.sqrt(seen.var() / len(seen) + unseen.var() / len(unseen))
    if seen.mean() <= unseen.mean() + 4 * error:
        return []
    return [
        f"of the {NEAREST} two_tower neighbours of {len(rare)} rare articles their buyers bought "
        f"{seen.mean():.1%}, other buyers of them {unseen.mean():.1%}"
    ]


def _share_of_own(release: ReleaseFiles, bought: sparse.csc_array, rare: np.ndarray) -> np.ndarray:
    """Return for each buyer of a rare article which share of its nearest they have bought, too."""
    vectors = release.array("vectors/two_tower.npy")[release.array("entries/two_tower.npy")]
    queries = release.array("queries/two_tower.npy")
    histories = bought.tocsr()
    shares = []
    for row in rare:
        scores = vectors @ queries[row]
        scores[row] = -np.inf
        nearest = np.argsort(-scores)[:NEAREST]
        for who in bought.indices[bought.indptr[row] : bought.indptr[row + 1]]:
            own = histories.indices[histories.indptr[who] : histories.indptr[who + 1]]
            if len(own) > FEWEST_KNOWN:
                shares.append(np.isin(nearest, own).mean())
    return np.array(shares)


def _tables(release: ReleaseFiles, shop: Shop) -> list[str]:
    """Tables of the evaluation with few questions, or from which few can be told."""
    found, fewest = [], release.fewest
    for name, table in release.manifest["evaluation"]["tables"].items():
        numbers = {table["questions"], *(each["answered"] for each in table["models"].values())}
        if table["questions"] < fewest or any(number % fewest for number in numbers):
            found.append(f"{name} tells numbers of shoppers: {sorted(numbers)}")
    return found

"""Helpers for tests of builds and releases."""

import dataclasses
import hashlib
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from recsys.catalog.purchases import Purchases
from recsys.catalog.schema import LICENSE_FILE
from recsys.models.two_tower_data import TrainingSettings, TwoTower
from recsys.pipeline.build import Build, Options
from recsys.release.files import ARTICLES
from recsys.release.manifest import MANIFEST, FileRecord, Manifest, read_manifest
from recsys.release.tables import ROW_GROUP
from recsys.retrieval.fusion import Weights
from recsys.sample.sample_catalog import SAMPLE_CURRENCY
from recsys.serving.verdicts import Verdicts
from recsys.vectors import Float32, Int32, unit


def cut_catalogue(source: Path, folder: Path, articles: int) -> Path:
    """Copy the first articles by id, their photos and their purchases into a new folder."""
    table = pd.read_csv(source / "articles.csv", dtype=str, keep_default_na=False)
    table = table.sort_values("article_id").head(articles)
    bought = pd.read_csv(source / "transactions_train.csv", dtype=str, keep_default_na=False)
    folder.mkdir(parents=True)
    write_table(folder / "articles.csv", table)
    known = bought["article_id"].isin(table["article_id"])
    write_table(folder / "transactions_train.csv", bought[known])
    shutil.copyfile(source / LICENSE_FILE, folder / LICENSE_FILE)
    for article_id in table["article_id"]:
        photo = photo_file(source, article_id)
        if photo.exists():
            photo_file(folder, article_id).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(photo, photo_file(folder, article_id))
    return folder


def read_table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def write_table(path: Path, table: pd.DataFrame) -> None:
    table.to_csv(path, index=False)


def photo_file(catalogue: Path, article_id: str) -> Path:
    return catalogue / "images" / article_id[:3] / f"{article_id}.jpg"


def build(data: Path, out: Path, options: Options | None = None) -> Build:
    """Run a build and return it."""
    run = Build(data, out, options or Options(currency=SAMPLE_CURRENCY))
    run.run()
    return run


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def edition(source: Path, folder: Path, number: int) -> Path:
    """Copy a release into one with captions and combined scores of its own."""
    shutil.copytree(source, folder)
    table = pq.read_table(folder / ARTICLES)
    names = [f"{name} ({number})" for name in table.column("prod_name").to_pylist()]
    place = table.schema.get_field_index("prod_name")
    table = table.set_column(place, table.schema.field(place), [names])
    pq.write_table(table, folder / ARTICLES, row_group_size=ROW_GROUP)
    weights = read_manifest(folder).weights
    text = {"text": float(number)}
    learned = weights["article"]
    weights["article"] = Weights({**learned.unknown, **text}, {**learned.known, **text})
    reseal(folder, weights=weights)
    return folder


def trusted(folder: Path) -> Path:
    """Have the apps of this test run take a release as verified: that saves each some seconds."""
    Verdicts(Path(os.environ["VERDICTS"])).accept(read_manifest(folder).checksum)
    return folder


def reseal(folder: Path, **changes: object) -> Manifest:
    """Rewrite a release's manifest so that every checksum fits the files as they are now."""
    records = {
        name: FileRecord(len(data), hashlib.sha256(data).hexdigest())
        for name, data in files_of(folder).items()
        if name != MANIFEST
    }
    manifest = dataclasses.replace(read_manifest(folder), files=records, **changes).sealed()
    (folder / MANIFEST).write_text(manifest.text(), encoding="utf-8")
    return manifest


def spoil_photos(folder: Path) -> None:
    """Make a release's photos unreadable: only who looks at them notices."""
    path = folder / ARTICLES
    path.write_bytes(path.read_bytes().replace(b"\xff\xd8\xff", b"\x00\x00\x00"))
    reseal(folder)


def random_towers(
    purchases: Purchases,
    products: Int32,
    content: Float32,
    settings: TrainingSettings,
    fewest: int,
) -> TwoTower:
    """Stands for the training of the two-tower model, which takes most of a small build's time."""
    drawn = np.random.default_rng(1).normal(size=(2, len(products), settings.dim))
    return TwoTower(*unit(drawn))

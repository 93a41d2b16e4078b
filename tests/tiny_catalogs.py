"""Tiny catalogues in Kaggle's layout, written by the tests that need them."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from recsys.catalog.purchases import Purchases
from recsys.catalog.schema import ARTICLE_COLUMNS, PURCHASE_COLUMNS
from recsys.models.cross_modal import AttributeEstimator, Bridges
from recsys.models.features import Vocabulary

PLAIN = dict.fromkeys(ARTICLE_COLUMNS, "Plain")
"""An article whose every attribute is the same word."""

JERSEY, KNIT = 'A soft jersey, "as worn", with short sleeves.', "A chunky knit\nin two lines."


def article(article_id: str, **columns: str) -> dict[str, str]:
    """Return a row of ``articles.csv``: plain but for ``columns``."""
    return PLAIN | {"article_id": article_id, "product_code": article_id[:-3]} | columns


ARTICLES = (
    article("0100000001", prod_name="Tee", colour_group_name="Red", detail_desc=JERSEY),
    article("0100000002", prod_name="Tee", colour_group_name="Blue", detail_desc=JERSEY),
    article("0100001001", prod_name="Jumper", product_type_name="Sweater", detail_desc=KNIT),
    article("0100001002", prod_name="Jumper", product_type_name="Sweater", detail_desc=""),
    article("0200000001", prod_name="Beret", product_type_name="Hat", detail_desc="Été, 100 %."),
    article("0900000001", prod_name="Poncho", product_type_name="Poncho"),
)

PURCHASES = (
    ("2020-09-02", "ann", "0100000001", "0.05"),
    ("2020-09-01", "bob", "0100001001", "0.03"),
    ("2020-09-01", "ann", "0200000001", "0.02"),
    ("2020-09-03", "bob", "0900000001", "0.07"),
    ("2020-09-03", "ann", "0100000002", "0.05"),
)


def write_catalog(
    folder: Path,
    articles: Iterable[Mapping[str, str]] = ARTICLES,
    purchases: Iterable[Sequence[str]] = PURCHASES,
    photos: Iterable[str] = ("0100000001", "0200000001"),
) -> Path:
    """Write a catalogue into ``folder`` and return it; ``photos`` are the ids that have one."""
    write_table(folder / "articles.csv", ARTICLE_COLUMNS, (row.values() for row in articles))
    write_table(folder / "transactions_train.csv", PURCHASE_COLUMNS, purchases)
    for article_id in photos:
        path = folder / "images" / article_id[:3] / f"{article_id}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture_bytes(Image.new("RGB", (24, 36), "teal")))
    return folder


def write_table(path: Path, header: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Write a CSV table, quoted where it must be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def picture_bytes(picture: Image.Image, file_format: str = "JPEG", **options: object) -> bytes:
    """Return the picture as the bytes of a file."""
    out = io.BytesIO()
    picture.save(out, file_format, **options)
    return out.getvalue()


def no_bridges() -> Bridges:
    """Bridges of a catalogue without photos and attributes."""
    return Bridges({}, {}, AttributeEstimator(Vocabulary({}, np.empty(0, np.float32)), {}))


def int32(values: Sequence[int]) -> np.ndarray:
    """Return an array of article rows, shoppers or days."""
    return np.array(values, np.int32)


def bought(*rows: tuple[int, int, int]) -> Purchases:
    """Return purchases from (shopper, article, day), sorted as the catalogue sorts them."""
    shopper, article, day = int32(rows).reshape(-1, 3).T
    order = np.lexsort((day, shopper))
    buckets = np.zeros(shopper.max(initial=-1) + 1, np.uint8)
    price = np.ones(len(order), np.float32)
    return Purchases(shopper[order], article[order], day[order], price, buckets, 0)

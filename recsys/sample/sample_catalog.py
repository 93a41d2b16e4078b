"""A sample catalogue in Kaggle's layout, generated from scratch.

H&M's own data may not be redistributed, so the products, photos, descriptions and shoppers of this
one are invented. The same version always gives the same bytes.
"""

import json
import os
import shutil
import tempfile
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from recsys.catalog.schema import LICENSE_FILE
from recsys.errors import CatalogError
from recsys.sample.departments import GARMENT_GROUPS, INDEXES, SECTIONS
from recsys.sample.drawing.fabrics import Colour
from recsys.sample.photographs import draw
from recsys.sample.product_types import PRODUCT_TYPES
from recsys.sample.products import Product, generate_products
from recsys.sample.shopping import FIRST_DAY, build_assortment, make_shoppers, simulate_purchases

SAMPLE_VERSION = 4
"""Raise it whenever the sample's bytes change: folders of another version are drawn anew."""

SAMPLE_SEED = 2020
SAMPLE_SHOPPERS, SAMPLE_VISITS = 1600, 21600
"""About 48,000 purchases: enough for pairs of articles that five shoppers share, small enough to be
built in minutes."""
JPEG_QUALITY = 88
"""Photos of 25 kB on average; artefacts are hardly visible."""
WITHOUT_PHOTO, WITHOUT_DESCRIPTION = 0.01, 0.01
"""Shares of articles without a photo and of products without words: the original has a few."""
MARKER = "sample.json"
SAMPLE_LICENSE = "cc0-1.0"
SAMPLE_CURRENCY = "EUR"
"""Of its prices, as an ISO 4217 code."""


def draw_sample(folder: Path) -> Path:
    """Write the sample catalogue into ``folder``, unless it is there already, and return it.

    The folder is moved into place when it is complete: an interrupted run leaves nothing behind.

    Raises:
        CatalogError: ``folder`` holds other files than a sample catalogue.
    """
    if _version(folder) == SAMPLE_VERSION:
        return folder
    if not _replaceable(folder):
        raise CatalogError(f"{folder} holds other files; name a new folder for the sample.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
        fresh = Path(scratch) / folder.name
        _write_catalog(fresh)
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(fresh, folder)
    return folder


def _version(folder: Path) -> int | None:
    """Return the version of the sample in ``folder``; None where there is no complete one."""
    try:
        return int(json.loads((folder / MARKER).read_text())["sample_version"])
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _replaceable(folder: Path) -> bool:
    """Return whether ``folder`` is missing, empty or a sample."""
    if not folder.exists() or _version(folder) is not None:
        return True
    return folder.is_dir() and not any(folder.iterdir())


def _write_catalog(folder: Path) -> None:
    """Write tables, photos and, last of all, the marker of a complete sample."""
    seeds = np.random.SeedSequence(SAMPLE_SEED).spawn(4)
    catalog_rng, customer_rng, purchase_rng, photo_rng = map(np.random.default_rng, seeds)
    products = generate_products(PRODUCT_TYPES, catalog_rng)
    customers = customer_table(SAMPLE_SHOPPERS, customer_rng)
    purchases = purchase_table(products, customers, purchase_rng)
    folder.mkdir()
    _write_table(article_table(products, catalog_rng), folder / "articles.csv")
    _write_table(customers, folder / "customers.csv")
    _write_table(purchases, folder / "transactions_train.csv")
    for product in tqdm(products, desc="Drawing the sample catalogue", unit="product"):
        _write_photos(product, folder / "images", photo_rng)
    (folder / LICENSE_FILE).write_text(SAMPLE_LICENSE + "\n")
    (folder / MARKER).write_text(json.dumps({"sample_version": SAMPLE_VERSION}) + "\n")


def _write_table(table: pd.DataFrame, path: Path) -> None:
    table.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")


def _write_photos(product: Product, images: Path, rng: np.random.Generator) -> None:
    """Write the photos of a product in all its colours, but for a few at random."""
    drawing = draw(product.cut, product.pattern, product.code)
    for number, colour in zip(product.article_ids, product.colours, strict=True):
        if rng.random() < WITHOUT_PHOTO:
            continue
        path = images / number[:3] / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        drawing.photo(colour).save(path, quality=JPEG_QUALITY)


def article_table(products: tuple[Product, ...], rng: np.random.Generator) -> pd.DataFrame:
    """Return the articles of the products, with the 25 columns of Kaggle's ``articles.csv``."""
    rows = [
        _article_row(product, number, colour)
        for product in products
        for number, colour in zip(product.article_ids, product.colours, strict=True)
    ]
    table = pd.DataFrame(rows)
    codes = [product.code for product in products]
    undescribed = rng.choice(codes, max(1, round(WITHOUT_DESCRIPTION * len(codes))), replace=False)
    table.loc[table["product_code"].isin(undescribed), "detail_desc"] = ""
    return table


def _article_row(product: Product, number: str, colour: Colour) -> dict[str, str | int]:
    product_type, pattern, department = product.product_type, product.pattern, product.department
    index = INDEXES[department.index_code]
    return {
        "article_id": number,
        "product_code": product.code,
        "prod_name": product.name,
        "product_type_no": product_type.type_no,
        "product_type_name": product_type.type_name,
        "product_group_name": product_type.group,
        "graphical_appearance_no": pattern.code,
        "graphical_appearance_name": pattern.appearance,
        "colour_group_code": colour.code,
        "colour_group_name": colour.name,
        "perceived_colour_value_id": colour.value_id,
        "perceived_colour_value_name": colour.value,
        "perceived_colour_master_id": colour.master_id,
        "perceived_colour_master_name": colour.master,
        "department_no": department.no,
        "department_name": department.name,
        "index_code": index.code,
        "index_name": index.name,
        "index_group_no": index.group_no,
        "index_group_name": index.group_name,
        "section_no": department.section_no,
        "section_name": SECTIONS[department.section_no],
        "garment_group_no": department.garment_group_no,
        "garment_group_name": GARMENT_GROUPS[department.garment_group_no],
        "detail_desc": product.description,
    }


def customer_table(count: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return customers, sorted by id, with the columns of Kaggle's ``customers.csv``.

    Their shares and ages (a peak at 27 and another one at 50 years) resemble the original's.
    """
    news = rng.random(count) < 0.35
    age = np.where(rng.random(count) < 0.6, rng.normal(27, 5, count), rng.normal(50, 8, count))
    known = rng.random(count) >= 0.01
    towns = rng.integers(0, count * 3 // 4, count)
    active = news & (rng.random(count) < 0.95)
    return pd.DataFrame(
        {
            "customer_id": sorted(_digest(f"customer {number}") for number in range(count)),
            "FN": np.where(news, 1.0, np.nan),
            "Active": np.where(active, 1.0, np.nan),
            "club_member_status": rng.choice(("ACTIVE", "PRE-CREATE"), count, p=(0.93, 0.07)),
            "fashion_news_frequency": np.where(news, "Regularly", "NONE"),
            "age": np.where(known, np.clip(np.round(age), 17, 82), np.nan),
            "postal_code": [_digest(f"town {town}") for town in towns.tolist()],
        }
    )


def _digest(text: str) -> str:
    """Return 64 hexadecimal digits, as the original's anonymous ids have."""
    return sha256(text.encode()).hexdigest()


def purchase_table(
    products: tuple[Product, ...], customers: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """Return the purchases, with the columns of Kaggle's ``transactions_train.csv``."""
    assortment = build_assortment(products, rng)
    shoppers = make_shoppers(assortment, products, len(customers), rng)
    bought = simulate_purchases(assortment, shoppers, SAMPLE_VISITS, rng)
    return pd.DataFrame(
        {
            "t_dat": (FIRST_DAY + bought["day"].to_numpy()).astype(str),
            "customer_id": customers["customer_id"].to_numpy()[bought["shopper"]],
            "article_id": assortment.ids[bought["article"]],
            "price": bought["price"],
            "sales_channel_id": bought["sales_channel_id"],
        }
    )

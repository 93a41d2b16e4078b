"""The columns of a catalogue in Kaggle's layout, and its article ids."""

import csv
import re
from pathlib import Path

from recsys.errors import CatalogError

DESCRIPTIVE_COLUMNS = (
    "product_type_name",
    "product_group_name",
    "graphical_appearance_name",
    "colour_group_name",
    "perceived_colour_value_name",
    "perceived_colour_master_name",
    "department_name",
    "index_name",
    "index_group_name",
    "section_name",
    "garment_group_name",
)
"""The columns of ``articles.csv`` with an attribute from a fixed vocabulary."""

ARTICLE_COLUMNS = ("article_id", "product_code", "prod_name", *DESCRIPTIVE_COLUMNS, "detail_desc")
PURCHASE_COLUMNS = ("t_dat", "customer_id", "article_id", "price")
LICENSE_FILE = "REDISTRIBUTABLE"
"""The file of a catalogue that may be redistributed; it holds the licence."""

PRODUCT_TYPE, COLOUR, PATTERN = (
    "product_type_name",
    "colour_group_name",
    "graphical_appearance_name",
)
"""Product type, colour and pattern, as the page calls them."""

DEPARTMENT = "index_group_name"
"""Department, as the page calls it."""


DESCRIPTION = "detail_desc"
"""The only column of ``articles.csv`` whose texts may have several lines."""

LONGEST_LINE, LONGEST_DESCRIPTION = 500, 10_000
"""Characters of a text: over ten times as many as H&M's 40 and 764."""

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_CONTROL_BUT_LINES = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def is_plain(text: str, column: str) -> bool:
    """Whether a text of an article is one that a page can show: no control characters, not huge."""
    if column == DESCRIPTION:
        return len(text) <= LONGEST_DESCRIPTION and not _CONTROL_BUT_LINES.search(text)
    return len(text) <= LONGEST_LINE and not _CONTROL.search(text)


def normalize_article_id(text: str) -> str:
    """Return an article id as 10 digits, its leading zeros restored.

    Raises:
        ValueError: ``text`` is not 1 to 10 digits, ignoring spaces around them.

    >>> normalize_article_id(" 108775015 ")
    '0108775015'
    """
    digits = text.strip()
    if not re.fullmatch(r"[0-9]{1,10}", digits):
        raise ValueError("an article id is up to 10 digits, such as 0108775015")
    return digits.zfill(10)


def check_header(path: Path, required: tuple[str, ...]) -> None:
    """Check that the table at ``path`` exists and has the ``required`` columns.

    Raises:
        CatalogError: it does not.
    """
    if not path.is_file():
        raise CatalogError(f"{path} is missing.")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = next(csv.reader(file), [])
    except UnicodeDecodeError as error:
        raise CatalogError(f"{path} is not a UTF-8 text file: {error}.") from error
    missing = [column for column in required if column not in header]
    if missing:
        raise CatalogError(f"{path} has no column {', '.join(missing)}.")

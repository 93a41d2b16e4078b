"""Reads the tables that the sample catalogue is made from: the TOML files in ``tables/``."""

import tomllib
from pathlib import Path
from typing import Any

TABLE_FOLDER = Path(__file__).with_name("tables")


def read_table(name: str) -> dict[str, Any]:
    """Return the content of ``tables/<name>.toml``, with tuples in place of lists.

    >>> read_table("departments")["sections"]["16"]
    'Womens Everyday Basics'
    """
    text = (TABLE_FOLDER / f"{name}.toml").read_text(encoding="utf-8")
    return {key: _immutable(value) for key, value in tomllib.loads(text).items()}


def _immutable(value: Any) -> Any:
    """Return the value with tuples in place of lists, at every level."""
    if isinstance(value, dict):
        return {key: _immutable(each) for key, each in value.items()}
    return tuple(_immutable(each) for each in value) if isinstance(value, list) else value

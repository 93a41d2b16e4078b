"""Read JSON that others wrote: everything that was not asked for is refused."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from recsys.errors import EncoderError, one_line

LARGEST_CONFIG = 1 << 20
"""Bytes of the largest configuration file; those in use have a few kilobytes."""

T = TypeVar("T")


class Strict(BaseModel):
    """Base of a configuration's typed form: unknown keys, other types, NaN are refused."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, protected_namespaces=()
    )


def load_json(text: str) -> Any:
    """Return the value of a JSON text.

    Raises:
        ValueError: it is not JSON, nests too deeply, or has a key twice, or NaN or an infinity.
    """
    try:
        return json.loads(text, object_pairs_hook=_distinct_keys, parse_constant=_no_number)
    except RecursionError as error:
        raise ValueError("it nests too deeply") from error


def read_json(folder: Path, name: str, largest: int = LARGEST_CONFIG) -> Any:
    """Return the content of a JSON file.

    Args:
        folder: that has the file.
        name: of the file, for the message too.
        largest: bytes that are read at most.

    Raises:
        EncoderError: it is missing, too large, not UTF-8, not JSON, or names a key twice.
    """
    path = folder / name
    if not path.is_file():
        raise EncoderError(f"{name} is missing")
    if path.stat().st_size > largest:
        raise EncoderError(f"{name} is larger than {largest:,} bytes")
    try:
        text = path.read_bytes().decode("utf-8")
        return load_json(text)
    except ValueError as error:
        raise EncoderError(f"{name} is not JSON as it should be: {one_line(error)}") from error


def parse_json(folder: Path, name: str, kind: type[T], ignored: Collection[str] = ()) -> T:
    """Return the typed content of a JSON file.

    Args:
        folder: that has the file.
        name: of the file, for the message too.
        kind: the type to parse into.
        ignored: keys of the outermost object that are known and not used, whatever they say.

    Raises:
        EncoderError: as `read_json`, or it has an unknown key or a value that is not allowed.
    """
    data = read_json(folder, name)
    if ignored and isinstance(data, dict):
        data = {key: value for key, value in data.items() if key not in ignored}
    try:
        # As JSON once more: there, a list may stand for a tuple, which it may not in Python.
        return TypeAdapter(kind).validate_json(json.dumps(data))
    except ValidationError as error:
        raise EncoderError(f"{name} is refused: {_first_problem(error)}") from error


def _first_problem(error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = one_line(".".join(str(part) for part in problem["loc"]), 100)
    if problem["type"] == "extra_forbidden":
        return f"the key {place!r} is not known"
    return f"{place}: {one_line(problem['msg'])}" if place else one_line(problem["msg"])


def _distinct_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object; JSON parsers differ in which of two equal keys they take."""
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("it has a key twice")
    return result


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number")

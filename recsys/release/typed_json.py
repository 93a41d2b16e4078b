"""Read JSON that anybody may have written into dataclasses, and refuse everything unexpected.

A dataclass says which fields there are and of which type. `Field` adds what else must hold: the
range of numbers, the form of texts, the keys of dictionaries. Numbers without a stated range must
be between 0 and 1, or for integers between 0 and `LARGEST_INT`.
"""

import dataclasses
import re
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

LARGEST_INT = 2**31 - 1
"""What an int32 array can count."""

LONGEST_NAME = 200
"""Characters of a text: more than any name or path in a release has."""

Parsed = TypeVar("Parsed")


@dataclass(frozen=True)
class Field:
    """What must hold for a field of a dataclass, beside its type.

    Attributes:
        low: the smallest number, also of those in a dictionary.
        high: the largest.
        form: regular expression that a text must match as a whole.
        keys: regular expression that each key of a dictionary must match as a whole.
        required: keys that a dictionary must have.
        optional: whether the field may be missing; it then has the dataclass's default.
    """

    low: float | None = None
    high: float | None = None
    form: str = r"[^\r\n]*"
    keys: str = r"[^\r\n]+"
    required: frozenset[str] = frozenset()
    optional: bool = False


PLAIN = Field()
Fields = Mapping[tuple[type, str], Field]
"""What must hold, by dataclass and field."""


def read_typed(kind: type[Parsed], data: object, fields: Fields) -> Parsed:
    """Return ``data`` as a dataclass.

    Args:
        kind: the dataclass; its fields are numbers, texts, dataclasses and dictionaries of these.
        data: what `recsys.models.strict_json.load_json` returned.
        fields: what must hold beside the types.

    Raises:
        ValueError: something is missing, unknown, of another type or out of its range; the message
            says where.
    """
    found: Parsed = _TypedReader(fields).value(kind, data, PLAIN, "")
    return found


class _TypedReader:
    def __init__(self, fields: Fields) -> None:
        self._fields = fields

    def value(self, kind: Any, data: object, field: Field, at: str) -> Any:
        """Return ``data`` as a value of type ``kind``; ``at`` is its place in the JSON."""
        if dataclasses.is_dataclass(kind):
            return self._dataclass(typing.cast("type[Any]", kind), data, at)
        if typing.get_origin(kind) is dict:
            return self._dictionary(typing.get_args(kind)[1], data, field, at)
        if kind is str:
            return _text(data, field.form, at)
        return _number(kind, data, field, at)

    def _dataclass(self, kind: type[Any], data: object, at: str) -> Any:
        names = {field.name for field in dataclasses.fields(kind)}
        fields = {name: self._fields.get((kind, name), PLAIN) for name in names}
        required = {name for name, field in fields.items() if not field.optional}
        values = _checked_keys(data, required, names, at)
        types = typing.get_type_hints(kind)
        return kind(
            **{
                name: self.value(types[name], value, fields[name], f"{at}.{name}".lstrip("."))
                for name, value in values.items()
            }
        )

    def _dictionary(self, kind: Any, data: object, field: Field, at: str) -> dict[str, Any]:
        values = _checked_keys(data, field.required, None, at)
        for key in values:
            _text(key, field.keys, f"a key of {at}")
        return {key: self.value(kind, each, field, f"{at}.{key}") for key, each in values.items()}


def _checked_keys(
    data: object, required: set[str] | frozenset[str], known: set[str] | None, at: str
) -> dict[str, object]:
    """Return ``data`` if it is a dictionary with these keys; ``known=None`` allows others."""
    if not isinstance(data, dict):
        raise ValueError(f"{at or 'it'} is not an object")
    missing = sorted(required - data.keys())
    unknown = sorted(data.keys() - known) if known is not None else []
    if missing or unknown:
        wrong = f"lacks {missing[0]!r}" if missing else f"has the unknown field {unknown[0]!r}"
        raise ValueError(f"{at or 'it'} {wrong}")
    return data


def _text(data: object, form: str, at: str) -> str:
    # Printable text has no control characters and no halves of surrogate pairs.
    plain = isinstance(data, str) and len(data) <= LONGEST_NAME and data.isprintable()
    if not plain or not re.fullmatch(form, typing.cast("str", data)):
        raise ValueError(f"{at} is {str(data)[:LONGEST_NAME]!r}, which is not allowed")
    return typing.cast("str", data)


def _number(kind: type, data: object, field: Field, at: str) -> int | float:
    # bool is a subclass of int; an int may stand where a float is declared.
    allowed = (int,) if kind is int else (int, float)
    if type(data) not in allowed:
        raise ValueError(f"{at} is not {'an integer' if kind is int else 'a number'}")
    number = typing.cast("float", data)
    low = 0 if field.low is None else field.low
    high = field.high if field.high is not None else LARGEST_INT if kind is int else 1
    # Also false for NaN.
    if not low <= number <= high:
        raise ValueError(f"{at} is not between {low:g} and {high:g}")
    return number

"""Read which tensors a safetensors file holds, without loading them.

The format: https://github.com/huggingface/safetensors#format.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path

from recsys.errors import EncoderError, one_line

LARGEST_WEIGHTS = 6 << 30
"""Bytes of the largest file of weights: OpenCLIP's ViT-H/14 with XLM-R, in float32, has 4.8e9."""

LARGEST_HEADER = 16 << 20
"""Bytes of the largest header; a model with 2,000 tensors has 250 kB."""

BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "U8": 1, "BOOL": 1}
"""Bytes of a number, by the format's name of the types that encoders have."""

MOST_DIMENSIONS = 8
"""Dimensions of a tensor; those of convolutions have five at most."""


@dataclass(frozen=True)
class Weights:
    """The tensors of a safetensors file.

    Attributes:
        shapes: of each tensor, by name.
    """

    shapes: dict[str, tuple[int, ...]]

    @property
    def numbers(self) -> int:
        """How many numbers the tensors have together."""
        return sum(math.prod(shape) for shape in self.shapes.values())


def read_weights_header(folder: Path, name: str) -> Weights:
    """Return the tensors that a safetensors file announces.

    Raises:
        EncoderError: the file is missing, too large, or its header does not describe exactly its
            bytes.
    """
    path = folder / name
    if not path.is_file():
        raise EncoderError(f"{name} is missing; weights are read from safetensors only")
    size = path.stat().st_size
    if size > LARGEST_WEIGHTS:
        raise EncoderError(f"{name} is larger than {LARGEST_WEIGHTS:,} bytes")
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(LARGEST_HEADER, size - 8):
            raise EncoderError(f"{name} is not a safetensors file")
        header = file.read(length)
    try:
        return _weights(json.loads(header.decode("utf-8")), size - 8 - length)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise EncoderError(f"{name} is not a safetensors file: {one_line(error)}") from error


def _weights(header: dict[str, dict[str, object]], data: int) -> Weights:
    """Return the tensors if they fill ``data`` bytes without gaps; else raise `ValueError`."""
    header = {name: tensor for name, tensor in header.items() if name != "__metadata__"}
    shapes, ends = {}, []
    for name, tensor in header.items():
        shape, (start, end) = _shape(tensor["shape"]), _shape(tensor["data_offsets"])
        kind = str(tensor["dtype"])
        if kind not in BYTES:
            raise ValueError(f"its numbers are of the type {kind}")
        if end - start != math.prod(shape) * BYTES[kind]:
            raise ValueError("a tensor has another size than its shape says")
        shapes[name] = shape
        ends.append((start, end))
    reached = 0
    for start, end in sorted(ends):
        if start != reached:
            raise ValueError("its tensors do not follow each other")
        reached = end
    if reached != data or not shapes:
        raise ValueError("its tensors do not fill the file")
    return Weights(shapes)


def _shape(value: object) -> tuple[int, ...]:
    """Return a list of natural numbers as a tuple; else raise `ValueError`."""
    if not isinstance(value, list) or len(value) > MOST_DIMENSIONS:
        raise ValueError("a shape is not a short list")
    if not all(type(each) is int and 0 <= each <= LARGEST_WEIGHTS for each in value):
        raise ValueError("a shape has something else than natural numbers")
    return tuple(value)

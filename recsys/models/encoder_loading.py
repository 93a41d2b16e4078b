"""What loading and using any encoder has in common: whatever goes wrong is one `EncoderError`."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt

from recsys.errors import EncoderError, one_line
from recsys.vectors import Float32, unit


@contextmanager
def loading(kind: str, name: str, remedy: str) -> Iterator[None]:
    """Turn every error of a library that loads an encoder into one line.

    Args:
        kind: what the encoder reads, for the message.
        name: of the encoder.
        remedy: what to give instead.

    Raises:
        EncoderError: the encoder cannot be loaded.
    """
    try:
        yield
    # The files are anybody's, and the libraries name no errors of theirs. Those that are written
    # in Rust panic with one that is no `Exception`.
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise EncoderError(
            f"The {kind} model {name} cannot be loaded; give {remedy}: "
            f"{one_line(error) or type(error).__name__}"
        ) from error


def unit_vectors(outputs: npt.ArrayLike, name: str) -> Float32:
    """Return an encoder's outputs as unit vectors, float32 of their shape.

    Raises:
        EncoderError: a vector is zero or not finite, so it has no direction.
    """
    vectors = unit(outputs)
    if not (np.isfinite(vectors).all() and vectors.any(axis=-1).all()):
        raise EncoderError(f"{name} gives vectors that are zero or not finite")
    return vectors

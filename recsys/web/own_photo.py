"""A visitor's own photo: how it arrives from the browser, and what the server keeps of it.

The browser makes the photo small and keeps it. The server reads it once and keeps its vector only.
"""

import base64
import binascii
from dataclasses import dataclass

from recsys.errors import PhotoError
from recsys.vectors import Float32
from recsys.web.bodies import MEGABYTE

DATA_PREFIX = "data:image/jpeg;base64,"
"""Start of every photo that the page's script sends."""

LARGEST_OWN_PHOTO = MEGABYTE
"""Bytes of a photo. The page's script sends 1,024 × 1,024 pixels at most, about 200 kB."""

LONGEST_DATA_URL = len(DATA_PREFIX) + -(-LARGEST_OWN_PHOTO // 3) * 4
"""Characters of its ``data:`` address: base64 has four for three bytes."""

NOT_STORED = "gone"
"""What the browser sends instead of a photo that it does not have."""


@dataclass(frozen=True)
class OwnPhoto:
    """What is kept of a visitor's photo.

    Attributes:
        name: in addresses, as "own-0123abcd".
        vector: the image model's, float32 [dim].
        release_version: of the release whose encoder made the vector.
    """

    name: str
    vector: Float32
    release_version: str


def photo_bytes(data_url: str) -> bytes:
    """Return the JPEG in a ``data:`` address.

    Raises:
        PhotoError: it is too large, or it is not a JPEG in base64.
    """
    if len(data_url) > LONGEST_DATA_URL:
        size = LARGEST_OWN_PHOTO >> 20
        raise PhotoError(f"This photo is larger than {size} MB; choose a smaller one.")
    if not data_url.startswith(DATA_PREFIX):
        raise PhotoError(f"A photo must be sent as {DATA_PREFIX}…")
    try:
        return base64.b64decode(data_url.removeprefix(DATA_PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise PhotoError("This photo is not valid base64.") from error

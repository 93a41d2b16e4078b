"""Pictures at the border: every photo, from a catalogue or an upload, is decoded here."""

import io
import warnings
from pathlib import Path

from PIL import Image, ImageOps

from recsys.errors import PhotoError

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 40_000_000
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
THUMBNAIL_SIZE = (360, 540)
"""Largest width and height, in pixels, of a photo kept in a release."""


def decode_photo(data: bytes) -> Image.Image:
    """Return the RGB picture in ``data``, upright, any transparency laid over white.

    Size and format are checked before a pixel is decoded.

    Raises:
        PhotoError: too many bytes or pixels, not a picture in one of `FORMATS`, or damaged.
    """
    picture = _open(data)
    try:
        picture.load()
        upright = ImageOps.exif_transpose(picture)
        return _over_white(upright)
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise PhotoError(f"This {picture.format} picture is damaged: {error}.") from error


def read_photo(path: Path) -> bytes:
    """Return the bytes of the picture file at ``path``.

    Raises:
        PhotoError: the file is larger than `MAX_BYTES` or cannot be read.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise PhotoError(
                f"This file is larger than {MAX_BYTES >> 20} MB; choose a smaller one."
            )
        return path.read_bytes()
    except OSError as error:
        raise PhotoError(f"This file cannot be read: {error.strerror}.") from error


def thumbnail(data: bytes) -> bytes:
    """Return ``data`` as a JPEG within `THUMBNAIL_SIZE`: unchanged where it is one already.

    Raises:
        PhotoError: as `decode_photo`.
    """
    picture = decode_photo(data)
    if data.startswith(b"\xff\xd8") and _fits(picture):
        return data
    picture.thumbnail(THUMBNAIL_SIZE, Image.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=88)
    return out.getvalue()


def _open(data: bytes) -> Image.Image:
    """Read a picture's header and check what it announces."""
    if not data:
        raise PhotoError("This file is empty; choose a photo.")
    if len(data) > MAX_BYTES:
        raise PhotoError(f"This file is larger than {MAX_BYTES >> 20} MB; choose a smaller one.")
    try:
        with warnings.catch_warnings():
            # Pillow's own limit only warns at the size that ours, below, refuses.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise PhotoError(
            "This picture has too many pixels; "
            f"at most {MAX_PIXELS // 1_000_000} megapixels are read."
        ) from error
    except (OSError, ValueError, SyntaxError) as error:
        raise PhotoError(
            f"This file is not a picture that can be read; use {', '.join(FORMATS)}."
        ) from error
    if picture.width * picture.height > MAX_PIXELS:
        raise PhotoError(
            f"This picture has {picture.width} × {picture.height} pixels; "
            f"at most {MAX_PIXELS // 1_000_000} megapixels are read."
        )
    return picture


def _over_white(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):
        # 16 bits of grey: Pillow would cut them off at 255 rather than scale them.
        return picture.convert("I").point(lambda grey: grey * (1 / 257)).convert("RGB")
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    layer = picture.convert("RGBA")
    paper = Image.new("RGBA", layer.size, "white")
    return Image.alpha_composite(paper, layer).convert("RGB")


def _fits(picture: Image.Image) -> bool:
    return picture.width <= THUMBNAIL_SIZE[0] and picture.height <= THUMBNAIL_SIZE[1]

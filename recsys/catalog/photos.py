"""Decode photos: every photo, from a catalogue or an upload, is checked and read here."""

import io
import threading
import warnings
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from PIL import Image, ImageOps

from recsys.errors import PhotoError

MAX_BYTES = 10 * 1024 * 1024
"""Photos of phones have up to about 8 MB."""

MAX_PIXELS = 40_000_000
"""Photos of most cameras and phones have up to 24 megapixels; a file of few bytes can claim any."""

LONGEST_SHAPE = 50
"""Highest ratio of the sides: of a thinner picture a model would see a few pixels' width."""

LARGEST_SIDE = 1024
"""Photos are shrunk to this many pixels while decoding: no model or page uses more."""

PHOTO_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "HEIF")
Image.init()
FORMATS = tuple(name for name in PHOTO_FORMATS if name in Image.OPEN)
"""Those of `PHOTO_FORMATS` that this Pillow, with its plugins, can read."""

LARGE_PIXELS = 4_000_000
_LARGE = threading.Lock()
"""Larger photos are decoded one at a time: each may need half a gigabyte of memory meanwhile."""

THUMBNAIL_SIZE = (360, 540)
"""Largest width and height, in pixels, of a photo in a release: twice the size of a card's."""

THUMBNAIL_BYTES = 200_000
"""A larger file of that size has more in it than a picture; it is written anew."""

JPEG = b"\xff\xd8\xff"
"""Start of every JPEG: the marker of its start and that of the next segment."""

THUMBNAIL_QUALITY = 88
"""Of the JPEG: no artefacts visible at that size, about 25 kB per photo."""


WEBP_QUALITY, WEBP_EFFORT = 78, 2
"""Of WebP files: no artefacts visible, 3 kB for a card in 3 ms. More effort saves 3 % and takes
half as long again."""


def decode_photo(data: bytes) -> Image.Image:
    """Return the photo in ``data`` as an upright RGB picture, transparency replaced by white.

    Size and format are checked before a pixel is decoded. Of an animation it is the first frame; a
    photo larger than `LARGEST_SIDE` is shrunk.

    Raises:
        PhotoError: too many bytes or pixels, not a picture in one of `FORMATS`, or damaged.
    """
    picture = _open(data)
    try:
        # A JPEG can be decoded at 1/2, 1/4 or 1/8 of its size, which takes less time and memory.
        picture.draft("RGB", (LARGEST_SIDE, LARGEST_SIDE))
        with _decoding_slot(picture):
            picture.load()
            return _over_white(ImageOps.exif_transpose(_shrunk(picture)))
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise PhotoError(
            f"This {picture.format} picture is damaged; choose another one."
        ) from error


def read_photo(path: Path) -> bytes:
    """Return the bytes of the photo file at ``path``.

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
    """Return the photo in ``data`` as a JPEG within `THUMBNAIL_SIZE`; unchanged if it is one.

    One larger than `THUMBNAIL_BYTES` is written anew, too.

    Raises:
        PhotoError: as `decode_photo`.
    """
    picture = decode_photo(data)
    if data.startswith(JPEG) and len(data) <= THUMBNAIL_BYTES and _fits(picture):
        return data
    picture.thumbnail(THUMBNAIL_SIZE, Image.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=THUMBNAIL_QUALITY)
    return out.getvalue()


def webp(data: bytes, width: int) -> bytes:
    """Return the photo in ``data`` as a WebP file, at most ``width`` pixels wide.

    It is also at most 1.5 times as high: a card's photo has these proportions.

    Raises:
        PhotoError: as `decode_photo`.
    """
    picture = decode_photo(data)
    picture.thumbnail((width, width * 3 // 2), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=WEBP_QUALITY, method=WEBP_EFFORT)
    return out.getvalue()


def _open(data: bytes) -> Image.Image:
    """Return a picture of which only the header is read, and checked."""
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
    _check_shape(picture)
    return picture


def _check_shape(picture: Image.Image) -> None:
    """Raise `PhotoError` for a picture with too many pixels or too thin a shape."""
    size = f"This picture has {picture.width} × {picture.height} pixels"
    if picture.width * picture.height > MAX_PIXELS:
        raise PhotoError(f"{size}; at most {MAX_PIXELS // 1_000_000} megapixels are read.")
    if max(picture.size) > LONGEST_SHAPE * min(picture.size):
        raise PhotoError(f"{size}: too thin to see anything in it; choose another one.")


def _shrunk(picture: Image.Image) -> Image.Image:
    """Return a picture no larger than `LARGEST_SIDE`, with its EXIF data."""
    if max(picture.size) > LARGEST_SIDE:
        if picture.mode in ("P", "PA", "1"):
            # Pixels are indexes into a palette here, so they cannot be averaged.
            picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
        elif picture.mode.startswith("I"):
            picture = picture.convert("I")
        picture.thumbnail((LARGEST_SIDE, LARGEST_SIDE), Image.Resampling.BICUBIC)
    return picture


def _over_white(picture: Image.Image) -> Image.Image:
    """Return an RGB picture, with white where the picture is transparent."""
    if picture.mode.startswith("I"):
        # 16 bits of grey: Pillow would clip them at 255 instead of scaling them.
        return picture.convert("I").point(lambda grey: grey * (1 / 257)).convert("RGB")
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    layer = picture.convert("RGBA")
    paper = Image.new("RGBA", layer.size, "white")
    return Image.alpha_composite(paper, layer).convert("RGB")


def _decoding_slot(picture: Image.Image) -> AbstractContextManager[object]:
    """Return the lock to hold while a picture is decoded; none for a small one."""
    return _LARGE if picture.width * picture.height > LARGE_PIXELS else nullcontext()


def _fits(picture: Image.Image) -> bool:
    return picture.width <= THUMBNAIL_SIZE[0] and picture.height <= THUMBNAIL_SIZE[1]

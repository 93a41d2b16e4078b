"""Pictures at the border: every photo, from a catalogue or an upload, is decoded here."""

import io
import threading
import warnings
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from PIL import Image, ImageOps

from recsys.errors import PhotoError

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 40_000_000
LONGEST_SHAPE = 50
"""How many times as long as wide, or as wide as long, a picture may be."""

LARGEST_SIDE = 1024
"""Pictures are shrunk to this as they are decoded: no model or page looks at more."""

WANTED = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "HEIF")
Image.init()
FORMATS = tuple(name for name in WANTED if name in Image.OPEN)
"""Those of the wanted formats that this Pillow, with its plugins, can read."""

LARGE_PIXELS = 4_000_000
_LARGE = threading.Lock()
"""Larger pictures are decoded one by one, each of which may take half a gigabyte meanwhile."""

THUMBNAIL_SIZE = (360, 540)
"""Largest width and height, in pixels, of a photo kept in a release."""


def decode_photo(data: bytes) -> Image.Image:
    """Return the RGB picture in ``data``, upright, any transparency laid over white.

    Size and format are checked before a pixel is decoded. Of an animation it is the first frame;
    what is larger than `LARGEST_SIDE` is shrunk.

    Raises:
        PhotoError: too many bytes or pixels, not a picture in one of `FORMATS`, or damaged.
    """
    picture = _open(data)
    try:
        # A JPEG can be decoded at a fraction of its size, in a fraction of time and memory.
        picture.draft("RGB", (LARGEST_SIDE, LARGEST_SIDE))
        with _turn(picture):
            picture.load()
            return _over_white(ImageOps.exif_transpose(_shrunk(picture)))
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
    if max(picture.size) > LONGEST_SHAPE * min(picture.size):
        raise PhotoError(
            f"This picture has {picture.width} × {picture.height} pixels: too thin to see "
            "anything in it; choose another one."
        )
    return picture


def _shrunk(picture: Image.Image) -> Image.Image:
    """Return a picture no larger than `LARGEST_SIDE`, its EXIF notes kept."""
    if max(picture.size) > LARGEST_SIDE:
        if picture.mode in ("P", "PA", "1"):
            # Their numbers are no brightnesses, so they cannot be averaged.
            picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
        elif picture.mode.startswith("I"):
            picture = picture.convert("I")
        picture.thumbnail((LARGEST_SIDE, LARGEST_SIDE), Image.Resampling.BICUBIC)
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


def _turn(picture: Image.Image) -> AbstractContextManager[object]:
    """Return what to wait for before a picture is decoded."""
    return _LARGE if picture.width * picture.height > LARGE_PIXELS else nullcontext()


def _fits(picture: Image.Image) -> bool:
    return picture.width <= THUMBNAIL_SIZE[0] and picture.height <= THUMBNAIL_SIZE[1]

"""Whatever a camera, a browser or a mistake hands in becomes an upright RGB picture or an error."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from tiny_catalogs import picture_bytes

from recsys.catalog import photos
from recsys.catalog.photos import LARGEST_SIDE, THUMBNAIL_SIZE, decode_photo, read_photo, thumbnail
from recsys.errors import PhotoError

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
TURN_RIGHT = 6
"""The EXIF orientation of a photo that must be turned clockwise to be upright."""


def halves(width=40, height=20, mode="RGB"):
    """A picture whose left half is red and whose right half is blue."""
    picture = Image.new("RGB", (width, height), RED)
    picture.paste(BLUE, (width // 2, 0, width, height))
    return picture.convert(mode)


def noise(width, height):
    values = np.random.default_rng(3).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(values)


def close(pixel, colour, tolerance=12):
    return max(abs(a - b) for a, b in zip(pixel, colour, strict=True)) <= tolerance


def png_announcing(width, height):
    """A PNG whose header announces a size, and whose pixels are missing."""

    def chunk(kind, data):
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "GIF"])
def test_the_usual_formats_are_decoded(file_format):
    picture = decode_photo(picture_bytes(halves(), file_format))
    assert (picture.mode, picture.size) == ("RGB", (40, 20))
    assert close(picture.getpixel((5, 10)), RED)
    assert close(picture.getpixel((35, 10)), BLUE)


@pytest.mark.skipif("AVIF" not in photos.FORMATS, reason="this Pillow reads no AVIF")
def test_avif_is_decoded_where_pillow_can():
    picture = decode_photo(picture_bytes(halves(), "AVIF", quality=95))
    assert (picture.mode, picture.size) == ("RGB", (40, 20))
    assert close(picture.getpixel((5, 10)), RED, tolerance=30)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_a_photo_that_the_camera_marked_as_turned_is_put_upright(file_format):
    exif = Image.Exif()
    exif[0x0112] = TURN_RIGHT
    picture = decode_photo(picture_bytes(halves(), file_format, exif=exif))
    assert picture.size == (20, 40)
    assert close(picture.getpixel((10, 5)), RED)
    assert close(picture.getpixel((10, 35)), BLUE)


@pytest.mark.parametrize("file_format", ["PNG", "WEBP"])
def test_what_is_transparent_becomes_white(file_format):
    picture = halves(mode="RGBA")
    picture.putalpha(Image.new("L", picture.size, 0))
    decoded = decode_photo(picture_bytes(picture, file_format, lossless=True))
    assert decoded.getextrema() == ((255, 255),) * 3


def test_what_is_half_transparent_is_mixed_with_white():
    decoded = decode_photo(picture_bytes(Image.new("RGBA", (8, 8), (255, 0, 0, 128)), "PNG"))
    assert close(decoded.getpixel((4, 4)), (255, 127, 127), tolerance=1)


@pytest.mark.parametrize("file_format", ["PNG", "GIF"])
def test_a_transparent_palette_colour_becomes_white(file_format):
    picture = halves().quantize(4)
    clear = picture.getpixel((0, 0))
    decoded = decode_photo(picture_bytes(picture, file_format, transparency=clear))
    assert decoded.getpixel((0, 0)) == WHITE
    assert close(decoded.getpixel((35, 10)), BLUE)


def test_a_palette_is_resolved_to_its_colours():
    decoded = decode_photo(picture_bytes(halves().quantize(4), "PNG"))
    assert close(decoded.getpixel((5, 10)), RED)


def test_greyscale_becomes_three_equal_channels():
    decoded = decode_photo(picture_bytes(Image.new("L", (8, 8), 77), "PNG"))
    assert decoded.getpixel((4, 4)) == (77, 77, 77)


def test_black_and_white_of_one_bit_is_decoded():
    decoded = decode_photo(picture_bytes(Image.new("1", (8, 8), 1), "PNG"))
    assert decoded.getpixel((4, 4)) == WHITE


def test_cmyk_becomes_rgb():
    decoded = decode_photo(picture_bytes(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG"))
    assert close(decoded.getpixel((4, 4)), RED, tolerance=20)


def test_sixteen_bits_a_channel_keep_their_shades():
    shades = np.linspace(0, 65535, 64, dtype=np.uint16).reshape(8, 8)
    decoded = decode_photo(picture_bytes(Image.fromarray(shades), "PNG"))
    expected = shades.astype(float) / 257
    assert np.abs(np.asarray(decoded)[..., 0] - expected).max() <= 1


def test_of_an_animation_the_first_frame_is_shown():
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, GREEN)]
    data = picture_bytes(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert close(decode_photo(data).getpixel((4, 4)), RED)


LARGE_MODES = {"RGB": "JPEG", "L": "PNG", "P": "PNG", "RGBA": "PNG", "CMYK": "JPEG"}


@pytest.mark.parametrize("mode", LARGE_MODES)
def test_a_large_picture_is_shrunk_as_it_is_decoded(mode):
    data = picture_bytes(halves(3000, 1500, mode), LARGE_MODES[mode])
    decoded = decode_photo(data)
    assert decoded.size == (LARGEST_SIDE, LARGEST_SIDE // 2)
    left, right = decoded.getpixel((9, 9)), decoded.getpixel((1000, 9))
    expected = halves(2, 1, mode).convert("RGB")
    assert close(left, expected.getpixel((0, 0)), 25)
    assert close(right, expected.getpixel((1, 0)), 25)


def test_a_large_picture_of_sixteen_bits_keeps_its_shades():
    shades = np.full((1500, 3000), 40_000, np.uint16)
    decoded = decode_photo(picture_bytes(Image.fromarray(shades), "PNG"))
    assert decoded.size == (LARGEST_SIDE, LARGEST_SIDE // 2)
    assert close(decoded.getpixel((9, 9)), (156,) * 3, 1)


def test_a_large_photo_that_the_camera_marked_as_turned_is_put_upright():
    exif = Image.Exif()
    exif[0x0112] = TURN_RIGHT
    decoded = decode_photo(picture_bytes(halves(3000, 1500), exif=exif))
    assert decoded.size == (LARGEST_SIDE // 2, LARGEST_SIDE)
    assert close(decoded.getpixel((9, 9)), RED)


@pytest.mark.parametrize("size", [(1, 100_000), (100_000, 1), (10, 501)])
def test_a_picture_too_thin_to_show_anything_is_refused(size):
    with pytest.raises(PhotoError, match="too thin"):
        decode_photo(picture_bytes(Image.new("L", size), "PNG"))


def test_an_empty_file_is_refused():
    with pytest.raises(PhotoError, match="empty"):
        decode_photo(b"")


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_photo_cut_off_in_the_middle_is_refused(file_format):
    data = picture_bytes(noise(64, 64), file_format)
    with pytest.raises(PhotoError, match=r"damaged|not a picture"):
        decode_photo(data[: len(data) // 2])


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "GIF"])
@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, about broken EXIF data
def test_no_damage_whatever_raises_anything_but_a_photo_error(file_format):
    exif = Image.Exif()
    exif[0x0112] = TURN_RIGHT
    whole = picture_bytes(noise(24, 16), file_format, exif=exif)
    random = np.random.default_rng(5)
    refused = 0
    for _ in range(400):
        data = bytearray(whole[: random.integers(1, 2 * len(whole))])
        for position in random.integers(0, len(data), 3):
            data[position] = random.integers(0, 256)
        try:
            decode_photo(bytes(data))
        except PhotoError:
            refused += 1
    assert refused > 50


@pytest.mark.parametrize(
    "data",
    [
        b"just a text that was renamed to photo.jpg",
        b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
        b"%PDF-1.7\n",
        picture_bytes(halves(), "BMP"),
        picture_bytes(halves(), "TIFF"),
        b"\xff\xd8\xff",
        b"\x00" * 100,
    ],
    ids=["text", "svg", "pdf", "bmp", "tiff", "jpeg marker only", "zeros"],
)
def test_what_is_no_picture_in_a_known_format_is_refused_with_the_formats(data):
    with pytest.raises(PhotoError, match="JPEG, PNG, WEBP, GIF"):
        decode_photo(data)


def test_a_file_of_too_many_bytes_is_refused_unopened(monkeypatch):
    data = picture_bytes(halves())
    monkeypatch.setattr(photos, "MAX_BYTES", len(data))
    decode_photo(data)
    monkeypatch.setattr(Image, "open", None)
    with pytest.raises(PhotoError, match="larger than"):
        decode_photo(data + b"\x00")


@pytest.mark.parametrize("side", [6400, 12_000, 20_000, 60_000])
def test_too_many_pixels_are_refused_by_the_header_alone(monkeypatch, side):
    monkeypatch.setattr(Image.Image, "load", None)
    with pytest.raises(PhotoError, match="pixels") as caught:
        decode_photo(png_announcing(side, side))
    assert "40 megapixels" in str(caught.value)


def test_as_many_pixels_as_are_allowed_are_decoded(monkeypatch):
    monkeypatch.setattr(photos, "MAX_PIXELS", 40 * 20)
    assert decode_photo(picture_bytes(halves(40, 20))).size == (40, 20)
    with pytest.raises(PhotoError, match="41 × 20 pixels"):
        decode_photo(picture_bytes(halves(41, 20)))


def test_a_photo_file_is_read_as_it_is(tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(picture_bytes(halves()))
    assert read_photo(path) == path.read_bytes()


def test_a_photo_file_too_large_or_absent_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "photo.jpg"
    with pytest.raises(PhotoError, match="cannot be read"):
        read_photo(path)
    path.write_bytes(picture_bytes(halves()))
    monkeypatch.setattr(photos, "MAX_BYTES", 10)
    with pytest.raises(PhotoError, match="larger than"):
        read_photo(path)


def test_a_small_jpeg_is_its_own_thumbnail():
    data = picture_bytes(noise(*THUMBNAIL_SIZE))
    assert thumbnail(data) == data


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1166, 1750), (360, 540)),
        ((2000, 1000), (360, 180)),
        ((100, 1080), (50, 540)),
        ((361, 10), (360, 10)),
    ],
)
def test_a_large_photo_is_made_to_fit_in_its_proportions(size, expected):
    small = Image.open(io.BytesIO(thumbnail(picture_bytes(halves(*size)))))
    assert (small.format, small.mode, small.size) == ("JPEG", "RGB", expected)
    assert close(small.getpixel((2, 2)), RED)
    assert close(small.getpixel((small.width - 3, 2)), BLUE)


def test_a_small_picture_that_is_no_jpeg_becomes_one_of_the_same_size():
    small = Image.open(io.BytesIO(thumbnail(picture_bytes(halves(), "PNG"))))
    assert (small.format, small.size) == ("JPEG", (40, 20))


def test_a_large_turned_photo_has_an_upright_thumbnail():
    exif = Image.Exif()
    exif[0x0112] = TURN_RIGHT
    small = Image.open(io.BytesIO(thumbnail(picture_bytes(halves(1000, 500), exif=exif))))
    assert small.size == (270, 540)
    assert 0x0112 not in small.getexif()


def test_a_thumbnail_is_always_the_same_bytes():
    data = picture_bytes(noise(500, 700), "PNG")
    assert thumbnail(data) == thumbnail(data)


def test_a_damaged_photo_has_no_thumbnail():
    data = picture_bytes(noise(64, 64))
    with pytest.raises(PhotoError, match="damaged"):
        thumbnail(data[: len(data) // 2])

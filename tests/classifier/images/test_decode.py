"""Bytes to picture: good files, odd files and hostile ones, all drawn or written here."""

from __future__ import annotations

import io
import json
import random
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageChops, ImageCms, ImageOps

from classifier.images.decode import BACKDROP, MAX_BYTES, decode_photo
from classifier.images.look import Wanted, look_at
from classifier.types import PhotoError, TooLarge, UnreadablePhoto
from tests.conftest import PROJECT
from tests.support.pictures import (
    QUADRANTS,
    RED,
    SNOW,
    Tags,
    bmp,
    chunk,
    cut_out,
    draw_olaf,
    draw_yeti,
    encoded,
    everyday,
    exif,
    flat_rows,
    gif,
    grey_tiff,
    jpeg_with,
    png,
    quadrants,
)

# As in the program itself, where decode.py says so; pytest has its own ideas of warnings.
pytestmark = pytest.mark.filterwarnings(r"ignore:::PIL\.")

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF")
WITH_ORIENTATION = ("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF")


def grey(picture: Image.Image) -> Image.Image:
    return picture.convert("L").convert("RGB")


def black_and_white(picture: Image.Image) -> Image.Image:
    return picture.convert("L").point([255 * (v > 127) for v in range(256)]).convert("RGB")


def stretched(picture: Image.Image) -> Image.Image:
    return ImageOps.autocontrast(picture.convert("L")).convert("RGB")


def sixteen_bits(picture: Image.Image, mode: str = "I;16") -> Image.Image:
    values = [value * 257 for value in picture.convert("L").tobytes()]
    order = ">" if mode == "I;16B" else "<"
    return Image.frombytes(mode, picture.size, struct.pack(f"{order}{len(values)}H", *values))


def in_mode(mode: str, factor: float = 1) -> Image.Image:
    """Return the quadrants in a mode of 32-bit grey."""
    picture = quadrants().convert("L").convert(mode)
    return picture.point(lambda value: value * factor + 0)


def lab() -> Image.Image:
    profile = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    converted = ImageCms.profileToProfile(quadrants(), *profile, outputMode="LAB")
    assert converted is not None
    return converted


def deep_png(colour: int) -> bytes:
    """Write the quadrants with 16 bits a channel, which Pillow reads but does not write."""
    picture = quadrants().convert({2: "RGB", 4: "LA", 6: "RGBA"}[colour])
    width = picture.width * len(picture.getbands())
    pixels = bytes(byte for value in picture.tobytes() for byte in (value, value))
    rows = b"".join(b"\0" + pixels[i : i + 2 * width] for i in range(0, len(pixels), 2 * width))
    return png(picture.size, zlib.compress(rows), depth=16, colour=colour)


def adobe_cmyk() -> bytes:
    """Write a JPEG as Adobe's programs do: CMYK with all values inverted, and a marker."""
    data = encoded(quadrants().convert("CMYK"), "JPEG")
    assert b"Adobe" in data
    return data


def several(format_: str, **options: object) -> bytes:
    """Write an animation, or several pages, of which the quadrants are the first."""
    others = [draw_yeti((64, 48)), everyday((64, 48))]
    return encoded(quadrants(), format_, save_all=True, append_images=others, **options)


Change = Callable[[Image.Image], Image.Image]
SAME: Change = Image.Image.copy

READABLE: dict[str, tuple[Callable[[], bytes], Change]] = {
    "jpeg": (lambda: encoded(quadrants(), "JPEG"), SAME),
    "jpeg, progressive": (lambda: encoded(quadrants(), "JPEG", progressive=True), SAME),
    "jpeg, grey": (lambda: encoded(quadrants().convert("L"), "JPEG"), grey),
    "jpeg, YCbCr": (lambda: encoded(quadrants().convert("YCbCr"), "JPEG"), SAME),
    "jpeg, CMYK": (adobe_cmyk, SAME),
    "jpeg, several pictures": (lambda: several("MPO"), SAME),
    "png": (lambda: encoded(quadrants(), "PNG"), SAME),
    "png, black and white": (
        lambda: encoded(quadrants().convert("1", dither=Image.Dither.NONE), "PNG"),
        black_and_white,
    ),
    "png, grey": (lambda: encoded(quadrants().convert("L"), "PNG"), grey),
    "png, grey and alpha": (lambda: encoded(quadrants().convert("LA"), "PNG"), grey),
    "png, palette": (lambda: encoded(quadrants().quantize(8), "PNG"), SAME),
    "png, palette and alpha": (
        lambda: encoded(quadrants().quantize(8), "PNG", transparency=7),
        SAME,
    ),
    "png, RGBA": (lambda: encoded(quadrants().convert("RGBA"), "PNG"), SAME),
    "png, colour key": (lambda: encoded(quadrants(), "PNG", transparency=(1, 2, 3)), SAME),
    "png, grey of 16 bits": (lambda: encoded(sixteen_bits(quadrants()), "PNG"), grey),
    "png, RGB of 16 bits": (lambda: deep_png(2), SAME),
    "png, grey and alpha of 16 bits": (lambda: deep_png(4), grey),
    "png, RGBA of 16 bits": (lambda: deep_png(6), SAME),
    "png, animated": (lambda: several("PNG"), SAME),
    "webp": (lambda: encoded(quadrants(), "WEBP"), SAME),
    "webp, lossless": (lambda: encoded(quadrants(), "WEBP", lossless=True), SAME),
    "webp, RGBA": (lambda: encoded(quadrants().convert("RGBA"), "WEBP"), SAME),
    "webp, animated": (lambda: several("WEBP"), SAME),
    "gif": (lambda: encoded(quadrants(), "GIF"), SAME),
    "gif, grey": (lambda: encoded(quadrants().convert("L"), "GIF"), grey),
    "gif, animated": (lambda: several("GIF"), SAME),
    "bmp": (lambda: encoded(quadrants(), "BMP"), SAME),
    "bmp, grey": (lambda: encoded(quadrants().convert("L"), "BMP"), grey),
    "bmp, palette": (lambda: encoded(quadrants().quantize(8), "BMP"), SAME),
    "bmp, RGBA": (lambda: encoded(quadrants().convert("RGBA"), "BMP"), SAME),
    "bmp, black and white": (
        lambda: encoded(quadrants().convert("1", dither=Image.Dither.NONE), "BMP"),
        black_and_white,
    ),
    "bmp, runs": (
        lambda: bmp((64, 48), b"\x40\x80\0\0" * 48, bits=8, compression=1),
        lambda p: Image.new("RGB", p.size, (128, 128, 128)),
    ),
    "tiff": (lambda: encoded(quadrants(), "TIFF"), SAME),
    "tiff, deflated": (lambda: encoded(quadrants(), "TIFF", compression="tiff_deflate"), SAME),
    "tiff, LZW": (lambda: encoded(quadrants(), "TIFF", compression="tiff_lzw"), SAME),
    "tiff, JPEG": (lambda: encoded(quadrants(), "TIFF", compression="jpeg"), SAME),
    "tiff, fax": (
        lambda: encoded(
            quadrants().convert("1", dither=Image.Dither.NONE), "TIFF", compression="group4"
        ),
        black_and_white,
    ),
    "tiff, grey and alpha": (lambda: encoded(quadrants().convert("LA"), "TIFF"), grey),
    "tiff, palette": (lambda: encoded(quadrants().quantize(8), "TIFF"), SAME),
    "tiff, palette and alpha": (
        lambda: encoded(quadrants().quantize(8).convert("PA"), "TIFF"),
        SAME,
    ),
    "tiff, RGBA": (lambda: encoded(quadrants().convert("RGBA"), "TIFF"), SAME),
    "tiff, CMYK": (lambda: encoded(quadrants().convert("CMYK"), "TIFF"), SAME),
    "tiff, YCbCr": (lambda: encoded(quadrants().convert("YCbCr"), "TIFF"), SAME),
    "tiff, LAB": (lambda: encoded(lab(), "TIFF"), SAME),
    "tiff, grey of 16 bits": (lambda: encoded(sixteen_bits(quadrants()), "TIFF"), grey),
    "tiff, grey of 16 bits, big-endian": (
        lambda: encoded(sixteen_bits(quadrants(), "I;16B"), "TIFF"),
        grey,
    ),
    "tiff, whole numbers of 32 bits": (lambda: encoded(in_mode("I", 1000), "TIFF"), stretched),
    "tiff, fractions 0..1": (lambda: encoded(in_mode("F", 1 / 255), "TIFF"), grey),
    "tiff, fractions 0..255": (lambda: encoded(in_mode("F"), "TIFF"), grey),
    "tiff, several pages": (lambda: several("TIFF"), SAME),
    "avif": (lambda: encoded(quadrants(), "AVIF"), SAME),
    "avif, grey": (lambda: encoded(quadrants().convert("L"), "AVIF"), grey),
    "avif, RGBA": (lambda: encoded(quadrants().convert("RGBA"), "AVIF"), SAME),
    "avif, animated": (lambda: several("AVIF"), SAME),
    "heic": (lambda: encoded(quadrants(), "HEIF"), SAME),
    "heic, grey": (lambda: encoded(quadrants().convert("L"), "HEIF"), grey),
    "heic, RGBA": (lambda: encoded(quadrants().convert("RGBA"), "HEIF"), SAME),
    "heic, grey of more bits": (lambda: encoded(sixteen_bits(quadrants()), "HEIF"), grey),
    "heic, several pictures": (lambda: several("HEIF"), SAME),
}


@pytest.mark.parametrize("name", READABLE)
def test_every_format_and_mode_opens_with_its_colours(name: str) -> None:
    write, change = READABLE[name]
    picture = decode_photo(write())
    assert (picture.mode, picture.size) == ("RGB", (64, 48))
    assert_quadrants(picture, change(quadrants()))


@pytest.mark.parametrize("name", READABLE)
def test_every_format_and_mode_keeps_its_colours_when_reduced(name: str) -> None:
    write, change = READABLE[name]
    picture = decode_photo(write(), side=8)
    assert 8 <= min(picture.size) <= 4 * 8
    assert_quadrants(picture, change(quadrants()))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_", WITH_ORIENTATION)
def test_a_photo_taken_with_a_turned_camera_comes_out_upright(
    format_: str, orientation: int
) -> None:
    seen = as_the_sensor_saw(quadrants(), orientation)
    # As bytes: of those the HEIF encoder makes the turn that its own format has.
    picture = decode_photo(encoded(seen, format_, exif=exif(orientation).tobytes()))
    assert picture.size == (64, 48)
    assert_quadrants(picture, quadrants())


@pytest.mark.parametrize("orientation", [3, 6])
def test_a_large_turned_photo_is_reduced_and_upright(orientation: int) -> None:
    seen = as_the_sensor_saw(quadrants((1600, 1200)), orientation)
    picture = decode_photo(encoded(seen, "JPEG", exif=exif(orientation)), side=64)
    assert picture.size == (200, 150)
    assert_quadrants(picture, quadrants())


@pytest.mark.parametrize("block", [b"", b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"MM\0*\0"])
def test_a_broken_exif_block_is_no_reason_to_refuse_the_pixels(block: bytes) -> None:
    assert_quadrants(decode_photo(encoded(quadrants(), "JPEG", exif=block)), quadrants())
    assert_quadrants(decode_photo(encoded(quadrants(), "WEBP", exif=block)), quadrants())


TRANSPARENT: dict[str, Callable[[Image.Image], bytes]] = {
    "png": lambda picture: encoded(picture, "PNG"),
    "png, grey": lambda picture: encoded(picture.convert("LA"), "PNG"),
    "png, palette": lambda picture: encoded(picture.quantize(64), "PNG"),
    "webp": lambda picture: encoded(picture, "WEBP", lossless=True, exact=True),
    "gif": lambda picture: encoded(picture, "GIF"),
    "tiff": lambda picture: encoded(picture, "TIFF"),
    "avif": lambda picture: encoded(picture, "AVIF", quality=100),
    "heic": lambda picture: encoded(picture, "HEIF", quality=100),
    "png, colour key": lambda picture: encoded(hard(picture), "PNG", transparency=(0, 0, 0)),
    "png, grey key": lambda picture: encoded(hard(picture).convert("L"), "PNG", transparency=0),
    "png, grey key of 16 bits": lambda picture: encoded(
        sixteen_bits(hard(picture)), "PNG", transparency=0
    ),
}


def hard(picture: Image.Image) -> Image.Image:
    """Return a cut-out in RGB, its ground of the hidden colour."""
    return picture.convert("RGB")


@pytest.mark.parametrize("name", TRANSPARENT)
def test_a_transparent_cut_out_does_not_turn_black(name: str) -> None:
    picture = decode_photo(TRANSPARENT[name](cut_out()))
    assert_close(pixel(picture, 0.02, 0.02), BACKDROP)
    assert_close(pixel(picture, 0.5, 0.5), SNOW)


@pytest.mark.parametrize("side", [128, 16])
@pytest.mark.parametrize("name", TRANSPARENT)
def test_the_edge_of_a_cut_out_has_no_dark_fringe(name: str, side: int) -> None:
    picture = decode_photo(TRANSPARENT[name](cut_out((256, 192))), side)
    assert min(picture.size) == (192 if side == 128 else 32)
    darkest = min(picture.convert("L").tobytes())
    assert darkest > min(BACKDROP) - 20


NO_PICTURES: dict[str, Callable[[], bytes]] = {
    "eps": lambda: encoded(quadrants(), "EPS"),
    "pdf": lambda: encoded(quadrants(), "PDF"),
    "ppm": lambda: encoded(quadrants(), "PPM"),
    "ico": lambda: encoded(quadrants(), "ICO"),
    "icns": lambda: encoded(quadrants((64, 64)), "ICNS"),
    "tga": lambda: encoded(quadrants(), "TGA"),
    "pcx": lambda: encoded(quadrants(), "PCX"),
    "sgi": lambda: encoded(quadrants(), "SGI"),
    "dds": lambda: encoded(quadrants(), "DDS"),
    "jpeg 2000": lambda: encoded(quadrants(), "JPEG2000"),
    "qoi": lambda: encoded(quadrants(), "QOI"),
    "psd": lambda: b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, 4, 4, 8, 3) + bytes(12 + 2 + 48),
    "svg": lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><rect width="9" height="9"/></svg>',
    "mp4": lambda: b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41\0\0\0\x08free\0\0\0\x08mdat",
    "text": lambda: b"Do you want to build a snowman?\n" * 20,
    "html": lambda: b"<!doctype html><title>404</title>",
    "zip": lambda: b"PK\x03\x04" + bytes(60),
    "zeros": lambda: bytes(1000),
    "big tiff": lambda: encoded(quadrants(), "TIFF", big_tiff=True),
}


@pytest.mark.parametrize("name", NO_PICTURES)
def test_what_is_no_picture_of_ours_is_not_opened(name: str) -> None:
    data = NO_PICTURES[name]()
    with pytest.raises(UnreadablePhoto, match="no picture") as refused:
        decode_photo(data)
    assert refused.value.reason == "not_a_picture"


def test_an_empty_file_is_called_empty() -> None:
    with pytest.raises(UnreadablePhoto, match="empty"):
        decode_photo(b"")


def test_a_file_of_20_mb_is_read_and_a_byte_more_is_too_large() -> None:
    data = encoded(quadrants(), "JPEG")
    data += bytes(MAX_BYTES - len(data))
    assert_quadrants(decode_photo(data), quadrants())
    with pytest.raises(TooLarge, match="20 MB") as refused:
        decode_photo(data + b"\0")
    assert refused.value.reason == "too_many_bytes"


@pytest.mark.parametrize(
    ("size", "opens"),
    [((2, 200), True), ((200, 2), True), ((2, 201), False), ((201, 2), False), ((1, 1), True)],
)
def test_a_line_is_no_photo(size: tuple[int, int], opens: bool) -> None:
    data = encoded(Image.new("RGB", size, RED), "PNG")
    if opens:
        assert decode_photo(data).size == size
    else:
        with pytest.raises(UnreadablePhoto, match="no picture"):
            decode_photo(data)


@pytest.mark.parametrize("format_", FORMATS)
def test_a_large_photo_comes_back_reduced(format_: str) -> None:
    picture = decode_photo(encoded(noisy(1600, 1200), format_), side=112)
    assert 112 <= min(picture.size) <= 4 * 112
    assert abs(picture.width / picture.height - 4 / 3) < 0.02
    assert_quadrants(picture, quadrants())


@pytest.mark.parametrize("size", [(4000, 3000), (3000, 4000)])
def test_a_photo_of_12_megapixels_is_decoded_at_an_eighth(size: tuple[int, int]) -> None:
    picture = decode_photo(encoded(quadrants(size), "JPEG"), side=224)
    assert picture.size == (size[0] // 8, size[1] // 8)
    assert_quadrants(picture, quadrants())


def test_a_photo_of_48_megapixels_opens() -> None:
    picture = decode_photo(encoded(quadrants((8000, 6000)), "JPEG"), side=224)
    assert picture.size == (1000, 750)
    assert_quadrants(picture, quadrants())


def test_a_long_picture_keeps_its_shape() -> None:
    assert decode_photo(encoded(quadrants((3000, 60)), "PNG"), side=15).size == (1500, 30)


@pytest.mark.parametrize("size", [(12_000, 600), (600, 12_000)])
@pytest.mark.parametrize("format_", ["JPEG", "PNG"])
def test_a_long_picture_is_reduced_to_its_longer_side_for_whoever_asks_for_that(
    size: tuple[int, int], format_: str
) -> None:
    picture = decode_photo(encoded(quadrants(size), format_), side=0, longer=500)
    assert 500 <= max(picture.size) <= 2000
    assert min(picture.size) == pytest.approx(max(picture.size) / 20, abs=1)
    assert_quadrants(picture, quadrants(size))


# Files that claim what they do not hold, or hold much more than it seems.


def claiming(format_: str, side: int) -> bytes:
    """Return a small file whose header says that the picture is side x side pixels."""
    if format_ == "PNG":
        return png((side, side), zlib.compress(bytes(100)))
    if format_ == "BMP":
        return bmp((side, side), bytes(100))
    if format_ == "GIF":
        return gif((side, side), (side, side))
    if format_ == "TIFF":
        strips: Tags = {273: (4, 1, 8), 278: (4, 1, side), 279: (4, 1, 100)}
        return grey_tiff((side, side), strips, bytes(100))
    if format_ == "WEBP":  # an extended one, whose sides have 24 bits
        side_ = struct.pack("<I", side - 1)[:3]
        body = b"VP8X" + struct.pack("<I", 10) + bytes(4) + side_ * 2
        body += encoded(quadrants(), "WEBP", lossless=True)[12:]
        return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body
    data = encoded(Image.new("RGB", (64, 64), RED), format_)
    before, after = {
        "JPEG": (struct.pack(">BHH", 8, 64, 64), struct.pack(">BHH", 8, side, side)),
        "AVIF": (struct.pack(">II", 64, 64), struct.pack(">II", side, side)),
        "HEIF": (struct.pack(">II", 64, 64), struct.pack(">II", side, side)),
    }[format_]
    assert data.count(before) == 1
    return data.replace(before, after)


SIDES = (8_000, 30_000, 60_000)
# libavif has its own cap of 16,384 pixels a side, and then the file is nothing that it knows.
NOT_OPENED = {("AVIF", 30_000), ("AVIF", 60_000)}


def hostile_headers() -> Iterator[tuple[str, Callable[[], bytes], str]]:
    for format_ in FORMATS:
        for side in SIDES:
            reason = "not_a_picture" if (format_, side) in NOT_OPENED else "too_many_pixels"
            yield (
                f"{format_.lower()} that claims {side}",
                lambda format_=format_, side=side: claiming(format_, side),  # type: ignore[misc]
                reason,
            )


SMALL_ROWS = zlib.compress(bytes(49 * 48))


def small_png(before: bytes) -> bytes:
    return png((48, 48), SMALL_ROWS, depth=8, colour=0, before=before)


def big_exif(tag: int = ExifTags.Base.Orientation, count: int = 9_000_000) -> bytes:
    """Write an EXIF block with a tag of so many values, which become as many Python objects."""
    entry = struct.pack("<HHHII", 1, tag, 3, count, 26)
    return b"II*\0\x08\0\0\0" + entry + bytes(4) + b"\x06\x01" * count


def resolution_exif() -> Iterator[bytes]:
    """Write an EXIF block with a million resolutions, as pieces that a JPEG can hold."""
    count = 2_000_000
    entries = struct.pack("<HHII", 0x11A, 5, count, 38) + struct.pack("<HHII", 0x128, 3, 1, 2)
    block = b"II*\0\x08\0\0\0\x02\0" + entries + bytes(4) + struct.pack("<II", 1, 1) * count
    for start in range(0, len(block), 65_000):
        yield b"Exif\0\0" + block[start : start + 65_000]


def scan_bomb() -> bytes:
    """Write a progressive JPEG that refines its last coefficients ten thousand times."""
    data = encoded(Image.new("RGB", (4000, 3000), RED), "JPEG", progressive=True)
    start = data.rindex(b"\xff\xc4")
    return data[:-2] + data[start:-2] * 10_000 + data[-2:]


def tiff_with_far_exif() -> bytes:
    """Write a TIFF whose EXIF directory has a tag of nine million values."""
    count = 9_000_000
    directory = struct.pack("<HHHII", 1, 0x9999, 3, count, 26) + bytes(4) + b"\x06\x01" * count
    tags = {273: (4, 1, 8), 278: (4, 1, 8), 279: (4, 1, 64), 34665: (4, 1, 8)}
    return grey_tiff((8, 8), tags, directory)


def tile_bomb() -> bytes:
    """Write a TIFF of 100 x 100 pixels in a corner of a tile of 400 million."""
    packer = zlib.compressobj(9)
    tile = b"".join([*(packer.compress(bytes(4_000_000)) for _ in range(100)), packer.flush()])
    tags = {259: (3, 1, 8), 322: (4, 1, 20_000), 323: (4, 1, 20_000)}
    return grey_tiff((100, 100), tags | {324: (4, 1, 8), 325: (4, 1, len(tile))}, tile)


def strip_bomb() -> bytes:
    """Write a TIFF with nearly five million strips."""
    count = 4_900_000
    strips: Tags = {273: (4, count, b"\x08\0\0\0" * count), 278: (4, 1, 1), 279: (4, 1, 64)}
    return grey_tiff((64, 64), strips)


def circular_tiff() -> bytes:
    data = grey_tiff((8, 8), {273: (4, 1, 8), 278: (4, 1, 8), 279: (4, 1, 64)}, bytes(64))
    end = 8 + 64 + 2 + 9 * 12
    assert data[end : end + 4] == bytes(4)
    return data[:end] + struct.pack("<I", 8 + 64) + data[end + 4 :]


def lying(format_: str, side: int) -> bytes:
    """Return a small file whose header says 64 x 64, but whose content is side x side pixels."""
    data = encoded(Image.new("L", (side, side), 90), format_, speed=10, quality=10)
    before = struct.pack(">II", side, side)
    assert before in data
    return data.replace(before, struct.pack(">II", 64, 64))


def wide_text() -> bytes:
    """Write text chunks that unpack to a million characters each, one of which takes four bytes."""
    packed = zlib.compress("\N{SNOWMAN WITHOUT SNOW}\N{GRINNING FACE}".encode() + bytes(10**6 - 9))
    return b"".join(chunk(b"iTXt", b"%d\0\1\0\0\0" % i + packed) for i in range(60))


# What is in the file, and what becomes of it: the reason why it is refused, or "opened".
HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    name: (write, reason) for name, write, reason in hostile_headers()
} | {
    "png, 49 flat megapixels": (
        lambda: png((7000, 7000), flat_rows(7000, 7000)),
        "too_many_pixels",
    ),
    "png, 49 megapixels, truncated": (
        lambda: png((7000, 7000), flat_rows(7000, 7000) + bytes(500_000), ending=b"")[:-1000],
        "damaged",
    ),
    "png, 15 flat megapixels": (lambda: png((3900, 3900), flat_rows(3900, 3900)), "opened"),
    "png, 15 flat megapixels with alpha": (
        lambda: png((3900, 3900), flat_rows(3900, 3900, 32), colour=6),
        "opened",
    ),
    "png, 15 flat megapixels with a palette": (
        lambda: png(
            (3900, 3900),
            flat_rows(3900, 3900, 8),
            colour=3,
            before=chunk(b"PLTE", bytes(768)) + chunk(b"tRNS", bytes(range(256))),
        ),
        "opened",
    ),
    "png, 15 flat megapixels of 16 bits": (
        lambda: png((3900, 3900), flat_rows(3900, 3900, 16), depth=16, colour=0),
        "opened",
    ),
    "png, zTXt bomb": (
        lambda: small_png(
            b"".join(chunk(b"zTXt", b"%d\0\0" % i + zlib.compress(bytes(10**6))) for i in range(70))
        ),
        "damaged",
    ),
    "png, iTXt bomb": (lambda: small_png(wide_text()), "damaged"),
    "png, iCCP bomb": (
        lambda: small_png(chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(10**8), 9))),
        "damaged",
    ),
    "png, a million empty chunks": (lambda: small_png(chunk(b"prVt") * 1_600_000), "damaged"),
    "png, a million empty pieces": (lambda: small_png(chunk(b"IDAT") * 1_600_000), "damaged"),
    "png, EXIF of 18 MB": (lambda: small_png(chunk(b"eXIf", big_exif())), "opened"),
    "webp, EXIF of 18 MB": (lambda: encoded(quadrants(), "WEBP", exif=big_exif()), "opened"),
    "heic, EXIF of 18 MB": (lambda: encoded(quadrants(), "HEIF", exif=big_exif()), "opened"),
    "jpeg, EXIF of 16 MB": (lambda: jpeg_with(*resolution_exif()), "damaged"),
    "jpeg, five million markers": (lambda: jpeg_with(b"", times=4_900_000), "damaged"),
    "jpeg, ten thousand scans": (scan_bomb, "damaged"),
    "gif, huge screen": (lambda: gif((65_535, 65_535), (8, 8)), "too_many_pixels"),
    "gif, huge frame": (lambda: gif((8, 8), (65_535, 2_700)), "too_many_pixels"),
    "gif, ten million comments": (
        lambda: gif((8, 8), (8, 8), b"!\xfe" + b"\1." * 9_900_000 + b"\0"),
        "damaged",
    ),
    "webp, 3 flat megapixels": (
        lambda: encoded(Image.new("RGB", (1900, 1900), RED), "WEBP", lossless=True),
        "opened",
    ),
    "webp, 12 flat megapixels": (
        lambda: encoded(Image.new("RGB", (4000, 3000), RED), "WEBP", lossless=True),
        "too_many_pixels",
    ),
    "avif, 9 flat megapixels": (
        lambda: encoded(Image.new("L", (3000, 3000)), "AVIF", speed=10),
        "too_many_pixels",
    ),
    "avif, 49 megapixels in a small header": (lambda: lying("AVIF", 7000), "opened"),
    "heic, a megapixel in a small header": (lambda: lying("HEIF", 1000), "damaged"),
    "heic, 5 flat megapixels": (
        lambda: encoded(Image.new("L", (2500, 2000)), "HEIF"),
        "too_many_pixels",
    ),
    "bmp, 15 megapixels of nothing": (lambda: bmp((3900, 3900), bytes(500_000)), "damaged"),
    "bmp, ten million empty runs": (
        lambda: bmp((3900, 3900), bytes(19_800_000), bits=8, compression=1),
        "too_many_pixels",
    ),
    "tiff, five million strips": (strip_bomb, "damaged"),
    "tiff, huge tile": (tile_bomb, "damaged"),
    "tiff, huge EXIF": (tiff_with_far_exif, "opened"),
    "tiff, circular": (circular_tiff, "opened"),
}

# Reads each file named, and says for each what became of it and by how many bytes memory grew.
WATCHER = """
import json, pathlib, re, sys
from classifier.images.decode import decode_photo
from classifier.types import PhotoError

def memory(key):
    status = pathlib.Path("/proc/self/status").read_text()
    return 1024 * int(re.search(key + r":\\s+(\\d+)", status)[1])

def outcome(data):
    try:
        decode_photo(data, 224)
    except PhotoError as error:
        return error.reason
    return "opened"

outcome(pathlib.Path(sys.argv[1]).read_bytes())
for path in sys.stdin.read().splitlines():
    data = pathlib.Path(path).read_bytes()
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # forgets the peak until now
    before = memory("VmRSS")
    print(json.dumps([outcome(data), memory("VmHWM") - before]), flush=True)
"""


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, int]]:
    """What became of each hostile file in a process of its own, and how far memory had grown."""
    if sys.platform != "linux":
        pytest.skip("only Linux forgets a process's peak of memory on request")
    folder = tmp_path_factory.mktemp("hostile")
    innocent = folder / "innocent"
    innocent.write_bytes(encoded(quadrants(), "PNG"))
    paths = []
    for number, (write, _) in enumerate(HOSTILE.values()):
        paths.append(folder / str(number))
        paths[-1].write_bytes(write())
    process = subprocess.run(
        [sys.executable, "-c", WATCHER, str(innocent)],
        input="\n".join(map(str, paths)),
        stdout=subprocess.PIPE,
        cwd=PROJECT,
        text=True,
        timeout=100,
        check=True,
    )
    answers = map(json.loads, process.stdout.splitlines())
    for path in paths:
        path.unlink()
    return dict(zip(HOSTILE, map(tuple, answers), strict=True))


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.slow
def test_a_hostile_file_takes_no_hundred_megabytes(
    name: str, watched: dict[str, tuple[str, int]]
) -> None:
    outcome, growth = watched[name]
    assert outcome == HOSTILE[name][1]
    assert growth < 100_000_000


# Damage.


def small_files() -> dict[str, bytes]:
    picture = draw_olaf((40, 30))
    files = {format_: encoded(picture, format_) for format_ in FORMATS}
    files["JPEG, progressive"] = encoded(picture, "JPEG", progressive=True, exif=exif(6))
    files["PNG, palette"] = encoded(cut_out((40, 30)).quantize(16), "PNG", exif=exif(3))
    files["TIFF, LZW"] = encoded(picture, "TIFF", compression="tiff_lzw", exif=exif(5))
    files["GIF, animated"] = several("GIF")
    files["WEBP, animated"] = several("WEBP")
    files["BMP, runs"] = bmp((40, 30), b"\x28\x80\0\0" * 30, bits=8, compression=1)
    files["MPO"] = several("MPO")
    return files


SMALL_FILES = small_files()


@pytest.mark.parametrize("name", SMALL_FILES)
def test_a_file_cut_off_anywhere_is_refused_or_opened(name: str) -> None:
    data = SMALL_FILES[name]
    for end in range(1, len(data), 10):
        picture_or_refusal(data[:end])
    with pytest.raises(PhotoError):
        decode_photo(data[: len(data) // 4])


@given(st.binary(max_size=2000))
def test_random_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(PhotoError):
        decode_photo(data)


@pytest.mark.parametrize("name", SMALL_FILES)
def test_random_content_after_a_true_beginning_is_refused_or_opened(name: str) -> None:
    chance = random.Random(name)
    data = SMALL_FILES[name]
    for length in (4, 8, 12, 16, 24, 32, 64, 128):
        picture_or_refusal(data[:length] + chance.randbytes(500))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(
        st.tuples(st.integers(min_value=0), st.binary(min_size=1, max_size=4)),
        min_size=1,
        max_size=8,
    )
)
@pytest.mark.parametrize("name", SMALL_FILES)
def test_a_file_changed_anywhere_is_refused_or_opened(
    name: str, changes: list[tuple[int, bytes]]
) -> None:
    data = bytearray(SMALL_FILES[name])
    for place, content in changes:
        start = place % len(data)
        data[start : start + len(content)] = content
    picture_or_refusal(bytes(data))


# What is shown to others.


@pytest.mark.parametrize(
    "write",
    [
        lambda: encoded(draw_olaf((400, 300)), "JPEG", exif=exif(1), comment=b"at home"),
        lambda: encoded(draw_olaf((400, 300)).convert("CMYK"), "JPEG"),
        lambda: encoded(cut_out((400, 300)), "PNG"),
        lambda: encoded(draw_olaf((400, 300)), "HEIF"),
        lambda: encoded(sixteen_bits(draw_olaf((400, 300))), "PNG"),
        lambda: several("GIF"),
    ],
    ids=["jpeg", "cmyk", "alpha", "heic", "16 bits", "gif"],
)
@pytest.mark.parametrize("side", [32, 150, 1000])
def test_a_photo_for_others_is_a_small_jpeg(write: Callable[[], bytes], side: int) -> None:
    original = decode_photo(write(), side=1000)
    data, width, height = small_copy(write(), side)
    shown = Image.open(io.BytesIO(data))
    assert (shown.format, shown.mode, shown.size) == ("JPEG", "RGB", (width, height))
    assert max(width, height) == min(side, max(original.size))
    assert abs(width / height - 4 / 3) < 0.05


def test_a_photo_for_others_keeps_nothing_but_pixels() -> None:
    block = exif(6)
    block[ExifTags.Base.Make] = "Secretcam"
    block.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSMapDatum] = "Secrethouse"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for format_ in ("JPEG", "WEBP", "PNG", "TIFF"):
        original = encoded(
            quadrants(),
            format_,
            exif=block,
            comment=b"Secretcomment",
            icc_profile=profile,
            xmp=b"<x:xmpmeta>Secretplace</x:xmpmeta>",
        )
        assert b"Secret" in original
        data, width, height = small_copy(original, 64)
        shown = Image.open(io.BytesIO(data))
        assert (width, height) == (48, 64)
        assert b"Secret" not in data
        assert not shown.getexif()
        assert not shown.info.keys() & {"exif", "icc_profile", "comment", "xmp", "photoshop"}


def test_a_photo_that_is_opened_brings_nothing_along() -> None:
    for data in (
        encoded(quadrants(), "JPEG", comment=b"at home", exif=exif(1)),
        encoded(quadrants(), "GIF", comment=b"at home"),
    ):
        assert not decode_photo(data).info


def test_what_cannot_be_shown_is_refused_as_it_would_be_opened() -> None:
    with pytest.raises(UnreadablePhoto):
        small_copy(b"nothing", 100)
    with pytest.raises(TooLarge):
        small_copy(claiming("PNG", 30_000), 100)


# Helpers.


def small_copy(data: bytes, side: int) -> tuple[bytes, int, int]:
    preview = look_at(data, Wanted(preview=side)).preview
    assert preview is not None
    return preview.jpeg, preview.width, preview.height


def picture_or_refusal(data: bytes) -> None:
    """Open a photo; anything but an RGB picture or a PhotoError fails the test."""
    try:
        picture = decode_photo(data, 16)
    except PhotoError as refused:
        assert str(refused).endswith(".")  # noqa: PT017
    else:
        assert picture.mode == "RGB"


def pixel(picture: Image.Image, x: float, y: float) -> tuple[int, ...]:
    value = picture.getpixel((int(x * picture.width), int(y * picture.height)))
    assert isinstance(value, tuple)
    return value


def assert_close(found: tuple[int, ...], expected: tuple[int, ...], tolerance: int = 24) -> None:
    apart = [abs(a - b) for a, b in zip(found, expected, strict=True)]
    assert max(apart) <= tolerance, f"{found} where {expected} was drawn"


def assert_quadrants(picture: Image.Image, expected: Image.Image) -> None:
    for x, y in QUADRANTS:
        assert_close(pixel(picture, x, y), pixel(expected, x, y))


def as_the_sensor_saw(upright: Image.Image, orientation: int) -> Image.Image:
    """Return the picture as a camera stores it that was held so that EXIF says `orientation`."""
    rounds = Image.Transpose
    backwards = {
        2: rounds.FLIP_LEFT_RIGHT,
        3: rounds.ROTATE_180,
        4: rounds.FLIP_TOP_BOTTOM,
        5: rounds.TRANSPOSE,
        6: rounds.ROTATE_90,
        7: rounds.TRANSVERSE,
        8: rounds.ROTATE_270,
    }
    return upright.transpose(backwards[orientation]) if orientation in backwards else upright


def noisy(width: int, height: int) -> Image.Image:
    """Return the quadrants with some noise, as a photo has."""
    noise = Image.effect_noise((width // 4, height // 4), 12).resize((width, height))
    return ImageChops.add(quadrants((width, height)), noise.convert("RGB"), offset=-128)

"""The pictures that the tests show: all drawn here, and the files made of them."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import pillow_heif
from PIL import ExifTags, Image, ImageDraw

pillow_heif.register_heif_opener()

Colour = tuple[int, int, int]
# Of a TIFF: tag -> type, count, and the value or the bytes of the values.
Tags = Mapping[int, tuple[int, int, int | bytes]]

RED, GREEN, BLUE, SNOW = (205, 45, 40), (40, 150, 70), (45, 70, 190), (240, 244, 250)
# Where the middle of each quadrant is, in parts of the width and the height, and its colour.
QUADRANTS: dict[tuple[float, float], Colour] = {
    (0.25, 0.25): RED,
    (0.75, 0.25): GREEN,
    (0.25, 0.75): BLUE,
    (0.75, 0.75): SNOW,
}


def draw_olaf(size: tuple[int, int] = (320, 240)) -> Image.Image:
    """Draw a cheerful snowman of three balls: a carrot for a nose, sticks for arms and hair."""
    picture, pen, unit = _canvas(size, sky=(120, 175, 225), ground=(225, 235, 245))
    for y, radius in ((7.9, 1.8), (5.5, 1.3), (3.2, 1.1)):
        pen.ellipse(unit(5 - radius, y - radius, 5 + radius, y + radius), fill=SNOW)
    for from_x, to_x in ((3.8, 1.6), (6.2, 8.4)):
        pen.line(unit(from_x, 5.2, to_x, 3.9), fill=(90, 60, 35), width=max(1, size[1] // 50))
    for x in (4.7, 5.0, 5.3):
        pen.line(unit(5, 2.2, x, 1.2), fill=(90, 60, 35), width=max(1, size[1] // 80))
    for x in (4.6, 5.4):
        pen.ellipse(unit(x - 0.2, 2.6, x + 0.2, 3.0), fill=(25, 25, 30))
    pen.polygon(unit(4.9, 3.1, 4.9, 3.5, 6.6, 3.4), fill=(240, 125, 30))
    pen.chord(unit(4.4, 3.2, 5.6, 4.0), 20, 160, fill=(60, 30, 40))
    for y in (5.3, 7.2, 8.2):
        pen.ellipse(unit(4.85, y, 5.15, y + 0.3), fill=(40, 40, 45))
    return picture


def draw_yeti(size: tuple[int, int] = (320, 240)) -> Image.Image:
    """Draw a huge, grim figure of ice with spikes, heavy arms and dark eyes, at night."""
    picture, pen, unit = _canvas(size, sky=(40, 50, 85), ground=(150, 175, 205))
    ice, shade = (205, 225, 240), (150, 180, 210)
    pen.polygon(unit(2.2, 9.6, 2.6, 3.6, 4, 2, 6, 2, 7.4, 3.6, 7.8, 9.6), fill=ice)
    for x in (2.4, 3.4, 5.6, 6.6):
        pen.polygon(unit(x, 4, x + 0.5, 1.6, x + 1, 4), fill=shade)
    for left in (0.9, 7.4):
        pen.polygon(unit(left, 8.4, left + 0.3, 4, left + 1.4, 4, left + 1.7, 8.4), fill=shade)
    for x in (4.2, 5.3):
        pen.ellipse(unit(x, 3, x + 0.6, 3.5), fill=(15, 15, 25))
    pen.polygon(unit(3.9, 4.4, 6.1, 4.4, 5.6, 5.2, 4.4, 5.2), fill=(25, 20, 40))
    for x in (4.1, 4.7, 5.3):
        pen.polygon(unit(x, 4.4, x + 0.4, 4.4, x + 0.2, 4.9), fill=SNOW)
    return picture


def everyday(size: tuple[int, int] = (320, 240)) -> Image.Image:
    """Draw what is no snow person at all: a house in a meadow, with a red roof."""
    picture, pen, unit = _canvas(size, sky=(140, 190, 235), ground=(95, 150, 65))
    pen.rectangle(unit(2.5, 4.5, 7.5, 8.5), fill=(225, 200, 150))
    pen.polygon(unit(2, 4.5, 5, 2, 8, 4.5), fill=(170, 55, 45))
    pen.rectangle(unit(4.4, 6.3, 5.4, 8.5), fill=(105, 70, 45))
    pen.ellipse(unit(8.2, 0.6, 9.4, 1.8), fill=(250, 220, 90))
    return picture


def draw_ellipses(seed: int, mode: str = "RGB") -> Image.Image:
    """Draw a few large ellipses, unlike those of any other seed; RGBA leaves the rest clear."""
    chance = random.Random(seed)
    picture = Image.new(mode, (96, 80), 0 if mode == "RGBA" else (90, 120, 150))
    pen = ImageDraw.Draw(picture)
    for _ in range(6):
        x, y = chance.randrange(80), chance.randrange(60)
        colour = (chance.randrange(256), chance.randrange(256), chance.randrange(256))
        pen.ellipse((x, y, x + chance.randrange(10, 50), y + chance.randrange(10, 50)), fill=colour)
    return picture


def quadrants(size: tuple[int, int] = (64, 48)) -> Image.Image:
    """Draw a quarter each of red, green, blue and snow: each corner tells where it was."""
    picture = Image.new("RGB", size)
    for (x, y), colour in QUADRANTS.items():
        left, top = int(x * 2) * size[0] // 2, int(y * 2) * size[1] // 2
        picture.paste(colour, (left, top, left + size[0] // 2, top + size[1] // 2))
    return picture


def cut_out(size: tuple[int, int] = (64, 48), hidden: Colour = (0, 0, 0)) -> Image.Image:
    """Draw a snowball with soft edges on a transparent ground of a hidden colour."""
    large = Image.new("L", (size[0] * 4, size[1] * 4))
    radius = min(large.size) // 3
    middle = large.width // 2, large.height // 2
    ImageDraw.Draw(large).circle(middle, radius, fill=255)
    alpha = large.resize(size, Image.Resampling.BOX)
    picture = Image.new("RGB", size, hidden)
    picture.paste(SNOW, mask=alpha.point([255 * (value > 0) for value in range(256)]))
    picture.putalpha(alpha)
    return picture


def encoded(picture: Image.Image, format_: str, **options: Any) -> bytes:
    """Return the bytes of a picture's file; options are those of Pillow's save."""
    file = io.BytesIO()
    picture.save(file, format_, **options)
    return file.getvalue()


def exif(orientation: int) -> Image.Exif:
    """Return an EXIF block that says how the camera was held."""
    block = Image.Exif()
    block[ExifTags.Base.Orientation] = orientation
    return block


def png(
    size: tuple[int, int],
    rows: bytes,
    *,
    depth: int = 8,
    colour: int = 2,
    before: bytes = b"",
    ending: bytes | None = None,
) -> bytes:
    """Put a PNG together by hand: rows are zlib-packed, with a filter byte before each row."""
    header = struct.pack(">IIBBBBB", *size, depth, colour, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            before,
            chunk(b"IDAT", rows),
            chunk(b"IEND") if ending is None else ending,
        )
    )


def chunk(kind: bytes, content: bytes = b"") -> bytes:
    """Return a chunk of a PNG."""
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def flat_rows(width: int, height: int, bits: int = 24) -> bytes:
    """Return the packed rows of a PNG of a single colour: a thousand times smaller than flat."""
    packer = zlib.compressobj(9)
    row = bytes(1 + (width * bits + 7) // 8)
    return b"".join([*(packer.compress(row) for _ in range(height)), packer.flush()])


def tiff(tags: Tags, body: bytes = b"") -> bytes:
    """Put a little-endian TIFF together by hand; the body, at offset 8, precedes the tags."""
    directory = 8 + len(body)
    rest = directory + 2 + 12 * len(tags) + 4
    entries, values = b"", b""
    for tag, (kind, count, value) in sorted(tags.items()):
        entries += struct.pack("<HHI", tag, kind, count)
        if isinstance(value, int):
            entries += struct.pack("<I", value)
        else:
            entries += struct.pack("<I", rest + len(values))
            values += value
    head = b"II*\0" + struct.pack("<I", directory) + body + struct.pack("<H", len(tags))
    return head + entries + bytes(4) + values


def grey_tiff(size: tuple[int, int], tags: Tags, body: bytes = b"") -> bytes:
    """Put an eight-bit grey TIFF together by hand, of the given tags besides the usual ones."""
    usual: Tags = {
        256: (4, 1, size[0]),
        257: (4, 1, size[1]),
        258: (3, 1, 8),
        259: (3, 1, 1),
        262: (3, 1, 1),
        277: (3, 1, 1),
    }
    return tiff({**usual, **tags}, body)


def bmp(size: tuple[int, int], body: bytes, *, bits: int = 24, compression: int = 0) -> bytes:
    """Put a BMP together by hand; one of eight bits has a palette of 256 greys."""
    palette = b"".join(bytes((grey, grey, grey, 0)) for grey in range(256)) if bits == 8 else b""
    colours = len(palette) // 4
    return b"".join(
        (
            b"BM" + struct.pack("<IHHI", 0, 0, 0, 54 + len(palette)),
            struct.pack("<IiiHHIIIIII", 40, *size, 1, bits, compression, 0, 0, 0, colours, 0),
            palette,
            body,
        )
    )


def gif(screen: tuple[int, int], frame: tuple[int, int], before: bytes = b"") -> bytes:
    """Put a GIF together by hand, of a frame that is disposed of and whose pixels end at once."""
    return b"".join(
        (
            b"GIF89a" + struct.pack("<HHBBB", *screen, 0x80, 0, 0) + bytes(6),
            before,
            b"!\xf9\x04\x08\0\0\0\0",
            b"," + struct.pack("<HHHHB", 0, 0, *frame, 0),
            b"\x02\x02\x44\x01\x00;",
        )
    )


def _canvas(
    size: tuple[int, int], sky: Colour, ground: Colour
) -> tuple[Image.Image, ImageDraw.ImageDraw, Callable[..., list[float]]]:
    """Return a picture, a pen for it, and a scale from tenths of its sides to its pixels."""
    picture = Image.new("RGB", size, sky)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, size[1] * 7 // 10, *size), fill=ground)

    def unit(*tenths: float) -> list[float]:
        return [value * size[i % 2] / 10 for i, value in enumerate(tenths)]

    return picture, pen, unit


def jpeg_with(*segments: bytes, times: int = 1) -> bytes:
    """Return a small JPEG with further application segments in front."""
    data = encoded(quadrants(), "JPEG")
    marked = (b"\xff\xe1" + struct.pack(">H", 2 + len(segment)) + segment for segment in segments)
    return data[:2] + b"".join(marked) * times + data[2:]

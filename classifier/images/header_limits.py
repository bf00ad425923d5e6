"""Limit what the header of a hostile file can cost whoever reads it.

Pixels are capped in decode.py. These are the caps for what stands before and between the pixels:
without them, 20 MB of header become more than a gigabyte of Python objects, or half a minute.
"""

from __future__ import annotations

import io
import re
import struct

from PIL import PngImagePlugin

from classifier.images.profiles import MAX_PROFILE_BYTES
from classifier.types import UnreadablePhoto

# Pillow reads a header piece by piece. A real photo takes a few thousand reads, a file of a million
# empty chunks, markers or comments several for each of them.
MAX_READS = 500_000
# Encoders write ten or so progressive scans. Each one visits every block again, for a few bytes.
MAX_SCANS = 100
# Cameras write one; several are joined into one, and are 64 KB each.
MAX_EXIF_SEGMENTS = 16
MAX_EXIF_BYTES = MAX_EXIF_SEGMENTS * 65536
# A value of a TIFF tag takes 4 bytes of file and up to 400 of memory. Photos have a few thousand.
MAX_TIFF_VALUES = 65_536
# A tile is decoded whole, even where most of it lies outside of the picture. 512 x 512 is common.
MAX_TILE_PIXELS = 4_000_000

# The text chunks of a PNG unpack to four times as much memory as this, at the worst.
PngImagePlugin.MAX_TEXT_MEMORY = 4 * 1024 * 1024

# A photo has some dozens of segments, also in a progressive JPEG; a file of many more has no end.
MAX_SEGMENTS = 10_000

SCAN = re.compile(rb"\xff\xda\x00[\x08\x0a\x0c\x0e][\x01-\x04]")
# What begins a segment of a JPEG, or ends it: whatever is not part of its coded pixels.
MARKER = re.compile(rb"\xff[\x02-\xcf\xd8-\xfe]")
START_OF_IMAGE, END_OF_IMAGE = 0xD8, 0xD9
TIFF_HEADERS = {b"II*\0": "<", b"II\0*": "<", b"MM\0*": ">", b"MM*\0": ">"}
BIG_TIFF_HEADERS = (b"II+\0", b"II\0+", b"MM\0+", b"MM+\0")
# The TIFF tags that describe pixels: size, layout, compression, colours, orientation.
TIFF_TAGS = frozenset(
    (
        *(*range(256, 260), 262, 266, 273, 274, *range(277, 280), 284, 292, 293, 317, 320),
        *(*range(322, 326), 338, 339, 347, *range(512, 522), *range(529, 533)),
    )
)
TILE_WIDTH, TILE_LENGTH = 322, 323
# Bytes, of which Pillow makes one object.
PROFILE, PLAIN_BYTES = 34675, (1, 7)


class LimitedFile(io.BytesIO):
    """A file in memory that can be read only so many times."""

    _reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as any file does; raise UnreadablePhoto after MAX_READS of it."""
        self._reads += 1
        if self._reads > MAX_READS:
            raise UnreadablePhoto("damaged")
        return super().read(size)


def without_trailer(data: bytes) -> bytes:
    """Return a JPEG without what comes behind its end: a video, say, or more pictures.

    Args:
        data: The whole file, of whatever format; any other, and one without an end, stays as it is.
    """
    if not data.startswith(b"\xff\xd8\xff"):
        return data
    at = 2
    for _ in range(MAX_SEGMENTS):
        found = MARKER.search(data, at)
        if found is None:
            break
        marker, at = data[found.end() - 1], found.end()
        if marker == END_OF_IMAGE:
            return data[:at]
        if marker != START_OF_IMAGE:
            at += int.from_bytes(data[at : at + 2], "big")
    return data


def limited(data: bytes) -> LimitedFile:
    """Return a file that Pillow can open in bounded time and memory, as far as headers go.

    Args:
        data: The whole file, of whatever origin.

    Raises:
        UnreadablePhoto: When the header exceeds a limit.
        struct.error: When the header makes no sense.
    """
    head = data[:4]
    if head in BIG_TIFF_HEADERS:  # made for files over 4 GB
        raise UnreadablePhoto("not_a_picture")
    if head in TIFF_HEADERS:
        return LimitedFile(_with_pixel_tags_only(data, TIFF_HEADERS[head]))
    if head.startswith(b"\xff\xd8\xff"):
        scans = sum(1 for _ in SCAN.finditer(data))
        if scans > MAX_SCANS or data.count(b"Exif\0\0") > MAX_EXIF_SEGMENTS:
            raise UnreadablePhoto("damaged")
    return LimitedFile(data)


def _with_pixel_tags_only(data: bytes, order: str) -> bytes:
    """Return a TIFF with a new first directory that holds TIFF_TAGS only, and no second one."""
    (directory,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, directory)
    entries = []
    tile = {TILE_WIDTH: 1, TILE_LENGTH: 1}
    for start in range(directory + 2, directory + 2 + 12 * count, 12):
        tag, kind, values = struct.unpack_from(order + "HHI", data, start)
        is_profile = tag == PROFILE and kind in PLAIN_BYTES and values <= MAX_PROFILE_BYTES
        if tag not in TIFF_TAGS and not is_profile:
            continue
        if values > MAX_TIFF_VALUES and not is_profile:
            raise UnreadablePhoto("damaged")
        if tag in tile:
            (tile[tag],) = struct.unpack_from(order + ("H" if kind == 3 else "I"), data, start + 8)
        entries.append(data[start : start + 12])
    if tile[TILE_WIDTH] * tile[TILE_LENGTH] > MAX_TILE_PIXELS:
        raise UnreadablePhoto("damaged")
    padding = b"\0" * (len(data) % 2)  # directories start at even offsets
    return b"".join(
        (
            data[:4],
            struct.pack(order + "I", len(data) + len(padding)),
            data[8:],
            padding,
            struct.pack(order + "H", len(entries)),
            *entries,
            struct.pack(order + "I", 0),
        )
    )

"""What an HEIC or AVIF file would have decoded, however small the face that it shows.

Such a file is a box of boxes (ISO/IEC 14496-12 and 23008-12): a picture may be a grid of others, of
any size, and an AV1 picture may be larger than its box says. Decoders find out while they decode.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache

# Items that are made of others: nothing is decoded for themselves.
DERIVED = (b"grid", b"iovl", b"iden", b"tmap")
# Phones' files have some hundred boxes, of a depth of three.
MAX_ITEMS = 4096

Box = tuple[bytes, bytes]


def coded_pixels(data: bytes) -> int:
    """Return how many pixels are decoded for a file's picture, with all that it is made of.

    Args:
        data: The whole file.

    Raises:
        ValueError, struct.error, IndexError, KeyError: The boxes make no sense.
    """
    (meta,) = (content for kind, content in _boxes(data) if kind == b"meta")
    found: dict[bytes, bytes] = dict(_boxes(meta[4:]))
    properties: dict[bytes, bytes] = dict(_boxes(found[b"iprp"]))
    areas = [
        _product(struct.unpack_from(">II", content, 4)) if kind == b"ispe" else 0
        for kind, content in _boxes(properties[b"ipco"])
    ]
    kinds = dict(_items(found[b"iinf"]))
    pixels = {
        item: max((areas[index - 1] for index in indexes if index), default=0)
        for item, indexes in _associations(properties[b"ipma"])
    }
    for item, start in _places(found[b"iloc"]):
        if kinds.get(item) == b"av01":
            pixels[item] = max(pixels.get(item, 0), _av1_pixels(data[start : start + 256]))
    parts = dict(_parts(found.get(b"iref", b"")))
    under_way: set[int] = set()

    @cache
    def cost(item: int) -> int:
        if kinds.get(item) not in DERIVED:
            return pixels.get(item, 0)
        if item in under_way:
            raise ValueError("a picture is made of itself")
        under_way.add(item)
        return sum(map(cost, parts.get(item, ())))

    primary = found[b"pitm"]
    return cost(int.from_bytes(primary[4:], "big"))


def _boxes(data: bytes) -> Iterator[Box]:
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        start = at + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, start)
            start += 8
        end = at + size if size else len(data)
        if end < start:
            raise ValueError("a box ends before it begins")
        yield kind, data[start:end]
        at = end


def _items(iinf: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the number of each item, and its kind."""
    for kind, content in _boxes(iinf[6 if iinf[0] == 0 else 8 :]):
        if kind == b"infe" and content[0] >= 2:
            form = ">H2x4s" if content[0] == 2 else ">I2x4s"
            number, of = struct.unpack_from(form, content, 4)
            yield number, of


def _parts(iref: bytes) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yield the number of each item that is made of others, and theirs."""
    size = "I" if iref[:1] == b"\1" else "H"
    for kind, content in _boxes(iref[4:]):
        if kind == b"dimg":
            number, count = struct.unpack_from(f">{size}H", content)
            yield (
                number,
                struct.unpack_from(f">{count}{size}", content, struct.calcsize(f">{size}H")),
            )


def _associations(ipma: bytes) -> Iterator[tuple[int, list[int]]]:
    """Yield the number of each item, and its properties' places, from 1 on."""
    wide_number, wide_index = ipma[0] >= 1, ipma[3] & 1
    (count,) = struct.unpack_from(">I", ipma, 4)
    at = 8
    for _ in range(_bounded(count)):
        (number,) = struct.unpack_from(">I" if wide_number else ">H", ipma, at)
        at += 4 if wide_number else 2
        width = 2 if wide_index else 1
        end = at + 1 + ipma[at] * width
        raw = struct.unpack_from(f">{ipma[at]}{'H' if wide_index else 'B'}", ipma, at + 1)
        yield number, [value & (0x7FFF if wide_index else 0x7F) for value in raw]
        at = end


def _places(iloc: bytes) -> Iterator[tuple[int, int]]:
    """Yield the number of each item that lies in the file itself, and where it begins."""
    version, sizes = iloc[0], struct.unpack_from(">H", iloc, 4)[0]
    offset, length, base, index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    reader = _Reader(iloc, 6)
    for _ in range(_bounded(reader.number(4 if version == 2 else 2))):
        item = reader.number(4 if version == 2 else 2)
        method = reader.number(2) & 15 if version else 0
        reader.number(2)
        start = reader.number(base)
        for extent in range(_bounded(reader.number(2))):
            reader.number(index if version else 0)
            place = start + reader.number(offset)
            reader.number(length)
            if method == 0 and extent == 0:
                yield item, place


class _Reader:
    """Reads numbers of so many bytes, one after another."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data, self._at = data, at

    def number(self, size: int) -> int:
        """Return the next number; raise IndexError where there is no more."""
        end = self._at + size
        if end > len(self._data):
            raise IndexError("a box is too short")
        value = int.from_bytes(self._data[self._at : end], "big")
        self._at = end
        return value


def _av1_pixels(data: bytes) -> int:
    """Return the size of an AV1 stream's frames, in pixels; 0 where it does not begin with it.

    That is in its sequence header (AV1 specification, 5.5.1).
    """
    at = 0
    while at < len(data):
        kind, has_extension, has_size = data[at] >> 3 & 15, data[at] & 4, data[at] & 2
        at += 2 if has_extension else 1
        if kind == 1:
            start = at + (_leb128_length(data, at) if has_size else 0)
            return _sequence_pixels(data[start:])
        if not has_size:
            return 0
        size = _leb128(data, at)
        at += _leb128_length(data, at) + size
    return 0


def _sequence_pixels(header: bytes) -> int:
    bits = _Bits(header)
    bits.take(4)
    if bits.take(1):  # a still picture with a short header
        bits.take(5)
    else:
        if bits.take(1):  # timing, which no picture has
            return 0
        has_delay = bits.take(1)
        for _ in range(bits.take(5) + 1):
            bits.take(12)
            if bits.take(5) > 7:
                bits.take(1)
            if has_delay and bits.take(1):
                bits.take(4)
    width, height = bits.take(4) + 1, bits.take(4) + 1
    return (bits.take(width) + 1) * (bits.take(height) + 1)


class _Bits:
    """Takes bits off the front of some bytes."""

    def __init__(self, data: bytes) -> None:
        self._value, self._left = int.from_bytes(data, "big"), 8 * len(data)

    def take(self, count: int) -> int:
        """Return the next number of so many bits; raise IndexError where there are no more."""
        self._left -= count
        if self._left < 0:
            raise IndexError("a sequence header is too short")
        return self._value >> self._left & (1 << count) - 1


def _leb128(data: bytes, at: int) -> int:
    length = _leb128_length(data, at)
    return sum((data[at + place] & 127) << 7 * place for place in range(length))


def _leb128_length(data: bytes, at: int) -> int:
    length = 1
    while data[at + length - 1] & 128:
        length += 1
    return length


def _bounded(count: int) -> int:
    if count > MAX_ITEMS:
        raise ValueError("there are too many items")
    return count


def _product(sides: tuple[int, int]) -> int:
    return sides[0] * sides[1]

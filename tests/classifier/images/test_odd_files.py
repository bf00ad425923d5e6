"""Files that are dearer than they look, and files that are better than they look."""

from __future__ import annotations

import io
import struct
from contextlib import suppress

import pytest
from PIL import Image, ImageCms, ImageDraw

from classifier import PhotoError, TooLarge, UnreadablePhoto
from classifier.images.decode import MAX_CODED_PIXELS, SCAN_OF_ONE, decode_photo
from classifier.images.heif_limits import coded_pixels
from classifier.images.profiles import MAX_PROFILE_BYTES
from classifier.types import HugePhoto
from tests.support.pictures import draw_olaf, encoded


def noisy(size: tuple[int, int]) -> Image.Image:
    picture = draw_olaf(size)
    picture.paste(Image.effect_noise((size[0], size[1] // 4), 60), (0, 3 * size[1] // 4))
    return picture


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("size", [(97, 61), (640, 480)])
def test_a_jpeg_without_its_end_mark_is_opened_and_one_that_stops_is_not(
    size: tuple[int, int], progressive: bool
) -> None:
    whole = encoded(noisy(size), "JPEG", quality=90, progressive=progressive)
    assert decode_photo(whole[:-2], 32).tobytes() == decode_photo(whole, 32).tobytes()
    if not progressive:  # of those only details are missing after the first scan
        for kept in (0.5, 0.9):
            with pytest.raises(UnreadablePhoto, match="incomplete"):
                decode_photo(whole[: int(kept * len(whole))], 32)


@pytest.mark.parametrize("format_", ["GIF", "WEBP", "PNG"])
def test_an_animation_is_seen_by_its_first_frame_that_shows_something(format_: str) -> None:
    nothing, olaf = Image.new("RGBA", (120, 90)), draw_olaf((120, 90)).convert("RGBA")
    other = Image.new("RGBA", (120, 90), "red")
    ImageDraw.Draw(other).ellipse((10, 10, 60, 60), "blue")
    out = io.BytesIO()
    nothing.save(out, format_, save_all=True, append_images=[nothing, olaf, other], duration=99)
    shown = decode_photo(out.getvalue()).convert("L").resize((12, 9))
    expected = decode_photo(encoded(olaf, "PNG")).convert("L").resize((12, 9))
    pairs = zip(shown.get_flattened_data(), expected.get_flattened_data(), strict=True)
    assert max(abs(one - two) for one, two in pairs) < 40  # type: ignore[operator]


def test_an_animation_that_shows_nothing_is_opened_as_it_is() -> None:
    out = io.BytesIO()
    red, blue = (Image.new("RGB", (30, 20), colour) for colour in ("red", "blue"))
    red.save(out, "GIF", save_all=True, append_images=[blue])
    assert decode_photo(out.getvalue()).getpixel((5, 5)) == (255, 0, 0)


def run_length_bmp(side: int) -> bytes:
    """Return a BMP of 8 bits a pixel, run-length coded, whose rows are all of one colour."""
    row = b"".join(bytes((min(255, side - x), 1)) for x in range(0, side, 255)) + b"\0\0"
    pixels = row * side + b"\0\1"
    palette = bytes((0, 0, 0, 0, 200, 100, 50, 0)) + bytes(4 * 254)
    start = 14 + 40 + len(palette)
    info = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, 1, len(pixels), 0, 0, 256, 0)
    head = struct.pack("<2sIHHI", b"BM", start + len(pixels), 0, 0, start)
    return head + info + palette + pixels


def test_a_run_length_coded_bmp_is_opened_unless_it_would_take_seconds() -> None:
    assert decode_photo(run_length_bmp(300)).getpixel((7, 7)) == (50, 100, 200)
    with pytest.raises(TooLarge):
        decode_photo(run_length_bmp(3000))


def test_a_jpeg_whose_colours_come_one_after_another_is_huge_sooner() -> None:
    plain = encoded(Image.new("RGB", (3000, 3000), "red"), "JPEG")
    assert decode_photo(plain, 8, huge=False).width < 1000
    apart = plain.replace(b"\xff\xdb", b"\xff\xfe\0\x08" + SCAN_OF_ONE + b"\0" + b"\xff\xdb", 1)
    with pytest.raises(HugePhoto):
        decode_photo(apart, 8, huge=False)


# Files of boxes.


@pytest.mark.parametrize("progressive", [False, True])
def test_what_comes_behind_a_jpeg_counts_to_no_cap(progressive: bool) -> None:
    # Nor does an end mark in a comment, or in a small picture inside, end it.
    options = {"comment": b"\xff\xd9 and on", "progressive": progressive}
    photo = encoded(noisy((900, 700)), "JPEG", **options)
    plain = encoded(Image.new("RGB", (3000, 3000), "red"), "JPEG")
    many_scans = SCAN_OF_ONE + b"\1\1\0\0\0\0"
    for behind in (
        b"\0\0\0\x18ftypmp42" + bytes(10_000),
        b"Exif\0\0" * 99,
        many_scans * 999,
        photo,
    ):
        assert decode_photo(photo + behind, 32).tobytes() == decode_photo(photo, 32).tobytes()
        assert decode_photo(plain + behind, 8, huge=False).width < 1000


def planar_tiff(planes: list[Image.Image], order: str) -> bytes:
    """Return an uncompressed TIFF that holds planes of 16 bits, one after another."""
    count, (width, height) = len(planes), planes[0].size
    size = 2 * width * height
    deep = "<" if order == "II" else ">"
    pixels = b"".join(
        struct.pack(f"{deep}{width * height}H", *(257 * level for level in plane.tobytes()))
        for plane in planes
    )
    start = 8 + len(pixels)
    tags = (
        *((256, 4, 1, width), (257, 4, 1, height), (258, 3, count, start), (259, 3, 1, 1)),
        *((262, 3, 1, 2), (273, 4, count, start + 8), (277, 3, 1, count), (278, 4, 1, height)),
        *((279, 4, count, start + 8 + 4 * count), (284, 3, 1, 2)),
    )
    arrays = struct.pack(f"{deep}4H", *([16] * 4))
    arrays += struct.pack(f"{deep}{count}I", *(8 + size * plane for plane in range(count)))
    arrays += struct.pack(f"{deep}{count}I", *([size] * count))
    entries = b"".join(
        struct.pack(f"{deep}HHI", tag, kind, values)
        + struct.pack(f"{deep}{'H' if kind == 3 and values == 1 else 'I'}", value).ljust(4, b"\0")
        for tag, kind, values, value in tags
    )
    head = order.encode() + struct.pack(f"{deep}HI", 42, start + len(arrays))
    directory = struct.pack(f"{deep}H", len(tags)) + entries + bytes(4)
    return head + pixels + arrays + directory


@pytest.mark.parametrize("order", ["II", "MM"])
def test_planes_of_16_bits_are_no_noise(order: str) -> None:
    olaf = draw_olaf((120, 90))
    assert decode_photo(planar_tiff(list(olaf.split()), order)).tobytes() == olaf.tobytes()


def profile_of(red: bytes, green: bytes) -> bytes:
    """Return the ICC profile of sRGB, its red and green called so."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"r...").replace(b"gXYZ", green).replace(b"r...", red)


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_colours_are_those_that_a_files_profile_means(format_: str) -> None:
    red = Image.new("RGB", (64, 48), (200, 40, 30))
    plain = decode_photo(encoded(red, format_))
    srgb = encoded(red, format_, icc_profile=profile_of(b"rXYZ", b"gXYZ"))
    assert decode_photo(srgb).tobytes() == plain.tobytes()
    exchanged = encoded(red, format_, icc_profile=profile_of(b"gXYZ", b"rXYZ"))
    seen = decode_photo(exchanged).getpixel((9, 9))
    pairs = zip(seen, (40, 200, 30), strict=True)  # type: ignore[arg-type]
    assert max(abs(one - other) for one, other in pairs) < 12


@pytest.mark.parametrize(
    "profile",
    [
        b"?",
        bytes(1000),
        profile_of(b"gXYZ", b"rXYZ")[:300],
        profile_of(b"gXYZ", b"rXYZ").replace(b"RGB ", b"CMYK"),
        profile_of(b"gXYZ", b"rXYZ").replace(b"rTRC", b"????"),
        profile_of(b"gXYZ", b"rXYZ") + bytes(MAX_PROFILE_BYTES),
    ],
    ids=["short", "zeros", "cut off", "of inks", "without a curve", "huge"],
)
def test_a_profile_that_makes_no_sense_is_not_looked_at(profile: bytes) -> None:
    olaf = draw_olaf((120, 90))
    with_it = decode_photo(encoded(olaf, "JPEG", icc_profile=profile))
    assert with_it.tobytes() == decode_photo(encoded(olaf, "JPEG")).tobytes()


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def full_box(kind: bytes, content: bytes, version: int = 0) -> bytes:
    return box(kind, bytes((version, 0, 0, 0)) + content)


def boxes(kinds: list[bytes], sizes: list[int], made_of: list[int], coded: bytes = b"") -> bytes:
    """Return a file of square items 1, 2, 3..., the first of which is shown.

    Args:
        kinds: Of each item.
        sizes: The side of each.
        made_of: The items of which the first is made.
        coded: What the first holds.
    """
    numbers = range(1, len(kinds) + 1)
    infos = [
        full_box(b"infe", struct.pack(">HH4s", number, 0, kind), version=2)
        for number, kind in zip(numbers, kinds, strict=True)
    ]
    shapes = b"".join(full_box(b"ispe", struct.pack(">II", side, side)) for side in sizes)
    owners = b"".join(struct.pack(">HBB", number, 1, 0x80 | number) for number in numbers)
    count = struct.pack(">I", len(kinds))
    parts = struct.pack(f">HH{len(made_of)}H", 1, len(made_of), *made_of)

    def meta(place: int) -> bytes:
        where = struct.pack(">HHHHHII", 0x4400, 1, 1, 0, 1, place, len(coded))
        return full_box(
            b"meta",
            full_box(b"pitm", struct.pack(">H", 1))
            + full_box(b"iloc", where)
            + full_box(b"iinf", struct.pack(">H", len(infos)) + b"".join(infos))
            + full_box(b"iref", box(b"dimg", parts))
            + box(
                b"iprp",
                box(b"ipco", shapes) + full_box(b"ipma", count + owners),
            ),
        )

    head = box(b"ftyp", b"heic\0\0\0\0")
    place = len(head) + len(meta(0)) + 8
    return head + meta(place) + box(b"mdat", coded)


def test_a_grid_costs_what_its_tiles_cost_each_time_that_they_are_used() -> None:
    tiles = boxes([b"grid", b"hvc1", b"hvc1"], [10, 100, 1000], [2, 2, 3])
    assert coded_pixels(tiles) == 2 * 100**2 + 1000**2
    assert coded_pixels(boxes([b"hvc1", b"hvc1"], [10, 100], [])) == 10**2, "the rest is not shown"
    nested = boxes([b"grid"], [10], [1])
    with pytest.raises(ValueError, match="of itself"):
        coded_pixels(nested)


def bits(*numbers: tuple[int, int]) -> bytes:
    """Return numbers of so many bits each, one after another."""
    text = "".join(f"{number:0{width}b}" for number, width in numbers)
    return int(text.ljust(-(-len(text) // 8) * 8, "0"), 2).to_bytes(-(-len(text) // 8), "big")


@pytest.mark.parametrize("short", [True, False])
def test_a_coded_picture_costs_what_it_codes_whatever_its_box_says(short: bool) -> None:
    begin = [(0, 3), (1, 1), (1, 1), (8, 5)]
    if not short:
        begin = [(0, 3), (0, 1), (0, 1), (0, 1), (0, 1), (0, 5), (0, 12), (9, 5), (1, 1)]
    header = bits(*begin, (13, 4), (13, 4), (16_383, 14), (8_191, 14))
    coded = b"\x12\0" + bytes((0x0A, len(header))) + header + b"\x32\0"
    assert coded_pixels(boxes([b"av01"], [256], [], coded)) == 16_384 * 8_192
    assert coded_pixels(boxes([b"av01"], [256], [], b"\x12\0")) == 256**2


@pytest.mark.parametrize("format_", ["HEIF", "AVIF"])
def test_a_true_file_costs_about_what_it_shows_and_a_broken_one_is_no_fault(format_: str) -> None:
    data = encoded(draw_olaf((320, 240)), format_)
    assert 320 * 240 <= coded_pixels(data) <= 1.2 * 320 * 240 < MAX_CODED_PIXELS
    for place in range(20, 400, 7):
        with suppress(PhotoError):
            decode_photo(data[:place] + b"\xff\xff" + data[place + 2 :], 32)

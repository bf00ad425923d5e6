"""Hashes of photos: a disguise is known again, and another photo is another photo."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Sequence

import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from bot.game.rules import SAME_WITHIN_BITS
from classifier import UnreadablePhoto
from classifier.images.decode import decode_photo
from classifier.images.fingerprint import DECODED_SIDE, PhotoHashes, hash_picture
from tests.support.pictures import encoded

Change = Callable[[Image.Image], Image.Image]


def looks_like(queries: Sequence[int], stored: Sequence[int]) -> bool:
    """Compare as the bot does, which remembers photos."""
    return any((one ^ other).bit_count() <= SAME_WITHIN_BITS for one in queries for other in stored)


def photo(seed: int, size: tuple[int, int] = (480, 360)) -> Image.Image:
    """Draw a scene: shapes of many sizes and shades, a little blurred, as a lens sees them."""
    chance = random.Random(seed)

    def colour() -> tuple[int, int, int]:
        return chance.randrange(256), chance.randrange(256), chance.randrange(256)

    picture = Image.new("RGB", size, colour())
    pen = ImageDraw.Draw(picture)
    for _ in range(30):
        x, y = chance.uniform(-0.1, 1) * size[0], chance.uniform(-0.1, 1) * size[1]
        wide, high = chance.uniform(0.05, 0.5) * size[0], chance.uniform(0.05, 0.5) * size[1]
        draw = pen.ellipse if chance.random() < 0.5 else pen.rectangle
        draw((x, y, x + wide, y + high), fill=colour())
    return picture.filter(ImageFilter.GaussianBlur(2))


def snow_person(x: int, hat: str, ground: str = "white") -> Image.Image:
    """Draw the same character on a plain ground, standing somewhere, in one hat or another."""
    picture = Image.new("RGB", (400, 400), ground)
    pen = ImageDraw.Draw(picture)
    for y, radius in ((310, 80), (200, 60), (115, 45)):
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), "#cfe4f4", "#17324a", 4)
    pen.rectangle((x - 40, 30, x + 40, 80), hat)
    pen.polygon((x, 110, x + 70, 122, x, 130), "#ee7f2d")
    return picture


def hash_photo(data: bytes) -> PhotoHashes:
    return hash_picture(decode_photo(data, DECODED_SIDE))


def hashes_of(picture: Image.Image, format_: str = "JPEG", quality: int = 92) -> PhotoHashes:
    return hash_photo(encoded(picture, format_, quality=quality))


def cut(left: float, top: float, right: float, bottom: float) -> Change:
    def change(picture: Image.Image) -> Image.Image:
        w, h = picture.size
        return picture.crop(
            (int(w * left), int(h * top), int(w * (1 - right)), int(h * (1 - bottom)))
        )

    return change


def warmer(picture: Image.Image) -> Image.Image:
    red, green, blue = picture.split()
    red, blue = red.point(lambda v: min(255, v * 1.15)), blue.point(lambda v: v * 0.85)
    return Image.merge("RGB", (red, green, blue))


def turned_hue(picture: Image.Image) -> Image.Image:
    hue, *rest = picture.convert("HSV").split()
    return Image.merge("HSV", (hue.point(lambda v: (v + 10) % 256), *rest)).convert("RGB")


CHANGES: dict[str, Change] = {
    "mirrored": ImageOps.mirror,
    "cut all around": cut(0.08, 0.08, 0.08, 0.08),
    "cut on one side": cut(0.08, 0, 0, 0),
    "cut unevenly": cut(0.02, 0.07, 0.05, 0.01),
    "cut and mirrored": lambda picture: ImageOps.mirror(cut(0.06, 0.01, 0.03, 0.08)(picture)),
    "half as large": lambda picture: picture.reduce(2),
    "twice as large": lambda picture: picture.resize((960, 720)),
    "squeezed": lambda picture: picture.resize((300, 360)),
    "brighter": lambda picture: ImageEnhance.Brightness(picture).enhance(1.2),
    "darker": lambda picture: ImageEnhance.Brightness(picture).enhance(0.75),
    "more contrast": lambda picture: ImageEnhance.Contrast(picture).enhance(1.25),
    "less contrast": lambda picture: ImageEnhance.Contrast(picture).enhance(0.75),
    "warmer": warmer,
    "of another hue": turned_hue,
    "grey": lambda picture: picture.convert("L"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_disguised_photo_is_known_again_whichever_came_first(change: Change) -> None:
    for seed in range(6):
        original, disguised = hashes_of(photo(seed)), hashes_of(change(photo(seed)))
        assert looks_like(disguised.queries, original.stored)
        assert looks_like(original.queries, disguised.stored)


@pytest.mark.parametrize(("format_", "quality"), [("JPEG", 40), ("WEBP", 50), ("PNG", 0)])
def test_a_photo_is_known_again_in_another_format(format_: str, quality: int) -> None:
    original = hashes_of(photo(1))
    assert looks_like(hashes_of(photo(1), format_, quality).queries, original.stored)


def test_other_photos_are_other_photos() -> None:
    all_of_them = [hashes_of(photo(seed)) for seed in range(40)]
    for index, one in enumerate(all_of_them):
        assert not any(looks_like(one.queries, other.stored) for other in all_of_them[:index])


def test_the_same_character_on_a_plain_ground_is_another_photo_elsewhere_or_otherwise() -> None:
    shown = [hashes_of(snow_person(x, "#17807c")) for x in (100, 200, 270)]
    shown.append(hashes_of(snow_person(200, "#17807c", ground="black")))
    shown.append(hashes_of(snow_person(200, "#17807c").resize((200, 400)).crop((0, 0, 200, 200))))
    for index, one in enumerate(shown):
        assert [looks_like(one.queries, other.stored) for other in shown].index(True) == index


def test_a_piece_of_a_photo_is_another_photo() -> None:
    for seed in range(6):
        half = hashes_of(cut(0.25, 0.2, 0.25, 0.1)(photo(seed)))
        assert not looks_like(half.queries, hashes_of(photo(seed)).stored)


def test_what_is_stored_is_small_and_the_same_each_time() -> None:
    one = hashes_of(photo(3))
    assert one == hashes_of(photo(3))
    assert len(one.stored) == 2
    assert all(0 <= number < 2**128 for number in (*one.stored, *one.queries))
    assert set(one.stored) <= set(one.queries)


def test_a_photo_without_anything_on_it_has_a_hash_photo() -> None:
    for size in ((1, 1), (300, 3), (3, 300)):
        plain = hashes_of(Image.new("RGB", size, "white"))
        assert looks_like(plain.queries, plain.stored)
        assert not looks_like(plain.queries, hashes_of(photo(1)).stored)


def test_a_large_photo_is_the_small_one_again() -> None:
    large = hashes_of(photo(2).resize((2400, 1800), Image.Resampling.BICUBIC))
    assert looks_like(large.queries, hashes_of(photo(2)).stored)


def test_a_photo_held_sideways_is_turned_upright_first() -> None:
    block = Image.Exif()
    block[0x0112] = 6
    out = io.BytesIO()
    photo(4).transpose(Image.Transpose.ROTATE_90).save(out, "JPEG", exif=block)
    assert looks_like(hash_photo(out.getvalue()).queries, hashes_of(photo(4)).stored)


def test_what_is_no_photo_is_refused() -> None:
    with pytest.raises(UnreadablePhoto):
        hash_photo(b"snow")

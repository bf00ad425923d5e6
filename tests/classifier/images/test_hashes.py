"""The hashes that databases hold: the same numbers as ever."""

from __future__ import annotations

import pytest
from PIL import Image

from classifier.images.hashes import shape_hash, shape_hashes, slope_hashes
from tests.support.pictures import draw_ellipses, draw_olaf, draw_yeti, everyday

PICTURES = {
    "olaf": draw_olaf((160, 200)),
    "yeti": draw_yeti((200, 160)),
    "everyday": everyday((120, 120)),
    "ellipses": draw_ellipses(7, "RGB"),
}


# As the library imagehash 4.3.2 gives them, phash and dhash of a grey picture of 32 by 32 pixels.
@pytest.mark.parametrize(
    ("name", "shapes", "slopes"),
    [
        ("olaf", 0xCC66B31959E64EC4, 0x0CAA7133B2306832),
        ("yeti", 0x866E792124EE1B9B, 0x0E7071ECECF069E0),
        ("everyday", 0xB3AC0F93CC7360C6, 0x126A8E1769494902),
        ("ellipses", 0xE54A93989C9D99C3, 0x36CBC716072E260E),
    ],
)
def test_hashes_are_those_that_databases_hold(name: str, shapes: int, slopes: int) -> None:
    small = PICTURES[name].convert("L").resize((32, 32), Image.Resampling.LANCZOS)
    assert shape_hashes([small]) == [shapes]
    assert slope_hashes([small]) == [slopes]
    assert shape_hash(PICTURES[name]) == shapes


def test_many_pictures_are_hashed_as_each_alone() -> None:
    small = [p.convert("L").resize((32, 32)) for p in PICTURES.values()]
    assert shape_hashes(small) == [shape_hashes([one])[0] for one in small]
    assert slope_hashes(small) == [slope_hashes([one])[0] for one in small]
    assert len({*shape_hashes(small), *slope_hashes(small)}) == 2 * len(small)


def test_a_picture_with_nothing_on_it_has_a_hash() -> None:
    assert slope_hashes([Image.new("L", (32, 32), 128)]) == [0]
    assert 0 <= shape_hash(Image.new("RGB", (1, 1))) < 1 << 64

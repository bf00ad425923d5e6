"""Fingerprints in memory: what looks the same is found, and what is forgotten is not."""

from __future__ import annotations

import random

from bot.game.rules import SAME_WITHIN_BITS
from bot.storage.prints import Prints

PHOTO = 0xF0F0_F0F0_F0F0_F0F0_F0F0_F0F0_F0F0_F0F0


def found(queries: list[int], stored: list[int]) -> bool:
    prints = Prints()
    prints.add(7, stored)
    return prints.alike(queries, SAME_WITHIN_BITS) == [7]


def test_a_few_bits_make_no_other_photo() -> None:
    assert found([PHOTO], [PHOTO])
    assert found([PHOTO], [PHOTO ^ 0x1FFFF])
    assert found([PHOTO], [PHOTO ^ 0x1FFFF << 56])
    assert not found([PHOTO], [PHOTO ^ 0x3FFFF])
    assert not found([PHOTO], [PHOTO ^ 0x3FFFF << 56])
    assert not found([0], [(1 << 128) - 1])
    assert not found([PHOTO], [])


def test_any_view_of_a_photo_gives_it_away() -> None:
    photo, mirrored, other = 0, (1 << 64) - 1, ((1 << 64) - 1) << 64
    assert found([other, mirrored], [photo, mirrored])
    assert not found([other], [photo, mirrored])


def test_one_among_many_is_found() -> None:
    chance, prints = random.Random(0), Prints()
    everyone = {id_: [chance.getrandbits(128), chance.getrandbits(128)] for id_ in range(1, 3000)}
    for id_, stored in everyone.items():
        prints.add(id_, stored)
    for id_ in (1, 64, 65, 2999):
        assert prints.alike([everyone[id_][1] ^ 0b101], SAME_WITHIN_BITS) == [id_]
    assert prints.alike([chance.getrandbits(128)], SAME_WITHIN_BITS) == []

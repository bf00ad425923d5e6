"""Fool me once: a photo that fooled the bot is known again in its room, disguised or not."""

from __future__ import annotations

import pytest

from bot.domain import Player, Refusal, Reply, Room
from bot.speech import speaker_for
from tests.fakes.vision import OLAF, FakeVision
from tests.support.table import BEN, HOME, MIA, OMA, Table, labels, said

EN = speaker_for("en")
IS_YETI, OBJECT, UNDO = "Yeti", EN.rounds.objection_button(), EN.rounds.change_button()
WHERE = EN.photos.where_button()
MOP, TURNED, SIMILAR = b"a mop", b"a mop, turned", b"another mop"


@pytest.fixture(autouse=True)
def mops(vision: FakeVision) -> None:
    vision.disguises[TURNED] = MOP
    vision.resembles[SIMILAR] = MOP


def greeting(name: str, own: bool = False) -> list[str]:
    """Return what the bot may say to a copy of Saturday's mop."""
    words = EN.rounds
    return [
        words.known_own_photo("Saturday", 97, variant)
        if own
        else words.known_photo(name, "Saturday", 97, variant)
        for variant in range(words.variants_of_recognition)
    ]


def greets(reply: Reply, name: str = "Mia", *, own: bool = False) -> bool:
    return any(words in reply.text for words in greeting(name, own))


def remarks(reply: Reply) -> bool:
    words = EN.rounds
    said = (words.looks_like("Saturday", v) for v in range(words.variants_of_recognition))
    return any(sentence in reply.text for sentence in said)


async def fool(table: Table, player: Player = MIA, data: bytes = MOP) -> Reply:
    """Fool the bot with a photo, and wait until it has looked at it again."""
    told = (await table.tap(player, await table.photo(player, OLAF, data=data), IS_YETI)).edit
    assert told is not None
    await table.service.settle()
    return told


async def test_a_turned_copy_of_a_fooling_is_greeted_and_just_for_fun(table: Table) -> None:
    await fool(table)
    table.later(days=2)
    again = await table.photo(BEN, data=TURNED, caption="guess")
    assert greets(again)  # and nobody is asked to guess
    assert labels(again) == [WHERE]
    assert await table.points() == {"Mia": 97}
    mine = await table.photo(MIA, data=TURNED)
    assert greets(mine, own=True)
    assert not greets(mine)


async def test_each_room_remembers_its_own_and_a_room_that_moves_takes_them_along(
    table: Table,
) -> None:
    await fool(table)
    assert IS_YETI in labels(await table.photo(BEN, data=TURNED, room=Room("telegram", "-200")))
    palace = Room("telegram", "-1001")
    await table.service.move_room(HOME, palace)
    assert greets(await table.photo(BEN, data=TURNED, room=palace))


async def test_what_is_only_like_a_fooling_is_remarked_and_plays(table: Table) -> None:
    await fool(table)
    reply = await table.photo(BEN, data=SIMILAR)
    assert remarks(reply)
    assert not greets(reply)
    told = await table.tap(BEN, reply, IS_YETI)
    assert not remarks(Reply(said(told)))
    assert await table.points() == {"Mia": 97, "Ben": 97}


async def test_of_an_album_a_copy_is_not_played(table: Table, vision: FakeVision) -> None:
    await fool(table)
    vision.disguises[b"photo 2"] = MOP
    assert IS_YETI not in labels(await table.album(BEN, [OLAF]))


async def test_a_truth_that_no_longer_stands_is_no_fooling(table: Table) -> None:
    told = await fool(table)
    await table.tap(MIA, told, UNDO)
    assert IS_YETI in labels(await table.photo(BEN, data=TURNED))


async def test_an_objection_makes_the_bot_doubt_that_it_was_fooled(table: Table) -> None:
    for player in (BEN, OMA):
        await table.photo(player)
    told = await fool(table)
    await table.tap(BEN, told, OBJECT)
    assert IS_YETI in labels(await table.photo(OMA, data=TURNED))


async def test_who_is_forgotten_takes_their_foolings_along(table: Table) -> None:
    await fool(table)
    ask = await table.ask(MIA, "forget")
    await table.press(MIA, ask.buttons[0][0])
    assert IS_YETI in labels(await table.photo(BEN, data=TURNED))


async def test_a_reset_forgets_foolings_until_it_is_undone(table: Table) -> None:
    await fool(table)
    ask = await table.ask(OMA, "reset")
    done = await table.press(OMA, ask.buttons[0][0])
    assert IS_YETI in labels(await table.photo(BEN, data=TURNED))
    shown = done.send or done.edit
    assert shown is not None
    await table.tap(OMA, shown, EN.privacy.reset_undo_button())
    table.vision.disguises[b"once more"] = MOP
    assert greets(await table.photo(BEN, data=b"once more"))


@pytest.mark.parametrize("found", [{}, {"file-1": Refusal.BUSY.value.encode()}])
async def test_where_the_photo_cannot_be_had_again_its_own_vector_stays(
    table: Table, found: dict[str, bytes]
) -> None:
    reply = await table.photo(MIA, data=MOP)
    table.messenger.photos = found
    await table.tap(MIA, reply, IS_YETI)
    await table.service.settle()
    assert IS_YETI in labels(await table.photo(BEN, data=TURNED))
    assert greets(await table.photo(OMA, data=MOP))


async def test_another_network_compares_nothing_that_this_one_saw(
    table: Table, vision: FakeVision
) -> None:
    await fool(table)
    vision.model = "newer"
    table.restart({"telegram": table.messenger})
    assert IS_YETI in labels(await table.photo(BEN, data=TURNED))
    # By its fingerprint the same file is known all the same.
    assert EN.rounds.played_before() in (await table.photo(BEN, data=MOP)).text


async def test_somebody_without_a_name_is_not_named(table: Table) -> None:
    await fool(table, Player("who", ""))
    assert greets(await table.photo(BEN, data=TURNED), "")

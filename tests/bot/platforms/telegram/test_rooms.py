"""Groups that come and go and move, and who speaks in them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.domain import Room
from tests.fakes.telegram.chats import Chat
from tests.fakes.telegram.evening import Evening, evening
from tests.fakes.telegram.world import ANONYMOUS_ADMIN, CHANNEL_USER, SERVICE

SNOW = b"snow"
OLAF = "Olaf! 97%"


@pytest.fixture
async def at() -> AsyncIterator[Evening]:
    async with evening() as it:
        yield it


def room(chat: Chat) -> Room:
    return Room("telegram", str(chat.id))


async def greeting(at: Evening, group: Chat) -> str:
    await at.telegram.until(lambda: bool(group.bots))
    return group.bots[0].text


# Coming and going


async def test_an_invited_bot_says_once_how_to_reach_it(at: Evening) -> None:
    group = at.telegram.group("Cousins", bot="left")
    group.invite_bot(at.anna)
    hello = await greeting(at, group)
    assert "/who@snowpeople_bot" in hello
    assert "/setprivacy" in hello
    group.invite_bot(at.anna)
    await at.home.answer(at.home.send_photo(at.anna, SNOW))
    assert len(group.bots) == 1


async def test_a_bot_that_hears_all_says_only_hello(at: Evening) -> None:
    at.telegram.privacy = False
    group = at.telegram.group("Cousins", bot="left")
    group.invite_bot(at.anna)
    assert "/setprivacy" not in await greeting(at, group)


async def test_a_bot_invited_as_an_admin_says_only_hello(at: Evening) -> None:
    group = at.telegram.group("Cousins", bot="left")
    group.invite_bot(at.anna, "administrator")
    assert "/setprivacy" not in await greeting(at, group)


async def test_a_bot_that_is_removed_and_invited_again_says_hello_again(at: Evening) -> None:
    group = at.telegram.group("Cousins", bot="left")
    group.invite_bot(at.anna)
    await greeting(at, group)
    group.remove_bot(at.anna)
    group.invite_bot(at.anna)
    await at.telegram.until(lambda: len(group.bots) == 2)


async def test_a_bot_that_becomes_an_admin_has_nothing_to_say(at: Evening) -> None:
    at.family.bot_status = "member"
    at.family.invite_bot(at.anna, "administrator")
    await at.family.answer(at.family.send_photo(at.anna, SNOW))
    assert len(at.family.bots) == 1


async def test_a_link_that_brings_the_bot_to_a_group_makes_one_hello(at: Evening) -> None:
    group = at.telegram.group("Cousins", bot="left")
    group.invite_bot(at.anna)
    group.send_text(at.anna, "/start@snowpeople_bot true")
    await greeting(at, group)
    await at.home.answer(at.home.send_photo(at.anna, SNOW))
    assert len(group.bots) == 1


async def test_who_blocks_the_bot_is_forgotten_quietly(
    at: Evening, caplog: pytest.LogCaptureFixture
) -> None:
    photo = at.home.send_photo(at.anna, SNOW)
    at.home.blocked = True
    await at.family.answer(at.family.send_photo(at.anna, SNOW))
    at.home.remove_bot(at.anna)
    await at.family.answer(at.family.send_photo(at.anna, SNOW))
    assert not [said for said in at.home.bots if said.reply_to == photo.id]
    assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]


async def test_a_group_that_threw_the_bot_out_is_greeted_when_it_comes_again(at: Evening) -> None:
    await at.store.greet(room(at.family), at.host._now())
    at.eye.may_answer.clear()
    at.family.send_photo(at.anna, SNOW)
    await at.outcomes()
    at.family.bot_status = "kicked"  # and the update that says so is lost
    at.eye.may_answer.set()
    await at.home.answer(at.home.send_photo(at.anna, SNOW))
    at.family.bot_status = "left"
    at.family.invite_bot(at.anna)
    await greeting(at, at.family)


# Supergroups


async def test_a_group_keeps_its_settings_when_it_becomes_a_supergroup(at: Evening) -> None:
    group = at.telegram.group("Cousins", bot="administrator", supergroup=False)
    await at.store.change_settings(room(group), language="de")
    new = group.migrate()
    photo = new.send_photo(at.anna, SNOW, caption="/who")
    assert (await new.answer(photo)).buttons[-1] == "Wo hast du hingeschaut?"


async def test_an_answer_to_a_group_that_just_moved_is_given_in_the_new_one(at: Evening) -> None:
    group = at.telegram.group("Cousins", bot="administrator", supergroup=False)
    await at.store.change_settings(room(group), language="de")
    at.eye.may_answer.clear()
    group.send_photo(at.anna, SNOW)
    await at.outcomes()
    new = group.migrate(announced=False)
    at.eye.may_answer.set()
    await at.telegram.until(lambda: bool(new.bots))
    assert new.bots[0].text.startswith("Olaf!")
    assert (await at.store.room_settings(room(new))).language == "de"


# Who is nobody in particular


@pytest.mark.parametrize("who", ["admin", "channel", "linked channel"])
async def test_an_identity_that_several_share_gets_an_answer(at: Evening, who: str) -> None:
    id_, name = {
        "admin": (ANONYMOUS_ADMIN, "GroupAnonymousBot"),
        "channel": (CHANNEL_USER, "Channel_Bot"),
        "linked channel": (SERVICE, "Telegram"),
    }[who]
    sender = at.telegram.person(name, id_=id_)
    sender.is_bot = id_ != SERVICE
    behind = (
        at.family.json() if who == "admin" else {"id": -1009, "type": "channel", "title": "Snow"}
    )
    photo = at.family.send_photo(sender, SNOW, sender_chat=behind)
    assert (await at.family.answer(photo)).text == OLAF
    (round_,) = [await at.store.round(1)]
    assert round_ is not None
    assert round_.player_id == str(behind["id"])


async def test_another_bots_photo_is_left_alone(at: Evening) -> None:
    robot = at.telegram.person("Robot")
    robot.is_bot = True
    at.family.send_photo(robot, SNOW)
    later = at.family.send_photo(at.anna, SNOW)
    await at.family.answer(later)
    assert len(at.family.bots) == 1


async def test_an_edited_message_and_a_channels_post_are_left_alone(
    at: Evening, caplog: pytest.LogCaptureFixture
) -> None:
    sent = at.family.send_photo(at.anna, SNOW, deliver=False)
    at.family.edit(sent, caption="/who")
    at.telegram.allowed = None  # even if Telegram sent such, as it does when never told
    at.family.edit(sent, caption="/who now")
    at.telegram.deliver("channel_post", sent.raw | {"message_id": 900})
    await at.family.answer(at.family.send_photo(at.anna, SNOW))
    assert len(at.family.bots) == 1
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_a_fault_in_one_update_is_logged_and_the_next_one_is_answered(
    at: Evening, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> bool:
        raise ZeroDivisionError

    monkeypatch.setattr(at.host, "wants", broken)
    at.family.send_photo(at.anna, SNOW)
    await at.telegram.waits()
    await asyncio.sleep(0)
    monkeypatch.undo()
    await at.family.answer(at.family.send_photo(at.anna, SNOW))
    assert "an update could not be handled" in caplog.text

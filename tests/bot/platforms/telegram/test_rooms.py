"""Groups that come and go and move, and who speaks in them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain import RoomSettings
from bot.platforms.telegram import sender
from bot.services import greetings
from tests.bot.platforms.telegram.conftest import is_answer
from tests.fakes.telegram.chats import Chat
from tests.fakes.telegram.running_bot import RunningBot, room_of
from tests.fakes.telegram.things import Message
from tests.fakes.telegram.world import ANONYMOUS_ADMIN, CHANNEL_USER, SERVICE

SNOW = b"snow"
PRIVACY_MODE = "Let me see every photo"


async def greeting(bot: RunningBot, group: Chat) -> Message:
    await bot.telegram.until(lambda: bool(group.bots))
    return group.bots[0]


# Coming and going


async def test_an_invited_bot_says_once_how_to_reach_it(bot: RunningBot) -> None:
    group = bot.telegram.group("Cousins", bot="left")
    group.invite_bot(bot.anna)
    hello = await greeting(bot, group)
    first, second = hello.text.splitlines()
    assert "Olaf and the Abominable Snowman" in first
    assert "/who@snowpeople_bot" in second
    assert hello.buttons == [PRIVACY_MODE]
    group.invite_bot(bot.anna)
    await bot.home.answer(bot.home.send_photo(bot.anna, SNOW))
    assert len(group.bots) == 1


async def test_the_way_to_privacy_mode_is_behind_a_button_of_the_hello(bot: RunningBot) -> None:
    group = bot.telegram.group("Cousins", bot="left")
    group.invite_bot(bot.anna)
    group.press(bot.anna, await greeting(bot, group), PRIVACY_MODE)
    await bot.telegram.until(lambda: len(group.bots) == 2)
    assert "/setprivacy" in group.bots[1].text
    assert "/who@snowpeople_bot" in group.bots[1].text


async def test_a_bot_that_hears_all_says_only_hello(bot: RunningBot) -> None:
    bot.telegram.privacy = False
    group = bot.telegram.group("Cousins", bot="left")
    group.invite_bot(bot.anna)
    hello = await greeting(bot, group)
    assert "/setprivacy" not in hello.text
    assert not hello.buttons


async def test_a_bot_invited_as_an_admin_says_only_hello(bot: RunningBot) -> None:
    group = bot.telegram.group("Cousins", bot="left")
    group.invite_bot(bot.anna, "administrator")
    hello = await greeting(bot, group)
    assert "/setprivacy" not in hello.text
    assert not hello.buttons


async def test_a_bot_that_is_removed_and_invited_again_says_hello_again(bot: RunningBot) -> None:
    group = bot.telegram.group("Cousins", bot="left")
    group.invite_bot(bot.anna)
    await greeting(bot, group)
    group.remove_bot(bot.anna)
    group.invite_bot(bot.anna)
    await bot.telegram.until(lambda: len(group.bots) == 2)


async def test_hello_that_did_not_get_through_is_said_later(
    bot: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(greetings, "AGAIN_IN", timedelta(0))
    monkeypatch.setattr(sender, "PATIENCE", 0.0)
    fault = bot.telegram.fail("sendMessage", status=502)
    group = bot.telegram.group("Cousins", bot="left")
    group.invite_bot(bot.anna)
    await greeting(bot, group)
    assert not fault.times


async def test_a_bot_that_becomes_an_admin_has_nothing_to_say(bot: RunningBot) -> None:
    bot.family.bot_status = "member"
    bot.family.invite_bot(bot.anna, "administrator")
    await bot.family.answer(bot.family.send_photo(bot.anna, SNOW))
    assert len(bot.family.bots) == 1


async def test_a_link_that_brings_the_bot_to_a_group_makes_one_hello(bot: RunningBot) -> None:
    group = bot.telegram.group("Cousins", bot="left")
    group.invite_bot(bot.anna)
    group.send_text(bot.anna, "/start@snowpeople_bot true")
    await greeting(bot, group)
    await bot.home.answer(bot.home.send_photo(bot.anna, SNOW))
    assert len(group.bots) == 1


async def test_who_blocks_the_bot_is_forgotten_quietly(
    bot: RunningBot, caplog: pytest.LogCaptureFixture
) -> None:
    photo = bot.home.send_photo(bot.anna, SNOW)
    bot.home.blocked = True
    await bot.family.answer(bot.family.send_photo(bot.anna, SNOW))
    bot.home.remove_bot(bot.anna)
    await bot.family.answer(bot.family.send_photo(bot.anna, SNOW))
    assert not [said for said in bot.home.bots if said.reply_to == photo.id]
    assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]


async def test_a_group_that_threw_the_bot_out_is_greeted_when_it_comes_again(
    bot: RunningBot,
) -> None:
    await bot.store.rooms.mark_greeted(room_of(bot.family), datetime.now(UTC))
    bot.vision.may_answer.clear()
    bot.family.send_photo(bot.anna, SNOW)
    await bot.until_classifying()
    bot.family.bot_status = "kicked"  # and the update that says so is lost
    bot.vision.may_answer.set()
    await bot.home.answer(bot.home.send_photo(bot.anna, SNOW))
    bot.family.bot_status = "left"
    bot.family.invite_bot(bot.anna)
    await greeting(bot, bot.family)


# Supergroups


async def test_a_group_keeps_its_settings_when_it_becomes_a_supergroup(bot: RunningBot) -> None:
    group = bot.telegram.group("Cousins", bot="administrator", supergroup=False)
    await bot.store.rooms.change_settings(room_of(group), RoomSettings(language="de"))
    new = group.migrate()
    photo = new.send_photo(bot.anna, SNOW, caption="/who")
    assert (await new.answer(photo)).buttons[-1] == "Wo hast du hingeschaut?"


async def test_an_answer_to_a_group_that_just_moved_is_given_in_the_new_one(
    bot: RunningBot,
) -> None:
    group = bot.telegram.group("Cousins", bot="administrator", supergroup=False)
    await bot.store.rooms.change_settings(room_of(group), RoomSettings(language="de"))
    bot.vision.may_answer.clear()
    group.send_photo(bot.anna, SNOW)
    await bot.until_classifying()
    new = group.migrate(announced=False)
    bot.vision.may_answer.set()
    await bot.telegram.until(lambda: bool(new.bots))
    assert new.bots[0].text.startswith("Olaf!")
    assert (await bot.store.rooms.settings(room_of(new))).language == "de"


# Who is nobody in particular


@pytest.mark.parametrize("who", ["admin", "channel", "linked channel"])
async def test_an_identity_that_several_share_gets_an_answer(bot: RunningBot, who: str) -> None:
    id_, name = {
        "admin": (ANONYMOUS_ADMIN, "GroupAnonymousBot"),
        "channel": (CHANNEL_USER, "Channel_Bot"),
        "linked channel": (SERVICE, "Telegram"),
    }[who]
    sender = bot.telegram.person(name, id_=id_)
    sender.is_bot = id_ != SERVICE
    behind = (
        bot.family.json() if who == "admin" else {"id": -1009, "type": "channel", "title": "Snow"}
    )
    photo = bot.family.send_photo(sender, SNOW, sender_chat=behind)
    answer = await bot.family.answer(photo)
    assert is_answer(answer.text, then="")  # nobody in particular can be asked for the truth
    (round_,) = [await bot.store.rounds.find(1)]
    assert round_ is not None
    assert round_.player_id == str(behind["id"])


async def test_another_bots_photo_is_left_alone(bot: RunningBot) -> None:
    robot = bot.telegram.person("Robot")
    robot.is_bot = True
    bot.family.send_photo(robot, SNOW)
    later = bot.family.send_photo(bot.anna, SNOW)
    await bot.family.answer(later)
    assert len(bot.family.bots) == 1


async def test_an_edited_message_and_a_channels_post_are_left_alone(
    bot: RunningBot, caplog: pytest.LogCaptureFixture
) -> None:
    sent = bot.family.send_photo(bot.anna, SNOW, deliver=False)
    bot.family.edit(sent, caption="/who")
    bot.telegram.allowed = None  # even if Telegram sent such, as it does when never told
    bot.family.edit(sent, caption="/who now")
    bot.telegram.deliver("channel_post", sent.raw | {"message_id": 900})
    await bot.family.answer(bot.family.send_photo(bot.anna, SNOW))
    assert len(bot.family.bots) == 1
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_a_fault_in_one_update_is_logged_and_the_next_one_is_answered(
    bot: RunningBot, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> bool:
        raise ZeroDivisionError

    monkeypatch.setattr(bot.service, "wants_photo", broken)
    bot.family.send_photo(bot.anna, SNOW)
    await bot.telegram.waits()
    await asyncio.sleep(0)
    monkeypatch.undo()
    await bot.family.answer(bot.family.send_photo(bot.anna, SNOW))
    assert "an update could not be handled" in caplog.text

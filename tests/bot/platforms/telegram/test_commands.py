"""Commands, buttons and settings on Telegram."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from bot import speech
from bot.domain import CommandRequest, Refusal, Reply, Room
from tests.fakes.telegram.chats import Chat
from tests.fakes.telegram.evening import Evening, evening

SNOW = b"snow"
OLAF = "Olaf! 97%"
WHERE = "Where did you look?"


@pytest.fixture
async def at() -> AsyncIterator[Evening]:
    async with evening() as it:
        yield it


def room(chat: Chat) -> Room:
    return Room("telegram", str(chat.id))


# Commands


async def test_the_menu_is_set_for_each_scope_and_language(at: Evening) -> None:
    menus = 2 * (1 + len(speech.LANGUAGES))
    await at.telegram.until(lambda: len(at.telegram.methods.menus) == menus)
    scopes = {scope for scope, _ in at.telegram.methods.menus}
    assert scopes == {"all_private_chats", "all_group_chats"}
    languages = {language for _, language in at.telegram.methods.menus}
    assert languages == {"", *speech.LANGUAGES}
    german = {
        command["command"]: command["description"]
        for command in at.telegram.methods.menus["all_group_chats", "de"]
    }
    assert german["who"] == speech.into("de").command("who")
    assert {"help", "where", "settings", "privacy", "about"} < set(german)


async def test_a_command_is_answered_in_the_persons_language(at: Evening) -> None:
    greta = at.telegram.person("Greta", "de-AT")
    for name in ("start", "help", "who", "where", "settings", "privacy", "about"):
        english = await at.family.answer(at.family.send_text(at.anna, f"/{name}@SnowPeople_bot"))
        german = await at.family.answer(at.family.send_text(greta, f"/{name.upper()}"))
        assert english.text != german.text


async def test_start_offers_a_button_that_brings_the_bot_to_a_group(at: Evening) -> None:
    answer = await at.home.answer(at.home.send_text(at.anna, "/start group"))
    assert answer.keyboard[-1][0]["url"] == "https://t.me/snowpeople_bot?startgroup=true"


async def test_what_is_no_command_for_this_bot_is_left_alone(at: Evening) -> None:
    for text in ("/who@other_bot", "/dance", "and /who"):
        at.family.send_text(at.anna, text)
    await at.family.answer(at.family.send_photo(at.anna, SNOW))
    assert len(at.family.bots) == 1


async def test_an_unknown_command_gets_help_in_private(at: Evening) -> None:
    assert "/help" in (await at.home.answer(at.home.send_text(at.anna, "/dance"))).text


async def test_who_in_a_group_opens_an_answer_to_the_bot(at: Evening) -> None:
    await at.family.answer(at.family.send_text(at.anna, "/who"))
    await at.home.answer(at.home.send_text(at.anna, "/who"))
    in_group, in_private = at.telegram.called("sendMessage")
    assert json.loads(in_group["reply_markup"])["force_reply"] is True
    assert json.loads(in_group["reply_markup"])["selective"] is True
    assert "reply_markup" not in in_private


@pytest.mark.parametrize(
    ("who", "is_admin"),
    [("admin", True), ("member", False), ("anonymous", True), ("channel", False)],
)
async def test_a_command_knows_whether_an_admin_gave_it(
    at: Evening, monkeypatch: pytest.MonkeyPatch, who: str, is_admin: bool
) -> None:
    told: list[tuple[str, str, bool]] = []

    async def command(command: CommandRequest) -> Reply:
        told.append((command.name, command.argument, await command.is_admin()))
        return Reply("ok")

    monkeypatch.setattr(at.host, "command", command)
    if who == "admin":
        at.family.admins.add(at.anna.id)
    channel = {"id": -1009, "type": "channel", "title": "Snow"}
    behind = {"anonymous": at.family.json(), "channel": channel}.get(who)
    sent = at.family.send_text(at.anna, "/about  the season ", sender_chat=behind)
    await at.family.answer(sent)
    assert told == [("about", "the season", is_admin)]


async def test_who_cannot_be_looked_up_is_no_admin(at: Evening) -> None:
    at.family.admins.add(at.anna.id)
    message = await at.family.answer(at.family.send_text(at.anna, "/settings"))
    at.telegram.fail("getChatMember", status=400, description="Bad Request: user not found")
    assert "admins" in await at.family.press(at.anna, message, 1).answered()


# Buttons


async def test_where_did_you_look_sends_the_heat_map(at: Evening) -> None:
    answer = await at.family.answer(at.family.send_photo(at.anna, SNOW))
    tap = at.family.press(at.anna, answer, WHERE)
    shown = await at.family.answer(answer)
    assert shown.picture == b"\x89PNG heat of snow"
    assert "where it glows" in shown.text
    assert await tap.answered() == ""
    again = at.family.press(at.anna, answer, WHERE)
    assert "already" in await again.answered()


async def test_a_button_works_after_a_restart(at: Evening) -> None:
    answer = await at.family.answer(at.family.send_photo(at.anna, SNOW))
    await at.stop()
    at.chat = at.new_chat()
    await at.start()
    at.family.press(at.anna, answer, WHERE)
    assert (await at.family.answer(answer)).picture


async def test_a_button_of_an_older_version_says_that_its_time_is_over(at: Evening) -> None:
    answer = await at.family.answer(at.family.send_photo(at.anna, SNOW))
    assert "melted" in await at.family.tap(at.anna, answer, "guess:17:olaf").answered()


async def test_a_button_of_a_message_that_cannot_be_seen_any_more_is_answered(at: Evening) -> None:
    answer = await at.family.answer(at.family.send_photo(at.anna, SNOW))
    assert "melted" in await at.family.tap(at.anna, None, "where:1").answered()
    tap = at.family.tap(at.anna, answer, "set", inaccessible=True)
    assert await tap.answered() == ""


async def test_a_tap_that_telegram_gave_up_on_is_no_fault(
    at: Evening, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await at.family.answer(at.family.send_photo(at.anna, SNOW))
    at.family.press(at.anna, answer, WHERE).is_old = True
    assert (await at.family.answer(answer)).picture
    assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]


async def test_a_slow_heat_map_does_not_leave_who_tapped_waiting(
    at: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.platforms.telegram.handlers.TAP_SECONDS", 0.01)
    answer = await at.family.answer(at.family.send_photo(at.anna, SNOW))
    at.eye.may_answer.clear()
    assert await at.family.press(at.anna, answer, WHERE).answered() == ""
    at.eye.may_answer.set()
    assert (await at.family.answer(answer)).picture


async def test_what_went_wrong_after_a_slow_tap_is_said_aloud(
    at: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.platforms.telegram.handlers.TAP_SECONDS", 0.01)
    answer = await at.family.answer(at.family.send_photo(at.anna, SNOW))
    at.eye.may_answer.clear()
    await at.family.press(at.anna, answer, WHERE).answered()
    at.eye.fault = ZeroDivisionError()
    at.eye.may_answer.set()
    assert (await at.family.answer(answer)).text == speech.into("en").refusal(Refusal.FAULT)


async def test_a_room_without_pictures_gets_the_heat_map_in_words(at: Evening) -> None:
    answer = await at.family.answer(at.family.send_photo(at.anna, SNOW))
    at.family.no_photos = True
    at.family.press(at.anna, answer, WHERE)
    shown = await at.family.answer(answer)
    assert shown.picture is None
    assert "where it glows" in shown.text


# Settings


async def test_only_an_admin_changes_the_settings_and_the_message_follows(at: Evening) -> None:
    at.family.admins.add(at.anna.id)
    bea = at.telegram.person("Bea")
    message = await at.family.answer(at.family.send_text(at.anna, "/settings"))
    assert message.buttons[:2] == ["✓ Every photo", "Only when called"]
    assert "admins" in await at.family.press(bea, message, 1).answered()
    assert await at.family.press(at.anna, message, 1).answered() == "Done. I'll stick to that."
    await at.telegram.until(lambda: message.edits == 1)
    assert message.buttons[:2] == ["Every photo", "✓ Only when called"]
    assert not (await at.store.room_settings(room(at.family))).every_photo


async def test_a_message_that_is_too_old_to_edit_is_no_fault(
    at: Evening, caplog: pytest.LogCaptureFixture
) -> None:
    at.family.admins.add(at.anna.id)
    message = await at.family.answer(at.family.send_text(at.anna, "/settings"))
    description = "Bad Request: message can't be edited"
    at.telegram.fail("editMessageText", status=400, description=description)
    assert await at.family.press(at.anna, message, 1).answered()
    await at.home.answer(at.home.send_photo(at.anna, SNOW))
    assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]


async def test_a_tap_that_changes_nothing_is_no_fault(
    at: Evening, caplog: pytest.LogCaptureFixture
) -> None:
    at.family.admins.add(at.anna.id)
    message = await at.family.answer(at.family.send_text(at.anna, "/settings"))
    assert await at.family.press(at.anna, message, 0).answered()
    await at.family.answer(at.family.send_photo(at.anna, SNOW))
    assert message.edits == 0
    assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]


async def test_a_settings_message_that_was_deleted_meanwhile_is_no_fault(
    at: Evening, caplog: pytest.LogCaptureFixture
) -> None:
    at.family.admins.add(at.anna.id)
    message = await at.family.answer(at.family.send_text(at.anna, "/settings"))
    tap = at.family.press(at.anna, message, 1)
    at.family.delete(message)
    assert await tap.answered()
    await at.home.answer(at.home.send_photo(at.anna, SNOW))
    assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]


async def test_telegram_is_asked_once_who_is_an_admin(at: Evening) -> None:
    at.family.admins.add(at.anna.id)
    message = await at.family.answer(at.family.send_text(at.anna, "/settings"))
    for button in (1, 0, 1):
        await at.family.press(at.anna, message, button).answered()
    assert len(at.telegram.called("getChatMember")) == 1


async def test_in_private_everybody_decides_for_themselves(at: Evening) -> None:
    message = await at.home.answer(at.home.send_text(at.anna, "/settings"))
    assert await at.home.tap(at.anna, message, "set:language:uk").answered()
    assert (await at.store.room_settings(room(at.home))).language == "uk"
    assert not at.telegram.called("getChatMember")

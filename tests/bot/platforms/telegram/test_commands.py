"""Commands, buttons and settings on Telegram."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from bot.domain import CommandRequest, Refusal, Reply, RoomSettings
from bot.platforms.telegram.commands import PUBLISHED
from bot.services import commands
from bot.speech import LANGUAGES, speaker_for
from tests.bot.platforms.telegram.conftest import is_answer
from tests.fakes.telegram.running_bot import RunningBot, room_of, running_bot
from tests.fakes.vision import YETI

SNOW = b"snow"
WHERE = "Where did you look?"


# Commands


@pytest.fixture
async def new_bot() -> AsyncIterator[RunningBot]:
    """A bot that was never started before."""
    async with running_bot(has_menus=False) as bot:
        yield bot


async def test_the_menu_is_set_for_each_scope_and_language_until_it_changes(
    new_bot: RunningBot,
) -> None:
    bot = new_bot
    menus = 3 * (1 + len(LANGUAGES))
    await bot.telegram.until(lambda: len(bot.telegram.methods.menus) == menus)
    scopes = {scope for scope, _ in bot.telegram.methods.menus}
    assert scopes == {"all_private_chats", "all_group_chats", "all_chat_administrators"}
    languages = {language for _, language in bot.telegram.methods.menus}
    assert languages == {"", *LANGUAGES}
    who = commands.find("who")
    assert who is not None
    german = {
        command["command"]: command["description"]
        for command in bot.telegram.methods.menus["all_group_chats", "de"]
    }
    assert german["who"] == who.summary_in(speaker_for("de"))
    assert {"help", "where", "settings", "privacy"} < set(german)
    # In a group the bot alone sees those whose answer is for one person.
    whispered = {
        scope: {each["command"] for each in menu if each.get("is_ephemeral")}
        for (scope, _), menu in bot.telegram.methods.menus.items()
    }
    assert not whispered["all_private_chats"]
    assert {"me", "settings", "privacy"} <= whispered["all_group_chats"] <= set(german)
    assert not {"who", "guess", "leaderboard", "undo"} & whispered["all_chat_administrators"]
    bot.telegram.methods.menus.clear()
    await bot.restart()
    await bot.home.answer(bot.home.send_photo(bot.anna, SNOW))
    assert not bot.telegram.methods.menus
    await bot.store.notes.remember(PUBLISHED, "those of another version")
    await bot.restart()
    await bot.telegram.until(lambda: len(bot.telegram.methods.menus) == menus)


async def test_commands_of_admins_are_in_the_menus_of_admins_and_of_private_chats_only(
    new_bot: RunningBot,
) -> None:
    menus, bot = new_bot.telegram.methods.menus, new_bot
    await bot.telegram.until(lambda: len(menus) == 3 * (1 + len(LANGUAGES)))
    listed = commands.menu("telegram")
    of_all = [each.name for each in listed if not each.admins_only]
    assert len(of_all) < len(listed)
    for language in ("", *LANGUAGES):
        names = {
            scope: [command["command"] for command in menus[scope, language]]
            for scope in ("all_private_chats", "all_group_chats", "all_chat_administrators")
        }
        assert names["all_group_chats"] == of_all
        assert names["all_chat_administrators"] == [each.name for each in listed]
        assert names["all_private_chats"] == names["all_chat_administrators"]


async def test_a_command_is_answered_in_the_persons_language(bot: RunningBot) -> None:
    greta = bot.telegram.person("Greta", "de-AT")
    for name in ("start", "help", "who", "where", "settings", "privacy", "about"):
        english = await bot.family.answer(bot.family.send_text(bot.anna, f"/{name}@SnowPeople_bot"))
        german = await bot.family.answer(bot.family.send_text(greta, f"/{name.upper()}"))
        assert english.text != german.text


async def test_start_offers_a_button_that_brings_the_bot_to_a_group(bot: RunningBot) -> None:
    answer = await bot.home.answer(bot.home.send_text(bot.anna, "/start group"))
    assert answer.keyboard[-1][0]["url"] == "https://t.me/snowpeople_bot?startgroup=true"


async def test_what_is_no_command_for_this_bot_is_left_alone(bot: RunningBot) -> None:
    for text in ("/who@other_bot", "/dance", "and /who", "🎅 /who", "he typed /who and it melted"):
        bot.family.send_text(bot.anna, text)
    await bot.family.answer(bot.family.send_photo(bot.anna, SNOW))
    assert len(bot.family.bots) == 1


async def test_a_command_inside_a_sentence_is_none(
    bot: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[str] = []

    async def handle_command(request: CommandRequest) -> Reply:
        given.append(request.name)
        return Reply("ok")

    monkeypatch.setattr(bot.service, "handle_command", handle_command)
    for chat in (bot.home, bot.family):
        told_of = [
            chat.send_text(bot.anna, "he typed /forget and it melted"),
            chat.send_photo(bot.anna, SNOW, caption="he typed /forget and it melted"),
            chat.send_photo(bot.anna, SNOW + b" again", caption="🎅🎄 /forget"),
        ]
        await chat.answer(chat.send_photo(bot.anna, SNOW + b" once more", caption="/forget"))
        for photo in told_of[1:]:
            assert is_answer((await chat.answer(photo)).text)
    assert given == ["forget", "forget"]


async def test_an_unknown_command_gets_help_in_private(bot: RunningBot) -> None:
    assert "/help" in (await bot.home.answer(bot.home.send_text(bot.anna, "/dance"))).text


async def test_who_in_a_group_opens_an_answer_to_the_bot(bot: RunningBot) -> None:
    await bot.family.answer(bot.family.send_text(bot.anna, "/who"))
    await bot.home.answer(bot.home.send_text(bot.anna, "/who"))
    in_group, in_private = bot.telegram.called("sendMessage")
    assert json.loads(in_group["reply_markup"])["force_reply"] is True
    assert json.loads(in_group["reply_markup"])["selective"] is True
    assert "reply_markup" not in in_private


async def test_who_calls_for_the_next_two_minutes_however_late_it_is_told(bot: RunningBot) -> None:
    await bot.store.rooms.change_settings(room_of(bot.family), RoomSettings(every_photo=False))
    bea = bot.telegram.person("Bea")
    for person, age in ((bot.anna, 110), (bea, 130)):
        await bot.family.answer(bot.family.send_text(person, "/who", age=age + 100))
    called, late = [bot.family.send_photo(each, b"snow", age=100) for each in (bot.anna, bea)]
    await bot.family.answer(called)
    await bot.family.answer(bot.family.send_text(bea, "/help"))
    assert not [said for said in bot.family.bots if said.reply_to == late.id]


@pytest.mark.parametrize(
    ("who", "is_admin"),
    [("admin", True), ("member", False), ("anonymous", True), ("channel", False)],
)
async def test_a_command_knows_whether_an_admin_gave_it(
    bot: RunningBot, monkeypatch: pytest.MonkeyPatch, who: str, is_admin: bool
) -> None:
    told: list[tuple[str, str, bool]] = []

    async def handle_command(request: CommandRequest) -> Reply:
        told.append((request.name, request.argument, await request.is_admin()))
        return Reply("ok")

    monkeypatch.setattr(bot.service, "handle_command", handle_command)
    if who == "admin":
        bot.family.admins.add(bot.anna.id)
    channel = {"id": -1009, "type": "channel", "title": "Snow"}
    behind = {"anonymous": bot.family.json(), "channel": channel}.get(who)
    sent = bot.family.send_text(bot.anna, "/about  the season ", sender_chat=behind)
    await bot.family.answer(sent)
    assert told == [("about", "the season", is_admin)]


async def test_who_cannot_be_looked_up_is_no_admin(bot: RunningBot) -> None:
    bot.family.admins.add(bot.anna.id)
    message = await bot.family.answer(bot.family.send_text(bot.anna, "/settings"))
    bot.telegram.fail("getChatMember", status=400, description="Bad Request: user not found")
    assert "admins" in await bot.family.press(bot.anna, message, 1).answered()


# Buttons


async def test_where_did_you_look_sends_the_heat_map(bot: RunningBot) -> None:
    bot.vision.sees[SNOW] = YETI
    answer = await bot.family.answer(bot.family.send_photo(bot.anna, SNOW))
    tap = bot.family.press(bot.anna, answer, WHERE)
    shown = await bot.family.answer(answer)
    assert shown.picture is not None
    assert shown.picture.startswith(b"\x89PNG\r\n")
    assert shown.text == speaker_for("en").photos.heatmap_caption(YETI)
    assert await tap.answered() == ""
    again = bot.family.press(bot.anna, answer, WHERE)
    assert "already" in await again.answered()


async def test_a_button_works_after_a_restart(bot: RunningBot) -> None:
    answer = await bot.family.answer(bot.family.send_photo(bot.anna, SNOW))
    await bot.restart()
    bot.family.press(bot.anna, answer, WHERE)
    assert (await bot.family.answer(answer)).picture


async def test_a_button_of_an_older_version_says_that_its_time_is_over(bot: RunningBot) -> None:
    answer = await bot.family.answer(bot.family.send_photo(bot.anna, SNOW))
    assert "melted" in await bot.family.tap(bot.anna, answer, "guess:17:olaf").answered()


async def test_a_button_of_a_message_that_cannot_be_seen_any_more_is_answered(
    bot: RunningBot,
) -> None:
    answer = await bot.family.answer(bot.family.send_photo(bot.anna, SNOW))
    assert "melted" in await bot.family.tap(bot.anna, None, "where:1").answered()
    tap = bot.family.tap(bot.anna, answer, "set", inaccessible=True)
    assert await tap.answered() == ""


async def test_a_tap_that_telegram_gave_up_on_is_no_fault(
    bot: RunningBot, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await bot.family.answer(bot.family.send_photo(bot.anna, SNOW))
    bot.family.press(bot.anna, answer, WHERE).is_old = True
    assert (await bot.family.answer(answer)).picture
    assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]


async def test_a_slow_heat_map_does_not_leave_who_tapped_waiting(
    bot: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.platforms.telegram.handlers.TAP_SECONDS", 0.01)
    answer = await bot.family.answer(bot.family.send_photo(bot.anna, SNOW))
    bot.vision.may_answer.clear()
    assert await bot.family.press(bot.anna, answer, WHERE).answered() == ""
    bot.vision.may_answer.set()
    assert (await bot.family.answer(answer)).picture


async def test_a_notice_that_comes_late_is_not_shown_to_a_whole_group(
    bot: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.platforms.telegram.handlers.TAP_SECONDS", 0.01)
    fault = speaker_for("en").photos.refusal(Refusal.FAULT)
    for chat, at_last in ((bot.family, 2), (bot.home, 3)):
        answer = await chat.answer(chat.send_photo(bot.anna, b"%d" % chat.id))
        bot.vision.may_answer.clear()
        await chat.press(bot.anna, answer, WHERE).answered()
        bot.vision.fault = ZeroDivisionError()
        bot.vision.may_answer.set()
        await chat.answer(chat.send_text(bot.anna, "/help"))
        await bot.telegram.until(lambda: len(chat.bots) == at_last)  # noqa: B023
        bot.vision.fault = None
    assert fault in [said.text for said in bot.home.bots]
    assert fault not in [said.text for said in bot.family.bots]


async def test_a_room_without_pictures_gets_the_heat_map_in_words(bot: RunningBot) -> None:
    answer = await bot.family.answer(bot.family.send_photo(bot.anna, SNOW))
    bot.family.no_photos = True
    bot.family.press(bot.anna, answer, WHERE)
    shown = await bot.family.answer(answer)
    assert shown.picture is None
    assert "where it glows" in shown.text


# Settings


async def test_only_an_admin_changes_the_settings_and_the_message_follows(bot: RunningBot) -> None:
    bot.family.admins.add(bot.anna.id)
    bea = bot.telegram.person("Bea")
    message = await bot.family.answer(bot.family.send_text(bot.anna, "/settings"))
    assert message.buttons[:2] == ["✓ Every photo", "Only when called"]
    assert "admins" in await bot.family.press(bea, message, 1).answered()
    assert await bot.family.press(bot.anna, message, 1).answered() == "Done. I'll stick to that."
    await bot.telegram.until(lambda: message.edits == 1)
    assert message.buttons[:2] == ["Every photo", "✓ Only when called"]
    assert not (await bot.store.rooms.settings(room_of(bot.family))).every_photo


async def test_a_message_that_is_too_old_to_edit_is_no_fault(
    bot: RunningBot, caplog: pytest.LogCaptureFixture
) -> None:
    bot.family.admins.add(bot.anna.id)
    message = await bot.family.answer(bot.family.send_text(bot.anna, "/settings"))
    description = "Bad Request: message can't be edited"
    bot.telegram.fail("editMessageText", status=400, description=description)
    assert await bot.family.press(bot.anna, message, 1).answered()
    await bot.home.answer(bot.home.send_photo(bot.anna, SNOW))
    assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]


async def test_a_tap_that_changes_nothing_is_no_fault(
    bot: RunningBot, caplog: pytest.LogCaptureFixture
) -> None:
    bot.family.admins.add(bot.anna.id)
    message = await bot.family.answer(bot.family.send_text(bot.anna, "/settings"))
    assert await bot.family.press(bot.anna, message, 0).answered()
    await bot.family.answer(bot.family.send_photo(bot.anna, SNOW))
    assert message.edits == 0
    assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]


async def test_a_settings_message_that_was_deleted_meanwhile_is_no_fault(
    bot: RunningBot, caplog: pytest.LogCaptureFixture
) -> None:
    bot.family.admins.add(bot.anna.id)
    message = await bot.family.answer(bot.family.send_text(bot.anna, "/settings"))
    tap = bot.family.press(bot.anna, message, 1)
    bot.family.delete(message)
    assert await tap.answered()
    await bot.home.answer(bot.home.send_photo(bot.anna, SNOW))
    assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]


async def test_telegram_is_asked_once_who_is_an_admin(bot: RunningBot) -> None:
    bot.family.admins.add(bot.anna.id)
    message = await bot.family.answer(bot.family.send_text(bot.anna, "/settings"))
    for button in (1, 0, 1):
        await bot.family.press(bot.anna, message, button).answered()
    assert len(bot.telegram.called("getChatMember")) == 1


async def test_in_private_everybody_decides_for_themselves(bot: RunningBot) -> None:
    message = await bot.home.answer(bot.home.send_text(bot.anna, "/settings"))
    assert await bot.home.tap(bot.anna, message, "set:language:uk").answered()
    assert (await bot.store.rooms.settings(room_of(bot.home))).language == "uk"
    assert not bot.telegram.called("getChatMember")

"""The bot does not shout: what nobody asked for, what was said before, what is for one person."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.domain import Refusal
from bot.platforms.common import readable
from bot.platforms.telegram.albums import LONGEST_SECONDS, QUIET_SECONDS
from bot.platforms.telegram.limits import Closing, Turns, Urgency
from bot.services import commands
from bot.services.buttons import ObjectToTruth, encode
from bot.services.photo_archive import KEPT_DAYS
from bot.speech import speaker_for
from tests.bot.platforms.telegram.conftest import is_answer
from tests.fakes.telegram.running_bot import RunningBot, room_of
from tests.fakes.telegram.things import Message, User
from tests.fakes.telegram.world import ANONYMOUS_ADMIN, SERVICE

pytestmark = pytest.mark.usefixtures("quick_retries")

SNOW = b"snow"
WHERE = "Where did you look?"
EN = speaker_for("en")


async def said_to(bot: RunningBot, *messages: Message) -> list[str]:
    """Return what was said to messages by the time a later photo there has its answer."""
    chat = messages[0].chat
    later = chat.send_photo(bot.anna, b"later %d" % messages[-1].id, caption="/who")
    await chat.answer(later)
    theirs = {message.id for message in messages}
    return [said.text for said in chat.messages if said.is_bots and said.reply_to in theirs]


# Refusals


async def test_a_refusal_is_said_once_until_it_changes_and_then_counted(
    bot: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.platforms.telegram.fading.NOTICE_SECONDS", 0.05)
    bea = bot.telegram.person("Bea")
    refused = [bot.family.send_photo(bot.anna, b"busy") for _ in range(5)]
    hers = bot.family.send_photo(bea, b"busy")
    busy = EN.photos.refusal(Refusal.BUSY)
    assert await said_to(bot, *refused) == [busy]
    # That the bot is busy is no news for who is in the same chat.
    await bot.telegram.until(lambda: any("5 photos slid" in m.text for m in bot.family.messages))
    assert not [m for m in bot.family.messages if m.is_bots and m.reply_to == hers.id]
    # They are gone after a minute, and the answer stays.
    await bot.telegram.until(lambda: len(bot.family.bots) == 1)
    await bot.stop()
    assert await bot.store.notices.left("telegram") == []
    assert not await bot.service.pending_photos("telegram")


async def test_a_notice_goes_when_its_time_is_over_also_after_a_restart(bot: RunningBot) -> None:
    bot.family.send_photo(bot.anna, b"busy")
    await bot.telegram.until(lambda: bool(bot.family.bots))
    while not (left := await bot.store.notices.left("telegram")):
        await asyncio.sleep(0.002)
    await bot.kill()
    await bot.store.notices.drop(left[0])
    await bot.store.notices.keep(replace(left[0], until=datetime.now(UTC)))
    bot.renew()
    await bot.start()
    await bot.telegram.until(lambda: not bot.family.bots)


async def test_refusals_wait_behind_nothing_and_nothing_waits_behind_them(
    bot: RunningBot,
) -> None:
    held = bot.telegram.fail("sendMessage", held=asyncio.Event())
    bot.family.send_photo(bot.anna, b"busy")
    await bot.telegram.until(lambda: held.times == 0)
    assert is_answer((await bot.family.answer(bot.family.send_photo(bot.anna, SNOW))).text)
    assert held.held is not None
    held.held.set()


async def test_an_album_says_once_what_is_wrong_with_its_photos(bot: RunningBot) -> None:
    damaged = EN.photos.refusal(Refusal.DAMAGED)
    album = bot.home.send_album(bot.anna, [b"damaged"] * 3)
    assert (await bot.home.answer(album[0])).text == damaged
    mixed = bot.home.send_album(bot.anna, [b"damaged", SNOW, b"damaged"])
    lines = (await bot.home.answer(mixed[0])).text.splitlines()
    assert lines[:2] == [f"1, 3. {damaged}", "2. Olaf! 97%"]


async def test_the_most_urgent_goes_first_and_nobody_after_the_end() -> None:
    turns = Turns(1, 0.02)
    went: list[str] = []

    async def go(name: str, urgency: Urgency) -> None:
        await turns.reach(urgency)
        went.append(name)

    await turns.reach(Urgency.NOTICE)
    names = [("notice", Urgency.NOTICE), ("edit", Urgency.NEWS), ("verdict", Urgency.ANSWER)]
    await asyncio.gather(*(go(*each) for each in names))
    assert went == ["verdict", "edit", "notice"]
    waits = asyncio.create_task(go("too late", Urgency.ANSWER))
    await asyncio.sleep(0)
    turns.close()
    with pytest.raises(Closing):
        await waits


async def test_processes_share_what_may_go_in_a_second() -> None:
    sharers = 3
    turns = Turns(6, 3600, lambda: sharers)
    waits = [asyncio.create_task(turns.reach(Urgency.NEWS)) for _ in range(7)]
    await asyncio.sleep(0.01)
    assert sum(wait.done() for wait in waits) == 2
    sharers = 1
    waits.append(asyncio.create_task(turns.reach(Urgency.NEWS)))
    await asyncio.sleep(0.01)
    assert sum(wait.done() for wait in waits) == 6
    turns.close()
    await asyncio.gather(*waits, return_exceptions=True)


# What nobody asked for


async def test_in_a_group_only_photos_are_answered_unless_the_bot_is_meant(
    bot: RunningBot,
) -> None:
    def send_all(caption: str) -> list[Message]:
        moving = [
            bot.family.send_moving(bot.anna, kind, thumbnail=kind.encode(), caption=caption)
            for kind in ("animation", "video", "video_note")
        ]
        nameless = bot.family.send_document(bot.anna, b"nameless", caption=caption)
        return [*moving, nameless]

    channel = {"id": -1009, "type": "channel", "title": "Snow"}
    service = bot.telegram.person("Telegram", id_=SERVICE)
    robot = bot.telegram.person("Robot")
    robot.is_bot = True
    ignored = [
        bot.family.send_sticker(bot.anna, b"sticker"),
        *send_all(""),
        bot.family.send_photo(bot.anna, b"damaged"),
        bot.family.send_photo(service, SNOW, sender_chat=channel, is_automatic_forward=True),
        bot.family.send_photo(robot, SNOW, caption="/who"),
    ]
    assert await said_to(bot, *ignored) == []
    meant = [*send_all("/who"), bot.family.send_photo(bot.anna, b"damaged", caption="/who")]
    for message in meant[:-1]:
        assert (await bot.family.answer(message)).text.startswith("Olaf!")
    assert (await bot.family.answer(meant[-1])).text == EN.photos.refusal(Refusal.DAMAGED)


async def test_what_telegram_will_say_one_day_is_nobodys_question(bot: RunningBot) -> None:
    unknown = bot.home.send(bot.anna, snowfall_started={"inches": 3})
    file = bot.home.send_document(bot.anna, b"nameless")
    assert is_answer((await bot.home.answer(file)).text)
    assert await said_to(bot, unknown) == []


async def test_an_albums_video_without_a_thumbnail_is_left_out(bot: RunningBot) -> None:
    photo = bot.home.send_photo(bot.anna, SNOW, media_group_id="9")
    video = bot.home.send_moving(bot.anna, "video", media_group_id="9")
    assert len(await said_to(bot, photo, video)) == 1
    videos = [bot.home.send_moving(bot.anna, "video", media_group_id="10") for _ in range(2)]
    assert len(await said_to(bot, *videos)) == 1  # help, once


def test_an_album_whose_second_half_comes_late_is_one() -> None:
    assert 1.6 < QUIET_SECONDS < LONGEST_SECONDS


# Who is who


async def test_a_group_that_becomes_a_supergroup_is_not_greeted_again_and_keeps_its_round(
    bot: RunningBot,
) -> None:
    group = bot.telegram.group("Cousins", bot="administrator", supergroup=False)
    await bot.store.rooms.mark_greeted(room_of(group), datetime.now(UTC))
    bot.vision.may_answer.clear()
    group.send_photo(bot.anna, SNOW)
    await bot.until_classifying()
    new = group.migrate(members_first=True)
    bot.vision.may_answer.set()
    await bot.telegram.until(lambda: bool(new.bots))
    assert new.bots[0].text.startswith("Olaf!")
    new.press(bot.anna, new.bots[0], "Yeti")
    await bot.telegram.until(lambda: new.bots[0].edits == 1)
    assert len(new.bots) == 1


async def test_a_bot_that_was_renamed_hears_its_new_name(bot: RunningBot) -> None:
    bot.telegram.bot.username = "frosty_bot"
    await bot.family.answer(bot.family.send_text(bot.anna, "/who@frosty_bot"))
    assert await said_to(bot, bot.family.send_text(bot.anna, "/who@other_bot")) == []


async def test_who_has_left_a_group_does_not_object_there(bot: RunningBot) -> None:
    answer = await bot.family.answer(bot.family.send_photo(bot.anna, SNOW))
    bot.family.press(bot.anna, answer, "Yeti")
    await bot.telegram.until(lambda: answer.edits == 1)
    bea = bot.telegram.person("Bea")
    bot.family.gone.add(bea.id)
    assert (
        await bot.family.tap(bea, answer, encode(ObjectToTruth(1))).answered()
        == EN.rooms.only_members()
    )


async def test_anonymous_admins_can_do_what_admins_can(bot: RunningBot) -> None:
    chat, bea = bot.family, bot.telegram.person("Bea")
    chat.admins.add(bot.anna.id)
    group = bot.telegram.person("GroupAnonymousBot", id_=ANONYMOUS_ADMIN)

    async def said(who: User, text: str) -> Message:
        behind = chat.json() if who is group else None
        return await chat.answer(chat.send_text(who, text, sender_chat=behind))

    of_admins = [f"/{each.name}" for each in commands.COMMANDS if each.admins_only]
    deeds = [*of_admins, "/guess on", "/daily 9:00", "/keep on", "/undo"]
    refused = [EN.rooms.only_admins(), EN.rounds.undo_nothing()]
    assert {(await said(bea, deed)).text for deed in deeds} == {*refused}
    answers = [await said(group, deed) for deed in deeds]
    assert not {*refused} & {answer.text for answer in answers}
    # They tap as themselves.
    settings, reset = await said(group, "/settings"), answers[deeds.index("/reset")]
    chat.press(bot.anna, settings, EN.rooms.manner_button(quiet=True))
    chat.press(bot.anna, reset)
    await bot.telegram.until(lambda: settings.edits == reset.edits == 1)
    log = (await said(group, "/log")).text.splitlines()[1:]
    assert [line.count("Family") for line in log] == [0, 0, 1, 1, 1, 1]
    forget = await said(group, "/forget")
    chat.press(bot.anna, forget)
    await bot.telegram.until(lambda: forget.edits == 1)
    assert "Family" not in (await said(group, "/log")).text
    assert "Anna" in (await said(group, "/log")).text


async def test_what_anonymous_admins_did_is_forgotten_when_one_of_them_says_so(
    bot: RunningBot,
) -> None:
    bea = bot.telegram.person("Bea")
    bot.family.admins.add(bot.anna.id)
    group = bot.telegram.person("GroupAnonymousBot", id_=ANONYMOUS_ADMIN)
    photo = bot.family.send_photo(group, SNOW, sender_chat=bot.family.json())
    await bot.family.answer(photo)
    asked = await bot.family.answer(
        bot.family.send_text(group, "/forget", sender_chat=bot.family.json())
    )
    assert "somebody else" in await bot.family.press(bea, asked).answered()
    bot.family.press(bot.anna, asked)
    await bot.telegram.until(lambda: asked.edits == 1)
    assert not await bot.store.people.export("telegram", str(bot.family.id))


def test_a_name_in_which_there_is_nothing_to_be_seen_is_none() -> None:
    for name in ("", "  ", "\u3164", "\u2800\u200b", "\u115f\ufe0f"):
        assert readable(name) == ""
    for name in ("Anna", "☃️", "\u3164Bo", "नि"):
        assert readable(name) == name


async def test_who_has_no_name_is_somebody(bot: RunningBot) -> None:
    nobody = bot.telegram.person("\u3164")
    answer = await bot.family.answer(bot.family.send_photo(nobody, SNOW))
    bot.family.press(nobody, answer, "Yeti")
    await bot.telegram.until(lambda: answer.edits == 1)
    assert "Somebody" in answer.text


# For one person, or hidden


async def test_what_is_for_one_person_is_whispered_where_the_server_can(
    bot: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.platforms.telegram.handlers.TAP_SECONDS", 0.0)
    bot.telegram.has_ephemeral_messages = True
    anna, busy = bot.anna.id, EN.photos.refusal(Refusal.BUSY)
    bot.family.send_photo(bot.anna, b"busy")
    await bot.telegram.until(lambda: bot.family.whispers == [(anna, busy)])
    bot.family.send_text(bot.anna, "/me")
    await bot.telegram.until(lambda: len(bot.family.whispers) == 2)
    bot.family.send_text(bot.anna, "/settings quiet")
    await bot.telegram.until(lambda: bot.family.whispers[-1] == (anna, EN.rooms.only_admins()))
    assert not bot.family.bots
    # What is for all is said to all, and only a tap lets a bot whisper that is no admin.
    answer = await bot.family.answer(bot.family.send_photo(bot.anna, SNOW))
    bot.family.bot_status = "member"
    bea = bot.telegram.person("Bea")
    bot.family.press(bea, answer, "Yeti")
    not_hers = (bea.id, EN.rounds.not_your_photo())
    await bot.telegram.until(lambda: bot.family.whispers[-1] == not_hers)
    mine = await bot.family.answer(bot.family.send_text(bot.anna, "/me"))
    assert mine.text != busy
    assert len(bot.family.whispers) == 4


async def test_what_is_whispered_may_have_buttons_and_follows_them(bot: RunningBot) -> None:
    bot.telegram.has_ephemeral_messages = True
    chat, anna = bot.family, bot.anna
    chat.admins.add(anna.id)

    async def whispered(text: str) -> Message:
        await bot.telegram.until(lambda: chat.whispers[-1:] == [(anna.id, text)])
        return chat.whispered[-1]

    chat.send_text(anna, "/privacy")
    told = EN.privacy.privacy(keeps=False, days=KEPT_DAYS, shows_photos=False)
    privacy = await whispered(told)
    # Only who tapped just now may be whispered to where the bot is no admin, and they have tapped.
    chat.bot_status = "member"
    chat.press(anna, privacy, EN.privacy.export_button())
    await whispered(EN.privacy.export_how())
    chat.press(anna, privacy, EN.privacy.forget_me_button())
    asked = await whispered(EN.privacy.forget_ask())
    chat.press(anna, asked, EN.privacy.forget_not_button())
    await whispered(EN.privacy.forgot_not())
    assert asked.buttons == []
    # What each command does is asked for by who wants to know it.
    chat.bot_status = "administrator"
    chat.send_text(anna, "/help")
    help_ = await whispered(EN.rooms.help("telegram", bot.telegram.bot.username or ""))
    chat.press(anna, help_, EN.rooms.commands_button())
    await whispered(commands.listed("telegram", EN))
    # The settings stay where they are, too.
    chat.send_text(anna, "/settings")
    await bot.telegram.until(lambda: len(chat.whispered) == 6)
    settings = chat.whispered[-1]
    chat.press(anna, settings, next(b for b in settings.buttons if "anguage" in b))
    await bot.telegram.until(lambda: "Deutsch" in settings.buttons)
    chat.press(anna, settings, "Deutsch")
    await bot.telegram.until(lambda: "Sprache" in settings.text + str(settings.buttons))
    # Nobody else has seen anything; and what is no more to be edited is shown to nobody.
    chat.whispered.remove(settings)
    await chat.press(anna, settings).answered()
    await bot.telegram.waits()
    assert not chat.bots
    assert not bot.telegram.called("editMessageText")


async def test_who_whispers_is_whispered_to_where_the_bot_is_no_admin(bot: RunningBot) -> None:
    bot.telegram.has_ephemeral_messages = True
    chat, bea = bot.family, bot.telegram.person("Bea")
    chat.bot_status = "member"
    rules = EN.rooms.rules()
    # Whispers have no ids among the chat's messages, and each is one of its own.
    told: list[tuple[int, str]] = []
    for person in (bot.anna, bea, bot.anna):
        chat.whisper(person, "/rules")
        told.append((person.id, rules))
        await bot.telegram.until(lambda: chat.whispers == told)
    assert not chat.bots
    # What cannot be whispered is said to all, in reply to nothing; and what all are to see.
    chat.whisper(bot.anna, "/leaderboard")
    await bot.telegram.until(lambda: len(chat.bots) == 1)
    chat.whisper(bot.anna, "/rules")
    bot.telegram.heard.clear()  # it was too long ago
    await bot.telegram.until(lambda: len(chat.bots) == 2)
    assert [said.reply_to for said in chat.bots] == [None, None]
    assert chat.bots[1].text == rules


async def test_a_server_without_whispers_shows_nobody_what_is_for_one_person(
    bot: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.platforms.telegram.handlers.TAP_SECONDS", 0.0)
    answer = await bot.family.answer(bot.family.send_photo(bot.anna, SNOW))
    bea = bot.telegram.person("Bea")
    assert await bot.family.press(bea, answer, "Yeti").answered() == ""
    assert len(await said_to(bot, answer)) == 0


async def test_a_spoiler_stays_one_in_whatever_shows_it(bot: RunningBot) -> None:
    hidden = bot.family.send_photo(bot.anna, SNOW, has_media_spoiler=True)
    bot.family.press(bot.anna, await bot.family.answer(hidden), WHERE)
    await bot.telegram.until(lambda: len(bot.telegram.called("sendPhoto")) == 1)
    bot.family.send_text(bot.anna, "/where", reply_to=hidden)
    await bot.telegram.until(lambda: len(bot.telegram.called("sendPhoto")) == 2)
    plain = bot.family.send_photo(bot.anna, b"plain")
    bot.family.press(bot.anna, await bot.family.answer(plain), WHERE)
    await bot.telegram.until(lambda: len(bot.telegram.called("sendPhoto")) == 3)
    spoilers = [call.get("has_spoiler") for call in bot.telegram.called("sendPhoto")]
    assert spoilers == ["true", "true", None]
    # The hall's photo, where nothing may be copied, and the card under it.
    answer = await bot.family.answer(hidden)
    bot.family.press(bot.anna, answer, "Yeti")
    await bot.telegram.until(lambda: answer.edits == 1)
    bot.family.protected = True
    hall = await bot.family.answer(bot.family.send_text(bot.anna, "/hall"))
    await bot.telegram.until(lambda: len(bot.telegram.called("sendPhoto")) == 4)
    bot.telegram.files.clear()  # these are no pictures that a card could be made of
    bot.family.press(bot.anna, hall, "1")
    await bot.telegram.until(lambda: len(bot.telegram.called("sendPhoto")) == 5)
    shown = bot.telegram.called("sendPhoto")[3:]
    assert [call.get("has_spoiler") for call in shown] == ["true", "true"]


async def test_the_hall_shows_photos_where_nothing_may_be_copied(bot: RunningBot) -> None:
    photo = bot.family.send_photo(bot.anna, SNOW)
    bot.family.press(bot.anna, await bot.family.answer(photo), "Yeti")
    await bot.telegram.until(lambda: bot.family.bots[0].edits == 1)
    bot.family.protected = True
    bot.family.send_text(bot.anna, "/hall")
    await bot.telegram.until(lambda: len(bot.family.bots) == 3)
    shown = bot.family.bots[-1].raw["photo"][-1]["file_id"]
    assert bot.telegram.files[shown].data == SNOW
    assert "Anna" in bot.family.bots[-1].text


async def test_a_tap_on_a_message_that_is_out_of_sight_is_not_lost(bot: RunningBot) -> None:
    bot.family.admins.add(bot.anna.id)
    settings = await bot.family.answer(bot.family.send_text(bot.anna, "/settings"))
    only_called = settings.keyboard[0][1]["callback_data"]
    tap = bot.family.tap(bot.anna, settings, only_called, inaccessible=True)
    assert await tap.answered()
    await bot.telegram.until(lambda: settings.edits == 1)
    every = settings.keyboard[0][0]["callback_data"]
    bot.family.delete(settings)
    await bot.family.tap(bot.anna, settings, every, inaccessible=True).answered()
    await bot.telegram.until(lambda: bool(bot.family.bots))
    assert bot.family.bots[-1].buttons[:2] == ["✓ Every photo", "Only when called"]

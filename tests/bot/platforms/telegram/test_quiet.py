"""Where a group wants few words: a sign at the photo, until the bot is fooled or asked."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.domain import Refusal
from bot.speech import speaker_for
from tests.bot.platforms.telegram.conftest import is_answer
from tests.fakes.telegram.running_bot import RunningBot, room_of
from tests.fakes.telegram.things import Message
from tests.fakes.vision import STRANGER, YETI

EN = speaker_for("en")


@pytest.fixture
async def quiet(bot: RunningBot) -> RunningBot:
    """The bot, in a family that wants few words."""
    room = room_of(bot.family)
    settings = await bot.store.rooms.settings(room)
    await bot.store.rooms.change_settings(room, replace(settings, quiet=True))
    bot.vision.sees |= {b"yeti": YETI, b"stranger": STRANGER}
    return bot


async def reaction(message: Message) -> str:
    """Wait for the bot's reaction to a message, and return it."""
    await message.chat.world.until(lambda: bool(message.reaction))
    return message.reaction


async def test_a_quiet_group_chooses_so(bot: RunningBot) -> None:
    ben = bot.telegram.person("Ben")
    refused = await bot.family.answer(bot.family.send_text(ben, "/settings quiet"))
    assert refused.text == EN.rooms.only_admins()
    bot.family.admins.add(bot.anna.id)
    shown = await bot.family.answer(bot.family.send_text(bot.anna, "/settings quiet"))
    assert "☃ Olaf, 👻 yeti, 🤷 neither" in shown.text
    assert "✓ Just a sign" in shown.buttons
    await bot.family.press(bot.anna, shown, "In words").answered()
    await bot.telegram.until(lambda: "✓ In words" in shown.buttons)
    assert "☃" not in shown.text
    log = (await bot.family.answer(bot.family.send_text(bot.anna, "/log"))).text
    assert "signs instead of words" in log
    assert "words instead of signs" in log
    # Alone with the bot there is nobody to be disturbed.
    alone = await bot.home.answer(bot.home.send_text(bot.anna, "/settings quiet"))
    assert "Just a sign" not in alone.buttons


async def test_the_answer_is_a_sign_until_the_bot_is_fooled_or_asked(quiet: RunningBot) -> None:
    family, anna, ben = quiet.family, quiet.anna, quiet.telegram.person("Ben")
    olaf, yeti = family.send_photo(anna, b"snow"), family.send_photo(anna, b"yeti")
    stranger = family.send_photo(anna, b"stranger")
    assert [await reaction(each) for each in (olaf, yeti, stranger)] == ["☃", "👻", "🤷"]
    album = family.send_album(anna, [b"stranger 1", b"yeti"])
    right = family.send_photo(anna, b"right", caption="It's Olaf")
    assert await reaction(right) == "☃"
    await quiet.telegram.until(lambda: any(each.reaction for each in album))
    family.send_photo(ben, b"busy")
    assert not family.bots

    # The truth comes by caption,
    fooled = family.send_photo(anna, b"fooled", caption="It's a yeti")
    assert "97 points" in (await family.answer(fooled)).text
    # or by reply, of whoever sent the photo alone.
    family.send_text(ben, "Olaf!", reply_to=yeti)
    told = family.send_text(anna, "that was Olaf", reply_to=olaf)
    assert await reaction(told) == "👍"
    family.send_text(anna, "it's Olaf", reply_to=yeti)
    objected = await family.answer(yeti)
    assert "Anna says: it's Olaf." in objected.text
    assert "Objection!" in objected.buttons
    assert len(family.bots) == 2
    round_id = await quiet.store.rounds.played_at(room_of(family), str(yeti.id))
    assert round_id is not None
    found = await quiet.store.rounds.find(round_id)
    assert found is not None
    assert found.answer == str(objected.id)

    # Whoever asks is told, refusals too.
    asked = family.send_photo(ben, b"another", caption="/who")
    assert is_answer((await family.answer(asked)).text)
    family.send_text(ben, "/who")
    await quiet.telegram.until(lambda: "Reply to this" in family.bots[-1].text)
    assert (await family.answer(family.send_photo(ben, b"damaged"))).text == (
        EN.photos.refusal(Refusal.DAMAGED)
    )


async def test_where_signs_are_not_allowed_the_answer_has_words(quiet: RunningBot) -> None:
    quiet.family.no_reactions = True
    photo = quiet.family.send_photo(quiet.anna, b"snow")
    assert is_answer((await quiet.family.answer(photo)).text)
    told = quiet.family.send_text(quiet.anna, "It's Olaf", reply_to=photo)
    await quiet.telegram.until(lambda: len(quiet.family.bots) == 2)
    assert not told.reaction
    assert not await quiet.service.pending_photos("telegram")


async def test_elsewhere_nobody_tells_the_truth_by_chatting(bot: RunningBot) -> None:
    photo = bot.family.send_photo(bot.anna, b"snow")
    await bot.family.answer(photo)
    bot.family.send_text(bot.anna, "It's a yeti", reply_to=photo)
    later = bot.family.send_photo(bot.anna, b"later")
    await bot.family.answer(later)
    assert len(bot.family.bots) == 2
    assert not photo.reaction


async def test_an_answer_that_takes_its_time_is_announced_in_private(
    bot: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.platforms.telegram.sender.TYPING_AFTER_SECONDS", 0.01)
    monkeypatch.setattr("bot.platforms.telegram.sender.TYPING_SECONDS", 0.01)
    bot.vision.may_answer.clear()
    photo = bot.home.send_photo(bot.anna, b"slow")
    bot.family.send_photo(bot.anna, b"slow, too")
    await bot.telegram.until(lambda: len(bot.telegram.called("sendChatAction")) > 1)
    bot.vision.may_answer.set()
    await bot.home.answer(photo)
    chats = {call["chat_id"] for call in bot.telegram.called("sendChatAction")}
    assert chats == {str(bot.home.id)}


async def test_in_a_rush_answers_are_not_announced(
    bot: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("AFTER_SECONDS", 0.01), ("SECONDS", 0.01), ("CHATS", 1)):
        monkeypatch.setattr(f"bot.platforms.telegram.sender.TYPING_{name}", value)
    bot.vision.may_answer.clear()
    people = bot.anna, bot.telegram.person("Ben")
    homes = {person: bot.telegram.private(person) for person in people}
    photos = [home.send_photo(person, b"slow") for person, home in homes.items()]
    await bot.until_classifying(2)  # until the second came, the first was alone
    await asyncio.sleep(0.1)
    before = len(bot.telegram.called("sendChatAction"))
    await asyncio.sleep(0.1)
    assert len(bot.telegram.called("sendChatAction")) == before
    bot.vision.may_answer.set()
    for home, photo in zip(homes.values(), photos, strict=True):
        await home.answer(photo)

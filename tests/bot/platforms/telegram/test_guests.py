"""Guest mode: a mention under any photo, in chats that the bot is not in."""

from __future__ import annotations

import logging
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.domain import Refusal
from bot.speech import speaker_for
from tests.fakes.telegram.running_bot import RunningBot, room_of
from tests.fakes.telegram.things import Json

EN, DE = speaker_for("en"), speaker_for("de")
ME = "@snowpeople_bot"


def links(answer: Json) -> dict[str, str]:
    """Return where the buttons of an answer lead."""
    rows = (answer["reply_markup"] or {"inline_keyboard": []})["inline_keyboard"]
    return {button["text"]: button["url"] for row in rows for button in row}


async def test_a_mention_under_any_photo_brings_the_verdict_and_stores_nothing(
    bot: RunningBot,
) -> None:
    # Between two friends; its id is that of a chat that the bot knows well.
    bot.family.bot_status = "left"
    ben = bot.telegram.person("Ben", "de")
    theirs = bot.family.send_photo(ben, b"snow")
    mention = bot.family.send_text(ben, ME, reply_to=theirs)
    first = await bot.family.mention_guest(mention).answered()
    verdict, how = first["text"].splitlines()
    assert verdict.startswith("Olaf! 97")
    assert how == DE.rooms.guest_play()
    # The same photo again, with the mention in its caption, says the same, without a download.
    downloads = len(bot.telegram.downloads)
    again = bot.family.send(ben, photo=theirs.raw["photo"], caption=f"{ME}?")
    assert await bot.family.mention_guest(again).answered() == first
    assert len(bot.telegram.downloads) == downloads
    assert await bot.store.rooms.existing("telegram") == []
    assert not bot.family.bots

    # Whoever follows the link sees where the bot looked, in private.
    where, group = links(first).values()
    assert group == "https://t.me/snowpeople_bot?startgroup=true"
    (payload,) = parse_qs(urlsplit(where).query)["start"]
    start = bot.home.send_text(bot.anna, f"/start {payload}")
    shown = await bot.home.answer(start)
    assert shown.picture
    assert "glows" in shown.text
    assert not await bot.service.pending_photos("telegram")


async def test_a_guest_says_what_is_wrong_and_what_is_no_longer_known(bot: RunningBot) -> None:
    bot.family.bot_status = "left"
    damaged = bot.family.send_photo(bot.anna, b"damaged", caption=ME)
    answer = await bot.family.mention_guest(damaged).answered()
    assert answer["text"] == EN.photos.refusal(Refusal.DAMAGED)
    assert not links(answer)
    # From a server of another version than the library's.
    alone = bot.family.send_text(bot.anna, f"{ME} hello", poll={"id": "5"})
    answer = await bot.family.mention_guest(alone).answered()
    assert answer["text"] == EN.rooms.guest_how("snowpeople_bot")
    assert not links(answer)

    photo = bot.family.send_photo(bot.anna, b"snow", caption=ME)
    where = links(await bot.family.mention_guest(photo).answered())["Where did you look?"]
    bot.family.send_photo(bot.anna, b"too old", caption=ME, age=1000)
    await bot.restart()
    start = bot.home.send_text(bot.anna, f"/start {where.partition('start=')[2]}")
    assert (await bot.home.answer(start)).text == EN.photos.where_forgotten()
    assert room_of(bot.family).id not in await bot.store.rooms.existing("telegram")


@pytest.mark.parametrize("is_on", [True, False])
async def test_the_start_says_whether_guest_mode_is_on(
    bot: RunningBot, caplog: pytest.LogCaptureFixture, *, is_on: bool
) -> None:
    bot.telegram.has_guest_mode = is_on
    with caplog.at_level(logging.INFO, "bot.platforms.telegram"):
        await bot.restart()
    assert ("guest mode is on" in caplog.text) is is_on
    assert ("guest mode is off" in caplog.text) is not is_on
    hello = await bot.home.answer(bot.home.send_text(bot.anna, "/start"))
    assert (EN.rooms.guest_how("snowpeople_bot") in hello.text) is is_on

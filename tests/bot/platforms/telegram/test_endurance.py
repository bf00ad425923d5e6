"""At most one answer twice, and none lost, when the process dies; none twice at an orderly end."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest

from bot.domain import Photo
from tests.bot.platforms.telegram.conftest import is_answer
from tests.fakes.telegram.chats import Chat
from tests.fakes.telegram.running_bot import RunningBot, running_bot
from tests.fakes.telegram.things import Message

SNOW = b"snow"


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[RunningBot]:
    async with running_bot(database=f"sqlite:///{tmp_path}/snow.db") as it:
        yield it


def answered(chat: Chat) -> Counter[int]:
    """Return how often each message was answered."""
    return Counter(said.reply_to for said in chat.bots if said.reply_to is not None)


async def all_answered(bot: RunningBot, photos: list[Message]) -> None:
    def are() -> bool:
        return all(answered(photo.chat)[photo.id] for photo in photos)

    await bot.telegram.until(are)
    await bot.stop()  # which sends what is still to be sent


async def test_after_a_crash_what_was_on_its_way_is_said_again_once_in_a_chat_and_counted(
    bot: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.platforms.telegram.adapter.ARRIVE_SECONDS", 0.0)
    before = bot.home.send_photo(bot.anna, b"before")
    await bot.home.answer(before)
    bot.telegram.fail("sendMessage", silent=True, after=True)  # it is there, and nobody says so
    photos = [bot.home.send_photo(bot.anna, b"%d" % number) for number in range(4)]
    await bot.home.answer(photos[0])
    await bot.telegram.until(lambda: not bot.telegram.updates)
    await bot.kill()
    bot.renew()
    await bot.start()
    assert bot.adapter.state()["perhaps_twice"] == 1
    await bot.telegram.until(lambda: answered(bot.home)[photos[0].id] == 2)
    await all_answered(bot, photos)
    assert answered(bot.home) == {before.id: 1, photos[0].id: 2} | {p.id: 1 for p in photos[1:]}


async def test_after_a_crash_what_was_stored_does_not_overtake_what_was_not(
    bot: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A photo, a question about one elsewhere and a photo come at once; the first is the slow."""
    elsewhere = bot.home.send_photo(bot.anna, b"elsewhere", deliver=False)
    rounds, opening = bot.store.rounds, asyncio.Event()
    with monkeypatch.context() as patch:

        async def open_slowly(photo: Photo, now: datetime) -> int | None:
            opening.set()
            if photo.message == str(photos[0].id):
                await asyncio.Event().wait()
            return await stored(photo, now)

        stored = rounds.open
        patch.setattr(rounds, "open", open_slowly)
        photos = [
            bot.home.send_photo(bot.anna, b"first"),
            bot.home.send_text(bot.anna, "/who", reply_to=elsewhere),
            bot.home.send_photo(bot.anna, b"last"),
        ]
        await opening.wait()
        await asyncio.sleep(0.1)  # the others have their chance
        await bot.kill()
    bot.renew()
    await bot.start()
    await all_answered(bot, photos)
    assert [said.reply_to for said in bot.home.bots] == [photo.id for photo in photos]


async def test_when_it_is_cut_off_in_good_order_nothing_is_said_twice_and_nothing_is_lost(
    bot: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.platforms.telegram.limits.IN_GROUP", (3.0, 60.0))
    held = asyncio.Event()
    fault = bot.telegram.fail("sendMessage", held=held)
    first = bot.home.send_photo(bot.anna, b"first")
    await bot.telegram.until(lambda: fault.times == 0)
    # More than a group may be sent at once: the last wait for their turn.
    rush = [bot.family.send_photo(bot.anna, b"%d" % number) for number in range(5)]
    await bot.telegram.until(lambda: len(bot.family.bots) == 3)
    ending = asyncio.create_task(bot.kill())
    await asyncio.sleep(0.02)
    held.set()
    await ending
    assert answered(bot.home) == {first.id: 1}
    bot.renew()
    await bot.start()
    assert "perhaps_twice" not in bot.adapter.state()
    await all_answered(bot, rush)
    assert set(answered(bot.home).values()) == set(answered(bot.family).values()) == {1}


async def test_an_album_in_hand_at_a_crash_comes_back_as_one_answer(bot: RunningBot) -> None:
    bot.vision.may_answer.clear()
    album = bot.home.send_album(bot.anna, [b"1", b"2", b"3"])
    single = bot.home.send_photo(bot.anna, SNOW)
    await bot.until_classifying(4)
    await bot.kill()
    bot.vision.may_answer.set()
    bot.renew()
    await bot.start()
    assert len((await bot.home.answer(album[0])).text.splitlines()) == 4
    assert is_answer((await bot.home.answer(single)).text)
    await bot.stop()
    assert len(bot.home.bots) == 2


async def test_an_answer_that_is_known_to_have_failed_is_not_counted_as_perhaps_there(
    bot: RunningBot,
) -> None:
    bot.family.read_only = True
    bot.family.send_photo(bot.anna, SNOW)
    await bot.telegram.until(lambda: len(bot.telegram.called("getFile")) == 1)
    await bot.stop()
    (pending,) = await bot.service.pending_photos("telegram")
    assert not pending.in_flight


async def test_who_sends_a_lot_at_the_end_gets_all_of_it_answered_by_the_next(
    bot: RunningBot,
) -> None:
    await bot.service.drain(0)
    photos = [bot.home.send_photo(bot.anna, b"%d" % number) for number in range(3)]
    await bot.telegram.waits()
    await bot.stop()
    assert not bot.home.bots
    pending = await bot.service.pending_photos("telegram")
    assert [each.message for each in pending] == [str(photo.id) for photo in photos]

"""Two processes with one token and one PostgreSQL: each message is answered once, and in order."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from bot.platforms.telegram import sharing
from bot.platforms.telegram.adapter import SECRET_HEADER
from bot.storage import Store
from bot.storage.database import open_database
from tests.fakes.telegram.running_bot import RunningBot
from tests.fakes.telegram.server import TelegramServer
from tests.support.postgres import execute

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

SNOW = b"snow"


class Bots:
    """Two processes at one server. end: makes the first one's leases end, as its death does."""

    def __init__(self, telegram: TelegramServer, one: RunningBot, other: RunningBot) -> None:
        self.telegram, self.one, self.other = telegram, one, other
        self.death = AsyncExitStack()


@pytest.fixture
async def bots(database_url: str) -> AsyncIterator[Bots]:
    async with AsyncExitStack() as stack:
        telegram = await stack.enter_async_context(TelegramServer())
        mortal = await stack.enter_async_context(AsyncExitStack())
        stores = [
            await mortal.enter_async_context(Store.open(database_url)),
            await stack.enter_async_context(Store.open(database_url)),
        ]
        bots = Bots(telegram, *(RunningBot(telegram, store) for store in stores))
        bots.death = mortal
        for each in (bots.one, bots.other):
            await each.start()
        yield bots
        for each in (bots.one, bots.other):
            each.vision.may_answer.set()
            await each.stop()


async def test_two_that_poll_share_the_chats_and_answer_each_message_once(bots: Bots) -> None:
    telegram = bots.telegram
    telegram.twice = True
    people = [telegram.person(f"Person {number}") for number in range(20)]
    chats = [telegram.private(person) for person in people]
    asked = [
        (chat, chat.send_photo(person, SNOW))
        for _ in range(2)
        for chat, person in zip(chats, people, strict=True)
    ]
    helped = chats[0].send_text(people[0], "/help")
    for chat, photo in asked:
        await chat.answer(photo)
    await chats[0].answer(helped)
    assert [len(chat.bots) for chat in chats] == [3] + [2] * 19
    for chat in chats:
        photos = [said.reply_to for said in chat.bots if said.reply_to != helped.id]
        assert photos == sorted(photos, key=lambda id_: id_ or 0)
    assert bots.one.vision.classified
    assert bots.other.vision.classified
    assert telegram.polls < 20  # only one of them asks


async def test_a_webhook_that_comes_to_both_is_answered_once(bots: Bots) -> None:
    """Telegram was not sure whether the first had it, and asked the other one."""
    for bot in (bots.one, bots.other):
        bot.webhook = "http://127.0.0.1:9/telegram"
        await bot.restart()
    telegram, photo = bots.telegram, bots.one.home.send_photo(bots.one.anna, SNOW)
    update: dict[str, Any] = {"update_id": 7, "message": telegram.updates.pop()["message"]}
    headers = {SECRET_HEADER: bots.other.adapter._secret}
    body = json.dumps(update).encode()
    taken = await asyncio.gather(
        *(bot.adapter.feed(headers, body) for bot in (bots.one, bots.other) * 2)
    )
    assert taken == [200] * 4
    await bots.one.home.answer(photo)
    for bot in (bots.one, bots.other):
        await bot.stop()  # what they have in hand is done
    assert len(bots.one.home.bots) == 1


async def test_who_lives_answers_what_a_dead_one_had_in_hand_and_in_order(bots: Bots) -> None:
    one, other = bots.one, bots.other
    chat, anna = one.home, one.anna
    await other.stop()
    one.vision.may_answer.clear()
    photos = [chat.send_photo(anna, SNOW) for _ in range(2)]
    await one.until_classifying()
    other.renew()
    await other.start()
    await one.kill()
    photos.append(chat.send_photo(anna, SNOW))
    await bots.death.aclose()
    for photo in photos:
        await chat.answer(photo)
    await other.stop()
    assert [said.reply_to for said in chat.bots] == [photo.id for photo in photos]


async def test_who_lives_deletes_the_notices_of_a_dead_one(
    bots: Bots, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "LOOK_SECONDS", 0.05)
    one, other, family = bots.one, bots.other, bots.one.family
    await other.stop()
    family.send_photo(one.anna, b"busy")
    await bots.telegram.until(lambda: bool(family.bots))
    while not await one.store.notices.left("telegram"):
        await asyncio.sleep(0.01)
    other.renew()
    await other.start()
    await one.kill()
    async with open_database(database_url) as database:
        await execute(database, "UPDATE notices SET until = now()")
        await asyncio.sleep(0.3)
        assert family.bots  # its owner may be about to
        await bots.death.aclose()
        await bots.telegram.until(lambda: not family.bots)
        while (await execute(database, "SELECT count(*) FROM notices")) != [(0,)]:
            await asyncio.sleep(0.01)

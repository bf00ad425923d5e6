"""The bot's own messages: their ids, what becomes of edits, buttons."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar

import pytest

from bot.domain import (
    Button,
    ButtonOutcome,
    ButtonPress,
    Delivery,
    PastPhoto,
    PhotoOutcome,
    Picture,
    Reply,
    Room,
)
from bot.services.buttons import ShowHeatmap, button
from tests.fakes.telegram.running_bot import RunningBot, room_of
from tests.fakes.telegram.things import Message
from tests.fakes.telegram.world import PATIENCE

T = TypeVar("T")

pytestmark = pytest.mark.usefixtures("quick_retries")

SNOW = b"snow"
PICTURE = Picture(b"\x89PNG\r\n", "map.png", "A map.")
ROW = (button("Where?", ShowHeatmap(1)),)


async def sent(bot: RunningBot, reply: Reply) -> Message:
    """Send a message to the family and return it."""
    assert (await bot.adapter.send(room_of(bot.family), reply)).delivery is Delivery.SENT
    return bot.family.bots[-1]


async def edit(bot: RunningBot, message: Message, reply: Reply) -> Delivery:
    return await bot.adapter.edit(room_of(message.chat), str(message.id), reply)


async def soon(work: Awaitable[T]) -> T:
    """Wait for what has no reason to wait."""
    async with asyncio.timeout(PATIENCE):
        return await work


# The id of the bot's own message


class Noted:
    """Keeps what the service is told of answers."""

    def __init__(self, bot: RunningBot, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers: asyncio.Queue[str | None] = asyncio.Queue()
        monkeypatch.setattr(bot.service, "mark_sent", self._mark_sent)

    async def _mark_sent(
        self,
        outcomes: Sequence[PhotoOutcome],
        milliseconds: float,
        reference: str | None = None,
        answer: str | None = None,
    ) -> None:
        self.answers.put_nowait(answer)

    async def next(self) -> str | None:
        return await soon(self.answers.get())


async def test_the_service_is_told_the_id_of_an_answer(
    bot: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = Noted(bot, monkeypatch)
    answer = await bot.family.answer(bot.family.send_photo(bot.anna, SNOW))
    assert await noted.next() == str(answer.id)
    album = bot.home.send_album(bot.anna, [SNOW, SNOW])
    answer = await bot.home.answer(album[0])
    assert await noted.next() == str(answer.id)


async def test_an_answer_whose_receipt_is_lost_has_no_id(
    bot: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.platforms.telegram.client.READ_SECONDS", 0.3)
    await bot.restart()
    noted = Noted(bot, monkeypatch)
    bot.telegram.fail("sendMessage", silent=True, after=True)
    await bot.family.answer(bot.family.send_photo(bot.anna, SNOW))
    assert await noted.next() is None


async def test_an_answer_to_a_photo_of_a_group_that_has_moved_has_its_new_id(
    bot: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = Noted(bot, monkeypatch)
    group = bot.telegram.group("Cousins", bot="administrator", supergroup=False)
    bot.vision.may_answer.clear()
    group.send_photo(bot.anna, SNOW)
    await bot.until_classifying()
    new = group.migrate(announced=False)
    for _ in range(3):
        new.send_text(bot.anna, "hello")
    bot.vision.may_answer.set()
    assert await noted.next() == str(new.bots[0].id)


# What becomes of an edit


async def test_a_text_is_edited_with_its_buttons(bot: RunningBot) -> None:
    message = await sent(bot, Reply("hello", buttons=(ROW,)))
    assert await edit(bot, message, Reply("ice")) is Delivery.SENT
    assert (message.text, message.buttons) == ("ice", [])
    assert await edit(bot, message, Reply("snow", buttons=(ROW,))) is Delivery.SENT
    assert (message.text, message.buttons) == ("snow", ["Where?"])
    # No address that somebody is named after becomes a preview, nor by an edit.
    calls = bot.telegram.called("sendMessage") + bot.telegram.called("editMessageText")
    previews = [json.loads(call["link_preview_options"]) for call in calls]
    assert previews == [{"is_disabled": True}] * 3


async def test_the_caption_of_a_picture_is_edited(bot: RunningBot) -> None:
    message = await sent(bot, Reply("hello", picture=PICTURE))
    assert await edit(bot, message, Reply("x" * 2000, buttons=(ROW,))) is Delivery.SENT
    assert (message.text, message.buttons) == ("x" * 1024, ["Where?"])
    assert message.picture == PICTURE.png


async def test_an_edit_that_changes_nothing_is_sent(bot: RunningBot) -> None:
    message = await sent(bot, Reply("hello"))
    assert await edit(bot, message, Reply("hello")) is Delivery.SENT
    assert message.edits == 0
    message = await sent(bot, Reply("hello", picture=PICTURE))
    assert await edit(bot, message, Reply("hello")) is Delivery.SENT


@pytest.mark.parametrize("why", ["deleted", "old", "another's", "no chat", "blocked", "moved"])
async def test_a_message_that_is_gone_or_cannot_be_edited_refuses_it(
    bot: RunningBot, caplog: pytest.LogCaptureFixture, why: str
) -> None:
    message = await sent(bot, Reply("hello"))
    room = room_of(bot.family)
    match why:
        case "deleted":
            bot.family.delete(message)
        case "old":
            description = "Bad Request: message can't be edited"
            bot.telegram.fail("editMessageText", status=400, description=description)
        case "another's":
            message = bot.family.send_text(bot.anna, "hello")
        case "no chat":
            room = Room("telegram", "12345")
        case "blocked":
            description = "Forbidden: bot was blocked by the user"
            bot.telegram.fail("editMessageText", status=403, description=description)
        case _:
            bot.family.migrate(announced=False)
    assert await bot.adapter.edit(room, str(message.id), Reply("ice")) is Delivery.REFUSED
    assert len(bot.telegram.called("editMessageText")) <= 1  # asking again would change nothing
    assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]


@pytest.mark.parametrize(
    "fault",
    [{"status": 500}, {"status": 502}, {"drop": True}, {"status": 429, "retry_after": 3600}],
    ids=["500", "502", "dropped", "flood"],
)
async def test_an_edit_that_telegram_does_not_get_has_failed(
    bot: RunningBot, monkeypatch: pytest.MonkeyPatch, fault: dict[str, Any]
) -> None:
    monkeypatch.setattr("bot.platforms.telegram.limits.FLOOD_RETRIES", 0)
    monkeypatch.setattr("bot.platforms.telegram.sender.PATIENCE", 0.05)
    message = await sent(bot, Reply("hello"))
    bot.telegram.fail("editMessageText", times=100, **fault)
    assert await edit(bot, message, Reply("ice")) is Delivery.FAILED
    assert message.text == "hello"
    bot.telegram.heal()
    assert await edit(bot, message, Reply("ice")) is Delivery.SENT


async def test_an_edit_before_the_bot_is_connected_or_when_it_is_gone_has_failed(
    bot: RunningBot,
) -> None:
    message = await sent(bot, Reply("hello"))
    await bot.stop()
    assert await edit(bot, message, Reply("ice")) is Delivery.FAILED
    bot.renew()
    assert await edit(bot, message, Reply("ice")) is Delivery.FAILED


async def test_an_edit_never_undoes_a_later_one(bot: RunningBot) -> None:
    message = await sent(bot, Reply("hello"))
    assert await edit(bot, message, Reply("ice", revision=2)) is Delivery.SENT
    assert await edit(bot, message, Reply("snow", revision=1)) is Delivery.SENT
    assert message.text == "ice"


async def test_an_edit_by_id_and_one_after_a_tap_are_in_one_order(
    bot: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def handle_button(_: ButtonPress) -> ButtonOutcome:
        return ButtonOutcome("ok", edit=Reply("an older one", revision=1))

    monkeypatch.setattr(bot.service, "handle_button", handle_button)
    message = await sent(bot, Reply("hello", buttons=(ROW,)))
    assert await edit(bot, message, Reply("ice", revision=2)) is Delivery.SENT
    assert await bot.family.tap(bot.anna, message, "where:1").answered() == "ok"
    await bot.stop()
    assert message.text == "ice"


# Buttons


async def test_buttons_are_under_the_text_and_the_old_photos_come_after_it(
    bot: RunningBot,
) -> None:
    room = room_of(bot.family)
    photo = bot.family.send_photo(bot.anna, SNOW)
    await bot.family.answer(photo)
    past = tuple(PastPhoto(room, str(photo.id), None, f"{rank}. Anna") for rank in range(1, 6))
    rows = tuple(
        (button(f"{rank}. Make a card", ShowHeatmap(rank)), button(f"{rank}. Hide", ShowHeatmap(1)))
        for rank in range(1, 6)
    )
    await bot.adapter.send(room, Reply("The hall:", buttons=rows, past_photos=past))
    hall, *photos = bot.family.bots[1:]
    assert hall.text == "The hall:"
    assert [[each["text"] for each in row] for row in hall.keyboard] == [
        [f"{rank}. Make a card", f"{rank}. Hide"] for rank in range(1, 6)
    ]
    assert [each.text for each in photos] == [each.caption for each in past]
    assert not any(each.buttons for each in photos)


async def test_the_buttons_of_a_picture_with_a_long_text_are_under_the_text(
    bot: RunningBot,
) -> None:
    reply = Reply("x" * 1025, picture=PICTURE, buttons=(ROW,))
    await bot.adapter.send(room_of(bot.family), reply)
    picture, text = bot.family.bots
    assert (picture.text, picture.buttons) == ("", [])
    assert (text.text, text.buttons) == (reply.text, ["Where?"])


@pytest.mark.parametrize(
    ("labels", "lengths"),
    [
        (("Olaf", "Abominable", "Neither"), [3]),
        (("Olaf", "Yeti", "Keiner von beiden"), [2, 1]),
        (("✓ Only when called", "Every photo"), [2]),
        (("Only those photos that are meant for me", "Every photo"), [1, 1]),
        (("1: where?", "2: where?", "3: where?", "4: where?", "5: where?"), [3, 2]),
        (tuple("123456789"), [8, 1]),
    ],
)
async def test_a_row_whose_labels_would_be_cut_off_becomes_several(
    bot: RunningBot, labels: tuple[str, ...], lengths: list[int]
) -> None:
    row = tuple(Button(label, "where:1") for label in labels)
    message = await sent(bot, Reply("hello", buttons=(row, ROW)))
    assert [len(row) for row in message.keyboard] == [*lengths, 1]
    assert message.buttons == [*labels, "Where?"]


async def test_more_buttons_than_telegram_takes_do_not_cost_the_message(bot: RunningBot) -> None:
    message = await sent(bot, Reply("hello", buttons=(ROW,) * 120))
    assert len(message.buttons) == 100

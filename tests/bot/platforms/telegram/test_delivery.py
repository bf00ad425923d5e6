"""What became of a message is told truly, the later of two edits wins, old photos are found."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from bot.domain import Delivery, PastPhoto, Refused, Reply, Room
from tests.fakes.telegram.chats import Chat
from tests.fakes.telegram.running_bot import RunningBot, room_of
from tests.fakes.telegram.things import Message
from tests.support.metrics import counted

pytestmark = pytest.mark.usefixtures("quick_retries")

SNOW = b"snow"
HELLO = Reply("hello")


# Delivery


async def test_a_message_that_went_out_is_sent(bot: RunningBot) -> None:
    assert (await bot.adapter.send(room_of(bot.family), HELLO)).delivery is Delivery.SENT
    assert [message.text for message in bot.family.bots] == ["hello"]


async def test_a_message_whose_receipt_is_lost_is_not_said_to_be_there_before_a_second_attempt(
    bot: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.platforms.telegram.client.READ_SECONDS", 0.3)
    await bot.restart()
    bot.telegram.fail("sendMessage", silent=True, times=3)
    said = [(await bot.adapter.send(room_of(bot.family), HELLO)).delivery for _ in range(3)]
    assert said == [Delivery.FAILED, Delivery.SENT, Delivery.FAILED]
    assert counted(bot.metrics, "ambiguous_answers_total", platform="telegram") == 3


@pytest.mark.parametrize(
    ("method", "call"), [("sendMessage", "send"), ("getFile", "fetch"), ("editMessageText", "edit")]
)
async def test_each_further_attempt_at_a_call_is_counted(
    bot: RunningBot, method: str, call: str
) -> None:
    def again() -> float:
        return counted(bot.metrics, "retries_total", platform="telegram", call=call)

    room = room_of(bot.family)
    bot.telegram.fail(method, status=502, times=2)
    bot.telegram.fail(method, status=429, retry_after=0)
    sent = await bot.adapter.send(room, HELLO)
    if call == "edit":
        await bot.adapter.edit(room, str(sent.message), Reply("bye"))
    with suppress(Refused):
        await bot.adapter.fetcher(room, "no photo")(100)
    assert again() == 3


async def test_what_the_bot_has_to_say_goes_to_a_topic_that_is_open(bot: RunningBot) -> None:
    bot.family.forum, bot.family.topics, bot.family.closed = True, {77, 78}, {None}
    room = room_of(bot.family)
    assert (await bot.adapter.send(room, HELLO)).delivery is Delivery.REFUSED  # it waits
    for topic in (78, 77):
        await bot.family.answer(bot.family.send_photo(bot.anna, b"%d" % topic, topic=topic))
    assert (await bot.adapter.send(room, HELLO)).delivery is Delivery.SENT
    assert (bot.family.bots[-1].text, bot.family.bots[-1].topic) == ("hello", 77)
    bot.family.closed.add(77)
    assert (await bot.adapter.send(room, HELLO)).delivery is Delivery.REFUSED
    bot.family.closed.clear()
    assert (await bot.adapter.send(room, HELLO)).delivery is Delivery.SENT
    assert bot.family.bots[-1].topic is None


async def test_what_is_said_in_a_group_makes_no_phone_buzz(bot: RunningBot) -> None:
    for chat in (bot.home, bot.family):
        await bot.adapter.send(room_of(chat), HELLO)
    (private, group) = bot.telegram.called("sendMessage")
    assert "disable_notification" not in private
    assert group["disable_notification"] == "true"


@pytest.mark.parametrize("why", ["blocked", "kicked", "left", "read-only", "unknown"])
async def test_a_chat_that_does_not_want_a_message_or_is_gone_refuses_it(
    bot: RunningBot, why: str
) -> None:
    room = room_of(bot.home if why == "blocked" else bot.family)
    match why:
        case "blocked":
            bot.home.blocked = True
        case "kicked" | "left":
            bot.family.bot_status = why
        case "read-only":
            bot.family.read_only = True
        case _:
            room = Room("telegram", "12345")
    assert (await bot.adapter.send(room, HELLO)).delivery is Delivery.REFUSED
    assert len(bot.telegram.called("sendMessage")) == 1  # asking again would change nothing


@pytest.mark.parametrize(
    "description",
    [
        "Bad Request: TOPIC_CLOSED",
        "Bad Request: message thread not found",
        "Bad Request: need administrator rights in the channel chat",
        "Bad Request: have no rights to send a message",
    ],
)
async def test_a_message_that_may_not_be_written_there_is_refused(
    bot: RunningBot, description: str
) -> None:
    fault = bot.telegram.fail("sendMessage", status=400, description=description)
    assert (await bot.adapter.send(room_of(bot.family), HELLO)).delivery is Delivery.REFUSED
    assert fault.times == 0


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"status": 502},
        {"drop": True},
        {"status": 429, "retry_after": 3600},
        {"status": 401},
        {"html": True},
    ],
    ids=["500", "502", "dropped", "flood", "token", "page"],
)
async def test_a_message_that_telegram_does_not_get_has_failed(
    bot: RunningBot, monkeypatch: pytest.MonkeyPatch, fault: dict[str, Any]
) -> None:
    monkeypatch.setattr("bot.platforms.telegram.limits.FLOOD_RETRIES", 0)
    monkeypatch.setattr("bot.platforms.telegram.sender.PATIENCE", 0.05)
    bot.telegram.fail("sendMessage", times=100, **fault)
    assert (await bot.adapter.send(room_of(bot.family), HELLO)).delivery is Delivery.FAILED
    assert not bot.family.bots


async def test_a_message_before_the_bot_is_connected_or_when_it_is_gone_has_failed(
    bot: RunningBot,
) -> None:
    await bot.stop()
    assert (await bot.adapter.send(room_of(bot.family), HELLO)).delivery is Delivery.FAILED
    bot.renew()
    assert (await bot.adapter.send(room_of(bot.family), HELLO)).delivery is Delivery.FAILED


async def test_a_message_to_a_group_that_has_moved_is_sent_to_the_new_one(bot: RunningBot) -> None:
    group = bot.telegram.group("Cousins", supergroup=False)
    new = group.migrate(announced=False)
    assert (await bot.adapter.send(room_of(group), HELLO)).delivery is Delivery.SENT
    assert [message.text for message in new.bots] == ["hello"]


async def test_only_an_answer_that_went_out_is_noted_as_one(bot: RunningBot) -> None:
    bot.family.read_only = True
    refused = bot.family.send_photo(bot.anna, SNOW)
    await bot.home.answer(bot.home.send_photo(bot.anna, SNOW))
    await bot.stop()
    pending = await bot.service.pending_photos("telegram")
    assert [each.message for each in pending] == [str(refused.id)]
    assert [each.room for each in pending] == [room_of(bot.family)]


# Edits


async def test_the_later_of_two_edits_wins_even_if_the_earlier_one_is_slower(
    bot: RunningBot,
) -> None:
    bot.family.admins.add(bot.anna.id)
    message = await bot.family.answer(bot.family.send_text(bot.anna, "/settings"))
    slow = asyncio.Event()
    fault = bot.telegram.fail("editMessageText", held=slow)
    await bot.family.press(bot.anna, message, "Only when called").answered()
    await bot.telegram.until(lambda: fault.times == 0)
    await bot.family.press(bot.anna, message, "✓ Every photo").answered()

    def edits() -> int:
        return len(bot.telegram.called("editMessageText"))

    with suppress(TimeoutError):  # the later one has its chance to overtake
        await bot.telegram.until(lambda: edits() == 1, 0.2)
    slow.set()
    await bot.telegram.until(lambda: edits() == 2)
    assert message.buttons[:2] == ["✓ Every photo", "Only when called"]


# Photos that are shown again


async def fool(bot: RunningBot, chat: Chat) -> Message:
    """Send a photo that fools the bot, and return it."""
    photo = chat.send_photo(bot.anna, SNOW)
    answer = await chat.answer(photo)
    truth = next(each for each in answer.keyboard[0] if ":abominable" in each["callback_data"])
    await chat.tap(bot.anna, answer, truth["callback_data"]).answered()
    await bot.telegram.until(lambda: answer.edits == 1)
    return photo


def shown(bot: RunningBot, message: Message) -> bytes:
    """Return the photo of a message."""
    return bot.telegram.files[message.raw["photo"][-1]["file_id"]].data


async def test_the_hall_copies_the_photos_of_its_chat(bot: RunningBot) -> None:
    photo = await fool(bot, bot.family)
    bot.family.send_text(bot.anna, "/hall")
    await bot.telegram.until(lambda: len(bot.family.bots) == 3)
    assert bot.family.bots[-1].raw["photo"] == photo.raw["photo"]
    assert "Anna" in bot.family.bots[-1].text
    (copied,) = bot.telegram.called("copyMessage")
    assert copied["message_id"] == str(photo.id)


async def test_the_hall_of_a_group_that_has_moved_never_shows_some_other_message(
    bot: RunningBot,
) -> None:
    group = bot.telegram.group("Cousins", bot="administrator", supergroup=False)
    photo = await fool(bot, group)
    new = group.migrate()
    while not new.find(photo.id):
        new.send_text(bot.anna, "what nobody wants to see again")
    asked = new.send_text(bot.anna, "/hall")
    hall = await new.answer(asked)
    await bot.telegram.until(lambda: new.bots[-1] is not hall)
    assert shown(bot, new.bots[-1]) == SNOW
    assert "Anna" in new.bots[-1].text
    assert not bot.telegram.called("copyMessage")


async def test_a_moved_photo_is_sent_as_what_telegram_takes_it_for(bot: RunningBot) -> None:
    old = Room("telegram", "-77")
    names = "photo 320", "document", "sticker", "thumbnail", "photo 90"
    files = [bot.telegram.file(name.encode(), name).id for name in names]
    past = tuple(
        PastPhoto(old, "1", file, f"The {name}") for file, name in zip(files, names, strict=True)
    )
    gone = PastPhoto(old, "1", None, "Gone"), PastPhoto(old, "1", "no-such-id", "Unknown")
    reply = Reply("The hall:", past_photos=gone + past)
    assert (await bot.adapter.send(room_of(bot.family), reply)).delivery is Delivery.SENT
    kinds = [
        next(kind for kind in ("photo", "document", "sticker", "text") if kind in message.raw)
        for message in bot.family.bots
    ]
    assert kinds == ["text", "photo", "document", "sticker", "text", "photo"]
    assert [message.text for message in bot.family.bots] == [
        "The hall:",
        "The photo 320",
        "The document",
        "",
        "The sticker",
        "The photo 90",
    ]


async def test_a_network_that_breaks_between_the_photos_does_not_unsend_the_text(
    bot: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.platforms.telegram.sender.PATIENCE", 0.05)
    photo = bot.home.send_photo(bot.anna, SNOW)
    await bot.home.answer(photo)
    bot.telegram.fail("copyMessage", drop=True, times=100)
    room = room_of(bot.home)
    reply = Reply("The hall:", past_photos=(PastPhoto(room, str(photo.id), None, "Anna"),))
    assert (await bot.adapter.send(room, reply)).delivery is Delivery.SENT

"""The bot's own messages: their ids, what becomes of edits, how often one is edited, buttons."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar

import pytest

from bot.domain import (
    Button,
    ButtonOutcome,
    ButtonPress,
    Delivery,
    Label,
    PastPhoto,
    PhotoOutcome,
    Picture,
    Reply,
    Room,
)
from bot.platforms.telegram import sender
from bot.platforms.telegram.edits import EditPace
from bot.services.buttons import MakeGuess, ShowHeatmap, button
from tests.fakes.telegram.running_bot import RunningBot, room_of
from tests.fakes.telegram.things import Message
from tests.fakes.telegram.world import PATIENCE

T = TypeVar("T")

pytestmark = pytest.mark.usefixtures("quick_retries")

SNOW = b"snow"
NEVER = 3600.0
PICTURE = Picture(b"\x89PNG\r\n", "map.png", "A map.")
ROW = (button("Where?", ShowHeatmap(1)),)


def question(who: str, revision: int) -> Reply:
    """Return the message under which a room guesses, with those who have guessed."""
    row = tuple(button(label.title(), MakeGuess(1, label)) for label in Label)
    return Reply(f"Who is it? {who}", buttons=(row,), revision=revision)


async def sent(bot: RunningBot, reply: Reply) -> Message:
    """Send a message to the family and return it."""
    assert (await bot.adapter.send(room_of(bot.family), reply)).delivery is Delivery.SENT
    return bot.family.bots[-1]


async def edit(bot: RunningBot, message: Message, reply: Reply) -> Delivery:
    return await bot.adapter.edit(room_of(message.chat), str(message.id), reply)


async def settle() -> None:
    """Let every task go as far as it can without the network."""
    for _ in range(10):
        await asyncio.sleep(0)


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


# How often


@pytest.fixture
async def slow(bot: RunningBot, monkeypatch: pytest.MonkeyPatch) -> RunningBot:
    """A bot that never comes to its second edit of who has guessed, by itself."""
    monkeypatch.setattr("bot.platforms.telegram.sender.GUESS_EDIT_SECONDS", NEVER)
    await bot.restart()
    return bot


def test_guesses_are_shown_every_ten_seconds() -> None:
    assert sender.GUESS_EDIT_SECONDS == 10.0


async def test_of_guesses_within_ten_seconds_only_the_first_and_the_last_are_shown(
    slow: RunningBot,
) -> None:
    message = await sent(slow, question("", 0))
    assert await edit(slow, message, question("Anna", 1)) is Delivery.SENT
    second = asyncio.create_task(edit(slow, message, question("Anna, Bea", 2)))
    await settle()
    third = asyncio.create_task(edit(slow, message, question("Anna, Bea, Cem", 3)))
    assert await soon(second) is Delivery.SENT
    assert message.text == "Who is it? Anna"
    assert not third.done()
    await soon(slow.stop())  # which does not wait for ten seconds to pass
    assert await soon(third) is Delivery.SENT
    assert message.text == "Who is it? Anna, Bea, Cem"
    assert message.edits == 2


async def test_what_waits_is_shown_when_its_time_has_come(
    bot: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.platforms.telegram.sender.GUESS_EDIT_SECONDS", 0.05)
    await bot.restart()
    message = await sent(bot, question("", 0))
    for revision, name in enumerate(("Anna", "Bea", "Cem"), 1):
        assert await edit(bot, message, question(name, revision)) is Delivery.SENT
        assert message.text == f"Who is it? {name}"


async def test_the_end_of_a_guess_round_does_not_wait_and_stays(slow: RunningBot) -> None:
    message = await sent(slow, question("", 0))
    assert await edit(slow, message, question("Anna", 1)) is Delivery.SENT
    waiting = asyncio.create_task(edit(slow, message, question("Anna, Bea", 2)))
    await settle()
    assert await edit(slow, message, Reply("It is over.", revision=3)) is Delivery.SENT
    assert await soon(waiting) is Delivery.SENT
    late = asyncio.create_task(edit(slow, message, question("Anna, Bea, Cem", 2)))
    await soon(slow.stop())
    assert await soon(late) is Delivery.SENT
    assert (message.text, message.buttons) == ("It is over.", [])


async def test_each_message_has_its_own_pace(slow: RunningBot) -> None:
    for _ in range(2):
        message = await sent(slow, question("", 0))
        assert await soon(edit(slow, message, question("Anna", 1))) is Delivery.SENT
        assert message.text == "Who is it? Anna"


async def test_what_shows_no_guesses_is_edited_at_once(slow: RunningBot) -> None:
    message = await sent(slow, Reply("hello", buttons=(ROW,)))
    for revision in range(1, 4):
        reply = Reply(f"hello {revision}", buttons=(ROW,), revision=revision)
        assert await soon(edit(slow, message, reply)) is Delivery.SENT
    assert message.edits == 3


async def test_guesses_by_tapping_are_shown_in_the_same_pace(
    slow: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    taps = 0

    async def handle_button(_: ButtonPress) -> ButtonOutcome:
        nonlocal taps
        taps += 1
        return ButtonOutcome("noted", edit=question(str(taps), taps))

    monkeypatch.setattr(slow.service, "handle_button", handle_button)
    message = await sent(slow, question("", 0))
    for _ in range(5):  # nobody's tap waits
        assert await slow.family.press(slow.anna, message).answered() == "noted"
    await soon(slow.stop())
    assert message.text == "Who is it? 5"
    assert message.edits == 2


async def test_an_earlier_guess_does_not_take_the_place_of_a_later_one() -> None:
    pace, done = EditPace(NEVER), list[int]()

    async def apply(revision: int) -> None:
        async def call() -> None:
            done.append(revision)

        await pace.apply("message", revision, call)

    await apply(1)
    later = asyncio.create_task(apply(3))
    await settle()
    await soon(apply(2))
    assert not later.done()
    pace.close()
    await soon(later)
    assert done == [1, 3]


async def test_an_edit_that_is_cut_off_while_it_waits_leaves_nothing_behind() -> None:
    pace, done = EditPace(NEVER), list[int]()

    async def call() -> None:
        done.append(1)

    await pace.apply("message", 1, call)
    waiting = asyncio.create_task(pace.apply("message", 2, call))
    await settle()
    waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled()
    assert pace.replace("message", 1)
    pace.close()
    await pace.apply("message", 3, call)
    assert len(done) == 2


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

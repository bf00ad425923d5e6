"""Messages that the service edits by itself, by the id that it got when they went out."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.domain import Button, Delivery, PhotoOutcome, Picture, Reply, Room
from bot.platforms.discord import edits
from bot.platforms.discord.client import LONGEST_WAIT
from bot.platforms.discord.edits import EDITS, MessageEdits
from bot.platforms.discord.sender import SentMessage, markdown
from bot.services import Service
from bot.speech import speaker_for
from tests.fakes.discord.bot import OLAF_PNG, YETI_PNG, Evening
from tests.fakes.discord.world import ATTACH, SEND, VIEW, Message
from tests.support.metrics import counted

EN = speaker_for("en")
EDITING = r"^/channels/\d+/messages/\d+$"
OTHER = "12345"


class Answers:
    """Notes the ids of answers that the service is given, and hands everything on."""

    def __init__(self, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ids: list[str | None] = []
        mark_sent = service.mark_sent

        async def noted(
            outcomes: tuple[PhotoOutcome, ...],
            milliseconds: float,
            reference: str | None = None,
            answer: str | None = None,
        ) -> None:
            self.ids.append(answer)
            await mark_sent(outcomes, milliseconds, reference, answer)

        monkeypatch.setattr(service, "mark_sent", noted)


@pytest.fixture
def answers(evening: Evening, monkeypatch: pytest.MonkeyPatch) -> Answers:
    return Answers(evening.service, monkeypatch)


def home(evening: Evening) -> Room:
    return Room("discord", str(evening.home.id))


def place(message: Message) -> str:
    return f"{message.channel.id}/{message.id}"


async def said(evening: Evening, text: str = "3") -> Message:
    """Have the bot say something, and return it."""
    buttons = ((Button("Olaf", "x:1"),),)
    assert (
        await evening.adapter.send(home(evening), Reply(text, buttons=buttons))
    ).delivery is Delivery.SENT
    return evening.discord.said[-1]


async def edit(evening: Evening, message: str, text: str = "2", revision: int = 1) -> Delivery:
    return await evening.adapter.edit(home(evening), message, Reply(text, revision=revision))


async def test_an_answer_is_known_by_the_id_of_its_message(
    evening: Evening, answers: Answers
) -> None:
    discord = evening.discord
    one = await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    first = await discord.answer(one)
    await evening.settled()
    several = await discord.send(evening.ana, evening.home, "", OLAF_PNG, YETI_PNG, mention=True)
    second = await discord.answer(several)
    await evening.settled()
    assert answers.ids == [place(first), place(second)]


@pytest.mark.parametrize("is_private", [False, True])
async def test_a_commands_answer_is_known_and_edited_as_any_message(
    evening: Evening, answers: Answers, *, is_private: bool
) -> None:
    discord = evening.discord
    channel = discord.dm(evening.ana) if is_private else evening.home
    asked = await discord.slash(evening.ana, channel, "who", OLAF_PNG)
    answer = await discord.answered(asked)
    await evening.settled()
    assert answers.ids == [place(answer)]
    assert await edit(evening, place(answer), "later") is Delivery.SENT
    assert answer.content == "later"
    assert len(answer.attachments) == 1  # the photo stays
    assert not answer.labels


async def test_the_menus_answer_is_known_for_each_of_its_photos(
    evening: Evening, answers: Answers
) -> None:
    discord = evening.discord
    message = await discord.send(evening.ana, evening.home, "", OLAF_PNG, YETI_PNG)
    answer = await discord.answered(await discord.menu(evening.ben, message))
    await evening.settled()
    assert answers.ids == [place(answer)] * 2


async def test_an_answer_after_a_restart_is_known(evening: Evening, answers: Answers) -> None:
    discord = evening.discord
    evening.vision.may_answer.clear()
    message = await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    await discord.until(lambda: discord.cdn_requests)
    await evening.kill()
    evening.vision.may_answer.set()
    await evening.start()
    answer = await discord.answer(message)
    await evening.settled()
    assert answers.ids == [place(answer)]


async def test_an_answer_whose_acknowledgement_was_lost_is_known_all_the_same(
    evening: Evening, answers: Answers
) -> None:
    discord = evening.discord
    discord.fail("POST", "/callback$", drops="after")
    answer = await discord.answered(await discord.slash(evening.ana, evening.home, "who", OLAF_PNG))
    await evening.settled()
    assert answers.ids == [place(answer)]


async def test_an_edit_changes_text_and_buttons_and_pings_nobody(evening: Evening) -> None:
    message = await said(evening)
    buttons = ((Button("Yeti", "x:2"),),)
    reply = Reply(f"*2* {evening.ben.mention}", buttons=buttons, revision=1)
    assert await evening.adapter.edit(home(evening), place(message), reply) is Delivery.SENT
    assert message.content == f"\\*2\\* {evening.ben.mention}"
    assert message.labels == ["Yeti"]
    assert not message.mentions
    assert await edit(evening, place(message), "over", 2) is Delivery.SENT
    assert not message.labels
    assert len(evening.discord.said) == 1


async def test_an_edit_may_bring_a_picture_where_pictures_are_allowed(evening: Evening) -> None:
    message = await said(evening)
    picture = Picture(YETI_PNG, "card.png", "a card")
    reply = Reply("look", picture=picture, revision=1)
    assert await evening.adapter.edit(home(evening), place(message), reply) is Delivery.SENT
    assert evening.discord.read(message) == YETI_PNG
    message = await said(evening)
    evening.home.denied = ATTACH
    assert await evening.adapter.edit(home(evening), place(message), reply) is Delivery.SENT
    assert message.content == "look"
    assert not message.attachments


async def test_an_older_edit_does_not_undo_a_newer_one(evening: Evening) -> None:
    message = await said(evening)
    assert await edit(evening, place(message), "1", revision=8) is Delivery.SENT
    assert await edit(evening, place(message), "2", revision=7) is Delivery.SENT
    assert message.content == "1"


async def test_an_edit_does_not_undo_what_a_button_did_meanwhile(evening: Evening) -> None:
    discord, evening.ana.is_admin = evening.discord, True
    private = discord.dm(evening.ana)
    asked = await discord.slash(evening.ana, private, "reset")  # a message that all can see
    answer = await discord.answered(asked)
    await evening.settled()
    pressed = await discord.press(evening.ana, answer, answer.labels[-1])
    await discord.until(lambda: pressed.acknowledged)
    await evening.settled()
    told = answer.content
    room = Room("discord", str(private.id), private=True)
    old = Reply("of before", revision=0)
    assert await evening.adapter.edit(room, place(answer), old) is Delivery.SENT
    assert answer.content == told != "of before"


async def test_many_edits_at_once_become_few_and_the_last_one_wins(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    discord = evening.discord
    monkeypatch.setattr(edits, "EDIT_SECONDS", 0.3)
    discord.rest.edit_seconds = 0.3
    message = await said(evening)
    for revision in range(1, EDITS):
        await edit(evening, place(message), str(100 - revision), revision)
    done = await asyncio.gather(
        *(edit(evening, place(message), str(100 - n), n) for n in range(EDITS, 40))
    )
    assert set(done) == {Delivery.SENT}
    assert message.content == "61"
    assert discord.rest.count("PATCH", EDITING) <= EDITS + 1
    assert discord.rest.count("PATCH", EDITING, 429) == 0


async def test_edits_one_after_the_other_keep_discords_pace(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    discord = evening.discord
    monkeypatch.setattr(edits, "EDIT_SECONDS", 0.3)
    discord.rest.edit_seconds = 0.3
    message = await said(evening)
    for revision in range(1, 2 * EDITS + 2):
        assert await edit(evening, place(message), str(revision), revision) is Delivery.SENT
    assert message.content == str(2 * EDITS + 1)
    assert discord.rest.count("PATCH", EDITING, 429) == 0


async def test_of_equal_revisions_that_wait_the_later_one_is_made() -> None:
    order, made = MessageEdits(), list[str]()
    may_go_on = asyncio.Event()

    async def make(text: str) -> None:
        await may_go_on.wait()
        made.append(text)

    waiting = [
        asyncio.create_task(order.apply(1, 0, lambda text=text: make(text)))  # type: ignore[misc]
        for text in "abc"
    ]
    await asyncio.sleep(0)
    may_go_on.set()
    await asyncio.gather(*waiting)
    assert made[-1] == "c"
    assert "b" not in made


async def test_messages_of_different_ids_do_not_wait_for_each_other() -> None:
    order, made = MessageEdits(), list[int]()

    async def make(id_: int) -> None:
        made.append(id_)

    for id_ in range(3 * EDITS):
        async with asyncio.timeout(edits.EDIT_SECONDS / 2):
            await order.apply(id_, 0, lambda id_=id_: make(id_))  # type: ignore[misc]
    assert made == list(range(3 * EDITS))


async def test_a_message_that_is_gone_refuses_its_edit(evening: Evening) -> None:
    message = await said(evening)
    await evening.discord.delete(message)
    assert await edit(evening, place(message)) is Delivery.REFUSED
    assert await edit(evening, f"{evening.home.id}/{OTHER}") is Delivery.REFUSED
    del evening.discord.world.channels[evening.home.id]
    assert await edit(evening, place(message)) is Delivery.REFUSED


async def test_a_message_that_may_not_be_edited_refuses_it(evening: Evening) -> None:
    discord = evening.discord
    anas = await discord.send(evening.ana, evening.home, "our garden")
    assert await edit(evening, place(anas)) is Delivery.REFUSED
    only_anas = await discord.answered(await discord.slash(evening.ana, evening.home, "help"))
    assert only_anas.only_for is evening.ana
    assert await edit(evening, place(only_anas)) is Delivery.SENT  # by its own token
    assert only_anas.content == "2"
    message = await said(evening)
    evening.home.denied = VIEW
    assert await edit(evening, place(message)) is Delivery.REFUSED
    assert anas.content == "our garden"


async def test_in_a_channel_where_the_bot_may_no_longer_write_it_still_edits(
    evening: Evening,
) -> None:
    message = await said(evening)
    evening.home.denied = SEND
    assert await edit(evening, place(message)) is Delivery.SENT


async def test_a_message_in_an_archived_thread_refuses_its_edit(evening: Evening) -> None:
    discord = evening.discord
    thread = discord.channel(evening.family, "thread", parent=evening.home)
    room = Room("discord", str(thread.id))
    await evening.adapter.send(room, Reply("3"))
    thread.archived = True
    delivery = await evening.adapter.edit(room, place(discord.said[0]), Reply("2", revision=1))
    assert delivery is Delivery.REFUSED


async def test_an_edit_that_discord_does_not_take_counts_as_refused(evening: Evening) -> None:
    message = await said(evening)
    evening.discord.fail("PATCH", EDITING, 400)
    assert await edit(evening, place(message)) is Delivery.REFUSED
    assert await edit(evening, place(message), "") is Delivery.REFUSED


@pytest.mark.parametrize("id_", ["", "7", "1/2/3", "home/7", "/"])
async def test_an_id_that_is_none_of_discords_counts_as_refused(evening: Evening, id_: str) -> None:
    assert await edit(evening, id_) is Delivery.REFUSED


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 503},
        {"drops": "before"},
        {"status": 401},
        {"status": 429, "retry_after": LONGEST_WAIT + 1},
    ],
)
async def test_an_edit_counts_as_failed_when_discord_cannot_be_reached(
    evening: Evening, fault: dict[str, Any]
) -> None:
    message = await said(evening)
    fails = evening.discord.fail("PATCH", EDITING, times=4, **fault)
    assert await edit(evening, place(message)) is Delivery.FAILED
    assert message.content == "3"
    fails.times = 0
    if fault["status" if "status" in fault else "drops"] != 429:  # that limit lasts
        assert await edit(evening, place(message)) is Delivery.SENT


@pytest.mark.parametrize("fault", [{"status": 503}, {"drops": "before"}, {"drops": "after"}])
async def test_an_edit_is_made_again_after_a_fault_that_passes(
    evening: Evening, fault: dict[str, Any]
) -> None:
    message = await said(evening)
    evening.discord.fail("PATCH", EDITING, **fault)
    assert await edit(evening, place(message)) is Delivery.SENT
    assert message.content == "2"
    assert counted(evening.metrics, "retries_total", platform="discord", call="edit") == 1


async def test_an_edit_counts_as_failed_while_there_is_no_connection(before: Evening) -> None:
    assert await edit(before, "1/2") is Delivery.FAILED


async def test_an_edit_that_still_waits_when_the_bot_stops_counts_as_failed(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edits, "EDIT_SECONDS", 1.0)
    message = await said(evening)
    for revision in range(1, EDITS + 1):
        await edit(evening, place(message), str(revision), revision)
    waiting = asyncio.create_task(edit(evening, place(message), "late", EDITS + 1))
    await asyncio.sleep(0)
    await evening.stop()
    assert await waiting is Delivery.FAILED
    assert message.content == str(EDITS)


async def test_a_messages_id_outlives_a_restart(evening: Evening) -> None:
    message = await said(evening)
    await evening.stop()
    await evening.start()
    assert await edit(evening, place(message)) is Delivery.SENT


async def test_edits_with_buttons_leave_nothing_in_memory(evening: Evening) -> None:
    message = await said(evening)
    reply = Reply("2", buttons=((Button("Olaf", "x:1"),),), revision=1)
    assert await evening.adapter.edit(home(evening), place(message), reply) is Delivery.SENT
    client = evening.adapter._connections[0].client
    assert not client.persistent_views
    assert not client.cached_messages


def test_an_id_is_a_text_and_back() -> None:
    assert SentMessage.parse(str(SentMessage(7, 8))) == SentMessage(7, 8)


def test_discords_relative_time_is_left_as_it_is() -> None:
    assert markdown("ends <t:1764354000:R>") == "ends <t:1764354000:R>"

"""What the network and Telegram do to the bot, and that people still get their answers, once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot import speech
from bot.domain import Document, Picture, Refusal, Refused, Reply, Room, PastPhoto
from tests.fakes.vision import YETI
from tests.fakes.telegram.evening import Evening, evening

SNOW = b"snow"
OLAF = "Olaf! 97%"


@pytest.fixture
async def at(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Evening]:
    monkeypatch.setattr("bot.platforms.telegram.sender.FIRST_WAIT", 0.01)
    monkeypatch.setattr("bot.platforms.telegram.files.WAITS", (0.01, 0.02, 0.03))
    async with evening() as it:
        yield it


def refusal(reason: Refusal) -> str:
    return speech.into("en").refusal(reason)


async def answers(at: Evening, photo: bytes = SNOW) -> list[str]:
    """Send a photo and return what was said to it by the time a later one has its answer."""
    sent = at.home.send_photo(at.anna, photo)
    await at.home.answers(sent)
    await at.home.answers(at.home.send_photo(at.anna, SNOW))
    return [said.text for said in at.home.bots if said.reply_to == sent.id]


# Sending


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 429, "retry_after": 1},
        {"status": 500},
        {"status": 502},
        {"drop": True},
    ],
    ids=["flood", "500", "502", "dropped"],
)
async def test_an_answer_that_did_not_go_out_is_sent_again(
    at: Evening, fault: dict[str, Any]
) -> None:
    at.telegram.fail("sendMessage", times=1 if "retry_after" in fault else 2, **fault)
    assert await answers(at) == [OLAF]


async def test_a_flood_wait_in_one_chat_holds_up_no_other(at: Evening) -> None:
    fault = at.telegram.fail("sendMessage", status=429, retry_after=1)
    waits = at.family.send_photo(at.anna, SNOW)
    await at.telegram.until(lambda: fault.times == 0)
    assert await answers(at) == [OLAF]
    assert not at.family.bots
    assert (await at.family.answer(waits)).text == OLAF


async def test_a_flood_wait_longer_than_the_limiters_patience_is_waited_out(
    at: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.platforms.telegram.client.FLOOD_RETRIES", 0)
    await at.stop()
    at.chat = at.new_chat()
    await at.start()
    at.telegram.fail("sendMessage", status=429, retry_after=1)
    assert await answers(at) == [OLAF]


async def test_an_answer_whose_receipt_is_lost_is_not_said_twice(
    at: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.platforms.telegram.client.READ_SECONDS", 0.3)
    await at.stop()
    at.chat = at.new_chat()
    await at.start()
    at.telegram.fail("sendMessage", silent=True, after=True)
    assert await answers(at) == [OLAF]
    await at.stop()
    assert not await at.host.left_over("telegram")


async def test_a_photo_that_was_deleted_before_the_answer_is_answered_anyway(at: Evening) -> None:
    at.eye.may_answer.clear()
    photo = at.home.send_photo(at.anna, SNOW)
    await at.outcomes()
    at.home.delete(photo)
    at.eye.may_answer.set()
    await at.telegram.until(lambda: bool(at.home.bots))
    assert at.home.bots[0].text == OLAF
    assert at.home.bots[0].reply_to is None


async def test_a_topic_that_was_deleted_before_the_answer_is_no_fault(
    at: Evening, caplog: pytest.LogCaptureFixture
) -> None:
    at.family.forum = True
    at.family.send_photo(at.anna, SNOW, topic=78)
    assert await answers(at) == [OLAF]
    assert "ERROR" not in caplog.text


async def test_a_group_where_the_bot_may_not_write_holds_up_nothing(
    at: Evening, caplog: pytest.LogCaptureFixture
) -> None:
    at.family.read_only = True
    at.family.send_photo(at.anna, SNOW)
    assert await answers(at) == [OLAF]
    await at.stop()
    there = [call for call in at.telegram.called("sendMessage") if int(call["chat_id"]) < 0]
    assert len(there) == 1  # asking again would change nothing
    assert "ERROR" not in caplog.text


async def test_a_long_sentence_with_a_picture_is_a_message_of_its_own(at: Evening) -> None:
    picture = Picture(b"\x89PNG", "map.png", "a map")
    room = Room("telegram", str(at.home.id))
    await at.chat.say(room, Reply("x" * 1024, picture=picture))
    await at.chat.say(room, Reply("y" * 1025, picture=picture), to="1")
    said = [(len(message.text), message.picture is not None) for message in at.home.bots]
    assert said == [(1024, True), (0, True), (1025, False)]


async def test_a_sentence_over_telegrams_limit_is_cut(at: Evening) -> None:
    await at.chat.say(Room("telegram", str(at.home.id)), Reply("☃" * 5000))
    assert at.home.bots[0].text == "☃" * 4096


async def test_a_document_is_sent_with_its_words(at: Evening) -> None:
    document = Document(b"{}", "me.json")
    await at.chat.say(Room("telegram", str(at.home.id)), Reply("Here.", document=document))
    (said,) = at.home.bots
    assert (said.text, said.raw["document"]["file_name"]) == ("Here.", "me.json")
    assert at.telegram.files[said.raw["document"]["file_id"]].data == b"{}"


async def test_photos_are_shown_again_unless_they_were_deleted(at: Evening) -> None:
    first, second = (at.home.send_photo(at.anna, photo) for photo in (b"one", b"two"))
    at.home.delete(first)
    shown = tuple(PastPhoto(str(photo.id), None, "Anna: 43") for photo in (first, second))
    room = Room("telegram", str(at.home.id))
    await at.telegram.until(lambda: len(at.home.bots) == 2)
    await at.chat.say(room, Reply("The hall:", shown=shown))
    said = at.home.bots[2:]
    assert [message.text for message in said] == ["The hall:", "Anna: 43"]
    assert said[1].raw["photo"] == second.raw["photo"]


async def test_saying_something_in_a_chat_that_is_no_more_is_no_fault(at: Evening) -> None:
    await at.chat.say(Room("telegram", "12345"), Reply("hello"))


# Fetching


@pytest.mark.parametrize(
    ("method", "fault"),
    [
        ("getFile", {"status": 500}),
        ("getFile", {"drop": True}),
        ("getFile", {"status": 429, "retry_after": 1}),
        ("file", {"status": 502}),
        ("file", {"drop": True}),
        ("file", {"drop": True, "after": True}),
    ],
    ids=["500", "dropped", "flood", "file 502", "file dropped", "file dropped half-way"],
)
async def test_a_photo_that_did_not_arrive_is_fetched_again(
    at: Evening, method: str, fault: dict[str, Any]
) -> None:
    at.telegram.fail(method, times=1 if "retry_after" in fault else 2, **fault)
    assert await answers(at) == [OLAF]


async def test_a_file_server_that_stays_broken_is_told_of(at: Evening) -> None:
    at.telegram.fail("file", status=500, times=4)
    assert await answers(at) == [refusal(Refusal.FAULT)]


async def test_a_file_over_twenty_megabytes_is_not_even_asked_for(at: Evening) -> None:
    file = at.home.send_document(at.anna, SNOW, mime="image/png", size=20 * 1024 * 1024 + 1)
    assert (await at.home.answer(file)).text == refusal(Refusal.TOO_MANY_BYTES)
    assert not at.telegram.called("getFile")


async def test_a_file_that_telegram_finds_too_big_is_told_of(at: Evening) -> None:
    file = at.home.send_document(at.anna, SNOW, mime="image/png")
    at.telegram.files[file.raw["document"]["file_id"]].size = 21 * 1024 * 1024
    assert (await at.home.answer(file)).text == refusal(Refusal.TOO_MANY_BYTES)


async def test_no_more_of_a_file_is_loaded_than_allowed(at: Evening) -> None:
    file = at.telegram.file(b"x" * 300_000, "document", size=10)
    read = at.chat.read(Room("telegram", str(at.home.id)), file.id)
    with pytest.raises(Refused) as refused:
        await read(200_000)
    assert refused.value.reason is Refusal.TOO_MANY_BYTES
    assert await read(300_000) == file.data


@pytest.mark.parametrize(
    ("description", "reason"),
    [
        ("Bad Request: wrong file_id or the file is temporarily unavailable", Refusal.FAULT),
        ("Bad Request: invalid file_id", Refusal.GONE),
    ],
)
async def test_a_file_that_is_not_there_is_told_of(
    at: Evening, description: str, reason: Refusal
) -> None:
    at.telegram.fail("getFile", status=400, description=description)
    assert await answers(at) == [refusal(reason)]


async def test_a_file_whose_link_is_dead_is_gone(at: Evening) -> None:
    at.telegram.fail("file", status=404)
    assert await answers(at) == [refusal(Refusal.GONE)]


async def test_a_file_that_trickles_in_holds_up_no_other_chat(at: Evening) -> None:
    at.telegram.pace = 0.05
    slow = at.family.send_photo(at.anna, b"a slow photo, a byte at a time")
    await at.telegram.until(lambda: bool(at.telegram.downloads))
    at.telegram.pace = 0.0
    await at.home.answer(at.home.send_photo(at.anna, SNOW))
    assert not [said for said in at.family.bots if said.reply_to == slow.id]
    assert (await at.family.answer(slow)).text == OLAF


async def test_a_server_of_ones_own_may_name_a_file_on_its_disk(
    at: Evening, tmp_path: Path
) -> None:
    (tmp_path / "photo").write_bytes(SNOW)
    photo = at.telegram.file(SNOW, "photo")
    photo.path = str(tmp_path / "photo")
    read = at.chat.read(Room("telegram", str(at.home.id)), photo.id)
    assert await read(len(SNOW)) == SNOW
    photo.size = 0
    with pytest.raises(Refused) as refused:
        await read(len(SNOW) - 1)
    assert refused.value.reason is Refusal.TOO_MANY_BYTES


# Order


async def test_answers_of_one_chat_keep_the_order_of_the_photos(at: Evening) -> None:
    at.eye.sees[b"quick"] = YETI
    at.telegram.pace = 0.05
    slow = at.home.send_photo(at.anna, b"a slow one")
    await at.telegram.until(lambda: bool(at.telegram.downloads))
    at.telegram.pace = 0.0
    quick = at.home.send_photo(at.anna, b"quick")
    helped = at.home.send_text(at.anna, "/help")
    await at.home.answer(helped)
    assert [said.reply_to for said in at.home.bots] == [slow.id, quick.id, helped.id]


async def test_many_chats_at_once_all_get_their_answers(at: Evening) -> None:
    people = [at.telegram.person(f"Person {number}") for number in range(25)]
    sent = [(chat := at.telegram.private(who)).send_photo(who, SNOW) for who in people]
    answers = await asyncio.gather(*(photo.chat.answer(photo) for photo in sent))
    assert {answer.text for answer in answers} == {OLAF}
    assert all(len(photo.chat.bots) == 1 for photo in sent)
    assert chat.bots


# Updates


async def test_an_update_that_comes_twice_is_answered_once(at: Evening) -> None:
    at.telegram.twice = True
    album = at.family.send_album(at.anna, [SNOW, SNOW])
    question = at.home.send_text(at.anna, "hello")
    assert len((await at.family.answer(album[0])).text.splitlines()) == 2
    tap = at.family.press(at.anna, at.family.bots[0], "1: where?")
    await tap.answered()
    await at.family.answer(at.family.bots[0])
    assert await answers(at) == [OLAF]
    assert len([said for said in at.home.bots if said.reply_to == question.id]) == 1
    assert len(at.family.bots) == 2


async def test_what_waited_through_an_outage_is_answered_if_it_is_fresh(at: Evening) -> None:
    await at.stop()
    old = at.home.send_photo(at.anna, SNOW, age=301)
    at.home.send_text(at.anna, "/help", age=301)
    fresh = at.home.send_photo(at.anna, SNOW, age=280)
    at.chat = at.new_chat()
    await at.start()
    await at.home.answer(fresh)
    await at.home.answer(at.home.send_photo(at.anna, SNOW))
    assert old.id not in [said.reply_to for said in at.home.bots]
    assert len(at.home.bots) == 2


async def test_polls_that_break_are_made_again(
    at: Evening, caplog: pytest.LogCaptureFixture
) -> None:
    at.telegram.fail("getUpdates", status=502)
    at.telegram.fail("getUpdates", drop=True)
    at.telegram.notify()
    assert await answers(at) == [OLAF]
    assert "Traceback" not in caplog.text


async def test_somebody_else_who_takes_the_updates_is_reported_once_until_it_heals(
    at: Evening, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    at.telegram.fail("getUpdates", status=409, description="Conflict: terminated")
    at.home.send_photo(at.anna, b"first")
    await at.telegram.until(lambda: at.chat.state()["state"] == "conflict")
    assert at.chat.state() == {"state": "conflict", "way": "polling"}
    assert await answers(at, b"second") == [OLAF]
    assert at.chat.state()["state"] == "conflict"  # it got through once; that is no peace yet
    monkeypatch.setattr("bot.platforms.telegram.client.CALM_SECONDS", 0.0)
    at.telegram.fail("getUpdates", status=409, description="Conflict: terminated")
    assert await answers(at, b"third") == [OLAF]
    await at.home.answer(at.home.send_photo(at.anna, SNOW))
    await at.telegram.until(lambda: at.chat.state()["state"] == "running")
    told = [record for record in caplog.records if "TELEGRAM_TOKEN" in record.getMessage()]
    assert len(told) == 1
    assert "Traceback" not in caplog.text


# Secrets


async def test_neither_the_token_nor_a_name_nor_a_caption_is_logged(
    at: Evening, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("httpx").setLevel(logging.WARNING)  # as bot.logs does
    logging.getLogger("httpcore").setLevel(logging.WARNING)
    caplog.set_level(logging.INFO)
    at.telegram.fail("file", status=500, times=4)
    at.telegram.fail("getUpdates", status=502)
    at.telegram.fail("sendMessage", drop=True)
    await at.home.answer(at.home.send_photo(at.anna, SNOW, caption="our secret garden"))
    await at.chat.say(Room("telegram", "12345"), Reply("hello"))
    await at.stop()
    assert "platform=telegram room=" in caplog.text
    for secret in (at.telegram.token, "/file/", "Anna", "our secret garden"):
        assert secret not in caplog.text

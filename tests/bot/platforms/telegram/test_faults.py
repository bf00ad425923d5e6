"""What the network and Telegram do to the bot, and that people still get their answers, once."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from bot.domain import Document, PastPhoto, Picture, Refusal, Refused, Reply, Room
from bot.speech import speaker_for
from tests.bot.platforms.telegram.conftest import is_answer
from tests.fakes.telegram.running_bot import RunningBot, room_of
from tests.fakes.vision import YETI

pytestmark = pytest.mark.usefixtures("quick_retries")

SNOW = b"snow"
OLAF = "Olaf! 97%"
PLAYED = "I'll play number 1."
AWAY = "Bad Request: wrong file_id or the file is temporarily unavailable"


def refusal(reason: Refusal) -> str:
    return speaker_for("en").photos.refusal(reason)


async def answers(bot: RunningBot, photo: bytes = SNOW) -> list[str]:
    """Send a photo and return what was said to it by the time a later one has its answer."""
    sent = bot.home.send_photo(bot.anna, photo)
    await bot.home.answers(sent)
    await bot.home.answers(bot.home.send_photo(bot.anna, SNOW))
    return [said.text for said in bot.home.bots if said.reply_to == sent.id]


async def only_answer(bot: RunningBot, photo: bytes = SNOW) -> str:
    """Send a photo and return its answer, of which there may be one only."""
    (answer,) = await answers(bot, photo)
    return answer


# Sending


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 429, "retry_after": 1},
        {"status": 500},
        {"status": 502},
        {"drop": True},
        {"status": 404},
        {"status": 401},
        {"status": 403, "html": True},
        {"html": True},
    ],
    ids=["flood", "500", "502", "dropped", "404", "401", "403 HTML", "200 HTML"],
)
async def test_an_answer_that_did_not_go_out_is_sent_again(
    bot: RunningBot, fault: dict[str, Any]
) -> None:
    bot.telegram.fail("sendMessage", times=1 if "retry_after" in fault else 2, **fault)
    assert is_answer(await only_answer(bot))


async def test_a_flood_wait_in_one_chat_holds_up_no_other(bot: RunningBot) -> None:
    fault = bot.telegram.fail("sendMessage", status=429, retry_after=1)
    waits = bot.family.send_photo(bot.anna, SNOW)
    await bot.telegram.until(lambda: fault.times == 0)
    assert is_answer(await only_answer(bot))
    assert not bot.family.bots
    assert is_answer((await bot.family.answer(waits)).text)


async def test_a_flood_wait_longer_than_the_limiters_patience_is_waited_out(
    bot: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.platforms.telegram.limits.FLOOD_RETRIES", 0)
    await bot.restart()
    bot.telegram.fail("sendMessage", status=429, retry_after=1)
    assert is_answer(await only_answer(bot))


async def test_an_answer_whose_receipt_is_lost_is_not_sent_twice(
    bot: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.platforms.telegram.client.READ_SECONDS", 0.3)
    await bot.restart()
    bot.telegram.fail("sendMessage", silent=True, after=True)
    assert is_answer(await only_answer(bot))
    await bot.stop()
    assert not await bot.service.pending_photos("telegram")


async def test_a_photo_that_was_deleted_before_the_answer_is_answered_anyway(
    bot: RunningBot,
) -> None:
    bot.vision.may_answer.clear()
    photo = bot.home.send_photo(bot.anna, SNOW)
    await bot.until_classifying()
    bot.home.delete(photo)
    bot.vision.may_answer.set()
    await bot.telegram.until(lambda: bool(bot.home.bots))
    assert is_answer(bot.home.bots[0].text)
    assert bot.home.bots[0].reply_to is None


async def test_a_topic_that_was_deleted_before_the_answer_is_no_fault(
    bot: RunningBot, caplog: pytest.LogCaptureFixture
) -> None:
    bot.family.forum = True
    bot.family.send_photo(bot.anna, SNOW, topic=78)
    assert is_answer(await only_answer(bot))
    assert "ERROR" not in caplog.text


async def test_a_group_where_the_bot_may_not_write_holds_up_nothing(
    bot: RunningBot, caplog: pytest.LogCaptureFixture
) -> None:
    bot.family.read_only = True
    bot.family.send_photo(bot.anna, SNOW)
    assert is_answer(await only_answer(bot))
    await bot.stop()
    there = [call for call in bot.telegram.called("sendMessage") if int(call["chat_id"]) < 0]
    assert len(there) == 1  # asking again would change nothing
    assert "ERROR" not in caplog.text


async def test_a_long_sentence_with_a_picture_is_a_message_of_its_own(bot: RunningBot) -> None:
    picture = Picture(b"\x89PNG", "map.png", "a map")
    room = room_of(bot.home)
    await bot.adapter.send(room, Reply("x" * 1024, picture=picture))
    await bot.adapter.send(room, Reply("y" * 1025, picture=picture), to="1")
    said = [(len(message.text), message.picture is not None) for message in bot.home.bots]
    assert said == [(1024, True), (0, True), (1025, False)]


async def test_a_sentence_over_telegrams_limit_is_cut(bot: RunningBot) -> None:
    await bot.adapter.send(room_of(bot.home), Reply("☃" * 5000))
    assert bot.home.bots[0].text == "☃" * 4096


async def test_a_document_is_sent_with_its_words(bot: RunningBot) -> None:
    document = Document(b"{}", "me.json")
    await bot.adapter.send(room_of(bot.home), Reply("Here.", document=document))
    (said,) = bot.home.bots
    assert (said.text, said.raw["document"]["file_name"]) == ("Here.", "me.json")
    assert bot.telegram.files[said.raw["document"]["file_id"]].data == b"{}"


async def test_photos_are_shown_again_unless_they_were_deleted(bot: RunningBot) -> None:
    first, second = (bot.home.send_photo(bot.anna, photo) for photo in (b"one", b"two"))
    bot.home.delete(first)
    room = room_of(bot.home)
    shown = tuple(PastPhoto(room, str(photo.id), None, "Anna: 43") for photo in (first, second))
    await bot.telegram.until(lambda: len(bot.home.bots) == 2)
    await bot.adapter.send(room, Reply("The hall:", past_photos=shown))
    said = bot.home.bots[2:]
    assert [message.text for message in said] == ["The hall:", "Anna: 43"]
    assert said[1].raw["photo"] == second.raw["photo"]


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
        ("getFile", {"status": 404}),
        ("getFile", {"status": 404, "html": True}),
        ("getFile", {"html": True}),
        ("getFile", {"status": 400, "description": AWAY}),
        ("file", {"status": 404}),
        ("file", {"status": 403}),
    ],
)
async def test_a_photo_that_did_not_arrive_is_fetched_again(
    bot: RunningBot, method: str, fault: dict[str, Any]
) -> None:
    bot.telegram.fail(method, times=1 if "retry_after" in fault else 2, **fault)
    assert is_answer(await only_answer(bot))


async def test_a_file_server_that_stays_broken_is_told_of(bot: RunningBot) -> None:
    bot.telegram.fail("file", status=500, times=4)
    assert await answers(bot) == [refusal(Refusal.FAULT)]


async def test_a_file_over_twenty_megabytes_is_not_even_asked_for(bot: RunningBot) -> None:
    file = bot.home.send_document(bot.anna, SNOW, mime="image/png", size=20 * 1024 * 1024 + 1)
    assert (await bot.home.answer(file)).text == refusal(Refusal.TOO_MANY_BYTES)
    assert not bot.telegram.called("getFile")


async def test_a_file_that_telegram_finds_too_big_is_told_of(bot: RunningBot) -> None:
    file = bot.home.send_document(bot.anna, SNOW, mime="image/png")
    bot.telegram.files[file.raw["document"]["file_id"]].size = 21 * 1024 * 1024
    assert (await bot.home.answer(file)).text == refusal(Refusal.TOO_MANY_BYTES)


async def test_no_more_of_a_file_is_loaded_than_allowed(bot: RunningBot) -> None:
    file = bot.telegram.file(b"x" * 300_000, "document", size=10)
    read = bot.adapter.fetcher(room_of(bot.home), file.id)
    with pytest.raises(Refused) as refused:
        await read(200_000)
    assert refused.value.reason is Refusal.TOO_MANY_BYTES
    assert await read(300_000) == file.data


async def test_a_file_that_telegram_does_not_know_is_gone(bot: RunningBot) -> None:
    bot.telegram.fail("getFile", status=400, description="Bad Request: invalid file_id")
    assert await answers(bot) == [refusal(Refusal.GONE)]


@pytest.mark.parametrize(
    ("method", "fault"),
    [
        ("getFile", {"status": 400, "description": AWAY}),
        ("getFile", {"status": 404}),
        ("file", {"status": 404}),
    ],
)
async def test_a_file_that_stays_out_of_sight_is_not_said_to_be_gone(
    bot: RunningBot, method: str, fault: dict[str, Any]
) -> None:
    bot.telegram.fail(method, times=4, **fault)
    assert await answers(bot) == [refusal(Refusal.FAULT)]


async def test_a_file_whose_name_is_odd_is_fetched(bot: RunningBot) -> None:
    for number, odd in enumerate(("photos/file #1.jpg", "documents/a b%20c?.png", "x/Ünï ☃.jpg")):
        sizes = bot.telegram.photo(b"%d" % number)
        for size in sizes:
            size.path = odd
        assert is_answer((await bot.home.answer(bot.home.send_photo(bot.anna, sizes))).text)


async def test_a_file_that_trickles_in_holds_up_no_other_chat(bot: RunningBot) -> None:
    bot.telegram.stall = stall = asyncio.Event()
    slow = bot.family.send_photo(bot.anna, b"a photo that stops half-way")
    await bot.telegram.until(lambda: bool(bot.telegram.downloads))
    bot.telegram.stall = None
    await bot.home.answer(bot.home.send_photo(bot.anna, SNOW))
    assert not [said for said in bot.family.bots if said.reply_to == slow.id]
    stall.set()
    assert is_answer((await bot.family.answer(slow)).text)


async def test_a_server_of_ones_own_may_name_a_file_on_its_disk(
    bot: RunningBot, tmp_path: Path
) -> None:
    (tmp_path / "photo").write_bytes(SNOW)
    photo = bot.telegram.file(SNOW, "photo")
    photo.path = str(tmp_path / "photo")
    read = bot.adapter.fetcher(room_of(bot.home), photo.id)
    assert await read(len(SNOW)) == SNOW
    photo.size = 0
    with pytest.raises(Refused) as refused:
        await read(len(SNOW) - 1)
    assert refused.value.reason is Refusal.TOO_MANY_BYTES


# Order


async def test_answers_of_one_chat_keep_the_order_of_the_photos(bot: RunningBot) -> None:
    bot.vision.sees[b"quick"] = YETI
    bot.telegram.pace = 0.05
    slow = bot.home.send_photo(bot.anna, b"a slow one")
    await bot.telegram.until(lambda: bool(bot.telegram.downloads))
    bot.telegram.pace = 0.0
    quick = bot.home.send_photo(bot.anna, b"quick")
    last = bot.home.send_photo(bot.anna, SNOW)
    await bot.home.answer(last)
    assert [said.reply_to for said in bot.home.bots] == [slow.id, quick.id, last.id]


async def test_what_is_asked_about_a_photo_elsewhere_has_its_turn_among_the_photos(
    bot: RunningBot,
) -> None:
    """They come together, as what people sent while nobody asked Telegram for it does."""
    shown = bot.family.send_photo(bot.anna, SNOW)
    await bot.family.answer(shown)
    await bot.stop()
    asked = [
        bot.family.send_text(bot.anna, "/who", reply_to=shown),
        bot.family.send_photo(bot.anna, SNOW),
        bot.family.send_text(bot.anna, "@Snowpeople_Bot?", reply_to=shown),
        bot.family.send_photo(bot.anna, SNOW),
    ]
    await bot.start()
    for each in asked:
        await bot.family.answer(each)
    answered = [said.reply_to for said in bot.family.bots]
    assert answered == [shown.id, *(each.id for each in asked)]


async def test_who_asks_something_or_taps_does_not_wait_for_a_slow_download(
    bot: RunningBot,
) -> None:
    played = await bot.home.answer(bot.home.send_photo(bot.anna, SNOW))
    bot.telegram.stall = stall = asyncio.Event()
    slow = bot.home.send_photo(bot.anna, b"a photo that stops half-way")
    await bot.telegram.until(lambda: len(bot.telegram.downloads) == 2)
    await bot.home.answer(bot.home.send_text(bot.anna, "/help"))
    await bot.home.answer(bot.home.send_text(bot.anna, "hello"))
    assert await bot.home.press(bot.anna, played, "Yeti").answered() is not None
    assert not [said for said in bot.home.bots if said.reply_to == slow.id]
    stall.set()
    assert is_answer((await bot.home.answer(slow)).text)


async def test_many_chats_at_once_all_get_their_answers(bot: RunningBot) -> None:
    people = [bot.telegram.person(f"Person {number}") for number in range(25)]
    sent = [(chat := bot.telegram.private(who)).send_photo(who, SNOW) for who in people]
    answers = await asyncio.gather(*(photo.chat.answer(photo) for photo in sent))
    assert [answer.text for answer in answers if not is_answer(answer.text)] == []
    assert all(len(photo.chat.bots) == 1 for photo in sent)
    assert chat.bots


# Updates


async def test_an_update_that_comes_twice_is_answered_once(bot: RunningBot) -> None:
    bot.telegram.twice = True
    album = bot.family.send_album(bot.anna, [SNOW, SNOW])
    question = bot.home.send_text(bot.anna, "hello")
    assert (await bot.family.answer(album[0])).text == f"1. {OLAF}\n2. {OLAF}\n{PLAYED}"
    tap = bot.family.press(bot.anna, bot.family.bots[0], "1: where?")
    await tap.answered()
    await bot.family.answer(bot.family.bots[0])
    assert is_answer(await only_answer(bot))
    assert len([said for said in bot.home.bots if said.reply_to == question.id]) == 1
    assert len(bot.family.bots) == 2


async def test_what_waited_through_an_outage_is_answered_if_it_is_fresh(bot: RunningBot) -> None:
    await bot.stop()
    old = bot.home.send_photo(bot.anna, SNOW, age=301)
    bot.home.send_text(bot.anna, "/help", age=301)
    fresh = bot.home.send_photo(bot.anna, SNOW, age=280)
    bot.renew()
    await bot.start()
    await bot.home.answer(fresh)
    await bot.home.answer(bot.home.send_photo(bot.anna, SNOW))
    assert old.id not in [said.reply_to for said in bot.home.bots]
    assert len(bot.home.bots) == 2


async def test_polls_that_break_are_made_again(
    bot: RunningBot, caplog: pytest.LogCaptureFixture
) -> None:
    bot.telegram.fail("getUpdates", status=502)
    bot.telegram.fail("getUpdates", drop=True)
    bot.telegram.notify()
    assert is_answer(await only_answer(bot))
    assert "Traceback" not in caplog.text


async def test_somebody_else_who_takes_the_updates_is_reported_once_until_it_heals(
    bot: RunningBot, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    bot.telegram.fail("getUpdates", status=409, description="Conflict: terminated")
    bot.home.send_photo(bot.anna, b"first")
    await bot.telegram.until(lambda: bot.adapter.state()["state"] == "conflict")
    assert bot.adapter.state() == {"state": "conflict", "way": "polling"}
    assert is_answer(await only_answer(bot, b"second"))
    assert bot.adapter.state()["state"] == "conflict"  # it got through once; that is no peace yet
    monkeypatch.setattr("bot.platforms.telegram.client.CALM_SECONDS", 0.0)
    bot.telegram.fail("getUpdates", status=409, description="Conflict: terminated")
    assert is_answer(await only_answer(bot, b"third"))
    await bot.home.answer(bot.home.send_photo(bot.anna, SNOW))
    await bot.telegram.until(lambda: bot.adapter.state()["state"] == "running")
    told = [record for record in caplog.records if "TELEGRAM_TOKEN" in record.getMessage()]
    assert len(told) == 1
    assert "Traceback" not in caplog.text


# Secrets


async def test_neither_the_token_nor_a_name_nor_a_caption_is_logged(
    bot: RunningBot, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("httpx").setLevel(logging.WARNING)  # as bot.logs does
    logging.getLogger("httpcore").setLevel(logging.WARNING)
    caplog.set_level(logging.INFO)
    bot.telegram.fail("file", status=500, times=4)
    bot.telegram.fail("getUpdates", status=502)
    bot.telegram.fail("sendMessage", drop=True)
    await bot.home.answer(bot.home.send_photo(bot.anna, SNOW, caption="our secret garden"))
    await bot.adapter.send(Room("telegram", "12345"), Reply("hello"))
    await bot.stop()
    assert "platform=telegram room=" in caplog.text
    for secret in (bot.telegram.token, "/file/", "Anna", "our secret garden"):
        assert secret not in caplog.text

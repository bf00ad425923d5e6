"""How the bot comes to Telegram, how it goes, and what it finds when it comes again."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.domain import Delivery, Refusal, Refused, Reply, Unusable
from bot.platforms.telegram.adapter import SECRET_HEADER, TelegramAdapter, TokenRefused
from bot.platforms.telegram.albums import Albums
from bot.platforms.telegram.commands import PUBLISHED
from bot.services.rate_limit import Rate
from bot.speech import speaker_for
from tests.bot.platforms.telegram.conftest import is_answer
from tests.fakes.telegram.running_bot import RunningBot, room_of, running_bot

SNOW = b"snow"
OLAF = "Olaf! 97%"
PLAYED = "I'll play number 1."


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[RunningBot]:
    # A file, as a connection that is cut off takes what is in memory with it.
    async with running_bot(started=False, database=f"sqlite:///{tmp_path}/snow.db") as it:
        yield it


# Coming


@pytest.mark.parametrize("token", ["4242:the-token-of-some-other-bot-that-is-none", "nonsense"])
async def test_a_bad_token_ends_telegram_with_one_clear_sentence(
    bot: RunningBot, token: str
) -> None:
    adapter = TelegramAdapter(
        token,
        api_url=bot.telegram.url,
        notes=bot.store.notes,
        duties=bot.store.leases,
        notices=bot.store.notices,
    )
    for _ in range(2):  # once is no proof
        with pytest.raises(TokenRefused):
            await adapter.run(bot.service, asyncio.Event())
    with pytest.raises(Unusable) as unusable:
        await adapter.run(bot.service, asyncio.Event())
    assert "@BotFather" in str(unusable.value)
    assert token not in str(unusable.value)
    assert unusable.value.__cause__ is None


async def test_a_token_that_is_withdrawn_ends_telegram_after_minutes(
    bot: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.platforms.telegram.client.REFUSED_SECONDS", 0.02)
    monkeypatch.setattr("bot.platforms.telegram.polling.FIRST_WAIT", 0.01)
    running = bot.begin()
    await bot.telegram.until(lambda: bot.telegram.polls > 0)
    bot.telegram.token = "4242:the-token-that-took-the-place-of-the-old"
    bot.telegram.notify()
    bot.telegram.fail("getUpdates", status=401, description="Unauthorized")
    bot.home.send_photo(bot.anna, SNOW)
    with pytest.raises(Unusable, match="BotFather"):
        await running
    bot.forget_run()


async def test_a_server_that_cannot_be_reached_is_a_fault_and_the_next_attempt_goes_well(
    bot: RunningBot,
) -> None:
    bot.telegram.fail("getMe", drop=True)
    with pytest.raises(Exception, match="httpx") as fault:
        await bot.run()
    assert bot.telegram.token not in str(fault.value)
    assert bot.adapter.state()["state"] == "starting"
    await bot.start()
    assert is_answer((await bot.home.answer(bot.home.send_photo(bot.anna, SNOW))).text)


async def test_a_start_that_came_to_nothing_leaves_no_connection_open(bot: RunningBot) -> None:
    bot.telegram.fail("getMe", status=500)
    with pytest.raises(Exception, match="Internal Server Error"):
        await bot.run()
    async with asyncio.timeout(5):
        while bot.telegram.connections:
            await asyncio.sleep(0.005)


async def test_a_menu_that_cannot_be_set_keeps_nobody_from_an_answer(
    bot: RunningBot, caplog: pytest.LogCaptureFixture
) -> None:
    await bot.store.notes.remember(PUBLISHED, "those of another version")
    bot.telegram.fail("setMyCommands", status=500, times=1)
    bot.begin()
    photo = bot.home.send_photo(bot.anna, SNOW)
    assert is_answer((await bot.home.answer(photo)).text)
    await bot.stop()
    assert "the menu of commands is not set" in caplog.text


async def test_what_is_asked_for_is_named_at_every_start(bot: RunningBot) -> None:
    bot.telegram.allowed = ["poll"]  # what some other program left behind
    await bot.start()
    await bot.telegram.waits()
    assert bot.telegram.allowed == ["message", "callback_query", "my_chat_member", "guest_message"]


async def test_a_webhook_that_is_still_set_is_removed_before_polling(bot: RunningBot) -> None:
    bot.telegram.webhook = "https://example.org/old"
    await bot.start()
    assert is_answer((await bot.home.answer(bot.home.send_photo(bot.anna, SNOW))).text)


async def test_before_it_is_there_nothing_can_be_fetched_or_sent(bot: RunningBot) -> None:
    room = room_of(bot.home)
    assert (await bot.adapter.send(room, Reply("hello"))).delivery is Delivery.FAILED
    with pytest.raises(Refused) as refused:
        await bot.adapter.fetcher(room, "AgAC")(1)
    assert refused.value.reason is Refusal.FAULT


# Going


async def test_what_is_in_hand_is_answered_before_it_goes(bot: RunningBot) -> None:
    await bot.start()
    bot.vision.may_answer.clear()
    photo = bot.home.send_photo(bot.anna, SNOW)
    await bot.until_classifying()
    stopping = asyncio.create_task(bot.stop())
    async with asyncio.timeout(5):
        while bot.adapter.state()["state"] != "stopping":
            await asyncio.sleep(0)
    assert not stopping.done()
    bot.vision.may_answer.set()
    await stopping
    assert is_answer((await bot.home.answer(photo)).text)


async def test_an_album_of_which_more_may_come_is_answered_before_it_goes(
    bot: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.platforms.telegram.handlers.Albums", lambda: Albums(60, 60))
    await bot.start()
    album = bot.home.send_album(bot.anna, [SNOW, SNOW])
    await bot.telegram.waits()
    await bot.stop()
    assert (await bot.home.answer(album[0])).text == f"1. {OLAF}\n2. {OLAF}\n{PLAYED}"


async def test_the_last_update_is_confirmed_before_it_goes(bot: RunningBot) -> None:
    await bot.start()
    photo = bot.home.send_photo(bot.anna, SNOW)
    await bot.home.answer(photo)
    await bot.stop()
    assert not bot.telegram.updates


async def test_a_dead_network_does_not_keep_it_from_going(
    bot: RunningBot, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr("bot.platforms.telegram.polling.CONFIRM_SECONDS", 0.05)
    await bot.start()
    await bot.home.answer(bot.home.send_photo(bot.anna, SNOW))
    bot.telegram.fail("getUpdates", silent=True, times=100)
    await bot.stop()
    assert "the last update is not confirmed (TimeoutError)" in caplog.text


async def test_when_it_is_cut_off_nothing_is_left_running(
    bot: RunningBot, caplog: pytest.LogCaptureFixture
) -> None:
    before = asyncio.all_tasks()
    await bot.start()
    bot.vision.may_answer.clear()
    bot.home.send_photo(bot.anna, SNOW)
    bot.family.send_album(bot.anna, [SNOW, SNOW])
    await bot.until_classifying()
    await bot.kill()
    gc.collect()
    ours = {task for task in asyncio.all_tasks() - before if "telegram/" in repr(task)}
    assert not ours
    assert "never retrieved" not in caplog.text
    assert "was destroyed" not in caplog.text


async def test_it_can_be_cut_off_while_it_connects(bot: RunningBot) -> None:
    fault = bot.telegram.fail("getMe", silent=True)
    bot.begin()
    await bot.telegram.until(lambda: fault.times == 0)
    await bot.kill()
    await bot.start()
    assert is_answer((await bot.home.answer(bot.home.send_photo(bot.anna, SNOW))).text)


# Coming again


async def test_a_photo_that_was_in_hand_at_a_crash_is_answered_at_the_next_start(
    bot: RunningBot,
) -> None:
    await bot.start()
    bot.vision.may_answer.clear()
    photo = bot.home.send_photo(bot.anna, SNOW)
    await bot.until_classifying()
    await bot.kill()
    bot.vision.may_answer.set()
    bot.renew()
    await bot.start()
    assert is_answer((await bot.home.answer(photo)).text)
    await bot.stop()
    assert not await bot.service.pending_photos("telegram")


async def test_what_piled_up_in_an_outage_was_not_sent_too_often(
    bot: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.support.services.OFTEN", Rate(1, 60))
    await bot.restart_process()
    bot.vision.may_answer.clear()
    # All comes at once, and is in hand when the bot crashes. Only the last two were sent at once.
    ages = (220, 150, 80, 10, 10)
    sent = [bot.home.send_photo(bot.anna, b"%d" % n, age=age) for n, age in enumerate(ages)]
    await bot.until_classifying(4)
    await bot.telegram.until(lambda: bool(bot.home.bots))
    (refused,) = bot.home.bots
    assert refused.text == speaker_for("en").photos.refusal(Refusal.TOO_OFTEN)
    others = [photo for photo in sent if photo.id != refused.reply_to]
    assert others[:3] == sent[:3]
    await bot.kill()
    bot.vision.may_answer.set()
    await bot.restart_process()
    assert all([is_answer((await bot.home.answer(photo)).text) for photo in others])


async def test_a_refusal_of_what_was_in_hand_is_said_once(bot: RunningBot) -> None:
    await bot.start()
    bot.vision.may_answer.clear()
    photos = [bot.home.send_photo(bot.anna, b"busy") for _ in range(3)]
    photos += [bot.family.send_photo(bot.anna, b"damaged")]
    await bot.until_classifying(4)
    await bot.kill()
    bot.vision.may_answer.set()
    bot.renew()
    await bot.start()
    await bot.home.answer(photos[0])
    while await bot.store.rounds.pending("telegram", datetime(2026, 1, 1, tzinfo=UTC)):
        await asyncio.sleep(0.005)
    assert [each.text for each in bot.home.bots + bot.family.bots] == [
        speaker_for("en").photos.refusal(Refusal.BUSY)
    ]


async def test_a_photo_that_comes_while_it_goes_is_answered_by_the_next_and_by_nobody_before(
    bot: RunningBot,
) -> None:
    await bot.start()
    await bot.service.drain(0)
    photo = bot.home.send_photo(bot.anna, SNOW)
    await bot.telegram.waits()
    await bot.restart_process()
    await bot.home.answer(photo)
    await bot.stop()
    assert [is_answer(each.text) for each in bot.home.bots] == [True]


async def test_a_photo_that_was_in_hand_and_comes_again_is_answered_once(bot: RunningBot) -> None:
    await bot.start()
    bot.vision.may_answer.clear()
    photo = bot.home.send_photo(bot.anna, SNOW)
    await bot.until_classifying()
    await bot.kill()
    bot.telegram.deliver("message", photo.raw)
    bot.vision.may_answer.set()
    bot.renew()
    await bot.start()
    await bot.home.answer(photo)
    await bot.family.answer(bot.family.send_photo(bot.anna, SNOW))
    await bot.stop()
    assert len(bot.home.bots) == 1


async def test_a_photo_that_was_answered_is_not_answered_again_after_a_crash(
    bot: RunningBot,
) -> None:
    await bot.start()
    photo = bot.home.send_photo(bot.anna, SNOW)
    await bot.home.answer(photo)
    await bot.family.answer(bot.family.send_photo(bot.anna, SNOW))
    await bot.kill()
    bot.telegram.deliver("message", photo.raw)
    bot.renew()
    await bot.start()
    await bot.family.answers(bot.family.send_photo(bot.anna, SNOW))
    await bot.stop()
    assert len(bot.home.bots) == 1


async def test_a_photo_that_was_in_hand_and_is_gone_is_told_of(bot: RunningBot) -> None:
    await bot.start()
    bot.vision.may_answer.clear()
    photo = bot.home.send_photo(bot.anna, SNOW)
    await bot.until_classifying()
    await bot.kill()
    bot.telegram.files.clear()
    bot.vision.may_answer.set()
    bot.renew()
    await bot.start()
    assert (await bot.home.answer(photo)).text == speaker_for("en").photos.refusal(Refusal.GONE)


# The webhook


async def test_a_webhook_brings_the_updates(hooked: RunningBot) -> None:
    assert is_answer((await hooked.home.answer(hooked.home.send_photo(hooked.anna, SNOW))).text)
    assert hooked.telegram.polls == 0
    assert hooked.adapter.state() == {"state": "running", "way": "webhook"}
    assert hooked.telegram.called("setWebhook")[0]["allowed_updates"] == (
        '["message", "callback_query", "my_chat_member", "guest_message"]'
    )


async def test_a_webhook_that_is_called_twice_is_answered_once(hooked: RunningBot) -> None:
    hooked.telegram.twice = True
    await hooked.home.answer(hooked.home.send_photo(hooked.anna, SNOW))
    await hooked.family.answer(hooked.family.send_photo(hooked.anna, SNOW))
    assert len(hooked.home.bots) == 1


def headers(bot: RunningBot) -> Mapping[str, str]:
    return {SECRET_HEADER: bot.telegram.secret}


async def test_a_webhook_without_the_secret_is_refused(hooked: RunningBot) -> None:
    for secret in ("", "wrong", "☃", "\udcff"):
        assert await hooked.adapter.feed({SECRET_HEADER: secret}, b'{"update_id": 1}') == 403
    assert await hooked.adapter.feed({}, b'{"update_id": 1}') == 403


async def test_a_webhook_with_nonsense_is_refused(hooked: RunningBot) -> None:
    for body in (b"", b"{", b"[]", b"7", b"null", b"{}", b"\xff\xfe"):
        assert await hooked.adapter.feed(headers(hooked), body) == 400


async def test_a_webhook_of_a_kind_that_is_unknown_yet_is_taken(hooked: RunningBot) -> None:
    body = json.dumps({"update_id": 7, "snowfall": {"inches": 3}}).encode()
    assert await hooked.adapter.feed(headers(hooked), body) == 200


async def test_telegram_is_asked_to_come_again_while_the_bot_is_away(hooked: RunningBot) -> None:
    given = headers(hooked)
    await hooked.stop()
    assert await hooked.adapter.feed(given, b'{"update_id": 1}') == 503
    waiting = hooked.home.send_photo(hooked.anna, SNOW)
    await hooked.start()
    assert is_answer((await hooked.home.answer(waiting)).text)


async def test_an_address_that_telegram_does_not_take_ends_telegram(bot: RunningBot) -> None:
    bot.webhook = "http://example.org/telegram"
    bot.renew()
    with pytest.raises(Unusable, match="WEBHOOK_URL"):
        await bot.run()


async def test_an_address_that_is_not_known_everywhere_yet_is_tried_again(bot: RunningBot) -> None:
    bot.webhook = "https://example.org/telegram"
    bot.renew()
    description = "Bad Request: bad webhook: Failed to resolve host: Name or service not known"
    bot.telegram.fail("setWebhook", status=400, description=description)
    with pytest.raises(Exception, match="resolve host") as fault:
        await bot.run()
    assert not isinstance(fault.value, Unusable)

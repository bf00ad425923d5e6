"""How the bot comes to Telegram, how it goes, and what it finds when it comes again."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
from aiohttp import web

from bot import speech
from bot.domain import Refusal, Refused, Reply, Room, Unusable
from bot.platforms.telegram.albums import Albums
from bot.platforms.telegram.adapter import SECRET_HEADER, TelegramChat
from tests.fakes.telegram.evening import Evening, evening

SNOW = b"snow"
OLAF = "Olaf! 97%"


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Evening]:
    # A file, as a connection that is cut off takes what is in memory with it.
    async with evening(started=False, database=f"sqlite:///{tmp_path}/snow.db") as it:
        yield it


# Coming


@pytest.mark.parametrize("token", ["4242:the-token-of-some-other-bot-that-is-none", "nonsense"])
async def test_a_bad_token_ends_telegram_with_one_clear_sentence(at: Evening, token: str) -> None:
    chat = TelegramChat(at.host, token, api_url=at.telegram.url)
    with pytest.raises(Unusable) as unusable:
        await chat.run(asyncio.Event())
    assert "@BotFather" in str(unusable.value)
    assert token not in str(unusable.value)
    assert unusable.value.__cause__ is None


async def test_a_token_that_is_withdrawn_ends_telegram(at: Evening) -> None:
    await at.start()
    running = at._running
    assert running is not None
    at.telegram.token = "4242:the-token-that-took-the-place-of-the-old"
    at.telegram.notify()
    at.telegram.fail("getUpdates", status=401, description="Unauthorized")
    at.home.send_photo(at.anna, SNOW)
    with pytest.raises(Unusable, match="BotFather"):
        await running
    at._running = None


async def test_a_server_that_cannot_be_reached_is_a_fault_and_the_next_attempt_goes_well(
    at: Evening,
) -> None:
    at.telegram.fail("getMe", drop=True)
    with pytest.raises(Exception, match="httpx") as fault:
        await at.attempt()
    assert at.telegram.token not in str(fault.value)
    assert at.chat.state()["state"] == "starting"
    await at.start()
    assert (await at.home.answer(at.home.send_photo(at.anna, SNOW))).text == OLAF


async def test_a_start_that_came_to_nothing_leaves_no_connection_open(at: Evening) -> None:
    at.telegram.fail("getMe", status=500)
    with pytest.raises(Exception, match="Internal Server Error"):
        await at.attempt()
    async with asyncio.timeout(5):
        while at.telegram.connections:
            await asyncio.sleep(0.005)


async def test_a_menu_that_cannot_be_set_keeps_nobody_from_an_answer(
    at: Evening, caplog: pytest.LogCaptureFixture
) -> None:
    at.telegram.fail("setMyCommands", status=500, times=1)
    at.begin()
    photo = at.home.send_photo(at.anna, SNOW)
    assert (await at.home.answer(photo)).text == OLAF
    await at.stop()
    assert "the menu of commands is not set" in caplog.text


async def test_what_is_asked_for_is_named_at_every_start(at: Evening) -> None:
    at.telegram.allowed = ["poll"]  # what some other program left behind
    await at.start()
    await at.telegram.waits()
    assert at.telegram.allowed == ["message", "callback_query", "my_chat_member"]


async def test_a_webhook_that_is_still_set_is_removed_before_polling(at: Evening) -> None:
    at.telegram.webhook = "https://example.org/old"
    await at.start()
    assert (await at.home.answer(at.home.send_photo(at.anna, SNOW))).text == OLAF


async def test_before_it_is_there_nothing_can_be_read_or_said(at: Evening) -> None:
    room = Room("telegram", str(at.home.id))
    await at.chat.say(room, Reply("hello"))
    with pytest.raises(Refused) as refused:
        await at.chat.read(room, "AgAC")(1)
    assert refused.value.reason is Refusal.FAULT


# Going


async def test_what_is_in_hand_is_answered_before_it_goes(at: Evening) -> None:
    await at.start()
    at.eye.may_answer.clear()
    photo = at.home.send_photo(at.anna, SNOW)
    await at.outcomes()
    stopping = asyncio.create_task(at.stop())
    await asyncio.sleep(0.05)
    assert at.chat.state()["state"] == "stopping"
    at.eye.may_answer.set()
    await stopping
    assert (await at.home.answer(photo)).text == OLAF


async def test_an_album_of_which_more_may_come_is_answered_before_it_goes(
    at: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.platforms.telegram.handlers.Albums", lambda: Albums(60, 60))
    await at.start()
    album = at.home.send_album(at.anna, [SNOW, SNOW])
    await at.telegram.waits()
    await at.stop()
    assert len((await at.home.answer(album[0])).text.splitlines()) == 2


async def test_the_last_update_is_confirmed_before_it_goes(at: Evening) -> None:
    await at.start()
    photo = at.home.send_photo(at.anna, SNOW)
    await at.home.answer(photo)
    await at.stop()
    assert not at.telegram.updates


async def test_a_dead_network_does_not_keep_it_from_going(
    at: Evening, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr("bot.platforms.telegram.adapter.CONFIRM_SECONDS", 0.05)
    await at.start()
    at.telegram.fail("getUpdates", silent=True, times=100)
    await at.stop()
    assert "the last update is not confirmed (TimeoutError)" in caplog.text


async def test_when_it_is_cut_off_nothing_is_left_running(
    at: Evening, caplog: pytest.LogCaptureFixture
) -> None:
    before = asyncio.all_tasks()
    await at.start()
    at.eye.may_answer.clear()
    at.home.send_photo(at.anna, SNOW)
    at.family.send_album(at.anna, [SNOW, SNOW])
    await at.outcomes()
    await at.kill()
    gc.collect()
    ours = {task for task in asyncio.all_tasks() - before if "telegram/" in repr(task)}
    assert not ours
    assert "never retrieved" not in caplog.text
    assert "was destroyed" not in caplog.text


async def test_it_can_be_cut_off_while_it_connects(at: Evening) -> None:
    fault = at.telegram.fail("getMe", silent=True)
    at.begin()
    await at.telegram.until(lambda: fault.times == 0)
    await at.kill()
    await at.start()
    assert (await at.home.answer(at.home.send_photo(at.anna, SNOW))).text == OLAF


# Coming again


async def test_a_photo_that_was_in_hand_at_a_crash_is_answered_at_the_next_start(
    at: Evening,
) -> None:
    await at.start()
    at.eye.may_answer.clear()
    photo = at.home.send_photo(at.anna, SNOW)
    await at.outcomes()
    await at.kill()
    at.eye.may_answer.set()
    at.chat = at.new_chat()
    await at.start()
    assert (await at.home.answer(photo)).text == OLAF
    await at.stop()
    assert not await at.host.left_over("telegram")


async def test_a_photo_that_was_in_hand_and_comes_again_is_answered_once(at: Evening) -> None:
    await at.start()
    at.eye.may_answer.clear()
    photo = at.home.send_photo(at.anna, SNOW)
    await at.outcomes()
    await at.kill()
    at.telegram.deliver("message", photo.raw)
    at.eye.may_answer.set()
    at.chat = at.new_chat()
    await at.start()
    await at.home.answer(photo)
    await at.family.answer(at.family.send_photo(at.anna, SNOW))
    await at.stop()
    assert len(at.home.bots) == 1


async def test_a_photo_that_was_answered_is_not_answered_again_after_a_crash(at: Evening) -> None:
    await at.start()
    photo = at.home.send_photo(at.anna, SNOW)
    await at.home.answer(photo)
    await at.family.answer(at.family.send_photo(at.anna, SNOW))
    await at.kill()
    at.telegram.deliver("message", photo.raw)
    at.chat = at.new_chat()
    await at.start()
    await at.family.answers(at.family.send_photo(at.anna, SNOW))
    await at.stop()
    assert len(at.home.bots) == 1


async def test_a_photo_that_was_in_hand_and_is_gone_is_told_of(at: Evening) -> None:
    await at.start()
    at.eye.may_answer.clear()
    photo = at.home.send_photo(at.anna, SNOW)
    await at.outcomes()
    await at.kill()
    at.telegram.files.clear()
    at.eye.may_answer.set()
    at.chat = at.new_chat()
    await at.start()
    assert (await at.home.answer(photo)).text == speech.into("en").refusal(Refusal.GONE)


# The webhook


@pytest.fixture
async def hooked(at: Evening) -> AsyncIterator[Evening]:
    """The bot behind a web server of its own, as `__main__` puts it there."""

    async def post(request: web.Request) -> web.Response:
        return web.Response(status=await at.chat.feed(request.headers, await request.read()))

    app = web.Application()
    app.router.add_post("/telegram", post)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    at.webhook = f"http://127.0.0.1:{runner.addresses[0][1]}/telegram"
    at.chat = at.new_chat()
    await at.start()
    yield at
    await at.stop()
    await runner.cleanup()


async def test_a_webhook_brings_the_updates(hooked: Evening) -> None:
    assert (await hooked.home.answer(hooked.home.send_photo(hooked.anna, SNOW))).text == OLAF
    assert hooked.telegram.polls == 0
    assert hooked.chat.state() == {"state": "running", "way": "webhook"}
    assert hooked.telegram.called("setWebhook")[0]["allowed_updates"] == (
        '["message", "callback_query", "my_chat_member"]'
    )


async def test_a_webhook_that_is_called_twice_is_answered_once(hooked: Evening) -> None:
    hooked.telegram.twice = True
    await hooked.home.answer(hooked.home.send_photo(hooked.anna, SNOW))
    await hooked.family.answer(hooked.family.send_photo(hooked.anna, SNOW))
    assert len(hooked.home.bots) == 1


def headers(at: Evening) -> Mapping[str, str]:
    return {SECRET_HEADER: at.telegram.secret}


async def test_a_webhook_without_the_secret_is_refused(hooked: Evening) -> None:
    for secret in ("", "wrong", "☃"):
        assert await hooked.chat.feed({SECRET_HEADER: secret}, b'{"update_id": 1}') == 403
    assert await hooked.chat.feed({}, b'{"update_id": 1}') == 403


async def test_a_webhook_with_nonsense_is_refused(hooked: Evening) -> None:
    broken = b'{"update_id": 1, "message": {"text": "x"}}'
    for body in (b"", b"{", b"[]", b"7", b"null", b"{}", broken, b"\xff\xfe"):
        assert await hooked.chat.feed(headers(hooked), body) == 400


async def test_a_webhook_of_a_kind_that_is_unknown_yet_is_taken(hooked: Evening) -> None:
    body = json.dumps({"update_id": 7, "snowfall": {"inches": 3}}).encode()
    assert await hooked.chat.feed(headers(hooked), body) == 200


async def test_telegram_is_asked_to_come_again_while_the_bot_is_away(hooked: Evening) -> None:
    given = headers(hooked)
    await hooked.stop()
    assert await hooked.chat.feed(given, b'{"update_id": 1}') == 503
    waiting = hooked.home.send_photo(hooked.anna, SNOW)
    await hooked.start()
    assert (await hooked.home.answer(waiting)).text == OLAF


async def test_an_address_that_telegram_does_not_take_ends_telegram(at: Evening) -> None:
    at.webhook = "http://example.org/telegram"
    at.chat = at.new_chat()
    with pytest.raises(Unusable, match="WEBHOOK_URL"):
        await at.attempt()


async def test_an_address_that_is_not_known_everywhere_yet_is_tried_again(at: Evening) -> None:
    at.webhook = "https://example.org/telegram"
    at.chat = at.new_chat()
    description = "Bad Request: bad webhook: Failed to resolve host: Name or service not known"
    at.telegram.fail("setWebhook", status=400, description=description)
    with pytest.raises(Exception, match="resolve host") as fault:
        await at.attempt()
    assert not isinstance(fault.value, Unusable)

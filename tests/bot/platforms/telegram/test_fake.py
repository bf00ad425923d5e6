"""The tests' Bot API server refuses what the real one refuses, in the real one's words."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.fakes.telegram.server import TelegramServer


class Caller:
    """Calls methods as a program without a library would."""

    def __init__(self, telegram: TelegramServer, session: aiohttp.ClientSession) -> None:
        self.telegram = telegram
        self.anna = telegram.person("Anna")
        self.home = telegram.private(self.anna)
        self._session = session

    async def __call__(self, method: str, *, token: str = "", **given: Any) -> tuple[int, Any]:
        address = f"{self.telegram.url}/bot{token or self.telegram.token}/{method}"
        values = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in given.items()
        }
        async with self._session.post(address, data=values) as response:
            answer = await response.json()
            return response.status, answer["result"] if answer["ok"] else answer["description"]


@pytest.fixture
async def call() -> AsyncIterator[Caller]:
    async with TelegramServer() as telegram, aiohttp.ClientSession() as session:
        yield Caller(telegram, session)


def button(**action: str) -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": "Tap", **action}]]}


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"text": ""}, "message text is empty"),
        ({"text": "x" * 4097}, "message is too long"),
        ({"text": "x", "chat_id": "Anna"}, "chat_id must be an Integer"),
        ({"text": "x", "chat_id": 99}, "chat not found"),
        ({"text": "x", "reply_parameters": "7"}, "can't parse reply_parameters"),
        ({"text": "x", "reply_parameters": {"message_id": 7}}, "message to be replied not found"),
        ({"text": "x", "message_thread_id": 7}, "message thread not found"),
        ({"text": "x", "reply_markup": button(callback_data="")}, "BUTTON_DATA_INVALID"),
        ({"text": "x", "reply_markup": button(callback_data="☃" * 22)}, "BUTTON_DATA_INVALID"),
        ({"text": "x", "reply_markup": button()}, "text buttons are unallowed"),
        ({"text": "x", "reply_markup": button(url="snow")}, "URL is invalid"),
        ({"text": "x", "reply_markup": {"inline_keyboard": [{}]}}, "Array of Arrays"),
        ({"text": "x", "reply_markup": {"inline_keyboard": [[{}] * 101]}}, "is too long"),
    ],
)
async def test_a_message_is_checked(call: Caller, given: dict[str, Any], why: str) -> None:
    status, description = await call("sendMessage", **{"chat_id": call.home.id, **given})
    assert status == 400
    assert why in description


async def test_a_caption_is_checked(call: Caller) -> None:
    file = call.telegram.file(b"snow", "photo")
    given: dict[str, Any] = {"chat_id": call.home.id, "photo": file.id}
    assert (await call("sendPhoto", caption="x" * 1025, **given))[0] == 400
    assert (await call("sendPhoto", caption="x" * 1024, **given))[0] == 200


async def test_an_edit_is_checked(call: Caller) -> None:
    _, sent = await call("sendMessage", chat_id=call.home.id, text="snow")
    given = {"chat_id": call.home.id, "message_id": sent["message_id"]}
    assert "is not modified" in (await call("editMessageText", text="snow", **given))[1]
    assert "no caption" in (await call("editMessageCaption", caption="ice", **given))[1]
    assert (await call("editMessageText", text="ice", **given))[0] == 200
    photo = call.telegram.file(b"snow", "photo")
    _, shown = await call("sendPhoto", chat_id=call.home.id, photo=photo.id)
    picture = {"chat_id": call.home.id, "message_id": shown["message_id"]}
    assert "no text" in (await call("editMessageText", text="ice", **picture))[1]
    assert (await call("editMessageCaption", caption="ice", **picture))[0] == 200
    theirs = call.home.send_text(call.anna, "hello")
    given["message_id"] = theirs.id
    assert "can't be edited" in (await call("editMessageText", text="x", **given))[1]
    call.home.delete(theirs)
    assert "to edit not found" in (await call("editMessageText", text="x", **given))[1]


async def test_a_tap_is_answered_once_and_briefly(call: Caller) -> None:
    _, sent = await call(
        "sendMessage", chat_id=call.home.id, text="snow", reply_markup=button(callback_data="a")
    )
    assert sent["reply_markup"]
    tap = call.home.press(call.anna, call.home.bots[0])
    given = {"callback_query_id": tap.id}
    assert (await call("answerCallbackQuery", text="x" * 201, **given))[0] == 400
    assert (await call("answerCallbackQuery", text="x" * 200, **given))[0] == 200
    assert "too old" in (await call("answerCallbackQuery", **given))[1]


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"commands": [{"command": "who", "description": "Who?"}], "language_code": "de"}, 200),
        ({"commands": [{"command": "Who", "description": "Who?"}]}, 400),
        ({"commands": [{"command": "who", "description": "x" * 257}]}, 400),
        ({"commands": [{"command": "who", "description": ""}]}, 400),
        ({"commands": [], "language_code": "german"}, 400),
        ({"commands": [], "scope": {"type": "everybody"}}, 400),
        ({"commands": [], "scope": {"type": "chat"}}, 400),
    ],
)
async def test_a_menu_is_checked(call: Caller, given: dict[str, Any], status: int) -> None:
    assert (await call("setMyCommands", **given))[0] == status


async def test_tokens_and_methods_are_checked(call: Caller) -> None:
    assert (await call("getMe", token="nonsense"))[0] == 404
    assert (await call("getMe", token="4242:another-token-that-nobody-gave-away-yet"))[0] == 401
    assert (await call("sendSnow"))[0] == 404
    assert (await call("getme"))[0] == 200


async def test_files_over_twenty_megabytes_are_not_given_out(call: Caller) -> None:
    large = call.telegram.file(b"snow", "document", size=20 * 1024 * 1024 + 1)
    assert await call("getFile", file_id=large.id) == (400, "Bad Request: file is too big")
    assert (await call("getFile", file_id="no such"))[0] == 400


async def test_updates_wait_until_they_are_confirmed(call: Caller) -> None:
    call.home.send_text(call.anna, "one")
    call.home.send_text(call.anna, "two")
    _, updates = await call("getUpdates")
    assert [update["message"]["text"] for update in updates] == ["one", "two"]
    assert len((await call("getUpdates"))[1]) == 2
    assert len((await call("getUpdates", offset=updates[1]["update_id"]))[1]) == 1


async def test_the_second_who_polls_ends_the_first(call: Caller) -> None:
    first = asyncio.create_task(call("getUpdates", timeout=10))
    await call.telegram.until(lambda: call.telegram.polls == 1)
    await call("getUpdates")
    assert (await first)[0] == 409


async def test_who_has_a_webhook_cannot_poll(call: Caller) -> None:
    assert (await call("setWebhook", url="http://example.org"))[0] == 400
    assert (await call("setWebhook", url="https://example.org", secret_token="ä"))[0] == 400
    assert (await call("setWebhook", url="https://localhost:1/"))[0] == 200
    assert (await call("getUpdates"))[0] == 409
    assert (await call("getWebhookInfo"))[1]["url"] == "https://localhost:1/"
    await call("deleteWebhook")
    assert (await call("getUpdates"))[0] == 200


async def test_in_privacy_mode_a_group_shows_the_bot_only_what_is_meant_for_it(
    call: Caller,
) -> None:
    group = call.telegram.group("Family")
    await call("sendMessage", chat_id=group.id, text="hello")
    group.send_text(call.anna, "hi")
    group.send_text(call.anna, "@snowpeople_bot?")
    group.send_photo(call.anna, b"snow")
    group.send_text(call.anna, "/who@other_bot")
    heard = [
        group.send_text(call.anna, "/who"),
        group.send_text(call.anna, "/who@snowpeople_bot"),
        group.send_photo(call.anna, b"snow", caption="/who"),
        group.send_text(call.anna, "hi", reply_to=group.bots[0]),
    ]
    _, updates = await call("getUpdates")
    assert [each["message"]["message_id"] for each in updates] == [each.id for each in heard]


async def test_who_may_not_write_is_told_why(call: Caller) -> None:
    group = call.telegram.group("Family")
    group.remove_bot(call.anna)
    call.home.remove_bot(call.anna)
    for chat in (group, call.home):
        assert (await call("sendMessage", chat_id=chat.id, text="hello"))[0] == 403
    moved = call.telegram.group("Cousins", supergroup=False)
    moved.migrate()
    assert "upgraded" in (await call("sendMessage", chat_id=moved.id, text="hello"))[1]


async def test_a_chat_can_be_read_as_people_see_it(call: Caller) -> None:
    photo = call.home.send_photo(call.anna, b"snow", caption="look")
    about = {"message_id": photo.id}
    markup = button(callback_data="where:1")
    await call(
        "sendMessage",
        chat_id=call.home.id,
        text="Olaf! 97%",
        reply_parameters=about,
        reply_markup=markup,
    )
    assert call.home.transcript().splitlines() == [
        "   1 Anna: [photo] look",
        "   2 Snow people (to 1): Olaf! 97% [Tap]",
    ]

"""Nothing that Telegram says ends the listening: what cannot be read, a refusal, a page of HTML."""

from __future__ import annotations

import asyncio
import json

import pytest
from telegram.error import InvalidToken

from bot.domain import Photo
from bot.platforms.telegram.adapter import SECRET_HEADER
from bot.platforms.telegram.client import ConnectionState
from tests.bot.platforms.telegram.conftest import is_answer
from tests.fakes.telegram.running_bot import RunningBot
from tests.fakes.telegram.things import Json

pytestmark = pytest.mark.usefixtures("quick_retries")

SNOW = b"snow"
# From a Bot API server that is older than the library, which insists on the fields of later ones.
OLD_POLL = {
    "id": "5",
    "question": "Olaf or the yeti?",
    "options": [{"text": "Olaf", "voter_count": 1}],
    "total_voter_count": 1,
    "is_closed": False,
    "is_anonymous": True,
    "type": "regular",
    "allows_multiple_answers": False,
}
OLD_RIGHTS = {"can_send_messages": True, "can_send_photos": True, "until_date": 0}


async def still_listens(bot: RunningBot) -> bool:
    answer = await bot.home.answer(bot.home.send_photo(bot.anna, SNOW))
    return is_answer(answer.text) or "met that one" in answer.text


# What cannot be read


def unreadable(bot: RunningBot) -> list[Json]:
    """Return updates that no version of the library can read, whatever is left out of them."""
    person = {"id": 77, "is_bot": False, "first_name": "Greta from next door"}
    chat = bot.home.json()
    return [
        {"message": {"message_id": 900, "chat": chat, "text": "our secret garden"}},
        {"message": {"message_id": 901, "date": "noon", "chat": chat, "from": person}},
        {"message": "our secret garden"},
        {"callback_query": {"id": "9", "from": person, "data": 7, "message": []}},
        {"my_chat_member": {"chat": chat, "from": person, "date": 1, "old_chat_member": 7}},
    ]


async def test_an_update_that_cannot_be_read_costs_nobody_else_anything(
    bot: RunningBot, caplog: pytest.LogCaptureFixture
) -> None:
    updates = unreadable(bot)
    first = bot.home.send_photo(bot.anna, b"before")
    for update in updates:
        ((kind, content),) = update.items()
        bot.telegram.deliver(kind, content)
    bot.telegram.updates.append({"no": "update at all"})
    assert is_answer((await bot.home.answer(first)).text)
    assert await still_listens(bot)
    await bot.telegram.until(lambda: not bot.telegram.updates)
    assert bot.adapter.state() == {"state": "running", "way": "polling", "unreadable": 6}
    told = [record for record in caplog.records if "cannot be read" in record.getMessage()]
    assert len(told) == 6
    for secret in ("Greta", "secret garden", "Traceback"):
        assert secret not in caplog.text
    assert bot.telegram.polls < 20


async def test_what_an_old_server_leaves_out_is_no_reason_not_to_see_the_rest(
    bot: RunningBot,
) -> None:
    poll = bot.family.send(bot.telegram.person("Bea"), poll=OLD_POLL)
    photo = bot.family.send_photo(bot.anna, SNOW, reply_to=poll)
    assert is_answer((await bot.family.answer(photo)).text)
    group = bot.telegram.group("Cousins", bot="left")
    me = bot.telegram.bot.json()
    before = {"status": "left", "user": me}
    after = {"status": "restricted", "user": me, "is_member": True, **OLD_RIGHTS}
    group.bot_status = "member"
    bot.telegram.deliver(
        "my_chat_member",
        {
            "chat": group.json(),
            "from": bot.anna.json(),
            "date": 1,
            "old_chat_member": before,
            "new_chat_member": after,
        },
    )
    await bot.telegram.until(lambda: bool(group.bots))  # hello
    assert "unreadable" not in bot.adapter.state()


async def test_a_webhook_is_not_asked_again_and_again_for_what_cannot_be_read(
    hooked: RunningBot,
) -> None:
    for update in unreadable(hooked):
        ((kind, content),) = update.items()
        hooked.telegram.deliver(kind, content)
    assert await still_listens(hooked)
    assert hooked.adapter.state()["unreadable"] == 5


async def test_a_webhook_is_answered_when_the_photo_is_stored_and_not_before(
    hooked: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    storing, may_store = asyncio.Event(), asyncio.Event()
    store = hooked.service.note_arrival

    async def note_arrival(photo: Photo) -> int | None:
        storing.set()
        await may_store.wait()
        return await store(photo)

    monkeypatch.setattr(hooked.service, "note_arrival", note_arrival)
    hooked.vision.may_answer.clear()
    photo = hooked.home.send_photo(hooked.anna, SNOW, deliver=False)
    body = json.dumps({"update_id": 9000, "message": photo.raw}).encode()
    headers = {SECRET_HEADER: hooked.telegram.secret}
    posting = asyncio.create_task(hooked.adapter.feed(headers, body))
    await storing.wait()
    assert not posting.done()
    may_store.set()
    assert await posting == 200
    assert len(await hooked.service.pending_photos("telegram")) == 1
    hooked.vision.may_answer.set()


async def test_a_photo_is_confirmed_when_it_is_stored_and_not_before(bot: RunningBot) -> None:
    """Killed after it took a photo and before it began to answer, the bot answers it later."""
    bot.vision.may_answer.clear()
    for _ in range(3):
        bot.home.send_photo(bot.anna, SNOW)
    album = bot.family.send_album(bot.anna, [SNOW, b"more snow"])
    await bot.telegram.until(lambda: not bot.telegram.updates)  # confirmed by the next poll
    await bot.kill()
    assert len(await bot.service.pending_photos("telegram")) == 3 + len(album)


# Refusals


@pytest.mark.parametrize("method", ["getUpdates", "getMe"])
@pytest.mark.parametrize(
    "fault",
    [
        {"status": 401},
        {"status": 404},
        {"status": 404, "html": True},
        {"status": 401, "html": True},
    ],
    ids=["401", "404", "404 HTML", "401 HTML"],
)
async def test_a_refusal_that_passes_does_not_end_telegram(
    bot: RunningBot, method: str, fault: Json
) -> None:
    await bot.stop()
    bot.telegram.fail(method, times=2, **fault)
    bot.renew()
    async with bot.supervised() as supervisor:
        assert await still_listens(bot)
        assert supervisor.state()["state"] == "running"


def test_only_a_token_that_is_refused_for_minutes_is_of_no_use() -> None:
    times = iter([0, 0, 60, 179, 190, 200, 260, 379, 380])
    connection = ConnectionState(lambda: next(times))
    connection.note_answer()
    for _ in range(3):
        connection.note_fault(InvalidToken())
        assert (connection.name, connection.is_refused.is_set()) == ("refused", False)
    connection.note_answer()
    assert connection.name == "running"
    for _ in range(3):
        connection.note_fault(InvalidToken())
    assert not connection.is_refused.is_set()
    connection.note_fault(InvalidToken())
    assert connection.is_refused.is_set()

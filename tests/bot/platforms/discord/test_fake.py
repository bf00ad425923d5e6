"""The tests' Discord refuses what the real one refuses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.fakes.discord.bot import OLAF_PNG
from tests.fakes.discord.server import TOKEN, DiscordServer
from tests.fakes.discord.world import ATTACH, HISTORY, SEND, VIEW


class Bot:
    """Speaks to the server by hand."""

    def __init__(self, discord: DiscordServer, session: aiohttp.ClientSession) -> None:
        self.discord = discord
        self._session = session
        self.home = discord.guild("Family", "home").channels[0]
        self.ana = discord.user("Ana")

    async def ask(
        self, method: str, path: str, body: Any = None, token: str | None = f"Bot {TOKEN}"
    ) -> tuple[int, Any]:
        headers = {"Authorization": token} if token else {}
        url = self.discord.api_url + path
        async with self._session.request(method, url, json=body, headers=headers) as answer:
            return answer.status, await answer.json() if answer.status != 204 else None

    async def say(self, **body: Any) -> tuple[int, int]:
        status, answer = await self.ask("POST", f"/channels/{self.home.id}/messages", body)
        return status, answer.get("code", 0)


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    async with DiscordServer() as discord, aiohttp.ClientSession() as session:
        yield Bot(discord, session)


@pytest.mark.parametrize("token", [None, "Bot other", TOKEN, f"Bearer {TOKEN}"])
async def test_nothing_is_told_without_the_token(bot: Bot, token: str | None) -> None:
    assert (await bot.ask("GET", "/users/@me", token=token))[0] == 401


def buttons(*ids: str, label: str = "Where?") -> list[dict[str, Any]]:
    row = [{"type": 2, "style": 2, "label": label, "custom_id": id_} for id_ in ids]
    return [{"type": 1, "components": row}]


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"content": "x" * 2000}, (200, 0)),
        ({"content": "x" * 2001}, (400, 50035)),
        ({"content": ""}, (400, 50006)),
        ({"content": "x", "embeds": [{}] * 11}, (400, 50035)),
        ({"content": "x", "components": buttons("a" * 100)}, (200, 0)),
        ({"content": "x", "components": buttons("a" * 101)}, (400, 50035)),
        ({"content": "x", "components": buttons("a", "a")}, (400, 50035)),
        ({"content": "x", "components": buttons(*"abcdef")}, (400, 50035)),
        ({"content": "x", "components": buttons("a", label="l" * 81)}, (400, 50035)),
        ({"content": "x", "components": buttons("a") * 6}, (400, 50035)),
        ({"content": "x", "nonce": "n" * 26}, (400, 50035)),
        ({"content": "x", "message_reference": {"message_id": "1"}}, (400, 50035)),
    ],
)
async def test_a_message_keeps_discords_limits(
    bot: Bot, body: dict[str, Any], answer: tuple[int, int]
) -> None:
    assert await bot.say(**body) == answer


async def test_a_nonce_is_known_again(bot: Bot) -> None:
    for _ in range(2):
        assert await bot.say(content="x", nonce="7", enforce_nonce=True) == (200, 0)
    assert len(bot.discord.said) == 1


@pytest.mark.parametrize(
    ("denied", "answer"), [(SEND, (403, 50013)), (VIEW, (403, 50001)), (ATTACH, (200, 0))]
)
async def test_rights_are_asked_for(bot: Bot, denied: int, answer: tuple[int, int]) -> None:
    bot.home.denied = denied
    assert await bot.say(content="x") == answer


async def test_a_reply_needs_the_history_and_a_person_must_want_messages(bot: Bot) -> None:
    message = await bot.discord.send(bot.ana, bot.home, "hi")
    bot.home.denied = HISTORY
    reply = {"content": "x", "message_reference": {"message_id": str(message.id)}}
    assert await bot.say(**reply) == (400, 160002)
    bot.home, bot.ana.takes_dms = bot.discord.dm(bot.ana), False
    assert await bot.say(content="x") == (403, 50007)


async def test_what_a_bot_may_not_read_is_withheld(bot: Bot) -> None:
    discord = bot.discord
    hidden = await discord.send(bot.ana, bot.home, "our garden", OLAF_PNG)
    shown = await discord.send(bot.ana, bot.home, "who?", OLAF_PNG, mention=True, reply_to=hidden)
    forward = await discord.send(bot.ana, bot.home, forward=hidden)
    private = await discord.send(bot.ana, discord.dm(bot.ana), "who?", OLAF_PNG)

    async def fetch(message: Any) -> Any:
        path = f"/channels/{message.channel.id}/messages/{message.id}"
        return (await bot.ask("GET", path))[1]

    for message, is_withheld in ((hidden, True), (shown, False), (private, False)):
        written = await fetch(message)
        assert (written["content"] == "") == is_withheld
        assert (written["attachments"] == []) == is_withheld
    assert (await fetch(shown))["referenced_message"]["attachments"] == []
    assert (await fetch(forward))["message_snapshots"][0]["message"]["attachments"] == []
    assert discord.world.wire(hidden, is_target=True)["attachments"]


async def test_an_unknown_message_is_unknown(bot: Bot) -> None:
    message = await bot.discord.send(bot.ana, bot.home, "hi")
    path = f"/channels/{bot.home.id}/messages/{message.id}"
    assert (await bot.ask("GET", path))[0] == 200
    await bot.discord.delete(message)
    assert (await bot.ask("GET", path))[1]["code"] == 10008
    assert (await bot.ask("GET", "/channels/1/messages/1"))[1]["code"] == 10003


async def edited(bot: Bot, message: int, **body: Any) -> tuple[int, int]:
    path = f"/channels/{bot.home.id}/messages/{message}"
    status, answer = await bot.ask("PATCH", path, body)
    return status, answer.get("code", 0)


async def test_a_message_of_ones_own_is_edited_within_discords_limits(bot: Bot) -> None:
    await bot.say(content="x", components=buttons("a"))
    (mine,) = bot.discord.said
    assert await edited(bot, mine.id, content="y") == (200, 0)
    assert (mine.content, mine.labels) == ("y", ["Where?"])
    assert mine.edited is not None
    assert await edited(bot, mine.id, components=[]) == (200, 0)
    assert (mine.content, mine.labels) == ("y", [])
    assert await edited(bot, mine.id, content="x" * 2001) == (400, 50035)
    assert await edited(bot, mine.id, content="") == (400, 50006)
    hers = await bot.discord.send(bot.ana, bot.home, "hi")
    assert await edited(bot, hers.id, content="y") == (403, 50005)
    await bot.discord.delete(mine)
    assert await edited(bot, mine.id, content="y") == (404, 10008)


async def test_an_edit_pings_whom_it_names_unless_it_says_otherwise(bot: Bot) -> None:
    await bot.say(content="x")
    (mine,) = bot.discord.said
    await edited(bot, mine.id, content=bot.ana.mention)
    assert mine.mentions == [bot.ana]
    await edited(bot, mine.id, content=bot.ana.mention, allowed_mentions={"parse": []})
    assert not mine.mentions


async def test_a_channels_messages_are_edited_five_times_in_a_while(bot: Bot) -> None:
    await bot.say(content="x")
    (mine,) = bot.discord.said
    answers = [await edited(bot, mine.id, content=str(n)) for n in range(6)]
    assert [status for status, _ in answers] == [200] * 5 + [429]
    assert mine.content == "4"


FILE = {"name": "photo", "description": "d", "type": 11}


@pytest.mark.parametrize(
    "command",
    [
        {"name": "Who", "description": "d"},
        {"name": "w o", "description": "d"},
        {"name": "w" * 33, "description": "d"},
        {"name": "who", "description": ""},
        {"name": "who", "description": "d" * 101},
        {"name": "who", "description": "d", "description_localizations": {"xx": "d"}},
        {"name": "who", "description": "d", "description_localizations": {"de": "d" * 101}},
        {"name": "who", "description": "d", "default_member_permissions": "admins"},
        {"name": "who", "description": "d", "options": [{**FILE, "file_types": ["png"]}]},
        {"name": "who", "description": "d", "options": [{**FILE, "file_types": [".png"] * 11}]},
        {"name": "m" * 33, "type": 3},
        {"name": "menu", "type": 3, "description": "d"},
    ],
)
async def test_a_command_keeps_discords_limits(bot: Bot, command: dict[str, Any]) -> None:
    path = f"/applications/{bot.discord.world.application}/commands"
    assert (await bot.ask("PUT", path, [command]))[1]["code"] == 50035
    good = {"name": "who", "description": "d"}
    assert (await bot.ask("PUT", path, [good, good]))[0] == 400
    assert (await bot.ask("PUT", path, [good]))[0] == 200


async def test_an_interaction_is_acknowledged_once_and_in_three_seconds(bot: Bot) -> None:
    discord = bot.discord
    discord.world.commands = [{"id": "1", "name": "who"}]
    for seconds, answers in ((0, (200, 40060)), (4, (10062, 10062))):
        interaction = await discord.slash(bot.ana, bot.home, "who")
        interaction.began -= seconds
        path = f"/interactions/{interaction.id}/{interaction.token}/callback"
        for expected in answers:
            status, answer = await bot.ask("POST", path, {"type": 5}, token=None)
            assert expected in (status, answer.get("code"))
        assert interaction.was_late == (seconds > 3)

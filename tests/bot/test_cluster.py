"""Two real processes on one PostgreSQL: one is killed, the database restarted, nothing lost."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from bot.domain import Label
from bot.speech import speaker_for
from tests.fakes.discord.world import Message as DiscordMessage
from tests.fakes.telegram.chats import Chat
from tests.fakes.telegram.things import Message
from tests.support.family import BotProcess, Family, a_family
from tests.support.pictures import draw_ellipses, draw_olaf, encoded
from tests.support.postgres import Cluster, new_database
from tools.cluster import LEFT_OVER

SNOW, NEW = encoded(draw_olaf(), "JPEG"), encoded(draw_ellipses(1), "JPEG")
# Processes start, and much else may run.
PATIENCE_SECONDS = 240.0
# More than a process takes at once, so that each gets some.
GROUPS = 12
A_YETI = speaker_for("en").text.label(Label.ABOMINABLE)

OWNERS = "SELECT name, owner FROM leases WHERE name LIKE 'telegram -%'"
OF_DISCORD = "SELECT owner FROM leases WHERE name = 'discord shard 0'"
# Of all that is asked in a group: an album is two.
PHOTOS = 5
IN_HAND = "SELECT count(*) FROM rounds WHERE answered IS NULL"


class Evening:
    """Two processes, and people who ask them. asked: on Telegram, by what is replied to."""

    def __init__(self, family: Family, bots: list[BotProcess]) -> None:
        self.telegram, self.discord, self.bots = family.telegram, family.discord, bots
        self.asked: list[Message] = []
        self.anna, self.ben = (self.telegram.person(name, "en") for name in ("Anna", "Ben"))
        self.zoe = self.discord.user("Zoe")
        self.hall = self.discord.guild("Club", "hall").channels[0]
        self._database = family.settings["DATABASE_URL"]

    async def rows(self, query: str) -> list[Any]:
        """Return what the database answers."""
        connection = await asyncpg.connect(self._database)
        try:
            return list(await connection.fetch(query))
        finally:
            await connection.close()

    async def number(self, query: str) -> int:
        """Return what the database counts."""
        ((counted,),) = await self.rows(query)
        return int(counted)

    async def a_group_of_each(self) -> dict[str, Chat]:
        """Have people write in groups until each process has one; return one of each."""
        found: dict[str, Chat] = {}
        while len(found) < len(self.bots):
            groups = {}
            for _ in range(GROUPS):
                group = self.telegram.group("Family", bot="administrator")
                group.send_text(self.anna, "hello")
                groups[f"telegram {group.id}"] = group
            owners: dict[str, str] = {}
            while not groups.keys() <= owners.keys():
                await asyncio.sleep(0.05)
                owners = dict(await self.rows(OWNERS))
            found |= {owners[name]: group for name, group in groups.items()}
        return found

    def ask(self, group: Chat) -> None:
        """Ask in all ways at once."""
        elsewhere = group.send_photo(self.anna, SNOW, deliver=False)
        self.asked += [
            group.send_photo(self.anna, SNOW),
            group.send_text(self.anna, "/who", reply_to=elsewhere),
            group.send_album(self.anna, [SNOW, SNOW])[0],
            group.send_photo(self.ben, SNOW),
        ]

    def guess(self, group: Chat) -> Message:
        """Have a photo guessed about, and ask something else at once."""
        guessed = group.send_photo(self.anna, NEW, caption="guess")
        self.asked += [guessed, group.send_photo(self.anna, SNOW)]
        return guessed

    async def mention(self) -> DiscordMessage:
        """Ask on Discord."""
        return await self.discord.send(self.zoe, self.hall, "", SNOW, mention=True)

    async def connected(self) -> None:
        """Wait until somebody is connected there."""
        await self.discord.until(lambda: bool(self.discord.gateway.live), PATIENCE_SECONDS)

    async def answered(self, message: Message, times: int = 1) -> Message:
        """Wait until something was answered so often, and return what was said first."""
        said: list[Message] = []

        def is_said() -> bool:
            said[:] = [each for each in message.chat.bots if each.reply_to == message.id]
            return len(said) >= times

        await self.telegram.until(is_said, PATIENCE_SECONDS)
        return said[0]


@asynccontextmanager
async def an_evening(database: str) -> AsyncIterator[Evening]:
    """Start two processes; none is left when the block ends."""
    async with a_family(DATABASE_URL=database, WEB_ROOM="off") as family:
        starting = (BotProcess.start(**family.settings) for _ in range(2))
        evening = Evening(family, list(await asyncio.gather(*starting)))
        try:
            await evening.connected()
            yield evening
        finally:
            for bot in evening.bots:
                await bot.stop(signal.SIGKILL)


@pytest.mark.timeout(2 * PATIENCE_SECONDS)
async def test_each_question_is_answered_once_and_in_order_whatever_fails(
    postgres: Cluster,
) -> None:
    async with an_evening(await new_database(postgres.address)) as evening:
        telegram, discord = evening.telegram, evening.discord
        ((doomed,),) = await evening.rows(OF_DISCORD)
        groups = await evening.a_group_of_each()
        telegram.stall = goes_on = asyncio.Event()
        for group in groups.values():
            evening.ask(group)
        while await evening.number(IN_HAND) < len(groups) * PHOTOS:
            await asyncio.sleep(0.05)

        shards = [(await bot.health())["platforms"]["discord"]["shards"] for bot in evening.bots]
        await evening.bots[shards.index(1)].stop(signal.SIGKILL)
        missed = await evening.mention()
        # Ten seconds later.
        await evening.rows(f"DELETE FROM processes WHERE id = '{doomed}'")
        telegram.stall = None
        goes_on.set()
        await evening.connected()
        now = await evening.mention()
        await asyncio.to_thread(postgres.restart)
        guessed = evening.guess(groups[doomed])

        question = await evening.answered(guessed)
        groups[doomed].press(evening.ben, question, A_YETI)
        await evening.answered(guessed, times=2)
        for message in evening.asked:
            await evening.answered(message)
        await discord.until(lambda: len(discord.said) == 2, PATIENCE_SECONDS)
        assert await evening.bots[shards.index(0)].stop() == 0

        for group in groups.values():
            answered = [said.reply_to for said in group.bots]
            asked = [message.id for message in evening.asked if message.chat is group]
            assert answered == [*asked, *[guessed.id][: guessed.chat is group]]
        assert [said.reply_to for said in discord.said] == [missed, now]
        for what, query in LEFT_OVER.items():
            assert await evening.number(query) == 0, what

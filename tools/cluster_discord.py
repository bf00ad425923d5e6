"""Three bots that divide Discord's shards; one of them is killed and comes back."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from time import perf_counter
from typing import Any

from tests.fakes.discord.server import DiscordServer
from tests.support.family import READY_SECONDS, BotProcess
from tools.bench_discord import Friends
from tools.bench_telegram import Sent

BOTS, SHARDS, SERVERS = 3, 6, 40
# Slowly enough that there are photos still when all shards are back.
PER_SECOND = 2
# Five seconds by Discord's word, between two that identify in the same bucket; here there is one.
LEAST_SECONDS = 5.0


@dataclass
class ShardedBots:
    """The processes, at one Discord and on one database."""

    discord: DiscordServer
    database: str
    running: list[BotProcess] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    @classmethod
    @asynccontextmanager
    async def open(cls, database: str) -> AsyncIterator[ShardedBots]:
        """Open a Discord with so many shards, and kill in the end what still runs."""
        async with DiscordServer() as discord:
            discord.rest.shards = SHARDS
            bots = cls(discord, database)
            try:
                yield bots
            finally:
                for bot in bots.running:
                    await bot.stop(signal.SIGKILL)

    async def start(self, number: int = 1) -> None:
        """Start so many more, and wait until they have their share."""
        for _ in range(number):
            bot = await BotProcess.start(
                DISCORD_TOKEN=self.discord.token,
                DISCORD_API_URL=self.discord.api_url,
                DISCORD_GATEWAY_URL=self.discord.gateway_url,
                DATABASE_URL=self.database,
                WEB_ROOM="off",
            )
            self.running.append(bot)
        async with asyncio.timeout(READY_SECONDS + 10 * SHARDS):
            while await self.shares() != self.fair:
                await asyncio.sleep(0.2)

    async def kill(self) -> None:
        """End one as a power cut does."""
        bot = self.running.pop(0)
        await bot.stop(signal.SIGKILL)
        self.log += bot.log

    async def stop(self) -> None:
        """End all in good order."""
        for bot in self.running:
            await bot.stop()
            self.log += bot.log
        self.running.clear()

    @property
    def fair(self) -> list[int]:
        """How many shards each should have."""
        least, rest = divmod(SHARDS, len(self.running))
        return sorted(least + (number < rest) for number in range(len(self.running)))

    async def shares(self) -> list[int]:
        """How many shards each has that are connected."""
        told = [(await bot.health())["platforms"]["discord"] for bot in self.running]
        has = [int(each.get("shards", 0)) for each in told]
        # What is taken but not connected yet is no share.
        return sorted(has) if len(self.discord.gateway.live) == SHARDS else []


def closest(identifies: Iterable[tuple[datetime, int]]) -> float:
    """Return how many seconds there were between two that identified, at the least."""
    times = [at for at, _ in identifies]
    return min((after - before).total_seconds() for before, after in pairwise(times))


async def play(database: str, photos: int) -> dict[str, Any]:
    """Send a stream of photos in servers of all shards; kill a bot on the way, and start it again.

    Returns:
        What `tools.cluster.Outcome` has, but for what is left over in the database.
    """
    async with ShardedBots.open(database) as bots:
        discord = bots.discord
        friends, sent = Friends(discord, photos), Sent()
        began = perf_counter()
        chats, drawn = friends.servers(SERVERS), friends.photos(photos)
        await bots.start(BOTS)
        print(f"{BOTS} bots have {SHARDS} shards after {perf_counter() - began:.0f} s", flush=True)

        async def harm() -> None:
            await asyncio.sleep(photos / PER_SECOND / 4)
            print("kill -9", flush=True)
            killed = perf_counter()
            await bots.kill()
            while len(discord.gateway.live) < SHARDS:
                await asyncio.sleep(0.1)
            print(f"the others have its shards after {perf_counter() - killed:.0f} s", flush=True)
            before = discord.gateway.identified
            await bots.start()
            moved = discord.gateway.identified - before
            print(f"it is back and has its share, with {moved} identifies", flush=True)

        harming = asyncio.create_task(harm())
        watching = asyncio.create_task(friends.answered(sent, photos))
        began = perf_counter()
        for index, photo in enumerate(drawn):
            await asyncio.sleep(max(0.0, began + index / PER_SECOND - perf_counter()))
            await friends.send(chats[index % len(chats)], photo, sent)
        await harming
        await watching
        await asyncio.sleep(5.0)
        await bots.stop()
        answers = Counter(
            (said.channel.id, said.reply_to.id)
            for said in discord.said
            if said.reply_to is not None and "%" in said.content
        )
        firsts: defaultdict[int, list[int]] = defaultdict(list)
        for channel, message in answers:  # in the order of their first answers
            firsts[channel].append(message)
        seconds = closest(discord.gateway.identifies)
        print(f"{discord.gateway.identified} identifies, {seconds:.1f} s apart at the least")
        assert seconds >= LEAST_SECONDS, "Discord would have hung up"
        return {
            "photos": photos,
            "answered": sum(bool(answers[key]) for key in sent.at),
            "twice": sum(max(0, answers[key] - 1) for key in sent.at),
            "counted_twice": 0,
            "longest": max(sent.seconds, default=0.0),
            "out_of_order": sum(order != sorted(order) for order in firsts.values()),
            "log": [line for line in bots.log if "rror" in line and not line.startswith(" ")],
        }

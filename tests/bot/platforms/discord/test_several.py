"""Processes with one token and one PostgreSQL: they divide the shards, and answer all once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.domain import Delivery, Reply, Room
from bot.game.party_acts import Join
from bot.platforms.discord import DiscordAdapter, client
from bot.platforms.discord import shards as keeper
from bot.services import Service
from bot.services.admission import Admission
from bot.services.rate_limit import RateLimits
from bot.storage import Store
from bot.storage.shards import ShardStore
from tests.bot.platforms.discord.conftest import is_answer
from tests.fakes.discord.bot import OLAF_PNG
from tests.fakes.discord.gateway import Gateway
from tests.fakes.discord.server import DiscordServer
from tests.fakes.discord.world import Channel, Message
from tests.fakes.vision import OLAF, FakeVision
from tests.support.pictures import draw_olaf, encoded
from tests.support.records import NOW
from tests.support.services import make_service

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

NEW_PNG = encoded(draw_olaf((80, 60)), "PNG")
SHARDS, BUCKETS = 4, 2
LEAST = timedelta(seconds=5)
PATIENCE_SECONDS = 80.0


async def until(is_so: Callable[[], bool]) -> None:
    """Wait until processes are as they should be, of which not all that happens is told here."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_so():
            await asyncio.sleep(0.01)


class Clock:
    """Goes on when somebody waits for it, and all that may identify by now have done so."""

    def __init__(self, gateway: Gateway) -> None:
        self.now = NOW
        self.asking = self.granted = 0
        self._gateway = gateway

    async def sleep(self, seconds: float) -> None:
        at = self.now + timedelta(seconds=seconds)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS / 10):
                while self.asking or self._gateway.identified < self.granted:
                    await asyncio.sleep(0.001)
        except TimeoutError:  # who gave its shard away after all does not identify
            self.granted = self._gateway.identified
        self.now = max(self.now, at)
        await asyncio.sleep(0.02)  # or processes with nothing to do would keep the others from it


class TimedShards(ShardStore):
    """The shards of a process that has another clock."""

    def __init__(self, store: Store, clock: Clock) -> None:
        super().__init__(store.leases._database, store.leases)
        self._clock = clock
        self.is_dead = False

    async def leave(self) -> None:
        if not self.is_dead:
            await super().leave()

    async def reserve(
        self, shard: int, concurrency: int, a_day: int, now: datetime | None = None
    ) -> float:
        self._clock.asking += 1
        try:
            wait = await super().reserve(shard, concurrency, a_day, now or self._clock.now)
            self._clock.granted += not wait
        finally:
            self._clock.asking -= 1
        return wait

    async def note_identify(self, shard: int, now: datetime | None = None) -> None:
        await super().note_identify(shard, now or self._clock.now)


@dataclass
class Process:
    """One of several: what it has, and what ends it. death: ends its leases, as it dies."""

    store: Store
    shards: TimedShards
    vision: FakeVision
    service: Service
    adapter: DiscordAdapter
    death: AsyncExitStack
    stopping: asyncio.Event
    running: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.running = asyncio.create_task(self.adapter.run(self.service, self.stopping))

    async def stop(self) -> None:
        self.vision.may_answer.set()
        self.stopping.set()
        if self.running is not None:
            await self.running
        await self.service.party_chats.close()
        await self.service.parties.close()

    async def kill(self) -> None:
        """End it in the middle of whatever it does, and have the others notice."""
        assert self.running is not None
        running, self.running = self.running, None
        self.shards.is_dead = True
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await self.death.aclose()

    @property
    def connected(self) -> list[int]:
        """Which shards it has that are connected."""
        states = self.adapter._states
        return sorted(shard for shard, state in states.items() if state == "running")


class Cluster:
    """Processes at one Discord, with a server on each shard."""

    def __init__(self, discord: DiscordServer, url: str, stack: AsyncExitStack) -> None:
        self.discord = discord
        self.clock = Clock(discord.gateway)
        self.ana = discord.user("Ana")
        self._url, self._stack = url, stack
        discord.rest.shards, discord.rest.concurrency = SHARDS, BUCKETS
        discord.gateway.clock = lambda: self.clock.now
        self.halls: dict[int, Channel] = {}

    async def settle(self) -> None:
        """Make servers until each shard has one."""
        while len(self.halls) < SHARDS:
            guild = self.discord.guild("Club", "hall")
            self.halls.setdefault((guild.id >> 22) % SHARDS, guild.channels[0])
            await asyncio.sleep(0.001)

    async def process(self) -> Process:
        """Bring one more, that is not started."""
        death = await self._stack.enter_async_context(AsyncExitStack())
        store = await death.enter_async_context(Store.open(self._url))
        vision, shards = FakeVision(), TimedShards(store, self.clock)
        adapter = DiscordAdapter(
            self.discord.token,
            api_url=self.discord.api_url,
            gateway_url=self.discord.gateway_url,
            notes=store.notes,
            shards=shards,
            sleep=self.clock.sleep,
        )
        service = make_service(
            vision, store, {adapter.name: adapter}, admission=Admission(RateLimits())
        )
        process = Process(store, shards, vision, service, adapter, death, asyncio.Event())
        self._stack.push_async_callback(process.stop)
        return process

    def room(self, shard: int) -> Room:
        hall = self.halls[shard]
        assert hall.guild is not None
        return Room("discord", str(hall.id), server=str(hall.guild.id))

    async def ask(self, where: int | Channel, photo: bytes = OLAF_PNG) -> Message:
        """Show a photo in a shard's server, or in another channel."""
        channel = self.halls[where] if isinstance(where, int) else where
        return await self.discord.send(self.ana, channel, "", photo, mention=True)

    async def is_answered_once(self, *messages: Message) -> None:
        for message in messages:
            assert is_answer((await self.discord.answer(message)).content, OLAF)
        await asyncio.sleep(0.2)
        assert [len(self.discord.answers(message)) for message in messages] == [1] * len(messages)


@pytest.fixture
async def cluster(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Cluster]:
    monkeypatch.setattr(keeper, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(client, "GUILD_SECONDS", 0.02)
    monkeypatch.setattr(Route, "BASE", Route.BASE)  # the adapters change both
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", DiscordWebSocket.DEFAULT_GATEWAY)
    async with AsyncExitStack() as stack:
        discord = await stack.enter_async_context(DiscordServer())
        cluster = Cluster(discord, database_url, stack)
        await cluster.settle()
        yield cluster


async def test_a_process_that_comes_gets_its_share_and_one_that_dies_is_replaced(
    cluster: Cluster,
) -> None:
    discord, private = cluster.discord, cluster.discord.dm(cluster.ana)
    one, other = await cluster.process(), await cluster.process()
    one.start()
    await until(lambda: one.connected == [0, 1, 2, 3])
    await cluster.is_answered_once(await cluster.ask(3))
    evening = cluster.room(3)
    one.service.parties.enter(evening, "7")
    one.service.parties.act(evening, "7", Join("Ana", 0))

    other.start()
    await until(lambda: (one.connected, other.connected) == ([0, 1], [2, 3]))
    assert discord.gateway.identified == SHARDS + 2  # what it got, and nothing else
    assert discord.rest.synced == 1
    states = [process.adapter.state() for process in (one, other)]
    assert [(state["shards"], state["all_shards"]) for state in states] == [(2, SHARDS)] * 2
    assert sum(int(state["guilds"]) for state in states) == len(discord.world.guilds)
    await cluster.is_answered_once(
        *[await cluster.ask(shard) for shard in range(SHARDS)], await cluster.ask(private)
    )
    assert other.vision.classified
    # What was going on there goes on, and who has a room's shard is the room's owner.
    await other.service.parties.look()
    party = other.service.parties.find(evening)
    assert party is not None
    assert [player.name for player in party.players] == ["Ana"]
    assert one.service.parties.find(evening) is None
    assert await other.store.leases.own(evening)
    assert not await one.store.leases.own(evening)

    one.vision.may_answer.clear()
    files = len(discord.cdn_requests)
    asked = [await cluster.ask(where, NEW_PNG) for where in (0, private)]
    await until(lambda: len(discord.cdn_requests) == files + 2)
    await one.kill()
    missed = [await cluster.ask(0), await cluster.ask(1), await cluster.ask(private)]
    await until(lambda: other.connected == [0, 1, 2, 3])
    await cluster.is_answered_once(*asked, *missed, await cluster.ask(3))
    in_hall = [said.reply_to for said in discord.said if said.channel is cluster.halls[0]]
    assert in_hall[-2:] == [asked[0], missed[0]]
    for bucket in range(BUCKETS):
        times = [at for at, shard in discord.gateway.identifies if shard % BUCKETS == bucket]
        assert all(after - before >= LEAST for before, after in pairwise(times))


@pytest.mark.slow  # alone it takes two seconds; beside many others it was seen to wait for ever
async def test_processes_that_start_at_once_take_no_more_than_their_share(
    cluster: Cluster,
) -> None:
    three = [await cluster.process() for _ in range(3)]
    for process in three:
        process.start()
    discord = cluster.discord
    await until(lambda: sum(len(each.connected) for each in three) == SHARDS)
    assert sorted(len(each.connected) for each in three) == [1, 1, 2]
    assert discord.gateway.identified == SHARDS
    # One that ends in good order leaves its own to the others, who are asked nothing of it.
    await three[0].stop()
    await until(lambda: [len(each.connected) for each in three[1:]] == [2, 2])
    await cluster.is_answered_once(*[await cluster.ask(shard) for shard in range(SHARDS)])
    # A fifth process has nothing to do, and is well.
    for process in (await cluster.process(), await cluster.process(), await cluster.process()):
        process.start()
        three.append(process)
    await until(lambda: sorted(len(each.connected) for each in three[1:]) == [0, 1, 1, 1, 1])
    idle = next(each for each in three[1:] if not each.connected)
    assert idle.adapter.state()["state"] == "standby"
    hall = cluster.room(2)
    speaker = next(each for each in three[1:] if each.connected and 2 not in each.connected)
    assert (await speaker.adapter.send(hall, Reply("hi"))).delivery is Delivery.SENT

"""The bot at an evening on the tests' Discord: real adapter, discord.py and service; FakeVision."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.metrics import Metrics
from bot.platforms.discord import DiscordAdapter
from bot.services import Service
from bot.services.admission import Admission
from bot.services.rate_limit import RateLimits
from bot.storage import Store, shards
from tests.fakes.discord.server import DiscordServer
from tests.fakes.discord.world import Channel, Guild, User
from tests.fakes.vision import YETI, FakeVision
from tests.support.pictures import draw_olaf, draw_yeti, encoded
from tests.support.services import make_service

OLAF_PNG = encoded(draw_olaf((64, 48)), "PNG")
YETI_PNG = encoded(draw_yeti((64, 48)), "PNG")


@dataclass
class Evening:
    """A family's server, the bot in it, and what it takes to watch and to stop it."""

    discord: DiscordServer
    store: Store
    vision: FakeVision
    service: Service
    adapter: DiscordAdapter
    family: Guild
    home: Channel
    ana: User
    ben: User
    stopping: asyncio.Event
    renew: Callable[[], tuple[Service, DiscordAdapter]]
    metrics: Metrics
    running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the bot and wait until it is there."""
        before = self.discord.gateway.identified
        self.stopping.clear()
        self.running = asyncio.create_task(self.adapter.run(self.service, self.stopping))
        online = asyncio.create_task(self.discord.ready(before + 1))
        await asyncio.wait((online, self.running), return_when=asyncio.FIRST_COMPLETED)
        if not online.done():
            online.cancel()
            await self.running
        await online

    async def stop(self) -> None:
        """Stop it as a signal does, and wait until it has ended."""
        self.stopping.set()
        if self.running is not None:
            running, self.running = self.running, None
            await running

    async def restart_process(self) -> None:
        """End it in good order with all that it knows, and start what finds only its database."""
        await self.service.party_chats.close()
        await self.stop()
        await self.service.parties.close()
        self.service, self.adapter = self.renew()
        await self.service.parties.resume()
        await self.start()

    async def settled(self) -> None:
        """Wait until the bot has nothing in hand, and has noted what it answered."""
        async with asyncio.timeout(10):
            while any(_name(task) == "_guarded" for task in asyncio.all_tasks()):
                await asyncio.sleep(0.01)

    async def kill(self) -> None:
        """End it in the middle of whatever it does."""
        assert self.running is not None
        running, self.running = self.running, None
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@asynccontextmanager
async def an_evening(
    *,
    token: str | None = None,
    fetch_seconds: float = 5.0,
    starts: bool = True,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    kept: Path = Path("nothing-is-kept"),
    vision: FakeVision | None = None,
) -> AsyncIterator[Evening]:
    """Open a Discord with a family in it, and bring the bot there."""
    vision = vision or FakeVision()
    vision.sees[YETI_PNG] = YETI
    metrics = Metrics()
    usual = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY, shards.SPACING
    shards.SPACING = timedelta(seconds=0.01)  # a restart in a test need not wait for five
    try:
        async with DiscordServer() as discord, Store.open("sqlite://") as store:

            def renew() -> tuple[Service, DiscordAdapter]:
                adapter = DiscordAdapter(
                    token or discord.token,
                    api_url=discord.api_url,
                    gateway_url=discord.gateway_url,
                    notes=store.notes,
                    shards=store.shards,
                    metrics=metrics,
                )
                admission = Admission(RateLimits(), fetch_seconds=fetch_seconds)
                messengers = {adapter.name: adapter}
                service = make_service(
                    vision,
                    store,
                    messengers,
                    admission=admission,
                    now=now,
                    kept=kept,
                    metrics=metrics,
                )
                return service, adapter

            service, adapter = renew()
            family = discord.guild("Family", "home", "kitchen")
            evening = Evening(
                discord,
                store,
                vision,
                service,
                adapter,
                family,
                family.channels[0],
                discord.user("Ana"),
                discord.user("Ben", locale="de"),
                asyncio.Event(),
                renew,
                metrics,
            )
            others = asyncio.all_tasks()
            if starts:
                await evening.start()
            yield evening
            vision.may_answer.set()
            async with asyncio.timeout(10):
                await evening.stop()
                # As the app does: what a timer has begun is noted before the memory is closed.
                await service.guessing.close()
                await service.voting.close()
            await _nothing_left(others)
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY, shards.SPACING = usual


async def _nothing_left(others: set[asyncio.Task[object]]) -> None:
    """Wait until no task of the bot's is left; fail if one stays.

    A connection that gives itself back to its pool is shielded from whoever closed it and ends
    a moment later.
    """
    left: set[asyncio.Task[object]] = set()
    for _ in range(1_000):
        left = {task for task in asyncio.all_tasks() - others if _is_ours(task)}
        if not left:
            return
        await asyncio.sleep(0.002)
    raise AssertionError(f"still there after the end: {left}")


def _is_ours(task: asyncio.Task[object]) -> bool:
    """Return whether a task is the bot's, and not the server's, the test's, or a wait for READY.

    discord.py leaves the last one behind when it is closed within two seconds; it ends by itself.
    """
    code = getattr(task.get_coro(), "cr_code", None)
    if code is None or task is asyncio.current_task():
        return False
    # A transaction outlives who waits for it; the store's end waits for it.
    ends_by_itself = {"_delay_ready", "_delay_shard_ready", "get", "_transaction"}
    return "aiohttp/web" not in code.co_filename and _name(task) not in ends_by_itself


def _name(task: asyncio.Task[object]) -> str:
    code = getattr(task.get_coro(), "cr_code", None)
    return code.co_name if code is not None else ""

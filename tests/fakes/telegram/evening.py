"""The real adapter and the real host at the tests' Telegram, with a tame eye."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.services.admission import Admission
from bot.services.service import Service
from bot.services.rate_limit import RateLimits, Rate
from bot.platforms.telegram.adapter import TelegramChat
from bot.storage.store import Store
from tests.fakes.vision import NOTHING_KEPT, FakeVision
from tests.fakes.telegram.server import TelegramServer
from tests.fakes.telegram.world import PATIENCE

OFTEN = Rate(1000, 60)


class Evening:
    """One bot at one server; Anna in private, and her family's group, which shows it everything."""

    def __init__(self, telegram: TelegramServer, store: Store) -> None:
        self.telegram = telegram
        self.store = store
        self.eye = FakeVision()
        self.host = Service(self.eye, Admission(RateLimits(OFTEN, OFTEN)), store, NOTHING_KEPT)
        self.webhook: str | None = None
        self.anna = telegram.person("Anna")
        self.home = telegram.private(self.anna)
        self.family = telegram.group("Family", bot="administrator")
        self.chat = self.new_chat()
        self._running: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    def new_chat(self) -> TelegramChat:
        """Make an adapter, as a process does."""
        chat = TelegramChat(
            self.host, self.telegram.token, api_url=self.telegram.url, webhook_url=self.webhook
        )
        self.host.add(chat.name, chat)
        return chat

    def begin(self) -> asyncio.Task[None]:
        """Start the adapter, without waiting for anything."""
        self._stopping = asyncio.Event()
        self._running = asyncio.create_task(self.chat.run(self._stopping))
        return self._running

    async def attempt(self) -> None:
        """Run the adapter until it ends by itself, and raise what ends it."""
        await self.chat.run(asyncio.Event())

    async def start(self) -> None:
        """Start the adapter and wait until it listens."""
        running = self.begin()
        while self.chat.state()["state"] == "starting":
            if running.done():
                running.result()
            await asyncio.sleep(0.002)

    async def outcomes(self, times: int = 1) -> None:
        """Wait until the eye has begun to look at so many photos."""
        async with asyncio.timeout(PATIENCE):
            while self.eye.looked < times:
                await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Tell the adapter to stop, and wait until it has."""
        self._stopping.set()
        if self._running is not None:
            await self._running
            self._running = None

    async def kill(self) -> None:
        """End the adapter as a crash would: nothing is finished."""
        assert self._running is not None
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)
        self._running = None


@asynccontextmanager
async def evening(*, started: bool = True, database: str = "sqlite://") -> AsyncIterator[Evening]:
    """Open an evening; the bot is there if it is started."""
    async with TelegramServer() as telegram, Store.open(database) as store:
        evening = Evening(telegram, store)
        if started:
            await evening.start()
        try:
            yield evening
        finally:
            # After a test that failed half-way, too.
            evening.eye.may_answer.set()
            telegram.heal()
            telegram.pace = 0.0
            try:
                async with asyncio.timeout(PATIENCE):
                    await evening.stop()
            except TimeoutError:
                await evening.kill()

"""The real adapter and service at the tests' Telegram; a stand-in for the classifier."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from bot.domain import Room
from bot.metrics import Metrics
from bot.platforms.telegram import TelegramAdapter
from bot.platforms.telegram.commands import PUBLISHED, digest_of_menus
from bot.services import Service
from bot.services.ports import Messenger
from bot.storage import Store
from bot.supervisor import Supervisor
from tests.fakes.telegram.chats import Chat
from tests.fakes.telegram.server import TelegramServer
from tests.fakes.telegram.world import PATIENCE
from tests.fakes.vision import FakeVision
from tests.support.services import make_service


class RunningBot:
    """One bot at one server; Anna in private, and her family's group, which shows it everything.

    now: the time by which it goes. kept: where what it keeps of photos lies.
    """

    def __init__(
        self,
        telegram: TelegramServer,
        store: Store,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        kept: Path = Path("nothing-is-kept"),
        vision: FakeVision | None = None,
    ) -> None:
        self.telegram = telegram
        self.store = store
        self.vision = vision or FakeVision()
        self.metrics = Metrics()
        self._messengers: dict[str, Messenger] = {}
        self._now, self._kept = now, kept
        self.service = self._serve()
        self.webhook: str | None = None
        self.anna = telegram.person("Anna")
        self.home = telegram.private(self.anna)
        self.family = telegram.group("Family", bot="administrator")
        self.adapter = self.renew()
        self._running: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    def renew(self) -> TelegramAdapter:
        """Make an adapter that knows nothing of the one before, as a new process does."""
        self.adapter = TelegramAdapter(
            self.telegram.token,
            api_url=self.telegram.url,
            webhook_url=self.webhook,
            notes=self.store.notes,
            metrics=self.metrics,
            duties=self.store.leases,
            notices=self.store.notices,
            inbox=self.store.inbox if self.store.leases.are_shared else None,
        )
        self._messengers[self.adapter.name] = self.adapter
        return self.adapter

    def _serve(self) -> Service:
        return make_service(
            self.vision,
            self.store,
            self._messengers,
            kept=self._kept,
            now=self._now,
            metrics=self.metrics,
        )

    async def restart_process(self) -> None:
        """End it in good order with all that it knows, and start what finds only its database."""
        await self.service.party_chats.close()
        await self.stop()
        await self.service.parties.close()
        self.service = self._serve()
        self.renew()
        await self.service.parties.resume()
        await self.start()

    @asynccontextmanager
    async def supervised(self) -> AsyncIterator[Supervisor]:
        """Have the adapter run as the app has it run, while the block lasts."""
        stopping = asyncio.Event()
        supervisor = Supervisor(self.adapter, stopping, first_wait=0.01)
        running = asyncio.create_task(supervisor.run(self.service))
        yield supervisor
        stopping.set()
        await running

    def begin(self) -> asyncio.Task[None]:
        """Start the adapter, without waiting for anything."""
        self._stopping = asyncio.Event()
        self._running = asyncio.create_task(self.adapter.run(self.service, self._stopping))
        return self._running

    async def run(self) -> None:
        """Run the adapter until it ends by itself, and raise what ends it."""
        await self.adapter.run(self.service, asyncio.Event())

    async def start(self) -> None:
        """Start the adapter and wait until it is connected."""
        running = self.begin()
        while self.adapter.state()["state"] == "starting":
            if running.done():
                running.result()
            await asyncio.sleep(0.002)

    async def restart(self) -> None:
        """End it in good order, and start a new one."""
        await self.stop()
        self.renew()
        await self.start()

    async def until_classifying(self, photos: int = 1) -> None:
        """Wait until so many photos have come to the classifier."""
        async with asyncio.timeout(PATIENCE):
            while self.vision.classified < photos:
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

    def forget_run(self) -> None:
        """Do not wait for a run that has ended by a fault."""
        self._running = None


@asynccontextmanager
async def running_bot(
    *, started: bool = True, has_menus: bool = True, database: str = "sqlite://"
) -> AsyncIterator[RunningBot]:
    """Open a server with a bot at it.

    Args:
        started: Whether the bot is connected.
        has_menus: Whether the server has its menus, as after the first start.
        database: The address of its database; by default it is lost with the last connection.
    """
    async with TelegramServer() as telegram, Store.open(database) as store:
        bot = RunningBot(telegram, store)
        if has_menus:
            digest = digest_of_menus(int(telegram.token.split(":")[0]))
            await store.notes.remember(PUBLISHED, digest)
        if started:
            await bot.start()
        try:
            yield bot
        finally:
            # After a test that failed half-way, too.
            bot.vision.may_answer.set()
            telegram.heal()
            telegram.pace = 0.0
            try:
                async with asyncio.timeout(PATIENCE):
                    await bot.stop()
            except TimeoutError:
                await bot.kill()


def room_of(chat: Chat) -> Room:
    """Return the room that a chat is to the bot."""
    return Room("telegram", str(chat.id), private=chat.kind == "private")

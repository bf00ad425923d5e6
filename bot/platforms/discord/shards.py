"""Which shards this process has: each is connected while it does, and given up in good order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from bot.platforms.contract import Shards

log = logging.getLogger(__name__)

# Between two looks whose the shards are.
LOOK_SECONDS = 2.0
# One that takes longer to be connected holds up no other.
LONGEST_START = 60.0
# While it is not known whether a shard may identify.
AGAIN_SECONDS = 5.0

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Starts:
    """How sessions may begin, by Discord's word.

    Attributes:
        shards: How many it recommends.
        concurrency: How many buckets of shards identify independently of each other.
        a_day: How many identifies it allows in a day.
    """

    shards: int
    concurrency: int
    a_day: int


@dataclass(eq=False)
class _Served:
    """A shard that is served until `stopping` is set.

    Attributes:
        task: Serves it.
        stopping: Set to end that.
        since: When it began, by the loop's clock.
        is_there: Whether it was connected.
    """

    task: asyncio.Task[None]
    stopping: asyncio.Event
    since: float
    is_there: bool = False


class ShardKeeper:
    """Serves those shards that are this process's, for as long as they are.

    Args:
        shards: Divides them among the processes.
        starts: How sessions may begin.
        serve: Serves a shard until an event is set, and then finishes what is in hand there.
        given_up: Leaves what is in a shard's rooms to the process that has them next.
        sleep: Waits so many seconds until a shard may identify.
    """

    def __init__(
        self,
        shards: Shards,
        starts: Starts,
        serve: Callable[[int, asyncio.Event], Coroutine[object, object, None]],
        given_up: Callable[[], Awaitable[None]],
        sleep: Sleep,
    ) -> None:
        self._shards = shards
        self._starts = starts
        self._serve = serve
        self._given_up = given_up
        self._sleep = sleep
        self._served: dict[int, _Served] = {}
        self._leaving: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    def note_connected(self, shard: int) -> None:
        """Note that a shard is connected, so that the next one may be taken."""
        if (served := self._served.get(shard)) is not None and not served.is_there:
            served.is_there = True
            self._news.set()

    async def identifies(self, shard: int, *, is_first: bool) -> None:
        """Wait until a shard may identify; for the first time it has waited already."""
        if not is_first:
            await self.wait_to_identify(shard)
            return
        try:
            await self._shards.note_identify(shard)
        except Exception as error:  # the way took a moment, no more
            log.warning("an identify could not be noted: %s", type(error).__name__)

    async def wait_to_identify(self, shard: int) -> None:
        """Wait until a shard may identify, by Discord's limits for all shards together."""
        while True:
            try:
                wait = await self._shards.reserve(
                    shard, self._starts.concurrency, self._starts.a_day
                )
            except Exception as error:
                log.warning("when to identify is not known: %s", type(error).__name__)
                wait = AGAIN_SECONDS
            if not wait:
                return
            await self._sleep(wait)

    async def run(self, stopping: asyncio.Event) -> None:
        """Serve what is this process's until `stopping` is set; then all of it is anybody's.

        Raises:
            Exception: What ended a shard's connection.
        """
        await self._shards.join(self._starts.shards)
        stopped = self._started(self._stop_on(stopping), "stopping")
        try:
            while not stopping.is_set():
                await self._look()
                await self._wait()
            await self._stop_on(stopping)
            await asyncio.gather(*self._tasks())
        finally:
            tasks: list[asyncio.Task[Any]] = [stopped, *self._tasks()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._served.clear()
            try:
                await self._shards.leave()
            except Exception as error:  # the others find out by themselves
                log.warning("shards could not be left to others: %s", type(error).__name__)

    async def _stop_on(self, stopping: asyncio.Event) -> None:
        """Have all shards finish what is in hand, once `stopping` is set."""
        await stopping.wait()
        for served in self._served.values():
            served.stopping.set()

    def _started(self, work: Coroutine[object, object, T], name: str) -> asyncio.Task[T]:
        """Begin some work whose end is news."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(lambda _: self._news.set())
        return task

    def _tasks(self) -> list[asyncio.Task[None]]:
        leaving = [] if self._leaving is None else [self._leaving]
        return [*(served.task for served in self._served.values()), *leaving]

    async def _wait(self) -> None:
        """Wait until there may be something to do; raise what ended a shard's connection."""
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await self._news.wait()
        except TimeoutError:
            pass
        self._news.clear()
        if self._leaving is not None and self._leaving.done():
            leaving, self._leaving = self._leaving, None
            leaving.result()
        for shard, served in list(self._served.items()):
            if served.task.done():
                del self._served[shard]
                served.task.result()

    async def _look(self) -> None:
        """Begin what is to be served, and end what is not."""
        held, is_too_many = await self._take()
        for shard in self._served.keys() - held:
            self._served[shard].stopping.set()
        if self._leaving is not None:
            return
        for shard in sorted(held - self._served.keys()):
            stopping = asyncio.Event()
            task = self._started(self._serve(shard, stopping), f"shard {shard}")
            self._served[shard] = _Served(task, stopping, asyncio.get_running_loop().time())
        if is_too_many:
            self._leaving = self._started(self._give_up(max(held)), "giving up")

    async def _take(self) -> tuple[frozenset[int], bool]:
        """Return which shards are this process's, and whether it should give up one.

        So many are taken at once as may identify at once, and no other while these wait for it: who
        starts at the same time gets some as well.
        """
        if self._leaving is None:
            lately = asyncio.get_running_loop().time() - LONGEST_START
            starting = sum(
                not served.is_there and served.since > lately for served in self._served.values()
            )
            try:
                return await self._shards.take(max(0, self._starts.concurrency - starting))
            except Exception as error:
                log.warning("whose the shards are is not known: %s", type(error).__name__)
        return self._shards.held(), False

    async def _give_up(self, shard: int) -> None:
        """Leave a shard to another process, once what is in hand there is done."""
        served = self._served[shard]
        served.stopping.set()
        await asyncio.wait([served.task])
        async with self._shards.given_up(shard):
            await self._given_up()
        log.info("shard %d is left to another process", shard)

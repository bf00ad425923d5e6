"""Updates where several processes share the work: stored by whoever gets them, handled by one."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

from bot.domain import Arrival, Room
from bot.platforms.contract import Inbox
from bot.platforms.telegram.identity import PLATFORM
from bot.platforms.telegram.reading import chat_of, update_id_of

log = logging.getLogger(__name__)

# So many at once, or so many chats: the other processes are to have some as well.
AT_ONCE = 8
# How often a process looks for what another has left, and for news that it may have missed.
LOOK_SECONDS, NEWS_SECONDS = 5.0, 1.0
# While the database cannot be used.
AGAIN_SECONDS = 1.0


class SharedUpdates:
    """Stores what Telegram delivers, and handles what is of this process's chats.

    Args:
        inbox: Where it is stored.
        take: Handles updates; it never raises.
        take_over: Answers the photos that another process has left.
    """

    def __init__(
        self,
        inbox: Inbox,
        take: Callable[[Sequence[object]], Awaitable[None]],
        take_over: Callable[[], Awaitable[None]],
    ) -> None:
        self._inbox = inbox
        self._take = take
        self._take_over = take_over
        self._next_look = 0.0

    async def put(self, updates: Sequence[object]) -> None:
        """Store updates, so that they may be acknowledged; what is none is left out."""
        arrivals = [
            Arrival(f"{PLATFORM} {id_}", Room(PLATFORM, chat_of(update)), json.dumps(update))
            for update in updates
            if (id_ := update_id_of(update)) is not None
        ]
        await self._inbox.put(arrivals, datetime.now(UTC))

    async def put_at_last(self, updates: Sequence[object]) -> None:
        """Store updates as soon as that is possible. Never raises."""
        while True:
            try:
                await self.put(updates)
            except Exception:
                log.exception("updates could not be stored; they are tried again")
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                return

    async def run(self) -> None:
        """Handle updates until cancelled; those that were begun are handled to their end."""
        async with self._inbox.open():
            # What was taken and not handled: by an earlier connection, or when the database failed.
            lets_go = True
            while True:
                handling = asyncio.ensure_future(self._handle_some(lets_go=lets_go))
                try:
                    number = await asyncio.shield(handling)
                    lets_go = False
                except asyncio.CancelledError:
                    await asyncio.gather(handling, return_exceptions=True)
                    raise
                except Exception:
                    log.exception("updates could not be taken; they are tried again")
                    lets_go = True
                    await asyncio.sleep(AGAIN_SECONDS)
                    continue
                if number < AT_ONCE:
                    await self._inbox.wait(NEWS_SECONDS)

    async def _handle_some(self, *, lets_go: bool) -> int:
        if lets_go:
            await self._inbox.let_go()
        updates, has_new_rooms = await self._inbox.take(AT_ONCE)
        now = asyncio.get_running_loop().time()
        if has_new_rooms or now >= self._next_look:
            # What was there before is answered before.
            await self._take_over()
            self._next_look = now + LOOK_SECONDS
        if updates:
            await self._take([json.loads(body) for _, body in updates])
            await self._inbox.mark_handled([id_ for id_, _ in updates])
        return len(updates)

"""Albums: messages that arrive one by one, without an end mark, and are meant as one."""

from __future__ import annotations

import asyncio

from bot.domain import Room
from bot.platforms.telegram.identity import IncomingMessage

# Telegram delivers an album's messages within a moment of each other, now and then with 1.6 s in
# between. So long after the last one it is taken as whole, and so long after the first in any case.
QUIET_SECONDS = 2.0
LONGEST_SECONDS = 5.0
# The most that an album can hold.
LARGEST = 10


class Albums:
    """Collects the messages of albums, each chat's for themselves.

    Args:
        quiet: Seconds without a further message after which an album is taken as whole.
        longest: Seconds after its first message after which it is taken as whole in any case.
    """

    def __init__(self, quiet: float = QUIET_SECONDS, longest: float = LONGEST_SECONDS) -> None:
        self._quiet = quiet
        self._longest = longest
        self._open: dict[tuple[Room, str], _Album] = {}
        self._closing = asyncio.Event()

    async def collect_album(self, message: IncomingMessage) -> list[IncomingMessage]:
        """Wait for the rest of a message's album, if it belongs to one.

        Returns:
            All of the album in its order, or the message alone. It is returned to whoever brought
            the album's first message; the others get nothing.
        """
        if message.album is None:
            return [message]
        key = message.room, message.album
        if album := self._open.get(key):
            album.add(message)
            return []
        album = self._open[key] = _Album(message)
        try:
            await self._wait_for_rest(album)
        finally:
            del self._open[key]
        return sorted(album.messages, key=lambda each: each.id)

    def close(self) -> None:
        """Take every album as whole, now and from now on."""
        self._closing.set()
        for album in self._open.values():
            album.changed.set()

    async def _wait_for_rest(self, album: _Album) -> None:
        loop = asyncio.get_running_loop()
        latest = loop.time() + self._longest
        while len(album.messages) < LARGEST and not self._closing.is_set():
            album.changed.clear()
            try:
                async with asyncio.timeout_at(min(latest, loop.time() + self._quiet)):
                    await album.changed.wait()
            except TimeoutError:
                return


class _Album:
    """The messages so far."""

    def __init__(self, first: IncomingMessage) -> None:
        self.messages = [first]
        self.changed = asyncio.Event()

    def add(self, message: IncomingMessage) -> None:
        self.messages.append(message)
        self.changed.set()

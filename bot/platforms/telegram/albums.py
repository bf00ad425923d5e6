"""Albums: messages that arrive one by one, without an end mark, and are meant as one."""

from __future__ import annotations

import asyncio

from telegram import Message

# Telegram delivers an album's messages within a moment of each other; so long after the last one
# it is taken as whole, and so long after the first one in any case.
QUIET_SECONDS = 1.0
LONGEST_SECONDS = 3.0
# The most that an album can hold.
LARGEST = 10


class Albums:
    """Collects the messages of albums, each chat's for themselves."""

    def __init__(self, quiet: float = QUIET_SECONDS, longest: float = LONGEST_SECONDS) -> None:
        self._quiet = quiet
        self._longest = longest
        self._open: dict[tuple[int, str], _Album] = {}
        self._closing = asyncio.Event()

    async def whole(self, message: Message) -> list[Message]:
        """Wait for the rest of a message's album and return all of it, in its order.

        It is returned to whoever brought its first message; the others get nothing.
        """
        assert message.media_group_id is not None
        key = message.chat_id, message.media_group_id
        if album := self._open.get(key):
            album.add(message)
            return []
        album = self._open[key] = _Album(message)
        try:
            await self._collect(album)
        finally:
            del self._open[key]
        return sorted(album.messages, key=lambda each: each.message_id)

    def close(self) -> None:
        """Wait for nothing any more."""
        self._closing.set()
        for album in self._open.values():
            album.changed.set()

    async def _collect(self, album: _Album) -> None:
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

    def __init__(self, first: Message) -> None:
        self.messages = [first]
        self.changed = asyncio.Event()

    def add(self, message: Message) -> None:
        self.messages.append(message)
        self.changed.set()

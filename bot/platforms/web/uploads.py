"""Photos as browsers bring them: a slow connection holds nothing that others need."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from weakref import WeakValueDictionary

from aiohttp import web

from bot.domain import Refusal, Refused

# How many may arrive at once in a room, and from an address: a household, or a class behind its
# school's router. The next ones wait in their senders' browsers.
OF_A_ROOM = 12
OF_AN_ADDRESS = 24
# What browsers have brought and is not answered yet: two hundred photos as the page sends them.
HELD_BYTES = 64 * 1024 * 1024
# Bytes a second: the slowest of phones brings more, once it has been silent for so long.
LEAST_PACE = 2048
SILENT_SECONDS = 10.0


class Uploads:
    """Takes in what browsers upload: so many at once, and no more bytes than there is room for."""

    def __init__(self) -> None:
        # A place goes with the last who holds it or waits for it.
        self._places: WeakValueDictionary[tuple[str, str], asyncio.Semaphore] = (
            WeakValueDictionary()
        )
        self._held = 0
        # In the order in which they began.
        self._arriving: dict[Upload, None] = {}
        self._has_room = asyncio.Event()

    @contextmanager
    def upload(self, request: web.Request, room: str) -> Iterator[Upload]:
        """Yield an upload whose bytes count as held until the block ends.

        Args:
            request: Brings it.
            room: The name of the room that it is for.
        """
        upload = Upload(self, request, room)
        try:
            yield upload
        finally:
            self._held -= upload.size
            self._has_room.set()

    async def arrive(self, upload: Upload, limit: int) -> bytes:
        """Return an upload's bytes, when there is a place for it. Raises Refused and OSError."""
        room = self._place("room", upload.room, OF_A_ROOM)
        address = self._place("address", upload.address, OF_AN_ADDRESS)
        async with room, address:
            self._arriving[upload] = None
            try:
                return await upload.receive(limit)
            finally:
                del self._arriving[upload]
                self._has_room.set()

    async def hold(self, upload: Upload, size: int) -> None:
        """Count so many more bytes of an upload as held, once there is room for them."""
        while self._held + size > HELD_BYTES and not self._goes_on(upload):
            self._has_room.clear()
            await self._has_room.wait()
        self._held += size
        upload.size += size

    def _goes_on(self, upload: Upload) -> bool:
        """Return whether it goes on without room: the first, where no other will make any."""
        has_arrived = self._held - sum(each.size for each in self._arriving)
        return not has_arrived and next(iter(self._arriving)) is upload

    def _place(self, kind: str, name: str, number: int) -> asyncio.Semaphore:
        return self._places.setdefault((kind, name), asyncio.Semaphore(number))


class Upload:
    """One photo on its way from a browser.

    Attributes:
        room: The name of the room that it is for.
        address: Where it comes from.
        size: How many of its bytes are held.
    """

    def __init__(self, uploads: Uploads, request: web.Request, room: str) -> None:
        self._uploads = uploads
        self._request = request
        self.room = room
        self.address = address_of(request)
        self.size = 0

    async def read(self, limit: int) -> bytes:
        """Return all of it.

        Args:
            limit: How many bytes it may have.

        Raises:
            Refused: When it has more, or does not get on.
            OSError: When the connection breaks.
        """
        return await self._uploads.arrive(self, limit)

    async def receive(self, limit: int) -> bytes:
        """Receive it, in the place that it has by now; see `read`."""
        received = bytearray()
        loop = asyncio.get_running_loop()
        due = loop.time() + SILENT_SECONDS
        while True:
            try:
                async with asyncio.timeout_at(due):
                    chunk = await self._request.content.readany()
            except TimeoutError as error:
                raise Refused(Refusal.TOO_SLOW) from error
            if not chunk:
                return bytes(received)
            if len(received) + len(chunk) > limit:
                raise Refused(Refusal.TOO_MANY_BYTES)
            received += chunk
            waited = loop.time()
            await self._uploads.hold(self, len(chunk))
            due += len(chunk) / LEAST_PACE + loop.time() - waited


def address_of(request: web.Request) -> str:
    """Return who sends a request: for a proxy of one's own network, whom that one names last."""
    sender = request.remote or ""
    try:
        is_near = ip_address(sender).is_private
    except ValueError:
        return sender
    named = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    return named if is_near and named else sender

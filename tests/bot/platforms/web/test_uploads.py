"""Slow uploads over real sockets: what they hold, and what they keep nobody from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from bot.platforms.web import uploads
from bot.services.admission import AT_ONCE
from tests.fakes.web_room import Served


class Slow:
    """An upload of a hundred kilobytes, two bytes at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self._dripping = asyncio.create_task(self._drip())

    @classmethod
    async def open(
        cls, served: Served, number: int, room: str, *, behind: str = "", size: int = 100_000
    ) -> Slow:
        host, port = served.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        forwarded = f"X-Forwarded-For: {behind}\r\n" if behind else ""
        writer.write(
            f"POST /r/{room}/photos HTTP/1.1\r\nHost: localhost\r\nX-Player: {number:024}\r\n"
            f"X-Nickname: Slow{number}\r\n{forwarded}Content-Length: {size}\r\n\r\n".encode()
        )
        return cls(reader, writer)

    async def _drip(self) -> None:
        with suppress(OSError):
            while True:
                self.writer.write(b"ph")
                await self.writer.drain()
                await asyncio.sleep(0.05)

    async def status(self) -> int:
        return int((await self.reader.readline()).split()[1])

    async def close(self) -> None:
        self._dripping.cancel()
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()


@asynccontextmanager
async def a_siege(
    served: Served, rooms: list[str], *, behind: str = "", size: int = 100_000
) -> AsyncIterator[list[Slow]]:
    """Have a slow upload begin in each of some rooms."""
    slow = [
        await Slow.open(served, number, room, behind=behind, size=size)
        for number, room in enumerate(rooms)
    ]
    for _ in range(3):  # by then the server has begun with all of them
        await served.press("nothing")
    try:
        yield slow
    finally:
        for one in slow:
            await one.close()


async def test_slow_uploads_delay_nobody_in_another_room(served: Served) -> None:
    async with a_siege(served, ["siege"] * AT_ONCE) as slow:
        assert (await served.photo())["answer"]["label"] == "abominable"
        assert not any(one.reader._buffer for one in slow)  # type: ignore[attr-defined]


async def test_one_address_takes_no_place_of_another_that_a_proxy_tells(served: Served) -> None:
    rooms = [f"siege-{number}" for number in range(2 * AT_ONCE)]
    async with a_siege(served, rooms, behind="6.6.6.6, 203.0.113.7"):
        assert (await served.photo())["answer"]["label"] == "abominable"


async def test_who_does_not_get_on_is_told_so_and_the_next_one_has_the_place(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "SILENT_SECONDS", 0.3)
    monkeypatch.setattr(uploads, "OF_A_ROOM", 2)
    async with a_siege(served, ["home"] * 2) as slow:
        assert (await served.photo())["answer"]["label"] == "abominable"
        assert [await one.status() for one in slow] == [408, 408]


async def test_no_more_bytes_are_held_than_there_is_room_for(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "HELD_BYTES", 300_000)
    served.vision.may_answer.clear()
    # The third waits for the first two to be answered.
    photos = [bytes([number]) * 120_000 for number in range(3)]
    sending = [
        asyncio.create_task(served.photo(photo, room=f"room-{number}"))
        for number, photo in enumerate(photos)
    ]
    async with asyncio.timeout(10):
        while served.vision.classified < 2:
            await asyncio.sleep(0.001)
    for _ in range(10):
        await served.press("nothing")
    assert served.vision.classified == 2
    served.vision.may_answer.set()
    assert len({entry["id"] for entry in await asyncio.gather(*sending)}) == 3
    # Where no other will make room the first one goes on.
    await served.photo(b"huge" * 100_000)

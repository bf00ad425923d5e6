"""The waiting line: whose turn it is, who is told to come again, and what it holds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from bot.domain import Refusal, Refused, Room
from bot.services.line import LONGEST_WAIT_SECONDS, MEASURED, Line, Place

HOME, SCHOOL, OMAS = (Room("telegram", name) for name in ("home", "school", "omas"))


class Photos:
    """Photos in a line, each of which takes a second once it is in; `in_turn`: in which order."""

    def __init__(self, places: int = 1, max_bytes: int = 100) -> None:
        self.now = 0.0
        self.line = Line(places, max_bytes, lambda: self.now, pace=0.1)
        self.in_turn: list[str] = []
        self.places: dict[str, Place] = {}
        self.inside: list[asyncio.Event] = []
        self.tasks: list[asyncio.Task[Refusal | None]] = []

    async def send(self, name: str, room: Room | None = HOME, size: int | None = 1) -> None:
        async def wait() -> Refusal | None:
            try:
                async with self.line.place(room, size) as place:
                    self.in_turn.append(name)
                    self.places[name] = place
                    self.inside.append(asyncio.Event())
                    await self.inside[-1].wait()
            except Refused as refused:
                return refused.reason
            return None

        self.tasks.append(asyncio.create_task(wait()))
        await settled()

    async def step(self, times: int = 1) -> None:
        """Let those who came in first leave again, one a second."""
        for _ in range(times):
            self.now += 1
            next(leaving for leaving in self.inside if not leaving.is_set()).set()
            await settled()

    async def refusals(self) -> list[Refusal | None]:
        return await asyncio.gather(*self.tasks)


async def settled() -> None:
    for _ in range(4):
        await asyncio.sleep(0)


@pytest.fixture
def photos() -> Iterator[Photos]:
    photos = Photos()
    yield photos
    for task in photos.tasks:
        task.cancel()


async def test_each_chat_has_its_turn_and_its_oldest_photo_goes_first(photos: Photos) -> None:
    for name in ("home 1", "home 2", "home 3", "home 4"):
        await photos.send(name)
    for name in ("school 1", "school 2"):
        await photos.send(name, SCHOOL)
    await photos.send("omas 1", OMAS)
    await photos.send("a tap", None)
    await photos.step(7)
    assert photos.in_turn == [
        *("home 1", "a tap", "home 2", "school 1", "omas 1", "home 3", "school 2", "home 4")
    ]


async def test_who_gives_up_leaves_the_line_and_the_place(photos: Photos) -> None:
    for number in range(4):
        await photos.send(f"home {number}")
    photos.tasks[2].cancel()
    photos.tasks[0].cancel()
    await settled()
    assert photos.line.waiting(HOME) == 1
    await photos.step(2)
    assert photos.in_turn == ["home 0", "home 1", "home 3"]


async def test_only_who_would_wait_too_long_is_told_to_come_again(photos: Photos) -> None:
    await photos.send("inside")
    fit = int(LONGEST_WAIT_SECONDS / 0.1)
    for _ in range(fit + 3):
        await photos.send("home")
    # Another chat's first photo has its turn after one of the crowd's.
    await photos.send("school", SCHOOL)
    assert [task.done() for task in photos.tasks] == [*[False] * (fit + 2), *[True, True], False]
    # Each takes a second, as is seen by and by: so few are enough to wait two minutes.
    await photos.step(MEASURED + 2)
    assert photos.line.seconds_to_wait(SCHOOL) == 1
    assert photos.line.seconds_to_wait(HOME) == photos.line.waiting(HOME)
    waiting = photos.line.waiting(HOME)
    await photos.send("home, too")
    await photos.step(waiting - int(LONGEST_WAIT_SECONDS))
    await photos.send("home, again")
    refused = [task.result() for task in photos.tasks if task.done()]
    assert refused.count(Refusal.BUSY) == 3
    assert photos.line.waiting(HOME) == LONGEST_WAIT_SECONDS + 1


async def test_those_inside_hold_no_more_bytes_than_they_may() -> None:
    photos = Photos(places=4, max_bytes=100)
    for name, size in (("whale", 150), ("herring", 10), ("cod", 60), ("hake", 50), ("shrimp", 1)):
        await photos.send(name, size=size)
    assert photos.in_turn == ["whale"]
    await photos.step()
    # What fits does not overtake what has waited longer.
    assert photos.in_turn == ["whale", "herring", "cod"]
    await photos.step()
    assert photos.in_turn == ["whale", "herring", "cod"]
    await photos.step()
    assert photos.in_turn == ["whale", "herring", "cod", "hake", "shrimp"]
    # One that does not tell counts for a place's share, until it is there.
    for name in ("perch", "pike"):
        await photos.send(name, size=None)
    assert photos.in_turn[5:] == ["perch"]
    photos.line.hold(photos.places["perch"], 2)
    assert photos.in_turn[5:] == ["perch"]
    await settled()
    assert photos.in_turn[5:] == ["perch", "pike"]
    await photos.step(4)
    assert set(await photos.refusals()) == {None}


async def test_when_it_is_closed_those_inside_go_on_and_nobody_waits(photos: Photos) -> None:
    for number in range(3):
        await photos.send(f"home {number}")
    photos.line.close()
    await photos.send("late", SCHOOL)
    await photos.step()
    assert await photos.refusals() == [None, *[Refusal.CLOSING] * 3]
    assert not photos.line.waiting(HOME)

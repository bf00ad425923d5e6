"""What fails again and again waits longer and longer, holds up nothing else, and fills no log."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.services import failures
from bot.services.failures import FIRST_WAIT, LONGEST_WAIT, Failures
from bot.services.timers import Timers

START = datetime(2026, 12, 24, 18, tzinfo=UTC)


def fail(fault: Exception) -> None:
    raise fault


def test_a_wait_grows_while_something_fails_and_begins_anew_when_it_went_well() -> None:
    now = START
    rooms = Failures("it failed", lambda: now)
    waits = []
    for _ in range(12):
        with rooms.caught("room"):
            fail(OSError("no"))
        until = now
        while rooms.holds_back("room"):
            until, now = now, now + FIRST_WAIT
        waits.append(now - until)
        assert not rooms.holds_back("another room")
    assert rooms.note("room", OSError("no")) - now == LONGEST_WAIT
    with rooms.caught("room"):
        pass
    assert not rooms.holds_back("room")
    assert rooms.note("room", OSError("no")) - now == FIRST_WAIT


def test_the_same_fault_is_logged_once_in_full_and_then_seldom_in_a_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rooms = Failures("it failed")

    def in_full() -> list[bool]:
        told = [bool(record.exc_info) for record in caplog.records]
        caplog.clear()
        return told

    for room in range(20):  # a database that is gone is gone for all of them
        with rooms.caught(room):
            fail(OSError("no"))
    assert sum(in_full()) == 1
    for _ in range(100):
        with rooms.caught(0):
            fail(OSError("no"))
    assert in_full() == 6 * [False]  # 2, 4, 8, 16, 32, 64
    with rooms.caught(0):
        fail(KeyError("another fault"))
    assert sum(in_full()) == 1
    for room in range(20):
        rooms.end(room)
    with rooms.caught(0):
        fail(OSError("no"))
    assert in_full() == [True]


async def test_timers_go_on_beside_one_whose_work_fails_each_time(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "FIRST_WAIT", timedelta())
    timers, tries, done = Timers(lambda: START), list[str](), asyncio.Event()

    async def broken() -> None:
        tries.append("broken")
        if len(tries) == 10:
            timers.set("fine", START, fine)
        fail(OSError("no"))

    async def fine() -> None:
        done.set()

    timers.set("broken", START, broken)
    async with asyncio.timeout(5):
        await done.wait()
    await timers.close()
    assert [bool(record.exc_info) for record in caplog.records] == [True, False, False, False]

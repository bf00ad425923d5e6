from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from bot.domain import Unusable
from bot.supervisor import LONGEST_WAIT, Supervisor


class Platform:
    """Ends each of its runs as it is told, and waits for the end when it is told no more."""

    name = "igloo"

    def __init__(self, *ends: Exception) -> None:
        self.ends = list(ends)
        self.runs = 0
        self.running = asyncio.Event()

    async def run(self, stopping: asyncio.Event) -> None:
        self.runs += 1
        if self.ends:
            raise self.ends.pop(0)
        self.running.set()
        await stopping.wait()

    def state(self) -> dict[str, Any]:
        return {"state": "running"}


def supervised(platform: Platform, first_wait: float = 0.0) -> tuple[Supervisor, asyncio.Event]:
    stopping = asyncio.Event()
    return Supervisor(platform, stopping, chance=lambda: 1.0, first_wait=first_wait), stopping


async def test_a_fault_is_waited_out_and_the_platform_comes_back() -> None:
    platform = Platform(OSError("no network"), ValueError("a bug"))
    supervisor, stopping = supervised(platform)
    task = asyncio.create_task(supervisor.run())
    await platform.running.wait()
    assert platform.runs == 3
    assert supervisor.state() == {"state": "running", "faults": 2}
    stopping.set()
    await task
    assert supervisor.state()["state"] == "stopped"


async def test_what_cannot_heal_ends_that_platform_with_one_sentence(
    caplog: pytest.LogCaptureFixture,
) -> None:
    platform = Platform(Unusable("The token is wrong; ask BotFather for another."))
    supervisor, _ = supervised(platform)
    await supervisor.run()
    assert platform.runs == 1
    assert supervisor.state() == {
        "state": "unusable",
        "reason": "The token is wrong; ask BotFather for another.",
    }
    assert [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR] == [
        "igloo is off: The token is wrong; ask BotFather for another."
    ]


async def test_waits_double_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    platform = Platform(*[OSError()] * 12)
    supervisor, stopping = supervised(platform, first_wait=1.0)
    waits: list[float] = []

    async def pause(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 12:
            stopping.set()

    monkeypatch.setattr(supervisor, "_pause", pause)
    await supervisor.run()
    assert waits[:4] == [1, 2, 4, 8]
    assert waits[-1] == LONGEST_WAIT


async def test_the_end_does_not_wait_for_the_next_try() -> None:
    platform = Platform(OSError())
    supervisor, stopping = supervised(platform, first_wait=3600)
    task = asyncio.create_task(supervisor.run())
    while supervisor.state()["state"] != "waiting":
        await asyncio.sleep(0)
    assert supervisor.state()["reason"] == "OSError"
    stopping.set()
    await asyncio.wait_for(task, 5)


async def test_a_faults_message_stays_out_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    platform = Platform(OSError("https://example.org/bot123:SECRET/getMe"))
    supervisor, stopping = supervised(platform)
    task = asyncio.create_task(supervisor.run())
    await platform.running.wait()
    stopping.set()
    await task
    assert "SECRET" not in caplog.text
    assert "OSError" in caplog.text

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from bot.domain import Unusable
from bot.platforms.contract import State
from bot.services import Service
from bot.storage import Store
from bot.supervisor import LONGEST_WAIT, Supervisor
from tests.fakes.messenger import FakeMessenger
from tests.fakes.vision import FakeVision
from tests.support.services import make_service


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    async with Store.open("sqlite://") as store:
        yield make_service(FakeVision(), store, {})


class FlakyPlatform(FakeMessenger):
    """Ends each of its runs as it is told, and waits for the end when it is told no more."""

    name = "igloo"

    def __init__(self, *ends: Exception) -> None:
        super().__init__()
        self.ends = list(ends)
        self.runs = 0
        self.running = asyncio.Event()

    async def run(self, service: Service, stopping: asyncio.Event) -> None:
        self.runs += 1
        if self.ends:
            raise self.ends.pop(0)
        self.running.set()
        await stopping.wait()

    def state(self) -> State:
        return {"state": "running"}


def supervised(
    platform: FlakyPlatform, first_wait: float = 0.0
) -> tuple[Supervisor, asyncio.Event]:
    stopping = asyncio.Event()
    return Supervisor(platform, stopping, chance=lambda: 1.0, first_wait=first_wait), stopping


async def test_a_fault_is_waited_out_and_the_platform_comes_back(service: Service) -> None:
    platform = FlakyPlatform(OSError("no network"), ValueError("a bug"))
    supervisor, stopping = supervised(platform)
    task = asyncio.create_task(supervisor.run(service))
    await platform.running.wait()
    assert platform.runs == 3
    assert supervisor.state() == {"state": "running", "faults": 2}
    stopping.set()
    await task
    assert supervisor.state()["state"] == "stopped"


async def test_what_cannot_heal_ends_that_platform_with_one_sentence(
    service: Service,
    caplog: pytest.LogCaptureFixture,
) -> None:
    platform = FlakyPlatform(Unusable("The token is wrong; ask BotFather for another."))
    supervisor, _ = supervised(platform)
    await supervisor.run(service)
    assert platform.runs == 1
    assert supervisor.state() == {
        "state": "unusable",
        "reason": "The token is wrong; ask BotFather for another.",
    }
    assert [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR] == [
        "igloo is off: The token is wrong; ask BotFather for another."
    ]


async def test_waits_double_up_to_a_bound(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = FlakyPlatform(*[OSError()] * 12)
    supervisor, stopping = supervised(platform, first_wait=1.0)
    waits: list[float] = []

    async def pause(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 12:
            stopping.set()

    monkeypatch.setattr(supervisor, "_pause", pause)
    await supervisor.run(service)
    assert waits[:4] == [1, 2, 4, 8]
    assert waits[-1] == LONGEST_WAIT


async def test_the_end_does_not_wait_for_the_next_try(service: Service) -> None:
    platform = FlakyPlatform(OSError())
    supervisor, stopping = supervised(platform, first_wait=3600)
    task = asyncio.create_task(supervisor.run(service))
    while supervisor.state()["state"] != "waiting":
        await asyncio.sleep(0)
    assert supervisor.state()["reason"] == "OSError"
    stopping.set()
    await asyncio.wait_for(task, 5)


async def test_a_faults_message_stays_out_of_the_log(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    platform = FlakyPlatform(OSError("https://example.org/bot123:SECRET/getMe"))
    supervisor, stopping = supervised(platform)
    task = asyncio.create_task(supervisor.run(service))
    await platform.running.wait()
    stopping.set()
    await task
    assert "SECRET" not in caplog.text
    assert "OSError" in caplog.text

"""The whole app is stopped again and again in its first second, and under load; it ends each time.

In this process, so that there can be many: `bot.app` with the real small model and a real database.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import ClientError, ClientSession

from bot import app
from bot.loading import begin_loading
from bot.metrics import Metrics
from bot.settings import Settings
from tests.bot.test_process import jpeg

# Longer than all the app's own bounds together: reached only by what hangs.
HANGS = 20.0


@pytest.fixture(autouse=True)
def own_signals() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


async def stopped_after(milliseconds: float, folder: Path, *, under_load: bool = False) -> int:
    """Start the app, stop it so long after it said that it is open, and return its exit code."""
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        settings = Settings(model="small", data_folder=folder)
        metrics = Metrics()
        loading = begin_loading(settings, metrics)
        serving = asyncio.create_task(
            app.serve(settings, listening, loading, metrics, on_signal=lambda: asked.append(1))
        )
        async with ClientSession() as session:
            await until_open(session, port, serving)
            if under_load:
                sending = [asyncio.create_task(send(session, port, n)) for n in range(20)]
            await asyncio.sleep(milliseconds / 1000)
            signal.raise_signal(signal.SIGTERM)
            async with asyncio.timeout(HANGS):
                code = await serving
            if under_load:
                await asyncio.gather(*sending)
    assert asked == [1]
    return code


async def until_open(session: ClientSession, port: int, serving: asyncio.Task[int]) -> None:
    while not serving.done():
        try:
            async with session.get(f"http://127.0.0.1:{port}/healthz") as response:
                if response.status == 200:
                    return
        except ClientError:
            await asyncio.sleep(0.001)


async def send(session: ClientSession, port: int, number: int) -> None:
    headers = {"X-Player": f"{number:024}", "X-Nickname": "Ana"}
    try:
        url = f"http://127.0.0.1:{port}/r/home/photos"
        async with session.post(url, data=jpeg(), headers=headers) as response:
            assert response.status in (201, 503)
    except ClientError:
        pass  # it came too late


@pytest.mark.slow
async def test_it_ends_whenever_it_is_stopped_in_its_first_second(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    moments = [*range(0, 30, 3), *range(30, 200, 34), 400, 700, 1000]
    for moment in moments:
        assert await stopped_after(moment, tmp_path) == 0, f"{moment} ms"
    assert [record.getMessage() for record in caplog.records if record.name == "bot"] == []


@pytest.mark.parametrize("milliseconds", [0, 20, 60, 150, 400])
async def test_it_ends_under_load(milliseconds: int, tmp_path: Path) -> None:
    assert await stopped_after(milliseconds, tmp_path, under_load=True) == 0

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path

import pytest

from bot.systemd import Systemd


@pytest.mark.parametrize("kind", ["file", "abstract"])
async def test_systemd_hears_that_the_bot_is_ready_lives_and_ends(
    tmp_path: Path, kind: str
) -> None:
    name = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(name if kind == "file" else f"\0{name}")
        manager.setblocking(False)
        loop = asyncio.get_running_loop()
        watched = {
            "NOTIFY_SOCKET": name if kind == "file" else f"@{name}",
            "WATCHDOG_USEC": "3000",
            "WATCHDOG_PID": str(os.getpid()),
        }
        systemd, is_alive = Systemd(watched), True
        async with systemd.watching(lambda: is_alive):
            for expected in (b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"):
                assert await loop.sock_recv(manager, 100) == expected
            is_alive = False  # the network is gone: from now on there is silence
            while True:
                try:
                    manager.recv(100)
                except BlockingIOError:
                    break
            await asyncio.sleep(0.005)
            with pytest.raises(BlockingIOError):
                manager.recv(100)
        systemd.tell("STOPPING=1")
        assert await loop.sock_recv(manager, 100) == b"STOPPING=1"


async def test_without_systemd_nobody_is_told_anything(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = {"WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"}  # it watches another process
    async with Systemd(other).watching(lambda: pytest.fail("it was asked")):
        await asyncio.sleep(0.003)
    assert caplog.messages == []
    Systemd({"NOTIFY_SOCKET": str(tmp_path / "gone")}).tell("READY=1")
    assert "could not be told" in caplog.text

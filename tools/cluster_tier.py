"""The classifier tier as `make cluster` has it: the real command, with the parts of Ray to kill."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from tests.conftest import EMPTY, environment
from tests.support.family import BotProcess

# As Ray names its processes: a copy of the classifier, who takes requests, and who starts them all.
VICTIMS = ("ServeReplica", "ProxyActor", "ServeController")
# Ray takes ten on two idle cores.
START_SECONDS = 120.0


@dataclass
class TierProcess:
    """A tier of two copies on loopback. url: where it answers. log: what it says of itself."""

    process: asyncio.subprocess.Process
    url: str = ""
    log: list[str] = field(default_factory=list)

    @classmethod
    @asynccontextmanager
    async def running(cls, replicas: int = 2) -> AsyncIterator[TierProcess]:
        """Run one while the block lasts; nothing of it is left afterwards, whatever was killed."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "classifier.serving", "--model", "small", "--engine", "onnx"),
            *("--replicas", str(replicas), "--port", str(_free_port())),
            cwd=EMPTY,
            env=environment(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        tier = cls(process)
        everybody: set[int] = set()
        try:
            assert process.stdout is not None
            async with asyncio.timeout(START_SECONDS):
                async for line in process.stdout:
                    tier.log.append(line.decode())
                    if found := re.search(r"http://\S+", tier.log[-1]):
                        tier.url = found[0]
                        break
            if not tier.url:
                raise AssertionError("the tier did not start")
            everybody = set(tier.processes())
            yield tier
            everybody |= set(tier.processes())
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
                with suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), 30)
            for left in everybody:
                with suppress(ProcessLookupError):
                    os.kill(left, signal.SIGKILL)
            await process.wait()

    def processes(self) -> dict[int, str]:
        """Return all processes of the tier and what they are called, by their ids."""
        found: dict[int, str] = {}
        for pid in _family(self.process.pid):
            with suppress(OSError):
                found[pid] = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
        return found

    def processor_seconds(self) -> float:
        """Return what all of them have computed."""
        ticks = 0
        for pid in _family(self.process.pid):
            with suppress(OSError):
                stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                ticks += int(stat[11]) + int(stat[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def kill(self, victim: str) -> int:
        """Kill the first process of a name, and return its id."""
        pid = min(pid for pid, name in self.processes().items() if victim in name)
        os.kill(pid, signal.SIGKILL)
        return pid

    def kill_all(self) -> None:
        """Kill everything, as when its machine loses power."""
        for pid in self.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


async def tier_photos(bot: BotProcess) -> dict[str, int]:
    """Return what became of a bot's photos for the tier."""
    async with aiohttp.ClientSession() as session, session.get(f"{bot.url}/metrics") as answer:
        told = await answer.text()
    found = re.findall(r'snowpeople_tier_photos_total\{outcome="(\w+)"\} (\S+)', told)
    return {outcome: int(float(number)) for outcome, number in found}


def _family(pid: int) -> Iterator[int]:
    """Yield a process and all that it has started, itself or by others."""
    yield pid
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in tasks.read_text().split():
                yield from _family(int(child))


def _free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port

"""The real process, `python -m bot`, between a Telegram and a Discord of the tests' own."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tests.conftest import EMPTY, environment
from tests.fakes.discord.server import DiscordServer
from tests.fakes.telegram.server import TelegramServer

# A start takes two seconds of processor time, which is a minute where much else runs.
READY_SECONDS = 180.0


@dataclass
class BotProcess:
    """A running bot: where its web server is, what it printed and what it logged."""

    settings: Mapping[str, str]
    process: asyncio.subprocess.Process
    url: str = ""
    said: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    _readers: list[asyncio.Task[None]] = field(default_factory=list)

    @classmethod
    async def start(cls, **settings: str) -> BotProcess:
        """Start it on a free port, and wait until it says where its web server is."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            "--port",
            settings.pop("WEB_PORT", "0"),
            cwd=EMPTY,
            env=environment(**{"MODEL": "small", **settings}),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        bot = cls(settings, process)
        serving = asyncio.Event()

        async def read(stream: asyncio.StreamReader | None, lines: list[str]) -> None:
            assert stream is not None
            async for line in stream:
                lines.append(line.decode().rstrip())
                found = [word for word in lines[-1].split() if word.startswith("http://127")]
                if lines is bot.said and found and not bot.url:
                    bot.url = found[0].removesuffix("/healthz")
                    serving.set()

        bot._readers = [
            asyncio.create_task(read(process.stdout, bot.said)),
            asyncio.create_task(read(process.stderr, bot.log)),
        ]
        ended = asyncio.create_task(process.wait())
        started = asyncio.create_task(serving.wait())
        await asyncio.wait(
            (ended, started), timeout=READY_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        started.cancel()
        if not serving.is_set():
            raise AssertionError("\n".join(["the bot did not start", *bot.log]))
        return bot

    async def health(self) -> dict[str, Any]:
        """Ask it how it is."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/healthz") as answer:
            health: dict[str, Any] = await answer.json()
            return health

    async def running(self, *names: str) -> None:
        """Wait until platforms say that they run."""
        for name in names:
            await self.becomes(name, "running")

    async def becomes(self, name: str, state: str) -> Mapping[str, Any]:
        """Wait until a platform says that it is in a state, and return all that it says."""
        async with asyncio.timeout(READY_SECONDS):
            while True:
                told: Mapping[str, Any] = (await self.health())["platforms"][name]
                if told["state"] == state:
                    return told
                await asyncio.sleep(0.1)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send it a signal, and return its exit code."""
        if self.process.returncode is None:
            self.process.send_signal(number)
        return await self.ended()

    async def ended(self) -> int:
        """Wait until it has ended, and return its exit code."""
        async with asyncio.timeout(60):
            code = await self.process.wait()
            await asyncio.gather(*self._readers)
        return code


@dataclass
class Family:
    """Both platforms and the bot between them."""

    telegram: TelegramServer
    discord: DiscordServer
    settings: dict[str, str]
    bot: BotProcess | None = None

    async def start(self, **settings: str) -> BotProcess:
        """Start the bot, and wait until it is on both platforms, unless it has no token there."""
        polls, identified = self.telegram.polls, self.discord.gateway.identified
        self.bot = await BotProcess.start(**{**self.settings, **settings})
        chosen = self.bot.settings
        if chosen.get("TELEGRAM_TOKEN") == self.telegram.token and "WEBHOOK_URL" not in chosen:
            await self.telegram.until(lambda: self.telegram.polls > polls, READY_SECONDS)
        if chosen.get("DISCORD_TOKEN") == self.discord.token:
            await self.discord.until(
                lambda: self.discord.gateway.identified > identified, READY_SECONDS
            )
        return self.bot


@asynccontextmanager
async def a_family(**settings: str) -> AsyncIterator[Family]:
    """Open both platforms; the bot is started by the test, and ended here if it still runs."""
    async with AsyncExitStack() as stack:
        telegram = await stack.enter_async_context(TelegramServer())
        discord = await stack.enter_async_context(DiscordServer())
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        family = Family(
            telegram,
            discord,
            {
                "TELEGRAM_TOKEN": telegram.token,
                "TELEGRAM_API_URL": telegram.url,
                "DISCORD_TOKEN": discord.token,
                "DISCORD_API_URL": discord.api_url,
                "DISCORD_GATEWAY_URL": discord.gateway_url,
                "DATABASE_URL": f"sqlite:///{Path(folder) / 'snowpeople.db'}",
                **settings,
            },
        )
        try:
            yield family
        finally:
            if family.bot is not None and family.bot.process.returncode is None:
                os.kill(family.bot.process.pid, signal.SIGKILL)
                await family.bot.ended()

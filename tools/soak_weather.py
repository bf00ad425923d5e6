"""What goes wrong during the soak: on Telegram, on Discord, and on the way there."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from tests.fakes.discord.server import DiscordServer
from tests.fakes.telegram.server import Fault, TelegramServer

# How likely each fault is at a call.
ANSWERS: dict[str, tuple[float, Fault]] = {
    "429": (0.01, Fault(status=429, retry_after=1)),
    "500": (0.02, Fault(status=500)),
    "502": (0.02, Fault(status=502)),
    "404": (0.005, Fault(status=404)),
    "404 page": (0.005, Fault(status=404, html=True)),
    "200 page": (0.005, Fault(html=True)),
    "dropped before": (0.015, Fault(drop=True)),
    "dropped after": (0.015, Fault(drop=True, after=True)),
}
FILES: dict[str, tuple[float, Fault]] = {
    "file 500": (0.02, Fault(status=500)),
    "file 404": (0.02, Fault(status=404)),
    "file dropped before": (0.02, Fault(drop=True)),
    "file dropped half-way": (0.02, Fault(drop=True, after=True)),
}
POLLS: dict[str, tuple[float, Fault]] = {
    "poll 409": (0.01, Fault(status=409, description="Conflict: terminated by other getUpdates")),
    "poll 502": (0.02, Fault(status=502)),
    "poll 401": (0.01, Fault(status=401)),
    "poll 404 page": (0.01, Fault(status=404, html=True)),
    "poll dropped": (0.02, Fault(drop=True)),
    "poll dropped after": (0.02, Fault(drop=True, after=True)),
}
REST: dict[str, dict[str, Any]] = {
    "429": {"status": 429, "retry_after": 0.5},
    "429 global": {"status": 429, "retry_after": 0.5, "is_global": True},
    "500": {"status": 500},
    "502": {"status": 502},
    "503": {"status": 503},
    "dropped before": {"drops": "before"},
    "dropped after": {"drops": "after"},
}
# Seconds between two faults: of Discord's API, and of what goes on for a moment.
REST_SECONDS, MOMENT_SECONDS, SESSION_SECONDS = 1.5, 4.0, 75.0


@dataclass
class Weather:
    """Faults, drawn by lot, while it is stormy."""

    telegram: TelegramServer
    discord: DiscordServer
    random: Random
    seen: Counter[str]
    quiet: frozenset[str] = frozenset()
    _cut: list[int] = field(default_factory=list)

    def begin(self) -> list[asyncio.Task[None]]:
        """Begin; end it by cancelling what is returned, and `clear`."""
        self.telegram.chaos = self._at_a_call
        return [
            asyncio.create_task(self._again(REST_SECONDS, self._rest)),
            asyncio.create_task(self._again(MOMENT_SECONDS, self._telegram_moment)),
            asyncio.create_task(self._again(MOMENT_SECONDS, self._gateway_moment)),
            asyncio.create_task(self._again(SESSION_SECONDS, self._lose_session)),
        ]

    def clear(self) -> None:
        """Let everything be well from now on."""
        self.telegram.chaos = lambda _: None
        self.telegram.heal()
        self.telegram.twice, self.telegram.pace = False, 0.0
        self.discord.rest.faults.clear()
        self.discord.gateway.rewind = 0

    def _at_a_call(self, method: str) -> Fault | None:
        kinds = {"getupdates": POLLS, "file": FILES}.get(method.lower(), ANSWERS)
        lot = self.random.random()
        for name, (chance, fault) in kinds.items():
            lot -= chance
            if lot < 0 and name not in self.quiet:
                is_answer = method.lower() == "sendmessage"
                self.seen[f"telegram {'answer ' if is_answer else ''}{name}"] += 1
                if is_answer and fault.drop and fault.after:
                    self._cut.append(len(self.telegram.calls))
                return replace(fault)
        return None

    def unknowable(self) -> set[tuple[str, str]]:
        """Return what Telegram answered for the bot, but broke the line instead of telling it.

        Nothing tells the bot this from a line that broke before; Telegram has no way to ask.
        """
        given = [self.telegram.calls[number][1] for number in self._cut]
        return {
            (str(each["chat_id"]), str(json.loads(each["reply_parameters"])["message_id"]))
            for each in given
            if "reply_parameters" in each
        }

    async def _again(self, seconds: float, do: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(self.random.expovariate(1 / seconds))
            await do()

    async def _rest(self) -> None:
        faults = self.discord.rest.faults
        faults[:] = [fault for fault in faults if fault.times]
        name = self.random.choice(list(REST))
        method, path = self.random.choice(
            [("POST", "/messages$")] * 4 + [("PATCH", "/@original$"), ("POST", "/callback$")]
        )
        if path == "/callback$" and REST[name].get("status"):
            return  # Discord wants its answer in three seconds; discord.py waits longer to try anew
        if name not in self.quiet:
            self.seen[f"discord {name}"] += 1
            self.discord.fail(method, path, **REST[name])

    async def _telegram_moment(self) -> None:
        match self.random.choice(("twice", "slow", "conflict", "unreadable")):
            case "unreadable":
                self.seen["telegram unreadable update"] += 1
                self.telegram.deliver("message", {"message_id": 1, "date": "noon"})
            case "twice":
                self.seen["telegram updates twice"] += 1
                self.telegram.twice = True
                await asyncio.sleep(3)
                self.telegram.twice = False
            case "slow":
                self.seen["telegram slow files"] += 1
                self.telegram.pace = 0.001
                await asyncio.sleep(3)
                self.telegram.pace = 0.0
            case "conflict":
                self.seen["telegram 409 for a moment"] += 1
                self.telegram.fail("getUpdates", status=409, description="Conflict", times=10**6)
                await asyncio.sleep(2)
                self.telegram.heal()

    async def _gateway_moment(self) -> None:
        gateway = self.discord.gateway
        gateway.rewind = self.random.choice((0, 0, 5))
        kind = self.random.choice(("drop", "reconnect", "close", "resumable"))
        self.seen[f"discord gateway {kind}"] += 1
        match kind:
            case "drop":
                gateway.drop()
            case "reconnect":
                await gateway.reconnect()
            case "close":
                await gateway.close(4000)
            case "resumable":
                await gateway.invalidate(is_resumable=True)

    async def _lose_session(self) -> None:
        self.seen["discord session lost"] += 1
        await self.discord.gateway.invalidate()

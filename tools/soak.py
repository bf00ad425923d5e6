"""`make soak`: the real process under load and faults, and what became of each photo.

A run is bounded, stays on loopback, and draws all that happens by lot from its seed; how the
process and the faults meet is up to the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
import time
from collections import Counter
from random import Random
from typing import TextIO

from tests.support.family import BotProcess, Family, a_family
from tools.processes import MEGABYTE, resident_bytes
from tools.soak_count import Sent, is_bad, outcome
from tools.soak_moves import Moves
from tools.soak_people import People
from tools.soak_weather import Weather

WARM_UP_SECONDS = 30.0
# A file of a byte a second is waited for a minute; a slow answer may be as late.
SETTLE_SECONDS = 100.0
UNDER_LOAD_SECONDS = (4.0, 12.0)


class Soak:
    """One run. parts: what was sent in each part of it."""

    def __init__(self, family: Family, seed: int, quiet: frozenset[str]) -> None:
        self.family = family
        self.random = Random(seed)
        self.faults: Counter[str] = Counter()
        self.people = People(family.telegram, family.discord, seed)
        self.weather = Weather(
            family.telegram, family.discord, Random(f"{seed} weather"), self.faults, quiet
        )
        self.moves = Moves(self.people, Random(f"{seed} moves"), self.faults)
        self.parts: dict[str, list[Sent]] = {}
        self.memory: list[tuple[str, int]] = []
        self.log: list[str] = []
        self.codes: list[int] = []
        self.seconds_to_exit = 0.0
        self._begun = 0

    async def start(self) -> BotProcess:
        """Start the bot."""
        bot = await self.family.start()
        self.people.bot_is_there = True
        return bot

    async def ended(self, bot: BotProcess, number: signal.Signals) -> None:
        """End the bot with a signal, and keep what it logged."""
        self.people.bot_is_there = False
        code = await bot.stop(number)
        self.log += bot.log
        if number is signal.SIGTERM:
            self.codes.append(code)

    async def under_load(self, seconds: float, bot: BotProcess | None = None) -> None:
        """Let people and weather do as they like; note the bot's memory, if told which one."""
        storm = [*self.weather.begin(), *self.people.begin(), *self.moves.begin()]
        ends = time.monotonic() + seconds
        try:
            if bot is not None:
                await asyncio.sleep(min(WARM_UP_SECONDS, seconds / 4))
                self.note_memory(bot, "start")
            while (left := ends - time.monotonic()) > 0:
                await asyncio.sleep(min(60, left))
                _stop_at_a_fault(storm)
                if bot is not None:
                    self.note_memory(bot, f"{(time.monotonic() - ends + seconds) / 60:.1f} min")
        finally:
            for task in storm:
                task.cancel()
            await asyncio.gather(*storm, return_exceptions=True)

    def note_memory(self, bot: BotProcess, when: str) -> None:
        """Note how much memory the bot has."""
        size = resident_bytes(bot.process.pid)
        self.memory.append((when, size))
        ledger = self.people.ledger
        sent, waiting = len(ledger.all), len(ledger.open())
        print(f"{when:>9}: {size / MEGABYTE:.0f} MB, {sent} sent, {waiting} waiting", flush=True)

    async def settle(self) -> None:
        """Wait until everything has its answer, or nothing happens any more."""
        self.weather.clear()
        ends = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < ends:
            self.moves.carry()
            if not self.people.ledger.open():
                break
            await asyncio.sleep(0.5)
        await asyncio.sleep(2)  # in which something might be said twice

    def part(self, name: str) -> None:
        """End a part of the run."""
        everything = self.people.ledger.all
        self.parts[name] = everything[self._begun :]
        self._begun = len(everything)

    async def stop_with_photos_in_hand(self, bot: BotProcess) -> None:
        """Measure how long the bot takes to end with photos in hand."""
        telegram = self.family.telegram
        telegram.pace = 0.0002
        before = len(telegram.downloads)
        for _ in range(2):
            self.people.send_everywhere(self.random)
        await telegram.until(lambda: len(telegram.downloads) > before + 4)
        began = time.monotonic()
        await self.ended(bot, signal.SIGTERM)
        self.seconds_to_exit = time.monotonic() - began
        telegram.pace = 0.0

    async def kill(self, bot: BotProcess) -> BotProcess:
        """Kill the bot under load, after a while, and start it again."""
        storm = asyncio.create_task(self.under_load(3600))
        await asyncio.sleep(self.random.uniform(*UNDER_LOAD_SECONDS))
        await self.ended(bot, signal.SIGKILL)
        messages = [each["message"] for each in self.family.telegram.updates if "message" in each]
        database = self.family.settings["DATABASE_URL"].removeprefix("sqlite:///")
        self.people.ledger.killed(
            database, (f"{each['chat']['id']}/{each['message_id']}" for each in messages)
        )
        bot = await self.start()
        storm.cancel()
        await asyncio.gather(storm, return_exceptions=True)
        return bot


def _stop_at_a_fault(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        if task.done():
            task.result()


async def run(
    minutes: float, seed: int, kills: int, quiet: frozenset[str], log: TextIO | None
) -> int:
    """Do the whole run; return the exit code."""
    async with a_family() as family:
        soak = Soak(family, seed, quiet)
        try:
            await _all_parts(soak, minutes, kills)
        finally:
            if log is not None:
                log.write("\n".join(soak.log))
            is_good = _report(soak)
    return 0 if is_good else 1


async def _all_parts(soak: Soak, minutes: float, kills: int) -> None:
    bot = await soak.start()
    await soak.under_load(minutes * 60, bot)
    await soak.settle()
    soak.note_memory(bot, "end")
    soak.part(f"{minutes:g} minutes")
    await soak.stop_with_photos_in_hand(bot)
    bot = await soak.start()
    await soak.settle()
    soak.part("SIGTERM")
    for number in range(kills):
        bot = await soak.kill(bot)
        print(f"   kill {number + 1}: {len(soak.people.ledger.open())} waiting", flush=True)
    await soak.settle()
    soak.part(f"{kills} kills")
    await soak.ended(bot, signal.SIGTERM)


def _report(soak: Soak) -> bool:
    """Print the table; return whether all is as it should be."""
    surplus = soak.moves.carry()
    unknowable = soak.weather.unknowable()
    for sent in soak.people.ledger.all:
        sent.unknowable = any(key in unknowable for key in sent.keys)
    columns = {
        name: Counter(row for sent in part for row in (outcome(sent), "messages"))
        for name, part in soak.parts.items()
    }
    for name, part in soak.parts.items():
        columns[name]["photos"] = sum(sent.photos for sent in part)
    rows = sorted({row for column in columns.values() for row in column} - {"messages", "photos"})
    rows = ["messages", "photos", *dict.fromkeys(["verdict", *rows, "twice", "lost"])]
    print(f"\n{'':<62}" + "".join(f"{name:>12}" for name in columns))
    for row in rows:
        print(f"{row:<62}" + "".join(f"{column[row]:>12}" for column in columns.values()))
    print(f"\nanswers that nobody had asked for: {surplus}")
    memory = ", ".join(f"{when} {size / MEGABYTE:.0f}" for when, size in soak.memory)
    print(f"memory in MB: {memory}")
    print(f"seconds from SIGTERM with photos in hand to the exit: {soak.seconds_to_exit:.1f}")
    print(f"exit codes after SIGTERM: {soak.codes}")
    print("faults: " + ", ".join(f"{name} {n}" for name, n in sorted(soak.faults.items())))
    wrong = [line for line in soak.log if " ERROR " in line or " CRITICAL " in line]
    print(f"errors in the log: {len(wrong)}", *dict.fromkeys(wrong[:5]), sep="\n  ")
    bad = sum(column[row] for column in columns.values() for row in column if is_bad(row))
    for sent in soak.people.ledger.all:
        if is_bad(outcome(sent)):
            print(f"  {outcome(sent)}: {sent.way} {sent.keys[0]}: {list(sent.look())}")
    return not bad and not surplus and soak.codes == [0, 0]


def main() -> int:
    """Read the options and run."""
    parser = argparse.ArgumentParser(prog="python -m tools.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=5, help="how often it is killed afterwards")
    parser.add_argument("--without", nargs="*", default=[], help="faults to leave out")
    parser.add_argument("--log", type=argparse.FileType("w"), help="file for the bot's log")
    given = parser.parse_args()
    # What the fakes think of connections that break, which is all that they do here.
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)
    return asyncio.run(
        run(given.minutes, given.seed, given.kills, frozenset(given.without), given.log)
    )


if __name__ == "__main__":
    sys.exit(main())

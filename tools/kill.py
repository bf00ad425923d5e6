"""Writers killed in the middle of their work: `python -m tools.kill 200` tells what was lost."""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import random
import signal
import sqlite3
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection

from bot.domain import Label, Room
from bot.game.rules import Round
from bot.storage.database import open_database
from bot.storage.store import Store
from tests.support.postgres import execute
from tests.support.records import ANNA, BEN, OLAF, photo

NOW = datetime(2026, 12, 24, tzinfo=UTC)
ROOMS = [Room("telegram", str(number)) for number in range(4)]
# The longest that a writer lives, once it writes.
LIFE_SECONDS = 0.25
START_SECONDS = 60.0

# What must be there as a whole or not at all, as conditions that no row may fulfil.
HALVES = {
    "rounds": (
        "(label IS NULL) <> (confidence IS NULL)",
        "(label IS NULL) <> (unfamiliar IS NULL)",
        "(label IS NULL) <> (probabilities IS NULL)",
        "(truth IS NULL) <> (told IS NULL)",
        "(truth IS NULL) <> (told_by IS NULL)",
        "(truth IS NULL) <> (quorum IS NULL)",
        "answered IS NOT NULL AND label IS NULL",
        "player_id NOT IN (SELECT id FROM players)",
        "room_id NOT IN (SELECT id FROM rooms)",
    ),
    "objections": ("round_id NOT IN (SELECT id FROM rounds WHERE truth IS NOT NULL)",),
    "guesses": ("round_id NOT IN (SELECT round_id FROM guessings)",),
}
# What an acknowledged step has left behind in its round.
LEFT = {
    "opened": "TRUE",
    "classified": "label IS NOT NULL",
    "guessed": "id IN (SELECT round_id FROM guesses)",
    "answered": "answered IS NOT NULL",
    "told": "truth IS NOT NULL",
    "objected": "id IN (SELECT round_id FROM objections)",
}


@dataclass(frozen=True)
class Tally:
    """What many kills did. A database that cannot be opened again raises instead."""

    kills: int = 0
    acknowledged: int = 0
    lost: int = 0
    halves: int = 0
    damaged: int = 0

    def __str__(self) -> str:
        return (
            "| kills | steps acknowledged | of these lost | half rounds | databases damaged |\n"
            "| ---: | ---: | ---: | ---: | ---: |\n"
            f"| {self.kills} | {self.acknowledged} | {self.lost} | {self.halves} | {self.damaged} |"
        )


def write(url: str, name: str, acknowledge: Connection) -> None:
    """Play rounds in several rooms at once, for ever, and say of each step when it is done."""

    async def play(store: Store, room: Room) -> None:
        for number in range(10**9):
            now = NOW + timedelta(seconds=number)
            id_ = await store.rounds.open(photo(f"{name}-{number}", room=room), now)
            assert id_ is not None
            acknowledge.send(("opened", id_))
            await store.rounds.note_verdict(id_, OLAF, None)
            acknowledge.send(("classified", id_))
            assert await store.game.open_guesses(id_, now)
            assert isinstance(await store.game.guess(id_, BEN, Label.OLAF, now), tuple)
            acknowledge.send(("guessed", id_))
            await store.rounds.mark_answered([id_], now)
            acknowledge.send(("answered", id_))
            told = await store.game.tell_truth(id_, ANNA, Label.ABOMINABLE, now, by_admin=False)
            assert isinstance(told, Round)
            acknowledge.send(("told", id_))
            objected = await store.game.object_to(id_, BEN, now + timedelta(minutes=1))
            assert isinstance(objected, Round)
            acknowledge.send(("objected", id_))

    async def run() -> None:
        async with Store.open(url) as store:
            await asyncio.gather(*(play(store, room) for room in ROOMS))

    asyncio.run(run())


async def kill_writers(url: str, kills: int, seed: int) -> Tally:
    """Start a writer and kill it at a random moment, again and again; look at what is left."""
    chance = random.Random(seed)
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload([__name__])
    tally = Tally()
    for number in range(kills):
        # Some die while they open the database: the first while it gets its tables.
        early = number % 5 == 0
        ours, theirs = processes.Pipe(duplex=False)
        writer = processes.Process(target=write, args=(url, f"{seed}-{number}", theirs))
        writer.start()
        theirs.close()
        if not early:
            await asyncio.to_thread(ours.poll, START_SECONDS)
        steps = await asyncio.to_thread(_listen, ours, chance.uniform(0, LIFE_SECONDS))
        writer.kill()
        await asyncio.to_thread(writer.join)
        assert writer.exitcode == -signal.SIGKILL, "a writer ended by itself"
        steps += _listen(ours, START_SECONDS)  # what was said before it died; ends as it did
        ours.close()
        tally = await _looked_at(url, steps, tally)
    return tally


def _listen(acknowledged: Connection, seconds: float) -> list[tuple[str, int]]:
    """Return what a writer says in that time, or until it is dead."""
    steps = []
    end = time.monotonic() + seconds
    try:
        while acknowledged.poll(max(0.0, end - time.monotonic())):
            steps.append(acknowledged.recv())
    except (EOFError, OSError):
        pass
    return steps


async def _looked_at(url: str, steps: list[tuple[str, int]], before: Tally) -> Tally:
    """Open the database, which raises when that is not possible any more, and check it."""
    lost = halves = damaged = 0
    async with open_database(url) as database:
        for step, condition in LEFT.items():
            found = await execute(database, f"SELECT id FROM rounds WHERE {condition}")
            lost += len({id_ for done, id_ in steps if done == step} - {row[0] for row in found})
        for table, conditions in HALVES.items():
            for condition in conditions:
                found = await execute(database, f"SELECT COUNT(*) FROM {table} WHERE {condition}")
                halves += found[0][0]
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file:
            damaged += file.execute("PRAGMA integrity_check").fetchall() != [("ok",)]
            damaged += file.execute("PRAGMA foreign_key_check").fetchall() != []
    return replace(
        before,
        kills=before.kills + 1,
        acknowledged=before.acknowledged + len(steps),
        lost=before.lost + lost,
        halves=before.halves + halves,
        damaged=before.damaged + damaged,
    )


def main() -> None:
    """Kill as often as asked, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kills", type=int, nargs="?", default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--database", help="an empty one; by default a file that is gone at the end"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = options.database or f"sqlite:///{folder}/snowpeople.db"
        print(asyncio.run(kill_writers(url, options.kills, options.seed)))


if __name__ == "__main__":
    main()

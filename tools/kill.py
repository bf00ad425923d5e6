"""Writers killed or stopped in the middle of their work: what was lost, and who did not end.

`python -m tools.kill 200` kills; with `--stop` it is a SIGTERM, which a writer must obey.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import random
import signal
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess

from bot.domain import Label, Player, Room
from bot.game.rules import Round
from bot.storage.database import open_database
from bot.storage.store import Store
from tests.support.postgres import execute
from tests.support.records import ANNA, OLAF, OMA, photo

NOW = datetime(2026, 12, 24, tzinfo=UTC)
ROOMS = [Room("telegram", str(number)) for number in range(4)]
# The longest that a writer lives, once it writes, before it is killed or stopped.
LIFE_SECONDS = 0.25
STOPPED_WITHIN_SECONDS = 1.0
START_SECONDS = 60.0
# Far longer than a stop may take.
END_SECONDS = 30.0

# What must be there as a whole or not at all, as conditions that no row may fulfil.
HALVES = {
    "rounds": (
        "(label IS NULL) <> (confidence IS NULL)",
        "(label IS NULL) <> (unfamiliar IS NULL)",
        "(label IS NULL) <> (probabilities IS NULL)",
        "(truth IS NULL) <> (told IS NULL)",
        "(truth IS NULL) <> (told_by IS NULL)",
        "(label IS NULL) <> (sure IS NULL)",
        "truth IS NULL AND (confirmed OR is_void)",
        "answered IS NOT NULL AND label IS NULL",
        "player_id NOT IN (SELECT id FROM players)",
        "room_id NOT IN (SELECT id FROM rooms)",
    ),
    "votes": ("round_id NOT IN (SELECT id FROM rounds WHERE truth IS NOT NULL)",),
    "ballots": ("round_id NOT IN (SELECT round_id FROM votes)",),
    "guesses": ("round_id NOT IN (SELECT round_id FROM guessings)",),
}
# What an acknowledged step has left behind in its round.
LEFT = {
    "opened": "TRUE",
    "classified": "label IS NOT NULL",
    "guessed": "id IN (SELECT round_id FROM guesses)",
    "answered": "answered IS NOT NULL",
    "told": "truth IS NOT NULL",
    "objected": "id IN (SELECT round_id FROM votes)",
    "voted": "id IN (SELECT round_id FROM ballots)",
    "decided": "truth = 'neither' AND confirmed",
}


@dataclass(frozen=True)
class Tally:
    """What became of many writers. A database that cannot be opened again raises instead.

    Attributes:
        writers: How many there were.
        acknowledged: Steps that they said were done.
        lost: How many of these cannot be found.
        halves: Rows that are there in part only.
        damaged: Databases that fail SQLite's own check.
        unstoppable: Writers that did not end by themselves, and well, after a SIGTERM.
    """

    writers: int = 0
    acknowledged: int = 0
    lost: int = 0
    halves: int = 0
    damaged: int = 0
    unstoppable: int = 0

    def __str__(self) -> str:
        return (
            "| writers | steps acknowledged | of these lost | half rounds | databases damaged "
            "| unstoppable |\n"
            "| ---: | ---: | ---: | ---: | ---: | ---: |\n"
            f"| {self.writers} | {self.acknowledged} | {self.lost} | {self.halves} "
            f"| {self.damaged} | {self.unstoppable} |"
        )


def write(url: str, name: str, acknowledge: Connection) -> None:
    """Prune, and play rounds in several rooms at once, until a SIGTERM."""

    async def prune(store: Store) -> None:
        while True:
            await store.people.prune(NOW)

    ben = Player(name, "Ben")  # somebody new: each player has a few objections a day

    async def play(store: Store, room: Room) -> None:
        for number in range(10**9):
            now = NOW + timedelta(days=number)
            id_ = await store.rounds.open(photo(f"{name}-{number}", room=room), now)
            assert id_ is not None
            acknowledge.send(("opened", id_))
            await store.rounds.note_verdict(id_, OLAF, None)
            acknowledge.send(("classified", id_))
            assert await store.guesses.open(id_, now)
            for player in (ben, OMA):
                assert isinstance(await store.guesses.add(id_, player, Label.OLAF, now), tuple)
            acknowledge.send(("guessed", id_))
            await store.rounds.mark_answered([id_], now)
            acknowledge.send(("answered", id_))
            told = await store.game.tell_truth(id_, ANNA, Label.ABOMINABLE, now, by_admin=False)
            assert isinstance(told, Round)
            acknowledge.send(("told", id_))
            later = now + timedelta(minutes=1)
            until = later + timedelta(hours=1)
            objected = await store.game.object_to(id_, ben, later, zone=UTC, until=until)
            assert isinstance(objected, Round)
            acknowledge.send(("objected", id_))
            for player in (ben, OMA):
                voted = await store.game.cast_ballot(id_, player, Label.NEITHER, later)
                assert isinstance(voted, Round)
            acknowledge.send(("voted", id_))
            assert await store.game.close_vote(id_, until)
            acknowledge.send(("decided", id_))

    async def run() -> None:
        loop = asyncio.get_running_loop()
        running = asyncio.current_task()
        assert running is not None

        def stop() -> None:
            # More than once, as it happens when a time-out meets a stop: another comes while the
            # driver still sees to the first.
            running.cancel()
            for seconds in (0.0, 0.001):
                loop.call_later(seconds, running.cancel)

        loop.add_signal_handler(signal.SIGTERM, stop)
        acknowledge.send(("started", 0))
        async with Store.open(url) as store:
            await asyncio.gather(prune(store), *(play(store, room) for room in ROOMS))

    with suppress(asyncio.CancelledError):
        asyncio.run(run())


async def kill_writers(url: str, kills: int, seed: int) -> Tally:
    """Start a writer and kill it at a random moment, again and again; look at what is left."""
    chance = random.Random(seed)
    tally = Tally()
    for number in range(kills):
        with started(write, url, f"{seed}-{number}") as (writer, heard):
            # Some die while they open the database: the first while it gets its tables.
            if number % 5:
                await asyncio.to_thread(_listen, heard, START_SECONDS, "opened")
            steps = await asyncio.to_thread(_listen, heard, chance.uniform(0, LIFE_SECONDS))
            writer.kill()
            await asyncio.to_thread(writer.join)
            assert writer.exitcode == -signal.SIGKILL, "a writer ended by itself"
            steps += _listen(heard, START_SECONDS)  # what was said before it died
        tally = await _checked(url, steps, tally)
    return tally


async def stop_writers(url: str, after: Iterable[float]) -> Tally:
    """Start a writer and send it a SIGTERM, again and again; look at what is left.

    Args:
        url: The database.
        after: How many seconds after its start, for each writer.
    """
    tally = Tally()
    for number, seconds in enumerate(after):
        with started(write, url, f"stop-{number}") as (writer, heard):
            steps = await asyncio.to_thread(_listen, heard, seconds)
            tally = replace(tally, unstoppable=tally.unstoppable + (not await stopped(writer)))
            steps += _listen(heard, START_SECONDS)
        tally = await _checked(url, steps, tally)
    return tally


@contextmanager
def started(
    target: Callable[[str, str, Connection], None], url: str, name: str
) -> Iterator[tuple[ForkServerProcess, Connection]]:
    """Start a writer; the block gets the process and what it acknowledges, once it runs."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload([__name__])
    heard, acknowledge = processes.Pipe(duplex=False)
    writer = processes.Process(target=target, args=(url, name, acknowledge))
    writer.start()
    acknowledge.close()
    assert heard.recv() == ("started", 0)
    try:
        yield writer, heard
    finally:
        writer.kill()
        writer.join()
        heard.close()


async def stopped(writer: ForkServerProcess) -> bool:
    """Send a writer a SIGTERM and return whether it ends by that, and well."""
    writer.terminate()
    await asyncio.to_thread(writer.join, END_SECONDS)
    ended_well = writer.exitcode == 0
    writer.kill()
    return ended_well


def _listen(heard: Connection, seconds: float, until: str | None = None) -> list[tuple[str, int]]:
    """Return what a writer says in that time, or until it is dead, or has done a step."""
    steps: list[tuple[str, int]] = []
    end = time.monotonic() + seconds
    try:
        while heard.poll(max(0.0, end - time.monotonic())):
            steps.append(heard.recv())
            if steps[-1][0] == until:
                break
    except (EOFError, OSError):
        pass
    return steps


async def _checked(url: str, steps: list[tuple[str, int]], before: Tally) -> Tally:
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
        writers=before.writers + 1,
        acknowledged=before.acknowledged + len(steps),
        lost=before.lost + lost,
        halves=before.halves + halves,
        damaged=before.damaged + damaged,
    )


def main() -> None:
    """Kill or stop as often as asked, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("writers", type=int, nargs="?", default=200)
    parser.add_argument(
        "--stop", action="store_true", help="do not kill: send a SIGTERM within the first second"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--database", help="an empty one; by default a file that is gone at the end"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = options.database or f"sqlite:///{folder}/snowpeople.db"
        if options.stop:
            step = STOPPED_WITHIN_SECONDS / options.writers
            tally = asyncio.run(stop_writers(url, (step * n for n in range(options.writers))))
        else:
            tally = asyncio.run(kill_writers(url, options.writers, options.seed))
        print(tally)


if __name__ == "__main__":
    main()

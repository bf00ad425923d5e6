"""What the memory costs when it is full: a photo's and a board's transactions, SQLite in a file."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Awaitable, Callable
from datetime import UTC, timedelta
from pathlib import Path
from random import Random
from time import perf_counter

from sqlalchemy import Connection, bindparam, text

from bot.domain import Fingerprint, Player, Room
from bot.storage.database import open_database
from bot.storage.schema import Moment
from bot.storage.store import Store
from tests.support.records import NOW, OLAF, photo

# How many rounds there are, and how many a room has.
ROUNDS, OF_A_ROOM = (1_000, 100_000, 1_000_000), 100
TURNS = 200
BITS = 63
# By SQLite itself: row by row from here, a million take five minutes.
NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {})"
FILLING = (
    f"""
    INSERT INTO rooms (id, platform, chat, private, seen) {NUMBERS.format(":rooms")}
    SELECT i + 1, 'telegram', CAST(i AS TEXT), TRUE, :now FROM n
    """,
    f"""
    INSERT INTO players (id, platform, identity, name, shared) {NUMBERS.format(":rooms")}
    SELECT i + 1, 'telegram', CAST(i AS TEXT), 'Anna', FALSE FROM n WHERE :now = :now
    """,
    f"""
    INSERT INTO rounds (
        room_id, player_id, message, part, arrived, answered, label, confidence, unfamiliar, sure,
        probabilities, prints, truth, told
    ) {NUMBERS.format(":rounds")}
    SELECT
        i / {OF_A_ROOM} + 1, i / {OF_A_ROOM} + 1, CAST(i AS TEXT), '', :now, :now, 'olaf', 0.93,
        FALSE, TRUE, '{{"olaf": 0.9, "abominable": 0.07, "neither": 0.03}}',
        '[' || abs(random()) || ',' || abs(random()) || ']',
        iif(i % 3, 'olaf', 'abominable'), :now
    FROM n
    """,
)


async def run() -> list[dict[str, float]]:
    """Measure with few rounds, with many, with very many; return a row for each."""
    return [await _measured(number) for number in ROUNDS]


async def _measured(number: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "snowpeople.db"
        await _fill(f"sqlite:///{file}", number)
        began = perf_counter()
        async with Store.open(f"sqlite:///{file}") as store:
            opening = perf_counter() - began
            chance = Random(number)
            at = NOW + timedelta(minutes=1)

            async def a_photo() -> None:
                room, player = _somebody(chance.randrange(number // OF_A_ROOM))
                id_ = await store.rounds.open(photo(None, room=room, player=player), at)
                assert id_ is not None
                prints = chance.getrandbits(BITS), chance.getrandbits(BITS)
                await store.rounds.note_verdict(id_, OLAF, Fingerprint(prints, prints))
                await store.rounds.mark_sending([id_], at)
                await store.rounds.mark_answered([id_], at, answer="1")

            async def a_board() -> None:
                room, _ = _somebody(chance.randrange(number // OF_A_ROOM))
                await store.seasons.season(room, at.date().replace(day=1), UTC, at)

            return {
                "rounds": number,
                "rooms": number // OF_A_ROOM,
                "megabytes": file.stat().st_size / 1024**2,
                "opening_ms": 1000 * opening,
                "photo_ms": await _median(a_photo),
                "board_ms": await _median(a_board),
                "podiums_due_ms": await _median(
                    lambda: store.seasons.podiums_due(at.date().replace(day=1)), 5
                ),
            }


async def _median(do: Callable[[], Awaitable[object]], turns: int = TURNS) -> float:
    spent = []
    for _ in range(turns):
        began = perf_counter()
        await do()
        spent.append(1000 * (perf_counter() - began))
    return statistics.median(spent)


def _somebody(number: int) -> tuple[Room, Player]:
    return Room("telegram", str(number)), Player(str(number), "Anna")


async def _fill(url: str, number: int) -> None:
    """Fill a database with rounds of this month, of so many rooms as have a hundred each."""

    def fill(connection: Connection) -> None:
        for statement in FILLING:
            given = {"rooms": number // OF_A_ROOM, "rounds": number, "now": NOW}
            used = {name: its for name, its in given.items() if f":{name}" in statement}
            connection.execute(text(statement).bindparams(bindparam("now", type_=Moment)), used)

    async with open_database(url) as database:
        await database.write(fill)

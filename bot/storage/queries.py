"""What every part of the store asks of the tables: rooms, players, and rounds as the rules see them."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    Table,
    and_,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import Label, Player, Room, Verdict
from bot.game.rules import Guess, Objection, PlayerId, Round, Truth, is_right_guess
from bot.game.scoring import RightGuess
from bot.storage.schema import guesses, guessings, objections, players, rooms, rounds

# As long as a leaderboard can show and a database should hold.
NAME_LENGTH = 64

# Where the room of a row is now.
home: ColumnElement[int] = func.coalesce(rooms.c.now_at, rooms.c.id)
here_ = rooms.alias("here")


async def find_room(connection: AsyncConnection, room: Room) -> tuple[int, int] | None:
    """Return the row of the room's id and the row where the room is now."""
    this = rooms.c.platform == room.platform, rooms.c.chat == room.id
    row = (await connection.execute(select(rooms.c.id, home).where(*this))).first()
    return (row[0], row[1]) if row else None


async def settle_room(
    connection: AsyncConnection, room: Room, now: datetime | None = None
) -> tuple[int, int]:
    """Find a room, or make it; with `now`, note that something happens there."""
    if (found := await find_room(connection, room)) is None:
        values = {"platform": room.platform, "chat": room.id, "private": room.private, "seen": now}
        there = await add(connection, rooms, values)
        return there, there
    if now is not None:
        await connection.execute(update(rooms).where(rooms.c.id == found[1]).values(seen=now))
    return found


async def find_player(connection: AsyncConnection, platform: str, identity: str) -> int | None:
    """Return the row of a player."""
    this = players.c.platform == platform, players.c.identity == identity
    found: int | None = (await connection.execute(select(players.c.id).where(*this))).scalar()
    return found


async def settle_player(connection: AsyncConnection, platform: str, player: Player) -> int:
    """Find a player, or make one, with the name as it is now."""
    known: dict[str, Any] = {"name": player.name[:NAME_LENGTH] or None, "shared": player.shared}
    if (id_ := await find_player(connection, platform, player.id)) is None:
        return await add(
            connection, players, {"platform": platform, "identity": player.id, **known}
        )
    await connection.execute(update(players).where(players.c.id == id_).values(known))
    return id_


async def add(connection: AsyncConnection, table: Table, values: dict[str, Any]) -> int:
    """Insert a row and return its id."""
    made = await connection.execute(insert(table).values(values).returning(table.c.id))
    id_: int = made.scalar_one()
    return id_


Condition = ColumnElement[bool]
Bounds = tuple[datetime, datetime]


def within(moment: ColumnElement[Any], bounds: Bounds) -> Condition:
    """Return the condition that a moment is in a season, or in a day."""
    begin, end = bounds
    return and_(moment >= begin, moment < end)


async def load_rounds(connection: AsyncConnection, *which: Condition) -> list[Round]:
    """Return those rounds that have a verdict and were not taken out of the game."""
    these = (rounds.c.label.is_not(None), rounds.c.reset.is_(False), *which)
    objected = await connection.execute(_of_rounds(select(objections), objections).where(*these))
    against: defaultdict[int, list[Objection]] = defaultdict(list)
    for row in objected:
        against[row.round_id].append(Objection(row.player_id, row.at))
    found = await connection.execute(
        select(rounds, players.c.shared)
        .join(rooms, rooms.c.id == rounds.c.room_id)
        .join(players, players.c.id == rounds.c.player_id)
        .where(*these)
    )
    return [_round_of(row, tuple(against[row["id"]])) for row in found.mappings()]


async def load_round(connection: AsyncConnection, round_id: int) -> Round | None:
    """Return a round, if it has a verdict and was not taken out of the game."""
    return next(iter(await load_rounds(connection, rounds.c.id == round_id)), None)


async def load_guesses(connection: AsyncConnection, round_id: int) -> tuple[Guess, ...]:
    """Return what was guessed about a round."""
    these = select(guesses).where(guesses.c.round_id == round_id).order_by(guesses.c.at)
    return tuple(map(_guess, (await connection.execute(these)).mappings()))


async def load_right_guesses(connection: AsyncConnection, *which: Condition) -> list[RightGuess]:
    """Return the right guesses, of those guessings that are over."""
    these = guessings.c.closed.is_not(None), *which
    ids = _of_rounds(select(guesses.c.round_id), guesses)
    ids = ids.join(guessings, guessings.c.round_id == rounds.c.id).where(*these)
    found = await load_rounds(connection, rounds.c.id.in_(ids))
    by_id = {round_.id: round_ for round_ in found}
    guessed = _of_rounds(select(guesses), guesses)
    guessed = guessed.join(guessings, guessings.c.round_id == rounds.c.id).where(*these)
    return [
        RightGuess(by_id[row["round_id"]], row["player_id"], row["at"])
        for row in (await connection.execute(guessed)).mappings()
        if row["round_id"] in by_id and is_right_guess(_guess(row), by_id[row["round_id"]].verdict)
    ]


async def present(connection: AsyncConnection, here: int, bounds: Bounds) -> set[PlayerId]:
    """Return who sent a photo or guessed in a room within that time, not in disguise."""
    sent = select(rounds.c.player_id).join(rooms, rooms.c.id == rounds.c.room_id)
    sent = sent.where(home == here, within(rounds.c.arrived, bounds))
    guessed = _of_rounds(select(guesses.c.player_id), guesses)
    guessed = guessed.where(home == here, within(guesses.c.at, bounds))
    there = or_(players.c.id.in_(sent), players.c.id.in_(guessed))
    who = select(players.c.id).where(there, players.c.shared.is_(False))
    return set((await connection.execute(who)).scalars())


def _of_rounds(query: Select[Any], table: Any) -> Select[Any]:
    """Join what belongs to rounds with these and their rooms."""
    query = query.join(rounds, rounds.c.id == table.c.round_id)
    return query.join(rooms, rooms.c.id == rounds.c.room_id)


def _guess(row: RowMapping) -> Guess:
    return Guess(row["player_id"], row["at"], Label(row["what"]))


def _round_of(row: RowMapping, against: tuple[Objection, ...]) -> Round:
    verdict = verdict_of(row)
    assert verdict is not None
    truth = None
    if row["truth"] is not None:
        truth = Truth(Label(row["truth"]), row["told_by"], row["told"])
    return Round(
        id=row["id"],
        player=row["player_id"],
        arrived=row["arrived"],
        verdict=verdict,
        shared_identity=row["shared"],
        played_before=row["played_before"],
        truth=truth,
        quorum=row["quorum"] or 2,
        objections=against,
    )


def room_of(row: RowMapping) -> Room:
    """Return where a row's room is now."""
    return Room(row["platform"], row["chat"], private=row["private"])


def verdict_of(row: RowMapping) -> Verdict | None:
    """Return what the bot said in a round."""
    if row["label"] is None:
        return None
    probabilities = {Label(label): share for label, share in row["probabilities"].items()}
    return Verdict(Label(row["label"]), row["confidence"], probabilities, row["unfamiliar"])

"""Rows of the game's tables as the rules see them."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import Label
from bot.game.rules import Guess, Objection, Truth, Round, Who, is_hit
from bot.game.scoring import Hit
from bot.storage.rounds import verdict_of
from bot.storage.rows import home
from bot.storage.schema import guesses, guessings, objections, players, rooms, rounds

Condition = ColumnElement[bool]
Bounds = tuple[datetime, datetime]


def within(moment: ColumnElement[Any], bounds: Bounds) -> Condition:
    """Say that a moment is in a season, or in a day."""
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


async def load_hits(connection: AsyncConnection, *which: Condition) -> list[Hit]:
    """Return the right guesses, of those guessings that are over."""
    these = guessings.c.closed.is_not(None), *which
    ids = _of_rounds(select(guesses.c.round_id), guesses)
    ids = ids.join(guessings, guessings.c.round_id == rounds.c.id).where(*these)
    rounds = {round_.id: round_ for round_ in await load_rounds(connection, rounds.c.id.in_(ids))}
    guessed = _of_rounds(select(guesses), guesses)
    guessed = guessed.join(guessings, guessings.c.round_id == rounds.c.id).where(*these)
    return [
        Hit(rounds[row["round_id"]], row["player_id"], row["at"])
        for row in (await connection.execute(guessed)).mappings()
        if row["round_id"] in rounds and is_hit(_guess(row), rounds[row["round_id"]].verdict)
    ]


async def present(connection: AsyncConnection, here: int, bounds: Bounds) -> set[Who]:
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
        disguised=row["shared"],
        played_before=row["played_before"],
        truth=truth,
        quorum=row["quorum"] or 2,
        objections=against,
    )

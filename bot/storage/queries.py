"""What several parts of the store ask of the tables: rooms, players, rounds of the game."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
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
from sqlalchemy.dialects import postgresql, sqlite

from bot.domain import AdminAction, Label, Player, Room, Verdict
from bot.game.rules import (
    Ballot,
    Fooling,
    Guess,
    PlayerId,
    Round,
    Truth,
    Vote,
    is_right_guess,
    worth,
)
from bot.game.scoring import RightGuess
from bot.storage.schema import (
    admin_actions,
    ballots,
    frozen_points,
    guesses,
    guessings,
    players,
    rooms,
    rounds,
    votes,
)

# As long as a leaderboard can show and a database should hold.
NAME_LENGTH = 64
# What the columns hold; RFC 5646 asks to be ready for tags of 35 characters.
LANGUAGE_LENGTH = 35

Condition = ColumnElement[bool]
Bounds = tuple[datetime, datetime]

# The row where the room of a row of `rooms` is now.
current_room_id: ColumnElement[int] = func.coalesce(rooms.c.moved_to, rooms.c.id)
# Where a room that leads to another one is no more. Elsewhere it only counts to that one, and is
# still where people are.
MOVING = frozenset({"telegram"})
# `rooms` once more, to be joined by `current_room_id`.
current_rooms = rooms.alias("current_rooms")
# What `room_of` reads.
ROOM = (
    current_rooms.c.platform,
    current_rooms.c.chat,
    current_rooms.c.private,
    current_rooms.c.server,
)


@dataclass(frozen=True, slots=True)
class RoomRow:
    """A room's rows.

    Attributes:
        id: The row of the id that was asked for.
        current_id: The row where the room is now; the same one unless it moved.
        server: The server that it is in, where that is noted.
    """

    id: int
    current_id: int
    server: str | None = None

    def where_people_are(self, room: Room) -> int:
        """Return the row of the place itself, not of the one that it counts to."""
        return self.current_id if room.platform in MOVING else self.id


@dataclass(frozen=True, slots=True)
class Place:
    """Where a round is.

    Attributes:
        row_id: The row of the room's id when the round began.
        current_id: The row where the room is now.
        room: The room as it is now.
        message: The id of the photo's message, if it had one.
    """

    row_id: int
    current_id: int
    room: Room
    message: str | None


def is_row_of(current_id: ColumnElement[int] | int) -> ColumnElement[bool]:
    """Select the rows of `rooms` that a room ever had, each by its own index.

    Args:
        current_id: The row where the room is now.
    """
    return or_(rooms.c.id == current_id, rooms.c.moved_to == current_id)


def find_room(connection: Connection, room: Room) -> RoomRow | None:
    """Return a room's rows, if it has any."""
    this = rooms.c.platform == room.platform, rooms.c.chat == room.id
    these = select(rooms.c.id, current_room_id, rooms.c.server).where(*this)
    row = connection.execute(these).first()
    return RoomRow(*row) if row else None


def find_or_add_room(connection: Connection, room: Room, now: datetime | None = None) -> RoomRow:
    """Return a room's rows, locked; make one if there is none.

    Args:
        connection: Of the transaction.
        room: The room.
        now: When something happens there, to be noted; None for nothing of the kind.
    """
    if (found := find_room(connection, room)) is None:
        values = {
            "platform": room.platform,
            "chat": room.id,
            "private": room.private,
            "server": room.server,
            "seen": now,
        }
        # Another process may be making it just now.
        new = insert_or(connection, rooms).values(values).on_conflict_do_nothing()
        connection.execute(new)
        found = find_room(connection, room)
        assert found is not None
    if now is not None:  # which locks it
        this = rooms.c.id == found.current_id
        connection.execute(update(rooms).where(this).values(seen=now))
    else:
        _lock(connection, rooms.c.id == found.current_id)
    if room.server is not None and found.server is None:  # it was stored before servers were
        both = rooms.c.id.in_((found.id, found.current_id))
        connection.execute(update(rooms).where(both).values(server=room.server))
    return found


def lock_room(connection: Connection, room: Room) -> RoomRow | None:
    """Return a room's rows, if it has any, locked until the transaction ends."""
    if (found := find_room(connection, room)) is not None:
        _lock(connection, rooms.c.id == found.current_id)
    return found


def lock_round(connection: Connection, round_id: int) -> None:
    """Lock the room of a round until the transaction ends."""
    sent_to = rooms.alias()
    its = select(func.coalesce(sent_to.c.moved_to, sent_to.c.id)).where(
        sent_to.c.id == rounds.c.room_id, rounds.c.id == round_id
    )
    _lock(connection, rooms.c.id == its.scalar_subquery())


def _lock(connection: Connection, this: ColumnElement[bool]) -> None:
    """Lock a room's row against others that change something in the room; SQLite has one writer."""
    if connection.dialect.name == "postgresql":
        # Whoever only refers to the row, as each new round does, need not wait.
        connection.execute(select(rooms.c.id).where(this).with_for_update(key_share=True))


def find_player(connection: Connection, platform: str, identity: str) -> PlayerId | None:
    """Return the row of a player, if there is one."""
    this = players.c.platform == platform, players.c.identity == identity
    found: PlayerId | None = connection.execute(select(players.c.id).where(*this)).scalar()
    return found


def find_or_add_player(connection: Connection, platform: str, player: Player) -> PlayerId:
    """Return the row of a player, made if there is none, with the name as it is now."""
    known: dict[str, object] = {"name": player.name[:NAME_LENGTH] or None, "shared": player.shared}
    this = players.c.platform == platform, players.c.identity == player.id
    found = connection.execute(select(players).where(*this)).mappings().first()
    if found is None:
        # The same person may be writing in another room just now.
        new = insert_or(connection, players).on_conflict_do_update(
            index_elements=["platform", "identity"], set_=known
        )
        new = new.values(platform=platform, identity=player.id, **known)
        id_: PlayerId = connection.execute(new.returning(players.c.id)).scalar_one()
        return id_
    if any(found[name] != value for name, value in known.items()):
        this_one = players.c.id == found["id"]
        connection.execute(update(players).where(this_one).values(known))
    return int(found["id"])


def add_action(
    connection: Connection,
    room_id: int,
    player_id: PlayerId,
    action: AdminAction,
    now: datetime,
) -> None:
    """Log what an admin did."""
    values = {"room_id": room_id, "player_id": player_id, "action": action, "at": now}
    insert_row(connection, admin_actions, values)


def insert_row(connection: Connection, table: Table, values: Mapping[str, object]) -> int:
    """Insert a row and return its id."""
    inserted = connection.execute(insert(table).values(values).returning(table.c.id))
    id_: int = inserted.scalar_one()
    return id_


def insert_or(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT that may say what is done where there is such a row already."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def within(moment: ColumnElement[Any], bounds: Bounds) -> Condition:
    """Return the condition that a moment is in a season, or in a day."""
    begin, end = bounds
    return and_(moment >= begin, moment < end)


def load_rounds(connection: Connection, *conditions: Condition) -> list[Round]:
    """Return the rounds that have a verdict and were not taken out of the game."""
    found = _load_rounds(connection, *conditions)
    ids = {id_ for _, id_ in found if id_ is not None}
    foolings = _load_foolings(connection, ids) if ids else {}
    return [
        round_ if id_ is None else replace(round_, reminds_of=foolings.get(id_))
        for round_, id_ in found
    ]


def _load_foolings(connection: Connection, ids: set[int]) -> dict[int, Fooling]:
    """Return those of some rounds that are foolings at the moment."""
    return {
        round_.id: Fooling(round_.player, round_.arrived, worth(round_))
        for round_, _ in _load_rounds(connection, rounds.c.id.in_(ids))
        if round_.is_fooled and not round_.is_void
    }


def _load_rounds(connection: Connection, *conditions: Condition) -> list[tuple[Round, int | None]]:
    """Return rounds, each with the id of the one that it reminds of."""
    these = (rounds.c.label.is_not(None), rounds.c.reset_at.is_(None), *conditions)
    opened = connection.execute(_join_rounds(select(votes), votes).where(*these)).all()
    ballots_of: defaultdict[int, list[Ballot]] = defaultdict(list)
    if opened:
        cast = _join_rounds(select(ballots), ballots).where(*these)
        cast = cast.order_by(ballots.c.at, ballots.c.player_id)
        for row in connection.execute(cast):
            ballots_of[row.round_id].append(Ballot(row.player_id, Label(row.label), row.at))
    votes_of = {
        row.round_id: Vote(
            row.opened_by, row.opened, row.until, tuple(ballots_of[row.round_id]), row.closed
        )
        for row in opened
    }
    found = connection.execute(
        select(rounds, players.c.shared)
        .join(rooms, rooms.c.id == rounds.c.room_id)
        .join(players, players.c.id == rounds.c.player_id)
        .where(*these)
    )
    return [
        (_round_of(row, votes_of.get(row["id"])), row["reminds_of"]) for row in found.mappings()
    ]


def load_round(connection: Connection, round_id: int) -> Round | None:
    """Return a round, if it has a verdict and was not taken out of the game."""
    return next(iter(load_rounds(connection, rounds.c.id == round_id)), None)


def load_guesses(connection: Connection, round_id: int) -> tuple[Guess, ...]:
    """Return what was guessed about a round, the first guess first."""
    these = select(guesses).where(guesses.c.round_id == round_id)
    these = these.order_by(guesses.c.at, guesses.c.player_id)
    return tuple(map(_guess_of, connection.execute(these).mappings()))


def load_right_guesses(connection: Connection, *conditions: Condition) -> list[RightGuess]:
    """Return the right guesses, of those guessings that are over, but those taken out."""
    over = guessings.c.closed.is_not(None), guesses.c.reset_at.is_(None), *conditions

    def guessed(query: Select[Any]) -> Select[Any]:
        query = _join_rounds(query, guesses)
        return query.join(guessings, guessings.c.round_id == rounds.c.id).where(*over)

    found = load_rounds(connection, rounds.c.id.in_(guessed(select(guesses.c.round_id))))
    by_id = {round_.id: round_ for round_ in found}
    return [
        RightGuess(by_id[row["round_id"]], row["player_id"], row["at"])
        for row in connection.execute(guessed(select(guesses))).mappings()
        if row["round_id"] in by_id
        and is_right_guess(_guess_of(row), by_id[row["round_id"]].verdict)
    ]


def load_last_frozen(connection: Connection, current_id: int) -> date | None:
    """Return a room's last season from before today's rules, if it has one.

    Args:
        connection: Of the transaction.
        current_id: The row where the room is now.
    """
    return load_frozen_months(connection, is_row_of(current_id)).get(current_id)


def load_frozen_months(connection: Connection, *conditions: Condition) -> Mapping[int, date]:
    """Return the last season from before today's rules of each room that has one."""
    found = connection.execute(
        select(current_room_id, func.max(frozen_points.c.season))
        .join(frozen_points, frozen_points.c.room_id == rooms.c.id)
        .where(*conditions)
        .group_by(current_room_id)
    )
    return {row[0]: row[1] for row in found}


def load_active_players(connection: Connection, current_id: int, bounds: Bounds) -> set[PlayerId]:
    """Return who sent a photo, guessed or voted in a room within that time.

    Without shared identities, and without those who are forgotten.

    Args:
        connection: Of the transaction.
        current_id: The row where the room is now.
        bounds: From when, until before when.
    """
    here = is_row_of(current_id)
    sent = select(rounds.c.player_id).join(rooms, rooms.c.id == rounds.c.room_id)
    sent = sent.where(here, within(rounds.c.arrived, bounds))
    guessed = _join_rounds(select(guesses.c.player_id), guesses)
    guessed = guessed.where(here, within(guesses.c.at, bounds))
    voted = _join_rounds(select(ballots.c.player_id), ballots)
    voted = voted.where(here, within(ballots.c.at, bounds))
    active = or_(*(players.c.id.in_(played) for played in (sent, guessed, voted)))
    found = select(players.c.id).where(
        active, players.c.shared.is_(False), players.c.identity.is_not(None)
    )
    return set(connection.execute(found).scalars())


def load_place(connection: Connection, round_id: int) -> Place:
    """Return where a stored round is."""
    found = connection.execute(
        select(
            rounds.c.room_id,
            rounds.c.message,
            current_rooms.c.id.label("current_id"),
            *ROOM,
        )
        .join(rooms, rooms.c.id == rounds.c.room_id)
        .join(current_rooms, current_rooms.c.id == current_room_id)
        .where(rounds.c.id == round_id)
    )
    row = found.mappings().one()
    return Place(row["room_id"], row["current_id"], room_of(row), row["message"])


def note_activity(connection: Connection, round_id: int, now: datetime) -> Place:
    """Note that something happens in a round's room; return its place."""
    place = load_place(connection, round_id)
    this = rooms.c.id == place.current_id
    connection.execute(update(rooms).where(this).values(seen=now))
    return place


def load_playing(
    connection: Connection, place: Place, now: datetime, during: timedelta
) -> set[PlayerId]:
    """Return who has played in a room for so long a time before now."""
    lately = now - during, now + timedelta(microseconds=1)
    return load_active_players(connection, place.current_id, lately)


def load_round_and_playing(
    connection: Connection, round_id: int, now: datetime, during: timedelta
) -> tuple[Round, set[PlayerId]] | None:
    """Return a round, and who has played in its room for so long; None if it is not stored."""
    if (round_ := load_round(connection, round_id)) is None:
        return None
    place = load_place(connection, round_id)
    return round_, load_playing(connection, place, now, during)


def room_of(row: RowMapping) -> Room:
    """Return where a row's room is now."""
    return Room(row["platform"], row["chat"], private=row["private"], server=row["server"])


def verdict_of(row: RowMapping) -> Verdict | None:
    """Return the verdict of a row of `rounds`, if it has one."""
    if row["label"] is None:
        return None
    probabilities = {Label(label): share for label, share in row["probabilities"].items()}
    return Verdict(
        label=Label(row["label"]),
        confidence=row["confidence"],
        probabilities=probabilities,
        unfamiliar=row["unfamiliar"],
        sure=row["sure"],
    )


def _join_rounds(query: Select[Any], table: Table) -> Select[Any]:
    """Join what belongs to rounds with these and their rooms."""
    query = query.join(rounds, rounds.c.id == table.c.round_id)
    return query.join(rooms, rooms.c.id == rounds.c.room_id)


def _guess_of(row: RowMapping) -> Guess:
    return Guess(row["player_id"], row["at"], Label(row["what"]))


def _round_of(row: RowMapping, vote: Vote | None) -> Round:
    verdict = verdict_of(row)
    assert verdict is not None  # `load_rounds` leaves out those without
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
        made=row["made"],
        truth=truth,
        confirmed=row["confirmed"],
        vote=vote,
        is_void=row["is_void"],
    )

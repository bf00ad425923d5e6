"""What is stored of a room's seasons: rounds and guesses, podiums, an admin's reset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import NamedTuple

from sqlalchemy import Connection, delete, exists, func, or_, select, update

from bot.domain import AdminAction, Player, Room
from bot.game.rules import TRUTH_WITHIN, PlayerId
from bot.game.seasons import BOT, NamedPlayer, Season, month_of, zone_of
from bot.game.seasons import bounds as bounds_of
from bot.storage.database import (
    Database,
    read_transaction,
    repeatable_transaction,
    write_transaction,
)
from bot.storage.queries import (
    Bounds,
    Condition,
    add_action,
    current_room_id,
    current_rooms,
    find_or_add_player,
    find_or_add_room,
    find_room,
    insert_or,
    is_row_of,
    load_last_frozen,
    load_right_guesses,
    load_rounds,
    lock_room,
    room_of,
    within,
)
from bot.storage.schema import (
    ballots,
    coming_podiums,
    frozen_points,
    guesses,
    guessings,
    players,
    podiums,
    rooms,
    rounds,
)

# So long an admin can undo a reset.
UNDO_RESET_WITHIN = timedelta(days=1)
# Rooms whose podium is due are looked at so many at a time.
DUE_AT_ONCE = 500


class DuePodium(NamedTuple):
    """A room that may have to be shown a podium.

    Attributes:
        number: Tells it from the others.
        room: The room.
        zone: The room's time zone.
    """

    number: int
    room: Room
    zone: tzinfo


class SeasonStore:
    """Stores who played when. A season is named by its month's first day, in the room's zone."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @read_transaction
    def season(
        self, connection: Connection, room: Room, month: date, zone: tzinfo, now: datetime
    ) -> Season:
        """Return a season of a room; an empty one of a room that is unknown.

        Args:
            room: Whose season.
            month: Its first day.
            zone: The room's time zone.
            now: For what is pending.
        """
        if (found := find_room(connection, room)) is None:
            return Season(room, month, zone, now, (), (), {})
        last_frozen = load_last_frozen(connection, found.current_id)
        bounds = bounds_of(month, zone, last_frozen)
        season = replace(_load_span(connection, room, bounds, zone, now), month=month)
        if last_frozen is None or month > last_frozen:
            return season
        frozen = _load_frozen(connection, found.current_id, month)
        if frozen is None:
            return season
        named = _load_named(connection, set(season.players) | set(frozen))
        return replace(season, players=named, frozen=frozen)

    @read_transaction
    def span(
        self,
        connection: Connection,
        room: Room,
        begin: datetime,
        end: datetime,
        zone: tzinfo,
        now: datetime,
    ) -> Season:
        """Return what a room did in any time, by today's rules.

        Args:
            room: Whose season.
            begin: When the time begins; its day is the season's name.
            end: Until before when.
            zone: The room's time zone.
            now: For what is pending.
        """
        return _load_span(connection, room, (begin, end), zone, now)

    @read_transaction
    def months(self, connection: Connection, room: Room, zone: tzinfo) -> list[date]:
        """Return the room's seasons that have a round with a truth, the latest first."""
        if (found := find_room(connection, room)) is None:
            return []
        of_room = is_row_of(found.current_id)
        told = connection.execute(
            select(rounds.c.arrived)
            .join(rooms, rooms.c.id == rounds.c.room_id)
            .where(of_room, rounds.c.told.is_not(None), rounds.c.reset_at.is_(None))
        )
        frozen = connection.execute(
            select(frozen_points.c.season)
            .join(rooms, rooms.c.id == frozen_points.c.room_id)
            .where(of_room, frozen_points.c.points > 0)
        )
        last_frozen = load_last_frozen(connection, found.current_id)
        played = {month_of(at, zone, last_frozen) for at in told.scalars()}
        played |= set(frozen.scalars())
        return sorted(played, reverse=True)

    @read_transaction
    def joined(self, connection: Connection, room: Room) -> Mapping[PlayerId, int]:
        """Return the number of each player in the order of joining a room, from 0.

        Somebody joins by a photo, a guess or a vote.
        """
        if (found := find_room(connection, room)) is None:
            return {}
        voted = ballots.c.round_id.in_(select(rounds.c.id).where(_rounds_of(found.current_id)))
        first: dict[PlayerId, datetime] = {}
        for who, at, of_room in (
            (rounds.c.player_id, rounds.c.arrived, _rounds_of(found.current_id)),
            (guesses.c.player_id, guesses.c.at, _guesses_of(found.current_id)),
            (ballots.c.player_id, ballots.c.at, voted),
        ):
            earliest = select(who, func.min(at)).where(of_room).group_by(who)
            for player, when in connection.execute(earliest):
                first[player] = min(when, first.get(player, when))
        in_order = sorted(first, key=lambda player: (first[player], player))
        return {player: number for number, player in enumerate(in_order)}

    @write_transaction
    def reset(
        self, connection: Connection, room: Room, player: Player, now: datetime, zone: tzinfo
    ) -> None:
        """Take the present season's rounds and guesses out of the game, and log who did that.

        A photo whose truth its sender may still tell stays in the game.

        Args:
            room: Whose season.
            player: The admin.
            now: When.
            zone: The room's time zone.
        """
        found = find_or_add_room(connection, room, now)
        last_frozen = load_last_frozen(connection, found.current_id)
        bounds = bounds_of(month_of(now, zone, last_frozen), zone, last_frozen)
        admin = find_or_add_player(connection, room.platform, player)
        over = or_(rounds.c.told.is_not(None), rounds.c.arrived < now - TRUTH_WITHIN)
        played = within(rounds.c.arrived, bounds), rounds.c.label.is_not(None), over
        closed = select(guessings.c.round_id).where(guessings.c.closed.is_not(None))
        guessed = within(guesses.c.at, bounds), guesses.c.round_id.in_(closed)
        for table, these in (
            (rounds, (_rounds_of(found.current_id), *played)),
            (guesses, (_guesses_of(found.current_id), *guessed)),
        ):
            these = (*these, table.c.reset_at.is_(None))
            connection.execute(update(table).where(*these).values(reset_at=now))
        add_action(connection, found.id, admin, AdminAction.RESET, now)

    @write_transaction
    def undo_reset(self, connection: Connection, room: Room, player: Player, now: datetime) -> bool:
        """Put back what the last reset of the last day took out of the game, and log who did that.

        Args:
            room: Whose season.
            player: The admin.
            now: When.

        Returns:
            Whether there was anything to put back.
        """
        if (found := lock_room(connection, room)) is None:
            return False
        tables = (rounds, _rounds_of(found.current_id)), (guesses, _guesses_of(found.current_id))
        resets = [
            connection.execute(select(func.max(table.c.reset_at)).where(of_room)).scalar()
            for table, of_room in tables
        ]
        last = max((at for at in resets if at is not None), default=None)
        if last is None or now - last > UNDO_RESET_WITHIN:
            return False
        for table, of_room in tables:
            these = of_room, table.c.reset_at == last
            connection.execute(update(table).where(*these).values(reset_at=None))
        admin = find_or_add_player(connection, room.platform, player)
        add_action(connection, found.id, admin, AdminAction.UNDO, now)
        return True

    @read_transaction
    def podiums_due(
        self, connection: Connection, month: date, zone: tzinfo = UTC, after: int = 0
    ) -> list[DuePodium]:
        """Return rooms that may have played in a season and were not shown its podium.

        By their own zone some have played in the month beside it alone. A room that moved may be
        there twice.

        Args:
            month: The season.
            zone: Of the rooms that chose none.
            after: The last number of those that were returned before; there are some at a time.
        """
        seen = rooms.alias("seen")
        its = or_(seen.c.id == current_rooms.c.id, seen.c.moved_to == current_rooms.c.id)
        shown = exists().where(podiums.c.season == month, podiums.c.room_id == seen.c.id, its)
        found = connection.execute(
            select(coming_podiums.c.room_id.label("number"), current_rooms)
            .select_from(coming_podiums)
            .join(rooms, rooms.c.id == coming_podiums.c.room_id)
            .join(current_rooms, current_rooms.c.id == current_room_id)
            .where(coming_podiums.c.season == month, coming_podiums.c.room_id > after, ~shown)
            .order_by(coming_podiums.c.room_id)
            .limit(DUE_AT_ONCE)
        )
        return [
            DuePodium(row["number"], room_of(row), zone_of(row["timezone"], zone))
            for row in found.mappings()
        ]

    @repeatable_transaction
    def mark_podium_shown(self, connection: Connection, room: Room, month: date) -> None:
        """Note that a room was shown a season's podium, or that there is none to show."""
        found = find_or_add_room(connection, room)
        shown = insert_or(connection, podiums).values(room_id=found.id, season=month)
        connection.execute(shown.on_conflict_do_nothing())
        rows = select(rooms.c.id).where(is_row_of(found.current_id))
        these = coming_podiums.c.season == month, coming_podiums.c.room_id.in_(rows)
        connection.execute(delete(coming_podiums).where(*these))


def _load_span(
    connection: Connection, room: Room, bounds: Bounds, zone: tzinfo, now: datetime
) -> Season:
    """Return what a room did in some time, as if nothing of it was frozen."""
    begin = bounds[0].astimezone(zone).date()
    if (found := find_room(connection, room)) is None:
        return Season(room, begin, zone, now, (), (), {})
    of_room = is_row_of(found.current_id)
    played = load_rounds(connection, of_room, within(rounds.c.arrived, bounds))
    right_guesses = load_right_guesses(connection, of_room, within(guesses.c.at, bounds))
    took_part = {round_.player for round_ in played} | {guess.by for guess in right_guesses}
    named = _load_named(connection, took_part)
    return Season(room, begin, zone, now, played, right_guesses, named)


def _load_named(connection: Connection, took_part: set[PlayerId]) -> Mapping[PlayerId, NamedPlayer]:
    """Return the names of players; those who are forgotten have none."""
    rows = connection.execute(
        select(players).where(players.c.id.in_(took_part), players.c.identity.is_not(None))
    )
    return {row.id: NamedPlayer(row.name or "", row.identity) for row in rows}


def _load_frozen(
    connection: Connection, current_id: int, month: date
) -> Mapping[PlayerId, int] | None:
    """Return the points of a season that was over before today's rules; None for any other."""
    rows = connection.execute(
        select(frozen_points.c.player_id, frozen_points.c.points)
        .join(rooms, rooms.c.id == frozen_points.c.room_id)
        .where(is_row_of(current_id), frozen_points.c.season == month)
    )
    points: Counter[PlayerId] = Counter()
    is_frozen = False
    for row in rows:  # of two rooms, where one moved into the other
        is_frozen = True
        points[BOT if row.player_id is None else row.player_id] += row.points
    return {who: total for who, total in points.items() if total} if is_frozen else None


def _rounds_of(current_id: int) -> Condition:
    """Return the condition that a round is of a room."""
    return rounds.c.room_id.in_(select(rooms.c.id).where(is_row_of(current_id)))


def _guesses_of(current_id: int) -> Condition:
    """Return the condition that a guess is of a room."""
    return guesses.c.round_id.in_(select(rounds.c.id).where(_rounds_of(current_id)))

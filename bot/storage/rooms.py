"""What is stored of rooms: settings, the greeting, moves, what their admins did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from datetime import date, datetime, timedelta, tzinfo

from sqlalchemy import ColumnElement, Connection, Table, func, null, or_, select, update

from bot.domain import (
    AdminAction,
    Hello,
    LoggedAction,
    Player,
    Room,
    RoomSettings,
    initial_settings,
)
from bot.storage.database import (
    Database,
    lone_transaction,
    read_transaction,
    repeatable_transaction,
    write_transaction,
)
from bot.storage.queries import (
    LANGUAGE_LENGTH,
    MOVING,
    add_action,
    current_room_id,
    current_rooms,
    find_or_add_player,
    find_or_add_room,
    find_room,
    is_row_of,
    room_of,
)
from bot.storage.schema import admin_actions, features, metadata, players, rooms, rounds

SETTINGS = tuple(field.name for field in fields(RoomSettings))
# What is not of the room to which a room counts, but of each by itself.
ITS_OWN = ("every_photo",)
# A screenful.
ACTIONS_SHOWN = 20


class RoomStore:
    """Stores rooms. A room that moved is known by each id that it ever had."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @read_transaction
    def settings(self, connection: Connection, room: Room) -> RoomSettings:
        """Return what a room's admins chose, and the defaults for the rest."""
        return _load_settings(connection, room)

    @write_transaction
    def change_settings(
        self,
        connection: Connection,
        room: Room,
        chosen: RoomSettings,
        *,
        before: RoomSettings | None = None,
    ) -> None:
        """Store what a room's admins chose.

        What nobody ever changed stays unset: when the room moves into one that is used already,
        that one's choice counts.

        Args:
            room: The room.
            chosen: All of its settings.
            before: What they were when the admin chose: only what differs from that is stored, so
                that of two admins at once both get their way. None for what they are now.
        """
        before = before or _load_settings(connection, room)
        changes = {
            name: value for name, value in asdict(chosen).items() if value != getattr(before, name)
        }
        found = find_or_add_room(connection, room)
        own = {name: changes.pop(name) for name in ITS_OWN if name in changes}
        for id_, values in ((found.where_people_are(room), own), (found.current_id, changes)):
            if values:
                connection.execute(update(rooms).where(rooms.c.id == id_).values(values))

    @repeatable_transaction
    def add(self, connection: Connection, room: Room, now: datetime) -> None:
        """Store a room of which more is going to be known."""
        find_or_add_room(connection, room, now)

    @read_transaction
    def existing(self, connection: Connection, platform: str) -> list[str]:
        """Return the ids of a platform's rooms."""
        found = connection.execute(select(rooms.c.chat).where(rooms.c.platform == platform))
        return list(found.scalars())

    @read_transaction
    def daily_rooms(self, connection: Connection) -> list[Room]:
        """Return the rooms that want the day's challenge posted."""
        wanted = rooms.c.moved_to.is_(None), rooms.c.daily.is_not(None)
        found = connection.execute(select(rooms).where(*wanted).order_by(rooms.c.id))
        return [room_of(row) for row in found.mappings()]

    @read_transaction
    def private_rooms(self, connection: Connection, platform: str, most: int) -> list[Room]:
        """Return a platform's private chats, those in which something happened last first."""
        found = connection.execute(
            select(rooms)
            .where(rooms.c.platform == platform, rooms.c.private, rooms.c.seen.is_not(None))
            .order_by(rooms.c.seen.desc())
            .limit(most)
        )
        return [room_of(row) for row in found.mappings()]

    @read_transaction
    def played_days(self, connection: Connection, room: Room, zone: tzinfo, now: datetime) -> int:
        """Return on how many days in a row up to today somebody sent a photo.

        Today breaks no row: until a photo comes, the row is that up to yesterday.

        Args:
            room: The room.
            zone: Its time zone.
            now: For what is today.
        """
        if (found := find_room(connection, room)) is None:
            return 0
        sent = connection.execute(
            select(rounds.c.arrived)
            .join(rooms, rooms.c.id == rounds.c.room_id)
            .where(is_row_of(found.current_id), rounds.c.label.is_not(None))
        )
        played = {at.astimezone(zone).date() for at in sent.scalars()}
        today = now.astimezone(zone).date()
        day = today if today in played else today - timedelta(days=1)
        streak = 0
        while day in played:
            streak += 1
            day -= timedelta(days=1)
        return streak

    @write_transaction
    def mark_greeted(
        self, connection: Connection, room: Room, now: datetime, hello: Hello | None = None
    ) -> bool:
        """Note that a room is greeted. Return whether it had not been.

        Args:
            room: The room.
            now: When.
            hello: What is said there, to be stored until `mark_hello_said`.
        """
        found = find_or_add_room(connection, room, now)
        first = rooms.c.id == found.current_id, rooms.c.greeted.is_(None)
        values = {"greeted": now, "hello": None if hello is None else asdict(hello)}
        return connection.execute(update(rooms).where(*first).values(values)).rowcount == 1

    @write_transaction
    def mark_hello_said(self, connection: Connection, room: Room, since: datetime) -> None:
        """Note that a room has heard its hello; not that of another invitation.

        Args:
            room: The room.
            since: Since when it was to hear it.
        """
        if (found := find_room(connection, room)) is not None:
            this = rooms.c.id == found.current_id, rooms.c.greeted == since
            connection.execute(update(rooms).where(*this).values(hello=null()))

    @read_transaction
    def unsaid_hellos(self, connection: Connection) -> dict[Room, tuple[datetime, Hello]]:
        """Return the rooms that have not heard their hello, each with since when, and what."""
        unsaid = rooms.c.hello.is_not(None), rooms.c.moved_to.is_(None)
        found = connection.execute(select(rooms).where(*unsaid).order_by(rooms.c.id))
        return {room_of(row): (row["greeted"], Hello(**row["hello"])) for row in found.mappings()}

    @repeatable_transaction
    def mark_left(self, connection: Connection, room: Room) -> None:
        """Let the next greeting of a room be a first one again."""
        if (found := find_room(connection, room)) is not None:
            this = rooms.c.id == found.current_id
            connection.execute(update(rooms).where(this).values(greeted=None, hello=null()))

    @lone_transaction
    def move(self, connection: Connection, old: Room, new: Room) -> None:
        """Move everything of a room to its new id; what the new one has already, it keeps."""
        if (found := find_room(connection, old)) is None:
            return
        before = found.current_id
        after = find_or_add_room(connection, new).current_id
        if before == after:
            return
        _merge(connection, before, after, ("seen", "greeted", "hello", "spoken", *SETTINGS))

    @read_transaction
    def present(self, connection: Connection, room: Room) -> Room:
        """Return what a room is known by now, or the room to which it counts."""
        if (found := find_room(connection, room)) is None:
            return room
        this = select(rooms).where(rooms.c.id == found.current_id)
        return room_of(connection.execute(this).mappings().one())

    @lone_transaction
    def join(self, connection: Connection, room: Room, board: Room) -> None:
        """Have all of a room count to another one, and what happens there from now on."""
        before = find_or_add_room(connection, room).current_id
        after = find_or_add_room(connection, board).current_id
        if before != after:
            # Whether the bot answers every photo is each channel's own affair.
            _merge(connection, before, after, ("seen", "spoken"))

    @lone_transaction
    def part(self, connection: Connection, board: Room) -> None:
        """Have all rooms that count to another one count for themselves again."""
        if (found := find_room(connection, board)) is not None:
            joined = rooms.c.moved_to == found.current_id
            connection.execute(update(rooms).where(joined).values(moved_to=None))

    @write_transaction
    def log_action(
        self,
        connection: Connection,
        room: Room,
        player: Player,
        action: AdminAction,
        now: datetime,
    ) -> None:
        """Log what an admin did."""
        found = find_or_add_room(connection, room, now)
        player_id = find_or_add_player(connection, room.platform, player)
        add_action(connection, found.id, player_id, action, now)

    @read_transaction
    def actions(self, connection: Connection, room: Room) -> list[LoggedAction]:
        """Return what admins did in a room lately, the latest first."""
        if (found := find_room(connection, room)) is None:
            return []
        rows = connection.execute(
            select(admin_actions.c.at, players.c.name, admin_actions.c.action.label("action"))
            .join(rooms, rooms.c.id == admin_actions.c.room_id)
            .join(players, players.c.id == admin_actions.c.player_id)
            .where(is_row_of(found.current_id))
            .order_by(admin_actions.c.at.desc(), admin_actions.c.id.desc())
            .limit(ACTIONS_SHOWN)
        )
        return [LoggedAction(row.at, row.name or "", AdminAction(row.action)) for row in rows]

    @read_transaction
    def known(self, connection: Connection) -> list[tuple[Room, int]]:
        """Return all rooms where they are now, and how many photos each has had."""
        number = func.count(rounds.c.id)
        had = rooms.alias("had")
        found = connection.execute(
            select(rooms, number.label("photos"))
            .join(had, func.coalesce(had.c.moved_to, had.c.id) == rooms.c.id)
            .outerjoin(rounds, rounds.c.room_id == had.c.id)
            .where(rooms.c.moved_to.is_(None))
            .group_by(rooms.c.id)
            .order_by(rooms.c.platform, number.desc())
        )
        return [(room_of(row), row["photos"]) for row in found.mappings()]

    @read_transaction
    def export(self, connection: Connection, room: Room) -> dict[str, object]:
        """Return everything about a room, ready for JSON; empty when nothing is known of it.

        What the network saw of photos is left out: numbers that only the same network can read.
        """
        if (found := find_room(connection, room)) is None:
            return {}
        rows = select(rooms.c.id).where(is_row_of(found.current_id))
        its = select(rounds.c.id).where(rounds.c.room_id.in_(rows))
        parts: dict[Table, ColumnElement[bool]] = {rooms: rooms.c.id.in_(rows)}
        for table in metadata.sorted_tables:
            if "room_id" in table.c:
                parts[table] = table.c.room_id.in_(rows)
            elif "round_id" in table.c and table is not features:
                parts[table] = table.c.round_id.in_(its)
        exported: dict[str, list[dict[str, object]]] = {}
        people: set[object] = set()
        for table, condition in parts.items():
            query = select(table).where(condition).order_by(*table.primary_key)
            told = [dict(row) for row in connection.execute(query).mappings()]
            theirs = [column.name for column in table.c if column.references(players.c.id)]
            people |= {row[name] for row in told for name in theirs}
            exported[table.name] = [_for_json(row) for row in told]
        query = select(players).where(players.c.id.in_(people)).order_by(players.c.id)
        exported["players"] = [_for_json(dict(row)) for row in connection.execute(query).mappings()]
        return {"platform": room.platform, "room": room.id, **exported}

    @read_transaction
    def first_language(self, connection: Connection, room: Room) -> str | None:
        """Return the language that was spoken first in a room, an IETF tag."""
        if (found := find_room(connection, room)) is None:
            return None
        this = select(rooms.c.spoken).where(rooms.c.id == found.current_id)
        spoken: str | None = connection.execute(this).scalar()
        return spoken

    @repeatable_transaction
    def note_language(self, connection: Connection, room: Room, language: str) -> str | None:
        """Store the language that is spoken in a room, unless one is stored already.

        Args:
            room: The room.
            language: An IETF tag.

        Returns:
            The room's first language; None for an unknown room, of which nothing is stored.
        """
        if (found := find_room(connection, room)) is None:
            return None
        this = rooms.c.id == found.current_id
        first = update(rooms).where(this, rooms.c.spoken.is_(None))
        connection.execute(first.values(spoken=language[:LANGUAGE_LENGTH]))
        spoken: str = connection.execute(select(rooms.c.spoken).where(this)).scalar_one()
        return spoken


def _for_json(row: Mapping[str, object]) -> dict[str, object]:
    return {
        name: value.isoformat()
        if isinstance(value, date)
        else [f"{print_:032x}" for print_ in value]
        if name == "prints" and isinstance(value, list)
        else value
        for name, value in row.items()
    }


def _merge(connection: Connection, before: int, after: int, kept: Sequence[str]) -> None:
    """Have a room's row, and those that lead to it, lead to another one.

    Args:
        connection: Of the transaction.
        before: The row.
        after: The other one.
        kept: What the other one takes over where it has nothing of its own.
    """
    both = connection.execute(select(rooms).where(rooms.c.id.in_((before, after))))
    rows = {row["id"]: row for row in both.mappings()}
    values = {
        name: rows[before][name] if rows[after][name] is None else rows[after][name]
        for name in kept
    }
    connection.execute(update(rooms).where(rooms.c.id == after).values(values))
    there = or_(rooms.c.id == before, rooms.c.moved_to == before)
    connection.execute(update(rooms).where(there).values(moved_to=after))


def _load_settings(connection: Connection, room: Room) -> RoomSettings:
    own = current_rooms if room.platform in MOVING else rooms
    found = connection.execute(
        select(*((own if name in ITS_OWN else current_rooms).c[name] for name in SETTINGS))
        .select_from(rooms.join(current_rooms, current_rooms.c.id == current_room_id))
        .where(rooms.c.platform == room.platform, rooms.c.chat == room.id)
    )
    row = found.mappings().first()
    chosen = {name: value for name, value in (row or {}).items() if value is not None}
    return replace(initial_settings(room), **chosen)

"""What is stored of party nights: each room's, as it is by now.

A room that only counts to another one, such as a thread to its channel, has an evening of its own.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, case, delete, insert, select

from bot.domain import Room
from bot.storage.database import Database, read_transaction, repeatable_transaction
from bot.storage.queries import (
    MOVING,
    ROOM,
    current_room_id,
    current_rooms,
    find_or_add_room,
    find_room,
    room_of,
)
from bot.storage.schema import parties, rooms

# The row where people are, of a row of `rooms`.
_place_id = case((rooms.c.platform.in_(MOVING), current_room_id), else_=rooms.c.id)


class PartyStore:
    """Stores party nights, one for each room."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @repeatable_transaction
    def keep(self, connection: Connection, room: Room, state: str, now: datetime) -> None:
        """Store a room's party in place of an earlier one.

        Args:
            room: The room.
            state: The party, in JSON.
            now: When it became so.
        """
        row = find_or_add_room(connection, room, now).where_people_are(room)
        connection.execute(delete(parties).where(_is_of(row)))
        values = {"room_id": row, "state": state, "updated": now}
        connection.execute(insert(parties).values(values))

    @repeatable_transaction
    def drop(self, connection: Connection, room: Room) -> None:
        """Forget a room's party."""
        if (found := find_room(connection, room)) is not None:
            connection.execute(delete(parties).where(_is_of(found.where_people_are(room))))

    @read_transaction
    def all(self, connection: Connection) -> list[tuple[Room, str]]:
        """Return each room's party, in JSON."""
        query = (
            select(
                *ROOM,
                parties.c.state,
            )
            .select_from(parties)
            .join(rooms, rooms.c.id == parties.c.room_id)
            .join(current_rooms, current_rooms.c.id == _place_id)
        )
        found = connection.execute(query).mappings()
        return [(room_of(row), row["state"]) for row in found]


def _is_of(row: int) -> ColumnElement[bool]:
    """Return whether a party is of a room, under whichever of the ids that it ever had."""
    return parties.c.room_id.in_(select(rooms.c.id).where(_place_id == row))

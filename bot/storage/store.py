"""What outlives the process, in one piece. No clock: the time is passed in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.storage.database import Database, open_database
from bot.storage.game import GameStore
from bot.storage.notes import NoteStore
from bot.storage.people import PeopleStore
from bot.storage.rooms import RoomStore
from bot.storage.rounds import RoundStore
from bot.storage.seasons import SeasonStore


class Store:
    """The bot's memory. Each method of its parts is one transaction: it happened whole, or not.

    Attributes:
        rooms: Settings, the greeting, moves, what admins did.
        rounds: Photos, from their arrival to the answer.
        game: Truths, objections and guesses.
        seasons: What a room did in a month.
        people: What people may ask of the memory.
        notes: Short texts by name.
    """

    def __init__(self, database: Database) -> None:
        self.rooms = RoomStore(database)
        self.rounds = RoundStore(database)
        self.game = GameStore(database)
        self.seasons = SeasonStore(database)
        self.people = PeopleStore(database)
        self.notes = NoteStore(database)

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator[Store]:
        """Open the memory at `sqlite:///FILE` or `postgresql://...`. Raises StoreError."""
        async with open_database(url) as database:
            yield cls(database)

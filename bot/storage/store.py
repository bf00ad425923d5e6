"""What outlives the process, in one piece. No clock: the time is passed in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.storage.database import StoreError, open_database
from bot.storage.game import GameStore
from bot.storage.people import PeopleStore
from bot.storage.rooms import RoomStore
from bot.storage.rounds import RoundStore
from bot.storage.seasons import SeasonStore

__all__ = ["Store", "StoreError"]


class Store(RoomStore, RoundStore, GameStore, SeasonStore, PeopleStore):
    """The bot's memory: rooms, rounds, the game, and what people may ask of it."""

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator[Store]:
        """Open the memory at `sqlite:///FILE` or `postgresql://...`. Raises StoreError."""
        async with open_database(url) as database:
            yield cls(database)

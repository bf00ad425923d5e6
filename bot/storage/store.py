"""What outlives the process, in one piece. No clock: the time is passed in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.storage.database import CLOSE_SECONDS, Database, Observe, open_database
from bot.storage.foolings import FoolingStore
from bot.storage.game import GameStore
from bot.storage.guesses import GuessStore
from bot.storage.inbox import Inbox
from bot.storage.leases import SECONDS, Leases
from bot.storage.notes import NoteStore
from bot.storage.notices import NoticeStore
from bot.storage.parties import PartyStore
from bot.storage.people import PeopleStore
from bot.storage.rooms import RoomStore
from bot.storage.rounds import RoundStore
from bot.storage.seasons import SeasonStore
from bot.storage.shards import ShardStore
from bot.storage.views import ViewStore


class Store:
    """Everything that is stored. Each method of its parts is one transaction: whole, or not at all.

    Who waits for one may be cancelled; the transaction still happens whole.

    Attributes:
        rooms: Settings, the greeting, moves, what admins did.
        rounds: Photos, from their arrival to the answer.
        game: Truths, objections and votes.
        guesses: Guess rounds.
        foolings: What photos that fooled the bot are known again by.
        seasons: What a room did in a month.
        views: What a round's message shows.
        people: Forgetting and exporting a person, and what expires.
        notes: Short texts by name.
        parties: Party nights, as they are by now.
        leases: What belongs to this process, where several share the database.
        inbox: What came in, for the process whose room it is about.
        notices: Messages that are to be deleted soon.
        shards: Which of Discord's shards belong to this process.
    """

    def __init__(
        self, database: Database, lease_seconds: float = SECONDS, address: str | None = None
    ) -> None:
        self.rooms = RoomStore(database)
        self.rounds = RoundStore(database)
        self.game = GameStore(database)
        self.guesses = GuessStore(database)
        self.foolings = FoolingStore(database)
        self.seasons = SeasonStore(database)
        self.views = ViewStore(database)
        self.people = PeopleStore(database)
        self.notes = NoteStore(database)
        self.parties = PartyStore(database)
        self.leases = leases = Leases(database, lease_seconds, address=address)
        self.inbox = Inbox(database, leases)
        self.notices = NoticeStore(database, leases)
        self.shards = ShardStore(database, leases)

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        url: str,
        close_seconds: float = CLOSE_SECONDS,
        observe: Observe = lambda stage, seconds: None,
        lease_seconds: float = SECONDS,
        address: str | None = None,
    ) -> AsyncIterator[Store]:
        """Open the store, and close it when the block ends.

        Args:
            url: `sqlite:///FILE` or `postgresql://...`.
            close_seconds: How long each step of closing may take: waiting for the transactions
                under way, cutting off those that do not end, closing the connections.
            observe: Is told where the time of each transaction goes: `wait`, `read` or `write`,
                and the seconds.
            lease_seconds: How long a process on the same database is taken to live after it has
                said so.
            address: Where the others on the same database reach this process over HTTP.

        Raises:
            StoreError: When the database cannot be used.
        """
        async with open_database(url, close_seconds, observe) as database:
            store = cls(database, lease_seconds, address)
            async with store.leases.renewed():
                yield store

    @classmethod
    @asynccontextmanager
    async def read(cls, url: str) -> AsyncIterator[Store]:
        """Open the store to look something up: other processes do not hear of this one.

        Args:
            url: `sqlite:///FILE` or `postgresql://...`.

        Raises:
            StoreError: When the database cannot be used.
        """
        async with open_database(url) as database:
            yield cls(database)

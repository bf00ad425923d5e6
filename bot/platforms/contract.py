"""What the app needs of a platform.

Telegram and Discord are kept running by a supervisor; the web server, which has the port and the
health, is started first and stopped last.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from bot.domain import Arrival, Notice, Room
from bot.services import Service
from bot.services.ports import Messenger

# As it is shown at /healthz: the state's name under `state`, and numbers and reasons beside it.
State = Mapping[str, str | int]


class Notes(Protocol):
    """Remembers a few short texts from one run to the next: the storage, which stays unknown here.

    Platforms import no storage; these two methods are all that is needed of it.
    """

    async def recall(self, key: str) -> str | None:
        """Return what was kept under a name."""

    async def remember(self, key: str, value: str) -> None:
        """Keep something under a name."""


class Duties(Protocol):
    """Knows what belongs to this one of several processes.

    Attributes:
        living: How many processes there are, this one among them.
    """

    living: int

    async def hold(self, name: str) -> bool:
        """Return whether something is this process's, taken if it is nobody's that lives."""


class Shards(Protocol):
    """Divides Discord's shards among the processes.

    Attributes:
        number: How many there are.
        sharers: How many processes have some, or wait for some.
    """

    number: int
    sharers: int

    def of(self, room: Room) -> int:
        """Return which shard brings what is said in a room."""

    def held(self) -> frozenset[int]:
        """Return which shards are this process's, by what it knows itself."""

    async def join(self, wish: int) -> None:
        """Take part; there are to be so many shards, unless others have agreed already."""

    async def take(self, most: int) -> tuple[frozenset[int], bool]:
        """Take what is free of this process's fair share.

        Args:
            most: How many at once.

        Returns:
            Which are this process's now, and whether it should give up one.
        """

    def given_up(self, shard: int) -> AbstractAsyncContextManager[None]:
        """Let a shard be nobody's: for this process from now on, for the others after the block."""

    async def leave(self) -> None:
        """Leave all shards to others, and take part no more."""

    async def reserve(self, shard: int, concurrency: int, a_day: int) -> float:
        """Count an identify, if it may be made now.

        Args:
            shard: Whose it is.
            concurrency: How many buckets of shards identify independently of each other.
            a_day: How many identifies of all shards Discord allows in a day.

        Returns:
            0.0 when it is to be made at once; else in how many seconds to ask again.
        """

    async def note_identify(self, shard: int) -> None:
        """Note that the identify that was counted last for a shard is made only now."""


class Inbox(Protocol):
    """Hands what comes in to the process whose room it is about, and forgets it then."""

    async def put(self, arrivals: Sequence[Arrival], now: datetime) -> None:
        """Store what was delivered; what was delivered before is left out."""

    async def take(self, most: int) -> tuple[list[tuple[int, str]], bool]:
        """Take what this process is to handle.

        Args:
            most: How many at once.

        Returns:
            Each one's number and body, and whether some are of rooms that were another's, or
            nobody's, before.
        """

    async def mark_handled(self, ids: Sequence[int]) -> None:
        """Note that some are handled."""

    async def let_go(self) -> None:
        """Give back what was taken and not handled."""

    def open(self) -> AbstractAsyncContextManager[None]:
        """Hear of what comes in elsewhere while the block lasts."""

    async def wait(self, seconds: float) -> None:
        """Wait until something may have come in, but no longer than that."""


class Notices(Protocol):
    """Remembers which of the bot's messages are to be deleted soon."""

    async def keep(self, notice: Notice) -> None:
        """Store that a message is to be deleted."""

    async def drop(self, notice: Notice) -> None:
        """Forget a message: it is deleted, or cannot be."""

    async def left(self, platform: str) -> list[Notice]:
        """Return a platform's messages that this process is to delete."""


class Platform(Messenger, Protocol):
    """A chat platform that is kept running.

    Attributes:
        name: Tells it from the others; rooms carry it.
    """

    name: str

    async def run(self, service: Service, stopping: asyncio.Event) -> None:
        """Connect and serve until `stopping` is set, then finish what is in hand.

        Args:
            service: What answers.
            stopping: Set when the process ends.

        Raises:
            Unusable: For what cannot heal: a wrong token, say.
            Exception: For whatever may heal; it is run again after a while.
        """

    def state(self) -> State:
        """Return how the connection is."""

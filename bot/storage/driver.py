"""What a kind of database has to do, so that the store can use it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from sqlalchemy import Connection

# Where processes on the same database tell each other that there is news.
CHANNEL = "snowpeople"

T = TypeVar("T")


@dataclass(frozen=True)
class Kind:
    """What a transaction asks for.

    Attributes:
        writes: Whether it writes, and not only reads.
        is_urgent: Whether it goes before all that wait.
        is_lasting: Whether it outlives a power cut right after it, for which SQLite waits until it
            is on its disk. It outlives the process in any case.
        is_alone: Whether no other may write meanwhile, in whatever process.
        is_repeatable: Whether it does no harm when it is done twice, because PostgreSQL was gone
            before it said whether the first time counted.
    """

    writes: bool = True
    is_urgent: bool = False
    is_lasting: bool = True
    is_alone: bool = False
    is_repeatable: bool = False


class StoreError(Exception):
    """The database cannot be used. Its message is one sentence for the operator."""


class Driver(Protocol):
    """A kind of database; it is made of an address, and raises ValueError for one without sense.

    Attributes:
        is_shared: Whether other processes may work on it at the same time.
        at_once: How many transactions it runs at the same time.
        errors: What says that the database cannot be used, or not now.
    """

    is_shared: bool
    at_once: int
    errors: tuple[type[Exception], ...]

    def refusal(self, reason: str) -> str:
        """Return the operator's sentence: which database cannot be used, and what to do."""

    async def run(self, work: Callable[[Connection], T], kind: Kind) -> T:
        """Run some statements as one transaction: all of it is kept at its end, or nothing."""

    async def listen(self, heard: Callable[[str], None]) -> None:
        """Hear what other processes tell, until cancelled; see `Database.listen`."""

    async def close(self) -> None:
        """Close all connections in good order."""

    def cut_off(self) -> None:
        """Close them in whatever order; nothing of a transaction under way is kept."""

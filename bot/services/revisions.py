"""Numbers edits, so that the later of two wins wherever they overtake each other."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace

from cachetools import LRUCache

from bot.domain import Reply, Room

# Rooms where something was tapped lately.
REMEMBERED = 2048


class Revisions:
    """Hands out numbers that only go up; a new process begins anew, and so do the platforms."""

    def __init__(self) -> None:
        self._next = itertools.count(1)
        self._turns: LRUCache[Room, asyncio.Lock] = LRUCache(REMEMBERED)

    def number(self, reply: Reply) -> Reply:
        """Return a reply with the next number; ask as soon as its text is settled."""
        return replace(reply, revision=next(self._next))

    def turn(self, room: Room) -> asyncio.Lock:
        """Return the lock to hold from a change until the message that shows it has its number."""
        return self._turns.setdefault(room, asyncio.Lock())

"""Numbers edits, so that the later of two wins wherever they overtake each other."""

from __future__ import annotations

import itertools
from dataclasses import replace

from bot.domain import Reply


class Revisions:
    """Hands out numbers that only go up; a new process begins anew, and so do the platforms."""

    def __init__(self) -> None:
        self._next = itertools.count(1)

    def number(self, reply: Reply) -> Reply:
        """Return a reply with the next number; ask as soon as its text is settled."""
        return replace(reply, revision=next(self._next))

"""Which of several ways to say the same is next, so that a room hears none twice in a while."""

from __future__ import annotations

from collections import deque

from cachetools import LRUCache

from bot.domain import Room

# A sentence is not heard again within so many of its kind.
APART = 5
REMEMBERED = 4096


class Variants:
    """Chooses among the variants of a kind of sentence, room by room; a round keeps its own."""

    def __init__(self) -> None:
        self._recent: LRUCache[tuple[Room, str], deque[int]] = LRUCache(REMEMBERED)
        self._chosen: LRUCache[tuple[int, str], int] = LRUCache(REMEMBERED)

    def choose(self, room: Room, kind: str, count: int, round_id: int) -> int:
        """Return the number of a variant: the same each time for a round, else not a recent one.

        Args:
            room: Where it is said.
            kind: What kind of sentence.
            count: How many variants there are.
            round_id: The round it is said about; where its choice is no longer remembered, its
                number decides, so that an old message does not change its words at every tap.
        """
        known = self._chosen.get((round_id, kind))
        if known is not None:
            return known
        recent = self._recent.setdefault((room, kind), deque(maxlen=min(APART, count - 1)))
        variant = round_id % count
        while variant in recent:
            variant = (variant + 1) % count
        recent.append(variant)
        self._chosen[round_id, kind] = variant
        return variant

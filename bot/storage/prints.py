"""Fingerprints in memory, room by room, so that photos that look the same are found at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

HALF = (1 << 64) - 1

Words = NDArray[np.uint64]


class Prints:
    """The fingerprints of the photos that were played in a room; a growing list.

    It may hold some that are forgotten meanwhile: whoever finds one has to see whether it is still
    stored.

    Attributes:
        known_before: Rounds with a lower id get no fingerprint any more that is not here yet: what
            is new is to be looked for from here on.
    """

    def __init__(self) -> None:
        # For each hash its round, and its upper and its lower half.
        self._rounds = np.zeros(64, np.int64)
        self._high: Words = np.zeros(64, np.uint64)
        self._low: Words = np.zeros(64, np.uint64)
        self._count = 0
        self.known_before = 0
        # Those that are here already, of `known_before` and above.
        self._beyond: set[int] = set()

    def load(self, stored: Iterable[tuple[int, Sequence[int] | None, bool]]) -> None:
        """Add what is not here yet.

        Args:
            stored: All of the room's rounds from `known_before` on, by their ids: the id, the
                fingerprint, and whether another one will not follow.
        """
        beyond: set[int] = set()
        is_whole = True
        for id_, prints, is_over in stored:
            if prints is not None and id_ not in self._beyond:
                self.add(id_, prints)
            is_whole = is_whole and is_over
            if is_whole:
                self.known_before = id_ + 1
            elif prints is not None:
                beyond.add(id_)
        self._beyond = beyond

    def add(self, round_id: int, stored: Sequence[int]) -> None:
        """Add a photo's fingerprint: its hashes, of 128 bits each."""
        for one in stored:
            if self._count == len(self._rounds):
                self._rounds = np.resize(self._rounds, 2 * self._count)
                self._high = np.resize(self._high, 2 * self._count)
                self._low = np.resize(self._low, 2 * self._count)
            self._rounds[self._count] = round_id
            self._high[self._count], self._low[self._count] = one >> 64, one & HALF
            self._count += 1

    def alike(self, queries: Sequence[int], bits: int) -> list[int]:
        """Return the rounds of photos that look the same as another.

        Blocking: half a millisecond for a thousand photos, twenty for a hundred thousand.

        Args:
            queries: What that one or a disguise of it may look like.
            bits: In how many bits two hashes of the same photo may differ.
        """
        rounds, high, low = (each[: self._count] for each in (self._rounds, self._high, self._low))
        found: set[int] = set()
        for query in queries:
            differing = np.bitwise_count(high ^ np.uint64(query >> 64))
            differing += np.bitwise_count(low ^ np.uint64(query & HALF))
            found.update(rounds[differing <= bits].tolist())
        return sorted(found)

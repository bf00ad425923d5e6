"""Who may ask how often. Pure: the time is passed in, as seconds of a clock that only goes on.

What is told late, after an outage, counts for when it happened.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass

from bot.domain import STALE, Player, Room


@dataclass(frozen=True, slots=True)
class Rate:
    """At most so many times in so many seconds."""

    times: int
    seconds: float


# A child with a phone full of snowmen stays below; a script does not.
PLAYER = Rate(20, 60)
# A whole family at its wildest.
ROOM = Rate(60, 60)
# Past so many players and rooms the quiet ones are forgotten.
REMEMBERED = 10_000


class Window:
    """When something happened lately, in whatever order it is told, against how often it may."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._times: list[float] = []

    def is_full(self, at: float) -> bool:
        """Return whether it happened around then as often as it may: once more is too often."""
        times, seconds = self._rate.times, self._rate.seconds
        near = self._times[
            bisect_right(self._times, at - seconds) : bisect_left(self._times, at + seconds)
        ]
        return any(
            max(at, last) - min(at, first) < seconds
            for first, last in zip(near, near[times - 1 :], strict=False)
        )

    def is_quiet(self, now: float) -> bool:
        """Return whether it has not happened lately at all."""
        return not self._times or self._times[-1] <= now - self._rate.seconds

    def count(self, at: float) -> None:
        """Note that it happened."""
        insort(self._times, at)
        # Of what is older nobody asks.
        latest = self._times[-1] - self._rate.seconds - STALE.total_seconds()
        del self._times[: bisect_right(self._times, latest)]


class RateLimits:
    """Counts photos by player and by room."""

    def __init__(self, player: Rate = PLAYER, room: Rate = ROOM) -> None:
        self._player = player
        self._room = room
        self._windows: dict[tuple[str, ...], Window] = {}

    def allow(self, room: Room, player: Player, at: float) -> bool:
        """Return whether this player might ask in this room then, and count it if so."""
        if len(self._windows) > REMEMBERED:
            self._windows = {k: w for k, w in self._windows.items() if not w.is_quiet(at)}
        key = (room.platform, room.id)
        windows = (
            self._windows.setdefault(key, Window(self._room)),
            self._windows.setdefault((*key, player.id), Window(self._player)),
        )
        if any(window.is_full(at) for window in windows):
            return False
        for window in windows:
            window.count(at)
        return True

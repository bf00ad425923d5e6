"""Who may ask how often. Pure: the time is passed in, as seconds of a clock that only goes on."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from bot.domain import Player, Room


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
    """When something happened lately, against the rate at which it may."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._times: deque[float] = deque()

    def is_full(self, now: float) -> bool:
        """Return whether it has happened as often as it may."""
        while self._times and self._times[0] <= now - self._rate.seconds:
            self._times.popleft()
        return len(self._times) >= self._rate.times

    def is_quiet(self, now: float) -> bool:
        """Return whether it has not happened lately at all."""
        return not self._times or self._times[-1] <= now - self._rate.seconds

    def count(self, now: float) -> None:
        """Note that it happens."""
        self._times.append(now)


class RateLimits:
    """Counts photos by player and by room."""

    def __init__(self, player: Rate = PLAYER, room: Rate = ROOM) -> None:
        self._player = player
        self._room = room
        self._windows: dict[tuple[str, ...], Window] = {}

    def allow(self, room: Room, player: Player, now: float) -> bool:
        """Return whether this player may ask in this room now, and count it if so."""
        if len(self._windows) > REMEMBERED:
            self._windows = {k: w for k, w in self._windows.items() if not w.is_quiet(now)}
        key = (room.platform, room.id)
        windows = (
            self._windows.setdefault(key, Window(self._room)),
            self._windows.setdefault((*key, player.id), Window(self._player)),
        )
        if any(window.is_full(now) for window in windows):
            return False
        for window in windows:
            window.count(now)
        return True

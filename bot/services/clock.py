"""The time, and each room's time zone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from bot.domain import Room
from bot.game.seasons import zone_of
from bot.storage import Store


def host_zone() -> tzinfo:
    """Return the time zone of the machine."""
    return datetime.now().astimezone().tzinfo or UTC


class Clock:
    """Tells the time, and by which zone a room lives.

    Args:
        store: Knows what a room chose.
        now: The time, with its zone.
        zone: The host's, for rooms that chose none.
    """

    def __init__(self, store: Store, now: Callable[[], datetime], zone: tzinfo) -> None:
        self._store = store
        self.now = now
        self.zone = zone

    @property
    def zone_name(self) -> str | None:
        """The IANA name of the host's zone, where it has one."""
        return self.zone.key if isinstance(self.zone, ZoneInfo) else None

    async def zone_of(self, room: Room) -> tzinfo:
        """Return a room's time zone."""
        return zone_of((await self._store.rooms.settings(room)).timezone, self.zone)

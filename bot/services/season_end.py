"""The end of a season: each room that played is shown its podium, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo

from bot.domain import Delivery, Receipt, Room
from bot.game.seasons import EARLIEST, LATEST, last_season
from bot.services import leaderboard
from bot.services.clock import Clock
from bot.services.failures import Failures
from bot.services.language import Languages
from bot.services.ports import Messenger
from bot.services.repeat import Repeat
from bot.storage import DuePodium, Store

EVERY_SECONDS = 60.0
# In the room's time zone: after breakfast.
FROM_HOUR = 8
# A room that would not have its podium (the bot may not write there, say) is asked again later.
REFUSED_AGAIN_IN = timedelta(hours=6)


class SeasonEnd:
    """Looks for seasons that are over, and shows their podiums.

    Args:
        store: Remembers which were shown.
        messengers: The platforms, by name.
        languages: Finds a room's sentences.
        clock: The time, and the rooms' zones.

    Attributes:
        repeat: Looks for what is due, again and again.
    """

    def __init__(
        self,
        store: Store,
        messengers: Mapping[str, Messenger],
        languages: Languages,
        clock: Clock,
    ) -> None:
        self._store = store
        self._messengers = messengers
        self._languages = languages
        self._clock = clock
        self._not_before: dict[tuple[Room, date], datetime] = {}
        self._failures = Failures("a podium could not be shown", clock.now)
        self.repeat = Repeat(self.show, EVERY_SECONDS, "podiums could not be shown")

    async def show(self) -> None:
        """Show each podium that is due; one that does not arrive stays due."""
        now = self._clock.now()
        self._not_before = {key: at for key, at in self._not_before.items() if at > now}
        # Somewhere it is the third already; each room is asked by its own calendar below.
        for month in sorted({last_season(now, zone) for zone in (EARLIEST, LATEST)}):
            after = 0
            while due := await self._store.seasons.podiums_due(month, self._clock.zone, after):
                after = due[-1].number
                waiting = [each for each in due if self._is_time(each, month, now)]
                await self._show_some(waiting, month, now)
                if self.repeat.is_stopping:
                    return

    def _is_time(self, due: DuePodium, month: date, now: datetime) -> bool:
        """Return whether a room is to see its podium now."""
        is_over = last_season(now, due.zone) >= month
        is_day = now.astimezone(due.zone).hour >= FROM_HOUR
        is_told = due.room.platform in self._messengers
        is_held_back = self._failures.holds_back(due.room) or (due.room, month) in self._not_before
        return is_over and is_day and is_told and not is_held_back

    async def _show_some(self, due: Sequence[DuePodium], month: date, now: datetime) -> None:
        zones = {each.room: each.zone for each in due}
        owned = await self._store.leases.owned(zones)
        for room, zone in zones.items():
            if self.repeat.is_stopping:
                return
            if room in owned:
                with self._failures.caught(room):  # the others do not wait until it is mended
                    await self._show(room, month, now, zone)

    async def _show(self, room: Room, month: date, now: datetime, zone: tzinfo) -> None:
        season = await self._store.seasons.season(room, month, zone, now)
        joined = await self._store.seasons.joined(room)
        speaker = await self._languages.speaker(room, None)
        reply = await leaderboard.closing(season, joined, speaker)
        receipt = Receipt(Delivery.SENT)
        if reply is not None:
            receipt = await self._messengers[room.platform].send(room, reply)
        match receipt.delivery:
            case Delivery.SENT:
                await self._store.seasons.mark_podium_shown(room, month)
            case Delivery.REFUSED:
                self._not_before[room, month] = now + REFUSED_AGAIN_IN

"""The end of a season: each room that played is shown its podium, once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone, tzinfo

from bot.domain import Delivery, Receipt, Room
from bot.game.seasons import last_season
from bot.services import leaderboard
from bot.services.clock import Clock
from bot.services.language import Languages
from bot.services.ports import Messenger
from bot.services.repeat import Repeat
from bot.storage import Store

EVERY_SECONDS = 60.0
# In the room's time zone: after breakfast.
FROM_HOUR = 8
EARLIEST, LATEST = timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))
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
        self.repeat = Repeat(
            self.show, EVERY_SECONDS, "podiums could not be shown; they are tried again"
        )

    async def show(self) -> None:
        """Show each podium that is due; one that does not arrive stays due."""
        now = self._clock.now()
        # Somewhere it is the third already; each room is asked by its own calendar below.
        months = {last_season(now, zone) for zone in (EARLIEST, LATEST)}
        for month in sorted(months):
            for room in await self._store.seasons.podiums_due(month, self._clock.zone):
                zone = await self._clock.zone_of(room)
                local = now.astimezone(zone)
                if last_season(now, zone) < month or local.hour < FROM_HOUR:
                    continue
                if self.repeat.is_stopping:
                    return
                await self._show(room, month, now, zone)

    async def _show(self, room: Room, month: date, now: datetime, zone: tzinfo) -> None:
        messenger = self._messengers.get(room.platform)
        if messenger is None or now < self._not_before.get((room, month), now):
            return
        if not await self._store.leases.own(room):
            return
        season = await self._store.seasons.season(room, month, zone, now)
        joined = await self._store.seasons.joined(room)
        speaker = await self._languages.speaker(room, None)
        reply = await leaderboard.closing(season, joined, speaker)
        receipt = Receipt(Delivery.SENT) if reply is None else await messenger.send(room, reply)
        match receipt.delivery:
            case Delivery.SENT:
                await self._store.seasons.mark_podium_shown(room, month)
            case Delivery.REFUSED:
                self._not_before[room, month] = now + REFUSED_AGAIN_IN

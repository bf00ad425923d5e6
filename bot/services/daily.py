"""The day's challenge, posted where a room wants it, and the evening's best fooling."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

from bot.domain import Delivery, Player, Reply, Room
from bot.game.seasons import VOTES_END_AT
from bot.services.cards import Cards
from bot.services.clock import Clock
from bot.services.failures import Failures
from bot.services.inviting import with_invitation
from bot.services.language import Languages
from bot.services.leaderboard import Leaderboards, best_shown
from bot.services.ports import Messenger, traits_of
from bot.services.repeat import Repeat
from bot.storage import Store

EVERY_SECONDS = 30.0
# The evening's card comes at the hour at which votes end: the family is at home.
EVENING = 60 * VOTES_END_AT
NOBODY = Player("", "")


class Daily:
    """Posts challenges and evening cards, each once a day, also across restarts.

    Args:
        store: Knows which rooms want them, and what was posted.
        messengers: The platforms, by name.
        languages: Finds a room's sentences.
        leaderboards: Knows the day's challenge.
        cards: Makes the evening's card.
        clock: The time, and the rooms' zones.

    Attributes:
        repeat: Looks for what is due, again and again.
    """

    def __init__(
        self,
        store: Store,
        messengers: Mapping[str, Messenger],
        languages: Languages,
        leaderboards: Leaderboards,
        cards: Cards,
        clock: Clock,
    ) -> None:
        self._store = store
        self._messengers = messengers
        self._languages = languages
        self._leaderboards = leaderboards
        self._cards = cards
        self._clock = clock
        self._failures = Failures("a daily challenge could not be posted", clock.now)
        self.repeat = Repeat(self.post_due, EVERY_SECONDS, "daily challenges could not be posted")

    async def post_due(self) -> None:
        """Post each challenge and each card whose time has come today."""
        now = self._clock.now()
        for room in await self._store.rooms.daily_rooms():
            if self._failures.holds_back(room):
                continue
            with self._failures.caught(room):  # the other rooms do not wait until it is mended
                await self._post_in(room, now)

    async def _post_in(self, room: Room, now: datetime) -> None:
        settings = await self._store.rooms.settings(room)
        local = now.astimezone(await self._clock.zone_of(room))
        minute = 60 * local.hour + local.minute
        if settings.daily is not None and minute >= settings.daily:
            await self._once(room, "challenge", local.date(), now)
        if minute >= EVENING:
            await self._once(room, "card", local.date(), now)

    async def _once(self, room: Room, what: str, day: date, now: datetime) -> None:
        """Post something unless it was posted today, or the bot came too late for it."""
        key = f"daily {what} {room.platform} {room.id}"
        if await self._store.notes.recall(key) == day.isoformat():
            return
        messenger = self._messengers.get(room.platform)
        if messenger is None or not await self._store.leases.own(room):
            return
        if await self._store.notes.recall(key) == day.isoformat():  # by now, by another process
            return
        reply = await (self._challenge if what == "challenge" else self._card)(room, now)
        if reply is not None:
            receipt = await messenger.send(room, reply)
            if receipt.delivery is Delivery.FAILED:
                return
        await self._store.notes.remember(key, day.isoformat())

    async def _challenge(self, room: Room, now: datetime) -> Reply | None:
        speaker = await self._languages.speaker(room, None)
        challenge = await self._leaderboards.challenge(room, speaker)
        zone = await self._clock.zone_of(room)
        days = await self._store.rooms.played_days(room, zone, now)
        posted = Reply(speaker.rooms.daily_challenge(challenge, days))
        return with_invitation(posted, speaker, traits_of(self._messengers, room))

    async def _card(self, room: Room, now: datetime) -> Reply | None:
        """Return the card of the photo that fooled the bot best today; None when none did."""
        speaker = await self._languages.speaker(room, None)
        zone = await self._clock.zone_of(room)
        begin = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
        today = await self._store.seasons.span(room, begin.astimezone(UTC), now, zone, now)
        for found, round_, points in await best_shown(self._store, today, 1):
            card = await self._cards.render(room, NOBODY, found, round_, speaker)
            name = speaker.text.name(today.players[round_.player].name)
            return Reply(speaker.rooms.evening_card(name, points), picture=card.picture)
        return None

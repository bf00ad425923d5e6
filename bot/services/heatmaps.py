"""Where did it look? The heat map of a photo, with the answer written on it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from cachetools import LRUCache

from bot.domain import (
    ButtonOutcome,
    ButtonPress,
    Fetch,
    Photo,
    Picture,
    Player,
    Refusal,
    Refused,
    Reply,
    Room,
)
from bot.graphics import charts
from bot.services.buttons import ShowHeatmap
from bot.services.photos import Photos
from bot.services.ports import Messenger
from bot.speech import Speaker
from bot.storage import Store

# So many rounds are known to have had theirs; who asks for an older one gets it again.
REMEMBERED = 2048


class Heatmaps:
    """Shows where the bot looked, once for each round.

    Args:
        photos: Has photos classified.
        store: Knows where a round's photo is.
        messengers: The platforms, by name.
    """

    def __init__(self, photos: Photos, store: Store, messengers: Mapping[str, Messenger]) -> None:
        self._photos = photos
        self._store = store
        self._messengers = messengers
        self._shown: LRUCache[int, bool] = LRUCache(REMEMBERED)

    async def of_round(
        self, press: ButtonPress, action: ShowHeatmap, speaker: Speaker
    ) -> ButtonOutcome:
        """Show where the bot looked on a round's photo. Raises Refused."""
        found = await self._store.rounds.find(action.round_id)
        messenger = self._messengers.get(press.room.platform)
        if (
            found is None
            or press.room not in (found.room, found.sent_to)
            or found.reference is None
            or messenger is None
        ):
            return ButtonOutcome(speaker.rooms.old_button())
        if found.hidden:  # under its heat it would be shown again
            raise Refused(Refusal.GONE)
        if found.id in self._shown:
            return ButtonOutcome(speaker.photos.where_done())
        self._shown[found.id] = True  # before the work: two people tap at once
        try:
            fetch = messenger.fetcher(found.sent_to, found.reference)
            is_spoiler = messenger.is_spoiler(found.reference)
            shown = await self._render(press.room, press.player, fetch, speaker, is_spoiler)
            return ButtonOutcome(send=shown)
        except BaseException:
            self._shown.pop(found.id, None)
            raise

    async def of_photo(self, photo: Photo, speaker: Speaker) -> Reply:
        """Show where the bot looks on a photo. Raises Refused."""
        return await self._render(photo.room, photo.player, photo.fetch, speaker, photo.is_spoiler)

    async def _render(
        self, room: Room, player: Player, fetch: Fetch, speaker: Speaker, is_spoiler: bool
    ) -> Reply:
        verdict, image = await self._photos.heatmap(room, player, fetch)
        answer = speaker.photos.heatmap_answer(verdict)
        png = await asyncio.to_thread(charts.heatmap, image, answer)
        told = speaker.photos.heatmap_description()
        picture = Picture(png, "where.png", told, is_spoiler=is_spoiler)
        return Reply(speaker.photos.heatmap_caption(verdict), picture=picture)

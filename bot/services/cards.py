"""The card of a fooling: a picture made to be shared."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping
from dataclasses import replace

from PIL import Image

from bot.domain import (
    ButtonOutcome,
    ButtonPress,
    Fetch,
    Player,
    Refusal,
    Refused,
    Reply,
    Room,
    StoredRound,
)
from bot.game.rules import Round, worth
from bot.graphics import charts
from bot.services.buttons import HidePhoto, ShowCard
from bot.services.clock import Clock
from bot.services.leaderboard import theme_of
from bot.services.photos import Photos
from bot.services.ports import Messenger
from bot.speech import Speaker
from bot.storage import Store

# On the photo's longer side, in pixels.
PHOTO_SIDE = 1080


class Cards:
    """Makes cards of foolings; the photo is fetched again, by the platform's reference.

    Args:
        photos: Has photos looked at again.
        store: Knows the rounds.
        messengers: The platforms, by name.
        clock: The rooms' zones.
    """

    def __init__(
        self,
        photos: Photos,
        store: Store,
        messengers: Mapping[str, Messenger],
        clock: Clock,
    ) -> None:
        self._photos = photos
        self._store = store
        self._messengers = messengers
        self._clock = clock

    async def show(self, press: ButtonPress, action: ShowCard, speaker: Speaker) -> ButtonOutcome:
        """Show the card of a fooling."""
        found = await self._store.rounds.find(action.round_id)
        round_ = await self._store.game.round(action.round_id, press.room)
        if found is None or round_ is None or round_.truth is None or found.hidden:
            return ButtonOutcome(speaker.rooms.old_button())
        if not round_.is_fooled or round_.is_void:
            return ButtonOutcome(speaker.rooms.old_button())
        return ButtonOutcome(
            send=await self.render(press.room, press.player, found, round_, speaker)
        )

    async def render(
        self, room: Room, player: Player, found: StoredRound, round_: Round, speaker: Speaker
    ) -> Reply:
        """Return a card of a round; where its photo is gone, it says so without it."""
        photo = heat = None
        missing, is_spoiler = "", False
        messenger = self._messengers.get(room.platform)
        if messenger is not None and found.reference is not None:
            is_spoiler = messenger.is_spoiler(found.reference)
            try:
                fetch = messenger.fetcher(found.sent_to, found.reference)
                photo, heat = await self._pictures(room, player, fetch)
            except Refused as refused:
                is_gone = refused.reason is Refusal.GONE
                words = speaker.photos
                missing = words.card_gone() if is_gone else words.card_out_of_sight()
        else:
            missing = speaker.photos.card_gone()
        names = await self._store.game.names(room)
        name = speaker.text.name(names.get(round_.player))
        text = speaker.photos.card_text(round_.verdict, round_.truth_label, name)
        day = round_.arrived.astimezone(await self._clock.zone_of(room)).date()
        drawn = await asyncio.to_thread(
            charts.card,
            photo,
            heat,
            text.partition("\n")[0],  # the name stands beside the points
            name,
            speaker.text.points(worth(round_)),
            speaker.text.day(day),
            speaker.photos.card_signature(),
            theme_of(room),
            missing=missing,
        )
        if photo is not None:
            described = f"{speaker.photos.card_description()}\n{drawn.description}"
            drawn = replace(drawn, description=described)
        picture = replace(drawn, is_spoiler=is_spoiler)
        return Reply("\n".join(filter(None, (text, missing))), picture=picture)

    async def hide(self, press: ButtonPress, action: HidePhoto, speaker: Speaker) -> ButtonOutcome:
        """Keep a photo out of hall, cards and evening pictures; its points stay."""
        if await self._store.game.hide(action.round_id, press.player):
            return ButtonOutcome(speaker.privacy.hidden())
        return ButtonOutcome(speaker.privacy.not_yours_to_hide())

    async def _pictures(
        self, room: Room, player: Player, fetch: Fetch
    ) -> tuple[Image.Image, Image.Image]:
        """Fetch a photo once; return it made small, and where the bot looked."""
        data = b""

        async def fetch_once(limit: int) -> bytes:
            nonlocal data
            data = await fetch(limit)
            return data

        _, heat = await self._photos.heatmap(room, player, fetch_once)
        preview = await self._photos.preview(data, PHOTO_SIDE)
        photo = await asyncio.to_thread(_open, preview.jpeg)
        return photo, heat


def _open(jpeg: bytes) -> Image.Image:
    return Image.open(io.BytesIO(jpeg)).convert("RGB")

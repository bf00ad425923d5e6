"""Learning from foolings: their photos are kept, where a room's admins asked for it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from bot.domain import Refused, Room
from bot.services.admission import MAX_BYTES
from bot.game.rules import Round
from bot.services.photo_archive import PhotoArchive
from bot.services.ports import Chat, Memory

log = logging.getLogger(__name__)


class Learning:
    """Keeps photos that fooled the bot, besides everything else that goes on."""

    def __init__(self, memory: Memory, keeper: PhotoArchive, chats: Mapping[str, Chat]) -> None:
        self._memory = memory
        self._keeper = keeper
        self._chats = chats
        self._tasks: set[asyncio.Task[None]] = set()

    async def settled(self, room: Room, round_: Round) -> None:
        """Keep the photo of a round if it fooled the bot here, or drop it if it does not count."""
        if not (await self._memory.room_settings(room)).keep:
            return
        task = asyncio.create_task(self._learn(room, round_))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Wait for what is under way."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _learn(self, room: Room, round_: Round) -> None:
        try:
            if round_.is_void or not round_.is_fooled or round_.truth is None:
                await self._keeper.drop(round_.id)
                return
            found = await self._memory.round(round_.id)
            chat = self._chats.get(room.platform)
            if found is None or found.reference is None or chat is None:
                return
            photo = await chat.read(found.room, found.reference)(MAX_BYTES)
            await self._keeper.keep(
                photo,
                round_.truth.label,
                platform=room.platform,
                player_id=found.player_id,
                round_id=round_.id,
            )
        except Refused as refused:
            log.info("a photo to learn from could not be had: %s", refused.reason)
        except Exception:
            log.exception("a photo to learn from could not be kept")

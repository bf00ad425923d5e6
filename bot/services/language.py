"""Which language the bot speaks, in which room and to whom."""

from __future__ import annotations

import logging

from cachetools import LRUCache

from bot.domain import Player, Room
from bot.speech import Speaker, speaker_for
from bot.storage import Store

log = logging.getLogger(__name__)

# The store is asked again for rooms beyond these.
REMEMBERED = 2048


class Languages:
    """Finds a room's sentences: in its own language, else who asks', else the one spoken last."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._spoken: LRUCache[Room, str] = LRUCache(REMEMBERED)

    async def speaker(self, room: Room, player: Player | None) -> Speaker:
        """Return the sentences to say to somebody.

        Args:
            room: Where.
            player: Who asks; None for nobody in particular.
        """
        return await self.speaker_in(room, (player.language or "en") if player else None)

    async def speaker_in(self, room: Room, language: str | None) -> Speaker:
        """Return the sentences to say in a room.

        Args:
            room: Where.
            language: Who asks' own, an IETF tag; None for what nobody asked for, such as a podium,
                which is said in the language that was spoken there last, also before a restart.
        """
        try:
            if language is None:
                language = self._spoken.get(room) or await self._store.rooms.spoken_language(room)
            elif self._spoken.get(room) != language:
                await self._store.rooms.note_language(room, language)
                self._spoken[room] = language
            chosen = (await self._store.rooms.settings(room)).language
        except Exception:
            log.exception("a room's language could not be looked up")
            chosen = None
        return speaker_for(chosen or language)

"""Which language the bot speaks, in which room and to whom."""

from __future__ import annotations

import logging

from cachetools import LRUCache

from bot.domain import Player, Room, RoomSettings
from bot.speech import Speaker, speaker_for, speaks
from bot.storage import Store

log = logging.getLogger(__name__)

# The store is asked again for rooms beyond these.
REMEMBERED = 2048


class Languages:
    """Finds a room's sentences.

    A room speaks the language that its admins chose. Where they chose none, whoever asks is
    answered in their own, and a photo's message keeps that of who sent the photo, whoever taps.
    What nobody asked for, such as a podium, is said in the room's first language: that of whoever
    was the first to ask the bot something there. It does not change with who was last, and a family
    that wants another one chooses it once, in /settings. The same holds for who tells no language.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._first: LRUCache[Room, str] = LRUCache(REMEMBERED)

    async def speaker(
        self, room: Room, player: Player | None, settings: RoomSettings | None = None
    ) -> Speaker:
        """Return the sentences to say to somebody.

        Args:
            room: Where.
            player: Who asks; None for nobody in particular.
            settings: The room's, where they are at hand.
        """
        language = player.language if player is not None else None
        try:
            first = self._first.get(room) or await self._first_language(room, language)
            if first is not None:
                self._first[room] = first
            chosen = (settings or await self._store.rooms.settings(room)).language
        except Exception:
            log.exception("a room's language could not be looked up")
            first = chosen = None
        return speaker_for(chosen or language or first)

    async def _first_language(self, room: Room, language: str | None) -> str | None:
        """Return a room's first language; one that is told now, if there is none so far."""
        if language is not None and speaks(language):
            return await self._store.rooms.note_language(room, language)
        return await self._store.rooms.first_language(room)

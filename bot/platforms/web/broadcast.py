"""What each page is told besides what its room shows: the language to speak, and the points."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from bot.domain import Player, Room
from bot.platforms.web.rooms import Rooms
from bot.services.service import Service

# `who` and `where` look at the photo that a message replies to, and `help` tells how to send one;
# here a photo has a button of its own.
NOT_IN_THE_MENU = frozenset({"who", "where", "help"})
# What comes first there.
PLAY = frozenset({"guess", "challenge", "leaderboard", "hall", "me", "stats"})


class News:
    """Tells the pages of a room what the host knows by now."""

    def __init__(self, host: Service, rooms: Rooms) -> None:
        self._host = host
        self._rooms = rooms

    async def briefing(self, room: Room, player: Player) -> list[dict[str, Any]]:
        """Return what a page is told when it comes in."""
        return [await self._language(room, player), await self._board(room, player)]

    async def _language(self, room: Room, player: Player) -> dict[str, Any]:
        """Tell a page which language to speak, and what its menu offers."""
        language = (await self._host.words(room, player)).language
        menu = [
            {"name": word.name, "description": word.description, "choices": word.choices}
            for word in sorted(
                self._host.commands(language), key=lambda word: word.name not in PLAY
            )
            if word.name not in NOT_IN_THE_MENU
        ]
        return {"type": "language", "language": language, "menu": menu}

    async def _board(self, room: Room, player: Player) -> dict[str, Any]:
        """Tell a page the season's points."""
        places = [
            {"rank": r.rank, "name": r.name, "points": r.points, "bot": r.is_bot, "id": r.key}
            for r in await self._host.scores(room, player)
        ]
        return {"type": "board", "places": places}

    async def tell_languages(self, name: str) -> None:
        """Tell each page its language again: the room may have chosen another."""
        await self._tell(name, self._language)

    async def tell_scores(self, name: str) -> None:
        """Tell each page the season's points, as they are by now."""
        await self._tell(name, self._board)

    async def _tell(self, name: str, what: Callable[..., Awaitable[dict[str, Any]]]) -> None:
        room = self._rooms.find(name)
        if room is None:
            return
        told: dict[str | None, dict[str, Any]] = {}
        async with room.telling:  # or what was found out first could be told last
            for member in list(room.members):
                player = member.player
                if player.language not in told:
                    told[player.language] = await what(room.room, player)
                member.tell(told[player.language])

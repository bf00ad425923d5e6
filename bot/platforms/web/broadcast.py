"""What each page is sent besides what its room shows: its language and menu, and the points."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from bot.domain import Player, Room
from bot.platforms.web.rooms import PLATFORM, Event, Rooms
from bot.services import Service, commands
from bot.services.commands import Section


class EventOf(Protocol):
    """Makes the event that a page is sent."""

    def __call__(self, room: Room, player: Player, *, is_admin: bool) -> Awaitable[Event]:
        """Return the event for a player in a room."""


class Broadcast:
    """Sends the pages of a room what the service knows by now.

    Args:
        service: Knows languages and points.
        rooms: Where the pages are.
    """

    def __init__(self, service: Service, rooms: Rooms) -> None:
        self._service = service
        self._rooms = rooms

    async def first_events(self, room: Room, player: Player, *, is_admin: bool) -> list[Event]:
        """Return what a page is sent when it comes in."""
        return [
            await self._language(room, player, is_admin=is_admin),
            await self._board(room, player, is_admin=is_admin),
        ]

    async def send_languages(self, name: str) -> None:
        """Send each page of a room its language again: the room may have chosen another."""
        await self._send(name, self._language)

    async def send_boards(self, name: str) -> None:
        """Send each page of a room the season's points, as they are by now."""
        await self._send(name, self._board)

    async def _language(self, room: Room, player: Player, *, is_admin: bool) -> Event:
        """Return which language a page speaks, and what its menu offers; the game comes first."""
        speaker = await self._service.speaker(room, player)
        offered = (each for each in commands.menu(PLATFORM) if is_admin or not each.admins_only)
        by_section = sorted(offered, key=lambda command: command.section is not Section.PLAY)
        menu = [
            {
                "name": command.name,
                "description": command.summary_in(speaker),
                "choices": command.choices,
                "section": "admin" if command.admins_only else command.section,
            }
            for command in by_section
        ]
        return {"type": "language", "language": speaker.language, "menu": menu}

    async def _board(self, room: Room, player: Player, *, is_admin: bool) -> Event:
        """Return the season's points, the same for admins."""
        del is_admin
        places = [
            {
                "rank": row.rank,
                "name": row.name,
                "points": row.points,
                "id": row.player,
                "colour": row.colour,
            }
            for row in await self._service.board(room, player)
        ]
        return {"type": "board", "places": places}

    async def _send(self, name: str, event_of: EventOf) -> None:
        room = self._rooms.find(name)
        if room is None:
            return
        # All that differs between members is the language, and whether they may decide.
        events: dict[tuple[str | None, bool], Event] = {}
        async with room.broadcasting:  # or what was found out first could be sent last
            for member in list(room.members):
                player = member.player
                kind = player.language, member.is_admin
                if kind not in events:
                    events[kind] = await event_of(room.room, player, is_admin=member.is_admin)
                member.send(events[kind])

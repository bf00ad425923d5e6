"""Rooms where several processes share the work: each is open in one, which all others lead to."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Handler
from cachetools import TTLCache

from bot.domain import Peer, Player, Room
from bot.platforms.web.admins import Admins
from bot.platforms.web.peers import HEADER, Peers, one_moment
from bot.platforms.web.requests import NewRooms, clean_room_name
from bot.platforms.web.rooms import Rooms, room_of
from bot.platforms.web.shelf import Shelf
from bot.services import Service

log = logging.getLogger(__name__)

# How often is looked whether rooms are another process's by now: this one may have been held up.
WATCH_SECONDS = 2.0
# A page asks for many pictures at once: whose a room is, is not looked up for each of them.
ROOMS_REMEMBERED, REMEMBERED_SECONDS = 1024, 1.0


class SharedRooms:
    """Opens here the rooms that no other process has, and passes on what is for those of others.

    Args:
        service: Knows whose a room is.
        rooms: Those that are open here.
        shelf: What rooms showed, in whatever process.
        admins: Know who created a room.
        new_rooms: Let people into rooms in which nothing has happened.
        peers: The other processes.
    """

    def __init__(
        self,
        service: Service,
        rooms: Rooms,
        shelf: Shelf | None,
        admins: Admins,
        new_rooms: NewRooms,
        peers: Peers,
    ) -> None:
        self._service = service
        self._rooms = rooms
        self._shelf = shelf
        self._admins = admins
        self._new_rooms = new_rooms
        self._peers = peers
        self._open: set[str] = set()
        self._elsewhere: TTLCache[str, Peer] = TTLCache(ROOMS_REMEMBERED, REMEMBERED_SECONDS)
        self._opening = asyncio.Lock()
        self._leavers: list[Callable[[Room], None]] = []

    def listen(self, let_go: Callable[[Room], None]) -> None:
        """Have somebody told of each room that is another process's by now."""
        self._leavers.append(let_go)

    @web.middleware
    async def lead(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer what is for a room of this process, and have others answer for theirs."""
        passed_on = self._peers.received(request)
        name = request.match_info.get("room")
        if not name or clean_room_name(name) != name:
            return await handler(passed_on or request)
        if passed_on is None and name not in self._open:  # which would make it somebody's
            self._new_rooms.admit(request, name)
        try:
            peer = await self._enter(name)
        except Exception:
            log.exception("whose a room is could not be looked up")
            peer = Peer()
        if peer is None:
            return await handler(passed_on or request)
        if HEADER in request.headers:
            # It goes no further, or it might go round and round.
            if passed_on is None:
                log.info("what is for another process came here; is its PEER_URL right?")
            return one_moment(request)
        if not peer.address:
            return one_moment(request)
        answer = await self._peers.pass_on(request, peer)
        if answer.status >= HTTPStatus.BAD_GATEWAY or isinstance(answer, web.WebSocketResponse):
            self._elsewhere.pop(name, None)  # that process may have ended
        return answer

    async def watch(self) -> None:
        """See that what is another process's by now is open there alone. Never ends."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            for name in list(self._open):
                try:
                    await self._look_after(name)
                except Exception:
                    log.exception("whose a room is could not be looked up")

    async def forget(self, player: Player) -> None:
        """Take a player out of what rooms showed that nobody has open now."""
        if self._shelf is None:
            return
        async with self._opening:
            shown = await self._shelf.rooms() - {room_of(name) for name in self._open}
            for room in await self._service.take(shown) if shown else ():
                closed = Rooms(self._rooms.now, self._shelf, are_shared=True)
                await closed.bring_back(room)
                closed.forget(player)

    async def _enter(self, name: str) -> Peer | None:
        """Return which other process has a room; None once it is open in this one."""
        room = room_of(name)
        if name in self._open and self._service.is_open(room):
            return None
        if (known := self._elsewhere.get(name)) is not None:
            return known
        peer = await self._service.enter(room)
        if peer is not None:
            self._elsewhere[name] = peer
            self._let_go(name)
            return peer
        async with self._opening:
            if name not in self._open:
                # What another process has left there, before anything is added to it.
                await self._rooms.bring_back(room)
                await asyncio.to_thread(self._admins.read_created)
                self._open.add(name)
                await self._service.look()
        return None

    async def _look_after(self, name: str) -> None:
        if not self._service.is_open(room_of(name)):
            await self._enter(name)

    def _let_go(self, name: str) -> None:
        if name in self._open:
            self._open.discard(name)
            self._rooms.let_go(name)
            for leaver in self._leavers:
                leaver(room_of(name))

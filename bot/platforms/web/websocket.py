"""One browser's WebSocket, from its hello to its close."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import suppress
from typing import Protocol

from aiohttp import WSCloseCode, WSMessage, WSMsgType, web

from bot.domain import Player, Room
from bot.platforms.web.admins import Admins
from bot.platforms.web.requests import (
    MESSAGE_BYTES,
    browser_language,
    clean,
    parse_message,
    player_of,
)
from bot.platforms.web.rooms import Event, Full, Member, Rooms, room_of
from bot.services.rate_limit import Rate, Window

# A page says hello at once; whatever takes longer is no page of ours.
HELLO_SECONDS = 10.0
# The page sends a sign of life each minute while somebody can see it.
IDLE_SECONDS = 300.0
PING_SECONDS = 30.0
# How long a browser may take to agree that the socket closes.
CLOSE_SECONDS = 1.0
# A hello, a sign of life, a new name: nothing that a person does comes close.
MESSAGES = Rate(30, 10)

# Close codes of our own (RFC 6455 leaves 4000 to 4999 to the application).
CLOSED_IDLE = 4001
CLOSED_FULL = 4029

# What a page says, as it came.
Message = Mapping[str, object]


class FirstEvents(Protocol):
    """Finds out what a page is sent besides what its room shows: its language, its points."""

    def __call__(self, room: Room, player: Player, *, is_admin: bool) -> Awaitable[Sequence[Event]]:
        """Return the events for a player in a room."""


class Entrance(Protocol):
    """Where a browser comes in: a room, or its party night."""

    async def enter(self, player: Player, hello: Message) -> Member:
        """Let a browser in.

        Args:
            player: Whose it is.
            hello: What it said besides.

        Raises:
            Full: When there is no place.
        """

    def hear(self, member: Member, message: Message) -> None:
        """Do what a browser says later on."""

    def leave(self, member: Member) -> None:
        """Let a browser go."""


class RoomEntrance:
    """The way into a room.

    Args:
        rooms: All rooms.
        name: The room's.
        first_events: Returns what a page is sent when it comes in.
        admins: Knows who may decide for a room.
    """

    def __init__(self, rooms: Rooms, name: str, first_events: FirstEvents, admins: Admins) -> None:
        self._rooms = rooms
        self._name = name
        self._first_events = first_events
        self._admins = admins

    async def enter(self, player: Player, hello: Message) -> Member:
        """Let a player into the room; raise Full when there is no place."""
        is_admin = self._admins.is_admin(self._name, player, hello.get("admin"))
        room = room_of(self._name)
        events = list(await self._first_events(room, player, is_admin=is_admin))
        if is_admin:  # for this page to keep: who created the room has no token yet
            events.append({"type": "admin", "token": self._admins.token(self._name)})
        member = self._rooms.join(self._name, player, is_admin=is_admin)
        for event in events:
            member.send(event)
        return member

    def hear(self, member: Member, message: Message) -> None:
        """Take a new nickname."""
        nickname = message.get("name")
        if message.get("type") == "name" and isinstance(nickname, str):
            self._rooms.rename(self._name, member, clean(nickname))

    def leave(self, member: Member) -> None:
        """Let a player go."""
        self._rooms.leave(self._name, member)


async def serve_websocket(
    request: web.Request, entrance: Entrance, open_sockets: set[web.WebSocketResponse]
) -> web.WebSocketResponse:
    """Keep one browser where it comes in until it leaves, falls silent or misbehaves.

    Args:
        request: The browser's.
        entrance: Where it comes in.
        open_sockets: Holds the socket as long as it is open.
    """
    socket = web.WebSocketResponse(
        timeout=CLOSE_SECONDS, heartbeat=PING_SECONDS, max_msg_size=MESSAGE_BYTES
    )
    await socket.prepare(request)
    open_sockets.add(socket)
    try:
        said = await _receive_hello(socket, browser_language(request))
        if said is None:
            await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"say hello first")
            return socket
        try:
            member = await entrance.enter(*said)
        except Full:
            await socket.close(code=CLOSED_FULL, message=b"full")
            return socket
        tasks = (
            asyncio.create_task(_send(socket, member)),
            asyncio.create_task(_abort_when_lost(request, member)),
        )
        try:
            await _receive(socket, entrance, member)
        finally:
            entrance.leave(member)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        open_sockets.discard(socket)
    return socket


async def _receive_hello(
    socket: web.WebSocketResponse, language: str | None
) -> tuple[Player, Message] | None:
    """Return who says hello, and all that they say."""
    with suppress(TimeoutError):
        message = _parse(await socket.receive(timeout=HELLO_SECONDS))
        if message and message.get("type") == "hello":
            player = player_of(message.get("player"), message.get("name"), language)
            return (player, message) if player else None
    return None


async def _receive(socket: web.WebSocketResponse, entrance: Entrance, member: Member) -> None:
    window = Window(MESSAGES)
    while True:
        try:
            received = await socket.receive(timeout=IDLE_SECONDS)
        except TimeoutError:
            await socket.close(code=CLOSED_IDLE, message=b"idle")
            return
        if received.type is not WSMsgType.TEXT and received.type is not WSMsgType.BINARY:
            return  # closed, by the browser, the network or ourselves
        now = time.monotonic()
        message = _parse(received)
        if message is None or window.is_full(now):
            await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"too much")
            return
        window.count(now)
        entrance.hear(member, message)


async def _send(socket: web.WebSocketResponse, member: Member) -> None:
    """Send the member's events as they come."""
    while True:
        await socket.send_json(await member.outbox.get())


async def _abort_when_lost(request: web.Request, member: Member) -> None:
    """Cut the connection of a browser that does not keep up.

    A browser that reads nothing would not read a polite close either; sending it one would wait.
    """
    await member.lost.wait()
    if request.transport is not None:
        request.transport.abort()


def _parse(message: WSMessage) -> dict[str, object] | None:
    return parse_message(message.data) if message.type is WSMsgType.TEXT else None

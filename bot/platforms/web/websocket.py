"""One browser's WebSocket, from its hello to its close."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Sequence
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


class FirstEvents(Protocol):
    """Finds out what a page is sent besides what its room shows: its language, its points."""

    def __call__(self, room: Room, player: Player, *, is_admin: bool) -> Awaitable[Sequence[Event]]:
        """Return the events for a player in a room."""


async def serve_websocket(
    request: web.Request,
    rooms: Rooms,
    name: str,
    open_sockets: set[web.WebSocketResponse],
    first_events: FirstEvents,
    admins: Admins,
) -> web.WebSocketResponse:
    """Keep one browser in a room until it leaves, falls silent or misbehaves.

    Args:
        request: The browser's.
        rooms: All rooms.
        name: The room's.
        open_sockets: Holds the socket as long as it is open.
        first_events: Returns what a page is sent when it comes in.
        admins: Knows who may decide for a room.
    """
    socket = web.WebSocketResponse(
        timeout=CLOSE_SECONDS, heartbeat=PING_SECONDS, max_msg_size=MESSAGE_BYTES
    )
    await socket.prepare(request)
    open_sockets.add(socket)
    try:
        hello = await _receive_hello(socket, browser_language(request))
        if hello is None:
            await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"say hello first")
            return socket
        player, token = hello
        is_admin = admins.is_admin(name, player, token)
        events = list(await first_events(room_of(name), player, is_admin=is_admin))
        if is_admin:  # for this page to keep: who created the room has no token yet
            events.append({"type": "admin", "token": admins.token(name)})
        try:
            member = rooms.join(name, player, is_admin=is_admin)
        except Full:
            await socket.close(code=CLOSED_FULL, message=b"full")
            return socket
        for event in events:
            member.send(event)
        tasks = (
            asyncio.create_task(_send(socket, member)),
            asyncio.create_task(_abort_when_lost(request, member)),
        )
        try:
            await _receive(socket, rooms, name, member)
        finally:
            rooms.leave(name, member)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        open_sockets.discard(socket)
    return socket


async def _receive_hello(
    socket: web.WebSocketResponse, language: str | None
) -> tuple[Player, object] | None:
    """Return who says hello, and the token of an admin link if they hold one."""
    with suppress(TimeoutError):
        message = _parse(await socket.receive(timeout=HELLO_SECONDS))
        if message and message.get("type") == "hello":
            player = player_of(message.get("player"), message.get("name"), language)
            return (player, message.get("admin")) if player else None
    return None


async def _receive(socket: web.WebSocketResponse, rooms: Rooms, name: str, member: Member) -> None:
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
        nickname = message.get("name")
        if message.get("type") == "name" and isinstance(nickname, str):
            rooms.rename(name, member, clean(nickname))


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

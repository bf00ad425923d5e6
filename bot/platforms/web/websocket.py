"""One browser's WebSocket, from its hello to its close."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from aiohttp import WSCloseCode, WSMessage, WSMsgType, web

from bot.domain import Player, Room
from bot.platforms.web.people import language_of, player_of
from bot.platforms.web.rooms import Full, Member, Rooms, clean, room_of
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
MESSAGE_BYTES = 4096

# Close codes of our own (RFC 6455 leaves 4000 to 4999 to the application).
CLOSED_IDLE = 4001
CLOSED_FULL = 4029

# Returns what a page is told of a room besides what was shown there: its language, its points.
Brief = Callable[[Room, Player], Awaitable[list[dict[str, Any]]]]


async def serve_live(
    request: web.Request,
    rooms: Rooms,
    name: str,
    open_sockets: set[web.WebSocketResponse],
    brief: Brief,
) -> web.WebSocketResponse:
    """Keep one browser in a room until it leaves, falls silent or misbehaves."""
    live = web.WebSocketResponse(
        timeout=CLOSE_SECONDS, heartbeat=PING_SECONDS, max_msg_size=MESSAGE_BYTES
    )
    await live.prepare(request)
    open_sockets.add(live)
    try:
        player = await _hello(live, language_of(request.headers.get("Accept-Language", "")))
        if player is None:
            await live.close(code=WSCloseCode.POLICY_VIOLATION, message=b"say hello first")
            return live
        briefing = await brief(room_of(name), player)
        try:
            member = rooms.join(name, player)
        except Full:
            await live.close(code=CLOSED_FULL, message=b"full")
            return live
        for event in briefing:
            member.tell(event)
        helpers = (
            asyncio.create_task(_send(live, member)),
            asyncio.create_task(_hang_up_when_lost(request, member)),
        )
        try:
            await _receive(live, rooms, name, member)
        finally:
            rooms.leave(name, member)
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
    finally:
        open_sockets.discard(live)
    return live


async def _hello(live: web.WebSocketResponse, language: str | None) -> Player | None:
    with suppress(TimeoutError):
        message = _parse(await live.receive(timeout=HELLO_SECONDS))
        if message and message.get("type") == "hello":
            return player_of(message.get("player"), message.get("name"), language)
    return None


async def _receive(live: web.WebSocketResponse, rooms: Rooms, name: str, member: Member) -> None:
    asked = Window(MESSAGES)
    while True:
        try:
            received = await live.receive(timeout=IDLE_SECONDS)
        except TimeoutError:
            await live.close(code=CLOSED_IDLE, message=b"idle")
            return
        if received.type is not WSMsgType.TEXT and received.type is not WSMsgType.BINARY:
            return  # closed, by the browser, the network or ourselves
        now = time.monotonic()
        message = _parse(received)
        if message is None or asked.is_full(now):
            await live.close(code=WSCloseCode.POLICY_VIOLATION, message=b"too much")
            return
        asked.count(now)
        if message.get("type") == "name" and isinstance(message.get("name"), str):
            rooms.rename(name, member, clean(message["name"]))


async def _send(live: web.WebSocketResponse, member: Member) -> None:
    """Send what the room tells the member."""
    while True:
        await live.send_json(await member.outbox.get())


async def _hang_up_when_lost(request: web.Request, member: Member) -> None:
    """Cut the connection of a browser that does not keep up.

    A browser that reads nothing would not read a polite close either; sending it one would wait.
    """
    await member.lost.wait()
    if request.transport is not None:
        request.transport.abort()


def _parse(message: WSMessage) -> dict[str, Any] | None:
    if message.type is not WSMsgType.TEXT:
        return None
    try:
        value = json.loads(message.data)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None

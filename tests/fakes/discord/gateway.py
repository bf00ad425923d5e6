"""The gateway of the tests' Discord: sessions that are identified, resumed, closed and broken."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import WSMsgType, web

from tests.fakes.discord.world import World

DISPATCH, HEARTBEAT, IDENTIFY, RESUME, RECONNECT, INVALID, HELLO, ACK = 0, 1, 2, 6, 7, 9, 10, 11
GUILDS, GUILD_MESSAGES, DM_MESSAGES, CONTENT = 1, 1 << 9, 1 << 12, 1 << 15
PRIVILEGED = CONTENT | 1 << 1 | 1 << 8
KNOWN = (1 << 26) - 1
HEARTBEAT_MS = 41250


@dataclass(eq=False)
class Session:
    """One shard's session: what it was sent, and the connection that it has at the moment."""

    id: str
    shard: int
    shards: int
    intents: int
    events: list[dict[str, Any]] = field(default_factory=list)
    socket: web.WebSocketResponse | None = None
    transport: asyncio.Transport | None = None


class Gateway:
    """Sends events to whoever identified.

    Attributes:
        approved: Privileged intents that the developer portal allows.
        closes_with: Close code for everyone who identifies, instead of READY.
        rewind: How many events too many are sent again after a RESUME.
        identifies: When a shard identified, by `clock`, and which.
        garble: Makes of an event, by its name and data, what is sent in its place.
    """

    def __init__(self, world: World, changed: Callable[[], None]) -> None:
        self._world = world
        self._changed = changed
        self.url = ""
        self.shards = 1
        self.approved = 0
        self.closes_with: int | None = None
        self.rewind = 0
        self.garble: Callable[[str, dict[str, Any]], dict[str, Any]] = lambda _, data: data
        self.sessions: dict[str, Session] = {}
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.identifies: list[tuple[datetime, int]] = []
        self.resumed = 0
        self.heartbeats = 0

    @property
    def identified(self) -> int:
        """How often somebody identified."""
        return len(self.identifies)

    @property
    def live(self) -> list[Session]:
        """The sessions that have a connection."""
        return [s for s in self.sessions.values() if s.socket is not None and not s.socket.closed]

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one connection."""
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        await socket.send_json({"op": HELLO, "d": {"heartbeat_interval": HEARTBEAT_MS}})
        session: Session | None = None
        async for frame in socket:
            if frame.type is not WSMsgType.TEXT:
                break
            message = frame.json()
            match message["op"]:
                case 1:
                    self.heartbeats += 1
                    await socket.send_json({"op": ACK})
                case 2 if session is None:
                    session = await self._identify(socket, message["d"])
                    if session is not None:
                        session.transport = request.transport
                case 6 if session is None:
                    session = await self._resume(socket, message["d"])
                    if session is not None:
                        session.transport = request.transport
                case 2 | 6:
                    await socket.close(code=4005)
                case _:
                    await socket.close(code=4001)
        if session is not None and session.socket is socket:
            session.socket = None
        self._changed()
        return socket

    async def emit(self, event: str, data: dict[str, Any], shard_key: int = 0) -> None:
        """Send an event to the shard that it belongs to; a lost connection gets it on RESUME."""
        for session in list(self.sessions.values()):
            if (shard_key >> 22) % session.shards == session.shard and _wants(session, event, data):
                await self._send(session, event, data)

    async def reconnect(self) -> None:
        """Ask everyone to connect again and resume."""
        for session in self.live:
            assert session.socket is not None
            await session.socket.send_json({"op": RECONNECT, "d": None})

    async def invalidate(self, *, is_resumable: bool = False) -> None:
        """Tell everyone that the session is over."""
        for session in self.live:
            assert session.socket is not None
            if not is_resumable:
                del self.sessions[session.id]
            await session.socket.send_json({"op": INVALID, "d": is_resumable})

    async def close(self, code: int) -> None:
        """Close all connections with a code."""
        for session in self.live:
            assert session.socket is not None
            await session.socket.close(code=code)

    def drop(self) -> None:
        """Cut all connections, as a broken network does."""
        for session in self.live:
            assert session.transport is not None
            session.transport.abort()
            session.socket = None

    def freeze(self) -> None:
        """Read nothing more, as a computer that has lost its network."""
        for session in self.live:
            assert session.transport is not None
            session.transport.pause_reading()

    async def _identify(
        self, socket: web.WebSocketResponse, data: dict[str, Any]
    ) -> Session | None:
        shard, shards = data.get("shard", [0, 1])
        self.identifies.append((self.clock(), shard))
        code = self.closes_with
        if data["token"] != self._world.token:
            code = 4004
        elif data["intents"] & ~KNOWN:
            code = 4013
        elif data["intents"] & PRIVILEGED & ~self.approved:
            code = 4014
        if code is not None:
            await socket.close(code=code)
            return None
        self._world.reads_everything = bool(data["intents"] & CONTENT)
        session = Session(secrets.token_hex(8), shard, shards, data["intents"], socket=socket)
        # Several may be of one shard, and all are told the same.
        gone = [s for s in self.sessions.values() if s.shard == shard and s not in self.live]
        for each in gone:
            del self.sessions[each.id]
        self.sessions[session.id] = session
        guilds = [guild for guild in self._world.guilds.values() if guild.has_bot]
        mine = [guild for guild in guilds if (guild.id >> 22) % shards == shard]
        ready = {
            "v": 10,
            "user": self._world.bot.wire(),
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in mine],
            "session_id": session.id,
            "resume_gateway_url": self.url,
            "shard": [shard, shards],
            "application": {"id": str(self._world.application), "flags": 0},
        }
        await self._send(session, "READY", ready)
        for guild in mine:
            written = {
                **guild.wire(self._world.bot, self._world.latest(guild)),
                "unavailable": False,
            }
            await self._send(session, "GUILD_CREATE", written)
        self._changed()
        return session

    async def _resume(self, socket: web.WebSocketResponse, data: dict[str, Any]) -> Session | None:
        session = self.sessions.get(data["session_id"])
        if session is None or data["token"] != self._world.token:
            await socket.send_json({"op": INVALID, "d": False})
            return None
        session.socket = socket
        self.resumed += 1
        missed = max(0, data["seq"] - self.rewind)
        for message in session.events[missed:]:
            if message["t"] != "READY":
                await socket.send_json(message)
        await self._send(session, "RESUMED", {})
        self._changed()
        return session

    async def _send(self, session: Session, event: str, data: dict[str, Any]) -> None:
        data = self.garble(event, data)
        message = {"op": DISPATCH, "t": event, "s": len(session.events) + 1, "d": data}
        session.events.append(message)
        if session.socket is not None and not session.socket.closed:
            try:
                await session.socket.send_json(message)
            except ConnectionError:
                session.socket = None


def _wants(session: Session, event: str, data: dict[str, Any]) -> bool:
    if event.startswith("MESSAGE_"):
        return bool(session.intents & (GUILD_MESSAGES if "guild_id" in data else DM_MESSAGES))
    if event.startswith(("GUILD_", "CHANNEL_", "THREAD_")):
        return bool(session.intents & GUILDS)
    return True

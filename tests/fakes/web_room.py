"""A web room's server on loopback, and browsers as a test needs them: HTTP and WebSockets."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, ClientSession, ClientWebSocketResponse, WSMsgType

from bot.services.admission import Admission
from bot.services.service import Service
from bot.services.photo_archive import PhotoArchive
from bot.services.rate_limit import RateLimits, Rate
from bot.platforms.web.address import WebAddress
from bot.platforms.web.server import WebChat
from bot.platforms.web.rooms import Rooms
from bot.platforms.web.api import MakePreview
from bot.storage.store import Store
from tests.fakes.vision import YETI, FakeVision

SECRET = "s" * 24
HEADERS = {"X-Player": SECRET, "X-Nickname": "Ana"}


class Served:
    """A running server and a browser-like session to ask it with."""

    def __init__(
        self, session: ClientSession, url: str, chat: WebChat, host: Service, eye: FakeVision
    ) -> None:
        self.session, self.url = session, url
        self.chat, self.host, self.eye = chat, host, eye

    async def send(
        self, data: object, room: str = "home", headers: dict[str, str] | None = None
    ) -> ClientResponse:
        """Post a photo."""
        return await self.session.post(
            f"{self.url}/r/{room}/photos",
            data=data,
            headers=HEADERS if headers is None else headers,
        )

    async def ask(
        self, where: str, message: object, room: str = "home", headers: dict[str, str] | None = None
    ) -> ClientResponse:
        """Post a tap or a command."""
        return await self.session.post(
            f"{self.url}/r/{room}/{where}",
            data=message if isinstance(message, bytes) else json.dumps(message),
            headers=HEADERS if headers is None else headers,
        )

    async def join(
        self, secret: str = SECRET, name: str = "Ana", room: str = "home", language: str = ""
    ) -> Live:
        live = await self.session.ws_connect(
            f"{self.url}/r/{room}/live", headers={"Accept-Language": language}
        )
        await live.send_json({"type": "hello", "player": secret, "name": name})
        return Live(live)


class Live:
    """One browser's socket, waiting for the events it is asked for."""

    def __init__(self, socket_: ClientWebSocketResponse) -> None:
        self.socket = socket_

    async def hear(self, type_: str) -> dict[str, Any]:
        while True:
            event: dict[str, Any] = await self.socket.receive_json(timeout=10)
            if event["type"] == type_:
                return event

    async def closed(self) -> int | None:
        while (await self.socket.receive(timeout=10)).type is WSMsgType.TEXT:
            pass
        return self.socket.close_code


@asynccontextmanager
async def serving(
    public: str | None = None,
    rooms: Rooms | None = None,
    make_preview: MakePreview | None = None,
    kept: Path = Path("kept"),
) -> AsyncIterator[Served]:
    """Run a web room whose eye sees a yeti in whatever is no refusal's name."""
    listening = socket.create_server(("127.0.0.1", 0))
    address = WebAddress("127.0.0.1", listening.getsockname()[1], public)
    eye = FakeVision(YETI)
    async with (
        Store.open("sqlite://") as store,
        ClientSession() as session,
        AsyncExitStack() as stack,
    ):
        host = Service(eye, Admission(RateLimits(Rate(1000, 60), Rate(1000, 60))), store, PhotoArchive(kept))
        chat = WebChat(
            host,
            address,
            make_preview=make_preview or eye.preview,
            health=lambda: {"status": "ok"},
            rooms=rooms,
        )
        host.add(chat.name, chat)
        await stack.enter_async_context(host.playing())
        await chat.start(listening)
        try:
            yield Served(session, f"http://127.0.0.1:{address.port}", chat, host, eye)
        finally:
            await session.close()
            await chat.stop()

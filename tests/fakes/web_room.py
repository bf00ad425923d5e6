"""A web room's server on loopback, and browsers as a test needs them: HTTP and WebSockets."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from aiohttp import ClientResponse, ClientSession, ClientWebSocketResponse, WSMessage, WSMsgType

from bot.platforms.web import WebAddress, WebServer
from bot.platforms.web.rooms import Rooms
from bot.services import Service
from bot.services.admission import Admission
from bot.services.ports import Messenger
from bot.services.rate_limit import Rate, RateLimits
from bot.storage import Store
from tests.fakes.vision import YETI, FakeVision
from tests.support.services import make_service

SECRET = "s" * 24
HEADERS = {"X-Player": SECRET, "X-Nickname": "Ana"}


class Clock:
    """A clock that a test turns by hand, in seconds."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class Served:
    """A running server and a browser-like session to ask it with.

    Attributes:
        session: The browser's.
        url: The server's.
        server: The server.
        rooms: Its rooms.
        service: What answers.
        vision: What it sees photos with.
    """

    def __init__(
        self,
        session: ClientSession,
        url: str,
        server: WebServer,
        rooms: Rooms,
        service: Service,
        vision: FakeVision,
    ) -> None:
        self.session, self.url = session, url
        self.server, self.rooms = server, rooms
        self.service, self.vision = service, vision

    async def post_photo(
        self, data: object, room: str = "home", headers: Mapping[str, str] = HEADERS
    ) -> ClientResponse:
        return await self.session.post(f"{self.url}/r/{room}/photos", data=data, headers=headers)

    async def post(
        self,
        where: str,
        message: object,
        room: str = "home",
        headers: Mapping[str, str] = HEADERS,
    ) -> ClientResponse:
        """Post a tap or a command."""
        return await self.session.post(
            f"{self.url}/r/{room}/{where}",
            data=message if isinstance(message, bytes) else json.dumps(message),
            headers=headers,
        )

    async def photo(
        self,
        data: bytes = b"photo",
        headers: Mapping[str, str] = HEADERS,
        *,
        caption: str = "",
        room: str = "home",
    ) -> dict[str, Any]:
        """Post a photo that is answered, and return its entry."""
        more = {"X-Caption": quote(caption)} if caption else {}
        response = await self.post_photo(data, room, {**headers, **more})
        assert response.status in (200, 201), await response.text()
        entry: dict[str, Any] = (await response.json())["entry"]
        return entry

    async def press(
        self,
        data: str,
        entry: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] = HEADERS,
    ) -> dict[str, Any]:
        """Tap a button, and return what that leads to."""
        message = {"data": data, "entry": entry and entry["id"]}
        return await self._outcome("presses", message, headers)

    async def command(
        self, name: str, argument: str = "", headers: Mapping[str, str] = HEADERS
    ) -> dict[str, Any]:
        """Choose something from the menu, and return what that leads to."""
        return await self._outcome("commands", {"name": name, "argument": argument}, headers)

    async def join(
        self,
        secret: str = SECRET,
        name: str = "Ana",
        room: str = "home",
        language: str = "",
        **more: str,
    ) -> Live:
        """Open a room's page."""
        live = await self.session.ws_connect(
            f"{self.url}/r/{room}/live", headers={"Accept-Language": language}
        )
        await live.send_json({"type": "hello", "player": secret, "name": name, **more})
        return await Live(live).begun()

    def admin_token(self, room: str = "home") -> str:
        """Return what the page of a room's admin sends along."""
        return self.server.admin_link(room).split("#admin=")[1]

    async def entries(self) -> list[dict[str, Any]]:
        """Return what somebody who comes in now is shown."""
        late = await self.join("l" * 24, "Late")
        found: list[dict[str, Any]] = (await late.receive("welcome"))["entries"]
        return found

    async def _outcome(
        self, where: str, message: object, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        response = await self.post(where, message, headers=headers)
        assert response.status == 200, await response.text()
        outcome: dict[str, Any] = await response.json()
        return outcome


class Live:
    """One browser's socket, waiting for the events it is asked for."""

    def __init__(self, socket_: ClientWebSocketResponse) -> None:
        self.socket = socket_
        self._first: WSMessage | None = None

    async def begun(self) -> Self:
        """Wait until the server has said something: it knows who is there then."""
        self._first = await self.socket.receive(timeout=10)
        return self

    async def receive(self, type_: str) -> dict[str, Any]:
        """Return the next event of a type; those before it are dropped."""
        while True:
            event: dict[str, Any] = (await self._next()).json()
            if event["type"] == type_:
                return event

    async def closed(self) -> int | None:
        """Wait until the server closes, and return its close code."""
        while (await self._next()).type is WSMsgType.TEXT:
            pass
        return self.socket.close_code

    async def _next(self) -> WSMessage:
        first, self._first = self._first, None
        return first or await self.socket.receive(timeout=10)


def buttons(entry: Mapping[str, Any]) -> dict[str, str]:
    """Return the data of an entry's buttons, by what is on them."""
    return {each["text"]: each["data"] for row in entry["answer"]["buttons"] for each in row}


@asynccontextmanager
async def serving(
    public: str | None = None,
    rooms: Rooms | None = None,
    vision: FakeVision | None = None,
    kept: Path = Path("kept"),
    data_folder: Path | None = None,
    database_url: str = "sqlite://",
) -> AsyncIterator[Served]:
    """Run a web room whose bot sees a yeti in whatever is no refusal's name, unless told."""
    listening = socket.create_server(("127.0.0.1", 0))
    address = WebAddress("127.0.0.1", listening.getsockname()[1], public)
    vision = vision or FakeVision(YETI)
    admission = Admission(RateLimits(Rate(1000, 60), Rate(1000, 60)))
    async with (
        Store.open(database_url, address=address.direct_url) as store,
        ClientSession() as session,
        AsyncExitStack() as stack,
    ):
        server = WebServer(
            address,
            health=lambda: {"status": "ok", "ready": False},
            rooms=rooms,
            data_folder=data_folder,
            peer_key=store.leases.key if store.leases.are_shared else None,
        )
        messengers: dict[str, Messenger] = {server.name: server}
        service = make_service(vision, store, messengers, admission=admission, kept=kept)
        server.open(service)
        await stack.enter_async_context(service.running())
        await server.start(service, listening)
        try:
            url = f"http://127.0.0.1:{address.port}"
            yield Served(session, url, server, server.rooms, service, vision)
        finally:
            await session.close()
            await server.stop()

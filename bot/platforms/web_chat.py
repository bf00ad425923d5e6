"""The room in the browser: serves the page, takes photos in, and shows everyone the answers."""

from __future__ import annotations

import asyncio
import socket
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, unquote

import segno
from aiohttp import WSCloseCode, web
from aiohttp.typedefs import Handler
from yarl import URL

from bot import speech
from bot.domain import Photo, Preview, Read, Refusal, Refused, Reply, Room
from bot.host import Host
from bot.platforms.web_address import WebAddress
from bot.platforms.web_guard import add_headers, only_our_own_pages
from bot.platforms.web_live import player_of, serve_live
from bot.platforms.web_room import Entry, Full, Rooms, clean_room_name

PAGE = Path(__file__).parent / "web"
HOME = "home"
# On the longer side: enough for any phone's screen, a tenth of the bytes.
PREVIEW_SIDE = 1280
CHUNK = 64 * 1024
# What is left to do when the host has drained: send an answer and close.
FINISH_SECONDS = 1.0

# Takes the headers and the body of a request, returns the status to answer with.
Hook = Callable[[Mapping[str, str], bytes], Awaitable[int]]

STATUS = {
    Refusal.EMPTY: HTTPStatus.BAD_REQUEST,
    Refusal.NOT_A_PICTURE: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    Refusal.DAMAGED: HTTPStatus.UNPROCESSABLE_ENTITY,
    Refusal.TOO_MANY_BYTES: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Refusal.TOO_MANY_PIXELS: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Refusal.TOO_OFTEN: HTTPStatus.TOO_MANY_REQUESTS,
    Refusal.TOO_SLOW: HTTPStatus.REQUEST_TIMEOUT,
    Refusal.BUSY: HTTPStatus.SERVICE_UNAVAILABLE,
    Refusal.CLOSING: HTTPStatus.SERVICE_UNAVAILABLE,
    Refusal.GONE: HTTPStatus.GONE,
    Refusal.FAULT: HTTPStatus.INTERNAL_SERVER_ERROR,
}


class WebChat:
    """The web server: the page, its photos, its WebSockets, and /healthz."""

    name = "web"

    def __init__(
        self,
        host: Host,
        address: WebAddress,
        *,
        make_preview: Callable[[bytes, int], Awaitable[Preview]],
        health: Callable[[], Mapping[str, Any]],
        rooms: Rooms | None = None,
        has_room: bool = True,
        hooks: Mapping[str, Hook] = MappingProxyType({}),
    ) -> None:
        """has_room: whether the page is served at all, besides /healthz and the hooks.

        hooks: what other services may post to, by the public address that they know.
        """
        self._host = host
        self._address = address
        self._make_preview = make_preview
        self._health = health
        self._rooms = rooms or Rooms()
        self._has_room = has_room
        self._hooks = hooks
        self._sockets: set[web.WebSocketResponse] = set()
        self._runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=FINISH_SECONDS)

    async def start(self, listening: socket.socket) -> None:
        """Serve on a socket that is already bound."""
        await self._runner.setup()
        await web.SockSite(self._runner, listening).start()

    async def stop(self) -> None:
        """Accept nothing more, send the answers that are ready, close the rest."""
        await self._runner.cleanup()

    def read(self, room: Room, reference: str) -> Read:
        """Return what fetches a photo of a room again, as long as it is shown there."""

        async def read(_: int) -> bytes:
            for shown in self._rooms:
                if _room_of(shown.name) == room and (entry := shown.find(reference)):
                    return entry.preview.jpeg
            raise Refused(Refusal.GONE)

        return read

    async def say(self, room: Room, reply: Reply, to: str | None = None) -> None:
        """Say nothing yet: the page shows photos and their answers alone."""

    def state(self) -> dict[str, Any]:
        """Say how busy the rooms are, for /healthz."""
        people = sum(len(room.members) for room in self._rooms)
        return {"state": "running", "rooms": len(list(self._rooms)), "people": people}

    def _app(self) -> web.Application:
        public = {self._address.public_host, *(URL(url).host for url in self._hooks)}
        app = web.Application(middlewares=[only_our_own_pages(frozenset(filter(None, public)))])
        app.on_response_prepare.append(add_headers)
        app.on_response_prepare.append(_ask_again_after_an_update)
        app.on_shutdown.append(self._close_sockets)
        app.router.add_get("/healthz", self._healthz)
        for url, hook in self._hooks.items():
            app.router.add_post(URL(url).path, _handler(hook))
        if not self._has_room:
            return app
        app.router.add_get("/", self._home)
        app.router.add_get("/r/{room}", self._page)
        app.router.add_get("/r/{room}/live", self._live)
        app.router.add_get("/r/{room}/share", self._share)
        app.router.add_get("/r/{room}/qr.svg", self._qr)
        app.router.add_post("/r/{room}/photos", self._take_photo)
        app.router.add_get("/r/{room}/photos/{photo}", self._show_photo)
        app.router.add_static("/static", PAGE)
        return app

    async def _home(self, _: web.Request) -> web.Response:
        raise web.HTTPFound(f"/r/{HOME}")

    async def _healthz(self, _: web.Request) -> web.Response:
        health = self._health()
        return web.json_response(health, status=200 if health["status"] == "ok" else 503)

    async def _page(self, request: web.Request) -> web.FileResponse:
        written = request.match_info["room"]
        if (name := clean_room_name(written) or HOME) != written:
            raise web.HTTPFound(f"/r/{quote(name)}")
        return web.FileResponse(PAGE / "index.html")

    async def _live(self, request: web.Request) -> web.WebSocketResponse:
        return await serve_live(request, self._rooms, _room_name(request), self._sockets)

    async def _take_photo(self, request: web.Request) -> web.Response:
        name = _room_name(request)
        player = player_of(
            request.headers.get("X-Player"), unquote(request.headers.get("X-Nickname", ""))
        )
        if player is None:
            return _error(HTTPStatus.FORBIDDEN, speech.who_are_you())
        received = b""

        async def read(limit: int) -> bytes:
            nonlocal received
            received = await _body(request, limit)
            return received

        room = _room_of(name)
        reply = await self._host.look(Photo(room, player, read, size=request.content_length))
        assert reply is not None, "only a photo with a message id can have been answered before"
        if reply.refusal is not None:
            await self._host.sent(reply, 0.0)
            return _error(STATUS[reply.refusal], reply.text)
        assert reply.verdict is not None
        words = await self._host.words(room, player)
        try:
            preview = await self._make_preview(received, PREVIEW_SIDE)
            entry = Entry(uuid.uuid4().hex, time.time(), player, preview, reply.text, reply.verdict)
            self._rooms.publish(name, entry)
        except Refused as error:
            return _error(STATUS[error.reason], words.refusal(error.reason))
        except Full:
            return _error(STATUS[Refusal.BUSY], words.refusal(Refusal.BUSY))
        await self._host.sent(reply, 0.0, reference=entry.id)
        return web.json_response({"entry": entry.as_json(name)}, status=HTTPStatus.CREATED)

    async def _show_photo(self, request: web.Request) -> web.Response:
        room = self._rooms.find(_room_name(request))
        entry = room and room.find(request.match_info["photo"])
        if not entry:
            raise web.HTTPNotFound(text="That photo is no longer here.\n")
        return web.Response(
            body=entry.preview.jpeg,
            content_type="image/jpeg",
            headers={"Cache-Control": "private, max-age=86400, immutable"},
        )

    async def _share(self, request: web.Request) -> web.Response:
        url, is_open = self._shared_url(request)
        note = "" if is_open else speech.only_this_computer()
        return web.json_response({"url": url, "note": note})

    async def _qr(self, request: web.Request) -> web.Response:
        url, _ = self._shared_url(request)
        picture = BytesIO()
        segno.make(url, error="m").save(picture, kind="svg", border=2, omitsize=True)
        return web.Response(
            body=picture.getvalue(),
            content_type="image/svg+xml",
            headers={"Cache-Control": "no-store"},
        )

    def _shared_url(self, request: web.Request) -> tuple[str, bool]:
        """Return the link to hand on, and whether others can open it.

        Whoever came in by an address that works for others hands on just that: in a container or
        behind a router the server cannot know it.
        """
        room = f"/r/{quote(_room_name(request))}"
        visited = WebAddress(request.url.host or "", request.url.port or 80)
        if self._address.public is None and visited.is_open:
            return f"{request.url.origin()}{room}", True
        return f"{self._address.url}{room}", self._address.is_open

    async def _close_sockets(self, _: web.Application) -> None:
        closing = (
            live.close(code=WSCloseCode.GOING_AWAY, message=b"restarting") for live in self._sockets
        )
        await asyncio.gather(*closing, return_exceptions=True)


def _handler(hook: Hook) -> Handler:
    """Make a request handler of a hook."""

    async def handle(request: web.Request) -> web.Response:
        return web.Response(status=await hook(request.headers, await request.read()))

    return handle


async def _ask_again_after_an_update(_: web.Request, response: web.StreamResponse) -> None:
    """Have browsers ask each time whether a file of the page is still the same (by its ETag).

    Otherwise an update leaves them with new modules beside old ones.
    """
    if isinstance(response, web.FileResponse):
        response.headers["Cache-Control"] = "no-cache"


async def _body(request: web.Request, limit: int) -> bytes:
    """Read an upload, giving up as soon as it is too long. Raises Refused."""
    received = bytearray()
    async for chunk in request.content.iter_chunked(CHUNK):
        received += chunk
        if len(received) > limit:
            raise Refused(Refusal.TOO_MANY_BYTES)
    return bytes(received)


def _room_name(request: web.Request) -> str:
    name = request.match_info["room"]
    if not name or clean_room_name(name) != name:
        raise web.HTTPNotFound(text="There is no room of that name.\n")
    return name


def _room_of(name: str) -> Room:
    """Return the room of a name, under an id that may be logged."""
    return Room("web", sha256(name.encode()).hexdigest()[:12])


def _error(status: HTTPStatus, sentence: str) -> web.Response:
    return web.json_response({"error": sentence}, status=status)

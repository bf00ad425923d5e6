"""The room in the browser: serves the page, takes photos in, and shows everyone the answers."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

import segno
from aiohttp import WSCloseCode, web
from aiohttp.typedefs import Handler
from yarl import URL

from bot.domain import Fetch, Player, Reply, Room
from bot.platforms.web.address import WebAddress
from bot.platforms.web.api import MakePreview, Talk
from bot.platforms.web.broadcast import News
from bot.platforms.web.requests import room_name, spoken_by, word_rejections
from bot.platforms.web.rooms import Rooms, clean_room_name, room_of
from bot.platforms.web.security import add_headers, only_our_own_pages
from bot.platforms.web.websocket import serve_live
from bot.services.service import Service
from bot.speech import Speaker

PAGE = Path(__file__).parent / "web"
HOME = "home"
# What is left to do when the host has drained: send an answer and close.
FINISH_SECONDS = 1.0

# Takes the headers and the body of a request, returns the status to answer with.
Hook = Callable[[Mapping[str, str], bytes], Awaitable[int]]


class WebChat:
    """The web server: the page, its photos, its WebSockets, and /healthz."""

    name = "web"

    def __init__(
        self,
        host: Service,
        address: WebAddress,
        *,
        make_preview: MakePreview,
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
        self._health = health
        self._rooms = rooms or Rooms()
        self._news = News(host, self._rooms)
        self._talk = Talk(host, self._rooms, self._news, make_preview)
        self._index = (PAGE / "index.html").read_text(encoding="utf-8")
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

    def read(self, room: Room, reference: str) -> Fetch:
        """Return what fetches a photo of a room again, as long as it is shown there."""
        return self._talk.read(room, reference)

    async def say(self, room: Room, reply: Reply, to: str | None = None) -> bool:
        """Show everyone in a room what the bot says; there is never anything to try again."""
        await self._talk.say(room, reply, to)
        return True

    def state(self) -> dict[str, Any]:
        """Say how busy the rooms are, for /healthz."""
        people = sum(len(room.members) for room in self._rooms)
        return {"state": "running", "rooms": len(list(self._rooms)), "people": people}

    def _app(self) -> web.Application:
        public = {self._address.public_host, *(URL(url).host for url in self._hooks)}
        app = web.Application(
            middlewares=[only_our_own_pages(frozenset(filter(None, public))), word_rejections]
        )
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
        self._talk.add_routes(app.router)
        app.router.add_static("/static", PAGE)
        return app

    async def _home(self, _: web.Request) -> web.Response:
        raise web.HTTPFound(f"/r/{HOME}")

    async def _healthz(self, _: web.Request) -> web.Response:
        health = self._health()
        return web.json_response(health, status=200 if health["status"] == "ok" else 503)

    async def _page(self, request: web.Request) -> web.Response:
        written = request.match_info["room"]
        if (name := clean_room_name(written) or HOME) != written:
            raise web.HTTPFound(f"/r/{quote(name)}")
        language = (await self._words(request)).language
        return web.Response(
            text=self._index.replace('lang="en"', f'lang="{language}"').replace(
                "words.en.json", f"words.{language}.json"
            ),
            content_type="text/html",
            headers={"Cache-Control": "no-cache", "Vary": "Accept-Language"},
        )

    async def _words(self, request: web.Request) -> Speaker:
        """Return the sentences in the room's language, else the browser's."""
        visitor = Player("", "", spoken_by(request))
        return await self._host.words(room_of(room_name(request)), visitor)

    async def _live(self, request: web.Request) -> web.WebSocketResponse:
        name = room_name(request)
        return await serve_live(request, self._rooms, name, self._sockets, self._news.briefing)

    async def _share(self, request: web.Request) -> web.Response:
        url, is_open = self._shared_url(request)
        note = "" if is_open else (await self._words(request)).only_this_computer()
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
        room = f"/r/{quote(room_name(request))}"
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

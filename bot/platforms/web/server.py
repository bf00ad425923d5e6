"""The room in the browser: serves the page, takes photos in, and shows everyone the answers."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

import segno
from aiohttp import WSCloseCode, web
from aiohttp.typedefs import Handler
from yarl import URL

from bot.domain import Delivery, Fetch, Kept, Player, Receipt, Refusal, Refused, Reply, Room
from bot.platforms.contract import State
from bot.platforms.web.address import WebAddress
from bot.platforms.web.admins import Admins
from bot.platforms.web.api import Api
from bot.platforms.web.broadcast import Broadcast
from bot.platforms.web.party import PartyPages
from bot.platforms.web.peers import Peers
from bot.platforms.web.requests import (
    NewRooms,
    browser_language,
    clean_room_name,
    render_rejections,
    room_name,
)
from bot.platforms.web.rooms import ENTRY_SECONDS, PLATFORM, Rooms, room_of
from bot.platforms.web.security import add_headers, only_our_own_pages
from bot.platforms.web.sharing import SharedRooms
from bot.platforms.web.shelf import Shelf
from bot.platforms.web.websocket import RoomEntrance, serve_websocket
from bot.services import Service
from bot.services.ports import Traits
from bot.speech import Speaker, speaker_for

STATIC = Path(__file__).parent / "static"
HOME = "home"
# In the data folder.
SHELF = "web_photos"
# After the room's name: the room, a party night's big screen, and its phones.
PLAY = "/play"
PAGES = {"": "index.html", "/party": "party.html", PLAY: "play.html"}
# What all of them begin with.
HEAD = "head.html"
# Starts the bot so that phones come in, by the page whose link is handed on.
OPENING = {"": "python -m bot --host 0.0.0.0", PLAY: "python -m bot --party --host 0.0.0.0"}
# What is left to do when the service has drained: send an answer and close.
FINISH_SECONDS = 1.0
# What is too old is looked for when it is due, and as often as this besides: a computer may sleep,
# and its clock may be set.
EXPIRY_SECONDS = 60.0
# https://prometheus.io/docs/instrumenting/exposition_formats/
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"

# Takes the headers and the body of a request, returns the status to answer with.
Hook = Callable[[Mapping[str, str], bytes], Awaitable[int]]


class WebServer:
    """The web server: the page, its photos, its WebSockets, /healthz and /readyz.

    Args:
        address: Where it can be reached.
        health: Returns what /healthz and /readyz show. The first is answered with 503 unless
            `status` is `ok`, as long as the process is of use; the second unless `ready`.
        rooms: All rooms.
        has_room: Whether the page is served at all, besides /healthz, /readyz and the
            hooks.
        hooks: What other services may post to, by the public address that they know.
        metrics: Returns what Prometheus is told at /metrics, in its text format.
        data_folder: Keeps what admin links are made with, and what the rooms show; without one
            both end with the process.
        peer_key: What other processes sign with that lead people to rooms of this one; None where
            there are no others.

    Attributes:
        name: The platform's.
        traits: What it can do that not all can.
        rooms: All rooms.
    """

    name = PLATFORM
    traits = Traits(plays_in_messages=False, shows_until=True)

    def __init__(
        self,
        address: WebAddress,
        *,
        health: Callable[[], Mapping[str, object]],
        rooms: Rooms | None = None,
        has_room: bool = True,
        hooks: Mapping[str, Hook] = MappingProxyType({}),
        metrics: Callable[[], bytes] = bytes,
        data_folder: Path | None = None,
        peer_key: str | None = None,
    ) -> None:
        self._address = address
        self._health = health
        # Also where the room is off by now: what it showed leaves the disk with its day.
        self._shelf = Shelf(data_folder / SHELF) if data_folder else None
        self._is_shared = peer_key is not None
        self._peers = Peers(peer_key) if peer_key and has_room else None
        self.rooms = rooms or Rooms(shelf=self._shelf, are_shared=self._is_shared)
        self._has_room = has_room
        self._hooks = hooks
        self._metrics = metrics
        self._admins = Admins(data_folder if has_room else None)
        self._new_rooms = NewRooms(self._admins)
        self._api: Api | None = None
        self._broadcast: Broadcast | None = None
        self._sharing: SharedRooms | None = None
        self._runner: web.AppRunner | None = None
        self._working: list[asyncio.Task[None]] = []

    def open(self, service: Service) -> None:
        """Open the rooms, before anything is told in them that a restart has interrupted.

        Args:
            service: What answers.
        """
        self._broadcast = Broadcast(service, self.rooms)
        admins, new_rooms = self._admins, self._new_rooms
        self._api = Api(service, self.rooms, self._broadcast, admins, new_rooms)
        if self._peers is not None:
            self._sharing = SharedRooms(
                service, self.rooms, self._shelf, admins, new_rooms, self._peers
            )
        service.privacy.listen(PLATFORM, self._forget)

    async def start(self, service: Service, listening: socket.socket) -> None:
        """Serve on a socket.

        Args:
            service: What answers.
            listening: The socket, bound.
        """
        self._admins.add_existing(await service.existing_rooms(PLATFORM))
        if self._api is None:
            self.open(service)
        app = self._app()
        if self._has_room and self._api and self._broadcast:
            party = PartyPages(service, self.rooms, self._admins, self._new_rooms)
            page = _Page(service, self._address, self.rooms, self._broadcast, self._admins, party)
            party.add_routes(app.router)
            page.add_routes(app.router)
            self._api.add_routes(app.router)
            app.on_shutdown.append(page.close_sockets)
            if self._sharing is not None:
                self._sharing.listen(party.let_go)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=FINISH_SECONDS)
        await self._runner.setup()
        await web.SockSite(self._runner, listening).start()
        working = [self._expire(), *([self._sharing.watch()] if self._sharing else [])]
        self._working = [asyncio.create_task(each, name="web rooms") for each in working]

    async def stop(self) -> None:
        """Accept nothing more, send the answers that are ready, close the rest."""
        for each in self._working:
            each.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()
        if self._shelf is not None:
            await asyncio.to_thread(self._shelf.close)

    def fetcher(self, room: Room, reference: str) -> Fetch:
        """Return what fetches a photo of a room again, as long as it is shown there."""
        return self._api.fetcher(room, reference) if self._api else _gone

    async def export(self, player: str) -> Kept:
        """Return what the rooms still show of somebody, or of what was said to them."""
        if self._shelf is None or not self._is_shared:
            return self.rooms.export(player)
        # Rooms of other processes are on the same disk.
        shown = Rooms(self.rooms.now, self._shelf, are_shared=True)
        await shown.bring_back()
        return shown.export(player)

    def is_spoiler(self, reference: str) -> bool:
        """Return whether a photo is hidden until somebody taps it; none is here."""
        return False

    async def send(
        self, room: Room, reply: Reply, to: str | None = None, topic: str | None = None
    ) -> Receipt:
        """Show everyone in a room what the bot says; there is never anything to try again."""
        # Before the start there is no room: what a restart interrupted has nobody to see it.
        return await self._api.send(room, reply, to) if self._api else Receipt(Delivery.REFUSED)

    async def edit(self, room: Room, message: str, reply: Reply) -> Delivery:
        """Turn an entry into something else, for everyone in its room."""
        return await self._api.edit(room, message, reply) if self._api else Delivery.REFUSED

    def party_link(self, room: str) -> str:
        """Return where this machine's own browser finds the big screen of a room's party night.

        Args:
            room: The room's name, as its link has it.
        """
        return f"{self._address.own_url}/r/{quote(room)}/party"

    def admin_link(self, room: str) -> str:
        """Return the link that makes whoever opens it an admin of a room.

        Args:
            room: The room's name, as its link has it.
        """
        return f"{self._address.url}/r/{quote(room)}#admin={self._admins.token(room)}"

    def state(self) -> State:
        """Return how busy the rooms are, for /healthz."""
        rooms = list(self.rooms)
        people = sum(len(room.members) for room in rooms)
        return {"state": "running", "rooms": len(rooms), "people": people}

    def _app(self) -> web.Application:
        """Return what is served in any case."""
        public = {self._address.public_host, *(URL(url).host for url in self._hooks)}
        app = web.Application(
            middlewares=[
                only_our_own_pages(frozenset(filter(None, public))),
                render_rejections,
                *([self._sharing.lead] if self._sharing else []),
            ]
        )
        if self._peers is not None:
            app.cleanup_ctx.append(self._peers.running)
            app.on_shutdown.append(self._peers.close_sockets)
        app.on_response_prepare.append(add_headers)
        app.on_response_prepare.append(_revalidate_after_an_update)
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._get_metrics)
        for url, hook in self._hooks.items():
            app.router.add_post(URL(url).path, _handler(hook))
        return app

    async def _healthz(self, _: web.Request) -> web.Response:
        health = self._health()
        return web.json_response(health, status=200 if health["status"] == "ok" else 503)

    async def _readyz(self, _: web.Request) -> web.Response:
        health = self._health()
        return web.json_response(health, status=200 if health["ready"] else 503)

    async def _get_metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=self._metrics(), headers={"Content-Type": PROMETHEUS})

    def expire(self) -> None:
        """Take out of the rooms what is too old, and off the disk what nobody has open."""
        self.rooms.expire()
        if self._shelf is not None and self._is_shared:
            self._shelf.sweep(self.rooms.now() - ENTRY_SECONDS)

    async def _expire(self) -> None:
        """Take out of the rooms what is too old, as long as the server runs."""
        while True:
            await asyncio.sleep(min(EXPIRY_SECONDS, self.rooms.seconds_until_expiry()))
            self.expire()

    async def _forget(self, player: Player) -> None:
        """Take who is forgotten, in whatever process, out of what the rooms of this one show."""
        self.rooms.forget(player)
        self._admins.forget(player)
        if self._sharing is not None:
            await self._sharing.forget(player)


class _Page:
    """The page of a room: its files, its WebSockets, and the link to hand on."""

    def __init__(
        self,
        service: Service,
        address: WebAddress,
        rooms: Rooms,
        broadcast: Broadcast,
        admins: Admins,
        party: PartyPages,
    ) -> None:
        self._service = service
        self._address = address
        self._rooms = rooms
        self._broadcast = broadcast
        self._admins = admins
        self._party = party
        self._sockets: set[web.WebSocketResponse] = set()

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Add what browsers load."""
        router.add_get("/", self._get_home)
        router.add_get("/r/", self._get_home)
        for path, file in PAGES.items():
            router.add_get(f"/r/{{room}}{path}", self._page(path, file))
        router.add_get("/r/{room}/live", self._get_websocket)
        router.add_get("/r/{room}/party/live", self._get_party_websocket)
        for path in ("", PLAY):
            router.add_get(f"/r/{{room}}{path}/share", self._share(path))
            router.add_get(f"/r/{{room}}{path}/qr.svg", self._qr(path))
        router.add_static("/static", STATIC)

    async def close_sockets(self, _: web.Application) -> None:
        """Close all WebSockets, so that the pages come back; an `on_shutdown` handler."""
        closing = (
            each.close(code=WSCloseCode.GOING_AWAY, message=b"restarting") for each in self._sockets
        )
        await asyncio.gather(*closing, return_exceptions=True)

    async def _get_home(self, _: web.Request) -> web.Response:
        raise web.HTTPFound(f"/r/{HOME}")

    def _page(self, path: str, file: str) -> Handler:
        """Return what serves a page of a room.

        Args:
            path: Where it is, after the room's name.
            file: Its HTML.
        """
        head = (STATIC / HEAD).read_text(encoding="utf-8")
        html = (STATIC / file).read_text(encoding="utf-8").replace(f"<!-- {HEAD} -->", head.strip())

        async def get(request: web.Request) -> web.Response:
            written = request.match_info["room"]
            name = clean_room_name(written)
            if not name:
                speaker = speaker_for(browser_language(request))
                raise web.HTTPNotFound(text=f"{speaker.rooms.no_such_name()}\n")
            if name != written:
                raise web.HTTPFound(f"/r/{quote(name)}{path}")
            language = (await self._speaker(request)).language
            return web.Response(
                text=html.replace('lang="en"', f'lang="{language}"').replace(
                    "words.en.json", f"words.{language}.json"
                ),
                content_type="text/html",
                headers={"Cache-Control": "no-cache", "Vary": "Accept-Language"},
            )

        return get

    async def _get_websocket(self, request: web.Request) -> web.WebSocketResponse:
        name, first_events = room_name(request), self._broadcast.first_events
        entrance = RoomEntrance(self._rooms, name, first_events, self._admins)
        return await serve_websocket(request, entrance, self._sockets)

    async def _get_party_websocket(self, request: web.Request) -> web.WebSocketResponse:
        entrance = self._party.entrance(room_name(request))
        return await serve_websocket(request, entrance, self._sockets)

    def _share(self, path: str) -> Handler:
        """Return what tells the link of a page to hand on."""

        async def get(request: web.Request) -> web.Response:
            url, is_open = self._shared_url(request, path)
            sentences = (await self._speaker(request)).rooms
            note = "" if is_open else sentences.only_this_computer(OPENING[path])
            return web.json_response({"url": url, "note": note})

        return get

    def _qr(self, path: str) -> Handler:
        """Return what draws the QR code of a page's link."""

        async def get(request: web.Request) -> web.Response:
            url, _ = self._shared_url(request, path)
            picture = BytesIO()
            segno.make(url, error="m").save(picture, kind="svg", border=2, omitsize=True)
            return web.Response(
                body=picture.getvalue(),
                content_type="image/svg+xml",
                headers={"Cache-Control": "no-store"},
            )

        return get

    async def _speaker(self, request: web.Request) -> Speaker:
        """Return the sentences in the room's language, else the browser's."""
        visitor = Player("", "", browser_language(request))
        return await self._service.speaker(room_of(room_name(request)), visitor)

    def _shared_url(self, request: web.Request, path: str) -> tuple[str, bool]:
        """Return the link to hand on, and whether others can open it.

        Whoever came in by an address that works for others hands on just that: in a container or
        behind a router the server cannot know it.
        """
        room = f"/r/{quote(room_name(request))}{path}"
        visited = WebAddress(request.url.host or "", request.url.port or 80)
        if self._address.public is None and visited.is_open:
            return f"{request.url.origin()}{room}", True
        return f"{self._address.url}{room}", self._address.is_open


def _handler(hook: Hook) -> Handler:
    """Return a request handler for a hook."""

    async def handle(request: web.Request) -> web.Response:
        return web.Response(status=await hook(request.headers, await request.read()))

    return handle


async def _gone(_: int) -> bytes:
    """Fetch nothing: before the start there is no room and so no photo."""
    raise Refused(Refusal.GONE)


async def _revalidate_after_an_update(_: web.Request, response: web.StreamResponse) -> None:
    """Have browsers ask each time whether a file of the page is still the same (by its ETag).

    Otherwise an update leaves them with new modules beside old ones.
    """
    if isinstance(response, web.FileResponse):
        response.headers["Cache-Control"] = "no-cache"

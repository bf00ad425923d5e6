"""A party night in browsers: its big screens and phones, which draw what the service knows."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from http import HTTPStatus

from aiohttp import web

from bot.domain import Player, Refusal, Refused, Room
from bot.platforms.web.admins import Admins
from bot.platforms.web.requests import (
    Asker,
    NewRooms,
    Rejected,
    RequestParser,
    clean,
    read_body,
    room_name,
)
from bot.platforms.web.rooms import PEOPLE, Event, Full, Member, Rooms, room_of
from bot.platforms.web.websocket import Message
from bot.services import Service
from bot.services.party import NotAllowed, decode_act, decode_wish
from bot.services.party_view import render
from bot.services.rate_limit import Rate
from bot.speech import Speaker

# A player's number in the address of an upload.
MOST_DIGITS = 4
PICTURE_SECONDS = 24 * 3600
# Twelve children may share a phone, with three taps each for a photo, which is done with in a
# quarter of a minute: two in a second, and as many again for second thoughts.
TAPS = Rate(300, 60), Rate(1500, 60)


class PartyPages:
    """Serves party nights: takes what is tapped and sent, and tells all screens how it stands.

    Args:
        service: Runs them.
        rooms: Where their ends are told.
        admins: Know who may decide for a room.
        new_rooms: Let people into rooms in which nothing has happened.
    """

    def __init__(self, service: Service, rooms: Rooms, admins: Admins, new_rooms: NewRooms) -> None:
        self._service = service
        self._parties = service.parties
        self._rooms = rooms
        self._parser = RequestParser(service, admins, new_rooms, rooms, TAPS)
        self._members: defaultdict[Room, set[Member]] = defaultdict(set)
        self._sending: dict[Room, asyncio.Task[None]] = {}
        self._stale: set[Room] = set()
        self._parties.listen(self._changed)

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Add what screens post to, and the pictures they show."""
        router.add_post("/r/{room}/party/acts", self._post_act)
        router.add_post("/r/{room}/party/photos", self._post_photo)
        router.add_get("/r/{room}/party/pictures/{name}", self._get_picture)

    def entrance(self, name: str) -> PartyEntrance:
        """Return the way into a room's party night, for one browser."""
        return PartyEntrance(self, name)

    def enter(self, name: str, player: Player, *, is_screen: bool) -> Member:
        """Let a browser in; raise Full when there is no place."""
        if sum(map(len, self._members.values())) >= PEOPLE:
            raise Full
        self._rooms.open(name)
        room, member = room_of(name), Member(player)
        try:
            self._parties.enter(room, player.id, is_screen=is_screen)
        except Refused as refused:
            raise Full from refused
        self._members[room].add(member)
        member.send({"type": "welcome", "you": player.id})
        self._changed(room)
        return member

    def leave(self, name: str, member: Member) -> None:
        """Let a browser go."""
        room = room_of(name)
        members = self._members[room]
        members.discard(member)
        if not any(other.player.id == member.player.id for other in members):
            self._parties.leave(room, member.player.id)
        if not members:
            del self._members[room]
            self._parties.close_unused(room)

    def let_go(self, room: Room) -> None:
        """Send everybody out of a room that is another process's by now; they come back there."""
        for member in self._members.get(room, ()):
            member.lost.set()
        self._parties.let_go(room)

    def _changed(self, room: Room) -> None:
        """Tell all screens of a room, together with what else changes at this moment."""
        if room not in self._members:
            return
        self._stale.add(room)
        if room not in self._sending:
            self._sending[room] = asyncio.create_task(self._send(room))

    async def _send(self, room: Room) -> None:
        try:
            while room in self._stale:
                self._stale.discard(room)
                await self._send_once(room)
        finally:
            del self._sending[room]

    async def _send_once(self, room: Room) -> None:
        members = list(self._members.get(room, ()))
        speakers: dict[str | None, Speaker] = {}
        for member in members:
            if (language := member.player.language) not in speakers:
                speakers[language] = await self._service.speaker(room, member.player)
        if (party := self._parties.find(room)) is None:
            return
        now, has_picture = self._service.now(), self._parties.has_picture(room)
        events: dict[tuple[str, str | None], Event] = {}
        for member in members:
            key = member.player.id, member.player.language
            if key not in events:
                view = render(party, member.player.id, speakers[member.player.language], now)
                events[key] = {"type": "party", "party": {**view, "picture": has_picture}}
            member.send(events[key])

    async def _post_act(self, request: web.Request) -> web.Response:
        asker = self._parser.asker(request)
        message = await self._parser.message(request, asker)
        device = asker.player.id
        name = message.pop("act", None)
        if isinstance(message.get("name"), str):
            message["name"] = clean(str(message["name"]))
        try:
            if name == "again":
                self._parties.again(asker.room, device)
            elif name == "start":
                if (wish := decode_wish(message)) is None:
                    raise await asker.malformed()
                self._parties.start(asker.room, device, wish)
            elif (act := decode_act(name, message)) is not None:
                self._parties.act(asker.room, device, act)
            else:
                raise await asker.malformed()
        except NotAllowed as error:
            raise await _rejected(asker, error) from error
        return web.json_response({})

    async def _post_photo(self, request: web.Request) -> web.Response:
        asker = self._parser.asker(request)
        player = request.query.get("player", "")
        if not player.isdecimal() or len(player) > MOST_DIGITS:
            raise await asker.malformed()

        async def fetch(limit: int) -> bytes:
            try:
                return await read_body(request, limit)
            except OSError as error:  # the connection broke
                raise Refused(Refusal.TOO_SLOW) from error

        try:
            await self._parties.send_photo(asker.room, asker.player.id, int(player), fetch)
        except NotAllowed as error:
            raise await _rejected(asker, error) from error
        except Refused as error:
            raise await asker.refused(error.reason) from error
        # The page's uploads look for what they have led to.
        return web.json_response({"entry": {}}, status=HTTPStatus.CREATED)

    async def _get_picture(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        picture = await self._parties.picture(room_of(room_name(request)), name)
        if picture is None:
            raise web.HTTPNotFound(text="That photo is no longer here.\n")
        is_photo = name != "evening"
        caching = f"private, max-age={PICTURE_SECONDS}, immutable" if is_photo else "no-cache"
        return web.Response(
            body=picture,
            content_type="image/jpeg" if is_photo else "image/png",
            headers={"Cache-Control": caching},
        )


class PartyEntrance:
    """The way into a room's party night.

    Args:
        pages: All party nights.
        name: The room's.
    """

    def __init__(self, pages: PartyPages, name: str) -> None:
        self._pages = pages
        self._name = name

    async def enter(self, player: Player, hello: Message) -> Member:
        """Let a browser in; raise Full when there is no place."""
        return self._pages.enter(self._name, player, is_screen=hello.get("screen") is True)

    def hear(self, member: Member, message: Message) -> None:
        """Hear that a page is still there; whatever is tapped is posted."""

    def leave(self, member: Member) -> None:
        """Let a browser go."""
        self._pages.leave(self._name, member)


async def _rejected(asker: Asker, error: NotAllowed) -> Rejected:
    speaker = await asker.speaker()
    return Rejected(HTTPStatus.CONFLICT, speaker.party.not_allowed(error.why))

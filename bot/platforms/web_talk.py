"""What people ask in a web room and what the bot says there: photos, buttons, commands."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from aiohttp import web

from bot.domain import (
    Command,
    Photo,
    Player,
    Press,
    Preview,
    Read,
    Refusal,
    Refused,
    Reply,
    Room,
)
from bot.host import Host
from bot.platforms.web_asking import STATUS, Asked, Asking, Rejected, body_of, photo_id, room_name
from bot.platforms.web_room import Entry, Full, Rooms, room_of, said

# On the longer side: enough for any phone's screen, a tenth of the bytes.
PREVIEW_SIDE = 1280
ARGUMENT_LENGTH = 200
# `who` and `where` look at the photo that a message replies to, and `help` tells how to send one:
# here a photo has a button of its own.
NOT_IN_THE_MENU = frozenset({"who", "where", "help"})

DATA = re.compile(r"[\x20-\x7e]{1,64}")
NAME = re.compile(r"[a-z_]{1,32}")

MakePreview = Callable[[bytes, int], Awaitable[Preview]]


class Talk:
    """Takes what people send into a room to the host, and shows the room what the host says."""

    def __init__(self, host: Host, rooms: Rooms, make_preview: MakePreview) -> None:
        self._host = host
        self._rooms = rooms
        self._make_preview = make_preview
        self._asking = Asking(host)

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Add what the page posts to, and the pictures it shows."""
        router.add_post("/r/{room}/photos", self._take_photo)
        router.add_get("/r/{room}/photos/{photo}", self._show_photo)
        router.add_post("/r/{room}/presses", self._press)
        router.add_post("/r/{room}/commands", self._command)

    def read(self, room: Room, reference: str) -> Read:
        """Return what fetches a photo of a room again, as long as it is shown there."""

        async def read(_: int) -> bytes:
            shown = self._rooms.known_as(room)
            entry = shown and shown.find(reference)
            if not entry or not entry.preview:
                raise Refused(Refusal.GONE)
            return entry.preview.jpeg

        return read

    async def say(self, room: Room, reply: Reply, to: str | None = None) -> None:
        """Show everyone in a room what the bot says; nobody hears it in a room that is no more."""
        if shown := self._rooms.known_as(room):
            try:
                await self._publish(shown.name, reply, to)
            except (Refused, Full):
                return

    async def language(self, room: Room, player: Player) -> dict[str, Any]:
        """Tell a page which language to speak, and what its menu offers."""
        language = (await self._host.words(room, player)).language
        menu = [
            {"name": word.name, "description": word.description}
            for word in self._host.commands(language)
            if word.name not in NOT_IN_THE_MENU
        ]
        return {"type": "language", "language": language, "menu": menu}

    async def _take_photo(self, request: web.Request) -> web.Response:
        asked = await self._asking.who(request)
        received, is_lost = b"", False

        async def read(limit: int) -> bytes:
            nonlocal received, is_lost
            try:
                received = await body_of(request, limit)
            except OSError as error:
                is_lost = True
                raise Refused(Refusal.GONE) from error
            return received

        message = photo_id(request, asked.player)
        photo = Photo(asked.room, asked.player, read, request.content_length, message=message)
        reply = await self._host.look(photo)
        if is_lost:  # nobody hears an answer, so it is not noted as sent: the photo may come again
            raise await asked.refused(Refusal.TOO_SLOW)
        if reply is None:  # only the answer was lost on its way
            if entry := self._shown(asked.name, message):
                return _entry(HTTPStatus.OK, entry, asked.name)
            raise await asked.refused(Refusal.GONE)
        started = time.perf_counter()
        if reply.refusal is not None:
            await self._host.sent(reply, 0.0)
            raise Rejected(STATUS[reply.refusal], reply.text)
        try:
            preview = await self._make_preview(received, PREVIEW_SIDE)
            # The same upload, given up and sent again while the first was still looked at?
            entry = self._shown(asked.name, message) or self._show(
                asked.name, reply, player=asked.player, preview=preview, message=message
            )
        except Refused as error:
            raise await asked.refused(error.reason) from error
        except Full as error:
            raise await asked.refused(Refusal.BUSY) from error
        milliseconds = (time.perf_counter() - started) * 1000
        await self._host.sent(reply, milliseconds, reference=entry.id)
        return _entry(HTTPStatus.CREATED, entry, asked.name)

    async def _show_photo(self, request: web.Request) -> web.Response:
        room = self._rooms.find(room_name(request))
        entry = room and room.find(request.match_info["photo"])
        if not entry or not entry.preview:
            raise web.HTTPNotFound(text="That photo is no longer here.\n")
        return web.Response(
            body=entry.preview.jpeg,
            content_type="image/jpeg",
            headers={"Cache-Control": "private, max-age=86400, immutable"},
        )

    async def _press(self, request: web.Request) -> web.Response:
        asked = await self._asking.who(request)
        body = await self._asking.message(request, asked)
        data, under = body.get("data"), body.get("entry")
        if not isinstance(data, str) or not DATA.fullmatch(data):
            raise Rejected(HTTPStatus.BAD_REQUEST, (await asked.words()).old_button())
        outcome = await self._host.press(Press(asked.room, asked.player, data, _everybody))
        answer: dict[str, Any] = {"notice": outcome.notice}
        room = self._rooms.find(asked.name)
        entry = room.find(under) if room and isinstance(under, str) else None
        if entry and not entry.has_button(data):
            entry = None  # a page that makes things up changes nothing for the others
        if outcome.edit:
            await self._tell_languages(asked.name)
            if entry:
                self._rooms.edit(asked.name, entry, outcome.edit.text, outcome.edit.buttons)
            else:
                answer["edit"] = said(outcome.edit)
        if outcome.say:
            answer |= await self._answer(asked, outcome.say, to=entry.id if entry else None)
        return web.json_response(answer)

    async def _command(self, request: web.Request) -> web.Response:
        asked = await self._asking.who(request)
        body = await self._asking.message(request, asked)
        name, argument = body.get("name"), body.get("argument", "")
        if not isinstance(name, str) or not NAME.fullmatch(name) or name in NOT_IN_THE_MENU:
            raise await asked.senseless()
        if not isinstance(argument, str) or len(argument) > ARGUMENT_LENGTH:
            raise await asked.senseless()
        command = Command(asked.room, asked.player, name, _everybody, argument)
        reply = await self._host.command(command)
        if reply is None:
            return web.json_response({})
        # A picture is for everyone to see; words alone are for who asked.
        return web.json_response(
            await self._answer(asked, reply) if reply.picture else {"say": said(reply)}
        )

    async def _answer(self, asked: Asked, reply: Reply, to: str | None = None) -> dict[str, Any]:
        """Show a reply to everyone, and return it for who asked."""
        try:
            entry = await self._publish(asked.name, reply, to)
        except Refused as error:
            return {"notice": (await asked.words()).refusal(error.reason)}
        except Full:
            return {"notice": (await asked.words()).refusal(Refusal.BUSY)}
        return {"entry": entry.as_json(asked.name)}

    async def _publish(self, name: str, reply: Reply, to: str | None) -> Entry:
        """Show everyone something that is no answer to a photo. Raises Refused and Full."""
        picture = reply.picture
        preview = await self._make_preview(picture.png, PREVIEW_SIDE) if picture else None
        return self._show(name, reply, preview=preview, to=to)

    def _show(self, name: str, reply: Reply, **more: Any) -> Entry:
        entry = Entry(uuid.uuid4().hex, time.time(), reply, **more)
        self._rooms.publish(name, entry)
        return entry

    def _shown(self, name: str, message: str | None) -> Entry | None:
        room = self._rooms.find(name)
        return room.find_message(message) if room else None

    async def _tell_languages(self, name: str) -> None:
        """Tell each page its language again: the room may have chosen another."""
        room = self._rooms.find(name)
        told: dict[str | None, dict[str, Any]] = {}
        for member in list(room.members) if room else ():
            player = member.player
            if player.language not in told:
                told[player.language] = await self.language(room_of(name), player)
            member.tell(told[player.language])


async def _everybody() -> bool:
    """Let whoever came by the room's link decide for it: a web room has no admins."""
    return True


def _entry(status: HTTPStatus, entry: Entry, name: str) -> web.Response:
    return web.json_response({"entry": entry.as_json(name)}, status=status)

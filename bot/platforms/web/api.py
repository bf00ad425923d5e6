"""What people ask in a web room and what the bot says there: photos, buttons, commands."""

from __future__ import annotations

import base64
import hashlib
import re
import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from aiohttp import web

from bot.domain import (
    ButtonPress,
    CommandRequest,
    Fetch,
    Photo,
    Preview,
    Refusal,
    Refused,
    Reply,
    Room,
)
from bot.platforms.web.broadcast import NOT_IN_THE_MENU, News
from bot.platforms.web.entries import Entry, ShownAgain, said
from bot.platforms.web.requests import (
    STATUS,
    Asked,
    Asking,
    Rejected,
    body_of,
    caption,
    photo_id,
    room_name,
)
from bot.platforms.web.rooms import Full, Rooms, WebRoom
from bot.services.service import Service

# On the longer side: enough for any phone's screen, a tenth of the bytes.
PREVIEW_SIDE = 1280
ARGUMENT_LENGTH = 200

DATA = re.compile(r"[\x20-\x7e]{1,64}")
NAME = re.compile(r"[a-z_]{1,32}")

MakePreview = Callable[[bytes, int], Awaitable[Preview]]


class Talk:
    """Takes what people send into a room to the host, and shows the room what the host says."""

    def __init__(self, host: Service, rooms: Rooms, news: News, make_preview: MakePreview) -> None:
        self._host = host
        self._rooms = rooms
        self._news = news
        self._make_preview = make_preview
        self._asking = Asking(host)
        self._for_room = {word.name for word in host.commands(None) if word.for_room}
        # Photos that are looked at but not shown yet, by the ids that their entries will have.
        self._in_hand: dict[str, bytes] = {}

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Add what the page posts to, and the pictures it shows."""
        router.add_post("/r/{room}/photos", self._take_photo)
        router.add_get("/r/{room}/photos/{photo}", self._show_photo)
        router.add_post("/r/{room}/presses", self._press)
        router.add_post("/r/{room}/commands", self._command)

    def read(self, room: Room, reference: str) -> Fetch:
        """Return what fetches a photo of a room again, as long as it is shown there."""

        async def read(_: int) -> bytes:
            if (received := self._in_hand.get(reference)) is not None:
                return received
            shown = self._rooms.known_as(room)
            entry = shown and shown.find(reference)
            if not entry or not entry.preview:
                raise Refused(Refusal.GONE)
            return entry.preview.jpeg

        return read

    async def say(self, room: Room, reply: Reply, to: str | None = None) -> None:
        """Show everyone in a room what the bot says; nobody hears it in a room that is no more.

        to: the id of the photo's message that it is in reply to.
        """
        shown = self._rooms.known_as(room)
        if shown is None:
            return
        photo = shown.find_message(to)
        if photo and photo.asks:  # this is the answer: it takes no more guesses
            self._rooms.edit(shown.name, photo.id, replace(photo.reply, buttons=()))
        with suppress(Refused, Full):
            await self._publish(shown.name, reply, photo.id if photo else None)
        await self._news.tell_scores(shown.name)

    async def _take_photo(self, request: web.Request) -> web.Response:
        asked = await self._asking.who(request)
        message = photo_id(request, asked.player)
        # The same for an upload that comes twice, and nobody can guess it.
        entry_id = hashlib.sha256((message or uuid.uuid4().hex).encode()).hexdigest()[:32]
        received, is_lost = b"", False

        async def read(limit: int) -> bytes:
            nonlocal received, is_lost
            try:
                received = self._in_hand[entry_id] = await body_of(request, limit)
            except OSError as error:
                is_lost = True
                raise Refused(Refusal.GONE) from error
            return received

        photo = Photo(
            asked.room,
            asked.player,
            read,
            request.content_length,
            message=message,
            reference=entry_id,
            caption=caption(request),
        )
        try:
            reply = await self._host.look(photo)
            if is_lost:  # nobody hears an answer, so it is not noted as sent: it may come again
                raise await asked.refused(Refusal.TOO_SLOW)
            if reply is None:  # only the answer was lost on its way
                if entry := self._shown(asked.name, message):
                    return _entry(HTTPStatus.OK, entry, asked.name)
                raise await asked.refused(Refusal.GONE)
            if reply.refusal is not None:
                await self._host.sent(reply, 0.0)
                raise Rejected(STATUS[reply.refusal], reply.text)
            entry = await self._show_answer(asked, photo, reply, received)
        finally:
            self._in_hand.pop(entry_id, None)
        if photo.caption:  # it may have told the truth
            await self._news.tell_scores(asked.name)
        return _entry(HTTPStatus.CREATED, entry, asked.name)

    async def _show_answer(self, asked: Asked, photo: Photo, reply: Reply, data: bytes) -> Entry:
        """Show everyone a photo with its answer. Raises Rejected."""
        started = time.perf_counter()
        try:
            preview = await self._make_preview(data, PREVIEW_SIDE)
            # The same upload, given up and sent again while the first was still looked at?
            entry = self._shown(asked.name, photo.message) or self._show(
                asked.name,
                reply,
                id_=photo.reference,
                player=photo.player,
                preview=preview,
                message=photo.message,
                caption=photo.caption,
            )
        except Refused as error:
            raise await asked.refused(error.reason) from error
        except Full as error:
            raise await asked.refused(Refusal.BUSY) from error
        await self._host.sent(reply, (time.perf_counter() - started) * 1000)
        return entry

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
        kind = data.split(":")[0]
        may = _nobody if kind == "truth" else _everybody
        outcome = await self._host.press(ButtonPress(asked.room, asked.player, data, may))
        answer: dict[str, Any] = {"notice": outcome.notice}
        room = self._rooms.find(asked.name)
        entry = room.find(under) if room and isinstance(under, str) else None
        if entry and not entry.has_button(data):
            entry = None  # a page that makes things up changes nothing for the others
        if outcome.edit:
            if kind == "set":
                await self._news.tell_languages(asked.name)
            if data == f"forget:yes:{asked.player.id}":
                self._rooms.forget(asked.player)
            if entry:
                self._rooms.edit(asked.name, entry.id, outcome.edit)
            else:
                answer["edit"] = said(outcome.edit)
            await self._news.tell_scores(asked.name)
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
        alone = name not in self._for_room
        command = CommandRequest(asked.room, asked.player, name, _everybody, argument, alone=alone)
        reply = await self._host.command(command)
        if reply is None:
            return web.json_response({})
        return web.json_response(
            {"say": _whispered(reply)} if alone else await self._answer(asked, reply)
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
        shown = _still_there(reply, self._rooms.find(name))
        return self._show(name, reply, preview=preview, to=to, shown=shown)

    def _show(self, name: str, reply: Reply, *, id_: str | None = None, **more: Any) -> Entry:
        entry = Entry(id_ or uuid.uuid4().hex, time.time(), reply, **more)
        self._rooms.publish(name, entry)
        return entry

    def _shown(self, name: str, message: str | None) -> Entry | None:
        room = self._rooms.find(name)
        return room.find_message(message) if room else None


def _whispered(reply: Reply) -> dict[str, Any]:
    """Return a reply for the eyes of who asked, with its file."""
    answer = said(reply)
    if document := reply.document:
        data = base64.b64encode(document.data).decode()
        answer["document"] = {"name": document.name, "data": data}
    return answer


def _still_there(reply: Reply, room: WebRoom | None) -> tuple[ShownAgain, ...]:
    """Return the photos that a reply shows again; those that melted away are left out."""
    found = [
        (room.find(shown.reference), shown.caption)
        for shown in reply.shown
        if room and shown.reference
    ]
    return tuple(
        ShownAgain(entry.id, entry.preview, caption)
        for entry, caption in found
        if entry and entry.preview
    )


async def _nobody() -> bool:
    """Let nobody tell the truth about another's photo."""
    return False


async def _everybody() -> bool:
    """Let whoever came by the room's link decide for it: a web room has no admins."""
    return True


def _entry(status: HTTPStatus, entry: Entry, name: str) -> web.Response:
    return web.json_response({"entry": entry.as_json(name)}, status=status)

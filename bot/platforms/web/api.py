"""What the page posts and loads: photos, taps and commands; and what the bot sends by itself."""

from __future__ import annotations

import base64
import hashlib
import re
import time
import uuid
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from typing import TypedDict

from aiohttp import web

from bot.domain import (
    ButtonPress,
    CommandRequest,
    Delivery,
    Fetch,
    Photo,
    Player,
    Preview,
    Receipt,
    Refusal,
    Refused,
    Reply,
    Room,
)
from bot.platforms.common import PREVIEW_SIDE
from bot.platforms.web.admins import Admins
from bot.platforms.web.broadcast import Broadcast
from bot.platforms.web.requests import (
    STATUS,
    Asker,
    NewRooms,
    Rejected,
    RequestParser,
    caption_of,
    room_name,
    upload_id,
)
from bot.platforms.web.rooms import (
    ENTRY_SECONDS,
    Entry,
    EntryJson,
    Full,
    PastPreview,
    ReplyJson,
    Rooms,
    WebRoom,
    render_reply,
)
from bot.platforms.web.uploads import Upload, Uploads
from bot.services import Service, buttons, commands
from bot.services.buttons import (
    ChooseLanguage,
    ChoosePhotos,
    HidePhoto,
    OpenSettings,
)

ARGUMENT_LENGTH = 200
# What may be typed after a slash.
COMMAND = re.compile(r"[a-z]{1,32}")
# What a button may carry.
DATA = re.compile(r"[\x20-\x7e]{1,64}")


class OutcomeJson(TypedDict, total=False):
    """What a tap or a command leads to, as the page of who asked gets it.

    Attributes:
        notice: A sentence to show for a moment.
        edit: What a message becomes that only this page has.
        entry: What everyone in the room sees now.
        private: An answer that nobody else sees.
    """

    notice: str
    edit: ReplyJson
    entry: EntryJson
    private: ReplyJson


class Api:
    """Takes what people send in a room to the service, and shows the room what it answers.

    Args:
        service: What answers.
        rooms: Where it is shown.
        broadcast: Sends pages what changes besides.
        admins: Knows who may decide for a room.
        new_rooms: Lets people into rooms in which nothing has happened.
    """

    def __init__(
        self,
        service: Service,
        rooms: Rooms,
        broadcast: Broadcast,
        admins: Admins,
        new_rooms: NewRooms,
    ) -> None:
        self._service = service
        self._rooms = rooms
        self._broadcast = broadcast
        self._parser = RequestParser(service, admins, new_rooms, rooms)
        self._uploads = Uploads()
        # Photos that are classified but not shown yet, by the ids that their entries will have.
        self._in_hand: dict[str, bytes] = {}

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Add what the page posts to, and the pictures it shows."""
        router.add_post("/r/{room}/photos", self._post_photo)
        router.add_get("/r/{room}/photos/{photo}", self._get_photo)
        router.add_post("/r/{room}/presses", self._post_press)
        router.add_post("/r/{room}/commands", self._post_command)
        router.add_post("/r/{room}/reactions", self._post_reaction)

    def fetcher(self, room: Room, reference: str) -> Fetch:
        """Return what fetches a photo of a room again, as long as it is shown there."""

        async def fetch(_: int) -> bytes:
            if (received := self._in_hand.get(reference)) is not None:
                return received
            shown = self._rooms.find_room(room)
            entry = shown and shown.find(reference)
            if not entry or not entry.preview:
                raise Refused(Refusal.GONE)
            return entry.preview.jpeg

        return fetch

    async def send(self, room: Room, reply: Reply, to: str | None) -> Receipt:
        """Show everyone in a room what the bot says.

        Args:
            room: Where.
            reply: What it says.
            to: The id of the photo's message that it replies to.

        Returns:
            REFUSED when the room is no more, or the reply's picture cannot be shown: there is
            never anything to try again.
        """
        shown = self._rooms.find_room(room)
        if shown is None:
            return Receipt(Delivery.REFUSED)
        receipt = Receipt(Delivery.REFUSED)
        photo = shown.find_message(to)
        with suppress(Refused, Full):
            entry = await self._publish(shown.name, reply, photo.id if photo else None)
            receipt = Receipt(Delivery.SENT, entry.id)
        await self._broadcast.send_boards(shown.name)
        return receipt

    async def edit(self, room: Room, message: str, reply: Reply) -> Delivery:
        """Give an entry other words and buttons, for everyone in its room.

        Args:
            room: Where it is.
            message: The entry's id.
            reply: What it becomes; one that is older than what is there changes nothing.

        Returns:
            REFUSED when the entry is no more.
        """
        shown = self._rooms.find_room(room)
        if shown is None or shown.find(message) is None:
            return Delivery.REFUSED
        self._rooms.edit(shown.name, message, reply)
        await self._broadcast.send_boards(shown.name)
        return Delivery.SENT

    async def _post_photo(self, request: web.Request) -> web.Response:
        asker = self._parser.asker(request)
        with self._uploads.upload(request, asker.name) as upload:
            return await self._answer_upload(request, asker, upload)

    async def _answer_upload(
        self, request: web.Request, asker: Asker, upload: Upload
    ) -> web.Response:
        message = upload_id(request, asker.player)
        # The same for an upload that comes twice, and nobody can guess it.
        entry_id = hashlib.sha256((message or uuid.uuid4().hex).encode()).hexdigest()[:32]
        received, is_lost = b"", False

        async def fetch(limit: int) -> bytes:
            nonlocal received, is_lost
            try:
                received = self._in_hand[entry_id] = await upload.read(limit)
            except OSError as error:
                is_lost = True
                raise Refused(Refusal.GONE) from error
            return received

        photo = Photo(
            asker.room,
            asker.player,
            fetch,
            request.content_length,
            message=message,
            reference=entry_id,
            caption=caption_of(request),
            preview=PREVIEW_SIDE,
            is_upload=True,
            replies_to=self._words_of(asker.name, request.headers.get("X-Reply-To", "")),
        )
        try:
            reply = await self._service.handle_photo(photo)
            if is_lost:  # nobody hears an answer, so it is not noted as sent: it may come again
                raise await asker.refused(Refusal.TOO_SLOW)
            if reply is None:  # only the answer was lost on its way
                if entry := self._entry_of(asker.name, message):
                    return _entry_response(HTTPStatus.OK, entry, asker.name)
                raise await asker.refused(Refusal.GONE)
            if reply.refusal is not None:
                await self._service.mark_sent(reply.outcomes, 0.0)
                raise Rejected(STATUS[reply.refusal], reply.text)
            entry = await self._show_answer(asker, photo, reply, received)
        finally:
            self._in_hand.pop(entry_id, None)
        if photo.caption:  # it may have told the truth
            await self._broadcast.send_boards(asker.name)
        return _entry_response(HTTPStatus.CREATED, entry, asker.name)

    async def _show_answer(self, asker: Asker, photo: Photo, reply: Reply, data: bytes) -> Entry:
        """Show everyone a photo with its answer; raise Rejected when that is impossible."""
        started = time.perf_counter()
        try:
            preview = await self._preview(data)
            # The same upload, given up and sent again while the first was still in hand?
            entry = self._entry_of(asker.name, photo.message)
            if entry is None:
                entry = Entry(
                    photo.reference or uuid.uuid4().hex,
                    self._rooms.now(),
                    reply,
                    player=photo.player,
                    preview=preview,
                    message=photo.message,
                    caption=photo.caption,
                )
                self._rooms.publish(asker.name, entry)
        except Refused as error:
            raise await asker.refused(error.reason) from error
        except Full as error:
            raise await asker.refused(Refusal.BUSY) from error
        milliseconds = (time.perf_counter() - started) * 1000
        await self._service.mark_sent(reply.outcomes, milliseconds, answer=entry.id)
        return entry

    async def _get_photo(self, request: web.Request) -> web.Response:
        room = self._rooms.find(room_name(request))
        entry = room and room.find(request.match_info["photo"])
        if not entry or not entry.preview:
            raise web.HTTPNotFound(text="That photo is no longer here.\n")
        # A browser keeps it no longer than the room does.
        seconds = int(entry.at + ENTRY_SECONDS - self._rooms.now())
        return web.Response(
            body=entry.preview.jpeg,
            content_type="image/jpeg",
            headers={"Cache-Control": f"private, max-age={max(0, seconds)}, immutable"},
        )

    async def _post_press(self, request: web.Request) -> web.Response:
        asker = self._parser.asker(request)
        message = await self._parser.message(request, asker)
        data, under = message.get("data"), message.get("entry")
        if not isinstance(data, str) or not DATA.fullmatch(data):
            sentence = (await asker.speaker()).rooms.old_button()
            raise Rejected(HTTPStatus.BAD_REQUEST, sentence)
        action = buttons.decode(data)
        room = self._rooms.find(asker.name)
        entry = room.find(under) if room and isinstance(under, str) else None
        if entry and not entry.has_button(data):
            entry = None  # a page that makes things up changes nothing for the others
        is_alone = action is not None and action.is_ones_own
        # An answer for one person alone may say more than one for a room.
        where = replace(asker.room, private=True) if is_alone else asker.room
        outcome = await self._service.handle_button(
            ButtonPress(where, asker.player, data, asker.is_admin)
        )
        answer: OutcomeJson = {"notice": outcome.notice}
        if isinstance(action, HidePhoto):
            await self._take_down(action.round_id)
        if outcome.edit:
            match action:
                case ChooseLanguage() | ChoosePhotos() | OpenSettings():
                    await self._broadcast.send_languages(asker.name)
            if entry:
                self._rooms.edit(asker.name, entry.id, outcome.edit)
            else:
                answer["edit"] = render_reply(outcome.edit)
            await self._broadcast.send_boards(asker.name)
        if outcome.send and (is_alone or (under is None and not outcome.send.picture)):
            # The button was in an answer that nobody else sees.
            answer["private"] = _render_private(outcome.send)
        elif outcome.send:
            to = entry.id if entry else None
            answer.update(await self._show(asker, outcome.send, to))
        return web.json_response(answer)

    async def _post_command(self, request: web.Request) -> web.Response:
        asker = self._parser.asker(request)
        message = await self._parser.message(request, asker)
        name, argument = message.get("name"), message.get("argument", "")
        if not isinstance(name, str) or not COMMAND.fullmatch(name):
            raise await asker.malformed()
        if not isinstance(argument, str) or len(argument) > ARGUMENT_LENGTH:
            raise await asker.malformed()
        command = commands.find(name) or commands.HELP
        reply = await self._service.handle_command(
            CommandRequest(
                asker.room,
                asker.player,
                command.name,
                asker.is_admin,
                argument,
                alone=not command.for_room,
            )
        )
        answer: OutcomeJson = {}
        if reply is not None:
            if command.for_room:
                answer = await self._show(asker, reply)
            else:
                answer = {"private": _render_private(reply)}
        return web.json_response(answer)

    async def _post_reaction(self, request: web.Request) -> web.Response:
        asker = self._parser.asker(request)
        message = await self._parser.message(request, asker)
        entry, emoji = message.get("entry"), message.get("emoji")
        if not isinstance(entry, str) or not isinstance(emoji, str):
            raise await asker.malformed()
        if not self._rooms.react(asker.name, entry, asker.player, emoji):
            raise Rejected(HTTPStatus.GONE, await asker.refusal(Refusal.GONE))
        return web.json_response({})

    async def _take_down(self, round_id: int) -> None:
        """Take a photo away from where it is shown, if its sender has withdrawn it."""
        taken = await self._service.taken_down(round_id)
        room = self._rooms.find_room(taken.sent_to) if taken else None
        if room and taken and taken.reference:
            self._rooms.take_down(room.name, taken.reference)

    async def _show(self, asker: Asker, reply: Reply, to: str | None = None) -> OutcomeJson:
        """Show a reply to everyone, and return it for who asked."""
        try:
            entry = await self._publish(asker.name, reply, to, asker.player)
        except Refused as error:
            return {"notice": await asker.refusal(error.reason)}
        except Full:
            return {"notice": await asker.refusal(Refusal.BUSY)}
        return {"entry": entry.render(asker.name)}

    async def _publish(
        self, name: str, reply: Reply, to: str | None, asker: Player | None = None
    ) -> Entry:
        """Show everyone something that is no answer to a photo; raises Refused and Full."""
        preview = await self._preview(reply.picture.png) if reply.picture else None
        entry = Entry(
            uuid.uuid4().hex,
            self._rooms.now(),
            reply,
            preview=preview,
            asker=asker.id if asker else None,
            to=to,
            past_photos=_still_there(reply, self._rooms.find(name)),
        )
        self._rooms.publish(name, entry)
        return entry

    async def _preview(self, photo: bytes) -> Preview:
        return await self._service.photos.preview(photo, PREVIEW_SIDE)

    def _words_of(self, name: str, entry_id: str) -> str:
        """Return what the bot said by itself in an entry of a room; empty for any other."""
        room = self._rooms.find(name)
        entry = room.find(entry_id) if room else None
        return entry.reply.text if entry and entry.player is None else ""

    def _entry_of(self, name: str, message: str | None) -> Entry | None:
        room = self._rooms.find(name)
        return room.find_message(message) if room else None


def _render_private(reply: Reply) -> ReplyJson:
    """Return a reply for the eyes of who asked, with its file."""
    rendered = render_reply(reply)
    if document := reply.document:
        data = base64.b64encode(document.data).decode()
        rendered["document"] = {"name": document.name, "data": data}
    return rendered


def _still_there(reply: Reply, room: WebRoom | None) -> tuple[PastPreview, ...]:
    """Return the photos that a reply shows again; those that expired are left out."""
    found = [
        (room.find(past.reference), past.caption)
        for past in reply.past_photos
        if room and past.reference
    ]
    return tuple(
        PastPreview(entry.id, entry.preview, caption)
        for entry, caption in found
        if entry and entry.preview
    )


def _entry_response(status: HTTPStatus, entry: Entry, name: str) -> web.Response:
    return web.json_response({"entry": entry.render(name)}, status=status)

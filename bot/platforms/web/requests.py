"""What browsers send, checked: who asks, in which room, in which language, and with what words."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import time
import unicodedata
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import unquote

from aiohttp import web
from aiohttp.typedefs import Handler
from cachetools import TTLCache

from bot.domain import Player, Refusal, Refused, Room
from bot.platforms.common import BLANKS, CHUNK, read_capped
from bot.platforms.web.admins import Admins
from bot.platforms.web.rooms import Rooms, room_of
from bot.platforms.web.uploads import address_of
from bot.services import Service
from bot.services.rate_limit import Rate, RateLimits
from bot.speech import LANGUAGES, Speaker, speaker_for

# What a small message may weigh, and how long that of a tap or a command may take to arrive.
MESSAGE_BYTES = 4096
MESSAGE_SECONDS = 10.0
# Taps and commands: nobody's finger is faster, and a family has a dozen of them.
MESSAGES = Rate(60, 60), Rate(240, 60)
# Rooms that nobody ever used, from one address: a class behind its school's router has fewer.
NEW_ROOMS = Rate(100, 3600)
ADDRESSES_REMEMBERED = 10_000
NAME_LENGTH = 32
ROOM_NAME_LENGTH = 40
# A joiner holds family emoji together, but nothing together with nothing.
JOINERS = "_\u200d"
NO_ENDS = "-_\u200d"
# As long as Telegram's may be.
CAPTION_LENGTH = 1024

SECRET = re.compile(r"[A-Za-z0-9_-]{16,64}")
# With the player's own id in front it is a message's id of at most 64 characters.
UPLOAD_ID = re.compile(r"[A-Za-z0-9_-]{16,40}")
# One language of an Accept-Language header, such as `de-AT;q=0.8` (RFC 9110, 12.5.4).
LANGUAGE_RANGE = re.compile(
    r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)\s*(?:;\s*q=([01](?:\.[0-9]{0,3})?)\s*)?"
)
# Nobody reads more languages; whatever sends more is no browser.
LANGUAGE_RANGES = 20

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
    Refusal.OUT_OF_SIGHT: HTTPStatus.NOT_FOUND,
    Refusal.FAULT: HTTPStatus.INTERNAL_SERVER_ERROR,
}


class Rejected(Exception):
    """A request gets a status and a sentence instead of what it asked for.

    Attributes:
        status: The response's.
        sentence: The reason, in the asker's language.
    """

    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        self.status, self.sentence = status, sentence
        super().__init__(sentence)


class NewRooms:
    """Bounds how many rooms that nobody ever used an address may come to.

    Args:
        admins: Know which these are.
    """

    def __init__(self, admins: Admins) -> None:
        self._admins = admins
        self._names: TTLCache[str, set[str]] = TTLCache(ADDRESSES_REMEMBERED, NEW_ROOMS.seconds)

    def admit(self, request: web.Request, name: str) -> None:
        """Raise Rejected when there have been too many from a request's address.

        Args:
            request: The request.
            name: The room's, as its link has it.
        """
        if not self._admins.is_new(name):
            return
        names = self._names.setdefault(address_of(request), set())
        if name not in names and len(names) >= NEW_ROOMS.times:
            sentence = speaker_for(browser_language(request)).photos.refusal(Refusal.TOO_OFTEN)
            raise Rejected(STATUS[Refusal.TOO_OFTEN], sentence)
        names.add(name)


@web.middleware
async def render_rejections(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer what was rejected with its status and sentence."""
    try:
        return await handler(request)
    except Rejected as rejected:
        return web.json_response({"error": rejected.sentence}, status=rejected.status)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks in which room.

    Attributes:
        name: The room's, as its link has it.
        room: The room as the service knows it.
        player: Who asks.
        service: Finds the sentences.
        admin: Whether they may decide for the room.
    """

    name: str
    room: Room
    player: Player
    service: Service
    admin: bool = False

    async def is_admin(self) -> bool:
        """Return whether they may decide for the room, in the way that the service asks."""
        return self.admin

    async def speaker(self) -> Speaker:
        """Return the sentences in their language."""
        return await self.service.speaker(self.room, self.player)

    async def refusal(self, reason: Refusal) -> str:
        """Return the sentence for a refusal."""
        return (await self.speaker()).photos.refusal(reason)

    async def refused(self, reason: Refusal) -> Rejected:
        """Return a refusal as an answer to the request."""
        return Rejected(STATUS[reason], await self.refusal(reason))

    async def malformed(self) -> Rejected:
        """Return the answer to what no page of ours would send."""
        return Rejected(HTTPStatus.BAD_REQUEST, await self.refusal(Refusal.FAULT))


class RequestParser:
    """Finds out who asks, and what.

    Args:
        service: Finds the sentences for what is rejected.
        admins: Knows who may decide for a room.
        new_rooms: Lets people into rooms in which nothing has happened.
        rooms: Know who else is in a room.
        rates: How many messages a player may send, and how many a room.
    """

    def __init__(
        self,
        service: Service,
        admins: Admins,
        new_rooms: NewRooms,
        rooms: Rooms,
        rates: tuple[Rate, Rate] = MESSAGES,
    ) -> None:
        self._service = service
        self._admins = admins
        self._new_rooms = new_rooms
        self._rooms = rooms
        self._limits = RateLimits(*rates)

    def asker(self, request: web.Request) -> Asker:
        """Return who asks in which room, which has been created by then.

        Raises:
            Rejected: When it is no page of ours, or one of somebody who makes up rooms.
            HTTPNotFound: When there is no room of that name.
        """
        name = room_name(request)
        language = browser_language(request)
        nickname = unquote(request.headers.get("X-Nickname", ""))
        player = player_of(request.headers.get("X-Player"), nickname, language)
        if player is None:
            raise Rejected(HTTPStatus.FORBIDDEN, speaker_for(language).rooms.who_are_you())
        self._new_rooms.admit(request, name)
        admin = self._admins.is_admin(name, player, request.headers.get("X-Admin"))
        self._admins.note_use(name)
        player = self._rooms.named(name, player)
        return Asker(name, room_of(name), player, self._service, admin)

    async def message(self, request: web.Request, asker: Asker) -> dict[str, object]:
        """Return the small message of a tap or a command.

        Raises:
            Rejected: When there are too many of them, or it is none.
        """
        if not self._limits.allow(asker.room, asker.player, time.monotonic()):
            sentence = (await asker.speaker()).rooms.too_many_taps()
            raise Rejected(HTTPStatus.TOO_MANY_REQUESTS, sentence)
        try:
            async with asyncio.timeout(MESSAGE_SECONDS):
                message = parse_message(await read_body(request, MESSAGE_BYTES))
        except (OSError, Refused):
            message = None
        if message is None:
            raise await asker.malformed()
        return message


async def read_body(request: web.Request, limit: int) -> bytes:
    """Return what is posted; raise Refused as soon as it is too long."""
    return await read_capped(request.content.iter_chunked(CHUNK), limit)


def parse_message(text: str | bytes) -> dict[str, object] | None:
    """Return a JSON object; None for whatever else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def player_of(secret: object, name: object, language: str | None = None) -> Player | None:
    """Return the player that a browser's secret means; None if it is no secret of ours.

    The others see a digest of it, so that nobody can speak in another's name.

    Args:
        secret: What the page made up and keeps to itself.
        name: The nickname.
        language: The browser's.
    """
    if not isinstance(secret, str) or not SECRET.fullmatch(secret):
        return None
    name = clean(name) if isinstance(name, str) else ""
    public = hashlib.sha256(f"player:{secret}".encode()).hexdigest()[:16]
    return Player(public, name, language)


def room_name(request: web.Request) -> str:
    """Return the name of the room that a request means; raise HTTPNotFound for none."""
    name = request.match_info["room"]
    if not name or clean_room_name(name) != name:
        raise web.HTTPNotFound(text="There is no room of that name.\n")
    return name


def browser_language(request: web.Request) -> str | None:
    """Return the language that a browser asks for, if it is one of the bot's."""
    return language_of(request.headers.get("Accept-Language", ""))


def language_of(accept_language: str) -> str | None:
    """Return the tag that a person likes best of those whose language the bot speaks."""
    liked: dict[str, float] = {}
    for written in accept_language.split(",")[:LANGUAGE_RANGES]:
        if found := LANGUAGE_RANGE.fullmatch(written):
            tag, quality = found[1], float(found[2] or 1)
            if quality > 0 and tag.split("-")[0].lower() in LANGUAGES:
                liked.setdefault(tag, quality)
    # Of those liked as much, the first: `max` keeps the order.
    return max(liked, key=lambda tag: liked[tag], default=None)


def upload_id(request: web.Request, player: Player) -> str | None:
    """Return the id that the page gave an upload: sent again under it, it is the same photo."""
    made = request.headers.get("X-Photo-Id", "")
    return f"{player.id}:{made}" if UPLOAD_ID.fullmatch(made) else None


def caption_of(request: web.Request) -> str:
    """Return what was written beside a photo, on one line."""
    return clean(unquote(request.headers.get("X-Caption", "")), CAPTION_LENGTH)


def clean(text: str, length: int = NAME_LENGTH) -> str:
    """Return a nickname or caption on one line, so that it cannot upset its surroundings.

    Control characters and the marks that turn the direction of text go; the joiner that holds
    family emoji together stays.

    Args:
        text: As it was typed.
        length: How many characters are kept.
    """
    kept = (
        char
        for char in unicodedata.normalize("NFC", text)
        if char == "\u200d"
        or char.isspace()
        or not (unicodedata.category(char).startswith("C") or char in BLANKS)
    )
    line = " ".join("".join(kept).split())[:length].strip("\u200d ")
    # What is made of signs that show nothing is as good as empty.
    return line if any(unicodedata.category(char)[0] in "LNPS" for char in line) else ""


def clean_room_name(name: str) -> str:
    """Return a room's name as its link has it: `The Smiths!` is `the-smiths`; may be empty.

    Letters, digits and symbols such as emoji stay, whatever else there is becomes a hyphen.
    """
    normal = unicodedata.normalize("NFKC", name).casefold()
    # The same emoji is typed with and without this sign, which asks for its coloured form.
    signs = [sign for sign in normal if sign not in BLANKS and sign != "\ufe0f"]
    kept = "".join(sign if _belongs_to_a_name(sign) else "-" for sign in signs)
    line = re.sub("-+", "-", kept).strip(NO_ENDS)[:ROOM_NAME_LENGTH].rstrip(NO_ENDS)
    return line if any(unicodedata.category(sign)[0] in "LNS" for sign in line) else ""


def _belongs_to_a_name(sign: str) -> bool:
    category = unicodedata.category(sign)
    return category[0] in "LNM" or category in ("So", "Sk") or sign in JOINERS

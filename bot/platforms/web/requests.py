"""Who asks what of a web room, checked, or a friendly refusal."""

from __future__ import annotations

import asyncio
import json
import re
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from aiohttp import web
from aiohttp.typedefs import Handler

from bot import speech
from bot.domain import Player, Refusal, Refused, Room
from bot.platforms.web.people import language_of, player_of
from bot.platforms.web.rooms import clean, clean_room_name, room_of
from bot.services.rate_limit import Rate, RateLimits
from bot.services.service import Service
from bot.speech import Speaker

CHUNK = 64 * 1024
# What a tap or a command may weigh, and how long it may take to arrive.
ASK_BYTES = 4096
ASK_SECONDS = 10.0
# Taps and commands: nobody's finger is faster, and a family has a dozen of them.
TAPS_OF_A_PLAYER = Rate(60, 60)
TAPS_OF_A_ROOM = Rate(240, 60)
# As long as Telegram's may be.
CAPTION_LENGTH = 1024
# With the player's own id in front it is a message's id of at most 64 characters.
PHOTO_ID = re.compile(r"[A-Za-z0-9_-]{16,40}")

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


class Rejected(Exception):
    """A request gets a status and a sentence instead of what it asked for."""

    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        self.status, self.sentence = status, sentence
        super().__init__(sentence)


@web.middleware
async def word_rejections(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer what was rejected with its status and sentence."""
    try:
        return await handler(request)
    except Rejected as rejected:
        return web.json_response({"error": rejected.sentence}, status=rejected.status)


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks in which room.

    name: the room's, as its link has it.
    """

    name: str
    room: Room
    player: Player
    host: Service

    async def words(self) -> Speaker:
        """Return the sentences in their language."""
        return await self.host.words(self.room, self.player)

    async def refused(self, reason: Refusal) -> Rejected:
        """Return the reason as an answer to the request."""
        return Rejected(STATUS[reason], (await self.words()).refusal(reason))

    async def senseless(self) -> Rejected:
        """Return the answer to what no page of ours would send."""
        return Rejected(HTTPStatus.BAD_REQUEST, (await self.words()).refusal(Refusal.FAULT))


class Asking:
    """Finds out who asks, and reads what they say."""

    def __init__(self, host: Service) -> None:
        self._host = host
        self._taps = RateLimits(TAPS_OF_A_PLAYER, TAPS_OF_A_ROOM)

    async def who(self, request: web.Request) -> Asked:
        """Return who asks in which room. Raises Rejected, and HTTPNotFound for no room."""
        name = room_name(request)
        language = spoken_by(request)
        nickname = unquote(request.headers.get("X-Nickname", ""))
        player = player_of(request.headers.get("X-Player"), nickname, language)
        if player is None:
            raise Rejected(HTTPStatus.FORBIDDEN, speech.into(language).who_are_you())
        return Asked(name, room_of(name), player, self._host)

    async def message(self, request: web.Request, asked: Asked) -> dict[str, Any]:
        """Return the small message of a tap or a command. Raises Rejected."""
        if not self._taps.allow(asked.room, asked.player, time.monotonic()):
            raise await asked.refused(Refusal.TOO_OFTEN)
        try:
            async with asyncio.timeout(ASK_SECONDS):
                message = json.loads(await body_of(request, ASK_BYTES))
        except (ValueError, RecursionError, OSError, Refused):
            message = None
        if not isinstance(message, dict):
            raise await asked.senseless()
        return message


async def body_of(request: web.Request, limit: int) -> bytes:
    """Read what is posted, giving up as soon as it is too long. Raises Refused."""
    received = bytearray()
    async for chunk in request.content.iter_chunked(CHUNK):
        received += chunk
        if len(received) > limit:
            raise Refused(Refusal.TOO_MANY_BYTES)
    return bytes(received)


def room_name(request: web.Request) -> str:
    """Return the name of the room that a request means. Raises HTTPNotFound."""
    name = request.match_info["room"]
    if not name or clean_room_name(name) != name:
        raise web.HTTPNotFound(text="There is no room of that name.\n")
    return name


def spoken_by(request: web.Request) -> str | None:
    """Return the language that a browser asks for, if it is one of the bot's."""
    return language_of(request.headers.get("Accept-Language", ""))


def photo_id(request: web.Request, player: Player) -> str | None:
    """Return the id that the page gave an upload: sent again under it, it is the same photo."""
    made = request.headers.get("X-Photo-Id", "")
    return f"{player.id}:{made}" if PHOTO_ID.fullmatch(made) else None


def caption(request: web.Request) -> str:
    """Return what was written beside a photo, on one line."""
    return clean(unquote(request.headers.get("X-Caption", "")), CAPTION_LENGTH)

"""Which file of a Telegram message is its picture, and how its bytes are fetched."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path, PurePosixPath
from typing import Self
from urllib.parse import quote

import aiohttp
from telegram import (
    Animation,
    Bot,
    Document,
    ExternalReplyInfo,
    Message,
    PhotoSize,
    Sticker,
    Video,
    VideoNote,
)
from telegram.error import (
    BadRequest,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)
from yarl import URL

from bot.domain import Fetch, Refusal, Refused
from bot.metrics import Call
from bot.platforms.common import CHUNK, Retries, read_capped

# For files whose sender did not say what they are, as some phones do not for HEIC.
PICTURE_NAMES = frozenset(
    {".avif", ".bmp", ".gif", ".heic", ".heif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
)
# What a stored photo is marked with that is hidden; no file's id has a slash.
SPOILER = "spoiler"
# A download that broke is begun again after so long; the service has a time-out over it all.
WAITS = (0.3, 1.0, 3.0, 6.0)
# The server that says nothing for so long will say nothing more.
SILENCE = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=20)


@dataclass(frozen=True, slots=True)
class PhotoReference:
    """A photo as it is stored, to be fetched or sent again.

    Attributes:
        file: The id of its file; this bot's alone.
        is_spoiler: Whether it is hidden until somebody taps it, and what shows it has to be.
    """

    file: str
    is_spoiler: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the reference that `str` turned into a text."""
        file, _, mark = text.partition("/")
        return cls(file, mark == SPOILER)

    def __str__(self) -> str:
        return f"{self.file}/{SPOILER}" if self.is_spoiler else self.file


@dataclass(frozen=True, slots=True)
class PickedFile:
    """The file of a message that is to be fetched for its picture.

    Attributes:
        id: Fetches it, or sends it again; this bot's alone.
        unique_id: The same for all chats, bots and forwards; it fetches nothing.
        size: In bytes, where Telegram tells.
        is_spoiler: Whether its message hides it until somebody taps it.
    """

    id: str
    unique_id: str
    size: int | None
    is_spoiler: bool = False

    @property
    def key(self) -> str:
        """The name under which the same bytes are known again."""
        return f"telegram:{self.unique_id}"

    @property
    def reference(self) -> str:
        """What is stored of it."""
        return str(PhotoReference(self.id, self.is_spoiler))


def pick_file(message: Message | ExternalReplyInfo, side: int) -> PickedFile | None:
    """Return the file of a message's picture, in the cheapest size that is large enough.

    Whatever moves is represented by its thumbnail, so a video without one has no picture.

    Args:
        message: The message, or what it replies to in another chat.
        side: How many pixels of the picture's shorter side are of use.
    """
    picked = _pick_file(message, side)
    return picked and replace(picked, is_spoiler=bool(message.has_media_spoiler))


def _pick_file(message: Message | ExternalReplyInfo, side: int) -> PickedFile | None:
    # A GIF carries a document as well, so this one comes first.
    if animation := message.animation:
        return _of_animation(animation, side)
    if sticker := message.sticker:
        return _of_sticker(sticker)
    # The still of a live photo.
    if sizes := message.photo or (message.live_photo and message.live_photo.photo):
        return _cheapest(sizes, side)
    if video := message.video:
        return _cheapest([*(video.cover or ()), *_thumbnail(video)], side)
    if note := message.video_note:
        return _cheapest(_thumbnail(note), side)
    if document := message.document:
        return _of_document(document, side)
    return None


def is_photo(message: Message) -> bool:
    """Return whether a message is a photo, sent as one or as a picture's file."""
    if message.animation or message.sticker:
        return False
    document = message.document
    return bool(message.photo or message.live_photo or (document and _is_picture(document)))


def _is_picture(document: Document) -> bool:
    ending = PurePosixPath(document.file_name or "").suffix.lower()
    return (document.mime_type or "").startswith("image/") or ending in PICTURE_NAMES


def _of_animation(animation: Animation, side: int) -> PickedFile | None:
    if animation.thumbnail:
        return _cheapest([animation.thumbnail], side)
    return _whole(animation) if animation.mime_type == "image/gif" else None


def _of_sticker(sticker: Sticker) -> PickedFile | None:
    if sticker.is_animated or sticker.is_video:
        return _whole(sticker.thumbnail) if sticker.thumbnail else None
    return _whole(sticker)


def _of_document(document: Document, side: int) -> PickedFile | None:
    # One that says nothing of itself may be a picture.
    if _is_picture(document) or not (document.mime_type or document.file_name):
        return _whole(document)
    is_video = (document.mime_type or "").startswith("video/")
    return _cheapest(_thumbnail(document), side) if is_video else None


def _thumbnail(carrier: Document | Video | VideoNote) -> Sequence[PhotoSize]:
    return [carrier.thumbnail] if carrier.thumbnail else []


def _cheapest(sizes: Sequence[PhotoSize], side: int) -> PickedFile | None:
    """Choose the smallest size that is large enough, else the largest there is."""
    if not sizes:
        return None
    adequate = [size for size in sizes if _short(size) >= side]
    return _whole(min(adequate, key=_short) if adequate else max(sizes, key=_short))


def _short(size: PhotoSize) -> int:
    return min(size.width, size.height)


def _whole(file: PhotoSize | Sticker | Document | Animation) -> PickedFile:
    return PickedFile(file.file_id, file.file_unique_id, file.file_size)


class Files:
    """Fetches files from Telegram; no address of one, which holds the token, leaves this class.

    Args:
        bot: Asks for the addresses.
        session: Downloads.
        retries: Makes calls again.
    """

    def __init__(self, bot: Bot, session: aiohttp.ClientSession, retries: Retries) -> None:
        self._retries = retries
        self._bot = bot
        self._session = session

    def file_fetcher(self, file_id: str) -> Fetch:
        """Return what fetches a file; it raises Refused."""

        async def fetch(limit: int) -> bytes:
            try:
                return await self._retries.make(
                    Call.FETCH, lambda: self._download(file_id, limit), WAITS, _least_wait
                )
            except _Broken as fault:
                raise Refused(Refusal.FAULT) from fault

        return fetch

    async def _download(self, file_id: str, limit: int) -> bytes:
        address = await self._address(file_id, limit)
        if address.startswith("/"):  # a Bot API server of one's own in its local mode
            return await asyncio.to_thread(_load_local, Path(address), limit)
        try:
            async with self._session.get(self._url(address), timeout=SILENCE) as response:
                # Also a 404: the link may be older than the file server knows, or younger.
                if response.status != HTTPStatus.OK:
                    raise _Broken(response.status)
                return await read_capped(response.content.iter_chunked(CHUNK), limit)
        except (aiohttp.ClientError, TimeoutError) as fault:
            # Their texts may hold the address.
            raise _Broken(type(fault).__name__) from None

    def _url(self, address: str) -> URL:
        """Return an address whose path may hold anything, a # too, as an URL."""
        server = f"{self._bot.base_file_url}/"
        return URL(server + quote(address.removeprefix(server)), encoded=True)

    async def _address(self, file_id: str, limit: int) -> str:
        """Return where a file lies, unless it has more bytes than the limit."""
        try:
            file = await self._bot.get_file(file_id)
        except BadRequest as fault:
            # "wrong file_id or the file is temporarily unavailable"
            if "temporarily" in fault.message.lower():
                raise _Broken(fault.message) from fault
            raise Refused(_why(fault)) from fault
        except (RetryAfter, NetworkError, InvalidToken) as fault:
            raise _Broken(type(fault).__name__) from fault
        except TelegramError as fault:
            raise Refused(Refusal.FAULT) from fault
        if file.file_size is not None and file.file_size > limit:
            raise Refused(Refusal.TOO_MANY_BYTES)
        if not file.file_path:
            raise _Broken("no path")
        return file.file_path


class _Broken(Exception):
    """A download broke and may work at the next attempt."""


def _least_wait(fault: Exception) -> float | None:
    return 0.0 if isinstance(fault, _Broken) else None


def _load_local(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as fault:  # the server fetches it again when it is asked for it again
        raise _Broken(type(fault).__name__) from fault
    if len(data) > limit:
        raise Refused(Refusal.TOO_MANY_BYTES)
    return data


def _why(fault: BadRequest) -> Refusal:
    """Return what Telegram means by refusing a file."""
    return Refusal.TOO_MANY_BYTES if "too big" in fault.message.lower() else Refusal.GONE

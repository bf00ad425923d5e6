"""Where pictures are in Discord's messages, and how their bytes are fetched."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Self
from urllib.parse import urlsplit, urlunsplit

import aiohttp
import discord

from bot.domain import Fetch, Refusal, Refused
from bot.platforms.common import CHUNK, read_capped, retried

# Whatever else a message names, Discord's own hosts are the only ones that are ever asked; pictures
# of other sites come by its proxy, images-ext.
HOSTS = re.compile(
    r"(?:cdn\.discordapp\.com|media\.discordapp\.net|images-ext-[0-9]+\.discordapp\.net)"
)
# Discord lets a message have ten attachments.
MOST = 10
# The type is missing now and then, so the name has a say; what it is, the classifier finds out.
PICTURES = frozenset(
    {".jpg", ".jpeg", ".jfif", ".png", ".apng", ".gif", ".webp", ".heic", ".heif", ".avif"}
    | {".bmp", ".tif", ".tiff"}
)
FETCH_SECONDS = 60.0
SILENCE_SECONDS = 15.0
# Somebody waits for the answer, so a fetch that failed is repeated once and at once.
RETRY_WAITS = (0.0,)


@dataclass(frozen=True, slots=True)
class Source:
    """One picture in a message: where it is, and what Discord tells of it.

    Attributes:
        url: Where its bytes are.
        size: The declared number of bytes, where Discord tells.
        key: A name of the same bytes, as in Photo.
        is_spoiler: Whether it is hidden until somebody taps it.
    """

    url: str
    size: int | None = None
    key: str | None = None
    is_spoiler: bool = False


@dataclass(frozen=True, slots=True)
class PictureReference:
    """Where a picture is found again: its URL is of no use after a day, its message is.

    Attributes:
        channel: The id of the message's channel.
        message: The message's id.
        index: Which of the message's pictures it is, as `Files.find_sources` numbers them.
    """

    channel: int
    message: int
    index: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the reference that `str` turned into a text."""
        return cls(*map(int, text.split("/")))

    def __str__(self) -> str:
        return f"{self.channel}/{self.message}/{self.index}"


class Files:
    """Fetches pictures from Discord's own hosts, or from the one server that stands in for them.

    Args:
        session: Asks for them.
        server: The address of the server that stands in for Discord; None for Discord itself.
        seconds: How long one download may take.
    """

    def __init__(
        self, session: aiohttp.ClientSession, server: str | None, seconds: float = FETCH_SECONDS
    ) -> None:
        self._session = session
        self._server = urlsplit(server) if server else None
        self._timeout = aiohttp.ClientTimeout(
            total=seconds, sock_connect=SILENCE_SECONDS, sock_read=SILENCE_SECONDS
        )

    def safe_url(self, url: str) -> str | None:
        """Return the address as it may be asked; None for one of anybody else.

        Host and port are compared as one text, so no user name, port, suffix or escape slips
        through, and the address is put together anew from what was compared.
        """
        try:
            parts = urlsplit(url)
        except ValueError:
            return None
        if self._server is not None:
            is_known = (parts.scheme, parts.netloc) == (self._server.scheme, self._server.netloc)
        else:
            is_known = parts.scheme == "https" and HOSTS.fullmatch(parts.netloc) is not None
        return urlunsplit(parts._replace(fragment="")) if is_known else None

    def find_sources(self, message: discord.Message) -> list[Source]:
        """Return the pictures of a message, of what it forwards, and of the links that it shows."""
        parts: list[discord.Message | discord.MessageSnapshot]
        parts = [message, *message.message_snapshots]
        found = [
            attachment_source(one) for part in parts for one in part.attachments if is_picture(one)
        ]
        found += [
            self._sticker_source(one) for part in parts for one in part.stickers if _is_drawn(one)
        ]
        if not found:
            shown = [self._embed_source(embed) for part in parts for embed in part.embeds]
            found = [source for source in shown if source is not None]
        return found[:MOST]

    def url_fetcher(self, url: str) -> Fetch:
        """Return what fetches a picture: never more than it is told, never from anywhere else."""

        async def fetch(limit: int) -> bytes:
            safe = self.safe_url(url)
            if safe is None:
                raise Refused(Refusal.GONE)
            try:
                return await retried(
                    lambda: self._fetch_capped(safe, limit), RETRY_WAITS, _wait_after
                )
            except TimeoutError as error:
                raise Refused(Refusal.TOO_SLOW) from error
            except aiohttp.ClientError as error:
                raise Refused(Refusal.FAULT) from error

        return fetch

    async def _fetch_capped(self, url: str, limit: int) -> bytes:
        async with self._session.get(url, allow_redirects=False, timeout=self._timeout) as answer:
            if answer.status >= 500 or answer.status == 429:
                raise aiohttp.ClientError(answer.status)
            if answer.status != 200:  # deleted, or its signature is past its day
                raise Refused(Refusal.GONE)
            if (answer.content_length or 0) > limit:
                raise Refused(Refusal.TOO_MANY_BYTES)
            return await read_capped(answer.content.iter_chunked(CHUNK), limit)

    def _sticker_source(self, sticker: discord.StickerItem) -> Source:
        url = sticker.url
        if self._server is not None:
            url = urlunsplit(self._server._replace(path=urlsplit(url).path))
        return Source(url, key=f"discord:sticker:{sticker.id}")

    def _embed_source(self, embed: discord.Embed) -> Source | None:
        for media in (embed.image, embed.thumbnail):
            for url in (media.proxy_url, media.url):
                if url and self.safe_url(url):
                    return Source(url)
        return None


def is_picture(attachment: discord.Attachment) -> bool:
    """Return whether an attachment may be a picture, by its type or else by its name."""
    kind = (attachment.content_type or "").partition(";")[0].strip()
    if kind in ("", "application/octet-stream"):
        suffix = PurePosixPath(attachment.filename).suffix.lower()
        return not suffix or suffix in PICTURES
    return kind.startswith("image/")


def is_withheld(message: discord.Message) -> bool:
    """Return whether Discord kept a message's content from us: nobody can send one with nothing."""
    return not (
        message.content
        or message.attachments
        or message.stickers
        or message.embeds
        or message.components
        or message.poll
        or any(part.content or part.attachments for part in message.message_snapshots)
    )


def attachment_source(attachment: discord.Attachment) -> Source:
    """Return the picture that an attachment is."""
    return Source(
        attachment.url,
        attachment.size,
        f"discord:{attachment.id}",
        is_spoiler=attachment.is_spoiler(),
    )


def _is_drawn(sticker: discord.StickerItem) -> bool:
    """Return whether a sticker is a picture; Lottie is a program that draws one."""
    return sticker.format in (
        discord.StickerFormatType.png,
        discord.StickerFormatType.apng,
        discord.StickerFormatType.gif,
    )


def _wait_after(fault: Exception) -> float | None:
    """Return 0 for a connection that broke, as one does now and then; None for all else."""
    return 0.0 if isinstance(fault, aiohttp.ClientError) else None

"""Where pictures hide in Discord's messages, and how their bytes are fetched."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit, urlunsplit

import aiohttp
import discord

from bot.domain import Fetch, Refusal, Refused

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
CHUNK = 64 * 1024
READ_SECONDS = 60.0
SILENCE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Source:
    """One picture in a message: where it is, and what Discord tells of it.

    key: of the bytes, as in Photo.
    """

    url: str
    size: int | None = None
    key: str | None = None
    is_spoiler: bool = False


class Cdn:
    """Fetches pictures from Discord's own hosts, or from the one server that stands in for them."""

    def __init__(
        self, session: aiohttp.ClientSession, server: str | None, seconds: float = READ_SECONDS
    ) -> None:
        self._session = session
        self._server = urlsplit(server) if server else None
        self._timeout = aiohttp.ClientTimeout(
            total=seconds, sock_connect=SILENCE_SECONDS, sock_read=SILENCE_SECONDS
        )

    def safe(self, url: str) -> str | None:
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

    def pictures(self, message: discord.Message) -> list[Source]:
        """Return the pictures of a message, of what it forwards, and of the links that it shows."""
        parts: list[discord.Message | discord.MessageSnapshot]
        parts = [message, *message.message_snapshots]
        found = [attached(one) for part in parts for one in part.attachments if is_picture(one)]
        found += [self._stuck(one) for part in parts for one in part.stickers if _is_drawn(one)]
        if not found:
            shown = [self._shown(embed) for part in parts for embed in part.embeds]
            found = [source for source in shown if source is not None]
        return found[:MOST]

    def read(self, url: str) -> Fetch:
        """Return what fetches a picture: never more than it is told, never from anywhere else."""

        async def read(limit: int) -> bytes:
            safe = self.safe(url)
            if safe is None:
                raise Refused(Refusal.GONE)
            try:
                try:
                    return await self._fetch(safe, limit)
                except aiohttp.ClientError:  # a connection breaks now and then
                    return await self._fetch(safe, limit)
            except TimeoutError as error:
                raise Refused(Refusal.TOO_SLOW) from error
            except aiohttp.ClientError as error:
                raise Refused(Refusal.FAULT) from error

        return read

    async def _fetch(self, url: str, limit: int) -> bytes:
        async with self._session.get(url, allow_redirects=False, timeout=self._timeout) as answer:
            if answer.status >= 500 or answer.status == 429:
                raise aiohttp.ClientError(answer.status)
            if answer.status != 200:  # deleted, or its signature is past its day
                raise Refused(Refusal.GONE)
            if (answer.content_length or 0) > limit:
                raise Refused(Refusal.TOO_MANY_BYTES)
            received = bytearray()
            async for chunk in answer.content.iter_chunked(CHUNK):
                received += chunk
                if len(received) > limit:
                    raise Refused(Refusal.TOO_MANY_BYTES)
            return bytes(received)

    def _stuck(self, sticker: discord.StickerItem) -> Source:
        url = sticker.url
        if self._server is not None:
            url = urlunsplit(self._server._replace(path=urlsplit(url).path))
        return Source(url, key=f"discord:sticker:{sticker.id}")

    def _shown(self, embed: discord.Embed) -> Source | None:
        for media in (embed.image, embed.thumbnail):
            for url in (media.proxy_url, media.url):
                if url and self.safe(url):
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


def attached(attachment: discord.Attachment) -> Source:
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

"""Where pictures are in Discord's messages, and how their bytes are fetched."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Self
from urllib.parse import urlsplit, urlunsplit

import aiohttp
import discord
from cachetools import TTLCache
from discord.components import (
    Container,
    MediaGalleryComponent,
    SectionComponent,
    ThumbnailComponent,
)

from bot.domain import Fetch, Refusal, Refused
from bot.metrics import Call
from bot.platforms.common import CHUNK, Retries, read_capped

# Whatever else a message names, Discord's own hosts are the only ones that are ever asked; pictures
# of other sites come by its proxy, images-ext.
HOSTS = re.compile(
    r"(?:cdn\.discordapp\.com|media\.discordapp\.net|images-ext-[0-9]+\.discordapp\.net)"
)
# How the text of a reference ends where the picture is hidden.
SPOILER = "spoiler"
# What is hidden in a message's words: https://discord.com/developers/docs/reference
HIDDEN_LINK = re.compile(r"\|\|(?:(?!\|\|).)*https?://.*?\|\|", re.DOTALL)
# Discord lets a message have ten attachments.
MOST = 10
# The type is missing now and then, so the name has a say; what it is, the classifier finds out.
# Discord's apps offer these as images, https://github.com/discord/discord-api-docs/pull/8506
IMAGES = frozenset({".jpg", ".jpeg", ".jfif", ".png", ".gif", ".webp", ".avif"})
OTHER_PICTURES = (".apng", ".bmp", ".heic", ".heif", ".tif", ".tiff")
PICTURES = IMAGES.union(OTHER_PICTURES)
# What people are offered where they choose a photo; at most ten.
FILE_TYPES = ("image", *OTHER_PICTURES)
# Messages whose buttons were pressed lately; the addresses of their pictures are good for a day.
PRESSED, PRESSED_SECONDS = 512, 3600.0
FETCH_SECONDS = 60.0
SILENCE_SECONDS = 15.0
# Somebody waits for the answer, so a fetch that failed is repeated soon.
RETRY_WAITS = (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Source:
    """One picture in a message: where it is, and what Discord tells of it.

    Attributes:
        url: Where its bytes are.
        size: The declared number of bytes, where Discord tells.
        key: A name of the same bytes, as in Photo.
        is_spoiler: Whether it is hidden until somebody taps it.
        description: What it shows, in the words of who sent it.
    """

    url: str
    size: int | None = None
    key: str | None = None
    is_spoiler: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True)
class PictureReference:
    """Where a picture is found again: its URL is of no use after a day, its message is.

    Attributes:
        channel: The id of the message's channel.
        message: The message's id.
        index: Which of the message's pictures it is, as `Files.find_sources` numbers them.
        is_spoiler: Whether it is hidden until somebody taps it.
    """

    channel: int
    message: int
    index: int
    is_spoiler: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the reference that `str` turned into a text."""
        channel, message, index, *hidden = text.split("/")
        return cls(int(channel), int(message), int(index), hidden == [SPOILER])

    def __str__(self) -> str:
        place = f"{self.channel}/{self.message}/{self.index}"
        return f"{place}/{SPOILER}" if self.is_spoiler else place


class _Missing(aiohttp.ClientError):
    """There is no such file."""


class Files:
    """Fetches pictures from Discord's own hosts, or from the one server that stands in for them.

    Args:
        session: Asks for them.
        server: The address of the server that stands in for Discord; None for Discord itself.
        retries: Asks again.
        seconds: How long one download may take.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        server: str | None,
        retries: Retries,
        seconds: float = FETCH_SECONDS,
    ) -> None:
        self._retries = retries
        self._session = session
        self._pressed: TTLCache[tuple[int, int], list[Source]] = TTLCache(PRESSED, PRESSED_SECONDS)
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
        known = {urlsplit(source.url).path for source in found}
        for item in (item for part in parts for item in _shown_media(part.components)):
            source = self._media_source(item)
            if source is not None and urlsplit(source.url).path not in known:
                found.append(source)
        found += [
            self._sticker_source(one) for part in parts for one in part.stickers if _is_drawn(one)
        ]
        if not found:
            shown = [
                self._embed_source(embed, is_spoiler=HIDDEN_LINK.search(part.content) is not None)
                for part in parts
                for embed in part.embeds
            ]
            found = [source for source in shown if source is not None]
        return found[:MOST]

    def note_pressed(self, message: discord.Message) -> None:
        """Remember the pictures of a message with a button: Discord may tell us of no others there.

        Args:
            message: As it came with a press.
        """
        if sources := self.find_sources(message):
            self._pressed[message.channel.id, message.id] = sources

    def pressed(self, channel: int, message: int) -> list[Source]:
        """Return the pictures of a message as they came with a press lately; none if none did."""
        return self._pressed.get((channel, message), [])

    def url_fetcher(self, url: str) -> Fetch:
        """Return what fetches a picture: never more than it is told, never from anywhere else."""

        async def fetch(limit: int) -> bytes:
            safe = self.safe_url(url)
            if safe is None:
                raise Refused(Refusal.GONE)
            try:
                return await self._retries.make(
                    Call.FETCH,
                    lambda: self._fetch_capped(safe, limit),
                    RETRY_WAITS,
                    _wait_after,
                )
            except TimeoutError as error:
                raise Refused(Refusal.TOO_SLOW) from error
            except _Missing as error:
                raise Refused(Refusal.GONE) from error
            except aiohttp.ClientError as error:
                raise Refused(Refusal.FAULT) from error

        return fetch

    async def _fetch_capped(self, url: str, limit: int) -> bytes:
        async with self._session.get(url, allow_redirects=False, timeout=self._timeout) as answer:
            if answer.status in (404, 410):  # deleted, or not there yet
                raise _Missing
            if answer.status != 200:
                raise aiohttp.ClientError(answer.status)
            if (answer.content_length or 0) > limit:
                raise Refused(Refusal.TOO_MANY_BYTES)
            return await read_capped(answer.content.iter_chunked(CHUNK), limit)

    def _sticker_source(self, sticker: discord.StickerItem) -> Source:
        url = sticker.url
        if self._server is not None:
            url = urlunsplit(self._server._replace(path=urlsplit(url).path))
        return Source(url, key=f"discord:sticker:{sticker.id}")

    def _embed_source(self, embed: discord.Embed, *, is_spoiler: bool) -> Source | None:
        for media in (embed.image, embed.thumbnail):
            url = self._first_safe(media.url, media.proxy_url)
            if url is not None:
                return Source(url, is_spoiler=is_spoiler)
        return None

    def _media_source(self, item: discord.MediaGalleryItem | ThumbnailComponent) -> Source | None:
        kind = item.media.content_type
        if kind is not None and not kind.startswith("image/"):
            return None
        url = self._first_safe(item.media.url, item.media.proxy_url)
        return None if url is None else Source(url, is_spoiler=item.spoiler)

    def _first_safe(self, *urls: str | None) -> str | None:
        """Return the first address that may be asked; a picture of elsewhere comes by a proxy."""
        return next((url for url in urls if url and self.safe_url(url)), None)


def _shown_media(
    components: Iterable[object],
) -> Iterator[discord.MediaGalleryItem | ThumbnailComponent]:
    """Yield the pictures that a message is laid out with, whatever they are in."""
    for component in components:
        if isinstance(component, MediaGalleryComponent):
            yield from component.items
        elif isinstance(component, ThumbnailComponent):
            yield component
        elif isinstance(component, SectionComponent):
            yield from _shown_media([component.accessory])
        elif isinstance(component, Container):
            yield from _shown_media(component.children)


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
        description=attachment.description or "",
    )


def has_lottie(message: discord.Message) -> bool:
    """Return whether a message has a sticker that is a program which draws one."""
    return any(sticker.format is discord.StickerFormatType.lottie for sticker in message.stickers)


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

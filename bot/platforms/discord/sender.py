"""Replies as Discord wants them, and their way there."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING, Any, TypeVar

import aiohttp
import discord
from discord.ui import Button, DynamicItem, View

from bot.domain import Reply

if TYPE_CHECKING:
    from discord.abc import MessageableChannel

T = TypeVar("T")

LONGEST_TEXT = 2000
LONGEST_LABEL = 80
LONGEST_DESCRIPTION = 1024
ROWS, IN_A_ROW = 5, 5
# discord.py waits for its buckets, and for the limit over all only once it was hit: 50 requests a
# second, of which some are its own.
REQUESTS_A_SECOND = 40
# After a connection that broke, or a 503, which discord.py does not wait for itself.
WAITS = (0.5, 2.0, 5.0)
MISSING_PERMISSIONS = 50013
# A reply needs a permission more than a message: to read the channel's history.
NO_HISTORY = 160002
# Threads that are archived or locked.
CLOSED = frozenset({50083, 160005})


class Unwelcome(Exception):
    """The bot may not write there, or there is no such place any more."""


class SnowButton(DynamicItem[Button[View]], template=re.compile("sp:(?P<data>.{1,97})", re.DOTALL)):
    """A button that works for as long as its message exists: all it needs is in its id."""

    def __init__(self, data: str, label: str = "?", row: int | None = None) -> None:
        super().__init__(Button(label=label[:LONGEST_LABEL], custom_id=f"sp:{data}", row=row))
        self.data = data

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[discord.Client],
        item: discord.ui.Item[View],
        match: re.Match[str],
    ) -> SnowButton:
        """Make the button that was pressed from its id alone."""
        return cls(match["data"])

    async def callback(self, interaction: discord.Interaction[discord.Client]) -> None:
        """Hand the press to the client's `on_snow_press`."""
        interaction.client.dispatch("snow_press", interaction, self.data)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to send, which can be sent again when the way there broke."""

    data: bytes
    name: str
    description: str = ""
    is_spoiler: bool = False

    def file(self) -> discord.File:
        """Return it for one request."""
        told = self.description[:LONGEST_DESCRIPTION] or None
        return discord.File(
            BytesIO(self.data), self.name, spoiler=self.is_spoiler, description=told
        )


class Post:
    """Sends messages no faster than Discord allows, and again when the way there broke."""

    def __init__(self) -> None:
        self._next = 0.0

    async def send(
        self,
        channel: MessageableChannel,
        reply: Reply,
        *,
        to: int | None = None,
        nonce: str | None = None,
    ) -> discord.Message:
        """Send a reply, to a message if that still exists. Raises Unwelcome.

        nonce: at most 25 characters; sent with it again, Discord knows the message and does not
            show it twice.
        """
        optional: dict[str, Any] = {"nonce": nonce or secrets.token_hex(8)}
        if to is not None:
            optional["reference"] = discord.MessageReference(
                message_id=to, channel_id=channel.id, fail_if_not_exists=False
            )

        if shown := buttons(reply):
            optional["view"] = shown

        async def send() -> discord.Message:
            await self.pace()
            attached = [upload.file() for upload in uploads(reply)]
            return await channel.send(text(reply.text), files=attached, **optional)

        try:
            return await patiently(send)
        except discord.Forbidden as error:
            if error.code == MISSING_PERMISSIONS and reply.picture is not None:
                return await self.send(channel, replace(reply, picture=None), to=to, nonce=nonce)
            raise Unwelcome from error
        except discord.NotFound as error:
            raise Unwelcome from error
        except discord.HTTPException as error:
            if error.code == NO_HISTORY and to is not None:
                return await self.send(channel, reply, nonce=nonce)
            if error.code in CLOSED:
                raise Unwelcome from error
            raise

    async def pace(self) -> None:
        """Wait until another request may go out."""
        now = asyncio.get_running_loop().time()
        self._next = max(now, self._next + 1 / REQUESTS_A_SECOND)
        await asyncio.sleep(self._next - now)


async def patiently(call: Callable[[], Awaitable[T]]) -> T:
    """Do a request, and again after a while when the way there or back broke.

    It must be one that does no harm when it is done twice.
    """
    for wait in WAITS:
        try:
            return await call()
        except (aiohttp.ClientError, OSError):
            pass
        except discord.DiscordServerError as error:
            if error.status != 503:
                raise
        await asyncio.sleep(wait)
    return await call()


def text(plain: str) -> str:
    """Return a text as it is to be read, safe from Discord's markup and as long as it may be."""
    marked = discord.utils.escape_markdown(plain)
    if len(marked) <= LONGEST_TEXT:
        return marked
    head = marked[: LONGEST_TEXT - 1]
    place = max(head.rfind("\n"), head.rfind(" "))
    if place > LONGEST_TEXT // 2:
        head = head[:place]
    return head.rstrip().rstrip("\\") + "…"


def buttons(reply: Reply) -> View | None:
    """Return a reply's buttons."""
    if not reply.buttons:
        return None
    shown = View(timeout=None)
    for row, in_it in enumerate(reply.buttons[:ROWS]):
        for button in in_it[:IN_A_ROW]:
            shown.add_item(SnowButton(button.data, button.text, row))
    return shown


def uploads(reply: Reply) -> list[Upload]:
    """Return the files of a reply."""
    files = []
    if picture := reply.picture:
        files.append(Upload(picture.png, picture.name, picture.description))
    if document := reply.document:
        files.append(Upload(document.data, document.name))
    return files


async def linked(interaction: discord.Interaction[discord.Client], reply: Reply) -> Reply:
    """Return the reply with links to the photos that it shows again, those that still exist."""
    lines = [reply.text]
    for shown in reply.shown:
        channel, message, *_ = (shown.reference or "0/0").split("/")
        try:
            await interaction.client.get_partial_messageable(int(channel)).fetch_message(
                int(message)
            )
        except discord.NotFound:
            continue
        except discord.HTTPException:
            pass  # perhaps people may see it all the same
        place = f"{interaction.guild_id or '@me'}/{channel}/{message}"
        lines.append(f"{shown.caption}\nhttps://discord.com/channels/{place}")
    return replace(reply, text="\n".join(lines), shown=())

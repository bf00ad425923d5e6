"""Replies as Discord wants them, and how they are sent."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Self, TypedDict

import aiohttp
import discord
from discord.ui import Button, DynamicItem, View
from discord.utils import MISSING

from bot.domain import Refusal, Refused, Reply
from bot.metrics import Call
from bot.platforms.discord.faults import (
    MISSING_PERMISSIONS,
    CannotSend,
    Requests,
    has_no_target,
    is_final,
    why_not_there,
)
from bot.platforms.discord.identity import Interaction

if TYPE_CHECKING:
    from discord.abc import MessageableChannel

LONGEST_TEXT = 2000
LONGEST_LABEL = 80
LONGEST_DESCRIPTION = 1024
ROWS, IN_A_ROW = 5, 5
# discord.py waits for its buckets, and for the limit over all only once it was hit: 50 requests a
# second, of which some are its own. Processes that share the shards share these as well.
REQUESTS_A_SECOND = 40


# What Discord makes a link of: an address with a scheme, and an invitation without.
_LINK = re.compile(r"\b(?!https://discord\.com/channels/)(\w+:|discord)(?=//|\.gg/)", re.IGNORECASE)


class PersistentButton(
    DynamicItem[Button[View]], template=re.compile("sp:(?P<data>.{1,97})", re.DOTALL)
):
    """A button that works for as long as its message exists: all it needs is in its id.

    Args:
        data: The button's, as in `domain.Button`.
        label: What it says.
        row: Which row it is in, counted from 0.
    """

    def __init__(self, data: str, label: str = "?", row: int | None = None) -> None:
        super().__init__(Button(label=label[:LONGEST_LABEL], custom_id=f"sp:{data}", row=row))
        self.data = data

    @classmethod
    async def from_custom_id(
        cls, interaction: Interaction, item: discord.ui.Item[View], match: re.Match[str]
    ) -> PersistentButton:
        """Return the button that was pressed, made from its id alone."""
        return cls(match["data"])

    async def callback(self, interaction: Interaction) -> None:
        """Hand the press to the client's `on_button_press`."""
        interaction.client.dispatch("button_press", interaction, self.data)


@dataclass(frozen=True, slots=True)
class SentMessage:
    """Where a message of the bot's is, to be edited by whoever knows it.

    Attributes:
        channel: Its channel's id.
        message: Its id.
    """

    channel: int
    message: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the place that `str` turned into a text. Raises ValueError for any other text."""
        channel, message = map(int, text.split("/"))
        return cls(channel, message)

    def __str__(self) -> str:
        return f"{self.channel}/{self.message}"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to send, which can be sent again when the connection broke.

    Attributes:
        data: The file.
        name: The file's name.
        description: What it shows, in words.
        is_spoiler: Whether it is hidden until somebody taps it.
    """

    data: bytes
    name: str
    description: str = ""
    is_spoiler: bool = False

    def file(self) -> discord.File:
        """Return it for one request."""
        description = self.description[:LONGEST_DESCRIPTION] or None
        return discord.File(
            BytesIO(self.data), self.name, spoiler=self.is_spoiler, description=description
        )


class _Options(TypedDict, total=False):
    """What a message may have besides text and files; discord.py takes no None for these."""

    nonce: str
    reference: discord.MessageReference
    silent: bool
    suppress_embeds: bool
    view: View


class Sender:
    """Sends messages no faster than Discord allows, and again when the connection broke.

    Args:
        requests: Makes requests again.
        sharers: Returns how many processes send at the same time.
    """

    def __init__(self, requests: Requests, sharers: Callable[[], int] = lambda: 1) -> None:
        self._requests = requests
        self._sharers = sharers
        self._next = 0.0

    async def send_reply(
        self,
        channel: MessageableChannel,
        reply: Reply,
        *,
        to: int | None = None,
        nonce: str | None = None,
        is_patient: bool = False,
        is_silent: bool = False,
    ) -> SentMessage:
        """Send a reply; it is there when this returns.

        Args:
            channel: Where to.
            reply: What to say.
            to: The id of the message that it replies to, if that still exists.
            nonce: At most 25 characters; sent with it again, Discord knows the message and does
                not show it twice.
            is_patient: Whether to wait for minutes where Discord is in trouble.
            is_silent: Whether nobody's phone is to make a sound for it.

        Returns:
            Where it is.

        Raises:
            CannotSend: When the bot may not write there, or the channel is gone or closed.
            discord.DiscordException: For other trouble with Discord.
            aiohttp.ClientError: When the connection broke time and again, as OSError.
        """
        options: _Options = {
            "nonce": nonce or secrets.token_hex(8),
            "silent": is_silent,
            "suppress_embeds": True,
        }
        if to is not None:
            options["reference"] = discord.MessageReference(
                message_id=to, channel_id=channel.id, fail_if_not_exists=False
            )
        if (view := button_view(reply)) is not None:
            options["view"] = view

        async def send() -> SentMessage:
            await self.throttle()
            files = [upload.file() for upload in uploads(reply)]
            sent = await channel.send(markdown(reply.text), files=files, **options)
            return SentMessage(channel.id, sent.id)

        again = partial(
            self.send_reply, channel, nonce=nonce, is_patient=is_patient, is_silent=is_silent
        )
        try:
            return await self._requests.make(Call.SEND, send, is_patient=is_patient)
        except discord.HTTPException as error:
            if to is not None and has_no_target(error):
                return await again(reply)
            if error.code == MISSING_PERMISSIONS and uploads(reply):
                return await again(replace(reply, picture=None, document=None), to=to)
            if is_final(error):
                raise CannotSend from error
            raise

    async def edit_reply(self, message: discord.PartialMessage, reply: Reply) -> None:
        """Turn a message of the bot's into a reply; without files of its own it keeps those there.

        Args:
            message: The message.
            reply: What it becomes; without buttons, those that are there go.

        Raises:
            CannotSend: When the message is gone, is not the bot's, or may not be edited any more.
            discord.DiscordException: For other trouble with Discord.
            aiohttp.ClientError: When the connection broke time and again, as OSError.
        """

        async def edit() -> None:
            await self.throttle()
            files = [upload.file() for upload in uploads(reply)]
            await message.edit(
                content=markdown(reply.text),
                attachments=files or MISSING,
                view=button_view(reply),
            )

        try:
            await self._requests.make(Call.EDIT, edit)
        except discord.HTTPException as error:
            if error.code == MISSING_PERMISSIONS and uploads(reply):
                await self.edit_reply(message, replace(reply, picture=None, document=None))
            elif is_final(error):
                raise CannotSend from error
            else:
                raise

    async def find_message(self, channel: MessageableChannel, message_id: int) -> discord.Message:
        """Return a message.

        Raises:
            Refused: When it is gone, out of the bot's sight, or cannot be had just now.
        """

        async def find() -> discord.Message:
            await self.throttle()
            return await channel.fetch_message(message_id)

        try:
            return await self._requests.make(Call.READ, find)
        except discord.HTTPException as error:
            raise Refused(why_not_there(error)) from error
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            raise Refused(Refusal.FAULT) from error

    async def throttle(self) -> None:
        """Wait until another request may go out."""
        now = asyncio.get_running_loop().time()
        self._next = max(now, self._next + self._sharers() / REQUESTS_A_SECOND)
        await asyncio.sleep(self._next - now)


def markdown(plain: str) -> str:
    """Return a text as it is to be read, safe from Discord's markup and as long as it may be."""
    marked = _LINK.sub(r"\1\\", discord.utils.escape_markdown(plain))
    if len(marked) <= LONGEST_TEXT:
        return marked
    head = marked[: LONGEST_TEXT - 1]
    place = max(head.rfind("\n"), head.rfind(" "))
    if place > LONGEST_TEXT // 2:
        head = head[:place]
    return head.rstrip().rstrip("\\") + "…"


def button_view(reply: Reply) -> View | None:
    """Return a reply's buttons, as many as Discord allows; None when it has none."""
    if not reply.buttons:
        return None
    view = View(timeout=None)
    for row, in_it in enumerate(reply.buttons[:ROWS]):
        for button in in_it[:IN_A_ROW]:
            view.add_item(PersistentButton(button.data, button.text, row))
    return view


def uploads(reply: Reply) -> list[Upload]:
    """Return the files of a reply."""
    files = []
    if picture := reply.picture:
        files.append(
            Upload(picture.png, picture.name, picture.description, is_spoiler=picture.is_spoiler)
        )
    if document := reply.document:
        files.append(Upload(document.data, document.name))
    return files

"""What interactions let the bot say by their own tokens, also where it may not write by itself."""

from __future__ import annotations

from datetime import timedelta

import discord
from cachetools import LRUCache
from discord.utils import MISSING

from bot.domain import Reply
from bot.metrics import Call
from bot.platforms.common import REMEMBERED
from bot.platforms.discord.faults import Requests
from bot.platforms.discord.identity import Interaction
from bot.platforms.discord.sender import SentMessage, button_view, markdown, uploads

# A token lives for a quarter of an hour, which is known beforehand; this much is for sending.
MARGIN = timedelta(seconds=30)


class InteractionTokens:
    """Remembers the interactions that can still be answered, by their channels and messages.

    Args:
        requests: Makes requests again.
    """

    def __init__(self, requests: Requests) -> None:
        self._requests = requests
        self._in_channels: LRUCache[int, Interaction] = LRUCache(REMEMBERED)
        self._of_messages: LRUCache[int, tuple[Interaction, bool]] = LRUCache(REMEMBERED)

    def note(self, interaction: Interaction, message_id: int, *, is_original: bool = False) -> None:
        """Remember an interaction that is acknowledged.

        Args:
            interaction: The interaction.
            message_id: Of a message of its own.
            is_original: Whether that is its first one, which Discord knows by another name.
        """
        if interaction.channel_id is not None:
            self._in_channels[interaction.channel_id] = interaction
        self._of_messages[message_id] = interaction, is_original

    async def send(self, channel_id: int, reply: Reply) -> SentMessage | None:
        """Send a reply to a channel by the latest interaction there.

        Returns:
            Where it is; None when there is no interaction whose token is still good.

        Raises:
            As `follow_up` does.
        """
        interaction = self._in_channels.get(channel_id)
        if interaction is None or _is_over(interaction):
            return None
        sent = await self.follow_up(interaction, reply, with_files=may_attach(interaction))
        self.note(interaction, sent.message)
        return sent

    async def edit(self, message_id: int, reply: Reply) -> bool:
        """Turn a message into a reply, by the interaction that it belongs to.

        Returns:
            Whether it was done; False when there is no interaction whose token is still good.

        Raises:
            discord.DiscordException: For trouble with Discord.
            aiohttp.ClientError: When the connection broke time and again, as OSError.
        """
        interaction, is_original = self._of_messages.get(message_id, (None, False))
        if interaction is None or _is_over(interaction):
            return False

        async def request() -> object:
            files = [upload.file() for upload in uploads(reply)] or MISSING
            text, view = markdown(reply.text), button_view(reply)
            if is_original:
                return await interaction.edit_original_response(
                    content=text, attachments=files, view=view
                )
            return await interaction.followup.edit_message(
                message_id, content=text, attachments=files, view=view
            )

        await self._requests.make(Call.EDIT, request)
        return True

    async def follow_up(
        self, interaction: Interaction, reply: Reply, *, with_files: bool, is_quiet: bool = False
    ) -> SentMessage:
        """Send a new message by an interaction's token.

        Args:
            interaction: The interaction.
            reply: What to say.
            with_files: Whether the reply's files go along.
            is_quiet: Whether only who acted sees it.

        Returns:
            Where it is.

        Raises:
            discord.DiscordException: For trouble with Discord.
            aiohttp.ClientError: When the connection broke time and again, as OSError.
        """

        async def send() -> SentMessage:
            view = button_view(reply)
            if view is not None:
                # Its buttons need none of it: discord.py would keep what one person sees, for a
                # quarter of an hour.
                view.stop()
            sent = await interaction.followup.send(
                markdown(reply.text),
                files=[upload.file() for upload in uploads(reply)] if with_files else [],
                view=MISSING if view is None else view,
                ephemeral=is_quiet,
                suppress_embeds=True,
                silent=interaction.guild_id is not None and not is_quiet,
                wait=True,
            )
            return SentMessage(sent.channel.id, sent.id)

        return await self._requests.make(Call.SEND, send, is_patient=True)


def may_attach(interaction: Interaction) -> bool:
    """Return whether files may go along with what an interaction's token sends."""
    return interaction.guild_id is None or interaction.app_permissions.attach_files


def _is_over(interaction: Interaction) -> bool:
    return discord.utils.utcnow() > interaction.expires_at - MARGIN

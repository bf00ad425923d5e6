"""Interactions: slash commands, the message menu, and buttons."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import discord
from discord.utils import MISSING

from bot.domain import (
    ButtonPress,
    CommandRequest,
    Fetch,
    IsAdmin,
    MenuCommand,
    Photo,
    Player,
    Preview,
    Refusal,
    Refused,
    Reply,
    Room,
)
from bot.platforms.discord.commands import Interaction
from bot.platforms.discord.files import Cdn, Source, attached, is_picture
from bot.platforms.discord.messages import PLATFORM
from bot.platforms.discord.sender import Upload, buttons, linked, patiently, text, uploads
from bot.platforms.discord.tasks import Hands
from bot.services.service import Service

log = logging.getLogger(__name__)

MakePreview = Callable[[bytes, int], Awaitable[Preview]]
# Of the copy under an answer, on its longer side.
PREVIEW_SIDE = 1280
ALREADY_ACKNOWLEDGED, UNKNOWN_INTERACTION = 40060, 10062


class Kept:
    """Fetches a picture and keeps it, to be shown again with the answer."""

    def __init__(self, source: Source, read: Fetch) -> None:
        self.source = source
        self._read = read
        self.data = b""

    async def __call__(self, limit: int) -> bytes:
        """Fetch it."""
        self.data = await self._read(limit)
        return self.data


class DiscordCounter:
    """Answers interactions: acknowledges them at once, and then takes its time."""

    def __init__(self, host: Service, hands: Hands, cdn: Cdn, make_preview: MakePreview) -> None:
        self._host = host
        self._hands = hands
        self._cdn = cdn
        self._make_preview = make_preview

    def command(
        self,
        interaction: Interaction,
        word: MenuCommand,
        photo: discord.Attachment | None = None,
        argument: str = "",
    ) -> None:
        """Answer a slash command."""
        if self._hands.take(interaction.id):
            self._hands.start(self._command(interaction, word, photo, argument))

    def menu(self, interaction: Interaction, message: discord.Message) -> None:
        """Answer the message menu."""
        if self._hands.take(interaction.id):
            self._hands.start(self._menu(interaction, message))

    def press(self, interaction: Interaction, data: str) -> None:
        """Answer a button."""
        if self._hands.take(interaction.id):
            self._hands.start(self._press(interaction, data))

    async def _command(
        self,
        interaction: Interaction,
        word: MenuCommand,
        attachment: discord.Attachment | None,
        argument: str,
    ) -> None:
        # Asked without the photo that it wants, it is only told how to be used.
        is_quiet = not word.for_room or (word.takes_photo and attachment is None)
        if not await _acknowledge(interaction, is_quiet=is_quiet):
            return
        room, player = _room_of(interaction), _player_of(interaction)
        kept, photo = [], None
        if attachment is not None:
            if not is_picture(attachment):
                words = await self._host.words(room, player)
                await self._say(interaction, Reply(words.refusal(Refusal.NOT_A_PICTURE)), [])
                return
            kept = self._keep([attached(attachment)])
            photo = _photos(interaction, kept)[0]
        me = interaction.client.user
        command = CommandRequest(
            room,
            player,
            word.name,
            _is_admin(interaction),
            argument=argument,
            photo=photo,
            bot=me.mention if me else "",
            alone=is_quiet,
        )
        reply = await self._host.command(command)
        await self._say(interaction, reply and await linked(interaction, reply), kept)

    async def _menu(self, interaction: Interaction, message: discord.Message) -> None:
        if not await _acknowledge(interaction):
            return
        kept = self._keep(self._cdn.pictures(message))
        photos = _photos(interaction, kept)
        if not photos:
            words = await self._host.words(_room_of(interaction), _player_of(interaction))
            await self._say(interaction, Reply(words.refusal(Refusal.NOT_A_PICTURE)), [])
        elif len(photos) == 1:
            await self._say(interaction, await self._host.look(photos[0]), kept)
        else:
            await self._say(interaction, await self._host.look_at_album(photos), kept)

    async def _press(self, interaction: Interaction, data: str) -> None:
        if not await _acknowledge(interaction):
            return
        room, player = _room_of(interaction), _player_of(interaction)
        outcome = await self._host.press(ButtonPress(room, player, data, _is_admin(interaction)))
        try:
            if outcome.edit is not None:
                # Without files of its own it keeps those that are there: the photo, say.
                await _put(interaction, outcome.edit, uploads(outcome.edit) or None)
            if outcome.notice:
                await interaction.followup.send(text(outcome.notice), ephemeral=True)
            if outcome.say is not None:
                await self._follow_up(interaction, outcome.say)
        except discord.HTTPException as error:  # the message is gone, or the token's time is over
            log.info("a button's answer could not be given (%d)", error.code)

    async def _say(
        self, interaction: Interaction, reply: Reply | None, kept: Sequence[Kept]
    ) -> None:
        """Put the answer where the bot is thinking, with the photos that nobody sees otherwise."""
        if reply is None:
            await interaction.delete_original_response()
            return
        shown = await self._previews(reply, kept)
        files = [upload for _, upload in shown] + uploads(reply)
        may_attach = interaction.guild_id is None or interaction.app_permissions.attach_files
        started = time.perf_counter()
        try:
            message = await _put(interaction, reply, files if may_attach else [])
        except discord.HTTPException as error:
            log.info("an interaction could not be answered (%d)", error.code)
            return
        milliseconds = (time.perf_counter() - started) * 1000
        indexes = {number: index for index, (number, _) in enumerate(shown)} if may_attach else {}
        for number, look in enumerate(reply.outcomes):
            index = indexes.get(number)
            again = f"{message.channel.id}/{message.id}/{index}" if index is not None else None
            await self._host.sent(replace(reply, outcomes=(look,)), milliseconds, again)
        if files and not may_attach:
            await self._excuse(interaction)

    async def _follow_up(self, interaction: Interaction, reply: Reply) -> None:
        may_attach = interaction.guild_id is None or interaction.app_permissions.attach_files

        async def send() -> discord.WebhookMessage:
            optional: dict[str, Any] = {}
            if shown := buttons(reply):
                optional["view"] = shown
            files = [upload.file() for upload in uploads(reply)] if may_attach else []
            return await interaction.followup.send(
                text(reply.text), files=files, wait=True, **optional
            )

        started = time.perf_counter()
        await patiently(send)
        if reply.outcomes:
            await self._host.sent(reply, (time.perf_counter() - started) * 1000)
        if reply.picture and not may_attach:
            await self._excuse(interaction)

    async def _excuse(self, interaction: Interaction) -> None:
        """Tell who asked, alone, why there is no picture."""
        words = await self._host.words(_room_of(interaction), _player_of(interaction))
        await interaction.followup.send(text(words.cannot_attach_there()), ephemeral=True)

    async def _previews(self, reply: Reply, kept: Sequence[Kept]) -> list[tuple[int, Upload]]:
        """Return what to show of the photos that got a verdict, each with its number."""
        made = []
        for number, (look, one) in enumerate(zip(reply.outcomes, kept, strict=False)):
            if look.verdict is None:
                continue
            try:
                preview = await self._make_preview(one.data, PREVIEW_SIDE)
            except Refused:
                continue
            name = f"photo-{number + 1}.jpg"
            made.append((number, Upload(preview.jpeg, name, is_spoiler=one.source.is_spoiler)))
        return made

    def _keep(self, sources: Sequence[Source]) -> list[Kept]:
        return [Kept(source, self._cdn.read(source.url)) for source in sources]


async def _acknowledge(interaction: Interaction, *, is_quiet: bool = False) -> bool:
    """Tell Discord, which waits three seconds, that we are on it; False when it is too late."""
    is_again = False

    async def defer() -> None:
        nonlocal is_again
        try:
            await interaction.response.defer(ephemeral=is_quiet)
        except discord.HTTPException as error:
            # The answer to our first try was lost on its way.
            if error.code == ALREADY_ACKNOWLEDGED and is_again:
                return
            raise
        finally:
            is_again = True

    try:
        await patiently(defer)
    except discord.HTTPException as error:
        log.info("an interaction was not ours to answer (%d)", error.code)
        return False
    return True


async def _put(
    interaction: Interaction, reply: Reply, files: Sequence[Upload] | None
) -> discord.InteractionMessage:
    """Make the interaction's message say something; doing it twice does no harm.

    files: None to leave those that it has.
    """
    return await patiently(
        lambda: interaction.edit_original_response(
            content=text(reply.text),
            attachments=MISSING if files is None else [upload.file() for upload in files],
            view=buttons(reply),
        )
    )


def _photos(interaction: Interaction, kept: Sequence[Kept]) -> list[Photo]:
    """Return photos to look at, without a key, so that they are fetched and can be shown again."""
    room, player = _room_of(interaction), _player_of(interaction)
    return [
        Photo(
            room,
            player,
            one,
            size=one.source.size,
            message=f"{interaction.id}/{index}",
        )
        for index, one in enumerate(kept)
    ]


def _room_of(interaction: Interaction) -> Room:
    id_ = interaction.channel_id or interaction.user.id
    return Room(PLATFORM, str(id_), private=interaction.guild_id is None)


def _player_of(interaction: Interaction) -> Player:
    user = interaction.user
    return Player(str(user.id), user.display_name, interaction.locale.value)


def _is_admin(interaction: Interaction) -> IsAdmin:
    async def is_admin() -> bool:
        may = interaction.permissions
        return interaction.guild_id is None or may.administrator or may.manage_guild

    return is_admin

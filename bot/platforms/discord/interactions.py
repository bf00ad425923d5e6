"""Interactions: slash commands, the message menu, and buttons."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from time import perf_counter
from typing import Any, cast

import aiohttp
import discord
from discord.utils import MISSING

from bot.domain import (
    ButtonPress,
    Classified,
    CommandRequest,
    Fetch,
    Photo,
    Refusal,
    Refused,
    Reply,
)
from bot.metrics import Call
from bot.platforms.common import PREVIEW_SIDE
from bot.platforms.discord.edits import MessageEdits
from bot.platforms.discord.faults import Requests
from bot.platforms.discord.files import (
    FILE_TYPES,
    MOST,
    Files,
    PictureReference,
    Source,
    attachment_source,
    is_picture,
)
from bot.platforms.discord.identity import (
    Interaction,
    admin_check,
    channel_of,
    player_of_interaction,
    room_of_interaction,
    server_of,
)
from bot.platforms.discord.links import with_links
from bot.platforms.discord.sender import (
    SentMessage,
    Upload,
    button_view,
    markdown,
    uploads,
)
from bot.platforms.discord.tasks import ClaimedTasks
from bot.platforms.discord.tokens import InteractionTokens, may_attach
from bot.services import Service
from bot.services.buttons import AskForPhoto, decode, encode
from bot.services.commands import Command

log = logging.getLogger(__name__)

# https://discord.com/developers/docs/topics/opcodes-and-status-codes
ALREADY_ACKNOWLEDGED = 40060
# What the form for photos is known by, and how long its title may be.
FORM, LONGEST_TITLE = "sp:photo-form", 45
# Whoever tapped longer ago has forgotten it.
NOTICE_WITHIN = timedelta(minutes=1)


class ShownPhoto:
    """A picture whose bytes are kept until it is shown again with the answer.

    Args:
        source: The picture.
        fetch: Fetches it.

    Attributes:
        source: The picture.
        data: Its bytes, once they are fetched.
    """

    def __init__(self, source: Source, fetch: Fetch) -> None:
        self.source = source
        self.data = b""
        self._fetch = fetch

    async def fetch(self, limit: int) -> bytes:
        """Fetch it, at most so many bytes. Raises Refused."""
        self.data = await self._fetch(limit)
        return self.data


class PhotoUpload(discord.ui.FileUpload[discord.ui.Modal]):
    """A form's place for photos; discord.py has no word for what files it takes yet."""

    def to_component_dict(self) -> Any:
        """Return it as Discord wants it."""
        return {**super().to_component_dict(), "file_types": FILE_TYPES}


class InteractionHandlers:
    """Answers interactions: acknowledges them at once, and then takes its time.

    Args:
        service: What answers.
        tasks: Where the work goes on.
        files: Fetches pictures.
        edits: Makes the edits of messages, of these and of those that the service asks for.
        tokens: Remembers what can still be said by an interaction.
        requests: Makes requests again.
    """

    def __init__(
        self,
        service: Service,
        tasks: ClaimedTasks,
        files: Files,
        edits: MessageEdits,
        tokens: InteractionTokens,
        requests: Requests,
    ) -> None:
        self._requests = requests
        self._service = service
        self._tasks = tasks
        self._files = files
        self._edits = edits
        self._tokens = tokens

    def handle_slash_command(
        self,
        interaction: Interaction,
        command: Command,
        attachment: discord.Attachment | None = None,
        argument: str = "",
    ) -> None:
        """Start answering a slash command.

        Args:
            interaction: Its use.
            command: Which one.
            attachment: The photo that came with it.
            argument: What was chosen or written to come after its name.
        """
        if self._tasks.claim(interaction.id):
            self._tasks.start(self._answer_command(interaction, command, attachment, argument))

    def handle_message_menu(self, interaction: Interaction, message: discord.Message) -> None:
        """Start answering the message menu.

        Args:
            interaction: Its use.
            message: The message that it was used on.
        """
        if self._tasks.claim(interaction.id):
            self._tasks.start(self._answer_menu(interaction, message))

    def handle_button_press(self, interaction: Interaction, data: str) -> None:
        """Start answering a button.

        Args:
            interaction: Its use.
            data: The button's.
        """
        if not self._tasks.claim(interaction.id):
            return
        if interaction.message is not None:
            self._files.note_pressed(interaction.message)
        if data == encode(AskForPhoto()):
            self._tasks.start(self._open_form(interaction))
        else:
            self._tasks.start(self._answer_button(interaction, data))

    def handle_form(self, interaction: Interaction) -> None:
        """Start looking at the photos that were put into the form."""
        is_ours = interaction.data is not None and interaction.data.get("custom_id") == FORM
        if is_ours and self._tasks.claim(interaction.id):
            self._tasks.start(self._answer_form(interaction))

    async def _answer_command(
        self,
        interaction: Interaction,
        command: Command,
        attachment: discord.Attachment | None,
        argument: str,
    ) -> None:
        # Asked without all that it could have, it only tells how to be used.
        is_bare = attachment is None and not argument
        is_quiet = not command.for_room or (command.takes_photo and is_bare)
        message_id = await self._acknowledge(interaction, is_quiet=is_quiet)
        if message_id is None:
            return
        shown, photo = [], None
        if attachment is not None:
            if not is_picture(attachment):
                await self._send_no_picture(interaction, message_id)
                return
            shown = self._shown_photos([attachment_source(attachment)])
            photo = _photos(interaction, shown)[0]
        me = interaction.client.user
        request = CommandRequest(
            room_of_interaction(interaction),
            player_of_interaction(interaction),
            command.name,
            admin_check(interaction),
            argument=argument,
            photo=photo,
            bot=me.mention if me else "",
            alone=is_quiet,
            hears_all=interaction.client.intents.message_content,
            server=server_of(interaction),
        )
        reply = await self._service.handle_command(request)
        if reply is not None:
            reply = await with_links(interaction.client, interaction.guild_id, reply)
        await self._fill_response(interaction, message_id, reply, shown)

    async def _answer_menu(self, interaction: Interaction, message: discord.Message) -> None:
        message_id = await self._acknowledge(interaction)
        if message_id is None:
            return
        await self._answer_photos(interaction, message_id, self._files.find_sources(message))

    async def _answer_photos(
        self, interaction: Interaction, message_id: int, sources: Sequence[Source]
    ) -> None:
        """Answer photos, which are shown again with the answer."""
        shown = self._shown_photos(sources)
        photos = _photos(interaction, shown)
        if not photos:
            await self._send_no_picture(interaction, message_id)
        elif len(photos) == 1:
            reply = await self._service.handle_photo(photos[0])
            await self._fill_response(interaction, message_id, reply, shown)
        else:
            reply = await self._service.handle_album(photos)
            await self._fill_response(interaction, message_id, reply, shown)

    async def _open_form(self, interaction: Interaction) -> None:
        """Open a form with a place for photos; Discord takes no other answer before it."""
        speaker = await self._service.speaker(
            room_of_interaction(interaction), player_of_interaction(interaction)
        )
        form = discord.ui.Modal(title=speaker.photos.show_button()[:LONGEST_TITLE], custom_id=FORM)
        place = PhotoUpload(custom_id="photos", max_values=MOST)
        label = speaker.photos.show_label()[:LONGEST_TITLE]
        form.add_item(discord.ui.Label(text=label, component=place))
        form.stop()  # discord.py need not keep it: what is put into it comes as an event
        try:
            await interaction.response.send_modal(form)
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            log.info("a form could not be opened (%s)", type(error).__name__)

    async def _answer_form(self, interaction: Interaction) -> None:
        is_for_party = self._service.party_chats.takes(
            room_of_interaction(interaction), _form_is_under(interaction)
        )
        message_id = await self._acknowledge(interaction, is_quiet=is_for_party)
        if message_id is None:
            return
        uploaded = _uploaded(interaction)
        if is_for_party and uploaded:
            photo = _photos(interaction, self._shown_photos(uploaded[:1]))[0]
            said = await self._service.party_chats.send_photo(photo)
            speaker = await self._service.speaker(photo.room, photo.player)
            reply = Reply(said or speaker.party.photo_taken())
            await self._fill_response(interaction, message_id, reply, [])
            return
        await self._answer_photos(interaction, message_id, uploaded)

    async def _answer_button(self, interaction: Interaction, data: str) -> None:
        message_id = await self._acknowledge(interaction)
        if message_id is None:
            return
        press = ButtonPress(
            room_of_interaction(interaction),
            player_of_interaction(interaction),
            data,
            admin_check(interaction),
            alone=_is_for_one_person(interaction),
            hears_all=interaction.client.intents.message_content,
            server=server_of(interaction),
        )
        outcome = await self._service.handle_button(press)
        try:
            # First, since an edit may have to wait for others of the same message.
            if outcome.notice:
                await self._notify(interaction, outcome.notice)
            if outcome.edit is not None:
                edit = await with_links(interaction.client, interaction.guild_id, outcome.edit)
                # Without files of its own it keeps those that are there: the photo, say.
                await self._edit_message(interaction, message_id, edit, uploads(edit) or None)
            if outcome.send is not None:
                sent = await with_links(interaction.client, interaction.guild_id, outcome.send)
                action = decode(data)
                is_ones_own = action is not None and action.is_ones_own
                await self._send_followup(interaction, sent, is_quiet=press.alone or is_ones_own)
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            # The message is gone, or the token's time is over.
            log.info("a button's answer could not be given (%s)", type(error).__name__)

    async def _acknowledge(self, interaction: Interaction, *, is_quiet: bool = False) -> int | None:
        """Tell Discord, which waits three seconds, that we are on it.

        Args:
            interaction: The interaction.
            is_quiet: Whether only who asked sees the answer.

        Returns:
            The id of the message that will be edited; None when it is too late for an answer.
        """
        message_id = await _acknowledge(self._requests, interaction, is_quiet=is_quiet)
        if message_id is not None:
            self._tokens.note(interaction, message_id, is_original=True)
            room = room_of_interaction(interaction)
            await self._service.boards.enter(
                room,
                channel=channel_of(interaction.channel, room),
                server=server_of(interaction),
            )
        return message_id

    async def _fill_response(
        self,
        interaction: Interaction,
        message_id: int,
        reply: Reply | None,
        shown: Sequence[ShownPhoto],
    ) -> None:
        """Put the answer where the bot is thinking, with the photos that nobody sees otherwise."""
        if reply is None:
            await interaction.delete_original_response()
            return
        speaker = await self._service.speaker(
            room_of_interaction(interaction), player_of_interaction(interaction)
        )
        previews = await self._previews(reply, shown, speaker.photos.copy_description())
        files = [*previews.values(), *uploads(reply)]
        with_files = may_attach(interaction)
        started = perf_counter()
        try:
            message = await self._edit_message(
                interaction, message_id, reply, files if with_files else []
            )
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            log.info("an interaction could not be answered (%s)", type(error).__name__)
            return
        milliseconds = (perf_counter() - started) * 1000
        indexes = {number: index for index, number in enumerate(previews)} if with_files else {}
        answer = _place_of_answer(interaction, message_id if message is None else message.id)
        for number, outcome in enumerate(reply.outcomes):
            reference = None
            if message is not None and number in indexes:
                reference = PictureReference(
                    message.channel.id, message.id, indexes[number], shown[number].source.is_spoiler
                )
            await self._service.mark_sent(
                [outcome],
                milliseconds,
                None if reference is None else str(reference),
                answer=None if answer is None else str(answer),
            )
        if files and not with_files:
            await self._explain_missing_files(interaction)

    async def _send_no_picture(self, interaction: Interaction, message_id: int) -> None:
        """Answer that there is no picture in what was shown."""
        speaker = await self._service.speaker(
            room_of_interaction(interaction), player_of_interaction(interaction)
        )
        reply = Reply(speaker.photos.refusal(Refusal.NOT_A_PICTURE))
        await self._fill_response(interaction, message_id, reply, [])

    async def _send_followup(
        self, interaction: Interaction, reply: Reply, *, is_quiet: bool
    ) -> None:
        """Send a new message, which only who asked sees when it `is_quiet`."""
        with_files = may_attach(interaction)
        started = perf_counter()
        sent = await self._tokens.follow_up(
            interaction, reply, with_files=with_files, is_quiet=is_quiet
        )
        self._tokens.note(interaction, sent.message)
        if reply.outcomes:
            milliseconds = (perf_counter() - started) * 1000
            await self._service.mark_sent(reply.outcomes, milliseconds, answer=str(sent))
        if uploads(reply) and not with_files:
            await self._explain_missing_files(interaction)

    async def _edit_message(
        self,
        interaction: Interaction,
        message_id: int,
        reply: Reply,
        files: Sequence[Upload] | None,
    ) -> discord.InteractionMessage | None:
        """Have the interaction's message show a reply, unless a newer edit of it was asked for.

        Args:
            interaction: The interaction.
            message_id: The message's.
            reply: What it is to show.
            files: Its files; None to leave those that it has.

        Returns:
            The message; None when a newer edit made this one needless.
        """
        edited = None

        async def request() -> discord.InteractionMessage:
            return await interaction.edit_original_response(
                content=markdown(reply.text),
                attachments=MISSING if files is None else [upload.file() for upload in files],
                view=button_view(reply),
            )

        async def edit() -> None:
            nonlocal edited
            edited = await self._requests.make(Call.EDIT, request, is_patient=True)

        await self._edits.apply(message_id, reply.revision, edit)
        return edited

    async def _explain_missing_files(self, interaction: Interaction) -> None:
        """Tell who asked, alone, why there is no picture."""
        speaker = await self._service.speaker(
            room_of_interaction(interaction), player_of_interaction(interaction)
        )
        await self._notify(interaction, speaker.rooms.cannot_attach_there())

    async def _notify(self, interaction: Interaction, text: str) -> None:
        """Tell who acted something that nobody else sees; what cannot be told soon is dropped."""
        if discord.utils.utcnow() - interaction.created_at > NOTICE_WITHIN:
            return
        try:
            await interaction.followup.send(markdown(text), ephemeral=True)
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            log.info("a notice could not be given (%s)", type(error).__name__)

    async def _previews(
        self, reply: Reply, shown: Sequence[ShownPhoto], description: str
    ) -> dict[int, Upload]:
        """Return small copies of the photos that got a verdict, by the photos' numbers.

        Args:
            reply: The answer to the photos.
            shown: The photos.
            description: What a copy shows, for those whose senders did not say it.
        """
        previews = {}
        for number, (outcome, photo) in enumerate(zip(reply.outcomes, shown, strict=False)):
            if not isinstance(outcome, Classified):
                continue
            try:
                preview = await self._service.photos.preview(photo.data, PREVIEW_SIDE)
            except Refused:
                continue
            name = f"photo-{number + 1}.jpg"
            told = photo.source.description or description
            is_spoiler = photo.source.is_spoiler
            previews[number] = Upload(preview.jpeg, name, told, is_spoiler=is_spoiler)
        return previews

    def _shown_photos(self, sources: Sequence[Source]) -> list[ShownPhoto]:
        return [ShownPhoto(source, self._files.url_fetcher(source.url)) for source in sources]


async def _acknowledge(
    requests: Requests, interaction: Interaction, *, is_quiet: bool = False
) -> int | None:
    """Tell Discord, which waits three seconds, that we are on it.

    Args:
        requests: Makes requests again.
        interaction: The interaction.
        is_quiet: Whether only who asked sees the answer.

    Returns:
        The id of the message that will be edited; None when it is too late for an answer.
    """
    # What a button is on is known; of a new message Discord tells the id in its response. If that
    # is lost, the interaction's own id stands for it, which no other message has.
    is_form = interaction.type is discord.InteractionType.modal_submit
    on = None if is_form else interaction.message
    message_id = interaction.id if on is None else on.id
    is_again = False

    async def defer() -> None:
        nonlocal is_again, message_id
        try:
            response = await interaction.response.defer(ephemeral=is_quiet, thinking=is_form)
        except discord.HTTPException as error:
            # The answer to our first try was lost on its way.
            if error.code == ALREADY_ACKNOWLEDGED and is_again:
                return
            raise
        finally:
            is_again = True
        if on is None and response is not None and response.message_id:
            message_id = response.message_id

    try:
        await requests.make(Call.ACKNOWLEDGE, defer)
    except discord.HTTPException as error:
        log.info("an interaction was not ours to answer (%d)", error.code)
        return None
    return message_id


def _uploaded(interaction: Interaction) -> list[Source]:
    """Return the pictures that were put into the form."""
    resolved = cast("dict[str, Any]", interaction.data or {}).get("resolved", {})
    # discord.py parses them only for a form that it has kept, and that no restart has lost.
    files = [
        discord.Attachment(data=data, state=interaction._state)
        for data in resolved.get("attachments", {}).values()
    ]
    return [attachment_source(file) for file in files if is_picture(file)]


def _form_is_under(interaction: Interaction) -> str | None:
    """Return the id of the message whose button opened a form, as `Messenger.send` returned it."""
    message = interaction.message
    return None if message is None else str(SentMessage(message.channel.id, message.id))


def _is_for_one_person(interaction: Interaction) -> bool:
    """Return whether nobody but who asked sees the message that a button is on."""
    return interaction.message is not None and interaction.message.flags.ephemeral


def _place_of_answer(interaction: Interaction, message_id: int) -> SentMessage | None:
    """Return where the answer to an interaction is, if Discord told the id of its message."""
    if interaction.channel_id is None or message_id == interaction.id:
        return None
    return SentMessage(interaction.channel_id, message_id)


def _photos(interaction: Interaction, shown: Sequence[ShownPhoto]) -> list[Photo]:
    """Return the photos to classify, without a key: fetched each time, they can be shown again."""
    room, player = room_of_interaction(interaction), player_of_interaction(interaction)
    return [
        Photo(
            room,
            player,
            photo.fetch,
            size=photo.source.size,
            message=f"{interaction.id}/{index}",
            is_spoiler=photo.source.is_spoiler,
            preview=PREVIEW_SIDE,
            sent=interaction.created_at,
        )
        for index, photo in enumerate(shown)
    ]

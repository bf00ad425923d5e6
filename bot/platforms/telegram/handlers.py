"""What the bot does with Telegram's messages and taps: ask the service, send its answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from time import perf_counter

from cachetools import LRUCache
from telegram import Bot, CallbackQuery, InlineKeyboardButton

from bot.domain import (
    ButtonPress,
    CommandRequest,
    Delivery,
    PendingPhoto,
    Photo,
    Player,
    Refusal,
    Reply,
    Room,
)
from bot.platforms.common import ABOUT_A_FILE, ReplyOrder, RunningTasks, SaidRefusals, Slot
from bot.platforms.telegram.albums import Albums
from bot.platforms.telegram.files import Files, PhotoReference, PickedFile
from bot.platforms.telegram.guests import GuestPhotos
from bot.platforms.telegram.identity import (
    Destination,
    IncomingMessage,
    Members,
    TypedCommand,
    destination_of,
    player_of,
    room_of,
    whisper_of,
)
from bot.platforms.telegram.limits import Urgency
from bot.platforms.telegram.sender import Sender, SentMessage
from bot.services import Service, commands
from bot.services.buttons import CastBallot, MakeGuess, ObjectToTruth, PartyAction, decode
from bot.speech import speaker_for

log = logging.getLogger(__name__)

# What a photo's caption may command, or not, for the photo itself to be answered.
ANSWERING = frozenset({None, "who", "guess"})
# What only members of a group may do, whoever may tap in a public one.
PLAYED = ObjectToTruth | CastBallot | MakeGuess | PartyAction
# Telegram gives up on a tap after some ten seconds; a heat map may take longer.
TAP_SECONDS = 4.0
# After /who, this person's next photo there is meant for the bot.
CALLED_WITHIN = timedelta(minutes=2)
# So many people, at most, have called the bot lately.
CALLS_REMEMBERED = 4096


class Handlers:
    """Answers messages and taps.

    Args:
        bot: Knows its own name, and asks who is an admin.
        service: What answers.
        sender: Sends the answers.
        files: Fetches the photos.
        guest_photos: Knows the photos that links in other chats lead to.
        tasks: Do what takes its time.
    """

    def __init__(
        self,
        bot: Bot,
        service: Service,
        sender: Sender,
        files: Files,
        guest_photos: GuestPhotos,
        tasks: RunningTasks,
    ) -> None:
        self._bot = bot
        self._service = service
        self._sender = sender
        self._files = files
        self._guest_photos = guest_photos
        self._tasks = tasks
        self._members = Members(bot)
        self._order, self._arrivals = ReplyOrder(), ReplyOrder()
        # When somebody called the bot without a photo, and in which room.
        self._pending_calls: LRUCache[tuple[Room, str], datetime] = LRUCache(CALLS_REMEMBERED)
        # Those that are being stored, by their room and id.
        self._noting: dict[tuple[Room, int], asyncio.Future[IncomingMessage | None]] = {}
        self._refusals = SaidRefusals()
        self.albums = Albums()
        # What is on its way into a chat.
        self.deliveries = RunningTasks()

    async def take_photo_message(self, message: IncomingMessage) -> None:
        """Store a message with a picture, and have it answered.

        When this returns, the next process answers it if this one dies; all but a party night's,
        in which its sender sees that it did not come.
        """
        replied = None if message.replied_id is None else str(message.replied_id)
        if self._service.party_chats.takes(message.room, replied):
            self._tasks.start(self._take_party_photo(message))
        else:
            await self._take_photo(message)

    async def take_message(self, message: IncomingMessage) -> None:
        """Have a message without a picture answered.

        One that asks about a picture elsewhere is as good as one with that picture.
        """
        if (file := _asked_about(message)) is not None:
            await self._take_photo(replace(message, file=file))
        elif message.command is not None:
            self._tasks.start(self._answer_command(message, message.command))
        else:
            self._tasks.start(self._answer_text(message))

    async def _take_photo(self, message: IncomingMessage) -> None:
        # Both in the order in which a chat's messages come, also those that come at once: what is
        # stored by the time that the process dies came before the rest.
        turn = self._arrivals.reserve(message.room)
        slot = self._order.reserve(message.room)
        noting = asyncio.ensure_future(self._note_arrival(message, turn))
        self._noting[message.room, message.id] = noting
        # Its album does not wait until it is stored.
        self._tasks.start(self._answer_photo_message(message, slot))
        await asyncio.shield(noting)

    async def _take_party_photo(self, message: IncomingMessage) -> None:
        """Take a photo, or an album's first, that is sent to a party night."""
        album = await self.albums.collect_album(message)
        photos = [self._photo_of(each, each.file) for each in album if each.file]
        if photos:
            said = await self._service.party_chats.send_photo(photos[0])
            if said:
                await self._sender.send_notice(message.destination, Reply(said), album[0].player)

    async def _noted(self, album: list[IncomingMessage]) -> list[IncomingMessage]:
        """Return an album's messages as they are stored, without those that were answered."""
        noting = [self._noting.pop((message.room, message.id)) for message in album]
        return [message for message in await asyncio.gather(*noting) if message is not None]

    async def _note_arrival(self, message: IncomingMessage, turn: Slot) -> IncomingMessage | None:
        """Store a photo that is wanted, in its turn; return None when it was answered before."""
        async with turn.reached():
            return await self._store_photo(message)

    async def _store_photo(self, message: IncomingMessage) -> IncomingMessage | None:
        command = message.command and message.command.name
        if message.is_for_other_bot or command not in ANSWERING or message.file is None:
            return message
        if not message.is_photo and not _is_meant([message]):
            return message
        try:
            if not await self._service.wants_photo(message.room, addressed=message.is_addressed):
                return message  # the rest of its album may be meant for the bot
            round_id = await self._service.note_arrival(self._photo_of(message, message.file))
        except Exception:
            log.exception("a photo could not be stored; it is answered all the same")
            return message
        return None if round_id is None else replace(message, round_id=round_id)

    async def _answer_photo_message(self, message: IncomingMessage, slot: Slot) -> None:
        """Answer a message with a picture, and the rest of its album, if the room wants it."""
        try:
            album = await self._noted(await self.albums.collect_album(message))
            messages = await self._wanted(album)
            if messages:
                async with self._sender.typing(message.room):
                    reply = await self._classify_photos(messages)
                await self._send_answer(
                    messages[0].destination,
                    messages[0].player,
                    reply,
                    slot,
                    meant=_is_meant(messages),
                    is_stored=messages[0].round_id is not None,
                )
            elif album and message.room.private:
                await self._help_briefly(album[0])
        finally:
            slot.release()

    async def _send_answer(
        self,
        destination: Destination,
        player: Player,
        reply: Reply | None,
        slot: Slot,
        *,
        meant: bool,
        is_stored: bool,
    ) -> None:
        """Send an answer in its turn; a refusal has none, and is not said again and again.

        Args:
            destination: Where.
            player: Who sent what it answers.
            reply: The answer; None where there is nothing to say.
            slot: Its turn.
            meant: Whether that was shown to the bot itself.
            is_stored: Whether the next process answers it if this one does not.
        """
        if reply is None:
            return
        room = destination.room
        if reply.refusal is not None:
            slot.release()
            # Nobody has to send again what the next process answers.
            if reply.refusal is Refusal.CLOSING and is_stored:
                return
            is_of_interest = meant or (
                reply.refusal not in ABOUT_A_FILE and not await self._service.is_quiet(room)
            )
            is_said = is_of_interest and self._refusals.is_news(room, player, reply.refusal)
            if is_said:
                await self._sender.send_notice(destination, reply, player)
            await self._service.mark_sent(reply.outcomes, 0.0)
            return
        async with slot.reached():
            await self._send_and_note(destination, reply)
        is_waited_in = self._service.is_waited_in(room)
        if unsaid := self._refusals.end(room, player, is_waited_in=is_waited_in):
            speaker = await self._service.speaker(room, player)
            notice = Reply(speaker.photos.left_out(unsaid))
            await self._sender.send_notice(
                Destination(room, topic=destination.topic), notice, player
            )

    async def _answer_command(self, message: IncomingMessage, command: TypedCommand) -> None:
        """Answer a command that no photo goes along with."""
        is_start = command.name == "start"
        if is_start and command.argument and not message.room.private:
            return  # what Telegram sends when a link brings the bot to a group; it says hello there
        if is_start and self._guest_photos.is_link(command.argument):
            await self._follow_link(message, command.argument)
            return
        known = commands.find(command.name)
        must_show = command.name == "who"
        if must_show:
            self._pending_calls[message.room, message.player.id] = message.sent
        request = self._command_request(message, command, None)
        # Whoever asks something does not wait until a photo is fetched.
        links = [await self._group_link(message)] if is_start and message.room.private else []
        reply = await self._service.handle_command(request)
        if links and reply is not None and self._bot.bot.supports_guest_queries:
            speaker = await self._service.speaker(message.room, message.player)
            how = speaker.rooms.guest_how(self._bot.username)
            reply = replace(reply, text=f"{reply.text}\n{how}")
        # One's own results, and what one may not do, are no other's business.
        is_ones_own = reply is not None and known is not None and not known.for_room
        if reply and is_ones_own:
            is_whispered = await self._sender.whisper(
                message.destination, message.player, reply, to=message.whisper
            )
            if is_whispered:
                return
        ask_back = must_show and not message.room.private
        await self._send_and_note(message.destination, reply, links=links, ask_back=ask_back)

    async def _follow_link(self, message: IncomingMessage, payload: str) -> None:
        """Show where the bot looked on a photo of a chat that it is not in."""
        file = self._guest_photos.find(payload)
        if file is None:
            speaker = await self._service.speaker(message.room, message.player)
            await self._send_and_note(message.destination, Reply(speaker.photos.where_forgotten()))
            return
        where = TypedCommand("where", "", "")
        await self._take_photo(replace(message, file=file, command=where))

    async def _answer_text(self, message: IncomingMessage) -> None:
        """Help who writes in private; hear what is written below one's own photo."""
        if message.room.private:
            await self._help_briefly(message)
        elif message.replied_id is not None:
            await self._hear_truth(message, message.replied_id)

    async def _hear_truth(self, message: IncomingMessage, about: int) -> None:
        """Note what somebody writes below their own photo, where that is how it is told."""
        heard = await self._service.hear_truth(
            message.room, message.player, str(about), message.text
        )
        if heard is None:
            return
        round_id, reply = heard
        if reply.sign is not None:
            said = await self._sender.react(message.destination, reply.sign)
            if said is not Delivery.REFUSED:
                return
        sent = await self._sender.send_to_chat(replace(message.destination, message=about), reply)
        if sent.id is not None:
            await self._service.note_message(round_id, str(sent.id))

    async def _help_briefly(self, message: IncomingMessage) -> None:
        speaker = await self._service.speaker(message.room, message.player)
        await self._send_and_note(message.destination, Reply(speaker.rooms.help_briefly()))

    async def handle_callback_query(self, query: CallbackQuery) -> None:
        """Do what a button is for; who tapped it is never left waiting."""
        message = query.message
        if message is None or query.data is None:
            speaker = speaker_for(query.from_user.language_code)
            await self._sender.answer_button(query, speaker.rooms.old_button())
            return
        room, player = room_of(message.chat), player_of(query.from_user)
        action = decode(query.data)
        if isinstance(action, PLAYED) and await self._members.has_left(room, player):
            speaker = await self._service.speaker(room, player)
            await self._sender.answer_button(query, speaker.rooms.only_members())
            return
        is_admin = self._members.admin_check(room, player)
        press = ButtonPress(room, player, query.data, is_admin, self._bot.username)
        destination = destination_of(message)
        handling = asyncio.ensure_future(self._service.handle_button(press))
        try:
            in_time, _late = await asyncio.wait([handling], timeout=TAP_SECONDS)
            if not in_time:
                await self._sender.answer_button(query)
            async with self._sender.typing(room):
                outcome = await handling
        finally:
            handling.cancel()
        if in_time:
            await self._sender.answer_button(query, outcome.notice)
        elif outcome.notice and room.private:
            await self._sender.send_to_chat(destination, Reply(outcome.notice))
        elif outcome.notice:
            # Where it cannot be whispered it is dropped: it was for one person alone.
            notice = Reply(outcome.notice)
            urgency = Urgency.NOTICE
            await self._sender.whisper(destination, player, notice, tap=query.id, urgency=urgency)
        if outcome.edit is not None and (whisper := whisper_of(message)) is not None:
            await self._sender.edit_whisper(room, player, whisper, outcome.edit)
        elif outcome.edit is not None:
            delivery = await self._sender.edit(room, message.message_id, outcome.edit)
            # A message that Telegram does not show to the bot any more may not be edited either.
            if delivery is Delivery.REFUSED and not message.is_accessible:
                await self._sender.send_to_chat(Destination(room), outcome.edit)
        if outcome.send is None:
            return
        is_ones_own = action is not None and action.is_ones_own
        if is_ones_own and await self._sender.whisper(
            destination, player, outcome.send, tap=query.id
        ):
            return
        await self._sender.send_to_chat(destination, outcome.send)

    async def answer_again(self, pending: Sequence[PendingPhoto]) -> None:
        """Answer a photo, or an album, that was in hand when the process last ended."""
        first = pending[0]
        slot = self._order.reserve(first.room)
        try:
            files = [PhotoReference.parse(each.reference).file for each in pending]
            photos = [
                each.to_answer(self._files.file_fetcher(file))
                for each, file in zip(pending, files, strict=True)
            ]
            reply = await self._answer_photos(photos)
            destination = Destination(first.room, int(first.message))
            await self._send_answer(
                destination, first.player, reply, slot, meant=first.room.private, is_stored=True
            )
        finally:
            slot.release()

    async def _wanted(self, album: list[IncomingMessage]) -> list[IncomingMessage]:
        """Return those of a photo's or an album's messages that are to be answered."""
        if not album or any(message.is_for_other_bot for message in album):
            return []
        room, player = album[0].room, album[0].player
        called = self._pending_calls.get((room, player.id))
        if called is not None and timedelta() <= album[0].sent - called <= CALLED_WITHIN:
            del self._pending_calls[room, player.id]
            album = [replace(message, is_addressed=True) for message in album]
        addressed = _is_meant(album)
        is_stored = any(message.round_id is not None for message in album)  # as it was wanted
        if not is_stored and not await self._service.wants_photo(room, addressed=addressed):
            return []
        # What nobody showed to the bot: stickers, videos and the like.
        return [each for each in album if each.file and (each.is_photo or addressed)]

    async def _classify_photos(self, messages: list[IncomingMessage]) -> Reply | None:
        """Return the service's answer to a photo or an album; a caption may be a command."""
        photos = [self._photo_of(message, message.file) for message in messages if message.file]
        command = messages[0].command
        if command is not None and len(messages) == 1:
            request = self._command_request(messages[0], command, messages[0].file)
            return await self._service.handle_command(request)
        return await self._answer_photos(photos)

    async def _answer_photos(self, photos: Sequence[Photo]) -> Reply | None:
        if len(photos) > 1:
            return await self._service.handle_album(photos)
        return await self._service.handle_photo(photos[0])

    async def _send_and_note(
        self,
        destination: Destination,
        reply: Reply | None,
        *,
        links: list[InlineKeyboardButton] | None = None,
        ask_back: bool = False,
    ) -> None:
        """Send an answer, if there is one, and note that photos have got theirs.

        Once begun, it goes to its end: what is sent is noted, whoever stops waiting for it.
        """
        if reply is not None:
            delivering = self._deliver(destination, reply, links or [], ask_back=ask_back)
            await asyncio.shield(self.deliveries.start(delivering))

    async def _deliver(
        self,
        destination: Destination,
        reply: Reply,
        links: Sequence[InlineKeyboardButton],
        *,
        ask_back: bool,
    ) -> None:
        if reply.outcomes and not await self._service.note_sending(
            reply.outcomes, has_failed=False
        ):
            return
        started = perf_counter()
        sent = SentMessage(Delivery.REFUSED)
        if reply.sign is not None:
            sent = SentMessage(await self._sender.react(destination, reply.sign))
        if sent.delivery is Delivery.REFUSED:
            sent = await self._sender.send_to_chat(
                destination, reply, links=links, ask_back=ask_back
            )
        if not reply.outcomes:
            return
        if sent.delivery is not Delivery.SENT:
            await self._service.note_sending(reply.outcomes, has_failed=True)
            return
        await self._service.mark_sent(
            reply.outcomes,
            (perf_counter() - started) * 1000,
            answer=None if sent.id is None else str(sent.id),
        )

    def _command_request(
        self, message: IncomingMessage, command: TypedCommand, file: PickedFile | None
    ) -> CommandRequest:
        return CommandRequest(
            message.room,
            message.player,
            command.name,
            self._members.admin_check(message.room, message.player),
            argument=command.argument,
            photo=self._photo_of(message, file) if file else None,
            bot=self._bot.username,
            alone=message.room.private,
            topic=None if message.destination.topic is None else str(message.destination.topic),
        )

    def _photo_of(self, message: IncomingMessage, file: PickedFile) -> Photo:
        return Photo(
            message.room,
            message.player,
            self._files.file_fetcher(file.id),
            size=file.size,
            key=file.key,
            message=str(message.id),
            reference=file.reference,
            caption=message.caption,
            replies_to=message.replied_text,
            is_spoiler=file.is_spoiler,
            is_addressed=message.is_addressed,
            album=message.album,
            round_id=message.round_id,
            sent=message.sent,
        )

    async def _group_link(self, message: IncomingMessage) -> InlineKeyboardButton:
        """Return the button that brings the bot from a private chat to a group."""
        speaker = await self._service.speaker(message.room, message.player)
        link = f"https://t.me/{self._bot.username}?startgroup=true"
        return InlineKeyboardButton(speaker.rooms.add_me_to_a_group(), url=link)


def _asked_about(message: IncomingMessage) -> PickedFile | None:
    """Return the picture that a message replies to, where it asks about that."""
    if message.command is not None:
        command = commands.find(message.command.name)
        return message.replied_file if command and command.takes_photo else None
    is_asked = message.is_mention and not message.room.private
    return message.replied_file if is_asked else None


def _is_meant(messages: Sequence[IncomingMessage]) -> bool:
    """Return whether a photo or an album was shown to the bot itself."""
    return any(message.room.private or message.is_addressed for message in messages)

"""Sends, edits and answers on Telegram, whatever happens on the way."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from cachetools import LRUCache
from telegram import (
    CallbackQuery,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResult,
    LinkPreviewOptions,
    Message,
    ReplyParameters,
)
from telegram.constants import (
    CallbackQueryLimit,
    ChatAction,
    InlineKeyboardMarkupLimit,
    MessageLimit,
    ReactionEmoji,
)
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)

from bot.domain import Button, Delivery, Document, PastPhoto, Picture, Player, Reply, Room, Sign
from bot.metrics import Call
from bot.platforms.common import EditOrder, Retries, RunningTasks, backoff
from bot.platforms.telegram.client import TelegramBot, Unanswered, seconds_of
from bot.platforms.telegram.fading import Fading
from bot.platforms.telegram.identity import PLATFORM, Destination
from bot.platforms.telegram.limits import Urgency
from bot.platforms.telegram.moves import Moves
from bot.platforms.telegram.whispers import Whispers
from bot.services import Service

log = logging.getLogger(__name__)

T = TypeVar("T")
Markup = InlineKeyboardMarkup | ForceReply

# An answer is of interest for so long; the network has that much time to come back.
PATIENCE = 300.0
# A tap is answered soon or not at all: Telegram forgets it.
TAP_PATIENCE = 10.0
FIRST_WAIT, LONGEST_WAIT = 0.5, 15.0
# So many forums where somebody wrote lately.
TOPICS_REMEMBERED = 1024
# So many messages with a picture, whose caption is edited in place of a text.
PICTURES_REMEMBERED = 1024
# An answer that takes longer is announced, again and again: Telegram shows it for five seconds.
TYPING_AFTER_SECONDS, TYPING_SECONDS = 1.0, 4.5
# Where more chats wait, that would be most of what is sent, and hold up the answers.
TYPING_CHATS = 20
# Of the emoji that Telegram allows as reactions.
REACTIONS = {
    Sign.OLAF: ReactionEmoji.SNOWMAN,
    Sign.ABOMINABLE: ReactionEmoji.GHOST,
    Sign.NEITHER: ReactionEmoji.SHRUG,
    Sign.NOTED: ReactionEmoji.THUMBS_UP,
}
# So many characters, at most, fit side by side on a phone, with a button's edges as one each.
ROW_CHARACTERS = 39


@dataclass(frozen=True, slots=True)
class SentMessage:
    """What became of a message.

    Attributes:
        delivery: Whether it went out.
        id: Its own id, where Telegram told it.
    """

    delivery: Delivery
    id: int | None = None


class Sender:
    """Writes in chats.

    Args:
        bot: Calls Telegram.
        service: Is told when a chat has moved, or does not want the bot any more.
        moves: Knows which chats have moved.
        retries: Makes calls again.
        fading: Deletes what nobody needs for long.
    """

    def __init__(
        self, bot: TelegramBot, service: Service, moves: Moves, retries: Retries, fading: Fading
    ) -> None:
        self._retries = retries
        self._bot = bot
        self._service = service
        self._moves = moves
        self._topics: LRUCache[Room, int] = LRUCache(TOPICS_REMEMBERED)
        self._pictures: LRUCache[tuple[str, int], bool] = LRUCache(PICTURES_REMEMBERED)
        self._fading = fading
        self._tasks = RunningTasks()
        # How many answers of a chat are on their way, and what shows that.
        self._typing: Counter[Room] = Counter()
        self._shown: dict[Room, asyncio.Task[None]] = {}
        self._edits = EditOrder()
        self._whispers = Whispers(bot)

    def note_topic(self, destination: Destination) -> None:
        """Remember where in a forum people write, for when its General is closed."""
        if destination.topic is not None:
            self._topics[destination.room] = destination.topic

    async def send_to_chat(
        self,
        destination: Destination,
        reply: Reply,
        *,
        links: Sequence[InlineKeyboardButton] = (),
        ask_back: bool = False,
        urgency: Urgency = Urgency.ANSWER,
    ) -> SentMessage:
        """Send a message; what a chat or the network does is no fault.

        Args:
            destination: Where to.
            reply: What to send.
            links: Buttons that lead elsewhere, under those of the reply.
            ask_back: Whether the person's app is to open an answer to it.
            urgency: What goes first where not everything may go at once.

        Returns:
            What became of it. A message whose receipt was lost counts as sent, without an id.
        """
        markup: Markup | None = _keyboard(reply, links)
        if markup is None and ask_back:
            markup = ForceReply(selective=True)
        try:
            message = await self._send_somewhere(destination, reply, markup, urgency)
        except ChatMigrated as moved:
            new = Room(PLATFORM, str(moved.new_chat_id))
            if self._moves.note(destination.room, new):
                await self._service.move_room(destination.room, new)
            # The messages of the old chat have other ids in the new one.
            return await self.send_to_chat(Destination(new), reply, links=links, urgency=urgency)
        except Forbidden:
            # The old end of a move may be closed before it is told where it has moved.
            if _may_move(destination.room) and (
                moved_to := await self._moves.new_of(destination.room)
            ):
                there = Destination(moved_to)
                return await self.send_to_chat(there, reply, links=links, urgency=urgency)
            log.info("no more welcome in room=%s", destination.room.id)
            await self._service.leave(destination.room)
            return SentMessage(Delivery.REFUSED)
        except BadRequest as fault:
            # The chat is gone, its topic is closed, the bot may not write: it will be so again.
            log.warning("room=%s got no answer: %s", destination.room.id, fault.message)
            return SentMessage(Delivery.REFUSED)
        except TelegramError as fault:
            log.warning("room=%s got no answer: %s", destination.room.id, type(fault).__name__)
            return SentMessage(Delivery.FAILED)
        if message is not None and message.photo:
            self._pictures[destination.room.id, message.message_id] = True
        await self._send_past_photos(destination, reply.past_photos)
        return SentMessage(Delivery.SENT, message.message_id if message else None)

    async def _send_somewhere(
        self, destination: Destination, reply: Reply, markup: Markup | None, urgency: Urgency
    ) -> Message | None:
        """Send a message where it belongs, or next to that. Raises TelegramError."""
        try:
            return await self._send_message(destination, reply, markup, urgency)
        except BadRequest as fault:
            if destination.message is not None and _lacks_question(fault):
                # In a topic Telegram insists on the message that is replied to.
                elsewhere = replace(destination, message=None)
            elif destination.message is destination.topic is None and _is_closed(fault):
                topic = self._topics.get(destination.room)
                if topic is None:
                    raise
                elsewhere = replace(destination, topic=topic)
            else:
                raise
        return await self._send_message(elsewhere, reply, markup, urgency)

    async def react(self, destination: Destination, sign: Sign) -> Delivery:
        """Put a sign at the message that is answered; a chat may not allow it.

        Args:
            destination: Where the message is.
            sign: The sign.

        Returns:
            What became of it; REFUSED where words have to do.
        """
        if destination.message is None:
            return Delivery.REFUSED
        chat, message = int(destination.room.id), destination.message
        try:
            await self._call(
                Call.REACT, lambda: self._bot.set_message_reaction(chat, message, REACTIONS[sign])
            )
        except (BadRequest, Forbidden, ChatMigrated) as fault:
            log.debug("a message got no reaction: %s", fault.message)
            return Delivery.REFUSED
        except TelegramError as fault:
            log.warning("room=%s got no reaction: %s", destination.room.id, type(fault).__name__)
            return Delivery.FAILED
        return Delivery.SENT

    async def edit(self, room: Room, message: int, reply: Reply) -> Delivery:
        """Turn a message of the bot's into something else.

        Of two edits, that with the higher revision wins, whichever reaches Telegram first.

        Args:
            room: Where it is.
            message: Its id there.
            reply: What it becomes: text and buttons.

        Returns:
            What became of it: SENT as well when it was just that already, or when a later edit took
            this one's place; REFUSED when the message is gone or may not be edited any more.
        """
        try:
            await self._edits.apply(
                (room.id, message),
                reply.revision,
                lambda: self._call(Call.EDIT, lambda: self._edit_message(room, message, reply)),
            )
        except Forbidden:
            await self._service.leave(room)
            return Delivery.REFUSED
        except (BadRequest, ChatMigrated) as fault:
            if "is not modified" in fault.message:
                return Delivery.SENT
            # Too old or deleted; or the group has moved, and its messages stayed behind.
            log.debug("a message was not edited: %s", fault.message)
            return Delivery.REFUSED
        except TelegramError as fault:
            log.warning("room=%s: a message was not edited: %s", room.id, type(fault).__name__)
            return Delivery.FAILED
        return Delivery.SENT

    async def whisper(
        self, destination: Destination, player: Player, text: str, tap: str | None = None
    ) -> bool:
        """Tell one member of a group something; return whether that can be done there.

        Args:
            destination: Where.
            player: Whom.
            text: What.
            tap: The id of their tap, if they tapped a button just now.
        """
        return await self._whispers.send(destination, player, text, tap)

    async def send_notice(self, destination: Destination, reply: Reply, player: Player) -> Delivery:
        """Send a sentence that nobody needs for long, and one person alone.

        In a group that person alone sees it, or else it vanishes after a minute.
        """
        if await self.whisper(destination, player, reply.text):
            return Delivery.SENT
        sent = await self.send_to_chat(destination, reply, urgency=Urgency.NOTICE)
        if sent.id is not None and not destination.room.private:
            await self._fading.fade(destination.room, sent.id)
        return sent.delivery

    @asynccontextmanager
    async def typing(self, room: Room) -> AsyncIterator[None]:
        """Show in a private chat that answers are on their way, where the block takes its time."""
        if not room.private:
            yield
            return
        self._typing[room] += 1
        if self._typing[room] == 1:
            self._shown[room] = self._tasks.start(self._show_typing(int(room.id)))
        try:
            yield
        finally:
            self._typing[room] -= 1
            if not self._typing[room]:
                del self._typing[room]
                self._shown.pop(room).cancel()

    async def _show_typing(self, chat: int) -> None:
        await asyncio.sleep(TYPING_AFTER_SECONDS)
        try:
            while True:
                if len(self._shown) <= TYPING_CHATS:
                    await self._bot.send_chat_action(
                        chat, ChatAction.TYPING, rate_limit_args=Urgency.NOTICE
                    )
                await asyncio.sleep(TYPING_SECONDS)
        except TelegramError as fault:
            log.debug("typing was not shown: %s", type(fault).__name__)

    async def cancel(self) -> None:
        """Give up what would be done later."""
        await self._tasks.cancel()

    async def answer_button(self, query: CallbackQuery, notice: str = "") -> None:
        """End the wait of who tapped a button.

        Args:
            query: The tap.
            notice: A sentence for them alone.
        """
        text = notice[: CallbackQueryLimit.ANSWER_CALLBACK_QUERY_TEXT_LENGTH]
        try:
            await self._call(Call.ACKNOWLEDGE, lambda: query.answer(text or None), TAP_PATIENCE)
        except TelegramError as fault:
            log.debug("a tap was not answered: %s", type(fault).__name__)

    async def answer_guest(self, query: str, answer: InlineQueryResult) -> None:
        """Answer a mention in a chat that the bot is not in.

        Args:
            query: The mention's id.
            answer: What to write there.
        """
        try:
            await self._call(
                Call.SEND, lambda: self._bot.answer_guest_query(query, answer), TAP_PATIENCE
            )
        except TelegramError as fault:
            log.info("a guest was not answered: %s", type(fault).__name__)

    async def _send_message(
        self, destination: Destination, reply: Reply, markup: Markup | None, urgency: Urgency
    ) -> Message | None:
        """Send all of a reply but its past photos. Raises TelegramError.

        Returns:
            The message that has the text and the buttons; None when its receipt was lost.
        """
        text = reply.text
        if reply.document is not None:
            return await self._send_document(destination, text, reply.document)
        if reply.picture is not None:
            fits = len(text) <= MessageLimit.CAPTION_LENGTH
            caption, under_picture = (text, markup) if fits else ("", None)
            try:
                sent = await self._send_picture(destination, reply.picture, caption, under_picture)
            except BadRequest as fault:
                if "photo" not in fault.message.lower():
                    raise
                # A chat may forbid pictures alone: write what would be on it.
                text = f"{text}\n{reply.picture.description}"
            else:
                if fits:
                    return sent
        text = text[: MessageLimit.MAX_TEXT_LENGTH]
        return await self._send_text(destination, text, urgency, markup, sound=reply.sound)

    async def _edit_message(self, room: Room, message: int, reply: Reply) -> object:
        """Edit a message's text, or its caption where it has a picture. Raises TelegramError."""
        markup = _keyboard(reply)
        if (room.id, message) not in self._pictures:
            try:
                return await self._bot.edit_message_text(
                    reply.text[: MessageLimit.MAX_TEXT_LENGTH],
                    int(room.id),
                    message,
                    reply_markup=markup,
                    link_preview_options=LinkPreviewOptions(is_disabled=True),
                    rate_limit_args=Urgency.NEWS,
                )
            except BadRequest as fault:
                if "no text in the message" not in fault.message:
                    raise
                self._pictures[room.id, message] = True
        return await self._bot.edit_message_caption(
            int(room.id),
            message,
            caption=reply.text[: MessageLimit.CAPTION_LENGTH],
            reply_markup=markup,
            rate_limit_args=Urgency.NEWS,
        )

    async def _send_text(
        self,
        destination: Destination,
        text: str,
        urgency: Urgency,
        markup: Markup | None = None,
        *,
        sound: bool | None = None,
    ) -> Message | None:
        return await self._call(
            Call.SEND,
            lambda: self._bot.send_message(
                text=text,
                reply_markup=markup,
                link_preview_options=LinkPreviewOptions(is_disabled=True),
                **_to(destination, urgency, sound=bool(sound)),
            ),
        )

    async def _send_picture(
        self, destination: Destination, picture: Picture, caption: str, markup: Markup | None
    ) -> Message | None:
        return await self._call(
            Call.SEND,
            lambda: self._bot.send_photo(
                photo=picture.png,
                caption=caption or None,
                filename=picture.name,
                has_spoiler=destination.is_spoiler or None,
                reply_markup=markup,
                **_to(destination, Urgency.NEWS),
            ),
        )

    async def _send_document(
        self, destination: Destination, caption: str, document: Document
    ) -> Message | None:
        return await self._call(
            Call.SEND,
            lambda: self._bot.send_document(
                document=document.data,
                caption=caption[: MessageLimit.CAPTION_LENGTH],
                filename=document.name,
                **_to(destination, Urgency.ANSWER),
            ),
        )

    async def _send_past_photos(
        self, destination: Destination, past_photos: Sequence[PastPhoto]
    ) -> None:
        """Show photos again; those that were deleted are left out."""
        # Under the text, which is the reply to the question already.
        here = replace(destination, message=None)
        for past in past_photos:
            try:
                await self._send_past_photo(here, past)
            except BadRequest as fault:
                log.debug("a photo is not shown again: %s", fault.message)
            except TelegramError as fault:
                log.warning(
                    "room=%s is not shown all photos: %s",
                    destination.room.id,
                    type(fault).__name__,
                )
                return

    async def _send_past_photo(self, destination: Destination, past: PastPhoto) -> None:
        caption = past.caption[: MessageLimit.CAPTION_LENGTH]
        if past.room == destination.room and past.message is not None:
            try:
                await self._copy(destination, int(past.message), caption)
            except BadRequest as fault:
                if past.reference is None or not _is_protected(fault):
                    raise
                await self._send_file(destination, past.reference, caption)
        elif past.reference is not None:
            # The group has moved: under that id, the new chat has some other message.
            await self._send_file(destination, past.reference, caption)

    async def _copy(self, destination: Destination, message: int, caption: str) -> None:
        """Have Telegram copy a message of this chat."""
        where = _to(destination, Urgency.NEWS)
        await self._call(
            Call.SEND,
            lambda: self._bot.copy_message(
                from_chat_id=int(destination.room.id), message_id=message, caption=caption, **where
            ),
        )

    async def _send_file(self, destination: Destination, file_id: str, caption: str) -> None:
        """Send a file that Telegram has already, as what it takes it for."""
        where = _to(destination, Urgency.NEWS)
        # The ids of thumbnails are not taken for anything; such a photo is left out.
        ways: tuple[Callable[[], Awaitable[object]], ...] = (
            lambda: self._bot.send_photo(photo=file_id, caption=caption, **where),
            lambda: self._bot.send_document(document=file_id, caption=caption, **where),
        )
        for send in ways:
            try:
                await self._call(Call.SEND, send)
            except BadRequest as fault:
                if not _is_wrong_type(fault):
                    raise
            else:
                return
        await self._call(Call.SEND, lambda: self._bot.send_sticker(sticker=file_id, **where))
        await self._send_text(destination, caption, Urgency.NEWS)  # a sticker takes no caption

    async def _call(
        self, kind: Call, call: Callable[[], Awaitable[T]], patience: float | None = None
    ) -> T | None:
        """Make a call until Telegram answers it, through faults of the network, but not for ever.

        Args:
            kind: What it asks for.
            call: Makes it.
            patience: Seconds to wait in all; PATIENCE if left out.

        Returns:
            The answer; None when the call arrived, most likely, but its answer did not.

        Raises:
            TelegramError: For what another attempt would not change, or when patience has ended.
        """
        longest = PATIENCE if patience is None else patience

        def least_wait(fault: Exception) -> float | None:
            match fault:
                case RetryAfter():  # the rate limiter gave up
                    seconds = seconds_of(fault)
                    return seconds if seconds <= longest else None
                case Unanswered() | BadRequest():
                    return None
                # Telegram, and what stands before it, forgets a token for a moment now and then.
                case NetworkError() | InvalidToken():
                    return 0.0
            return None

        waits = backoff(FIRST_WAIT, LONGEST_WAIT, longest)
        try:
            return await self._retries.make(kind, call, waits, least_wait)
        except Unanswered:
            if kind is Call.SEND:
                self._retries.note_ambiguous()
            return None


def _to(destination: Destination, urgency: Urgency, *, sound: bool = False) -> dict[str, Any]:
    """Return where a message goes, as the library's methods take it."""
    chat = int(destination.room.id)
    where: dict[str, Any] = {
        "chat_id": chat,
        "message_thread_id": destination.topic,
        # In a group no phone buzzes for what the bot has to say, unless it is to.
        "disable_notification": (chat < 0 and not sound) or None,
        "rate_limit_args": urgency,
    }
    if destination.message is not None:
        # The message may be deleted by the time it is answered.
        where["reply_parameters"] = ReplyParameters(
            destination.message, allow_sending_without_reply=True
        )
    return where


def _keyboard(
    reply: Reply, links: Sequence[InlineKeyboardButton] = ()
) -> InlineKeyboardMarkup | None:
    space = InlineKeyboardMarkupLimit.TOTAL_BUTTON_NUMBER - len(links)
    rows: list[list[InlineKeyboardButton]] = []
    for part in (part for row in reply.buttons for part in _parts(row)):
        if len(part) > space:  # Telegram would refuse the message
            break
        space -= len(part)
        rows.append([InlineKeyboardButton(each.text, callback_data=each.data) for each in part])
    rows += [[link] for link in links]
    return InlineKeyboardMarkup(rows) if rows else None


def _parts(row: Sequence[Button]) -> Iterator[Sequence[Button]]:
    """Divide a row of buttons so that no label is cut off on a phone."""
    longest = max((len(button.text) for button in row), default=0)
    columns = min(len(row), InlineKeyboardMarkupLimit.BUTTONS_PER_ROW)
    while columns > 1 and longest >= ROW_CHARACTERS // columns:
        columns -= 1
    for begin in range(0, len(row), max(1, columns)):
        yield row[begin : begin + columns]


def _lacks_question(fault: BadRequest) -> bool:
    """Return whether the message that is replied to is not there any more."""
    # "message to be replied not found"; older servers: "message to reply not found".
    text = fault.message.lower()
    return "repl" in text and "not found" in text


def _is_protected(fault: BadRequest) -> bool:
    """Return whether a message is there, but may not be copied."""
    text = fault.message.lower()
    return "can't be copied" in text or "forwards_restricted" in text


def _may_move(room: Room) -> bool:
    """Return whether a chat is a group that may become a supergroup."""
    return room.id.startswith("-") and not room.id.startswith("-100")


def _is_closed(fault: BadRequest) -> bool:
    return "topic_closed" in fault.message.lower()


def _is_wrong_type(fault: BadRequest) -> bool:
    """Return whether a file cannot be sent as what it was sent as, but maybe as something else."""
    # "can't use file of type Sticker as Photo"; older servers: "type of file mismatch".
    return "file of type" in fault.message or "type of file" in fault.message.lower()

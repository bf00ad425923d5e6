"""Which of Telegram's updates goes where, and why in this order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Hashable, Sequence

from cachetools import LRUCache
from telegram import Bot, ChatMember, ChatMemberRestricted, ChatMemberUpdated, Message, Update
from telegram.constants import ChatMemberStatus, ChatType, UpdateType
from telegram.error import TelegramError
from telegram.ext import filters

from bot.domain import Hello, Room
from bot.platforms.common import RunningTasks
from bot.platforms.telegram.guests import Guests
from bot.platforms.telegram.handlers import Handlers
from bot.platforms.telegram.identity import (
    ADMINS,
    PLATFORM,
    IncomingMessage,
    parse_message,
    player_of,
    room_of,
    whisper_of,
)
from bot.platforms.telegram.moves import Moves
from bot.platforms.telegram.reading import UpdateReader
from bot.platforms.telegram.sender import Sender
from bot.services import Service

log = logging.getLogger(__name__)

# Named at every start: Telegram keeps to the last list that it was given. Edited messages, channel
# posts and other people's comings and goings do not even reach us.
ALLOWED = (
    UpdateType.MESSAGE,
    UpdateType.CALLBACK_QUERY,
    UpdateType.MY_CHAT_MEMBER,
    UpdateType.GUEST_MESSAGE,
)
# How often the bot looks whether a command for a bot of some other name is for it after all.
RENAMED_SECONDS = 60.0
# So many updates are known as handled; Telegram repeats one within minutes.
UPDATES_REMEMBERED = 4096


class SeenUpdates:
    """Lets each message and each tap through once, however often Telegram delivers it."""

    def __init__(self) -> None:
        self._seen: LRUCache[Hashable, bool] = LRUCache(UPDATES_REMEMBERED)

    def is_new_message(self, room: str, message: str) -> bool:
        """Return whether a message is seen for the first time, and remember it.

        Args:
            room: The chat's id.
            message: The message's id there.
        """
        return self._is_new((room, message))

    def is_new(self, update: Update) -> bool:
        """Return whether an update is seen for the first time, and remember it."""
        if message := update.message:
            whisper = whisper_of(message)
            if whisper is not None and message.from_user is not None:
                return self._is_new(("whisper", message.chat_id, message.from_user.id, whisper))
            return self.is_new_message(str(message.chat_id), str(message.message_id))
        if query := update.callback_query:
            return self._is_new(("tap", query.id))
        if guest := update.guest_message:
            return self._is_new(("guest", guest.guest_query_id))
        return self._is_new(update.update_id)

    def _is_new(self, key: Hashable) -> bool:
        if key in self._seen:
            return False
        self._seen[key] = True
        return True


class Membership:
    """What happens when the bot comes, goes, or moves with its group.

    Args:
        bot: Knows its own name and settings.
        service: Greets, and remembers rooms.
        moves: Knows which groups have moved.
    """

    def __init__(self, bot: Bot, service: Service, moves: Moves) -> None:
        self._bot = bot
        self._service = service
        self._moves = moves

    async def handle_membership(self, change: ChatMemberUpdated) -> None:
        """Greet a group when invited; forget it when removed, and a person who blocks the bot."""
        room = room_of(change.chat)
        if change.chat.type == ChatType.CHANNEL:
            return
        if not _is_in(change.new_chat_member):
            # A group that becomes a supergroup is left as well.
            if change.chat.type != ChatType.GROUP or await self._moves.new_of(room) is None:
                await self._service.leave(room)
            return
        if room.private or _is_in(change.old_chat_member):
            return
        # And the supergroup is joined, which may be told before the move is.
        if change.chat.type == ChatType.SUPERGROUP and await self._moves.old_of(room) is not None:
            return
        hears_all = change.new_chat_member.status in ADMINS or await self._gets_all_messages()
        hello = Hello(f"@{self._bot.username}", hears_all, is_in_privacy_mode=not hears_all)
        await self._service.greet(room, player_of(change.from_user), hello)

    async def handle_migration(self, message: Message) -> None:
        """Take a group's memory along when it becomes a supergroup; both ends report it."""
        here = room_of(message.chat)
        if message.migrate_to_chat_id is not None:
            await self._move(here, Room(PLATFORM, str(message.migrate_to_chat_id)))
        elif message.migrate_from_chat_id is not None:
            await self._move(Room(PLATFORM, str(message.migrate_from_chat_id)), here)

    async def _move(self, old: Room, new: Room) -> None:
        if self._moves.note(old, new):
            log.info("room=%s is now room=%s", old.id, new.id)
            await self._service.move_room(old, new)

    async def _gets_all_messages(self) -> bool:
        """Return whether privacy mode is off, as it is now: people change it and invite again."""
        try:
            return bool((await self._bot.get_me()).can_read_all_group_messages)
        except TelegramError:
            return bool(self._bot.bot.can_read_all_group_messages)


class Intake:
    """Takes updates in: reads each, drops what was handled before, and has the rest handled.

    Args:
        bot: Knows its own name.
        reader: Reads updates.
        seen: Knows what was handled before.
        handlers: Answer messages and taps.
        guests: Answers mentions where the bot is a guest.
        membership: Follows the bot from group to group.
        sender: Is told where people write.
        tasks: Do what goes on when an update is taken in.
        side: How many pixels of a picture's shorter side are of use.
    """

    def __init__(
        self,
        bot: Bot,
        reader: UpdateReader,
        seen: SeenUpdates,
        handlers: Handlers,
        guests: Guests,
        membership: Membership,
        sender: Sender,
        tasks: RunningTasks,
        side: int,
    ) -> None:
        self._bot = bot
        self._reader = reader
        self._seen = seen
        self._handlers = handlers
        self._guests = guests
        self._membership = membership
        self._sender = sender
        self._tasks = tasks
        self._side = side
        self._next_look = 0.0

    async def take_all(self, updates: Sequence[object]) -> None:
        """Take updates in, all at once. Never raises."""
        await asyncio.gather(*map(self.take, updates))

    async def take(self, raw: object) -> None:
        """Take an update in. Never raises.

        When this returns a photo is stored, and is answered even if the process dies. What else
        people want is in memory only: it is done in a moment, and some of it, such as /undo, must
        not be done twice.

        Args:
            raw: What Telegram sent.
        """
        update = self._reader.read(raw, self._bot)
        if update is None or not self._seen.is_new(update):
            return
        try:
            await self._route(update)
        except Exception:
            log.exception("an update could not be handled")

    async def _route(self, update: Update) -> None:
        if update.callback_query is not None:
            self._tasks.start(self._handlers.handle_callback_query(update.callback_query))
        elif update.my_chat_member is not None:
            self._tasks.start(self._membership.handle_membership(update.my_chat_member))
        elif update.guest_message is not None:
            self._take_guest_message(update.guest_message)
        elif update.message is None:
            pass
        # Where a room is now matters however old the news is.
        elif filters.StatusUpdate.MIGRATE.check_update(update):
            self._tasks.start(self._membership.handle_migration(update.message))
        # What Telegram writes into a chat by itself is nobody's question.
        elif not filters.StatusUpdate.ALL.check_update(update):
            message = self._parse(update.message)
            if message is not None and message.is_for_other_bot and await self._has_new_name():
                message = self._parse(update.message)
            if message is not None:
                await self._take_message(message)

    def _take_guest_message(self, message: Message) -> None:
        parsed, query = self._parse(message), message.guest_query_id
        if parsed is not None and query is not None:
            self._tasks.start(self._guests.handle_guest_message(query, parsed))

    def _parse(self, message: Message) -> IncomingMessage | None:
        return parse_message(message, self._bot.bot, self._side)

    async def _has_new_name(self) -> bool:
        """Return whether the bot was renamed, and knows its new name now."""
        now, before = asyncio.get_running_loop().time(), self._bot.username
        if now < self._next_look:
            return False
        self._next_look = now + RENAMED_SECONDS
        try:
            return (await self._bot.get_me()).username != before
        except TelegramError:
            return False

    async def _take_message(self, message: IncomingMessage) -> None:
        self._sender.note_topic(message.destination)
        # A caption may hold a command as well; the picture decides, with it. And of an album, one
        # part may have a picture where another has none.
        if message.file is not None or message.album is not None:
            await self._handlers.take_photo_message(message)
        else:
            await self._handlers.take_message(message)


def _is_in(member: ChatMember | None) -> bool:
    if member is None:  # the library lets such through
        return False
    if isinstance(member, ChatMemberRestricted):
        return bool(member.is_member)
    return member.status not in (ChatMemberStatus.LEFT, ChatMemberStatus.BANNED)

"""Which of Telegram's updates goes where: all handlers, and why in this order."""

from __future__ import annotations

import logging
from collections.abc import Hashable

from cachetools import LRUCache
from telegram import Bot, ChatMember, ChatMemberRestricted, Update
from telegram.constants import ChatMemberStatus, ChatType, UpdateType
from telegram.error import TelegramError
from telegram.ext import (
    ApplicationHandlerStop,
    CallbackQueryHandler,
    ChatMemberHandler,
    ContextTypes,
    MessageHandler,
    TypeHandler,
    filters,
)

from bot.domain import Room
from bot.platforms.telegram.client import App
from bot.platforms.telegram.handlers import Handlers
from bot.platforms.telegram.identity import (
    PLATFORM,
    Destination,
    parse_message,
    player_of,
    room_of,
)
from bot.platforms.telegram.sender import Sender
from bot.services import Service

log = logging.getLogger(__name__)

Context = ContextTypes.DEFAULT_TYPE

# Named at every start: Telegram keeps to the last list that it was given. Edited messages, channel
# posts and other people's comings and goings do not even reach us.
ALLOWED = (UpdateType.MESSAGE, UpdateType.CALLBACK_QUERY, UpdateType.MY_CHAT_MEMBER)
# So many updates are known as handled; Telegram repeats one within minutes.
UPDATES_REMEMBERED = 4096
# So many groups are known to have moved; both ends report it within moments.
MOVES_REMEMBERED = 1024


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

    async def stop_repeated(self, update: Update, _: Context) -> None:
        """Stop an update that was handled before.

        Raises:
            ApplicationHandlerStop: For the library: no other handler gets this update.
        """
        if message := update.message:
            is_new = self.is_new_message(str(message.chat_id), str(message.message_id))
        elif query := update.callback_query:
            is_new = self._is_new(("tap", query.id))
        else:
            is_new = self._is_new(update.update_id)
        if not is_new:
            raise ApplicationHandlerStop

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
        sender: Sends the greeting.
    """

    def __init__(self, bot: Bot, service: Service, sender: Sender) -> None:
        self._bot = bot
        self._service = service
        self._sender = sender
        self._moved: LRUCache[Room, bool] = LRUCache(MOVES_REMEMBERED)

    async def handle_membership(self, update: Update, _: Context) -> None:
        """Greet a group when invited; forget it when removed, and a person who blocks the bot."""
        change = update.my_chat_member
        assert change is not None  # the handler's kind sees to it
        room = room_of(change.chat)
        if change.chat.type == ChatType.CHANNEL:
            return
        if not _is_in(change.new_chat_member):
            await self._service.leave(room)
            return
        if room.private or _is_in(change.old_chat_member):
            return
        is_admin = change.new_chat_member.status == ChatMemberStatus.ADMINISTRATOR
        reply = await self._service.greet(
            room,
            player_of(change.from_user),
            name=f"@{self._bot.username}",
            hears_all=is_admin or await self._gets_all_messages(),
        )
        if reply is not None:
            await self._sender.send_to_chat(Destination(room), reply)

    async def handle_migration(self, update: Update, _: Context) -> None:
        """Take a group's memory along when it becomes a supergroup; both ends report it."""
        message = update.message
        if message is None:
            return
        here = room_of(message.chat)
        if message.migrate_to_chat_id is not None:
            await self._move(here, Room(PLATFORM, str(message.migrate_to_chat_id)))
        elif message.migrate_from_chat_id is not None:
            await self._move(Room(PLATFORM, str(message.migrate_from_chat_id)), here)

    async def _move(self, old: Room, new: Room) -> None:
        if old in self._moved:
            return
        self._moved[old] = True
        log.info("room=%s is now room=%s", old.id, new.id)
        await self._service.move_room(old, new)

    async def _gets_all_messages(self) -> bool:
        """Return whether privacy mode is off, as it is now: people change it and invite again."""
        try:
            return bool((await self._bot.get_me()).can_read_all_group_messages)
        except TelegramError:
            return bool(self._bot.bot.can_read_all_group_messages)


def register_handlers(
    application: App, seen: SeenUpdates, handlers: Handlers, membership: Membership, side: int
) -> None:
    """Register every handler. Of those in the second group, the first that fits is the only one.

    Args:
        application: Gets them.
        seen: Stops what was handled before.
        handlers: Answer messages and taps.
        membership: Follows the bot from group to group.
        side: How many pixels of a picture's shorter side are of use.
    """

    async def route_message(update: Update, _: Context) -> None:
        assert update.message is not None  # its filter sees to it
        message = parse_message(update.message, application.bot.bot, side)
        if message is None:
            return
        # A caption may hold a command as well; the picture decides, with it.
        if message.file is not None:
            await handlers.handle_photo_message(message)
        elif message.command is not None:
            await handlers.handle_command_message(message, message.command)
        else:
            await handlers.handle_text_message(message)

    application.add_handler(TypeHandler(Update, seen.stop_repeated), group=-1)
    application.add_handlers(
        [
            # Where a room is now and whether we are in it matters however old the news is.
            MessageHandler(filters.StatusUpdate.MIGRATE, membership.handle_migration),
            ChatMemberHandler(membership.handle_membership, ChatMemberHandler.MY_CHAT_MEMBER),
            CallbackQueryHandler(handlers.handle_callback_query),
            # What people send; what Telegram writes into a chat by itself is nobody's question.
            MessageHandler(filters.UpdateType.MESSAGE & ~filters.StatusUpdate.ALL, route_message),
        ]
    )
    application.add_error_handler(_log_fault)


def _is_in(member: ChatMember) -> bool:
    if isinstance(member, ChatMemberRestricted):
        return member.is_member
    return member.status not in (ChatMemberStatus.LEFT, ChatMemberStatus.BANNED)


async def _log_fault(_: object, context: Context) -> None:
    log.error("an update could not be handled", exc_info=context.error)

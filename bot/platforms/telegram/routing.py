"""Which of Telegram's updates goes where: all handlers, and why in this order."""

from __future__ import annotations

import logging
from collections.abc import Hashable
from typing import Any

from telegram import ChatMember, ChatMemberRestricted, Message, Update
from telegram.constants import ChatMemberStatus, ChatType, UpdateType
from telegram.error import TelegramError
from telegram.ext import (
    ApplicationHandlerStop,
    CallbackQueryHandler,
    ChatMemberHandler,
    ContextTypes,
    ExtBot,
    MessageHandler,
    TypeHandler,
    filters,
)

from bot.domain import Room
from bot.platforms.telegram.client import App
from bot.platforms.telegram.files import find_picture
from bot.platforms.telegram.handlers import Ears
from bot.platforms.telegram.identity import PLATFORM, Spot, is_for_us, player_of_user, room_of
from bot.platforms.telegram.sender import Mouth
from bot.services.service import Service

log = logging.getLogger(__name__)

Context = ContextTypes.DEFAULT_TYPE

# Named at every start: Telegram keeps to the last list that it was given. Edited messages, channel
# posts and other people's comings and goings do not even reach us.
ALLOWED = (UpdateType.MESSAGE, UpdateType.CALLBACK_QUERY, UpdateType.MY_CHAT_MEMBER)
# So many updates are known as handled; Telegram repeats one within minutes.
REMEMBERED = 4096


class Once:
    """Lets each message and each tap through once, however often Telegram delivers it."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._remembered = remembered
        self._seen: dict[Hashable, None] = {}

    def first(self, key: Hashable) -> bool:
        """Return whether this is the first time, and remember it."""
        if key in self._seen:
            return False
        self._seen[key] = None
        if len(self._seen) > self._remembered:
            del self._seen[next(iter(self._seen))]
        return True

    def first_message(self, chat: str, message: str) -> bool:
        """Return whether a message is seen for the first time."""
        return self.first((chat, message))

    async def pass_on(self, update: object, _: Context) -> None:
        """Stop an update that was handled before."""
        assert isinstance(update, Update)
        if message := update.message:
            first = self.first_message(str(message.chat_id), str(message.message_id))
        elif query := update.callback_query:
            first = self.first(("tap", query.id))
        else:
            first = self.first(update.update_id)
        if not first:
            raise ApplicationHandlerStop


class _ForUs(filters.MessageFilter):
    def filter(self, message: Message) -> bool:
        return is_for_us(message)


class _Picture(filters.MessageFilter):
    def filter(self, message: Message) -> bool:
        return find_picture(message, 0) is not None


FOR_US = filters.UpdateType.MESSAGE & _ForUs()
PICTURE = _Picture()


def register(application: App, once: Once, ears: Ears, door: Thresholds) -> None:
    """Register every handler. Of those in the second group, the first that fits is the only one."""
    application.add_handler(TypeHandler(Update, once.pass_on), group=-1)
    application.add_handlers(
        [
            # Where a room is now and whether we are in it matters however old the news is.
            MessageHandler(filters.StatusUpdate.MIGRATE, door.moved),
            ChatMemberHandler(door.membership, ChatMemberHandler.MY_CHAT_MEMBER),
            CallbackQueryHandler(ears.press),
            # A caption may hold a command as well; the picture decides, with it.
            MessageHandler(FOR_US & PICTURE, ears.picture),
            MessageHandler(FOR_US & filters.COMMAND, ears.command),
            # What is left: words, in private, or in a group with a mention of the bot.
            MessageHandler(FOR_US & ~filters.StatusUpdate.ALL, ears.chatter),
        ]
    )
    application.add_error_handler(_fault)


class Thresholds:
    """What happens when the bot comes, goes, or moves with its group."""

    def __init__(self, bot: ExtBot[Any], host: Service, mouth: Mouth) -> None:
        self._bot = bot
        self._host = host
        self._mouth = mouth
        self._moved: set[Room] = set()

    async def membership(self, update: Update, _: Context) -> None:
        """Greet a group when invited; forget it when removed, and a person who blocks the bot."""
        change = update.my_chat_member
        assert change is not None
        room = room_of(change.chat)
        if change.chat.type == ChatType.CHANNEL:
            return
        if not _is_in(change.new_chat_member):
            await self._host.left(room)
            return
        if room.private or _is_in(change.old_chat_member):
            return
        is_admin = change.new_chat_member.status == ChatMemberStatus.ADMINISTRATOR
        reply = await self._host.joined(
            room,
            player_of_user(change.from_user),
            name=f"@{self._bot.username}",
            hears_all=is_admin or await self._reads_all(),
        )
        if reply is not None:
            await self._mouth.say(Spot(room), reply)

    async def moved(self, update: Update, _: Context) -> None:
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
        self._moved.add(old)
        log.info("room=%s is now room=%s", old.id, new.id)
        await self._host.moved(old, new)

    async def _reads_all(self) -> bool:
        """Return whether privacy mode is off, as it is now: people change it and invite again."""
        try:
            return bool((await self._bot.get_me()).can_read_all_group_messages)
        except TelegramError:
            return bool(self._bot.bot.can_read_all_group_messages)


def _is_in(member: ChatMember) -> bool:
    if isinstance(member, ChatMemberRestricted):
        return member.is_member
    return member.status not in (ChatMemberStatus.LEFT, ChatMemberStatus.BANNED)


async def _fault(update: object, context: Context) -> None:
    log.error("an update could not be handled", exc_info=context.error)

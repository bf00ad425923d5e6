"""Who wrote what in which Telegram chat: a message, parsed once for all that comes after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cachetools import TTLCache
from telegram import Bot, Chat, MaybeInaccessibleMessage, Message, User
from telegram.constants import ChatID, ChatMemberStatus, ChatType, MessageEntityType
from telegram.error import TelegramError

from bot.domain import IsAdmin, Player, Room
from bot.platforms.telegram.files import PickedFile, pick_file
from bot.services import commands

PLATFORM = "telegram"
# After an outage: who asked longer ago than this has given up.
STALE = timedelta(minutes=5)
# Identities that several people share, although each is a user to Telegram.
SHARED = frozenset({ChatID.ANONYMOUS_ADMIN, ChatID.FAKE_CHANNEL, ChatID.SERVICE_CHAT})
ADMINS = frozenset({ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR})
# An admin taps a few buttons in a row; who is dismissed loses the power soon enough.
ADMIN_SECONDS = 30.0
# So many people tap buttons within those seconds, at most, without Telegram being asked again.
ADMINS_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a message of the bot goes.

    Attributes:
        room: The chat.
        message: The id of the message that it replies to.
        topic: The id of the forum's topic that it belongs to.
    """

    room: Room
    message: int | None = None
    topic: int | None = None


@dataclass(frozen=True, slots=True)
class TypedCommand:
    """A command as somebody typed it.

    Attributes:
        name: Its name, in lower case, without the slash.
        bot: The name of the bot that it is for, in lower case; empty for whichever sees it.
        argument: What was written after it.
    """

    name: str
    bot: str
    argument: str

    def is_for(self, me: User) -> bool:
        """Return whether it is for this bot, or for whichever sees it."""
        return not self.bot or self.bot == (me.username or "").lower()


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """A message that somebody sent, with everything that decides about its answer.

    Attributes:
        id: Its id in its chat.
        room: Its chat.
        player: Who sent it.
        destination: Where it is answered.
        caption: What was written beside its picture.
        file: The file of its picture, if it has one.
        replied_file: The file of the picture that it replies to, here or in another chat.
        replied_text: The words of the bot's own message that it replies to.
        command: The command that its text or caption begins with, if that is one of this bot's.
        is_for_other_bot: Whether its command names another bot.
        is_mention: Whether it mentions this bot.
        is_addressed: Whether it is meant for this bot: a mention, a reply to it, a command.
        album: The id that it shares with the other messages of its album.
    """

    id: int
    room: Room
    player: Player
    destination: Destination
    caption: str
    file: PickedFile | None
    replied_file: PickedFile | None
    replied_text: str
    command: TypedCommand | None
    is_for_other_bot: bool
    is_mention: bool
    is_addressed: bool
    album: str | None


def parse_message(
    message: Message, me: User, side: int, now: datetime | None = None
) -> IncomingMessage | None:
    """Return all that there is to know of a message.

    Args:
        message: Telegram's.
        me: The bot's own user.
        side: How many pixels of a picture's shorter side are of use.
        now: The time, with its zone; by default, the real one.

    Returns:
        None for a message that is too old to be answered, or another bot's.
    """
    if (now or datetime.now(UTC)) - message.date > STALE or not _is_of_a_person(message):
        return None
    file = pick_file(message, side)
    typed = _typed_command(message, has_picture=file is not None)
    is_ours = typed is not None and typed.is_for(me)
    command = typed if typed and is_ours and _is_known(typed.name) else None
    is_mention = _mentions(message, me)
    return IncomingMessage(
        message.message_id,
        room_of(message.chat),
        _sender_of(message),
        destination_of(message),
        message.caption or "",
        file,
        _replied_file(message, side),
        _replied_text(message, me),
        command,
        is_for_other_bot=typed is not None and not is_ours,
        is_mention=is_mention,
        is_addressed=is_mention or command is not None or _replies_to(message, me),
        album=message.media_group_id,
    )


def room_of(chat: Chat) -> Room:
    """Return the room that a chat is."""
    return Room(PLATFORM, str(chat.id), private=chat.type == ChatType.PRIVATE)


def destination_of(message: MaybeInaccessibleMessage) -> Destination:
    """Return where a message, perhaps one that is too old to be seen, is answered."""
    topic = None
    # Outside of forums, threads are what Telegram makes of replies; they cannot be written to.
    if isinstance(message, Message) and message.is_topic_message:
        topic = message.message_thread_id
    return Destination(room_of(message.chat), message.message_id, topic)


def player_of(user: User) -> Player:
    """Return the player that a user is."""
    shared = user.is_bot or user.id in SHARED
    return Player(str(user.id), user.full_name, user.language_code, shared=shared)


class Admins:
    """Knows who may decide for a chat, and remembers it for a while.

    Args:
        bot: Asks Telegram.
    """

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._known: TTLCache[tuple[Room, str], bool] = TTLCache(ADMINS_REMEMBERED, ADMIN_SECONDS)

    def admin_check(self, room: Room, player: Player) -> IsAdmin:
        """Return what tells whether somebody may decide for a room; it asks only when called."""

        async def is_admin() -> bool:
            # An anonymous admin speaks as the group itself, or taps as an identity of its own.
            if room.private or player.id in (room.id, str(ChatID.ANONYMOUS_ADMIN)):
                return True
            if player.id.startswith("-"):  # a channel is only a guest
                return False
            known = self._known.get((room, player.id))
            return await self._ask(room, player) if known is None else known

        return is_admin

    async def _ask(self, room: Room, player: Player) -> bool:
        try:
            member = await self._bot.get_chat_member(int(room.id), int(player.id))
        except TelegramError:  # the bot was removed, or the network is gone: no power then
            return False
        self._known[room, player.id] = member.status in ADMINS
        return member.status in ADMINS


def _is_of_a_person(message: Message) -> bool:
    """Return whether a person sent a message, or what people hide behind."""
    if message.sender_chat:
        return True
    user = message.from_user
    return user is not None and (not user.is_bot or user.id in SHARED)


def _sender_of(message: Message) -> Player:
    """Return who sent a message; a channel or an anonymous admin is nobody in particular."""
    if sender := message.sender_chat:
        return Player(str(sender.id), sender.effective_name or "", shared=True)
    assert message.from_user is not None  # only channel posts have neither
    return player_of(message.from_user)


def _typed_command(message: Message, *, has_picture: bool) -> TypedCommand | None:
    """Return the command that a text or a picture's caption begins with.

    Telegram marks those inside a sentence as well; who mentions one does not give it.
    """
    kinds: list[str | None] = [MessageEntityType.BOT_COMMAND]
    if has_picture:
        text, found = message.caption or "", message.parse_caption_entities(kinds)
    else:
        text, found = message.text or "", message.parse_entities(kinds)
    for entity, typed in found.items():
        if entity.offset == 0:
            name, _, bot = typed.removeprefix("/").partition("@")
            return TypedCommand(name.lower(), bot.lower(), text.partition(typed)[2].strip())
    return None


def _is_known(name: str) -> bool:
    """Return whether there is a command of that name here, listed or not."""
    command = commands.find(name)
    return command is not None and PLATFORM in command.platforms


def _mentions(message: Message, me: User) -> bool:
    """Return whether a text or a caption mentions the bot."""
    kinds: list[str | None] = [MessageEntityType.MENTION, MessageEntityType.TEXT_MENTION]
    found = message.parse_entities(kinds) | message.parse_caption_entities(kinds)
    return any(
        (entity.user is not None and entity.user.id == me.id)
        or typed.lower() == f"@{me.username}".lower()
        for entity, typed in found.items()
    )


def _replies_to(message: Message, me: User) -> bool:
    """Return whether a message replies to one of the bot's own."""
    to = message.reply_to_message
    return to is not None and to.from_user is not None and to.from_user.id == me.id


def _replied_text(message: Message, me: User) -> str:
    """Return the words of the bot's own message that a message replies to."""
    to = message.reply_to_message
    return (to.text or to.caption or "") if to is not None and _replies_to(message, me) else ""


def _replied_file(message: Message, side: int) -> PickedFile | None:
    """Return the file of the picture that a message replies to, here or in another chat."""
    for replied in (message.reply_to_message, message.external_reply):
        if replied is not None and (file := pick_file(replied, side)):
            return file
    return None

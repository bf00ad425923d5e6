"""Who wrote what in which Telegram chat: a message, parsed once for all that comes after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from cachetools import TTLCache
from telegram import Bot, Chat, MaybeInaccessibleMessage, Message, User
from telegram.constants import ChatID, ChatMemberStatus, ChatType, MessageEntityType
from telegram.error import TelegramError

from bot.domain import STALE, IsAdmin, Player, Room
from bot.platforms.common import readable
from bot.platforms.telegram.files import PickedFile, is_photo, pick_file
from bot.services import commands

PLATFORM = "telegram"
# Identities that several people share, although each is a user to Telegram.
SHARED = frozenset({ChatID.ANONYMOUS_ADMIN, ChatID.FAKE_CHANNEL, ChatID.SERVICE_CHAT})
ADMINS = frozenset({ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR})
GONE = frozenset({ChatMemberStatus.LEFT, ChatMemberStatus.BANNED})
# An admin taps a few buttons in a row; who is dismissed loses the power soon enough.
MEMBER_SECONDS = 60.0
# So many people tap buttons within those seconds, at most, without Telegram being asked again.
MEMBERS_REMEMBERED = 4096


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
        id: Its id in its chat; a whisper has none there, and a number below zero.
        sent: When it was sent.
        room: Its chat.
        player: Who sent it.
        destination: Where it is answered.
        text: What was written where there is no picture.
        caption: What was written beside its picture.
        file: The file of its picture, if it has one.
        replied_file: The file of the picture that it replies to, here or in another chat.
        replied_id: The id of the message that it replies to here.
        replied_text: The words of the bot's own message that it replies to.
        command: The command that its text or caption begins with, if that is one of this bot's.
        is_for_other_bot: Whether its command names another bot.
        is_mention: Whether it mentions this bot.
        is_addressed: Whether it is meant for this bot: a mention, a reply to it, a command.
        is_photo: Whether its picture is a photo, and not what stands for a sticker or a video.
        album: The id that it shares with the other messages of its album.
        whisper: Its id as a whisper, if nobody else sees it.
        round_id: The round that its picture has, once it is stored.
    """

    id: int
    sent: datetime
    room: Room
    player: Player
    destination: Destination
    text: str
    caption: str
    file: PickedFile | None
    replied_file: PickedFile | None
    replied_id: int | None
    replied_text: str
    command: TypedCommand | None
    is_for_other_bot: bool
    is_mention: bool
    is_addressed: bool
    is_photo: bool
    album: str | None
    whisper: int | None = None
    round_id: int | None = None


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
    if message.text is None and message.effective_attachment is None:
        return None  # what Telegram writes into chats since the library was made, say
    file, whisper = pick_file(message, side), whisper_of(message)
    typed = _typed_command(message, has_picture=file is not None)
    is_ours = typed is not None and typed.is_for(me)
    command = typed if typed and is_ours and _is_known(typed.name) else None
    is_mention = _mentions(message, me)
    return IncomingMessage(
        message.message_id or -(whisper or 0),
        message.date,
        room_of(message.chat),
        _sender_of(message),
        destination_of(message),
        message.text or "",
        message.caption or "",
        file,
        _replied_file(message, side),
        message.reply_to_message.message_id if message.reply_to_message else None,
        _replied_text(message, me),
        command,
        is_for_other_bot=typed is not None and not is_ours,
        is_mention=is_mention,
        is_addressed=is_mention or command is not None or _replies_to(message, me),
        is_photo=is_photo(message),
        album=message.media_group_id,
        whisper=whisper,
    )


def room_of(chat: Chat) -> Room:
    """Return the room that a chat is."""
    return Room(PLATFORM, str(chat.id), private=chat.type == ChatType.PRIVATE)


def whisper_of(message: MaybeInaccessibleMessage) -> int | None:
    """Return the id of the whisper that a message is; None for what all can see."""
    id_ = message.api_kwargs.get("ephemeral_message_id")
    return id_ if isinstance(id_, int) else None


def destination_of(message: MaybeInaccessibleMessage) -> Destination:
    """Return where a message, perhaps one that is too old to be seen, is answered."""
    topic = None
    # Outside of forums, threads are what Telegram makes of replies; they cannot be written to.
    if isinstance(message, Message) and message.is_topic_message:
        topic = message.message_thread_id
    # A whisper has no id of its own among the chat's messages.
    return Destination(room_of(message.chat), message.message_id or None, topic)


def player_of(user: User) -> Player:
    """Return the player that a user is."""
    shared = user.is_bot or user.id in SHARED
    return Player(str(user.id), readable(user.full_name), user.language_code, shared=shared)


class Members:
    """Knows who is in a chat and who may decide for it, and remembers it for a while.

    Args:
        bot: Asks Telegram.
    """

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._known: TTLCache[tuple[Room, str], str] = TTLCache(MEMBERS_REMEMBERED, MEMBER_SECONDS)

    def admin_check(self, room: Room, player: Player) -> IsAdmin:
        """Return what tells whether somebody may decide for a room; it asks only when called."""

        async def is_admin() -> bool:
            # An anonymous admin speaks as the group itself, or taps as an identity of its own.
            if room.private or player.id in (room.id, str(ChatID.ANONYMOUS_ADMIN)):
                return True
            return await self._status(room, player) in ADMINS

        return is_admin

    async def has_left(self, room: Room, player: Player) -> bool:
        """Return whether somebody is known not to be in a room."""
        return not room.private and await self._status(room, player) in GONE

    async def _status(self, room: Room, player: Player) -> str | None:
        """Return what somebody is in a room; None for what nobody can know."""
        if player.shared or player.id.startswith("-"):  # a channel is only a guest
            return None
        if (room, player.id) not in self._known:
            try:
                member = await self._bot.get_chat_member(int(room.id), int(player.id))
            except TelegramError:  # the bot was removed, or the network is gone: no power then
                return None
            self._known[room, player.id] = member.status
        return self._known.get((room, player.id))


def _is_of_a_person(message: Message) -> bool:
    """Return whether a person sent a message, or what people hide behind."""
    if message.is_automatic_forward:  # a channel's post, for its discussion group
        return False
    if message.sender_chat:
        return True
    user = message.from_user
    return user is not None and (not user.is_bot or user.id in SHARED)


def _sender_of(message: Message) -> Player:
    """Return who sent a message; a channel or an anonymous admin is nobody in particular."""
    if sender := message.sender_chat:
        return Player(str(sender.id), readable(sender.effective_name or ""), shared=True)
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

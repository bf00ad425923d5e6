"""Who speaks in a Telegram chat, where, and whether they speak to the bot."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from telegram import Bot, CallbackQuery, Chat, MaybeInaccessibleMessage, Message, User
from telegram.constants import ChatID, ChatMemberStatus, ChatType, MessageEntityType
from telegram.error import TelegramError

from bot.domain import IsAdmin, Player, Room

PLATFORM = "telegram"
# After an outage: who asked longer ago than this has given up.
STALE = timedelta(minutes=5)
# After /who, this person's next photo there is meant for the bot.
CALLED_SECONDS = 120.0
# Identities that several people share, although each is a user to Telegram.
SHARED = frozenset({ChatID.ANONYMOUS_ADMIN, ChatID.FAKE_CHANNEL, ChatID.SERVICE_CHAT})
ADMINS = frozenset({ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR})
# An admin taps a few buttons in a row; who is dismissed loses the power soon enough.
ADMIN_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a chat to say something: in a topic, in reply to a message."""

    room: Room
    message: int | None = None
    topic: int | None = None


@dataclass(frozen=True, slots=True)
class Word:
    """A command as somebody typed it. bot: the name of the bot that it is for, if given."""

    name: str
    bot: str
    argument: str

    def is_for(self, me: User) -> bool:
        """Return whether it is for this bot, or for whichever hears it."""
        return not self.bot or self.bot == (me.username or "").lower()


def room_of(chat: Chat) -> Room:
    """Return the room that a chat is."""
    return Room(PLATFORM, str(chat.id), private=chat.type == ChatType.PRIVATE)


def spot_of(message: Message) -> Spot:
    """Return the place where a message is answered."""
    # Outside of forums, threads are what Telegram makes of replies; they cannot be written to.
    topic = message.message_thread_id if message.is_topic_message else None
    return Spot(room_of(message.chat), message.message_id, topic)


def spot_of_button(message: MaybeInaccessibleMessage) -> Spot:
    """Return the place where a button's message, perhaps too old to be seen, is answered."""
    if isinstance(message, Message):
        return spot_of(message)
    return Spot(room_of(message.chat), message.message_id)


def player_of(message: Message) -> Player:
    """Return who sent a message; a channel or an anonymous admin is nobody in particular."""
    if sender := message.sender_chat:
        return Player(str(sender.id), sender.effective_name or "", shared=True)
    assert message.from_user is not None  # only channel posts have neither
    return player_of_user(message.from_user)


def player_of_user(user: User) -> Player:
    """Return the player that a user is."""
    shared = user.is_bot or user.id in SHARED
    return Player(str(user.id), user.full_name, user.language_code, shared=shared)


def is_for_us(message: Message, now: datetime | None = None) -> bool:
    """Return whether a message is a fresh one of a person, or of what people hide behind."""
    if (now or datetime.now(UTC)) - message.date > STALE:
        return False
    if message.sender_chat:
        return True
    user = message.from_user
    return user is not None and (not user.is_bot or user.id in SHARED)


def word_of(message: Message) -> Word | None:
    """Return the first command in a text or a caption."""
    text = message.text or message.caption or ""
    commands = message.parse_entities([MessageEntityType.BOT_COMMAND])
    commands |= message.parse_caption_entities([MessageEntityType.BOT_COMMAND])
    for typed in commands.values():
        name, _, bot = typed.removeprefix("/").partition("@")
        return Word(name.lower(), bot.lower(), text.partition(typed)[2].strip())
    return None


def is_reply_to(message: Message, me: User) -> bool:
    """Return whether a message replies to one of the bot's own."""
    to = message.reply_to_message
    return to is not None and to.from_user is not None and to.from_user.id == me.id


def is_mentioned(message: Message, me: User) -> bool:
    """Return whether a text or a caption mentions the bot."""
    kinds: list[str | None] = [MessageEntityType.MENTION, MessageEntityType.TEXT_MENTION]
    found = message.parse_entities(kinds) | message.parse_caption_entities(kinds)
    return any(
        (entity.user is not None and entity.user.id == me.id)
        or typed.lower() == f"@{me.username}".lower()
        for entity, typed in found.items()
    )


class Called:
    """Remembers for a while who called the bot and still owes it a photo."""

    def __init__(self, seconds: float = CALLED_SECONDS) -> None:
        self._seconds = seconds
        self._until: dict[Hashable, float] = {}

    def note(self, who: Hashable) -> None:
        """Remember somebody."""
        now = asyncio.get_running_loop().time()
        self._until = {key: until for key, until in self._until.items() if until > now}
        self._until[who] = now + self._seconds

    def take(self, who: Hashable) -> bool:
        """Return whether somebody called, and forget it."""
        return self._until.pop(who, 0.0) > asyncio.get_running_loop().time()


class Admins:
    """Knows who may decide for a chat, and remembers it for a while."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._known: dict[tuple[int, int], tuple[float, bool]] = {}

    def sender(self, message: Message) -> IsAdmin:
        """Return what tells whether the sender of a message is an admin there."""
        if sender := message.sender_chat:
            # An anonymous admin speaks as the group itself; a channel is only a guest.
            return _always(sender.id == message.chat_id)
        assert message.from_user is not None
        return self._user(message.chat, message.from_user)

    def presser(self, query: CallbackQuery) -> IsAdmin:
        """Return what tells whether who tapped a button is an admin there."""
        return self._user(query.message.chat, query.from_user) if query.message else _always(False)

    def _user(self, chat: Chat, user: User) -> IsAdmin:
        if chat.type == ChatType.PRIVATE:
            return _always(True)
        if user.id == ChatID.ANONYMOUS_ADMIN:
            return _always(True)

        async def is_admin() -> bool:
            now = asyncio.get_running_loop().time()
            at, known = self._known.get((chat.id, user.id), (now - ADMIN_SECONDS, False))
            if now - at < ADMIN_SECONDS:
                return known
            try:
                member = await self._bot.get_chat_member(chat.id, user.id)
            except TelegramError:  # the bot was removed, or the network is gone: no power then
                return False
            self._known = {k: v for k, v in self._known.items() if now - v[0] < ADMIN_SECONDS}
            self._known[chat.id, user.id] = now, member.status in ADMINS
            return member.status in ADMINS

        return is_admin


def _always(answer: bool) -> IsAdmin:
    async def is_admin() -> bool:
        return answer

    return is_admin

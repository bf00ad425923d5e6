"""What there is in the Discord of the tests: people, servers, channels, messages, files.

It knows how each is written on the wire, and what of a message is kept from a bot that has not the
intent to read all messages.
"""

from __future__ import annotations

import mimetypes
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

EPOCH_MS = 1420070400000
VIEW, SEND, ATTACH, HISTORY, IN_THREADS = 1 << 10, 1 << 11, 1 << 15, 1 << 16, 1 << 38
MANAGE_GUILD, ADMINISTRATOR = 1 << 5, 1 << 3
EVERYTHING = VIEW | SEND | ATTACH | HISTORY | IN_THREADS | 1 << 14
TEXT, DM, VOICE, GROUP, POST = 0, 1, 2, 3, 11
NO_EMBEDS, EPHEMERAL, LOADING, SILENT = 1 << 2, 1 << 6, 1 << 7, 1 << 12


class Refusal(Exception):
    """An error as Discord words it."""

    def __init__(self, status: int, code: int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"code": code, "message": message, **more}


def bad(**fields: str) -> Refusal:
    """Return the error for fields that are wrong."""
    errors = {
        name: {"_errors": [{"code": "INVALID", "message": told}]} for name, told in fields.items()
    }
    return Refusal(400, 50035, "Invalid Form Body", errors=errors)


class Snowflakes:
    """Hands out ids that tell when they were made."""

    def __init__(self) -> None:
        self._count = 0

    def new(self, age: float = 0.0) -> int:
        self._count += 1
        milliseconds = int((time.time() - age) * 1000) - EPOCH_MS
        return (milliseconds << 22) | (self._count & 0x3FFFFF)


def made_at(snowflake: int) -> str:
    return datetime.fromtimestamp(((snowflake >> 22) + EPOCH_MS) / 1000, UTC).isoformat()


@dataclass(eq=False)
class User:
    id: int
    name: str
    locale: str = "en-US"
    bot: bool = False
    is_admin: bool = False
    takes_dms: bool = True

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"

    def wire(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "username": self.name.lower(),
            "global_name": self.name,
            "discriminator": "0",
            "avatar": None,
            "bot": self.bot,
            "public_flags": 0,
        }


@dataclass(eq=False)
class Guild:
    id: int
    name: str
    features: list[str] = field(default_factory=list)
    locale: str = "en-US"
    channels: list[Channel] = field(default_factory=list)
    system_channel: Channel | None = None
    bot_role: int = 0
    roles: dict[int, str] = field(default_factory=dict)
    nicks: dict[int, str] = field(default_factory=dict)
    joined: str = "2025-12-01T18:00:00+00:00"
    has_bot: bool = True
    granted: int = EVERYTHING

    def member(self, user: User, permissions: int | None = None) -> dict[str, Any]:
        return {
            "user": user.wire(),
            "roles": [str(self.bot_role)] if user.bot else [],
            "nick": self.nicks.get(user.id),
            "avatar": None,
            "joined_at": self.joined,
            "deaf": False,
            "mute": False,
            "flags": 0,
            "pending": False,
            **({} if permissions is None else {"permissions": str(permissions)}),
        }

    def wire(self, bot: User, latest: Mapping[Channel, int] | None = None) -> dict[str, Any]:
        """Write the server; `latest` has the ids of its channels' latest messages."""
        told = {channel: {"last_message_id": str(id_)} for channel, id_ in (latest or {}).items()}
        roles = [
            _role(self.id, "@everyone", EVERYTHING),
            {**_role(self.bot_role, bot.name, 0), "tags": {"bot_id": str(bot.id)}},
            *(_role(id_, name, 0) for id_, name in self.roles.items()),
        ]
        return {
            "id": str(self.id),
            "name": self.name,
            "icon": None,
            "owner_id": str(self.id),
            "afk_timeout": 300,
            "afk_channel_id": None,
            "verification_level": 0,
            "default_message_notifications": 0,
            "explicit_content_filter": 0,
            "mfa_level": 0,
            "nsfw_level": 0,
            "premium_tier": 0,
            "system_channel_id": str(self.system_channel.id) if self.system_channel else None,
            "system_channel_flags": 0,
            "preferred_locale": self.locale,
            "features": self.features,
            "roles": roles,
            "emojis": [],
            "stickers": [],
            "channels": [{**c.wire(), **told.get(c, {})} for c in self.channels if c.type != POST],
            "threads": [{**c.wire(), **told.get(c, {})} for c in self.channels if c.type == POST],
            "members": [self.member(bot)],
            "member_count": 5,
            "large": False,
            "joined_at": self.joined,
            "voice_states": [],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }


@dataclass(eq=False)
class Channel:
    """A channel, a thread or post (with a parent), or a private chat (of a person).

    Attributes:
        denied: Permissions that nobody has here.
        locked: Whether only moderators may write here.
        archived: Whether the thread is asleep: nothing in it can be edited.
    """

    id: int
    name: str
    type: int = TEXT
    guild: Guild | None = None
    parent: Channel | None = None
    person: User | None = None
    denied: int = 0
    locked: bool = False
    archived: bool = False

    @property
    def has_bot(self) -> bool:
        """Whether the bot is in it."""
        return self.guild.has_bot if self.guild is not None else self.type != GROUP

    @property
    def context(self) -> int:
        """Where its commands are used: in a server, in private with the bot, among others."""
        return 0 if self.guild is not None else 2 if self.type == GROUP else 1

    @property
    def allowed(self) -> int:
        return EVERYTHING & ~self.denied & (self.parent.allowed if self.parent else EVERYTHING)

    def wire(self) -> dict[str, Any]:
        written: dict[str, Any] = {"id": str(self.id), "type": self.type, "flags": 0}
        if self.type == GROUP:
            return {**written, "recipients": [], "name": self.name, "owner_id": "1", "icon": None}
        if self.person is not None:
            return {**written, "recipients": [self.person.wire()], "last_message_id": None}
        assert self.guild is not None
        written |= {"guild_id": str(self.guild.id), "name": self.name}
        if self.parent is not None:
            return {
                **written,
                "parent_id": str(self.parent.id),
                "owner_id": str(self.guild.id),
                "message_count": 1,
                "member_count": 1,
                "rate_limit_per_user": 0,
                "thread_metadata": {
                    "archived": self.archived,
                    "locked": self.locked,
                    "auto_archive_duration": 1440,
                    "archive_timestamp": made_at(self.id),
                },
            }
        denied = {"id": str(self.guild.id), "type": 0, "allow": "0", "deny": str(self.denied)}
        voice = {"bitrate": 64000, "user_limit": 0} if self.type == VOICE else {}
        return {
            **written,
            "position": self.guild.channels.index(self),
            "parent_id": None,
            "topic": None,
            "nsfw": False,
            "rate_limit_per_user": 0,
            "permission_overwrites": [denied],
            **voice,
        }


@dataclass(eq=False)
class Message:
    """A message. `interaction` is set on answers to one; `only_for` on those one person sees.

    `tells_target`: whether it brings the message that it replies to; Discord leaves it out at will.
    """

    id: int
    channel: Channel
    author: User
    content: str = ""
    attachments: list[dict[str, Any]] = field(default_factory=list)
    embeds: list[dict[str, Any]] = field(default_factory=list)
    stickers: list[dict[str, Any]] = field(default_factory=list)
    components: list[dict[str, Any]] = field(default_factory=list)
    mentions: list[User] = field(default_factory=list)
    mention_roles: list[int] = field(default_factory=list)
    reply_to: Message | None = None
    reply_is_gone: bool = False
    tells_target: bool = True
    forwarded: Message | None = None
    type: int = 0
    flags: int = 0
    webhook: int | None = None
    interaction: int | None = None
    only_for: User | None = None
    pings: bool = True
    is_deleted: bool = False
    edited: str | None = None

    @property
    def labels(self) -> list[str]:
        """What its buttons say."""
        rows = [row for row in self.components if row["type"] == 1]
        return [button["label"] for row in rows for button in row["components"]]


@dataclass
class World:
    """Everything there is.

    Attributes:
        origin: Where its files are served.
    """

    token: str
    origin: str = ""
    flakes: Snowflakes = field(default_factory=Snowflakes)
    users: dict[int, User] = field(default_factory=dict)
    guilds: dict[int, Guild] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    messages: dict[int, Message] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    commands: list[dict[str, Any]] = field(default_factory=list)
    reads_everything: bool = False
    application_flags: int = 0

    def __post_init__(self) -> None:
        self.bot = User(self.flakes.new(), "Snowpeople", bot=True)
        self.users[self.bot.id] = self.bot
        self.application = self.flakes.new()

    def latest(self, guild: Guild) -> dict[Channel, int]:
        """Return the ids of the latest messages of a server's channels."""
        return {
            channel: max(message.id for message in said)
            for channel in guild.channels
            if (said := self.messages_of(channel))
        }

    def messages_of(self, channel: Channel, after: int = 0) -> list[Message]:
        """Return what everyone sees in a channel, from the oldest on."""
        return sorted(
            (
                message
                for message in self.messages.values()
                if message.channel is channel
                and message.id > after
                and message.only_for is None
                and not message.is_deleted
                and not message.flags & LOADING
            ),
            key=lambda message: message.id,
        )

    def attach(self, channel: Channel, data: bytes, name: str, **fields: Any) -> dict[str, Any]:
        """Keep a file; return it as an attachment. Fields that are None are left out."""
        id_ = self.flakes.new()
        path = f"/attachments/{channel.id}/{id_}/{name}"
        self.files[path] = data
        url = f"{self.origin}{path}?ex=1&is=2&hm=3"
        attachment = {
            "id": str(id_),
            "filename": name,
            "size": len(data),
            "url": url,
            "proxy_url": url,
            "content_type": mimetypes.guess_type(name)[0],
            **fields,
        }
        return {key: value for key, value in attachment.items() if value is not None}

    def proxied(self, data: bytes, url: str = "https://example.org/snow.png") -> dict[str, Any]:
        """Return a link's picture as an embed shows it: Discord's proxy has a copy."""
        path = f"/external/{self.flakes.new()}/{url.replace('://', '/')}"
        self.files[path] = data
        return {"url": url, "proxy_url": f"{self.origin}{path}", "width": 64, "height": 48}

    def sticker(self, data: bytes, format_type: int = 1) -> dict[str, Any]:
        id_ = self.flakes.new()
        suffix = {1: "png", 2: "png", 3: "json", 4: "gif"}[format_type]
        self.files[f"/stickers/{id_}.{suffix}"] = data
        return {"id": str(id_), "name": "snow", "format_type": format_type}

    def wire(self, message: Message, *, is_target: bool = False) -> dict[str, Any]:
        """Write a message as the bot gets it.

        Args:
            message: The message.
            is_target: Whether it is the target of the bot's message menu.
        """
        is_open = is_target or self.may_read(message)
        written: dict[str, Any] = {
            "id": str(message.id),
            "channel_id": str(message.channel.id),
            "author": message.author.wire(),
            "content": message.content,
            "attachments": message.attachments,
            "embeds": message.embeds,
            "components": message.components,
            "sticker_items": message.stickers,
            "timestamp": made_at(message.id),
            "edited_timestamp": message.edited,
            "tts": False,
            "mention_everyone": False,
            "mentions": [user.wire() for user in message.mentions],
            "mention_roles": [str(role) for role in message.mention_roles],
            "pinned": False,
            "type": message.type,
            "flags": message.flags,
        }
        if message.webhook is not None:
            written["webhook_id"] = str(message.webhook)
        if message.interaction is not None:
            person = message.only_for or self.bot
            written["interaction_metadata"] = {
                "id": str(message.interaction),
                "type": 2,
                "user": person.wire(),
                "authorizing_integration_owners": {},
            }
        if message.reply_to is not None or message.reply_is_gone:
            gone = message.reply_to is None or message.reply_to.is_deleted
            if message.tells_target:
                target = None if gone else self.wire(_there(message.reply_to))
                written["referenced_message"] = target
            written["message_reference"] = {
                "type": 0,
                "message_id": str(message.reply_to.id if message.reply_to else 1),
                "channel_id": str(message.channel.id),
            }
        if message.forwarded is not None:
            written["message_reference"] = {
                "type": 1,
                "message_id": str(message.forwarded.id),
                "channel_id": str(message.forwarded.channel.id),
            }
            snapshot = {**self.wire(message.forwarded, is_target=True)}
            written["message_snapshots"] = [
                {"message": snapshot if is_open else _emptied(snapshot)}
            ]
        return written if is_open else _emptied(written)

    def event(self, message: Message) -> dict[str, Any]:
        """Write a message as the gateway sends it."""
        guild = message.channel.guild
        if guild is None:
            return self.wire(message)
        member = guild.member(message.author)
        del member["user"]
        more = {} if message.webhook is not None else {"member": member}
        written = self.wire(message)
        for user, mention in zip(message.mentions, written["mentions"], strict=True):
            mention["member"] = guild.member(user)
            del mention["member"]["user"]
        return {**written, "guild_id": str(guild.id), **more}

    def may_read(self, message: Message) -> bool:
        """Return whether the bot is given what the message says, as Discord decides it."""
        if self.reads_everything or message.channel.guild is None or message.author is self.bot:
            return True
        if f"<@{self.bot.id}>" in message.content or f"<@!{self.bot.id}>" in message.content:
            return True
        target = message.reply_to
        is_ours = target is not None and target.author is self.bot and target.interaction is None
        return is_ours and message.pings

    def mentioned(self, content: str) -> list[User]:
        ids = dict.fromkeys(int(id_) for id_ in re.findall(r"<@!?(\d+)>", content))
        return [self.users[id_] for id_ in ids if id_ in self.users]


def _there(message: Message | None) -> Message:
    assert message is not None
    return message


def _emptied(written: Mapping[str, Any]) -> dict[str, Any]:
    return {**written, "content": "", "attachments": [], "embeds": [], "components": []}


def _role(id_: int, name: str, permissions: int) -> dict[str, Any]:
    return {
        "id": str(id_),
        "name": name,
        "permissions": str(permissions),
        "position": 0,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": name != "@everyone",
        "mentionable": False,
        "flags": 0,
    }

"""What there is in the tests' Telegram besides chats: people, files, messages, taps."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fakes.telegram.chats import Chat
    from tests.fakes.telegram.world import World

Json = dict[str, Any]

CONTENT = ("photo", "animation", "document", "sticker", "video", "video_note")


@dataclass(eq=False)
class User:
    """A person, or a bot."""

    id: int
    first_name: str
    language: str | None = None
    is_bot: bool = False
    username: str | None = None

    def json(self) -> Json:
        more = {"username": self.username, "language_code": self.language}
        return {
            "id": self.id,
            "is_bot": self.is_bot,
            "first_name": self.first_name,
            **{name: value for name, value in more.items() if value},
        }


@dataclass(eq=False)
class File:
    """What lies on the servers. name: what it is, for who wants to know what was downloaded."""

    id: str
    unique_id: str
    data: bytes
    name: str
    size: int
    width: int = 0
    height: int = 0
    path: str = ""

    def json(self, *, sides: bool = False) -> Json:
        about = {"file_id": self.id, "file_unique_id": self.unique_id, "file_size": self.size}
        return about | ({"width": self.width, "height": self.height} if sides else {})


@dataclass(eq=False)
class Message:
    """A message of a person or of the bot, as it is now.

    picture: what the bot uploaded. reaction: the bot's own.
    """

    chat: Chat
    raw: Json
    picture: bytes | None = None
    deleted: bool = False
    reaction: str = ""
    edits: int = 0

    @property
    def id(self) -> int:
        return int(self.raw["message_id"])

    @property
    def text(self) -> str:
        return str(self.raw.get("text") or self.raw.get("caption") or "")

    @property
    def is_bots(self) -> bool:
        return bool(self.raw.get("from", {}).get("id") == self.chat.world.bot.id)

    @property
    def reply_to(self) -> int | None:
        to: Json = self.raw.get("reply_to_message", {})
        return to.get("message_id")

    @property
    def topic(self) -> int | None:
        return self.raw.get("message_thread_id")

    @property
    def line(self) -> str:
        """The message as people read it."""
        who = self.raw.get("from", {}).get("first_name", "")
        what = next((name for name in CONTENT if name in self.raw), "")
        shown = f"[{what}] " if what else ""
        to = f" (to {self.reply_to})" if self.reply_to else ""
        buttons = "".join(f" [{text}]" for text in self.buttons)
        return f"{self.id:>4} {who}{to}: {shown}{self.text}{buttons}"

    @property
    def keyboard(self) -> list[list[Json]]:
        rows: list[list[Json]] = self.raw.get("reply_markup", {}).get("inline_keyboard", [])
        return rows

    @property
    def buttons(self) -> list[str]:
        return [button["text"] for row in self.keyboard for button in row]


@dataclass(eq=False)
class Tap:
    """Somebody's tap on a button. notice: what they were told; None while they still wait."""

    world: World
    id: str
    notice: str | None = None
    is_old: bool = False

    async def answered(self) -> str:
        await self.world.until(lambda: self.notice is not None)
        assert self.notice is not None
        return self.notice


@dataclass(eq=False)
class GuestQuery:
    """Somebody's mention of the bot in a chat that it is not in. answer: what the bot wrote."""

    world: World
    id: str
    answer: Json | None = None

    async def answered(self) -> Json:
        await self.world.until(lambda: self.answer is not None)
        assert self.answer is not None
        return self.answer


def entities_of(text: str) -> list[Json]:
    """Find what Telegram makes clickable, counted in UTF-16 units."""
    found = []
    for kind, pattern in (("bot_command", r"(?<!\S)/\w+(@\w+)?"), ("mention", r"(?<![\w/])@\w+")):
        for match in re.finditer(pattern, text):
            offset = len(text[: match.start()].encode("utf-16-le")) // 2
            found.append({"type": kind, "offset": offset, "length": len(match[0])})
    return [e for e in found if not (e["type"] == "mention" and _inside(e, found))]


def _inside(entity: Json, others: list[Json]) -> bool:
    return any(
        other is not entity
        and other["offset"] < entity["offset"] < other["offset"] + other["length"]
        for other in others
    )

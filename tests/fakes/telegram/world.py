"""The world of the tests' Telegram: who and what there is, and which news reach the bot."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Callable
from itertools import count

from PIL import Image, UnidentifiedImageError

from tests.fakes.telegram.chats import SUPERGROUPS, Chat
from tests.fakes.telegram.things import File, GuestQuery, Json, Message, Tap, User

ANONYMOUS_ADMIN, CHANNEL_USER, SERVICE = 1087968824, 136817688, 777000
# By their longer side, as Telegram's servers make them.
SIZES = (90, 320, 800, 1280)
PATIENCE = 15.0


class World:
    """Everybody and everything there is. privacy: whether the bot hears only what is meant for it.

    updates: what waits for the bot. deliver_: what else is done with an update.
    """

    def __init__(self) -> None:
        self.numbers = count(1000)
        self.bot = User(4242, "Snow people", is_bot=True, username="snowpeople_bot")
        self.privacy = True
        self.chats: dict[int, Chat] = {}
        self.files: dict[str, File] = {}
        self.taps: dict[str, Tap] = {}
        self.has_guest_mode = True
        self.has_ephemeral_messages = False
        # Who whispered to the bot, by their whispers' ids.
        self.heard: dict[int, int] = {}
        self.guest_queries: dict[str, GuestQuery] = {}
        self.updates: list[Json] = []
        self.allowed: list[str] | None = None
        self._next_update = 500
        self._changed = asyncio.Event()

    def person(self, name: str, language: str | None = None, id_: int | None = None) -> User:
        return User(id_ or next(self.numbers), name, language, username=None)

    def chat(self, id_: int, kind: str, title: str, bot_status: str = "left") -> Chat:
        chat = self.chats[id_] = Chat(self, id_, kind, title, bot_status)
        return chat

    def private(self, person: User) -> Chat:
        return self.chat(person.id, "private", person.first_name, "member")

    def group(self, title: str, *, bot: str = "member", supergroup: bool = True) -> Chat:
        number = next(self.numbers)
        if supergroup:
            return self.chat(SUPERGROUPS - number, "supergroup", title, bot)
        return self.chat(-number, "group", title, bot)

    def file(
        self, data: bytes, name: str, *, size: int | None = None, width: int = 0, height: int = 0
    ) -> File:
        number = next(self.numbers)
        length = len(data) if size is None else size
        file = File(f"AgAC-id-{number}", f"AQAD{number}", data, name, length, width, height)
        file.path = f"{name.split()[0]}s/file_{number}"
        self.files[file.id] = file
        return file

    def photo(self, data: bytes) -> list[File]:
        """Put a photo on the servers, in several sizes; bytes that are no picture stay as is."""
        try:
            picture = Image.open(io.BytesIO(data))
        except UnidentifiedImageError:
            return [
                self.file(data, f"photo {side}", width=side, height=side * 3 // 4) for side in SIZES
            ]
        sizes = []
        for side in SIZES:
            small = picture.convert("RGB")
            small.thumbnail((side, side))
            jpeg = io.BytesIO()
            small.save(jpeg, "JPEG")
            sizes.append(
                self.file(jpeg.getvalue(), f"photo {side}", width=small.width, height=small.height)
            )
            if max(picture.size) <= side:
                break
        return sizes

    def next_message_id(self, chat: Chat) -> int:
        return chat.messages[-1].id + 1 if chat.messages else 1

    def reaches_bot(self, message: Message) -> bool:
        """Return whether Telegram shows a message to the bot."""
        chat, raw = message.chat, message.raw
        if chat.bot_status in ("left", "kicked"):
            return False
        if chat.kind == "private" or not self.privacy or chat.bot_status == "administrator":
            return True
        if any(key.startswith("migrate_") for key in raw):
            return True
        commands = re.findall(r"(?<!\S)/\w+(?:@(\w+))?", message.text)
        if any(not name or name == self.bot.username for name in commands):
            return True
        to = raw.get("reply_to_message", {}).get("from", {})
        return bool(to.get("id") == self.bot.id)

    def deliver(self, kind: str, content: Json) -> Json:
        """Have an update wait for the bot, unless it does not want such."""
        if self.allowed is None or kind in self.allowed:
            self._next_update += 1
            self.updates.append({"update_id": self._next_update, kind: content})
        self.notify()
        return content

    def notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def until(self, is_so: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Wait until something is so; everything that happens here is followed by a look."""
        async with asyncio.timeout(seconds):
            while not is_so():
                await self._changed.wait()

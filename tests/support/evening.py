"""An evening in a family's chats, written down as people read it."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field
from typing import Any

from bot.domain import Label, Verdict
from bot.speech import Speaker
from tests.fakes.discord import world as discord
from tests.fakes.discord.rest import Interaction
from tests.fakes.discord.server import DiscordServer
from tests.fakes.telegram import things as telegram
from tests.fakes.telegram.chats import Chat

NAMES, LINE = 13, 100
MOVING = {"animation": "GIF", "sticker": "sticker", "video": "video", "video_note": "video note"}


def answer_pattern(speaker: Speaker) -> re.Pattern[str]:
    """Return what matches the beginning of any answer to a photo, also the first of an album."""
    verdicts = [
        Verdict(label, confidence, {}, unfamiliar, sure)
        for confidence in (0.66, 0.88)  # a doubt is spoken otherwise about a high number
        for label in (Label.OLAF, Label.ABOMINABLE)
        for unfamiliar, sure in ((False, True), (False, False), (True, False))
    ]
    answers = {
        speaker.photos.answer(verdict, variant)
        for verdict in verdicts
        for variant in range(speaker.photos.variants(verdict))
    }
    escaped = (re.sub("66|88", r"\\d\\d", re.escape(answer)) for answer in answers)
    return re.compile(f"(?:1\\. )?(?:{'|'.join(escaped)})")


@dataclass
class Page:
    """What is said in one chat, in its order."""

    title: str
    lines: list[str] = field(default_factory=list)

    def write(self, who: str, what: str) -> None:
        first, *more = what.replace("\N{NO-BREAK SPACE}", " ").splitlines() or [""]
        begin = f"  {who:<{NAMES}} "
        for number, paragraph in enumerate((first, *more)):
            self.lines += textwrap.wrap(
                paragraph,
                LINE,
                initial_indent=begin if number == 0 else " " * len(begin),
                subsequent_indent=" " * len(begin),
                break_long_words=False,
                break_on_hyphens=False,
            )

    def __str__(self) -> str:
        heading = f"── {self.title} "
        return "\n".join([heading.ljust(LINE, "─"), *self.lines, ""])


class TelegramPage(Page):
    """A chat on Telegram: who asks there waits for the answer."""

    def __init__(self, title: str, chat: Chat) -> None:
        super().__init__(title)
        self.chat = chat
        self.asked: list[telegram.Message] = []
        self.unheard: list[telegram.Message] = []

    async def ask(self, *messages: telegram.Message) -> telegram.Message:
        """Write down what somebody sent, one message or an album, and what the bot says to it."""
        self._send(*messages)
        self.asked.append(messages[0])
        self.unheard += messages[1:]
        answer = await self.chat.answer(messages[0])
        self.hear(answer)
        return answer

    def talk(self, message: telegram.Message) -> telegram.Message:
        """Write down what the bot does not hear, or leaves alone."""
        self._send(message)
        self.unheard.append(message)
        return message

    async def press(self, who: telegram.User, message: telegram.Message, button: str) -> str:
        """Tap a button, and write down what who tapped is told."""
        self.write(who.first_name, f"taps [{button}]")
        notice = await self.chat.press(who, message, button).answered()
        if notice:
            self.write(self.chat.world.bot.first_name, f"(to {who.first_name} alone) {notice}")
        return notice

    async def edited(self, message: telegram.Message, times: int) -> None:
        """Wait until the bot has changed a message of its own, and write that down."""
        await self.chat.world.until(lambda: message.edits == times)
        self.write(self.chat.world.bot.first_name, f"(changes it) {_said(message)}")

    def hear(self, message: telegram.Message) -> None:
        """Write down what the bot says."""
        self.write(self.chat.world.bot.first_name, _said(message))

    def counts(self) -> list[int]:
        """Return how many answers each question got."""
        return [len(self._to(message)) for message in self.asked]

    def unasked(self) -> list[str]:
        """Return what was said to messages that were not meant for the bot."""
        return [answer.text for message in self.unheard for answer in self._to(message)]

    def _to(self, message: telegram.Message) -> list[telegram.Message]:
        return [said for said in self.chat.bots if said.reply_to == message.id]

    def _send(self, *messages: telegram.Message) -> None:
        raw = messages[0].raw
        parts = [_what(message.raw) for message in messages]
        parts += [message.text for message in messages]
        if reply := raw.get("reply_to_message"):
            parts.append(f"(in reply to {reply['from']['first_name']})")
        self.write(raw["from"]["first_name"], " ".join(part for part in parts if part))


class DiscordPage(Page):
    """A channel of Discord, or a private chat there."""

    def __init__(self, title: str, server: DiscordServer, channel: discord.Channel) -> None:
        super().__init__(title)
        self.server = server
        self.channel = channel
        self.asked: list[discord.Message | Interaction] = []
        self.unheard: list[discord.Message] = []

    async def ask(
        self, who: discord.User, content: str = "", *given: Any, **more: Any
    ) -> discord.Message:
        """Send a message, write down what the bot says to it, and return that."""
        message = await self.send(who, content, *given, **more)
        self.asked.append(message)
        answer = await self.server.answer(message)
        self.hear(answer)
        return answer

    async def send(
        self, who: discord.User, content: str = "", *given: Any, **more: Any
    ) -> discord.Message:
        """Send a message, and write it down."""
        message = await self.server.send(who, self.channel, content, *given, **more)
        parts = ["[photo]" for _ in message.attachments] + ["[sticker]" for _ in message.stickers]
        parts += ["[forwarded photo]"] if message.forwarded else []
        parts += [self._plain(message.content)] if message.content else []
        parts += ["[the link's picture]" for _ in message.embeds]
        parts += [f"(in reply to {message.reply_to.author.name})"] if message.reply_to else []
        self.write(who.name, " ".join(parts))
        return message

    async def talk(self, who: discord.User, content: str, *given: Any) -> discord.Message:
        """Send what is not meant for the bot."""
        message = await self.send(who, content, *given)
        self.unheard.append(message)
        return message

    async def does(self, who: discord.User, what: str, interaction: Interaction) -> discord.Message:
        """Write down what somebody chose from a menu, and what the bot answers."""
        self.write(who.name, what)
        self.asked.append(interaction)
        answer = await self.server.answered(interaction)
        self.hear(answer)
        return answer

    async def press(self, who: discord.User, message: discord.Message, label: str) -> None:
        """Press a button, and write down what follows."""
        self.write(who.name, f"presses [{label}]")
        pressed = await self.server.press(who, message, label)
        self.hear(await self.server.followed_up(pressed))

    def hear(self, message: discord.Message) -> None:
        """Write down what the bot says."""
        alone = f"(only {message.only_for.name} sees this)" if message.only_for else ""
        pictures = [_picture(one["filename"]) for one in message.attachments]
        parts = [alone, *pictures, self._plain(message.content)]
        parts += [f"[{label}]" for label in message.labels]
        self.write(self.server.bot.name, " ".join(part for part in parts if part))

    def counts(self) -> list[int]:
        """Return how many answers each question got."""
        said = self.server.said
        return [
            len([a for a in said if a.interaction == one.id])
            if isinstance(one, Interaction)
            else len(self.server.answers(one))
            for one in self.asked
        ]

    def unasked(self) -> list[str]:
        """Return what was said to messages that were not meant for the bot."""
        return [said.content for said in self.server.said if said.reply_to in self.unheard]

    def _plain(self, content: str) -> str:
        return content.replace(self.server.bot.mention, f"@{self.server.bot.name}")


def _what(raw: dict[str, Any]) -> str:
    """Name what was sent besides words."""
    what = next((shown for name, shown in MOVING.items() if name in raw), "")
    if "photo" in raw:
        what = "photo"
    elif "document" in raw and not what:
        what = f"file {raw['document']['file_name']}"
    elif what == "sticker" and raw["sticker"]["is_animated"]:
        what = "moving sticker"
    if "forward_origin" in raw:
        what = f"forwarded {what}"
    return f"[{what}]" if what else ""


def _said(message: telegram.Message) -> str:
    picture = f"{_picture('where.png')} " if message.picture is not None else ""
    buttons = "".join(f" [{text}]" for text in message.buttons)
    return f"{picture}{message.text}{buttons}"


def _picture(name: str) -> str:
    return "[heat map]" if name.startswith("where") else "[the photo]"

"""A week in a family's chats: what people do there, and the pages that it is written down on."""

from __future__ import annotations

import asyncio
import base64
import textwrap
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote

from aiohttp import ClientSession, ClientWebSocketResponse

from bot.domain import Verdict
from tests.fakes.discord import world as discord
from tests.fakes.discord.server import DiscordServer
from tests.fakes.telegram import things as telegram
from tests.fakes.telegram.chats import Chat
from tests.fakes.telegram.given import Upload
from tests.fakes.telegram.server import TelegramServer
from tests.fakes.vision import FakeVision
from tests.fakes.web_room import Live

WIDTH, WHO = 100, 12
# Three of them guess within the thirty seconds that they have.
TAP_SECONDS = 8
FILE_LINES = 12
BOT = "the bot"


class Clock:
    """The time as the host has it, turned by hand."""

    def __init__(self, begin: datetime) -> None:
        self.now = begin

    def __call__(self) -> datetime:
        return self.now

    def turn(self, day: date, hour: int, minute: int = 0) -> None:
        """Go on to a time of a day."""
        later = datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
        assert later > self.now
        self.now = later


@dataclass
class Page:
    """What is said in one chat, in its order.

    heard: how many messages of the bot's are written down here.
    """

    title: str
    clock: Clock
    vision: FakeVision
    lines: list[str] = field(default_factory=list)
    heard: int = 0
    _day: date | None = None

    def write(self, who: str, what: str) -> None:
        """Write a line, under the heading of its day."""
        now = self.clock()
        if now.date() != self._day:
            self._day = now.date()
            self.lines += ["", f"  {now:%A, %B} {now.day}"]
        begin = f"  {now:%H:%M}  {who:<{WHO}} "
        for paragraph in what.replace("\N{NO-BREAK SPACE}", " ").splitlines() or [""]:
            self.lines += textwrap.wrap(
                paragraph,
                WIDTH,
                initial_indent=begin,
                subsequent_indent=" " * len(begin),
                break_long_words=False,
                break_on_hyphens=False,
            )
            begin = " " * len(begin)

    def act(self, who: str, what: str, *, after: int = 70) -> None:
        """Write down what somebody does, so many seconds later than what was before."""
        self.clock.now += timedelta(seconds=after)
        self.write(who, what)

    def whisper(self, to: str, text: str) -> None:
        """Write down what the bot says to one person alone."""
        self.write(BOT, f"(to {to} alone) {text}")

    def snap(self, what: str, sees: Verdict) -> bytes:
        """Take a photo of something, in which the bot sees so."""
        self.vision.sees[what.encode()] = sees
        return what.encode()

    def __str__(self) -> str:
        return "\n".join([f"── {self.title} ".ljust(WIDTH, "─"), *self.lines, ""])


class TelegramPage(Page):
    """A chat on Telegram."""

    def __init__(
        self, title: str, clock: Clock, vision: FakeVision, server: TelegramServer, chat: Chat
    ) -> None:
        super().__init__(title, clock, vision)
        self.server, self.chat = server, chat

    async def photo(
        self, who: telegram.User, what: str, sees: Verdict, caption: str = ""
    ) -> telegram.Message:
        """Send a photo, and return what the bot says to it."""
        message = self.chat.send_photo(who, self.snap(what, sees), caption=caption)
        self.act(who.first_name, f"[photo: {what}] {caption}".strip())
        return await self.hear(message)

    async def album(self, who: telegram.User, *photos: tuple[str, Verdict]) -> telegram.Message:
        """Send several photos at once."""
        messages = self.chat.send_album(who, [self.snap(*photo) for photo in photos])
        self.act(who.first_name, " ".join(f"[photo: {what}]" for what, _ in photos))
        return await self.hear(messages[0])

    async def ask(self, who: telegram.User, text: str) -> telegram.Message:
        """Write something, and return what the bot says to it."""
        message = self.chat.send_text(who, text)
        self.act(who.first_name, text)
        return await self.hear(message)

    def talk(self, who: telegram.User, text: str) -> None:
        """Write what is not for the bot."""
        self.chat.send_text(who, text)
        self.act(who.first_name, text)

    async def tap(
        self, who: telegram.User, message: telegram.Message, label: str, *, changes: bool = True
    ) -> str:
        """Tap a button; what the bot changes then, or whispers, is written down."""
        edits = message.edits
        self.act(who.first_name, f"taps [{label}]", after=TAP_SECONDS)
        notice = await self.chat.press(who, message, label).answered()
        if notice:
            self.whisper(who.first_name, notice)
        if changes:
            await self.server.until(lambda: message.edits > edits)
            self.write(BOT, f"(changes it) {self._said(message)}")
        return notice

    async def see(self, message: telegram.Message) -> None:
        """Write down what the bot has made of a message by now, once it does not change."""
        edits = -1
        while edits != message.edits:
            edits = message.edits
            await asyncio.sleep(0.1)
        self.write(BOT, f"(changes it) {self._said(message)}")

    async def hear(self, to: telegram.Message) -> telegram.Message:
        """Wait for what the bot says to a message."""
        said = await self.chat.answer(to)
        self.write(BOT, self._said(said))
        self.heard += 1
        return said

    async def hear_more(self, messages: int = 1) -> list[telegram.Message]:
        """Wait for so many messages that the bot says by itself."""
        await self.server.until(lambda: len(self.chat.bots) >= self.heard + messages)
        more = self.chat.bots[self.heard : self.heard + messages]
        for said in more:
            self.write(BOT, self._said(said))
        self.heard += messages
        return more

    def unheard(self) -> list[str]:
        """Return what the bot said besides."""
        return [said.text for said in self.chat.bots[self.heard :]]

    def _said(self, message: telegram.Message) -> str:
        parts = [message.text]
        if message.picture is not None:
            name = next(
                given["photo"].name
                for given in reversed(self.server.called("sendPhoto"))
                if isinstance(given["photo"], Upload) and given["photo"].data == message.picture
            )
            parts.insert(0, f"[picture: {name.removesuffix('.png')}]\n")
        elif "photo" in message.raw:
            file = self.server.files[message.raw["photo"][-1]["file_id"]]
            parts.insert(0, f"[photo: {file.data.decode()}] ")
        if document := message.raw.get("document"):
            parts.append(_file(document["file_name"], self.server.files[document["file_id"]].data))
        return _with_buttons("".join(parts), message.buttons)


class DiscordPage(Page):
    """A channel on Discord."""

    def __init__(
        self,
        title: str,
        clock: Clock,
        vision: FakeVision,
        server: DiscordServer,
        channel: discord.Channel,
    ) -> None:
        super().__init__(title, clock, vision)
        self.server, self.channel = server, channel

    async def photo(
        self, who: discord.User, what: str, sees: Verdict, caption: str = ""
    ) -> discord.Message:
        """Send a photo to the bot, and return what it says."""
        self.act(who.name, f"@{self.server.bot.name} [photo: {what}] {caption}".strip())
        photo = self.snap(what, sees)
        sent = await self.server.send(who, self.channel, caption, photo, mention=True)
        return self._hear(await self.server.answer(sent))

    async def slash(self, who: discord.User, name: str) -> discord.Message:
        """Use a slash command."""
        self.act(who.name, f"/{name}")
        interaction = await self.server.slash(who, self.channel, name)
        return self._hear(await self.server.answered(interaction))

    async def press(self, who: discord.User, message: discord.Message, label: str) -> None:
        """Press a button that changes what is there."""
        before = message.content, message.labels
        self.act(who.name, f"presses [{label}]", after=TAP_SECONDS)
        await self.server.press(who, message, label)
        await self.server.until(lambda: (message.content, message.labels) != before)
        self.write(BOT, f"(changes it) {self._said(message)}")

    async def press_for_more(
        self, who: discord.User, message: discord.Message, label: str
    ) -> discord.Message:
        """Press a button that leads to another message, and return that."""
        self.act(who.name, f"presses [{label}]", after=TAP_SECONDS)
        pressed = await self.server.press(who, message, label)
        return self._hear(await self.server.followed_up(pressed))

    async def press_in_vain(self, who: discord.User, message: discord.Message, label: str) -> str:
        """Press a button of somebody else's, and return what one is told."""
        self.act(who.name, f"presses [{label}]", after=TAP_SECONDS)
        pressed = await self.server.press(who, message, label)
        return self._hear(await self.server.followed_up(pressed)).content

    async def hear_more(self, messages: int = 1) -> None:
        """Wait for so many messages that the bot says by itself."""
        await self.server.until(lambda: len(self._here()) >= self.heard + messages)
        for said in self._here()[self.heard :][:messages]:
            self._hear(said)

    def unheard(self) -> list[str]:
        """Return what the bot said besides."""
        return [said.content for said in self._here()[self.heard :]]

    def _here(self) -> list[discord.Message]:
        return [said for said in self.server.said if said.channel is self.channel]

    def _hear(self, message: discord.Message) -> discord.Message:
        alone = f"(only {message.only_for.name} sees this) " if message.only_for else ""
        self.write(BOT, alone + self._said(message))
        self.heard += 1
        return message

    def _said(self, message: discord.Message) -> str:
        pictures = [
            f"[picture: {str(each.get('description') or each['filename']).splitlines()[0]}]\n"
            for each in message.attachments
        ]
        text = message.content.replace("\\", "").replace(
            self.server.bot.mention, f"@{self.server.bot.name}"
        )
        return _with_buttons("".join([*pictures, text]), message.labels)


class WebPage(Page):
    """One person's browser, in a web room."""

    def __init__(
        self, title: str, clock: Clock, vision: FakeVision, who: str, language: str, url: str
    ) -> None:
        super().__init__(title, clock, vision)
        self.who, self.url = who, url
        self._secret = "s" * 24
        self._headers = {
            "X-Player": self._secret,
            "X-Nickname": quote(who),
            "Accept-Language": language,
        }
        self._photos = 0
        self._changed: dict[str, dict[str, Any]] = {}
        self._told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def open(self, session: ClientSession) -> None:
        """Come into the room."""
        self._session = session
        self.act(self.who, "opens the room's link")
        live = await session.ws_connect(f"{self.url}/live", headers=self._headers)
        await live.send_json({"type": "hello", "player": self._secret, "name": self.who})
        self._listening = asyncio.create_task(self._listen(live))
        assert (await self._next("welcome"))["entries"] == []

    def close(self) -> None:
        """Leave the room."""
        self._listening.cancel()

    async def photo(self, what: str, sees: Verdict, caption: str = "") -> dict[str, Any]:
        """Show a photo, and return what the room shows then."""
        self._photos += 1
        self.act(self.who, f"[photo: {what}] {caption}".strip())
        headers = {"X-Photo-Id": f"{self._photos:016}", "X-Caption": quote(caption)}
        response = await self._session.post(
            f"{self.url}/photos", data=self.snap(what, sees), headers=self._headers | headers
        )
        assert response.status == 201, await response.text()
        return await self.hear()

    async def ask(self, name: str) -> dict[str, Any]:
        """Choose something from the menu."""
        self.act(self.who, f"chooses /{name}")
        answer = await self._post("commands", {"name": name})
        if (said := answer.get("private")) is None:
            return await self.hear()
        self.whisper(self.who, _of_web(said))
        return answer

    async def tap(self, entry: dict[str, Any], label: str, *, sends: bool = False) -> None:
        """Tap a button that changes what is there, or, if it sends, leads to a new message."""
        self.act(self.who, f"taps [{label}]", after=TAP_SECONDS)
        shown = self._changed.get(entry["id"], entry)
        buttons = [b for row in shown["answer"]["buttons"] for b in row]
        (data,) = [b["data"] for b in buttons if b["text"] == label]
        outcome = await self._post("presses", {"data": data, "entry": entry["id"]})
        assert outcome["notice"] == ""
        if sends:
            await self.hear()
            return
        changed = await self._next("edit")
        self._changed[entry["id"]] = changed["entry"]
        confetti = " *confetti*" if changed.get("cheer") else ""
        self.write(BOT, f"(changes it) {_of_web(changed['entry']['answer'])}{confetti}")

    async def hear(self) -> dict[str, Any]:
        """Wait for the next thing that the room shows."""
        event = await self._next("entry")
        entry: dict[str, Any] = event["entry"]
        told = entry.get("description")
        pictures = f"[picture: {told.splitlines()[0]}]\n" if told else ""
        shown = "".join(
            f"\n[that photo again] {each['caption']}" for each in entry.get("past_photos", ())
        )
        confetti = " *confetti*" if event.get("cheer") else ""
        self.write(BOT, f"{pictures}{_of_web(entry['answer'])}{shown}{confetti}")
        self.heard += 1
        return entry

    async def unheard(self) -> list[str]:
        """Return what the room shows besides, to somebody who comes late."""
        live = await self._session.ws_connect(f"{self.url}/live")
        await live.send_json({"type": "hello", "player": "l" * 24, "name": "Late"})
        entries = (await Live(live).receive("welcome"))["entries"]
        return [str(entry["answer"]["text"]) for entry in entries[self.heard :]]

    async def _listen(self, live: ClientWebSocketResponse) -> None:
        """Take what the room tells, and answer its pings, however long the test is busy."""
        async for message in live:
            self._told.put_nowait(message.json())

    async def _next(self, type_: str) -> dict[str, Any]:
        async with asyncio.timeout(10):
            while True:
                event: dict[str, Any] = await self._told.get()
                if event["type"] == type_:
                    return event

    async def _post(self, where: str, message: dict[str, Any]) -> dict[str, Any]:
        response = await self._session.post(
            f"{self.url}/{where}", json=message, headers=self._headers
        )
        assert response.status == 200, await response.text()
        answer: dict[str, Any] = await response.json()
        return answer


def _of_web(answer: dict[str, Any]) -> str:
    labels = [button["text"] for row in answer["buttons"] for button in row]
    text = _with_buttons(answer["text"], labels)
    if document := answer.get("document"):
        text += _file(document["name"], base64.b64decode(document["data"]))
    return text


def _with_buttons(text: str, labels: list[str]) -> str:
    return text + ("\n" + " ".join(f"[{label}]" for label in labels) if labels else "")


def _file(name: str, data: bytes) -> str:
    lines = data.decode().splitlines()
    more = [f"... and {len(lines) - FILE_LINES} lines more"] if len(lines) > FILE_LINES else []
    return "\n".join([f"\n[file: {name}]", *lines[:FILE_LINES], *more])

"""A Discord of our own, for tests: REST, gateway and files on a loopback port, and its people."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.fakes.discord.gateway import CONTENT, Gateway
from tests.fakes.discord.rest import Fault, Interaction, Rest
from tests.fakes.discord.world import (
    ADMINISTRATOR,
    EVERYTHING,
    GROUP,
    MANAGE_GUILD,
    POST,
    TEXT,
    Channel,
    Guild,
    Message,
    User,
    World,
    made_at,
)

TOKEN = "bot-under-test.abcdef.0123456789-abcdefghijklmnop"
SECONDS = 10.0
LOOK_SECONDS = 0.05


class DiscordServer:
    """Serves Discord at `api_url` and `gateway_url`, and acts for the people there.

    Attributes:
        said: Every message of the bot, in order.
        transcript: Everything, as a person reads it.
        cdn_requests: The path of every file that was asked for, and whether the token came along.
    """

    def __init__(self, token: str = TOKEN) -> None:
        self.token = token
        self.world = World(token)
        self.gateway = Gateway(self.world, self._notify)
        self.rest = Rest(self.world, self._bot_said, self._bot_edited, self._notify)
        self.said: list[Message] = []
        self.transcript: list[str] = []
        self.cdn_requests: list[tuple[str, bool]] = []
        self.cdn_faults: dict[str, str] = {}
        self.api_url = ""
        self._changed = asyncio.Event()
        self._sent: dict[int, dict[str, Any]] = {}
        self._runner: web.AppRunner | None = None

    @property
    def bot(self) -> User:
        return self.world.bot

    @property
    def gateway_url(self) -> str:
        return self.gateway.url

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        self.rest.routes(app)
        for path in ("/gateway", "/gateway/"):  # settings come without the slash
            app.router.add_get(path, self._gateway)
        app.router.add_get("/{path:.*}", self._file)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.world.origin = f"http://127.0.0.1:{port}"
        self.api_url = f"{self.world.origin}/api/v10"
        self.gateway.url = self.rest.gateway_url = f"ws://127.0.0.1:{port}/gateway/"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._runner is not None
        for session in self.gateway.live:
            if session.transport is not None:
                session.transport.abort()
        await self._runner.cleanup()

    # What there is.

    def user(self, name: str, **fields: Any) -> User:
        """Make a person; fields as in User."""
        user = User(self.world.flakes.new(), name, **fields)
        self.world.users[user.id] = user
        return user

    def guild(self, name: str, *channels: str, **fields: Any) -> Guild:
        """Make a server with text channels; the first is its system channel."""
        guild = Guild(self.world.flakes.new(), name, **fields)
        guild.bot_role = self.world.flakes.new()
        self.world.guilds[guild.id] = guild
        for channel in channels:
            self.channel(guild, channel)
        if guild.channels:
            guild.system_channel = guild.channels[0]
        return guild

    def channel(
        self, guild: Guild, name: str, type_: int = TEXT, parent: Channel | None = None
    ) -> Channel:
        """Make a channel; with a parent, a thread or a post of a forum."""
        kind = POST if parent is not None else type_
        channel = Channel(self.world.flakes.new(), name, kind, guild, parent)
        guild.channels.append(channel)
        self.world.channels[channel.id] = channel
        return channel

    def group(self, *people: User) -> Channel:
        """Make a group chat of people, which no bot can be in."""
        name = ", ".join(person.name for person in people)
        channel = Channel(self.world.flakes.new(), name, GROUP)
        self.world.channels[channel.id] = channel
        return channel

    def allow_message_content(self) -> None:
        """Turn on the Message Content intent, as the owner does in the developer portal."""
        self.world.application_flags = 1 << 19
        self.gateway.approved = CONTENT

    def dm(self, user: User) -> Channel:
        """Return a person's private chat with the bot."""
        return self.rest.private(user)

    # What people do.

    async def send(
        self,
        author: User,
        channel: Channel,
        content: str = "",
        *pictures: bytes | Mapping[str, Any],
        mention: bool = False,
        reply_to: Message | None = None,
        pings: bool = True,
        forward: Message | None = None,
        stickers: Sequence[Mapping[str, Any]] = (),
        embeds: Sequence[Mapping[str, Any]] = (),
        age: float = 0.0,
        **fields: Any,
    ) -> Message:
        """Send a message. A picture is its bytes, or an attachment that was made with `attach`."""
        if mention:
            content = f"{self.bot.mention} {content}".strip()
        message = Message(self.world.flakes.new(age), channel, author, content, **fields)
        for number, picture in enumerate(pictures, 1):
            if isinstance(picture, bytes):
                picture = self.world.attach(channel, picture, f"photo-{number}.png")
            message.attachments.append(dict(picture))
        message.stickers = [dict(sticker) for sticker in stickers]
        message.embeds = [dict(embed) for embed in embeds]
        message.mentions = self.world.mentioned(content)
        message.reply_to, message.forwarded, message.pings = reply_to, forward, pings
        if reply_to is not None:
            message.type = 19
            if pings and reply_to.author not in message.mentions:
                message.mentions.append(reply_to.author)
        self.world.messages[message.id] = message
        self._write(message)
        await self._emit("MESSAGE_CREATE", self.world.event(message), channel)
        return message

    async def edit(self, message: Message, **fields: Any) -> None:
        """Change a message; embeds come that way too, when Discord has looked at a link."""
        for name, value in fields.items():
            setattr(message, name, value)
        await self._emit("MESSAGE_UPDATE", self.world.event(message), message.channel)

    async def delete(self, message: Message) -> None:
        """Delete a message."""
        message.is_deleted = True
        data = {"id": str(message.id), "channel_id": str(message.channel.id)}
        if message.channel.guild is not None:
            data["guild_id"] = str(message.channel.guild.id)
        await self._emit("MESSAGE_DELETE", data, message.channel)

    async def slash(
        self,
        user: User,
        channel: Channel,
        name: str,
        photo: bytes | Mapping[str, Any] | None = None,
        *,
        is_granted: bool = False,
        arguments: Mapping[str, str] | None = None,
    ) -> Interaction:
        """Use a slash command, as far as the bot has told Discord of it.

        Args:
            user: Who.
            channel: Where.
            name: The command's.
            photo: Its bytes, or an attachment that was made with `attach`.
            is_granted: Whether the server's settings offer this person what is hidden from others.
            arguments: Options that are texts, by name.
        """
        command = self._command(name, 1)
        assert is_granted or name in self.offered(user, channel), f"/{name} is hidden"
        data: dict[str, Any] = {"id": command["id"], "name": name, "type": 1, "options": []}
        if photo is not None:
            assert any(o["type"] == 11 for o in command.get("options", [])), f"/{name} has no photo"
            if isinstance(photo, bytes):
                photo = self.world.attach(channel, photo, "slash.png")
            data["options"] = [{"name": "photo", "type": 11, "value": photo["id"]}]
            data["resolved"] = {"attachments": {photo["id"]: dict(photo)}}
        arguments = arguments or {}
        for option, text in arguments.items():
            (known,) = [o for o in command.get("options", []) if o["name"] == option]
            offered = [choice["value"] for choice in known.get("choices", [])]
            assert known["type"] == 3
            assert not offered or text in offered, f"{option} cannot be {text}"
            data["options"].append({"name": option, "type": 3, "value": text})
        shown = "".join(f" {text}" for text in arguments.values()) + (" [photo]" if photo else "")
        self.transcript.append(f"{_place(channel)} {user.name} uses /{name}{shown}")
        return await self._interact(user, channel, 2, data)

    def offered(self, user: User, channel: Channel) -> list[str]:
        """Return the slash commands that a person sees in a channel."""
        rights = _rights(user)
        return [
            command["name"]
            for command in self.world.commands
            if command.get("type", 1) == 1
            and channel.context in (command.get("contexts") or [0, 1])
            and int(not channel.has_bot) in (command.get("integration_types") or [0])
            and (
                channel.guild is None or _may_use(rights, command.get("default_member_permissions"))
            )
        ]

    async def menu(self, user: User, message: Message) -> Interaction:
        """Choose the bot's entry of the message menu ('Apps')."""
        command = next(c for c in self.world.commands if c.get("type") == 3)
        target = str(message.id)
        data = {
            "id": command["id"],
            "name": command["name"],
            "type": 3,
            "target_id": target,
            "resolved": {"messages": {target: self.world.wire(message, is_target=True)}},
        }
        place = _place(message.channel)
        name = command.get("name_localizations", {}).get(user.locale, command["name"])
        self.transcript.append(f"{place} {user.name} chooses Apps > {name}")
        return await self._interact(user, message.channel, 2, data)

    async def press(self, user: User, message: Message, label: str) -> Interaction:
        """Press a button under a message of the bot's, by what it says."""
        found = [b for row in message.components for b in row["components"]]
        button = next(b for b in found if label in b["label"])
        self.transcript.append(f"{_place(message.channel)} {user.name} presses [{button['label']}]")
        data = {"custom_id": button["custom_id"], "component_type": 2, "id": 1}
        return await self._interact(user, message.channel, 3, data, message)

    async def submit(
        self, user: User, opened: Interaction, *pictures: bytes | Mapping[str, Any]
    ) -> Interaction:
        """Put files into the form that a press has opened, and send it."""
        assert opened.form is not None
        (label,) = opened.form["components"]
        files = [
            self.world.attach(opened.channel, file, "IMG_1.jpg")
            if isinstance(file, bytes)
            else file
            for file in pictures
        ]
        ids = [file["id"] for file in files]
        place = {"type": 19, "id": 2, "custom_id": label["component"]["custom_id"], "values": ids}
        data = {
            "custom_id": opened.form["custom_id"],
            "components": [{"type": 18, "id": 1, "component": place}],
            "resolved": {"attachments": {file["id"]: dict(file) for file in files}},
        }
        self.transcript.append(f"{_place(opened.channel)} {user.name} shows {len(files)} files")
        return await self._interact(user, opened.channel, 5, data, opened.message)

    async def again(self, interaction: Interaction) -> None:
        """Send an interaction once more, as the gateway may after a RESUME."""
        await self._emit("INTERACTION_CREATE", self._sent[interaction.id], interaction.channel)

    async def invite(self, guild: Guild) -> None:
        """Invite the bot to a server that was made meanwhile."""
        guild.joined = made_at(self.world.flakes.new())
        await self.gateway.emit("GUILD_CREATE", guild.wire(self.bot), guild.id)

    async def kick(self, guild: Guild) -> None:
        """Throw the bot out of a server."""
        self.world.guilds.pop(guild.id)
        await self.gateway.emit("GUILD_DELETE", {"id": str(guild.id)}, guild.id)

    # What tests wait for.

    async def until(self, condition: Callable[[], object], seconds: float = SECONDS) -> None:
        """Wait until something is true."""
        async with asyncio.timeout(seconds):
            while not condition():
                with suppress(TimeoutError):  # the bot's own state may be what it is about
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._changed.wait()

    async def ready(self, times: int = 1) -> None:
        """Wait until the bot has identified, on all shards."""
        await self.until(lambda: len(self.gateway.live) == self.rest.shards)
        await self.until(lambda: self.gateway.identified >= times)

    def answers(self, message: Message) -> list[Message]:
        """Return what the bot said in reply to a message."""
        return [said for said in self.said if said.reply_to is message]

    async def answer(self, message: Message) -> Message:
        """Wait for the bot's reply to a message, and return it."""
        await self.until(lambda: self.answers(message))
        return self.answers(message)[0]

    async def answered(self, interaction: Interaction) -> Message:
        """Wait until the bot has answered a command, and return that."""
        await self.until(lambda: interaction.is_answered)
        assert interaction.answer is not None
        return interaction.answer

    async def followed_up(self, interaction: Interaction) -> Message:
        """Wait until the bot has said something to a press, and return that."""
        await self.until(lambda: interaction.followups)
        return interaction.followups[0]

    # What goes wrong.

    def fail(self, method: str, path: str, status: int = 0, times: int = 1, **fields: Any) -> Fault:
        """Let the next requests fail whose path the pattern is found in; fields as in Fault."""
        fault = Fault(method, re.compile(path), times, status, **fields)
        self.rest.faults.append(fault)
        return fault

    @contextmanager
    def garbled(
        self, event: str, which: Callable[[Mapping[str, Any]], bool], field: str
    ) -> Iterator[None]:
        """Send events of a kind with a field that is not as it always was, while the block lasts.

        Args:
            event: The kind.
            which: Chooses among them by their data.
            field: The field's name.
        """

        def garble(name: str, data: dict[str, Any]) -> dict[str, Any]:
            is_hit = name == event and which(data)
            return {**data, field: [{"of": "tomorrow"}]} if is_hit else data

        before, self.gateway.garble = self.gateway.garble, garble
        try:
            yield
        finally:
            self.gateway.garble = before

    def spoil(self, attachment: Mapping[str, Any], how: str) -> None:
        """Let a file be `missing`, `expired`, `slow` (a byte a second), or `endless`.

        `broken` and `broken once` cut it in the middle; `redirect <address>` leads elsewhere; a
        number is answered as a status.
        """
        path = attachment["url"].removeprefix(self.world.origin).partition("?")[0]
        self.cdn_faults[path] = how

    def read(self, message: Message, index: int = 0) -> bytes:
        """Return the bytes of a message's attachment."""
        url = message.attachments[index]["url"]
        return self.world.files[url.removeprefix(self.world.origin).partition("?")[0]]

    async def _gateway(self, request: web.Request) -> web.WebSocketResponse:
        return await self.gateway.serve(request)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        has_token = "Authorization" in request.headers
        self.cdn_requests.append((request.path, has_token))
        self._notify()
        how, data = self.cdn_faults.get(request.path, ""), self.world.files.get(request.path)
        if data is None or how == "missing":
            return web.Response(status=404)
        if how == "expired":
            return web.Response(status=404, text="This content is no longer available.")
        if how.startswith("redirect "):
            return web.Response(status=302, headers={"Location": how.partition(" ")[2]})
        if how.isdigit():
            return web.Response(status=int(how))
        response = web.StreamResponse()
        if how != "endless":
            response.content_length = len(data)
        await response.prepare(request)
        if how.startswith("broken"):
            if how == "broken once":
                del self.cdn_faults[request.path]
            await response.write(data[: len(data) // 2])
            assert request.transport is not None
            request.transport.abort()
            return response
        if how == "slow":
            for byte in data:
                await response.write(bytes((byte,)))
                await asyncio.sleep(1)
        while how == "endless":
            await response.write(data)
        await response.write(data)
        return response

    async def _interact(
        self,
        user: User,
        channel: Channel,
        type_: int,
        data: dict[str, Any],
        message: Message | None = None,
    ) -> Interaction:
        interaction = Interaction(
            self.world.flakes.new(), secrets.token_hex(16), user, channel, time.monotonic(), message
        )
        self.rest.interactions[interaction.token] = interaction
        rights = _rights(user)
        payload: dict[str, Any] = {
            "id": str(interaction.id),
            "application_id": str(self.world.application),
            "type": type_,
            "token": interaction.token,
            "version": 1,
            "data": data,
            "channel_id": str(channel.id),
            "channel": channel.wire(),
            "locale": user.locale,
            "app_permissions": str(channel.allowed),
            "attachment_size_limit": 10 * 1024 * 1024,
            "entitlements": [],
            "authorizing_integration_owners": {} if channel.has_bot else {"1": str(user.id)},
            "context": channel.context,
        }
        if channel.guild is not None:
            payload["guild_id"] = str(channel.guild.id)
            payload["guild"] = {"id": str(channel.guild.id), "features": [], "locale": "en-US"}
            payload["guild_locale"] = channel.guild.locale
            payload["member"] = channel.guild.member(user, rights)
        else:
            payload["user"] = user.wire()
        if message is not None:
            payload["message"] = self.world.wire(message)
        self._sent[interaction.id] = payload
        await self._emit("INTERACTION_CREATE", payload, channel)
        return interaction

    def _command(self, name: str, type_: int) -> dict[str, Any]:
        for command in self.world.commands:
            if command["name"] == name and command.get("type", 1) == type_:
                return command
        raise AssertionError(f"the bot has not told Discord of {name}")

    async def _emit(self, event: str, data: dict[str, Any], channel: Channel) -> None:
        if not channel.has_bot and event != "INTERACTION_CREATE":
            return
        await self.gateway.emit(event, data, channel.guild.id if channel.guild else 0)

    async def _bot_said(self, message: Message) -> None:
        self.said.append(message)
        self._write(message)
        if message.only_for is None:
            await self._emit("MESSAGE_CREATE", self.world.event(message), message.channel)

    async def _bot_edited(self, message: Message) -> None:
        self._write(message, is_edit=True)
        await self._emit("MESSAGE_UPDATE", self.world.event(message), message.channel)

    def _write(self, message: Message, *, is_edit: bool = False) -> None:
        """Write a message into the transcript."""
        edits = " edits" if is_edit else ""
        parts = [f"{_place(message.channel)} {message.author.name}{edits}:"]
        if message.only_for is not None:
            parts[0] = f"{parts[0][:-1]} (only for {message.only_for.name}):"
        if message.reply_to is not None:
            parts.append(f"(to {message.reply_to.author.name})")
        if message.content:
            parts.append(message.content.replace(self.bot.mention, f"@{self.bot.name}"))
        parts += [f"[{a['filename']}]" for a in message.attachments]
        parts += ["[sticker]" for _ in message.stickers] + ["[link]" for _ in message.embeds]
        parts += ["[forwarded]"] if message.forwarded else []
        parts += [f"<{label}>" for label in message.labels]
        self.transcript.append(" ".join(parts))

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def _rights(user: User) -> int:
    return EVERYTHING | (ADMINISTRATOR | MANAGE_GUILD if user.is_admin else 0)


def _may_use(rights: int, wanted: str | None) -> bool:
    if wanted is None or rights & ADMINISTRATOR:
        return True
    return int(wanted) > 0 and rights & int(wanted) == int(wanted)  # 0 is for admins alone


def _place(channel: Channel) -> str:
    return f"#{channel.name}" if channel.guild else "(private)"

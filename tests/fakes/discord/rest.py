"""The REST API of the tests' Discord: it accepts and refuses what the real one does."""

from __future__ import annotations

import asyncio
import re
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from tests.fakes.discord.checks import check_command, check_form, check_message, payload_of
from tests.fakes.discord.world import (
    ATTACH,
    DM,
    EPHEMERAL,
    HISTORY,
    IN_THREADS,
    LOADING,
    NO_EMBEDS,
    POST,
    SEND,
    SILENT,
    VIEW,
    Channel,
    Message,
    Refusal,
    User,
    World,
    bad,
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
REQUESTS_A_SECOND = 50
FIRST_RESPONSE_SECONDS = 3.0
# Of all messages of one channel, as its headers tell.
EDITS = 5


@dataclass(eq=False)
class Interaction:
    """Something that a person did with the bot's commands or buttons.

    Attributes:
        id: Its own.
        token: Whoever knows it may answer.
        user: Who did it.
        channel: Where.
        began: When, in seconds of the monotonic clock.
        message: The one with the button.
        acknowledged: How, by the callback's type; None until then.
        is_ephemeral: Whether only the person sees the answer.
        was_late: Whether it was acknowledged after three seconds, in vain.
        answer: The message that it became.
        followups: Further ones.
        form: What it opened, if it opened a form.
    """

    id: int
    token: str
    user: User
    channel: Channel
    began: float
    message: Message | None = None
    acknowledged: int | None = None
    is_ephemeral: bool = False
    was_late: bool = False
    answer: Message | None = None
    followups: list[Message] = field(default_factory=list)
    form: dict[str, Any] | None = None

    @property
    def is_answered(self) -> bool:
        """Whether the bot is no longer thinking."""
        return self.answer is not None and not self.answer.flags & LOADING


@dataclass(eq=False)
class Fault:
    """What goes wrong with the next requests that match.

    Attributes:
        method: Of the requests, such as `POST`; `*` for all.
        path: Is found in their paths.
        times: How many of them are still to come.
        status: Answered instead of dealing with the request, if it is not 0.
        retry_after: Seconds, told with a status of 429.
        is_global: Whether that limit is the one over all.
        drops: Whether the connection breaks `before` the request is dealt with, or `after`.
        held_until: The request is dealt with only when this is set.
        code: Discord's own, in the body of an error.
        message: What the body of an error says.
        errors: What is wrong with single fields, in the body of an error.
        is_page: Whether it is no answer of Discord's, but the page of a proxy on the way.
    """

    method: str
    path: re.Pattern[str]
    times: int
    status: int = 0
    retry_after: float = 0.0
    is_global: bool = False
    drops: str = ""
    held_until: asyncio.Event | None = None
    code: int | None = None
    message: str = ""
    errors: Mapping[str, Any] | None = None
    is_page: bool = False


class Rest:
    """Serves the API; the server around it is told of every message and every edit.

    Attributes:
        edit_seconds: In how many seconds a channel's messages may be edited five times.
    """

    def __init__(
        self,
        world: World,
        said: Callable[[Message], Awaitable[None]],
        edited: Callable[[Message], Awaitable[None]],
        changed: Callable[[], None],
    ) -> None:
        self._world = world
        self._said = said
        self._edited = edited
        self._changed = changed
        self._recent: deque[float] = deque()
        self._edits: defaultdict[int, deque[float]] = defaultdict(deque)
        self.edit_seconds = 5.0
        self._nonces: dict[tuple[int, str], Message] = {}
        self.gateway_url = ""
        self.shards = self.concurrency = 1
        self.faults: list[Fault] = []
        self.interactions: dict[str, Interaction] = {}
        self.requests: list[tuple[str, str, int]] = []
        self.synced = 0

    def routes(self, app: web.Application) -> None:
        """Add the routes of version 10."""
        api = web.Application(middlewares=[self._guard])
        hook, at_original = "/webhooks/{app}/{token}", "/webhooks/{app}/{token}/messages/{message}"
        api.add_routes(
            [
                web.get("/users/@me", self._me),
                web.get("/users/@me/guilds", self._guilds),
                web.post("/users/@me/channels", self._open_dm),
                web.get("/oauth2/applications/@me", self._application),
                web.get("/gateway/bot", self._gateway),
                web.get("/applications/{app}/commands", self._commands),
                web.put("/applications/{app}/commands", self._sync),
                web.get("/channels/{channel}", self._channel),
                web.post("/channels/{channel}/messages", self._send),
                web.get("/channels/{channel}/messages", self._history),
                web.get("/channels/{channel}/messages/{message}", self._fetch),
                web.patch("/channels/{channel}/messages/{message}", self._edit),
                web.delete("/channels/{channel}/messages/{message}", self._delete),
                web.get("/guilds/{guild}/members/{user}", self._member),
                web.post("/interactions/{interaction}/{token}/callback", self._callback),
                web.post(hook, self._follow_up),
                web.get(at_original, self._webhook_fetch),
                web.patch(at_original, self._webhook_edit),
                web.delete(at_original, self._webhook_delete),
            ]
        )
        app.add_subapp("/api/v10", api)

    def count(self, method: str, path: str, status: int | None = None) -> int:
        """Return how many requests were made whose path the pattern is found in."""
        return sum(
            method == m and re.search(path, p) is not None and status in (None, s)
            for m, p, s in self.requests
        )

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        path = request.path.removeprefix("/api/v10")
        fault = self._fault(request.method, path)
        response: web.StreamResponse
        try:
            if fault is not None and fault.held_until is not None:
                await fault.held_until.wait()
            if fault is not None and fault.drops == "before":
                raise _Dropped
            if fault is not None and fault.status:
                response = _failure(fault)
            else:
                self._admit(request, path)
                response = await handler(request)
            if fault is not None and fault.drops == "after":
                raise _Dropped
        except _Dropped:
            if request.transport is not None:
                request.transport.abort()
            response = web.Response()
        except Refusal as refusal:
            headers = {"Via": "1.1 fake"} if refusal.status == 429 else {}
            response = web.json_response(refusal.body, status=refusal.status, headers=headers)
        except web.HTTPException as missing:
            response = web.json_response({"code": 0, "message": "404"}, status=missing.status)
        if response.content_type == "application/json":
            response.headers["Content-Type"] = "application/json"  # Discord names no charset
        self.requests.append((request.method, path, response.status))
        self._changed()
        return response

    def _fault(self, method: str, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.times and fault.method in ("*", method) and fault.path.search(path):
                fault.times -= 1
                return fault
        return None

    def _admit(self, request: web.Request, path: str) -> None:
        if path.startswith(("/interactions/", "/webhooks/")):
            return  # they know a secret of their own, and do not count
        if request.headers.get("Authorization") != f"Bot {self._world.token}":
            raise Refusal(401, 0, "401: Unauthorized")
        now = time.monotonic()
        while self._recent and self._recent[0] <= now - 1:
            self._recent.popleft()
        if len(self._recent) >= REQUESTS_A_SECOND:
            wait = self._recent[0] + 1 - now
            raise Refusal(
                429, 0, "You are being rate limited.", retry_after=wait, **{"global": True}
            )
        self._recent.append(now)

    async def _me(self, _: web.Request) -> web.Response:
        return web.json_response(self._world.bot.wire())

    async def _guilds(self, _: web.Request) -> web.Response:
        entered = [guild for guild in self._world.guilds.values() if guild.has_bot]
        return web.json_response(
            [
                {"id": str(guild.id), "name": guild.name, "permissions": str(guild.granted)}
                for guild in entered
            ]
        )

    async def _application(self, _: web.Request) -> web.Response:
        owner = self._world.bot.wire()
        written = {
            "id": str(self._world.application),
            "name": "snowpeople",
            "icon": None,
            "description": "",
            "bot_public": True,
            "bot_require_code_grant": False,
            "verify_key": "",
            "flags": self._world.application_flags,
            "owner": owner,
            "team": None,
        }
        return web.json_response(written)

    async def _gateway(self, _: web.Request) -> web.Response:
        limit = {
            "total": 1000,
            "remaining": 999,
            "reset_after": 1000,
            "max_concurrency": self.concurrency,
        }
        return web.json_response(
            {"url": self.gateway_url, "shards": self.shards, "session_start_limit": limit}
        )

    async def _commands(self, _: web.Request) -> web.Response:
        return web.json_response(self._world.commands)

    async def _sync(self, request: web.Request) -> web.Response:
        given = await request.json()
        known = set()
        for command in given:
            check_command(command)
            key = (command["name"], command.get("type", 1))
            if key in known:
                raise bad(name="Application command names must be unique")
            known.add(key)
        self.synced += 1
        self._world.commands = [
            {
                "dm_permission": True,
                "description": "",
                **command,
                "default_member_permissions": _bits(command.get("default_member_permissions")),
                "id": str(self._world.flakes.new()),
                "application_id": str(self._world.application),
                "version": "1",
            }
            for command in given
        ]
        return web.json_response(self._world.commands)

    async def _open_dm(self, request: web.Request) -> web.Response:
        person = self._world.users.get(int((await request.json())["recipient_id"]))
        if person is None or person.bot:
            raise Refusal(400, 50033, "Invalid Recipient(s)")
        return web.json_response(self.private(person).wire())

    def private(self, person: User) -> Channel:
        """Return the private chat with a person."""
        for channel in self._world.channels.values():
            if channel.person is person:
                return channel
        channel = Channel(self._world.flakes.new(), "", DM, person=person)
        self._world.channels[channel.id] = channel
        return channel

    async def _channel(self, request: web.Request) -> web.Response:
        return web.json_response(self._seen_channel(request).wire())

    async def _member(self, request: web.Request) -> web.Response:
        guild = self._world.guilds[int(request.match_info["guild"])]
        user = self._world.users.get(int(request.match_info["user"]))
        if user is None:
            raise Refusal(404, 10007, "Unknown Member")
        return web.json_response(guild.member(user))

    async def _send(self, request: web.Request) -> web.Response:
        channel = self._seen_channel(request)
        payload, files = await payload_of(request)
        check_message(payload, files)
        self._check_may_write(channel, bool(files))
        nonce = str(payload.get("nonce", ""))
        if payload.get("enforce_nonce") and (known := self._nonces.get((channel.id, nonce))):
            return web.json_response({**self._world.wire(known), "nonce": nonce})
        message = self._compose(channel, payload, files)
        self._refer(message, payload)
        if nonce:
            self._nonces[channel.id, nonce] = message
        await self._publish(message)
        return web.json_response({**self._world.wire(message), "nonce": nonce})

    def _refer(self, message: Message, payload: Mapping[str, Any]) -> None:
        reference = payload.get("message_reference")
        if reference is None:
            return
        if message.channel.guild and not message.channel.allowed & HISTORY:
            told = "Cannot reply without permission to read message history"
            raise Refusal(400, 160002, told)
        target = self._world.messages.get(int(reference["message_id"]))
        if target is None or target.is_deleted:
            if reference.get("fail_if_not_exists", True):
                raise bad(message_reference="Unknown message")
            return
        message.reply_to, message.type = target, 19
        allowed = payload.get("allowed_mentions")
        if allowed is None or allowed.get("replied_user", False):
            message.mentions.append(target.author)

    async def _history(self, request: web.Request) -> web.Response:
        channel = self._seen_channel(request)
        if channel.guild is not None and not channel.allowed & HISTORY:
            return web.json_response([])  # as it is documented: no error
        limit, after = int(request.query.get("limit", 50)), int(request.query.get("after", 0))
        if not 1 <= limit <= 100:
            raise bad(limit="int value should be less than or equal to 100.")
        found = self._world.messages_of(channel, after)[:limit]
        return web.json_response([self._world.wire(message) for message in reversed(found)])

    async def _fetch(self, request: web.Request) -> web.Response:
        channel = self._seen_channel(request)
        if channel.guild is not None and not channel.allowed & HISTORY:
            raise Refusal(403, 50013, "Missing Permissions")
        return web.json_response(self._world.wire(self._seen_message(request)))

    async def _edit(self, request: web.Request) -> web.Response:
        message = self._seen_message(request)
        if message.author is not self._world.bot:
            raise Refusal(403, 50005, "Cannot edit a message authored by another user")
        if message.channel.archived:
            raise Refusal(400, 50083, "Thread is archived")
        self._admit_edit(message.channel)
        payload, files = await payload_of(request)
        if files:
            self._check_may_write(message.channel, has_files=True)
        left = payload.get("attachments", message.attachments)
        if not (payload.get("content", message.content) or files or left or message.embeds):
            raise Refusal(400, 50006, "Cannot send an empty message")
        self._change(message, payload, files)
        message.edited = datetime.now(UTC).isoformat()
        if "content" in payload:  # made anew, by what this request allows
            message.mentions = self._pinged(payload)
        await self._edited(message)
        return web.json_response(self._world.wire(message))

    def _admit_edit(self, channel: Channel) -> None:
        recent, now = self._edits[channel.id], time.monotonic()
        while recent and recent[0] <= now - self.edit_seconds:
            recent.popleft()
        if len(recent) >= EDITS:
            wait = recent[0] + self.edit_seconds - now
            raise Refusal(
                429, 0, "You are being rate limited.", retry_after=wait, **{"global": False}
            )
        recent.append(now)

    async def _delete(self, request: web.Request) -> web.Response:
        self._seen_message(request).is_deleted = True
        return web.Response(status=204)

    async def _callback(self, request: web.Request) -> web.Response:
        given = await request.json()
        interaction = self.interactions.get(request.match_info["token"])
        if interaction is None or str(interaction.id) != request.match_info["interaction"]:
            raise Refusal(404, 10062, "Unknown interaction")
        if interaction.acknowledged is not None:
            raise Refusal(400, 40060, "Interaction has already been acknowledged.")
        if time.monotonic() - interaction.began > FIRST_RESPONSE_SECONDS:
            interaction.was_late = True
            raise Refusal(404, 10062, "Unknown interaction")
        kind, data = given["type"], given.get("data") or {}
        if kind not in (4, 5, 6, 7, 9) or (kind in (6, 7) and interaction.message is None):
            raise bad(type="Invalid interaction callback type")
        if kind == 9:
            check_form(data)
            interaction.acknowledged, interaction.form = kind, data
            self._changed()
            written = {"id": str(interaction.id), "type": 3, "response_message_loading": False}
            return web.json_response({"interaction": written, "resource": {"type": kind}})
        interaction.acknowledged = kind
        interaction.is_ephemeral = bool(data.get("flags", 0) & EPHEMERAL)
        if kind in (6, 7):
            interaction.answer = interaction.message
        else:
            thinking = Message(
                self._world.flakes.new(),
                interaction.channel,
                self._world.bot,
                flags=LOADING | (EPHEMERAL if interaction.is_ephemeral else 0),
                interaction=interaction.id,
                only_for=interaction.user if interaction.is_ephemeral else None,
            )
            interaction.answer = thinking
            self._world.messages[thinking.id] = thinking
        if kind in (4, 7):
            check_message(data, [])
            assert interaction.answer is not None
            self._change(interaction.answer, data, [])
        written = {"id": str(interaction.id), "type": 2, "response_message_loading": kind == 5}
        resource = {"type": kind}
        if interaction.answer is not None and kind in (4, 5, 7):
            resource["message"] = self._world.wire(interaction.answer)
            written["response_message_id"] = str(interaction.answer.id)
        return web.json_response({"interaction": written, "resource": resource})

    async def _follow_up(self, request: web.Request) -> web.Response:
        interaction = self._acknowledged(request)
        payload, files = await payload_of(request)
        check_message(payload, files)
        self._check_may_attach(interaction, files)
        message = self._compose(interaction.channel, payload, files)
        message.interaction = interaction.id
        message.reply_to = interaction.message
        if payload.get("flags", 0) & EPHEMERAL:
            message.flags |= EPHEMERAL
            message.only_for = interaction.user
        interaction.followups.append(message)
        await self._publish(message)
        return web.json_response(self._world.wire(message))

    async def _webhook_fetch(self, request: web.Request) -> web.Response:
        return web.json_response(self._world.wire(self._webhook_message(request)))

    async def _webhook_edit(self, request: web.Request) -> web.Response:
        interaction, message = self._acknowledged(request), self._webhook_message(request)
        payload, files = await payload_of(request)
        self._check_may_attach(interaction, files)
        was_thinking = bool(message.flags & LOADING)
        self._change(message, payload, files)
        message.flags &= ~LOADING
        if was_thinking:
            await self._publish(message)
        else:
            message.edited = datetime.now(UTC).isoformat()
        return web.json_response(self._world.wire(message))

    async def _webhook_delete(self, request: web.Request) -> web.Response:
        self._webhook_message(request).is_deleted = True
        return web.Response(status=204)

    def _acknowledged(self, request: web.Request) -> Interaction:
        interaction = self.interactions.get(request.match_info["token"])
        if interaction is None or interaction.acknowledged is None:
            raise Refusal(404, 10015, "Unknown Webhook")
        return interaction

    def _webhook_message(self, request: web.Request) -> Message:
        interaction, id_ = self._acknowledged(request), request.match_info["message"]
        found = interaction.answer
        if id_ != "@original":
            found = next((m for m in interaction.followups if str(m.id) == id_), None)
        if found is None or found.is_deleted:
            raise Refusal(404, 10008, "Unknown Message")
        return found

    def _seen_channel(self, request: web.Request) -> Channel:
        channel = self._world.channels.get(int(request.match_info["channel"]))
        if channel is None:
            raise Refusal(404, 10003, "Unknown Channel")
        if not channel.has_bot or (channel.guild is not None and not channel.allowed & VIEW):
            raise Refusal(403, 50001, "Missing Access")
        return channel

    def _seen_message(self, request: web.Request) -> Message:
        channel = self._seen_channel(request)
        message = self._world.messages.get(int(request.match_info["message"]))
        if message is None or message.channel is not channel or message.is_deleted:
            raise Refusal(404, 10008, "Unknown Message")
        if message.only_for is not None:
            raise Refusal(404, 10008, "Unknown Message")
        return message

    def _check_may_write(self, channel: Channel, has_files: bool) -> None:
        if channel.person is not None:
            if not channel.person.takes_dms:
                raise Refusal(403, 50007, "Cannot send messages to this user")
            return
        if channel.locked:
            raise Refusal(400, 160005, "This thread is locked")
        wanted = IN_THREADS if channel.type == POST else SEND
        if not channel.allowed & wanted or (has_files and not channel.allowed & ATTACH):
            raise Refusal(403, 50013, "Missing Permissions")

    def _check_may_attach(self, interaction: Interaction, files: list[tuple[str, bytes]]) -> None:
        channel = interaction.channel
        if files and channel.guild is not None and not channel.allowed & ATTACH:
            raise Refusal(403, 50013, "Missing Permissions")

    def _compose(
        self, channel: Channel, payload: Mapping[str, Any], files: list[tuple[str, bytes]]
    ) -> Message:
        message = Message(self._world.flakes.new(), channel, self._world.bot)
        message.flags = payload.get("flags", 0) & (NO_EMBEDS | SILENT)
        self._change(message, payload, files)
        message.mentions = self._pinged(payload)
        return message

    def _change(
        self, message: Message, payload: Mapping[str, Any], files: list[tuple[str, bytes]]
    ) -> None:
        check_message(payload, files, is_edit=True)
        if "content" in payload:
            message.content = payload["content"] or ""
        if "components" in payload:
            message.components = payload["components"] or []
        if "embeds" in payload:
            message.embeds = payload["embeds"] or []
        told = {str(item["id"]): item for item in payload.get("attachments") or []}
        if "attachments" in payload:
            message.attachments = [a for a in message.attachments if a["id"] in told]
        for index, (name, data) in enumerate(files):
            description = told.get(str(index), {}).get("description")
            kept = self._world.attach(message.channel, data, name, description=description)
            message.attachments = [*message.attachments, kept]
        self._changed()

    def _pinged(self, payload: Mapping[str, Any]) -> list[User]:
        allowed = payload.get("allowed_mentions")
        if allowed is None or "users" in allowed.get("parse", []):
            return self._world.mentioned(payload.get("content") or "")
        return []

    async def _publish(self, message: Message) -> None:
        self._world.messages[message.id] = message
        await self._said(message)
        self._changed()


def _bits(permissions: str | int | None) -> str | None:
    return None if permissions is None else str(permissions)


class _Dropped(Exception):
    pass


def _failure(fault: Fault) -> web.Response:
    if fault.is_page:
        page = "<!DOCTYPE html><title>Attention Required! | Cloudflare</title>"
        return web.Response(status=fault.status, text=page, content_type="text/html")
    if fault.status == 429:
        scope = "global" if fault.is_global else "user"
        headers = {
            "Via": "1.1 fake",
            "Retry-After": str(fault.retry_after),
            "X-RateLimit-Scope": scope,
            **({"X-RateLimit-Global": "true"} if fault.is_global else {}),
        }
        body = {
            "message": "You are being rate limited.",
            "retry_after": fault.retry_after,
            "global": fault.is_global,
        }
        return web.json_response(body, status=429, headers=headers)
    if fault.status >= 500:
        return web.Response(status=fault.status, text="<html>bad gateway</html>")
    known = {403: (50013, "Missing Permissions"), 400: (50035, "Invalid Form Body")}
    code, told = known.get(fault.status, (0, f"{fault.status}: refused"))
    body = {"code": code if fault.code is None else fault.code, "message": fault.message or told}
    if fault.errors is not None:
        body["errors"] = fault.errors
    return web.json_response(body, status=fault.status)

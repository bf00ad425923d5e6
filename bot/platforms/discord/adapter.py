"""Discord: connects, answers, ends; and fetches photos again."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from typing import Any

import aiohttp
import discord

from bot.domain import Fetch, PendingPhoto, Photo, Refusal, Refused, Reply, Room, Unusable
from bot.platforms.discord.client import Identifies, Parts, SnowClient, point_at
from bot.platforms.discord.commands import Notes
from bot.platforms.discord.files import Cdn
from bot.platforms.discord.guilds import Guilds
from bot.platforms.discord.interactions import DiscordCounter, MakePreview
from bot.platforms.discord.messages import PLATFORM, Inbox
from bot.platforms.discord.sender import Post, Unwelcome
from bot.platforms.discord.tasks import Hands
from bot.services.service import Service

log = logging.getLogger(__name__)

# A picture that unpacks to more than was asked for is a trap.
PLAIN = {"Accept-Encoding": "identity"}
BAD_TOKEN, BAD_INTENTS, DISALLOWED_INTENTS = 4004, 4013, 4014


class DiscordChat:
    """The bot on Discord.

    synced: remembers which menus Discord knows.
    make_preview: makes a photo small, at most so many pixels on its longer side.
    """

    name = PLATFORM

    def __init__(
        self,
        host: Service,
        token: str,
        *,
        api_url: str | None,
        gateway_url: str | None,
        synced: Notes,
        make_preview: MakePreview,
    ) -> None:
        self._host = host
        self._token = token
        self._api_url = api_url
        self._gateway_url = gateway_url
        self._notes = synced
        self._make_preview = make_preview
        self._identifies = Identifies()
        self._post = Post()
        self._state = "starting"
        self._client: SnowClient | None = None
        self._cdn: Cdn | None = None

    def state(self) -> dict[str, Any]:
        """Say how the connection is, for /healthz."""
        state: dict[str, Any] = {"state": self._state}
        if self._client is not None:
            state |= {"guilds": len(self._client.guilds), "shards": len(self._client.shards)}
        return state

    async def run(self, stopping: asyncio.Event) -> None:
        """Serve until `stopping`. Raises Unusable for what cannot heal, all else for a fault."""
        self._state = "starting"
        point_at(self._api_url, self._gateway_url)
        hands = Hands()
        # Pictures have a session of their own; discord.py keeps its one to itself.
        async with aiohttp.ClientSession(headers=PLAIN, auto_decompress=False) as session:
            self._cdn = Cdn(session, self._api_url)
            client = self._client = SnowClient(
                self._parts(hands, self._cdn), self._identifies, self._became
            )
            try:
                await self._serve(client, hands, stopping)
            except discord.LoginFailure as error:
                raise Unusable(_new_token()) from error
            except discord.PrivilegedIntentsRequired as error:
                raise Unusable(_no_intents()) from error
            except discord.ConnectionClosed as error:
                if error.code == BAD_TOKEN:
                    raise Unusable(_new_token()) from error
                if error.code in (BAD_INTENTS, DISALLOWED_INTENTS):
                    raise Unusable(_no_intents()) from error
                raise
            finally:
                self._client = self._cdn = None
                self._state = "stopped"
                await client.close()

    def read(self, room: Room, reference: str) -> Fetch:
        """Return what fetches a photo again, from the message that it is in."""
        del room  # the reference says it all

        async def read(limit: int) -> bytes:
            client, cdn = self._client, self._cdn
            if client is None or cdn is None:
                raise Refused(Refusal.FAULT)
            channel, message, index = map(int, reference.split("/"))
            try:
                await self._post.pace()
                found = await client.get_partial_messageable(channel).fetch_message(message)
            except (discord.NotFound, discord.Forbidden) as error:
                raise Refused(Refusal.GONE) from error
            except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
                raise Refused(Refusal.FAULT) from error
            sources = cdn.pictures(found)
            if index >= len(sources):
                raise Refused(Refusal.GONE)
            return await cdn.read(sources[index].url)(limit)

        return read

    async def say(self, room: Room, reply: Reply, to: str | None = None) -> bool:
        """Send a message; a room that does not want it is no fault."""
        if self._client is None:
            return False
        try:
            await self._send(self._client, room, reply, to)
        except Unwelcome:
            log.info("may not write in %s", room.id)
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            log.warning("could not write in %s: %s", room.id, type(error).__name__)
            return False
        return True

    async def _send(
        self,
        client: SnowClient,
        room: Room,
        reply: Reply,
        to: str | None,
        *,
        nonce: str | None = None,
    ) -> None:
        channel = client.get_partial_messageable(int(room.id))
        # An interaction has no message that could be replied to.
        message = int(to) if to and to.isdecimal() else None
        await self._post.send(channel, reply, to=message, nonce=nonce)

    def _parts(self, hands: Hands, cdn: Cdn) -> Parts:
        return Parts(
            self._host,
            hands,
            Inbox(self._host, hands, cdn, self._post),
            DiscordCounter(self._host, hands, cdn, self._make_preview),
            Guilds(self._host, self._post),
            self._notes,
        )

    async def _serve(self, client: SnowClient, hands: Hands, stopping: asyncio.Event) -> None:
        serving = asyncio.create_task(self._connect(client, hands))
        stopped = asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait((serving, stopped), return_when=asyncio.FIRST_COMPLETED)
            if not stopped.done():
                await serving
                raise ConnectionError("Discord hung up")
            self._state = "stopping"
            await hands.finish()
        finally:
            stopped.cancel()
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
            await hands.drop()

    async def _connect(self, client: SnowClient, hands: Hands) -> None:
        await client.login(self._token)
        # Before any event arrives, so that what is in hand now is not taken for left over.
        asked: dict[tuple[str, str], list[PendingPhoto]] = defaultdict(list)
        for waiting in await self._host.left_over(PLATFORM):
            asked[waiting.room.id, waiting.message].append(waiting)
        for (_, message), together in asked.items():
            if hands.take(int(message)):
                hands.start(self._answer_late(client, message, together))
        await client.connect()

    async def _answer_late(
        self, client: SnowClient, message: str, together: list[PendingPhoto]
    ) -> None:
        """Answer what was in hand when the process ended."""
        photos = [
            Photo(
                waiting.room,
                waiting.player,
                self.read(waiting.room, waiting.reference),
                key=waiting.key,
                message=waiting.message,
                reference=waiting.reference,
            )
            for waiting in together
        ]
        if len(photos) == 1:
            reply = await self._host.look(photos[0])
        else:
            reply = await self._host.look_at_album(photos)
        if reply is None:
            return
        started = time.perf_counter()
        try:
            await self._send(client, photos[0].room, reply, message, nonce=message)
        except Unwelcome:
            return
        await self._host.sent(reply, (time.perf_counter() - started) * 1000)

    def _became(self, state: str) -> None:
        if self._state != "stopping":
            self._state = state


def _new_token() -> str:
    return (
        "Discord does not know this token; make a new one on your application's Bot page and set "
        "DISCORD_TOKEN to it."
    )


def _no_intents() -> str:
    return (
        "Discord refuses the events that the bot asks for, although none is privileged; look at "
        "your application's Bot page, and update the bot."
    )

"""Discord: connects, serves until it is told to stop, sends, and fetches photos again."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Coroutine
from dataclasses import dataclass
from typing import TypeVar
from zlib import crc32

import aiohttp
import discord

from bot.domain import (
    Delivery,
    Fetch,
    Kept,
    PendingPhoto,
    Receipt,
    Refusal,
    Refused,
    Reply,
    Room,
    Unusable,
)
from bot.metrics import Metrics
from bot.platforms.common import Retries
from bot.platforms.contract import Notes, Shards, State
from bot.platforms.discord.catch_up import CatchUp
from bot.platforms.discord.client import DiscordClient, Handlers, use_servers
from bot.platforms.discord.edits import MessageEdits
from bot.platforms.discord.faults import CannotSend, Requests, is_passing
from bot.platforms.discord.files import Files, PictureReference, is_withheld
from bot.platforms.discord.guilds import GuildHandlers
from bot.platforms.discord.identity import PLATFORM
from bot.platforms.discord.interactions import InteractionHandlers
from bot.platforms.discord.links import find_guild, with_links
from bot.platforms.discord.messages import MessageHandlers
from bot.platforms.discord.sender import Sender, SentMessage
from bot.platforms.discord.shards import ShardKeeper, Sleep, Starts
from bot.platforms.discord.tasks import ClaimedTasks
from bot.platforms.discord.tokens import InteractionTokens
from bot.services import Service
from bot.services.ports import Traits

log = logging.getLogger(__name__)

T = TypeVar("T")

# A picture that unpacks to more than was asked for is a trap.
PLAIN = {"Accept-Encoding": "identity"}
# https://discord.com/developers/docs/topics/opcodes-and-status-codes
BAD_TOKEN, BAD_INTENTS, DISALLOWED_INTENTS = 4004, 4013, 4014
# A token that was taken once is withdrawn when it is refused so often, for so long; one that never
# was is mistyped, and not to be waited for.
REFUSALS, REFUSED_SECONDS = 4, 180.0


class TokenRefused(Exception):
    """Discord did not know the token just now; that may pass."""


@dataclass(frozen=True, slots=True)
class Connection:
    """The parts that live as long as one shard's connection.

    Attributes:
        shard: The shard's number.
        client: Talks to Discord.
        files: Fetches pictures.
        messages: Answers messages.
        tasks: What is in hand.
        tokens: What can still be said by an interaction.
    """

    shard: int
    client: DiscordClient
    files: Files
    messages: MessageHandlers
    tasks: ClaimedTasks
    tokens: InteractionTokens


class IntentsChanged(Exception):
    """The owner allows less than at our last login."""


class DiscordAdapter:
    """The bot on Discord.

    Args:
        token: The bot's.
        api_url: Another REST API's address, without a slash at the end; None for Discord's own.
        gateway_url: Another gateway's address; None for Discord's own.
        notes: Remembers which menus Discord has.
        shards: Divides the shards among the processes.
        metrics: Counts.
        sleep: Waits so many seconds until a shard may identify.
    """

    name = PLATFORM
    # https://discord.com/developers/docs/reference#message-formatting
    traits = Traits(has_forms=True, time_mark=lambda at: f"<t:{at.timestamp():.0f}:R>")

    def __init__(
        self,
        token: str,
        *,
        api_url: str | None,
        gateway_url: str | None,
        notes: Notes,
        shards: Shards,
        metrics: Metrics | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._retries = Retries(PLATFORM, metrics or Metrics())
        self._requests = Requests(self._retries)
        self._token = token
        self._api_url = api_url
        self._gateway_url = gateway_url
        self._notes = notes
        self._shards = shards
        self._sleep = sleep
        self._sender = Sender(self._requests, lambda: shards.sharers)
        # The service counts revisions for as long as it lives, longer than a connection.
        self._edits = MessageEdits()
        # Of the whole, and of each shard.
        self._state = "starting"
        self._stopping = asyncio.Event()
        self._states: dict[int, str] = {}
        self._refusals: list[float] = []
        self._was_taken = False
        self._connections: dict[int, Connection] = {}

    def state(self) -> State:
        """Return how the connections are, for /healthz."""
        if self._state != "serving":
            return {"state": self._state}
        clients = [each.client for each in self._connections.values()]
        state: dict[str, str | int] = {
            "state": "stopping" if self._stopping.is_set() else self._state_of_shards(),
            "guilds": sum(len(client.guilds) for client in clients),
            "shards": len(clients),
            "all_shards": self._shards.number,
        }
        # Events that could not be read, if there were any.
        unreadable = sum(client.unreadable for client in clients)
        return {**state, "unreadable": unreadable} if unreadable else state

    def _state_of_shards(self) -> str:
        """Return how the shards are that this process has."""
        states = set(self._states.values())
        if not states:
            return "standby"
        if "reconnecting" in states:
            return "reconnecting"
        # What is taken from another process is a moment's work.
        return "running" if "running" in states else "starting"

    async def run(self, service: Service, stopping: asyncio.Event) -> None:
        """Connect and serve until `stopping` is set, then finish what is in hand.

        Args:
            service: What answers.
            stopping: Set when the process ends.

        Raises:
            Unusable: For intents that Discord does not take, and a token that it did not take
                several times.
            Exception: For whatever may heal.
        """
        self._state, self._stopping = "starting", stopping
        use_servers(self._api_url, self._gateway_url)
        # Pictures have a session of their own; discord.py keeps its one to itself.
        async with aiohttp.ClientSession(headers=PLAIN, auto_decompress=False) as session:
            files = Files(session, self._api_url, self._retries)
            try:
                if (starts := await _unless(stopping, self._ask())) is None:
                    return
                self._state = "serving"
                keeper = ShardKeeper(
                    self._shards,
                    starts,
                    lambda shard, until: self._serve(keeper, service, files, shard, until),
                    service.hand_over,
                    self._sleep,
                )
                await keeper.run(stopping)
            except discord.LoginFailure:
                raise self._refused() from None
            finally:
                self._state = "stopped"

    async def _ask(self) -> Starts:
        """Ask Discord how sessions may begin. Raises discord.LoginFailure."""
        async with discord.Client(intents=discord.Intents(guilds=True)) as client:
            await client.login(self._token)
            shards, _, limit = await client.http.get_bot_gateway()
        return Starts(shards, limit["max_concurrency"], limit["total"])

    def fetcher(self, room: Room, reference: str) -> Fetch:
        """Return what fetches a photo again, from the message that it is in.

        Args:
            room: Where it was sent; the reference says it as well.
            reference: A PictureReference, as a text.
        """

        async def fetch(limit: int) -> bytes:
            connection = self._connection_of(room)
            if connection is None:
                raise Refused(Refusal.FAULT)
            place = PictureReference.parse(reference)
            client, files = connection.client, connection.files
            known = files.pressed(place.channel, place.message)
            if place.index < len(known):
                return await files.url_fetcher(known[place.index].url)(limit)
            channel = client.get_partial_messageable(place.channel)
            message = await self._sender.find_message(channel, place.message)
            sources = files.find_sources(message)
            if place.index >= len(sources):
                raise Refused(Refusal.OUT_OF_SIGHT if is_withheld(message) else Refusal.GONE)
            return await files.url_fetcher(sources[place.index].url)(limit)

        return fetch

    async def export(self, player: str) -> Kept:
        """Return nothing: no photo is kept here."""
        return Kept()

    def is_spoiler(self, reference: str) -> bool:
        """Return whether a photo is hidden until somebody taps it.

        Args:
            reference: A PictureReference, as a text.
        """
        return PictureReference.parse(reference).is_spoiler

    async def send(
        self, room: Room, reply: Reply, to: str | None = None, topic: str | None = None
    ) -> Receipt:
        """Send a message.

        Args:
            room: Where to.
            reply: What to say.
            to: The id of the message that it replies to.
            topic: None: threads are rooms of their own here.

        Returns:
            SENT when the message is there; REFUSED when the bot may not write there, or the
            channel is gone or closed; FAILED when Discord cannot be reached or is in trouble.
        """
        connection = self._connection_of(room)
        if connection is None:
            return Receipt(Delivery.FAILED)
        client = connection.client
        channel = client.get_partial_messageable(int(room.id))
        # An interaction has no message that could be replied to.
        message_id = int(to) if to and to.isdecimal() else None
        # What is said to a message once more, as its process ended before it was noted, is known.
        same = f"{message_id or 0:x}/{crc32(reply.text.encode()):x}"
        nonce = None if message_id is None else same
        sent: SentMessage | None = None

        async def send() -> None:
            nonlocal sent
            shown = await _shown(client, room, reply)
            try:
                # An answer disturbs nobody; what nobody asked for may be news.
                is_answer = to is not None and not room.private
                is_silent = is_answer if reply.sound is None else not reply.sound
                sent = await self._sender.send_reply(
                    channel, shown, to=message_id, nonce=nonce, is_silent=is_silent
                )
            except CannotSend:
                # Whoever used a command or a button there lets us speak for a while.
                sent = await connection.tokens.send(channel.id, shown)
                if sent is None:
                    raise

        delivery = await self._deliver(connection, room, send())
        return Receipt(delivery, None if sent is None else str(sent))

    async def edit(self, room: Room, message: str, reply: Reply) -> Delivery:
        """Turn a message of the bot's into something else.

        Args:
            room: Where it is.
            message: Its id, as it was given to `Service.mark_sent`: a SentMessage as a text.
            reply: What it becomes: text and buttons; a later revision is never undone.

        Returns:
            SENT when the message shows that, or something newer; REFUSED when it is gone, or the
            bot may not edit it, such as one that only one person sees and whose interaction is
            over; FAILED when Discord cannot be reached or is in trouble.
        """
        connection = self._connection_of(room)
        if connection is None:
            return Delivery.FAILED
        client = connection.client
        try:
            place = SentMessage.parse(message)
        except ValueError:  # of another platform or time
            return Delivery.REFUSED
        partial = client.get_partial_messageable(place.channel).get_partial_message(place.message)

        async def edit() -> None:
            shown = await _shown(client, room, reply)
            try:
                await self._sender.edit_reply(partial, shown)
            except CannotSend:
                if not await connection.tokens.edit(place.message, shown):
                    raise

        request = self._edits.apply(place.message, reply.revision, edit)
        return await self._deliver(connection, room, request)

    async def _deliver(
        self, connection: Connection, room: Room, request: Awaitable[None]
    ) -> Delivery:
        """Return what became of a message that is sent or edited by a request."""
        try:
            await request
        except CannotSend:
            log.info("may not write in %s", room.id)
            return Delivery.REFUSED
        except discord.HTTPException as error:
            log.warning("could not write in %s: status %d", room.id, error.status)
            # What Discord does not take now it will not take later, unless it is in trouble.
            return Delivery.FAILED if is_passing(error) else Delivery.REFUSED
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            log.warning("could not write in %s: %s", room.id, type(error).__name__)
            return Delivery.FAILED
        except RuntimeError:  # what aiohttp raises for a session that was closed meanwhile
            if connection in self._connections.values():
                raise
            return Delivery.FAILED
        return Delivery.SENT

    def _connection_of(self, room: Room) -> Connection | None:
        """Return what to speak in a room by: its shard's connection, or else any, as all can."""
        connections = self._connections
        return connections.get(self._shards.of(room)) or next(iter(connections.values()), None)

    def _connect(
        self, keeper: ShardKeeper, service: Service, files: Files, shard: int
    ) -> Connection:
        """Put together what one connection needs; nothing is asked of Discord yet."""
        tasks, tokens = ClaimedTasks(), InteractionTokens(self._requests)
        messages = MessageHandlers(service, tasks, files, self._sender)
        handlers = Handlers(
            messages,
            InteractionHandlers(service, tasks, files, self._edits, tokens, self._requests),
            GuildHandlers(service, tasks),
            CatchUp(service, tasks, messages, self._sender, self._requests),
        )

        def note_state(state: str) -> None:
            self._states[shard] = state
            if state == "running":
                self._refusals.clear()
                self._was_taken = True
                keeper.note_connected(shard)

        client = DiscordClient(
            handlers,
            self._notes,
            shard,
            self._shards.number,
            lambda is_first: keeper.identifies(shard, is_first=is_first),
            note_state,
        )
        return Connection(shard, client, files, messages, tasks, tokens)

    async def _serve(
        self,
        keeper: ShardKeeper,
        service: Service,
        files: Files,
        shard: int,
        stopping: asyncio.Event,
    ) -> None:
        """Serve a shard until `stopping` is set, then finish what is in hand there.

        Raises:
            Exception: As `run` does.
        """
        connection = self._connect(keeper, service, files, shard)
        self._connections[shard], self._states[shard] = connection, "starting"
        try:
            await self._answer(keeper, connection, service, stopping)
        except discord.PrivilegedIntentsRequired as error:
            raise self._disallowed(connection.client) from error
        except discord.ConnectionClosed as error:
            if error.code == BAD_TOKEN:
                raise self._refused() from None
            if error.code in (BAD_INTENTS, DISALLOWED_INTENTS):
                raise self._disallowed(connection.client) from error
            raise
        finally:
            del self._connections[shard], self._states[shard]
            await connection.client.close()

    async def _answer(
        self,
        keeper: ShardKeeper,
        connection: Connection,
        service: Service,
        stopping: asyncio.Event,
    ) -> None:
        """Answer what comes until `stopping` is set, and then what is in hand."""
        serving = asyncio.create_task(self._listen(keeper, connection, service))
        stopped = asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait((serving, stopped), return_when=asyncio.FIRST_COMPLETED)
            if not stopped.done():
                await serving
                raise ConnectionError("Discord hung up")
            await connection.tasks.finish()
        finally:
            stopped.cancel()
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
            await connection.tasks.cancel()

    async def _listen(self, keeper: ShardKeeper, connection: Connection, service: Service) -> None:
        """Answer what was in hand when a process ended, and then what comes in."""
        client, tasks = connection.client, connection.tasks
        await client.login(self._token)
        # Before any event arrives, so that what is in hand now is not taken for left over.
        by_message: dict[tuple[str, str], list[PendingPhoto]] = defaultdict(list)
        for pending in await service.pending_photos(
            PLATFORM, lambda photo: self._shards.of(photo.room) == connection.shard
        ):
            by_message[pending.room.id, pending.message].append(pending)
        for (channel_id, message_id), together in by_message.items():
            if tasks.claim(int(message_id)):
                channel = client.get_partial_messageable(int(channel_id))
                photos = [
                    each.to_answer(self.fetcher(each.room, each.reference)) for each in together
                ]
                tasks.start(
                    connection.messages.handle_pending_photos(channel, int(message_id), photos)
                )
        # Not once it is connected: nothing would read what Discord says meanwhile.
        await keeper.wait_to_identify(connection.shard)
        await client.connect()

    def _disallowed(self, client: DiscordClient) -> Exception:
        """Return what to raise when Discord did not take the intents."""
        # An owner may change their mind: the next start asks for what is allowed then.
        return IntentsChanged() if client.hears_all else Unusable(_no_intents())

    def _refused(self) -> Exception:
        """Return what to raise when Discord did not know the token."""
        self._refusals.append(asyncio.get_running_loop().time())
        seconds = self._refusals[-1] - self._refusals[0]
        is_final = len(self._refusals) >= REFUSALS and (
            not self._was_taken or seconds >= REFUSED_SECONDS
        )
        return Unusable(_new_token()) if is_final else TokenRefused()


async def _unless(stopping: asyncio.Event, work: Coroutine[object, object, T]) -> T | None:
    """Do some work to its end, unless `stopping` is set before; return None then."""
    working, stopped = asyncio.create_task(work), asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait((working, stopped), return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        stopped.cancel()
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


async def _shown(client: DiscordClient, room: Room, reply: Reply) -> Reply:
    """Return a reply as Discord can show it. Raises as `find_guild` does."""
    if not reply.past_photos:
        return reply
    return await with_links(client, await find_guild(client, room), reply)


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

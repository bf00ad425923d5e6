"""Telegram: the bot connects, serves until it is told to stop, and leaves nothing unfinished."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from http import HTTPStatus

import aiohttp
from cachetools import LRUCache
from telegram import Bot
from telegram.error import BadRequest, InvalidToken

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
from bot.platforms.common import Retries, RunningTasks
from bot.platforms.contract import Duties, Inbox, Notes, Notices, State
from bot.platforms.telegram.client import ConnectionState, TelegramBot
from bot.platforms.telegram.commands import publish_menus
from bot.platforms.telegram.fading import Fading
from bot.platforms.telegram.files import Files, PhotoReference
from bot.platforms.telegram.guests import GuestPhotos, Guests
from bot.platforms.telegram.handlers import Handlers
from bot.platforms.telegram.identity import PLATFORM, Destination
from bot.platforms.telegram.limits import ChatRateLimiter, Urgency
from bot.platforms.telegram.moves import Moves
from bot.platforms.telegram.polling import Poller
from bot.platforms.telegram.reading import UpdateReader, update_id_of
from bot.platforms.telegram.routing import ALLOWED, Intake, Membership, SeenUpdates
from bot.platforms.telegram.sender import Sender
from bot.platforms.telegram.sharing import SharedUpdates
from bot.services import Service
from bot.services.ports import Traits

log = logging.getLogger(__name__)

# An edit counts as a message does, of which a group takes twenty a minute.
EDIT_EVERY = timedelta(seconds=10)
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
# What one process does for all.
POLLING = "telegram polling"
# Telegram answers within a moment, or the network is gone.
ARRIVE_SECONDS = 2.0
# Messages of the bot's own that no answer came to lately.
UNANSWERED_REMEMBERED = 256


class TokenRefused(Exception):
    """Telegram did not know the token just now; that may pass."""


class TelegramAdapter:
    """Connects the service with Telegram, by polling or, given an address, by a webhook.

    Args:
        token: The bot's, from @BotFather.
        api_url: Another Bot API server's address, without a slash at the end.
        webhook_url: The public address whose posts `feed` gets, without a slash at the end.
        notes: Remembers which menus Telegram has.
        metrics: Counts.
        duties: Knows which of several processes asks for updates.
        notices: Remember messages that are to be deleted.
        inbox: Hands updates to the process whose chat they are about; None where there is one.

    Attributes:
        name: Tells the platform from the others; rooms carry it.
        traits: What it can do that not all can.
    """

    name = PLATFORM
    traits = Traits(edit_every=EDIT_EVERY)

    def __init__(
        self,
        token: str,
        *,
        api_url: str | None = None,
        webhook_url: str | None = None,
        notes: Notes,
        metrics: Metrics | None = None,
        duties: Duties,
        notices: Notices,
        inbox: Inbox | None = None,
    ) -> None:
        self._retries = Retries(PLATFORM, metrics or Metrics())
        self._token = token
        self._api_url = api_url
        self._webhook_url = webhook_url
        # The same in every process that knows the token, and after a restart.
        self._secret = hmac.digest(token.encode(), b"webhook", hashlib.sha256).hex()
        self._seen = SeenUpdates()
        self._connection_state = ConnectionState()
        self._reader = UpdateReader()
        self._guest_photos = GuestPhotos()
        self._unanswered: LRUCache[tuple[Room, str], bool] = LRUCache(UNANSWERED_REMEMBERED)
        self._perhaps_twice = 0
        self._notes = notes
        self._duties = duties
        self._notices = notices
        self._inbox = inbox
        self._connection: _Connection | None = None

    def state(self) -> State:
        """Return how the connection is."""
        way = "webhook" if self._webhook_url else "polling"
        if self._connection is None:
            return {"state": "starting", "way": way}
        counts = {"unreadable": self._reader.unreadable, "perhaps_twice": self._perhaps_twice}
        noted = {name: number for name, number in counts.items() if number}
        return {"state": self._connection.state, "way": way, **noted}

    def fetcher(self, room: Room, reference: str) -> Fetch:
        """Return what fetches a photo again.

        Args:
            room: Where it was sent.
            reference: A PhotoReference, as a text.

        Returns:
            What raises Refused: with GONE when the photo is no more.
        """
        if self._connection is None:
            return _refuse
        return self._connection.files.file_fetcher(PhotoReference.parse(reference).file)

    async def export(self, player: str) -> Kept:
        """Return nothing: no photo is kept here."""
        return Kept()

    def is_spoiler(self, reference: str) -> bool:
        """Return whether a photo is hidden until somebody taps it.

        Args:
            reference: A PhotoReference, as a text.
        """
        return PhotoReference.parse(reference).is_spoiler

    async def send(
        self, room: Room, reply: Reply, to: str | None = None, topic: str | None = None
    ) -> Receipt:
        """Send a message.

        Args:
            room: Where to.
            reply: What to send.
            to: The id of the message that it replies to.
            topic: The id of the forum's topic that it belongs to.

        Returns:
            What became of it.
        """
        if self._connection is None:
            log.warning("room=%s got no message: not connected", room.id)
            return Receipt(Delivery.FAILED)
        destination = Destination(room, int(to) if to else None, int(topic) if topic else None)
        sent = await self._connection.sender.send_to_chat(destination, reply, urgency=Urgency.NEWS)
        if sent.delivery is not Delivery.SENT or sent.id is not None:
            return Receipt(sent.delivery, None if sent.id is None else str(sent.id))
        # Nobody knows whether it is there. It is tried once more, and not for ever.
        key = room, reply.text
        is_second = self._unanswered.pop(key, False)
        if not is_second:
            self._unanswered[key] = True
        return Receipt(Delivery.SENT if is_second else Delivery.FAILED)

    async def edit(self, room: Room, message: str, reply: Reply) -> Delivery:
        """Turn a message of the bot's into something else.

        Args:
            room: Where it is.
            message: Its id there.
            reply: What it becomes: text and buttons; a later revision is never undone.

        Returns:
            What became of it; REFUSED where it is no more.
        """
        if self._connection is None:
            log.warning("room=%s: a message was not edited: not connected", room.id)
            return Delivery.FAILED
        return await self._connection.sender.edit(room, int(message), reply)

    async def feed(self, headers: Mapping[str, str], body: bytes) -> int:
        """Take what was posted to the webhook.

        Args:
            headers: The request's.
            body: The request's.

        Returns:
            The HTTP status of the answer; 200 when what matters of the update is stored.
        """
        given = headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._secret.encode()):
            return HTTPStatus.FORBIDDEN
        if self._connection is None or not self._connection.takes_updates:
            return HTTPStatus.SERVICE_UNAVAILABLE  # Telegram tries again
        try:
            update = json.loads(body)
        except ValueError:
            update = None
        if update_id_of(update) is None:
            return HTTPStatus.BAD_REQUEST
        # One that cannot be read is taken as well: it would come again and again.
        await self._connection.take([update])
        return HTTPStatus.OK

    async def run(self, service: Service, stopping: asyncio.Event) -> None:
        """Connect and serve until `stopping` is set; then finish what is in hand.

        Args:
            service: What answers.
            stopping: Set when the process ends.

        Raises:
            Unusable: When the token or the webhook's address is of no use.
            TelegramError: For whatever may heal.
        """
        async with aiohttp.ClientSession(trust_env=True) as session:
            limiter = ChatRateLimiter(self._retries, lambda: self._duties.living)
            bot = TelegramBot(self._token, self._api_url, limiter)
            connection = self._connection = _Connection(
                service,
                bot,
                limiter,
                session,
                self._reader,
                self._seen,
                self._guest_photos,
                self._connection_state,
                self._retries,
                self._may_ask,
                self._notices,
            )
            if self._inbox is not None:
                connection.share(self._inbox, lambda: self._answer_left_photos(service))
            try:
                await connection.bot.initialize()
                _tell_of_guest_mode(bot)
                await connection.fading.resume()
                await self._answer_pending_photos(connection, service)
                await self._receive_updates(connection)
                connection.tasks.start(publish_menus(connection.bot, self._notes))
                await _first(stopping, self._connection_state.is_refused)
                if not stopping.is_set():
                    raise InvalidToken
                await connection.finish()
            except InvalidToken as fault:  # whose text may hold the token
                self._connection_state.note_fault(fault)
                if self._connection_state.is_refused.is_set():
                    raise Unusable(self._bad_token()) from None
                raise TokenRefused from None
            finally:
                self._connection = None
                await connection.close()

    async def _may_ask(self) -> bool:
        """Return whether it is this process that asks for updates."""
        try:
            return await self._duties.hold(POLLING)
        except Exception:
            log.exception("who asks Telegram for updates is not known")
            return False

    async def _answer_pending_photos(self, connection: _Connection, service: Service) -> None:
        """Answer what was in hand when the process last ended, before Telegram sends it again."""
        pending = await service.pending_photos(PLATFORM)
        for each in pending:
            self._is_new(each)
        self._answer_again(connection, pending)

    async def _answer_left_photos(self, service: Service) -> None:
        """Go on with what another process had in hand that lives no more."""
        await service.parties.look()
        if (connection := self._connection) is not None:
            await connection.fading.resume()
            self._answer_again(connection, await service.pending_photos(PLATFORM, self._is_new))

    def _is_new(self, photo: PendingPhoto) -> bool:
        """Return whether a photo is seen for the first time, and remember it."""
        return self._seen.is_new_message(photo.room.id, photo.message)

    def _answer_again(self, connection: _Connection, pending: Sequence[PendingPhoto]) -> None:
        albums: dict[tuple[Room, str], list[PendingPhoto]] = {}
        for each in pending:
            # A message alone is an album of one.
            albums.setdefault((each.room, each.album or f"message {each.message}"), []).append(each)
        for album in albums.values():
            connection.tasks.start(connection.handlers.answer_again(album))
        if pending:
            self._perhaps_twice += sum(album[0].in_flight for album in albums.values())
            log.info(
                "telegram: %d messages are answered after all, %d of them perhaps again",
                len(albums),
                self._perhaps_twice,
            )

    async def _receive_updates(self, connection: _Connection) -> None:
        """Have updates delivered from now on; those that waited come first."""
        connection.start_sharing()
        if self._webhook_url is None:
            await connection.bot.delete_webhook(drop_pending_updates=False)
            connection.start_polling()
        else:
            connection.takes_updates = True
            await self._set_webhook(connection.bot)
        # The first poll takes its time, and all went well so far.
        self._connection_state.note_answer()

    async def _set_webhook(self, bot: Bot) -> None:
        try:
            await bot.set_webhook(
                self._webhook_url or "",
                allowed_updates=ALLOWED,
                drop_pending_updates=False,
                secret_token=self._secret,
            )
        except BadRequest as fault:
            if "resolve" in fault.message.lower():
                raise  # a name that is new takes a while to be known everywhere
            raise Unusable(
                f"Telegram does not take WEBHOOK_URL ({fault.message}); give a public address that "
                "begins with https://, or none, and the bot asks for its messages itself."
            ) from None

    def _bad_token(self) -> str:
        other = " Or is TELEGRAM_API_URL no Bot API server?" if self._api_url else ""
        return f"Telegram does not know this TELEGRAM_TOKEN; copy it again from @BotFather.{other}"


class _Connection:
    """One connection and all that works on it, from its beginning to its end."""

    def __init__(
        self,
        service: Service,
        bot: TelegramBot,
        limiter: ChatRateLimiter,
        session: aiohttp.ClientSession,
        reader: UpdateReader,
        seen: SeenUpdates,
        guest_photos: GuestPhotos,
        state: ConnectionState,
        retries: Retries,
        may_ask: Callable[[], Awaitable[bool]],
        notices: Notices,
    ) -> None:
        self._state = state
        self.bot = bot
        self._limiter = limiter
        self.tasks = RunningTasks()
        self.files = Files(bot, session, retries)
        moves = Moves()
        self.fading = Fading(bot, notices)
        self.sender = Sender(bot, service, moves, retries, self.fading)
        self.handlers = Handlers(bot, service, self.sender, self.files, guest_photos, self.tasks)
        guests = Guests(bot, service, self.sender, self.files, guest_photos)
        membership = Membership(bot, service, moves)
        side = service.photos.side
        self.intake = Intake(
            bot, reader, seen, self.handlers, guests, membership, self.sender, self.tasks, side
        )
        self.is_open = True
        # Not before the bot knows itself, and what it has answered.
        self.takes_updates = False
        self._poller = Poller(bot, ALLOWED, state, may_ask)
        self._polling: asyncio.Task[None] | None = None
        self._shared: SharedUpdates | None = None
        self._sharing: asyncio.Task[None] | None = None

    @property
    def state(self) -> str:
        """How the connection is."""
        return self._state.name if self.is_open else "stopping"

    def start_polling(self) -> None:
        """Ask for updates from now on."""
        take = self.intake.take_all if self._shared is None else self._shared.put_at_last
        self._polling = asyncio.create_task(self._poller.run(take))

    def share(self, inbox: Inbox, take_over: Callable[[], Awaitable[None]]) -> None:
        """Have updates handled by the process whose chat they are about."""
        self._shared = SharedUpdates(inbox, self.intake.take_all, take_over)

    def start_sharing(self) -> None:
        """Handle what is of this process's chats, from now on."""
        if self._shared is not None:
            self._sharing = asyncio.create_task(self._shared.run())

    async def take(self, updates: Sequence[object]) -> None:
        """Take updates in; they may be acknowledged then."""
        await (self.intake.take_all if self._shared is None else self._shared.put)(updates)

    async def finish(self) -> None:
        """Take nothing new and finish what is in hand."""
        self.is_open = self.takes_updates = False
        await self._stop_polling()
        await self._stop_sharing()
        self.handlers.albums.close()
        await self.tasks.finish()

    async def close(self) -> None:
        """Drop what is still in hand and hang up; what is on its way arrives, and is noted."""
        self.is_open = self.takes_updates = False
        self._limiter.close()
        await self.handlers.deliveries.finish(ARRIVE_SECONDS)
        await self.tasks.cancel()
        await self.handlers.deliveries.cancel()
        await self.sender.cancel()
        await self.fading.cancel()
        await self._stop_polling()
        await self._stop_sharing()
        await self.bot.shutdown()

    async def _stop_sharing(self) -> None:
        if self._sharing is not None:
            self._sharing.cancel()
            await asyncio.gather(self._sharing, return_exceptions=True)

    async def _stop_polling(self) -> None:
        if self._polling is None:
            return
        polling, self._polling = self._polling, None
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)
        await self._poller.confirm()


def _tell_of_guest_mode(bot: Bot) -> None:
    """Log whether the bot may be called in chats that it is not in."""
    if bot.bot.supports_guest_queries:
        log.info("telegram: guest mode is on: @%s answers under any photo", bot.username)
    else:
        log.info("telegram: guest mode is off; README says how @BotFather turns it on")


async def _first(*events: asyncio.Event) -> None:
    """Wait until one of these events is set."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


async def _refuse(_: int) -> bytes:
    raise Refused(Refusal.FAULT)

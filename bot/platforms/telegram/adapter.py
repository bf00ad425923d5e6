"""Telegram: the bot connects, serves until it is told to stop, and leaves nothing unfinished."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import Coroutine, Mapping
from hmac import compare_digest
from http import HTTPStatus

import aiohttp
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    Update,
)
from telegram.error import BadRequest, InvalidToken, TelegramError

from bot.domain import Delivery, Fetch, Receipt, Refusal, Refused, Reply, Room, Unusable
from bot.platforms.contract import State
from bot.platforms.telegram.client import (
    ConcurrentUpdateProcessor,
    ConnectionState,
    build_application,
)
from bot.platforms.telegram.files import Files
from bot.platforms.telegram.handlers import Handlers
from bot.platforms.telegram.identity import PLATFORM, Destination
from bot.platforms.telegram.routing import ALLOWED, Membership, SeenUpdates, register_handlers
from bot.platforms.telegram.sender import Sender
from bot.services import Service, commands
from bot.speech import LANGUAGES, speaker_for

log = logging.getLogger(__name__)

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
# Confirming the last update must not keep the process from ending.
CONFIRM_SECONDS = 1.0


class TelegramAdapter:
    """Connects the service with Telegram, by polling or, given an address, by a webhook.

    Args:
        token: The bot's, from @BotFather.
        api_url: Another Bot API server's address, without a slash at the end.
        webhook_url: The public address whose posts `feed` gets, without a slash at the end.

    Attributes:
        name: Tells the platform from the others; rooms carry it.
    """

    name = PLATFORM

    def __init__(
        self, token: str, *, api_url: str | None = None, webhook_url: str | None = None
    ) -> None:
        self._token = token
        self._api_url = api_url
        self._webhook_url = webhook_url
        self._secret = secrets.token_urlsafe(32)
        self._seen = SeenUpdates()
        self._has_menu = False
        self._connection: _Connection | None = None

    def state(self) -> State:
        """Return how the connection is."""
        state = self._connection.state if self._connection else "starting"
        return {"state": state, "way": "webhook" if self._webhook_url else "polling"}

    def fetcher(self, room: Room, reference: str) -> Fetch:
        """Return what fetches a photo again.

        Args:
            room: Where it was sent.
            reference: The photo's, as Telegram gave it.

        Returns:
            What raises Refused: with GONE when the photo is no more.
        """
        if self._connection is None:
            return _refuse
        return self._connection.files.file_fetcher(reference)

    def is_spoiler(self, reference: str) -> bool:
        """Return whether a photo is hidden until somebody taps it; here that is not known."""
        return False

    async def send(self, room: Room, reply: Reply, to: str | None = None) -> Receipt:
        """Send a message.

        Args:
            room: Where to.
            reply: What to send.
            to: The id of the message that it replies to.

        Returns:
            What became of it.
        """
        if self._connection is None:
            log.warning("room=%s got no message: not connected", room.id)
            return Receipt(Delivery.FAILED)
        destination = Destination(room, int(to) if to else None)
        sent = await self._connection.sender.send_to_chat(destination, reply)
        return Receipt(sent.delivery, None if sent.id is None else str(sent.id))

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
            The HTTP status of the answer.
        """
        given = headers.get(SECRET_HEADER, "")
        if not compare_digest(given.encode(), self._secret.encode()):
            return HTTPStatus.FORBIDDEN
        if self._connection is None or not self._connection.is_open:
            return HTTPStatus.SERVICE_UNAVAILABLE  # Telegram tries again
        application = self._connection.application
        try:
            update = Update.de_json(json.loads(body), application.bot)
        except (ValueError, TypeError, KeyError, AttributeError):
            return HTTPStatus.BAD_REQUEST
        application.update_queue.put_nowait(update)
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
            connection = _Connection(
                service,
                self._token,
                self._api_url,
                session,
                self._seen,
                is_polling=self._webhook_url is None,
            )
            self._connection = connection
            try:
                await connection.application.initialize()
                await connection.application.start()
                await self._answer_pending_photos(connection, service)
                await self._receive_updates(connection)
                if not self._has_menu:
                    connection.run_beside(self._set_menu(connection.application.bot))
                await _first(stopping, connection.connection_state.is_refused)
                if not stopping.is_set():
                    raise InvalidToken
                await connection.finish()
            except InvalidToken:  # whose text may hold the token
                raise Unusable(self._bad_token()) from None
            finally:
                self._connection = None
                await connection.close()

    async def _answer_pending_photos(self, connection: _Connection, service: Service) -> None:
        """Answer what was in hand when the process last ended, before Telegram sends it again."""
        for pending in await service.pending_photos(PLATFORM):
            self._seen.is_new_message(pending.room.id, pending.message)
            connection.run_beside(connection.handlers.handle_pending_photo(pending))

    async def _receive_updates(self, connection: _Connection) -> None:
        """Have updates delivered from now on; those that waited come first."""
        application = connection.application
        if application.updater is not None:
            await application.updater.start_polling(  # it removes a webhook that is still set
                allowed_updates=ALLOWED,
                drop_pending_updates=False,
                # The connection's state was told, and it logs.
                error_callback=lambda _: None,
            )
        else:
            await self._set_webhook(application.bot)
        # The first poll takes its time, and all went well so far.
        connection.connection_state.note_poll(HTTPStatus.OK)

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

    async def _set_menu(self, bot: Bot) -> None:
        """Have people's apps list the commands that are theirs, in each language."""
        # Whether those of admins are among them. In private, everyone decides for themselves.
        scopes = (
            (BotCommandScopeAllPrivateChats(), True),
            (BotCommandScopeAllGroupChats(), False),
            (BotCommandScopeAllChatAdministrators(), True),
        )
        try:
            for language in (None, *LANGUAGES):
                speaker = speaker_for(language)
                for scope, admin in scopes:
                    menu = [
                        BotCommand(command.name, command.summary_in(speaker))
                        for command in commands.menu(PLATFORM, admin=admin)
                    ]
                    await bot.set_my_commands(menu, scope=scope, language_code=language)
        except TelegramError as fault:
            log.warning("telegram: the menu of commands is not set (%s)", type(fault).__name__)
        else:
            self._has_menu = True

    def _bad_token(self) -> str:
        other = " Or is TELEGRAM_API_URL no Bot API server?" if self._api_url else ""
        return f"Telegram does not know this TELEGRAM_TOKEN; copy it again from @BotFather.{other}"


class _Connection:
    """One connection and all that works on it, from its beginning to its end."""

    def __init__(
        self,
        service: Service,
        token: str,
        api_url: str | None,
        session: aiohttp.ClientSession,
        seen: SeenUpdates,
        *,
        is_polling: bool,
    ) -> None:
        self.connection_state = ConnectionState()
        self._processor = ConcurrentUpdateProcessor()
        self.application = build_application(
            token, api_url, self.connection_state, self._processor, is_polling=is_polling
        )
        bot = self.application.bot
        self.files = Files(bot, session)
        self.sender = Sender(bot, service)
        self.handlers = Handlers(bot, service, self.sender, self.files)
        self.is_open = True
        register_handlers(
            self.application,
            seen,
            self.handlers,
            Membership(bot, service, self.sender),
            service.photos.side,
        )

    @property
    def state(self) -> str:
        """How the connection is."""
        return self.connection_state.name if self.is_open else "stopping"

    def run_beside(self, work: Coroutine[object, object, None]) -> None:
        """Do something besides; it is waited for and dropped as updates are."""
        self.application.create_task(self._processor.process_update(None, work))

    async def finish(self) -> None:
        """Take nothing new and finish what is in hand."""
        self.is_open = False
        await self._stop_polling()
        self.handlers.albums.close()
        self.sender.close()
        await self.application.stop()

    async def close(self) -> None:
        """Drop what is still in hand and hang up."""
        self.is_open = False
        await self._processor.shutdown()
        await self._stop_polling()
        if self.application.running:
            await self.application.stop()
        await self.application.shutdown()
        await self.application.bot.shutdown()  # the above does nothing for one half begun

    async def _stop_polling(self) -> None:
        updater = self.application.updater
        if updater is None or not updater.running:
            return
        try:
            async with asyncio.timeout(CONFIRM_SECONDS):
                await updater.stop()
        except (TimeoutError, TelegramError) as fault:
            log.info("telegram: the last update is not confirmed (%s)", type(fault).__name__)


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

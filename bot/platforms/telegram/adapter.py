"""Telegram: the bot comes, serves until it is told to stop, and goes without leaving a mess."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import Coroutine, Mapping
from hmac import compare_digest
from http import HTTPStatus
from typing import Any

import aiohttp
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    Update,
)
from telegram.error import BadRequest, InvalidToken, TelegramError

from bot import speech
from bot.domain import Fetch, Refusal, Refused, Reply, Room, Unusable
from bot.platforms.telegram.client import Line, SideBySide, build
from bot.platforms.telegram.files import Downloads
from bot.platforms.telegram.handlers import Ears
from bot.platforms.telegram.identity import PLATFORM, Spot
from bot.platforms.telegram.routing import ALLOWED, Once, Thresholds, register
from bot.platforms.telegram.sender import Mouth
from bot.services.service import Service

log = logging.getLogger(__name__)

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
# Confirming the last update must not keep the process from ending.
CONFIRM_SECONDS = 1.0


class TelegramChat:
    """Connects the host with Telegram, by polling or, given an address, by a webhook."""

    name = PLATFORM

    def __init__(
        self,
        host: Service,
        token: str,
        *,
        api_url: str | None = None,
        webhook_url: str | None = None,
    ) -> None:
        """api_url: another Bot API server. webhook_url: the public address whose posts `feed` gets.

        Both without a slash at the end.
        """
        self._host = host
        self._token = token
        self._api_url = api_url
        self._webhook_url = webhook_url
        self._secret = secrets.token_urlsafe(32)
        self._once = Once()
        self._way = "webhook" if webhook_url else "polling"
        self._has_menu = False
        self._here: _Presence | None = None

    def state(self) -> dict[str, Any]:
        """Say how the connection is."""
        state = self._here.state if self._here else "starting"
        return {"state": state, "way": self._way}

    def read(self, room: Room, reference: str) -> Fetch:
        """Return what fetches a photo again."""
        here = self._here
        if here is None:
            return _nobody_there
        return here.downloads.of(reference)

    async def say(self, room: Room, reply: Reply, to: str | None = None) -> bool:
        """Send a message, in reply to the message of that id."""
        if self._here is None:
            log.warning("room=%s got no message: not connected", room.id)
            return False
        await self._here.mouth.say(Spot(room, int(to) if to else None), reply)
        return True

    async def feed(self, headers: Mapping[str, str], body: bytes) -> int:
        """Take what was posted to the webhook, and return the HTTP status of the answer."""
        given = headers.get(SECRET_HEADER, "")
        if not compare_digest(given.encode(), self._secret.encode()):
            return HTTPStatus.FORBIDDEN
        if self._here is None or not self._here.is_open:
            return HTTPStatus.SERVICE_UNAVAILABLE  # Telegram tries again
        try:
            update = Update.de_json(json.loads(body), self._here.application.bot)
        except (ValueError, TypeError, KeyError, AttributeError):
            return HTTPStatus.BAD_REQUEST
        self._here.application.update_queue.put_nowait(update)
        return HTTPStatus.OK

    async def run(self, stopping: asyncio.Event) -> None:
        """Connect and serve until `stopping` is set; then finish what is in hand.

        Raises Unusable when the token or the webhook's address is of no use.
        """
        async with aiohttp.ClientSession(trust_env=True) as session:
            here = _Presence(self._host, self._token, self._api_url, session, self._once, self._way)
            self._here = here
            try:
                await here.application.initialize()
                await here.application.start()
                await self._answer_left_over(here)
                await self._listen(here)
                if not self._has_menu:
                    here.do(self._set_menu(here.application.bot))
                await _first(stopping, here.line.refused)
                if not stopping.is_set():
                    raise InvalidToken
                await here.finish()
            except InvalidToken:  # whose text may hold the token
                raise Unusable(self._bad_token()) from None
            finally:
                self._here = None
                await here.close()

    async def _listen(self, here: _Presence) -> None:
        """Have updates delivered from now on; those that waited come first."""
        application = here.application
        if application.updater is not None:
            await application.updater.start_polling(  # it removes a webhook that is still set
                allowed_updates=ALLOWED,
                drop_pending_updates=False,
                error_callback=lambda _: None,  # the line was told, and it tells
            )
        else:
            await self._set_webhook(application.bot)
        # The first poll takes its time, and all went well so far.
        here.line.heard(HTTPStatus.OK)

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

    async def _answer_left_over(self, here: _Presence) -> None:
        """Answer what was in hand when the process last ended, before Telegram sends it again."""
        for waiting in await self._host.left_over(PLATFORM):
            self._once.first_message(waiting.room.id, waiting.message)
            here.do(here.ears.answer_again(waiting))

    async def _set_menu(self, bot: Bot) -> None:
        """Have people's apps list the commands, in each language, in private and in groups."""
        scopes = BotCommandScopeAllPrivateChats(), BotCommandScopeAllGroupChats()
        try:
            for language in (None, *speech.LANGUAGES):
                words = self._host.commands(language)
                commands = [BotCommand(word.name, word.description) for word in words]
                for scope in scopes:
                    await bot.set_my_commands(commands, scope=scope, language_code=language)
        except TelegramError as fault:
            log.warning("telegram: the menu of commands is not set (%s)", type(fault).__name__)
        else:
            self._has_menu = True

    def _bad_token(self) -> str:
        other = " Or is TELEGRAM_API_URL no Bot API server?" if self._api_url else ""
        return f"Telegram does not know this TELEGRAM_TOKEN; copy it again from @BotFather.{other}"


class _Presence:
    """One connection and all that works on it, from its beginning to its end."""

    def __init__(
        self,
        host: Service,
        token: str,
        api_url: str | None,
        session: aiohttp.ClientSession,
        once: Once,
        way: str,
    ) -> None:
        self.line = Line()
        self._processor = SideBySide()
        self.application = build(
            token, api_url, self.line, self._processor, polling=way == "polling"
        )
        bot = self.application.bot
        self.downloads = Downloads(bot, session)
        self.mouth = Mouth(bot, host)
        self.ears = Ears(bot, host, self.mouth, self.downloads)
        self.is_open = True
        register(self.application, once, self.ears, Thresholds(bot, host, self.mouth))

    @property
    def state(self) -> str:
        """Say how the connection is."""
        return self.line.state if self.is_open else "stopping"

    def do(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something besides; it is waited for and dropped as updates are."""
        self.application.create_task(self._processor.process_update(None, work))

    async def finish(self) -> None:
        """Take nothing new and finish what is in hand."""
        self.is_open = False
        await self._stop_polling()
        self.ears.albums.close()
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


async def _nobody_there(_: int) -> bytes:
    raise Refused(Refusal.FAULT)

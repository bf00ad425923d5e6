"""How requests go out to Telegram's servers, and what the answers tell of the connection."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from telegram.error import RetryAfter, TelegramError, TimedOut
from telegram.ext import (
    AIORateLimiter,
    Application,
    ApplicationBuilder,
    BaseUpdateProcessor,
    ContextTypes,
    ExtBot,
)
from telegram.request import HTTPXRequest, RequestData

log = logging.getLogger(__name__)

# The library's parts that are not used here, for users' data and jobs, have no type of ours.
App = Application[ExtBot[Any], ContextTypes.DEFAULT_TYPE, Any, Any, Any, Any]
# What Telegram answers a call with.
Answer = bool | dict[str, Any] | list[dict[str, Any]]

# How the library is to tell lengths of time; with its older way, each RetryAfter is a warning.
os.environ.setdefault("PTB_TIMEDELTA", "true")

# Who has to wait more often than this is told of as a fault, and tried again further out.
FLOOD_RETRIES = 3
# What is under way takes no more than a little memory: the service lets in what it can carry.
UPDATES_AT_ONCE = 4096
# Two who poll end each other's polls every few seconds, and some succeed in between.
CALM_SECONDS = 30.0
CONNECT_SECONDS, READ_SECONDS, POOL_SECONDS = 10.0, 20.0, 10.0
# Sending, fetching and answering taps for many chats at once; polls have one of their own.
CONNECTIONS = 256


class Unanswered(TimedOut):
    """A request went out whole and no answer came: perhaps it was carried out."""


class TimedRequest(HTTPXRequest):
    """The library's requests, with our time-outs and less noise.

    Args:
        connections: How many may be open at once.
    """

    def __init__(self, connections: int = 1) -> None:
        super().__init__(
            connection_pool_size=connections,
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            write_timeout=READ_SECONDS,
            pool_timeout=POOL_SECONDS,
        )

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        *times: Any,  # the library's type for a time-out is private to it
        **named_times: Any,
    ) -> tuple[int, bytes]:
        """Make a request; tell a lost request from a lost answer."""
        try:
            return await super().do_request(url, method, request_data, *times, **named_times)
        except TimedOut as fault:
            # By its name: httpx is the library's own business.
            if type(fault.__cause__).__name__ == "ReadTimeout":
                raise Unanswered from fault
            raise

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Parse an answer; a gateway's page of HTML is not worth a traceback in the log."""
        try:
            answer: dict[str, Any] = json.loads(payload)
        except ValueError:
            raise TelegramError("Invalid server response") from None
        return answer


class PollingRequest(TimedRequest):
    """The requests that ask for updates, watched: their answers tell how the connection is.

    Args:
        connection: Is told of each answer.
    """

    def __init__(self, connection: ConnectionState) -> None:
        super().__init__()
        self._connection = connection

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        *times: Any,  # the library's type for a time-out is private to it
        **named_times: Any,
    ) -> tuple[int, bytes]:
        """Make a request and note how it went."""
        try:
            status, answer = await super().do_request(
                url, method, request_data, *times, **named_times
            )
        except TelegramError:
            self._connection.note_poll(None)
            raise
        self._connection.note_poll(status)
        return status, answer


class ChatRateLimiter(AIORateLimiter):
    """Keeps within Telegram's limits; a flood wait in one chat is no other chat's business.

    The library's own way of waiting lets nobody else send meanwhile.
    """

    async def process_request(
        self,
        callback: Callable[..., Coroutine[Any, Any, Answer]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: int | None,
    ) -> Answer:
        """Make a request when its turn comes, and again after a flood wait."""

        async def call(*args: Any, **kwargs: Any) -> Answer:
            for _ in range(FLOOD_RETRIES):
                try:
                    return await callback(*args, **kwargs)
                except RetryAfter as flood:
                    await asyncio.sleep(seconds_of(flood))
            return await callback(*args, **kwargs)

        return await super().process_request(call, args, kwargs, endpoint, data, rate_limit_args)


def seconds_of(flood: RetryAfter) -> float:
    """Return how many seconds Telegram wants to be left alone."""
    after = flood.retry_after
    return after.total_seconds() if isinstance(after, timedelta) else after


class ConnectionState:
    """How the connection is. Each change for the worse or the better is logged once.

    Attributes:
        name: Shown at /healthz: starting, running, unreachable or conflict.
        is_refused: Set when Telegram does not know the token any more.
    """

    def __init__(self) -> None:
        self.name = "starting"
        self.is_refused = asyncio.Event()
        self._conflict_until = 0.0

    def note_poll(self, status: int | None) -> None:
        """Note how the server answered a poll.

        Args:
            status: The answer's HTTP status; None when there was no answer.
        """
        now = asyncio.get_running_loop().time()
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND):
            self.is_refused.set()
        elif status == HTTPStatus.CONFLICT:
            self._conflict_until = now + CALM_SECONDS
            self._become(
                "conflict",
                "somebody else gets this bot's updates: end the other process, or the webhook, "
                "that uses the same TELEGRAM_TOKEN",
            )
        elif now < self._conflict_until or status == HTTPStatus.TOO_MANY_REQUESTS:
            pass
        elif status == HTTPStatus.OK:
            self._become("running", "all is well again")
        else:
            self._become("unreachable", "Telegram cannot be reached; trying on")

    def _become(self, name: str, sentence: str) -> None:
        if name == self.name:
            return
        if name != "running":
            log.warning("telegram: %s", sentence)
        elif self.name != "starting":
            log.info("telegram: %s", sentence)
        self.name = name


class ConcurrentUpdateProcessor(BaseUpdateProcessor):
    """Handles all updates at once, and can drop what is under way."""

    def __init__(self) -> None:
        super().__init__(UPDATES_AT_ONCE)
        self._tasks: set[asyncio.Task[object]] = set()
        self._is_over = False

    async def do_process_update(self, update: object, coroutine: Awaitable[object]) -> None:
        """Handle an update."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            if self._is_over:
                task.cancel()
            await coroutine
        finally:
            self._tasks.discard(task)

    async def initialize(self) -> None:
        """Do nothing."""

    async def shutdown(self) -> None:
        """Drop whatever is still under way."""
        self._is_over = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def build_application(
    token: str,
    api_url: str | None,
    connection: ConnectionState,
    processor: ConcurrentUpdateProcessor,
    *,
    is_polling: bool,
) -> App:
    """Put the library's parts together.

    Args:
        token: The bot's.
        api_url: A Bot API server's address without a slash at the end; None for Telegram's own.
        connection: Is told how polls go.
        processor: Handles updates.
        is_polling: Whether the application asks for updates itself.
    """
    builder = (
        ApplicationBuilder()
        .token(token)
        .request(TimedRequest(CONNECTIONS))
        .get_updates_request(PollingRequest(connection))
        .rate_limiter(ChatRateLimiter())
        .concurrent_updates(processor)
    )
    if api_url is not None:
        builder = builder.base_url(f"{api_url}/bot").base_file_url(f"{api_url}/file/bot")
    application: App = builder.build() if is_polling else builder.updater(None).build()
    return application

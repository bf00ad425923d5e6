"""The line to Telegram's servers: how requests go out, and what the answers tell of its state."""

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
)
from telegram.request import HTTPXRequest, RequestData

log = logging.getLogger(__name__)

App = Application[Any, ContextTypes.DEFAULT_TYPE, Any, Any, Any, Any]

# How the library is to tell lengths of time; with its older way, each RetryAfter is a warning.
os.environ.setdefault("PTB_TIMEDELTA", "true")

# Who has to wait more often than this is told of as a fault, and tried again further out.
FLOOD_RETRIES = 3
# What is under way takes no more than a little memory: the host lets in what it can carry.
UPDATES_AT_ONCE = 4096
# Two who poll end each other's polls every few seconds, and some succeed in between.
CALM_SECONDS = 30.0
CONNECT_SECONDS, READ_SECONDS, POOL_SECONDS = 10.0, 20.0, 10.0


class Unanswered(TimedOut):
    """A request went out whole and no answer came: perhaps it was carried out."""


class Requests(HTTPXRequest):
    """The library's requests, with our time-outs and less noise."""

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
        *times: Any,
        **more: Any,
    ) -> tuple[int, bytes]:
        """Make a request; tell a lost request from a lost answer."""
        try:
            return await super().do_request(url, method, request_data, *times, **more)
        except TimedOut as fault:
            # By its name: httpx is the library's own business.
            if type(fault.__cause__).__name__ == "ReadTimeout":
                raise Unanswered from fault
            raise

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Read an answer; a gateway's page of HTML is not worth a traceback in the log."""
        try:
            answer: dict[str, Any] = json.loads(payload)
        except ValueError:
            raise TelegramError("Invalid server response") from None
        return answer


class Polls(Requests):
    """The requests that ask for updates, watched: their answers tell how the line is."""

    def __init__(self, watch: Line) -> None:
        super().__init__()
        self._line = watch

    async def do_request(self, *given: Any, **more: Any) -> tuple[int, bytes]:
        """Make a request and note how it went."""
        try:
            status, answer = await super().do_request(*given, **more)
        except TelegramError:
            self._line.heard(None)
            raise
        self._line.heard(status)
        return status, answer


class Limiter(AIORateLimiter):
    """Keeps within Telegram's limits; a flood wait in one chat is no other chat's business.

    The library's own way of waiting lets nobody else speak meanwhile.
    """

    async def process_request(
        self,
        callback: Callable[..., Coroutine[Any, Any, bool | dict[str, Any] | list[dict[str, Any]]]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: int | None,
    ) -> bool | dict[str, Any] | list[dict[str, Any]]:
        """Make a request when its turn comes, and again after a flood wait."""

        async def patiently(
            *args: Any, **kwargs: Any
        ) -> bool | dict[str, Any] | list[dict[str, Any]]:
            for _ in range(FLOOD_RETRIES):
                try:
                    return await callback(*args, **kwargs)
                except RetryAfter as flood:
                    await asyncio.sleep(seconds_of(flood))
            return await callback(*args, **kwargs)

        return await super().process_request(
            patiently, args, kwargs, endpoint, data, rate_limit_args
        )


def seconds_of(flood: RetryAfter) -> float:
    """Return how long Telegram wants to be left alone."""
    after = flood.retry_after
    return after.total_seconds() if isinstance(after, timedelta) else after


class Line:
    """What is known of the line. Each change for the worse or the better is logged once."""

    def __init__(self) -> None:
        self.state = "starting"
        self.refused = asyncio.Event()
        self._conflict_until = 0.0

    def heard(self, status: int | None) -> None:
        """Note how the server answered a poll; None when it did not."""
        now = asyncio.get_running_loop().time()
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND):
            self.refused.set()
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

    def _become(self, state: str, sentence: str) -> None:
        if state == self.state:
            return
        if state != "running":
            log.warning("telegram: %s", sentence)
        elif self.state != "starting":
            log.info("telegram: %s", sentence)
        self.state = state


class SideBySide(BaseUpdateProcessor):
    """Handles all updates at once, and can drop what is under way."""

    def __init__(self) -> None:
        super().__init__(UPDATES_AT_ONCE)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._over = False

    async def do_process_update(self, update: object, coroutine: Awaitable[Any]) -> None:
        """Handle an update."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            if self._over:
                task.cancel()
            await coroutine
        finally:
            self._tasks.discard(task)

    async def initialize(self) -> None:
        """Do nothing."""

    async def shutdown(self) -> None:
        """Drop whatever is still under way."""
        self._over = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def build(
    token: str, api_url: str | None, line: Line, processor: SideBySide, *, polling: bool
) -> App:
    """Put the library's parts together, for Telegram's own server or for another one."""
    builder = (
        ApplicationBuilder()
        .token(token)
        .request(Requests(connections=256))
        .get_updates_request(Polls(line))
        .rate_limiter(Limiter())
        .concurrent_updates(processor)
    )
    if api_url is not None:
        builder = builder.base_url(f"{api_url}/bot").base_file_url(f"{api_url}/file/bot")
    application: App = builder.build() if polling else builder.updater(None).build()
    return application

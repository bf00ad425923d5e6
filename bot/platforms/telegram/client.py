"""How requests go out to Telegram's servers, and what the answers tell of the connection."""

from __future__ import annotations

import asyncio
import functools
import json
import logging
import os
import ssl
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import httpx
from telegram.error import (
    Conflict,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TimedOut,
)
from telegram.ext import BaseRateLimiter, ExtBot
from telegram.request import HTTPXRequest, RequestData

log = logging.getLogger(__name__)

# How the library is to tell lengths of time; with its older way, each RetryAfter is a warning.
os.environ.setdefault("PTB_TIMEDELTA", "true")

# Two who poll end each other's polls every few seconds, and some succeed in between.
CALM_SECONDS = 30.0
# A token is of no use when it was refused so often in a row, and, once it was taken, for so long:
# Telegram, and what stands before it, says so for a moment now and then.
REFUSALS, REFUSED_SECONDS = 3, 180.0
CONNECT_SECONDS, READ_SECONDS, POOL_SECONDS = 10.0, 20.0, 10.0
# Sending, fetching and answering taps for many chats at once; polls have one of their own.
CONNECTIONS = 256
# So many stay open when nothing is to be sent: each request looks at all of these.
IDLE_CONNECTIONS = 16


class Unanswered(TimedOut):
    """A request went out whole and no answer came: perhaps it was carried out."""


class NoAnswer(NetworkError):
    """What came back is no answer of a Bot API server, but a gateway's page, say."""


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
            httpx_kwargs={
                "verify": _trusted(),
                "limits": httpx.Limits(
                    max_connections=connections, max_keepalive_connections=IDLE_CONNECTIONS
                ),
            },
        )

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        *times: Any,  # the library's type for a time-out is private to it
        **named_times: Any,
    ) -> tuple[int, bytes]:
        """Make a request; tell a lost request from a lost answer, and Telegram from a gateway."""
        try:
            status, answer = await super().do_request(
                url, method, request_data, *times, **named_times
            )
        except TimedOut as fault:
            if isinstance(fault.__cause__, httpx.ReadTimeout):
                raise Unanswered from fault
            raise
        # A page says nothing of the bot's token, or of a chat, whatever its status.
        if not answer.lstrip().startswith(b"{"):
            raise NoAnswer(f"no answer, but something with the status {status}")
        return status, answer

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Parse an answer; a gateway's page of HTML is not worth a traceback in the log.

        Raises:
            NoAnswer: When it is none of the Bot API's.
        """
        try:
            answer = json.loads(payload)
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or ("result" not in answer and answer.get("ok", True)):
            raise NoAnswer("Invalid server response")
        return answer


@functools.cache
def _trusted() -> ssl.SSLContext:
    """Return whom all requests trust: to read the list takes longer than the rest of a start."""
    return httpx.create_ssl_context()


def seconds_of(flood: RetryAfter) -> float:
    """Return how many seconds Telegram wants to be left alone."""
    after = flood.retry_after
    return after.total_seconds() if isinstance(after, timedelta) else after


class ConnectionState:
    """How the connection is. Each change for the worse or the better is logged once.

    Args:
        clock: Seconds that only go on.

    Attributes:
        name: Shown at /healthz: starting, running, unreachable, conflict or refused.
        is_refused: Set when Telegram does not know the token, for good.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = "starting"
        self.is_refused = asyncio.Event()
        self._clock = clock
        self._conflict_until = 0.0
        self._was_taken = False
        self._refusals: list[float] = []

    def note_answer(self) -> None:
        """Note that Telegram gave what it was asked for."""
        self._was_taken = True
        self._refusals.clear()
        if self._clock() >= self._conflict_until:
            self._become("running", "all is well again")

    def note_fault(self, fault: Exception) -> None:
        """Note that Telegram did not."""
        if isinstance(fault, InvalidToken):
            self._note_refusal()
        elif isinstance(fault, Conflict):
            self._conflict_until = self._clock() + CALM_SECONDS
            self._become(
                "conflict",
                "somebody else gets this bot's updates: end the other process, or the webhook, "
                "that uses the same TELEGRAM_TOKEN",
            )
        elif self._clock() >= self._conflict_until and not isinstance(fault, RetryAfter):
            self._become("unreachable", "Telegram cannot be reached; trying on")

    def _note_refusal(self) -> None:
        self._refusals.append(self._clock())
        self._become("refused", "Telegram does not know this TELEGRAM_TOKEN just now; trying on")
        seconds = self._refusals[-1] - self._refusals[0]
        patience = REFUSED_SECONDS if self._was_taken else 0.0
        if len(self._refusals) >= REFUSALS and seconds >= patience:
            self.is_refused.set()

    def _become(self, name: str, sentence: str) -> None:
        if name == self.name:
            return
        if name != "running":
            log.warning("telegram: %s", sentence)
        elif self.name != "starting":
            log.info("telegram: %s", sentence)
        self.name = name


class TelegramBot(ExtBot[int]):
    """The library's bot, which also hands out updates as they came.

    Args:
        token: The bot's.
        api_url: A Bot API server's address without a slash at the end; None for Telegram's own.
        limiter: Has calls wait for their turn.
    """

    def __init__(self, token: str, api_url: str | None, limiter: BaseRateLimiter[int]) -> None:
        server = api_url or "https://api.telegram.org"
        super().__init__(
            token,
            base_url=f"{server}/bot",
            base_file_url=f"{server}/file/bot",
            request=TimedRequest(CONNECTIONS),
            get_updates_request=TimedRequest(),
            rate_limiter=limiter,
        )

    async def poll(self, offset: int | None, seconds: int, allowed: Sequence[str]) -> list[object]:
        """Ask for updates, and wait for the first.

        The library's own way reads all of a batch or nothing: one update that it cannot read
        would come again for ever.

        Args:
            offset: The id of the first update that is not handed over yet.
            seconds: How long to wait.
            allowed: The kinds to ask for.

        Raises:
            TelegramError: As the library's calls do.
        """
        asked = {"offset": offset, "timeout": seconds, "allowed_updates": allowed}
        updates = await self._post("getUpdates", asked, read_timeout=READ_SECONDS + seconds)
        if not isinstance(updates, list):
            raise NoAnswer("Invalid server response")
        return updates

    async def call(self, method: str, data: dict[str, object], urgency: int) -> dict[str, object]:
        """Make a call that the library has no arguments for, in its turn.

        Args:
            method: Its name.
            data: What goes along; what is None is left out.
            urgency: What goes first where not everything may go at once.

        Returns:
            What Telegram answered, as it came.

        Raises:
            TelegramError: As the library's calls do.
        """
        answer = await self._post(method, data, api_kwargs=self._merge_api_rl_kwargs({}, urgency))
        if not isinstance(answer, dict):
            raise NoAnswer("Invalid server response")
        return answer

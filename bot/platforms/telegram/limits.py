"""Keeps within Telegram's limits, chat by chat; what matters most goes first."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Coroutine
from enum import IntEnum
from itertools import count
from typing import Any

from cachetools import LRUCache
from telegram.constants import FloodLimit
from telegram.error import RetryAfter, TelegramError
from telegram.ext import BaseRateLimiter

from bot.metrics import Call
from bot.platforms.common import Retries
from bot.platforms.telegram.client import seconds_of

# What Telegram answers a call with.
Answer = bool | dict[str, Any] | list[dict[str, Any]]

# So many messages in so many seconds: over all, of what nobody waits for, and in each group. An
# answer has no such limit; https://core.telegram.org/bots/faq speaks of bulk notifications.
OVER_ALL = float(FloodLimit.MESSAGES_PER_SECOND), 1.0
IN_GROUP = float(FloodLimit.MESSAGES_PER_MINUTE_PER_GROUP), 60.0
# Who has to wait more often than this is told of as a fault, and tried again further out.
FLOOD_RETRIES = 3
# Groups where something was sent lately; a limit is forgotten long after its minute is over.
GROUPS_REMEMBERED = 1024


# By how a method's name begins.
CALLS = {
    "send": Call.SEND,
    "copy": Call.SEND,
    "answerGuest": Call.SEND,
    "edit": Call.EDIT,
    "setMessageReaction": Call.REACT,
    "answerCallback": Call.ACKNOWLEDGE,
    "getFile": Call.FETCH,
}


class Urgency(IntEnum):
    """What goes first when a chat may not have everything at once."""

    # Somebody waits for it: a verdict, the answer to a command.
    ANSWER = 0
    # What came of it: an edited message, a picture, what the bot says by itself.
    NEWS = 1
    # A sentence that nobody misses when it comes late.
    NOTICE = 2


class Closing(TelegramError):
    """The bot is about to end, and nothing new goes out; the next process sends it."""

    def __init__(self) -> None:
        super().__init__("closing")


class Turns:
    """Lets so many calls through in so much time, the most urgent first.

    Args:
        times: How many may go at once.
        seconds: Until so many may go again; they come back one by one.
        sharers: Returns how many there are to share that.
    """

    def __init__(
        self, times: float, seconds: float, sharers: Callable[[], int] = lambda: 1
    ) -> None:
        self._all_times = times
        self._seconds = seconds
        self._sharers = sharers
        self._level = 0.0
        self._at = 0.0
        self._numbers = count()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._is_closed = False

    async def reach(self, urgency: int) -> None:
        """Wait for one's turn. Raises Closing."""
        if self._is_closed:
            raise Closing
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (urgency, next(self._numbers), turn))
        self._let_in()
        await turn

    def close(self) -> None:
        """Let nobody in any more, neither who waits nor who comes."""
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()
        for *_, turn in self._waiting:
            if not turn.done():
                turn.set_exception(Closing())
        self._waiting.clear()

    def _let_in(self) -> None:
        """Let in as many as there is room for, and come again when there is more."""
        loop = asyncio.get_running_loop()
        times = max(1.0, self._all_times / self._sharers())
        pace = times / self._seconds
        self._level = max(0.0, self._level - (loop.time() - self._at) * pace)
        self._at = loop.time()
        while self._waiting and self._level + 1 <= times + 1e-9:
            *_, turn = heapq.heappop(self._waiting)
            if not turn.done():  # else whoever waited has given up
                self._level += 1
                turn.set_result(None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            self._timer = loop.call_later((self._level + 1 - times) / pace, self._let_in)


class ChatRateLimiter(BaseRateLimiter[int]):
    """Has each call wait for its turn; `rate_limit_args` is its `Urgency`.

    A flood wait in one chat is no other chat's business; the library's own limiter lets nobody
    else send meanwhile, and knows no urgency.

    Args:
        retries: Counts calls that are made again.
        sharers: Returns how many processes share what holds over all chats.
    """

    def __init__(self, retries: Retries, sharers: Callable[[], int] = lambda: 1) -> None:
        self._retries = retries
        self._all = Turns(*OVER_ALL, sharers)
        self._groups: LRUCache[int, Turns] = LRUCache(GROUPS_REMEMBERED)

    async def initialize(self) -> None:
        """Do nothing."""

    async def shutdown(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Let nothing new go out; what is under way goes on."""
        for turns in (self._all, *self._groups.values()):
            turns.close()

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
        urgency = Urgency.ANSWER if rate_limit_args is None else rate_limit_args
        chat = data.get("chat_id")
        # Questions about a chat cost it nothing.
        if isinstance(chat, int) and not endpoint.startswith("get"):
            if chat < 0:
                await self._turns_of(chat).reach(urgency)
            if urgency is not Urgency.ANSWER:
                await self._all.reach(urgency)
        for _ in range(FLOOD_RETRIES):
            try:
                return await callback(*args, **kwargs)
            except RetryAfter as flood:
                await asyncio.sleep(seconds_of(flood))
                self._retries.note(_call_of(endpoint))
        return await callback(*args, **kwargs)

    def _turns_of(self, group: int) -> Turns:
        return self._groups.setdefault(group, Turns(*IN_GROUP))


def _call_of(endpoint: str) -> Call:
    """Return what a method of the Bot API is for."""
    found = (call for begin, call in CALLS.items() if endpoint.startswith(begin))
    return next(found, Call.OTHER)

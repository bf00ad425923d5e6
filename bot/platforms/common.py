"""What every platform needs: order within a chat, the latest edit last, capped reads, retries."""

from __future__ import annotations

import asyncio
import logging
import unicodedata
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Hashable,
    Iterable,
)
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from cachetools import LRUCache

from bot.domain import Player, Refusal, Refused, Room
from bot.metrics import Call, Metrics

log = logging.getLogger(__name__)

T = TypeVar("T")

# Letters and symbols that show nothing: Hangul fillers, Khmer's inherent vowels, an empty Braille.
BLANKS = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")

# Messages that were edited lately; an edit takes a moment, and few are edited twice.
REMEMBERED = 4096
# Of a download that is read piece by piece.
CHUNK = 64 * 1024
# Of a photo that others see, on its longer side, in pixels: enough for any phone's screen, a tenth
# of the bytes.
PREVIEW_SIDE = 1280


class ReplyOrder:
    """Keeps replies in the order of the questions, chat by chat, while the work goes on at once."""

    def __init__(self) -> None:
        self._last: dict[Hashable, asyncio.Future[None]] = {}

    def reserve(self, chat: Hashable) -> Slot:
        """Return the next slot of a chat; call it as soon as the question arrives.

        Every slot must be used or released, or those behind it wait for ever.
        """
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        before = self._last.get(chat)
        self._last[chat] = mine

        def over(_: asyncio.Future[None]) -> None:
            if self._last.get(chat) is mine:
                del self._last[chat]

        mine.add_done_callback(over)
        return Slot(before, mine)


class Slot:
    """One place in a chat's queue."""

    def __init__(self, before: asyncio.Future[None] | None, mine: asyncio.Future[None]) -> None:
        self._before = before
        self._mine = mine

    @asynccontextmanager
    async def reached(self) -> AsyncIterator[None]:
        """Wait until all before are done; leaving the block, in whatever way, releases the slot."""
        try:
            if self._before is not None:
                # A wait that is cancelled must not take the other's slot with it.
                await asyncio.shield(self._before)
            yield
        finally:
            self.release()

    def release(self) -> None:
        """Let the next one in without having sent anything."""
        if self._mine.done():
            return
        if self._before is None or self._before.done():
            self._mine.set_result(None)
        else:  # the next one still has to wait for whoever is before us
            self._before.add_done_callback(lambda _: self.release())


@dataclass(slots=True)
class _Edits:
    latest: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class EditOrder:
    """Keeps an older edit of a message from replacing a newer one."""

    def __init__(self) -> None:
        self._messages: LRUCache[Hashable, _Edits] = LRUCache(REMEMBERED)

    async def apply(
        self, message: Hashable, revision: int, edit: Callable[[], Awaitable[object]]
    ) -> None:
        """Edit a message, unless a newer edit of it was asked for meanwhile.

        Args:
            message: What tells the message from all others.
            revision: The reply's; the higher is the newer.
            edit: Does it.
        """
        edits = self._messages.setdefault(message, _Edits())
        edits.latest = max(edits.latest, revision)
        async with edits.lock:
            if revision >= edits.latest:
                await edit()


class RunningTasks:
    """Starts work beside everything else, and knows what is not done yet."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[object, None, None]) -> asyncio.Task[None]:
        """Do some work; its faults are logged."""
        task = asyncio.create_task(_guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # What is given up before it began.
        task.add_done_callback(lambda _: work.close())
        return task

    async def finish(self, seconds: float | None = None) -> None:
        """Wait for all that is in hand, and for what that starts, but not longer than that."""
        try:
            async with asyncio.timeout(seconds):
                while self._tasks:
                    await asyncio.wait(self._tasks)
        except TimeoutError:
            pass

    async def cancel(self) -> None:
        """Give up what is in hand."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _guarded(work: Coroutine[object, None, None]) -> None:
    try:
        await work
    except Exception:
        log.exception("an update could not be handled")


# What says nothing about one photo, but that no more can be done for a person just now.
ABOUT_ALL = frozenset(
    {Refusal.TOO_OFTEN, Refusal.BUSY, Refusal.CLOSING, Refusal.TOO_SLOW, Refusal.FAULT}
)
# What is of no interest to those who never meant the photo for the bot.
ABOUT_A_FILE = frozenset({Refusal.EMPTY, Refusal.NOT_A_PICTURE, Refusal.DAMAGED})
# So many people were refused something lately.
REFUSALS_REMEMBERED = 4096


@dataclass(slots=True)
class _LastRefusal:
    reason: Refusal
    unsaid: int = 0


class SaidRefusals:
    """Says a refusal once to a person, until they are told something else.

    That the bot is busy is said once to a chat, until none of its photos waits any more.
    """

    def __init__(self) -> None:
        self._last: LRUCache[Hashable, _LastRefusal] = LRUCache(REFUSALS_REMEMBERED)

    def is_news(self, room: Room, player: Player, reason: Refusal) -> bool:
        """Return whether a refusal is to be said; one that is not is counted.

        Args:
            room: Where.
            player: Whose photo is refused.
            reason: Why.
        """
        if room.private and reason not in ABOUT_ALL:
            return True
        key = room, None if reason is Refusal.BUSY else player.id
        last = self._last.get(key)
        if last is not None and last.reason is reason:
            last.unsaid += 1
            return False
        self._last[key] = _LastRefusal(reason)
        return True

    def end(self, room: Room, player: Player, *, is_waited_in: bool) -> int:
        """Note that somebody's photo is answered; return how many refusals were not said before.

        Args:
            room: Where.
            player: Whose photo is answered.
            is_waited_in: Whether more of the chat's photos wait for their turn.
        """
        over = [(room, player.id)] if is_waited_in else [(room, player.id), (room, None)]
        lasts = [self._last.pop(key, None) for key in over]
        return sum(last.unsaid for last in lasts if last is not None)


def readable(name: str) -> str:
    """Return a name; nothing of one in which there is nothing to be seen."""
    is_seen = (unicodedata.category(char)[0] not in "CMZ" and char not in BLANKS for char in name)
    return name if any(is_seen) else ""


async def read_capped(chunks: AsyncIterable[bytes], limit: int) -> bytes:
    """Return all bytes of a stream.

    Args:
        chunks: The stream.
        limit: How many there may be at most; no more than that and one chunk are held.

    Raises:
        Refused: As soon as there are more.
    """
    received = bytearray()
    async for chunk in chunks:
        received += chunk
        if len(received) > limit:
            raise Refused(Refusal.TOO_MANY_BYTES)
    return bytes(received)


class Retries:
    """Makes a platform's calls, again after faults that pass, and counts what goes wrong.

    Args:
        platform: Whose calls these are.
        metrics: Counts.
    """

    def __init__(self, platform: str, metrics: Metrics) -> None:
        self._platform = platform
        self._metrics = metrics

    async def make(
        self,
        kind: Call,
        call: Callable[[], Awaitable[T]],
        waits: Iterable[float],
        passing: Callable[[Exception], float | None],
    ) -> T:
        """Make a call, and again after faults that pass. It must do no harm when it is done twice.

        Args:
            kind: What it asks for.
            call: Makes it.
            waits: Seconds before each further attempt; the last comes after the last of them.
            passing: Returns for a fault the least seconds to wait, or None when another attempt
                would change nothing.

        Raises:
            Exception: What the last attempt raised, or the first fault that does not pass.
        """
        for wait in waits:
            try:
                return await call()
            except Exception as fault:
                least = passing(fault)
                if least is None:
                    raise
            await asyncio.sleep(max(wait, least))
            self.note(kind)
        return await call()

    def note(self, kind: Call) -> None:
        """Note one further attempt that is made elsewhere."""
        self._metrics.note_retry(self._platform, kind)

    def note_ambiguous(self) -> None:
        """Note a message of which nobody knows whether it is there."""
        self._metrics.note_ambiguous(self._platform)


def backoff(first: float, longest: float, patience: float) -> Iterable[float]:
    """Yield waits that double, until together they come to as much as there is patience.

    Args:
        first: Seconds.
        longest: Seconds that no wait exceeds.
        patience: Seconds in all.
    """
    wait = first
    while patience > 0:
        yield min(wait, longest)
        patience -= min(wait, longest)
        wait *= 2

"""What goes wrong with requests to Discord: which faults pass, and what the others mean."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiohttp
import discord

from bot.domain import Refusal
from bot.metrics import Call
from bot.platforms.common import Retries

T = TypeVar("T")

# Seconds, after a connection that broke, or what discord.py does not wait for itself.
WAITS = (0.5, 2.0, 5.0)
# Seconds, where somebody waits for an answer, for as long as that is of any interest.
PATIENT_WAITS = (0.5, 2.0, 5.0, 15.0, 30.0, 60.0, 60.0, 60.0)
# A limit of Discord's that lasts longer than this is not waited out: who asked has given up.
LONGEST_LIMIT = 300.0
# Codes of Discord's: https://discord.com/developers/docs/topics/opcodes-and-status-codes
UNKNOWN_MESSAGE, MISSING_PERMISSIONS = 10008, 50013
# A reply needs a permission more than a message: to read the channel's history.
NO_HISTORY = 160002
# No code at all, a network's error, and too much to do.
PASSING = frozenset({0, 40333, 130000})
# Threads that are archived or locked.
CLOSED = frozenset({50083, 160005})


class CannotSend(Exception):
    """The bot may not write there, or there is no such place any more."""


class Misread(aiohttp.ClientError):
    """What came is no answer of Discord's, whatever its status says: a proxy's page, say."""


class Requests:
    """Makes requests to Discord, and again after a while when that may help.

    Args:
        retries: Makes them again.
    """

    def __init__(self, retries: Retries) -> None:
        self._retries = retries

    async def make(
        self, kind: Call, request: Callable[[], Awaitable[T]], *, is_patient: bool = False
    ) -> T:
        """Make a request, until it is answered or that would not help.

        Args:
            kind: What it asks for.
            request: Makes it; it must do no harm when it is done twice.
            is_patient: Whether to go on for minutes.

        Raises:
            Exception: What the last attempt raised, or the first fault that does not pass.
        """

        async def ask() -> T:
            try:
                return await request()
            except (TypeError, ValueError) as error:  # discord.py stumbled over it
                raise Misread from error

        if is_patient:
            return await self._retries.make(kind, ask, PATIENT_WAITS, _patient_wait_after)
        return await self._retries.make(kind, ask, WAITS, _wait_after)


def is_passing(error: discord.HTTPException) -> bool:
    """Return whether an error is no word of Discord's on the request, so that it may pass.

    What Discord refuses has a code; the page of a proxy on the way has none, whatever its status.
    """
    return error.status >= 500 or error.status == 429 or error.code in PASSING


def is_final(error: discord.HTTPException) -> bool:
    """Return whether the bot may not write there, or there is no such place."""
    return error.code in CLOSED or (error.status in (403, 404) and not is_passing(error))


def has_no_target(error: discord.HTTPException) -> bool:
    """Return whether a reply cannot be one: its target is gone, out of sight, or takes none."""
    return error.code in (NO_HISTORY, UNKNOWN_MESSAGE) or "message_reference" in error.text


def why_not_there(error: discord.HTTPException) -> Refusal:
    """Return why a message cannot be had: it is only gone where Discord says so."""
    if is_passing(error):
        return Refusal.FAULT
    return Refusal.GONE if error.code == UNKNOWN_MESSAGE else Refusal.OUT_OF_SIGHT


def _wait_after(fault: Exception) -> float | None:
    """Return 0 for a fault that passes in a moment, to be waited out by WAITS; None for all others.

    discord.py itself tries again after most other faults that pass.
    """
    if isinstance(fault, discord.DiscordServerError):
        return 0.0 if fault.status == 503 else None
    return 0.0 if isinstance(fault, (aiohttp.ClientError, OSError)) else None


def _patient_wait_after(fault: Exception) -> float | None:
    """Return the least seconds to wait after a fault that passes in minutes; None for others."""
    seconds = 0.0
    if isinstance(fault, discord.RateLimited):
        seconds = fault.retry_after
    elif isinstance(fault, discord.HTTPException):
        if not is_passing(fault):
            return None
        told = fault.response.headers.get("Retry-After", "")
        seconds = float(told) if told.isdecimal() else 0.0
    elif _wait_after(fault) is None:
        return None
    return seconds if seconds <= LONGEST_LIMIT else None

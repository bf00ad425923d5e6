"""Tells systemd that the bot is ready, that it still lives, and that it ends: sd_notify(3)."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

log = logging.getLogger(__name__)


class Systemd:
    """The service manager that started this process, if one did and wants to be told.

    Args:
        environment: What it set for the process: its own words, no settings of the operator's.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        wanted_of = environment.get("WATCHDOG_PID", str(os.getpid()))
        microseconds = environment.get("WATCHDOG_USEC", "0")
        is_watched = wanted_of == str(os.getpid()) and microseconds.isdecimal()
        self._seconds = int(microseconds) / 1e6 if is_watched else 0.0

    def tell(self, state: str) -> None:
        """Tell it something; nothing happens where nobody listens.

        Args:
            state: One of sd_notify's words, such as `READY=1`.
        """
        if not self._address:
            return
        # A name that begins with @ is in no folder: Linux wants it with a zero byte there.
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
                connection.connect(address)
                connection.send(state.encode())
        except OSError as error:
            log.warning("the service manager could not be told %s: %s", state, error.strerror)

    @asynccontextmanager
    async def watching(self, is_alive: Callable[[], bool]) -> AsyncIterator[None]:
        """Say that the bot is ready, and, while the block lasts, that it lives.

        Args:
            is_alive: Returns whether it does; when it does not, systemd starts it anew.
        """
        self.tell("READY=1")
        living = asyncio.create_task(self._live(is_alive), name="watchdog")
        try:
            yield
        finally:
            living.cancel()
            await asyncio.gather(living, return_exceptions=True)

    async def _live(self, is_alive: Callable[[], bool]) -> None:
        while self._seconds:
            if is_alive():
                self.tell("WATCHDOG=1")
            await asyncio.sleep(self._seconds / 3)

"""What the app needs of a platform.

Telegram and Discord are kept running by a supervisor; the web server, which has the port and the
health, is started first and stopped last.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Protocol

from bot.services import Service
from bot.services.ports import Messenger

# As it is shown at /healthz: the state's name under `state`, and numbers and reasons beside it.
State = Mapping[str, str | int]


class Notes(Protocol):
    """Remembers a few short texts from one run to the next: the storage, which stays unknown here.

    Platforms import no storage; these two methods are all that is needed of it.
    """

    async def recall(self, key: str) -> str | None:
        """Return what was kept under a name."""

    async def remember(self, key: str, value: str) -> None:
        """Keep something under a name."""


class Platform(Messenger, Protocol):
    """A chat platform that is kept running.

    Attributes:
        name: Tells it from the others; rooms carry it.
    """

    name: str

    async def run(self, service: Service, stopping: asyncio.Event) -> None:
        """Connect and serve until `stopping` is set, then finish what is in hand.

        Args:
            service: What answers.
            stopping: Set when the process ends.

        Raises:
            Unusable: For what cannot heal: a wrong token, say.
            Exception: For whatever may heal; it is run again after a while.
        """

    def state(self) -> State:
        """Return how the connection is."""

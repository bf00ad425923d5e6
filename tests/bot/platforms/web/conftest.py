from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.platforms.web.rooms import Rooms
from tests.fakes.web_room import Clock, Served, serving


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rooms(clock: Clock) -> Rooms:
    """Rooms whose clock is turned by hand."""
    return Rooms(clock)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Where photos that fooled the bot are kept."""
    return tmp_path / "kept"


@pytest.fixture
async def served(rooms: Rooms, kept: Path) -> AsyncIterator[Served]:
    """A running server with those rooms."""
    async with serving(rooms=rooms, kept=kept) as served:
        yield served

"""A kill -9 or a SIGTERM at any moment loses nothing that was acknowledged, nor leaves halves."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from bot.storage import sqlite
from tools.kill import kill_writers, started, stop_writers, stopped, write

# Every few milliseconds at first, when the database is opened and pruned; then under load.
MOMENTS = (*(n / 250 for n in range(15)), *(n / 5 for n in range(1, 6)))


@pytest.mark.slow
async def test_kills_under_load_lose_nothing(new_url: str) -> None:
    tally = await kill_writers(new_url, kills=15, seed=20261224)
    assert (tally.writers, tally.lost, tally.halves, tally.damaged) == (15, 0, 0, 0)
    assert tally.acknowledged > 15


@pytest.mark.slow
async def test_stopped_writers_end_whenever_that_is_and_lose_nothing(new_url: str) -> None:
    tally = await stop_writers(new_url, MOMENTS)
    assert (tally.writers, tally.unstoppable) == (len(MOMENTS), 0)
    assert (tally.lost, tally.halves, tally.damaged) == (0, 0, 0)
    assert tally.acknowledged > 15


def write_patiently(url: str, name: str, acknowledge: Connection) -> None:
    """Wait for SQLite's lock as if for ever."""
    sqlite.TIMEOUT_SECONDS = 3600.0
    write(url, name, acknowledge)


async def test_a_writer_that_waits_for_the_files_lock_ends_all_the_same(tmp_path: Path) -> None:
    file = tmp_path / "game.db"
    with started(write_patiently, f"sqlite:///{file}", "patient") as (writer, heard):
        await asyncio.to_thread(heard.poll, 60)  # it writes
        with closing(sqlite3.connect(file, isolation_level=None, timeout=60)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert await stopped(writer)

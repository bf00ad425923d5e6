"""How a database is opened, or refused with a sentence."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from bot.domain import Room
from bot.storage import Store, StoreError
from bot.storage.database import open_database
from bot.storage.driver import Kind
from tests.support.postgres import execute

NOW = datetime(2026, 12, 24, tzinfo=UTC)
ROOM = Room("web", "here")


async def test_several_processes_may_start_at_once(new_url: str) -> None:
    async def start() -> bool:
        async with Store.open(new_url) as store:
            return await store.rooms.mark_greeted(ROOM, NOW)

    if new_url.startswith("sqlite"):  # a new file is made by one; later starts may overlap
        async with open_database(new_url):
            pass
    assert sorted(await asyncio.gather(*(start() for _ in range(4)))) == [False] * 3 + [True]


async def test_sqlite_is_set_up_to_lose_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new/folder/game.db"
    async with open_database(url) as database:
        for pragma, value in [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)]:
            assert await execute(database, f"PRAGMA {pragma}") == [(value,)]


async def test_what_is_done_again_after_a_power_cut_does_not_wait_for_the_disk() -> None:
    def synchronous(connection: Connection) -> object:
        return connection.scalar(text("PRAGMA synchronous"))

    async with open_database("sqlite://") as database:
        for is_lasting, level in ((False, 1), (True, 2), (False, 1)):
            assert await database.run(synchronous, Kind(is_lasting=is_lasting)) == level


async def test_another_writer_of_the_file_is_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "game.db"
    async with Store.open(f"sqlite:///{file}") as store:
        with sqlite3.connect(file, isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            greeting = asyncio.create_task(store.rooms.mark_greeted(ROOM, NOW))
            done, _ = await asyncio.wait([greeting], timeout=0.1)
            assert not done
            other.execute("COMMIT")
        other.close()
        assert await greeting


async def test_a_store_may_be_in_memory_only() -> None:
    async with Store.open("sqlite://") as store:
        assert await store.rooms.mark_greeted(ROOM, NOW)
        assert not await store.rooms.mark_greeted(ROOM, NOW)


async def refusal(url: str) -> str:
    with pytest.raises(StoreError) as raised:
        async with Store.open(url):
            pass
    sentence = str(raised.value)
    assert "hunter2" not in sentence
    assert "\n" not in sentence
    return sentence


async def test_an_address_without_sense_is_said() -> None:
    assert "DATABASE_URL" in await refusal("postgresql://snow:hunter2@host:port/name")
    assert "DATABASE_URL" in await refusal("sqlite:data.db")


async def test_a_file_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "game.db" in await refusal(f"sqlite:///{tmp_path}/file/game.db")
    assert str(tmp_path) in await refusal(f"sqlite:///{tmp_path}")


async def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Milk, eggs, carrots for the snowman. " * 99)
    assert "not a database" in await refusal(f"sqlite:///{tmp_path}/notes.txt")


async def test_a_database_of_a_newer_version_is_left_alone(new_url: str) -> None:
    async with open_database(new_url) as database:
        await execute(database, "UPDATE alembic_version SET version_num = '9999'")
    assert "newer version" in await refusal(new_url)


async def test_a_driver_that_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "bot.storage.postgresql", raising=False)
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    assert "pip install '.[postgres]'" in await refusal("postgresql://somebody@127.0.0.1/game")


async def test_a_server_that_is_not_there_is_said(unused_tcp_port: int) -> None:
    sentence = await refusal(f"postgresql://snow:hunter2@127.0.0.1:{unused_tcp_port}/game")
    assert f"game at 127.0.0.1:{unused_tcp_port}" in sentence


async def test_a_password_may_hold_anything_but_an_at(cluster: str) -> None:
    """The server asks for none, but for the user, whom only an address that is read well names."""
    for password in ("a/b+c=", "what?", "a#b:c", "50%25", ""):
        async with Store.open(f"{cluster.replace('@', f':{password}@')}/postgres?sslmode=prefer"):
            pass
    async with Store.open(cluster.replace("postgresql:", "postgresql+asyncpg:") + "/postgres"):
        pass


async def test_a_server_without_that_database_or_user_is_said(cluster: str) -> None:
    assert "does not exist" in await refusal(f"{cluster}/nowhere")
    someone = cluster.replace("snow@", "someone:hunter2@")
    assert "someone" in await refusal(f"{someone}/postgres")

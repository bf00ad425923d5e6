"""How a database is opened, brought up to date, or refused with a sentence."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from bot.domain import Room
from bot.storage.database import migrate, open_database
from bot.storage.schema import metadata
from bot.storage.store import Store, StoreError

NOW = datetime(2026, 12, 24, tzinfo=UTC)
ROOM = Room("web", "here")


@asynccontextmanager
async def at_version(revision: str, url: str) -> AsyncIterator[AsyncConnection]:
    """Set a database up as an earlier version of the bot did."""
    engine = create_async_engine(
        url.replace("sqlite:", "sqlite+aiosqlite:").replace("postgresql:", "postgresql+asyncpg:")
    )
    try:
        async with engine.begin() as connection:
            await connection.run_sync(migrate, revision)
            yield connection
    finally:
        await engine.dispose()


async def test_the_migrations_make_the_tables_that_the_code_expects(new_url: str) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))

    async with open_database(new_url) as database, database.reading() as connection:
        assert await connection.run_sync(differences) == []


async def test_rounds_of_the_first_version_get_their_players(new_url: str) -> None:
    insert = (
        "INSERT INTO rounds (room_id, player_id, shared, message, part, reference, arrived) VALUES "
    )
    old = [
        "INSERT INTO rooms (platform, chat, private) VALUES ('web', 'a', false)",
        "INSERT INTO rooms (platform, chat, private) VALUES ('web', 'b', true)",
        insert + "(1, '7', false, '11', 'k', 'r', '2026-12-24 18:00:00')",
        insert + "(2, '7', false, '12', 'k', 'r', '2026-12-24 18:00:00')",
        insert + "(2, '8', true, '13', 'k', 'r', '2026-12-24 18:00:00')",
    ]
    if new_url.startswith("sqlite"):
        Path(new_url.removeprefix("sqlite:///")).parent.mkdir()
    async with at_version("0001", new_url) as connection:
        for line in old:
            await connection.execute(text(line))
    async with Store.open(new_url) as store:
        waiting = await store.waiting("web", NOW - timedelta(days=1))
        assert [(left.room.id, left.player.id, left.message) for left in waiting] == [
            ("a", "7", "11"),
            ("b", "7", "12"),
            ("b", "8", "13"),
        ]
        assert [left.player.shared for left in waiting] == [False, False, True]
        assert len((await store.export("web", "7"))["rounds"]) == 2


async def test_several_processes_may_start_at_once(new_url: str) -> None:
    async def start() -> bool:
        async with Store.open(new_url) as store:
            return await store.greet(ROOM, NOW)

    if new_url.startswith("sqlite"):  # a new file is made by one; later starts may overlap
        async with open_database(new_url):
            pass
    assert sorted(await asyncio.gather(*(start() for _ in range(4)))) == [False] * 3 + [True]


async def test_a_transaction_that_is_cut_off_leaves_nothing(new_url: str) -> None:
    async with open_database(new_url) as database:
        begun = asyncio.Event()

        async def write() -> None:
            async with database.writing() as connection:
                await connection.execute(text("INSERT INTO notes VALUES ('half', 'done')"))
                begun.set()
                await asyncio.Event().wait()

        writing = asyncio.create_task(write())
        await begun.wait()
        writing.cancel()
        await asyncio.wait([writing])
        async with database.writing() as connection:  # and the next is not held up
            assert (await connection.execute(text("SELECT * FROM notes"))).all() == []


async def test_sqlite_is_set_up_to_lose_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new/folder/game.db"
    async with open_database(url) as database, database.reading() as connection:
        for pragma, value in [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)]:
            assert (await connection.execute(text(f"PRAGMA {pragma}"))).scalar() == value


async def test_another_writer_of_the_file_is_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "game.db"
    async with Store.open(f"sqlite:///{file}") as store:
        with sqlite3.connect(file, isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            greeting = asyncio.create_task(store.greet(ROOM, NOW))
            done, _ = await asyncio.wait([greeting], timeout=0.1)
            assert not done
            other.execute("COMMIT")
        other.close()
        assert await greeting


async def test_a_memory_may_be_for_a_moment_only() -> None:
    async with Store.open("sqlite://") as store:
        assert await store.greet(ROOM, NOW)
        assert not await store.greet(ROOM, NOW)


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
    async with open_database(new_url) as database, database.writing() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert "newer version" in await refusal(new_url)


async def test_a_server_that_is_not_there_is_said(unused_tcp_port: int) -> None:
    sentence = await refusal(f"postgresql://snow:hunter2@127.0.0.1:{unused_tcp_port}/game")
    assert f"game at 127.0.0.1, port {unused_tcp_port}" in sentence


async def test_a_server_without_that_database_or_user_is_said(cluster: str) -> None:
    assert "does not exist" in await refusal(f"{cluster}/nowhere")
    someone = cluster.replace("snow@", "someone:hunter2@")
    assert "someone" in await refusal(f"{someone}/postgres")

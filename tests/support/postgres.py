"""Databases for tests: SQLite files, and a PostgreSQL of their own on loopback, gone at the end."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Connection, text

from bot.storage.database import Database, open_database
from bot.storage.store import Store


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """The address of a PostgreSQL server, without a database's name."""
    programs = binaries()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    with running_cluster(programs) as running:
        yield running.address


@pytest.fixture(params=["sqlite", "postgresql"])
async def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/data/snowpeople.db"
    return await new_database(request.getfixturevalue("cluster"))


@pytest.fixture(scope="session")
def ready() -> dict[str, str]:
    """Databases that have their tables, by their kind: to set one up takes a while."""
    return {}


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(
    request: pytest.FixtureRequest,
    ready: dict[str, str],
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """A database with empty tables, once of each kind; a test may ask for "memory" as well."""
    if request.param == "memory":
        return "sqlite://"
    if request.param == "sqlite":
        if "sqlite" not in ready:
            ready["sqlite"] = str(tmp_path_factory.mktemp("ready") / "snowpeople.db")
            async with open_database(f"sqlite:///{ready['sqlite']}"):
                pass
        return f"sqlite:///{shutil.copy(ready['sqlite'], tmp_path)}"
    if "postgresql" not in ready:
        ready["postgresql"] = await new_database(request.getfixturevalue("cluster"))
    async with open_database(ready["postgresql"]) as database:
        await execute(
            database,
            "TRUNCATE rooms, players, notes, notices, processes, updates, identifies CASCADE",
        )
    return ready["postgresql"]


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """An empty store, once in each kind of database."""
    async with Store.open(database_url) as store:
        yield store


async def execute(database: Database, *statements: str) -> list[tuple[Any, ...]]:
    """Execute some SQL in one transaction; return the rows of the last statement."""

    def work(connection: Connection) -> list[tuple[Any, ...]]:
        for statement in statements:
            found = connection.execute(text(statement))
        return [tuple(row) for row in found] if found.returns_rows else []

    return await database.write(work)


async def new_database(cluster: str) -> str:
    """Return the address of a new database in a cluster."""
    name = f"test_{uuid.uuid4().hex}"
    connection = await asyncpg.connect(f"{cluster}/postgres")
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    return f"{cluster}/{name}"


def binaries() -> Path | None:
    """Return the folder of the server's programs; Debian keeps it off the PATH."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)


@dataclass(frozen=True)
class Cluster:
    """A server. address: without a database's name. restart: ends all its connections as well."""

    address: str
    restart: Callable[[], None]


@contextmanager
def running_cluster(programs: Path) -> Iterator[Cluster]:
    """Run a fresh cluster while the block lasts."""
    # The server refuses to run as root, which CI is.
    user = "postgres" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="snowpeople-postgres-"))
    if user is not None:
        shutil.chown(folder, user, user)
    data = folder / "data"

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [programs / program, "-D", data, *arguments],
            user=user,
            group=user,
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )

    try:
        run("initdb", "--auth=trust", "--username=snow", "--encoding=UTF8", "--no-sync")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        run("pg_ctl", "-w", "-o", options, "-l", str(folder / "log"), "start")
        try:
            yield Cluster(
                f"postgresql://snow@127.0.0.1:{port}",
                lambda: run("pg_ctl", "-w", "-m", "fast", "-l", str(folder / "log"), "restart"),
            )
        finally:
            run("pg_ctl", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)

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
from typing import Any, Self

import asyncpg
import pytest
from sqlalchemy import Connection, text

from bot.storage.database import Database, open_database
from bot.storage.store import Store


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A PostgreSQL server."""
    programs = binaries()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    with running_cluster(programs) as running:
        yield running


@pytest.fixture(scope="session")
def cluster(postgres: Cluster) -> str:
    """Its address, without a database's name."""
    return postgres.address


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
    """A server, or two. address: without a database's name. restart: ends all connections; of two
    servers, the second takes the first one's place."""

    address: str
    restart: Callable[[], None]


@contextmanager
def running_cluster(programs: Path) -> Iterator[Cluster]:
    """Run a fresh cluster while the block lasts."""
    with _Server.folder(programs) as server:
        server.make()
        server.start()
        yield Cluster(f"postgresql://snow@127.0.0.1:{server.port}", server.restart)


@contextmanager
def running_pair(programs: Path) -> Iterator[Cluster]:
    """Run a cluster and its standby while the block lasts; to restart is to fail over."""
    with _Server.folder(programs) as first, _Server.folder(programs) as second:
        first.make()
        first.start()
        second.copy(first)
        second.start()
        # What is committed is on both.
        first.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        first.execute("SELECT pg_reload_conf()")

        def fail_over() -> None:
            first.crash()
            second.run("pg_ctl", "-w", "promote")

        hosts = ",".join(f"127.0.0.1:{server.port}" for server in (first, second))
        yield Cluster(f"postgresql://snow@{hosts}", fail_over)


class _Server:
    """PostgreSQL in a folder. port: where it listens."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs, self._folder = programs, folder
        # The server refuses to run as root, which CI is.
        self._user = "postgres" if os.geteuid() == 0 else None
        if self._user is not None:
            shutil.chown(folder, self._user, self._user)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]

    @classmethod
    @contextmanager
    def folder(cls, programs: Path) -> Iterator[Self]:
        """Have a server in a folder of its own, and both no more when the block ends."""
        folder = Path(tempfile.mkdtemp(prefix="snowpeople-postgres-"))
        server = cls(programs, folder)
        try:
            yield server
        finally:
            if (folder / "data" / "postmaster.pid").exists():
                server.crash()
            shutil.rmtree(folder)

    def run(self, program: str, *arguments: str | Path) -> None:
        subprocess.run(
            [self._programs / program, "-D", self._folder / "data", *arguments],
            user=self._user,
            group=self._user,
            cwd=self._folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def make(self) -> None:
        self.run("initdb", "--auth=trust", "--username=snow", "--encoding=UTF8", "--no-sync")

    def copy(self, other: _Server) -> None:
        """Make it the standby of another one."""
        there = ("-h", "127.0.0.1", "-p", str(other.port), "-U", "snow")
        self.run("pg_basebackup", "-R", "-X", "stream", "--checkpoint=fast", "--no-sync", *there)

    def start(self) -> None:
        options = f"-p {self.port} -k {self._folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        self.run("pg_ctl", "-w", "-o", options, "-l", self._folder / "log", "start")

    def restart(self) -> None:
        self.run("pg_ctl", "-w", "-m", "fast", "-l", self._folder / "log", "restart")

    def crash(self) -> None:
        self.run("pg_ctl", "-m", "immediate", "stop")

    def execute(self, statement: str) -> None:
        where = ("-h", str(self._folder), "-p", str(self.port), "-U", "snow", "postgres")
        subprocess.run(
            [self._programs / "psql", "-q", "-c", statement, *where],
            check=True,
            stdout=subprocess.DEVNULL,
        )

"""Whoever is cancelled in the middle of a database call loses nothing, and closing always ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import ParamSpec
from urllib.parse import urlsplit

import pytest
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.util import await_only

from bot.domain import AdminAction, Fingerprint, Label
from bot.storage import Store, StoreError
from bot.storage.database import ALONE, Database, open_database
from tests.support.postgres import execute
from tests.support.records import ANNA, BEN, NOW, OLAF, ROOM, SUPERGROUP, photo, played

P = ParamSpec("P")
# Each step of closing in a test where something hangs.
SOON = 0.2
ENDLESS = {
    "sqlite": "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i FROM n) SELECT SUM(i) FROM n",
    "postgresql": "SELECT pg_sleep(3600)",
}

every_database = pytest.mark.parametrize(
    "database_url", ["sqlite", "memory", "postgresql"], indirect=True
)


class Statements:
    """Counts what databases are told, in whatever thread, and acts at one of them."""

    def __init__(self) -> None:
        self.left = 0
        self._act: Callable[[], object] = lambda: None
        self._loop = asyncio.get_running_loop()

    def act_at(self, number: int, act: Callable[[], object]) -> None:
        """Act when so many more statements have begun; `left` is 0 from then on."""
        self.left, self._act = number, act

    def begun(self, *_: object) -> None:
        """Count a statement."""
        if self.left:
            self.left -= 1
            if not self.left:
                self._loop.call_soon_threadsafe(self._act)


@pytest.fixture
async def statements() -> AsyncIterator[Statements]:
    """Those that begin during a test."""
    statements = Statements()
    event.listen(Engine, "before_cursor_execute", statements.begun)
    yield statements
    event.remove(Engine, "before_cursor_execute", statements.begun)


async def eventually(is_true: Callable[P, Awaitable[bool]], *args: P.args, **kw: P.kwargs) -> None:
    """Wait until something is true that goes on without its caller."""
    while not await is_true(*args, **kw):
        await asyncio.sleep(0.01)


# Calls, and how it is seen of each that it happened whole.
async def tell_truth(store: Store, round_id: int) -> None:
    await store.game.tell_truth(round_id, BEN, Label.ABOMINABLE, NOW, by_admin=True)


async def truth_is_whole(store: Store, round_id: int) -> bool:
    round_ = await store.game.round(round_id, ROOM)
    logged = [each.action for each in await store.rooms.actions(ROOM)]
    assert round_ is not None
    return round_.truth is not None and logged[:1] == [AdminAction.TRUTH]


async def note_fingerprint(store: Store, round_id: int) -> None:
    await store.rounds.note_verdict(round_id, OLAF, Fingerprint((2**round_id,), ()))


async def fingerprint_is_whole(store: Store, round_id: int) -> bool:
    known = await store.people.export("telegram", ANNA.id)
    assert isinstance(known["rounds"], list)
    return all(len(each["fingerprints"]) == 1 for each in known["rounds"])


async def move(store: Store, _: int) -> None:
    await store.rooms.move(ROOM, SUPERGROUP)


async def move_is_whole(store: Store, round_id: int) -> bool:
    found = await store.rounds.find(round_id)
    return found is not None and found.room == SUPERGROUP


async def forget(store: Store, _: int) -> None:
    await store.people.forget("telegram", ANNA.id)


async def nothing_is_known(store: Store, round_id: int) -> bool:
    known = await store.people.export("telegram", ANNA.id)
    return await store.rounds.find(round_id) is None and known == {}


@every_database
@pytest.mark.parametrize(
    ("call", "is_whole"),
    [
        (tell_truth, truth_is_whole),
        (note_fingerprint, fingerprint_is_whole),
        (move, move_is_whole),
        (forget, nothing_is_known),
    ],
)
async def test_a_call_whose_caller_is_cancelled_still_happens_whole(
    database_url: str,
    call: Callable[[Store, int], Awaitable[None]],
    is_whole: Callable[[Store, int], Awaitable[bool]],
    statements: Statements,
) -> None:
    """The caller is cancelled at each statement in turn, until there are no more."""
    async with Store.open(database_url) as store:
        number, is_reached = 0, True
        while is_reached:
            number += 1
            await store.rooms.move(SUPERGROUP, ROOM)
            round_id = await played(store)
            calling = asyncio.ensure_future(call(store, round_id))
            statements.act_at(number, calling.cancel)
            await asyncio.wait([calling])
            is_reached = not statements.left
            statements.act_at(0, calling.cancel)
            assert calling.cancelled() == is_reached
            await eventually(is_whole, store, round_id)
        assert number > 3


@every_database
async def test_callers_that_are_cancelled_at_any_moment_harm_nobody(database_url: str) -> None:
    async with Store.open(database_url) as store:
        for turns in range(0, 40, 4):
            callers = [
                asyncio.create_task(store.rounds.open(photo(f"{turns}-{number}"), NOW))
                for number in range(4)
            ]
            for _ in range(turns):
                await asyncio.sleep(0)
            for caller in callers:
                caller.cancel()
            await asyncio.wait(callers)
            # Whoever was waiting for a connection has one, and has not lost it.
            await store.rooms.settings(ROOM)

        # Those that were cancelled before they could begin are none, and all others are there.
        async def all_are_there() -> bool:
            return len(await store.rounds.pending("telegram", NOW)) == 9 * 4

        await eventually(all_are_there)


def insert_note(connection: Connection) -> None:
    connection.execute(text("INSERT INTO notes VALUES ('half', 'done')"))


class Pause:
    """A place in a transaction, whatever thread that is in, where it waits until told to go on."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.reached = asyncio.Event()
        self.go_on = asyncio.Event()

    def wait(self, connection: Connection) -> None:
        """Wait there."""
        self._loop.call_soon_threadsafe(self.reached.set)
        if connection.dialect.name == "sqlite":
            asyncio.run_coroutine_threadsafe(self.go_on.wait(), self._loop).result()
        else:
            await_only(self.go_on.wait())


@asynccontextmanager
async def endless(database: Database) -> AsyncIterator[asyncio.Task[None]]:
    """Write, and never come to an end; the block gets the caller."""
    loop, begun = asyncio.get_running_loop(), asyncio.Event()

    def work(connection: Connection) -> None:
        insert_note(connection)
        loop.call_soon_threadsafe(begun.set)
        connection.execute(text(ENDLESS[connection.dialect.name]))

    calling = asyncio.create_task(database.write(work))
    await begun.wait()
    yield calling
    await asyncio.wait([calling])


@every_database
async def test_a_cancelled_caller_is_gone_at_once(database_url: str) -> None:
    pause = Pause()

    def work(connection: Connection) -> None:
        pause.wait(connection)
        insert_note(connection)

    async with open_database(database_url) as database:
        calling = asyncio.create_task(database.write(work))
        await pause.reached.wait()
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling
        pause.go_on.set()
        assert await execute(database, "SELECT * FROM notes") == [("half", "done")]


async def test_closing_waits_for_what_is_under_way(database_url: str) -> None:
    async with Store.open(database_url) as store:
        calls = [asyncio.create_task(store.notes.remember(str(n), "kept")) for n in range(20)]
        await asyncio.sleep(0)  # each has begun
        for call in calls:
            call.cancel()
    async with open_database(database_url) as database:
        assert await execute(database, "SELECT COUNT(*) FROM notes") == [(20,)]


@every_database
async def test_a_closed_store_says_so(database_url: str) -> None:
    async with Store.open(database_url) as store:
        pass
    with pytest.raises(StoreError, match="closed"):
        await store.rooms.settings(ROOM)


@every_database
async def test_a_fault_after_its_caller_is_gone_is_logged(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    pause = Pause()

    def work(connection: Connection) -> None:
        pause.wait(connection)
        connection.execute(text("SELECT * FROM nowhere"))

    async with open_database(database_url) as database:
        calling = asyncio.create_task(database.write(work))
        await pause.reached.wait()
        calling.cancel()
        pause.go_on.set()
    assert calling.cancelled()
    assert "caller was gone" in caplog.text
    assert "nowhere" in caplog.text


async def test_a_transaction_that_never_ends_is_cut_off_when_the_database_closes(
    database_url: str,
) -> None:
    async with open_database(database_url, SOON) as database, endless(database) as calling:
        queued = asyncio.create_task(
            database.run(lambda connection: connection.execute(text("SELECT 1")), ALONE)
        )
        await asyncio.sleep(0)
        await database.close()
    assert [type(each.exception()) for each in (calling, queued)] == [StoreError] * 2
    async with open_database(database_url) as database:
        assert await execute(database, "SELECT * FROM notes") == []


@every_database
async def test_what_is_cut_off_between_two_statements_is_not_kept(database_url: str) -> None:
    pause = Pause()

    def work(connection: Connection) -> None:
        insert_note(connection)
        pause.wait(connection)

    async with open_database(database_url, SOON) as database:
        calling = asyncio.create_task(database.write(work))
        await pause.reached.wait()
        await database.close()
        pause.go_on.set()
        with pytest.raises(StoreError):
            await calling
    async with open_database(database_url) as database:
        assert await execute(database, "SELECT * FROM notes") == []


async def test_closing_is_done_to_its_end_also_when_that_is_cancelled(database_url: str) -> None:
    pause = Pause()

    def work(connection: Connection) -> None:
        pause.wait(connection)
        insert_note(connection)

    async def use() -> None:
        async with open_database(database_url) as database:
            calling = asyncio.create_task(database.write(work))
            await pause.reached.wait()
            calling.cancel()

    using = asyncio.create_task(use())
    await pause.reached.wait()
    for _ in range(3):
        await asyncio.sleep(0)
        using.cancel()
    pause.go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await using
    async with open_database(database_url) as database:
        assert await execute(database, "SELECT * FROM notes") == [("half", "done")]


@asynccontextmanager
async def proxy(url: str) -> AsyncIterator[tuple[str, asyncio.Event]]:
    """Stand between a server and us; once the event is set, nothing goes through any more."""
    server = urlsplit(url)
    frozen = asyncio.Event()
    writers: list[asyncio.StreamWriter] = []
    copying: set[asyncio.Task[None]] = set()

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(2**16):
            if not frozen.is_set():
                writer.write(data)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection(server.hostname, server.port)
        writers.extend((writer, there[1]))
        copying.add(asyncio.create_task(copy(reader, there[1])))
        copying.add(asyncio.create_task(copy(there[0], writer)))

    async with await asyncio.start_server(connected, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        yield url.replace(f":{server.port}", f":{port}"), frozen
        for writer in writers:
            writer.transport.abort()
        await asyncio.gather(*copying, return_exceptions=True)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_server_that_answers_no_more_does_not_hold_up_closing(database_url: str) -> None:
    async with proxy(database_url) as (url, frozen):
        async with open_database(url, SOON) as database, endless(database) as calling:
            idle = [asyncio.create_task(execute(database, "SELECT 1")) for _ in range(3)]
            frozen.set()
            stuck = [asyncio.create_task(database.read(insert_note)) for _ in range(3)]
            await database.close()
        assert [type(each.exception()) for each in (calling, *stuck)] == [StoreError] * 4
        await asyncio.gather(*idle, return_exceptions=True)
    async with open_database(database_url) as database:
        assert await execute(database, "SELECT * FROM notes") == []

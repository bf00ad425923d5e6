"""Several processes on one PostgreSQL: what one stores the others see, and none is in the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.util import await_only

from bot.domain import Arrival, Label, Player, Room
from bot.game.rules import Denied, Round
from bot.storage.database import open_database
from bot.storage.store import Store
from tests.support.postgres import execute
from tests.support.records import (
    ANNA,
    BEN,
    NOW,
    ROOM,
    SUPERGROUP,
    opened,
    photo,
    played,
    played_before,
)

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

SNOW, NIGHT = 2**128 - 1, 0
ROOMS = [Room("telegram", str(-number)) for number in range(1, 7)]


@pytest.fixture
async def both(database_url: str) -> AsyncIterator[tuple[Store, Store]]:
    """Two stores on one database, as two processes have them."""
    async with Store.open(database_url) as one, Store.open(database_url) as other:
        yield one, other


async def test_a_photo_that_another_process_played_is_known(both: tuple[Store, Store]) -> None:
    one, other = both
    early, *ids = [await opened(one, photo(str(number))) for number in range(4)]
    assert not await played_before(other, ids[0], (SNOW,), (SNOW,))
    assert await played_before(one, ids[1], (SNOW,), (SNOW,))
    # The first of all is looked at last: its number is lower than those that were looked up.
    assert not await played_before(one, early, (NIGHT,), (NIGHT,))
    assert await played_before(other, ids[2], (NIGHT,), (NIGHT,))
    await other.rooms.move(ROOM, SUPERGROUP)
    copy = await opened(one, photo("1", room=SUPERGROUP))
    assert await played_before(one, copy, (NIGHT,), (NIGHT,), SUPERGROUP)


async def test_what_comes_at_once_is_noted_once(both: tuple[Store, Store]) -> None:
    """New rooms, a new person in all of them, copies of one photo, and taps on one round."""
    ids = await asyncio.gather(
        *(store.rounds.open(photo(room=room), NOW) for room in ROOMS for store in both)
    )
    assert len(set(ids)) == len(ROOMS)  # one process asked again: the round is the same
    rounds = [await played(both[0], each) for each in (ANNA, BEN)]
    copies = await asyncio.gather(
        *(played_before(store, id_, (7,), (7,)) for store, id_ in zip(both, rounds, strict=True))
    )
    assert sorted(copies) == [False, True]
    told = await asyncio.gather(
        *(
            store.game.tell_truth(rounds[0], ANNA, Label.OLAF, NOW, by_admin=False)
            for store in both
            for _ in range(2)
        )
    )
    assert sorted(type(each).__name__ for each in told) == [Denied.__name__] * 3 + [Round.__name__]
    await asyncio.gather(
        *(store.notes.remember("key", str(number)) for number in range(8) for store in both),
        *(store.seasons.mark_podium_shown(ROOM, NOW.date()) for store in both),
        *(store.game.confirm(rounds[1], Player("9", "Oma"), NOW) for store in both),
        both[0].people.forget("telegram", BEN.id),
        both[1].people.prune(NOW),
    )
    assert await both[0].notes.recall("key") is not None


async def test_only_who_is_in_the_same_room_waits(
    database_url: str, both: tuple[Store, Store]
) -> None:
    here = await played(both[0])
    there = await played(both[0], room=ROOMS[0])
    locked, go_on = asyncio.Event(), asyncio.Event()

    def hold(connection: Connection) -> None:
        connection.execute(text("SELECT id FROM rooms WHERE chat = '-4001' FOR UPDATE"))
        locked.set()
        await_only(go_on.wait())

    async with open_database(database_url) as database:
        holding = asyncio.create_task(database.write(hold))
        await locked.wait()
        waiting = asyncio.create_task(
            both[0].game.tell_truth(here, ANNA, Label.OLAF, NOW, by_admin=False)
        )
        told = await both[1].game.tell_truth(there, ANNA, Label.OLAF, NOW, by_admin=False)
        assert isinstance(told, Round)
        moving = asyncio.create_task(both[1].rooms.move(ROOMS[4], ROOMS[5]))
        await asyncio.wait([waiting, moving], timeout=0.05)
        assert not waiting.done()
        assert not moving.done()
        go_on.set()
        await asyncio.gather(holding, moving)
        assert isinstance(await waiting, Round)


async def test_a_room_has_one_owner_until_that_one_dies(database_url: str) -> None:
    async with (
        Store.open(database_url) as one,
        Store.open(database_url) as other,
    ):
        assert await one.leases.own(ROOM)
        assert not await other.leases.own(ROOM)
        assert await other.leases.own(ROOMS[0])
        taken = await asyncio.gather(*(store.leases.hold("pruning") for store in (one, other) * 3))
        assert sum(taken) == 3
        async with open_database(database_url) as database:
            dead = "UPDATE processes SET until = clock_timestamp() WHERE id = '{}'"
            await execute(database, dead.format(one.leases.me))
            assert await other.leases.own(ROOM)
            # Who comes back after a pause has lost what others have taken meanwhile.
            one.leases._valid_until = -1.0
            assert not await one.leases.own(ROOM)
            assert await one.leases.own(ROOMS[1])
            await other.leases.renew()
            assert (one.leases.living, other.leases.living) == (2, 2)
    async with Store.open(database_url) as third:  # the others have ended in good order
        assert third.leases.living == 1
        assert await third.leases.own(ROOM)
        assert await third.leases.own(ROOMS[1])


async def test_what_comes_in_is_handled_by_the_owner_of_its_room(
    both: tuple[Store, Store],
) -> None:
    one, other = both
    arrivals = [Arrival(f"key {number}", ROOMS[number % 2], str(number)) for number in range(6)]
    for store in both:  # the platform delivers each twice
        await store.inbox.put(arrivals, NOW)
    assert await other.leases.own(ROOMS[1])
    async with one.inbox.open():
        await one.inbox.wait(5)
        taken = await one.inbox.take(2)
        assert [body for _, body in taken.updates] == ["0", "2"]
        assert taken.has_new_rooms
        assert [body for _, body in (await one.inbox.take(9)).updates] == ["4"]
        theirs = await other.inbox.take(9)
        assert [body for _, body in theirs.updates] == ["1", "3", "5"]
        assert not theirs.has_new_rooms
        await one.inbox.mark_handled([id_ for id_, _ in taken.updates])
        await one.inbox.put(arrivals, NOW)
        await one.inbox.let_go()
        assert [body for _, body in (await one.inbox.take(9)).updates] == ["4"]
        assert (await other.inbox.take(9)).updates == []
    await one.people.prune(NOW + timedelta(days=2))
    await one.inbox.put(arrivals[:1], NOW)
    assert len((await one.inbox.take(9)).updates) == 1


async def test_what_another_process_looks_at_is_not_overtaken(
    database_url: str, both: tuple[Store, Store]
) -> None:
    """Two processes look at once at what a dead one has left: the order in a room stays."""
    one, _ = both
    await one.inbox.put([Arrival(each, ROOM, each) for each in "123"], NOW)
    looking = await asyncpg.connect(database_url)
    try:
        async with looking.transaction():
            await looking.execute("SELECT id FROM updates WHERE key = '1' FOR UPDATE")
            assert (await one.inbox.take(9)).updates == []
        assert [body for _, body in (await one.inbox.take(9)).updates] == ["1", "2", "3"]
    finally:
        await looking.close()


async def test_a_database_that_is_restarted_is_waited_for(
    database_url: str, both: tuple[Store, Store]
) -> None:
    """All connections end, in the middle of transactions as well, and each is carried out once."""
    end = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    async with open_database(database_url) as database:
        for attempt in range(4):
            asked = [photo(f"{attempt} {number}", room=ROOMS[number % 6]) for number in range(20)]
            opening = [
                asyncio.create_task(both[number % 2].rounds.open(each, NOW))
                for number, each in enumerate(asked)
            ]
            await asyncio.sleep(0.004 * attempt)
            await execute(database, end)
            ids = await asyncio.gather(*opening)
            assert len(set(ids)) == len(asked)
        (count,) = await execute(database, "SELECT count(*) FROM rounds")
    assert count == (80,)


async def test_what_was_said_is_noted_although_the_database_is_restarted_at_that_moment(
    both: tuple[Store, Store],
) -> None:
    """Nobody knows whether it is committed; who gave up would say it again."""
    store, _ = both
    round_id = await store.rounds.open(photo("guess"), NOW)
    assert round_id is not None
    engine = store.leases._database._driver._engine.sync_engine  # type: ignore[attr-defined]

    def end(connection: Connection) -> None:
        connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    for noting in (
        store.guesses.open(round_id, NOW),
        store.guesses.mark_told(round_id, "answer"),
        store.seasons.mark_podium_shown(ROOM, NOW.date()),
        store.notes.remember("daily challenge", "today"),
        store.rooms.note_language(ROOM, "de"),
        store.inbox.put([Arrival("1", ROOM, "1")], NOW),
        store.leases.own(Room("telegram", "new")),
    ):
        event.listen(engine, "commit", end, once=True)
        await noting
    assert not await store.guesses.unanswered()
    assert await store.notes.recall("daily challenge") == "today"
    assert [body for _, body in (await store.inbox.take(9)).updates] == ["1"]

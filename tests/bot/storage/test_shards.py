"""How Discord's shards are divided, and when one may identify."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from random import Random

import pytest

from bot.domain import Room
from bot.storage.database import open_database
from bot.storage.shards import AN_HOUR, SPACING, SPARED, plan, shard_of, wait_before
from bot.storage.store import Store
from tests.support.postgres import execute
from tests.support.records import NOW

on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

ALL = frozenset(range(4))


def of_shard(shard: int) -> Room:
    """Return a room whose server is on one of four shards."""
    return Room("discord", str(900 + shard), server=str((4 + shard) << 22))


@pytest.fixture
async def both(database_url: str) -> AsyncIterator[tuple[Store, Store]]:
    """Two stores on one database, as two processes have them."""
    async with Store.open(database_url) as one, Store.open(database_url) as other:
        yield one, other


def test_a_room_is_on_its_servers_shard_and_a_private_chat_on_the_first() -> None:
    assert [shard_of(of_shard(shard), 4) for shard in range(4)] == [0, 1, 2, 3]
    assert shard_of(Room("discord", "1", private=True, server=str(7 << 22)), 4) == 0
    assert shard_of(Room("discord", "1"), 4) == 0  # it was stored before servers were


@pytest.mark.parametrize("number", [1, 4, 7])
def test_whoever_comes_and_goes_all_shards_are_taken_and_fairly(number: int) -> None:
    chance, owners, living = Random(number), dict[int, str](), set[str]()
    moved = 0
    for _ in range(60):
        if living and chance.random() < 0.4:  # it dies
            died = chance.choice(sorted(living))
            living.remove(died)
            owners = {shard: each for shard, each in owners.items() if each != died}
        else:
            living.add(f"process {chance.randrange(5)}")
        for _ in range(8 * number + 8):
            for me in chance.sample(sorted(living), len(living)):
                taken, is_too_large = plan(number, living, owners, me, chance.randrange(1, 3))
                assert not set(taken) & owners.keys()
                owners |= dict.fromkeys(taken, me)
                if is_too_large:
                    moved += 1
                    del owners[max(shard for shard, each in owners.items() if each == me)]
        if living:
            has = Counter(owners.values())
            assert len(owners) == number
            assert all(has[each] >= number // len(living) for each in living)
        settled = moved
        for me in living:
            moved += plan(number, living, owners, me, 1)[1]
        assert moved == settled  # and it is over some time


@on_postgresql
async def test_a_shard_has_one_owner_and_its_rooms_go_with_it(
    database_url: str, both: tuple[Store, Store]
) -> None:
    one, other = both
    assert not await one.leases.own(of_shard(1))  # nobody is connected
    for store in both:
        # One asked Discord later, when it recommended more.
        await store.shards.join(4 if store is one else 5)
    assert other.shards.number == 4
    assert (await one.shards.take(2)).shards == {0, 1}
    assert (await other.shards.take(9)).shards == {2, 3}
    assert (one.shards.sharers, other.shards.sharers) == (2, 2)
    rooms = [of_shard(shard) for shard in range(4)]
    assert await one.leases.owned(rooms) == set(rooms[:2])
    assert [await other.leases.own(room) for room in rooms] == [False, False, True, True]
    async with open_database(database_url) as database:
        await execute(database, f"DELETE FROM processes WHERE id = '{one.leases.me}'")
        assert (await other.shards.take(9)).shards == ALL
        assert await other.leases.owned(rooms) == set(rooms)
        # It was thought to be dead, comes back, and is given its share again.
        one.leases._valid_until = -1.0
        assert not (await one.shards.take(9)).shards
        assert (await other.shards.take(9)).is_too_large
        async with other.shards.given_up(3):
            assert not await other.leases.own(of_shard(3))
            assert not (await one.shards.take(9)).shards
        assert (await other.shards.take(9)).shards == {0, 1, 2}
        assert (await one.shards.take(9)).shards == {3}
        await other.shards.leave()
        assert (await one.shards.take(9)).shards == ALL
        await one.shards.leave()
        assert await execute(database, "SELECT count(*) FROM leases") == [(0,)]
    # All have ended: what Discord recommends now counts.
    await other.shards.join(5)
    assert other.shards.number == 5


async def test_with_one_process_all_shards_are_its_own(database_url: str) -> None:
    async with Store.open(database_url) as store:
        await store.shards.join(4)
        assert (await store.shards.take(3)).shards == {0, 1, 2}
        assert await store.shards.take(3) == (ALL, False)
        assert store.shards.held() == ALL
        assert await store.leases.own(of_shard(3))


async def test_shards_of_a_bucket_identify_seconds_apart_whichever_process_asks(
    both: tuple[Store, Store],
) -> None:
    one, other = both
    a_moment = timedelta(seconds=1)
    assert await one.shards.reserve(0, 2, 1000, NOW) == 0
    assert await other.shards.reserve(1, 2, 1000, NOW) == 0
    for store in both:
        wait = await store.shards.reserve(2, 2, 1000, NOW + a_moment)
        assert wait == (SPACING - a_moment).total_seconds()
    # It was made later than it was allowed.
    await one.shards.note_identify(0, NOW + a_moment)
    assert await other.shards.reserve(2, 2, 1000, NOW + SPACING) == a_moment.total_seconds()
    assert await other.shards.reserve(2, 2, 1000, NOW + a_moment + SPACING) == 0
    assert await one.shards.reserve(0, 2, 1000, NOW + a_moment + SPACING) > 0
    # By the database's own clock.
    assert await one.shards.reserve(0, 2, 1000) == 0
    assert await other.shards.reserve(0, 2, 1000) > 0


def test_neither_a_shard_nor_all_of_them_identify_too_often_in_a_day() -> None:
    now, made = NOW, list[tuple[int, datetime]]()
    while now < NOW + timedelta(hours=3):  # five that cannot stay connected
        for shard in range(5):
            if wait_before(shard, made, now, 5, 300) <= timedelta():
                made.append((shard, now))
        now += timedelta(seconds=45)
    assert len(made) == 300 * (1 - SPARED)
    assert wait_before(0, made, now, 5, 300) == made[0][1] + timedelta(days=1) - now
    alone = [(0, NOW + number * SPACING) for number in range(AN_HOUR)]
    soon = alone[-1][1] + SPACING
    assert wait_before(0, alone, soon, 1, 1000) == NOW + timedelta(hours=1) - soon
    assert wait_before(1, alone, soon, 1, 1000) <= timedelta()

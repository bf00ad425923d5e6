"""PostgreSQL on two machines: when the first one dies the second takes its place."""

from __future__ import annotations

import asyncio

import pytest

from bot.storage.database import open_database
from bot.storage.store import Store
from tests.support.postgres import binaries, execute, new_database, running_pair
from tests.support.records import NOW, photo


@pytest.mark.slow
async def test_what_is_asked_while_another_server_takes_over_is_done_once() -> None:
    programs = binaries()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    with running_pair(programs) as pair:
        address = await new_database(pair.address)
        async with Store.open(address) as store:
            before = [await store.rounds.open(photo(f"{number}"), NOW) for number in range(5)]
            failing = asyncio.create_task(asyncio.to_thread(pair.restart))
            during: list[int | None] = []
            while not failing.done():
                during.append(await store.rounds.open(photo(f"{len(during)} meanwhile"), NOW))
            await failing
            again = [await store.rounds.open(photo(f"{number}"), NOW) for number in range(5)]
            assert again == before
        async with open_database(address) as database:
            (count,) = await execute(database, "SELECT count(*) FROM rounds")
    assert count == (len(set(before + during)),) == (len(before) + len(during),)

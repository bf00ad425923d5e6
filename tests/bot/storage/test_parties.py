from __future__ import annotations

from datetime import UTC, datetime

from bot.domain import Room
from bot.storage import Store

NOW = datetime(2026, 12, 24, 18, tzinfo=UTC)
GROUP, SUPERGROUP = Room("telegram", "-4001"), Room("telegram", "-1001")


async def test_a_room_has_one_party_and_takes_it_along_when_it_moves(new_url: str) -> None:
    async with Store.open(new_url) as store:
        await store.parties.keep(GROUP, "the first", NOW)
        await store.parties.keep(GROUP, "the second", NOW)
        assert await store.parties.all() == [(GROUP, "the second")]
        await store.rooms.move(GROUP, SUPERGROUP)
        assert await store.parties.all() == [(SUPERGROUP, "the second")]
        await store.parties.keep(SUPERGROUP, "the third", NOW)
        assert await store.parties.all() == [(SUPERGROUP, "the third")]
        await store.parties.drop(GROUP)
        assert await store.parties.all() == []

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


async def test_a_thread_has_a_party_of_its_own_though_it_counts_to_its_channel(
    new_url: str,
) -> None:
    channel, thread = Room("discord", "1"), Room("discord", "2")
    async with Store.open(new_url) as store:
        await store.parties.keep(channel, "the channel's", NOW)
        await store.parties.keep(thread, "the thread's", NOW)
        await store.rooms.join(thread, channel)
        await store.parties.keep(thread, "the thread's, later", NOW)
        await store.parties.keep(channel, "the channel's, later", NOW)
        stored = dict(await store.parties.all())
        assert stored == {channel: "the channel's, later", thread: "the thread's, later"}
        await store.parties.drop(channel)
        assert await store.parties.all() == [(thread, "the thread's, later")]

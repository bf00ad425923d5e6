"""Two processes on one PostgreSQL: what the clock asks for is said once, by whoever is there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from bot.domain import Label
from bot.game.party_acts import Join
from bot.game.rules import GUESS_WITHIN
from bot.speech import speaker_for
from bot.storage import Store
from bot.storage.database import open_database
from tests.fakes.messenger import FakeMessenger
from tests.fakes.vision import OLAF, FakeVision
from tests.support.postgres import execute
from tests.support.services import make_service
from tests.support.table import BEN, HOME, MIA, OMA, Table

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

EN = speaker_for("en")
IS_YETI = EN.rounds.truth_button(Label.ABOMINABLE)


class Pair:
    """Two processes with one clock, and the platform at which both of them write."""

    def __init__(self, one: Table, other: Table) -> None:
        self.one, self.other = one, other
        self.messenger = one.messenger

    def at(self, now: datetime) -> None:
        self.one.now = self.other.now = now

    async def says(self) -> list[str]:
        """Have both do what is due; return what the room reads."""
        self.messenger.sent.clear()
        await asyncio.gather(self.one.due(), self.other.due())
        return [reply.text for _, reply, _ in self.messenger.sent]


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not is_so():
            await asyncio.sleep(0.01)


def _now(tables: list[Table], number: int) -> datetime:
    return tables[number].now


@pytest.fixture
async def pair(database_url: str, tmp_path: Path) -> AsyncIterator[Pair]:
    messenger, vision = FakeMessenger(), FakeVision()
    tables: list[Table] = []
    async with AsyncExitStack() as stack:
        for number in range(2):
            store = await stack.enter_async_context(Store.open(database_url))
            service = make_service(
                vision,
                store,
                {"telegram": messenger},
                kept=tmp_path / "kept",
                now=partial(_now, tables, number),
            )
            start = datetime(2026, 12, 5, 18, 0, tzinfo=UTC)
            tables.append(Table(service, store, messenger, vision, tmp_path / "kept", start))
        yield Pair(*tables)


async def test_guesses_votes_challenges_and_podiums_are_told_once(pair: Pair) -> None:
    one = pair.one
    for player in (BEN, OMA):
        await one.photo(player)
    await one.photo(MIA, OLAF, caption="guess")
    pair.at(one.now + 2 * GUESS_WITHIN)
    assert len(await pair.says()) == 1
    told = await one.tap(MIA, await one.photo(MIA), IS_YETI)
    await one.tap(BEN, told.edit, EN.rounds.objection_button())
    pair.at(datetime(2026, 12, 6, 22, 0, tzinfo=UTC))
    assert await pair.says() == [EN.rounds.vote_stands(0)]
    await one.ask(OMA, "daily", "9:00")
    pair.at(datetime(2026, 12, 7, 9, 30, tzinfo=UTC))
    assert len(await pair.says()) == 1
    await one.ask(OMA, "daily", "off")
    pair.at(datetime(2027, 1, 3, 9, 0, tzinfo=UTC))
    (podium,) = await pair.says()
    assert "December 2026" in podium


async def test_who_is_there_tells_what_another_process_left(database_url: str, pair: Pair) -> None:
    """The guesses of a room whose owner dies before it can tell the answer."""
    for player in (BEN, OMA):
        await pair.one.photo(player)
    assert await pair.one.store.leases.own(HOME)
    async with pair.other.service.running():
        await pair.one.photo(MIA, OLAF, caption="guess")
        pair.at(pair.one.now + 2 * GUESS_WITHIN)
        await pair.other.service.look()
        await pair.other.settled()
        assert not pair.messenger.sent  # its owner may be about to
        dead = f"DELETE FROM processes WHERE id = '{pair.one.store.leases.me}'"
        async with open_database(database_url) as database:
            await execute(database, dead)
        await pair.other.service.look()
        await until(lambda: bool(pair.messenger.sent))
        await pair.other.service.look()
    assert len(pair.messenger.sent) == 1


async def test_who_is_forgotten_is_forgotten_by_every_process(pair: Pair) -> None:
    parties = pair.other.service.parties

    def is_in() -> bool:
        evening = parties.find(HOME)
        return evening is not None and bool(evening.players_on(BEN.id))

    async with pair.one.service.running(), pair.other.service.running():
        parties.enter(HOME, BEN.id)
        parties.act(HOME, BEN.id, Join("Ben", 0))
        async with asyncio.timeout(10):  # also the other can tell him what is known, by and by
            while not (await pair.one.service.parties.export("telegram", BEN.id)).record:
                await asyncio.sleep(0.01)
        asked = pair.one.service.privacy.ask_whether_to_forget(BEN, EN)
        await pair.one.press(BEN, asked.buttons[0][0])
        await until(lambda: not is_in())

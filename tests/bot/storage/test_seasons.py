"""Seasons, podiums and the log of a room, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, date

from bot.domain import Room, RoomSettings
from bot.game.scoring import Figures, figures
from bot.game.seasons import LoggedAction, Named
from bot.storage.store import Store
from tests.support.records import (
    ANNA,
    BEN,
    DAY,
    FOOLED,
    MINUTE,
    NOW,
    OMA,
    ROOM,
    SUPERGROUP,
    fool,
    guess,
    played,
    points,
)

DECEMBER = date(2026, 12, 1)
EMPTY = Room("web", "empty")


async def test_seasons_are_apart(store: Store) -> None:
    await fool(store, now=NOW)
    await fool(store, BEN, now=NOW + 31 * DAY)
    assert await points(store) == {"Anna": FOOLED}
    assert await points(store, now=NOW + 31 * DAY) == {"Ben": FOOLED}
    assert await store.seasons(ROOM) == [date(2027, 1, 1), DECEMBER]
    assert await store.seasons(EMPTY) == []


async def test_a_ledger_tells_who_its_players_are(store: Store) -> None:
    await fool(store)
    ledger = await store.ledger(ROOM, DECEMBER)
    anna = await store.player("telegram", ANNA.id)
    assert anna is not None
    assert ledger.players == {anna: Named("Anna", "7")}
    assert figures(ledger.rounds, ledger.hits, anna) == Figures(1, 1, FOOLED, 1)
    assert (await store.ledger(EMPTY, DECEMBER)).players == {}
    assert await store.player("discord", ANNA.id) is None


async def test_a_podium_is_shown_once(store: Store) -> None:
    await fool(store)
    await played(store, room=Room("telegram", "-6"))  # without a truth: nobody played
    assert await store.podiums_due(DECEMBER) == [ROOM]
    assert await store.podiums_due(date(2026, 11, 1)) == []
    await store.move_room(ROOM, SUPERGROUP)
    assert await store.podiums_due(DECEMBER) == [SUPERGROUP]
    for _ in range(2):
        await store.podium_shown(SUPERGROUP, DECEMBER)
    assert await store.podiums_due(DECEMBER) == []
    await fool(store, now=NOW + 31 * DAY)
    assert await store.podiums_due(date(2027, 1, 1)) == [SUPERGROUP]


async def test_a_podium_was_shown_also_before_a_move(store: Store) -> None:
    await fool(store)
    await store.podium_shown(ROOM, DECEMBER)
    await store.move_room(ROOM, SUPERGROUP)
    assert await store.podiums_due(DECEMBER) == []


async def test_a_season_is_set_back_and_the_room_can_see_it(store: Store) -> None:
    await fool(store, now=NOW - 31 * DAY)
    id_ = await fool(store)
    await guess(store, BEN)
    await fool(store, room=SUPERGROUP)
    await store.reset_season(ROOM, OMA, NOW + MINUTE)
    assert await points(store) == {}
    assert await points(store, now=NOW - 31 * DAY) == {"Anna": FOOLED}
    assert await points(store, SUPERGROUP) == {"Anna": FOOLED}
    assert await store.actions(ROOM) == [LoggedAction(NOW + MINUTE, OMA.name, "reset")]
    assert await store.seasons(ROOM) == [date(2026, 11, 1)]
    assert await store.podiums_due(DECEMBER) == [SUPERGROUP]
    assert await store.round_(id_, ROOM) is None
    await fool(store, BEN, now=NOW + 2 * MINUTE)
    assert await points(store) == {"Ben": FOOLED}


async def test_what_admins_did_is_listed_the_latest_first(store: Store) -> None:
    for number in range(22):
        await store.log_action(ROOM, ANNA, f"keep_{number}", NOW + number * MINUTE)
    await store.move_room(ROOM, SUPERGROUP)
    actions = await store.actions(SUPERGROUP)
    assert [deed.deed for deed in actions] == [f"keep_{number}" for number in range(21, 1, -1)]
    assert actions[0].at == NOW + 21 * MINUTE
    assert actions[0].at.tzinfo is UTC
    assert await store.actions(EMPTY) == []


async def test_learning_is_off_until_it_is_switched_on(store: Store) -> None:
    assert not (await store.room_settings(ROOM)).keep
    assert await store.change_settings(ROOM, keep=True) == RoomSettings(keep=True)

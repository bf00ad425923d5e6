"""Seasons, podiums and the log of a room, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, date

from bot.domain import AdminAction, LoggedAction, Room, RoomSettings
from bot.game.scoring import Figures, figures
from bot.game.seasons import NamedPlayer
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
    assert await store.seasons.months(ROOM) == [date(2027, 1, 1), DECEMBER]
    assert await store.seasons.months(EMPTY) == []


async def test_a_season_has_the_names_of_its_players(store: Store) -> None:
    await fool(store)
    season = await store.seasons.season(ROOM, DECEMBER)
    anna = await store.game.player_id("telegram", ANNA.id)
    assert anna is not None
    assert season.players == {anna: NamedPlayer("Anna", "7")}
    assert figures(season.rounds, season.right_guesses, anna) == Figures(1, 1, FOOLED, 1)
    assert (await store.seasons.season(EMPTY, DECEMBER)).players == {}
    assert await store.game.player_id("discord", ANNA.id) is None


async def test_a_podium_is_shown_once(store: Store) -> None:
    await fool(store)
    await played(store, room=Room("telegram", "-6"))  # without a truth: nobody played
    assert await store.seasons.podiums_due(DECEMBER) == [ROOM]
    assert await store.seasons.podiums_due(date(2026, 11, 1)) == []
    await store.rooms.move(ROOM, SUPERGROUP)
    assert await store.seasons.podiums_due(DECEMBER) == [SUPERGROUP]
    for _ in range(2):
        await store.seasons.mark_podium_shown(SUPERGROUP, DECEMBER)
    assert await store.seasons.podiums_due(DECEMBER) == []
    await fool(store, now=NOW + 31 * DAY)
    assert await store.seasons.podiums_due(date(2027, 1, 1)) == [SUPERGROUP]


async def test_a_podium_was_shown_also_before_a_move(store: Store) -> None:
    await fool(store)
    await store.seasons.mark_podium_shown(ROOM, DECEMBER)
    await store.rooms.move(ROOM, SUPERGROUP)
    assert await store.seasons.podiums_due(DECEMBER) == []


async def test_a_season_is_set_back_and_the_room_can_see_it(store: Store) -> None:
    await fool(store, now=NOW - 31 * DAY)
    id_ = await fool(store)
    await guess(store, BEN)
    await fool(store, room=SUPERGROUP)
    await store.seasons.reset(ROOM, OMA, NOW + MINUTE)
    assert await points(store) == {}
    assert await points(store, now=NOW - 31 * DAY) == {"Anna": FOOLED}
    assert await points(store, SUPERGROUP) == {"Anna": FOOLED}
    assert await store.rooms.actions(ROOM) == [
        LoggedAction(NOW + MINUTE, OMA.name, AdminAction.RESET)
    ]
    assert await store.seasons.months(ROOM) == [date(2026, 11, 1)]
    assert await store.seasons.podiums_due(DECEMBER) == [SUPERGROUP]
    assert await store.game.round(id_, ROOM) is None
    await fool(store, BEN, now=NOW + 2 * MINUTE)
    assert await points(store) == {"Ben": FOOLED}


async def test_what_admins_did_is_listed_the_latest_first(store: Store) -> None:
    switches = [AdminAction.KEEP_ON, AdminAction.KEEP_OFF] * 11
    for number, action in enumerate(switches):
        await store.rooms.log_action(ROOM, ANNA, action, NOW + number * MINUTE)
    await store.rooms.move(ROOM, SUPERGROUP)
    actions = await store.rooms.actions(SUPERGROUP)
    assert [each.action for each in actions] == switches[:1:-1]
    assert [each.at for each in actions] == [NOW + number * MINUTE for number in range(21, 1, -1)]
    assert actions[0].at.tzinfo is UTC
    assert await store.rooms.actions(EMPTY) == []


async def test_learning_is_off_until_it_is_switched_on(store: Store) -> None:
    assert not (await store.rooms.settings(ROOM)).keep
    await store.rooms.change_settings(ROOM, RoomSettings(keep=True))
    assert await store.rooms.settings(ROOM) == RoomSettings(keep=True)

"""Seasons, podiums and the log of a room, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain import AdminAction, Label, LoggedAction, Room, RoomSettings
from bot.game.rules import Round
from bot.game.scoring import Figures, figures
from bot.game.seasons import NamedPlayer
from bot.storage import seasons
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
    due,
    fool,
    guess,
    object_to,
    opened,
    photo,
    played,
    points,
    season_of,
    tell,
)

DECEMBER = date(2026, 12, 1)
EMPTY = Room("web", "empty")
HOUR = timedelta(hours=1)
BERLIN = ZoneInfo("Europe/Berlin")


async def test_seasons_are_apart(store: Store) -> None:
    await fool(store, now=NOW)
    await fool(store, BEN, now=NOW + 31 * DAY)
    assert await points(store) == {"Anna": FOOLED}
    assert await points(store, now=NOW + 31 * DAY) == {"Ben": FOOLED}
    assert await store.seasons.months(ROOM, UTC) == [date(2027, 1, 1), DECEMBER]
    assert await store.seasons.months(EMPTY, UTC) == []


async def test_a_photo_counts_for_the_month_in_which_it_arrived_in_the_rooms_zone(
    store: Store,
) -> None:
    late = datetime(2026, 11, 30, 22, 45, tzinfo=UTC)
    november, december = await played(store, now=late), await played(store, BEN, now=late + HOUR)
    await tell(store, november, now=late + 5 * HOUR)
    await tell(store, december, BEN, now=late + 5 * HOUR)

    async def rounds(zone: ZoneInfo | None, month: date) -> list[int]:
        season = await store.seasons.season(ROOM, month, zone or UTC, NOW)
        assert (season.month, season.zone, season.now) == (month, zone or UTC, NOW)
        return sorted(round_.id for round_ in season.rounds)

    assert await rounds(None, date(2026, 11, 1)) == [november, december]
    assert await rounds(None, DECEMBER) == []
    assert await rounds(BERLIN, date(2026, 11, 1)) == [november]
    assert await rounds(BERLIN, DECEMBER) == [december]
    assert await store.seasons.months(ROOM, UTC) == [date(2026, 11, 1)]
    assert await store.seasons.months(ROOM, BERLIN) == [DECEMBER, date(2026, 11, 1)]
    # A podium may be due for both; the room's own zone decides.
    for month in (date(2026, 11, 1), DECEMBER):
        assert await due(store, month) == [ROOM]
        assert [each.zone for each in await store.seasons.podiums_due(month, BERLIN)] == [BERLIN]
    await store.rooms.change_settings(ROOM, RoomSettings(timezone="Europe/Berlin"))
    assert [each.zone for each in await store.seasons.podiums_due(DECEMBER)] == [BERLIN]


async def test_what_was_never_told_is_part_of_a_season(store: Store) -> None:
    await fool(store)
    await played(store)
    await opened(store, photo(None))  # it has no verdict yet
    season = await season_of(store)
    assert (season.told(), len(season.rounds)) == (1, 2)
    await store.people.prune(NOW + 10 * DAY)
    season = await season_of(store)
    assert (season.told(), len(season.rounds)) == (1, 2)


async def test_a_span_is_any_time(store: Store) -> None:
    await fool(store, now=NOW - 40 * DAY)
    await fool(store, BEN, now=NOW - 2 * DAY)
    await guess(store, OMA, sender=BEN)
    week = await store.seasons.span(ROOM, NOW - 7 * DAY, NOW + MINUTE, BERLIN, NOW)
    assert (week.month, week.zone, week.now) == (date(2026, 12, 17), BERLIN, NOW)
    assert {week.players[who].name: total for who, total in week.totals().items()} == {
        "Ben": FOOLED,
        OMA.name: 10,
    }
    whole = await store.seasons.span(ROOM, NOW - 400 * DAY, NOW + MINUTE, UTC, NOW)
    assert sorted(whole.totals().values()) == [10, FOOLED, FOOLED]
    nothing = await store.seasons.span(EMPTY, NOW - DAY, NOW, UTC, NOW)
    assert (nothing.rounds, nothing.players) == ((), {})


async def test_a_season_has_the_names_of_its_players(store: Store) -> None:
    await fool(store)
    season = await season_of(store)
    assert season.frozen is None
    anna = await store.game.player_id("telegram", ANNA.id)
    assert anna is not None
    assert season.players == {anna: NamedPlayer("Anna", "7")}
    found = figures(season.rounds, season.right_guesses, anna, NOW, UTC)
    assert found == Figures(
        rounds=1, foolings=1, points=FOOLED, foolings_points=FOOLED, best=FOOLED, streak=1
    )
    assert (await season_of(store, EMPTY)).players == {}
    assert await store.game.player_id("discord", ANNA.id) is None


async def test_a_podium_is_shown_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seasons, "DUE_AT_ONCE", 1)
    await fool(store)
    await fool(store, room=EMPTY)
    assert await due(store, DECEMBER) == [ROOM, EMPTY]
    await store.seasons.mark_podium_shown(EMPTY, DECEMBER)
    await played(store, room=Room("telegram", "-6"))  # without a truth: nobody played
    assert await due(store, DECEMBER) == [ROOM]
    assert await due(store, date(2026, 11, 1)) == []
    await store.rooms.move(ROOM, SUPERGROUP)
    assert await due(store, DECEMBER) == [SUPERGROUP]
    for _ in range(2):
        await store.seasons.mark_podium_shown(SUPERGROUP, DECEMBER)
    assert await due(store, DECEMBER) == []
    await fool(store, now=NOW + 31 * DAY)
    assert await due(store, date(2027, 1, 1)) == [SUPERGROUP]
    await store.people.prune(NOW + 100 * DAY)  # a room that nobody entered since
    assert await due(store, date(2027, 1, 1)) == []


async def test_a_podium_was_shown_also_before_a_move(store: Store) -> None:
    await fool(store)
    await fool(store, room=SUPERGROUP)
    await store.seasons.mark_podium_shown(ROOM, DECEMBER)
    await store.rooms.move(ROOM, SUPERGROUP)
    assert await due(store, DECEMBER) == []


async def test_a_season_is_set_back_and_the_room_can_see_it(store: Store) -> None:
    await fool(store, now=NOW - 31 * DAY)
    id_ = await fool(store)
    await guess(store, BEN)
    await fool(store, room=SUPERGROUP)
    await store.seasons.reset(ROOM, OMA, NOW + MINUTE, UTC)
    assert await points(store) == {}
    assert await points(store, now=NOW - 31 * DAY) == {"Anna": FOOLED}
    assert await points(store, SUPERGROUP) == {"Anna": FOOLED}
    assert await store.rooms.actions(ROOM) == [
        LoggedAction(NOW + MINUTE, OMA.name, AdminAction.RESET)
    ]
    assert await store.seasons.months(ROOM, UTC) == [date(2026, 11, 1)]
    assert await store.game.round(id_, ROOM) is None
    await fool(store, BEN, now=NOW + 2 * MINUTE)
    assert await points(store) == {"Ben": FOOLED}


async def test_a_reset_can_be_undone_for_a_day_and_the_room_can_see_it(store: Store) -> None:
    id_ = await fool(store)
    for player in (BEN, OMA):
        await guess(store, player)
    assert not void_of(await object_to(store, id_))
    before = await points(store)
    votes = await store.game.untold_votes()
    assert len(votes) == 1
    assert not await store.seasons.undo_reset(ROOM, OMA, NOW)
    assert not await store.seasons.undo_reset(EMPTY, OMA, NOW)
    await store.seasons.reset(ROOM, ANNA, NOW + MINUTE, UTC)
    assert (await points(store), await store.game.untold_votes()) == ({}, [])
    assert await store.game.last_told(ROOM, ANNA) is None
    await store.rooms.move(ROOM, SUPERGROUP)
    assert not await store.seasons.undo_reset(SUPERGROUP, OMA, NOW + DAY + 2 * MINUTE)
    assert await store.seasons.undo_reset(SUPERGROUP, OMA, NOW + DAY)
    assert await points(store, SUPERGROUP) == before == {"Anna": FOOLED, "Ben": 10, OMA.name: 10}
    assert [vote.round_id for vote in await store.game.untold_votes()] == [id_]
    assert [(each.name, each.action) for each in await store.rooms.actions(SUPERGROUP)] == [
        (OMA.name, AdminAction.UNDO),
        ("Anna", AdminAction.RESET),
    ]
    assert not await store.seasons.undo_reset(SUPERGROUP, OMA, NOW + DAY)


def void_of(result: object) -> bool:
    assert isinstance(result, Round)
    return result.is_void


async def test_only_the_last_reset_is_undone(store: Store) -> None:
    await fool(store)
    await store.seasons.reset(ROOM, OMA, NOW + MINUTE, UTC)
    await fool(store, BEN, now=NOW + 2 * MINUTE)
    await store.seasons.reset(ROOM, OMA, NOW + 3 * MINUTE, UTC)
    assert await store.seasons.undo_reset(ROOM, OMA, NOW + 4 * MINUTE)
    assert await points(store) == {"Ben": FOOLED}


async def test_a_photo_that_may_still_be_told_outlives_a_reset(store: Store) -> None:
    old, new = await played(store, now=NOW - 2 * DAY), await played(store)
    await store.seasons.reset(ROOM, OMA, NOW + MINUTE, UTC)
    assert await store.game.round(old, ROOM) is None
    await tell(store, new, label=Label.ABOMINABLE, now=NOW + 2 * MINUTE)
    assert await points(store) == {"Anna": FOOLED}


async def test_days_in_a_row_are_counted_in_the_rooms_zone(store: Store) -> None:
    assert await store.rooms.played_days(ROOM, UTC, NOW) == 0
    await opened(store, photo(None))  # refused: nothing was seen on it
    assert await store.rooms.played_days(ROOM, UTC, NOW) == 0
    for days in (2, 3, 5):
        await played(store, now=NOW - days * DAY)
    await store.people.prune(NOW)
    assert await store.rooms.played_days(ROOM, UTC, NOW) == 0
    await played(store, BEN, now=NOW - DAY)
    assert await store.rooms.played_days(ROOM, UTC, NOW) == 3  # today may still come
    await store.rooms.move(ROOM, SUPERGROUP)
    await played(store, room=SUPERGROUP)
    assert await store.rooms.played_days(SUPERGROUP, UTC, NOW) == 4
    assert await store.rooms.played_days(SUPERGROUP, UTC, NOW + DAY) == 4
    assert await store.rooms.played_days(SUPERGROUP, UTC, NOW + 2 * DAY) == 0
    assert await store.rooms.played_days(EMPTY, UTC, NOW) == 0


async def test_a_day_in_a_row_is_the_rooms(store: Store) -> None:
    late = datetime(2026, 12, 22, 23, 30, tzinfo=UTC)
    await played(store, now=late)
    await played(store, now=late + 25 * HOUR)
    now = late + 26 * HOUR
    assert await store.rooms.played_days(ROOM, UTC, now) == 1
    assert await store.rooms.played_days(ROOM, BERLIN, now) == 2


async def test_rooms_that_want_the_daily_challenge_are_found(store: Store) -> None:
    assert await store.rooms.daily_rooms() == []
    await store.rooms.change_settings(ROOM, RoomSettings(daily=0))  # at midnight
    await store.rooms.change_settings(EMPTY, RoomSettings(timezone="Europe/Berlin"))
    assert await store.rooms.daily_rooms() == [ROOM]
    await store.rooms.move(ROOM, SUPERGROUP)
    assert await store.rooms.daily_rooms() == [SUPERGROUP]
    chosen = await store.rooms.settings(SUPERGROUP)
    assert chosen == RoomSettings(daily=0)
    await store.rooms.change_settings(SUPERGROUP, RoomSettings(), before=chosen)
    assert await store.rooms.daily_rooms() == []


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

"""Seasons: their bounds, what a room did in one, the day's challenge."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import Room
from bot.game.rules import MADE_POINTS, Round, Truth
from bot.game.scoring import Place, RightGuess, Tally
from bot.game.seasons import (
    VOTES_LAST_AT_LEAST,
    Season,
    bounds,
    challenge_of,
    day_bounds,
    last_season,
    midnight,
    month_before,
    month_of,
    vote_ends,
    week_of,
)
from tests.bot.game.test_rules import ADA, BEN, HOUR, MIA, MINUTE, NOW, OLAF, YETI, said

BERLIN, KIRITIMATI, ST_JOHNS = ZONES = [
    ZoneInfo(name) for name in ("Europe/Berlin", "Pacific/Kiritimati", "America/St_Johns")
]
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))


def test_a_season_is_a_month_of_the_room() -> None:
    new_year = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    months = [month_of(new_year, zone) for zone in ZONES]
    assert months == [date(2027, 1, 1), date(2027, 1, 1), date(2026, 12, 1)]
    assert month_before(date(2027, 1, 1)) == date(2026, 12, 1)
    assert bounds(date(2026, 12, 1), UTC) == (
        datetime(2026, 12, 1, tzinfo=UTC),
        datetime(2027, 1, 1, tzinfo=UTC),
    )
    assert bounds(date(2028, 2, 1), KIRITIMATI)[1] == datetime(2028, 2, 29, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        (BERLIN, date(2026, 3, 29), 23),
        (BERLIN, date(2026, 10, 25), 25),
        (ST_JOHNS, date(2026, 3, 8), 23),
        (ST_JOHNS, date(2026, 11, 1), 25),
        (KIRITIMATI, date(2026, 3, 29), 24),
    ],
)
def test_a_day_may_have_an_hour_more_or_less(zone: ZoneInfo, day: date, hours: int) -> None:
    begin, end = (moment.astimezone(UTC) for moment in day_bounds(day, zone))
    assert end - begin == hours * HOUR


@given(MOMENTS, st.sampled_from(ZONES), st.none() | st.dates(date(2023, 1, 1), date(2036, 1, 1)))
def test_every_moment_is_within_its_day_its_week_and_its_season(
    at: datetime, zone: ZoneInfo, old: date | None
) -> None:
    frozen = old and old.replace(day=1)
    day = at.astimezone(zone).date()
    for begin, end in (
        day_bounds(day, zone),
        week_of(at, zone),
        bounds(month_of(at, zone, frozen), zone, frozen),
    ):
        assert begin <= at < end
    assert week_of(at, zone)[0].weekday() == 0


@pytest.mark.parametrize("zone", ZONES)
def test_the_first_season_by_these_rules_begins_where_the_last_by_the_old_ones_ends(
    zone: ZoneInfo,
) -> None:
    november, december = date(2026, 11, 1), date(2026, 12, 1)
    border = datetime(2026, 12, 1, tzinfo=UTC)
    assert bounds(november, zone, november) == (datetime(2026, 11, 1, tzinfo=UTC), border)
    assert bounds(december, zone, november) == (border, midnight(date(2027, 1, 1), zone))
    assert month_of(border - MINUTE, zone, november) == november
    assert month_of(border, zone, november) == december


@given(MOMENTS, st.sampled_from(ZONES))
def test_a_vote_ends_at_eight_in_the_evening_and_lasts_four_hours_at_least(
    at: datetime, zone: ZoneInfo
) -> None:
    ends = vote_ends(at, zone)
    assert (ends.hour, ends.minute, ends.tzinfo) == (20, 0, zone)
    assert VOTES_LAST_AT_LEAST <= ends.astimezone(UTC) - at <= timedelta(hours=28)


def test_a_vote_that_opens_in_the_afternoon_ends_today_and_a_later_one_tomorrow() -> None:
    four = datetime(2026, 12, 24, 16, 0, tzinfo=BERLIN)
    assert vote_ends(four, BERLIN) == four + 4 * HOUR
    assert vote_ends(four + MINUTE, BERLIN) == four + 28 * HOUR


@pytest.mark.parametrize("zone", ZONES)
def test_the_podium_comes_on_the_third(zone: ZoneInfo) -> None:
    third = datetime(2027, 1, 3, tzinfo=zone)
    assert last_season(third - MINUTE, zone) == date(2026, 11, 1)
    assert last_season(third, zone) == date(2026, 12, 1)


@settings(max_examples=25)
@given(st.text(max_size=9), st.dates(max_value=date(9999, 11, 1)), st.integers(60, 90))
def test_the_challenge_is_the_rooms_and_comes_once_a_season(
    room: str, day: date, ideas: int
) -> None:
    month = [day.replace(day=1) + timedelta(days=number) for number in range(31)]
    drawn = [challenge_of(room, that, ideas) for that in month if that.month == day.month]
    assert len(set(drawn)) == len(drawn) >= 28
    assert set(drawn) <= set(range(ideas))
    assert challenge_of(room, day, ideas) == drawn[day.day - 1]


def test_rooms_have_challenges_of_their_own() -> None:
    assert len({challenge_of(room, date(2026, 12, 24), 60) for room in "abcdefghijkl"}) > 3


def season(*rounds: Round, guesses: tuple[RightGuess, ...] = ()) -> Season:
    later = NOW + timedelta(days=9)
    return Season(Room("web", "1"), date(2026, 12, 1), UTC, later, rounds, guesses, {})


def test_a_season_ranks_players_and_who_only_guessed_but_not_the_bot() -> None:
    fooled = Round(1, MIA, NOW, said(), truth=Truth(YETI, MIA, NOW))
    right = Round(2, BEN, NOW, said(), truth=Truth(OLAF, BEN, NOW))
    december = season(fooled, right, guesses=(RightGuess(right, ADA, NOW),))
    assert december.places() == [Place(1, (MIA,), 90), Place(2, (ADA,), 10)]
    assert december.tally() == Tally(fooled=1, right=1)
    assert december.best_foolings() == [(fooled, 90)]
    assert season().places() == []


def test_what_was_told_and_what_was_not_is_counted_apart() -> None:
    work = Round(1, MIA, NOW, said(), made=True, truth=Truth(OLAF, MIA, NOW))
    void = replace(work, id=2, is_void=True)
    counted = season(work, void, Round(3, BEN, NOW, said()), Round(4, BEN, NOW, said()))
    assert (counted.told(), counted.untold()) == (1, 2)
    assert counted.totals() == {MIA: MADE_POINTS}


def test_a_pending_fooling_is_in_a_seasons_figures_only_later() -> None:
    wall = Round(1, MIA, NOW, said(unfamiliar=True), truth=Truth(OLAF, MIA, NOW))
    assert season(wall).totals() == {MIA: 40}
    today = replace(season(wall), now=NOW + MINUTE)
    assert (today.totals(), today.tally(), today.told()) == ({}, Tally(), 1)


def test_a_season_from_before_these_rules_keeps_its_points() -> None:
    fooled = Round(1, MIA, NOW, said(), truth=Truth(YETI, MIA, NOW))
    frozen = replace(season(fooled), frozen={MIA: 1, BEN: 60})
    assert frozen.totals() == {MIA: 1, BEN: 60}
    assert frozen.places() == [Place(1, (BEN,), 60), Place(2, (MIA,), 1)]

"""Seasons: their bounds, what a room did in one, the day's challenge."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import Room
from bot.game.rules import Round, Truth
from bot.game.scoring import BOT, Place, RightGuess
from bot.game.seasons import Season, bounds, challenge_of, last_season, month_before, month_of
from tests.bot.game.test_rules import ADA, BEN, MIA, MINUTE, NOW, OLAF, YETI, said


def test_a_season_is_a_month_in_utc() -> None:
    assert month_of(NOW) == date(2026, 12, 1)
    assert month_of(datetime.fromisoformat("2027-01-01T00:30+01:00")) == date(2026, 12, 1)
    assert month_before(date(2027, 1, 1)) == date(2026, 12, 1)
    begin, end = bounds(date(2026, 12, 1))
    assert (begin, end) == (datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    assert bounds(date(2028, 2, 1))[1] == datetime(2028, 3, 1, tzinfo=UTC)


def test_a_season_is_over_when_its_last_truth_can_not_be_objected_to() -> None:
    new_year = datetime(2027, 1, 1, tzinfo=UTC)
    assert last_season(new_year + 9 * MINUTE) == date(2026, 11, 1)
    assert last_season(new_year + 10 * MINUTE) == date(2026, 12, 1)


@settings(max_examples=25)
@given(st.text(max_size=9), st.dates(), st.integers(60, 90))
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


def test_a_season_ranks_players_the_bot_and_who_only_guessed() -> None:
    fooled = Round(1, MIA, NOW, said(), truth=Truth(YETI, MIA, NOW))
    right = Round(2, BEN, NOW, said(), truth=Truth(OLAF, BEN, NOW))
    guesses = [RightGuess(right, ADA, NOW)]
    season = Season(Room("web", "1"), date(2026, 12, 1), [fooled, right], guesses, {})
    assert season.places() == [Place(1, (MIA,), 80), Place(2, (ADA,), 10), Place(3, (BOT,), 1)]
    assert replace(season, rounds=[], right_guesses=[]).places() == []

from __future__ import annotations

from datetime import date

from bot.domain import Label
from bot.speech import Speaker, speaker_for

NOVEMBER = date(2026, 11, 24)
PLACES = [(1, ["Mia", "Ben"], 120), (3, ["Oma"], 1)]
ARABIC = "\u0645\u0631\u064a\u0645"


def test_standings_are_a_line_for_each_place_and_ties_share_one(english: Speaker) -> None:
    assert english.standings.leaderboard(NOVEMBER, PLACES) == (
        "Leaderboard, November 2026\n1. Mia and Ben: 120 points\n3. Oma: 1 point"
    )
    assert "\n" not in english.standings.leaderboard(NOVEMBER, [])


def test_months_are_named_as_the_language_does() -> None:
    assert "листопад 2026" in speaker_for("uk").standings.leaderboard_title(NOVEMBER)
    assert "noviembre de 2026" in speaker_for("es").standings.leaderboard_title(NOVEMBER)


def test_the_podium_tells_whether_the_bot_won(speaker: Speaker) -> None:
    standings = speaker.standings
    won, lost = (standings.podium(NOVEMBER, PLACES, bot_won=bot_won) for bot_won in (True, False))
    assert won != lost
    assert standings.place(*PLACES[0]) in won


def test_champions_are_listed_only_when_there_are_any(english: Speaker) -> None:
    assert english.standings.champions([]) == ""
    assert english.standings.champions([(NOVEMBER, ["Mia"], 12)]) == (
        "Champions so far:\nNovember 2026: Mia, 12 points"
    )


def test_a_player_reads_own_figures(english: Speaker) -> None:
    me = english.standings.me
    assert me(NOVEMBER, "Mia", rounds=9, foolings=1, points=88, streak=1).splitlines() == [
        "Mia, November 2026:",
        "88 points",
        "9 rounds played",
        "Fooled me 1 time",
    ]


def test_who_only_guessed_has_played(english: Speaker) -> None:
    me = english.standings.me
    nothing = me(NOVEMBER, "Mia", rounds=0, foolings=0, points=0, streak=0)
    assert nothing == "You haven't played this month. Show me a photo!"
    assert me(NOVEMBER, "Mia", rounds=0, foolings=0, points=10, streak=0).splitlines() == [
        "Mia, November 2026:",
        "10 points",
        "0 rounds played",
        "Fooled me 0 times",
    ]


def test_a_streak_is_told_from_two_foolings_on(english: Speaker) -> None:
    me = english.standings.me
    said = me(NOVEMBER, "Mia", rounds=9, foolings=3, points=88, streak=2).splitlines()
    assert said[-1] == "Best streak: 2 foolings in a row"


def test_the_bot_says_how_often_it_was_right(english: Speaker) -> None:
    standings = english.standings
    assert standings.stats(3, 4) == "Out of 4 rounds here I was right in 3: 75%."
    assert standings.stats(1, 1) == "Out of 1 round here I was right in 1: 100%."
    assert "%" not in standings.stats(0, 0)
    assert standings.stats_line(Label.OLAF, [(Label.OLAF, 9), (Label.ABOMINABLE, 2)]) == (
        "When it was Olaf, I said: Olaf 9 and Abominable 2"
    )


def test_a_fooling_is_remembered_with_what_the_bot_said(english: Speaker) -> None:
    said = english.standings.hall_entry(1, "Mia", 88, english.photos.call(Label.OLAF), 0.97)
    assert said == "1. Mia, 88 points. I said: Olaf! 97%"


def test_a_name_that_runs_from_right_to_left_does_not_turn_its_line(english: Speaker) -> None:
    assert english.standings.place(2, [ARABIC], 12) == f"2. \u2068{ARABIC}\u2069: 12 points"

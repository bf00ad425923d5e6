from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import get_args

from bot.domain import Label, Verdict
from bot.game.scoring import Figures
from bot.speech import Speaker, speaker_for
from bot.speech.standings import Span

NOVEMBER = date(2026, 11, 24)
PLACES = [(1, ["Mia", "Ben"], 120), (3, ["Oma"], 1)]
ARABIC = "\u0645\u0631\u064a\u0645"


def test_standings_are_a_line_for_each_place_and_ties_share_one(english: Speaker) -> None:
    standings = english.standings
    title = standings.leaderboard_title("month", NOVEMBER)
    assert standings.leaderboard(title, PLACES) == (
        "Leaderboard, November 2026\n1. Mia and Ben: 120 points\n3. Oma: 1 point"
    )
    assert "\n" not in standings.leaderboard(title, [])


def test_each_span_has_a_title_of_its_own(speaker: Speaker) -> None:
    titles = {speaker.standings.leaderboard_title(span, NOVEMBER) for span in get_args(Span)}
    assert len(titles) == 3


def test_the_players_stand_against_the_bot_in_one_line(english: Speaker) -> None:
    assert english.standings.tally(14, 61) == "This month: you 14, me 61"
    assert english.standings.tally(1, 2, "week") == "This week: you 1, me 2"


def test_months_are_named_as_the_language_does() -> None:
    assert "листопад 2026" in speaker_for("uk").standings.leaderboard_title("month", NOVEMBER)
    assert "noviembre de 2026" in speaker_for("es").standings.leaderboard_title("month", NOVEMBER)


def test_the_podium_has_the_first_places_and_a_title(english: Speaker) -> None:
    standings = english.standings
    assert standings.podium(NOVEMBER, PLACES).splitlines() == [
        "November 2026 is over, and here is the podium:",
        "1. Mia and Ben: 120 points",
        "3. Oma: 1 point",
        "👑 Crown of the month: Mia and Ben",
        "Congratulations! Everyone starts at zero again. Fool me well!",
    ]
    assert standings.podium_title(NOVEMBER) == "Podium, November 2026"


def test_champions_are_listed_only_when_there_are_any(english: Speaker) -> None:
    assert english.standings.champions([]) == ""
    assert english.standings.champions([(NOVEMBER, ["Mia"], 12)]) == (
        "Champions so far:\nNovember 2026: Mia, 12 points"
    )


def test_a_player_reads_own_figures(english: Speaker) -> None:
    me = english.standings.me
    figures = Figures(rounds=9, foolings=1, points=88, best=88, streak=1)
    assert me(NOVEMBER, "Mia", figures, best_of_week=80).splitlines() == [
        "Mia, November 2026:",
        "88 points",
        "Fooled me 1 time",
        "9 rounds played",
        "Your best this month: 88 points",
        "Your best this week: 80 points",
    ]


def test_who_only_guessed_has_played(english: Speaker) -> None:
    me = english.standings.me
    nothing = me(NOVEMBER, "Mia", Figures())
    assert nothing == "You haven't played this month. Show me a photo!"
    assert me(NOVEMBER, "Mia", Figures(points=10)).splitlines() == [
        "Mia, November 2026:",
        "10 points",
        "Fooled me 0 times",
        "0 rounds played",
    ]


def test_works_and_streaks_are_told_when_there_are_any(english: Speaker) -> None:
    figures = Figures(rounds=9, foolings=3, made=2, points=88, streak=2)
    said = english.standings.me(NOVEMBER, "Mia", figures).splitlines()
    assert "2 snow people made, and I recognised them" in said
    assert "Best streak: 2 foolings in a row" in said


def test_anothers_figures_are_only_the_public_ones(english: Speaker) -> None:
    figures = Figures(rounds=9, foolings=3, points=88, best=80, streak=2)
    said = english.standings.other(NOVEMBER, "Mia", figures)
    assert said.splitlines() == ["Mia, November 2026:", "88 points", "Fooled me 3 times"]
    assert english.standings.other(NOVEMBER, "Mia", Figures()) == "Mia hasn't played this month."


def test_the_bot_says_how_often_it_was_right_and_what_was_never_told(english: Speaker) -> None:
    standings = english.standings
    assert standings.stats(3, 4, 0) == "4 told: I got 3 right, 75%."
    assert standings.stats(9, 12, 7) == (
        "12 told: I got 9 right, 75%. 7 untold: nobody has said who they were."
    )
    assert "%" not in standings.stats(0, 0, 7)
    assert standings.stats_line(Label.OLAF, [(Label.OLAF, 9), (Label.ABOMINABLE, 2)]) == (
        "When it was “Olaf”, I said: Olaf 9 and Yeti 2"
    )
    assert standings.mix_up(Label.NEITHER, Label.OLAF, 3) == (
        "What catches me most: it was “Neither” and I said “Olaf” (3 times)."
    )


def test_a_players_points_say_where_they_come_from(english: Speaker) -> None:
    figures = Figures(
        rounds=9,
        foolings=3,
        made=2,
        points=191,
        foolings_points=146,
        made_points=25,
        guesses_points=20,
    )
    said = english.standings.other(NOVEMBER, "Mia", figures).splitlines()
    assert said[1] == "191 points: 146 for fooling me, 25 for good work, and 20 for guessing"
    guessed = Figures(points=10, guesses_points=10)
    assert "10 points: 10 for guessing" in english.standings.me(NOVEMBER, "Mia", guessed)


def test_a_fooling_is_remembered_with_what_the_bot_said(english: Speaker) -> None:
    entry = english.standings.hall_entry
    verdict = Verdict(Label.OLAF, 0.968, {}, unfamiliar=False)
    assert entry(1, "Mia", 88, verdict) == "1. Mia, 88 points. I said: Olaf, 97%"
    unfamiliar = replace(verdict, unfamiliar=True)
    assert entry(1, "Mia", 40, unfamiliar) == "1. Mia, 40 points. I said: neither of the two"


def test_a_name_that_runs_from_right_to_left_does_not_turn_its_line(english: Speaker) -> None:
    assert english.standings.place(2, [ARABIC], 12) == f"2. \u2068{ARABIC}\u2069: 12 points"

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from bot import speech
from bot.domain import Label
from bot.speech import LANGUAGES, Speaker
from bot.speech.privacy import AdminAction
from bot.speech.rooms import GAME_COMMANDS
from bot.speech.translations import tame

NOVEMBER = date(2026, 11, 24)
PLACES = [(1, ["Mia", "Ben"], 120), (3, ["Oma"], 1)]
ARABIC = "\u0645\u0631\u064a\u0645"


@pytest.fixture(params=LANGUAGES)
def words(request: pytest.FixtureRequest) -> Speaker:
    return speech.into(request.param)


@pytest.fixture
def english() -> Speaker:
    return speech.into("en")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["0 points", "1 point", "2 points", "5 points", "21 points"]),
        ("de", ["0 Punkte", "1 Punkt", "2 Punkte", "5 Punkte", "21 Punkte"]),
        ("fr", ["0 point", "1 point", "2 points", "5 points", "21 points"]),
        ("es", ["0 puntos", "1 punto", "2 puntos", "5 puntos", "21 puntos"]),
        ("pt", ["0 pontos", "1 ponto", "2 pontos", "5 pontos", "21 pontos"]),
        ("uk", ["0 балів", "1 бал", "2 бали", "5 балів", "21 бал"]),
    ],
)
def test_points_are_counted_as_the_language_counts(language: str, said: list[str]) -> None:
    assert [speech.into(language).points(number) for number in (0, 1, 2, 5, 21)] == said


def test_large_numbers_are_grouped_as_the_language_does(english: Speaker) -> None:
    assert english.points(1204) == "1,204 points"
    assert speech.into("de").points(1204) == "1.204 Punkte"


def test_the_bot_gloats_in_several_ways_and_takes_its_point(words: Speaker) -> None:
    said = {words.right(variant) for variant in range(12)}
    assert len(said) >= 5
    assert words.right(1) == words.right(1)
    assert words.right(0, neither=True) not in said


def test_the_bot_loses_in_several_ways_and_says_who_gets_what(words: Speaker) -> None:
    said = {words.fooled("Mia", 88, 0.97, variant) for variant in range(14)}
    assert len(said) >= 5
    assert all("Mia" in line and "88" in line for line in said)
    plain = {words.fooled("Mia", 44, 0.97, variant) for variant in range(14)}
    halves = {words.fooled("Mia", 44, 0.97, 0, half=half) for half in ("neither", "doubt")}
    assert len(halves - plain) == 2


def test_guesses_name_everyone_who_was_right(english: Speaker) -> None:
    assert english.guessed(["Mia"], 10) == "Mia saw that coming: 10 points!"
    assert english.guessed(["Mia", "Ben"], 10) == "Mia and Ben saw that coming: 10 points each!"
    assert "mystery" in english.guessed([], 10)


def test_standings_are_a_line_for_each_place_and_ties_share_one(english: Speaker) -> None:
    assert english.leaderboard(NOVEMBER, PLACES) == (
        "Leaderboard, November 2026\n1. Mia and Ben: 120 points\n3. Oma: 1 point"
    )
    assert "\n" not in english.leaderboard(NOVEMBER, [])


def test_months_and_days_are_named_as_the_language_does() -> None:
    assert "листопад 2026" in speech.into("uk").leaderboard_title(NOVEMBER)
    assert "noviembre de 2026" in speech.into("es").leaderboard_title(NOVEMBER)
    assert (
        speech.into("de")
        .log([(NOVEMBER, "Mia", AdminAction.RESET)])
        .endswith("24.11.2026, Mia: Punkte zurück auf null")
    )


def test_the_podium_tells_whether_the_bot_won(words: Speaker) -> None:
    won, lost = (words.podium(NOVEMBER, PLACES, bot_won=bot_won) for bot_won in (True, False))
    assert won != lost
    assert words.place(*PLACES[0]) in won


def test_champions_are_listed_only_when_there_are_any(english: Speaker) -> None:
    assert english.champions([]) == ""
    assert english.champions([(NOVEMBER, ["Mia"], 12)]) == (
        "Champions so far:\nNovember 2026: Mia, 12 points"
    )


def test_a_player_reads_own_figures(english: Speaker) -> None:
    assert english.me(NOVEMBER, "Mia", rounds=9, foolings=1, points=88, streak=1).splitlines() == [
        "Mia, November 2026:",
        "88 points",
        "9 rounds played",
        "Fooled me 1 time",
    ]
    assert "photo" in english.me(NOVEMBER, "Mia", rounds=0, foolings=0, points=0, streak=0)


def test_the_bot_says_how_often_it_was_right(english: Speaker) -> None:
    assert english.stats(3, 4) == "Out of 4 rounds here I was right in 3: 75%."
    assert english.stats(1, 1) == "Out of 1 round here I was right in 1: 100%."
    assert "%" not in english.stats(0, 0)
    assert english.stats_line(Label.OLAF, [(Label.OLAF, 9), (Label.ABOMINABLE, 2)]) == (
        "When it was Olaf, I said: Olaf 9 and Abominable 2"
    )


def test_a_fooling_is_remembered_with_what_the_bot_said(english: Speaker) -> None:
    said = english.hall_entry(1, "Mia", 88, english.call(Label.OLAF), 0.97)
    assert said == "1. Mia, 88 points. I said: Olaf! 97%"


def test_there_are_challenges_for_two_months_and_no_two_alike(words: Speaker) -> None:
    ideas = words.challenges()
    assert len(ideas) == len(set(ideas)) >= 62
    assert ideas[5] in words.challenge(5)


@pytest.mark.parametrize("deed", AdminAction)
def test_every_deed_of_an_admin_has_a_name(words: Speaker, deed: AdminAction) -> None:
    assert words.deed(deed) in words.log([(NOVEMBER, "Mia", deed)])


def test_privacy_tells_of_learning_only_where_it_is_on(words: Speaker) -> None:
    on, off = (words.privacy("telegram", keeps=keeps, days=90) for keeps in (True, False))
    assert on.startswith(off)
    assert "90" in on
    assert "/forget" in off
    assert "/export" in off


def test_a_name_that_runs_from_right_to_left_does_not_turn_its_line(english: Speaker) -> None:
    assert english.place(2, [ARABIC], 12) == f"2. \u2068{ARABIC}\u2069: 12 points"


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Mia\u202e\u2067", "Mia"),
        (" Mia\n\n  of\tOz ", "Mia of Oz"),
        ("\U0001f469\u200d\U0001f373", "\U0001f469\u200d\U0001f373"),
        ("{percent}", "{percent}"),
    ],
)
def test_a_name_cannot_play_tricks_with_a_sentence(name: str, kept: str) -> None:
    assert tame(name) == kept
    assert speech.into("en").told(name, Label.OLAF) == f"{kept} says: it's Olaf."


def notices(words: Speaker) -> Iterator[str]:
    yield from (words.objected(1), words.objected_before(), words.objection_late())
    yield from (words.objection_own(), words.nothing_to_object_to(), words.not_your_photo())
    yield from (words.told_before(), words.round_over(), words.take_off_the_disguise())
    yield from (words.guess_own(), words.guessed_before(), words.guess_late())
    yield from (words.guess_noted(label) for label in Label)
    yield from (words.export_how(), words.export_nothing())
    yield from (words.forgot(), words.forgot_not(), words.reset_not())


def labels(words: Speaker) -> Iterator[str]:
    yield from (words.truth_button(label) for label in Label)
    yield from (words.snow_person(label) for label in Label)
    yield from (words.objection_button(), words.forget_button(), words.forget_not_button())
    yield from (words.reset_button(), words.reset_not_button())


def captions(words: Speaker) -> Iterator[str]:
    places = [(rank, ["A" * 64, "B" * 64], 3000) for rank in (1, 2, 3)]
    yield words.hall_entry(10, "A" * 64, 100, words.call(Label.ABOMINABLE), 0.99)
    yield words.podium(NOVEMBER, places, bot_won=True)
    yield words.stats(999, 1000)
    yield words.export()


def test_a_notice_fits_into_what_telegram_shows_on_a_tap(words: Speaker) -> None:
    assert max(map(len, notices(words))) <= 200


def test_a_button_label_fits_on_a_phone(words: Speaker) -> None:
    assert max(map(len, labels(words))) <= 30


def test_a_caption_fits_under_a_picture(words: Speaker) -> None:
    assert max(map(len, captions(words))) <= 1024


def test_messages_fit_into_discord(words: Speaker) -> None:
    assert len(words.privacy("web", keeps=True, days=90)) <= 2000
    assert len(words.keep_on("A" * 64, 90)) <= 2000


def test_menus_take_the_commands_of_the_game(words: Speaker) -> None:
    said = [words.command(name) for name in GAME_COMMANDS]
    assert max(map(len, said)) <= 90
    assert len(set(said)) == len(said)

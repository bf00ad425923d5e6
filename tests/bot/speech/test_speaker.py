"""What all sentences share: the choice of a language, numbers, and names."""

from __future__ import annotations

from datetime import datetime

import pytest

from bot.domain import Label
from bot.speech import Speaker, speaker_for
from bot.speech.translations import clean_name, negotiate

NO_BREAK = {"\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"}


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("de", "de"),
        ("pt-BR", "pt"),
        ("uk_UA", "uk"),
        ("FR-ca", "fr"),
        ("es-419", "es"),
        ("en-GB", "en"),
        ("zh-Hans-CN", "en"),
        ("klingon!", "en"),
        ("", "en"),
        (None, "en"),
    ],
)
def test_a_language_is_understood_by_its_tag(tag: str | None, language: str) -> None:
    assert negotiate(tag) == language
    assert speaker_for(tag).language == language


def test_a_language_is_read_once() -> None:
    assert speaker_for("pt-BR") is speaker_for("pt")


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
    assert [speaker_for(language).text.points(number) for number in (0, 1, 2, 5, 21)] == said


def test_large_numbers_are_grouped_as_the_language_does(english: Speaker) -> None:
    assert english.text.points(1204) == "1,204 points"
    assert speaker_for("de").text.points(1204) == "1.204 Punkte"


@pytest.mark.parametrize("language", ["de", "fr", "es"])
def test_a_percentage_is_written_as_the_language_does(language: str) -> None:
    said = speaker_for(language).text.percentage(97)
    assert (said[:2], said[-1]) == ("97", "%")
    assert said[2:-1] in NO_BREAK


def test_times_are_written_as_the_language_does(english: Speaker) -> None:
    evening = datetime(2026, 11, 29, 20, 0)
    said = english.text.time(evening).replace("\N{NARROW NO-BREAK SPACE}", " ")
    assert said == "Sunday, 8:00 PM"
    assert speaker_for("de").text.time(evening) == "Sonntag, 20:00"
    assert speaker_for("de").text.clock_time(9, 5) == "09:05"


@pytest.mark.parametrize(
    ("language", "labels"),
    [("en", ["Olaf", "Yeti", "Neither"]), ("de", ["Olaf", "Yeti", "Keiner"])],
)
def test_a_yeti_is_a_yeti_on_buttons(language: str, labels: list[str]) -> None:
    speaker = speaker_for(language)
    assert [speaker.text.label(label) for label in Label] == labels
    assert [speaker.rounds.truth_button(label) for label in Label] == labels


@pytest.mark.parametrize(
    ("language", "nameless"),
    [
        ("en", "Somebody"),
        ("de", "Jemand"),
        ("fr", "Quelqu\u2019un"),
        ("es", "Alguien"),
        ("pt", "Alguém"),
        ("uk", "Хтось"),
    ],
)
def test_who_has_no_name_is_somebody_in_every_language(language: str, nameless: str) -> None:
    assert speaker_for(language).text.name("") == nameless


def test_a_name_is_the_players_own_and_a_forgotten_one_is_not_that_of_a_nameless(
    speaker: Speaker,
) -> None:
    assert speaker.text.name("Mia") == "Mia"
    assert speaker.text.name(None) not in ("", speaker.text.name(""))


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Mia\u202e\u2067", "Mia"),
        (" Mia\n\n  of\tOz ", "Mia of Oz"),
        ("\U0001f469\u200d\U0001f373", "\U0001f469\u200d\U0001f373"),
        ("{percent}", "{percent}"),
    ],
)
def test_a_name_cannot_play_tricks_with_a_sentence(english: Speaker, name: str, kept: str) -> None:
    assert clean_name(name) == kept
    assert english.rounds.told(name, Label.OLAF) == f"{kept} says: it's Olaf."

from __future__ import annotations

from typing import get_args

from bot.speech import Speaker
from bot.speech.rounds import Half


def test_the_bot_gloats_in_several_ways_and_takes_its_point(speaker: Speaker) -> None:
    rounds = speaker.rounds
    said = {rounds.right(variant) for variant in range(12)}
    assert len(said) >= 5
    assert rounds.right(1) == rounds.right(1)
    assert rounds.right(0, neither=True) not in said


def test_the_bot_loses_in_several_ways_and_says_who_gets_what(speaker: Speaker) -> None:
    rounds = speaker.rounds
    said = {rounds.fooled("Mia", 88, 0.97, variant) for variant in range(14)}
    assert len(said) >= 5
    assert all("Mia" in line and "88" in line for line in said)
    plain = {rounds.fooled("Mia", 44, 0.97, variant) for variant in range(14)}
    halves = {rounds.fooled("Mia", 44, 0.97, 0, half=half) for half in get_args(Half)}
    assert len(halves - plain) == 2


def test_guesses_name_everyone_who_was_right(english: Speaker) -> None:
    guessed = english.rounds.guessed
    assert guessed(["Mia"], 10) == "Mia saw that coming: 10 points!"
    assert guessed(["Mia", "Ben"], 10) == "Mia and Ben saw that coming: 10 points each!"
    assert "mystery" in guessed([], 10)

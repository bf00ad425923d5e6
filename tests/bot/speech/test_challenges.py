from __future__ import annotations

from bot.speech import Speaker


def test_there_are_challenges_for_two_months_and_no_two_alike(speaker: Speaker) -> None:
    ideas = speaker.challenges.challenges()
    assert len(ideas) == len(set(ideas)) >= 62
    assert ideas[5] in speaker.challenges.challenge(5)

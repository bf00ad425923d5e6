"""What a round ends in: gloating, praise, losses, votes, guesses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import get_args

import pytest

from bot.domain import Label, Voice
from bot.speech import Speaker, speaker_for
from bot.speech.rounds import Ending
from bot.speech.translations import LANGUAGES

TUESDAY = date(2026, 11, 24)


def test_every_ending_has_at_least_six_variants(speaker: Speaker) -> None:
    assert all(speaker.rounds.variants(ending) >= 6 for ending in get_args(Ending))


@pytest.mark.parametrize("voice", Voice)
def test_the_bot_is_right_in_several_ways_that_fit_how_sure_it_was(
    speaker: Speaker, voice: Voice
) -> None:
    rounds = speaker.rounds
    said = {rounds.right(variant, voice) for variant in range(rounds.variants("right"))}
    assert len(said) == rounds.variants("right")
    others = {rounds.right(v, other) for other in Voice if other is not voice for v in range(20)}
    assert not said & others


def test_the_bot_takes_no_points_when_it_is_right(speaker: Speaker) -> None:
    point = speaker.text.points(1)
    said = [speaker.rounds.right(variant, voice) for voice in Voice for variant in range(20)]
    assert not any(point in sentence for sentence in said)


def test_a_recognised_work_is_praised_in_several_ways_by_name(speaker: Speaker) -> None:
    rounds = speaker.rounds
    said = {rounds.praise("Mia", 25, variant) for variant in range(rounds.variants("praise"))}
    assert len(said) == rounds.variants("praise")
    assert all("Mia" in praise and speaker.text.points(25) in praise for praise in said)


def test_praise_without_points_says_nothing_of_points(english: Speaker) -> None:
    praise = english.rounds.praise("Mia", 0, 0)
    assert praise == "What lovely work, Mia! I recognised my friend at once."


def test_the_bot_loses_in_several_ways_and_says_who_gets_what(speaker: Speaker) -> None:
    rounds = speaker.rounds
    for percent in (58, 97):
        said = {rounds.fooled("Mia", 88, 88, percent, variant) for variant in range(24)}
        assert len(said) >= rounds.variants("fooled")
        assert all("Mia" in line and "88" in line for line in said)


def test_a_low_percentage_is_nothing_to_laugh_about(speaker: Speaker) -> None:
    said = [speaker.rounds.fooled("Mia", 58, 58, 52, variant) for variant in range(24)]
    assert not any(speaker.text.percentage(52) in line for line in said)


def test_a_smaller_share_of_a_fooling_is_explained(english: Speaker) -> None:
    whole, half, none = (english.rounds.fooled("Mia", points, 90, 60, 0) for points in (90, 45, 0))
    assert whole.endswith("90 points for Mia!")
    assert half.endswith("The best fooling of the day counts in full, the next ones in part.")
    assert none.endswith("Your best three today count; this one is for fun.")


def test_a_hidden_snow_person_has_sentences_of_its_own(speaker: Speaker) -> None:
    rounds = speaker.rounds
    said = {rounds.overlooked(variant) for variant in range(rounds.variants("neither_fooled"))}
    assert len(said) >= 6
    losses = {rounds.fooled("Mia", 40, 40, 60, variant) for variant in range(24)}
    assert rounds.neither_fooled("Mia", 40) not in losses


def test_pending_points_name_the_button_that_makes_them_count(speaker: Speaker) -> None:
    assert speaker.rounds.confirm_button() in speaker.rounds.pending(40)


def test_a_vote_says_who_says_what_and_until_when(english: Speaker) -> None:
    asked = english.rounds.vote_open("Ben", Label.ABOMINABLE, "Mia", "Sunday, 8:00 PM")
    assert asked == "Ben says yeti, Mia objects. What do you see? Open until: Sunday, 8:00 PM."
    assert [english.rounds.vote_count(number) for number in (0, 1, 2)] == [
        "No votes yet.",
        "1 vote so far.",
        "2 votes so far.",
    ]


def test_a_vote_ends_with_its_counts_and_what_follows(english: Speaker) -> None:
    counts = [(Label.OLAF, 2), (Label.ABOMINABLE, 1)]
    ended = english.rounds.vote_ended
    assert ended(counts, Label.OLAF) == "You have voted: Olaf 2 and Yeti 1. So it's Olaf."
    assert ended(counts, None).endswith("A tie! So this round doesn't count, for anyone.")


def test_guesses_name_everyone_who_was_right(english: Speaker) -> None:
    guessed = english.rounds.guessed
    assert guessed(["Mia"], 10) == "Mia knew what I'd say: 10 points!"
    assert guessed(["Mia", "Ben"], 10) == "Mia and Ben knew what I'd say: 10 points each!"
    assert guessed(["Mia"], 0) == "Mia knew what I'd say!"
    assert guessed([], 10) == english.rounds.nobody_guessed()


def test_a_guess_round_shows_who_has_tapped(english: Speaker) -> None:
    asked = english.rounds.guess_open
    assert asked(30, []) == "What will I say? Tap! You have 30 seconds."
    assert asked(1, ["Mia"]).splitlines()[1] == "Guessed so far: Mia"
    many = asked(1, [f"P{number}" for number in range(12)])
    assert many.endswith("P7, and 4 more")


def test_the_last_week_is_told_by_its_weekday(english: Speaker) -> None:
    day = english.text.recent_day
    assert day(TUESDAY, date(2026, 11, 28)) == "Tuesday"
    assert day(TUESDAY, date(2026, 12, 1)) == "Nov 24, 2026"
    assert day(TUESDAY) == "Nov 24, 2026"


def test_a_photo_that_fooled_the_bot_is_greeted_with_its_history(english: Speaker) -> None:
    rounds = english.rounds
    said = rounds.known_photo("Mia", "Tuesday", 97, 0)
    assert said == "I know that one! Tuesday, Mia, 97 points. This time it's just for fun."
    for speaker in map(speaker_for, LANGUAGES):
        greetings = set()
        for variant in range(speaker.rounds.variants_of_recognition):
            known = speaker.rounds.known_photo("Mia", "X", 97, variant)
            unnamed = speaker.rounds.known_photo(None, "X", 97, variant)
            own = speaker.rounds.known_own_photo("X", 97, variant)
            alike = speaker.rounds.looks_like("X", variant)
            assert all("X" in each for each in (known, unnamed, own, alike))
            assert all("97" in each for each in (known, unnamed, own))
            assert "Mia" in known
            assert unnamed == known.replace(", Mia", "")
            greetings |= {known, unnamed, own, alike}
        assert len(greetings) == 4 * speaker.rounds.variants_of_recognition


def sentences_with_a_name(speaker: Speaker) -> Iterator[Callable[[str], str]]:
    rounds, rooms, privacy, standings = (
        speaker.rounds,
        speaker.rooms,
        speaker.privacy,
        speaker.standings,
    )
    for label in Label:
        yield lambda name, label=label: rounds.told(name, label)  # type: ignore[misc]
        yield lambda name, label=label: rounds.vote_open(name, label, name, "8:00")  # type: ignore[misc]
    for variant in range(8):
        yield lambda name, v=variant: rounds.praise(name, 25, v)  # type: ignore[misc]
        yield lambda name, v=variant: rounds.fooled(name, 45, 90, 97, v)  # type: ignore[misc]
        yield lambda name, v=variant: rounds.neither_fooled(name, 0, 40, v)  # type: ignore[misc]
    yield lambda name: rounds.known_photo(name, "Tuesday", 97)
    yield lambda name: rounds.guessed([name, name], 10)
    yield lambda name: rounds.guess_open(9, [name])
    yield lambda name: rounds.guess_open_until("<t:1:R>", [name])
    yield rounds.guess_on
    yield rounds.guess_off
    yield lambda name: rooms.evening_card(name, 97)
    yield lambda name: privacy.keep_on(name, 90)
    yield privacy.keep_off
    yield privacy.reset_undone
    yield lambda name: privacy.reset(name, TUESDAY)
    yield standings.crown_of_day
    yield standings.crown_of_week
    yield standings.crown_of_season
    yield standings.nobody_of_that_name


def test_every_sentence_takes_any_name_and_stays_one_line(speaker: Speaker, name: str) -> None:
    shown = name.replace("\u202e", "")
    for sentence in sentences_with_a_name(speaker):
        said = sentence(name)
        assert shown in said
        assert "\u202e" not in said
        assert said.count("\u2068") == said.count("\u2069")
        assert len(said) <= 1024

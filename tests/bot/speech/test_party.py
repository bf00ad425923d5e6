from __future__ import annotations

from bot.domain import BotScore, Label
from bot.game.party_acts import Why
from bot.game.party_prompts import PROMPTS
from bot.speech import Speaker
from tests.fakes.vision import STRANGER, YETI

# What fits on a big screen in large letters, in three lines.
LONGEST_PROMPT = 90


def test_every_prompt_has_a_sentence_of_its_own_that_fits_the_screen(speaker: Speaker) -> None:
    said = [speaker.party.prompt(prompt.key) for prompt in PROMPTS]
    assert all(said)
    assert len({*said}) == len(said) == len(speaker.party.prompts)
    assert max(map(len, said)) <= LONGEST_PROMPT
    assert speaker.party.prompt("of another version") == ""


def test_everything_that_cannot_be_done_is_said_in_words_of_its_own(speaker: Speaker) -> None:
    assert len({speaker.party.not_allowed(why) for why in Why}) == len(Why)


def test_the_bot_takes_its_evening_with_humour(speaker: Speaker) -> None:
    counts = (0, 0, 0, 0), (0, 5, 0, 0), (5, 5, 0, 0), (2, 5, 0, 0), (0, 0, 3, 4)
    said = [speaker.party.bot_line(BotScore(100, *counted)) for counted in counts]
    assert len({*said}) == 5
    assert "2" in said[3]
    assert "5" in said[3]
    assert "3" in said[4]
    assert "4" in said[4]
    over = speaker.party.over(["Mia", "Ben"], 188, BotScore(100, 2, 5, 0, 0))
    assert all(part in over for part in ("Mia", "Ben", "188", said[3]))
    assert "0" not in speaker.party.over([], 0, BotScore(0, 0, 0, 0, 4))


def test_the_bot_calls_out_the_word_that_is_on_the_button(speaker: Speaker) -> None:
    word = speaker.text.label(Label.NEITHER)
    assert word in speaker.party.neither()
    assert word in speaker.party.photo_caption("Mia", STRANGER)


def test_a_photo_tells_what_the_bot_called_out(speaker: Speaker) -> None:
    assert "84" in speaker.party.photo_caption("Mia", YETI)
    assert "Mia" in speaker.party.photo_caption("Mia", STRANGER)
    assert "67" not in speaker.party.photo_caption("Mia", STRANGER)

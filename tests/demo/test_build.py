"""What the demo is built of: the bot's own sentences, the room's own page, in every language."""

from __future__ import annotations

import json

import pytest

from bot.domain import Label, Verdict, Voice
from bot.speech import LANGUAGES, speaker_for
from bot.speech.photos import CLEARLY
from demo.build import HERE, sentences, verdict_of

OWN = json.loads((HERE / "words.json").read_text(encoding="utf-8"))


def manner_of(verdict: Verdict) -> str:
    """Choose as the page does."""
    if verdict.voice is Voice.UNSURE and verdict.percent >= CLEARLY:
        return "clearly"
    return verdict.voice.value


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_demo_says_what_the_bot_would_say(language: str) -> None:
    speaker = speaker_for(language)
    told = sentences(speaker)
    for label in (Label.OLAF, Label.ABOMINABLE):
        for voice in Voice:
            for percent in (50, 79, 80, 99):
                verdict = verdict_of(label, voice, percent)
                manner, shown = manner_of(verdict), told["percents"][percent]
                templates = told["answers"][label][manner]
                assert len(templates) == speaker.photos.variants(verdict)
                for variant, template in enumerate(templates):
                    said = speaker.photos.answer(verdict, variant)
                    assert template.replace("{percent}", shown) == said
                if voice is Voice.UNFAMILIAR:
                    manner = manner_of(verdict_of(label, Voice.UNSURE, percent))
                (caption,) = told["captions"][label][manner]
                said = speaker.photos.heatmap_caption(verdict)
                assert caption.replace("{percent}", shown) == said
    assert len(told["right"]["sure"]) == speaker.rounds.variants("right") + 1
    assert any("{percent}" in each for each in told["surelyLost"])
    assert not any("{percent}" in each for each in told["lost"])


def test_the_demos_own_words_are_there_in_every_language() -> None:
    assert set(OWN) == set(LANGUAGES)
    for language, words in OWN.items():
        assert list(words) == list(OWN["en"])
        assert language == "en" or all(words[key] != OWN["en"][key] for key in words)

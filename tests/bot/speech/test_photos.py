from __future__ import annotations

import pytest

from bot.domain import Label, Refusal, Verdict
from bot.speech import Speaker, speaker_for

SURE = Verdict(Label.OLAF, 0.968, {}, unfamiliar=False)


def verdict(label: Label, confidence: float, *, unfamiliar: bool = False) -> Verdict:
    return Verdict(label, confidence, {}, unfamiliar)


def test_an_answer_is_a_name_and_a_percentage(english: Speaker) -> None:
    assert english.photos.answer(SURE) == "Olaf! 97%"
    assert english.photos.answer(verdict(Label.ABOMINABLE, 0.84)) == "Abominable! 84%"
    assert speaker_for("uk").photos.answer(SURE) == "Олаф! 97%"


def test_a_photo_of_neither_keeps_the_fun_and_the_honesty(english: Speaker) -> None:
    assert english.photos.answer(verdict(Label.ABOMINABLE, 0.08, unfamiliar=True)) == (
        "Abominable! 8%. Honestly, that looks like neither of my snow people."
    )


@pytest.mark.parametrize("reason", Refusal)
def test_every_refusal_has_a_sentence_that_says_what_to_do(
    speaker: Speaker, reason: Refusal
) -> None:
    assert speaker.photos.refusal(reason).endswith(".")


def test_photos_sent_together_get_a_line_each(english: Speaker) -> None:
    said = english.photos.album([SURE, Refusal.EMPTY])
    assert said == "1. Olaf! 97%\n2. That file is empty. Try sending the photo again."


@pytest.mark.parametrize(
    ("language", "written"), [("en", "Olaf! 97%"), ("uk", "Олаф! 97%"), ("de", "Olaf! 97\xa0%")]
)
def test_a_heat_map_has_its_answer_in_the_language(language: str, written: str) -> None:
    photos = speaker_for(language).photos
    unfamiliar = verdict(Label.OLAF, 0.968, unfamiliar=True)
    assert photos.heatmap_answer(SURE) == photos.heatmap_answer(unfamiliar) == written
    assert photos.heatmap_caption(SURE).startswith(written)

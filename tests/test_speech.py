from __future__ import annotations

import pytest

from bot import speech
from bot.domain import Label, Refusal, Verdict


def verdict(label: Label, confidence: float, unfamiliar: bool = False) -> Verdict:
    return Verdict(label, confidence, {label: confidence}, unfamiliar)


def test_an_answer_is_a_name_and_a_percentage() -> None:
    assert speech.answer(verdict(Label.OLAF, 0.968)) == "Olaf! 97%"
    assert speech.answer(verdict(Label.ABOMINABLE, 0.84)) == "Abominable! 84%"


def test_an_unfamiliar_photo_gets_the_fun_and_the_honesty() -> None:
    assert speech.answer(verdict(Label.ABOMINABLE, 0.08, unfamiliar=True)) == (
        "Abominable! 8%. Honestly, that looks like neither of my snow people."
    )


@pytest.mark.parametrize(("share", "words"), [(0.9999, "99%"), (1.0, "99%"), (0.001, "1%")])
def test_the_bot_is_never_quite_certain(share: float, words: str) -> None:
    assert speech.into("en").percent(share) == words


@pytest.mark.parametrize("reason", Refusal)
def test_every_refusal_has_a_sentence_that_says_what_to_do(reason: Refusal) -> None:
    assert speech.refusal(reason).endswith(".")

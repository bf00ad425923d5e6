"""The answers to photos: three voices, and no number that sounds silly."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bot.domain import Label, Refusal, Verdict, Voice
from bot.speech import Speaker, speaker_for

SURE = Verdict(Label.OLAF, 0.968, {}, unfamiliar=False)
UNSURE = Verdict(Label.OLAF, 0.58, {}, unfamiliar=False, sure=False)
UNFAMILIAR = Verdict(Label.OLAF, 0.61, {}, unfamiliar=True, sure=False)
EACH = {Voice.SURE: SURE, Voice.UNSURE: UNSURE, Voice.UNFAMILIAR: UNFAMILIAR}
NAMED = (Label.OLAF, Label.ABOMINABLE)
# Words of doubt, in every language; none of them is in a word of a sure answer.
DOUBTS = re.compile(
    r"\?|\b(think|guess|maybe|perhaps|probably|hardly|hard to|hmm?|doubt|glaube|vielleicht|"
    r"wohl|schwer|zweif\w*|crois|peut-être|difficile|doute|hum|creo|quizá|difícil|duda|acho|"
    r"talvez|dúvida|здається|мабуть|може|важко|гм|сумнів\w*)\b",
    re.IGNORECASE,
)


def answers(speaker: Speaker, verdict: Verdict) -> list[str]:
    """Every variant of an answer."""
    photos = speaker.photos
    return [photos.answer(verdict, number) for number in range(photos.variants(verdict))]


def test_an_answer_is_a_name_and_a_percentage_at_a_glance(english: Speaker) -> None:
    assert english.photos.answer(SURE, 0) == "Olaf! 97%"
    yeti = replace(SURE, label=Label.ABOMINABLE, confidence=0.84)
    assert english.photos.answer(yeti, 0) == "Abominable! 84%"
    assert speaker_for("uk").photos.answer(SURE, 0) == "Олаф! 97%"


@pytest.mark.parametrize("voice", Voice)
def test_each_voice_has_at_least_six_variants_and_no_two_alike(
    speaker: Speaker, voice: Voice
) -> None:
    said = answers(speaker, EACH[voice])
    assert len(said) == len(set(said)) == speaker.photos.variants(EACH[voice]) >= 6
    assert speaker.photos.answer(EACH[voice], len(said)) == said[0]


@pytest.mark.parametrize("label", NAMED)
def test_a_sure_answer_begins_with_the_call_and_has_no_doubt(
    speaker: Speaker, label: Label
) -> None:
    verdict = replace(SURE, label=label)
    begins = f"{speaker.photos.call(label)} {speaker.text.percentage(97)}"
    for said in answers(speaker, verdict):
        assert said.startswith(begins)
        assert not DOUBTS.search(said), said
        assert "\n" not in said


@pytest.mark.parametrize("label", NAMED)
def test_an_unsure_answer_asks_instead_of_calling_out(speaker: Speaker, label: Label) -> None:
    verdict = replace(UNSURE, label=label)
    begins = f"{speaker.photos.question(label)} {speaker.text.percentage(58)}"
    for said in answers(speaker, verdict):
        assert said.startswith(begins)
        assert speaker.photos.call(label) not in said


@pytest.mark.parametrize("label", NAMED)
def test_who_knows_which_of_the_two_but_not_whether_asks_that(
    speaker: Speaker, label: Label
) -> None:
    verdict = replace(UNSURE, label=label, confidence=0.85)
    guess = f"{speaker.text.label(label)}, {speaker.text.percentage(85)}"
    said = answers(speaker, verdict)
    assert len(set(said)) >= 6
    for each in said:
        assert guess in each
        assert speaker.photos.call(label) not in each
        assert speaker.photos.question(label) not in each
    assert speaker.photos.heatmap_answer(verdict) == guess


@pytest.mark.parametrize("label", NAMED)
def test_an_unfamiliar_answer_leads_with_the_doubt_and_ends_with_the_guess(
    speaker: Speaker, label: Label
) -> None:
    verdict = replace(UNFAMILIAR, label=label)
    guess = f"{speaker.text.label(label)}, {speaker.text.percentage(61)}"
    for said in answers(speaker, verdict):
        assert said.endswith(guess)
        before = said.removesuffix(guess)
        assert len(before) > 15
        assert not any(speaker.text.label(named) in before for named in NAMED), said
        assert speaker.photos.call(label) not in said


@pytest.mark.parametrize("voice", Voice)
@pytest.mark.parametrize("confidence", [0.01, 0.08, 0.5, 0.504, 0.999, 1.0])
def test_no_voice_shows_a_number_below_fifty_or_certainty(
    speaker: Speaker, voice: Voice, confidence: float
) -> None:
    verdict = replace(EACH[voice], confidence=confidence)
    photos = speaker.photos
    card = photos.card_text(verdict, Label.NEITHER, "Mia")
    for said in [*answers(speaker, verdict), photos.heatmap_caption(verdict), card]:
        assert all(50 <= int(number) <= 99 for number in re.findall(r"\d+", said)), said


@pytest.mark.parametrize("reason", Refusal)
def test_every_refusal_has_a_sentence_that_says_what_to_do(
    speaker: Speaker, reason: Refusal
) -> None:
    assert speaker.photos.refusal(reason).endswith(".")


def test_photos_sent_together_get_a_short_line_each(english: Speaker) -> None:
    said = english.photos.album([SURE, Refusal.EMPTY, UNSURE, UNFAMILIAR], None)
    assert said.splitlines() == [
        "1. Olaf! 97%",
        "2. That file is empty. Try sending the photo again.",
        "3. Olaf? 58%",
        "4. Neither of my friends, I'd say. If I must choose: Olaf, 61%",
    ]


def test_an_album_gives_each_reason_once(english: Speaker) -> None:
    said = english.photos.album([Refusal.EMPTY, SURE, Refusal.EMPTY, Refusal.DAMAGED], None)
    assert said.splitlines() == [
        f"1, 3. {english.photos.refusal(Refusal.EMPTY)}",
        "2. Olaf! 97%",
        f"4. {english.photos.refusal(Refusal.DAMAGED)}",
    ]


def test_an_album_says_which_photo_is_played(english: Speaker) -> None:
    said = english.photos.album([UNSURE, SURE], 2)
    assert said.splitlines()[2:] == ["I'll play number 2."]


@pytest.mark.parametrize(
    ("language", "written"), [("en", "Olaf! 97%"), ("uk", "Олаф! 97%"), ("de", "Olaf! 97\xa0%")]
)
def test_a_heat_map_has_its_answer_in_the_language(language: str, written: str) -> None:
    photos = speaker_for(language).photos
    assert photos.heatmap_answer(SURE) == written
    assert photos.heatmap_caption(SURE).startswith(written)


def test_a_heat_map_calls_out_only_what_is_sure(english: Speaker) -> None:
    assert english.photos.heatmap_answer(UNSURE) == "Olaf? 58%"
    assert english.photos.heatmap_answer(UNFAMILIAR) == "Olaf? 61%"


def test_a_card_says_what_the_bot_believed_and_who_it_was(english: Speaker) -> None:
    card = english.photos.card_text
    assert card(SURE, Label.NEITHER, "Mia") == (
        "I was 97% sure that this was Olaf. It was neither of them!\nFooled by Mia"
    )
    assert card(UNFAMILIAR, Label.ABOMINABLE, "Mia") == (
        "I was sure that this was neither of my friends. It was a yeti!\nFooled by Mia"
    )


def test_where_and_mentions_offer_on_discord_only_what_works_there(speaker: Speaker) -> None:
    photos = speaker.photos
    assert photos.where_how("discord") != photos.where_how("telegram")
    assert "/who" in photos.mention_how()

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import Label
from bot.game.captions import truth_in, wants_guesses
from bot.speech import LANGUAGES, speaker_for


@pytest.mark.parametrize(
    ("caption", "label"),
    [
        ("olaf", Label.OLAF),
        ("It's Olaf!! ⛄", Label.OLAF),
        ("an OLAF out of fruit", Label.OLAF),
        ("/who@snow_bot olaf", Label.OLAF),
        ("Das ist ein Olaf aus Socken", Label.OLAF),
        ("C\u2019est Olaf !", Label.OLAF),
        ("¡Es Olaf!", Label.OLAF),
        ("É o Olaf", Label.OLAF),
        ("Це наш Олаф", Label.OLAF),
        ("yeti", Label.ABOMINABLE),
        ("The yeti is in the fridge", Label.ABOMINABLE),
        ("abominable", Label.ABOMINABLE),
        ("It's Abominable", Label.ABOMINABLE),
        ("Abominable Snowman!", Label.ABOMINABLE),
        ("Schneemensch", Label.ABOMINABLE),
        ("Ein Yeti beim Zähneputzen", Label.ABOMINABLE),
        ("L'abominable homme des neiges", Label.ABOMINABLE),
        ("Ye\u0301ti", Label.ABOMINABLE),
        ("El abominable hombre de las nieves", Label.ABOMINABLE),
        ("o abominável homem das neves", Label.ABOMINABLE),
        ("Iéti!", Label.ABOMINABLE),
        ("Єті під ліжком", Label.ABOMINABLE),
        ("снігова людина", Label.ABOMINABLE),
        ("neither", Label.NEITHER),
        ("It's neither!", Label.NEITHER),
        ("keiner von beiden", Label.NEITHER),
        ("Ni l\u2019un ni l\u2019autre", Label.NEITHER),
        ("ninguno de los dos", Label.NEITHER),
        ("nenhum dos dois", Label.NEITHER),
        ("ні той, ні той", Label.NEITHER),
    ],
)
def test_a_caption_that_says_who_it_is_tells_the_truth(caption: str, label: Label) -> None:
    assert truth_in(caption) is label


@pytest.mark.parametrize(
    "caption",
    [
        "",
        "my cat",
        "Olaf or yeti",
        "olaf/yeti",
        "Olaf und der Yeti",
        "Is this Olaf?",
        "not olaf",
        "This isn't a yeti",
        "kein Yeti",
        "Ce n'est pas Olaf",
        "no es Olaf",
        "não é o Olaf",
        "це не Олаф",
        "Grandpa dressed as Olaf",
        "looks like a yeti",
        "sieht aus wie Olaf",
        "maybe Olaf",
        "für Olaf",
        "Olaf's hat",
        "Olafs Hut",
        "the foot of a yeti",
        "le chapeau d'Olaf",
        "el sombrero de Olaf",
        "шапка Олафа",
        "Onkel Olaf",
        "guess: olaf",
        "abominable weather",
        "what an abominable cake",
        "Olafson",
        "neither here nor there",
    ],
)
def test_a_caption_that_leaves_a_doubt_tells_nothing(caption: str) -> None:
    assert truth_in(caption) is None


@pytest.mark.parametrize(
    "caption",
    [
        "guess",
        "Guess who!",
        "/who guess",
        "Rate mal!",
        "raten",
        "Devine !",
        "¡Adivina!",
        "Adivinhe",
        "Вгадайте",
    ],
)
def test_a_caption_can_ask_for_guesses(caption: str) -> None:
    assert wants_guesses(caption)
    assert truth_in(caption) is None


@pytest.mark.parametrize("caption", ["", "rate my yeti", "I guess it melted", "/guess", "guessed"])
def test_a_caption_that_only_sounds_like_it_asks_for_none(caption: str) -> None:
    assert not wants_guesses(caption)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_bot_itself_calls_it_is_understood(language: str) -> None:
    speaker = speaker_for(language)
    for label in Label:
        assert truth_in(speaker.rounds.truth_button(label)) is label
        assert truth_in(speaker.text.label(label)) is label
    quoted = re.search("[\u201c\u201e\u00ab](.+?)[\u201c\u201d\u00bb]", speaker.rounds.guess_how())
    assert quoted is not None
    assert wants_guesses(quoted[1])


@given(st.text(max_size=300))
def test_any_caption_can_be_read(caption: str) -> None:
    assert truth_in(caption) in (*Label, None)
    assert wants_guesses(caption) in (True, False)

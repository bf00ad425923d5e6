"""Every language has every sentence: the sources against the .po files."""

from __future__ import annotations

import re
from functools import cache
from io import BytesIO
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from bot.speech.translations import DOMAIN, LANGUAGES, clean_name
from tests.conftest import PROJECT

LOCALES = PROJECT / "bot" / "speech" / "locales"
OTHERS = [language for language in LANGUAGES if language != "en"]

Id = str | tuple[str, ...]


@cache
def sentences() -> frozenset[Id]:
    """Every sentence in the sources."""
    found = extract_from_dir(PROJECT / "bot")
    return frozenset(
        message if isinstance(message, str) else tuple(message) for _, _, message, _, _ in found
    )


@cache
def catalog(language: str) -> Catalog:
    path = LOCALES / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    return read_po(BytesIO(path.read_bytes()), locale=language)


def messages(language: str) -> list[Message]:
    return [message for message in catalog(language) if message.id]


def forms(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ("",))


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_there_is_a_folder_for_each_language_and_no_other() -> None:
    assert {path.name for path in LOCALES.iterdir() if path.is_dir()} == set(OTHERS)


def test_the_sources_have_sentences() -> None:
    assert "Where did you look?" in sentences()


def test_the_template_is_up_to_date() -> None:
    template = read_po(BytesIO((LOCALES / f"{DOMAIN}.pot").read_bytes()))
    assert {message.id for message in template if message.id} == sentences(), "run: make words"


@pytest.mark.parametrize("language", OTHERS)
def test_no_language_lacks_a_sentence(language: str) -> None:
    done = {message.id for message in messages(language) if all(forms(message))}
    assert done == sentences(), "run: make words, then translate what is empty"


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_is_left_for_a_translator_to_check(language: str) -> None:
    assert not [message.id for message in messages(language) if message.fuzzy]
    assert not catalog(language).obsolete


@pytest.mark.parametrize("language", OTHERS)
def test_every_plural_has_all_its_forms(language: str) -> None:
    for message in messages(language):
        if message.pluralizable:
            assert len(forms(message)) == catalog(language).num_plurals


@pytest.mark.parametrize("language", OTHERS)
def test_translations_fill_in_just_what_their_source_does(language: str) -> None:
    for message in messages(language):
        source = message.id if isinstance(message.id, str) else message.id[-1]
        for form in forms(message):
            assert placeholders(form) == placeholders(source), source


@pytest.mark.parametrize("language", OTHERS)
def test_commands_and_line_breaks_survive_translation(language: str) -> None:
    for message in messages(language):
        source = message.id if isinstance(message.id, str) else message.id[-1]
        for form in forms(message):
            assert form.count("\n") == source.count("\n"), source
            assert commands(form) == commands(source), source


def commands(text: str) -> set[str]:
    return set(re.findall(r"(?<!\S)/[a-z]+", text))


def test_french_keeps_a_mark_on_the_line_of_its_word() -> None:
    for message in messages("fr"):
        for form in forms(message):
            assert not re.search(r"[\w)}»] ?[!?;](?!\w)", form), form
            assert not re.search(r"[\w)}»] ?:(?=\s|$)", form), form


def test_the_locales_are_shipped_with_the_package() -> None:
    assert Path(LOCALES / "de" / "LC_MESSAGES" / f"{DOMAIN}.po").is_file()
    assert "locales/*/LC_MESSAGES/*.po" in (PROJECT / "pyproject.toml").read_text()


@pytest.mark.parametrize(
    "name",
    ["@everyone", "mum@snow.com", "https://snow.com/x", "#olaf", "/forget", "$SNOW", "t.me/x"],
)
def test_a_name_calls_nobody_and_leads_nowhere(name: str) -> None:
    said = clean_name(name)
    assert said.replace("\N{WORD JOINER}", "") == name
    # What Telegram and Discord make a mention, a tag, a command or an address of.
    assert not re.search(r"[@#/$]\w|\w\.\w|://", said)


def test_a_name_that_leads_nowhere_stays_as_it_is() -> None:
    for name in ("Dr. Snow", "J. R.", "Anna & Bo", "☃️"):
        assert clean_name(name) == name

"""The page's own words: every language has every sentence, and the page asks for no other."""

from __future__ import annotations

import json
import re
from functools import cache
from string import Formatter

import pytest

from bot.platforms.web.requests import NAME_LENGTH, language_of
from bot.platforms.web.server import STATIC
from bot.speech import LANGUAGES

Words = dict[str, str | list[str]]
OTHERS = [language for language in LANGUAGES if language != "en"]
# The same word in another language as well.
SAME = {
    *(("fr", "menu"), ("pt", "menu")),
    *((language, "olaf") for language in ("de", "fr", "es", "pt")),
    *((language, "yeti") for language in ("de", "es", "pt")),
    *((language, "shout") for language in ("de", "pt", "uk")),
    ("de", "fair"),
    ("fr", "points"),
}


@cache
def words(language: str) -> Words:
    read: Words = json.loads((STATIC / f"words.{language}.json").read_text(encoding="utf-8"))
    return read


def sentences(language: str) -> dict[str, str]:
    return {key: sentence for key, sentence in words(language).items() if isinstance(sentence, str)}


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def test_there_is_a_file_for_each_language_and_no_other() -> None:
    found = {path.name.split(".")[1] for path in STATIC.glob("words.*.json")}
    assert found == set(LANGUAGES)


def test_the_page_says_all_of_its_words_and_no_others() -> None:
    page = "".join(path.read_text(encoding="utf-8") for path in STATIC.glob("*.html"))
    scripts = "".join(path.read_text(encoding="utf-8") for path in STATIC.glob("*.js"))
    marked = re.findall(r'data-(?:text|label|placeholder)="(\w+)"', page)
    assert {*marked, *re.findall(r"WORDS\.(\w+)", scripts)} == set(words("en"))


@pytest.mark.parametrize("language", OTHERS)
def test_no_language_lacks_a_word(language: str) -> None:
    assert list(words(language)) == list(words("en"))
    for nested in ("menuNames", "places", "colours"):
        assert len(words(language)[nested]) == len(words("en")[nested])
    for nested in ("menuNames", "places"):
        assert list(words(language)[nested]) == list(words("en")[nested])
    assert all(words(language).values())


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_was_left_in_english(language: str) -> None:
    english = sentences("en")
    same = {key for key, sentence in sentences(language).items() if sentence == english[key]}
    assert same <= {key for where, key in SAME if where == language}


@pytest.mark.parametrize("language", OTHERS)
def test_translations_fill_in_just_what_their_source_does(language: str) -> None:
    for key, sentence in sentences(language).items():
        assert placeholders(sentence) == placeholders(sentences("en")[key]), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_nickname_that_the_page_makes_up_fits(language: str) -> None:
    starts, ends = words(language)["nameStarts"], words(language)["nameEnds"]
    assert len(starts) == len(ends) == 10
    assert max(map(len, starts)) + 1 + max(map(len, ends)) <= NAME_LENGTH


def test_french_keeps_a_mark_on_the_line_of_its_word() -> None:
    for key, sentence in sentences("fr").items():
        assert not re.search(r"[\w)}] ?[!?:;](?!\w)", sentence), key


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de-AT"),
        ("zh-CN, zh;q=0.9, pt-BR;q=0.3, en;q=0.2", "pt-BR"),
        ("en;q=0.5, FR;q=0.7", "FR"),
        ("uk ; q=1.0 , en", "uk"),
        ("en, uk", "en"),
        ("de;q=0, es;q=0.001", "es"),
        ("de;q=0", None),
        ("*", None),
        ("tlh", None),
        ("", None),
        ("de;q=2, ;;;, de;q=x, \x00, fr;q=.5, en-", None),
        ("x," * 1000 + "de", None),
    ],
)
def test_the_language_that_a_browser_likes_best(header: str, language: str | None) -> None:
    assert language_of(header) == language

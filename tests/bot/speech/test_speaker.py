from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot import speech
from bot.domain import Label, Refusal, RoomSettings, Verdict
from bot.speech import LANGUAGES, Speaker
from bot.speech.rooms import COMMANDS
from bot.speech.translations import negotiate

NO_BREAK = {"\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"}
SURE = Verdict(Label.OLAF, 0.968, {}, unfamiliar=False)


def verdict(label: Label, confidence: float, *, unfamiliar: bool = False) -> Verdict:
    return Verdict(label, confidence, {}, unfamiliar)


@pytest.fixture(params=LANGUAGES)
def words(request: pytest.FixtureRequest) -> Speaker:
    return speech.into(request.param)


def test_an_answer_is_a_name_and_a_percentage() -> None:
    words = speech.into("en")
    assert words.answer(SURE) == "Olaf! 97%"
    assert words.answer(verdict(Label.ABOMINABLE, 0.84)) == "Abominable! 84%"
    assert speech.into("uk").answer(SURE) == "Олаф! 97%"


def test_a_photo_of_neither_keeps_the_fun_and_the_honesty() -> None:
    assert speech.into("en").answer(verdict(Label.ABOMINABLE, 0.08, unfamiliar=True)) == (
        "Abominable! 8%. Honestly, that looks like neither of my snow people."
    )


@pytest.mark.parametrize(("share", "said"), [(0.9999, "99%"), (1.0, "99%"), (0.001, "1%")])
def test_the_bot_is_never_quite_certain(share: float, said: str) -> None:
    assert speech.into("en").percent(share) == said


@pytest.mark.parametrize("language", ["de", "fr", "es"])
def test_a_percentage_is_written_as_the_language_does(language: str) -> None:
    said = speech.into(language).percent(0.97)
    assert (said[:2], said[-1]) == ("97", "%")
    assert said[2:-1] in NO_BREAK


@pytest.mark.parametrize("reason", Refusal)
def test_every_refusal_has_a_sentence_that_says_what_to_do(words: Speaker, reason: Refusal) -> None:
    assert words.refusal(reason).endswith(".")


def test_photos_sent_together_get_a_line_each() -> None:
    said = speech.into("en").album([SURE, Refusal.EMPTY])
    assert said == "1. Olaf! 97%\n2. That file is empty. Try sending the photo again."


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("de", "de"),
        ("pt-BR", "pt"),
        ("uk_UA", "uk"),
        ("FR-ca", "fr"),
        ("es-419", "es"),
        ("en-GB", "en"),
        ("zh-Hans-CN", "en"),
        ("klingon!", "en"),
        ("", "en"),
        (None, "en"),
    ],
)
def test_a_language_is_understood_by_its_tag(tag: str | None, language: str) -> None:
    assert negotiate(tag) == language
    assert speech.into(tag).language == language


def test_a_language_is_read_once() -> None:
    assert speech.into("pt-BR") is speech.into("pt")


def test_a_group_is_told_how_to_reach_a_bot_that_sees_no_photos() -> None:
    closed = speech.into("en").hello("telegram", "@snowpeople_bot", hears_all=False)
    assert "/who@snowpeople_bot" in closed
    assert "/setprivacy" in closed
    assert "admin" in closed
    assert "/setprivacy" not in speech.into("en").hello("telegram", "snow_bot", hears_all=True)


def test_a_server_is_told_every_way_to_call_the_bot() -> None:
    said = speech.into("de").hello("discord", "Snowpeople", hears_all=False)
    assert "@Snowpeople" in said
    assert "/who" in said
    assert speech.into("de").menu_name() in said


def test_a_discord_mention_is_left_as_it_is() -> None:
    assert " (<@12>) " in speech.into("en").hello("discord", "<@12>", hears_all=False)


def test_help_names_every_command(words: Speaker) -> None:
    for platform in ("telegram", "discord"):
        said = words.help(platform, "snow_bot")
        assert all(f"/{name}" in said for name in COMMANDS[1:])


def test_privacy_tells_of_the_photos_that_a_web_room_shows(words: Speaker) -> None:
    assert words.privacy("web", keeps=False, days=90).startswith(
        words.privacy("telegram", keeps=False, days=90)
    )
    assert words.privacy("web", keeps=False, days=90) != words.privacy(
        "telegram", keeps=False, days=90
    )


def test_the_settings_of_a_group_say_which_photos_and_which_language() -> None:
    words = speech.into("en")
    assert words.settings(RoomSettings("uk", every_photo=False), private=False) == (
        "Photos: I answer only when I'm called.\nLanguage: Українська"
    )
    assert words.settings(RoomSettings(), private=True) == "Language: Automatic (each one's own)"


def notices(words: Speaker) -> Iterator[str]:
    yield from map(words.refusal, Refusal)
    yield words.where_done()
    yield words.changed()
    yield words.only_admins()
    yield words.not_yours_to_decide()
    yield words.old_button()


def labels(words: Speaker) -> Iterator[str]:
    yield words.where_button(1).text
    yield words.where_button(1, 10).text
    yield words.add_me_to_a_group()
    yield words.language_button()
    yield words.back_button()
    yield words.chosen(words.photos_button(every=True))
    yield words.chosen(words.photos_button(every=False))
    for language in (None, *LANGUAGES):
        yield words.chosen(words.language_name(language))


def test_a_notice_fits_into_what_telegram_shows_on_a_tap(words: Speaker) -> None:
    assert max(map(len, notices(words))) <= 200


def test_a_button_label_fits_on_a_phone(words: Speaker) -> None:
    assert max(map(len, labels(words))) <= 30


def test_menus_take_what_the_bot_puts_into_them(words: Speaker) -> None:
    assert max(len(words.command(name)) for name in COMMANDS) <= 90
    assert len(words.menu_name()) <= 32


def test_messages_stay_far_below_a_platforms_limit(words: Speaker) -> None:
    """Discord takes 2,000 characters, Telegram 4,096, and 1,024 in a caption."""
    said = [words.privacy("web", keeps=False, days=90), words.about(), words.start()]
    for platform in ("telegram", "discord"):
        said.append(words.help(platform, "a" * 32))
        said.append(words.hello(platform, "a" * 32, hears_all=False))
    assert max(map(len, said)) <= 1900
    assert len(words.where_caption(SURE)) <= 200

"""Every sentence fits where a platform shows it, in every language."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from bot.domain import Label, Refusal, Verdict
from bot.services.commands import COMMANDS, menu
from bot.speech import LANGUAGES, Speaker

NOVEMBER = date(2026, 11, 24)
# As long as a platform lets anybody's name be.
LONG_NAMES = ["A" * 64, "B" * 64]


def notices(speaker: Speaker) -> Iterator[str]:
    rooms, rounds, privacy = speaker.rooms, speaker.rounds, speaker.privacy
    yield from map(speaker.photos.refusal, Refusal)
    yield speaker.photos.where_done()
    yield from (rooms.changed(), rooms.only_admins(), rooms.old_button())
    yield rooms.not_yours_to_decide()
    yield from (rounds.objected(1), rounds.objected_before(), rounds.objection_late())
    yield from (rounds.objection_own(), rounds.nothing_to_object_to(), rounds.not_your_photo())
    yield from (rounds.told_before(), rounds.round_over(), rounds.shared_identity_cannot_tap())
    yield from (rounds.guess_own(), rounds.guessed_before(), rounds.guess_late())
    yield from (rounds.guess_noted(label) for label in Label)
    yield from (privacy.export_how(), privacy.export_nothing())
    yield from (privacy.forgot(), privacy.forgot_not(), privacy.reset_not())


def labels(speaker: Speaker) -> Iterator[str]:
    rooms, rounds, privacy = speaker.rooms, speaker.rounds, speaker.privacy
    yield from (speaker.photos.where_button(), speaker.photos.where_button(10))
    yield from (rooms.add_me_to_a_group(), rooms.language_button(), rooms.back_button())
    yield from (rooms.chosen(rooms.photos_button(every=every)) for every in (True, False))
    yield from (rooms.chosen(rooms.language_name(language)) for language in (None, *LANGUAGES))
    yield from (rounds.truth_button(label) for label in Label)
    yield from (speaker.text.label(label) for label in Label)
    yield rounds.objection_button()
    yield from (privacy.forget_button(), privacy.forget_not_button())
    yield from (privacy.reset_button(), privacy.reset_not_button())


def captions(speaker: Speaker) -> Iterator[str]:
    standings = speaker.standings
    call = speaker.photos.call(Label.ABOMINABLE)
    yield standings.hall_entry(10, LONG_NAMES[0], 100, call, 0.99)
    places = [(rank, LONG_NAMES, 3000) for rank in (1, 2, 3)]
    yield standings.podium(NOVEMBER, places, bot_won=True)
    yield standings.stats(999, 1000)
    yield speaker.privacy.export()


def test_a_notice_fits_into_what_telegram_shows_on_a_tap(speaker: Speaker) -> None:
    assert max(map(len, notices(speaker))) <= 200


def test_a_button_label_fits_on_a_phone(speaker: Speaker) -> None:
    assert max(map(len, labels(speaker))) <= 30


def test_a_caption_fits_under_a_picture(speaker: Speaker) -> None:
    assert max(map(len, captions(speaker))) <= 1024
    verdict = Verdict(Label.OLAF, 0.968, {}, unfamiliar=False)
    assert len(speaker.photos.heatmap_caption(verdict)) <= 200


def test_menus_take_every_command_and_no_two_are_alike(speaker: Speaker) -> None:
    summaries = [command.summary_in(speaker) for command in COMMANDS]
    assert max(map(len, summaries)) <= 90
    assert len(set(summaries)) == len(summaries)
    assert len(speaker.rooms.menu_name()) <= 32


def test_messages_stay_far_below_a_platforms_limit(speaker: Speaker) -> None:
    """Discord takes 2,000 characters, Telegram 4,096, and 1,024 in a caption."""
    rooms = speaker.rooms
    said = [rooms.about(), rooms.start()]
    said.append(speaker.privacy.privacy(keeps=False, days=90, shows_photos=True))
    for platform in ("telegram", "discord"):
        commands = ((command.name, command.summary_in(speaker)) for command in menu(platform))
        said.append(rooms.help(platform, "a" * 32, commands))
        said.append(rooms.hello(platform, "a" * 32, hears_all=False))
    assert max(map(len, said)) <= 1900


def test_messages_about_learning_fit_into_discord(speaker: Speaker) -> None:
    assert len(speaker.privacy.privacy(keeps=True, days=90, shows_photos=True)) <= 2000
    assert len(speaker.privacy.keep_on(LONG_NAMES[0], 90)) <= 2000

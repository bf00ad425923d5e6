"""Every sentence fits where a platform shows it, in every language."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from textwrap import wrap

from bot.domain import Label, Refusal, Verdict
from bot.game.party_acts import Why
from bot.services.commands import COMMANDS, listed
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
    yield from (rounds.objected_before(), rounds.objection_late(), rounds.objections_enough(3))
    yield rounds.objection_not_here()
    yield from (rounds.objection_own(), rounds.nothing_to_object_to(), rounds.not_your_photo())
    yield from (rounds.vote_own(), rounds.vote_before(), rounds.vote_late())
    yield from (rounds.vote_noted(label) for label in Label)
    yield from (rounds.confirmed_before(), rounds.confirm_own())
    yield from (rounds.undo_done(), rounds.undo_late(), rounds.undo_nothing())
    yield from (rounds.made_noted(), rounds.made_own())
    yield from (rounds.told_before(), rounds.round_over(), rounds.shared_identity_cannot_tap())
    yield from (rounds.guess_own(), rounds.guessed_before(), rounds.guess_late())
    yield from (rounds.guess_noted(label) for label in Label)
    yield from (privacy.export_how(), privacy.export_nothing())
    yield from (privacy.forgot(), privacy.forgot_not(), privacy.reset_not())
    yield from (privacy.hidden(), privacy.not_yours_to_hide())
    party = speaker.party
    yield from map(party.not_allowed, Why)
    yield from (party.joined(), party.joined_late(), party.joined_before(), party.not_in())
    yield from (party.noted(), party.photo_taken())


def labels(speaker: Speaker) -> Iterator[str]:
    rooms, rounds, privacy = speaker.rooms, speaker.rounds, speaker.privacy
    yield from (speaker.photos.where_button(), speaker.photos.where_button(10))
    yield from (rooms.add_me_to_a_group(), rooms.language_button(), rooms.back_button())
    yield from (rooms.chosen(rooms.photos_button(every=every)) for every in (True, False))
    yield from (rooms.chosen(rooms.language_name(language)) for language in (None, *LANGUAGES))
    yield from (rooms.timezone_button(), rooms.chosen(rooms.timezone_name(None)))
    yield rooms.chosen(rooms.timezone_name("America/Argentina/Buenos_Aires"))
    yield from (rooms.privacy_mode_button(), rooms.commands_button())
    yield from (rounds.truth_button(label) for label in Label)
    yield from (speaker.text.label(label) for label in Label)
    yield from (rounds.objection_button(), rounds.confirm_button(), rounds.change_button())
    yield from (rounds.made_button(), speaker.photos.card_button(), privacy.hide_button())
    yield from (privacy.about_button(), privacy.export_button(), privacy.forget_me_button())
    yield from (privacy.forget_button(), privacy.forget_not_button())
    yield from (privacy.reset_button(), privacy.reset_not_button(), privacy.reset_undo_button())
    party = speaker.party
    yield from (party.join_button(), party.send_button(), party.start_button(20))
    yield from (party.fair_button(fair=True), party.fair_button(fair=False))


def captions(speaker: Speaker) -> Iterator[str]:
    standings = speaker.standings
    verdict = Verdict(Label.ABOMINABLE, 0.99, {}, unfamiliar=False)
    yield standings.hall_entry(10, LONG_NAMES[0], 100, verdict)
    places = [(rank, LONG_NAMES, 3000) for rank in (1, 2, 3)]
    yield standings.podium(NOVEMBER, places)
    yield standings.stats(999, 1000, 1000)
    yield speaker.photos.card_text(verdict, Label.NEITHER, LONG_NAMES[0])
    yield speaker.rooms.evening_card(LONG_NAMES[0], 99)
    yield speaker.privacy.export()


def test_three_truths_fit_into_one_row_of_a_phone(speaker: Speaker) -> None:
    """Telegram clips a button of a third of a phone's width after about ten letters."""
    assert max(len(speaker.rounds.truth_button(label)) for label in Label) <= 8


def test_the_first_line_of_an_answer_is_short(speaker: Speaker) -> None:
    for unfamiliar, sure in ((False, True), (False, False), (True, False)):
        verdict = Verdict(Label.ABOMINABLE, 0.61, {}, unfamiliar, sure)
        for variant in range(speaker.photos.variants(verdict)):
            assert len(speaker.photos.answer(verdict, variant)) <= 110


def test_a_hello_to_a_group_is_two_short_lines(speaker: Speaker) -> None:
    for platform in ("telegram", "discord", "web"):
        for hears_all in (True, False):
            said = speaker.rooms.hello(platform, "@snowpeople_bot", hears_all=hears_all)
            assert said.count("\n") == 1
            assert len(said) <= 240


def test_the_rules_are_five_lines(speaker: Speaker) -> None:
    assert len(speaker.rooms.rules().splitlines()) == 5
    assert len(speaker.rooms.rules()) <= 600


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
        said += [rooms.help(platform, "a" * 32), listed(platform, speaker)]
        said.append(rooms.hello(platform, "a" * 32, hears_all=False))
    assert max(map(len, said)) <= 1900


def test_a_message_is_no_longer_than_a_phones_screen(speaker: Speaker) -> None:
    """On 390 by 844 points Telegram shows some 36 lines of some 44 letters."""
    rooms, privacy = speaker.rooms, speaker.privacy
    said = [rooms.rules(), rooms.about(), rooms.start(), rooms.privacy_mode_help("snow_bot")]
    said.append(privacy.privacy(keeps=False, days=90, shows_photos=False))
    for platform in ("telegram", "discord"):
        said += [rooms.help(platform, "snow_bot"), listed(platform, speaker)]
    lines = [sum(len(wrap(line, 44)) or 1 for line in each.splitlines()) for each in said]
    assert max(lines) <= 36


def test_messages_about_learning_fit_into_discord(speaker: Speaker) -> None:
    assert len(speaker.privacy.privacy(keeps=True, days=90, shows_photos=True)) <= 2000
    assert len(speaker.privacy.keep_on(LONG_NAMES[0], 90)) <= 2000

from __future__ import annotations

import re

from bot.domain import RoomSettings
from bot.services.commands import listed, menu
from bot.speech import Speaker, speaker_for


def test_a_group_is_told_how_to_reach_a_bot_that_sees_no_photos(english: Speaker) -> None:
    rooms = english.rooms
    closed = rooms.hello("telegram", "@snowpeople_bot", hears_all=False)
    assert "/who@snowpeople_bot" in closed
    assert "/setprivacy" not in closed
    assert "/setprivacy" in rooms.privacy_mode_help("@snowpeople_bot")
    assert "admin" in rooms.privacy_mode_help("@snowpeople_bot")
    assert "/who" not in rooms.hello("telegram", "snow_bot", hears_all=True)


def test_a_server_is_told_every_way_to_call_the_bot() -> None:
    rooms = speaker_for("de").rooms
    assert "@Snowpeople" in rooms.hello("discord", "Snowpeople", hears_all=False)
    said = rooms.help("discord", "Snowpeople")
    assert "@Snowpeople" in said
    assert "/who" in said
    assert rooms.menu_name() in said


def test_help_begins_with_the_rules(speaker: Speaker) -> None:
    assert speaker.rooms.help("telegram", "snow_bot").startswith(speaker.rooms.rules())
    assert speaker.rounds.objection_button() in speaker.rooms.rules()


def test_a_discord_mention_is_left_as_it_is(english: Speaker) -> None:
    assert " (<@12>) " in english.rooms.hello("discord", "<@12>", hears_all=False)


def test_every_command_that_is_for_all_is_told_of(speaker: Speaker) -> None:
    for platform in ("telegram", "discord"):
        commands = menu(platform, admin=False)
        said = listed(platform, speaker).splitlines()
        assert said == [f"/{each.name}: {each.summary_in(speaker)}" for each in commands]
        assert len(commands) > 10


def test_the_settings_of_a_group_say_which_photos_and_which_language(english: Speaker) -> None:
    rooms = english.rooms
    assert rooms.settings(RoomSettings("uk", every_photo=False), private=False) == (
        "Photos: I answer only when I'm called.\nLanguage: Українська"
    )
    assert rooms.settings(RoomSettings(), private=True) == "Language: Automatic (each person's)"


def test_the_settings_say_what_was_chosen_for_the_day(english: Speaker) -> None:
    chosen = RoomSettings("en", guess_every=True, timezone="Europe/Berlin", daily=9 * 60)
    said = english.rooms.settings(chosen, private=True)
    assert said.replace("\N{NARROW NO-BREAK SPACE}", " ").splitlines() == [
        "Language: English",
        "Time zone: Berlin",
        "Daily challenge: 9:00 AM",
        "Guessing: with every photo",
    ]
    host = english.rooms.settings(RoomSettings("en"), private=True, host_timezone="UTC")
    assert host.endswith("Time zone: UTC")


def test_the_settings_on_discord_promise_no_photo_that_it_hides(speaker: Speaker) -> None:
    said = {
        speaker.rooms.settings(
            RoomSettings(every_photo=every), private=False, platform="discord", hears_all=False
        )
        for every in (True, False)
    }
    assert len(said) == 1
    assert re.search("/who.*Message Content Intent", said.pop(), re.DOTALL)


def test_the_daily_challenge_tells_a_streak_from_two_days_on(english: Speaker) -> None:
    challenge = english.challenges.challenge(0)
    assert english.rooms.daily_challenge(challenge, 1) == challenge
    assert english.rooms.daily_challenge(challenge, 5).splitlines() == [
        challenge,
        "You've been playing for 5 days in a row. Keep it up!",
    ]


def test_a_time_zone_is_named_by_its_city_in_the_language() -> None:
    assert speaker_for("uk").rooms.timezone_name("Europe/Kyiv") == "Київ"
    assert speaker_for("pt").rooms.timezone_name("America/New_York") == "Nova York"

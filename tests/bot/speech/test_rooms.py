from __future__ import annotations

from bot.domain import RoomSettings
from bot.services.commands import menu
from bot.speech import Speaker, speaker_for


def test_a_group_is_told_how_to_reach_a_bot_that_sees_no_photos(english: Speaker) -> None:
    closed = english.rooms.hello("telegram", "@snowpeople_bot", hears_all=False)
    assert "/who@snowpeople_bot" in closed
    assert "/setprivacy" in closed
    assert "admin" in closed
    assert "/setprivacy" not in english.rooms.hello("telegram", "snow_bot", hears_all=True)


def test_a_server_is_told_every_way_to_call_the_bot() -> None:
    rooms = speaker_for("de").rooms
    said = rooms.hello("discord", "Snowpeople", hears_all=False)
    assert "@Snowpeople" in said
    assert "/who" in said
    assert rooms.menu_name() in said


def test_a_discord_mention_is_left_as_it_is(english: Speaker) -> None:
    assert " (<@12>) " in english.rooms.hello("discord", "<@12>", hears_all=False)


def test_help_names_every_command(speaker: Speaker) -> None:
    for platform in ("telegram", "discord"):
        commands = [(each.name, each.summary_in(speaker)) for each in menu(platform)]
        said = speaker.rooms.help(platform, "snow_bot", commands)
        assert len(commands) > 10
        assert all(f"/{name}: {summary}" in said for name, summary in commands)


def test_the_settings_of_a_group_say_which_photos_and_which_language(english: Speaker) -> None:
    rooms = english.rooms
    assert rooms.settings(RoomSettings("uk", every_photo=False), private=False) == (
        "Photos: I answer only when I'm called.\nLanguage: Українська"
    )
    assert rooms.settings(RoomSettings(), private=True) == "Language: Automatic (each one's own)"

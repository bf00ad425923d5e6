from __future__ import annotations

from datetime import date

import pytest

from bot.domain import AdminAction
from bot.speech import Speaker, speaker_for

NOVEMBER = date(2026, 11, 24)


@pytest.mark.parametrize("action", AdminAction)
def test_every_action_of_an_admin_has_a_name(speaker: Speaker, action: AdminAction) -> None:
    named = speaker.privacy.admin_action(action)
    assert named
    assert named in speaker.privacy.log([(NOVEMBER, "Mia", action)])


def test_the_log_has_days_as_the_language_writes_them() -> None:
    log = speaker_for("de").privacy.log([(NOVEMBER, "Mia", AdminAction.RESET)])
    assert log.endswith("24.11.2026, Mia: Punkte zurück auf null")


def test_privacy_tells_of_learning_only_where_it_is_on(speaker: Speaker) -> None:
    on, off = (
        speaker.privacy.privacy(keeps=keeps, days=90, shows_photos=False) for keeps in (True, False)
    )
    assert on.startswith(off)
    assert "90" in on
    for typed in ("/forget", "/export"):  # buttons below do that
        assert typed not in on


def test_privacy_tells_of_the_photos_that_a_web_room_shows(speaker: Speaker) -> None:
    shown, hidden = (
        speaker.privacy.privacy(keeps=False, days=90, shows_photos=shows_photos)
        for shows_photos in (True, False)
    )
    assert shown.startswith(hidden)
    assert shown != hidden

"""The button that asks for a photo, on platforms that can open a form with a place for one."""

from __future__ import annotations

from dataclasses import replace

from bot.domain import Reply, Room
from bot.services.buttons import AskForPhoto, button
from bot.speech import Speaker

FORMS = frozenset({"discord"})


def with_invitation(room: Room, reply: Reply, speaker: Speaker) -> Reply:
    """Return a reply with a button to show a photo under it, where there can be one."""
    if room.platform not in FORMS:
        return reply
    ask = button(speaker.photos.show_button(), AskForPhoto())
    return replace(reply, buttons=(*reply.buttons, (ask,)))

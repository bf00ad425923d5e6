"""The button that asks for a photo, on platforms that can open a form with a place for one."""

from __future__ import annotations

from dataclasses import replace

from bot.domain import Reply
from bot.services.buttons import AskForPhoto, button
from bot.services.ports import Traits
from bot.speech import Speaker


def with_invitation(reply: Reply, speaker: Speaker, traits: Traits) -> Reply:
    """Return a reply with a button to show a photo under it, where there can be one."""
    if not traits.has_forms:
        return reply
    ask = button(speaker.photos.show_button(), AskForPhoto())
    return replace(reply, buttons=(*reply.buttons, (ask,)))

"""Who a request comes from: the player that a browser's secret means, and their language."""

from __future__ import annotations

import hashlib
import re

from bot.domain import Player
from bot.platforms.web.rooms import clean
from bot.speech import LANGUAGES

SECRET = re.compile(r"[A-Za-z0-9_-]{16,64}")
# One language of an Accept-Language header, such as `de-AT;q=0.8` (RFC 9110, 12.5.4).
RANGE = re.compile(
    r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)\s*(?:;\s*q=([01](?:\.[0-9]{0,3})?)\s*)?"
)
# Nobody reads more languages; whatever sends more is no browser.
RANGES = 20


def player_of(secret: object, name: object, language: str | None = None) -> Player | None:
    """Return the player that a browser's secret means, or None if it is no secret of ours.

    The others see a digest of it, so that nobody can speak in another's name.
    """
    if not isinstance(secret, str) or not SECRET.fullmatch(secret):
        return None
    name = clean(name) if isinstance(name, str) else ""
    public = hashlib.sha256(f"player:{secret}".encode()).hexdigest()[:16]
    return Player(public, name or "Somebody", language)


def language_of(accept_language: str) -> str | None:
    """Return the tag that a person likes best of those whose language the bot speaks."""
    liked: dict[str, float] = {}
    for written in accept_language.split(",")[:RANGES]:
        if found := RANGE.fullmatch(written):
            tag, quality = found[1], float(found[2] or 1)
            if quality > 0 and tag.split("-")[0].lower() in LANGUAGES:
                liked.setdefault(tag, quality)
    # Of those liked as much, the first: `max` keeps the order.
    return max(liked, key=lambda tag: liked[tag], default=None)

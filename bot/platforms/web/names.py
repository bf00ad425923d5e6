"""Names in a room: nobody is called as somebody else is, or as the bot."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from bot.speech import LANGUAGES, speaker_for

STATIC = Path(__file__).parent / "static"


def distinct(name: str, others: Iterable[str]) -> str:
    """Return a name as it is, or numbered where it is taken: the second Mia is "Mia 2".

    Args:
        name: The name; an empty one stays so.
        others: All that are taken, besides those of the bot.
    """
    taken = {_key(other) for other in others} | _of_the_bot()
    numbered, number = name, 1
    while name and _key(numbered) in taken:
        number += 1
        numbered = f"{name} {number}"
    return numbered


def _key(name: str) -> str:
    """Return what two names have in common that look the same."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


@cache
def _of_the_bot() -> frozenset[str]:
    """Return what the page and the board call the bot, in every language."""
    pages = (STATIC / f"words.{language}.json" for language in LANGUAGES)
    titles = [json.loads(page.read_text(encoding="utf-8"))["game"] for page in pages]
    own = (speaker_for(language).standings.bot_name() for language in LANGUAGES)
    return frozenset(map(_key, (*titles, *own, "Snowpeople")))

"""What a person wrote beside a photo, without what is only Discord's way of writing something."""

from __future__ import annotations

import re

# https://discord.com/developers/docs/reference#message-formatting: custom emoji, mentions of
# channels, people, roles and commands, times, places of a server, sounds.
_MARKUP = re.compile(
    r"<(?:a?:\w+:\d+|\#\d+|@[!&]?\d+|/[^<>:]+:\d+|t:-?\d+(?::\w)?|id:[\w-]+|sound:\d+:\d+)>"
)
_ADDRESS = re.compile(
    r"<?\b\w+://[^\s<>]+>?"
    r"|[^\s@]+@[^\s@]+\.\w+"  # of mail
    r"|(?<![\w@.-])(?:[\w-]+\.)+[^\W\d_]{2,}(?:[/?#]\S*)?"  # without a scheme; or a file's name
)
# What Discord could not resolve stays as it was typed. A name may have spaces, so that nobody can
# tell where it ends but the end of the phrase.
_EVERYONE = re.compile(r"(?<!\w)@(?:everyone|here)\b")
_NAME = re.compile(r"(?<!\w)@[^\n,;:!?()]*")
_CHANNEL = re.compile(r"(?<!\w)#\S+")
_EMOJI = re.compile(r"(?<!\w):[\w+-]{2,}:(?!\w)")


def caption_of(content: str) -> str:
    """Return a caption's own words: no emoji, mention or address has a say in who is on a photo.

    Args:
        content: The message's content as Discord sent it, mentions unresolved.
    """
    text = content
    for noise in (_MARKUP, _ADDRESS, _EVERYONE, _NAME, _CHANNEL, _EMOJI):
        text = noise.sub(" ", text)
    return " ".join(text.split())

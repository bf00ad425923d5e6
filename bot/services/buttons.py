"""The buttons: one typed action for each, and the text of at most 64 bytes that platforms carry.

Old messages keep their buttons, so what `encode` has ever written is read by `decode` for ever.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.domain import Button, Label
from bot.speech import LANGUAGES

AUTOMATIC = "auto"
# What a database holds as an integer.
_NUMBER = re.compile(r"[0-9]{1,18}")
_LABELS = frozenset(Label)


@dataclass(frozen=True, slots=True)
class TellTruth:
    """Tell who is on a round's photo."""

    round_id: int
    label: Label


@dataclass(frozen=True, slots=True)
class ObjectToTruth:
    """Object to what was told about a round's photo."""

    round_id: int


@dataclass(frozen=True, slots=True)
class ShowHeatmap:
    """Show where the bot looked on a round's photo."""

    round_id: int


@dataclass(frozen=True, slots=True)
class MakeGuess:
    """Guess what the bot will answer."""

    round_id: int
    label: Label


@dataclass(frozen=True, slots=True)
class ForgetMe:
    """Forget a person, or not after all; the button is for that person alone."""

    player_id: str
    confirmed: bool


@dataclass(frozen=True, slots=True)
class ResetSeason:
    """Set the season's points back to zero, or not after all."""

    confirmed: bool


@dataclass(frozen=True, slots=True)
class OpenSettings:
    """Show the settings."""


@dataclass(frozen=True, slots=True)
class OpenLanguages:
    """Show the languages to choose from."""


@dataclass(frozen=True, slots=True)
class ChooseLanguage:
    """Speak a language in this room; None for each person's own."""

    language: str | None


@dataclass(frozen=True, slots=True)
class ChoosePhotos:
    """Answer every photo of this room, or only those meant for the bot."""

    every: bool


Action = (
    TellTruth
    | ObjectToTruth
    | ShowHeatmap
    | MakeGuess
    | ForgetMe
    | ResetSeason
    | OpenSettings
    | OpenLanguages
    | ChooseLanguage
    | ChoosePhotos
)


def button(text: str, action: Action) -> Button:
    """Return a button that says something and does something."""
    return Button(text, encode(action))


def encode(action: Action) -> str:
    """Return an action as 1 to 64 bytes of ASCII."""
    match action:
        case TellTruth(round_id, label):
            return f"truth:{round_id}:{label}"
        case ObjectToTruth(round_id):
            return f"object:{round_id}"
        case ShowHeatmap(round_id):
            return f"where:{round_id}"
        case MakeGuess(round_id, label):
            return f"guess:{round_id}:{label}"
        case ForgetMe(player_id, confirmed):
            return f"forget:{'yes' if confirmed else 'no'}:{player_id}"
        case ResetSeason(confirmed):
            return f"reset:{'yes' if confirmed else 'no'}"
        case OpenSettings():
            return "set"
        case OpenLanguages():
            return "set:language"
        case ChooseLanguage(language):
            return f"set:language:{language or AUTOMATIC}"
        case ChoosePhotos(every):
            return f"set:photos:{'every' if every else 'called'}"


def decode(data: str) -> Action | None:
    """Return the action that a text stands for; None when it stands for none of ours."""
    match data.split(":"):
        case ["truth", number, label] if _is_number(number) and label in _LABELS:
            return TellTruth(int(number), Label(label))
        case ["object", number] if _is_number(number):
            return ObjectToTruth(int(number))
        case ["where", number] if _is_number(number):
            return ShowHeatmap(int(number))
        case ["guess", number, label] if _is_number(number) and label in _LABELS:
            return MakeGuess(int(number), Label(label))
        case ["forget", "yes" | "no" as answer, player_id]:
            return ForgetMe(player_id, answer == "yes")
        case ["reset", "yes" | "no" as answer]:
            return ResetSeason(answer == "yes")
        case ["set"]:
            return OpenSettings()
        case ["set", "language"]:
            return OpenLanguages()
        case ["set", "language", language] if language == AUTOMATIC or language in LANGUAGES:
            return ChooseLanguage(None if language == AUTOMATIC else language)
        case ["set", "photos", "every" | "called" as which]:
            return ChoosePhotos(which == "every")
    return None


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None

"""The buttons: one typed action for each, and the text of at most 64 bytes that platforms carry.

Old messages keep their buttons, so what `encode` has ever written is read by `decode` for ever.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar
from zoneinfo import available_timezones

from bot.domain import Button, Label
from bot.speech import LANGUAGES

AUTOMATIC = "auto"
# What a database holds as an integer.
_NUMBER = re.compile(r"[0-9]{1,18}")
_LABELS = frozenset(Label)
# What a party night and each of its photos are known by.
_PARTY_ID = re.compile(r"[0-9a-f]{32}")
# How long a party night may be, in minutes.
_MINUTES = re.compile(r"[1-9][0-9]?")


class Audience(StrEnum):
    """Whom a button is of use to, where a platform shows each person their own."""

    SENDER = "sender"
    # Who sent the photo, and admins.
    DECIDERS = "deciders"
    # All but who sent it.
    OTHERS = "others"
    EVERYONE = "everyone"


class _Action:
    """What a button does; the service refuses it to those whom it is not for in any case."""

    __slots__ = ()
    audience: ClassVar[Audience] = Audience.EVERYONE


@dataclass(frozen=True, slots=True)
class TellTruth(_Action):
    """Tell who is on a round's photo."""

    audience = Audience.DECIDERS
    round_id: int
    label: Label


@dataclass(frozen=True, slots=True)
class UndoTruth(_Action):
    """Take back what was told about a round's photo."""

    audience = Audience.DECIDERS
    round_id: int


@dataclass(frozen=True, slots=True)
class ConfirmTruth(_Action):
    """Say that what was told about a round's photo is true."""

    audience = Audience.OTHERS
    round_id: int


@dataclass(frozen=True, slots=True)
class ObjectToTruth(_Action):
    """Object to what was told about a round's photo, which opens a vote."""

    audience = Audience.OTHERS
    round_id: int


@dataclass(frozen=True, slots=True)
class CastBallot(_Action):
    """Vote about who is on a round's photo."""

    audience = Audience.OTHERS
    round_id: int
    label: Label


@dataclass(frozen=True, slots=True)
class MarkMade(_Action):
    """Say that one has made what is on a round's photo."""

    audience = Audience.SENDER
    round_id: int


@dataclass(frozen=True, slots=True)
class AskForPhoto(_Action):
    """Open a form with a place for a photo, on a platform that has forms."""


@dataclass(frozen=True, slots=True)
class ShowHeatmap(_Action):
    """Show where the bot looked on a round's photo."""

    round_id: int


@dataclass(frozen=True, slots=True)
class ShowCard(_Action):
    """Make a picture of how a round's photo fooled the bot."""

    round_id: int


@dataclass(frozen=True, slots=True)
class HidePhoto(_Action):
    """Keep a round's photo out of hall, cards and evening pictures."""

    audience = Audience.SENDER
    round_id: int


@dataclass(frozen=True, slots=True)
class MakeGuess(_Action):
    """Guess what the bot will answer."""

    audience = Audience.OTHERS
    round_id: int
    label: Label


@dataclass(frozen=True, slots=True)
class ShowAbout(_Action):
    """Tell what the bot is."""


@dataclass(frozen=True, slots=True)
class ExportMine(_Action):
    """Hand out everything about a person."""


@dataclass(frozen=True, slots=True)
class AskToForget(_Action):
    """Ask whether to forget a person."""


@dataclass(frozen=True, slots=True)
class ForgetMe(_Action):
    """Forget a person, or not after all; the button is for that person alone."""

    player_id: str
    confirmed: bool


@dataclass(frozen=True, slots=True)
class ResetSeason(_Action):
    """Set the season's points back to zero, or not after all."""

    confirmed: bool


@dataclass(frozen=True, slots=True)
class UndoReset(_Action):
    """Take back that the season's points were set to zero."""


@dataclass(frozen=True, slots=True)
class ExplainPrivacyMode(_Action):
    """Tell how to let the bot see every photo of a group."""


@dataclass(frozen=True, slots=True)
class OpenSettings(_Action):
    """Show the settings."""


@dataclass(frozen=True, slots=True)
class OpenLanguages(_Action):
    """Show the languages to choose from."""


@dataclass(frozen=True, slots=True)
class ChooseLanguage(_Action):
    """Speak a language in this room; None for each person's own."""

    language: str | None


@dataclass(frozen=True, slots=True)
class ChoosePhotos(_Action):
    """Answer every photo of this room, or only those meant for the bot."""

    every: bool


@dataclass(frozen=True, slots=True)
class ChooseManner(_Action):
    """Answer photos with a sign, or with words."""

    quiet: bool


@dataclass(frozen=True, slots=True)
class ChooseBoard(_Action):
    """Have all of a server share one board, or each of its channels have its own."""

    shared: bool


@dataclass(frozen=True, slots=True)
class OpenTimezones(_Action):
    """Show the time zones to choose from."""


@dataclass(frozen=True, slots=True)
class ChooseTimezone(_Action):
    """Keep a time zone's days in this room; None for the host's."""

    timezone: str | None


@dataclass(frozen=True, slots=True)
class JoinParty(_Action):
    """Take part in a party night."""

    party: str


@dataclass(frozen=True, slots=True)
class StartParty(_Action):
    """Begin a party night that lasts so many minutes."""

    party: str
    minutes: int


@dataclass(frozen=True, slots=True)
class GuessAtParty(_Action):
    """Guess what the bot will say of a party night's photo."""

    photo: str
    label: Label


@dataclass(frozen=True, slots=True)
class TellAtParty(_Action):
    """Say who is on a party night's photo."""

    photo: str
    label: Label


@dataclass(frozen=True, slots=True)
class JudgeAtParty(_Action):
    """Say whether a party night's photo was fair play."""

    photo: str
    fair: bool


@dataclass(frozen=True, slots=True)
class StarAtParty(_Action):
    """Give one's star of the round to a party night's photo."""

    photo: str


PartyAction = JoinParty | StartParty | GuessAtParty | TellAtParty | JudgeAtParty | StarAtParty

Action = (
    TellTruth
    | UndoTruth
    | ConfirmTruth
    | ObjectToTruth
    | CastBallot
    | MarkMade
    | ShowHeatmap
    | ShowCard
    | HidePhoto
    | MakeGuess
    | ShowAbout
    | ExportMine
    | AskToForget
    | ForgetMe
    | ResetSeason
    | UndoReset
    | ExplainPrivacyMode
    | AskForPhoto
    | OpenSettings
    | OpenLanguages
    | ChooseLanguage
    | ChoosePhotos
    | ChooseManner
    | ChooseBoard
    | OpenTimezones
    | ChooseTimezone
    | PartyAction
)


def button(text: str, action: Action) -> Button:
    """Return a button that says something and does something."""
    return Button(text, encode(action))


# Actions that are one round's, and the word that stands for each.
_OF_ROUND: Mapping[str, Callable[[int], Action]] = {
    "undo": UndoTruth,
    "true": ConfirmTruth,
    "object": ObjectToTruth,
    "made": MarkMade,
    "where": ShowHeatmap,
    "card": ShowCard,
    "hide": HidePhoto,
}
# Actions that are a round's and a label's.
_OF_LABEL: Mapping[str, Callable[[int, Label], Action]] = {
    "truth": TellTruth,
    "vote": CastBallot,
    "guess": MakeGuess,
}
# Actions that are nothing's but their own.
_ALONE: Mapping[str, Callable[[], Action]] = {
    "about": ShowAbout,
    "photo": AskForPhoto,
    "export": ExportMine,
    "forget": AskToForget,
    "unreset": UndoReset,
    "seeall": ExplainPrivacyMode,
    "set": OpenSettings,
    "set:language": OpenLanguages,
    "set:zone": OpenTimezones,
}


def encode(action: Action) -> str:
    """Return an action as 1 to 64 bytes of ASCII."""
    match action:
        case TellTruth(round_id, label):
            return f"truth:{round_id}:{label}"
        case CastBallot(round_id, label):
            return f"vote:{round_id}:{label}"
        case MakeGuess(round_id, label):
            return f"guess:{round_id}:{label}"
        case ForgetMe(player_id, confirmed):
            return f"forget:{'yes' if confirmed else 'no'}:{player_id}"
        case ResetSeason(confirmed):
            return f"reset:{'yes' if confirmed else 'no'}"
        case ChooseLanguage(language):
            return f"set:language:{language or AUTOMATIC}"
        case ChoosePhotos(every):
            return f"set:photos:{'every' if every else 'called'}"
        case ChooseManner(quiet):
            return f"set:manner:{'quiet' if quiet else 'aloud'}"
        case ChooseBoard(shared):
            return f"set:board:{'server' if shared else 'channel'}"
        case ChooseTimezone(timezone):
            return f"set:zone:{timezone or AUTOMATIC}"
        case JoinParty(party):
            return f"party:join:{party}"
        case StartParty(party, minutes):
            return f"party:start:{party}:{minutes}"
        case GuessAtParty(photo, label):
            return f"party:guess:{photo}:{label}"
        case TellAtParty(photo, label):
            return f"party:tell:{photo}:{label}"
        case JudgeAtParty(photo, fair):
            return f"party:fair:{photo}:{'yes' if fair else 'no'}"
        case StarAtParty(photo):
            return f"party:star:{photo}"
        case (
            UndoTruth(round_id)
            | ConfirmTruth(round_id)
            | ObjectToTruth(round_id)
            | MarkMade(round_id)
            | ShowHeatmap(round_id)
            | ShowCard(round_id)
            | HidePhoto(round_id)
        ):
            return f"{_WORDS[type(action)]}:{round_id}"
        case _:
            return _WORDS[type(action)]


def decode(data: str) -> Action | None:
    """Return the action that a text stands for; None when it stands for none of ours."""
    if data in _ALONE:
        return _ALONE[data]()
    match data.split(":"):
        case [word, number] if word in _OF_ROUND and _is_number(number):
            return _OF_ROUND[word](int(number))
        case [word, number, label] if word in _OF_LABEL and _is_number(number) and label in _LABELS:
            return _OF_LABEL[word](int(number), Label(label))
        case ["forget", "yes" | "no" as answer, player_id]:
            return ForgetMe(player_id, answer == "yes")
        case ["reset", "yes" | "no" as answer]:
            return ResetSeason(answer == "yes")
        case ["set", "language", language] if language == AUTOMATIC or language in LANGUAGES:
            return ChooseLanguage(None if language == AUTOMATIC else language)
        case ["set", "photos", "every" | "called" as which]:
            return ChoosePhotos(which == "every")
        case ["set", "manner", "quiet" | "aloud" as manner]:
            return ChooseManner(manner == "quiet")
        case ["set", "board", "server" | "channel" as board]:
            return ChooseBoard(board == "server")
        case ["set", "zone", zone] if zone == AUTOMATIC or zone in available_timezones():
            return ChooseTimezone(None if zone == AUTOMATIC else zone)
        case ["party", word, id_, *rest] if _PARTY_ID.fullmatch(id_):
            return _party_action(word, id_, rest)
    return None


def _party_action(word: str, id_: str, rest: list[str]) -> PartyAction | None:
    match word, rest:
        case "join", []:
            return JoinParty(id_)
        case "start", [minutes] if _MINUTES.fullmatch(minutes):
            return StartParty(id_, int(minutes))
        case "guess", [label] if label in _LABELS:
            return GuessAtParty(id_, Label(label))
        case "tell", [label] if label in _LABELS:
            return TellAtParty(id_, Label(label))
        case "fair", ["yes" | "no" as fair]:
            return JudgeAtParty(id_, fair == "yes")
        case "star", []:
            return StarAtParty(id_)
    return None


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None


_WORDS: Mapping[object, str] = {
    make: word for table in (_OF_ROUND, _OF_LABEL, _ALONE) for word, make in table.items()
}

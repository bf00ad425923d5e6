"""The buttons: one typed action for each, and the text of at most 64 bytes that platforms carry.

Old messages keep their buttons, so what `encode` has ever written is read by `decode` for ever.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Annotated, Any, ClassVar, get_args, get_origin, get_type_hints
from zoneinfo import available_timezones

from bot.domain import Button, Label
from bot.speech import LANGUAGES

AUTOMATIC = "auto"


@dataclass(frozen=True, slots=True)
class _Format:
    """How a field of an action is written.

    Attributes:
        read: Returns the value of a text; raises LookupError or ValueError for one without sense.
        write: Returns the text of a value.
    """

    read: Callable[[str], object]
    write: Callable[[Any], str] = str


def _matching(pattern: str, kind: Callable[[str], object] = str) -> _Format:
    """Return how to write what is a text of a certain form, or made of one."""

    def read(text: str) -> object:
        if re.fullmatch(pattern, text) is None:
            raise ValueError(text)
        return kind(text)

    return _Format(read)


def _either(true: str, false: str) -> _Format:
    """Return how to write a truth value as one word or another."""
    return _Format({true: True, false: False}.__getitem__, lambda value: true if value else false)


def _automatic_or(known: Callable[[], Container[str]]) -> _Format:
    """Return how to write something known, or None."""

    def read(text: str) -> str | None:
        if text == AUTOMATIC:
            return None
        if text not in known():
            raise ValueError(text)
        return text

    return _Format(read, lambda value: value or AUTOMATIC)


# How fields are written whose type does not say it otherwise. A database holds no longer integers.
_FORMATS: Mapping[object, _Format] = {
    int: _matching(r"[0-9]{1,18}", int),
    str: _Format(str),
    bool: _either("yes", "no"),
    Label: _Format(Label),
}
# What a party night and each of its photos are known by.
_PartyId = Annotated[str, _matching(r"[0-9a-f]{32}")]
# How long a party night may be.
_Minutes = Annotated[int, _matching(r"[1-9][0-9]?", int)]
# None stands for each person's own, and for the host's.
_Language = Annotated[str | None, _automatic_or(lambda: LANGUAGES)]
_Timezone = Annotated[str | None, _automatic_or(available_timezones)]


class Audience(StrEnum):
    """Whom a button is of use to, where a platform shows each person their own."""

    SENDER = "sender"
    # Who sent the photo, and admins.
    DECIDERS = "deciders"
    # All but who sent it.
    OTHERS = "others"
    EVERYONE = "everyone"


class _Action:
    """What a button does; the service refuses it to those whom it is not for in any case.

    Attributes:
        tag: What its text begins with; its fields follow, in their order. No two actions have
            both a tag and a number of fields in common.
        audience: Whom it is of use to.
        is_ones_own: Whether what is said then is nobody's business but that of who tapped.
    """

    __slots__ = ()
    tag: ClassVar[str]
    audience: ClassVar[Audience] = Audience.EVERYONE
    is_ones_own: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class TellTruth(_Action):
    """Tell who is on a round's photo."""

    tag = "truth"
    audience = Audience.DECIDERS
    round_id: int
    label: Label


@dataclass(frozen=True, slots=True)
class UndoTruth(_Action):
    """Take back what was told about a round's photo."""

    tag = "undo"
    audience = Audience.DECIDERS
    round_id: int


@dataclass(frozen=True, slots=True)
class ConfirmTruth(_Action):
    """Say that what was told about a round's photo is true."""

    tag = "true"
    audience = Audience.OTHERS
    round_id: int


@dataclass(frozen=True, slots=True)
class ObjectToTruth(_Action):
    """Object to what was told about a round's photo, which opens a vote."""

    tag = "object"
    audience = Audience.OTHERS
    round_id: int


@dataclass(frozen=True, slots=True)
class CastBallot(_Action):
    """Vote about who is on a round's photo."""

    tag = "vote"
    audience = Audience.OTHERS
    round_id: int
    label: Label


@dataclass(frozen=True, slots=True)
class MarkMade(_Action):
    """Say that one has made what is on a round's photo."""

    tag = "made"
    audience = Audience.SENDER
    round_id: int


@dataclass(frozen=True, slots=True)
class AskForPhoto(_Action):
    """Open a form with a place for a photo, on a platform that has forms."""

    tag = "photo"
    is_ones_own = True


@dataclass(frozen=True, slots=True)
class ShowHeatmap(_Action):
    """Show where the bot looked on a round's photo."""

    tag = "where"
    round_id: int


@dataclass(frozen=True, slots=True)
class ShowCard(_Action):
    """Make a picture of how a round's photo fooled the bot."""

    tag = "card"
    round_id: int


@dataclass(frozen=True, slots=True)
class HidePhoto(_Action):
    """Keep a round's photo out of hall, cards and evening pictures."""

    tag = "hide"
    audience = Audience.SENDER
    round_id: int


@dataclass(frozen=True, slots=True)
class MakeGuess(_Action):
    """Guess what the bot will answer."""

    tag = "guess"
    audience = Audience.OTHERS
    round_id: int
    label: Label


@dataclass(frozen=True, slots=True)
class ShowCommands(_Action):
    """Tell what each command does."""

    tag = "commands"
    is_ones_own = True


@dataclass(frozen=True, slots=True)
class ShowAbout(_Action):
    """Tell what the bot is."""

    tag = "about"
    is_ones_own = True


@dataclass(frozen=True, slots=True)
class ExportMine(_Action):
    """Hand out everything about a person."""

    tag = "export"
    is_ones_own = True


@dataclass(frozen=True, slots=True)
class AskToForget(_Action):
    """Ask whether to forget a person."""

    tag = "forget"
    is_ones_own = True


@dataclass(frozen=True, slots=True)
class ForgetMe(_Action):
    """Forget a person, or not after all; the button is for that person alone."""

    tag = "forget"
    confirmed: bool
    player_id: str


@dataclass(frozen=True, slots=True)
class ResetSeason(_Action):
    """Set the season's points back to zero, or not after all."""

    tag = "reset"
    confirmed: bool


@dataclass(frozen=True, slots=True)
class UndoReset(_Action):
    """Take back that the season's points were set to zero."""

    tag = "unreset"


@dataclass(frozen=True, slots=True)
class ExplainPrivacyMode(_Action):
    """Tell how to let the bot see every photo of a group."""

    tag = "seeall"
    is_ones_own = True


@dataclass(frozen=True, slots=True)
class OpenSettings(_Action):
    """Show the settings."""

    tag = "set"


@dataclass(frozen=True, slots=True)
class OpenLanguages(_Action):
    """Show the languages to choose from."""

    tag = "set:language"


@dataclass(frozen=True, slots=True)
class ChooseLanguage(_Action):
    """Speak a language in this room; None for each person's own."""

    tag = "set:language"
    language: _Language


@dataclass(frozen=True, slots=True)
class ChoosePhotos(_Action):
    """Answer every photo of this room, or only those meant for the bot."""

    tag = "set:photos"
    every: Annotated[bool, _either("every", "called")]


@dataclass(frozen=True, slots=True)
class ChooseManner(_Action):
    """Answer photos with a sign, or with words."""

    tag = "set:manner"
    quiet: Annotated[bool, _either("quiet", "aloud")]


@dataclass(frozen=True, slots=True)
class ChooseBoard(_Action):
    """Have all of a server share one board, or each of its channels have its own."""

    tag = "set:board"
    shared: Annotated[bool, _either("server", "channel")]


@dataclass(frozen=True, slots=True)
class OpenTimezones(_Action):
    """Show the time zones to choose from."""

    tag = "set:zone"


@dataclass(frozen=True, slots=True)
class ChooseTimezone(_Action):
    """Keep a time zone's days in this room; None for the host's."""

    tag = "set:zone"
    timezone: _Timezone


@dataclass(frozen=True, slots=True)
class JoinParty(_Action):
    """Take part in a party night."""

    tag = "party:join"
    party: _PartyId


@dataclass(frozen=True, slots=True)
class StartParty(_Action):
    """Begin a party night that lasts so many minutes."""

    tag = "party:start"
    party: _PartyId
    minutes: _Minutes


@dataclass(frozen=True, slots=True)
class GuessAtParty(_Action):
    """Guess what the bot will say of a party night's photo."""

    tag = "party:guess"
    photo: _PartyId
    label: Label


@dataclass(frozen=True, slots=True)
class TellAtParty(_Action):
    """Say who is on a party night's photo."""

    tag = "party:tell"
    photo: _PartyId
    label: Label


@dataclass(frozen=True, slots=True)
class JudgeAtParty(_Action):
    """Say whether a party night's photo was fair play."""

    tag = "party:fair"
    photo: _PartyId
    fair: bool


@dataclass(frozen=True, slots=True)
class StarAtParty(_Action):
    """Give one's star of the round to a party night's photo."""

    tag = "party:star"
    photo: _PartyId


# What a round's message may read otherwise after.
RoundAction = (
    TellTruth | UndoTruth | ConfirmTruth | ObjectToTruth | CastBallot | MarkMade | MakeGuess
)
PartyAction = JoinParty | StartParty | GuessAtParty | TellAtParty | JudgeAtParty | StarAtParty

Action = (
    RoundAction
    | ShowHeatmap
    | ShowCard
    | HidePhoto
    | ShowCommands
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


def _formats(kind: type[Action]) -> dict[str, _Format]:
    """Return how each field of an action is written."""
    hints = get_type_hints(kind, include_extras=True)
    types = {field.name: hints[field.name] for field in fields(kind)}
    return {
        name: type_.__metadata__[0] if get_origin(type_) is Annotated else _FORMATS[type_]
        for name, type_ in types.items()
    }


_FIELDS: Mapping[type[Action], Mapping[str, _Format]] = {
    kind: _formats(kind) for kind in get_args(Action)
}
_MAKERS: Mapping[tuple[str, int], tuple[Callable[..., Action], Sequence[_Format]]] = {
    (kind.tag, len(formats)): (kind, tuple(formats.values())) for kind, formats in _FIELDS.items()
}


def encode(action: Action) -> str:
    """Return an action as 1 to 64 bytes of ASCII."""
    formats = _FIELDS[type(action)]
    words = (each.write(getattr(action, name)) for name, each in formats.items())
    return ":".join((action.tag, *words))


def decode(data: str) -> Action | None:
    """Return the action that a text stands for; None when it stands for none of ours."""
    words = data.split(":")
    for end in range(1, len(words) + 1):
        tag, values = ":".join(words[:end]), words[end:]
        if (tag, len(values)) in _MAKERS:
            make, formats = _MAKERS[tag, len(values)]
            try:
                return make(*(each.read(word) for each, word in zip(formats, values, strict=True)))
            except (LookupError, ValueError):
                return None
    return None

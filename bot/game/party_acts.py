"""What people do in a party night, and why it may not be done."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.domain import Label
from bot.game.party_prompts import Prompt
from bot.game.party_rounds import PlayerNumber


class Why(StrEnum):
    """Why something cannot be done."""

    NOT_NOW = "not_now"
    NOT_YOURS = "not_yours"
    SAME_FILE = "same_file"
    ALREADY = "already"
    FULL = "full"
    TOO_FEW = "too_few"


class NotAllowed(Exception):
    """An act changes nothing.

    Attributes:
        why: The reason.
    """

    def __init__(self, why: Why) -> None:
        self.why = why
        super().__init__(why.value)


@dataclass(frozen=True, slots=True)
class Join:
    """Somebody comes in; a name that this device has already is the same player."""

    name: str
    colour: int


@dataclass(frozen=True, slots=True)
class Leave:
    """Somebody stops playing, or is taken out by who directs the evening."""

    player: PlayerNumber


@dataclass(frozen=True, slots=True)
class Start:
    """The evening begins.

    Attributes:
        prompts: One for each round.
        seconds: How long everybody has for a photo.
    """

    prompts: tuple[Prompt, ...]
    seconds: int


@dataclass(frozen=True, slots=True)
class Guess:
    """Somebody says what the bot will say."""

    player: PlayerNumber
    label: Label


@dataclass(frozen=True, slots=True)
class Tell:
    """Somebody says what was on the photo: its sender, or where the prompt left it open a vote."""

    player: PlayerNumber
    label: Label


@dataclass(frozen=True, slots=True)
class Judge:
    """Somebody says whether a photo was fair."""

    player: PlayerNumber
    fair: bool


@dataclass(frozen=True, slots=True)
class Star:
    """Somebody gives their star of the round to a photo."""

    player: PlayerNumber
    photo: str


@dataclass(frozen=True, slots=True)
class Next:
    """Whoever directs the evening goes on without waiting."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Whoever directs the evening stops the clock."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Whoever directs the evening lets the clock go on."""


@dataclass(frozen=True, slots=True)
class TakeOver:
    """Somebody directs the evening in place of who is away."""


@dataclass(frozen=True, slots=True)
class End:
    """Whoever directs the evening ends it."""


@dataclass(frozen=True, slots=True)
class Again:
    """Whoever directs the evening opens another with the same players."""

    id: str


Act = (
    Join
    | Leave
    | Start
    | Guess
    | Tell
    | Judge
    | Star
    | Next
    | Pause
    | Resume
    | TakeOver
    | End
    | Again
)

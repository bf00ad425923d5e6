"""The words everybody here shares. Standard library only, nothing that acts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Label(StrEnum):
    """Who can be on a photo."""

    OLAF = "olaf"
    ABOMINABLE = "abominable"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the bot saw: the likelier of the two snow people and how sure it is (0..1).

    unfamiliar: the photo looks like neither of the two; the label is then a guess for fun.
    """

    label: Label
    confidence: float
    probabilities: Mapping[Label, float]
    unfamiliar: bool


class Refusal(StrEnum):
    """Why a photo gets a sentence instead of a verdict."""

    EMPTY = "empty"
    NOT_A_PICTURE = "not_a_picture"
    DAMAGED = "damaged"
    TOO_MANY_BYTES = "too_many_bytes"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_OFTEN = "too_often"
    TOO_SLOW = "too_slow"
    BUSY = "busy"
    CLOSING = "closing"
    GONE = "gone"
    FAULT = "fault"


class Refused(Exception):
    """A photo gets no verdict, for the reason given. Raised deep, worded once, by the host."""

    def __init__(self, reason: Refusal) -> None:
        self.reason = reason
        super().__init__(reason.value)


class Unusable(Exception):
    """A platform cannot be used with these settings, and trying again would not help.

    Its message is one sentence for the operator: what is wrong, and what to do.
    """


@dataclass(frozen=True, slots=True)
class Room:
    """One chat, on whatever platform. Its id may be logged, so it holds nothing a person typed.

    private: a chat of one person with the bot; every picture there is meant for it.
    """

    platform: str
    id: str
    private: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Player:
    """A person in a room.

    language: as the platform tells it, an IETF tag such as `de` or `pt-BR`.
    shared: an identity that several people may use, or none (an anonymous admin, a channel, a bot):
        it gets answers and scores nothing.
    """

    id: str
    name: str
    language: str | None = None
    shared: bool = False


# Fetches a photo's bytes; raises Refused when there are more than it is told, or none to be had.
Fetch = Callable[[int], Awaitable[bytes]]
# Whether the person who acts may decide for the room; asked only when it matters.
IsAdmin = Callable[[], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Photo:
    """One picture that someone sent, its bytes still to be fetched.

    size: the declared number of bytes, where the platform tells.
    key: a name under which the platform always means the same bytes, where it has one.
    message: the id of the message that it came with, where the platform has one: together with the
        room it keeps a photo from being answered twice.
    reference: what the platform needs to fetch the photo again; it is remembered instead of it.
    """

    room: Room
    player: Player
    read: Fetch
    size: int | None = None
    key: str | None = None
    message: str | None = None
    reference: str | None = None
    caption: str = ""


@dataclass(frozen=True, slots=True)
class RoomSettings:
    """What a room's admins chose.

    language: None for each person's own.
    every_photo: in a group, whether every photo is looked at or only those meant for the bot.
    keep: whether photos that fooled the bot are kept, for it to learn from.
    """

    language: str | None = None
    every_photo: bool = True
    keep: bool = False


@dataclass(frozen=True, slots=True)
class StoredRound:
    """One photo's turn, as it is remembered: without the photo.

    verdict: None while the photo is in hand, or when it was refused.
    """

    id: int
    room: Room
    player_id: str
    message: str | None
    reference: str | None
    verdict: Verdict | None
    arrived: datetime
    answered: datetime | None


@dataclass(frozen=True, slots=True)
class PendingPhoto:
    """A photo that was in hand when the process ended; its key makes it known as the same."""

    room: Room
    player: Player
    message: str
    reference: str
    key: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Preview:
    """A photo made small and harmless enough to be shown to others: JPEG, pixels only."""

    jpeg: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Button:
    """Something to tap under a message.

    data: what comes back when it is tapped; 1 to 64 bytes of ASCII, the first word its kind.
    """

    text: str
    data: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that the bot made, as a PNG, and what it shows in words."""

    png: bytes
    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Document:
    """A file that the bot made, for one person to keep."""

    data: bytes
    name: str


@dataclass(frozen=True, slots=True)
class PastPhoto:
    """A photo of this room, to be shown again; message and reference are as in Photo."""

    message: str | None
    reference: str | None
    caption: str


@dataclass(slots=True)
class Timings:
    """How long each step of one photo took, in milliseconds, and how many bytes it had."""

    bytes: int = 0
    download: float = 0.0
    queue: float = 0.0
    inference: float = 0.0


@dataclass(frozen=True, slots=True)
class PhotoOutcome:
    """What became of one photo: a verdict or a refusal, and the round that it opened, if any."""

    room: Room
    timings: Timings
    verdict: Verdict | None = None
    refusal: Refusal | None = None
    round: int | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What the bot says, in plain text: to a photo, a button or a command.

    verdict, refusal: of a photo, one of them. buttons: rows of them.
    shown: photos that are shown again after the text, by the platform's own means.
    looks: one for each photo that is answered; `Host.sent` wants them back.
    cheer: whether the bot was fooled just now, and somebody has points for it.
    """

    text: str
    verdict: Verdict | None = None
    refusal: Refusal | None = None
    buttons: tuple[tuple[Button, ...], ...] = ()
    picture: Picture | None = None
    document: Document | None = None
    shown: tuple[PastPhoto, ...] = ()
    outcomes: tuple[PhotoOutcome, ...] = ()
    cheer: bool = False


@dataclass(frozen=True, slots=True)
class ButtonPress:
    """Somebody tapped a button."""

    room: Room
    player: Player
    data: str
    is_admin: IsAdmin


@dataclass(frozen=True, slots=True)
class ButtonOutcome:
    """What a tap leads to; any of these may be missing.

    notice: a sentence for who tapped, and for nobody else; at most 200 characters.
    edit: what the message with the button becomes. say: a new message, in reply to that one.
    """

    notice: str = ""
    edit: Reply | None = None
    say: Reply | None = None


@dataclass(frozen=True, slots=True)
class CommandCall:
    """Somebody asked for something by its name.

    photo: the picture that came with it or that it replies to. bot: the bot's own name, as people
        write it there. alone: whether the answer is for this person's eyes alone.
    """

    room: Room
    player: Player
    name: str
    is_admin: IsAdmin
    argument: str = ""
    photo: Photo | None = None
    bot: str = ""
    alone: bool = False


@dataclass(frozen=True, slots=True)
class MenuCommand:
    """A command for the platform's menu: its name and what it does.

    choices: what may be said after it. for_room: whether the answer is for everyone in the room.
    """

    name: str
    description: str
    takes_photo: bool = False
    choices: tuple[str, ...] = ()
    for_room: bool = False

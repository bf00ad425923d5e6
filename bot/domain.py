"""The words everybody here shares. Standard library only, nothing that acts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
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
    FAULT = "fault"


class Refused(Exception):
    """A photo gets no verdict, for the reason given. Raised deep, worded once, by the host."""

    def __init__(self, reason: Refusal) -> None:
        self.reason = reason
        super().__init__(reason.value)


@dataclass(frozen=True, slots=True)
class Room:
    """One chat, on whatever platform. Its id may be logged, so it holds nothing a person typed."""

    platform: str
    id: str


@dataclass(frozen=True, slots=True)
class Player:
    """A person in a room."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Photo:
    """One picture that someone sent, its bytes still to be fetched.

    read: fetches them, at most as many as it is told; raises Refused when there are more or when
        they cannot be had.
    size: the declared number of bytes, where the platform tells.
    key: a name under which the platform always means the same bytes, where it has one.
    """

    room: Room
    player: Player
    read: Callable[[int], Awaitable[bytes]]
    size: int | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """A photo made small and harmless enough to be shown to others: JPEG, pixels only."""

    jpeg: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Reply:
    """What the bot says to a photo: a verdict, or the reason why there is none, in words."""

    text: str
    verdict: Verdict | None = None
    refusal: Refusal | None = None

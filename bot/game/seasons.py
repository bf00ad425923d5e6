"""What is remembered of a room's season, ready to be added up. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bot.domain import Room
from bot.game.rules import Round, Who
from bot.game.scoring import Hit, Place, places, totals


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """By what a photo is known again, disguised a little or not.

    kept: what is remembered of it. views: what to look for among what is kept of others.
    """

    kept: tuple[int, ...]
    views: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """A player's name, and the platform's id of them."""

    name: str
    key: str


@dataclass(frozen=True, slots=True)
class Ledger:
    """A season of a room: its rounds, the right guesses, and who the players are.

    players: those who are forgotten are left out.
    """

    room: Room
    season: date
    rounds: Sequence[Round]
    hits: Sequence[Hit]
    players: Mapping[Who, Named]

    def places(self) -> list[Place]:
        """Rank everyone who has points, the bot among them."""
        return places(totals(self.rounds, self.hits))


@dataclass(frozen=True, slots=True)
class Opening:
    """A round that the room may guess about, until then; the answer replies to the message."""

    round: int
    room: Room
    message: str
    until: datetime


@dataclass(frozen=True, slots=True)
class LoggedAction:
    """Something that an admin did in a room. name: empty when they are forgotten."""

    at: datetime
    name: str
    deed: str

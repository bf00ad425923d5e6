"""Seasons, which are calendar months: their bounds, what a room did in one, the day's challenge."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from bot.domain import Room
from bot.game.rules import OBJECTION_WITHIN, PlayerId, Round
from bot.game.scoring import Place, RightGuess, places, totals


@dataclass(frozen=True, slots=True)
class NamedPlayer:
    """A player's name.

    Attributes:
        name: As the platform showed it last; empty when it shows none.
        key: The platform's id of the player.
    """

    name: str
    key: str


@dataclass(frozen=True, slots=True)
class Season:
    """What a room did in a month, ready to be added up.

    Attributes:
        room: Whose season it is.
        month: Its first day.
        rounds: Those whose truth was told in it.
        right_guesses: Those that were made in it.
        players: Who took part; those who are forgotten are left out.
    """

    room: Room
    month: date
    rounds: Sequence[Round]
    right_guesses: Sequence[RightGuess]
    players: Mapping[PlayerId, NamedPlayer]

    def places(self) -> list[Place]:
        """Return the places of everyone who has points, the bot among them."""
        return places(totals(self.rounds, self.right_guesses))


@dataclass(frozen=True, slots=True)
class OpenGuessing:
    """A round that the room may guess about.

    Attributes:
        round_id: The round's number.
        room: Where the room is now.
        message: The id of the photo's message; the answer replies to it.
        until: When the bot answers.
    """

    round_id: int
    room: Room
    message: str
    until: datetime


def month_of(at: datetime) -> date:
    """Return a moment's season: the first day of its month, in UTC."""
    return at.astimezone(UTC).date().replace(day=1)


def month_before(month: date) -> date:
    """Return the season before."""
    return (month - timedelta(days=1)).replace(day=1)


def bounds(month: date) -> tuple[datetime, datetime]:
    """Return when a season begins and when the next one does, both in UTC."""
    following = (month + timedelta(days=31)).replace(day=1)
    begin, end = (datetime.combine(day, time(), UTC) for day in (month, following))
    return begin, end


def last_season(now: datetime) -> date:
    """Return the latest season that is over: nobody can object to any of its truths any more."""
    return month_before(month_of(now - OBJECTION_WITHIN))


def challenge_of(room: str, day: date, ideas: int) -> int:
    """Return which idea is the room's for a day; a month has each of them once at most.

    Args:
        room: Anything that tells one room from another.
        day: The day.
        ideas: How many there are to choose from.
    """

    def lot(idea: int) -> bytes:
        return hashlib.sha256(f"{room} {day:%Y-%m} {idea}".encode()).digest()

    return sorted(range(ideas), key=lot)[(day.day - 1) % ideas]

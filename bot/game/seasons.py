"""Seasons, which are calendar months: their bounds, what a room did in one, the day's challenge."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.domain import Room
from bot.game.rules import PlayerId, Round
from bot.game.scoring import Place, RightGuess, Tally, best_foolings, places, tally, totals

# Two days for the last truth and the last objection, and the podium comes on the morning after.
PODIUM_AFTER_DAYS = 2
# The time zones where a month begins first, and last.
EARLIEST, LATEST = timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))
# The bot, in the points of a season from before today's rules; since then it has none.
BOT: PlayerId = 0
# The hour at which a family is at home.
VOTES_END_AT = 20
VOTES_LAST_AT_LEAST = timedelta(hours=4)


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
        zone: The room's time zone.
        now: The moment it is looked at, for what is pending.
        rounds: Those whose photos arrived in it, also those whose truth was never told.
        right_guesses: Those that were made in it.
        players: Who took part; those who are forgotten are left out.
        frozen: The points of a season that was over before today's rules; None for all others.
    """

    room: Room
    month: date
    zone: tzinfo
    now: datetime
    rounds: Sequence[Round]
    right_guesses: Sequence[RightGuess]
    players: Mapping[PlayerId, NamedPlayer]
    frozen: Mapping[PlayerId, int] | None = None

    def totals(self) -> Mapping[PlayerId, int]:
        """Return everyone's points; who has none is left out."""
        if self.frozen is not None:
            return self.frozen
        return totals(self.rounds, self.right_guesses, self.now, self.zone)

    def places(self) -> list[Place]:
        """Rank everyone who has points."""
        return places(self.totals())

    def tally(self) -> Tally:
        """Count the family's foolings against its failed tries."""
        return tally(self.rounds, self.now)

    def told(self) -> int:
        """Return how many rounds' truths were told."""
        return sum(round_.truth is not None and not round_.is_void for round_ in self.rounds)

    def untold(self) -> int:
        """Return how many rounds' truths were never told."""
        return sum(round_.truth is None and not round_.is_void for round_ in self.rounds)

    def best_foolings(self) -> list[tuple[Round, int]]:
        """Return the rounds in which the bot was fooled, the best first, and their worth."""
        return best_foolings(self.rounds, self.now, self.zone)


@dataclass(frozen=True, slots=True)
class OpenGuessing:
    """A round that the room may guess about.

    Attributes:
        round_id: The round's number.
        room: Where the room is now.
        message: The id of the photo's message; the answer replies to it.
        until: When the bot answers.
        in_flight: Whether the answer was on its way when it was last heard of.
    """

    round_id: int
    room: Room
    message: str
    until: datetime
    in_flight: bool = False


@dataclass(frozen=True, slots=True)
class OpenVote:
    """A round about which there is a vote.

    Attributes:
        round_id: The round's number.
        until: When the vote ends.
    """

    round_id: int
    until: datetime


def month_of(at: datetime, zone: tzinfo, frozen: date | None = None) -> date:
    """Return a moment's season: the first day of its month, in a room's time zone.

    Args:
        at: The moment.
        zone: The room's.
        frozen: The room's last season from before today's rules, if it has one.
    """
    local = at.astimezone(zone).date().replace(day=1)
    if frozen is None:
        return local
    by_utc, first = at.astimezone(UTC).date().replace(day=1), month_after(frozen)
    return max(local, first) if by_utc >= first else by_utc


def months_of(at: datetime) -> set[date]:
    """Return the seasons that a moment may be in, whatever a room's time zone."""
    return {month_of(at, zone) for zone in (EARLIEST, LATEST)}


def month_before(month: date) -> date:
    """Return the season before."""
    return (month - timedelta(days=1)).replace(day=1)


def month_after(month: date) -> date:
    """Return the season after."""
    return (month + timedelta(days=31)).replace(day=1)


def bounds(month: date, zone: tzinfo, frozen: date | None = None) -> tuple[datetime, datetime]:
    """Return when a season begins and when the next does.

    Seasons from before today's rules went by UTC; the first one after them begins where the last of
    them ends, so that each moment belongs to exactly one.

    Args:
        month: The season.
        zone: The room's.
        frozen: The room's last season from before today's rules, if it has one.
    """
    begin, end = (
        midnight(each, UTC if frozen is not None and each <= month_after(frozen) else zone)
        for each in (month, month_after(month))
    )
    return begin, end


def day_bounds(day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return when a day begins and when the next does."""
    return midnight(day, zone), midnight(day + timedelta(days=1), zone)


def midnight(day: date, zone: tzinfo) -> datetime:
    """Return when a day begins in a time zone."""
    return datetime.combine(day, time(), zone)


def week_of(at: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return when a moment's week began, on a Monday, and when the next does."""
    day = at.astimezone(zone).date()
    monday = day - timedelta(days=day.weekday())
    return midnight(monday, zone), midnight(monday + timedelta(days=7), zone)


def last_season(now: datetime, zone: tzinfo) -> date:
    """Return the latest season whose podium may be shown: from the 3rd of the next month on.

    By then a photo of its last hour has had a day for its truth and another for an objection.
    """
    return month_before(month_of(now - timedelta(days=PODIUM_AFTER_DAYS), zone))


def vote_ends(at: datetime, zone: tzinfo) -> datetime:
    """Return when a vote that opens now ends: at eight in the evening, four hours away or more."""
    local = at.astimezone(zone)
    evening = datetime.combine(local.date(), time(VOTES_END_AT), zone)
    if evening - local < VOTES_LAST_AT_LEAST:
        evening = datetime.combine(local.date() + timedelta(days=1), time(VOTES_END_AT), zone)
    return evening


def zone_of(name: str | None, otherwise: tzinfo) -> tzinfo:
    """Return the time zone of a room's setting; another one where there is none of that name."""
    if name is None:
        return otherwise
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):  # a newer system's name on an older one
        return otherwise


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

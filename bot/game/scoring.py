"""What rounds add up to: totals, places, figures, seasons, the challenge of the day. Pure."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from bot.domain import Label
from bot.game.rules import (
    GUESS_POINTS,
    OBJECTION_WITHIN,
    SCORING_A_DAY,
    JustForFun,
    Truth,
    Round,
    Who,
    agrees,
    worth,
)

BOT: Who = 0  # it plays, too


@dataclass(frozen=True, slots=True)
class Score:
    """What a round brought: points for who sent the photo, or one for the bot."""

    player: int = 0
    bot: int = 0
    just_for_fun: JustForFun | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A right guess in some round: of what the bot would say, or where it would look."""

    round_: Round
    by: Who
    at: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """A rank and who shares it, with the points of each."""

    rank: int
    players: tuple[Who, ...]
    points: int


@dataclass(frozen=True, slots=True)
class Figures:
    """A player's own season. streak: the longest run of foolings that no right answer broke."""

    rounds: int = 0
    foolings: int = 0
    points: int = 0
    streak: int = 0


def scores(rounds: Iterable[Round]) -> dict[int, Score]:
    """Return what each round brought, by its id; those without a truth and void ones are left out.

    Of a player's rounds of one day the first twenty score.
    """
    found: dict[int, Score] = {}
    today: Counter[tuple[Who, date]] = Counter()
    for round_, truth in _told(rounds):
        day = round_.player, truth.at.astimezone(UTC).date()
        if round_.disguised:
            found[round_.id] = Score(just_for_fun=JustForFun.DISGUISED)
        elif round_.played_before:
            found[round_.id] = Score(just_for_fun=JustForFun.PLAYED_BEFORE)
        elif today[day] >= SCORING_A_DAY:
            found[round_.id] = Score(just_for_fun=JustForFun.ENOUGH)
        else:
            today[day] += 1
            found[round_.id] = Score(worth(round_.verdict, truth.label), bot=int(not round_.is_fooled))
    return found


def _told(rounds: Iterable[Round]) -> list[tuple[Round, Truth]]:
    """Return the rounds that count, in the order in which their truths were told."""
    told = [(round_, round_.truth) for round_ in rounds if round_.truth is not None and not round_.is_void]
    return sorted(told, key=lambda pair: (pair[1].at, pair[0].id))


def totals(rounds: Sequence[Round], hits: Iterable[Hit] = ()) -> dict[Who, int]:
    """Return everyone's points, the bot's among them; who has none is left out.

    A right guess scores unless its round is void or the photo was played before, and at most as
    many times a day as rounds do.
    """
    by_id = {round_.id: round_ for round_ in rounds}
    points: Counter[Who] = Counter()
    for id_, score in scores(rounds).items():
        points[by_id[id_].player] += score.player
        points[BOT] += score.bot
    today: Counter[tuple[Who, date]] = Counter()
    for hit in sorted(hits, key=lambda hit: (hit.at, hit.round_.id)):
        day = hit.by, hit.at.astimezone(UTC).date()
        counts = not hit.round_.is_void and not hit.round_.played_before
        if counts and today[day] < SCORING_A_DAY:
            today[day] += 1
            points[hit.by] += GUESS_POINTS
    return {who: total for who, total in points.items() if total}


def places(totals: Mapping[Who, int]) -> list[Place]:
    """Rank by points; equals share a place, and the next is as far down as there are people."""
    sharing: defaultdict[int, list[Who]] = defaultdict(list)
    for who, points in totals.items():
        sharing[points].append(who)
    ranked, rank = [], 1
    for points in sorted(sharing, reverse=True):
        ranked.append(Place(rank, tuple(sorted(sharing[points])), points))
        rank += len(sharing[points])
    return ranked


def podium(places: Iterable[Place]) -> list[Place]:
    """Return the first three places."""
    return [place for place in places if place.rank <= 3]


def figures(rounds: Sequence[Round], hits: Sequence[Hit], who: Who) -> Figures:
    """Return a player's own figures; rounds just for fun are no part of them."""
    scored = scores(rounds)
    rounds = foolings = run = streak = 0
    for round_, _ in _told(rounds):
        if round_.player == who and scored[round_.id].just_for_fun is None:
            rounds += 1
            foolings += round_.is_fooled
            run = run + 1 if round_.is_fooled else 0
            streak = max(streak, run)
    return Figures(rounds, foolings, totals(rounds, hits).get(who, 0), streak)


def best_foolings(rounds: Sequence[Round], most: int) -> list[tuple[Round, int]]:
    """Return the rounds that brought a player the most, and how much; the earlier one first."""
    scored = scores(rounds)
    fooled = [(round_, scored[round_.id].player) for round_, _ in _told(rounds)]
    best = sorted((pair for pair in fooled if pair[1]), key=lambda pair: -pair[1])
    return best[:most]


def confusion(rounds: Iterable[Round]) -> dict[tuple[Label, Label], int]:
    """Count what was true and what the bot had said, as (truth, said), without photos seen before.

    It is right where the two are the same: what it had doubts of counts as 'neither' only there.
    """
    return dict(
        Counter(
            (truth.label, truth.label if agrees(round_.verdict, truth.label) else round_.verdict.label)
            for round_, truth in _told(rounds)
            if not round_.played_before
        )
    )


def season(at: datetime) -> date:
    """Return a moment's season: the first day of its month, in UTC."""
    return at.astimezone(UTC).date().replace(day=1)


def season_before(season: date) -> date:
    """Return the season before."""
    return (season - timedelta(days=1)).replace(day=1)


def bounds(season: date) -> tuple[datetime, datetime]:
    """Return when a season begins and when the next does."""
    following = (season + timedelta(days=31)).replace(day=1)
    begin, end = (datetime.combine(day, time(), UTC) for day in (season, following))
    return begin, end


def last_season(now: datetime) -> date:
    """Return the latest season that is over: nobody can object to any of its truths any more."""
    return season_before(season(now - OBJECTION_WITHIN))


def challenge(room: str, day: date, ideas: int) -> int:
    """Return which idea is the room's for a day; a month has each of them once at most."""

    def lot(idea: int) -> bytes:
        return hashlib.sha256(f"{room} {day:%Y-%m} {idea}".encode()).digest()

    return sorted(range(ideas), key=lot)[(day.day - 1) % ideas]

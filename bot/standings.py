"""What rounds add up to: totals, places, figures, seasons, the challenge of the day. Pure."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from bot.domain import Label
from bot.game import (
    GUESS_POINTS,
    OBJECTION_WITHIN,
    SCORING_A_DAY,
    JustForFun,
    Truth,
    Turn,
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

    turn: Turn
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


def scores(turns: Iterable[Turn]) -> dict[int, Score]:
    """Return what each round brought, by its id; those without a truth and void ones are left out.

    Of a player's rounds of one day the first twenty score.
    """
    found: dict[int, Score] = {}
    today: Counter[tuple[Who, date]] = Counter()
    for turn, truth in _told(turns):
        day = turn.player, truth.at.astimezone(UTC).date()
        if turn.disguised:
            found[turn.id] = Score(just_for_fun=JustForFun.DISGUISED)
        elif turn.played_before:
            found[turn.id] = Score(just_for_fun=JustForFun.PLAYED_BEFORE)
        elif today[day] >= SCORING_A_DAY:
            found[turn.id] = Score(just_for_fun=JustForFun.ENOUGH)
        else:
            today[day] += 1
            found[turn.id] = Score(worth(turn.verdict, truth.label), bot=int(not turn.is_fooled))
    return found


def _told(turns: Iterable[Turn]) -> list[tuple[Turn, Truth]]:
    """Return the rounds that count, in the order in which their truths were told."""
    told = [(turn, turn.truth) for turn in turns if turn.truth is not None and not turn.is_void]
    return sorted(told, key=lambda pair: (pair[1].at, pair[0].id))


def totals(turns: Sequence[Turn], hits: Iterable[Hit] = ()) -> dict[Who, int]:
    """Return everyone's points, the bot's among them; who has none is left out.

    A right guess scores unless its round is void or the photo was played before, and at most as
    many times a day as rounds do.
    """
    by_id = {turn.id: turn for turn in turns}
    points: Counter[Who] = Counter()
    for id_, score in scores(turns).items():
        points[by_id[id_].player] += score.player
        points[BOT] += score.bot
    today: Counter[tuple[Who, date]] = Counter()
    for hit in sorted(hits, key=lambda hit: (hit.at, hit.turn.id)):
        day = hit.by, hit.at.astimezone(UTC).date()
        counts = not hit.turn.is_void and not hit.turn.played_before
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


def figures(turns: Sequence[Turn], hits: Sequence[Hit], who: Who) -> Figures:
    """Return a player's own figures; rounds just for fun are no part of them."""
    scored = scores(turns)
    rounds = foolings = run = streak = 0
    for turn, _ in _told(turns):
        if turn.player == who and scored[turn.id].just_for_fun is None:
            rounds += 1
            foolings += turn.is_fooled
            run = run + 1 if turn.is_fooled else 0
            streak = max(streak, run)
    return Figures(rounds, foolings, totals(turns, hits).get(who, 0), streak)


def best_foolings(turns: Sequence[Turn], most: int) -> list[tuple[Turn, int]]:
    """Return the rounds that brought a player the most, and how much; the earlier one first."""
    scored = scores(turns)
    fooled = [(turn, scored[turn.id].player) for turn, _ in _told(turns)]
    best = sorted((pair for pair in fooled if pair[1]), key=lambda pair: -pair[1])
    return best[:most]


def confusion(turns: Iterable[Turn]) -> dict[tuple[Label, Label], int]:
    """Count what was true and what the bot had said, as (truth, said), without photos seen before.

    It is right where the two are the same: what it had doubts of counts as 'neither' only there.
    """
    return dict(
        Counter(
            (truth.label, truth.label if agrees(turn.verdict, truth.label) else turn.verdict.label)
            for turn, truth in _told(turns)
            if not turn.played_before
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
